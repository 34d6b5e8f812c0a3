//! The tools of a guest, as far as they are known before it is asked, and the reasons why they are not.

use std::sync::Mutex;

use super::cache::listing::{Listing, ListingKey};
use super::code::code_store::Codes;
use super::compile::error::CompileError;
use super::kind::command::DeclaredError;
use super::kind::contract::ToolError;
use super::kind::listing_section::ListingError;
use super::kind::outline::Claim;
use crate::sync::lock;
use crate::tool::{CallError, Listed};

/// The tools of a guest, as far as they are known before it is asked.
#[derive(Default)]
pub(super) struct KnownTools {
    /// The key under which a plugin's listing is kept. `None` of a guest that is only asked what it
    /// is.
    place: Option<ListingKey>,
    /// True if the listing was found there: then all of it has been read before.
    pub(super) was_kept: bool,
    /// The listing that was found there, until it is taken. `None` where none was found.
    pub(super) known: Mutex<Option<Listed>>,
    /// The file's own word on its tools. `None` where they were found, or the code has to be asked.
    pub(super) claim: Option<Claim>,
    /// The listing that is to be kept once the code agrees with it. `None` where there is none.
    pub(super) unkept: Mutex<Option<Listing>>,
}

impl KnownTools {
    /// Creates the listing that was found at `place`, where it is kept.
    pub(super) fn known(place: ListingKey, known: Listed) -> Self {
        Self { known: Mutex::new(Some(known)), was_kept: true, ..Self::asked(place) }
    }

    /// Creates a listing that the file claims. It is kept at `place` once the code agrees.
    pub(super) fn claimed(place: ListingKey, claim: Claim) -> Self {
        Self { claim: Some(claim), ..Self::asked(place) }
    }

    /// Creates a listing that the code is asked for. It is kept at `place`.
    pub(super) fn asked(place: ListingKey) -> Self {
        Self { place: Some(place), ..Self::default() }
    }

    /// Keeps `problem`, the difference between the code and the file.
    pub(super) async fn keep_disagreement(&self, codes: &Codes, problem: &str) {
        if let Some(place) = self.place {
            place.keep_disagreement(codes, problem.to_owned()).await;
        }
    }

    /// Keeps the listing that the code has agreed with.
    pub(super) async fn keep(&self, codes: &Codes) {
        let listing = lock(&self.unkept).take();
        if let Some((place, listing)) = self.place.zip(listing) {
            place.keep(codes, listing).await;
        }
    }
}

/// The reason why a guest's tools are not known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ListError {
    /// Listing ended like a failed call.
    #[error("listing its tools failed: {0}")]
    Call(#[from] CallError),
    /// A tool in the list breaks a rule.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The section that lists its tools is of no use.
    #[error(transparent)]
    Section(#[from] ListingError),
    /// The docs of its functions could not be read.
    #[error("{0}")]
    Unread(String),
    /// A tool that the manifest declares breaks a rule.
    #[error(transparent)]
    Declared(#[from] DeclaredError),
}

impl ListError {
    /// True if the same guest may say what its tools are another time.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Call(error) => error.may_pass(),
            Self::Unread(_) => true,
            Self::Tool(_) | Self::Section(_) | Self::Declared(_) => false,
        }
    }
}

/// Returns the error of code that was there once and cannot be loaded again.
pub(super) fn lost(error: &CompileError) -> CallError {
    CallError::Host(format!("its code cannot be loaded again: {error}"))
}
