//! Statistics of calls: counted as they begin and end, and read by whoever shows them.

pub(super) mod call_counts;
pub(super) mod histogram;
pub(super) mod tool_statistics;
pub(super) mod summary;
