//! The bounds on questions to a Redis, and on the bytes that it may send.

use crate::catalog::MAX_SHARED_ANSWER;

/// Questions about rates at once. Further calls wait for those, and then this server alone counts them.
pub(crate) const MAX_COUNTING: usize = 256;
/// Calls that look for shared bytes at once. Further ones wait for those, and then do without.
pub(crate) const MAX_FETCHING: usize = 16;
/// Answers that wait to be kept. Further ones are not shared.
pub(crate) const MAX_KEEPING: usize = 16;

/// The most bytes of the answer of a script, of which two numbers are expected.
const MAX_COUNT_BYTES: usize = 1024;
/// The most bytes that come while no question is answered: the answers of all that are asked at once.
pub(crate) const MAX_UNANSWERED: usize =
    MAX_FETCHING * (MAX_SHARED_ANSWER + MAX_COUNT_BYTES) + MAX_COUNTING * MAX_COUNT_BYTES;
