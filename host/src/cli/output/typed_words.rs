//! The words of the command line as messages may repeat them. What may be a secret among them is not shown: errors are
//! kept by terminals, scripts and logs.
//!
//! All that a command writes to stderr goes through here, so no message has to think of it. Which word may be a secret
//! is judged by where it stands and by what stands before it, and by its shape.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::manifest::{GrantKind, SecretName};
use crate::secret_places::{
    HIDDEN_VALUE, holds_secret, is_plain_value, is_secret_value, names_secret, secret_places,
};
use crate::text::escape;
use crate::token_shape::looks_like_token;

/// The options of all commands that take a value.
pub(in crate::cli) const VALUED_OPTIONS: [&str; 40] = [
    "--allow",
    "--allow-origin",
    "--at",
    "--audit",
    "--before",
    "--client-ca",
    "--config",
    "--cpu",
    "--drain-delay",
    "--expires",
    "--for",
    "--grace",
    "--header",
    "--http",
    "--http-host",
    "--lang",
    "--lines",
    "--log",
    "--log-format",
    "--memory",
    "--metrics",
    "--name",
    "--nice",
    "--output",
    "--package",
    "--page-size",
    "--plugin",
    "--plugins",
    "--query",
    "--scope",
    "--sdk",
    "--time",
    "--timeout",
    "--tls-cert",
    "--tls-key",
    "--token-env",
    "--token-file",
    "--url",
    "-n",
    "-o",
];
/// The options that take a file, whose name is no secret, whatever the option is called.
const FILE_OPTIONS: [&str; 8] = [
    "--audit",
    "--client-ca",
    "--config",
    "--output",
    "--tls-cert",
    "--tls-key",
    "--token-file",
    "-o",
];
/// The length from which a part of a hidden word is hidden by itself.
const PART: usize = 6;
/// The number of characters by which the beginning of a hidden word is known, where the rest of it is cut off.
const BEGINNING: usize = 12;

/// The words that this process was started with.
static OWN: LazyLock<TypedWords> = LazyLock::new(|| {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    TypedWords::new(&words.collect::<Vec<_>>())
});

/// Returns `text` without what may be a secret among the words that this process was started with.
pub(crate) fn without_typed_secrets(text: &str) -> String {
    OWN.shown(text)
}

/// The words of a command line.
struct TypedWords {
    /// The words, and parts of them, that may be secrets: the longest first.
    hidden: Vec<String>,
}

impl TypedWords {
    /// Reads `words`, which stand behind the program's name.
    fn new(words: &[String]) -> Self {
        let mut found = BTreeSet::new();
        let mut positions = Vec::new();
        let mut before = "";
        for word in words {
            if !word.starts_with('-') && !VALUED_OPTIONS.contains(&before) {
                positions.push(&**word);
            }
            if before != "--plugins" && !word.starts_with("--plugins=") {
                found.extend(values_in(word, before).into_iter().map(str::to_owned));
            }
            before = word;
        }
        found.extend(by_position(&positions).map(str::to_owned));
        if positions.first() == Some(&"secret") {
            // None of its options takes a value.
            let assigned = words.iter().filter_map(|word| word.split_once('='));
            found.extend(assigned.map(|(_, value)| value.to_owned()));
        }
        let parts: Vec<_> = found.iter().flat_map(|word| parts(word)).map(str::to_owned).collect();
        found.extend(parts);
        let escaped: Vec<_> = found.iter().map(|word| escape(word)).collect();
        found.extend(escaped);
        // The name of a command or of a plugin is no secret, though it stands in the place of one as well.
        let names = match &*positions {
            ["grant" | "revoke" | "set" | "unset", _, ..] => 2,
            _ => 1,
        };
        let names = &positions[..names.min(positions.len())];
        let is_name = |word: &str| names.contains(&word) && !holds_secret(word);
        found.retain(|word| !word.is_empty() && !is_name(word));
        let mut hidden: Vec<_> = found.into_iter().collect();
        hidden.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Self { hidden }
    }

