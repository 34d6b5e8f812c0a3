//! The answer: values for programs, and the same in sentences for people.

use std::fmt;

use toolrack_sdk::{IntoOutput, Json, Output, ToolError};

use crate::place::Place;
use crate::units::{Units, whole};

/// The weather now. What the service does not say is absent.
#[derive(Debug, Default, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Measured {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feels_like: Option<f64>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub humidity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precipitation: Option<f64>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_cover: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wind_speed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wind_gusts: Option<f64>,
    /// Where it comes from: 0 is north, 90 east.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wind_direction: Option<f64>,
}

/// The weather now, with its place.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Current {
    pub place: Place,
    /// The local time of the observation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    #[serde(flatten)]
    pub measured: Measured,
    pub units: &'static str,
    pub source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip)]
    pub in_units: Units,
}

/// The weather of the next days.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Forecast {
    pub place: Place,
    pub days: Vec<Day>,
    pub units: &'static str,
    pub source: &'static str,
    /// Such as why there are fewer days than asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip)]
    pub in_units: Units,
}

/// One day.
#[derive(Debug, Default, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Day {
    pub date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highest: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lowest: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precipitation: Option<f64>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precipitation_probability: Option<f64>,
    /// The strongest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wind_speed: Option<f64>,
}

/// The reader's notes, in one text.
pub fn notes(all: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let all: Vec<_> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(" "))
}

impl fmt::Display for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.in_units.names();
        write!(f, "{}", self.place.name)?;
        if let Some(time) = &self.time {
            write!(f, ", {time}")?;
        }
        let now = &self.measured;
        write!(f, ": {}", now.conditions.as_deref().unwrap_or("conditions unknown"))?;
        match now.temperature {
            Some(value) => write!(f, ", {} {}", whole(value), names.temperature)?,
            None => write!(f, ", temperature unknown")?,
        }
        if let Some(value) = now.feels_like {
            write!(f, " (feels like {})", whole(value))?;
        }
        if let Some(value) = now.humidity {
            write!(f, ", humidity {} %", whole(value))?;
        }
        if let Some(value) = now.precipitation {
            write!(f, ", precipitation {value} {}", names.precipitation)?;
        }
        self.write_wind(f)?;
        write!(f, ". ")?;
        if let Some(note) = &self.note {
            write!(f, "{note} ")?;
        }
        write!(f, "Source: {}", self.source)
    }
}

impl Current {
    fn write_wind(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let speed = self.in_units.names().speed;
        let Measured { wind_speed, wind_gusts, wind_direction, .. } = self.measured;
        let from = wind_direction.map_or(String::new(), |from| format!(" from {}", compass(from)));
        match (wind_speed, wind_gusts) {
            (Some(value), None) => write!(f, ", wind {} {speed}{from}", whole(value)),
            (Some(value), Some(gusts)) => {
                write!(f, ", wind {} {speed}{from} in gusts {}", whole(value), whole(gusts))
            }
            (None, Some(gusts)) => write!(f, ", wind{from} in gusts {} {speed}", whole(gusts)),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.in_units.names();
        writeln!(f, "{}:", self.place.name)?;
        for day in &self.days {
            let conditions = day.conditions.as_deref().unwrap_or("conditions unknown");
            write!(f, "{}: {conditions}", day.date)?;
            match (day.lowest.map(whole), day.highest.map(whole)) {
                (Some(low), Some(high)) => write!(f, ", {low} to {high} {}", names.temperature)?,
                (Some(low), None) => write!(f, ", at least {low} {}", names.temperature)?,
                (None, Some(high)) => write!(f, ", at most {high} {}", names.temperature)?,
                (None, None) => {}
            }
            match (day.precipitation, day.precipitation_probability.map(whole)) {
                (Some(value), Some(likely)) => {
                    write!(f, ", precipitation {value} {} ({likely} %)", names.precipitation)?;
                }
                (Some(value), None) => {
                    write!(f, ", precipitation {value} {}", names.precipitation)?
                }
                (None, Some(likely)) => write!(f, ", precipitation {likely} % likely")?,
                (None, None) => {}
            }
            if let Some(value) = day.wind_speed {
                write!(f, ", wind up to {} {}", whole(value), names.speed)?;
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
