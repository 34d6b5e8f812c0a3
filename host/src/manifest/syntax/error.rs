//! The faults of a manifest and their places: for a terminal (many lines) and for a log (one line).
//!
//! The possible faults are not known here: every check words its own message.

use std::fmt;
use std::ops::Range;

use super::hidden_values::{hidden_values, without_values};
use super::source::SourceTexts;
use super::source_span::SourceSpan;
use crate::secret_places::{holds_secret, without_secrets};
use crate::text::escape;

/// A manifest that cannot be used. `Display` shows the offending line with a caret below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    file: Box<str>,
    place: SourceSpan,
    message: String,
    help: Option<String>,
}

impl ManifestError {
    /// An error at `place`, which is in the manifest `file` or in the local file beside it, for what shows only
    /// once the plugin is loaded.
    #[must_use]
    pub fn new(file: &str, place: SourceSpan, message: String) -> Self {
        let file = escape(&place.source_file().file(file)).into();
        Self { file, place, message: shown(&message), help: None }
    }

    /// Adds advice about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(shown(&help.into()));
        self
    }

    /// Returns the fault and what was expected, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the advice about it, where there is any.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.place.line()
    }

    /// The column in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.place.column()
    }

    /// Returns all but the snippet, on one line for logs.
    #[must_use]
    pub fn one_line(&self) -> String {
        let (file, place, message) = (&self.file, &self.place, &self.message);
        match &self.help {
            Some(help) => format!("{file}:{place}: {message}; {help}"),
            None => format!("{file}:{place}: {message}"),
        }
    }

    pub(crate) fn from_fault(file: &str, source: SourceTexts<'_>, fault: Diagnostic) -> Self {
        let Diagnostic { span, message, found, help, is_secret } = fault;
        let (_, text, own) = source.locate(span.clone());
        let is_secret = is_secret || may_hold_password(text, &own);
        let place = source.place(span);
        let hidden: Vec<_> = hidden_values(text, &own).into_iter().map(|own| &text[own]).collect();
        let message = without_values(&message, &hidden);
        let found = found.map(|found| without_values(&found, &hidden));
        let help = help.and_then(|help| advice(help, &hidden));
        if is_secret {
            return Self { help, ..Self::new(file, place.hidden(), message) };
        }
        let found = found.map(|found| format!(", found {found}")).unwrap_or_default();
        Self { help, ..Self::new(file, place, message + &found) }
    }
}

impl std::error::Error for ManifestError {}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n{}", self.file, self.place, self.message, self.place.snippet())?;
        match &self.help {
            Some(help) => write!(f, "\n{} = help: {help}", self.place.margin()),
            None => Ok(()),
        }
    }
}

/// The fault that a check found, before the file and its lines are known.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    /// The value that stands there, in words, where it may be shown.
    found: Option<String>,
    pub(crate) help: Option<String>,
    /// True if neither the value nor its line may be shown, because it may be a secret.
    is_secret: bool,
}

impl Diagnostic {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), found: None, help: None, is_secret: false }
    }

    /// Adds the value that stands there instead.
    pub(crate) fn found(self, found: impl Into<String>) -> Self {
        Self { found: Some(found.into()), ..self }
    }

    /// Keeps the value and its line from being shown: errors go to logs.
    pub(crate) fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// Moves the place by `base`.
    pub(crate) fn moved(self, base: usize) -> Self {
        Self { span: self.span.start + base..self.span.end + base, ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }
}

/// Returns `help` as it is shown. Dots stand for no value in what is to be typed: such advice is kept up to its colon,
/// or not at all.
fn advice(help: String, hidden: &[&str]) -> Option<String> {
    if without_values(&help, hidden) == help && !holds_secret(&help) {
        return Some(shown(&help));
    }
    let (words, _) = help.split_once(": ")?;
    (without_values(words, hidden) == words && !holds_secret(words)).then(|| shown(words))
}

