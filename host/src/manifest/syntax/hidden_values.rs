//! The values in a manifest's text that no message shows, since they may be secrets: what stands in the place of a
//! secret, what a key says that no file has, and whatever looks like a token.
//!
//! The text need not be TOML: what is shown of it is mostly what is wrong with it. A name with a colon, or one that
//! begins a line, counts as a key then, and all behind it as its value.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::keys::Section;
use super::nearest::nearest;
use crate::secret_places::{
    HIDDEN_VALUE, is_plain_value, names_secret, secret_places, shown_origin,
};
use crate::token_shape::looks_like_token;

/// The keys whose values are secrets, or are easily taken for their place.
const SENSITIVE_KEYS: [&str; 4] = ["secret", "secrets", "before", "env"];
/// The keys whose values name a part of a request, and are easily taken for its place.
const REQUEST_KEYS: [&str; 2] = ["header", "query"];
/// The keys whose values are origins, or name some.
const ORIGIN_KEYS: [&str; 3] = ["network", "url", "without"];
/// The keys below which a plugin's author chooses the keys.
const OPEN_TABLES: [&str; 4] = ["config", "config_keys", "meta", "parameters"];
/// The keys whose values look like tokens and are none, if they are of hexadecimal digits.
const DIGEST_KEYS: [&str; 1] = ["sha256"];
/// Words that stand in many manifests, in small letters: none of them is a secret.
const PLAIN_WORDS: [&str; 22] = [
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "default",
    "read",
    "write",
    "tools",
    "functions",
    "command",
    "text",
    "json",
    "public",
    "bearer",
    "token",
    "basic",
    "bot",
    "apikey",
];
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

/// Returns the lines of the TOML `text` of a person's own file as they are shown: without values whose keys say that they
/// are secrets, and without what looks like one.
pub(crate) fn shown_lines(text: &str) -> Vec<String> {
    let mut reader = Reader { text, is_own: true, ..Reader::default() };
    reader.read_to(text.len());
    let (mut lines, mut start) = (Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        let (mut shown, mut at) = (String::new(), start);
        for own in &reader.hidden {
            let own = own.start.max(at)..own.end.min(end);
            if !own.is_empty() {
                shown += &text[at..own.start];
                shown += HIDDEN_VALUE;
                at = own.end;
            }
        }
        shown += &text[at..end];
        lines.push(shown);
        start += line.len();
    }
    lines
}

/// The start of the last line before `start` that surely opens a section, or of the text.
fn section_start(text: &str, start: usize) -> usize {
    let mut end = start;
    while end > 0 {
        let line = text[..end - 1].rfind('\n').map_or(0, |newline| newline + 1);
        if header(&text[line..end]).is_some_and(|header| header.is_certain) {
            return line;
        }
        end = line;
    }
    0
}

/// A line that opens a section.
struct Header<'a> {
    /// The name of the section, with its dots.
    name: &'a str,
    /// True if the line can be nothing else: its brackets close, or a manifest has the section.
    is_certain: bool,
}

/// Reads `line` as a header, whose brackets need not close.
fn header(line: &str) -> Option<Header<'_>> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let name = line.strip_prefix('[')?;
    let name = name.strip_prefix('[').unwrap_or(name);
    let opened = line.len() - name.len();
    let inner = name.trim_end_matches(']');
    let is_closed = name.len() - inner.len() == opened;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
    let first = inner.split('.').next().unwrap_or_default().trim();
    let is_certain = is_closed || Section::Top.keys().contains(&first);
    (!inner.is_empty() && inner.chars().all(is_name)).then_some(Header { name: inner, is_certain })
}

/// A bracket that is open.
enum Bracket<'a> {
    List,
    /// A table, with the key that it is the value of.
    Table(Vec<&'a str>),
}

