//! A directory as other programs have it typed: with its place and its access behind colons, as a URL, in quotation
//! marks, or as Windows has it.
//!
//! This module does not know what lies on this machine.

use crate::suggestion::SuggestedCommand;

/// The pairs of quotation marks that a shell leaves in place.
const QUOTATION_MARKS: [(char, char); 6] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];
/// The options behind a directory that let a container read it alone, or say nothing of access.
const READ_OPTIONS: [&str; 9] =
    ["ro", "r", "z", "cached", "delegated", "consistent", "readonly", "read", "private"];
/// The options that let it write.
const WRITE_OPTIONS: [&str; 3] = ["rw", "w", "write"];

/// The options that were typed with a grant.
#[derive(Debug, Default)]
pub(in crate::cli) struct GrantOptions<'a> {
    /// The place where the plugin sees a directory. `None` if none was typed.
    pub(super) at: Option<&'a str>,
    /// True if the plugin may change the directory.
    pub(super) is_writable: bool,
    /// The options that say where a secret goes, with their values.
    pub(super) binding: Vec<(&'static str, &'a str)>,
    /// The option that lets requests go out without the secret, or forbids them. `None` if it was not typed.
    pub(super) optional: Option<&'static str>,
}

/// A directory that was typed as no path, and what was most likely meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ForeignPath {
    /// The path alone.
    pub(super) path: String,
    /// The place where the plugin sees it. `None` if none was typed.
    pub(super) at: Option<String>,
    /// True if the plugin may change it.
    pub(super) is_writable: bool,
    /// The problem with what was typed.
    pub(super) problem: String,
}

impl ForeignPath {
    /// Returns `path` as it is.
    pub(super) fn plain(path: &str) -> Self {
        Self { path: path.into(), at: None, is_writable: false, problem: String::new() }
    }

    /// Reads `typed`. `None` if it may be a path as it is.
    pub(super) fn read(typed: &str) -> Option<Self> {
        let unquoted = unquoted(typed);
        let (bare, options) = without_options(unquoted);
        let (path, at) = match bare.rfind(":/") {
            // Neither a URL nor a drive.
            Some(colon)
                if colon > 1 && !bare[colon..].starts_with("://") && &bare[..colon] != "file" =>
            {
                (&bare[..colon], Some(&bare[colon + 1..]))
            }
            _ => (bare, None),
        };
        let inner = without_scheme(self::unquoted(path));
        if inner == typed || inner.is_empty() {
            return None;
        }
        let problem = match &unquoted[path.len()..] {
            "" if unquoted != typed || inner.len() == path.len() => {
                "the quotation marks are part of the path".to_owned()
            }
            "" => "a URL is no path".into(),
            tail => format!("`{tail}` is part of the path"),
        };
        Some(Self {
            path: inner.into(),
            at: at.map(str::to_owned),
            is_writable: options.is_some_and(writes),
            problem,
        })
    }

    /// Adds the arguments of `grant` that say it to `command`; `at` and `is_writable` were typed as options.
    pub(super) fn granted_by(
        &self,
        command: SuggestedCommand,
        at: Option<&str>,
        is_writable: bool,
    ) -> SuggestedCommand {
        let command = command.word(&self.path);
        let at = at.or(self.at.as_deref());
        let command = at.into_iter().fold(command, |command, at| command.option("--at", at));
        if is_writable || self.is_writable { command.flag("--write") } else { command }
    }
}

/// True if `path` is one of Windows alone: it begins with a drive or with the name of a server.
pub(super) fn is_of_windows(path: &str) -> bool {
    let mut rest = path.chars();
    let has_drive =
        rest.next().is_some_and(|c| c.is_ascii_alphabetic()) && rest.next() == Some(':');
    (has_drive && matches!(rest.next(), None | Some('/' | '\\'))) || path.starts_with(r"\\")
}

/// Returns the text between the quotation marks at its ends, of which one may be missing.
fn unquoted(text: &str) -> &str {
    for (open, close) in QUOTATION_MARKS {
        let inner = text.strip_prefix(open).unwrap_or(text);
        let inner = inner.strip_suffix(close).unwrap_or(inner);
        if inner.len() < text.len() {
            return inner;
        }
    }
    text
}

/// Divides `text` from the options behind its last colon.
fn without_options(text: &str) -> (&str, Option<&str>) {
    let is_option = |word: &str| {
        let word = word.to_ascii_lowercase();
        READ_OPTIONS.contains(&&*word) || WRITE_OPTIONS.contains(&&*word)
    };
    match text.rsplit_once(':') {
        Some((path, options)) if path.len() > 1 && options.split(',').all(is_option) => {
            (path, Some(options))
        }
        _ => (text, None),
    }
}

fn writes(options: &str) -> bool {
    let mut options = options.split(',').map(str::to_ascii_lowercase);
    options.any(|option| WRITE_OPTIONS.contains(&&*option))
}

/// Returns the path of a URL of a file on this machine.
fn without_scheme(text: &str) -> &str {
    let Some(rest) = text.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:")) else {
        return text;
    };
    let path = &text[rest.len()..];
    match path.strip_prefix("//") {
        Some(path) => path.strip_prefix("localhost").unwrap_or(path),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suggestion::CommandName;

    #[test]
    fn what_other_programs_take_is_read_as_it_was_meant() {
        for (typed, expected) in [
            ("/n:/notes:rw", "/n --at /notes --write"),
            ("/n:/notes", "/n --at /notes"),
            ("/n:/notes:RO,Z", "/n --at /notes"),
            ("/n:rw", "/n --write"),
            ("/n:RW", "/n --write"),
            ("/n:ro", "/n"),
            ("file:///home/x", "/home/x"),
            ("file://localhost/x", "/x"),
            ("file:/x", "/x"),
            ("“/n”", "/n"),
            ("\"/n", "/n"),
            ("/n'", "/n"),
            ("\"/n\":/notes", "/n --at /notes"),
            ("\"/my n:/notes:rw\"", "'/my n' --at /notes --write"),
        ] {
            let read = ForeignPath::read(typed).expect(typed);
            let command = read.granted_by(CommandName::Grant.alone(), None, false);
            assert_eq!(command.to_string(), format!("toolrack grant {expected}"), "{typed}");
        }
        for path in
            ["/n", "~/a:b", "a:b", "/it's", "C:/x", "/a:12", "", "\"", "$D/x", "https://a.example"]
        {
            assert_eq!(ForeignPath::read(path), None, "{path}");
        }
        let read = ForeignPath::read("/n:/notes").expect("a place");
        let command = read.granted_by(CommandName::Grant.alone(), Some("/mine"), true);
        assert_eq!(command.to_string(), "toolrack grant /n --at /mine --write");
    }

    #[test]
    fn a_path_of_windows_is_known() {
        for path in ["C:", "C:/Users/ada", r"c:\x", r"\\server\share"] {
            assert!(is_of_windows(path), "{path}");
        }
        for path in ["/c:/x", "CD:/x", "c:x", "a", ""] {
            assert!(!is_of_windows(path), "{path}");
        }
    }
}
