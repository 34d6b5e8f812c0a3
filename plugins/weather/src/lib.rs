//! The plugin `weather`: now and the next days. This file is what the host sees; `open_meteo` and
//! `open_weather` are the services it can ask, and only they know what those say.

mod conditions;
mod coordinates;
mod open_meteo;
mod open_weather;
mod place;
mod region;
mod report;
mod service;
mod settings;
mod units;

#[toolrack_sdk::plugin]
mod weather {
    use crate::place::Wanted;
    use crate::report::{Current, Forecast};
    use crate::settings::{Provider, Settings};
    use crate::units::Units;
    use crate::{open_meteo, open_weather};
    use toolrack_sdk::config;

    /// Days that are forecast where nothing is said, and at most.
    const DEFAULT_DAYS: usize = 3;
    const MAX_DAYS: usize = 7;

    /// The weather at a place now: conditions, temperature, humidity, precipitation, wind. For later today and the next
    /// days use {tool:forecast}.
    ///
    /// Example: place `Portland, OR`.
    #[tool(title = "Weather now", read_only, open_world)]
    pub fn current(
        /// A town, with region or country where it has namesakes: `London, UK`; or latitude and longitude: `48.85, 2.35`.
        place: &str,
        /// Default: the operator's, else metric.
        units: Option<Units>,
    ) -> Result<Current, String> {
        let (wanted, settings) = (Wanted::parse(place)?, Settings::read(config, units)?);
        match settings.provider {
            Provider::OpenMeteo => open_meteo::current(&wanted, &settings),
            Provider::OpenWeatherMap => open_weather::current(&wanted, &settings),
        }
    }

    /// The weather at a place for each of the next days, today included: conditions, highest and lowest temperature,
    /// precipitation, wind. For this moment use {tool:current}.
    ///
    /// Example: place `52.52, 13.41`, days 5.
    #[tool(title = "Weather forecast", read_only, open_world)]
    pub fn forecast(
        /// A town, with region or country where it has namesakes: `London, UK`; or latitude and longitude: `48.85, 2.35`.
        place: &str,
        /// How many days, today included; default 3.
        #[schemars(range(min = 1, max = 7))]
        days: Option<usize>,
        /// Default: the operator's, else metric.
        units: Option<Units>,
    ) -> Result<Forecast, String> {
        let (wanted, settings) = (Wanted::parse(place)?, Settings::read(config, units)?);
        let days = days.unwrap_or(DEFAULT_DAYS).clamp(1, MAX_DAYS);
        match settings.provider {
            Provider::OpenMeteo => open_meteo::forecast(&wanted, days, &settings),
            Provider::OpenWeatherMap => open_weather::forecast(&wanted, days, &settings),
        }
    }
}