    /// Returns `text` with three dots in the place of each hidden word.
    fn shown(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, word| without(&text, word))
    }
}

/// Returns the parts of `word` that may be secrets, where `before` is the word before it.
fn values_in<'a>(word: &'a str, before: &str) -> Vec<&'a str> {
    if before == "--for" && is_riddle(word) {
        return vec![word];
    }
    // `register` takes a header with its value, `grant` its name.
    let header = match before {
        "--header" => Some(word),
        _ => word.strip_prefix("--header="),
    };
    match header.map(|header| (header, header.split_once(['=', ':']))) {
        Some((_, Some((_, value)))) => return vec![value.trim()],
        Some((header, None)) if is_riddle(header) => return vec![header],
        Some((_, None)) | None => {}
    }
    let is_of_file = |option: &str| FILE_OPTIONS.contains(&option);
    let is_named = before.starts_with('-')
        && !is_of_file(before)
        && (names_secret(before) || before == "--before")
        && !is_plain_value(word.trim())
        && !word.starts_with('-');
    if is_named {
        return vec![word];
    }
    let unknown = beyond_what_exists(word);
    let in_text = |text: &'a str| secret_places(text).into_iter().map(|own| &text[own]).collect();
    let is_kind = |name: &str| GrantKind::ALL.iter().any(|kind| kind.name() == name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let by_colon = || {
        unknown
            .split_once(':')
            .filter(|(name, _)| name.chars().all(is_plain) && names_secret(name) && !is_kind(name))
    };
    match unknown.split_once('=').or_else(by_colon) {
        Some((name, value)) if is_of_file(name) => in_text(beyond_what_exists(value)),
        Some((name, value)) if !unknown.contains("://") => {
            let value = beyond_what_exists(value);
            match is_secret_value(name, value.trim()) {
                true => [value].into_iter().chain(holds_secret(name).then_some(name)).collect(),
                false if holds_secret(name) => vec![name],
                false => in_text(value),
            }
        }
        _ => in_text(unknown),
    }
}

/// Returns the words that may be secrets by where they stand among `positions`, the words that are no options.
fn by_position<'a>(positions: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let mut found = Vec::new();
    let rest = |from: usize| positions.get(from..).unwrap_or_default().iter().copied();
    match positions {
        // It takes names of secrets alone, of which each may be the secret itself.
        ["secret", action, ..] => {
            let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
            let values = rest(2).chain([*action].into_iter().filter(|word| !is_word(word)));
            found.extend(values.filter(|word| !is_secret_name(word)));
        }
        ["grant" | "revoke" | "set" | "unset", _, kind, ..] => {
            let (kind, own) = kind.split_once([':', '.']).unwrap_or((kind, ""));
            let grants_secret = matches!(kind, "secret" | "secrets");
            let is_kind = GrantKind::ALL.iter().any(|own| own.name() == kind);
            let is_unknown = |word: &&str| is_riddle(word) && !is_kind;
            found.extend([positions[2]].into_iter().filter(is_unknown));
            if matches!(kind, "network" | "config" | "env") && positions.len() == 4 {
                found.extend(rest(3).filter(|word| is_riddle(word)));
            }
            if grants_secret {
                let values = [own].into_iter().chain(rest(3));
                found.extend(values.filter(|word| !is_secret_name(word)));
            } else if !is_kind && names_secret(kind) || names_secret(own) {
                found.extend(rest(3).filter(|word| !is_plain_value(word)));
            } else if positions.get(3).is_some_and(|key| names_secret(key) && !key.contains('=')) {
                found.extend(rest(4).filter(|word| !is_plain_value(word)));
            }
        }
        _ => {}
    }
    found.into_iter()
}

/// True if `word` may be a password: letters and digits, and nothing of a path, a host, a pair or a key.
fn is_riddle(word: &str) -> bool {
    let has = |is_it: fn(&u8) -> bool| word.bytes().any(|byte| is_it(&byte));
    let is_part = |byte: &u8| b"./:=~_".contains(byte);
    has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit) && !has(is_part)
}

