//! Asking a service: what each way to fail means for whoever wants to know the weather.

use lenient::Answer;
use toolrack_sdk::http::{Request, Response};

use crate::place::Place;
use crate::report::Measured;

/// The longest reason of a service that is passed on, in characters.
const MAX_REASON: usize = 200;

/// The answer of `service`, or a sentence that says what to do. `key` is what to do about a key that
/// is not accepted.
pub fn ask(service: &str, key: &str, request: Request) -> Result<Answer, String> {
    let failed = |error| format!("{service}: {error}");
    let response = request.header("accept", "application/json").send().map_err(failed)?;
    let status = response.status();
    if response.is_success() {
        return Answer::read(response).map_err(|why| format!("{service}: {why}"));
    }
    let again = response.try_again();
    let moved = response.header("location").unwrap_or("nowhere").to_owned();
    let reason = reason(response);
    Err(match status {
        401 | 403 => format!("{service} refuses the request (status {status}){reason}; {key}"),
        404 => format!("{service} knows nothing of this (status 404){reason}"),
        429 => format!("{service} has had too many requests{reason}; try again {again}"),
        500.. => format!("{service} is out of order (status {status}){reason}; try again {again}"),
        300..=399 => format!(
            "{service} has moved to `{moved}` (status {status}); the operator names the new \
             address with `toolrack grant weather config endpoint=URL`"
        ),
        _ => format!("{service} refuses the request (status {status}){reason}"),
    })
}

/// Fails where an answer measures nothing.
pub fn check_current(service: &str, place: &Place, measured: &Measured) -> Result<(), String> {
    if *measured == Measured::default() {
        return Err(format!(
            "{service} answers without the weather of {}; try again later",
            place.name
        ));
    }
    Ok(())
}

/// A note for fewer days than wanted. Fails where there is none.
pub fn check_days(
    service: &str,
    place: &Place,
    found: usize,
    wanted: usize,
) -> Result<Option<String>, String> {
    match found {
        0 => {
            Err(format!("{service} answers without a forecast for {}; try again later", place.name))
        }
        _ if found < wanted => {
            Ok(Some(format!("{service} forecasts only {found} of {wanted} days.")))
        }
        _ => Ok(None),
    }
}

/// The service's words about it, from a colon on: Open-Meteo under `reason`, OpenWeatherMap under `message`.
fn reason(response: Response) -> String {
    let Ok(answer) = Answer::read(response) else { return String::new() };
    let said = ["reason", "message", "error"].iter().find_map(|name| answer.at(name).text());
    said.map_or(String::new(), |said| {
        let said: String = said.chars().take(MAX_REASON).collect();
        format!(": {}", said.trim_end_matches('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use toolrack_sdk::http::{self, Error};

    #[test]
    fn each_failure_says_what_to_do() {
        let check = |answer: fn() -> Result<Response, Error>, expected: &str| {
            http::mock(move |_| answer());
            let error = ask("Service", "set KEY", http::get("https://a.example")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(|| Ok(Response::new(401, "")), "refuses the request (status 401); set KEY");
        check(
            || Ok(Response::new(401, r#"{"cod":401,"message":"Invalid API key."}"#)),
            "(status 401): Invalid API key; set KEY",
        );
        check(
            || Ok(Response::new(404, r#"{"cod":"404","message":"city not found"}"#)),
            "(status 404): city not found",
        );
        check(
            || Ok(Response::new(429, r#"{"error":true,"reason":"Daily limit"}"#)),
            "requests: Daily limit; try",
        );
        check(
            || Ok(Response::new(200, "<html><title>Hotel</title>")),
            "answers with an HTML page in place of JSON, `Hotel`",
        );
        check(|| Ok(Response::new(200, "")), "answers with an empty body in place of JSON");
        check(|| Ok(Response::new(429, "").with_header("Retry-After", "7")), "again in 7 seconds");
        check(|| Ok(Response::new(429, "")), "too many requests; try again later");
        check(|| Ok(Response::new(503, "<html>")), "out of order (status 503); try again");
        check(|| Ok(Response::new(302, "").with_header("location", "/x")), "moved to `/x`");
        check(|| Ok(Response::new(400, r#"{"error":true,"reason":"no"}"#)), "(status 400): no");
        check(|| Ok(Response::new(400, "garbage")), "(status 400)");
        check(|| Ok(Response::new(200, "garbage")), "answers with what is not JSON");
        check(|| Err(Error::Timeout("https://a.example".into())), "did not answer in time");
        check(|| Err(Error::Denied("add to [grants]".into())), "Service: add to [grants]");
    }
}
