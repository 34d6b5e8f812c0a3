//! The requests to Open-Meteo and how its answers are told, with answers as it gives them.

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
         2026-03-01: light rain, 6 to 14 °C, precipitation 3.2 mm (80 %), wind up to 21 km/h\n\
         2026-03-02: conditions unknown, at most 12 °C, precipitation 0 mm, wind up to 10 km/h\n\
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
    check("Paris, TX, USA", Ok("Paris, Texas, United States"));
    check("Paris, us", Ok("Paris, Texas, United States"));
    check(
        "Paris, Mars",
        Err(
            "there is no `Paris` in `Mars`; there are: Paris, Île-de-France, France; Paris, Texas, United States",
        ),
    );
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

#[test]
fn whatever_field_is_absent_null_or_of_another_type_the_weather_is_told() {
    let whole = |text: &str| serde_json::from_str(text).unwrap();
    for lenient::Change { what, answer } in lenient::variants(&whole(CURRENT)) {
        http::mock(move |_| Response::new(200, answer.to_string()));
        let told = current(&Wanted::parse("48.85, 2.35").unwrap(), &settings(Units::Metric));
        // Without what holds all fields there is no weather.
        assert!(told.is_ok() || what.starts_with("/current is "), "{what}: {told:?}");
    }
    for lenient::Change { what, answer } in lenient::variants(&whole(DAYS)) {
        http::mock(move |_| Response::new(200, answer.to_string()));
        let told = forecast(&Wanted::parse("48.85, 2.35").unwrap(), 2, &settings(Units::Metric));
        let is_dateless = what.starts_with("/daily is ") || what.starts_with("/daily/time is ");
        assert!(told.is_ok() || is_dateless, "{what}: {told:?}");
        let is_short = what.starts_with("/daily/time/") && !what.ends_with("a text");
        let note = told.ok().and_then(|forecast| forecast.note);
        assert!(!is_short || note.is_some(), "{what}: {note:?}");
    }
    for lenient::Change { what, answer } in lenient::variants(&whole(TOWNS)) {
        http::mock(move |_| Response::new(200, answer.to_string()));
        let found = find(&Wanted::Name("Paris".into()), &settings(Units::Metric));
        assert!(found.is_ok() || what.starts_with("/results is "), "{what}: {found:?}");
    }
}

#[test]
fn a_name_is_asked_for_in_each_way_it_can_be_meant() {
    http::mock(|request| match request.url().split(['=', '&']).nth(1) {
        Some("Portland") => Response::new(
            200,
            r#"{"results":[{"name":"Portland","latitude":43.66,"longitude":-70.26,"country_code":"US","admin1":"Maine"},
            {"name":"Portland","latitude":45.52,"longitude":-122.68,"country_code":"US","admin1":"Oregon"}]}"#,
        ),
        _ => Response::new(200, "{}"),
    });
    let found = find(&Wanted::Name("Portland OR".into()), &settings(Units::Metric)).unwrap();
    assert_eq!(found.name, "Portland, Oregon, US");
    let error = find(&Wanted::Name("Nowhere At All".into()), &settings(Units::Metric)).unwrap_err();
    assert!(error.starts_with("there is no place `Nowhere At All`"), "{error}");
}
