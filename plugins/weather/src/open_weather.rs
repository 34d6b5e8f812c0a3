//! OpenWeatherMap: with a key, which the host puts into each request. What it is asked, and what its
//! answers mean. The free plan forecasts five days in steps of three hours.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use lenient::{Answer, Field};
use toolrack_sdk::http::{self, Request};

use crate::place::{Place, Wanted};
use crate::region::{Asked, Found};
use crate::report::{Current, Day, Forecast, Measured, notes};
use crate::service;
use crate::settings::Settings;
use crate::units::{Units, rounded};

const SOURCE: &str = "OpenWeatherMap";
const BASE: &str = "https://api.openweathermap.org";

/// One moment, as both answers have it.
struct Step {
    /// By the local clock.
    time: Option<DateTime>,
    measured: Measured,
    lowest: Option<f64>,
    highest: Option<f64>,
    /// The probability of precipitation in percent.
    probability: Option<f64>,
}

impl Step {
    /// `east`: seconds of the local clock before UTC.
    fn read(step: Field<'_>, east: i64, units: Units) -> Self {
        let tenths = |name| step.at(name).number().map(|value| rounded(value, 1));
        let wind = |name| step.at(name).number().map(|value| rounded(speed(value, units), 1));
        let temperature = tenths("main.temp");
        Self {
            time: step.at("dt").integer().and_then(|seconds| local(seconds, east)),
            measured: Measured {
                conditions: step.at("weather").item(0).at("description").text(),
                temperature,
                feels_like: tenths("main.feels_like"),
                humidity: tenths("main.humidity"),
                precipitation: precipitation(step, units),
                cloud_cover: tenths("clouds.all"),
                wind_speed: wind("wind.speed"),
                wind_gusts: wind("wind.gust"),
                wind_direction: tenths("wind.deg"),
            },
            lowest: tenths("main.temp_min").or(temperature),
            highest: tenths("main.temp_max").or(temperature),
            probability: step.at("pop").number().map(|value| rounded(value * 100.0, 1)),
        }
    }
}

/// Rain and snow, which come in millimetres whatever units are asked for.
fn precipitation(step: Field<'_>, units: Units) -> Option<f64> {
    let fallen = |kind: &str| {
        let field = |hours| step.at(kind).at(hours).number();
        field("1h").or_else(|| field("3h"))
    };
    let millimetres = [fallen("rain"), fallen("snow")].into_iter().flatten().reduce(|a, b| a + b);
    millimetres.map(|millimetres| match units {
        Units::Metric => units.precipitation(millimetres),
        Units::Imperial => units.precipitation(millimetres / 25.4),
    })
}

pub fn current(wanted: &Wanted, settings: &Settings) -> Result<Current, String> {
    let place = find(wanted, settings)?;
    let answer = ask(weather("weather", &place, settings), settings)?;
    let zone = answer.at("timezone").integer();
    let Step { time, measured, .. } =
        Step::read(answer.root(), zone.unwrap_or_default(), settings.units);
    service::check_current(SOURCE, &place, &measured)?;
    Ok(Current {
        time: time.map(|time| time.strftime("%Y-%m-%d %H:%M").to_string()),
        measured,
        units: settings.units.text(),
        source: SOURCE,
        note: notes([place.note.clone(), no_zone(zone)]),
        place,
        in_units: settings.units,
    })
}

pub fn forecast(wanted: &Wanted, days: usize, settings: &Settings) -> Result<Forecast, String> {
    let place = find(wanted, settings)?;
    let answer = ask(weather("forecast", &place, settings), settings)?;
    let zone = answer.at("city.timezone").integer();
    let steps = answer.at("list").items();
    let steps = steps.map(|step| Step::read(step, zone.unwrap_or_default(), settings.units));
    let mut dated: Vec<(DateTime, Step)> =
        steps.filter_map(|step| Some((step.time?, step))).collect();
    dated.sort_by_key(|(time, _)| *time);
    let found: Vec<Day> = dated
        .chunk_by(|(before, _), (after, _)| before.date() == after.date())
        .take(days)
        .map(|steps| day(steps, settings.units))
        .collect();
    let few = service::check_days(SOURCE, &place, found.len(), days)?;
    Ok(Forecast {
        days: found,
        units: settings.units.text(),
        source: SOURCE,
        note: notes([place.note.clone(), no_zone(zone), few]),
        place,
        in_units: settings.units,
    })
}

