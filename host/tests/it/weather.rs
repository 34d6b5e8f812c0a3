//! The plugin `weather` in the host, against a server on loopback in place of the services.

use serde_json::json;

use crate::shipped::{Served, Shipped};
use crate::web::{Reply, Speech, Web, closed_port};

const KEY: &str = "b1b15e88fa797225412429c1c50c122a1";

const OPEN_METEO: &str = r#"{"current":{"time":"2026-03-01T12:15","temperature_2m":13.3,
    "apparent_temperature":11.8,"relative_humidity_2m":70,"precipitation":0.2,"weather_code":61,
    "cloud_cover":null,"wind_speed_10m":15.1,"wind_gusts_10m":31.0,"wind_direction_10m":270}}"#;
const OPEN_WEATHER: &str = r#"{"weather":[{"description":"light rain"}],"main":{"temp":10.4,
    "feels_like":8.9,"humidity":81},"wind":{"speed":5,"deg":90},"rain":{"1h":0.25},
    "clouds":{"all":75},"dt":1774787400,"timezone":7200}"#;

/// The plugin, with Open-Meteo at `port` of this machine.
async fn open_meteo(shipped: &Shipped, port: u16) -> Served {
    let grants = format!(
        "network = [\"http://127.0.0.1:{port}\"]\nconfig = {{ endpoint = \"http://127.0.0.1:{port}\" }}"
    );
    shipped.granted(&grants, "").await
}

/// The plugin, with OpenWeatherMap there, and a key bound to it.
async fn open_weather(shipped: &Shipped, port: u16, secrets: &str) -> Served {
    let grants = format!(
        "network = [{{ url = \"http://127.0.0.1:{port}\", secret = \"OPENWEATHER_API_KEY\", query = \"appid\" }}]\n\
         config = {{ provider = \"openweathermap\", endpoint = \"http://127.0.0.1:{port}\" }}"
    );
    shipped.granted(&grants, secrets).await
}

fn place() -> serde_json::Value {
    json!({ "place": "52.52, 13.41" })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_weather_is_told_in_words_and_in_numbers() {
    let shipped = Shipped::new("weather");
    let mut web = Web::start(Speech::Plain, Reply::text(OPEN_METEO)).await;
    let served = open_meteo(&shipped, web.port).await;
    let (text, structured) = served.call("weather_current", place()).await.unwrap();
    assert_eq!(
        text,
        "52.52, 13.41, 2026-03-01 12:15: light rain, 13 °C (feels like 12), humidity 70 %, \
         precipitation 0.2 mm, wind 15 km/h from west in gusts 31. Source: Open-Meteo"
    );
    let structured = structured.unwrap();
    assert_eq!(structured["temperature"], 13.3);
    assert_eq!(structured["units"], "°C, km/h, mm");
    let head = web.head().await;
    assert!(head.starts_with("GET /v1/forecast?latitude=52.52&longitude=13.41&"), "{head}");
    let annotations = served.tool("weather_current").spec.annotations;
    assert_eq!((annotations.read_only, annotations.open_world), (Some(true), Some(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_on_the_wire_and_nowhere_else() {
    let shipped = Shipped::new("weather");
    // A service that says back what it was asked.
    let echo = Reply::Each(|head| {
        let line = head.lines().next().unwrap_or_default();
        Reply::status(400, &json!({ "cod": 400, "message": format!("wrong: {line}") }).to_string())
    });
    let secrets = format!("OPENWEATHER_API_KEY={KEY}");
    for (reply, answers) in [(Reply::text(OPEN_WEATHER), true), (echo, false)] {
        let mut web = Web::start(Speech::Plain, reply).await;
        let served = open_weather(&shipped, web.port, &secrets).await;
        let told = match served.call("weather_current", place()).await {
            Ok((text, structured)) if answers => {
                assert!(text.contains("light rain, 10 °C"), "{text}");
                format!("{text} {}", structured.unwrap())
            }
            Err(error) if !answers => {
                assert!(error.contains("&appid=[secret OPENWEATHER_API_KEY]"), "{error}");
                error
            }
            other => panic!("{other:?}"),
        };
        let head = web.head().await;
        assert!(head.contains(&format!("&appid={KEY} HTTP/1.1")), "{head}");
        assert!(!told.contains(KEY), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_is_a_sentence_that_says_what_to_do() {
    let shipped = Shipped::new("weather");
    let refused = Reply::status(401, r#"{"cod":401,"message":"Invalid API key."}"#);
    let page = "<!DOCTYPE html><html><body>Welcome to our hotel</body></html>";
    let truncated = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}",
        OPEN_METEO.len(),
        &OPEN_METEO[..80]
    );
    let cases: [(Speech, Reply, &[&str]); 9] = [
        (
            Speech::Plain,
            refused,
            &["refuses the request (status 401)", "does not accept the API key"],
        ),
        (Speech::Plain, Reply::status(429, ""), &["too many requests; try again later"]),
        (Speech::Plain, Reply::status(503, page), &["out of order (status 503)", "try again"]),
        (
            Speech::Plain,
            Reply::text(page),
            &["OpenWeatherMap: it answers with an HTML page in place of JSON"],
        ),
        (Speech::Plain, Reply::text("{\"current\":[1,"), &["it answers with what is not JSON"]),
        (Speech::Plain, Reply::Once(truncated.into()), &["the answer cannot be read", "broke off"]),
        (
            Speech::Plain,
            Reply::Once(b"\x16\x03\x01\x02garbage\r\n\r\n".into()),
            &["cannot be read"],
        ),
        (Speech::Plain, Reply::Stall("HTTP/1.1 200 OK\r\n\r\n{"), &["did not answer in time"]),
        (Speech::Silent, Reply::Reset, &["did not answer in time; try again later"]),
    ];
    for (speech, reply, expected) in cases {
        let web = Web::start(speech, reply).await;
        let served = open_weather(&shipped, web.port, &format!("OPENWEATHER_API_KEY={KEY}")).await;
        check(&served, expected).await;
    }
    let nobody = closed_port();
    let served = open_meteo(&shipped, nobody).await;
    check(&served, &["Open-Meteo: cannot connect to", "refuses connections; try again"]).await;
    let served = open_weather(&shipped, nobody, "").await;
    check(
        &served,
        &["`OPENWEATHER_API_KEY` has no value", "toolrack secret set OPENWEATHER_API_KEY"],
    )
    .await;
    let elsewhere =
        "network = [\"https://example.org\"]\nconfig = { endpoint = \"http://127.0.0.1:1\" }";
    let served = shipped.granted(elsewhere, "").await;
    check(
        &served,
        &["may not send requests to", "toolrack grant weather network http://127.0.0.1:1"],
    )
    .await;
}

async fn check(served: &Served, expected: &[&str]) {
    let error = served.error("weather_current", place()).await;
    for part in expected {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
    assert!(!error.contains(KEY) && error.len() < 500, "{error}");
}
