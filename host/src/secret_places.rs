//! The places in a text that may hold the value of a secret: what stands behind `=` and behind the name of a secret, in a
//! URL's user and port, and whatever looks like a token. It is for text that a person put into the wrong place, so that no
//! message repeats it.
//!
//! Like the shapes of tokens this is a guess, and errs on the side of hiding.

use std::net::Ipv4Addr;
use std::ops::Range;

use crate::token_shape::{begins_like_token, looks_like_token};

/// Parts of the names of secrets, in small letters.
const SECRET_PARTS: [&str; 7] =
    ["token", "secret", "passw", "api_key", "apikey", "credential", "private"];
/// Words that make a name one of a secret where they stand in it alone, in small letters.
const SECRET_WORDS: [&str; 10] =
    ["key", "keys", "pw", "pwd", "pass", "passphrase", "auth", "authorization", "bearer", "cookie"];
/// Words that stand before or between a secret and its name, or in its place where there is none, in small letters.
const FILLER_WORDS: [&str; 22] = [
    "true", "false", "yes", "no", "on", "off", "none", "null", "bearer", "basic", "token", "bot",
    "is", "of", "for", "the", "a", "my", "to", "in", "and", "or",
];
/// The text in place of a value that is not shown.
pub(crate) const HIDDEN_VALUE: &str = "...";
/// The length from which a word may be a value by its letters alone.
const LONG_VALUE: usize = 16;
/// The most digits of a port.
const MAX_PORT_DIGITS: usize = 5;

/// True if `name` says that its value is a secret.
pub(crate) fn names_secret(name: &str) -> bool {
    let name = name.trim_start_matches('-');
    let lower = name.to_ascii_lowercase().replace(['-', ' '], "_");
    SECRET_PARTS.iter().any(|part| lower.contains(part))
        || lower.split(|c: char| !c.is_ascii_alphabetic()).any(|word| SECRET_WORDS.contains(&word))
        // As in `apiKey`.
        || name.ends_with("Key")
}

/// True if `value` is no secret, whatever its name: a number, a switch, or a path.
pub(crate) fn is_plain_value(value: &str) -> bool {
    let is_number = value.chars().all(|c| c.is_ascii_digit() || "_.+-".contains(c));
    let is_path = value.starts_with(['/', '~', '$']) && !looks_like_value(value);
    is_number || is_path || FILLER_WORDS.contains(&&*value.to_ascii_lowercase())
}

/// Returns the places of what may be values of secrets in `text`, whose words stand apart.
pub(crate) fn secret_places(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let (mut at, mut is_named) = (0, false);
    for piece in text.split_inclusive(word_ends) {
        let word = piece.trim_end_matches(word_ends);
        let named = is_named && !is_plain_value(word) && word.chars().any(char::is_alphanumeric);
        let place = if named { Some(0..word.len()) } else { value_in(word) };
        is_named = match word {
            _ if named => false,
            word if word.trim_matches(':').is_empty() => is_named,
            word => names_secret(word.trim_end_matches(':')) || (is_named && is_plain_value(word)),
        };
        places.extend(place.map(|own| at + own.start..at + own.end));
        at += piece.len();
    }
    places
}

/// Returns `value` as it is shown behind its `name`: three dots, if it may be a secret or holds one.
pub(crate) fn shown_value<'a>(name: &str, value: &'a str) -> &'a str {
    let is_hidden = is_secret_value(name, value) || !secret_places(value).is_empty();
    if is_hidden { HIDDEN_VALUE } else { value }
}

/// True if the value of `name` is a secret, as its name or its shape says.
pub(crate) fn is_secret_value(name: &str, value: &str) -> bool {
    (names_secret(name) && !is_plain_value(value)) || holds_secret(value)
}

/// Returns `text` with three dots in the places of what may be values of secrets.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut shown = text.to_owned();
    for place in secret_places(text).into_iter().rev() {
        shown.replace_range(place, HIDDEN_VALUE);
    }
    shown
}

/// True if a word of `text` looks like a secret by itself, whatever stands before it.
pub(crate) fn holds_secret(text: &str) -> bool {
    text.split(word_ends).any(|word| shaped_value(word).is_some())
}