/// Reads keys and values, whether or not they are TOML.
#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The place from which it looks for values to hide: before it, it reads keys alone.
    start: usize,
    section: Vec<&'a str>,
    open: Vec<Bracket<'a>>,
    key: Vec<&'a str>,
    /// True if the key has no value yet.
    is_value_due: bool,
    /// True if the text is TOML, and shown to the person who wrote it.
    is_own: bool,
    /// True if the value before is an option of a program whose value is a secret.
    is_named: bool,
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
            let Some(first) = rest.chars().next() else { return };
            if is_line_start && !first.is_whitespace() {
                if self.begin_line(line) {
                    is_line_start = false;
                    continue;
                }
                if !matches!(first, '#' | '{' | '}' | '=' | ',' | '[' | ']') {
                    self.word(first, line, true);
                    is_line_start = false;
                    continue;
                }
            }
            match first {
                '\n' => is_line_start = true,
                '#' => {
                    self.hide_tokens(self.at..self.at + line.len());
                    self.at += line.len();
                    continue;
                }
                '{' => self.open.push(Bracket::Table(std::mem::take(&mut self.key))),
                '[' => self.open.push(Bracket::List),
                ']' => {
                    self.open.pop_if(|open| matches!(open, Bracket::List));
                }
                '}' => self.close_table(),
                // A table has one key after another, a list many values of one key.
                ',' if matches!(self.open.last(), Some(Bracket::Table(_))) => self.key.clear(),
                c if c.is_whitespace() || "=,:".contains(c) => {}
                _ => {
                    self.word(first, line, false);
                    continue;
                }
            }
            if !first.is_whitespace() {
                is_line_start = false;
                self.is_value_due &= "=:".contains(first);
            }
            self.at += first.len_utf8();
        }
    }

    /// Begins a line. Returns true if it opens a section, and was read.
    fn begin_line(&mut self, line: &'a str) -> bool {
        let is_free = self.open.is_empty() && !self.is_value_due;
        let header = header(line).filter(|header| header.is_certain || is_free);
        if header.is_some() || is_free {
            // The value on the line before does not go on.
            self.key.clear();
        }
        let Some(header) = header else { return false };
        self.section = header.name.split('.').map(str::trim).collect();
        (self.open, self.is_value_due) = (Vec::new(), false);
        self.hide_tokens(self.at..self.at + line.len());
        self.at += line.len();
        true
    }

    fn close_table(&mut self) {
        while let Some(open) = self.open.pop() {
            if let Bracket::Table(key) = open {
                self.key = key;
                return;
            }
        }
        self.key.clear();
    }

    /// Reads a key or a value, between quotes or without.
    fn word(&mut self, first: char, line: &'a str, is_line_start: bool) {
        let rest = &self.text[self.at..];
        let (quotes, length) = match first {
            '"' | '\'' => {
                let three = if first == '"' { "\"\"\"" } else { "'''" };
                match rest.strip_prefix(three) {
                    Some(inner) => (3, inner.find(three).unwrap_or(inner.len())),
                    None => (1, closed(&line[1..], first).unwrap_or(line.len() - 1)),
                }
            }
            _ => (0, bare_word(line)),
        };
        let inner = self.at + quotes..self.at + quotes + length;
        let after = (inner.end + quotes).min(self.text.len());
        self.at = after;
        let next = self.text[after..].trim_start_matches([' ', '\t']);
        let word = &self.text[inner.clone()];
        let is_first = is_line_start && self.open.is_empty() && !self.is_value_due;
        if next.starts_with('=') {
            self.key = if quotes == 0 { word.split('.').collect() } else { vec![word] };
        } else if next.starts_with(':') {
            // As in YAML, in JSON and in a header: a value may be named inside of a value.
            self.key.push(word);
        } else if is_first && (quotes == 1 || is_key_alone(word, next)) && has_more(next) {
            self.key = word.split('.').collect();
        } else {
            self.is_value_due = false;
            let is_named = std::mem::replace(&mut self.is_named, is_option(word));
            if inner.end > self.start && (self.is_hidden(word) || (is_named && !is_harmless(word)))
            {
                self.hidden.push(inner);
            } else {
                self.hide_tokens(inner);
            }
            return;
        }
        self.is_value_due = true;
        // A token in the place of a key.
        self.hide_tokens(inner);
    }

    /// True if `value` is not shown because of its key.
    fn is_hidden(&self, value: &str) -> bool {
        let tables = self.open.iter().filter_map(|open| match open {
            Bracket::List => None,
            Bracket::Table(key) => Some(key),
        });
        let mut path = self.section.iter().chain(tables.flatten()).chain(&self.key);
        if is_harmless(value) {
            return false;
        }
        let is_secret = |key: &&&str| !KNOWN_KEYS.contains(**key) && names_secret(key);
        if self.is_own {
            return path.any(|key| is_secret(&key)) && !is_plain_value(value);
        }
        if path.clone().any(|key| SENSITIVE_KEYS.contains(key)) {
            return !(is_name(value) || is_scheme(value));
        }
        let Some(last) = self.key.last() else { return false };
        let has_secret_name = path.clone().any(|key| is_secret(&key));
        if path.any(|key| OPEN_TABLES.contains(key)) {
            return has_secret_name;
        }
        if REQUEST_KEYS.contains(last) {
            return !value.chars().all(|c| c.is_ascii_alphabetic() || "_-".contains(c));
        }
        if KNOWN_KEYS.contains(last) {
            return false;
        }
        // A slip of a key is shown as the key is.
        match nearest(last, KNOWN_KEYS.iter().copied()) {
            Some(near) => (SENSITIVE_KEYS.contains(&near) || has_secret_name) && !is_name(value),
            None => has_secret_name || !is_place(value),
        }
    }

    /// Hides what looks like a secret there.
    fn hide_tokens(&mut self, place: Range<usize>) {
        if place.end <= self.start {
            return;
        }
        let text = &self.text[place.clone()];
        // A directory is shown with its grant.
        if self.is_own && matches!(self.key.last(), Some(&"path" | &"at")) {
            return;
        }
        let is_digest = self.key.last().is_some_and(|key| DIGEST_KEYS.contains(key));
        if is_digest
            && text.trim_start_matches("sha256:").bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            return;
        }
        let is_origin = self.key.last().is_some_and(|key| ORIGIN_KEYS.contains(key));
        // The user of a URL is hidden alone: its host says which is meant.
        if is_origin && text.contains("://") && user(text).is_none() {
            let behind = place.start + shown_origin(text)..place.end;
            self.hidden.extend(Some(behind).filter(|behind| !behind.is_empty()));
            return;
        }
        let places = secret_places(text).into_iter();
        let places = places.map(|own| place.start + own.start..place.start + own.end);
        self.hidden.extend(places.filter(|own| own.end > self.start));
    }
}

