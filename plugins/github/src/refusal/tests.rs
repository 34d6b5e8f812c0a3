//! The words for each of GitHub's refusals.

use super::*;
use crate::api::Api;
use toolrack_sdk::http::{self, Error};

fn error(answer: fn() -> Result<Response, Error>) -> String {
    http::mock(move |_| answer());
    let api = Api::new(|_| None);
    api.ask("issue 7 in `a/b`", api.get("/x")).unwrap_err()
}

#[test]
fn each_refusal_says_what_to_do() {
    let check = |answer: fn() -> Result<Response, Error>, expected: &[&str]| {
        let error = error(answer);
        for part in expected {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    };
    check(
        || Ok(Response::new(401, r#"{"message":"Bad credentials"}"#)),
        &["wants a token that it accepts: Bad credentials", "`toolrack secret set GITHUB_TOKEN`"],
    );
    check(
        || Ok(Response::new(403, r#"{"message":"Resource not accessible"}"#)),
        &["(status 403): Resource not accessible; the token may lack a permission"],
    );
    check(
        || Ok(Response::new(403, "{}").with_header("x-accepted-github-permissions", "issues=write")),
        &["(status 403); the token needs the permission `issues=write`"],
    );
    check(
        || {
            Ok(Response::new(403, "{}")
                .with_header("x-github-sso", "required; url=https://github.com/orgs/a/sso"))
        },
        &["not authorized for the organization", "https://github.com/orgs/a/sso"],
    );
    check(
        || Ok(Response::new(403, r#"{"message":"You have exceeded a secondary rate limit."}"#)),
        &["too many requests at once; try again in a few minutes"],
    );
    check(
        || Ok(Response::new(404, "")),
        &["GitHub has no issue 7 in `a/b`, or there is no access to it"],
    );
    check(
        || Ok(Response::new(405, r#"{"message":"Pull Request is not mergeable"}"#)),
        &["now (status 405): Pull Request is not mergeable"],
    );
    check(
        || Ok(Response::new(409, r#"{"message":"Git Repository is empty."}"#)),
        &["a conflict (status 409): Git Repository is empty."],
    );
    check(
        || Ok(Response::new(410, r#"{"message":"Issues are disabled"}"#)),
        &["any more (status 410): Issues are disabled"],
    );
    check(
        || {
            let body = r#"{"message":"Validation Failed","errors":[{"resource":"Issue","field":"q","code":"missing_field"},
                {"message":"unknown qualifier"},"more",{"resource":"Label","code":"already_exists"},null,{},7]}"#;
            Ok(Response::new(422, body))
        },
        &[
            "(status 422): Validation Failed; `q` is missing; unknown qualifier; more; `Label` exists already",
        ],
    );
    check(
        || Ok(Response::new(422, r#"{"message":null,"errors":"Could not resolve to a node"}"#)),
        &["(status 422): Could not resolve to a node"],
    );
    check(
        || {
            let body = r#"{"message":"Repository access blocked","block":{"reason":"dmca","html_url":"https://github.com/dmca"}}"#;
            Ok(Response::new(451, body))
        },
        &[
            "legal reasons (status 451): Repository access blocked; the notice: https://github.com/dmca",
        ],
    );
    check(|| Ok(Response::new(502, "<html>")), &["out of order (status 502); try again later"]);
    check(|| Ok(Response::new(418, "tea")), &["refuses the request (status 418)"]);
    check(
        || Ok(Response::new(200, "<html><title>Sign in</title>")),
        &["GitHub: it answers with an HTML page in place of JSON, `Sign in`"],
    );
    check(|| Ok(Response::new(200, "")), &["GitHub: it answers with an empty body"]);
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
        Some("limit of 60 requests is used up; try again in 90 seconds, at 13:48 UTC"),
    );
    check(
        429,
        &used_up(("x-ratelimit-reset", "1000900")),
        Some("try again in 16 minutes, at 14:01 UTC"),
    );
    check(403, &used_up(("x-ratelimit-reset", "garbage")), Some("try again later"));
    check(403, &used_up(("x-ratelimit-reset", "18446744073709551615")), Some("try again in"));
    check(403, &[("retry-after", "30")], Some("try again in 30 seconds"));
    check(403, &[("x-ratelimit-remaining", "5")], None);
    check(200, &[("x-ratelimit-remaining", "0")], None);
}
