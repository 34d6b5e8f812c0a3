//! The file of tokens: read by servers, changed by `toolrack token`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::token::{Token, TokenName};
use crate::fs::atomic_write::{KeptOwner, Replacement};
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::fs::file_lock::FileLock;
use crate::home::{Home, PrivateError, private_directory};
use crate::suggestion::CommandName;

/// The largest file, in bytes.
const MAX_FILE: usize = 4 * 1024 * 1024;
/// The most tokens.
const MAX_TOKENS: usize = 1000;
/// The form of the file. Another form gets another number.
const FORM: u32 = 1;
/// The time for which another command that changes the file is waited for.
const OTHER_COMMAND: Duration = Duration::from_secs(10);

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
    locks: PathBuf,
}

/// The reason why tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFileError {
    /// It cannot be read.
    #[error("{path}: {error}")]
    Read {
        /// The file.
        path: String,
        /// The reason.
        error: ReadError,
    },
    /// It holds something else.
    #[error("{path}: {problem}; mend it, or move it away and add tokens anew")]
    Form {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Its directory cannot be private.
    #[error("{path}: {error}")]
    Directory {
        /// The directory.
        path: String,
        /// The reason.
        error: PrivateError,
    },
    /// It cannot be written.
    #[error("{path}: {error}")]
    Write {
        /// The file.
        path: String,
        /// The reason.
        error: io::Error,
    },
    /// Another command changes it.
    #[error("another command changes the tokens at this moment; say it again when that has ended")]
    Busy,
    /// A token has this name.
    #[error("there is a token of the name {0}; remove it first, or choose another name")]
    Known(TokenName),
    /// No token has this name.
    #[error("there is no token of the name {0}; `{list}` shows them", list = CommandName::TokenList.alone())]
    Unknown(TokenName),
    /// There are as many as there may be.
    #[error("there are {MAX_TOKENS} tokens already; remove some first")]
    TooMany,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenFileForm {
    form: u32,
    tokens: Vec<Token>,
}

impl TokenFile {
    /// The file of this home.
    #[must_use]
    pub(crate) fn of(home: &Home) -> Self {
        Self { path: home.http().join("tokens.json"), locks: home.locks() }
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The tokens, in the order in which they were made; none, if there is no file.
    pub(crate) fn read(&self) -> Result<Vec<Token>, TokenFileError> {
        self.read_if_there().map(Option::unwrap_or_default)
    }

    /// The tokens, in the order in which they were made. `None` if there is no file: there never was a token.
    pub(crate) fn read_if_there(&self) -> Result<Option<Vec<Token>>, TokenFileError> {
        let path = || crate::text::escape_path(&self.path);
        let bytes = match read_at_most(&self.path, MAX_FILE) {
            Ok(bytes) => bytes,
            Err(ReadError::Missing) => return Ok(None),
            Err(error) => return Err(TokenFileError::Read { path: path(), error }),
        };
        let wrong = |problem: String| TokenFileError::Form { path: path(), problem };
        let form: TokenFileForm =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if form.form != FORM {
            return Err(wrong(format!(
                "it has the form {}, and this toolrack knows {FORM}",
                form.form
            )));
        }
        if form.tokens.len() > MAX_TOKENS {
            return Err(wrong(format!("it holds more than {MAX_TOKENS} tokens")));
        }
        match form.tokens.iter().find(|token| !token.is_well_formed()) {
            Some(token) => Err(wrong(format!("`sha256` of {} is no SHA-256", token.name))),
            None => Ok(Some(form.tokens)),
        }
    }

    /// Adds a token.
    pub(crate) fn add(&self, token: Token) -> Result<(), TokenFileError> {
        self.change(|tokens| {
            // One that has expired is of no use to anybody.
            tokens.retain(|known| known.name != token.name || !known.has_expired());
            if tokens.iter().any(|known| known.name == token.name) {
                return Err(TokenFileError::Known(token.name));
            }
            if tokens.len() >= MAX_TOKENS {
                return Err(TokenFileError::TooMany);
            }
            tokens.push(token);
            Ok(())
        })
    }

    /// Removes a token.
    pub(crate) fn remove(&self, name: &TokenName) -> Result<(), TokenFileError> {
        self.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| token.name != *name);
            if tokens.len() == before {
                return Err(TokenFileError::Unknown(name.clone()));
            }
            Ok(())
        })
    }

    fn change(
        &self,
        change: impl FnOnce(&mut Vec<Token>) -> Result<(), TokenFileError>,
    ) -> Result<(), TokenFileError> {
        let directory = self.path.parent().unwrap_or(Path::new(""));
        for (path, private) in [
            (directory, private_directory(directory)),
            (&self.locks, private_directory(&self.locks)),
        ] {
            let path = crate::text::escape_path(path);
            private.map_err(|error| TokenFileError::Directory { path, error })?;
        }
        let lock = FileLock::new(&self.locks, "tokens").map_err(|error| {
            TokenFileError::Directory { path: crate::text::escape_path(&self.locks), error }
        })?;
        lock.take(OTHER_COMMAND).map_err(|_| TokenFileError::Busy)?;
        let mut tokens = self.read()?;
        change(&mut tokens)?;
        let form = TokenFileForm { form: FORM, tokens };
        // Names and numbers are always JSON.
        let mut bytes = serde_json::to_vec_pretty(&form).unwrap_or_default();
        bytes.push(b'\n');
        let replacement =
            Replacement { path: &self.path, old: None, is_private: true, owner: KeptOwner::Always };
        replacement.write(&bytes, || Ok::<_, io::Error>(())).map_err(|error| {
            TokenFileError::Write { path: crate::text::escape_path(&self.path), error }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewToken;
    use super::*;

    #[test]
    fn tokens_are_added_and_removed_in_a_private_file() {
        let root = tempfile::tempdir().expect("a directory");
        let file = TokenFile::of(&Home::at(root.path().join("home")));
        assert!(file.read().expect("none").is_empty());
        let name = |text: &str| text.parse::<TokenName>().expect("a name");
        let token = |text: &str, lasts| {
            NewToken::make(name(text), None, lasts).expect("random bytes").token
        };
        file.add(token("ada", None)).expect("added");
        file.add(token("bob", Some(Duration::ZERO))).expect("added");
        assert!(matches!(file.add(token("ada", None)), Err(TokenFileError::Known(_))));
        file.add(token("bob", None)).expect("the one before it has expired");
        let names: Vec<_> =
            file.read().expect("tokens").iter().map(|one| one.name.to_string()).collect();
        assert_eq!(names, ["ada", "bob"]);
        file.remove(&name("ada")).expect("removed");
        assert!(matches!(file.remove(&name("ada")), Err(TokenFileError::Unknown(_))));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file.path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let root = tempfile::tempdir().expect("a directory");
        let file = TokenFile::of(&Home::at(root.path().to_owned()));
        std::fs::create_dir(root.path().join("http")).expect("made");
        for text in [
            "",
            "[]",
            r#"{"form":2,"tokens":[]}"#,
            r#"{"form":1,"tokens":[],"more":1}"#,
            r#"{"form":1,"tokens":[{"name":"a","sha256":"00","created":1}]}"#,
            r#"{"form":1,"tokens":[{"name":"a b","sha256":"","created":1}]}"#,
        ] {
            std::fs::write(&file.path, text).expect("written");
            assert!(matches!(file.read(), Err(TokenFileError::Form { .. })), "{text}");
        }
    }
}
