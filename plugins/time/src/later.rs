//! The time some duration after another. Where a clock change skips or repeats it, that is said.

use crate::business;
use crate::parse::{self, Parsed};
use jiff::{Span, Zoned};

/// So many business days later, at the same time of day.
pub fn business(start: &Zoned, days: i64) -> Result<Parsed, String> {
    let date = business::add(start.date(), days).map_err(|error| error.to_string())?;
    parse::local(date.to_datetime(start.time()), start.time_zone())
}

/// Years to days by the calendar, hours to nanoseconds as time that passes.
pub fn span(start: &Zoned, span: Span) -> Result<Parsed, String> {
    let beyond = |_| parse::beyond("that");
    let is_clock = span.get_years() == 0
        && span.get_months() == 0
        && span.get_weeks() == 0
        && span.get_days() == 0;
    let calendar = Span::new()
        .years(span.get_years())
        .months(span.get_months())
        .weeks(span.get_weeks())
        .days(span.get_days());
    if is_clock || span.fieldwise() != calendar.fieldwise() {
        return Ok(Parsed { time: start.checked_add(span).map_err(beyond)?, note: None });
    }
    parse::local(start.datetime().checked_add(calendar).map_err(beyond)?, start.time_zone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_later_may_be_skipped_or_come_twice() {
        let check = |start: &str, duration: &str, expected: &str, part: &str| {
            let found = span(&start.parse().unwrap(), duration.parse().unwrap()).unwrap();
            let note = found.note.unwrap_or_default();
            assert_eq!(found.time.to_string(), expected, "{start} {duration}");
            assert!(note.contains(part) && note.is_empty() == part.is_empty(), "{note}");
        };
        let (gap, fold) = ("2026-03-28T02:30[Europe/Berlin]", "2026-10-24T02:30[Europe/Berlin]");
        check(gap, "1 day", "2026-03-29T03:30:00+02:00[Europe/Berlin]", "does not exist");
        check(gap, "24 hours", "2026-03-29T03:30:00+02:00[Europe/Berlin]", "");
        check(gap, "1 month", "2026-04-28T02:30:00+02:00[Europe/Berlin]", "");
        check(fold, "1 day", "2026-10-25T02:30:00+02:00[Europe/Berlin]", "happened twice");
        check(fold, "1 day 1 hour", "2026-10-25T02:30:00+01:00[Europe/Berlin]", "");
        check("2026-01-31T00:00[UTC]", "1 month", "2026-02-28T00:00:00+00:00[UTC]", "");
        check("2026-01-31T00:00[UTC]", "-1 day", "2026-01-30T00:00:00+00:00[UTC]", "");
        let friday: Zoned = "2026-03-27T02:30[Europe/Berlin]".parse().unwrap();
        assert_eq!(
            business(&friday, 1).unwrap().time.to_string(),
            "2026-03-30T02:30:00+02:00[Europe/Berlin]"
        );
        assert!(span(&friday, Span::new().years(9000)).is_err());
    }
}
