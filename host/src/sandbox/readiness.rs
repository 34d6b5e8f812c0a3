//! The readiness of a listed plugin to be called, and the reasons why it cannot be.

use super::compile::error::CompileError;
use super::kind::listing_section::ListingError;
use super::known_tools::ListError;

/// The reason why a plugin that was listed cannot be called.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unverified {
    /// It has no code, or none that its grants and limits allow.
    #[error(transparent)]
    Code(#[from] CompileError),
    /// Its code does not say what its tools are.
    #[error(transparent)]
    List(#[from] ListError),
    /// Its code says something else.
    #[error("{0}")]
    Disagrees(String),
}

impl Unverified {
    /// True if the plugin may be called another time.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Code(error) => error.may_pass(),
            Self::List(error) => error.may_pass(),
            Self::Disagrees(_) => false,
        }
    }
}

/// The readiness of a listed plugin to be called, as far as its code goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can, without waiting for its code to be made.
    Ready,
    /// It could, and its code is made anew because the cache has lost it.
    Remaking,
    /// Its code is not there yet, or not compared with what it is listed by.
    AwaitsCode,
    /// This machine could not make its code, or not enter it, which may be otherwise when it is loaded again.
    FailedForNow,
    /// It turned out to be none that can be served.
    Refused,
}

impl Readiness {
    /// True if a call waits for code that is on its way.
    #[must_use]
    pub fn awaits_code(self) -> bool {
        matches!(self, Self::Remaking | Self::AwaitsCode)
    }
}

impl From<ListingError> for Unverified {
    fn from(error: ListingError) -> Self {
        Self::List(error.into())
    }
}
