//! `toolrack secret`, and remarks on values that look wrong.

pub(super) mod remarks;
pub(super) mod command;
