//! What OpenWeatherMap is asked and how its answers are told, with answers as it gives them.

use super::*;
use crate::settings::Provider;
use toolrack_sdk::http::Response;

const TOWNS: &str = r#"[{"name":"Berlin","local_names":{"de":"Berlin"},"lat":52.52,"lon":13.39,"country":"DE","state":"Berlin"}]"#;
const CURRENT: &str = r#"{"coord":{"lon":13.39,"lat":52.52},"weather":[{"id":500,"main":"Rain",
    "description":"light rain","icon":"10d"}],"main":{"temp":10.4,"feels_like":8.9,"temp_min":9,
    "temp_max":11,"pressure":1012,"humidity":81},"wind":{"speed":5,"deg":90},"rain":{"1h":0.25},
    "clouds":{"all":75},"dt":1774787400,"timezone":7200,"name":"Berlin","cod":200}"#;

fn settings(units: Units) -> Settings {
    Settings { provider: Provider::OpenWeatherMap, endpoint: None, units }
}

fn serve(weather: String) {
    http::mock(move |request| match request.url() {
        url if url.starts_with("https://api.openweathermap.org/geo/1.0/direct?q=Berlin&") => {
            Response::new(200, TOWNS)
        }
        url if url.starts_with("https://api.openweathermap.org/geo/1.0/direct?q=") => {
            Response::new(200, "[]")
        }
        url if url.starts_with("https://api.openweathermap.org/data/2.5/") => {
            Response::new(200, weather.as_str())
        }
        url => panic!("asked for {url}"),
    });
}

#[test]
fn the_present_is_told_with_its_place() {
    let check = |units, expected: &str| {
        serve(CURRENT.into());
        let report = current(&Wanted::Name("Berlin".into()), &settings(units)).unwrap();
        assert_eq!(report.to_string(), expected);
    };
    check(
        Units::Metric,
        "Berlin, DE, 2026-03-29 14:30: light rain, 10 °C (feels like 9), humidity 81 %, precipitation \
         0.25 mm, wind 18 km/h from east. Source: OpenWeatherMap",
    );
}

#[test]
fn steps_become_days_of_the_local_calendar() {
    let step = |dt: i64, low: f64, high: f64, what: &str| {
        format!(
            r#"{{"dt":{dt},"main":{{"temp":{low},"temp_min":{low},"temp_max":{high},"humidity":70}},
            "weather":[{{"description":"{what}"}}],"wind":{{"speed":10}},"rain":{{"3h":1}},"pop":0.5}}"#
        )
    };
    // 20:00, 23:00 and 11:00 in UTC are 22:00, then 01:00 and 13:00 of the next day.
    let steps = [
        step(1774814400, 5.0, 6.0, "night"),
        step(1774825200, 3.0, 4.0, "late"),
        step(1774868400, 7.0, 9.0, "noon"),
    ];
    serve(format!(r#"{{"list":[{}],"city":{{"timezone":7200}}}}"#, steps.join(",")));
    let report = forecast(&Wanted::Name("Berlin".into()), 3, &settings(Units::Metric)).unwrap();
    assert_eq!(
        report.to_string(),
        "Berlin, DE:\n\
         2026-03-29: night, 5 to 6 °C, precipitation 1.0 mm (50 %), wind up to 36 km/h\n\
         2026-03-30: noon, 3 to 9 °C, precipitation 2.0 mm (50 %), wind up to 36 km/h\n\
         OpenWeatherMap forecasts no further than this.\n\
         Source: OpenWeatherMap"
    );
}

#[test]
fn a_place_or_a_key_that_is_not_known_is_told() {
    serve(CURRENT.into());
    let error = find(&Wanted::Name("Nowhere".into()), &settings(Units::Metric)).unwrap_err();
    assert!(error.contains("there is no place `Nowhere`"), "{error}");
    http::mock(|_| Response::new(401, r#"{"cod":401,"message":"Invalid API key."}"#));
    let error = find(&Wanted::Name("Berlin".into()), &settings(Units::Metric)).unwrap_err();
    assert!(error.contains("does not accept the API key"), "{error}");
}
