//! The requests to GitHub, and how redirects are followed.

use super::*;

fn api() -> Api {
    Api::new(|_| None)
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
    assert_eq!(api.ask("x", api.get("/x")).unwrap().root().flag(), Some(true));
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
    assert!(api().ask("x", api().get("/x")).is_ok());
    // What writes is not sent twice.
    assert!(api().ask("x", api().request("POST", "/x")).unwrap_err().contains("has moved"));
    http::mock(|_| Response::new(301, "").with_header("location", "https://api.github.com/x"));
    assert!(api().ask("x", api().get("/x")).unwrap_err().contains("moved too often"));
}

#[test]
fn the_next_page_is_known() {
    let check = |link: &str, expected: bool| {
        let response = Response::new(200, "").with_header("link", link);
        assert_eq!(next_page(&response), expected, "{link}");
    };
    check(
        "<https://api.github.com/x?page=1>; rel=\"prev\", <https://a?page=3>; rel=\"next\"",
        true,
    );
    check("<https://api.github.com/x?page=1>; rel=\"prev\"", false);
    check("", false);
    assert_eq!(Page::new(Some(u32::MAX), Some(0)).next(), None);
}