/// True if `word` is the name of a secret and not the secret, as far as can be told.
fn is_secret_name(word: &str) -> bool {
    let is_capital = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    let is_name = SecretName::new(word).is_ok() && !looks_like_token(word);
    word.is_empty() || (is_name && (word.bytes().all(is_capital) || names_secret(word)))
}

/// Returns the end of `path` that lies behind the last directory of it that exists. What exists is no secret.
fn beyond_what_exists(path: &str) -> &str {
    let is_there = |path: &Path| !path.as_os_str().is_empty() && path.exists();
    // Most words are not worth a look.
    if !holds_secret(path) {
        return path;
    }
    let whole = PathBuf::from(path);
    let there =
        whole.ancestors().find(|path| is_there(path)).map_or(0, |path| path.as_os_str().len());
    path.get(there..).unwrap_or(path)
}

/// Returns the parts of a hidden `word` that messages may show by themselves, as of a path.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let is_mixed =
        |part: &&str| part.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let parts = word.split(['/', '\\', ':', '=', '@', '?', '&', ' ']);
    parts.filter(move |part| part.len() >= PART && part.len() < word.len() && is_mixed(part))
}

/// True if `text` ends in the sequence by which a terminal changes its colour.
fn ends_in_colour(text: &str) -> bool {
    let Some((_, sequence)) = text.rsplit_once("\u{1b}[") else { return false };
    let numbers = sequence.strip_suffix('m');
    numbers.is_some_and(|numbers| numbers.bytes().all(|b| b.is_ascii_digit() || b == b';'))
}

