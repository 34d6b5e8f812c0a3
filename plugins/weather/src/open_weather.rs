//! OpenWeatherMap: with a key, which the host puts into each request. What it is asked, and what its
//! answers mean. The free plan forecasts five days in steps of three hours.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toolrack_sdk::http::{self, Request};

use crate::place::{Place, Wanted, joined, unknown};
use crate::report::{Current, Day, Forecast};
use crate::service;
use crate::settings::Settings;
use crate::units::Units;

const SOURCE: &str = "OpenWeatherMap";
const BASE: &str = "https://api.openweathermap.org";
/// A new key works only some hours after it was made.
const KEY: &str = "it does not accept the API key; the operator binds one to \
                   https://api.openweathermap.org with `secret` and `query = \"appid\"` under [grants] in \
                   the plugin's manifest, and a new key takes up to two hours to work";

/// One moment, as both answers have it.
#[derive(Deserialize)]
struct Step {
    dt: i64,
    main: Main,
    #[serde(default)]
    weather: Vec<Weather>,
    #[serde(default)]
    wind: Wind,
    #[serde(default)]
    clouds: Clouds,
    #[serde(default)]
    rain: Fallen,
    #[serde(default)]
    snow: Fallen,
    /// The probability of precipitation, 0 to 1.
    pop: Option<f64>,
}

#[derive(Deserialize)]
struct Main {
    temp: f64,
    feels_like: Option<f64>,
    humidity: Option<f64>,
    temp_min: Option<f64>,
    temp_max: Option<f64>,
}

#[derive(Deserialize)]
struct Weather {
    description: String,
}

#[derive(Default, Deserialize)]
struct Wind {
    speed: Option<f64>,
    gust: Option<f64>,
    deg: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Clouds {
    all: Option<f64>,
}

/// Millimetres, in whatever units was asked.
#[derive(Default, Deserialize)]
struct Fallen {
    #[serde(alias = "1h", alias = "3h")]
    fallen: Option<f64>,
}

pub fn current(wanted: &Wanted, settings: &Settings) -> Result<Current, String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(flatten)]
        now: Step,
        /// Seconds east of UTC.
        #[serde(default)]
        timezone: i32,
    }
    let place = find(wanted, settings)?;
    let Answer { now, timezone } = ask(weather("weather", &place, settings))?;
    Ok(Current {
        place,
        time: local(now.dt, timezone)?.strftime("%Y-%m-%d %H:%M").to_string(),
        conditions: now.conditions(),
        temperature: now.main.temp,
        feels_like: now.main.feels_like,
        humidity: now.main.humidity,
        precipitation: now.precipitation(settings.units),
        cloud_cover: now.clouds.all,
        wind_speed: now.wind.speed.map(|value| speed(value, settings.units)),
        wind_gusts: now.wind.gust.map(|value| speed(value, settings.units)),
        wind_direction: now.wind.deg,
        units: settings.units.names(),
        source: SOURCE,
    })
}

pub fn forecast(wanted: &Wanted, days: usize, settings: &Settings) -> Result<Forecast, String> {
    #[derive(Deserialize)]
    struct Answer {
        list: Vec<Step>,
        city: City,
    }
    #[derive(Deserialize)]
    struct City {
        #[serde(default)]
        timezone: i32,
    }
    let place = find(wanted, settings)?;
    let Answer { list, city } = ask(weather("forecast", &place, settings))?;
    let mut dated = Vec::new();
    for step in list {
        dated.push((local(step.dt, city.timezone)?, step));
    }
    let found: Vec<Day> = dated
        .chunk_by(|(before, _), (after, _)| before.date() == after.date())
        .take(days)
        .map(|steps| day(steps, settings.units))
        .collect();
    let note = (found.len() < days).then(|| format!("{SOURCE} forecasts no further than this."));
    Ok(Forecast { place, days: found, units: settings.units.names(), source: SOURCE, note })
}

/// The steps of one date, of which there is at least one.
fn day(steps: &[(DateTime, Step)], units: Units) -> Day {
    let most = |value: fn(&Step) -> Option<f64>| {
        steps.iter().filter_map(|(_, step)| value(step)).reduce(f64::max)
    };
    let lowest = steps.iter().filter_map(|(_, step)| step.main.temp_min.or(Some(step.main.temp)));
    let fallen = steps.iter().filter_map(|(_, step)| step.precipitation(units));
    // Around noon is what people mean by the weather of a day.
    let noon = steps.iter().min_by_key(|(time, _)| (time.hour() - 13).abs());
    Day {
        date: steps.first().map_or(String::new(), |(time, _)| time.date().to_string()),
        conditions: noon.map_or(String::new(), |(_, step)| step.conditions()),
        highest: most(|step| step.main.temp_max.or(Some(step.main.temp))),
        lowest: lowest.reduce(f64::min),
        precipitation: Some(fallen.sum()),
        precipitation_probability: most(|step| step.pop).map(|value| value * 100.0),
        wind_speed: most(|step| step.wind.speed).map(|value| speed(value, units)),
    }
}

impl Step {
    fn conditions(&self) -> String {
        self.weather.first().map_or_else(|| "unknown".into(), |first| first.description.clone())
    }

    fn precipitation(&self, units: Units) -> Option<f64> {
        let fallen =
            [self.rain.fallen, self.snow.fallen].into_iter().flatten().reduce(|a, b| a + b);
        fallen.map(|millimetres| match units {
            Units::Metric => millimetres,
            Units::Imperial => millimetres / 25.4,
        })
    }
}

/// Metric speeds come in metres a second.
fn speed(value: f64, units: Units) -> f64 {
    match units {
        Units::Metric => value * 3.6,
        Units::Imperial => value,
    }
}

fn local(seconds: i64, east: i32) -> Result<DateTime, String> {
    let time = Timestamp::from_second(seconds).map_err(|error| format!("{SOURCE}: {error}"))?;
    let offset = Offset::from_seconds(east).map_err(|error| format!("{SOURCE}: {error}"))?;
    Ok(offset.to_datetime(time))
}

fn weather(what: &str, place: &Place, settings: &Settings) -> Request {
    let units = match settings.units {
        Units::Metric => "metric",
        Units::Imperial => "imperial",
    };
    http::get(format!("{}/data/2.5/{what}", settings.base(BASE)))
        .query("lat", place.latitude)
        .query("lon", place.longitude)
        .query("units", units)
}

fn find(wanted: &Wanted, settings: &Settings) -> Result<Place, String> {
    #[derive(Deserialize)]
    struct Found {
        name: String,
        lat: f64,
        lon: f64,
        state: Option<String>,
        country: Option<String>,
    }
    let name = match wanted {
        Wanted::Coordinates { latitude, longitude } => return Ok(Place::at(*latitude, *longitude)),
        Wanted::Name(name) => name,
    };
    let url = format!("{}/geo/1.0/direct", settings.base(BASE));
    let found: Vec<Found> = ask(http::get(url).query("q", name).query("limit", 1))?;
    let Found { name, lat, lon, state, country } =
        found.into_iter().next().ok_or_else(|| unknown(name))?;
    let name = joined([Some(name.as_str()), state.as_deref(), country.as_deref()]);
    Ok(Place { name, latitude: lat, longitude: lon })
}

fn ask<T: DeserializeOwned>(request: Request) -> Result<T, String> {
    service::ask(SOURCE, KEY, request)
}

#[cfg(test)]
mod tests;
