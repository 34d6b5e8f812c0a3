//! The plugin `time`: now, other zones, differences. This file is what the host sees; the modules
//! below know nothing of it, nor of the clock.

mod difference;
mod duration;
mod moment;
mod parse;
mod zone;

#[toolrack_sdk::plugin]
mod time {
    use crate::difference::{self, Difference, Largest};
    use crate::duration;
    use crate::moment::Moment;
    use crate::parse::{self, Surroundings};
    use crate::zone;
    use jiff::{Timestamp, Unit};
    use toolrack_sdk::{Json, config};

    /// Most zones that one call converts to.
    const MAX_ZONES: usize = 50;

    /// A time in its own zone and in those asked for.
    #[derive(serde::Serialize, schemars::JsonSchema)]
    pub struct Converted {
        pub given: Moment,
        /// The same moment in each zone, in the order asked for.
        pub converted: Vec<Moment>,
    }

    /// The current date and time in a time zone, with weekday, ISO week, day of the year and Unix
    /// seconds. Use it whenever "now" or "today" matters: what was learned once is out of date.
    #[tool(title = "Now", read_only, open_world = false)]
    pub fn now(
        /// An IANA zone such as `Europe/Berlin`, its city, or an offset such as `+05:30`; default
        /// the operator's, else UTC.
        zone: Option<String>,
    ) -> Result<Json<Moment>, String> {
        let around = surroundings(zone)?;
        Ok(Json(Moment::from(&around.now.to_zoned(around.zone))))
    }

    /// Shows a time in other time zones, daylight saving time included, and says where a time is
    /// skipped or repeated by a clock change. Use it for meetings across zones, timestamps, and to
    /// read Unix times.
    ///
    /// Example: time `2026-03-29 14:30`, from `Europe/Berlin`, to `["Asia/Tokyo", "New York"]`.
    #[tool(title = "Convert time", read_only, open_world = false)]
    pub fn convert(
        /// `2026-03-29 14:30`, with a zone or offset or without, a date, `14:30` (today), `now`, or
        /// Unix seconds as `@1774787400`.
        time: &str,
        /// The zones to show it in: IANA names, cities or offsets.
        #[schemars(length(min = 1, max = 50))]
        to: Vec<String>,
        /// The zone of `time` where it names none; default the operator's, else UTC.
        from: Option<String>,
    ) -> Result<Json<Converted>, String> {
        if to.len() > MAX_ZONES {
            return Err(format!("`to` names {} zones; the limit is {MAX_ZONES}", to.len()));
        }
        let given = parse::time(time, &surroundings(from)?)?;
        let in_zone =
            |name: &String| Ok(Moment::from(&given.time.with_time_zone(zone::find(name)?)));
        let converted = to.iter().map(in_zone).collect::<Result<Vec<_>, String>>()?;
        Ok(Json(Converted { given: given.into(), converted }))
    }

    /// How long it is from one time to another: by the calendar (years, months, days, hours) and in
    /// totals. Use it for ages, deadlines, durations and days until a date.
    ///
    /// Example: start `1990-05-17`, end `now`.
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
        let around = surroundings(zone)?;
        let start = parse::time(start, &around).map_err(|error| format!("`start`: {error}"))?;
        let end = parse::time(end, &around).map_err(|error| format!("`end`: {error}"))?;
        difference::difference(&start.time, &end.time, largest).map(Json)
    }

    /// The time some duration after another, or before it: by the calendar, so that a month after
    /// 31 January is the end of February, and a day is a day across clock changes.
    ///
    /// Example: time `2026-01-31`, duration `1 month`, gives 2026-02-28.
    #[tool(title = "Add to time", read_only, open_world = false)]
    pub fn add(
        /// A time as for `convert`.
        time: &str,
        /// Such as `3 months`, `1 year 2 days`, `-90 minutes`, `2 weeks ago` or `P1Y2M3DT4H`.
        duration: &str,
        /// The zone of a time that names none; default the operator's, else UTC.
        zone: Option<String>,
    ) -> Result<Json<Moment>, String> {
        let start = parse::time(time, &surroundings(zone)?)?;
        let span = duration::parse(duration)?;
        let end = start.time.checked_add(span).map_err(|error| error.to_string())?;
        Ok(Json(Moment { note: start.note, ..Moment::from(&end) }))
    }

    /// The clock, and the zone for texts that name none.
    fn surroundings(zone: Option<String>) -> Result<Surroundings, String> {
        let zone = match (zone, config("zone")) {
            (Some(name), _) => zone::find(&name)?,
            (None, Some(name)) => zone::find(&name)
                .map_err(|error| format!("config `zone` in the plugin's manifest: {error}"))?,
            (None, None) => zone::find("UTC")?,
        };
        // Digits below a millisecond say more about this call than about the time.
        let now = Timestamp::now().round(Unit::Millisecond).map_err(|error| error.to_string())?;
        Ok(Surroundings { now, zone })
    }
}
