//! The spellings of a text: percent-encoded, with the escapes of JSON or HTML, as a form has it, or any mixture of
//! these; base64 with line breaks in it.

/// The fit between the beginning of some bytes and a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// So many of them spell all of it. Where there are several lengths, this is the longest.
    Whole(usize),
    /// All of them spell its beginning: what follows decides.
    Begun,
    /// They do not.
    Not,
}

/// The longest run of backslashes before an escaped character: JSON within JSON within JSON.
const MAX_BACKSLASHES: usize = 7;
/// The longest reference to a character in HTML, from `&` on.
const MAX_REFERENCE: usize = 12;

/// The parts of the longest line break: `\r` and `\n`.
const MAX_BREAK: usize = 2;

/// HTML's names for characters that programs escape.
const HTML_ENTITIES: [(&str, char); 6] =
    [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", '\u{a0}')];

/// Decides whether `bytes` begin with a spelling of `text`. With `may_break`, line breaks may stand between its
/// characters. With `is_end`, no more bytes come, so that a spelling is whole or not there.
pub(super) fn fit(text: &str, may_break: bool, bytes: &[u8], is_end: bool) -> Fit {
    let mut characters = text.chars();
    let mut ends = Ends::default();
    // Most bytes begin nothing, which is known after this, without a list.
    if let Some(first) = characters.next() {
        character_ends(first, bytes, 0, &mut ends);
    }
    // The places up to which the characters so far may reach: mostly one.
    let mut reached = std::mem::take(&mut ends.found);
    for character in characters {
        if reached.is_empty() {
            break;
        }
        for from in std::mem::take(&mut reached) {
            character_ends(character, bytes, from, &mut ends);
            if may_break {
                let after = after_break(bytes, from);
                if after > from {
                    character_ends(character, bytes, after, &mut ends);
                }
            }
        }
        std::mem::swap(&mut reached, &mut ends.found);
    }
    match ends.begun && !is_end {
        // A longer spelling may be on its way.
        true => Fit::Begun,
        false => reached.into_iter().max().map_or(Fit::Not, Fit::Whole),
    }
}

/// True if a spelling of `text` can begin with `byte`.
pub(super) fn can_begin(text: &str, byte: u8) -> bool {
    let first = text.as_bytes().first();
    first == Some(&byte)
        || matches!(byte, b'%' | b'\\' | b'&')
        || (byte == b'+' && first == Some(&b' '))
}

/// The offsets at which spellings of one character end.
#[derive(Default)]
struct Ends {
    found: Vec<usize>,
    /// True if the bytes end within one.
    begun: bool,
}

impl Ends {
    fn add(&mut self, end: Option<usize>, bytes: &[u8]) {
        match end {
            Some(end) if end > bytes.len() => self.begun = true,
            Some(end) if !self.found.contains(&end) => self.found.push(end),
            Some(_) | None => {}
        }
    }
}

/// Adds the ends of all spellings of `character` that begin at `from`; an end beyond the bytes says that the bytes end
/// within a spelling.
fn character_ends(character: char, bytes: &[u8], from: usize, ends: &mut Ends) {
    let Some(&first) = bytes.get(from) else {
        ends.begun = true;
        return;
    };
    ends.add(literal_end(character, bytes, from, false), bytes);
    match first {
        b'%' => ends.add(literal_end(character, bytes, from, true), bytes),
        b'+' if character == ' ' => ends.add(Some(from + 1), bytes),
        b'\\' => escape_ends(character, bytes, from, ends),
        b'&' => reference_end(character, bytes, from, ends),
        _ => {}
    }
}

/// The character in UTF-8, where each byte may also be `%XX`; all of them, if it is `encoded`.
fn literal_end(character: char, bytes: &[u8], from: usize, encoded: bool) -> Option<usize> {
    let mut utf8 = [0; 4];
    let mut at = from;
    for &byte in character.encode_utf8(&mut utf8).as_bytes() {
        at = match bytes.get(at..).unwrap_or_default() {
            [] => return Some(bytes.len() + 1),
            [b'%', hex @ ..] if encoded => match hex {
                [high, low, ..] if hex_value(&[*high, *low]) == Some(byte.into()) => at + 3,
                [_, _, ..] => return None,
                _ => return Some(bytes.len() + 1),
            },
            [first, ..] if *first == byte => at + 1,
            _ => return None,
        };
    }
    Some(at)
}

/// The character behind backslashes, as JSON and many languages write it.
fn escape_ends(character: char, bytes: &[u8], from: usize, ends: &mut Ends) {
    // A longer run is none of ours: counting it to its end at each of its bytes would cost its square.
    let run = bytes[from..].iter().take(MAX_BACKSLASHES + 1);
    let run = run.take_while(|byte| **byte == b'\\').count();
    if character == '\\' {
        // One, two of JSON, four of JSON within JSON: one is literal.
        for escaped in [2, 4].into_iter().filter(|escaped| *escaped <= run) {
            ends.add(Some(from + escaped), bytes);
        }
        ends.begun |= from + run == bytes.len() && run < 4;
    }
    if run > MAX_BACKSLASHES {
        return;
    }
    let after = &bytes[from + run..];
    let letter = match character {
        '"' | '\'' | '/' | '\\' => Some(character as u8),
        '\n' => Some(b'n'),
        '\r' => Some(b'r'),
        '\t' => Some(b't'),
        '\u{8}' => Some(b'b'),
        '\u{c}' => Some(b'f'),
        _ => None,
    };
    match after {
        [] => ends.begun = true,
        [first, ..] if Some(*first) == letter => ends.add(Some(from + run + 1), bytes),
        [b'u', ..] => {
            ends.add(units_end(character, bytes, from + run, &bytes[from..from + run]), bytes)
        }
        [b'x', hex @ ..] => {
            let is_it = |hex: &[u8]| hex_value(hex) == Some(character.into());
            match hex.get(..2) {
                Some(hex) if is_it(hex) => ends.add(Some(from + run + 3), bytes),
                Some(_) => {}
                None => ends.begun = true,
            }
        }
        _ => {}
    }
}

/// The character as `uXXXX`, or as two of these with the same backslashes between them.
fn units_end(character: char, bytes: &[u8], from: usize, backslashes: &[u8]) -> Option<usize> {
    let mut units = [0; 2];
    let mut at = from;
    for (number, &mut unit) in character.encode_utf16(&mut units).iter_mut().enumerate() {
        let before = if number == 0 { &[][..] } else { backslashes };
        for &expected in before.iter().chain(b"u") {
            match bytes.get(at) {
                None => return Some(bytes.len() + 1),
                Some(found) if *found == expected => at += 1,
                Some(_) => return None,
            }
        }
        match bytes.get(at..at + 4) {
            None => return Some(bytes.len() + 1),
            Some(hex) if hex_value(hex) == Some(unit.into()) => at += 4,
            Some(_) => return None,
        }
    }
    Some(at)
}

/// The character as HTML refers to it: `&lt;`, `&#60;`, `&#x3c;`, also without the semicolon.
fn reference_end(character: char, bytes: &[u8], from: usize, ends: &mut Ends) {
    let rest = &bytes[from + 1..];
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let length = rest.iter().take(MAX_REFERENCE).take_while(|byte| is_of_it(byte)).count();
    if length == rest.len() && length < MAX_REFERENCE {
        ends.begun = true;
    }
    let semicolon = usize::from(rest.get(length) == Some(&b';'));
    let Ok(word) = std::str::from_utf8(&rest[..length]) else { return };
    let number = match word.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        },
        None => {
            HTML_ENTITIES.iter().find(|(name, _)| *name == word).map(|(_, named)| *named as u32)
        }
    };
    if number == Some(character.into()) {
        ends.add(Some(from + 1 + length + semicolon), bytes);
    }
}

