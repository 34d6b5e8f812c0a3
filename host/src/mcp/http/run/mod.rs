//! Requests that run, what all of them share, and how they are answered.

pub(super) mod health;
pub(super) mod in_step;
pub(super) mod byte_budget;
pub(super) mod shares;
pub(super) mod client_rates;
pub(super) mod views;
pub(super) mod exchange;
pub(super) mod refusal_counts;
pub(super) mod answer;
