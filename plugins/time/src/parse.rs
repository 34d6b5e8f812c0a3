//! Times as people and programs write them. What a text leaves open (the zone, the
//! day) is filled from the surroundings; what is impossible or ambiguous is said, and no part of a text is
//! passed over.

use crate::business;
use crate::civil;
use crate::decimal::decimal;
use crate::duration;
use crate::later;
use crate::zone::{self, Named};
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, Zoned};

/// The facts that a text may leave open.
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

const FORMS: &str = "expected for example `now`, `2026-03-29 14:30`, `2026-03-29T14:30:00+02:00`, `29 March 2026 \
                     2:30 pm Europe/Berlin`, `tomorrow 9:00`, `14:30` or Unix seconds as `@1774787400`";

/// The time that `text` names.
pub fn time(text: &str, around: &Surroundings) -> Result<Parsed, String> {
    let text = text.trim();
    if text.len() > MAX_LENGTH {
        return Err(format!("the time is {} bytes long; {FORMS}", text.len()));
    }
    let not_a_time = |reason: String| format!("`{text}` is not a time: {reason}; {FORMS}");
    if text.is_empty() {
        return Err(not_a_time("it is empty".to_string()));
    }
    if let Some(timestamp) = unix(text) {
        return Ok(Parsed { time: timestamp?.to_zoned(around.zone.clone()), note: None });
    }
    if let Some(time) = from_now(text, around) {
        return time;
    }
    if let Some(reason) = sum(text) {
        return Err(not_a_time(reason));
    }
    match Comment::behind(text) {
        None => written(text, around).map(|(parsed, _)| parsed),
        Some((body, comment)) => comment.read(body, around),
    }
    .map_err(|wrong| match wrong {
        Wrong::Text(reason) => not_a_time(reason),
        Wrong::Time(message) => message,
    })
}

/// The reason why there is no time.
enum Wrong {
    /// The text is none.
    Text(String),
    /// The text is one that cannot be had.
    Time(String),
}

impl From<String> for Wrong {
    fn from(reason: String) -> Wrong {
        Wrong::Text(reason)
    }
}

/// The time that a text without a comment names, and true if it names its zone.
fn written(text: &str, around: &Surroundings) -> Result<(Parsed, bool), Wrong> {
    let (body, bracketed) = brackets(text)?;
    // The zone decides which day is today, and is found in the same words: they are read twice.
    let places = |today| civil::read(body, today);
    let first = places(around.now.to_zoned(around.zone.clone()).date())?;
    let place = Place::of(&first, bracketed, &around.zone)?;
    let here = around.now.to_zoned(place.zone.zone.clone());
    // Beside a zone, an offset is that of the time, and of its day.
    let today = match place.offset {
        Some(offset) => around.now.to_zoned(TimeZone::fixed(offset)).date(),
        None => here.date(),
    };
    let words = places(today)?;
    let parsed = match (words.date, words.time) {
        (None, None) if place.is_now => Parsed { time: here, note: None },
        (None, None) => {
            return Err(Wrong::Text("there is neither a date nor a time of day in it".to_string()));
        }
        _ if place.is_now => {
            return Err(Wrong::Text("`now` and another time are two; leave one out".to_string()));
        }
        (date, time) => {
            let date = date.unwrap_or(today);
            place.at(date.to_datetime(time.unwrap_or(Time::midnight()))).map_err(Wrong::Time)?
        }
    };
    let called = place.zone.note(&parsed.time);
    let note = joined([parsed.note, words.note, called]);
    Ok((Parsed { time: parsed.time, note }, place.is_named))
}

fn joined<const N: usize>(notes: [Option<String>; N]) -> Option<String> {
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// What stands in parentheses at the end, as browsers and mail programs write it, and people who add what they mean.
struct Comment<'a>(&'a str);

