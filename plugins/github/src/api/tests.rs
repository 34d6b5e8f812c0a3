//! What is asked of GitHub, and what each of its refusals is told as.

use super::*;
use toolrack_sdk::http::Error;

fn api() -> Api {
    Api::new(|_| None)
}

fn error(answer: fn() -> Result<Response, Error>) -> String {
    http::mock(move |_| answer());
    api().ask::<bool>("issue 7 in `a/b`", api().get("/x")).unwrap_err()
}

#[test]
fn a_request_says_who_asks_and_what_is_understood() {
    http::mock(|request| {
        assert_eq!(request.url(), "https://ghe.example/api/v3/x");
        assert_eq!(request.header_value("accept"), Some(JSON));
        assert!(request.header_value("user-agent").unwrap().starts_with("toolrack-github/"));
        assert_eq!(request.header_value("x-github-api-version"), Some(VERSION));
        Response::new(200, "true")
    });
    let endpoint = |key: &str| Some(format!("https://ghe.example/api/v3/ of {key}"));
    let api = Api::new(|key| endpoint(key)?.strip_suffix(" of endpoint").map(Into::into));
    assert_eq!(api.ask("x", api.get("/x")), Ok(true));
}

#[test]
fn each_refusal_says_what_to_do() {
    let check = |answer: fn() -> Result<Response, Error>, expected: &[&str]| {
        let error = error(answer);
        for part in expected {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    };
    check(|| Ok(Response::new(401, "")), &["does not accept the token", "[grants]"]);
    check(
        || Ok(Response::new(403, r#"{"message":"Resource not accessible"}"#)),
        &["(status 403): Resource not accessible; the token may lack a permission"],
    );
    check(|| Ok(Response::new(404, "")), &["GitHub has no issue 7 in `a/b`, or it is not visible"]);
    check(
        || Ok(Response::new(410, r#"{"message":"Issues are disabled"}"#)),
        &["any more: Issues are disabled"],
    );
    check(
        || {
            let body = r#"{"message":"Validation Failed","errors":[{"field":"q","code":"missing"},
                {"message":"unknown qualifier"},"more"]}"#;
            Ok(Response::new(422, body))
        },
        &["issue 7 in `a/b`: Validation Failed; `q` is missing; unknown qualifier; more"],
    );
    check(|| Ok(Response::new(502, "<html>")), &["out of order (status 502); try again later"]);
    check(|| Ok(Response::new(418, "tea")), &["refuses the request (status 418)"]);
    check(|| Ok(Response::new(200, "<html>")), &["GitHub: the answer is not what was expected"]);
    check(
        || Ok(Response::new(429, "").with_header("retry-after", "60")),
        &["too many requests at once; try again in 60 seconds"],
    );
    check(
        || Ok(Response::new(301, "").with_header("location", "https://evil.example/x")),
        &["has moved (status 301)"],
    );
    check(|| Err(Error::Denied("add to [grants]".into())), &["GitHub: add to [grants]"]);
}

#[test]
fn the_end_of_a_rate_limit_is_told() {
    let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
    let check = |status: u16, headers: &[(&str, &str)], expected: Option<&str>| {
        let mut response = Response::new(status, "");
        for (name, value) in headers {
            response = response.with_header(name, value);
        }
        let told = rate_limit(&response, now);
        assert_eq!(told.is_some(), expected.is_some(), "{told:?}");
        if let (Some(told), Some(expected)) = (told, expected) {
            assert!(told.contains(expected), "{told}");
        }
    };
    let used_up = |reset| [("x-ratelimit-remaining", "0"), ("x-ratelimit-limit", "60"), reset];
    check(
        403,
        &used_up(("x-ratelimit-reset", "1000090")),
        Some("limit of 60 requests is used up; try again in 90 s"),
    );
    check(429, &used_up(("x-ratelimit-reset", "1000900")), Some("try again in 16 minutes"));
    check(403, &used_up(("x-ratelimit-reset", "garbage")), Some("try again in 0 seconds"));
    check(403, &[("retry-after", "30")], Some("try again in 30 seconds"));
    check(403, &[("x-ratelimit-remaining", "5")], None);
    check(200, &[("x-ratelimit-remaining", "0")], None);
}

#[test]
fn a_repository_that_has_moved_is_followed() {
    http::mock(|request| match request.url() {
        "https://api.github.com/x" => {
            Response::new(301, "").with_header("location", "https://api.github.com/repositories/1")
        }
        "https://api.github.com/repositories/1" => {
            assert_eq!(request.header_value("accept"), Some(JSON));
            Response::new(200, "true")
        }
        other => panic!("asked for {other}"),
    });
    assert_eq!(api().ask("x", api().get("/x")), Ok(true));
    // What writes is not sent twice.
    assert!(api().ask::<bool>("x", api().post("/x")).unwrap_err().contains("has moved"));
    http::mock(|_| Response::new(301, "").with_header("location", "https://api.github.com/x"));
    assert!(api().ask::<bool>("x", api().get("/x")).unwrap_err().contains("moved too often"));
}

#[test]
fn the_next_page_is_known() {
    let check = |link: &str, expected: Option<u32>| {
        let response = Response::new(200, "").with_header("link", link);
        assert_eq!(next_page(&response, 2), expected, "{link}");
    };
    check(
        "<https://api.github.com/x?page=1>; rel=\"prev\", <https://a?page=3>; rel=\"next\"",
        Some(3),
    );
    check("<https://api.github.com/x?page=1>; rel=\"prev\"", None);
    check("", None);
}
