//! Durations as people and programs write them.

use crate::parse::decimal;
use jiff::Span;

/// Longest text that is looked at: nothing that is a duration is longer.
const MAX_LENGTH: usize = 200;

/// The duration that `text` names, in words or in ISO 8601.
pub fn parse(text: &str) -> Result<Span, String> {
    let text = text.trim();
    let reason = if text.len() > MAX_LENGTH {
        format!("it is {} bytes long", text.len())
    } else {
        match (text.parse(), spoken(text)) {
            (Ok(span), _) | (_, Some(span)) => return Ok(span),
            (Err(error), None) => format!("{error}"),
        }
    };
    let shown: String = text.chars().take(MAX_LENGTH).collect();
    Err(format!(
        "`{shown}` is not a duration: {reason}; expected for example `3 months`, `1 year 2 days`, \
         `-90 minutes` or `P1Y2M3DT4H`"
    ))
}

/// What is counted: a unit in months, in days, or in nanoseconds.
enum Unit {
    Months(i128),
    Days(i128),
    Nanoseconds(i128),
}

impl Unit {
    fn of(word: &str) -> Option<Unit> {
        const SECOND: i128 = 1_000_000_000;
        Some(match word.strip_suffix('s').filter(|one| one.len() > 1).unwrap_or(word) {
            "year" | "yr" | "y" => Unit::Months(12),
            "quarter" => Unit::Months(3),
            "month" | "mo" => Unit::Months(1),
            "fortnight" => Unit::Days(14),
            "week" | "wk" | "w" => Unit::Days(7),
            "day" | "d" => Unit::Days(1),
            "hour" | "hr" | "h" => Unit::Nanoseconds(3600 * SECOND),
            "minute" | "min" | "m" => Unit::Nanoseconds(60 * SECOND),
            "second" | "sec" | "s" => Unit::Nanoseconds(SECOND),
            _ => return None,
        })
    }
}

/// What the words of a duration add up to.
#[derive(Default)]
struct Sum {
    months: i128,
    days: i128,
    nanoseconds: i128,
}

impl Sum {
    /// Adds so many billionths of a unit. A part of a month is of no certain length.
    fn add(&mut self, count: i128, unit: &Unit) -> Option<()> {
        const WHOLE: i128 = 1_000_000_000;
        const MOST: i128 = WHOLE * 1_000_000_000_000;
        match unit {
            _ if count.abs() > MOST => return None,
            Unit::Months(months) if count * months % WHOLE != 0 => return None,
            Unit::Months(months) => self.months += count * months / WHOLE,
            Unit::Days(days) => {
                self.days += count * days / WHOLE;
                self.nanoseconds += count * days % WHOLE * 24 * 3600;
            }
            Unit::Nanoseconds(nanoseconds) => self.nanoseconds += count * nanoseconds / WHOLE,
        }
        Some(())
    }

    fn span(&self) -> Option<Span> {
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

/// A duration as people say it: `1.5 days`, `3 days and 2 hours`, `a quarter`.
fn spoken(text: &str) -> Option<Span> {
    let lower = text.to_lowercase().replace(',', " ");
    let lower = lower.trim();
    let (lower, is_back) = match (lower.strip_suffix(" ago"), lower.strip_prefix('-')) {
        (Some(before), None) => (before, true),
        (None, Some(after)) => (after, true),
        (None, None) => (lower, false),
        (Some(_), Some(_)) => return None,
    };
    let sign = if is_back { -1 } else { 1 };
    let mut words = lower.split_whitespace().filter(|word| *word != "and");
    let mut sum = Sum::default();
    let mut is_empty = true;
    while let Some(word) = words.next() {
        let end = word.find(|c: char| c.is_alphabetic()).unwrap_or(word.len());
        let (number, unit) = match word {
            "a" | "an" | "one" => ("1", words.next()?),
            _ if end == word.len() => (word, words.next()?),
            _ => word.split_at(end),
        };
        if number.starts_with('-') {
            return None;
        }
        sum.add(sign * decimal(number, 9)?, &Unit::of(unit)?)?;
        is_empty = false;
    }
    sum.span().filter(|_| !is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_words_and_in_iso() {
        let check = |text: &str, expected: &str| {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        };
        check("3 months", "P3M");
        check("1 year 2 days", "P1Y2D");
        check("1h30m", "PT1H30M");
        check("-90 minutes", "-PT90M");
        check("2 weeks ago", "-P2W");
        check("P1Y2M3DT4H", "P1Y2M3DT4H");
        check("1.5 days", "P1DT12H");
        check("-1.5 days", "-P1DT12H");
        check("0.5 weeks ago", "-P3DT12H");
        check("1.5 years", "P1Y6M");
        check("3 days and 2 hours", "P3DT2H");
        check("3 days, 2 hours, and 5.5 minutes", "P3DT2H5M30S");
        check("1 quarter", "P3M");
        check("2 quarters and 1 month", "P7M");
        check("6 quarters", "P1Y6M");
        check("a month", "P1M");
        check("an hour ago", "-PT1H");
        check("a fortnight", "P14D");
        for (text, part) in [
            ("1.5 months", "is not a duration"),
            ("a", "is not a duration"),
            ("and", "is not a duration"),
            ("-", "is not a duration"),
            ("9999999999999999999999999 years", "is not a duration"),
            (
                "9999999999999999999999999 days 9999999999999999999999999.5 hours",
                "is not a duration",
            ),
            ("1.5 days 5 ms", "is not a duration"),
            ("3 dayss", "is not a duration"),
            ("1.0000000001 days", "is not a duration"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        let message = parse("soon").unwrap_err();
        assert!(message.contains("`soon` is not a duration"), "{message}");
    }
}
