//! The tools that a guest offers: known from another time, told by its file, or asked for.

use super::cache::listing::Listing;
use super::cache::load_marks::LoadStep;
use super::code::link::Linked;
use super::compile::error::CompileError;
use super::guest::Guest;
use super::kind::bindings::exports::toolrack::plugin::tools as wit;
use super::kind::functions::{Docs, Notes};
use super::kind::outline::Claim;
use super::kind::tools::Tools;
use super::kind::{command, contract, tools};
use super::known_tools::{ListError, lost};
use crate::sync::lock;
use crate::tool::{CallError, Listed};

impl Guest {
    /// Returns its tools. A guest that has to be asked for them is asked under the limits of a
    /// call.
    pub async fn tools(&self) -> Result<Listed, ListError> {
        self.noted_tools(&Notes::default()).await
    }

    /// Returns its tools, with what `notes` say of functions that the component itself says nothing
    /// of.
    pub async fn noted_tools(&self, notes: &Notes) -> Result<Listed, ListError> {
        let known = lock(&self.offered.known).take();
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
                    let mut unkept = lock(&self.offered.unkept);
                    *unkept = Some(listing);
                }
                if self.is_verified() {
                    self.offered.keep(&self.sandbox.codes).await;
                }
                listed
            }
        };
        if self.kind().manifest_declares_tools() {
            return Ok(Listed::all(command::list(self.declared(), self.grants())?));
        }
        Ok(listed)
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
        let code = self.code.get(&self.sandbox.codes).await.map_err(|error| lost(&error))?;
        match &code.linked {
            Linked::Tools(tools) => {
                let _place = self.sandbox.asking.asked().await;
                let asked = self.asked(tools).await?;
                Ok(Listed::all(contract::tools(asked, self.grants())?))
            }
            Linked::Functions(functions) => {
                let docs = self.docs().await?;
                Ok(functions.descriptions().list(self.grants(), &docs, notes))
            }
            Linked::Command(_) => Ok(Listed::default()),
        }
    }

    /// Asks its code for its tools.
    pub(super) async fn asked(&self, tools: &Tools) -> Result<Vec<wit::Tool>, ListError> {
        let (codes, wasm) = (&self.sandbox.codes, self.code.wasm().digest);
        let step = codes.marks().begin_aside(wasm, LoadStep::Ask).await;
        let step = step.map_err(|left_out| CallError::Host(left_out.to_string()))?;
        let asked = tools::ask(self.runner(), tools).await?;
        step.survived();
        Ok(asked)
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
