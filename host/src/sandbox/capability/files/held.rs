//! The things that an open file holds beside itself, for as long as anything uses it.

use std::sync::Arc;

use wasmtime_wasi::filesystem::Descriptor;

use super::quota::{OpenMark, Quota};
use super::shares::{FileShare, OpenPlace};

/// The things that an open file or directory holds.
pub(crate) struct Held {
    /// Its place among those that are open. `None` for a directory that was granted, which is open anyway.
    pub(crate) _place: Option<OpenPlace>,
    /// The quota of the directory in which it lies. `None` where there is none.
    pub(crate) quota: Option<Arc<Quota>>,
    pub(crate) _mark: Option<OpenMark>,
}

/// An open file, with the share that its call has of the machine.
#[derive(Clone)]
pub(crate) struct OpenFile {
    pub(crate) descriptor: Descriptor,
    pub(crate) held: Arc<Held>,
    pub(crate) share: FileShare,
}
