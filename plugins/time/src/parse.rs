//! Times as people and programs write them. What a text leaves open (the zone, the
//! day) is filled from the surroundings; what is impossible or ambiguous is said.

use crate::zone;
use jiff::civil::{DateTime, Time};
use jiff::fmt::rfc2822;
use jiff::fmt::temporal::{DateTimeParser, Pieces, PiecesOffset};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, Zoned};

/// What a text may leave open.
pub struct Surroundings {
    pub now: Timestamp,
    pub zone: TimeZone,
}

/// A time, and what had to be decided to know it.
#[derive(Debug)]
pub struct Parsed {
    pub time: Zoned,
    pub note: Option<String>,
}

/// Longest text that is looked at: nothing that is a time is longer.
const MAX_LENGTH: usize = 200;

/// For what only a parser with a database can check.
static PARSER: DateTimeParser = DateTimeParser::new();

const FORMS: &str = "expected for example `now`, `2026-03-29T14:30`, `2026-03-29 14:30 Europe/Berlin`, \
                     `2026-03-29T14:30:00+02:00`, `2026-03-29`, `14:30` or Unix seconds as `@1774787400`";

/// The time that `text` names.
pub fn time(text: &str, around: &Surroundings) -> Result<Parsed, String> {
    let text = text.trim();
    if text.len() > MAX_LENGTH {
        return Err(format!("the time is {} bytes long; {FORMS}", text.len()));
    }
    let plain = |time: Zoned| Ok(Parsed { time, note: None });
    if text.eq_ignore_ascii_case("now") {
        return plain(around.now.to_zoned(around.zone.clone()));
    }
    if let Some(timestamp) = unix(text) {
        return plain(timestamp?.to_zoned(around.zone.clone()));
    }
    match Pieces::parse(text) {
        Ok(pieces) => from_pieces(text, &pieces, &around.zone),
        Err(error) => {
            if let Ok(time) = text.parse::<Time>() {
                let today = around.now.to_zoned(around.zone.clone()).date();
                return local(today.to_datetime(time), &around.zone);
            }
            if let Ok(time) = rfc2822::parse(text) {
                return plain(time);
            }
            if let Some((head, zone)) = trailing_zone(text) {
                return time(head, &Surroundings { now: around.now, zone });
            }
            Err(format!("`{text}` is not a time: {error}; {FORMS}"))
        }
    }
}

/// A zone after a space, as in `14:30 Asia/Tokyo` or `14:30 New York`, and what is before it.
fn trailing_zone(text: &str) -> Option<(&str, TimeZone)> {
    // The longest name of a city has three words.
    text.rmatch_indices(' ').take(3).find_map(|(at, _)| {
        let (head, tail) = (&text[..at], &text[at + 1..]);
        let name = tail.starts_with(|c: char| c.is_ascii_alphabetic());
        name.then(|| zone::known(tail)).flatten().map(|zone| (head, zone))
    })
}

/// `@` and seconds, or a bare number of so many digits that it can only be seconds or milliseconds.
fn unix(text: &str) -> Option<Result<Timestamp, String>> {
    let out_of_range = |_| format!("`{text}` is beyond the years that are known, -9999 to 9999");
    if let Some(number) = text.strip_prefix('@') {
        let seconds: Result<f64, _> = number.parse();
        let Ok(seconds) = seconds else {
            return Some(Err(format!("`{text}` is not a time: expected Unix seconds after `@`")));
        };
        let whole: Result<i64, _> = number.parse();
        return Some(match whole {
            Ok(whole) => Timestamp::from_second(whole).map_err(out_of_range),
            Err(_) => {
                Timestamp::from_millisecond((seconds * 1000.0).round() as i64).map_err(out_of_range)
            }
        });
    }
    let number: i64 = text.parse().ok()?;
    match text.len() {
        10 => Some(Timestamp::from_second(number).map_err(out_of_range)),
        13 => Some(Timestamp::from_millisecond(number).map_err(out_of_range)),
        _ => None,
    }
}

fn from_pieces(text: &str, pieces: &Pieces<'_>, default: &TimeZone) -> Result<Parsed, String> {
    let civil = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let named =
        pieces.to_time_zone_with(&zone::DATABASE).map_err(|error| format!("`{text}`: {error}"))?;
    match (pieces.offset(), named) {
        // Both: they have to agree, which the parser of zoned times checks.
        (Some(_), Some(_)) => match PARSER.parse_zoned_with(&zone::DATABASE, text) {
            Ok(time) => Ok(Parsed { time, note: None }),
            Err(error) => Err(format!("`{text}`: {error}")),
        },
        (Some(offset), None) => {
            let zone = match offset {
                PiecesOffset::Zulu => TimeZone::UTC,
                PiecesOffset::Numeric(offset) => TimeZone::fixed(offset.offset()),
                _ => return Err(format!("`{text}` has an offset of an unknown kind")),
            };
            local(civil, &zone)
        }
        (None, Some(zone)) => local(civil, &zone),
        (None, None) => local(civil, default),
    }
}

