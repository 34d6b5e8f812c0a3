//! All that is known of Wasm files, kept on disk in a private directory.

pub(super) mod cache_file;
pub(super) mod seal;
pub(super) mod in_progress;
pub(super) mod warm_list;
pub(super) mod directory;
pub(super) mod warm_export;
pub(super) mod lazy_cache;
pub(super) mod load_marks;
pub(super) mod checks;
pub(super) mod listing;
