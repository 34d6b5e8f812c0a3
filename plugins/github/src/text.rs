//! Texts of GitHub, as long as they help.

use std::fmt::Write as _;

/// Cuts `texts` so that together they have at most `most` bytes: long ones are cut to one length, short ones stay whole.
/// What is cut says so at its end.
pub fn share(mut texts: Vec<&mut String>, most: usize) {
    texts.sort_by_key(|text| text.len());
    let (mut left, mut count) = (most, texts.len());
    for text in texts {
        let each = left / count.max(1);
        left = left.saturating_sub(text.len().min(each));
        if text.len() > each {
            cut(text, each);
        }
        count = count.saturating_sub(1);
    }
}

/// Cuts a text that is longer than `most` bytes between two characters.
fn cut(text: &mut String, most: usize) {
    let end = text.floor_char_boundary(most);
    let more = text.len() - end;
    text.truncate(end);
    let _ = write!(text, "… ({more} more bytes; a smaller `per_page` shows more of each text)");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_share_what_short_ones_leave() {
        let mut texts = ["a".repeat(10), "ä".repeat(50), "c".repeat(100), String::new()];
        share(texts.iter_mut().collect(), 100);
        assert_eq!(texts[0].len(), 10);
        assert!(
            texts[1].starts_with(&"ä".repeat(22)) && texts[1].contains("… (56 more bytes; "),
            "{}",
            texts[1]
        );
        assert!(texts[2].starts_with("cccc") && texts[2].ends_with("shows more of each text)"));
        let mut one = ["x".repeat(100)];
        share(one.iter_mut().collect(), 100);
        assert_eq!(one[0].len(), 100);
        share(Vec::new(), 0);
    }
}
