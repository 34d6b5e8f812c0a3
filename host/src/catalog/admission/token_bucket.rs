//! A bucket of calls: it counts how often something was called lately, and says if one more call may be made.
//!
//! The rule is GCRA, the generic cell rate algorithm: all that is kept is the time at which the bucket is full again.
//! `token_bucket.lua` is the same rule for a store that several servers share.
//!
//! Pure: it is told the time. What is called is not known here.

use std::time::{Duration, Instant};

use crate::manifest::Rate;

/// A bucket that holds as many calls as the rate has in its time; each comes back after an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The time at which it is full again. `None` at the start: it is full then.
    full: Option<Instant>,
}

impl Bucket {
    /// Takes a call out at `now`. If there is none, returns the time until there is one.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.take_all(rate, 1, now)
    }

    /// Takes so many calls out at `now`, which are no more than the rate has in its time. If there are not so many, takes
    /// none, and returns the time until there are.
    pub(crate) fn take_all(
        &mut self,
        rate: Rate,
        calls: u32,
        now: Instant,
    ) -> Result<(), Duration> {
        let empty = now + rate.interval() * rate.calls();
        // Under another rate the bucket may have been emptier than it can be under this one.
        let before = self.full.map_or(now, |full| full.clamp(now, empty));
        let full = before + rate.interval() * calls;
        if full > empty {
            self.full = Some(before);
            return Err(full - empty);
        }
        self.full = Some(full);
        Ok(())
    }

    /// Makes it as empty as another bucket of this rate is at `now`, which refused so many calls for so long.
    pub(crate) fn follow(&mut self, rate: Rate, calls: u32, wait: Duration, now: Instant) {
        let empty = now + rate.interval() * rate.calls();
        let full = (empty + wait).checked_sub(rate.interval() * calls);
        self.full = Some(full.map_or(empty, |full| full.clamp(now, empty)));
    }

    /// Takes so many calls out at `now`, or all that there are.
    pub(crate) fn take_up_to(&mut self, rate: Rate, calls: u32, now: Instant) {
        let empty = now + rate.interval() * rate.calls();
        let before = self.full.map_or(now, |full| full.clamp(now, empty));
        self.full =
            Some(before + rate.interval() * calls.min(rate.calls())).map(|full| full.min(empty));
    }

    /// True if it is full at `now`: nothing of it has to be remembered.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.full.is_none_or(|full| full <= now)
    }

    /// Puts back a call that was taken and not made.
    pub(crate) fn put_back(&mut self, rate: Rate) {
        self.full = self.full.and_then(|full| full.checked_sub(rate.interval()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    #[cfg(unix)]
    use crate::fuzz::redis::TrialRedis;

    #[cfg(unix)]
    const SCRIPT: &str = include_str!("token_bucket.lua");

    /// The script decides as the bucket does, call by call, also where the rate changes meanwhile. It is given the time,
    /// and counts in nanoseconds, as the bucket does.
    #[cfg(unix)]
    #[test]
    fn the_script_for_redis_decides_as_the_bucket_does() {
        use proptest::test_runner::{Config, TestRunner};

        let Some(redis) = TrialRedis::start() else { return };
        let clock = "local t = redis.call('TIME'); local now = t[1] * 1000000 + t[2]";
        let lifetime = "math.ceil((full - now) / 1000) + 1";
        assert!(SCRIPT.contains(clock) && SCRIPT.contains(lifetime));
        let script = SCRIPT.replace(clock, "local now = tonumber(ARGV[4])");
        // The time that it is given is not the one that keys end by.
        let script = script.replace(lifetime, "3600000");
        let redis = std::cell::RefCell::new(redis);
        let rarely = prop::bool::weighted(0.1);
        let call = (rate(), rarely, 1..20u32, 0..3_000u64, rarely);
        let calls = prop::collection::vec(call, 1..60);
        let config = Config { cases: 100, failure_persistence: None, ..Config::default() };
        let (mut runner, buckets) = (TestRunner::new(config), std::cell::Cell::new(0));
        let run = runner.run(&calls, |calls| {
            buckets.set(buckets.get() + 1);
            let key = format!("{{a}}:{}", buckets.get());
            let (start, mut bucket) = (Instant::now(), Bucket::default());
            let (mut since, mut rate) = (Duration::from_secs(1), calls[0].0);
            for (other, changes, cost, pause, is_not_made) in calls {
                if changes {
                    rate = other;
                }
                let cost = cost.min(rate.calls());
                since += rate.interval().mul_f64(pause as f64 / 1000.0);
                let own = bucket.take_all(rate, cost, start + since);
                let eval = |calls: i64| {
                    let numbers = [
                        rate.interval().as_nanos() as i128,
                        rate.calls().into(),
                        calls.into(),
                        since.as_nanos() as i128,
                    ];
                    let arguments = numbers.map(|number| number.to_string());
                    redis.borrow_mut().eval(&script, &key, &arguments)
                };
                let shared = eval(cost.into());
                let own = own.map_or_else(|wait| [0, wait.as_nanos() as i64], |()| [1, 0]);
                prop_assert_eq!(shared, own, "{} {} {:?}", rate, cost, since);
                if is_not_made && own == [1, 0] {
                    bucket.put_back(rate);
                    prop_assert_eq!(eval(-1), [1, 0]);
                }
            }
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{error}"));
    }

    fn rate() -> impl Strategy<Value = Rate> {
        let period = prop_oneof![Just("s"), Just("min"), Just("h")];
        (1..200u32, period)
            .prop_map(|(calls, period)| format!("{calls}/{period}").parse().expect("a rate"))
    }

    proptest! {
        /// No span of time has more calls than the bucket held and what came back, however the calls come.
        #[test]
        fn no_time_has_more_calls_than_the_rate_allows(
            rate in rate(),
            pauses in prop::collection::vec(0..3_000u64, 1..400),
        ) {
            let (mut now, mut bucket, mut taken) = (Instant::now(), Bucket::default(), Vec::new());
            for pause in pauses {
                // A pause is given in thousandths of an interval.
                now += rate.interval().mul_f64(pause as f64 / 1000.0);
                match bucket.take(rate, now) {
                    Ok(()) => taken.push(now),
                    Err(wait) => {
                        let mut later = bucket;
                        prop_assert!(wait <= rate.interval() && wait > Duration::ZERO);
                        prop_assert_eq!(later.take(rate, now + wait), Ok(()));
                        let early = wait - Duration::from_nanos(1);
                        prop_assert!(bucket.take(rate, now + early).is_err());
                    }
                }
            }
            for (at, first) in taken.iter().enumerate() {
                for (more, last) in taken[at..].iter().enumerate() {
                    let back = (*last - *first).as_nanos() / rate.interval().as_nanos();
                    prop_assert!(more as u128 <= u128::from(rate.calls()) + back);
                }
            }
        }

        #[test]
        fn a_full_bucket_gives_all_it_holds_at_once_and_a_call_put_back_is_there_again(rate in rate()) {
            let (now, mut bucket) = (Instant::now(), Bucket::default());
            for _ in 0..rate.calls() {
                prop_assert_eq!(bucket.take(rate, now), Ok(()));
            }
            prop_assert!(bucket.take(rate, now).is_err());
            bucket.put_back(rate);
            prop_assert_eq!(bucket.take(rate, now), Ok(()));
            prop_assert!(bucket.take(rate, now).is_err());
        }

        #[test]
        fn a_bucket_that_follows_another_refuses_for_as_long(rate in rate(), taken in 0..200u32, calls in 1..200u32) {
            let (now, mut other, mut own) = (Instant::now(), Bucket::default(), Bucket::default());
            let calls = calls.min(rate.calls());
            for _ in 0..taken.min(rate.calls()) {
                prop_assert_eq!(other.take(rate, now), Ok(()));
            }
            if let Err(wait) = other.take_all(rate, calls, now) {
                own.follow(rate, calls, wait, now);
                prop_assert_eq!(own.take_all(rate, calls, now), Err(wait));
                prop_assert_eq!(own.take_all(rate, calls, now + wait), Ok(()));
            }
            // A time that no bucket of this rate takes leaves an empty one.
            own.follow(rate, 1, rate.period() * 2, now);
            prop_assert_eq!(own.take(rate, now), Err(rate.interval()));
        }

        #[test]
        fn calls_are_taken_together_or_not_at_all(rate in rate(), before in 0..200u32, calls in 1..200u32) {
            let (now, mut bucket) = (Instant::now(), Bucket::default());
            let (before, calls) = (before % rate.calls(), calls.min(rate.calls()));
            for _ in 0..before {
                prop_assert_eq!(bucket.take(rate, now), Ok(()));
            }
            let (mut together, mut apart) = (bucket, bucket);
            let has_room = (0..calls).all(|_| apart.take(rate, now).is_ok());
            match together.take_all(rate, calls, now) {
                Ok(()) => prop_assert!(has_room && together == apart),
                Err(wait) => {
                    prop_assert!(!has_room && together.full == bucket.full.or(Some(now)));
                    prop_assert_eq!(together.take_all(rate, calls, now + wait), Ok(()));
                }
            }
        }

        #[test]
        fn after_another_rate_nobody_waits_longer_than_an_interval(one in rate(), two in rate()) {
            let (now, mut bucket) = (Instant::now(), Bucket::default());
            while bucket.take(one, now).is_ok() {}
            let now = now + one.interval() / 3;
            if let Err(wait) = bucket.take(two, now) {
                prop_assert!(wait <= two.interval());
                prop_assert_eq!(bucket.take(two, now + wait), Ok(()));
            }
        }
    }
}
