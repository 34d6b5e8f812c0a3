//! Where the loop is in its life, and until when.

use std::time::Duration;

use tokio::time::Instant;

/// How long calls may go on without any answer once the input has ended, and answers be written at the end.
pub(super) const GRACE: Duration = Duration::from_millis(1500);

/// From the first line to the last answer.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    Serving,
    /// No more input comes; what is there is finished by the deadline, which each answer moves.
    Draining(Instant),
    /// A shutdown was asked for: the deadline stands.
    Stopping(Instant),
}

impl Phase {
    pub(super) fn is_serving(self) -> bool {
        matches!(self, Self::Serving)
    }

    pub(super) fn is_stopping(self) -> bool {
        matches!(self, Self::Stopping(_))
    }

    /// The input has ended.
    pub(super) fn draining() -> Self {
        Self::Draining(Instant::now() + GRACE)
    }

    /// A shutdown during the grace period of an ended input does not begin another.
    pub(super) fn stopping(self) -> Self {
        let deadline = Instant::now() + GRACE;
        match self {
            Self::Draining(earlier) => Self::Stopping(earlier.min(deadline)),
            Self::Serving | Self::Stopping(_) => Self::Stopping(deadline),
        }
    }

    /// As long as answers come, what was asked before the end of input is worth waiting for.
    pub(super) fn after_progress(self) -> Self {
        match self {
            Self::Draining(_) => Self::draining(),
            Self::Serving | Self::Stopping(_) => self,
        }
    }

    /// Until when anything is waited for. A catalog that is still loading has a bound of its own, and only a
    /// shutdown does not wait for it.
    pub(super) fn deadline(self, is_loading: bool) -> Option<Instant> {
        match self {
            Self::Serving => None,
            Self::Draining(_) if is_loading => None,
            Self::Draining(deadline) | Self::Stopping(deadline) => Some(deadline),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_takes_no_longer_than_draining_would_have() {
        let now = Instant::now();
        let (earlier, later) = (now + GRACE / 2, now + GRACE * 10);
        let until = |phase: Phase| phase.stopping().deadline(true);
        assert_eq!(until(Phase::Draining(earlier)), Some(earlier));
        for phase in [Phase::Serving, Phase::Draining(later), Phase::Stopping(later)] {
            let until = until(phase).expect("it ends");
            assert!((now + GRACE..later).contains(&until));
        }
    }

    #[test]
    fn nothing_ends_while_it_serves_or_loads_what_it_was_asked_for() {
        let now = Instant::now();
        assert_eq!(Phase::Serving.deadline(false), None);
        assert_eq!(Phase::Draining(now).deadline(true), None);
        assert_eq!(Phase::Draining(now).deadline(false), Some(now));
    }

    #[test]
    fn progress_gives_draining_more_time_and_stopping_none() {
        let now = Instant::now();
        let until = |phase: Phase| phase.after_progress().deadline(false);
        assert!(until(Phase::Draining(now)).is_some_and(|until| until >= now + GRACE));
        assert_eq!((until(Phase::Stopping(now)), until(Phase::Serving)), (Some(now), None));
    }
}
