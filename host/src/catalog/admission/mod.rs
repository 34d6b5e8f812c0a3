//! The admission of calls: after crashes, and by how often the tool was called lately.

pub(super) mod circuit;
pub(super) mod entry;
pub(super) mod token_bucket;
pub(super) mod shared_rates;
pub(super) mod rate_limiter;
pub(super) mod breaker;