/// Returns the place of the user in a URL, who may have a password. `None` if it has none.
fn user(word: &str) -> Option<Range<usize>> {
    let start = word.find("://")? + "://".len();
    let end = start + word[start..].rfind('@')?;
    Some(start..end)
}

/// Returns the place at which the host of a URL ends. `None` if `word` is no URL.
fn path_start(word: &str) -> Option<usize> {
    let host = word.find("://")? + "://".len();
    Some(word[host..].find(['/', '?', '#', '\\']).map_or(word.len(), |length| host + length))
}

/// Returns the length of the word without quotes that `line` begins with. It ends before the colon that names a value.
fn bare_word(line: &str) -> usize {
    let is_end = |c: char| c.is_whitespace() || "=,[]{}#\"'".contains(c);
    let length = line.find(is_end).unwrap_or(line.len());
    let word = &line[..length];
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    match word.split_once(':') {
        // Neither a URL, nor a drive, nor a host's port.
        Some((name, value))
            if (name.len() > 1 || value.is_empty())
                && name.chars().all(is_name)
                && !value.starts_with(['/', '\\'])
                && (value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit())) =>
        {
            name.len()
        }
        _ => length,
    }
}

/// True if `word`, the first of a line, is a key whose `=` is missing: what follows, `next`, is its value.
fn is_key_alone(word: &str, next: &str) -> bool {
    let value = next.trim_start();
    let is_key = || {
        is_name(word)
            || names_secret(word)
            || word.split('.').any(|part| nearest(part, KNOWN_KEYS.iter().copied()).is_some())
    };
    value.starts_with(['"', '\'', '[', '{']) || is_key()
}

/// True if the line goes on with more than a comment.
fn has_more(next: &str) -> bool {
    !next.split(['\n', '#']).next().unwrap_or_default().trim().is_empty()
}

/// True if `value` is no secret, whatever its key: a number, or a word that stands in many manifests.
fn is_harmless(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_digit() || "_.+-".contains(c);
    value.chars().all(is_plain)
        || KNOWN_KEYS.contains(value)
        || PLAIN_WORDS.contains(&&*value.to_ascii_lowercase())
}

/// True if `value` is an option of a program, and says that its value is a secret.
fn is_option(value: &str) -> bool {
    value.starts_with('-') && !value.contains('=') && names_secret(value)
}

