//! Dates. A time in parts is `[year, month from 0, day, hour, minute, second, weekday, day of the year from 0]`.
//! The sandbox has no zone of its own, so local time is UTC.

use super::{Native, of, text_of};
use crate::value::{Error, Outcome, Value};
use jaq_core::native::unary;
use jaq_json::Val;
use jiff::civil::Date;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

pub fn filters() -> Vec<Native> {
    vec![
        ("gmtime", 0, |cv| of(cv, |seconds| gmtime(&seconds, "gmtime"))),
        ("localtime", 0, |cv| of(cv, |seconds| gmtime(&seconds, "localtime"))),
        ("mktime", 0, |cv| {
            of(cv, |parts| {
                if parts.as_items().is_none() {
                    return Err(Error::str("mktime requires array of 6 numbers"));
                }
                let moment = moment(&parts, "mktime requires parsed datetime inputs")?;
                #[expect(clippy::cast_precision_loss, reason = "jq's numbers are floats")]
                Ok(Value::float(moment.as_second() as f64))
            })
        }),
        ("strftime", 1, |cv| unary(cv, |time, format| strftime(time, &format, "strftime"))),
        ("strflocaltime", 1, |cv| {
            unary(cv, |time, format| strftime(time, &format, "strflocaltime"))
        }),
        ("strptime", 1, |cv| unary(cv, |text, format| strptime(&text, &format))),
    ]
}

fn gmtime(seconds: &Value, name: &str) -> Outcome {
    let number = seconds
        .as_number()
        .ok_or_else(|| Error::str(format_args!("{name}() requires a number")))?;
    let wrong = |_| Error::str("error converting number of seconds since epoch to datetime");
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and is checked")]
    let moment = Timestamp::from_second(number.floor() as i64).map_err(wrong)?;
    let time = moment.to_zoned(TimeZone::UTC).datetime();
    let second = f64::from(time.second()) + (number - number.floor());
    Ok(parts(time.date(), [f64::from(time.hour()), f64::from(time.minute()), second]))
}

fn parts(date: Date, time: [f64; 3]) -> Value {
    let before = [f64::from(date.year()), f64::from(date.month()) - 1.0, f64::from(date.day())];
    let after =
        [f64::from(date.weekday().to_sunday_zero_offset()), f64::from(date.day_of_year()) - 1.0];
    before.into_iter().chain(time).chain(after).map(Value::float).collect()
}

/// The moment that a time in parts means; parts beyond their range carry over.
fn moment(parts: &Value, what: &str) -> Outcome<Timestamp> {
    let wrong = || Error::str(what);
    let items = parts.as_items().filter(|items| items.len() >= 3).ok_or_else(wrong)?;
    let numbers: Option<Vec<f64>> =
        items.iter().take(6).map(|item: &Val| Value(item.clone()).as_number()).collect();
    let numbers = numbers.ok_or_else(wrong)?;
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and is checked")]
    let [year, month, day, hour, minute, second] =
        std::array::from_fn(|at| numbers.get(at).copied().unwrap_or_default() as i64);
    let far = |_| Error::str("invalid gmtime representation");
    let year = i16::try_from(year + month.div_euclid(12))
        .map_err(|_| Error::str("invalid gmtime representation"))?;
    let month = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    let first = Date::new(year, month, 1).map_err(far)?;
    let span = Span::new().try_days(day - 1).and_then(|span| span.try_hours(hour)).map_err(far)?;
    let span = span.try_minutes(minute).and_then(|span| span.try_seconds(second)).map_err(far)?;
    let time = first.at(0, 0, 0, 0).checked_add(span).map_err(far)?;
    time.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(far)
}

fn strftime(time: Value, format: &Value, name: &str) -> Outcome {
    let parts = if time.as_number().is_some() { gmtime(&time, name)? } else { time };
    let what = format!("{name}/1 requires parsed datetime inputs");
    if parts.as_items().is_none() {
        return Err(Error::str(what));
    }
    let Some(format) = format.as_text() else {
        return Err(Error::str(format_args!("{name}/1 requires a string format")));
    };
    let zoned = moment(&parts, &what)?.to_zoned(TimeZone::UTC);
    strtime::format(format, &zoned).map(Value::from).map_err(Error::str)
}

/// The offset of the text is read and does not count, as in jq.
fn strptime(text: &Value, format: &Value) -> Outcome {
    let Some(source) = text.as_text() else {
        return Err(Error::str("strptime/1 requires string inputs and arguments"));
    };
    let pattern = text_of(format, "is not a valid format")?;
    let wrong =
        || Error::str(format_args!("date \"{source}\" does not match format \"{pattern}\""));
    let (read, zone) = match pattern.strip_suffix("%Z") {
        Some(pattern) => (pattern, source.trim_end_matches(|c: char| c.is_ascii_alphabetic())),
        None => (pattern, source),
    };
    let found = BrokenDownTime::parse(read, zone).map_err(|_| wrong())?;
    let date = found.to_date().or_else(|_| {
        let (year, month) = (found.year().unwrap_or(1900), found.month().unwrap_or(1));
        Date::new(year, month, found.day().unwrap_or(1))
    });
    let date = date.map_err(|_| wrong())?;
    let time =
        [found.hour(), found.minute(), found.second()].map(|part| f64::from(part.unwrap_or(0)));
    Ok(parts(date, time))
}
