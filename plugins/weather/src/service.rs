//! Asking a service: what each way to fail means for whoever wants to know the weather.

use serde::de::DeserializeOwned;
use toolrack_sdk::http::{Request, Response};

/// The answer of `service`, or a sentence that says what to do. `key` is what to do about a key that
/// is not accepted.
pub fn ask<T: DeserializeOwned>(service: &str, key: &str, request: Request) -> Result<T, String> {
    let failed = |error| format!("{service}: {error}");
    let response = request.header("accept", "application/json").send().map_err(failed)?;
    match response.status() {
        200..=299 => response.json().map_err(failed),
        status @ (401 | 403) => {
            Err(format!("{service} refuses the request (status {status}): {key}"))
        }
        429 => {
            Err(format!("{service} has had too many requests; try again {}", response.try_again()))
        }
        status @ 500.. => Err(format!(
            "{service} is out of order (status {status}); try again {}",
            response.try_again()
        )),
        status @ 300..=399 => Err(format!(
            "{service} has moved to `{}` (status {status}); set `endpoint` under [grants.config] in the \
             plugin's manifest",
            response.header("location").unwrap_or("nowhere")
        )),
        status => {
            Err(format!("{service} refuses the request (status {status}){}", reason(response)))
        }
    }
}

/// What the service says about it: Open-Meteo under `reason`, OpenWeatherMap under `message`.
fn reason(response: Response) -> String {
    #[derive(serde::Deserialize)]
    struct Refusal {
        #[serde(alias = "message")]
        reason: String,
    }
    match response.json::<Refusal>() {
        Ok(Refusal { reason }) => format!(": {}", reason.chars().take(200).collect::<String>()),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toolrack_sdk::http::{self, Error};

    #[test]
    fn each_failure_says_what_to_do() {
        let check = |answer: fn() -> Result<Response, Error>, expected: &str| {
            http::mock(move |_| answer());
            let error =
                ask::<bool>("Service", "set KEY", http::get("https://a.example")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(|| Ok(Response::new(401, "")), "refuses the request (status 401): set KEY");
        check(|| Ok(Response::new(429, "").with_header("Retry-After", "7")), "again in 7 seconds");
        check(|| Ok(Response::new(429, "")), "too many requests; try again later");
        check(|| Ok(Response::new(503, "<html>")), "out of order (status 503); try again");
        check(|| Ok(Response::new(302, "").with_header("location", "/x")), "moved to `/x`");
        check(|| Ok(Response::new(400, r#"{"error":true,"reason":"no"}"#)), "(status 400): no");
        check(|| Ok(Response::new(400, "garbage")), "(status 400)");
        check(|| Ok(Response::new(200, "garbage")), "not the JSON expected");
        check(|| Err(Error::Timeout("https://a.example".into())), "did not answer in time");
        check(|| Err(Error::Denied("add to [grants]".into())), "Service: add to [grants]");
    }
}
