//! The judgement of requests: where they may go, and what of them the host puts in or covers.

pub(super) mod address;
pub(super) mod allow;
pub(super) mod bind;
pub(super) mod covered;
