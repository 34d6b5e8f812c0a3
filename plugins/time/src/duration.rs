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
    } else if let Some(number) = thousands(text) {
        let plain = number.replace(',', "");
        let point = number.replacen(',', ".", 1);
        let or = if point.contains(',') { String::new() } else { format!(" or `{point}`") };
        return Err(format!(
            "`{number}` in `{text}` may have commas between thousands or a decimal comma; write `{plain}`{or}"
        ));
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

/// The first number with three digits behind a comma, which may part thousands. In ISO 8601 it is a decimal comma.
fn thousands(text: &str) -> Option<&str> {
    if text.trim_start_matches(['-', '+']).starts_with(['P', 'p']) {
        return None;
    }
    let numbers = text.split(|c: char| !c.is_ascii_digit() && c != ',');
    let mut numbers = numbers.map(|number| number.trim_matches(','));
    numbers.find(|number| number.split(',').skip(1).any(|digits| digits.len() == 3))
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
    let words: Vec<&str> = lower.split_whitespace().collect();
    let mut rest = &words[..];
    let (mut sum, mut is_empty) = (Sum::default(), true);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(&["and"]) {
            rest = after;
            continue;
        }
        rest = part(rest, sign, &mut sum)?;
        is_empty = false;
    }
    sum.span().filter(|_| !is_empty)
}

