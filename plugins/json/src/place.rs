//! The place of a fault in a text, as line and column with the line itself below. Knows neither
//! JSON nor filters.

/// `message` with the place at byte `at` of `source`.
pub fn mark(source: &str, at: usize, message: &str) -> String {
    // Enough to recognise the place in a long line.
    const AROUND: usize = 40;
    let at = source.floor_char_boundary(at.min(source.len()));
    let start = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = source[start..].lines().next().unwrap_or_default();
    let number = source[..at].matches('\n').count() + 1;
    let column = source[start..at].chars().count();
    let skipped = column.saturating_sub(AROUND);
    let excerpt: String = line.chars().skip(skipped).take(2 * AROUND).collect();
    let excerpt: String = excerpt.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let before = if skipped > 0 { "..." } else { "" };
    let after = if skipped + 2 * AROUND < line.chars().count() { "..." } else { "" };
    let indent = " ".repeat(before.len() + column - skipped);
    format!(
        "line {number}, column {}: {message}\n  {before}{excerpt}{after}\n  {indent}^",
        column + 1
    )
}

/// The place where the nesting of the `open` brackets first goes beyond `limit`, text in quotes aside.
pub fn too_deep(source: &str, open: &str, limit: usize) -> Option<usize> {
    let mut depth = 0usize;
    unquoted(source).find_map(|(at, byte)| {
        match byte {
            _ if open.as_bytes().contains(&byte) => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b')' if open.contains('(') => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth > limit).then_some(at)
    })
}

/// The place where there are more than `limit` of the `signs`, text in quotes aside.
pub fn too_many(source: &str, signs: &str, limit: usize) -> Option<usize> {
    let found = unquoted(source).filter(|(_, byte)| signs.as_bytes().contains(byte));
    found.map(|(at, _)| at).nth(limit)
}

/// The bytes outside quotes, with their places.
pub fn unquoted(source: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut quoted, mut escaped) = (false, false);
    source.bytes().enumerate().filter(move |(_, byte)| {
        let inside = quoted;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        !inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_in_its_line() {
        let check = |source: &str, at, expected: &str| assert_eq!(mark(source, at, "no"), expected);
        check(".a | |", 5, "line 1, column 6: no\n  .a | |\n       ^");
        check("{\n  \"a\": x\n}", 9, "line 2, column 8: no\n    \"a\": x\n         ^");
        check("", 0, "line 1, column 1: no\n  \n  ^");
        check("ab", 9, "line 1, column 3: no\n  ab\n    ^");
        check("é!", 2, "line 1, column 2: no\n  é!\n   ^");
        let long = format!("{}x{}", "1".repeat(100), "2".repeat(100));
        let excerpt = format!("...{}x{}...", "1".repeat(40), "2".repeat(39));
        let caret = " ".repeat(43);
        check(&long, 100, &format!("line 1, column 101: no\n  {excerpt}\n  {caret}^"));
    }

    #[test]
    fn nesting_is_counted_outside_strings() {
        let check =
            |source: &str, expected| assert_eq!(too_deep(source, "[{", 2), expected, "{source}");
        check("[[1], [2]]", None);
        check("[[[1]]]", Some(2));
        check("[((((]", None);
        check("[\"\\\\\", [[", Some(8));
        check("[{\"[[[\": \"\\\"[[[\"}]", None);
    }

    #[test]
    fn signs_are_counted_outside_strings() {
        let check = |source: &str, expected| assert_eq!(too_many(source, "|,", 2), expected);
        check("1|2,3", None);
        check("1|2,3|4", Some(5));
        check("1|\"|||\"", None);
    }
}
