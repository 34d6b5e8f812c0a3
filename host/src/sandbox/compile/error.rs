//! The reasons why bytes do not become code, and which of them may pass.

use super::super::capability::folders::FolderError;
use super::super::capability::imports::NotGranted;

/// The reason why bytes do not become code.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CompileError {
    /// The file is at fault: the same bytes will be refused again.
    #[error("{0}")]
    Refused(String),
    /// The job hit a cap, and would hit it again.
    #[error("{0}")]
    Capped(String),
    /// This machine is at fault, now: another attempt may end better.
    #[error("{0}")]
    Host(String),
    /// The job was not done, since no caller waited for it any more.
    #[error("nobody waited for its code any more")]
    Abandoned,
    /// The file holds other bytes meanwhile.
    #[error("{0}")]
    Unread(String),
    /// It imports more than it is granted.
    #[error(transparent)]
    NotGranted(#[from] NotGranted),
    /// A directory that it is granted cannot be had.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl CompileError {
    /// True if the same bytes may become code another time.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Host(_) | Self::Abandoned | Self::Unread(_) => true,
            Self::Folder(error) => error.may_pass(),
            Self::Refused(_) | Self::Capped(_) | Self::NotGranted(_) => false,
        }
    }
}

/// The reason why there is no native code.
pub(crate) enum CompileFailure {
    Refused(String),
    Panicked,
    OutOfMemory,
}

/// The message about a fault of the compiler, as far as its user can know.
pub(crate) const COMPILER_PANICKED: &str = "the code cannot be compiled: the compiler failed on it";
