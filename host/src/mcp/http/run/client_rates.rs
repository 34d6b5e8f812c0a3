//! The rate at which each principal calls tools, where the operator sets one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::{Bucket, BucketName, SharedRates};
use crate::manifest::Rate;

/// Principals whose calls are counted at once. Where there are more, one of them starts anew.
pub(crate) const MAX_COUNTED: usize = 16_384;

/// The calls of all principals, as far as they count.
pub(crate) struct ClientRates {
    rate: Option<Rate>,
    buckets: RefCell<HashMap<Arc<str>, Bucket>>,
    /// The rates that servers share.
    shared: SharedRates,
}

/// The reason why calls are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooOften {
    /// They are too many for now, but not in so much time.
    Now(Rate, Duration),
    /// They are more than there may ever be at once.
    Ever(Rate),
}

impl ClientRates {
    /// Lets each principal call at this rate. `None` lets them call as often as they like.
    pub(crate) fn new(rate: Option<Rate>, shared: SharedRates) -> Self {
        Self { rate, buckets: RefCell::default(), shared }
    }

    /// True if there is a rate.
    pub(crate) fn is_limited(&self) -> bool {
        self.rate.is_some()
    }

    /// Counts so many calls of this principal that were refused, or as many as are left.
    pub(crate) fn spend(&self, principal: &Arc<str>, calls: u64, now: Instant) {
        if let Some(rate) = self.rate {
            let calls = u32::try_from(calls).unwrap_or(u32::MAX);
            self.with_bucket(principal, now, |bucket| bucket.take_up_to(rate, calls, now));
        }
    }

    /// Counts so many calls of this principal, all or none, here and where servers count together. If they are too many,
    /// says why.
    pub(crate) async fn take(
        &self,
        principal: &Arc<str>,
        calls: usize,
        now: Instant,
    ) -> Result<(), TooOften> {
        self.take_here(principal, calls, now)?;
        let (Some(rate), Ok(calls @ 1..)) = (self.rate, u32::try_from(calls)) else {
            return Ok(());
        };
        let Some(Err(wait)) = self.shared.take(BucketName::Client(principal), rate, calls).await
        else {
            return Ok(());
        };
        // Until a call can come back, nobody has to be asked again.
        if let Some(bucket) = self.buckets.borrow_mut().get_mut(principal) {
            bucket.follow(rate, calls, wait, now);
        }
        Err(TooOften::Now(rate, wait))
    }

    fn take_here(&self, principal: &Arc<str>, calls: usize, now: Instant) -> Result<(), TooOften> {
        let Some(rate) = self.rate else { return Ok(()) };
        if calls == 0 {
            return Ok(());
        }
        self.with_bucket(principal, now, |bucket| {
            match u32::try_from(calls).ok().filter(|calls| *calls <= rate.calls()) {
                None => Err(TooOften::Ever(rate)),
                Some(calls) => {
                    bucket.take_all(rate, calls, now).map_err(|wait| TooOften::Now(rate, wait))
                }
            }
        })
    }

    fn with_bucket<T>(
        &self,
        principal: &Arc<str>,
        now: Instant,
        change: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        let mut buckets = self.buckets.borrow_mut();
        if buckets.len() >= MAX_COUNTED && !buckets.contains_key(principal) {
            buckets.retain(|_, bucket| !bucket.is_full(now));
            if buckets.len() >= MAX_COUNTED {
                // There is none that can be forgotten without a loss.
                let any = buckets.keys().next().cloned();
                any.and_then(|any| buckets.remove(&any));
            }
        }
        change(buckets.entry(principal.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_principal_has_its_own_rate_and_who_calls_no_more_is_forgotten() {
        let rate = "2/min".parse().expect("a rate");
        let rates = ClientRates::new(Some(rate), SharedRates::default());
        let now = Instant::now();
        let name = |number: usize| -> Arc<str> { number.to_string().into() };
        for principal in 0..2 {
            assert_eq!(rates.take_here(&name(principal), 1, now), Ok(()));
            assert_eq!(rates.take_here(&name(principal), 1, now), Ok(()));
            let wait = Duration::from_secs(30);
            assert_eq!(rates.take_here(&name(principal), 1, now), Err(TooOften::Now(rate, wait)));
        }
        assert_eq!(rates.take_here(&name(2), 3, now), Err(TooOften::Ever(rate)));
        assert_eq!(
            rates.take_here(&name(2), 2, now),
            Ok(()),
            "nothing was taken for what may never be"
        );
        rates.spend(&name(3), 1, now);
        assert_eq!(rates.take_here(&name(3), 1, now), Ok(()));
        rates.spend(&name(3), 256, now);
        let wait = Duration::from_secs(30);
        assert_eq!(
            rates.take_here(&name(3), 1, now),
            Err(TooOften::Now(rate, wait)),
            "and no longer"
        );
        let later = now + Duration::from_secs(30);
        assert_eq!(rates.take_here(&name(0), 1, later), Ok(()));
        for principal in 0..2 * MAX_COUNTED {
            _ = rates.take_here(&name(principal), 1, later);
        }
        assert!(rates.buckets.borrow().len() <= MAX_COUNTED);
        _ = rates.take_here(&name(usize::MAX), 1, later + Duration::from_secs(120));
        assert_eq!(rates.buckets.borrow().len(), 1);
        assert_eq!(
            ClientRates::new(None, SharedRates::default()).take_here(&name(0), 1, now),
            Ok(())
        );
    }
}
