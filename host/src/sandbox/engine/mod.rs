//! The setup of wasmtime: its engines, what guests can import there, its errors as text.

pub(super) mod error_text;
pub(super) mod shortage;
pub(super) mod setup;
