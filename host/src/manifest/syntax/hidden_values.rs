//! The values in a manifest's text that no message shows, since they may be secrets: what stands in the place of a
//! secret, what a key says that no file has, and whatever looks like a token.
//!
//! The text need not be TOML: what is shown of it is mostly what is wrong with it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::keys::Section;
use super::nearest::nearest;
use crate::token_shape::{looks_like_token, word_ends};

/// The keys whose values are secrets, or are easily taken for their place.
const SENSITIVE_KEYS: [&str; 4] = ["secret", "secrets", "before", "env"];
/// The keys below which a plugin's author chooses the keys.
const OPEN_TABLES: [&str; 4] = ["config", "config_keys", "meta", "parameters"];
/// The keys whose values look like tokens and are none.
const DIGEST_KEYS: [&str; 1] = ["sha256"];
/// The keys of all sections, of both files.
static KNOWN_KEYS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| Section::ALL.into_iter().flat_map(Section::keys).collect());
/// The length from which capitals and digits in a row are no name.
const ONE_RUN: usize = 20;

/// Returns the places in `text` of the values that are not shown, as far as they lie in the lines that `span` touches.
pub(crate) fn hidden_values(text: &str, span: &Range<usize>) -> Vec<Range<usize>> {
    let from = text.floor_char_boundary(span.start);
    let to = text.floor_char_boundary(span.end).max(from);
    let start = text[..from].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[to..].find('\n').map_or(text.len(), |length| to + length);
    let section = section_start(text, start);
    let mut reader = Reader { text, at: section, start, ..Reader::default() };
    reader.read_to(end);
    // A text in three quotes may begin behind these lines, or end before them.
    let within = reader.hidden.into_iter().map(|own| own.start.max(start)..own.end.min(end));
    within.filter(|own| !own.is_empty()).collect()
}

/// The start of the last line before `start` that opens a section, or of the text.
fn section_start(text: &str, start: usize) -> usize {
    let mut end = start;
    while end > 0 {
        let line = text[..end - 1].rfind('\n').map_or(0, |newline| newline + 1);
        if header(&text[line..end]).is_some() {
            return line;
        }
        end = line;
    }
    0
}

/// Returns the name of the section that `line` opens, with its dots.
fn header(line: &str) -> Option<&str> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// Reads keys and values, whether or not they are TOML.
#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The place from which it looks for values to hide: before it, it reads keys alone.
    start: usize,
    section: Vec<&'a str>,
    /// The keys of the tables that are open, and how many brackets were when each was.
    tables: Vec<Vec<&'a str>>,
    key: Vec<&'a str>,
    hidden: Vec<Range<usize>>,
}

impl<'a> Reader<'a> {
    fn read_to(&mut self, end: usize) {
        let (mut is_line_start, mut line_end) = (true, self.at);
        while self.at < end {
            let rest = &self.text[self.at..];
            if line_end <= self.at {
                line_end = self.at + rest.find('\n').unwrap_or(rest.len());
            }
            let line = &self.text[self.at..line_end];
            if std::mem::take(&mut is_line_start)
                && let Some(name) = header(line)
            {
                self.section = name.split('.').map(str::trim).collect();
                (self.tables, self.key) = (Vec::new(), Vec::new());
                self.hide_tokens(self.at..self.at + line.len());
                self.at += line.len();
                continue;
            }
            let Some(first) = rest.chars().next() else { return };
            match first {
                '\n' => is_line_start = true,
                '#' => {
                    self.hide_tokens(self.at..self.at + line.len());
                    self.at += line.len();
                    continue;
                }
                '{' => self.tables.push(std::mem::take(&mut self.key)),
                '}' => self.key = self.tables.pop().unwrap_or_default(),
                c if c.is_whitespace() || "=,[]".contains(c) => {}
                _ => {
                    self.word(first, line);
                    continue;
                }
            }
            self.at += first.len_utf8();
        }
    }

    /// Reads a key or a value, between quotes or without.
    fn word(&mut self, first: char, line: &'a str) {
        let rest = &self.text[self.at..];
        let (quotes, length) = match first {
            '"' | '\'' => {
                let three = if first == '"' { "\"\"\"" } else { "'''" };
                match rest.strip_prefix(three) {
                    Some(inner) => (3, inner.find(three).unwrap_or(inner.len())),
                    None => (1, closed(&line[1..], first).unwrap_or(line.len() - 1)),
                }
            }
            _ => {
                let is_end = |c: char| c.is_whitespace() || "=,[]{}#\"'".contains(c);
                (0, line.find(is_end).unwrap_or(line.len()))
            }
        };
        let inner = self.at + quotes..self.at + quotes + length;
        let after = (inner.end + quotes).min(self.text.len());
        self.at = after;
        if self.text[after..].trim_start_matches([' ', '\t']).starts_with('=') {
            let word = &self.text[inner.clone()];
            self.key = if quotes == 0 { word.split('.').collect() } else { vec![word] };
            // A token in the place of a key.
            self.hide_tokens(inner);
        } else if inner.end <= self.start {
            // It is shown nowhere.
        } else if self.is_hidden(&self.text[inner.clone()]) {
            self.hidden.push(inner);
        } else {
            self.hide_tokens(inner);
        }
    }

