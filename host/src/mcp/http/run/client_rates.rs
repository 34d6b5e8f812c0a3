//! The rate at which each principal calls tools, where the operator sets one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::Bucket;
use crate::manifest::Rate;

/// Principals whose calls are counted at once. Where there are more, one of them starts anew.
pub(crate) const MAX_COUNTED: usize = 16_384;

/// The calls of all principals, as far as they count.
pub(crate) struct ClientRates {
    rate: Option<Rate>,
    buckets: RefCell<HashMap<Arc<str>, Bucket>>,
}

impl ClientRates {
    /// Lets each principal call at this rate. `None` lets them call as often as they like.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self { rate, buckets: RefCell::default() }
    }

    /// Counts a call of this principal. If it is one too many, returns the rate, and the time until the next.
    pub(crate) fn take(&self, principal: &Arc<str>, now: Instant) -> Result<(), (Rate, Duration)> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut buckets = self.buckets.borrow_mut();
        if buckets.len() >= MAX_COUNTED && !buckets.contains_key(principal) {
            buckets.retain(|_, bucket| !bucket.is_full(now));
            if buckets.len() >= MAX_COUNTED {
                // There is none that can be forgotten without a loss.
                let any = buckets.keys().next().cloned();
                any.and_then(|any| buckets.remove(&any));
            }
        }
        let bucket = buckets.entry(principal.clone()).or_default();
        bucket.take(rate, now).map_err(|wait| (rate, wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_principal_has_its_own_rate_and_who_calls_no_more_is_forgotten() {
        let rates = ClientRates::new(Some("2/min".parse().expect("a rate")));
        let now = Instant::now();
        let name = |number: usize| -> Arc<str> { number.to_string().into() };
        for principal in 0..2 {
            assert_eq!(rates.take(&name(principal), now), Ok(()));
            assert_eq!(rates.take(&name(principal), now), Ok(()));
            let (_, wait) = rates.take(&name(principal), now).expect_err("one too many");
            assert_eq!(wait, Duration::from_secs(30));
        }
        let later = now + Duration::from_secs(30);
        assert_eq!(rates.take(&name(0), later), Ok(()));
        for principal in 0..2 * MAX_COUNTED {
            _ = rates.take(&name(principal), later);
        }
        assert!(rates.buckets.borrow().len() <= MAX_COUNTED);
        _ = rates.take(&name(usize::MAX), later + Duration::from_secs(120));
        assert_eq!(rates.buckets.borrow().len(), 1);
        assert_eq!(ClientRates::new(None).take(&name(0), now), Ok(()));
    }
}
