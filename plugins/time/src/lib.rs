//! The plugin `time`: now, other zones, differences. This file is what the host sees; the modules
//! below know nothing of it, nor of the clock.

mod abbreviation;
mod business;
mod civil;
mod clock;
mod decimal;
mod difference;
mod duration;
mod later;
mod moment;
mod parse;
mod places;
mod zone;

#[toolrack_sdk::plugin]
mod time {
    use crate::business;
    use crate::difference::{self, Difference, Largest};
    use crate::duration;
    use crate::later;
    use crate::moment::{Moment, Reading};
    use crate::parse::{self, Parsed, Surroundings};
    use crate::zone::{self, Named};
    use jiff::{Timestamp, Unit};
    use toolrack_sdk::{Json, config, host_zone};

    /// Most zones that one call converts to.
    const MAX_ZONES: usize = 50;

    /// A time in its own zone and in those asked for.
    #[derive(serde::Serialize, schemars::JsonSchema)]
    pub struct Converted {
        pub unix: i64,
        pub given: Reading,
        /// In the order asked for.
        pub converted: Vec<Reading>,
    }

    /// The date and time now in a time zone, with weekday, ISO week, day of the year and Unix seconds. Use it
    /// whenever "now" or "today" matters: what was learned once is out of date.
    #[tool(title = "Now", read_only, open_world = false)]
    pub fn now(
        /// An IANA zone such as `Europe/Berlin`, its city, an offset such as `+05:30`, or an abbreviation;
        /// default the operator's or, if told, the machine's, else UTC.
        zone: Option<String>,
    ) -> Result<Json<Moment>, String> {
        let (around, called) = surroundings(zone)?;
        let now = around.now.to_zoned(around.zone);
        Ok(Json(Moment { note: called.note(&now), ..Moment::from(&now) }))
    }

    /// Shows a time in other time zones, and says where a clock change skips or repeats it. Use it for
    /// meetings across zones, timestamps, and to read or get Unix times.
    ///
    /// Example: time `2026-03-29 14:30`, from `Europe/Berlin`, to `["Asia/Tokyo", "New York"]`.
    #[tool(title = "Convert time", read_only, open_world = false)]
    pub fn convert(
        /// `2026-03-29 14:30`, `29 March 2026 2:30 pm`, `tomorrow 9:00`, `14:30` (today), `now`, or Unix seconds
        /// as `@1774787400`; each may end with a zone or an offset.
        time: &str,
        /// Zones as for `now`.
        #[schemars(length(min = 1, max = 50))]
        to: Vec<String>,
        /// The zone of `time` where it names none; default the operator's, else UTC.
        from: Option<String>,
    ) -> Result<Json<Converted>, String> {
        if to.len() > MAX_ZONES {
            return Err(format!("`to` names {} zones; the limit is {MAX_ZONES}", to.len()));
        }
        let given = read(time, from)?;
        let in_zone = |name: &String| {
            let named = zone::find(name)?;
            let time = given.time.with_time_zone(named.zone.clone());
            Ok(Moment { note: named.note(&time), ..Moment::from(&time) }.into())
        };
        let converted = to.iter().map(in_zone).collect::<Result<Vec<_>, String>>()?;
        let given = Moment::from(given);
        Ok(Json(Converted { unix: given.unix, given: given.into(), converted }))
    }

    /// How long it is from one time to another: by the calendar, in business days and in totals. Use it for
    /// ages, deadlines and days until a date.
    ///
    /// Example: start `1990-05-17`, end `today`.
    #[tool(title = "Time difference", read_only, open_world = false)]
    pub fn difference(
        /// A time as for `convert`.
        start: &str,
        /// A time as for `convert`; if it is before `start`, the result is negative.
        end: &str,
        /// The zone of times that name none; default the operator's, else UTC.
        zone: Option<String>,
        /// The largest unit to count in; default `years`.
        #[serde(default)]
        largest: Largest,
    ) -> Result<Json<Difference>, String> {
        let start = read(start, zone.clone()).map_err(|error| format!("`start`: {error}"))?;
        let end = read(end, zone).map_err(|error| format!("`end`: {error}"))?;
        let found = difference::difference(&start.time, &end.time, largest)?;
        Ok(Json(Difference { note: joined([start.note, end.note]), ..found }))
    }

    /// The time some duration after another, or before it: by the calendar, so that a month after 31 January is
    /// the end of February. Business days are Monday to Friday.
    ///
    /// Example: time `2026-01-31`, duration `1 month`, gives 2026-02-28.
    #[tool(title = "Add to time", read_only, open_world = false)]
    pub fn add(
        /// A time as for `convert`.
        time: &str,
        /// Such as `3 months`, `1 year 2 days`, `-90 minutes`, `2 weeks ago`, `10 business days` or `P1Y2M3DT4H`.
        duration: &str,
        /// The zone of a time that names none; default the operator's, else UTC.
        zone: Option<String>,
    ) -> Result<Json<Moment>, String> {
        let start = read(time, zone)?;
        let end = match business::parse(duration) {
            Some(days) => later::business(&start.time, days?),
            None => later::span(&start.time, duration::parse(duration)?),
        };
        let end = end.map_err(|error| format!("`{duration}` after `{time}`: {error}"))?;
        let note = joined([start.note, end.note]);
        Ok(Json(Moment { note, ..Moment::from(&end.time) }))
    }

    /// The time that `text` names, in the zone that it names, or else in this one.
    fn read(text: &str, zone: Option<String>) -> Result<Parsed, String> {
        let (around, called) = surroundings(zone)?;
        let unnamed = around.zone.clone();
        let parsed = parse::time(text, &around)?;
        let is_unnamed = *parsed.time.time_zone() == unnamed;
        let called = is_unnamed.then(|| called.note(&parsed.time)).flatten();
        Ok(Parsed { note: joined([parsed.note, called]), time: parsed.time })
    }

    /// Both notes, or the one that both are.
    fn joined(notes: [Option<String>; 2]) -> Option<String> {
        match notes {
            [Some(one), Some(other)] if one != other => Some(format!("{one}; {other}")),
            [one, other] => one.or(other),
        }
    }

    /// The clock, and the zone for texts that name none.
    fn surroundings(zone: Option<String>) -> Result<(Surroundings, Named), String> {
        let named = match (zone, config("zone")) {
            (Some(name), _) => zone::find(&name)?,
            (None, Some(name)) => zone::find(&name)
                .map_err(|error| format!("the plugin's config `zone`: {error}; the operator sets it with `toolrack grant time config zone=NAME`"))?,
            (None, None) if config("host_zone").is_some_and(|value| value == "true") => {
                zone::of_machine(host_zone().as_deref())
            }
            (None, None) => zone::find("UTC")?,
        };
        // Digits below a millisecond say more about this call than about the time.
        let now = Timestamp::now().round(Unit::Millisecond).map_err(|error| error.to_string())?;
        Ok((Surroundings { now, zone: named.zone.clone() }, named))
    }
}
