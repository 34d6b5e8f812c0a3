//! The types of a component, whichever library read them, and the shapes that values of them have.

pub(super) mod form;
pub(super) mod names;
pub(super) mod exports;
pub(super) mod outlined;
pub(super) mod compiled;
pub(super) mod shape;
