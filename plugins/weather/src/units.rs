//! Units, and numbers as people want them.

/// The units of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Units {
    /// °C, km/h, mm.
    Metric,
    /// °F, mph, inch.
    Imperial,
}

/// The names of the units that an answer's numbers count.
#[derive(Clone, Copy, Debug, PartialEq)]
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

    /// All of them, as results name them.
    pub fn text(self) -> &'static str {
        match self {
            Self::Metric => "°C, km/h, mm",
            Self::Imperial => "°F, mph, inch",
        }
    }

    /// As fine as precipitation is measured.
    pub fn precipitation(self, value: f64) -> f64 {
        match self {
            Self::Metric => rounded(value, 2),
            Self::Imperial => rounded(value, 3),
        }
    }
}

/// `value` with at most so many decimals, and no negative zero: 0.1 + 0.2 is 0.3.
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    let scaled = (value * scale).round();
    if scaled.is_finite() { scaled / scale + 0.0 } else { value }
}

/// A whole number, halves away from zero, as people round.
pub fn whole(value: f64) -> f64 {
    rounded(value, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_people_want_them() {
        let check = |value: f64, decimals, expected: &str| {
            assert_eq!(rounded(value, decimals).to_string(), expected, "{value}");
        };
        check(0.1 + 0.2, 2, "0.3");
        check(5.5, 0, "6");
        check(20.5, 0, "21");
        check(-0.3, 0, "0");
        check(-0.5, 0, "-1");
        check(1e308, 2, &1e308.to_string());
        check(17.999_999, 1, "18");
    }
}
