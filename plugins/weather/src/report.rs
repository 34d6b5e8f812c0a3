//! What is answered: values for programs, and the same in sentences for people.

use std::fmt;

use toolrack_sdk::{IntoOutput, Json, Output, ToolError};

use crate::place::Place;
use crate::units::Names;

/// The weather now.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Current {
    pub place: Place,
    /// The local time of the observation.
    pub time: String,
    pub conditions: String,
    pub temperature: f64,
    pub feels_like: Option<f64>,
    /// Percent.
    pub humidity: Option<f64>,
    /// In the last hour or quarter of an hour.
    pub precipitation: Option<f64>,
    /// Percent.
    pub cloud_cover: Option<f64>,
    pub wind_speed: Option<f64>,
    pub wind_gusts: Option<f64>,
    /// Where it comes from, in degrees: 0 is north, 90 is east.
    pub wind_direction: Option<f64>,
    pub units: Names,
    /// The service that says so.
    pub source: &'static str,
}

/// The weather of the next days.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Forecast {
    pub place: Place,
    pub days: Vec<Day>,
    pub units: Names,
    /// The service that says so.
    pub source: &'static str,
    /// What the caller should know, such as why there are fewer days than asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One day.
#[derive(Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Day {
    /// By the local calendar.
    pub date: String,
    pub conditions: String,
    pub highest: Option<f64>,
    pub lowest: Option<f64>,
    pub precipitation: Option<f64>,
    /// Percent.
    pub precipitation_probability: Option<f64>,
    /// The strongest.
    pub wind_speed: Option<f64>,
}

impl fmt::Display for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Names { temperature, speed, precipitation } = self.units;
        let Place { name, .. } = &self.place;
        let Self { time, conditions, .. } = self;
        write!(f, "{name}, {time}: {conditions}, {:.0} {temperature}", self.temperature)?;
        if let Some(value) = self.feels_like {
            write!(f, " (feels like {value:.0})")?;
        }
        if let Some(value) = self.humidity {
            write!(f, ", humidity {value:.0} %")?;
        }
        if let Some(value) = self.precipitation {
            write!(f, ", precipitation {value} {precipitation}")?;
        }
        if let Some(value) = self.wind_speed {
            let from = self
                .wind_direction
                .map_or(String::new(), |from| format!(" from {}", compass(from)));
            write!(f, ", wind {value:.0} {speed}{from}")?;
        }
        if let Some(value) = self.wind_gusts {
            write!(f, " in gusts {value:.0}")?;
        }
        write!(f, ". Source: {}", self.source)
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Names { temperature, speed, precipitation } = self.units;
        writeln!(f, "{}:", self.place.name)?;
        for day in &self.days {
            write!(f, "{}: {}", day.date, day.conditions)?;
            if let (Some(lowest), Some(highest)) = (day.lowest, day.highest) {
                write!(f, ", {lowest:.0} to {highest:.0} {temperature}")?;
            }
            if let Some(value) = day.precipitation {
                write!(f, ", precipitation {value:.1} {precipitation}")?;
            }
            if let Some(value) = day.precipitation_probability {
                write!(f, " ({value:.0} %)")?;
            }
            if let Some(value) = day.wind_speed {
                write!(f, ", wind up to {value:.0} {speed}")?;
            }
            writeln!(f)?;
        }
        if let Some(note) = &self.note {
            writeln!(f, "{note}")?;
        }
        write!(f, "Source: {}", self.source)
    }
}

fn compass(degrees: f64) -> &'static str {
    let names =
        ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"];
    // The cast cuts off what `rem_euclid` leaves below 8, and takes no number for 0.
    names[((degrees / 45.0).round().rem_euclid(8.0) as usize).min(7)]
}

macro_rules! told_and_structured {
    ($($report:ty),*) => {$(
        impl IntoOutput for $report {
            fn into_output(self) -> Result<Output, ToolError> {
                Output::text(self.to_string()).structured(&self)
            }

            fn output_schema() -> Option<String> {
                Json::<Self>::output_schema()
            }
        }
    )*};
}

told_and_structured!(Current, Forecast);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wind_comes_from_somewhere() {
        let check = |degrees, expected| assert_eq!(compass(degrees), expected, "{degrees}");
        check(0.0, "north");
        check(22.0, "north");
        check(23.0, "northeast");
        check(350.0, "north");
        check(-90.0, "west");
        check(f64::NAN, "north");
    }
}
