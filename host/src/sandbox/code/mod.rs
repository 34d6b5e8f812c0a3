//! The code of plugins, in memory and on disk, joined to what it imports.

pub(super) mod shared_values;
pub(super) mod blocking;
pub(super) mod wasm_file;
pub(super) mod link;
pub(super) mod make_native;
pub(super) mod trusted_load;
pub(super) mod code_store;
pub(super) mod terms_check;
pub(super) mod lazy_code;
