//! The plugin `fetch` in the host, against servers on loopback in place of the web.

use serde_json::{Value, json};

use crate::shipped::{Served, Shipped};
use crate::web::{Reply, Seen, Speech, Web, closed_port};

/// What the plugin is granted here.
async fn granted(shipped: &Shipped, port: u16) -> Served {
    shipped.granted(&format!("network = [\"http://127.0.0.1:{port}\"]"), "").await
}

fn at(port: u16, path: &str) -> Value {
    json!({ "url": format!("http://127.0.0.1:{port}{path}") })
}

fn site(head: &str) -> Reply {
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    let html = |body: &[u8]| Reply::with(200, "content-type: text/html\r\n", body);
    let moved = |to: &str| Reply::with(302, &format!("location: {to}\r\n"), "");
    match path {
        "/page" => html(b"<title>Tea</title><nav>Menu</nav><h2>Pots</h2><p>A <a href=cup>cup</a>."),
        "/latin" => html(b"<meta charset=latin1><p>gr\xfcn"),
        "/json" => Reply::with(200, "content-type: application/json\r\n", "{\"a\": [1]}"),
        "/long" => Reply::with(200, "content-type: text/plain\r\n", "x".repeat(100_001)),
        "/pdf" => Reply::with(200, "content-type: application/pdf\r\n", "%PDF"),
        "/moved" => moved("/page"),
        "/away" => moved("https://elsewhere.example/x"),
        "/round" => moved("/round"),
        "/large" => html(&[b"<p>".as_slice(), &[b'x'; 5 * 1024 * 1024]].concat()),
        "/deep" => html("<div>".repeat(5_000).as_bytes()),
        "/quotes" => html(format!("{}deep", "<blockquote>".repeat(3_000)).as_bytes()),
        "/noise" => html(&[b'<'; 300_000]),
        _ => Reply::status(404, "none"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_read_and_each_failure_says_what_to_do() {
    let shipped = Shipped::new("fetch");
    let web = Web::start(Speech::Plain, Reply::Each(site)).await;
    let port = web.port;
    let served = granted(&shipped, port).await;
    let page = format!("Pots\n\nA [cup](http://127.0.0.1:{port}/cup).");
    for (path, expected) in [
        (
            "/page",
            Ok(format!(
                "Title: Tea\nURL: http://127.0.0.1:{port}/page\nNote: 4 characters around the main content are \
                 left out; `extract` = `all` gives them.\n\n## {page}"
            )),
        ),
        ("/moved", Ok(format!("URL: http://127.0.0.1:{port}/page (redirected)"))),
        ("/latin", Ok("grün".to_owned())),
        ("/json", Ok("{\"a\": [1]}".to_owned())),
        ("/long", Ok("(characters 0 to 20000 of 100001; go on with start_index 20000)".to_owned())),
        ("/large", Ok("Note: only the first 3.0 MiB were read.".to_owned())),
        ("/quotes", Ok("deep".to_owned())),
        ("/deep", Ok("(no text".to_owned())),
        ("/noise", Ok("\\<".to_owned())),
        ("/pdf", Err("is application/pdf, 4 bytes; only text can be read".to_owned())),
        ("/none", Err("answers with status 404: there is no such page; check the URL".to_owned())),
        ("/round", Err("redirects more than 5 times".to_owned())),
        (
            "/away",
            Err("redirects to https://elsewhere.example/x: this plugin may not send".to_owned()),
        ),
        ("/away", Err("toolrack grant fetch network https://elsewhere.example".to_owned())),
    ] {
        let answer = served.call("fetch_page", at(port, path)).await.map(|(text, _)| text);
        match (&answer, &expected) {
            (Ok(text), Ok(part)) | (Err(text), Err(part)) => {
                assert!(text.contains(part), "{path}: {part:?} is not in {text:.500}");
            }
            _ => panic!("{path}: {answer:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_told() {
    let shipped = Shipped::new("fetch");
    let stalled = Reply::Stall("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<p>Half");
    for (speech, reply, expected) in [
        (Speech::Silent, Reply::Reset, "did not answer in time; try again later"),
        (Speech::Plain, stalled, "did not answer in time; try again later"),
        (Speech::Plain, Reply::Reset, "the answer cannot be read"),
        (Speech::Plain, Reply::Once(b"SSH-2.0-x\r\n\r\n".into()), "the answer cannot be read"),
    ] {
        let web = Web::start(speech, reply).await;
        let served = granted(&shipped, web.port).await;
        let error = served.error("fetch_page", at(web.port, "/")).await;
        assert!(error.contains(expected), "{error}");
    }
    let nobody = closed_port();
    let served = granted(&shipped, nobody).await;
    let error = served.error("fetch_page", at(nobody, "/")).await;
    assert!(error.contains("refuses connections; try again later"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_cannot_lead_to_where_no_grant_does() {
    let shipped = Shipped::new("fetch");
    let mut inside = Web::start(Speech::Plain, Reply::text("inside")).await;
    let to = format!("location: http://127.0.0.1:{}/secret\r\n", inside.port);
    let (status, body) = (302, "");
    let Reply::Once(bytes) = Reply::with(status, &to, body) else { panic!("a whole answer") };
    let mut web = Web::start(Speech::Plain, Reply::Once(bytes)).await;
    let served = granted(&shipped, web.port).await;
    let error = served.error("fetch_page", at(web.port, "/")).await;
    assert!(
        error.contains(&format!("toolrack grant fetch network http://127.0.0.1:{}", inside.port)),
        "{error}"
    );
    assert!(matches!(web.next().await, Seen::Head(_)));
    assert_eq!(inside.connections(), 0);
    assert!(inside.seen.try_recv().is_err());
}
