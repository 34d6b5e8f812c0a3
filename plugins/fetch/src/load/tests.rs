//! Redirects, refusals and bodies, as servers send them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// The page there, for a plugin that is configured so.
fn load(url: Url) -> Result<Page, String> {
    way(url, |_| None).page()
}

fn way(url: Url, config: impl Fn(&str) -> Option<String>) -> Way {
    Way::new(url, Settings::read(config).unwrap())
}

fn error(answer: fn() -> Result<Response, Error>) -> String {
    http::mock(move |_| answer());
    load(url("https://a.example/x")).unwrap_err()
}

fn response(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Response {
    Response::new(status, body).with_header("content-type", kind)
}

#[test]
fn redirects_are_followed_to_the_end() {
    http::mock(|request| match request.url() {
        "https://a.example/x" => Response::new(301, "").with_header("location", "/y?z#part"),
        "https://a.example/y?z" => {
            Response::new(308, "").with_header("location", "//b.example/end")
        }
        "https://b.example/end" => response(200, "text/plain; charset=latin1", "here"),
        other => panic!("asked for {other}"),
    });
    let mut way = way(url("https://a.example/x"), |_| None);
    let page = way.page().unwrap();
    assert!(way.is_redirected());
    assert_eq!(page.url.as_str(), "https://b.example/end");
    assert_eq!((page.kind, page.body), (Kind::Text, b"here".to_vec()));
    assert_eq!(page.charset.as_deref(), Some("latin1"));
}

#[test]
fn a_redirect_that_cannot_be_followed_is_told() {
    let check = |location: &'static str, expected: &str| {
        http::mock(move |request| match request.url() {
            "https://a.example/x" => Ok(Response::new(302, "").with_header("location", location)),
            _ => Err(Error::Denied("add to [grants]: b.example".into())),
        });
        let error = load(url("https://a.example/x")).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    check(
        "https://b.example/",
        "https://a.example/x redirects to https://b.example/: add to [grants]",
    );
    check("https://[", "https://a.example/x redirects to `https://[`: invalid");
    let endless = error(|| Ok(Response::new(302, "").with_header("location", "/x?again")));
    assert!(endless.contains("redirects more than 5 times, lastly to https://a.example/x?again"));
    let silent = error(|| Ok(Response::new(302, "")));
    assert!(silent.contains("without saying where to"), "{silent}");
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
        || {
            Ok(response(
                404,
                "text/html",
                "<title>x</title><h1>Not here</h1><p>It moved to /new</p>",
            ))
        },
        &[
            "status 404",
            "no such page; check the URL",
            "from the site's start: Not here It moved to /new",
        ],
    );
    check(
        || {
            Ok(response(
                500,
                "text/plain; charset=latin1",
                "\u{fc}".chars().map(|c| c as u8).collect::<Vec<_>>(),
            ))
        },
        &["try again later: ü"],
    );
    check(|| Ok(response(403, "text/html", "<h1>x")), &["may want a login"]);
    check(
        || Ok(response(400, "application/problem+json", r#"{"detail": "no q"}"#)),
        &["status 400: it refuses the request: {\"detail\": \"no q\"}"],
    );
    check(
        || Ok(Response::new(429, "").with_header("retry-after", "30")),
        &["too many requests; try again in 30 seconds"],
    );
    check(|| Ok(Response::new(502, "")), &["out of order; try again later"]);
    check(
        || Err(Error::Denied("grant it: toolrack grant NAME network https://a.example".into())),
        &["grant it: toolrack grant fetch network https://a.example"],
    );
    check(
        || Ok(response(200, "application/pdf", "%PDF-1.7").with_header("content-length", "2500000")),
        &["is application/pdf, 2.4 MiB; only text can be read: HTML, Markdown"],
    );
    check(
        || Ok(Response::new(200, b"\x89PNG\0\x01\x02".as_slice())),
        &["of an unknown type, 7 bytes"],
    );
    check(
        || Ok(response(200, "text/html", "x").with_header("content-encoding", "br")),
        &["compressed (br)"],
    );
}

#[test]
fn a_body_that_comes_packed_is_read() {
    let packed = |body: &[u8]| {
        let mut writer = GzEncoder::new(Vec::new(), Compression::default());
        writer.write_all(body).unwrap();
        writer.finish().unwrap()
    };
    let check = |body: Vec<u8>, encoding: &'static str| {
        http::mock(move |_| {
            response(200, "text/plain", body.clone()).with_header("content-encoding", encoding)
        });
        load(url("https://a.example/x"))
    };
    assert_eq!(check(packed(b"here"), "gzip").unwrap().body, b"here");
    assert_eq!(check(b"here".to_vec(), "UTF-8").unwrap().body, b"here");
    let bomb = check(packed(&vec![b'x'; 4 * MAX_BODY]), "gzip").unwrap();
    assert_eq!((bomb.body.len(), bomb.is_truncated), (MAX_BODY, true));
    let broken = check(packed(b"here")[..12].to_vec(), "gzip").unwrap_err();
    assert!(broken.contains("/x is compressed, and cannot be unpacked"), "{broken}");
}

#[test]
fn a_body_that_is_too_long_is_read_in_part() {
    http::mock(|_| response(200, "text/plain", vec![b'x'; MAX_BODY + 1]));
    let page = load(url("https://a.example/x")).unwrap();
    assert_eq!(page.body.len(), MAX_BODY);
    assert_eq!(page.told().as_deref(), Some("only the first 3.0 MiB were read."));
}

#[test]
fn sizes_are_told_in_a_fitting_unit() {
    for (bytes, expected) in [(0, "0 bytes"), (1024, "1 KiB"), (1_572_864, "1.5 MiB")] {
        assert_eq!(size(bytes), expected);
    }
}