/// Adds the first part of a duration, such as `2 hours` or `an hour and a half`, and gives what is behind it.
fn part<'a>(words: &'a [&'a str], sign: i128, sum: &mut Sum) -> Option<&'a [&'a str]> {
    if let [word, after @ ..] = words
        && let Some((number, unit, smaller)) = clock(word)
    {
        sum.add(sign * decimal(number, 9)?, &Unit::of(unit)?)?;
        sum.add(sign * decimal(smaller.0, 9)?, &smaller.1)?;
        return Some(after);
    }
    let (count, unit, mut after) = match words {
        ["half", "a" | "an", unit, after @ ..]
        | ["half" | "half-a" | "half-an", unit, after @ ..]
        | ["a", "half", unit, after @ ..] => (HALF, *unit, after),
        [number, "and", behind @ ..] if counted(number).is_some() => {
            let (more, behind) = fraction(behind)?;
            let (unit, behind) = behind.split_first()?;
            (counted(number)? + more, *unit, behind)
        }
        _ if let Some((part, [unit, after @ ..])) = fraction(words)
            && Unit::of(unit).is_some() =>
        {
            (part, *unit, after)
        }
        ["a" | "an" | "one", "quarter", after @ ..] => (decimal("1", 9)?, "quarter", after),
        [word, after @ ..] => {
            let end = word.find(|c: char| c.is_alphabetic()).unwrap_or(word.len());
            match (counted(word), after) {
                (Some(count), [unit, after @ ..]) => (count, *unit, after),
                _ => (counted(&word[..end])?, &word[end..], after),
            }
        }
        [] => return None,
    };
    let mut unit = Unit::of(unit)?;
    let mut count = count;
    if let (Unit::Months(3), ["of", "a" | "an", whole, behind @ ..]) = (&unit, after) {
        (count, unit, after) = (count / 4, Unit::of(whole)?, behind);
    }
    if let ["and", behind @ ..] = after
        && let Some((more, behind)) = fraction(behind)
        && behind.first().is_none_or(|word| *word != "of" && Unit::of(word).is_none())
    {
        (count, after) = (count + more, behind);
    } else if let ["and", "1" | "2" | "3", "quarter" | "quarters", behind @ ..] = after
        && !matches!(unit, Unit::Months(_))
        && behind.first() != Some(&"of")
    {
        // Of the year or of the unit before.
        return None;
    }
    sum.add(sign * count, &unit)?;
    Some(after)
}

/// Half of one, in billionths.
const HALF: i128 = 500_000_000;

/// The part of one that the first words say, in billionths, and what is behind them.
fn fraction<'a>(words: &'a [&'a str]) -> Option<(i128, &'a [&'a str])> {
    match words {
        ["a" | "an" | "one", "half", behind @ ..] | ["one-half" | "a-half", behind @ ..] => {
            Some((HALF, behind))
        }
        ["a" | "an" | "one", "quarter", behind @ ..]
        | ["a-quarter" | "one-quarter", behind @ ..] => Some((HALF / 2, behind)),
        ["two", "quarters", behind @ ..] => Some((HALF, behind)),
        ["three", "quarters" | "quarter", behind @ ..]
        | ["three-quarters" | "three-quarter", behind @ ..] => Some((HALF / 2 * 3, behind)),
        _ => None,
    }
}

/// Returns the number that a word says, in billionths.
fn counted(word: &str) -> Option<i128> {
    const NAMES: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    match word {
        "a" | "an" => decimal("1", 9),
        "fifteen" => decimal("15", 9),
        "twenty" => decimal("20", 9),
        "thirty" => decimal("30", 9),
        "forty-five" => decimal("45", 9),
        _ if word.starts_with('-') => None,
        _ => match NAMES.iter().position(|name| *name == word) {
            Some(count) => decimal(&count.to_string(), 9),
            None => decimal(word, 9),
        },
    }
}

/// `1h30` and `5m30`: what stands behind the unit is of the next smaller one.
fn clock(word: &str) -> Option<(&str, &str, (&str, Unit))> {
    let at = word.find(['h', 'm'])?;
    let (number, unit, behind) = (&word[..at], &word[at..=at], &word[at + 1..]);
    let is_part = behind.len() == 2 && behind.parse::<u8>().is_ok_and(|count| count < 60);
    let is_whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let smaller = Unit::of(if unit == "h" { "m" } else { "s" })?;
    (is_part && is_whole).then_some((number, unit, (behind, smaller)))
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
        check("PT1H30M", "PT1H30M");
        check("1h30", "PT1H30M");
        check("-1h05", "-PT1H5M");
        check("2 days 5m30", "P2DT5M30S");
        check("half an hour", "PT30M");
        check("half a day ago", "-PT12H");
        check("half hour", "PT30M");
        check("an hour and a half", "PT1H30M");
        check("two and a half hours", "PT2H30M");
        check("a day and a half hour", "P1DT30M");
        check("1 day and a half", "P1DT12H");
        check("a quarter of an hour", "PT15M");
        check("three quarters of an hour", "PT45M");
        check("a quarter and a month", "P4M");
        check("three weeks", "P21D");
        check("half a year", "P6M");
        check("a fortnight", "P14D");
        check("an hour and a quarter", "PT1H15M");
        check("an hour and a quarter ago", "-PT1H15M");
        check("one hour and one quarter", "PT1H15M");
        check("two hours and three quarters", "PT2H45M");
        check("2 hours, and three-quarters", "PT2H45M");
        check("a day and a quarter", "P1DT6H");
        check("2 weeks and a quarter", "P15DT18H");
        check("a minute and a quarter", "PT1M15S");
        check("a year and a quarter", "P1Y3M");
        check("2 years and 3 quarters", "P2Y9M");
        check("6 months and 1 quarter", "P9M");
        check("two and a quarter hours", "PT2H15M");
        check("2 and three quarter hours", "PT2H45M");
        check("a quarter hour", "PT15M");
        check("a day and a quarter hour", "P1DT15M");
        check("an hour and a quarter of a day", "PT7H");
        check("a day and three quarters of an hour", "P1DT45M");
        check("a day and a quarter and 5 minutes", "P1DT6H5M");
        check("1,5 hours", "PT1H30M");
        check("PT1,500S", "PT1.5S");
        check("2 hours,300 seconds", "PT2H5M");
        for (text, part) in [
            ("1.5 months", "is not a duration"),
            ("a", "is not a duration"),
            ("half", "is not a duration"),
            ("half a", "is not a duration"),
            ("half a month", "is not a duration"),
            ("and a half", "is not a duration"),
            ("a quarter of", "is not a duration"),
            ("a month and a quarter", "is not a duration"),
            ("an hour and 3 quarters", "is not a duration"),
            ("1,000 hours", "write `1000` or `1.000`"),
            ("10,000 seconds", "write `10000` or `10.000`"),
            ("2 days and 1,500 seconds ago", "`1,500` in `2 days"),
            ("1,000,000 s", "write `1000000`"),
            ("1h60", "is not a duration"),
            ("1h3", "is not a duration"),
            ("1d30", "is not a duration"),
            ("h30", "is not a duration"),
            ("--1 h", "is not a duration"),
            ("-half -1 h", "is not a duration"),
            ("\u{e4}h\u{e4}\u{e4}", "is not a duration"),
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
