//! A moment as an answer shows it: in one zone, with what people ask about it.

use crate::parse::Parsed;
use crate::zone;
use jiff::Zoned;

#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Moment {
    pub time: String,
    pub zone: String,
    /// Such as CEST.
    pub abbreviation: String,
    pub daylight_saving: bool,
    pub weekday: String,
    /// Such as 2026-W13.
    pub week: String,
    pub day_of_year: i16,
    pub unix: i64,
    /// What had to be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<Parsed> for Moment {
    fn from(Parsed { time, note }: Parsed) -> Moment {
        Moment { note, ..Moment::from(&time) }
    }
}

// A `Moment` without what is the same in every zone.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Reading {
    pub time: String,
    pub zone: String,
    pub abbreviation: String,
    pub weekday: String,
    /// What had to be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<Moment> for Reading {
    fn from(moment: Moment) -> Reading {
        let Moment { time, zone, abbreviation, weekday, note, .. } = moment;
        Reading { time, zone, abbreviation, weekday, note }
    }
}

impl From<&Zoned> for Moment {
    fn from(time: &Zoned) -> Moment {
        let info = time.time_zone().to_offset_info(time.timestamp());
        let week = time.date().iso_week_date();
        Moment {
            time: time.timestamp().display_with_offset(time.offset()).to_string(),
            zone: zone::name(time.time_zone(), time.offset()),
            abbreviation: info.abbreviation().to_string(),
            daylight_saving: info.dst().is_dst(),
            weekday: time.strftime("%A").to_string(),
            week: format!("{}-W{:02}", week.year(), week.week()),
            day_of_year: time.day_of_year(),
            unix: time.timestamp().as_second(),
            note: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_says_what_people_ask() {
        let time: Zoned = "2027-01-01T14:30[Europe/Berlin]".parse().unwrap();
        let found = Moment::from(&time);
        assert_eq!(found.time, "2027-01-01T14:30:00+01:00");
        assert_eq!(found.zone, "Europe/Berlin");
        assert_eq!(found.abbreviation, "CET");
        assert!(!found.daylight_saving);
        assert_eq!(found.weekday, "Friday");
        assert_eq!(found.week, "2026-W53");
        assert_eq!(found.day_of_year, 1);
        assert_eq!(found.unix, 1_798_810_200);
    }
}
