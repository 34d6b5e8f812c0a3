//! The place that is meant, and the one that was found.

use crate::coordinates;
use crate::units::rounded;

/// The longest name of a place, in characters.
const MAX_NAME: usize = 200;

/// The place as the caller wrote it.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    Name(String),
    Coordinates { latitude: f64, longitude: f64 },
}

/// A place on Earth.
#[derive(Clone, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Place {
    pub name: String,
    pub latitude: f64,
    pub longitude: f64,
    /// A note on the part of the name that was not understood.
    #[serde(skip)]
    pub note: Option<String>,
}

impl Wanted {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("`place` is empty; write a name or coordinates as `48.85, 2.35`".into());
        }
        if text.chars().nth(MAX_NAME).is_some() {
            return Err(format!(
                "`place` is longer than {MAX_NAME} characters; write a town and its country"
            ));
        }
        let Some((latitude, longitude)) = coordinates::parse(text) else {
            return Ok(Self::Name(text.into()));
        };
        let within = |number: f64, most: f64| number.abs() <= most;
        if !within(latitude, 90.0) || !within(longitude, 180.0) {
            return Err(format!(
                "`place` is `{text}`, which is not on Earth: latitude is -90 to 90, longitude -180 \
                 to 180, in this order"
            ));
        }
        Ok(Self::Coordinates { latitude, longitude })
    }
}

impl Place {
    /// A place that was given by coordinates.
    pub fn at(latitude: f64, longitude: f64) -> Self {
        let (latitude, longitude) = (rounded(latitude, 5), rounded(longitude, 5));
        Self { name: format!("{latitude}, {longitude}"), latitude, longitude, note: None }
    }
}

/// The parts of a name that there are, none twice in a row.
pub fn joined<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut known: Vec<&str> =
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    known.dedup();
    known.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_name_or_coordinates() {
        let check = |text: &str, expected: Wanted| {
            assert_eq!(Wanted::parse(text), Ok(expected), "{text}");
        };
        let at = |latitude, longitude| Wanted::Coordinates { latitude, longitude };
        check(" Paris, Texas ", Wanted::Name("Paris, Texas".into()));
        check("48.85,2.35", at(48.85, 2.35));
        check("10, Downing Street", Wanted::Name("10, Downing Street".into()));
        check("NaN, 0", Wanted::Name("NaN, 0".into()));
    }

    #[test]
    fn what_is_no_place_on_earth_is_refused() {
        let long = "é".repeat(201);
        for text in ["", " ", "91, 0", "0, 181", "99999999999999999999, 1", &long] {
            assert!(Wanted::parse(text).is_err(), "{text}");
        }
    }
}