/// Returns the length of what is shown of `url`, which was refused in the place of an origin: its scheme, its host and its
/// port. What follows may be anything, whatever sign separates it, and a host that begins like a token is none.
pub(crate) fn shown_origin(url: &str) -> usize {
    let start = url.find("://").map_or(0, |scheme| scheme + "://".len());
    // Before an `@` stands a user, and a password.
    if url.contains('@') || url.contains("%40") {
        return 0;
    }
    let rest = &url[start..];
    let is_name = |c: char| c.is_alphanumeric() || "-_.*".contains(c);
    let is_address = |c: char| c.is_ascii_hexdigit() || ":./".contains(c);
    let host = match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((inner, _)) if inner.chars().all(is_address) => inner.len() + "[]".len(),
        _ => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
    };
    if rest[..host].split('.').any(begins_like_token) {
        return start;
    }
    let number = |sign: char, from: usize| {
        let digits = rest[from..].strip_prefix(sign).unwrap_or_default();
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if (1..=MAX_PORT_DIGITS).contains(&length) { from + sign.len_utf8() + length } else { from }
    };
    let is_ipv4 = rest[..host].parse::<Ipv4Addr>().is_ok();
    let network = if is_ipv4 { number('/', host) } else { host };
    let end = start + number(':', network);
    // Signs alone are no value.
    if url[end..].contains(char::is_alphanumeric) { end } else { url.len() }
}

/// Returns the place of the value in `word`. `None` if nothing in it looks like one.
fn value_in(word: &str) -> Option<Range<usize>> {
    shaped_value(word).or_else(|| {
        let (name, value) = word.split_once('=')?;
        let is_word = value.bytes().all(|byte| byte.is_ascii_lowercase()) && !names_secret(name);
        let is_plain = word.contains("://") || is_word || is_plain_value(value);
        (!is_plain).then_some(word.len() - value.len()..word.len())
    })
}

/// Returns the place of what looks like a value by its shape alone.
fn shaped_value(word: &str) -> Option<Range<usize>> {
    if let Some(scheme) = word.find("://") {
        let host = scheme + "://".len();
        if let Some(end) = word[host..].rfind('@') {
            return Some(host..host + end);
        }
        let path = word[host..].find(['/', '?', '#', '\\']).map_or(word.len(), |end| host + end);
        let own = &word[host..path];
        let port = own.rfind(':').filter(|_| !own.ends_with(']')).map(|colon| host + colon + 1);
        let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        return match port {
            Some(port) if !is_port(&word[port..path]) => Some(port..word.len()),
            _ if word[path..].contains('?') => Some(path..word.len()),
            _ => looks_like_value(&word[path..]).then_some(path..word.len()),
        };
    }
    // Behind the kind of a grant, behind a name.
    let start = word.rfind([':', '=']).map_or(0, |sign| sign + 1);
    let whole = looks_like_value(word).then_some(0..word.len());
    looks_like_value(&word[start..]).then_some(start..word.len()).or(whole)
}

/// True if `word` looks like a token, like a key in Base64, or like a UUID.
fn looks_like_value(word: &str) -> bool {
    looks_like_token(word) || is_uuid(word) || (word.len() >= LONG_VALUE && is_base64(word))
}

fn is_uuid(word: &str) -> bool {
    let mut lengths = word.split('-').map(str::len);
    let is_hex = word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    is_hex && [8, 4, 4, 4, 12].into_iter().all(|length| lengths.next() == Some(length))
}

/// True if small letters, capitals and more alternate as they do in no name.
fn is_base64(word: &str) -> bool {
    let has = |is_it: fn(&u8) -> bool| word.bytes().any(|byte| is_it(&byte));
    let is_mixed = has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(|byte| byte.is_ascii_digit() || b"+/".contains(byte));
    is_mixed && word.split(|c: char| !c.is_ascii_alphanumeric()).map(short_humps).sum::<usize>() > 1
}

/// Returns the number of pieces of at most two letters that begin with a small letter or end before a capital, as names
/// in camel case have none.
fn short_humps(run: &str) -> usize {
    let (mut short, mut length) = (0, 0);
    let bytes = run.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_uppercase() && at > 0 && bytes[at - 1].is_ascii_lowercase() {
            short += usize::from(length <= 2);
            length = 0;
        }
        length += 1;
    }
    short
}

