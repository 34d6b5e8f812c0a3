//! An authorization server within tests, the keys that it signs with, and the tokens that it should never have given.

#[cfg_attr(not(test), allow(dead_code, reason = "tests sign with keys of all kinds"))]
pub(crate) mod signing_key;
pub(crate) mod forged;
#[cfg(test)]
pub(crate) mod issuer;
#[cfg(test)]
mod checks;
