//! Plugin directories to plain data: manifests checked, Wasm files hashed.

pub(super) mod scanned;
pub(super) mod hashed_file;
pub(super) mod signature;
pub(super) mod known_files;
pub(super) mod candidate;
pub(super) mod presence;
pub(super) mod lock_reader;
pub(super) mod scanner;
