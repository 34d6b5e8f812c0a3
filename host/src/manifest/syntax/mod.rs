//! The two texts of a plugin as TOML: places, tables, keys, and what is wrong with them.

pub(super) mod nearest;
pub(super) mod keys;
pub(super) mod hidden_values;
pub(super) mod source_file;
pub(super) mod source_span;
pub(super) mod source;
pub(super) mod error;
pub(super) mod tree;
pub(super) mod table;
pub(super) mod json;
pub(super) mod readable;
