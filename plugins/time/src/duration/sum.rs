//! Units of time, and the sum of so many of several.

use jiff::Span;

const TOO_LONG: &str = "it is too long";

/// A unit of time in months, in days, or in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    Months(i128),
    Days(i128),
    Nanoseconds(i128),
}

impl Unit {
    /// The unit that a word in lower case names.
    pub fn of(word: &str) -> Option<Unit> {
        const SECOND: i128 = 1_000_000_000;
        Some(
            match word.strip_suffix('s').filter(|one| one.chars().nth(1).is_some()).unwrap_or(word)
            {
                "decade" => Unit::Months(120),
                "year" | "yr" | "y" => Unit::Months(12),
                "quarter" => Unit::Months(3),
                "month" | "mo" => Unit::Months(1),
                "fortnight" => Unit::Days(14),
                "week" | "wk" | "w" => Unit::Days(7),
                "day" | "d" => Unit::Days(1),
                "hour" | "hr" | "h" => Unit::Nanoseconds(3600 * SECOND),
                "minute" | "min" | "m" => Unit::Nanoseconds(60 * SECOND),
                "second" | "sec" | "s" => Unit::Nanoseconds(SECOND),
                "millisecond" | "msec" | "ms" => Unit::Nanoseconds(SECOND / 1_000),
                "microsecond" | "usec" | "us" | "µs" => Unit::Nanoseconds(SECOND / 1_000_000),
                "nanosecond" | "nsec" | "ns" => Unit::Nanoseconds(1),
                _ => return None,
            },
        )
    }
}

/// The sum of the parts of a duration.
#[derive(Default)]
pub struct Sum {
    months: i128,
    days: i128,
    nanoseconds: i128,
}

impl Sum {
    /// Adds so many billionths of a unit.
    ///
    /// # Errors
    ///
    /// If it is a part of a month, which is of no certain length, or too much.
    pub fn add(&mut self, count: i128, unit: Unit) -> Result<(), String> {
        const WHOLE: i128 = 1_000_000_000;
        const MOST: i128 = WHOLE * 1_000_000_000_000;
        match unit {
            _ if count.abs() > MOST => return Err(TOO_LONG.to_string()),
            Unit::Months(months) if count * months % WHOLE != 0 => {
                return Err("a part of a month is of no certain length; say it in days".to_string());
            }
            Unit::Months(months) => self.months += count * months / WHOLE,
            Unit::Days(days) => {
                self.days += count * days / WHOLE;
                self.nanoseconds += count * days % WHOLE * 24 * 3600;
            }
            Unit::Nanoseconds(nanoseconds) => self.nanoseconds += count * nanoseconds / WHOLE,
        }
        Ok(())
    }

    /// True if it has days or what is shorter.
    pub fn is_short(&self) -> bool {
        self.days != 0 || self.nanoseconds != 0
    }

    /// The whole as a span of the calendar, or of the clock where it has no days.
    pub fn span(&self) -> Result<Span, String> {
        self.checked().ok_or_else(|| TOO_LONG.to_string())
    }

    fn checked(&self) -> Option<Span> {
        const HOUR: i128 = 3_600_000_000_000;
        let number = |count: i128| i64::try_from(count).ok();
        let rest = self.nanoseconds % HOUR;
        Span::new()
            .try_years(number(self.months / 12)?)
            .and_then(|span| span.try_months(i64::try_from(self.months % 12).unwrap_or_default()))
            .and_then(|span| span.try_days(number(self.days).unwrap_or(i64::MAX)))
            .and_then(|span| span.try_hours(number(self.nanoseconds / HOUR).unwrap_or(i64::MAX)))
            .and_then(|span| span.try_minutes(number(rest / 60_000_000_000).unwrap_or_default()))
            .and_then(|span| {
                span.try_nanoseconds(number(rest % 60_000_000_000).unwrap_or_default())
            })
            .ok()
    }
}