    /// True if `value` is not shown because of its key.
    fn is_hidden(&self, value: &str) -> bool {
        let above = self.section.iter().chain(self.tables.iter().flatten());
        let mut path = above.chain(&self.key);
        let Some(last) = self.key.last() else { return false };
        let is_plain = |c: char| c.is_ascii_digit() || "_.+-".contains(c);
        if value.chars().all(is_plain) || matches!(value, "true" | "false") {
            return false;
        }
        if path.clone().any(|key| SENSITIVE_KEYS.contains(key)) {
            return !(is_name(value) || is_scheme(value));
        }
        if path.any(|key| OPEN_TABLES.contains(key)) {
            return false;
        }
        if KNOWN_KEYS.contains(last) {
            return false;
        }
        // A slip of a key is shown as the key is.
        match nearest(last, KNOWN_KEYS.iter().copied()) {
            Some(near) => SENSITIVE_KEYS.contains(&near) && !is_name(value),
            None => true,
        }
    }

    /// Hides the words there that look like tokens.
    fn hide_tokens(&mut self, place: Range<usize>) {
        if self.key.last().is_some_and(|key| DIGEST_KEYS.contains(key)) || place.end <= self.start {
            return;
        }
        let mut at = place.start;
        for piece in self.text[place].split_inclusive(word_ends) {
            let word = piece.trim_end_matches(word_ends);
            let secret = if looks_like_token(word) { Some(0..word.len()) } else { user(word) };
            if let Some(own) = secret.filter(|own| at + own.end > self.start) {
                self.hidden.push(at + own.start..at + own.end);
            }
            at += piece.len();
        }
    }
}

/// Returns the place of the user in a URL, who may have a password. `None` if it has none.
fn user(word: &str) -> Option<Range<usize>> {
    let start = word.find("://")? + "://".len();
    let end = start + word[start..].rfind('@')?;
    Some(start..end)
}

/// True if `value` is a secret's name as names are written by convention: in capitals.
fn is_name(value: &str) -> bool {
    let has = |is_it: fn(&u8) -> bool| value.bytes().any(|byte| is_it(&byte));
    let is_word = value.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    let is_one_run = value.len() >= ONE_RUN && !value.contains('_') && has(u8::is_ascii_digit);
    is_word && !is_one_run && !looks_like_token(value)
}

/// True if `value` is what stands before a secret in a header, such as `Bearer `.
fn is_scheme(value: &str) -> bool {
    let word = value.trim_end_matches(' ');
    word.len() < value.len() && word.chars().all(|c| c.is_ascii_alphabetic())
}

/// Returns the length of the text before the quote that closes it on this line.
fn closed(line: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    line.char_indices().find_map(|(at, c)| {
        let is_it = c == quote && !is_escaped;
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
        is_it.then_some(at)
    })
}

/// Returns `message` without the beginnings of hidden values that it repeats.
pub(crate) fn without_values(message: &str, values: &[&str]) -> String {
    values.iter().fold(message.to_owned(), |message, value| without_value(&message, value))
}

fn without_value(message: &str, value: &str) -> String {
    /// The length from which a value is no word that a message has by itself.
    const OWN_WORD: usize = 8;
    let first: String = value.chars().take(OWN_WORD).collect();
    // A key that a file has is no secret, and messages say which keys there are.
    if first.is_empty() || KNOWN_KEYS.contains(value) {
        return message.to_owned();
    }
    let is_quote = |c: char| matches!(c, '`' | '"' | '\'');
    let (mut kept, mut rest) = (String::new(), message);
    while let Some(at) = rest.find(&first) {
        let common = rest[at..].chars().zip(value.chars()).take_while(|(one, other)| one == other);
        let length: usize = common.map(|(c, _)| c.len_utf8()).sum();
        // Between quotes stands all of it, and no longer word that begins so.
        let is_quoted = rest[..at].ends_with(is_quote) && rest[at + length..].starts_with(is_quote);
        kept.push_str(&rest[..at]);
        if is_quoted || first.len() >= OWN_WORD {
            kept.push_str(HIDDEN_VALUE);
        } else {
            kept.push_str(&rest[at..at + length]);
        }
        rest = &rest[at + length..];
    }
    kept + rest
}

