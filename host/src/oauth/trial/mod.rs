//! An authorization server within tests, the keys that it signs with, and the tokens that it should never have given.

pub(crate) mod signing_key;
pub(crate) mod issuer;
mod checks;
