//! Business days: Monday to Friday. Which days are holidays is not known here.

use crate::duration::{self, Direction};
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan, Unit};

/// Most days that are counted off.
const MOST: i64 = 1_000_000;

const NAMES: [&str; 8] = [
    "business days",
    "business day",
    "working days",
    "working day",
    "workdays",
    "workday",
    "weekdays",
    "weekday",
];

/// The number of business days that `text` names, or `None` for a duration of another kind.
pub fn parse(text: &str) -> Option<Result<i64, String>> {
    let lower = text.trim().to_lowercase();
    let (way, body) = match duration::directed(&lower) {
        Some(directed) => directed,
        // Said twice, such as `-1 business day ago`.
        None => (Direction::Later, &*lower),
    };
    let number = number_of(body).or_else(|| number_of(lower.strip_suffix(" ago")?))?.trim();
    let days = duration::whole(number).filter(|days| *days <= MOST);
    Some(days.map(|days| i64::from(way.sign()) * days).ok_or_else(|| {
        format!("`{text}` is not a duration: expected a whole number of business days up to {MOST}")
    }))
}

/// The text before `business days` and the like.
fn number_of(text: &str) -> Option<&str> {
    NAMES.iter().find_map(|name| text.strip_suffix(name))
}

/// The date so many business days after `date`, or before it.
pub fn add(date: Date, days: i64) -> Result<Date, jiff::Error> {
    let step = days.signum();
    let mut date = date;
    // Whole weeks at once: from any day, five business days are seven days. A weekend is its Friday first, or
    // its Monday where it goes backwards.
    while days != 0 && is_weekend(date) {
        date = date.checked_add((-step).days())?;
    }
    date = date.checked_add(Span::new().try_weeks(days / 5)?)?;
    for _ in 0..(days % 5).abs() {
        date = date.checked_add(step.days())?;
        while is_weekend(date) {
            date = date.checked_add(step.days())?;
        }
    }
    Ok(date)
}

/// The business days after `start`, up to and with `end`; negative where `end` is before `start`.
pub fn between(start: Date, end: Date) -> Result<i64, jiff::Error> {
    if end < start {
        // The days before `start`, down to and with `end`.
        let (start, end) = (start.yesterday()?, end.yesterday()?);
        return Ok(-between(end, start)?);
    }
    let days = i64::from(start.until((Unit::Day, end))?.get_days());
    let mut count = days / 7 * 5;
    let mut date = end;
    for _ in 0..days % 7 {
        count += i64::from(!is_weekend(date));
        date = date.yesterday()?;
    }
    Ok(count)
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn business_days_leave_out_weekends() {
        let check = |start: &str, days: i64, expected: &str| {
            let start: Date = start.parse().unwrap();
            let end = add(start, days).unwrap();
            assert_eq!(end.to_string(), expected, "{start} {days}");
        };
        check("2026-11-27", 0, "2026-11-27");
        check("2026-11-27", 1, "2026-11-30");
        check("2026-11-27", 5, "2026-12-04");
        check("2026-11-28", 1, "2026-11-30");
        check("2026-11-29", 1, "2026-11-30");
        check("2026-11-29", -1, "2026-11-27");
        check("2026-11-29", 5, "2026-12-04");
        check("2026-11-29", -5, "2026-11-23");
        check("2026-11-30", -1, "2026-11-27");
        check("2026-11-30", 250, "2027-11-15");
    }

    #[test]
    fn counting_is_adding_backwards() {
        let slow = |start: Date, end: Date| {
            let (low, high) = (start.min(end), start.max(end));
            let days = low.series(1.day()).take_while(|day| *day <= high);
            let counted = days.filter(|day| !is_weekend(*day) && *day != start).count() as i64;
            if end < start { -counted } else { counted }
        };
        for a in 0..15 {
            for b in 0..40 {
                let (start, end) =
                    (date(2026, 11, 1 + a), date(2026, 10, 25) + (i64::from(b)).days());
                assert_eq!(between(start, end).unwrap(), slow(start, end), "{start} {end}");
                let added = add(start, between(start, end).unwrap()).unwrap();
                let weekend = is_weekend(end) || is_weekend(start);
                assert!(added == end || weekend, "{start} {end} {added}");
            }
        }
    }

    #[test]
    fn business_days_are_read_in_words() {
        let check =
            |text: &str, expected| assert_eq!(parse(text).map(Result::ok), expected, "{text}");
        check("5 business days", Some(Some(5)));
        check("-3 working days", Some(Some(-3)));
        check("1 workday ago", Some(Some(-1)));
        check("10 Weekdays", Some(Some(10)));
        check("a business day", Some(Some(1)));
        check("an extra business day", Some(None));
        check("two business days ago", Some(Some(-2)));
        check("minus twenty-five business days", Some(Some(-25)));
        check("in 3 business days", Some(Some(3)));
        check("3 business days later", Some(Some(3)));
        check("3 business days before", Some(Some(-3)));
        check("+3 business days", Some(Some(3)));
        check("-3 business days ago", Some(None));
        check("half a business day", Some(None));
        check("1 day and 2 business days", Some(None));
        check("business days", Some(None));
        check("1.5 business days", Some(None));
        check("99999999999 business days", Some(None));
        check("5 days", None);
    }
}
