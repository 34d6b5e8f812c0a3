//! Open-Meteo: no key, for non-commercial use. What it is asked, and what its answers mean.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toolrack_sdk::http::{self, Request};

use crate::conditions;
use crate::place::{Place, Wanted, joined, unknown};
use crate::report::{Current, Day, Forecast};
use crate::service;
use crate::settings::Settings;
use crate::units::Units;

const SOURCE: &str = "Open-Meteo";
const PLACES: &str = "https://geocoding-api.open-meteo.com";
const WEATHER: &str = "https://api.open-meteo.com";

const NOW: &str = "temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,\
                   weather_code,cloud_cover,wind_speed_10m,wind_gusts_10m,wind_direction_10m";
const DAILY: &str = "weather_code,temperature_2m_max,temperature_2m_min,precipitation_sum,\
                     precipitation_probability_max,wind_speed_10m_max";

pub fn current(wanted: &Wanted, settings: &Settings) -> Result<Current, String> {
    #[derive(Deserialize)]
    struct Answer {
        current: Now,
    }
    #[derive(Deserialize)]
    struct Now {
        time: String,
        temperature_2m: f64,
        apparent_temperature: Option<f64>,
        relative_humidity_2m: Option<f64>,
        precipitation: Option<f64>,
        weather_code: u16,
        cloud_cover: Option<f64>,
        wind_speed_10m: Option<f64>,
        wind_gusts_10m: Option<f64>,
        wind_direction_10m: Option<f64>,
    }
    let place = find(wanted, settings)?;
    let Answer { current: now } = ask(weather(&place, settings).query("current", NOW))?;
    Ok(Current {
        place,
        time: now.time.replace('T', " "),
        conditions: conditions::words(now.weather_code),
        temperature: now.temperature_2m,
        feels_like: now.apparent_temperature,
        humidity: now.relative_humidity_2m,
        precipitation: now.precipitation,
        cloud_cover: now.cloud_cover,
        wind_speed: now.wind_speed_10m,
        wind_gusts: now.wind_gusts_10m,
        wind_direction: now.wind_direction_10m,
        units: settings.units.names(),
        source: SOURCE,
    })
}

pub fn forecast(wanted: &Wanted, days: usize, settings: &Settings) -> Result<Forecast, String> {
    #[derive(Deserialize)]
    struct Answer {
        daily: Daily,
    }
    #[derive(Deserialize)]
    struct Daily {
        time: Vec<String>,
        weather_code: Vec<Option<u16>>,
        temperature_2m_max: Vec<Option<f64>>,
        temperature_2m_min: Vec<Option<f64>>,
        precipitation_sum: Vec<Option<f64>>,
        precipitation_probability_max: Vec<Option<f64>>,
        wind_speed_10m_max: Vec<Option<f64>>,
    }
    let place = find(wanted, settings)?;
    let request = weather(&place, settings).query("daily", DAILY).query("forecast_days", days);
    let Answer { daily } = ask(request)?;
    let at = |values: &[Option<f64>], index: usize| values.get(index).copied().flatten();
    let days = daily.time.iter().enumerate().map(|(index, date)| Day {
        date: date.clone(),
        conditions: match daily.weather_code.get(index) {
            Some(Some(code)) => conditions::words(*code),
            _ => "unknown".into(),
        },
        highest: at(&daily.temperature_2m_max, index),
        lowest: at(&daily.temperature_2m_min, index),
        precipitation: at(&daily.precipitation_sum, index),
        precipitation_probability: at(&daily.precipitation_probability_max, index),
        wind_speed: at(&daily.wind_speed_10m_max, index),
    });
    let days = days.collect();
    Ok(Forecast { place, days, units: settings.units.names(), source: SOURCE, note: None })
}

fn weather(place: &Place, settings: &Settings) -> Request {
    let request = http::get(format!("{}/v1/forecast", settings.base(WEATHER)))
        .query("latitude", place.latitude)
        .query("longitude", place.longitude)
        .query("timezone", "auto");
    match settings.units {
        Units::Metric => request,
        Units::Imperial => request
            .query("temperature_unit", "fahrenheit")
            .query("wind_speed_unit", "mph")
            .query("precipitation_unit", "inch"),
    }
}

fn find(wanted: &Wanted, settings: &Settings) -> Result<Place, String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        results: Vec<Found>,
    }
    #[derive(Deserialize)]
    struct Found {
        name: String,
        latitude: f64,
        longitude: f64,
        admin1: Option<String>,
        country: Option<String>,
        country_code: Option<String>,
    }
    let name = match wanted {
        Wanted::Coordinates { latitude, longitude } => return Ok(Place::at(*latitude, *longitude)),
        Wanted::Name(name) => name,
    };
    // The service knows towns by their names alone; what follows a comma chooses between them.
    let (town, wishes) = name.split_once(',').unwrap_or((name, ""));
    let wishes: Vec<String> = wishes
        .split(',')
        .map(|wish| wish.trim().to_lowercase())
        .filter(|wish| !wish.is_empty())
        .collect();
    let request = http::get(format!("{}/v1/search", settings.base(PLACES)))
        .query("name", town.trim())
        .query("count", 20)
        .query("language", "en");
    let Answer { results } = ask(request)?;
    let fits = |found: &Found| {
        let parts = [&found.admin1, &found.country, &found.country_code];
        let is =
            |wish: &String| parts.into_iter().flatten().any(|part| part.to_lowercase() == *wish);
        wishes.iter().filter(|wish| is(wish)).count()
    };
    // The first of those that fit best: the service puts the most populous first.
    let best = results.into_iter().rev().max_by_key(fits).ok_or_else(|| unknown(name))?;
    if !wishes.is_empty() && fits(&best) == 0 {
        return Err(unknown(name));
    }
    let parts = [Some(best.name.as_str()), best.admin1.as_deref(), best.country.as_deref()];
    Ok(Place { name: joined(parts), latitude: best.latitude, longitude: best.longitude })
}

fn ask<T: DeserializeOwned>(request: Request) -> Result<T, String> {
    service::ask(SOURCE, "it asks for no key, so this address or network is blocked", request)
}

#[cfg(test)]
mod tests;