/// True if `value` is a host's URL and nothing behind it, or a path in the home directory.
fn is_place(value: &str) -> bool {
    let is_url = path_start(value).is_some_and(|end| matches!(&value[end..], "" | "/"));
    (is_url && user(value).is_none()) || (value.starts_with("~/") && !looks_like_token(value))
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
        let common = &rest[at..at + length];
        // Outside of backticks, text that begins so and ends otherwise is an example.
        let is_between_backticks = kept.matches('`').count() % 2 == 1;
        let is_example = length < value.len()
            && !(is_between_backticks || rest[at + length..].starts_with("..."));
        let is_example = is_example || (is_quoted && KNOWN_KEYS.contains(common));
        if (is_quoted || first.len() >= OWN_WORD) && !is_example {
            kept.push_str(HIDDEN_VALUE);
        } else {
            kept.push_str(common);
        }
        let after = &rest[at + length..];
        // Dots already stand for the end of a value that was shortened.
        rest = if is_example { after } else { after.strip_prefix(HIDDEN_VALUE).unwrap_or(after) };
    }
    kept + rest
}

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
    fn what_no_toml_has_is_hidden_behind_its_name_and_no_more_than_that() {
        for (text, expected) in [
            (
                "network = [{ secret = \"K\", before = Bearer hunter2 }]",
                "network = [{ secret = \"K\", before = Bearer ... }]",
            ),
            ("[grants]\nenv = { PW = my hunter2 }", "[grants]\nenv = { PW = ... ... }"),
            ("[grants]\nsecrets = [K hunter2]", "[grants]\nsecrets = [K ...]"),
            ("secret: hunter2", "secret: ..."),
            ("secret:hunter2", "secret:..."),
            ("TOKEN : hunter2", "TOKEN : ..."),
            ("{\"secret\": \"hunter2\"}", "{\"secret\": \"...\"}"),
            ("secrets:\n  - hunter2", "secrets:\n  - ..."),
            ("grants:\n  env:\n    PW: hunter2", "grants:\n  env:\n    PW: ..."),
            ("[grants]\nsecret \"hunter2\"", "[grants]\nsecret \"...\""),
            ("GITHUB_TOKEN hunter2", "GITHUB_TOKEN ..."),
            ("header = X-Key: hunter2", "header = X-Key: ..."),
            ("header = \"X-Key: hunter2\"", "header = \"...\""),
            ("secret =\nhunter2", "secret =\n..."),
            ("[grants.config]\napi_key = hunter2", "[grants.config]\napi_key = ..."),
            (
                "[grants]\nsecrets = [\"A_KEY\"]\n[limits",
                "[grants]\nsecrets = [\"A_KEY\"]\n[limits",
            ),
            ("env = { A = \"x\" }\n\n[[tools]", "env = { A = \"...\" }\n\n[[tools]"),
            ("secrets = [\"A\"]\nfiles [\"~/notes\"]", "secrets = [\"A\"]\nfiles [\"~/notes\"]"),
            (
                "env = { A = \"x\" }\nfiles: [\"~/notes\"]",
                "env = { A = \"...\" }\nfiles: [\"~/notes\"]",
            ),
            ("secrets = [\"A\"\n[limits\nmemory = 1 2", "secrets = [\"A\"\n[limits\nmemory = 1 2"),
            ("before = Token", "before = Token"),
            ("visible = \"no\"", "visible = \"no\""),
            ("mode = \"write\"", "mode = \"write\""),
            ("host = \"https://api.example.com\"", "host = \"https://api.example.com\""),
            ("hook = \"https://a.example/hunter2\"", "hook = \"...\""),
            ("folder = \"~/notes\"", "folder = \"~/notes\""),
            (
                "network = [https://0f3a9c4b7d2e8615.ngrok.app/v1]",
                "network = [https://0f3a9c4b7d2e8615.ngrok.app...]",
            ),
            (
                r#"network = ["https://a.example\\hunter2", "https://b.example/"]"#,
                r#"network = ["https://a.example...", "https://b.example/"]"#,
            ),
            (
                "network = [{ url = 'https://a.example,hunter2' }]",
                "network = [{ url = 'https://a.example...' }]",
            ),
            (
                "without = ['network:https://a.example#hunter2']",
                "without = ['network:https://a.example...']",
            ),
            ("network = ['https://ghp_A1b2C3d4E5f6G7h8.a.example ']", "network = ['https://...']"),
            ("permissions = [\"network\", \"env\"]", "permissions = [\"network\", \"env\"]"),
            ("this is no manifest", "this is no manifest"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn a_message_repeats_no_hidden_value_nor_its_beginning() {
        for (message, value, expected) in [
            ("found `hunter2`; write \"hunter2\"", "hunter2", "found `...`; write \"...\""),
            ("expected text, found `text`", "text", "expected text, found `...`"),
            ("found `0123456789abc...` there", "0123456789abcdefghij", "found `...` there"),
            ("Bearer 0123456789", "0123456789", "Bearer ..."),
            ("[grants] takes `network`, `files`", "network", "[grants] takes `network`, `files`"),
            ("unknown key `visible`, found `v`", "v", "unknown key `visible`, found `...`"),
            ("such as \"Authorization\"", "Authorization:", "such as \"Authorization\""),
            ("it takes `description`", "descriptions of it", "it takes `description`"),
            ("found `descriptions of it`", "descriptions of it", "found `...`"),
        ] {
            assert_eq!(without_values(message, &[value]), expected);
        }
    }
}