/// Returns the end of the line break that begins at `from`, also of one that is escaped.
fn after_break(bytes: &[u8], from: usize) -> usize {
    let breaks = [&b"\r"[..], b"\n", b"\\r", b"\\n", b"%0D", b"%0A", b"%0d", b"%0a"];
    let mut at = from;
    for _ in 0..MAX_BREAK {
        let rest = bytes.get(at..).unwrap_or_default();
        match breaks.into_iter().find(|one| rest.starts_with(one)) {
            Some(one) => at += one.len(),
            None => break,
        }
    }
    at
}

fn hex_value(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of each spelling is one, and each beginning of it is begun.
    #[track_caller]
    fn check(text: &str, spellings: &[&str]) {
        for spelling in spellings {
            let whole = [spelling.as_bytes(), b"~"].concat();
            assert_eq!(fit(text, false, &whole, true), Fit::Whole(spelling.len()), "{spelling}");
            for end in 0..spelling.len() {
                let found = fit(text, false, &spelling.as_bytes()[..end], false);
                assert!(
                    matches!(found, Fit::Begun | Fit::Whole(_)),
                    "{spelling} cut at {end}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn each_usual_spelling_fits() {
        check(
            "hunter2",
            &["hunter2", "h%75nter2", "h\\u0075nter2", "h\\\\u0075nter2", "h&#117;nter2"],
        );
        check(
            "b\u{e4}r<x",
            &[
                "b\u{e4}r<x",
                "b\\u00e4r\\u003cx",
                "b\\u00E4r&lt;x",
                "b%C3%a4r%3Cx",
                "b&#xe4;r&#60;x",
            ],
        );
        check("a/b c", &["a\\/b c", "a%2Fb+c", "a\\u002fb%20c", "a&#x2F;b&#32;c"]);
        check("q\"r\\s", &["q\"r\\s", "q\\\"r\\\\s", "q\\\\\\\"r\\\\\\\\s", "q&quot;r\\s"]);
        check(
            "\u{1f600}x",
            &[
                "\u{1f600}x",
                "\\ud83d\\ude00x",
                "\\\\uD83D\\\\uDE00x",
                "&#128512;x",
                "%F0%9F%98%80x",
            ],
        );
        check("1&2", &["1&2", "1&amp;2", "1%262"]);
        check("5%6", &["5%6", "5%256"]);
        check("l\nm", &["l\nm", "l\\nm", "l%0Am", "l\\u000am", "l\\x0am"]);
    }

    #[test]
    fn what_only_looks_so_does_not_fit() {
        for other in
            ["hunter3", "h%76nter2", "hunte%", "h\\u0076nter2", "h&#118;nter2", "hunter", "\\"]
        {
            let whole = [other.as_bytes(), b"~~~~~~~~~~~~~~"].concat();
            assert_eq!(fit("hunter2", false, &whole, false), Fit::Not, "{other}");
        }
        let many = "\\".repeat(10_000);
        assert_eq!(fit("x\\\\\\\\\\\\y", false, many.as_bytes(), true), Fit::Not);
        assert_eq!(fit("x", false, many.as_bytes(), false), Fit::Not);
    }

    #[test]
    fn base64_fits_with_line_breaks() {
        for spelling in
            ["c3dvcmRmaXNo", "c3dv\r\ncmRm\naXNo", "c3dv\\ncmRmaXNo", "c3dvcm%0D%0ARmaXNo"]
        {
            let whole = format!("{spelling}=");
            assert_eq!(
                fit("c3dvcmRmaXNo", true, whole.as_bytes(), false),
                Fit::Whole(spelling.len())
            );
        }
        assert_eq!(fit("c3dv", false, b"c3\ndv=", true), Fit::Not);
    }
}
