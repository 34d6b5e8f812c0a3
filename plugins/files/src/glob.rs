//! Globs over paths. They become regular expressions over characters: the crates for globs match bytes, to which `?` is
//! half an `é`.

use regex::{Regex, RegexBuilder};

/// Longest glob in bytes, braces in each other, and the memory that a compiled one may take.
const MAX_LENGTH: usize = 1_000;
const MAX_DEPTH: usize = 8;
const MAX_COMPILED: usize = 4 * 1024 * 1024;

/// A glob over paths below a directory.
#[derive(Debug)]
pub struct Glob {
    expression: Regex,
    /// True if it is about names, whatever directory they are in.
    is_name: bool,
    /// True if it ends in `/`: it is about directories.
    pub is_directory: bool,
    /// The same where each `[` is the character, if it has one.
    literal: Option<Regex>,
}

impl Glob {
    /// Reads the glob that the argument `argument` holds.
    pub fn parse(argument: &str, text: &str) -> Result<Self, String> {
        let glob = text.trim_start_matches("./");
        let (glob, is_directory) =
            glob.strip_suffix('/').map_or((glob, false), |glob| (glob, true));
        match glob.len() {
            0 => {
                return Err(format!(
                    "`{argument}` is empty; write one such as `*.md` or `**/*.md`"
                ));
            }
            1..=MAX_LENGTH => {}
            length => {
                return Err(format!(
                    "`{argument}` is {length} bytes long; the limit is {MAX_LENGTH}"
                ));
            }
        }
        if glob.starts_with('/') {
            return Err(format!(
                "`{argument}` `{text}` begins with `/`; it is matched with paths below `path`, such as `a/b.md`"
            ));
        }
        let expression =
            expression(glob).map_err(|problem| format!("`{argument}` `{text}`: {problem}"))?;
        let built = RegexBuilder::new(&expression).size_limit(MAX_COMPILED).build();
        let expression = built.map_err(|_| format!("`{argument}` `{text}` is too complicated"))?;
        let literal = literal_brackets(glob).and_then(|glob| self::expression(&glob).ok());
        let literal =
            literal.and_then(|text| RegexBuilder::new(&text).size_limit(MAX_COMPILED).build().ok());
        Ok(Self { expression, is_name: !glob.contains('/'), is_directory, literal })
    }

    /// True if the glob matches only once `\[` stands for each `[` in it.
    pub fn would_match(&self, below: &str) -> bool {
        self.literal.as_ref().is_some_and(|literal| literal.is_match(below)) && !self.matches(below)
    }

    /// The part of an entry that the glob is about: its path below the directory, or its name.
    pub fn part<'a>(&self, below: &'a str, name: &'a str) -> &'a str {
        if self.is_name { name } else { below }
    }

    pub fn matches(&self, below: &str) -> bool {
        self.expression.is_match(below)
    }
}

/// The glob with a backslash before each `[`, if it has one.
fn literal_brackets(glob: &str) -> Option<String> {
    let (mut out, mut is_escaped, mut found) = (String::new(), false, false);
    for letter in glob.chars() {
        if letter == '[' && !is_escaped {
            out.push('\\');
            found = true;
        }
        is_escaped = letter == '\\' && !is_escaped;
        out.push(letter);
    }
    found.then_some(out)
}

/// The glob as a regular expression.
fn expression(glob: &str) -> Result<String, String> {
    let (mut out, mut depth) = (String::from("(?s)^"), 0);
    let letters: Vec<char> = glob.chars().collect();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        at += 1;
        match letter {
            '*' if letters.get(at) == Some(&'*') => at = any_depth(&letters, at, &mut out),
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => at = class(&letters, at, &mut out)?,
            '{' if depth == MAX_DEPTH => {
                return Err(format!("more than {MAX_DEPTH} braces in each other"));
            }
            '{' => {
                depth += 1;
                out.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            ',' if depth > 0 => out.push('|'),
            '\\' => {
                let letter = letters.get(at).ok_or("nothing follows the last `\\`")?;
                at += 1;
                literal(*letter, &mut out);
            }
            letter => literal(letter, &mut out),
        }
    }
    if depth > 0 {
        return Err("a `{` has no `}`; write `\\{` for the character".into());
    }
    Ok(out + "$")
}