/// True if one of the lines that `span` touches has a URL that may hold a password: one with a user, or with a
/// query.
fn may_hold_password(text: &str, span: &Range<usize>) -> bool {
    let (from, to) = (text.floor_char_boundary(span.start), text.floor_char_boundary(span.end));
    let start = text[..from].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[to.max(from)..].find('\n').map_or(text.len(), |length| to.max(from) + length);
    text[start..end].split("://").skip(1).any(|rest| {
        let url = rest.split(['"', '\'', '\n']).next().unwrap_or(rest);
        url.contains(['@', '?']) || url.contains("%40")
    })
}

/// A message as it is shown, whatever names of the manifest stand in it: on one line, safe for terminals, bounded.
fn shown(message: &str) -> String {
    shortened(message, 800)
}

/// Text of the manifest inside a message: in backticks, on one line, shortened, and without what may be a secret.
pub(crate) fn quote(text: &str) -> String {
    quote_whole(&without_secrets(text))
}

/// Text that is no secret inside a message: in backticks, on one line, shortened.
pub(crate) fn quote_whole(text: &str) -> String {
    format!("`{}`", shortened(text, 60))
}

/// At most so many characters of `text`, escaped.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((cut, _)) => format!("{}...", escape(&text[..cut])),
        None => escape(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Manifest;

    #[test]
    fn a_token_is_repeated_nowhere_wherever_it_was_put() {
        let token = format!("ghp_{}", "0123456789abcdefghij".repeat(4));
        let forms = [
            "GITHUB_TOKEN = \"{}\"",
            "GITHUB_TOKEN = {}",
            "{} = 1",
            "{}",
            "[{}]",
            "[grants]\nsecret = \"{}\"",
            "[grants]\nsecrets = [\"{}\"",
            "[grants]\nsecrets = [\n  {}\n]",
            "[grants]\nsecrets = [\"{}\"]",
            "[grants]\nenv = { T = {} }",
            "[grants]\nenv = [\"T={}\"]",
            "[grants]\nconfig = { t = {} }",
            "[grants]\nconfig = [\"{}\"]",
            "[grants]\nnetwork = [{ url = \"https://a.example\", secret = \"T\", before = \"Bearer {}\" }]",
            "[grants]\nnetwork = [\"{}\"]",
            "[grants]\nfiles = [{ path = \"{}\" }]",
            "[plugin]\nprefix = \"{}\"",
            "[limits]\nmemory = \"{}\"",
        ];
        for form in forms {
            let text = form.replace("{}", &token);
            for read in
                [Manifest::parse("a.toml", &text), Manifest::parse_with("a.toml", "", Some(&text))]
            {
                let error = read.expect_err(form);
                let told = format!("{error}\n{}", error.one_line());
                assert!(!told.contains(&token[..12]), "{told}");
            }
        }
    }

    #[test]
    fn a_secret_is_repeated_nowhere_in_the_place_of_a_name() {
        let secrets = [
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "550e8400-e29b-41d4-a716-446655440000",
            "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
            "Tr0ub4dor&3hunter2",
        ];
        let named = [
            "without = [\"env:PW={}\"]",
            "without = \"env:PW={}\"",
            "without = [\"token={}\"]",
            "without = [\"config:k={}\"]",
            "env = { \"PW={}\" = \"x\" }",
            "env = { \"PW {}\" = \"x\" }",
            "config = \"password={}\"",
            "config = [\"password={}\"]",
            "config = { api_key = { v = \"{}\" } }",
            "config = { \"\\nk={}\" = \"x\" }",
            "network = [\"https://a.example:{}\"]",
            "network = [\"https://u:{}@a.example\"]",
            "args = [\"--token\", \"{}\"]",
            "args = [\"--token={}\"]",
            "requires = [\"secret:PW={}\"]",
        ];
        // Without a name, a secret is known by its shape alone.
        let bare = [
            "without = [\"secrets:{}\"]",
            "secrets = [\"{}\"]",
            "curl -H \"Authorization: Bearer {}\"",
            "toolrack secret set X {}",
        ];
        let names = named.iter().flat_map(|form| secrets.iter().map(move |secret| (form, secret)));
        let shapes =
            bare.iter().flat_map(|form| secrets[..3].iter().map(move |secret| (form, secret)));
        let digests = secrets[..3].iter().map(|secret| (&"sha256 = \"{}\"", secret));
        let mut refused = 0;
        for (form, secret) in names.chain(shapes).chain(digests) {
            let line = form.replace("{}", secret);
            for text in [
                format!("[grants]\n{line}"),
                format!("[plugin]\n{line}"),
                format!("[[tools]]\n{line}"),
            ] {
                let read = [
                    Manifest::parse("a.toml", &text),
                    Manifest::parse_with("a.toml", "", Some(&text)),
                ];
                for error in read.into_iter().filter_map(Result::err) {
                    let told = format!("{error}\n{}", error.one_line());
                    assert!(!told.contains(&secret[..8]), "{text}\n{told}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 200, "{refused}");
    }

    #[test]
    fn a_password_is_repeated_nowhere_behind_the_key_of_a_secret() {
        let keys =
            ["secret", "secrets", "before", "GITHUB_TOKEN", "api_key", "password", "\"my key\""];
        let forms = [
            "{} = hunter2",
            "{} = my hunter2",
            "{} = Bearer hunter2",
            "{} = 'hunter2",
            "{} = \"x\" hunter2",
            "{} = \"hunter2\" x",
            "{} = [K hunter2]",
            "{} = [\"K\" \"hunter2\"]",
            "{} = [\n  hunter2\n]",
            "{} = [\n  K, hunter2\n]",
            "{} = {v = hunter2}",
            "{} = { v: hunter2 }",
            "{} hunter2",
            "{}: hunter2",
            "{} : hunter2",
            "{}:hunter2",
            "{}: \"hunter2\"",
            "{} \"hunter2\"",
            "{} => hunter2",
            "{} := hunter2",
            "{} == hunter2",
            "{}=hunter2 # c",
            "- {}: hunter2",
            "export {}=hunter2",
            "export {} = hunter2",
            "{{}: hunter2}",
            "{\"x\": {{}: \"hunter2\"}}",
            "header = X-Key: hunter2, {} = 1",
            "network = [{ url = \"https://a.example\", {} = hunter2 }]",
            "network = [{ url = \"https://a.example\", {}: hunter2 }]",
        ];
        for (key, form) in keys.iter().flat_map(|key| forms.iter().map(move |form| (key, form))) {
            let line = form.replacen("{}", key, 1);
            for text in [line.clone(), format!("[grants]\n{line}"), format!("[grants.env]\n{line}")]
            {
                let local = Manifest::parse_with("a.toml", "", Some(&text));
                for error in
                    [Manifest::parse("a.toml", &text), local].into_iter().filter_map(Result::err)
                {
                    let told = format!("{error}\n{}", error.one_line());
                    assert!(!told.contains("hunter2"), "{text}\n{told}");
                }
            }
        }
    }

    #[test]
    fn a_name_of_the_manifest_neither_hides_nor_fills_an_error() {
        for name in [r"\u202ea".to_owned(), "a".repeat(5000)] {
            let schema = format!(r#"{{"type": "object", "properties": {{"{name}": {{}}}}}}"#);
            let text = format!(
                "[[tools]]\nname = \"run\"\ndescription = \"Runs.\"\ninput_schema = '''{schema}'''\n"
            );
            let shown = Manifest::parse("a.toml", &text).expect_err("unused").to_string();
            assert!(shown.contains("the parameter `"), "{shown}");
            assert!(!shown.contains('\u{202e}') && shown.len() < 2000, "{shown}");
        }
    }
}
