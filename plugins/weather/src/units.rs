//! Units: what the caller wants, and what they are called in answers.

/// The units of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Units {
    /// °C, km/h, mm.
    Metric,
    /// °F, mph, inch.
    Imperial,
}

/// What the numbers of an answer count.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Names {
    pub temperature: &'static str,
    pub speed: &'static str,
    pub precipitation: &'static str,
}

impl Units {
    pub fn names(self) -> Names {
        match self {
            Self::Metric => Names { temperature: "°C", speed: "km/h", precipitation: "mm" },
            Self::Imperial => Names { temperature: "°F", speed: "mph", precipitation: "inch" },
        }
    }
}