/// Writes the meaning of `**`: whole directories where it is a part of its own, else anything. `at` is the second star.
fn any_depth(letters: &[char], at: usize, out: &mut String) -> usize {
    let begins = at < 2 || matches!(letters[at - 2], '/' | '{' | ',');
    let after = letters[at..].iter().take_while(|letter| **letter == '*').count() + at;
    match letters.get(after) {
        Some('/') if begins => {
            out.push_str("(?:[^/]+/)*");
            after + 1
        }
        _ => {
            out.push_str(".*");
            after
        }
    }
}

/// A class such as `[a-z]` or `[!a]`. `at` is behind its bracket.
fn class(letters: &[char], mut at: usize, out: &mut String) -> Result<usize, String> {
    const OPEN: &str = "a `[` has no `]`; write `\\[` for the character";
    let is_negated = matches!(letters.get(at), Some('!' | '^'));
    at += usize::from(is_negated);
    let mut ranges = String::new();
    let first = at;
    loop {
        let from = *letters.get(at).ok_or(OPEN)?;
        if from == ']' && at > first {
            break;
        }
        let (from, after) = escaped(letters, at).ok_or(OPEN)?;
        let is_range = letters.get(after) == Some(&'-')
            && letters.get(after + 1).is_some_and(|end| *end != ']');
        let (to, after) =
            if is_range { escaped(letters, after + 1).ok_or(OPEN)? } else { (from, after) };
        if from > to {
            return Err(format!("the range `{from}-{to}` is empty"));
        }
        at = after;
        ranges.push_str(&format!("\\x{{{:x}}}-\\x{{{:x}}}", from as u32, to as u32));
    }
    // A class never goes beyond a directory.
    out.push_str(&match is_negated {
        true => format!("[^/{ranges}]"),
        false => format!("[{ranges}&&[^/]]"),
    });
    Ok(at + 1)
}

fn escaped(letters: &[char], at: usize) -> Option<(char, usize)> {
    match letters.get(at)? {
        '\\' => Some((*letters.get(at + 1)?, at + 2)),
        letter => Some((*letter, at + 1)),
    }
}

fn literal(letter: char, out: &mut String) {
    out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_is_known_by_its_glob() {
        let check = |glob: &str, path: &str, expected| {
            let glob = Glob::parse("glob", glob).unwrap();
            assert_eq!(glob.would_match(path), expected, "{path}");
        };
        check("src/[id].tsx", "src/[id].tsx", true);
        check("**/[...slug]/*.tsx", "a/[...slug]/p.tsx", true);
        check("src/[id].tsx", "src/i.tsx", false);
        check("src/\\[id].tsx", "src/[id].tsx", false);
        check("[[]a", "[a", false);
        check("*.tsx", "[id].tsx", false);
    }

    #[test]
    fn globs_are_those_of_shells() {
        let check = |glob: &str, path: &str, expected| {
            assert_eq!(
                Glob::parse("glob", glob).unwrap().matches(path),
                expected,
                "{glob} on {path}"
            );
        };
        check("*.md", "a.md", true);
        check("*.md", "b/a.md", false);
        check("**/*.md", "a.md", true);
        check("**/*.md", "b/c/a.md", true);
        check("a/**/b", "a/b", true);
        check("a/**/b", "a/x/y/b", true);
        check("a/**/b", "ax/b", false);
        check("a/**", "a/b/c", true);
        check("a/**", "ab", false);
        check("./*.{md,txt}", "a.txt", true);
        check("{src,**}/*.rs", "x/y/a.rs", true);
        check("*.{md,{t,}xt}", "a.xt", true);
        check("2026-??/[ab]*", "2026-11/bee", true);
        check("caf?.md", "caf\u{e9}.md", true);
        check("?", "\u{1f600}", true);
        check("[\u{e0}-\u{ff}]", "\u{e9}", true);
        check("[!a]", "\u{e9}", true);
        check("[!a]", "/", false);
        check("[]a]", "]", true);
        check("[a-]", "-", true);
        check("[.-0]", "/", false);
        check("a?b", "a/b", false);
        check("a.b", "axb", false);
        check("\\*.md", "*.md", true);
        check("a,b}", "a,b}", true);
        check("**", "b/c", true);
        check("*", "a\nb", true);
        for (glob, part) in [
            ("", "empty"),
            ("{a", "no `}`"),
            ("[a", "no `]`"),
            ("a\\", "last"),
            ("[z-a]", "empty"),
            ("/a", "begins with"),
        ] {
            let error = Glob::parse("glob", glob).unwrap_err();
            assert!(error.contains(part), "{glob}: {error}");
        }
        assert!(Glob::parse("glob", &"*".repeat(2_000)).is_err());
        assert!(Glob::parse("glob", &"{".repeat(9)).is_err());
    }
}
