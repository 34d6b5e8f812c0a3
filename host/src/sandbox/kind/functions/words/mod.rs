//! The words that a model reads of a function: from the component, from a `.wit` file, or made of its name.

pub(super) mod package_docs;
pub(super) mod wit_notes;
pub(super) mod describe;
