//! The refusals that observers are told of in full, as a share for each principal: a call that is refused takes no place of its
//! client's, and must not push the calls of others out of what observers keep.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use crate::catalog::Bucket;
use crate::manifest::Rate;
use crate::sync::lock;

/// The refused messages of one principal that observers are told of in full: so many at once, and as many a minute.
const MAX_FULL_REFUSALS: u32 = 60;
const FULL_REFUSALS: Rate = Rate::a_minute(MAX_FULL_REFUSALS);
/// Principals whose refusals are counted at once. Where there are more, one of them starts anew.
const MAX_REFUSED_PRINCIPALS: usize = 1024;

/// The shares. A lock and not a snapshot: calls end on many threads, and it is held to count one.
#[derive(Default)]
pub(super) struct RefusalShares(Mutex<HashMap<Box<str>, Bucket>>);

impl RefusalShares {
    /// Takes one refusal out of the share of `principal`. Returns false if nothing is left of it.
    pub(super) fn take(&self, principal: &str, now: Instant) -> bool {
        let mut shares = lock(&self.0);
        if shares.len() >= MAX_REFUSED_PRINCIPALS && !shares.contains_key(principal) {
            shares.retain(|_, share| !share.is_full(now));
            if shares.len() >= MAX_REFUSED_PRINCIPALS {
                // There is none that can be forgotten without a loss.
                let any = shares.keys().next().cloned();
                any.and_then(|any| shares.remove(&any));
            }
        }
        let share = shares.entry(principal.into()).or_default();
        share.take(FULL_REFUSALS, now).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_principal_has_its_own_share_and_their_number_is_bounded() {
        let (shares, now) = (RefusalShares::default(), Instant::now());
        let taken = |principal: &str, now| (0..100).filter(|_| shares.take(principal, now)).count();
        assert_eq!((taken("ada", now), taken("bob", now)), (60, 60));
        assert_eq!(taken("ada", now + Duration::from_secs(5)), 5);
        for principal in 0..2 * MAX_REFUSED_PRINCIPALS {
            assert!(shares.take(&principal.to_string(), now));
        }
        assert!(lock(&shares.0).len() <= MAX_REFUSED_PRINCIPALS);
    }
}
