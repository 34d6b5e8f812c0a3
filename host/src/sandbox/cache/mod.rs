//! All that is known of Wasm files, kept on disk in a private directory.

pub(super) mod cache_file;
pub(super) mod checks;
pub(super) mod directory;
pub(super) mod in_progress;
pub(super) mod lazy_cache;
pub(super) mod listing;
pub(super) mod seal;