/// Returns `text` with three dots in the place of `word`, and of its beginning where dots stand for its rest.
fn without(text: &str, word: &str) -> String {
    let beginning: String = word.chars().take(BEGINNING).collect();
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(&beginning) {
        let same = rest[at..].chars().zip(word.chars()).take_while(|(one, other)| one == other);
        let length = same.map(|(c, _)| c.len_utf8()).sum::<usize>();
        let (before, after) = (&rest[..at], &rest[at + length..]);
        let is_begun =
            !ends_in_colour(before) && before.ends_with(is_of_word) && word.starts_with(is_of_word);
        let is_whole =
            length == word.len() && !(after.starts_with(is_of_word) && word.ends_with(is_of_word));
        let is_cut = length < word.len() && after.starts_with(HIDDEN_VALUE);
        shown.push_str(before);
        if !is_begun && (is_whole || is_cut) {
            shown.push_str(HIDDEN_VALUE);
            rest = if is_cut { &after[HIDDEN_VALUE.len()..] } else { after };
        } else {
            shown.push_str(&rest[at..at + length]);
            rest = after;
        }
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &[&str]) -> TypedWords {
        TypedWords::new(&typed.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    const TOKEN: &str = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
    const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[test]
    fn a_secret_among_the_words_is_shown_nowhere() {
        for typed in [
            &["grant", "w", "config", "password:@"][..],
            &["grant", "w", "env", "PW=@"],
            &["grant", "w", "env", "PW", "@"],
            &["grant", "w", "secret", "@"],
            &["grant", "w", "secret", "X", "--for", "https://u:@@a.example"],
            &["grant", "w", "secret", "X", "--before", "Bearer @"],
            &["grant", "w", "secret", "X", "--before", "@"],
            &["register", "--http", "x", "--header", "X-Any=@"],
            &["register", "--http", "x", "--header=Authorization: Basic @"],
            &["register", "--http", "x", "--header", "@"],
            &["register", "--http", "x", "--token-env", "@"],
            &["grant", "w", "files", "~/x", "--token=@"],
            &["set", "w", "password", "@"],
            &["set", "w", "env:PW", "@"],
            &["set", "w", "config.token", "@"],
            &["set", "w", "secret:X", "@"],
            &["unset", "w", "secret:@"],
            &["unset", "w", "secret", "@"],
            &["check", "password=@"],
            &["check", "--token", "@"],
            &["call", "w_x", r#"{"token":"@"}"#],
            &["add", "https://u:@@x/y"],
            &["secret", "set", "@"],
            &["secret", "A_TOKEN=@"],
            &["secret", "set", "A_TOKEN", "--file=@"],
            &["secret", "@"],
            &["unset", "w", "@"],
            &["grant", "w", "config", "@"],
            &["grant", "w", "network", "@"],
            &["grant", "w", "secret", "X", "--for", "@"],
            &["TOKEN=@"],
        ] {
            for secret in [TOKEN, KEY, "hunter2"] {
                let typed: Vec<_> =
                    typed.iter().map(|word| word.replacen('@', secret, 1)).collect();
                let message = format!("error: `{}` and {secret}", typed.join("`, `"));
                let shown = TypedWords::new(&typed).shown(&message);
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        for typed in [&["check", "@"][..], &["grant", "@", "secret", "X"], &["@"], &["logs", "./@"]]
        {
            for secret in [TOKEN, KEY] {
                let typed: Vec<_> = typed.iter().map(|word| word.replace('@', secret)).collect();
                let shown = TypedWords::new(&typed).shown(&format!("no `{}`", typed.join(" ")));
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        let words = read(&["check", KEY]);
        assert_eq!(words.shown("`toolrack check bPxRfiCYEXAMPLEKEY`"), "`toolrack check ...`");
        let words = read(&["check", TOKEN]);
        assert_eq!(words.shown("found `ghp_A1b2C3d4E5f6...`"), "found `...`");
        let words = read(&["secret", "hunter2"]);
        assert_eq!(words.shown("\u{1b}[33mhunter2\u{1b}[0m"), "\u{1b}[33m...\u{1b}[0m");
    }

    #[test]
    fn a_word_that_is_no_secret_is_shown() {
        for typed in [
            &["grant", "keys", "files", "~/notes", "--at", "/notes"][..],
            &["serve", "--tls-cert", "tls/server.pem", "--tls-key", "tls/server.key"],
            &["serve", "--tls-key=tls/server.key", "--client-ca", "private/token.key"],
            &["register", "--http", "x", "--token-file", "nosuch"],
            &["grant", "w", "secret", "GITHUB_TOKEN", "--for", "https://api.github.com"],
            &["revoke", "w", "secret", "github_token"],
            &["revoke", "w", "secret", "A_KEY", "--before", "Bearer"],
            &["set", "w", "limits.cpu", "3s"],
            &["set", "w", "tools.get_token.hidden", "true"],
            &["grant", "w", "config", "units=imperial"],
            &["grant", "w", "config", "zone=Europe/Berlin"],
            &["grant", "w", "network", "https://a.example:8443"],
            &["secret", "get", "A_TOKEN"],
            &["secret", "lst"],
            &["call", "weather_current", "place=Berlin"],
            &["check", "weather-2", "--locked"],
            &["--plugins", "/0f3a9c4b7d2e8615/x", "check"],
            &["--plugins=/0f3a9c4b7d2e8615/x", "check"],
            &["register", "emcas"],
        ] {
            let message = format!("error: `{}`", typed.join("`, `"));
            assert_eq!(read(typed).shown(&message), message);
        }
        let there = tempfile::tempdir().expect("a directory");
        let there = there.path().join("0f3a9c4b7d2e8615");
        std::fs::create_dir(&there).expect("made");
        let there = there.to_string_lossy().into_owned();
        let below = format!("{there}/missing");
        assert_eq!(read(&["add", &there, &below]).shown(&below), below);
        let entry = format!("root={below}");
        assert_eq!(read(&["grant", "w", "config", &entry]).shown(&below), below);
        // A letter of another word is no place of it.
        assert_eq!(read(&["set", "w", "password", "rror"]).shown("error: rror"), "error: ...");
    }
}
