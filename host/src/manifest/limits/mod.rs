//! `[limits]`: amounts with units, their ranges, and rates.

pub(super) mod notation;
pub(super) mod units;
pub(super) mod rate;
pub(super) mod rules;
pub(super) mod amount;
