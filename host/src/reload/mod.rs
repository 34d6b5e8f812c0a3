//! From plugin directories to a catalog: scan, load side by side, publish.
//!
//! One bad plugin never stops the others. This version loads once, at start; it does not know
//! clients or the protocol.

mod loader;
mod scan;

pub use loader::Loader;
pub use scan::{Candidate, scan};
pub(crate) use scan::{MAX_WASM, ReadError, read_at_most};
