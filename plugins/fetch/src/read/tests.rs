//! Pages that lead on, and what is told of the way.

use super::*;
use toolrack_sdk::http::{self, Error, Response};

const LONG: &str = "<p>Tea wants time, and a pot that is warm before the water comes.</p>";

/// Reads the first page of a site, given as paths with their answers.
fn reading(
    site: Vec<(&'static str, &'static str, String)>,
    config: &[(&'static str, &'static str)],
) -> Result<Answer, String> {
    http::mock(move |request| {
        let path = request.url().strip_prefix("https://a.example");
        let Some(path) = path else { return Err(Error::Denied("add to [grants]".into())) };
        let found = site.iter().find(|(on, ..)| *on == path);
        let Some((_, headers, body)) = found else { return Ok(Response::new(404, "")) };
        let headers = headers.split('\n').filter_map(|line| line.split_once(": "));
        let answer = Response::new(200, body.as_bytes());
        Ok(headers.fold(answer, |answer, (name, value)| answer.with_header(name, value)))
    });
    let config = config.to_vec();
    let settings = Settings::read(|key| {
        config.iter().find(|(known, _)| *known == key).map(|(_, value)| (*value).to_owned())
    })?;
    read(Url::parse("https://a.example/").unwrap(), settings, Extract::Main, None)
}

const HTML: &str = "content-type: text/html";

#[test]
fn a_page_that_leads_on_is_followed() {
    for first in [
        r#"<html><head><meta http-equiv="refresh" content="0;URL=/t"></head><body></body></html>"#,
        "<META content='1; url=\"t\"' HTTP-EQUIV=Refresh><p>You will be taken there.</p>",
        "<base href=/><meta http-equiv=refresh content=5;url=t><p>We have moved.</p>",
        "<noscript><meta http-equiv=refresh content='0; url=/t'></noscript><div id=root></div>",
    ] {
        let site = vec![("/", HTML, first.to_owned()), ("/t", HTML, LONG.to_owned())];
        let answer = reading(site, &[]).unwrap();
        assert_eq!(answer.head, "URL: https://a.example/t (redirected)\n", "{first}");
        assert!(answer.text.starts_with("Tea wants time"), "{first}");
    }
    let header = "content-type: text/html\nrefresh: 0;url=/t";
    let site = vec![("/", header, String::new()), ("/t", "content-type: text/plain", "end".into())];
    assert_eq!(reading(site, &[]).unwrap().text, "end");
}

#[test]
fn a_page_that_is_there_to_be_read_is_not_left() {
    let long = LONG.repeat(30);
    let check = |refresh: &str, note: &str| {
        let page = format!("<meta http-equiv=refresh content='{refresh}'>{long}");
        let answer = reading(vec![("/", HTML, page)], &[]).unwrap();
        assert!(answer.text.starts_with("Tea wants time"), "{refresh}");
        assert_eq!(answer.head, format!("URL: https://a.example/\n{note}"), "{refresh}");
    };
    check("60;url=/next", "Note: after 60 s the page leads on to https://a.example/next\n");
    check("300", "");
    check("5;url=/", "");
}

#[test]
fn a_page_that_leads_nowhere_says_so() {
    let lead = |to: &str| format!("<meta http-equiv=refresh content='0;url={to}'>");
    let error = reading(vec![("/", HTML, lead("https://b.example/x"))], &[]).unwrap_err();
    assert!(error.contains("redirects to https://b.example/x: add to [grants]"), "{error}");
    let site = vec![("/", HTML, lead("/a")), ("/a", HTML, lead("/"))];
    let error = reading(site, &[]).unwrap_err();
    assert!(error.contains("redirects more than 5 times"), "{error}");
}

#[test]
fn robots_are_obeyed_where_the_operator_says_so() {
    let site =
        |robots: &str| vec![("/", HTML, LONG.to_owned()), ("/robots.txt", "", robots.to_owned())];
    let obey = ("robots", "obey");
    let forbidden = "User-agent: toolrack-fetch\nDisallow: /";
    let error = reading(site(forbidden), &[obey]).unwrap_err();
    assert!(
        error.contains(
            "https://a.example/robots.txt asks programs such as `toolrack-fetch` not to read /;"
        ),
        "{error}"
    );
    assert!(reading(site(forbidden), &[]).is_ok());
    assert!(reading(site(forbidden), &[obey, ("user_agent", "Ours/2")]).is_ok());
    assert!(reading(site("User-agent: *\nDisallow: /b"), &[obey]).is_ok());
    assert!(reading(vec![("/", HTML, LONG.to_owned())], &[obey]).is_ok());
    let error = reading(site(""), &[("robots", "yes")]).unwrap_err();
    assert!(error.contains("write `obey` or `ignore`"), "{error}");
}

#[test]
fn what_is_left_out_is_told() {
    let menu = "<nav><a href=/x>Lamps and shades</a></nav>";
    let hidden = "<p hidden>Nobody sees this.</p>";
    let page = format!("<title>T\u{e0041}</title>{menu}<main>{hidden}{}</main>", LONG.repeat(9));
    let head = reading(vec![("/", HTML, page)], &[]).unwrap().head;
    assert_eq!(
        head,
        "Title: T\nURL: https://a.example/\n\
         Note: 16 characters around the main content are left out; `extract` = `all` gives them.\n\
         Note: 17 characters that the page hides are left out; `extract` = `source` has them.\n"
    );
}