fn word_ends(c: char) -> bool {
    c.is_whitespace() || "\"'`<>()[]{},;".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_that_its_value_is_a_secret() {
        for name in [
            "PASSWORD",
            "DB_PASSWORD",
            "API_KEY",
            "apiKey",
            "AWS_SECRET_ACCESS_KEY",
            "PW",
            "token",
            "--token",
            "Authorization",
            "CREDENTIALS",
            "private-key",
            "DB_PWD",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in
            ["LANG", "units", "author", "keyboard", "monkey", "COMPASS", "bypass", "endpoint", ""]
        {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn a_value_that_holds_a_secret_behind_its_name_is_not_shown() {
        for value in [
            "Bearer hunter2",
            "--password=hunter2",
            "X-Api-Key: hunter2",
            "{\"token\": \"hunter2\"}",
            "https://u:hunter2@a.example",
        ] {
            assert_eq!(shown_value("x", value), HIDDEN_VALUE, "{value}");
        }
        for value in ["imperial", "New York", "~/notes", "https://a.example/v1", "8080", "a=b"] {
            assert_eq!(shown_value("x", value), value);
        }
    }

    #[test]
    fn a_refused_origin_is_shown_up_to_its_port() {
        for (url, shown) in [
            ("https://a.example", "https://a.example"),
            ("https://*.a.example:8443/v1", "https://*.a.example:8443"),
            ("https://a.example/hunter2", "https://a.example"),
            (r"https://a.example\hunter2", "https://a.example"),
            ("https://a.example#hunter2", "https://a.example"),
            ("https://a.example,hunter2", "https://a.example"),
            ("https://a.example;hunter2", "https://a.example"),
            ("https://a.example hunter2", "https://a.example"),
            ("https://a.example:hunter2", "https://a.example"),
            ("https://a.example:123456", "https://a.example"),
            ("https://u:1234@a.example", ""),
            ("https://u:1234%40a.example", ""),
            ("https://10.0.0.0/8/hunter2", "https://10.0.0.0/8"),
            ("https://[::1]:80/hunter2", "https://[::1]:80"),
            ("https://[hunter2]", "https://"),
            ("https://ghp_A1b2C3d4E5f6G7h8.example ", "https://"),
            ("a.example/hunter2", "a.example"),
            ("https://bücher.example/", "https://bücher.example/"),
            ("https://a.example:", "https://a.example:"),
        ] {
            assert_eq!(&url[..shown_origin(url)], shown, "{url}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_hidden_and_a_name_is_shown() {
        const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for (text, expected) in [
            ("env:PW=KEY", "env:PW=..."),
            ("PW=hunter2", "PW=..."),
            ("PW KEY", "PW ..."),
            ("password hunter2", "password ..."),
            ("Authorization: Bearer hunter2", "Authorization: Bearer ..."),
            ("--token hunter2", "--token ..."),
            ("secrets:KEY", "secrets:..."),
            ("network:https://u:hunter2@a.example", "network:https://...@a.example"),
            ("https://a.example:hunter2", "https://a.example:..."),
            ("https://a.example/x?key=hunter2", "https://a.example..."),
            ("x 550e8400-e29b-41d4-a716-446655440000", "x ..."),
            (r"https://a.example\KEY", "https://a.example..."),
            ("units=3", "units=3"),
            ("write=false", "write=false"),
            ("units=metric", "units=metric"),
            ("password=metric", "password=..."),
            ("config:units", "config:units"),
            ("secret:API_TOKEN", "secret:API_TOKEN"),
            ("https://[2001:db8::1]", "https://[2001:db8::1]"),
            ("https://a.example:8443/v1", "https://a.example:8443/v1"),
            ("anthropic/maxResultSizeChars2", "anthropic/maxResultSizeChars2"),
            ("files:/srv/My2Notes", "files:/srv/My2Notes"),
            ("a token of the API", "a token of the ..."),
        ] {
            let text = text.replace("KEY", KEY);
            assert_eq!(without_secrets(&text), expected, "{text}");
        }
    }
}