impl<'a> Comment<'a> {
    /// The comment that ends a text, and the text before it.
    fn behind(text: &'a str) -> Option<(&'a str, Comment<'a>)> {
        let (body, comment) = text.strip_suffix(')')?.rsplit_once('(')?;
        Some((body.trim_end(), Comment(comment.trim())))
    }

    /// True of `(+1)`, which in timetables and flight plans is the next day.
    fn may_be_days(&self) -> bool {
        matches!(self.0, "+1" | "+2" | "+3" | "-1" | "\u{2212}1")
    }

    /// The time of `body` with what the comment says of it. Only beside a zone may it say what is not known.
    fn read(&self, body: &str, around: &Surroundings) -> Result<Parsed, Wrong> {
        let comment = self.0;
        if self.may_be_days() {
            return Err(Wrong::Text(format!(
                "`({comment})` may be the offset or another day; write `(UTC{comment})` for the offset, or the date of that day"
            )));
        }
        let whole = format!("{body} {comment}");
        if let Some(read) = self.second_clock(body, around) {
            return read;
        }
        if comment.split_whitespace().any(civil::knows) {
            return written(&whole, around).map(|(parsed, _)| parsed);
        }
        let (parsed, is_in_zone) = written(body, around)?;
        let meant = zone::meant(comment);
        if !is_in_zone && !meant.is_empty() {
            return written(&whole, around).map(|(parsed, _)| parsed);
        }
        if !is_in_zone {
            return Err(Wrong::Text(format!(
                "`({comment})` is not understood; leave it out, or write a zone such as `(Europe/Berlin)`"
            )));
        }
        let (stamp, offset) = (parsed.time.timestamp(), parsed.time.offset());
        if let Err(other) = zone::agrees(comment, stamp, offset) {
            let shown = zone::name(&meant[0], other);
            return Err(Wrong::Text(format!(
                "`{body}` is at offset {offset}, `({comment})` at {other}; leave one out, or write the zone that is meant, such as {shown}"
            )));
        }
        let comment = format!("`({comment})` is taken as a comment");
        Ok(Parsed { note: joined([parsed.note, Some(comment)]), time: parsed.time })
    }
}

impl Comment<'_> {
    /// The time of `body` where the comment shows the same on a clock, in its own zone perhaps: `17:00 (5 pm)` and
    /// `10 am ET (7 am PT)`. `None` if one of both shows no clock.
    fn second_clock(&self, body: &str, around: &Surroundings) -> Option<Result<Parsed, Wrong>> {
        let today = around.now.to_zoned(around.zone.clone()).date();
        let clock = civil::read(self.0, today).ok().filter(|words| words.time.is_some())?;
        let unbracketed = brackets(body).map_or(body, |(text, _)| text);
        civil::read(unbracketed, today).ok().filter(|words| words.time.is_some())?;
        let parsed = match written(body, around) {
            Ok((parsed, _)) => parsed,
            Err(wrong) => return Some(Err(wrong)),
        };
        let place = match Place::of(&clock, None, parsed.time.time_zone()) {
            Ok(place) => place,
            Err(reason) => return Some(Err(Wrong::Text(reason))),
        };
        Some(self.same(body, parsed, &clock, &place))
    }

    fn same(
        &self,
        body: &str,
        parsed: Parsed,
        clock: &civil::Civil,
        place: &Place,
    ) -> Result<Parsed, Wrong> {
        let comment = self.0;
        let there = parsed.time.with_time_zone(place.zone.zone.clone());
        let shown = there.time();
        let is_minute = clock.time.is_some_and(|time| time.second() == 0);
        let shown =
            if is_minute { Time::constant(shown.hour(), shown.minute(), 0, 0) } else { shown };
        let is_same_day = clock.date.is_none_or(|date| date == there.date());
        if clock.time != Some(shown) || !is_same_day || place.is_now {
            return Err(Wrong::Text(format!(
                "`{body}` and `({comment})` are two of what can only be one time of day, since the first is {} there; leave one out",
                there.strftime("%H:%M")
            )));
        }
        let comment = format!("`({comment})` is taken as a comment");
        Ok(Parsed { note: joined([parsed.note, Some(comment)]), time: parsed.time })
    }
}

