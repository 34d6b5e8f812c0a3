//! Dates in digits alone.

use jiff::civil::{Date, Weekday};

/// One of the forms that begin with the year.
pub fn dated(text: &str) -> Result<Date, String> {
    let bytes: String = text.chars().filter(|c| c.is_ascii_digit() || *c == 'w').collect();
    let number = |from: usize, to: usize| -> i16 {
        bytes.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let date = match (bytes.contains('w'), bytes.len()) {
        (true, _) => {
            let weekday = Weekday::from_monday_one_offset(number(7, 8) as i8);
            let week = weekday.and_then(|day| {
                jiff::civil::ISOWeekDate::new(number(0, 4), number(5, 7) as i8, day)
            });
            week.map(jiff::civil::ISOWeekDate::date)
        }
        (false, 8) => Date::new(number(0, 4), number(4, 6) as i8, number(6, 8) as i8),
        (false, _) => Date::new(number(0, 4), 1, 1).and_then(|first| {
            // The day of a common year may not be in it: 366 is then the next year's first.
            first.with().day_of_year(number(4, 7)).build()
        }),
    };
    date.map_err(|error| format!("`{text}` is no date: {error}"))
}

/// `2026-3-9`, without the zeros.
pub fn short(word: &str) -> Option<Result<Date, String>> {
    let parts: Vec<&str> = word.split(['-', '/']).collect();
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let [year, month, day] = parts[..] else { return None };
    let lengths = year.len() == 4 && [month, day].iter().all(|part| matches!(part.len(), 1 | 2));
    (lengths && parts.iter().all(|part| digits(part)))
        .then(|| dated(&format!("{year}-{month:0>2}-{day:0>2}")))
}

/// A year of six digits with its sign, as RFC 9557 writes those beyond four, or of four with a minus.
pub fn expanded(word: &str) -> Option<Result<Date, String>> {
    let long = word.starts_with(['+', '-']) && word.len() == 13 && word.matches('-').count() >= 2;
    // ISO 8601 has a sign before four digits, too, where a year is before the year 0.
    let is_short = word.len() == 11 && word.starts_with('-') && word.matches('-').count() == 3;
    let whole = if is_short { format!("-00{}", &word[1..]) } else { word.to_string() };
    (long || is_short).then(|| whole.parse().map_err(|error: jiff::Error| error.to_string()))
}

/// `29.03.2026`, and dates with slashes where only one order is possible.
pub fn parted(word: &str) -> Option<Result<Date, String>> {
    let mark = if word.contains('/') { '/' } else { '.' };
    let parts: Vec<i16> = word.split(mark).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [a, b, year] = parts[..] else { return None };
    if !word.ends_with(&format!("{year:04}")) {
        return None;
    }
    let date = |day: i16, month: i16| Date::new(year, month as i8, day as i8).ok();
    let (day_first, month_first) = (date(a, b), date(b, a));
    let bad = || Err(format!("`{word}` is no date; expected for example 2026-03-29"));
    if a > 31 || b > 31 {
        return Some(bad());
    }
    Some(match (mark, day_first, month_first) {
        ('.', Some(date), _) | ('/', Some(date), None) | ('/', None, Some(date)) => Ok(date),
        ('/', Some(first), Some(second)) if first == second => Ok(first),
        ('/', Some(first), Some(second)) => {
            Err(format!("`{word}` can be {first} or {second}; write one of these"))
        }
        _ => bad(),
    })
}
