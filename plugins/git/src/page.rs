//! One part of a long text: whole lines, and what to ask for next.

/// Bytes of an answer, some 20,000 tokens.
const MAX_BYTES: usize = 60_000;
/// A line that is longer is cut.
const MAX_LINE: usize = 2_000;

/// The lines from `from_line` on, as many as fit.
pub fn page(text: &str, from_line: Option<u64>) -> Result<String, String> {
    let first = usize::try_from(from_line.unwrap_or(1)).unwrap_or(usize::MAX).saturating_sub(1);
    // Not `lines()`, which takes a carriage return for a part of the line's end.
    let lines = || text.split_terminator('\n');
    let total = lines().count();
    if first > 0 && first >= total {
        return Err(format!("`from_line` is {}, but there are {total} lines", first + 1));
    }
    let (mut shown, mut next) = (String::new(), first);
    for line in lines().skip(first) {
        let cut = &line[..line.floor_char_boundary(MAX_LINE)];
        if next > first && shown.len() + cut.len() > MAX_BYTES {
            break;
        }
        shown += cut;
        if cut.len() < line.len() {
            shown += &format!(" [{} more bytes]", line.len() - cut.len());
        }
        shown.push('\n');
        next += 1;
    }
    if next < total {
        shown += &format!(
            "[lines {} to {next} of {total}; go on with from_line {}]\n",
            first + 1,
            next + 1
        );
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_comes_in_parts_that_make_the_whole() {
        let whole: String = (0..20_000).map(|line| format!("line {line}\n")).collect();
        let (mut from, mut joined) = (1, String::new());
        loop {
            let part = page(&whole, Some(from)).unwrap();
            let Some((lines, rest)) = part.rsplit_once("[lines ") else {
                joined += &part;
                break;
            };
            joined += lines;
            from = rest.rsplit(' ').next().unwrap().trim().trim_end_matches(']').parse().unwrap();
        }
        assert_eq!(joined, whole);
        assert!(page(&whole, Some(20_001)).unwrap_err().contains("20000 lines"));
    }

    #[test]
    fn a_carriage_return_at_the_end_of_a_line_is_shown() {
        for text in ["-a\r\n+a\n", "a\r\n\r\n"] {
            assert_eq!(page(text, None).unwrap(), text);
        }
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let cut = page(&"\u{e4}".repeat(5_000), None).unwrap();
        assert_eq!(cut, format!("{} [8000 more bytes]\n", "\u{e4}".repeat(1_000)));
        assert_eq!(page("", None).unwrap(), "");
    }
}
