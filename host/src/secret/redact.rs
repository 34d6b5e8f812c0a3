//! Taking secrets out of text: in each usual spelling, and in base64.
//!
//! This keeps accidents out of logs and answers: an error that quotes a request, a server that echoes
//! one. A plugin that was told a secret and means to give it away can always spell it another way.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Secret;
use super::spellings::{Fit, Spellings};
use crate::manifest::SecretName;

/// The shortest value that is taken out, in bytes: shorter ones stand in honest text by chance.
pub const MIN_REDACTED: usize = 6;
/// The shortest line of a value of several lines that is taken out by itself.
const MIN_LINE: usize = 16;

/// Takes the values of some secrets out of texts.
pub struct Redactor {
    /// The texts that show a secret. Of two that begin at one place the longer is taken.
    plain: Spellings,
    /// The same in base64, where line breaks may stand.
    base64: Spellings,
    /// The marks that replace them, by the places of the texts.
    marks: Vec<Box<str>>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new([])
    }
}

impl Redactor {
    /// A redactor of these secrets. Those shorter than [`MIN_REDACTED`] are left out.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a SecretName, &'a Secret)>) -> Self {
        let (mut plain, mut base64) = (Spellings::new(false), Spellings::new(true));
        let mut marks: Vec<Box<str>> = Vec::new();
        for (name, secret) in secrets {
            let value = secret.expose();
            if value.len() < MIN_REDACTED {
                continue;
            }
            let lines = value.lines().map(str::trim);
            let lines = lines.filter(|line| line.len() >= MIN_LINE && *line != value);
            for text in std::iter::once(value).chain(lines) {
                plain.add(text, marks.len());
                encoded(text, |text| base64.add(text, marks.len()));
            }
            marks.push(format!("[secret {name}]").into());
        }
        Self { plain, base64, marks }
    }

    /// True if there is nothing to take out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// `bytes` without the secrets, if one was in it.
    #[must_use]
    pub fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut shown: Option<Vec<u8>> = None;
        let (mut at, mut copied) = (0, 0);
        while at < bytes.len() {
            match self.fit(&bytes[at..], true) {
                Fit::Whole(found, length) => {
                    let mark = &self.marks[found.place];
                    let shown = shown.get_or_insert_default();
                    shown.extend_from_slice(&bytes[copied..at]);
                    shown.extend_from_slice(mark.as_bytes());
                    at += length;
                    copied = at;
                }
                Fit::Begun(_) | Fit::Not => at += 1,
            }
        }
        shown.map(|mut shown| {
            shown.extend_from_slice(&bytes[copied..]);
            shown
        })
    }

    /// Takes the secrets out of the front of `bytes`, leaves the length as it is, and says how long the front is: what comes
    /// after may be the beginning of one, and is to be asked about again with what follows. At the end of all that comes,
    /// it is the whole.
    pub fn cover(&self, bytes: &mut [u8], is_end: bool) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            at += match self.fit(&bytes[at..], is_end) {
                Fit::Whole(found, length) => {
                    let mark = self.marks[found.place].bytes().chain(std::iter::repeat(b'*'));
                    for (byte, shown) in bytes[at..at + length].iter_mut().zip(mark) {
                        *byte = shown;
                    }
                    length
                }
                Fit::Begun(_) => return at,
                Fit::Not => 1,
            };
        }
        at
    }

    /// Returns the length of the front of `bytes` that no secret begins in which may go on behind them.
    #[must_use]
    pub fn decided(&self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            at += match self.fit(&bytes[at..], false) {
                Fit::Whole(_, length) => length,
                Fit::Begun(_) => return at,
                Fit::Not => 1,
            };
        }
        at
    }

    /// `text` without the secrets.
    #[must_use]
    pub fn text(&self, text: String) -> String {
        // A secret is valid UTF-8, so it begins and ends where characters do.
        match self.bytes(text.as_bytes()) {
            Some(shown) => String::from_utf8_lossy(&shown).into_owned(),
            None => text,
        }
    }

    /// Takes out of `texts`, which are read one after another, the secrets that begin in one of them and end in a later
    /// one. Each text keeps its length.
    pub fn cover_across<'a>(&self, texts: impl IntoIterator<Item = &'a mut String>) {
        let texts: Vec<_> = texts.into_iter().collect();
        let whole = texts.iter().map(|text| text.as_str()).collect::<String>().into_bytes();
        let mut shown = whole.clone();
        self.cover(&mut shown, true);
        if shown == whole {
            return;
        }
        let mut rest = &shown[..];
        for text in texts {
            let (own, after) = rest.split_at(text.len());
            // Marks are ASCII, and a secret begins and ends where characters do.
            *text = String::from_utf8_lossy(own).into_owned();
            rest = after;
        }
    }

    /// JSON text without the secrets in its strings, keys and numbers, if one was in it. All else stays
    /// byte for byte.
    #[must_use]
    pub fn json(&self, json: &str) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let mut shown = String::with_capacity(json.len());
        let mut changed = false;
        let mut rest = json;
        while !rest.is_empty() {
            let (token, after) = rest.split_at(token(rest));
            rest = after;
            let plain = match token.as_bytes()[0] {
                b'"' => serde_json::from_str(token).ok(),
                _ => Some(token.to_owned()),
            };
            let redacted = plain.and_then(|plain| self.bytes(plain.as_bytes()));
            match redacted {
                Some(bytes) => {
                    changed = true;
                    let text = String::from_utf8_lossy(&bytes);
                    shown.push_str(&serde_json::Value::from(text.into_owned()).to_string());
                }
                None => shown.push_str(token),
            }
        }
        changed.then_some(shown)
    }

    /// Decides whether `bytes` begin with a secret.
    fn fit(&self, bytes: &[u8], is_end: bool) -> Fit {
        match self.is_empty() {
            true => Fit::Not,
            false => self.plain.fit(bytes, is_end).or(self.base64.fit(bytes, is_end)),
        }
    }
}

