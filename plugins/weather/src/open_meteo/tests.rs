//! What Open-Meteo is asked and how its answers are told, with answers as it gives them.

use super::*;
use crate::settings::Provider;
use toolrack_sdk::http::Response;

const TOWNS: &str = r#"{"results":[
    {"id":1,"name":"Paris","latitude":48.85,"longitude":2.35,"country":"France","country_code":"FR","admin1":"Île-de-France"},
    {"id":2,"name":"Paris","latitude":33.66,"longitude":-95.55,"country":"United States","country_code":"US","admin1":"Texas"}
],"generationtime_ms":0.5}"#;
const CURRENT: &str = r#"{"latitude":48.86,"longitude":2.36,"timezone":"Europe/Paris","current":{
    "time":"2026-03-01T12:15","interval":900,"temperature_2m":13.3,"apparent_temperature":11.8,
    "relative_humidity_2m":70,"precipitation":0.20,"weather_code":61,"cloud_cover":null,
    "wind_speed_10m":15.1,"wind_gusts_10m":31.0,"wind_direction_10m":270}}"#;
const DAYS: &str = r#"{"daily":{"time":["2026-03-01","2026-03-02"],"weather_code":[61,null],
    "temperature_2m_max":[14.2,12.0],"temperature_2m_min":[5.5,null],"precipitation_sum":[3.2,0],
    "precipitation_probability_max":[80,null],"wind_speed_10m_max":[20.5,9.9]}}"#;

fn settings(units: Units) -> Settings {
    Settings { provider: Provider::OpenMeteo, endpoint: None, units }
}

fn serve(weather: &'static str) {
    http::mock(move |request| match request.url() {
        url if url.starts_with("https://geocoding-api.open-meteo.com/v1/search?name=Paris&") => {
            Response::new(200, TOWNS)
        }
        url if url.starts_with("https://geocoding-api.open-meteo.com/") => {
            Response::new(200, r#"{"generationtime_ms":0.5}"#)
        }
        url if url.starts_with("https://api.open-meteo.com/v1/forecast?latitude=") => {
            Response::new(200, weather)
        }
        url => panic!("asked for {url}"),
    });
}

#[test]
fn the_present_is_told_with_its_place() {
    serve(CURRENT);
    let wanted = Wanted::Name("Paris".into());
    let report = current(&wanted, &settings(Units::Metric)).unwrap();
    assert_eq!(
        report.to_string(),
        "Paris, Île-de-France, France, 2026-03-01 12:15: light rain, 13 °C (feels like 12), humidity \
         70 %, precipitation 0.2 mm, wind 15 km/h from west in gusts 31. Source: Open-Meteo"
    );
}

#[test]
fn days_are_told_one_a_line_and_gaps_are_left_out() {
    serve(DAYS);
    let wanted = Wanted::Coordinates { latitude: 48.85, longitude: 2.35 };
    let report = forecast(&wanted, 2, &settings(Units::Metric)).unwrap();
    assert_eq!(
        report.to_string(),
        "48.85, 2.35:\n\
         2026-03-01: light rain, 6 to 14 °C, precipitation 3.2 mm (80 %), wind up to 20 km/h\n\
         2026-03-02: unknown, precipitation 0.0 mm, wind up to 10 km/h\n\
         Source: Open-Meteo"
    );
}

#[test]
fn what_follows_a_comma_chooses_the_place() {
    let check = |name: &str, expected: Result<&str, &str>| {
        serve(CURRENT);
        let found = find(&Wanted::Name(name.into()), &settings(Units::Metric));
        match (found, expected) {
            (Ok(place), Ok(expected)) => assert_eq!(place.name, expected, "{name}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{name}: {error}"),
            (found, _) => panic!("{name}: {found:?}"),
        }
    };
    check("Paris", Ok("Paris, Île-de-France, France"));
    check("Paris, Texas", Ok("Paris, Texas, United States"));
    check("Paris, us", Ok("Paris, Texas, United States"));
    check("Paris, Mars", Err("there is no place `Paris, Mars`"));
    check("Nowhere", Err("there is no place `Nowhere`; check the spelling"));
}

#[test]
fn units_and_endpoint_reach_the_service() {
    let place = Place::at(1.0, 2.5);
    let endpoint = Some("http://127.0.0.1:8080".to_string());
    let url =
        weather(&place, &Settings { endpoint, ..settings(Units::Imperial) }).url().to_string();
    assert_eq!(
        url,
        "http://127.0.0.1:8080/v1/forecast?latitude=1&longitude=2.5&timezone=auto\
         &temperature_unit=fahrenheit&wind_speed_unit=mph&precipitation_unit=inch"
    );
}
