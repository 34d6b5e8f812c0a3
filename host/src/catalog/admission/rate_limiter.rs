//! The pace of a tool: how often it may be called, by the rate of its plugin and by its own.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::token_bucket::Bucket;
use crate::manifest::Rate;
use crate::sync::lock;
use crate::tool::{Limit, LimitHit, whole_seconds};

/// The rates of one tool. What was counted goes from one version to the next.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    of_plugin: CountedRate,
    own: CountedRate,
}

/// A rate, if there is one, and the calls that were counted. The bucket has a lock, since calls count one after the
/// other; nothing is awaited under it.
#[derive(Clone, Debug, Default)]
struct CountedRate {
    rate: Option<Rate>,
    bucket: Arc<Mutex<Bucket>>,
}

impl RateLimiter {
    /// Returns rates that go on counting where the former rates have stopped: `plugin`, of any tool of the same plugin,
    /// and `tool`, of the same tool.
    pub(crate) fn after(
        of_plugin: Option<Rate>,
        own: Option<Rate>,
        plugin: Option<&Self>,
        tool: Option<&Self>,
    ) -> Self {
        let bucket = |before: Option<&CountedRate>| before.map(|counted| counted.bucket.clone());
        let (plugin, tool) =
            (bucket(plugin.map(|pace| &pace.of_plugin)), bucket(tool.map(|pace| &pace.own)));
        Self {
            of_plugin: CountedRate { rate: of_plugin, bucket: plugin.unwrap_or_default() },
            own: CountedRate { rate: own, bucket: tool.unwrap_or_default() },
        }
    }

    /// Counts a call, unless it is one too many.
    pub(crate) fn take(&self, clock: impl FnOnce() -> Instant) -> Result<(), LimitHit> {
        let Self { of_plugin, own } = self;
        if own.rate.is_none() && of_plugin.rate.is_none() {
            return Ok(());
        }
        let now = clock();
        own.take(now).map_err(|(rate, wait)| hit(Limit::ToolRate, rate, wait))?;
        of_plugin.take(now).map_err(|(rate, wait)| {
            if let Some(rate) = own.rate {
                own.bucket().put_back(rate);
            }
            hit(Limit::Rate, rate, wait)
        })
    }

    /// Checks that a call would not be one too many now, without counting it.
    pub(crate) fn look(&self, clock: impl FnOnce() -> Instant) -> Result<(), LimitHit> {
        let Self { of_plugin, own } = self;
        if own.rate.is_none() && of_plugin.rate.is_none() {
            return Ok(());
        }
        let now = clock();
        own.look(now).map_err(|(rate, wait)| hit(Limit::ToolRate, rate, wait))?;
        of_plugin.look(now).map_err(|(rate, wait)| hit(Limit::Rate, rate, wait))
    }
}

impl CountedRate {
    fn take(&self, now: Instant) -> Result<(), (Rate, Duration)> {
        let Some(rate) = self.rate else { return Ok(()) };
        self.bucket().take(rate, now).map_err(|wait| (rate, wait))
    }

    fn look(&self, now: Instant) -> Result<(), (Rate, Duration)> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut bucket = self.bucket();
        bucket.take(rate, now).map_err(|wait| (rate, wait))?;
        bucket.put_back(rate);
        Ok(())
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        lock(&self.bucket)
    }
}

fn hit(limit: Limit, rate: Rate, wait: Duration) -> LimitHit {
    let seconds = whole_seconds(wait);
    LimitHit::new(limit, format!("{rate}; the next call is possible in {seconds} s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_the_plugins_rate_refuses_counts_for_no_rate() {
        let rate = |text: &str| Some(text.parse().expect("a rate"));
        let pace = RateLimiter::after(rate("1/s"), rate("2/h"), None, None);
        let start = Instant::now();
        let take = |millis| {
            let clock = || start + Duration::from_millis(millis);
            let looked = pace.look(clock).map_err(|hit| hit.limit);
            let taken = pace.take(clock).map_err(|hit| hit.limit);
            assert_eq!(looked, taken, "to look says the same and counts nothing");
            taken
        };
        assert_eq!(take(0), Ok(()));
        for millis in [0, 1, 500] {
            assert_eq!(take(millis), Err(Limit::Rate));
        }
        assert_eq!(take(1000), Ok(()));
        assert_eq!(take(2000), Err(Limit::ToolRate));
    }
}
