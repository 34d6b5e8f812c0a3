//! The words that a model reads of a function: from the component, from a `.wit` file, or made of its name.

pub(super) mod describe;
pub(super) mod docs;
pub(super) mod notes;
