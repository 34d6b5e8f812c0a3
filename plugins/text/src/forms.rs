//! One letter in two ways: `é` is one character, or an `e` and an accent. What is not found in the way that it is written may
//! be there in the other; that is told, and changes nothing.

use unicode_normalization::UnicodeNormalization;

/// Counts where `wanted` is found if both are written in one way, for a text in which it was not found as it stands.
pub fn note(text: &str, wanted: &str, count: impl Fn(&str, &str) -> usize) -> Option<String> {
    if text.is_ascii() || wanted.is_ascii() {
        return None;
    }
    let (text, wanted): (String, String) = (text.nfc().collect(), wanted.nfc().collect());
    let found = count(&text, &wanted);
    (found > 0).then(|| {
        format!("{found} if letters and their accents count as one character, whichever way they are written (Unicode NFC)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_in_either_form() {
        let check = |text: &str, wanted: &str, expected: Option<&str>| {
            let found = note(text, wanted, |text, wanted| text.matches(wanted).count());
            assert_eq!(found.as_deref().map(|note| &note[..1]), expected, "{text} {wanted}");
        };
        check("cafe\u{301} cafe\u{301}", "caf\u{e9}", Some("2"));
        check("caf\u{e9}", "cafe\u{301}", Some("1"));
        check("caf\u{e9}", "cafe", None);
        check("caf\u{e9}", "\u{e8}", None);
        check("cafe", "e\u{301}", None);
    }
}
