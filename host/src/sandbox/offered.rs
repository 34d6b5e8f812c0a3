//! What a guest offers: known from another time, or asked for.

use std::sync::{Mutex, PoisonError};

use super::command::{self, DeclaredError};
use super::contract::ToolError;
use super::functions::Docs;
use super::guest::{Guest, lost};
use super::link::Linked;
use super::listing::{Listing, Place};
use super::{Notes, functions, tools};
use crate::manifest::Kind;
use crate::tool::{CallError, Listed};

/// What is known of it before anybody asks.
#[derive(Default)]
pub(super) struct Offered {
    /// Where it is kept; of a plugin.
    place: Option<Place>,
    /// What was found there, until somebody asks.
    known: Mutex<Option<Listed>>,
}

impl Offered {
    /// It is kept there, where this was found.
    pub(super) fn at(place: Place, known: Option<Listed>) -> Self {
        Self { place: Some(place), known: Mutex::new(known) }
    }
}

/// Why a guest's tools are not known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ListError {
    /// Listing ended like a failed call.
    #[error("listing its tools failed: {0}")]
    Call(#[from] CallError),
    /// A tool in the list breaks a rule.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// What it says of its functions could not be read.
    #[error("{0}")]
    Unread(String),
    /// A tool that the manifest declares breaks one.
    #[error(transparent)]
    Declared(#[from] DeclaredError),
}

impl Guest {
    /// Its tools. A guest that has to be asked for them is asked under the limits of a call.
    pub async fn tools(&self) -> Result<Listed, ListError> {
        self.noted_tools(&Notes::default()).await
    }

    /// The same, with what `notes` say of functions that the component itself says nothing of.
    pub async fn noted_tools(&self, notes: &Notes) -> Result<Listed, ListError> {
        let known = self.offered.known.lock().unwrap_or_else(PoisonError::into_inner).take();
        // What notes say is kept by nobody.
        let listed = match known.filter(|_| notes.is_empty()) {
            Some(listed) => listed,
            None => {
                let listed = self.ask(notes).await?;
                if let Some(place) = self.offered.place.filter(|_| notes.is_empty()) {
                    let listing = Listing { kind: self.kind(), listed: listed.clone() };
                    place.keep(&self.sandbox.codes, listing).await;
                }
                listed
            }
        };
        match self.kind() {
            Kind::Tools | Kind::Functions => Ok(listed),
            Kind::Command => Ok(Listed::all(command::list(self)?)),
        }
    }

    /// What its code says that it offers.
    async fn ask(&self, notes: &Notes) -> Result<Listed, ListError> {
        let code = self.code.get(&self.sandbox).await.map_err(|error| lost(&error))?;
        match &code.linked {
            Linked::Tools(tools) => {
                // Bounded like calls, so that there is room for all in the pool.
                let _listing = self.sandbox.listings.acquire().await;
                Ok(Listed::all(tools::list(self, tools).await?))
            }
            Linked::Functions(functions) => {
                // What the author wrote of the functions is not in the compiled code.
                let wasm = self.code.wasm().clone();
                let docs = self.aside(move || wasm.bytes().map(|wasm| Docs::of(&wasm)));
                let docs = docs.await.flatten();
                let docs = docs.map_err(|error| ListError::Unread(error.to_string()))?;
                Ok(functions::list(functions, &self.grants, &docs, notes))
            }
            Linked::Command(_) => Ok(Listed::default()),
        }
    }
}
