//! The words of a client's file that may be shown: toolrack's own, and the names of entries. Everything else in it is
//! somebody else's, and may be a secret.

use std::collections::BTreeSet;

use super::entry::{FoundEntry, ServerEntry, WRITTEN_MEMBERS, WrittenEntry, are_written};
use super::http_entry::{HttpEntry, WantedEntry};
use crate::secret_places::HIDDEN_VALUE;

/// Texts that an entry holds beside what is decided: transports.
const TRANSPORTS: [&str; 2] = ["stdio", "http"];

/// The words of a client's file that may be shown.
#[derive(Clone, Debug, Default)]
pub(super) struct ShownWords(BTreeSet<String>);

impl ShownWords {
    /// Words of the file under whose `key` the entries `names` stand.
    pub(super) fn new(key: &str, names: impl IntoIterator<Item = String>) -> Self {
        let mut words = Self::default();
        let own = [key].into_iter().chain(TRANSPORTS).chain(WRITTEN_MEMBERS);
        words.add(own.map(str::to_owned).chain(names));
        words
    }

    /// Adds those of the entry that `wanted` is written as.
    pub(super) fn with_wanted(
        self,
        name: &str,
        wanted: &WantedEntry,
        written: &WrittenEntry,
    ) -> Self {
        match wanted {
            WantedEntry::Program(program) => self.with_entry(name, program),
            WantedEntry::Http(server) => self.with_http(name, server, written),
        }
    }

    /// Adds those of an entry for a server over HTTP: all but the values of headers and the token.
    fn with_http(mut self, name: &str, server: &HttpEntry, written: &WrittenEntry) -> Self {
        self.add([name.to_owned()]);
        let secrets = server.secrets();
        let is_secret = |text: &str| secrets.iter().any(|secret| text == secret);
        for (_, value) in &written.members {
            let inner = value.as_object().into_iter().flatten();
            let names = inner.clone().map(|(name, _)| name.clone());
            let texts = inner.filter_map(|(_, value)| value.as_str());
            let listed = value.as_array().into_iter().flatten().filter_map(|value| value.as_str());
            let texts = texts.chain(listed).chain(value.as_str());
            let texts = texts.filter(|text| !is_secret(text)).map(str::to_owned);
            self.add(names.chain(texts));
        }
        self
    }

    /// Adds those of an entry that toolrack writes.
    fn with_entry(mut self, name: &str, entry: &ServerEntry) -> Self {
        let ServerEntry { command, args, env } = entry;
        let args = args.iter().filter(|_| are_written(args));
        let env = env.iter().flat_map(|(name, value)| [name, value]);
        self.add([name.to_owned(), command.clone()]);
        self.add(args.chain(env).cloned());
        self
    }

    /// Adds those of an entry that is found, if it is toolrack's.
    pub(super) fn with_found(self, name: &str, found: &FoundEntry) -> Self {
        match &found.command {
            Some(command) if found.is_toolrack() => {
                let (command, args, env) =
                    (command.clone(), found.args.clone(), found.decided_env());
                self.with_entry(name, &ServerEntry { command, args, env })
            }
            _ => self,
        }
    }

    fn add(&mut self, words: impl IntoIterator<Item = String>) {
        for word in words {
            // As it is written between quotes.
            let quoted = serde_json::Value::from(word.as_str()).to_string();
            self.0.insert(quoted[1..quoted.len() - 1].to_owned());
            self.0.insert(word);
        }
    }

    /// Returns `line` with three dots in the place of each word that is not shown. Brackets, commas, colons, equals signs
    /// and blanks are no words.
    pub(super) fn masked(&self, line: &str) -> String {
        let is_mark = |c: char| c.is_whitespace() || "{}[]:,=.".contains(c);
        let (mut shown, mut rest) = (String::new(), line);
        while let Some(first) = rest.chars().next() {
            if is_mark(first) {
                shown.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
            let quote = matches!(first, '"' | '\'').then_some(first);
            let inner = &rest[quote.map_or(0, char::len_utf8)..];
            let length = match quote {
                Some(quote) => end_of_quoted(inner, quote),
                None => {
                    inner.find(|c| is_mark(c) || matches!(c, '"' | '\'')).unwrap_or(inner.len())
                }
            };
            let (word, after) = inner.split_at(length);
            rest = match quote {
                Some(quote) => after.strip_prefix(quote).unwrap_or(after),
                None => after,
            };
            let quote = quote.map(String::from).unwrap_or_default();
            let word = if word.is_empty() || self.0.contains(word) { word } else { HIDDEN_VALUE };
            shown.push_str(&format!("{quote}{word}{quote}"));
        }
        shown
    }
}

/// Returns the length of the text before the quote that closes it, or of all of it.
fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let is_end = *c == quote && !is_escaped;
        is_escaped = *c == '\\' && quote == '"' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_line_shows_toolracks_own_words_and_names_of_entries_alone() {
        let entry = ServerEntry {
            command: r"C:\t\toolrack.exe".into(),
            args: vec!["serve".into()],
            env: BTreeMap::from([("TOOLRACK_HOME".to_owned(), "/h".to_owned())]),
        };
        let words = ShownWords::new("mcpServers", ["gh".to_owned()]).with_entry("toolrack", &entry);
        for (line, expected) in [
            (
                r#"{"mcpServers":{"gh":{"args":["--token=hunter2"],"env":{"K":"hunter2"}},"#,
                r#"{"mcpServers":{"gh":{"args":["..."],"env":{"...":"..."}},"#,
            ),
            (
                r#"  "toolrack": { "command": "C:\\t\\toolrack.exe", "args": ["serve"], "env": { "TOOLRACK_HOME": "/h" } },"#,
                r#"  "toolrack": { "command": "C:\\t\\toolrack.exe", "args": ["serve"], "env": { "TOOLRACK_HOME": "/h" } },"#,
            ),
            (r#"    "PASSWORD": "hunt\"er2" }"#, r#"    "...": "..." }"#),
            ("bearer = 'hunter2' # hunter2", "... = '...' ... ..."),
            (r#""pin": 4711, // "hunter2"#, r#""...": ..., ... "...""#),
            ("[mcp_servers.gh.env]", "[....gh.env]"),
            ("hunter2", "..."),
        ] {
            assert_eq!(words.masked(line), expected);
        }
    }
}
