//! What a plugin sees of requests and answers, with the double of the network.

use std::io::{self, Read};

use toolrack_sdk::http::{self, Error, Response};
use toolrack_sdk::{IntoOutput, ToolError};

#[test]
fn an_answer_that_cannot_be_used_is_told_in_words() {
    let check = |body: &str, expected: &str| {
        let body = body.to_string();
        http::mock(move |_| Response::new(200, body.as_str()));
        let response = http::get("https://a.example").send().expect("an answer");
        let error = response.json::<Vec<u8>>().expect_err("no list").to_string();
        assert!(error.starts_with("the answer is not what was expected: "), "{error}");
        assert!(error.contains(expected), "{error}");
    };
    check("<html>", "not the JSON expected: expected value at line 1 column 1");
    check("[1, \"x\"]", "not the JSON expected at `[1]`: invalid type: string \"x\"");
    check("[1] 2", "trailing characters");
    check("", "EOF");
}

#[test]
fn a_request_that_cannot_be_sent_never_reaches_the_network() {
    http::mock(|request| -> Response { panic!("sent: {request:?}") });
    let check = |request: http::Request, expected: &str| {
        let error = request.send().expect_err("refused");
        assert!(matches!(error, Error::Invalid(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(http::get("a.example"), "`a.example`: write the whole URL");
    check(http::get("https://a.example").header("a b", 1), "`a b` is no header");
    check(http::get("https://a.example").header("x", "1\r\ny: 2"), "the header `x` holds a line");
    check(http::request("GE T", "https://a.example"), "`GE T` is no method");
    let numbers = std::collections::HashMap::from([((1, 2), 3)]);
    check(http::post("https://a.example").json(&numbers), "the body is no JSON: key must be");
}

#[test]
fn a_query_joins_what_the_url_has() {
    let check = |url: &str, expected: &str| {
        let request = http::get(url).query("a b", "ü&").query("n", 1.5);
        assert_eq!(request.url(), expected);
    };
    check("https://a.example", "https://a.example?a%20b=%C3%BC%26&n=1.5");
    check("https://a.example/?", "https://a.example/?a%20b=%C3%BC%26&n=1.5");
    check("https://a.example/x?y=z#part", "https://a.example/x?y=z&a%20b=%C3%BC%26&n=1.5");
}

#[test]
fn a_request_that_is_shown_keeps_its_tokens() {
    let request = http::post("https://a.example/x").header("Authorization", "Bearer hunter2");
    let shown = format!("{:?}", request.body("password=hunter2"));
    assert!(
        shown.contains(r#""https://a.example/x""#) && shown.contains("authorization"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
}

#[test]
fn an_answer_that_is_shown_keeps_its_tokens() {
    let answer = Response::new(200, "hunter2").with_header("Set-Cookie", "session=hunter2");
    let shown = format!("{answer:?}");
    assert!(shown.contains("200") && shown.to_lowercase().contains("set-cookie"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
}

#[test]
fn a_limit_refuses_what_is_longer_and_keeps_what_fits() {
    let answer = || Response::new(200, "12345");
    assert_eq!(answer().bytes(5), Ok(b"12345".to_vec()));
    let error = answer().bytes(4).expect_err("too long");
    assert_eq!(error.to_string(), "too large: the answer is longer than 4 bytes");
}

#[test]
fn text_that_is_not_utf8_is_replaced() {
    assert_eq!(Response::new(200, b"a\xffb".to_vec()).text(), Ok("a\u{fffd}b".to_string()));
}

#[test]
fn an_error_keeps_its_words_on_the_way_to_the_model() {
    http::mock(|_| Err(Error::Denied("add to [grants]: network = [...]".into())));
    let tool =
        || -> Result<String, ToolError> { Ok(http::get("https://a.example").send()?.text()?) };
    let error = tool().into_output().expect_err("denied");
    assert_eq!(error, ToolError::new("add to [grants]: network = [...]"));
}

#[test]
fn an_error_while_reading_is_found_again() {
    let through: Error = io::Error::from(Error::Timeout("https://a.example".into())).into();
    assert_eq!(through, Error::Timeout("https://a.example".into()));
    let mut read = String::new();
    Response::new(200, "x").reader().read_to_string(&mut read).expect("text");
    assert_eq!(read, "x");
}

#[test]
fn without_a_mock_there_is_no_network() {
    let error = http::get("https://a.example").send().expect_err("no network").to_string();
    assert!(error.contains("say what is answered with `http::mock`"), "{error}");
}
