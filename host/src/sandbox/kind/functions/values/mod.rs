//! Values of a guest, from JSON and to it.

pub(super) mod write;
pub(super) mod fault;
pub(super) mod scalar;
pub(super) mod read;
