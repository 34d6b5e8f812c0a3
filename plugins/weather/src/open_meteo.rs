//! Open-Meteo: no key, for non-commercial use. What it is asked, and what its answers mean.

use lenient::{Answer, Field};
use toolrack_sdk::http::{self, Request};

use crate::conditions;
use crate::place::{Place, Wanted};
use crate::region::{Asked, Found};
use crate::report::{Current, Day, Forecast, Measured, notes};
use crate::service;
use crate::settings::Settings;
use crate::units::{Units, rounded};

const SOURCE: &str = "Open-Meteo";
const PLACES: &str = "https://geocoding-api.open-meteo.com";
const WEATHER: &str = "https://api.open-meteo.com";

const NOW: &str = "temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,\
                   weather_code,cloud_cover,wind_speed_10m,wind_gusts_10m,wind_direction_10m";
const DAILY: &str = "weather_code,temperature_2m_max,temperature_2m_min,precipitation_sum,\
                     precipitation_probability_max,wind_speed_10m_max";

pub fn current(wanted: &Wanted, settings: &Settings) -> Result<Current, String> {
    let place = find(wanted, settings)?;
    let answer = ask(weather(&place, settings).query("current", NOW))?;
    let now = answer.at("current");
    let tenths = |name| now.at(name).number().map(|value| rounded(value, 1));
    let precipitation = now.at("precipitation").number();
    let measured = Measured {
        conditions: now.at("weather_code").integer().map(conditions::words),
        temperature: tenths("temperature_2m"),
        feels_like: tenths("apparent_temperature"),
        humidity: tenths("relative_humidity_2m"),
        precipitation: precipitation.map(|value| settings.units.precipitation(value)),
        cloud_cover: tenths("cloud_cover"),
        wind_speed: tenths("wind_speed_10m"),
        wind_gusts: tenths("wind_gusts_10m"),
        wind_direction: tenths("wind_direction_10m"),
    };
    service::check_current(SOURCE, &place, &measured)?;
    Ok(Current {
        time: now.at("time").text().map(|time| time.replace('T', " ")),
        measured,
        units: settings.units.text(),
        source: SOURCE,
        note: place.note.clone(),
        place,
        in_units: settings.units,
    })
}

pub fn forecast(wanted: &Wanted, days: usize, settings: &Settings) -> Result<Forecast, String> {
    let place = find(wanted, settings)?;
    let request = weather(&place, settings).query("daily", DAILY).query("forecast_days", days);
    let answer = ask(request)?;
    let daily = answer.at("daily");
    let dates = daily.at("time").items().enumerate();
    let found: Vec<Day> = dates
        .filter_map(|(index, date)| Some(day(date.text()?, daily, index, settings.units)))
        .take(days)
        .collect();
    let few = service::check_days(SOURCE, &place, found.len(), days)?;
    Ok(Forecast {
        days: found,
        units: settings.units.text(),
        source: SOURCE,
        note: notes([place.note.clone(), few]),
        place,
        in_units: settings.units,
    })
}

/// The day at `index` of the lists that stand side by side in `daily`.
fn day(date: String, daily: Field<'_>, index: usize, units: Units) -> Day {
    let number = |name| daily.at(name).item(index).number();
    let tenths = |name| number(name).map(|value| rounded(value, 1));
    Day {
        date,
        conditions: daily.at("weather_code").item(index).integer().map(conditions::words),
        highest: tenths("temperature_2m_max"),
        lowest: tenths("temperature_2m_min"),
        precipitation: number("precipitation_sum").map(|value| units.precipitation(value)),
        precipitation_probability: tenths("precipitation_probability_max"),
        wind_speed: tenths("wind_speed_10m_max"),
    }
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
    let name = match wanted {
        Wanted::Coordinates { latitude, longitude } => return Ok(Place::at(*latitude, *longitude)),
        Wanted::Name(name) => name,
    };
    let readings = Asked::readings(name);
    let mut why = None;
    for asked in &readings {
        // The service knows towns by their names alone; what follows a comma chooses between them.
        let request = http::get(format!("{}/v1/search", settings.base(PLACES)))
            .query("name", &asked.town)
            .query("count", 50)
            .query("language", "en");
        let answer = ask(request)?;
        let found: Vec<Found> = answer.at("results").items().filter_map(place).collect();
        if let Some(place) = asked.choose(&found) {
            return Ok(place);
        }
        if why.is_none() || !found.is_empty() {
            why = Some(asked.unknown(&found));
        }
    }
    Err(why.unwrap_or_default())
}

/// A place, where the answer says where it lies.
fn place(found: Field<'_>) -> Option<Found> {
    let text = |name: &str| found.at(name).text();
    let regions = ["admin1", "admin2", "admin3", "admin4"];
    Some(Found {
        name: text("name").unwrap_or_else(|| "a place without a name".into()),
        regions: regions.iter().filter_map(|name| text(name)).collect(),
        country: text("country"),
        country_code: text("country_code"),
        latitude: found.at("latitude").number()?,
        longitude: found.at("longitude").number()?,
    })
}

fn ask(request: Request) -> Result<Answer, String> {
    service::ask(SOURCE, "it asks for no key, so this address or network is blocked", request)
}

#[cfg(test)]
mod tests;
