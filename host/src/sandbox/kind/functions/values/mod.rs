//! Values of a guest, from JSON and to it.

pub(super) mod fault;
pub(super) mod scalar;
pub(super) mod read;
pub(super) mod write;