/// A clock's reading in a zone, which may come twice a year, or never.
fn local(civil: DateTime, zone: &TimeZone) -> Result<Parsed, String> {
    let ambiguous = zone.to_ambiguous_zoned(civil);
    let offset = ambiguous.offset();
    let time = ambiguous.compatible().map_err(|error| error.to_string())?;
    let place = zone::name(zone, time.offset());
    let note = match offset {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { before, after } => Some(format!(
            "{civil} does not exist in {place}: clocks went from {before} to {after} over it; {} is \
             taken instead",
            time.datetime()
        )),
        AmbiguousOffset::Fold { before, after } => Some(format!(
            "{civil} happened twice in {place}: the first, at {before}, is taken; for the second \
             write {civil}{after}"
        )),
    };
    Ok(Parsed { time, note })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(zone: &str) -> Surroundings {
        let now = "2026-07-01T10:20:30Z".parse().unwrap();
        Surroundings { now, zone: zone::find(zone).unwrap() }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let check = |text: &str, zone: &str, expected: &str| {
            let parsed = time(text, &around(zone)).unwrap();
            assert_eq!((parsed.time.to_string().as_str(), parsed.note), (expected, None), "{text}");
        };
        check("now", "UTC", "2026-07-01T10:20:30+00:00[UTC]");
        check(" Now ", "Asia/Tokyo", "2026-07-01T19:20:30+09:00[Asia/Tokyo]");
        check("2026-03-29T14:30", "Europe/Berlin", "2026-03-29T14:30:00+02:00[Europe/Berlin]");
        check("2026-03-29 14:30:15.25", "UTC", "2026-03-29T14:30:15.25+00:00[UTC]");
        check("2026-03-29", "Asia/Tokyo", "2026-03-29T00:00:00+09:00[Asia/Tokyo]");
        check("20260329", "UTC", "2026-03-29T00:00:00+00:00[UTC]");
        check("2026-03-29T14:30Z", "Asia/Tokyo", "2026-03-29T14:30:00+00:00[UTC]");
        check("2026-03-29T14:30+02:00", "UTC", "2026-03-29T14:30:00+02:00[+02:00]");
        check(
            "2026-03-29T14:30+02:00[Europe/Berlin]",
            "UTC",
            "2026-03-29T14:30:00+02:00[Europe/Berlin]",
        );
        check("2026-03-29T14:30[Europe/Berlin]", "UTC", "2026-03-29T14:30:00+02:00[Europe/Berlin]");
        check("2026-03-29 14:30 Europe/Berlin", "UTC", "2026-03-29T14:30:00+02:00[Europe/Berlin]");
        check("2026-03-29 14:30 New York", "UTC", "2026-03-29T14:30:00-04:00[America/New_York]");
        check("14:30 tokyo", "UTC", "2026-07-01T14:30:00+09:00[Asia/Tokyo]");
        check("14:30", "Europe/Berlin", "2026-07-01T14:30:00+02:00[Europe/Berlin]");
        check("Sun, 29 Mar 2026 14:30:00 +0200", "UTC", "2026-03-29T14:30:00+02:00[+02:00]");
        check("@1774787400", "UTC", "2026-03-29T12:30:00+00:00[UTC]");
        check("@-1.5", "UTC", "1969-12-31T23:59:58.5+00:00[UTC]");
        check("1774787400", "UTC", "2026-03-29T12:30:00+00:00[UTC]");
        check("1774787400000", "UTC", "2026-03-29T12:30:00+00:00[UTC]");
    }

    #[test]
    fn a_clock_that_skips_or_repeats_is_noted() {
        let check = |text: &str, expected: &str, part: &str| {
            let parsed = time(text, &around("Europe/Berlin")).unwrap();
            let (found, note) = (parsed.time.to_string(), parsed.note.unwrap());
            assert_eq!(found, expected, "{text}");
            assert!(note.contains(part), "{note}");
        };
        check(
            "2026-03-29T02:30",
            "2026-03-29T03:30:00+02:00[Europe/Berlin]",
            "does not exist in Europe/Berlin: clocks went from +01 to +02 over it; \
             2026-03-29T03:30:00 is taken",
        );
        check(
            "2026-10-25T02:30",
            "2026-10-25T02:30:00+02:00[Europe/Berlin]",
            "happened twice in Europe/Berlin: the first, at +02, is taken; for the second write \
             2026-10-25T02:30:00+01",
        );
    }

    #[test]
    fn what_is_not_a_time_is_refused_with_a_reason() {
        let check = |text: &str, part: &str| {
            let message = time(text, &around("UTC")).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        };
        check("tomorrow", "`tomorrow` is not a time");
        check("2026-02-30", "2026-03-29T14:30");
        check("2026-03-29T25:00", "is not a time");
        check("2026-03-29T14:30+05:00[Europe/Berlin]", "offset");
        check("2026-03-29T14:30[Europe/Berln]", "Europe/Berln");
        check("@x", "expected Unix seconds");
        check("@99999999999999", "beyond the years");
        check("", "is not a time");
        check(&"9".repeat(1000), "1000 bytes long");
    }
}
