//! Groups and changes of case as other engines write them in replacements. Here they would be put in as they stand, which
//! nobody wants who writes them.

use regex::Regex;

/// The most groups that a message names.
const MAX_SHOWN: usize = 9;

/// A part of a replacement that means something elsewhere.
#[derive(Debug, PartialEq)]
pub struct Foreign<'a> {
    /// The part as it is written.
    text: &'a str,
    meaning: Meaning<'a>,
}

#[derive(Debug, PartialEq)]
enum Meaning<'a> {
    /// The group of a number or a name.
    Group(&'a str),
    /// The text before the match, or behind it.
    Around,
    /// Another case for what comes next.
    Case,
}

/// The first such part of a replacement.
pub fn first(replacement: &str) -> Option<Foreign<'_>> {
    let mut from = 0;
    while let Some(at) = replacement[from..].find(['$', '\\']).map(|at| from + at) {
        let rest = &replacement[at..];
        if rest.starts_with("$$") {
            from = at + 2;
            continue;
        }
        let found = if rest.starts_with('$') { of_dollar(rest) } else { of_backslash(rest) };
        if let Some((length, meaning)) = found {
            return Some(Foreign { text: &rest[..length], meaning });
        }
        from = at + 1;
    }
    None
}

/// `$&`, `$<name>`, `$+{name}`, and what JavaScript and Perl put in around the match.
fn of_dollar(rest: &str) -> Option<(usize, Meaning<'_>)> {
    match rest.as_bytes().get(1)? {
        b'&' => Some((2, Meaning::Group("0"))),
        b'`' | b'\'' => Some((2, Meaning::Around)),
        b'<' => enclosed(rest, 1),
        b'+' if rest[2..].starts_with('{') => enclosed(rest, 2),
        _ => None,
    }
}

/// `\1`, `\g<name>`, `\k{name}`, `\g1`, and `\U` before a group.
fn of_backslash(rest: &str) -> Option<(usize, Meaning<'_>)> {
    match rest.as_bytes().get(1)? {
        // Of `\12`, other engines take the first digit where there is no twelfth group.
        b'0'..=b'9' => Some((2, Meaning::Group(&rest[1..2]))),
        b'g' if rest[2..].starts_with(|c: char| c.is_ascii_digit()) => {
            Some((3, Meaning::Group(&rest[2..3])))
        }
        b'g' | b'k' => enclosed(rest, 2),
        b'U' | b'L' | b'u' | b'l' => {
            let next = &rest[2..];
            let is_group = next.starts_with('$') && !next.starts_with("$$")
                || next.starts_with('\\') && of_backslash(next).is_some();
            is_group.then_some((2, Meaning::Case))
        }
        _ => None,
    }
}

/// A name between brackets of any kind, of which the first is at `open`.
fn enclosed(rest: &str, open: usize) -> Option<(usize, Meaning<'_>)> {
    let close = match rest.as_bytes().get(open)? {
        b'<' => '>',
        b'{' => '}',
        b'\'' => '\'',
        _ => return None,
    };
    let (name, _) = rest[open + 1..].split_once(close)?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some((open + 1 + name.len() + 1, Meaning::Group(name)))
}

impl Foreign<'_> {
    /// Says what to write in its place.
    pub fn explain(&self, pattern: &Regex) -> String {
        let text = self.text;
        let means = match self.meaning {
            Meaning::Group(name) if has_group(pattern, name) => {
                format!("which is no group here; write ${{{name}}}")
            }
            Meaning::Group(name) => {
                let advice = groups(pattern).map_or_else(
                    || "write ${0} for the whole match".to_string(),
                    |groups| format!("write one of {groups}"),
                );
                format!("which is no group here, and `pattern` has no group `{name}`; {advice}")
            }
            Meaning::Around => {
                "which is no text around the match here; put that into a group of `pattern`".into()
            }
            Meaning::Case => {
                "which changes no case here; look for the matches with `find`, and replace each by its text"
                    .into()
            }
        };
        let itself = match text.strip_prefix('\\') {
            // An empty group parts the backslash from what it would stand for.
            Some(rest) => format!(
                "add an empty group, `()`, to the end of `pattern` and write `\\${{{}}}{rest}`",
                pattern.captures_len()
            ),
            None => format!("write `${text}`"),
        };
        format!("`replacement` has `{text}`, {means}, or, for the text `{text}` itself, {itself}")
    }
}