/// The zone in which a text is read: that which it names, or else the one around it.
struct Place {
    zone: Named,
    /// An offset beside a zone: they have to agree.
    offset: Option<Offset>,
    /// `Z` beside a zone: the time is UTC's, and shown in the zone.
    is_utc: bool,
    is_now: bool,
    /// True if the text names the zone, or its offset.
    is_named: bool,
}

impl Place {
    fn of(
        words: &civil::Civil,
        bracketed: Option<&str>,
        default: &TimeZone,
    ) -> Result<Place, String> {
        let (is_now, rest) = now(&words.rest);
        // `14:30 +02:00 Europe/Berlin`: an offset is a word of its own, too.
        let (apart, name) = match rest.split_once(' ') {
            Some((first, name)) if zone::offset(first).is_some() => (first, name.trim()),
            _ if zone::offset(rest).is_some() || rest.eq_ignore_ascii_case("z") => (rest, ""),
            _ => ("", rest),
        };
        let offset = match (words.offset.as_str(), apart) {
            ("", offset) | (offset, "") => offset,
            (a, b) => return Err(format!("there are two offsets, `{a}` and `{b}`")),
        };
        let name = match (name, bracketed) {
            ("", bracketed) => bracketed.unwrap_or_default(),
            (name, None) => name,
            (a, Some(b)) => return Err(format!("there are two zones, `{a}` and `{b}`")),
        };
        let is_utc = offset.eq_ignore_ascii_case("z");
        let fixed = match offset {
            "" => None,
            _ if is_utc => Some(Offset::UTC),
            offset => Some(
                zone::offset(offset)
                    .ok_or_else(|| format!("`{offset}` is no offset; expected +02:00"))?,
            ),
        };
        let named = if name.is_empty() { None } else { Some(zone::after_time(name)?) };
        Ok(match (named, fixed) {
            (Some(zone), offset) => Place { zone, offset, is_utc, is_now, is_named: true },
            (None, fixed) => {
                let zone = match fixed {
                    Some(_) if is_utc => TimeZone::UTC,
                    Some(offset) => TimeZone::fixed(offset),
                    None => default.clone(),
                };
                let is_named = fixed.is_some();
                Place { zone: zone.into(), offset: None, is_utc, is_now, is_named }
            }
        })
    }

    fn at(&self, civil: DateTime) -> Result<Parsed, String> {
        let zone = &self.zone.zone;
        let Some(offset) = self.offset else { return local(civil, zone) };
        let timestamp =
            offset.to_timestamp(civil).map_err(|_| beyond(&format!("{civil}{offset}")))?;
        let time = timestamp.to_zoned(zone.clone());
        if !self.is_utc && time.offset() != offset {
            return Err(format!(
                "{civil} is at offset {} in {}, not at {offset}; leave out one of the two",
                local(civil, zone)?.time.offset(),
                zone::name(zone, time.offset()),
            ));
        }
        Ok(Parsed { time, note: None })
    }
}

/// `in 2 hours`, `3 days ago`, `2 business days ago`, `now + 2 hours` and `2 hours from now`.
fn from_now(text: &str, around: &Surroundings) -> Option<Result<Parsed, String>> {
    let lower = text.to_ascii_lowercase();
    let behind_now = lower.strip_prefix("now").map(str::trim_start);
    let distance =
        match (behind_now.filter(|rest| is_signed(rest)), lower.strip_suffix(" from now")) {
            (Some(rest), _) => rest,
            (_, Some(rest)) if !is_signed(rest) => rest,
            _ if lower.starts_with("in ") || lower.ends_with(" ago") => &*lower,
            _ => return None,
        };
    let now = around.now.to_zoned(around.zone.clone());
    match business::parse(distance) {
        Some(days) => Some(days.and_then(|days| later::business(&now, days))),
        None => Some(later::span(&now, duration::parse(distance).ok()?)),
    }
}

