//! The tools that a guest offers: known from another time, told by its file, or asked for.

use std::sync::{Mutex, PoisonError};

use super::code::Codes;
use super::command::{self, DeclaredError};
use super::contract::{self, ToolError};
use super::functions::Docs;
use super::guest::Guest;
use super::link::Linked;
use super::listing::{Listing, ListingKey};
use super::listing_section::ListingError;
use super::outline::Claim;
use super::{CompileError, Notes, tools};
use crate::manifest::PluginKind;
use crate::tool::{CallError, Listed};

/// The tools of a guest, as far as they are known before it is asked.
#[derive(Default)]
pub(super) struct Offered {
    /// The key under which a plugin's listing is kept. `None` of a guest that is only asked what it
    /// is.
    place: Option<ListingKey>,
    /// The listing that was found there, until it is taken. `None` where none was found.
    known: Mutex<Option<Listed>>,
    /// The file's own word on its tools. `None` where they were found, or the code has to be asked.
    pub(super) claim: Option<Claim>,
    /// The listing that is to be kept once the code agrees with it. `None` where there is none.
    unkept: Mutex<Option<Listing>>,
}

impl Offered {
    /// Creates the listing that was found at `place`, where it is kept.
    pub(super) fn known(place: ListingKey, known: Listed) -> Self {
        Self { known: Mutex::new(Some(known)), ..Self::asked(place) }
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
        let listing = self.unkept.lock().unwrap_or_else(PoisonError::into_inner).take();
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

impl Guest {
    /// Returns its tools. A guest that has to be asked for them is asked under the limits of a
    /// call.
    pub async fn tools(&self) -> Result<Listed, ListError> {
        self.noted_tools(&Notes::default()).await
    }

    /// Returns its tools, with what `notes` say of functions that the component itself says nothing
    /// of.
    pub async fn noted_tools(&self, notes: &Notes) -> Result<Listed, ListError> {
        let known = self.offered.known.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A listing with notes is not kept.
        let listed = match known.filter(|_| notes.is_empty()) {
            Some(listed) => listed,
            None => {
                let listed = match &self.offered.claim {
                    Some(claim) => self.claimed(claim, notes).await?,
                    None => self.ask(notes).await?,
                };
                if notes.is_empty() {
                    let listing = Listing { kind: self.kind(), listed: listed.clone() };
                    let mut unkept =
                        self.offered.unkept.lock().unwrap_or_else(PoisonError::into_inner);
                    *unkept = Some(listing);
                }
                if self.is_verified() {
                    self.offered.keep(&self.sandbox.codes).await;
                }
                listed
            }
        };
        match self.kind() {
            PluginKind::Tools | PluginKind::Functions => Ok(listed),
            PluginKind::Command => Ok(Listed::all(command::list(self)?)),
        }
    }

    /// Lists the tools that its file says it offers.
    async fn claimed(&self, claim: &Claim, notes: &Notes) -> Result<Listed, ListError> {
        match claim {
            Claim::Listed(tools) => Ok(Listed::all(contract::tools(tools.clone(), self.grants())?)),
            Claim::Functions(types) => Ok(types.list(self.grants(), &self.docs().await?, notes)),
            Claim::Program => Ok(Listed::default()),
        }
    }

    /// Lists the tools that its code says it offers.
    async fn ask(&self, notes: &Notes) -> Result<Listed, ListError> {
        let code = self.code.get(&self.sandbox).await.map_err(|error| lost(&error))?;
        match &code.linked {
            Linked::Tools(tools) => Ok(Listed::all(tools::list(self, tools).await?)),
            Linked::Functions(functions) => {
                let docs = self.docs().await?;
                Ok(functions.descriptions().list(self.grants(), &docs, notes))
            }
            Linked::Command(_) => Ok(Listed::default()),
        }
    }

    /// Reads the author's docs of the functions, which are in the file and not in the compiled
    /// code.
    async fn docs(&self) -> Result<Docs, ListError> {
        let wasm = self.code.wasm().clone();
        let docs = self.aside(move || wasm.bytes().map(|wasm| Docs::of(&wasm)));
        docs.await.flatten().map_err(|error| match error {
            CompileError::Unread(reason) => ListError::Unread(reason),
            error => CallError::Host(error.to_string()).into(),
        })
    }
}

/// Returns the error of code that was there once and cannot be loaded again.
pub(super) fn lost(error: &CompileError) -> CallError {
    CallError::Host(format!("its code cannot be loaded again: {error}"))
}
