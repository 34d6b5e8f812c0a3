//! Where the loop is in its life, and until when.

use std::time::Duration;

use tokio::time::Instant;

/// How long calls may go on without any answer once the input has ended, and answers be written at the end.
pub(super) const GRACE: Duration = Duration::from_millis(1500);

/// How long plugins that a request waits for are waited for in all once the input has ended.
const MAX_LOADING: Duration = Duration::from_secs(60);

/// From the first line to the last answer.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    Serving,
    /// No more input comes, and the requests that were read are answered.
    Draining(Drain),
    /// A shutdown was asked for: the deadline stands.
    Stopping(Instant),
}

/// The deadlines of an ended input.
#[derive(Clone, Copy)]
pub(super) struct Drain {
    /// For the next answer.
    answer: Instant,
    /// For plugins that a request waits for.
    plugins: Instant,
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
        let now = Instant::now();
        Self::Draining(Drain { answer: now + GRACE, plugins: now + MAX_LOADING })
    }

    /// A shutdown during the grace period of an ended input does not begin another.
    pub(super) fn stopping(self) -> Self {
        let deadline = Instant::now() + GRACE;
        match self {
            Self::Draining(Drain { answer, .. }) => Self::Stopping(answer.min(deadline)),
            Self::Serving | Self::Stopping(_) => Self::Stopping(deadline),
        }
    }

    /// As long as answers come, what was asked before the end of input is worth waiting for.
    pub(super) fn after_progress(self) -> Self {
        match self {
            Self::Draining(drain) => {
                Self::Draining(Drain { answer: Instant::now() + GRACE, ..drain })
            }
            Self::Serving | Self::Stopping(_) => self,
        }
    }

    /// The time until which anything is waited for, longer while a request waits for plugins that load. A shutdown does
    /// not wait for those. `None` while it serves.
    pub(super) fn deadline(self, is_loading: bool) -> Option<Instant> {
        match self {
            Self::Serving => None,
            Self::Draining(Drain { answer, plugins }) if is_loading => Some(answer.max(plugins)),
            Self::Draining(Drain { answer: deadline, .. }) | Self::Stopping(deadline) => {
                Some(deadline)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ended input whose next answer is due then, and plugins a minute later.
    fn draining(answer: Instant) -> Phase {
        Phase::Draining(Drain { answer, plugins: answer + MAX_LOADING })
    }

    #[test]
    fn stopping_takes_no_longer_than_draining_would_have() {
        let now = Instant::now();
        let (earlier, later) = (now + GRACE / 2, now + GRACE * 10);
        let until = |phase: Phase| phase.stopping().deadline(true);
        assert_eq!(until(draining(earlier)), Some(earlier));
        for phase in [Phase::Serving, draining(later), Phase::Stopping(later)] {
            let until = until(phase).expect("it ends");
            assert!((now + GRACE..later).contains(&until));
        }
    }

    #[test]
    fn serving_never_ends_and_draining_waits_for_plugins_but_not_for_ever() {
        let now = Instant::now();
        assert_eq!(Phase::Serving.deadline(false), None);
        assert_eq!(draining(now).deadline(true), Some(now + MAX_LOADING));
        assert_eq!(draining(now).deadline(false), Some(now));
    }

    #[test]
    fn progress_gives_draining_more_time_and_stopping_none() {
        let now = Instant::now();
        let until = |phase: Phase| phase.after_progress().deadline(false);
        assert!(until(draining(now)).is_some_and(|until| until >= now + GRACE));
        assert_eq!((until(Phase::Stopping(now)), until(Phase::Serving)), (Some(now), None));
    }
}
