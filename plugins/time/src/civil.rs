//! Dates and times of day as people write them, word by word. Each word is either understood or named as
//! the one that is not; what is left over is for `parse` to take as a zone.

mod digits;

use self::digits::{dated, expanded, parted, short};
use crate::clock::Clock;
use crate::zone;
use jiff::civil::{Date, Time, Weekday};

/// The meaning of the words of a text.
#[derive(Debug, Default)]
pub struct Civil {
    pub date: Option<Date>,
    pub time: Option<Time>,
    /// The words that are neither, in one run: a zone, perhaps.
    pub rest: String,
    /// The text right behind a time or a date: `+02:00` or `Z`.
    pub offset: String,
    pub note: Option<String>,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The words of `text`; `today` is the date where they are read.
pub fn read(text: &str, today: Date) -> Result<Civil, String> {
    let mut words = Words { today, ..Words::default() };
    for word in split(&spaced(text)) {
        words.take(&word)?;
    }
    words.finish()
}

/// The words; `2 pm` and `29-Mar-2026` are one and three.
fn split(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(char::is_whitespace).filter(|word| !word.is_empty()) {
        let lower = word.to_ascii_lowercase();
        let is_half = matches!(lower.trim_end_matches('.'), "am" | "pm" | "a.m" | "p.m");
        match words.last_mut() {
            Some(last) if is_half && last.ends_with(|c: char| c.is_ascii_digit()) => {
                last.push_str(word)
            }
            _ if is_month_between(word) => words.extend(word.split('-').map(str::to_string)),
            _ => words.push(word.to_string()),
        }
    }
    words
}

fn is_month_between(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    matches!(parts[..], [day, month, year] if digits(day) && digits(year) && month.len() >= 3
        && month.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// The text with a space in place of the `T` between date and time, which stays in front of the time, and of a comma
/// that ends a word.
fn spaced(text: &str) -> String {
    let mut spaced = String::new();
    let characters: Vec<char> = text.chars().collect();
    for (at, c) in characters.iter().enumerate() {
        let digit = |at: Option<usize>| {
            at.and_then(|at| characters.get(at)).is_some_and(char::is_ascii_digit)
        };
        match c {
            'T' | 't' if digit(at.checked_sub(1)) && digit(Some(at + 1)) => spaced.push_str(" T"),
            ',' if !digit(Some(at + 1)) => spaced.push(' '),
            c => spaced.push(*c),
        }
    }
    spaced
}

/// The words understood so far.
#[derive(Default)]
struct Words {
    today: Date,
    date: Option<Date>,
    day: Option<i8>,
    month: Option<i8>,
    year: Option<i16>,
    weekday: Option<Weekday>,
    /// True if the word before was `at`, behind which a number is an hour.
    is_at: bool,
    /// True if the word before was `on`, behind which a date stands.
    is_on: bool,
    /// After today or before it, where a weekday is the next or the last one.
    way: Option<i32>,
    time: Option<Clock>,
    offset: String,
    /// A word that may be a span of two clock times.
    span: Option<Span>,
    rest: String,
    rest_is_closed: bool,
    note: Option<String>,
}

/// `9:00-11:00` or `9:00-11`, which may be the time 9:00 at the offset -11:00 as well.
struct Span {
    word: String,
    /// True if the second clock shows more than the first, or has a single digit, as no offset has that a program writes.
    is_likely: bool,
    /// True if the second clock has no colon: without a date it is rather an offset.
    is_short: bool,
}

impl Span {
    /// The span that a clock time with text behind it may be. With `T` or seconds it is a program's, which writes offsets.
    fn of(word: &str, clock: Clock, behind: &str) -> Option<Span> {
        let end = behind.strip_prefix(['-', '\u{2212}'])?;
        let (is_short, is_digit) = (!end.contains(':'), end.len() == 1);
        let end = Clock::parse(end, is_short).ok().flatten()?;
        let is_program =
            word.starts_with('t') || word.matches(':').count() + usize::from(is_short) > 2;
        let is_likely = is_digit || (end.hour, end.minute) > (clock.hour, clock.minute);
        (!is_program).then(|| Span { word: word.to_string(), is_likely, is_short })
    }

    /// True if both meanings are open, in a text with a date or without.
    fn is_open(&self, is_dated: bool) -> bool {
        self.is_likely || !is_dated && !self.is_short
    }

    fn explain(&self) -> String {
        let word = &self.word;
        let (start, end) = word.split_once(['-', '\u{2212}']).unwrap_or_default();
        let apart = format!("UTC-{end}");
        match zone::offset(&apart) {
            Some(_) => format!(
                "`{word}` may be from {start} to {end}, or {start} at the offset -{end}; give one of both times, or write the offset \
                 apart, as `{start} {apart}`"
            ),
            None => format!("`{word}` may be from {start} to {end}; give one of both times"),
        }
    }
}

/// Says that a dash behind a date may stand before a time of day, as in the names of files, or be the sign of an offset. `None`
/// if it is neither.
fn clock_or_offset(date: &str, behind: &str) -> Option<String> {
    let clock = behind.strip_prefix(['-', '\u{2212}'])?;
    Clock::parse(clock, true).ok().flatten()?;
    let shown = if clock.contains(':') { clock.to_string() } else { format!("{clock}:00") };
    let date = date.to_uppercase();
    let alone = format!("`{date}{behind}` may be {shown} on that day, so write `{date} {shown}`");
    Some(match zone::offset(&format!("-{shown}")) {
        Some(_) => {
            format!("{alone}, or the day at the offset -{shown}, then `{date}T00:00-{shown}`")
        }
        None => alone,
    })
}

/// True if a word means something in a date or a time of day.
pub fn knows(word: &str) -> bool {
    let mut words = Words::default();
    words.take(word).is_err() || words.rest.is_empty()
}

impl Words {
    fn take(&mut self, word: &str) -> Result<(), String> {
        let lower = word.trim_end_matches(',').to_lowercase();
        let is_at = std::mem::take(&mut self.is_at);
        self.is_on = false;
        let understood = (is_at && self.hour(&lower)?)
            || self.word(&lower)?
            || self.number(&lower)?
            || self.clock(&lower)?
            || self.iso(&lower)?;
        if understood {
            self.rest_is_closed = !self.rest.is_empty();
            return Ok(());
        }
        if self.rest_is_closed {
            return Err(format!("`{word}` is not understood beside `{}`", self.rest));
        }
        if !self.rest.is_empty() {
            self.rest.push(' ');
        }
        self.rest.push_str(word);
        Ok(())
    }

    /// A month, a weekday, `today` and the like, `am` and `pm`.
    fn word(&mut self, word: &str) -> Result<bool, String> {
        let name = word.trim_end_matches('.');
        let found = |names: &[&str]| {
            let short = |full: &str| name == full || name.len() >= 3 && full.starts_with(name);
            names
                .iter()
                .position(|full| short(full))
                .or((name == "sept").then_some(8).filter(|_| names.len() == 12))
        };
        if let Some(at) = found(&MONTHS) {
            return once(&mut self.month, at as i8 + 1, "month");
        }
        if let Some(at) = found(&WEEKDAYS) {
            let weekday =
                Weekday::from_monday_zero_offset(at as i8).map_err(|error| error.to_string())?;
            return once(&mut self.weekday, weekday, "weekday");
        }
        let days = match name {
            "today" => 0,
            "tomorrow" => 1,
            "yesterday" => -1,
            "noon" | "midday" => return once(&mut self.time, Clock::at(12), "time of day"),
            "midnight" => return once(&mut self.time, Clock::at(0), "time of day"),
            "next" => return once(&mut self.way, 1, "`next` or `last`"),
            "last" => return once(&mut self.way, -1, "`next` or `last`"),
            "at" => {
                self.is_at = true;
                return Ok(true);
            }
            "on" => {
                self.is_on = true;
                return Ok(true);
            }
            "am" | "a.m" => return self.half(0),
            "pm" | "p.m" => return self.half(12),
            _ => return Ok(false),
        };
        let date = self.today.checked_add(jiff::Span::new().days(days));
        once(&mut self.date, date.map_err(|error| error.to_string())?, "date")
    }

    /// The hour behind `at`, where no half of the day is left open.
    fn hour(&mut self, word: &str) -> Result<bool, String> {
        let is_hour = (1..=2).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
        match word.parse() {
            Ok(hour @ (0 | 13..=23)) if is_hour => {
                once(&mut self.time, Clock::at(hour), "time of day")
            }
            Ok(hour @ 1..=12) if is_hour => Err(of_halves(hour)),
            _ => Ok(false),
        }
    }

    /// The half of the day that the time before it is in.
    fn half(&mut self, later: i8) -> Result<bool, String> {
        let Some(clock) = &mut self.time else {
            return Err("`am` and `pm` need an hour before them".to_string());
        };
        if !(1..=12).contains(&clock.hour) {
            return Err(format!("`{}` is no hour of `am` or `pm`; expected 1 to 12", clock.hour));
        }
        clock.hour = clock.hour % 12 + later;
        Ok(true)
    }

    /// A day such as `29` or `29th`, or a year.
    fn number(&mut self, word: &str) -> Result<bool, String> {
        let digits = ["st", "nd", "rd", "th", "."]
            .iter()
            .find_map(|end| word.strip_suffix(end))
            .unwrap_or(word);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(false);
        }
        match digits.len() {
            1 | 2 => once(&mut self.day, digits.parse().unwrap_or(0), "day"),
            4 if digits == word => once(&mut self.year, digits.parse().unwrap_or(0), "year"),
            _ => Ok(false),
        }
    }

    /// `14:30`, `14:30:15.5`, `2:30pm`, `2pm`, `T1430`, each perhaps with an offset behind it.
    fn clock(&mut self, word: &str) -> Result<bool, String> {
        let (bare, marked) = match word.strip_prefix('t') {
            Some(bare) if bare.starts_with(|c: char| c.is_ascii_digit()) => (bare, true),
            _ => (word, false),
        };
        let end = bare
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ',')))
            .unwrap_or(bare.len());
        let (digits, behind) = bare.split_at(end);
        let half = behind.trim_end_matches('.').replace('.', "");
        let half = match half.as_str() {
            "am" => Some(0),
            "pm" => Some(12),
            _ => None,
        };
        // `0900Z`, as pilots and soldiers write it.
        let is_zulu = behind == "z" && digits.len() == 4;
        if !digits.contains(':') && !marked && !is_zulu && half.is_none() {
            return Ok(false);
        }
        let is_time = marked || is_zulu || half.is_some();
        let Some(clock) = Clock::parse(digits, is_time)? else { return Ok(false) };
        let is_offset = behind.is_empty() || behind == "z" || behind.starts_with(['+', '-', '−']);
        if half.is_none() && !is_offset {
            return Ok(false);
        }
        if clock.second == 60 {
            self.note = Some("the leap second :60 is taken as :59".to_string());
        }
        self.span = Span::of(word, clock, behind);
        once(&mut self.time, Clock { second: clock.second.min(59), ..clock }, "time of day")?;
        match half {
            Some(later) => self.half(later),
            None => self.behind(behind),
        }
    }

    /// `2026-03-29`, `20260329`, `2026/03/29`, `2026-W13-7`, `2026-088`, `29.03.2026`, `3/29/2026`, each perhaps
    /// with an offset behind it.
    fn iso(&mut self, word: &str) -> Result<bool, String> {
        let split = |text: &'_ str, at| -> Option<(String, String)> {
            text.is_char_boundary(at)
                .then(|| text.split_at_checked(at))
                .flatten()
                .map(|(a, b)| (a.into(), b.into()))
        };
        let pattern: String =
            word.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        let forms = [
            "9999-99-99",
            "9999/99/99",
            "9999.99.99",
            "9999-w99-9",
            "99999999",
            "9999w999",
            "9999-999",
        ];
        if let Some(form) = forms.iter().find(|form| pattern.starts_with(**form))
            && let Some((date, behind)) = split(word, form.len())
            && !behind.starts_with(|c: char| c.is_ascii_digit())
        {
            if !(behind.is_empty() || behind == "z" || behind.starts_with(['+', '-', '−'])) {
                return Ok(false);
            }
            let found = dated(&date)?;
            if let Some(reason) = clock_or_offset(&date, &behind) {
                return Err(reason);
            }
            once(&mut self.date, found, "date")?;
            return self.behind(&behind);
        }
        if let Some(date) = short(word) {
            return once(&mut self.date, date?, "date");
        }
        if let Some(date) = expanded(word) {
            return once(&mut self.date, date?, "date");
        }
        match parted(word) {
            Some(date) => once(&mut self.date, date?, "date"),
            None => Ok(false),
        }
    }

    fn behind(&mut self, behind: &str) -> Result<bool, String> {
        if !behind.is_empty() {
            if !self.offset.is_empty() {
                return Err(format!("there are two offsets, `{}` and `{behind}`", self.offset));
            }
            self.offset = behind.to_string();
        }
        Ok(true)
    }

    /// The nearest such weekday that is not today.
    fn step(&mut self) -> Result<(), String> {
        let Some(way) = self.way else { return Ok(()) };
        let word = if way > 0 { "next" } else { "last" };
        let is_dated =
            self.date.is_some() || self.day.or(self.month).is_some() || self.year.is_some();
        let Some(weekday) = self.weekday.filter(|_| !is_dated) else {
            return Err(format!(
                "`{word}` needs a weekday and no date, such as `{word} friday`; write `in 1 week` or `1 month ago` for \
                 others"
            ));
        };
        let date = self.today.nth_weekday(way, weekday).map_err(|error| error.to_string())?;
        let side = if way > 0 { "first one after" } else { "last one before" };
        self.note = Some(format!("`{word} {weekday:?}` is taken as the {side} {}", self.today));
        self.date = Some(date);
        Ok(())
    }

    fn finish(mut self) -> Result<Civil, String> {
        self.step()?;
        if self.is_at {
            return Err("no time of day follows `at`".to_string());
        }
        if self.is_on {
            return Err("no date follows `on`".to_string());
        }
        let is_dated = self.date.is_some() || self.day.is_some() || self.month.is_some();
        if let Some(span) = self.span.filter(|span| span.is_open(is_dated)) {
            return Err(span.explain());
        }
        let missing = |what: &str| Err(format!("the date has no {what}; write it as 2026-03-29"));
        let is_day_alone = self.year.is_none() && self.month.is_none();
        let date = match (self.date, self.year, self.month, self.day) {
            (date, None, None, None) => date,
            (_, _, _, Some(hour @ 1..=12)) if is_day_alone => return Err(of_halves(hour)),
            (_, _, _, Some(hour @ (0 | 13..=23))) if is_day_alone => {
                return Err(format!(
                    "`{hour}` may be a day or an hour; write `{hour}:00` for the hour"
                ));
            }
            (Some(_), ..) => return Err("there are two dates".to_string()),
            (None, Some(year), Some(month), Some(day)) => {
                Some(Date::new(year, month, day).map_err(|error| error.to_string())?)
            }
            (None, None, Some(_), Some(_)) => return missing("year"),
            (None, _, None, _) => return missing("month"),
            (None, _, _, None) => return missing("day"),
        };
        match (self.weekday, date) {
            (Some(day), None) => {
                let day = format!("{day:?}").to_lowercase();
                return Err(format!(
                    "which {day} is left open; write `next {day}` for the first one after today, `last {day}` or its date"
                ));
            }
            (Some(weekday), Some(date)) if date.weekday() != weekday => {
                return Err(format!("{date} is a {:?}, not a {weekday:?}", date.weekday()));
            }
            _ => {}
        }
        let date = match self.time.is_some_and(Clock::is_end) {
            true => Some(date.unwrap_or(self.today).tomorrow().map_err(|error| error.to_string())?),
            false => date,
        };
        let time = self.time.map(Clock::time).transpose()?;
        Ok(Civil { date, time, rest: self.rest, offset: self.offset, note: self.note })
    }
}

/// Says that an hour may be in either half of the day.
fn of_halves(hour: i8) -> String {
    let (earlier, later) = (hour % 12, hour % 12 + 12);
    format!(
        "`{hour}` may be the hour {earlier}:00 or {later}:00; write `{hour} am`, `{hour} pm` or `{hour}:00`"
    )
}

fn once<T>(place: &mut Option<T>, value: T, what: &str) -> Result<bool, String> {
    if place.replace(value).is_some() {
        return Err(format!("there are two of what can only be one {what}"));
    }
    Ok(true)
}
