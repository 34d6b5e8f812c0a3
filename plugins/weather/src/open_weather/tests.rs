//! The requests to OpenWeatherMap and how its answers are told, with answers as it gives them.

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
         2026-03-29: night, 5 to 6 °C, precipitation 1 mm (50 %), wind up to 36 km/h\n\
         2026-03-30: noon, 3 to 9 °C, precipitation 2 mm (50 %), wind up to 36 km/h\n\
         OpenWeatherMap forecasts only 2 of 3 days.\n\
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
    assert!(error.contains("`toolrack secret set OPENWEATHER_API_KEY`"), "{error}");
    assert!(error.contains("--for https://api.openweathermap.org --query appid`"), "{error}");
    let own =
        Settings { endpoint: Some("http://127.0.0.1:8080/owm".into()), ..settings(Units::Metric) };
    let error = find(&Wanted::Name("Berlin".into()), &own).unwrap_err();
    assert!(error.contains("--for http://127.0.0.1:8080 --query appid`"), "{error}");
}

#[test]
fn whatever_field_is_absent_null_or_of_another_type_the_weather_is_told() {
    let whole = |text: &str| serde_json::from_str(text).unwrap();
    let at = Wanted::Coordinates { latitude: 52.52, longitude: 13.39 };
    for lenient::Change { what, answer } in lenient::variants(&whole(CURRENT)) {
        serve(answer.to_string());
        let told = current(&at, &settings(Units::Imperial));
        assert!(told.is_ok(), "{what}: {told:?}");
    }
    let days = r#"{"list":[{"dt":1774814400,"main":{"temp":5,"temp_min":4,"temp_max":6,"humidity":70},
        "weather":[{"description":"rain"}],"wind":{"speed":10,"gust":12,"deg":1},"rain":{"3h":1},
        "snow":{"3h":0.5},"pop":0.5}, {"dt":1774900800,"main":null,"wind":null,"rain":null,"weather":null}],
        "city":{"timezone":7200}}"#;
    for lenient::Change { what, answer } in lenient::variants(&whole(days)) {
        serve(answer.to_string());
        let told = forecast(&at, 2, &settings(Units::Metric));
        assert!(told.is_ok() || what.starts_with("/list is "), "{what}: {told:?}");
    }
    for lenient::Change { what, answer } in lenient::variants(&whole(TOWNS)) {
        http::mock(move |_| Response::new(200, answer.to_string()));
        let found = find(&Wanted::Name("Berlin".into()), &settings(Units::Metric));
        let needed = ["/0 is ", "/0/lat is ", "/0/lon is "];
        assert!(
            found.is_ok() || needed.iter().any(|start| what.starts_with(start)),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn an_answer_of_nulls_is_the_weather_without_them() {
    serve(r#"{"weather":null,"main":{"temp":10.04},"wind":null,"rain":null,"snow":null,"clouds":null,"dt":1774787400,"timezone":0}"#.into());
    let report = current(&Wanted::Name("Berlin".into()), &settings(Units::Metric)).unwrap();
    assert_eq!(
        report.to_string(),
        "Berlin, DE, 2026-03-29 12:30: conditions unknown, 10 °C. Source: OpenWeatherMap"
    );
    serve(r#"{"main":{"temp":"10"},"rain":{"1h":0.1},"snow":{"1h":0.2},"dt":1774787400.0}"#.into());
    let report = current(&Wanted::Name("Berlin".into()), &settings(Units::Metric)).unwrap();
    assert_eq!(
        report.to_string(),
        "Berlin, DE, 2026-03-29 12:30: conditions unknown, 10 °C, precipitation 0.3 mm. \
         Times are in UTC: the zone of the place is not told. Source: OpenWeatherMap"
    );
}

#[test]
fn a_region_narrows_what_is_asked_for() {
    http::mock(|request| match request.url() {
        url if url.contains("q=Springfield%2CIllinois%2CUS&") => Response::new(
            200,
            r#"[{"name":"Springfield","lat":39.8,"lon":-89.64,"country":"US","state":"Illinois"}]"#,
        ),
        url if url.contains("q=London&") => Response::new(
            200,
            r#"[{"name":"London","lat":51.5,"lon":-0.1,"country":"GB","state":"England"}]"#,
        ),
        _ => Response::new(
            200,
            r#"[{"name":"Springfield","lat":1,"lon":1,"country":"US","state":"Ohio"}]"#,
        ),
    });
    let found =
        |name: &str| find(&Wanted::Name(name.into()), &settings(Units::Metric)).unwrap().name;
    assert_eq!(found("Springfield, IL"), "Springfield, Illinois, US");
    assert_eq!(found("London, UK"), "London, England, GB");
}