/// The text in place of a value that is not shown.
pub(crate) const HIDDEN_VALUE: &str = "...";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shown(text: &str) -> String {
        let mut shown = text.to_owned();
        for own in hidden_values(text, &(0..text.len())).into_iter().rev() {
            shown.replace_range(own, HIDDEN_VALUE);
        }
        shown
    }

    #[test]
    fn what_may_be_a_secret_is_hidden_and_what_is_wrong_is_shown() {
        let token = "ghp_0123456789abcdefghij0123456789abcdef";
        for (text, expected) in [
            ("GITHUB_TOKEN = \"hunter2\"", "GITHUB_TOKEN = \"...\""),
            ("GITHUB_TOKEN = hunter2 # mine", "GITHUB_TOKEN = ... # mine"),
            ("[grants]\nsecret = \"hunter2\"", "[grants]\nsecret = \"...\""),
            ("[grants]\nsecrets = [\"hunter2\"", "[grants]\nsecrets = [\"...\""),
            (
                "[grants]\nsecrets = [\n  'A b', # x\n  \"b",
                "[grants]\nsecrets = [\n  '...', # x\n  \"...",
            ),
            ("grants.env = { T = hunter2, U = 'x' }", "grants.env = { T = ..., U = '...' }"),
            ("[grants.env]\nT = \"hunter2\"", "[grants.env]\nT = \"...\""),
            (
                "[grant]\nx = \"hunter2\"\nmemory = \"1MB\"",
                "[grant]\nx = \"...\"\nmemory = \"1MB\"",
            ),
            ("[limits]\nmemroy = \"128MiB\"\nfoo = 12", "[limits]\nmemroy = \"128MiB\"\nfoo = 12"),
            ("[grants]\nconfig = { units = imperial }", "[grants]\nconfig = { units = imperial }"),
            ("[grants.config]\nunits = imperial", "[grants.config]\nunits = imperial"),
            (
                "network = [{ secret = \"A_KEY\", before = \"Bearer \" }]",
                "network = [{ secret = \"A_KEY\", before = \"Bearer \" }]",
            ),
            (
                "network = [{ secret = \"a_key\", before = \"Bearer x\" }]",
                "network = [{ secret = \"...\", before = \"...\" }]",
            ),
            ("secrets = [\"AKIAIOSFODNN7EXAMPLE\"]", "secrets = [\"...\"]"),
            ("prefix = \"a\\\"b\" x", "prefix = \"a\\\"b\" x"),
            ("nonsense", "nonsense"),
            ("network = [https://u:hunter2@a.example/]", "network = [https://...@a.example/]"),
            ("prefix = \"https://u:hunter2@a.example\"", "prefix = \"https://...@a.example\""),
            ("network = [\"https://a.example\"]", "network = [\"https://a.example\"]"),
        ] {
            assert_eq!(shown(text), expected);
        }
        for text in [
            "prefix = \"TOKEN\"",
            "grants.config = { units = TOKEN }",
            "description = '''\nsay \"TOKEN\"'''",
            "# TOKEN",
            "TOKEN",
            "[TOKEN]",
            "TOKEN = 1",
            "before = \"Bearer TOKEN\"",
        ] {
            let text = text.replace("TOKEN", token);
            assert!(!shown(&text).contains(token), "{}", shown(&text));
        }
        // Only the first line is shown, and the value begins behind it.
        let text = "GITHUB_TOKEN = '''\nhunter2'''";
        assert!(hidden_values(text, &(0..1)).is_empty());
        assert_eq!(shown(text), "GITHUB_TOKEN = '''...'''");
        let digest = format!("sha256 = \"{}\"", "0f3a9c4b7d2e8615".repeat(4));
        assert_eq!(shown(&digest), digest);
    }

    #[test]
    fn a_message_repeats_no_hidden_value_nor_its_beginning() {
        for (message, value, expected) in [
            ("found `hunter2`; write \"hunter2\"", "hunter2", "found `...`; write \"...\""),
            ("expected text, found `text`", "text", "expected text, found `...`"),
            ("found `0123456789abc...` there", "0123456789abcdefghij", "found `......` there"),
            ("Bearer 0123456789", "0123456789", "Bearer ..."),
            ("[grants] takes `network`, `files`", "network", "[grants] takes `network`, `files`"),
            ("unknown key `visible`, found `v`", "v", "unknown key `visible`, found `...`"),
        ] {
            assert_eq!(without_values(message, &[value]), expected);
        }
    }
}