/// Gives the base64 of `value`, at any offset in a longer text.
fn encoded(value: &str, mut give: impl FnMut(&str)) {
    for before in 0..3 {
        let bytes = [&[0; 2][..before], value.as_bytes()].concat();
        // Characters that the value alone decides: those at the edges hold bits of their neighbours.
        let (first, last) = ([0, 2, 3][before], bytes.len() * 8 / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            give(&engine.encode(&bytes)[first..last]);
        }
    }
}

/// The length of the first string, of the first run of a number's or word's characters, or of one other
/// character.
fn token(json: &str) -> usize {
    let bytes = json.as_bytes();
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    if bytes[0] != b'"' {
        let length = bytes.iter().take_while(|byte| word(byte)).count();
        return if length > 0 { length } else { json.chars().next().map_or(1, char::len_utf8) };
    }
    let mut escaped = false;
    let end = bytes[1..].iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(values: &[&str]) -> Redactor {
        let secrets: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let name = SecretName::new(&format!("S{at}")).expect("a name");
                (name, Secret::new((*value).to_owned()))
            })
            .collect();
        Redactor::new(secrets.iter().map(|(name, secret)| (name, secret)))
    }

    #[track_caller]
    fn check(values: &[&str], text: &str, expected: &str) {
        assert_eq!(redactor(values).text(text.to_owned()), expected);
    }

    #[test]
    fn a_value_is_replaced_by_its_name() {
        check(&["hunter2"], "x hunter2 y hunter2", "x [secret S0] y [secret S0]");
        check(&["hunter2"], "hunter", "hunter");
        check(&["short"], "short", "short");
        check(&["hunter2", "hunter2-long"], "hunter2-long", "[secret S1]");
        check(&["a b/c=d%é"], "q=a+b%2fc%3Dd%25%C3%A9&r", "q=[secret S0]&r");
        check(&["say \"hi\"\n"], r#"{"a":"say \"hi\"\n"}"#, r#"{"a":"[secret S0]"}"#);
        let key = "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG\n-----END-----\n";
        check(&[key], "MIIEvQIBADANBgkqhkiG", "[secret S0]");
        let lines = "  0123456789abcdef\r\n0123456789abcde\n";
        check(&[lines], "0123456789abcdef 0123456789abcde", "[secret S0] 0123456789abcde");
    }

    #[test]
    fn what_spellings_begin_with_costs_no_more_however_often_it_stands() {
        // A square of these would not come to an end.
        for byte in [b'\\', b'%', b'&', b'+'] {
            assert_eq!(redactor(&["hunter2"]).bytes(&vec![byte; 4 << 20]), None);
        }
    }

    #[test]
    fn many_long_secrets_cost_hardly_more_than_one() {
        // Eight keys of 28 lines, whose 1,700 spellings were each looked for at each byte: 17 s for four megabytes.
        let line = |key: usize, line: usize| {
            let digest = crate::manifest::Sha256Digest::of(format!("{key} {line}").as_bytes());
            format!("{digest}")
        };
        let keys: Vec<String> =
            (0..8).map(|key| (0..28).map(|at| line(key, at) + "\n").collect()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let (many, one) = (redactor(&keys), redactor(&keys[..1]));
        let took = |secrets: &Redactor, text: &[u8]| {
            let began = std::time::Instant::now();
            assert_eq!(secrets.bytes(text), None);
            began.elapsed()
        };
        for byte in *b"a0\\%&+M" {
            let text = vec![byte; 1 << 20];
            let (one, many) = (took(&one, &text), took(&many, &text));
            assert!(many < one * 20 + std::time::Duration::from_millis(200), "{one:?}, {many:?}");
        }
    }

    #[test]
    fn json_keeps_its_bytes_around_a_secret() {
        let secrets = redactor(&["hunter2", "12345678"]);
        let shown = secrets.json(r#"{ "b":1e400, "hunter2": ["h\u0075nter2", 12345678, "ü"] }"#);
        let expected = r#"{ "b":1e400, "[secret S0]": ["[secret S0]", "[secret S1]", "ü"] }"#;
        assert_eq!(shown.as_deref(), Some(expected));
        assert_eq!(secrets.json(r#"{"a": "\"\\", "b": null}"#), None);
    }

    proptest! {
        #[test]
        fn no_spelling_survives(
            value in "[ -~é\n]{6,40}",
            before in proptest::collection::vec(any::<u8>(), 0..5),
            after in proptest::collection::vec(any::<u8>(), 0..5),
        ) {
            prop_assume!(!"[secret S0]".contains(&value));
            let secrets = redactor(&[&value]);
            let shown = |bytes: &[u8]| secrets.bytes(bytes).unwrap_or_else(|| bytes.to_vec());
            let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
            let inside = [&before[..], value.as_bytes(), &after[..]].concat();
            prop_assert!(!holds(&shown(&inside), value.as_bytes()));
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let shown = shown(engine.encode(&inside).as_bytes());
                prop_assert!(holds(&shown, b"[secret S0]"), "{}", String::from_utf8_lossy(&shown));
            }
            let percent: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(shown(percent.as_bytes()), b"[secret S0]");
            prop_assert_eq!(shown(percent.to_lowercase().as_bytes()), b"[secret S0]");
            let url: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            prop_assert_eq!(shown(url.as_bytes()), b"[secret S0]");
            let json = serde_json::json!({ "a": [value], "b": 1 }).to_string();
            prop_assert_eq!(secrets.json(&json).expect("changed"), r#"{"a":["[secret S0]"],"b":1}"#);
        }
    }
}
