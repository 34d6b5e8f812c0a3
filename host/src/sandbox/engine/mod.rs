//! The setup of wasmtime: its engines, what guests can import there, its errors as text.

pub(super) mod engines;
pub(super) mod error_text;
pub(super) mod linker;
pub(super) mod setup;
pub(super) mod shortage;
