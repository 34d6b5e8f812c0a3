//! The counters of the calls of a tool since the server started.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::sandbox::CallOutcome;
use crate::tool::Usage;

/// Counters of one tool's calls. With the counts for rates and of crashes, they are all of a catalog that changes; they
/// go from one version of a tool to the next.
#[derive(Debug, Default)]
pub struct Tally {
    calls: AtomicU64,
    errors: AtomicU64,
    is_brief: AtomicBool,
}

/// The most fuel of a call that takes next to nothing: well below a brief turn of a guest.
const BRIEF_FUEL: u64 = 50_000;
const BRIEF_TIME: Duration = Duration::from_millis(1);

impl Tally {
    /// Returns the number of calls that were begun.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// Returns the number of calls that ended without an answer or with a failure. A cancelled call does not count.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors.load(Relaxed)
    }

    pub(crate) fn call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    /// A call ended that kept its threads `busy` for so long, with all that was done for it.
    pub(crate) fn ended(&self, ended: &CallOutcome, busy: Duration) {
        if ended.outcome.is_err() {
            self.errors.fetch_add(1, Relaxed);
        }
        let Usage { fuel, time, .. } = ended.usage;
        let is_brief = fuel <= BRIEF_FUEL && time <= BRIEF_TIME && busy <= BRIEF_TIME;
        self.is_brief.store(is_brief, Relaxed);
    }

    /// True if the last call took next to nothing.
    pub(crate) fn is_brief(&self) -> bool {
        self.is_brief.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::{CallError, Output};

    #[test]
    fn a_tool_is_brief_whose_last_call_took_little_work_and_little_time() {
        let tally = Tally::default();
        assert!(!tally.is_brief());
        let (zero, over) = (Duration::ZERO, BRIEF_TIME + Duration::from_nanos(1));
        for (fuel, time, busy, is_brief) in [
            (BRIEF_FUEL, BRIEF_TIME, BRIEF_TIME, true),
            (BRIEF_FUEL + 1, BRIEF_TIME, BRIEF_TIME, false),
            (0, zero, zero, true),
            (BRIEF_FUEL, over, zero, false),
            (0, zero, over, false),
        ] {
            let usage = Usage { fuel, time, ..Usage::default() };
            tally.ended(&CallOutcome { outcome: Ok(Output::default()), usage, slot: None }, busy);
            assert_eq!(tally.is_brief(), is_brief, "{fuel} {time:?} {busy:?}");
        }
        tally.ended(&CallOutcome::before(CallError::Host("gone".into())), Duration::ZERO);
        assert_eq!(tally.errors(), 1);
    }
}
