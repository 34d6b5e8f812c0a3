//! TOML texts, of a plugin and of the configuration: places, tables, keys, and what is wrong with them.

pub(super) mod nearest;
pub(crate) mod keys;
pub(super) mod hidden_values;
pub(super) mod source_file;
pub(super) mod source_span;
pub(crate) mod source;
pub(crate) mod error;
pub(super) mod tree;
pub(crate) mod table;
pub(super) mod json;
pub(super) mod readable;
