//! Where the loop is in its life, and until when.

use std::time::Duration;

use tokio::time::Instant;

/// The time that calls may go on without any answer once the input has ended, and that answers may be written after a
/// shutdown.
const GRACE: Duration = Duration::from_millis(1500);

/// The time that a client may go without reading answers that wait for it, once it can ask nothing more: it may be a
/// pipeline whose end is slow to start. If the client is gone and a program that it started has inherited the pipe,
/// the answers are never read.
pub(crate) const READER_WAIT: Duration = Duration::from_secs(10);

/// The time in all that plugins are waited for, on behalf of requests, once the input has ended.
const MAX_LOADING: Duration = Duration::from_secs(60);

/// From the first line to the last answer.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    Serving,
    /// No more input comes, and the requests that were read are answered.
    Draining(Drain),
    /// A shutdown was asked for: the deadline stands.
    Stopping(Instant),
}

/// The deadlines of an ended input.
#[derive(Clone, Copy)]
pub(crate) struct Drain {
    /// The time at which the last answer was made or read.
    progress: Instant,
    /// The deadline for plugins that a request waits for.
    plugins: Instant,
}

/// The things to wait for, beside calls, once no more input comes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Awaited {
    /// True if a request waits for plugins that load.
    pub(crate) plugins: bool,
    /// True if answers wait for the client to read them.
    pub(crate) reader: bool,
}

impl Phase {
    pub(crate) fn is_serving(self) -> bool {
        matches!(self, Self::Serving)
    }

    pub(crate) fn is_stopping(self) -> bool {
        matches!(self, Self::Stopping(_))
    }

    /// The input has ended.
    pub(crate) fn draining() -> Self {
        let now = Instant::now();
        Self::Draining(Drain { progress: now, plugins: now + MAX_LOADING })
    }

    /// A shutdown during the grace period of an ended input does not begin another.
    pub(crate) fn stopping(self) -> Self {
        let deadline = Instant::now() + GRACE;
        match self {
            Self::Draining(Drain { progress, .. }) => {
                Self::Stopping(deadline.min(progress + GRACE))
            }
            Self::Serving | Self::Stopping(_) => Self::Stopping(deadline),
        }
    }

    /// As long as answers come and are read, what was asked before the end of input is worth waiting for.
    pub(crate) fn after_progress(self) -> Self {
        match self {
            Self::Draining(drain) => Self::Draining(Drain { progress: Instant::now(), ..drain }),
            Self::Serving | Self::Stopping(_) => self,
        }
    }

    /// The time until which anything is waited for, longer while a request waits for plugins that load, or the client is
    /// slow to read. A shutdown waits for neither. `None` while it serves.
    pub(crate) fn deadline(self, awaited: Awaited) -> Option<Instant> {
        let Drain { progress, plugins } = match self {
            Self::Serving => return None,
            Self::Draining(drain) => drain,
            Self::Stopping(deadline) => return Some(deadline),
        };
        let plugins = awaited.plugins.then_some(plugins);
        let reader = awaited.reader.then(|| progress + READER_WAIT);
        plugins.into_iter().chain(reader).fold(progress + GRACE, Instant::max).into()
    }

    /// The time until which answers are written when nothing else is waited for.
    pub(crate) fn last_deadline(self) -> Instant {
        let soon = Instant::now() + GRACE;
        match self {
            Self::Draining(Drain { progress, .. }) => soon.max(progress + READER_WAIT),
            Self::Serving | Self::Stopping(_) => soon,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Awaited = Awaited { plugins: false, reader: false };
    const PLUGINS: Awaited = Awaited { plugins: true, ..NOTHING };
    const READER: Awaited = Awaited { reader: true, ..NOTHING };

    /// An ended input whose last progress was then, and plugins due a minute later.
    fn draining(progress: Instant) -> Phase {
        Phase::Draining(Drain { progress, plugins: progress + MAX_LOADING })
    }

    #[test]
    fn stopping_takes_no_longer_than_draining_would_have() {
        let now = Instant::now();
        let (earlier, later) = (now - GRACE / 2, now + GRACE * 10);
        let until = |phase: Phase| phase.stopping().deadline(PLUGINS);
        assert_eq!(until(draining(earlier)), Some(earlier + GRACE));
        for phase in [Phase::Serving, draining(later), Phase::Stopping(later)] {
            let until = until(phase).expect("it ends");
            assert!((now + GRACE..later).contains(&until));
        }
    }

    #[test]
    fn serving_never_ends_and_draining_waits_for_plugins_but_not_for_ever() {
        let now = Instant::now();
        assert_eq!(Phase::Serving.deadline(NOTHING), None);
        assert_eq!(draining(now).deadline(PLUGINS), Some(now + MAX_LOADING));
        assert_eq!(draining(now).deadline(NOTHING), Some(now + GRACE));
    }

    #[test]
    fn progress_gives_draining_more_time_and_stopping_none() {
        let now = Instant::now();
        let until = |phase: Phase| phase.after_progress().deadline(NOTHING);
        assert!(until(draining(now - GRACE)).is_some_and(|until| until >= now + GRACE));
        assert_eq!((until(Phase::Stopping(now)), until(Phase::Serving)), (Some(now), None));
    }

    #[test]
    fn a_reader_has_more_time_than_a_call_and_none_of_a_shutdown() {
        let now = Instant::now();
        assert_eq!(draining(now).deadline(READER), Some(now + READER_WAIT));
        assert_eq!(Phase::Stopping(now).deadline(READER), Some(now));
        assert_eq!(draining(now).last_deadline(), now + READER_WAIT);
        let late = draining(now - READER_WAIT).last_deadline();
        assert!((now + GRACE..now + READER_WAIT).contains(&late));
    }
}