/// True if a text begins with a sign, or the word for it.
fn is_signed(text: &str) -> bool {
    ["+", "-", "\u{2212}", "plus ", "minus "].iter().any(|sign| text.starts_with(sign))
}

/// Says what to do with a time and a duration in one text, such as `tomorrow + 1 hour`.
fn sum(text: &str) -> Option<String> {
    let signs = [" + ", " - ", " \u{2212} ", " plus ", " minus "];
    let at = signs.iter().filter_map(|sign| text.rfind(sign)).max()?;
    let (time, duration) = (&text[..at], text[at..].trim());
    let is_sum = duration::parse(duration).is_ok() || business::parse(duration).is_some();
    (is_sum).then(|| {
        format!("it is a time and a duration; give them to `add`, as time `{time}` and duration `{duration}`")
    })
}

/// Tells whether a text begins with `now`, and returns the text after that.
fn now(text: &str) -> (bool, &str) {
    match text.get(..3) {
        Some(now)
            if now.eq_ignore_ascii_case("now")
                && (text.len() == 3 || text[3..].starts_with(' ')) =>
        {
            (true, text[3..].trim_start())
        }
        _ => (false, text),
    }
}

/// The zone in brackets at the end, and the text before it. Of calendars only the usual one is known.
fn brackets(text: &str) -> Result<(&str, Option<&str>), String> {
    let Some((body, groups)) = text.split_once('[') else { return Ok((text, None)) };
    let groups = groups.trim_end().strip_suffix(']').ok_or("a `[` is not closed at the end")?;
    let mut zone = None;
    for group in groups.split("][") {
        let group = group.strip_prefix('!').unwrap_or(group);
        match group.split_once('=') {
            Some(("u-ca", "iso8601" | "gregory")) => {}
            Some(_) => return Err(format!("`[{group}]` is not known here")),
            None if zone.replace(group).is_some() => {
                return Err("there are two zones in brackets".to_string());
            }
            None => {}
        }
    }
    Ok((body.trim_end(), zone))
}

/// `@` and seconds, or a bare number of so many digits that it can only be seconds, or parts of one.
fn unix(text: &str) -> Option<Result<Timestamp, String>> {
    let (number, is_marked) = match text.strip_prefix('@') {
        Some(number) => (number.trim(), true),
        None => (text, false),
    };
    let bare = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) = match bare.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (bare, None),
    };
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let scale = match (whole.len(), fraction) {
        _ if !(is_marked || is_number(whole) && fraction.is_none_or(is_number)) => return None,
        (10, _) => 9,
        // So many seconds are beyond all times.
        (13, None) => 6,
        (16, None) => 3,
        (19, None) => 0,
        _ if is_marked => 9,
        _ => return None,
    };
    let Some(nanoseconds) = decimal(number, scale) else {
        return Some(Err(format!(
            "`{text}` is not a time: expected Unix seconds after `@`, such as @1774787400 or @1774787400.25"
        )));
    };
    Some(Timestamp::from_nanosecond(nanoseconds).map_err(|_| beyond(&format!("`{text}`"))))
}

/// Says that a time cannot be had, and which ones can.
pub fn beyond(what: &str) -> String {
    let second = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (first, last) = (second(Timestamp::MIN), second(Timestamp::MAX));
    format!("{what} is beyond the times that are known, {first} to {last}")
}

/// A clock's reading in a zone, which may come twice a year, or never.
pub fn local(civil: DateTime, zone: &TimeZone) -> Result<Parsed, String> {
    let ambiguous = zone.to_ambiguous_zoned(civil);
    let offset = ambiguous.offset();
    let time = ambiguous.compatible().map_err(|_| beyond(&format!("{civil}")))?;
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
mod tests;