fn no_zone(zone: Option<i64>) -> Option<String> {
    zone.is_none().then(|| "Times are in UTC: the zone of the place is not told.".into())
}

/// The steps of one date, of which there is at least one.
fn day(steps: &[(DateTime, Step)], units: Units) -> Day {
    let values =
        |value: fn(&Step) -> Option<f64>| steps.iter().filter_map(move |(_, step)| value(step));
    let fallen = values(|step| step.measured.precipitation).reduce(|a, b| a + b);
    // Around noon is what people mean by the weather of a day.
    let told = steps.iter().filter(|(_, step)| step.measured.conditions.is_some());
    let noon = told.min_by_key(|(time, _)| (time.hour() - 13).abs());
    Day {
        date: steps.first().map_or(String::new(), |(time, _)| time.date().to_string()),
        conditions: noon.and_then(|(_, step)| step.measured.conditions.clone()),
        highest: values(|step| step.highest).reduce(f64::max),
        lowest: values(|step| step.lowest).reduce(f64::min),
        // A step in which nothing falls has no word of it.
        precipitation: Some(units.precipitation(fallen.unwrap_or_default())),
        precipitation_probability: values(|step| step.probability).reduce(f64::max),
        wind_speed: values(|step| step.measured.wind_speed).reduce(f64::max),
    }
}

/// Metric speeds come in metres a second.
fn speed(value: f64, units: Units) -> f64 {
    match units {
        Units::Metric => value * 3.6,
        Units::Imperial => value,
    }
}

fn local(seconds: i64, east: i64) -> Option<DateTime> {
    let time = Timestamp::from_second(seconds).ok()?;
    let offset = Offset::from_seconds(i32::try_from(east).ok()?).ok()?;
    Some(offset.to_datetime(time))
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
    let name = match wanted {
        Wanted::Coordinates { latitude, longitude } => return Ok(Place::at(*latitude, *longitude)),
        Wanted::Name(name) => name,
    };
    let mut why = None;
    for (asked, query) in Asked::readings(name).iter().flat_map(queries).take(MAX_QUERIES) {
        let url = format!("{}/geo/1.0/direct", settings.base(BASE));
        let answer = ask(http::get(url).query("q", query).query("limit", 5), settings)?;
        let found: Vec<Found> = answer.root().items().filter_map(place).collect();
        if let Some(place) = asked.choose(&found) {
            return Ok(place);
        }
        if why.is_none() || !found.is_empty() {
            why = Some(asked.unknown(&found));
        }
    }
    Err(why.unwrap_or_default())
}

/// Requests until a place counts as unknown.
const MAX_QUERIES: usize = 4;

/// The requests for one reading of a name: the service gives five towns of a name at most, so a region narrows them.
fn queries(asked: &Asked) -> Vec<(&Asked, String)> {
    let town = &asked.town;
    let state = asked.american_state().map(|state| format!("{town},{state},US"));
    let country = asked.country_code().map(|country| format!("{town},{country}"));
    let all = [Some(town.clone()), state, country];
    all.into_iter().flatten().map(|query| (asked, query)).collect()
}

/// A place, where the answer says where it lies.
fn place(found: Field<'_>) -> Option<Found> {
    Some(Found {
        name: found.at("name").text().unwrap_or_else(|| "a place without a name".into()),
        regions: found.at("state").text().into_iter().collect(),
        country: None,
        country_code: found.at("country").text(),
        latitude: found.at("lat").number()?,
        longitude: found.at("lon").number()?,
    })
}

/// Sends a request to the server that `settings` name.
fn ask(request: Request, settings: &Settings) -> Result<Answer, String> {
    service::ask(SOURCE, &refused_key(settings.base(BASE)), request)
}

/// Returns what to do where the server at `base` does not accept the key, which the host puts into requests to its
/// origin alone.
fn refused_key(base: &str) -> String {
    let origin = base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    format!(
        "it does not accept the API key; the operator keeps one with `toolrack secret set OPENWEATHER_API_KEY` (without \
         a keyring: with --file), and binds it with `toolrack grant weather secret OPENWEATHER_API_KEY --for {origin} \
         --query appid`; a new key takes up to two hours to work"
    )
}

#[cfg(test)]
mod tests;
