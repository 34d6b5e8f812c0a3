//! Help, completions, manual pages, and what was probably meant.

pub(super) mod help;
pub(super) mod pages;
pub(super) mod tips;
