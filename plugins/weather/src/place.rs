//! Which place is meant, and which one was found.

/// What the caller wrote.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    Name(String),
    Coordinates { latitude: f64, longitude: f64 },
}

/// A place that a service knows.
#[derive(Clone, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Place {
    /// The name with region and country, or the coordinates as they were given.
    pub name: String,
    pub latitude: f64,
    pub longitude: f64,
}

impl Wanted {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("`place` is empty; write a name or coordinates as `48.85, 2.35`".into());
        }
        let numbers = text.split_once(',').and_then(|(latitude, longitude)| {
            Some((latitude.trim().parse().ok()?, longitude.trim().parse().ok()?))
        });
        let Some((latitude, longitude)) = numbers else {
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
        Self { name: format!("{latitude}, {longitude}"), latitude, longitude }
    }
}

/// The parts of a name that there are, none twice in a row.
pub fn joined<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut known: Vec<&str> =
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    known.dedup();
    known.join(", ")
}

/// What is said where a service knows no such place.
pub fn unknown(name: &str) -> String {
    format!(
        "there is no place `{name}`; check the spelling, leave out all but the town and its country, \
         or give coordinates as `48.85, 2.35`"
    )
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
        check("-33.9 , -70", at(-33.9, -70.0));
        check("10, Downing Street", Wanted::Name("10, Downing Street".into()));
    }

    #[test]
    fn what_is_no_place_on_earth_is_refused() {
        for text in ["", " ", "91, 0", "0, 181", "NaN, 1", "inf, 0"] {
            assert!(Wanted::parse(text).is_err(), "{text}");
        }
    }
}