/// The groups that a pattern has, as a replacement names them. `None` if it has none.
pub fn groups(pattern: &Regex) -> Option<String> {
    let groups = pattern.capture_names().enumerate().skip(1).take(MAX_SHOWN);
    let shown: Vec<_> = groups
        .map(|(number, name)| format!("${{{}}}", name.map_or(number.to_string(), str::to_string)))
        .collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// True if a pattern has the group of this number or name.
pub fn has_group(pattern: &Regex, name: &str) -> bool {
    match name.parse::<usize>() {
        Ok(number) => number < pattern.captures_len(),
        Err(_) => pattern.capture_names().flatten().any(|known| known == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &str = r"(?<y>\d+)-(\d+)";
    const PLAIN: &str = r"\d+";

    #[test]
    fn what_other_engines_write_is_refused_with_what_to_write() {
        let check = |expression: &str, replacement: &str, text: &str, advice: &str| {
            let pattern = Regex::new(expression).unwrap();
            let message = first(replacement).expect(replacement).explain(&pattern);
            let found = format!("`replacement` has `{text}`");
            assert!(message.contains(&found) && message.contains(advice), "{message}");
        };
        check(NAMED, "$<y>-$<y>", "$<y>", "write ${y}, or");
        check(NAMED, "$+{y}", "$+{y}", "write ${y}, or");
        check(NAMED, r"\g{y}", r"\g{y}", "write ${y}, or");
        check(NAMED, r"\g<y>", r"\g<y>", "write ${y}, or");
        check(NAMED, r"\k{y}", r"\k{y}", "write ${y}, or");
        check(NAMED, r"\k'y'", r"\k'y'", "write ${y}, or");
        check(NAMED, r"\g<2>", r"\g<2>", "write ${2}, or");
        check(NAMED, r"\g2", r"\g2", "write ${2}, or");
        check(NAMED, r"\2/\1", r"\2", "write ${2}, or");
        check(NAMED, r"\12", r"\1", "write ${1}, or");
        check(NAMED, r"\\1", r"\1", "write ${1}, or");
        check(NAMED, "[$&]", "$&", "write ${0}, or, for the text `$&` itself, write `$$&`");
        check(NAMED, r"[\0]", r"\0", "write ${0}, or");
        check(NAMED, r"\3", r"\3", "has no group `3`; write one of ${y}, ${2}, or");
        check(NAMED, "$<m>", "$<m>", "has no group `m`; write one of ${y}, ${2}, or");
        check(PLAIN, r"\1", r"\1", "has no group `1`; write ${0} for the whole match, or");
        check(NAMED, "$`", "$`", "no text around the match");
        check(NAMED, "$'", "$'", "for the text `$'` itself, write `$$'`");
        for case in [r"\U$1", r"\u$1", r"\L${y}\E", r"\l\1", r"\U\g<y>"] {
            check(NAMED, case, &case[..2], "changes no case here");
        }
    }

    #[test]
    fn what_stands_for_itself_is_put_in() {
        for replacement in [
            r"C:\Users\new \d \",
            r"\game \kept \g<a b> \g<>",
            "$$& $$<y> $$`",
            "5 $, $< 3, $<a b>, $+1",
            r"\$1 \U$$1",
            "$0",
        ] {
            assert_eq!(first(replacement), None, "{replacement}");
        }
    }

    #[test]
    fn the_advice_for_the_text_itself_puts_that_in() {
        for (expression, text) in [
            (NAMED, r"\1"),
            (NAMED, r"\g<y>"),
            (NAMED, r"\0"),
            (PLAIN, r"\1"),
            (NAMED, "$&"),
            (NAMED, "$<y>"),
            (NAMED, "$'"),
        ] {
            let pattern = Regex::new(expression).unwrap();
            let message = first(text).unwrap().explain(&pattern);
            let (_, advice) = message.rsplit_once("write `").unwrap();
            let advice = advice.trim_end_matches('`');
            let advised = match text.starts_with('\\') {
                true => Regex::new(&format!("{expression}()")).unwrap(),
                false => pattern,
            };
            assert_eq!(first(advice), None, "{message}");
            assert_eq!(advised.replace("2026-03", advice).trim_end_matches("-03"), text);
        }
    }
}
