//! The errors of reading and changing clients' files.

use std::io;
use std::path::PathBuf;

use crate::home::PrivateError;
use crate::text::{clip, escape_path, shell_word};

/// The reason why an entry was not written, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file cannot be used as it is.
    #[error("{}{error}; it was left as it is", place(file, error))]
    File {
        /// The file.
        file: PathBuf,
        /// The fault of the file.
        error: FileError,
    },
    /// Another entry has the name.
    #[error(
        "{}: `{name}` is there already and is something else: {found}; --force replaces it, --name chooses another name",
        escape_path(file)
    )]
    Taken {
        /// The file.
        file: PathBuf,
        /// The name of the entry.
        name: String,
        /// The entry that stands there.
        found: String,
    },
    /// The entry was not written by toolrack.
    #[error(
        "{}: `{name}` is not toolrack's: it starts {found}; --force removes it all the same",
        escape_path(file)
    )]
    Foreign {
        /// The file.
        file: PathBuf,
        /// The name of the entry.
        name: String,
        /// The entry that stands there.
        found: String,
    },
    /// The client takes the text of its file as it is.
    #[error(
        "it reads no variable for a token over HTTP; --token-file writes the token into its file instead"
    )]
    NoVariables,
    /// Another command is at work.
    #[error(
        "another toolrack is editing clients' files, and has not ended yet; try again when it has ended"
    )]
    Busy,
    /// No command can be kept from editing clients' files at the same time.
    #[error("{}: no lock can be made there: {error}", escape_path(directory))]
    Lock {
        /// The directory.
        directory: PathBuf,
        /// The error.
        error: PrivateError,
    },
    /// The record for undoing an edit cannot be kept.
    #[error("{}: what is needed to undo this cannot be kept: {error}", escape_path(directory))]
    Record {
        /// The directory.
        directory: PathBuf,
        /// The error.
        error: PrivateError,
    },
}

/// The fault of a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("it {0}")]
    Unreadable(String),
    /// A link leads nowhere.
    #[error("it is a link to {}, which is missing; make that file, or remove the link", escape_path(&.0))]
    Dangling(PathBuf),
    /// It is no text.
    #[error("it is not UTF-8 text")]
    NoText,
    /// Its text cannot be edited.
    #[error(transparent)]
    Edit(#[from] ConfigEditError),
    /// The owner does not want it written.
    #[error("it is read-only; make it writable first")]
    ReadOnly,
    /// Others may read it, and it is to hold a secret.
    #[error(
        "others may read it (mode {mode:o}), and it is to hold a token; close it with `chmod 600 {}`, or give the name of a variable with --token-env", shell_word(&path.to_string_lossy())
    )]
    Open {
        /// The file, past a link.
        path: PathBuf,
        /// Its rights.
        mode: u32,
    },
    /// Another program wrote it meanwhile.
    #[error("it changed while it was being edited; try again")]
    Changed,
    /// It cannot be written.
    #[error("it cannot be written: {0}")]
    Unwritable(io::Error),
}

// Not as its source: the sentence holds it already.
impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Unwritable(error)
    }
}

/// The reason why a text cannot be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigEditError {
    /// Something is not as the client reads it.
    #[error("{problem}")]
    At {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// The fault at that place.
        problem: String,
    },
    /// It is right, and written in a way that is not edited.
    #[error("{0}")]
    Form(String),
}

impl ConfigEditError {
    /// A problem at the byte `offset` of `text`.
    pub(super) fn at(text: &str, offset: usize, problem: impl Into<String>) -> Self {
        let before = clip(text, offset);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self::At {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: problem.into(),
        }
    }
}

/// Returns the beginning of an error's text: the file, and the place in it.
fn place(file: &std::path::Path, error: &FileError) -> String {
    match error {
        FileError::Edit(ConfigEditError::At { line, column, .. }) => {
            format!("{}:{line}:{column}: ", escape_path(file))
        }
        _ => format!("{}: ", escape_path(file)),
    }
}
