//! The operator's settings under `[grants.config]`.

use crate::units::Units;

/// Which service is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Needs no key.
    OpenMeteo,
    /// Needs a key, which the host adds to each request.
    OpenWeatherMap,
}

/// The settings of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub provider: Provider,
    /// Asked in place of the service's own addresses, such as a server for tests. No final slash.
    pub endpoint: Option<String>,
    pub units: Units,
}

impl Settings {
    /// Reads `config`, with the units that the call asks for.
    pub fn read(
        config: impl Fn(&str) -> Option<String>,
        units: Option<Units>,
    ) -> Result<Self, String> {
        let provider = match config("provider").as_deref() {
            None | Some("open-meteo") => Provider::OpenMeteo,
            Some("openweathermap") => Provider::OpenWeatherMap,
            Some(other) => {
                return Err(wrong("provider", other, "`open-meteo` or `openweathermap`"));
            }
        };
        let default = match config("units").as_deref() {
            None | Some("metric") => Units::Metric,
            Some("imperial") => Units::Imperial,
            Some(other) => return Err(wrong("units", other, "`metric` or `imperial`")),
        };
        let endpoint = config("endpoint").map(|url| url.trim_end_matches('/').to_string());
        Ok(Self { provider, endpoint, units: units.unwrap_or(default) })
    }

    /// The address to ask, where the service's own is `url`.
    pub fn base<'a>(&'a self, url: &'a str) -> &'a str {
        self.endpoint.as_deref().unwrap_or(url)
    }
}

fn wrong(key: &str, found: &str, expected: &str) -> String {
    format!(
        "the plugin's config has {key} = `{found}`; it takes {expected}: `toolrack grant weather config {key}=VALUE`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_a_default() {
        let settings = Settings::read(|_| None, None).unwrap();
        assert_eq!((settings.provider, settings.units), (Provider::OpenMeteo, Units::Metric));
        assert_eq!(settings.base("https://a.example"), "https://a.example");
    }

    #[test]
    fn what_is_set_counts_and_the_call_comes_first() {
        let config = |key: &str| {
            let value = match key {
                "provider" => "openweathermap",
                "units" => "imperial",
                _ => "http://127.0.0.1:8080/",
            };
            Some(value.to_string())
        };
        let settings = Settings::read(config, None).unwrap();
        assert_eq!(
            (settings.provider, settings.units),
            (Provider::OpenWeatherMap, Units::Imperial)
        );
        assert_eq!(settings.base("https://a.example"), "http://127.0.0.1:8080");
        assert_eq!(Settings::read(config, Some(Units::Metric)).unwrap().units, Units::Metric);
    }

    #[test]
    fn what_is_set_wrong_is_named() {
        let message = Settings::read(|_| Some("kelvin".into()), None).unwrap_err();
        assert!(message.contains("toolrack grant weather config provider="), "{message}");
    }
}
