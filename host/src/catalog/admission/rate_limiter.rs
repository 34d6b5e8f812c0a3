//! The pace of a tool: how often it may be called, by the rate of its plugin and by its own.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::shared_rates::{BucketName, SharedRates};
use super::token_bucket::Bucket;
use crate::manifest::Rate;
use crate::name::PluginName;
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

    /// Counts a call of this tool of this plugin, here and in the buckets that servers share, unless it is one too many.
    pub(crate) async fn take(
        &self,
        clock: impl FnOnce() -> Instant,
        (plugin, tool): (&PluginName, &str),
        shared: &SharedRates,
    ) -> Result<(), LimitHit> {
        let Self { of_plugin, own } = self;
        if own.rate.is_none() && of_plugin.rate.is_none() {
            return Ok(());
        }
        let now = clock();
        // A shared bucket holds this server's calls, too: a call that is too many here is too many there.
        own.take(now).map_err(|(rate, wait)| hit(Limit::ToolRate, rate, wait))?;
        of_plugin.take(now).map_err(|(rate, wait)| {
            own.put_back();
            hit(Limit::Rate, rate, wait)
        })?;
        let (of_tool, of_all) = (BucketName::Tool(plugin, tool), BucketName::Plugin(plugin));
        own.take_shared(of_tool, now, shared).await.map_err(|(rate, wait)| {
            of_plugin.put_back();
            hit(Limit::ToolRate, rate, wait)
        })?;
        let Err((rate, wait)) = of_plugin.take_shared(of_all, now, shared).await else {
            return Ok(());
        };
        own.put_back();
        if let Some(rate) = own.rate {
            shared.put_back(of_tool, rate).await;
        }
        Err(hit(Limit::Rate, rate, wait))
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

    /// Takes a call, which was taken here, out of the shared bucket of this name, too. Where that refuses it, the own
    /// bucket is as empty from now on: until a call can come back, no other is asked for.
    async fn take_shared(
        &self,
        name: BucketName<'_>,
        now: Instant,
        shared: &SharedRates,
    ) -> Result<(), (Rate, Duration)> {
        let Some(rate) = self.rate else { return Ok(()) };
        match shared.take(name, rate, 1).await {
            None | Some(Ok(())) => Ok(()),
            Some(Err(wait)) => {
                self.bucket().follow(rate, 1, wait, now);
                Err((rate, wait))
            }
        }
    }

    /// Puts back a call that was taken and not made.
    fn put_back(&self) {
        if let Some(rate) = self.rate {
            self.bucket().put_back(rate);
        }
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
    use std::collections::VecDeque;

    use super::super::shared_rates::{SharedBuckets, SharedFuture};
    use super::*;

    /// Takes a call of the tool `get` of the plugin `fetch`.
    fn take_shared(pace: &RateLimiter, now: Instant, shared: &SharedRates) -> Result<(), LimitHit> {
        let plugin = PluginName::new("fetch").expect("a name");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(pace.take(|| now, (&plugin, "get"), shared))
    }

    /// Shared buckets that answer as they are told, and note what they are asked.
    #[derive(Default)]
    struct ToldBuckets {
        answers: Mutex<VecDeque<Option<Result<(), Duration>>>>,
        asked: Mutex<Vec<String>>,
    }

    impl SharedBuckets for ToldBuckets {
        fn take<'a>(
            &'a self,
            bucket: BucketName<'a>,
            _: Rate,
            calls: u32,
        ) -> SharedFuture<'a, Option<Result<(), Duration>>> {
            lock(&self.asked).push(format!("{bucket:?} {calls}"));
            Box::pin(async { lock(&self.answers).pop_front().expect("an answer") })
        }

        fn put_back<'a>(&'a self, bucket: BucketName<'a>, _: Rate) -> SharedFuture<'a, ()> {
            lock(&self.asked).push(format!("back {bucket:?}"));
            Box::pin(async {})
        }
    }

    #[test]
    fn what_a_shared_bucket_refuses_counts_nowhere_and_is_not_asked_again_before_its_time() {
        let told = Arc::<ToldBuckets>::default();
        let shared = SharedRates::new(told.clone());
        let rate = |text: &str| Some(text.parse::<Rate>().expect("a rate"));
        let pace = RateLimiter::after(rate("9/min"), rate("2/min"), None, None);
        let start = Instant::now();
        let take = |seconds, answers: &[_]| {
            *lock(&told.answers) = answers.iter().copied().collect();
            let taken = take_shared(&pace, start + Duration::from_secs(seconds), &shared);
            assert!(lock(&told.answers).is_empty(), "not all were asked for");
            let asked = lock(&told.asked).drain(..).collect::<Vec<_>>();
            (taken.map_err(|hit| hit.limit), asked.len())
        };
        // Others have used up the plugin's rate: what the tool's was counted for is put back.
        let refused = |seconds| Some(Err(Duration::from_secs(seconds)));
        assert_eq!(take(0, &[Some(Ok(())), refused(5)]), (Err(Limit::Rate), 3));
        assert_eq!(take(4, &[]), (Err(Limit::Rate), 0));
        assert_eq!(take(5, &[Some(Ok(())), Some(Ok(()))]), (Ok(()), 2));
        // Nobody answers: the own buckets decide.
        assert_eq!(take(35, &[None, None]), (Ok(()), 2));
        assert_eq!(take(36, &[None, None]), (Ok(()), 2));
        assert_eq!(take(37, &[]), (Err(Limit::ToolRate), 0));
        assert_eq!(take(65, &[refused(20)]), (Err(Limit::ToolRate), 1));
        assert_eq!(take(65, &[]), (Err(Limit::ToolRate), 0));
    }

    #[test]
    fn a_call_that_the_plugins_rate_refuses_counts_for_no_rate() {
        let rate = |text: &str| Some(text.parse().expect("a rate"));
        let pace = RateLimiter::after(rate("1/s"), rate("2/h"), None, None);
        let start = Instant::now();
        let take = |millis| {
            let clock = || start + Duration::from_millis(millis);
            let looked = pace.look(clock).map_err(|hit| hit.limit);
            let taken =
                take_shared(&pace, clock(), &SharedRates::default()).map_err(|hit| hit.limit);
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
