//! A part of a long text, and how to get the next one.

use std::fmt::Write as _;

/// At most `most` characters from `start` on, ending at a line where one ends near.
pub fn cut(text: &str, start: usize, most: usize) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok("(no text: it may be empty, or drawn by scripts, which are not run)".into());
    }
    let total = text.chars().count();
    if start >= total {
        return Err(format!("`start_index` is {start}, and the text has {total} characters"));
    }
    let rest = &text[position(text, start)..];
    let mut part = &rest[..position(rest, most)];
    let is_last = part.len() == rest.len();
    if let (false, Some(line)) = (is_last, part.rfind('\n')) {
        // A line's end that is near is the better place.
        if line > part.len() / 10 * 9 {
            part = &part[..=line];
        }
    }
    let end = start + part.chars().count();
    let mut told = part.trim_end().to_string();
    if start > 0 || !is_last {
        let _ = write!(told, "\n\n(characters {start} to {end} of {total}");
        let next = if is_last { ")".into() } else { format!("; go on with start_index {end})") };
        told.push_str(&next);
    }
    Ok(told)
}

/// The byte where the character of this number begins.
fn position(text: &str, characters: usize) -> usize {
    text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_whole() {
        assert_eq!(cut(" ab\n", 0, 2).unwrap(), "ab");
        assert!(cut(" \n", 0, 2).unwrap().starts_with("(no text"));
    }

    #[test]
    fn parts_make_the_whole() {
        assert_eq!(
            cut("äbcde", 1, 2).unwrap(),
            "bc\n\n(characters 1 to 3 of 5; go on with start_index 3)"
        );
        assert_eq!(cut("äbcde", 3, 2).unwrap(), "de\n\n(characters 3 to 5 of 5)");
        assert!(cut("abc", 3, 2).unwrap_err().contains("the text has 3 characters"));
    }

    #[test]
    fn a_part_ends_at_a_line_where_one_is_near() {
        let text = format!("{}\nnext", "x".repeat(95));
        let part = cut(&text, 0, 98).unwrap();
        assert!(
            part.ends_with("x\n\n(characters 0 to 96 of 100; go on with start_index 96)"),
            "{part}"
        );
    }
}
