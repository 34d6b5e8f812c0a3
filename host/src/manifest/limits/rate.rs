//! The rate at which something may be called, as manifests write it and people read it: `60/min`.
//!
//! This module does not know who counts, or what becomes of a call too many.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::notation::grouped;

/// The one limit that there is only where it is set: its key, and its range in calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateRule {
    pub(crate) key: &'static str,
    pub(crate) about: &'static str,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// The rule of rates.
pub(crate) const RATE: RateRule = RateRule {
    key: "rate",
    about: "how often a plugin, or one of its tools, is called",
    min: 1,
    max: 10_000,
};

/// So many calls in so long: all of them at once, and then no more than that in any such time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    calls: u32,
    period: Period,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Period {
    Second,
    Minute,
    Hour,
}

pub(crate) const EXPECTED_RATE: &str =
    r#"a number of calls in a time, such as "60/min" (s, min, h)"#;

impl Rate {
    /// A rate of so many calls a minute.
    pub(crate) const fn a_minute(calls: u32) -> Self {
        Self { calls, period: Period::Minute }
    }

    /// Returns the number of calls.
    #[must_use]
    pub fn calls(self) -> u32 {
        self.calls
    }

    /// Returns the time in which so many calls may be made.
    #[must_use]
    pub fn period(self) -> Duration {
        self.period.time()
    }

    /// True if it lets through what `other` does not: more calls at once, or more in the long run.
    #[must_use]
    pub(crate) fn exceeds(self, other: Self) -> bool {
        self.calls > other.calls || self.interval() < other.interval()
    }

    /// The highest rate that can be written and exceeds neither of the two.
    #[must_use]
    pub(crate) fn within_both(self, other: Self) -> Self {
        if !self.exceeds(other) {
            return self;
        }
        let most = self.calls.min(other.calls);
        let interval = self.interval().max(other.interval());
        let of_period = |period: Period| {
            let fit = period.time().as_nanos() / interval.as_nanos().max(1);
            let calls = most.min(u32::try_from(fit).unwrap_or(u32::MAX));
            (calls >= RATE.min).then_some(Self { calls, period })
        };
        let all = Period::ALL.into_iter().filter_map(of_period);
        // An hour has room for one call at any rate.
        let lowest = Self { calls: RATE.min, period: Period::Hour };
        all.min_by_key(|rate| (rate.interval(), std::cmp::Reverse(rate.calls))).unwrap_or(lowest)
    }

    /// The time in which one more call becomes possible.
    #[must_use]
    pub fn interval(self) -> Duration {
        self.period() / self.calls
    }
}

impl Period {
    const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    fn name(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
        }
    }

    fn time(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_mins(1),
            Self::Hour => Duration::from_hours(1),
        }
    }

    /// Returns the spellings that people use for it, in lower case.
    fn slips(self) -> &'static [&'static str] {
        match self {
            Self::Second => &["s", "sec", "secs", "second", "seconds", "1s"],
            Self::Minute => &["m", "min", "mins", "minute", "minutes", "1m"],
            Self::Hour => &["h", "hr", "hour", "hours", "1h"],
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", grouped(self.calls.into()), self.period.name())
    }
}

/// A text that is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// It does not read like one.
    #[error("expected {EXPECTED_RATE}")]
    Form,
    /// The rate is higher or lower than the range allows.
    #[error("expected 1/h to {}/s", grouped(RATE.max.into()))]
    Range,
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (calls, name) = text.split_once('/').ok_or(RateError::Form)?;
        let period = Period::ALL.into_iter().find(|period| period.name() == name);
        let period = period.ok_or(RateError::Form)?;
        if calls.is_empty() || !calls.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RateError::Form);
        }
        let calls = calls.parse().ok().filter(|calls| (RATE.min..=RATE.max).contains(calls));
        Ok(Self { calls: calls.ok_or(RateError::Range)?, period })
    }
}

/// `text` written correctly, if it is something like a rate.
pub(crate) fn suggest(text: &str) -> Option<String> {
    let text = text.to_lowercase().replace(['_', ',', ' '], "");
    let (calls, name) = text.split_once('/').or_else(|| text.split_once("per"))?;
    let calls = calls.trim_end_matches("calls");
    let period = Period::ALL.into_iter().find(|period| period.slips().contains(&name))?;
    let rate: Rate = format!("{calls}/{}", period.name()).parse().ok()?;
    Some(format!("did you mean \"{}/{}\"?", rate.calls, period.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_shown() {
        for (text, interval, shown) in [
            ("60/min", 1_000, "60/min"),
            ("1/s", 1_000, "1/s"),
            ("1/h", 3_600_000, "1/h"),
            ("10000/s", 0, "10_000/s"),
            ("00005/s", 200, "5/s"),
        ] {
            let rate: Rate = text.parse().expect(text);
            assert_eq!(rate.interval().as_millis(), interval, "{text}");
            assert_eq!(rate.to_string(), shown);
        }
        for text in ["", "60", "/min", "60/", "60/m", "-1/s", "+1/s", "1.5/s", " 1/s", "1/s/s"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Form), "{text}");
        }
        for text in ["0/min", "10001/s", "99999999999999999999/h"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Range), "{text}");
        }
    }

    #[test]
    fn of_two_rates_none_is_exceeded_by_the_one_within_both() {
        let texts = ["1/s", "2/s", "7/s", "10000/s", "1/min", "60/min", "90/min", "1/h", "100/h"];
        let rates = texts.map(|text| text.parse::<Rate>().expect(text));
        for (one, other) in rates.iter().flat_map(|one| rates.map(|other| (*one, other))) {
            let both = one.within_both(other);
            assert!(!both.exceeds(one) && !both.exceeds(other), "{one} {other}: {both}");
            if !one.exceeds(other) {
                assert_eq!(both, one, "{other}");
            }
            assert_eq!(both.to_string().replace('_', "").parse(), Ok(both));
        }
        for (one, other, both) in
            [("2/s", "60/min", "1/s"), ("2/s", "90/min", "1/s"), ("5/s", "600/h", "5/min")]
        {
            let [one, other] = [one, other].map(|text| text.parse::<Rate>().expect(text));
            assert_eq!(one.within_both(other).to_string(), both);
            assert_eq!(other.within_both(one).to_string(), both);
        }
    }

    #[test]
    fn a_slip_is_corrected() {
        for (text, suggestion) in [
            ("60/minute", Some("did you mean \"60/min\"?")),
            ("60 / m", Some("did you mean \"60/min\"?")),
            ("1_000 per hour", Some("did you mean \"1000/h\"?")),
            ("5 calls per second", Some("did you mean \"5/s\"?")),
            ("5/week", None),
            ("often", None),
        ] {
            assert_eq!(suggest(text).as_deref(), suggestion, "{text}");
        }
    }
}
