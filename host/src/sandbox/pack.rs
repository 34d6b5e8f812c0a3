//! A plugin's file with a section that lists its tools, made of what its code says of them.

use super::code::link::Linked;
use super::guest::Guest;
use super::kind::listing_section::{self, ListingError};
use super::kind::tools;
use super::known_tools::{ListError, lost};
use crate::manifest::{PluginKind, Sha256Digest};
use crate::tool::CallError;

/// A plugin's file with the section.
pub struct Packed {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// The tools in the section.
    pub tools: usize,
}

/// The reason why a plugin's file gets no section.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// It is listed without one.
    #[error(
        "it is of the kind `{}`, whose tools are known without a section; only a plugin of the kind `tools` is packed",
        .0.name()
    )]
    Kind(PluginKind),
    /// Its tools are not known.
    #[error(transparent)]
    List(#[from] ListError),
}

impl From<ListingError> for PackError {
    fn from(error: ListingError) -> Self {
        Self::List(error.into())
    }
}

impl Guest {
    /// Its file with a section that lists what its code does. Code that is in the cache is kept for that file, too.
    pub async fn packed(&self) -> Result<Packed, PackError> {
        let code = self.code.get(&self.sandbox.codes).await.map_err(|error| lost(&error))?;
        let Linked::Tools(tools) = &code.linked else {
            return Err(PackError::Kind(code.linked.kind()));
        };
        let place = self.sandbox.asking.asked().await;
        let asked = tools::ask(self.runner(), tools).await.map_err(ListError::from)?;
        drop(place);
        // A host refuses what does not pass; the author is told so here.
        super::kind::contract::tools(asked.clone(), self.grants()).map_err(ListError::from)?;
        let count = asked.len();
        let wasm = self.code.wasm().clone();
        let digest = wasm.digest;
        let write = self.aside(move || {
            Ok::<_, PackError>(listing_section::write(
                &wasm.bytes().map_err(|error| lost(&error))?,
                asked,
            )?)
        });
        let bytes = write.await.map_err(|error| lost(&error))??;
        self.sandbox.codes.keep_for(Sha256Digest::of(&bytes), digest).await;
        Ok(Packed { bytes, tools: count })
    }
}

/// The number of tools that the section of `wasm` lists; `None` where it has none that a host would read.
pub fn listed_in(wasm: &[u8]) -> Result<Option<usize>, ListingError> {
    Ok(listing_section::read(wasm)?.map(|tools| tools.len()))
}

impl From<CallError> for PackError {
    fn from(error: CallError) -> Self {
        Self::List(error.into())
    }
}
