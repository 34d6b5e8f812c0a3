//! The time from one moment to another: as people count, and in totals.

use crate::business;
use jiff::{Span, SpanRelativeTo, Unit, Zoned};

/// The largest unit a difference is counted in.
#[derive(
    Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Largest {
    #[default]
    Years,
    Months,
    Weeks,
    Days,
    Hours,
}

/// All counts are negative if the end is before the start.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Difference {
    /// Such as `1 year 2 months 3 days`.
    pub words: String,
    /// Such as `P1Y2M3D`.
    pub iso: String,
    /// Days by the calendar, whatever the time of day.
    pub calendar_days: i32,
    /// Mondays to Fridays after the start's date, up to the end's; no holidays are known.
    pub business_days: i64,
    /// The time that passes; a day of a clock change has 23 or 25 hours.
    pub total_hours: f64,
    pub total_seconds: f64,
    /// What had to be decided to know the times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// From `start` to `end`, counted by the calendar and the clocks of the start's zone.
pub fn difference(start: &Zoned, end: &Zoned, largest: Largest) -> Result<Difference, String> {
    let end = end.with_time_zone(start.time_zone().clone());
    let unit = match largest {
        Largest::Years => Unit::Year,
        Largest::Months => Unit::Month,
        Largest::Weeks => Unit::Week,
        Largest::Days => Unit::Day,
        Largest::Hours => Unit::Hour,
    };
    let reason = |error: jiff::Error| error.to_string();
    let span = start.until((unit, &end)).map_err(reason)?;
    let days = start.date().until((Unit::Day, end.date())).map_err(reason)?;
    let passed = start.duration_until(&end).as_secs_f64();
    let below_a_minute = Span::new()
        .seconds(span.get_seconds())
        .milliseconds(span.get_milliseconds())
        .microseconds(span.get_microseconds())
        .nanoseconds(span.get_nanoseconds());
    let seconds = below_a_minute.total((Unit::Second, SpanRelativeTo::days_are_24_hours()));
    let seconds = seconds.map_err(reason)?;
    Ok(Difference {
        words: words(&span, seconds),
        iso: span.to_string(),
        calendar_days: days.get_days(),
        business_days: business::between(start.date(), end.date()).map_err(reason)?,
        total_hours: passed / 3600.0,
        total_seconds: passed,
        note: None,
    })
}

fn words(span: &Span, seconds: f64) -> String {
    let counts = [
        (f64::from(span.get_years()), "year"),
        (f64::from(span.get_months()), "month"),
        (f64::from(span.get_weeks()), "week"),
        (f64::from(span.get_days()), "day"),
        (f64::from(span.get_hours()), "hour"),
        (span.get_minutes() as f64, "minute"),
        (seconds, "second"),
    ];
    let named = counts.iter().filter(|(count, _)| *count != 0.0).map(|(count, unit)| {
        let plural = if count.abs() == 1.0 { "" } else { "s" };
        format!("{} {unit}{plural}", count.abs())
    });
    let words = named.collect::<Vec<_>>().join(" ");
    match (words.is_empty(), span.is_negative()) {
        (true, _) => "no time".to_string(),
        (false, true) => format!("{words} earlier"),
        (false, false) => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(start: &str, end: &str, largest: Largest) -> Difference {
        difference(&start.parse().unwrap(), &end.parse().unwrap(), largest).unwrap()
    }

    #[test]
    fn differences_follow_the_calendar() {
        let check = |start: &str, end: &str, largest, words: &str, iso: &str, days: i32| {
            let found = between(start, end, largest);
            assert_eq!((found.words.as_str(), found.iso.as_str()), (words, iso), "{start} {end}");
            assert_eq!(found.calendar_days, days, "{start} {end}");
        };
        use Largest::{Days, Hours, Months, Weeks, Years};
        let (leap, next) = ("2024-02-29T00:00[UTC]", "2025-03-01T12:30:01.5[UTC]");
        check(
            leap,
            next,
            Years,
            "1 year 1 day 12 hours 30 minutes 1.5 seconds",
            "P1Y1DT12H30M1.5S",
            366,
        );
        check(
            leap,
            next,
            Months,
            "12 months 1 day 12 hours 30 minutes 1.5 seconds",
            "P12M1DT12H30M1.5S",
            366,
        );
        check("2026-01-31T00:00[UTC]", "2026-02-28T00:00[UTC]", Years, "28 days", "P28D", 28);
        check(
            "2026-01-01T00:00[UTC]",
            "2026-01-16T00:00[UTC]",
            Weeks,
            "2 weeks 1 day",
            "P2W1D",
            15,
        );
        check(
            "2026-01-16T00:00[UTC]",
            "2026-01-01T00:00[UTC]",
            Days,
            "15 days earlier",
            "-P15D",
            -15,
        );
        check("2026-01-01T00:00[UTC]", "2026-01-03T01:00[UTC]", Hours, "49 hours", "PT49H", 2);
        check("2026-01-01T00:00[UTC]", "2026-01-01T00:00[UTC]", Years, "no time", "PT0S", 0);
        // One day by the clock, though only 23 hours pass.
        check(
            "2026-03-28T12:00[Europe/Berlin]",
            "2026-03-29T12:00[Europe/Berlin]",
            Years,
            "1 day",
            "P1D",
            1,
        );
        // Zones differ: counted where the start is.
        check("2026-01-01T23:00[UTC]", "2026-01-02T09:00[Asia/Tokyo]", Years, "1 hour", "PT1H", 1);
    }

    #[test]
    fn totals_are_the_time_that_passes() {
        let found = between(
            "2026-03-28T12:00[Europe/Berlin]",
            "2026-03-29T12:45:30.5[Europe/Berlin]",
            Largest::Years,
        );
        assert_eq!(found.total_seconds, 85_530.5);
        assert_eq!(found.total_hours, 23.758472222222224);
    }
}
