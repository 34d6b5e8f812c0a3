//! The page of the real binary: what it tells to whom, and the attacks of other sites on it.

use std::time::Instant;

use serde_json::{Value, json};

use crate::client::{Client, HANG, toolrack};
use crate::http_peer::{HttpPeer, OpenResponse, modern, request, token, with_token};
use crate::over_http::at_home;
use crate::person::eventually;
use crate::plugins;

const ASKS: (&str, &str) = ("Toolrack-Page", "1");

fn state(peer: &HttpPeer) -> Value {
    let answer = peer.bytes(request("GET", "/page/state", &[ASKS], ""));
    assert_eq!((answer.status, &*answer.headers["content-type"]), (200, "application/json"));
    answer.json()
}

/// An open page: its stream, and the events that it was told and nobody has looked for yet.
struct OpenPage {
    stream: OpenResponse,
    heard: Vec<(String, Value)>,
}

impl OpenPage {
    fn open(stream: OpenResponse) -> Self {
        assert_eq!((stream.status, &*stream.headers["content-type"]), (200, "text/event-stream"));
        let mut page = Self { stream, heard: Vec::new() };
        assert_eq!(page.stream.text().as_deref(), Some(":\n\n"), "it begins at once");
        page
    }

    /// The next event with this name.
    fn event(&mut self, name: &str) -> Value {
        let begun = Instant::now();
        while begun.elapsed() < HANG {
            if let Some(at) = self.heard.iter().position(|(heard, _)| heard == name) {
                return self.heard.remove(at).1;
            }
            let chunk = self.stream.text().expect("the stream goes on");
            let events = chunk.split("\n\n").filter_map(|event| event.strip_prefix("event: "));
            let events = events.map(|event| event.split_once("\ndata: ").expect("data"));
            let read = |data| serde_json::from_str(data).expect("JSON");
            self.heard.extend(events.map(|(name, data)| (name.to_owned(), read(data))));
        }
        panic!("no event {name}: {:?}", self.heard);
    }
}

#[test]
fn the_page_and_its_files_are_there_with_all_that_keeps_other_sites_out() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let page = peer.get("/");
    assert!(page.body.starts_with("<!doctype html>"), "{page:?}");
    let files = page.body.split('"').filter(|part| part.starts_with("page/"));
    let files: Vec<_> = files.map(|file| format!("/{file}")).collect();
    assert!(files.len() >= 3, "{files:?}");
    for path in ["/", "/page/state", "/page/server.js"].iter().map(ToString::to_string).chain(files)
    {
        for answer in [peer.get(&path), peer.bytes(request("GET", &path, &[ASKS], ""))] {
            let has = |name: &str, part: &str| {
                assert!(answer.headers[name].contains(part), "{path} {name}: {answer:?}");
            };
            for rule in [
                "default-src 'none'",
                "script-src 'self'",
                "connect-src 'self'",
                "frame-ancestors 'none'",
                "form-action 'none'",
                "base-uri 'none'",
                "trusted-types 'none'",
            ] {
                has("content-security-policy", rule);
            }
            has("x-content-type-options", "nosniff");
            has("referrer-policy", "no-referrer");
            has("x-frame-options", "DENY");
            has("cross-origin-resource-policy", "same-origin");
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{answer:?}");
        }
    }
    assert_eq!(peer.open(request("HEAD", "/", &[], "")).status, 200);
}

#[test]
fn other_sites_reach_neither_the_page_nor_what_it_shows() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    for path in ["/", "/page/main.js", "/page/state", "/page/events"] {
        // A name that was turned to this machine.
        let rebound = peer.bytes(request("GET", path, &[ASKS, ("Host", "evil.example")], ""));
        assert_eq!(rebound.status, 403, "{path}");
        let crossed =
            peer.bytes(request("GET", path, &[ASKS, ("Origin", "https://evil.example")], ""));
        assert_eq!(crossed.status, 403, "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = peer.bytes(request(method, path, &[ASKS], ""));
            assert_eq!(
                (answer.status, &*answer.headers["allow"]),
                (405, "GET, HEAD"),
                "{method} {path}"
            );
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }
    }
    for path in ["/page/state", "/page/events"] {
        for headers in [
            // A site can send this without asking: no header of its own.
            &[][..],
            &[("Accept", "text/event-stream"), ("Sec-Fetch-Site", "cross-site")],
            &[ASKS, ("Sec-Fetch-Site", "cross-site")],
            &[ASKS, ("Sec-Fetch-Site", "same-site")],
            &[ASKS, ("Sec-Fetch-Site", "none")],
        ] {
            let answer = peer.bytes(request("GET", path, headers, ""));
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert!(!answer.body.contains("good"), "{answer:?}");
        }
    }
    // A link on another site may lead to the page: it is shown by itself, in no frame.
    let linked = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")];
    assert_eq!(peer.bytes(request("GET", "/", &linked, "")).status, 200);
}

#[test]
fn the_page_tells_what_is_served_what_is_not_and_no_directory() {
    let plugins = plugins::good();
    plugins::install(plugins.path(), "odd", "[limits]\nbogus = 1\n", &plugins::answering("x"));
    let lone = plugins.path().join("lone.toml");
    std::fs::write(&lone, "").expect("written");
    let peer = HttpPeer::start(plugins.path(), &[]);
    let told = state(&peer);
    assert_eq!(told["viewer"], json!({ "id": "", "seesAll": true }));
    assert_eq!(told["plugins"][0]["name"], "good");
    let tools: Vec<_> =
        told["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(tools, ["good_other", "good_run"]);
    assert_eq!(told["tools"][0]["inputSchema"]["type"], "object");
    let kinds: Vec<_> =
        told["notices"].as_array().unwrap().iter().map(|notice| &notice["kind"]).collect();
    assert_eq!(kinds, ["refused", "refused"], "{told}");
    let text = told.to_string();
    assert!(text.contains("unknown key `bogus`"), "{text}");
    let directory = plugins.path().file_name().unwrap().to_str().unwrap();
    assert!(
        !text.contains(plugins.path().to_str().unwrap()) && !text.contains(directory),
        "{text}"
    );
}

#[test]
fn an_open_page_hears_of_calls_and_of_reloads() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let mut page = OpenPage::open(peer.open(request("GET", "/page/events", &[ASKS], "")));
    peer.modern("tools/call", json!({ "name": "good_run" }));
    let numbers = page.event("numbers");
    assert_eq!(numbers["tools"]["good_run"]["calls"], 1, "{numbers}");
    assert_eq!(numbers["sum"]["calls"], 1);
    assert!(numbers["tools"].get("good_other").is_none(), "it was not called");
    let call = page.event("call");
    assert_eq!((&call["tool"], &call["plugin"]), (&json!("good_run"), &json!("good")));
    assert_eq!((&call["outcome"], &call["isAnswered"]), (&json!("answered"), &json!(true)));
    assert!(call["fuel"].as_u64() > Some(0) && call["memoryBytes"].as_u64() > Some(0), "{call}");
    assert_eq!(state(&peer)["calls"], json!([call]), "whoever comes later sees it, too");
    peer.modern("tools/call", json!({ "name": "nowhere_run" }));
    let call = page.event("call");
    assert_eq!((&call["outcome"], &call["plugin"]), (&json!("unknown_tool"), &Value::Null));
    assert_eq!(call["tool"], "nowhere_run");
    // The same numbers as elsewhere.
    let health = peer.get("/health").json();
    assert_eq!(numbers["sum"], health["statistics"]);
    assert_eq!(state(&peer)["server"]["statistics"], health["statistics"]);
    plugins::install(plugins.path(), "more", "", &plugins::answering("more"));
    page.event("catalog");
    eventually("the new plugin", || state(&peer)["plugins"].get(1).map(drop));
}

#[test]
fn a_token_shows_what_it_allows_and_without_one_the_page_tells_nothing() {
    let plugins = plugins::good();
    plugins::install(plugins.path(), "other", "", &plugins::answering("x"));
    plugins::install(plugins.path(), "odd", "[limits]\nbogus = 1\n", &plugins::answering("x"));
    let home = tempfile::tempdir().expect("a directory");
    let all = token(home.path(), &["ada"]);
    let some = token(home.path(), &["bob", "--allow", "good_r*"]);
    let peer = at_home(home.path(), plugins.path());
    // The page itself, which tells nothing, is there for a browser, which has no token yet.
    assert_eq!(peer.get("/").status, 200);
    let asked = |path: &str| request("GET", path, &[ASKS], "");
    for path in ["/page/state", "/page/events"] {
        for refused in [asked(path), with_token(&asked(path), "trk_nonsense")] {
            let refused = peer.bytes(refused);
            assert_eq!(refused.status, 401, "{refused:?}");
            assert!(!refused.body.contains("good"), "{refused:?}");
        }
    }
    let whole = peer.bytes(with_token(&asked("/page/state"), &all)).json();
    assert_eq!(whole["viewer"]["seesAll"], true);
    assert_eq!(
        (whole["tools"].as_array().unwrap().len(), whole["notices"].as_array().unwrap().len()),
        (3, 1)
    );
    let part = peer.bytes(with_token(&asked("/page/state"), &some));
    let told = part.json();
    assert_eq!(told["viewer"]["seesAll"], false);
    assert_eq!(told["tools"].as_array().unwrap().len(), 1);
    for hidden in ["good_other", "\"other", "odd", "bogus"] {
        assert!(!part.body.contains(hidden), "{hidden}: {part:?}");
    }
    let mut page = OpenPage::open(peer.open(with_token(&asked("/page/events"), &some)));
    let call =
        |name: &str| peer.bytes(with_token(&modern("tools/call", json!({ "name": name })), &all));
    assert_eq!((call("good_other").status, call("good_run").status), (200, 200));
    let numbers = page.event("numbers");
    let names: Vec<_> = numbers["tools"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["good_run"], "{numbers}");
    assert_eq!(numbers["sum"]["calls"], 1, "of the others it is not told");
    let own = peer.bytes(with_token(&modern("tools/call", json!({ "name": "good_run" })), &some));
    assert_eq!(own.status, 200);
    let calls = peer.bytes(with_token(&asked("/page/state"), &some)).json()["calls"].clone();
    let calls = calls.as_array().expect("calls");
    assert_eq!(calls.len(), 1, "what others call is not told: {calls:?}");
    assert_eq!(calls[0]["principal"], told["viewer"]["id"]);
    let calls = peer.bytes(with_token(&asked("/page/state"), &all)).json()["calls"].clone();
    assert_eq!(calls.as_array().map(Vec::len), Some(3));
    // Its rights are those of now: where a token allows less, its stream ends, and the next one has what is left.
    let file = home.path().join("http/tokens.json");
    let tokens = std::fs::read_to_string(&file).expect("tokens");
    std::fs::write(&file, tokens.replace("good_r*", "other_*")).expect("written");
    eventually("the end of the stream", || page.stream.text().is_none().then_some(()));
    let told = peer.bytes(with_token(&asked("/page/state"), &some));
    assert!(!told.body.contains("good_run"), "{told:?}");
    let mut page = OpenPage::open(peer.open(with_token(&asked("/page/events"), &some)));
    // The stream ends with its token.
    let mut remove = toolrack();
    remove.env("TOOLRACK_HOME", home.path()).args(["token", "remove", "bob"]);
    assert!(remove.output().expect("it runs").status.success());
    eventually("the end of the stream", || page.stream.text().is_none().then_some(()));
}

#[test]
fn on_an_address_of_other_machines_strangers_see_nothing_though_they_may_call() {
    let plugins = plugins::good();
    let mut command = toolrack();
    command.args(["serve", "--http", "0.0.0.0:0", "--allow-unauthenticated", "--plugins"]);
    let peer = HttpPeer::spawn(Client::spawn(command.arg(plugins.path())));
    let host = ("Host", "127.0.0.1");
    assert_eq!(peer.bytes(request("GET", "/", &[host], "")).status, 200);
    let refused = peer.bytes(request("GET", "/page/state", &[ASKS, host], ""));
    assert!(refused.status == 401 && refused.body.contains("token"), "{refused:?}");
    let called = modern("tools/call", json!({ "name": "good_run" }));
    assert_eq!(peer.bytes(called.replacen("localhost", "127.0.0.1", 1)).status, 200);
}

#[test]
fn a_stranger_sees_no_more_on_the_page_than_in_the_report_on_health() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().expect("a directory");
    let own = token(home.path(), &["ada"]);
    let config = "[http]\nallow_unauthenticated = true\n";
    std::fs::write(home.path().join("config.toml"), config).expect("written");
    let peer = at_home(home.path(), plugins.path());
    let call = modern("tools/call", json!({ "name": "good_run" }));
    assert_eq!(peer.bytes(with_token(&call, &own)).status, 200);
    assert_eq!(peer.bytes(call).status, 200, "strangers may call");
    assert_eq!(peer.get("/health").json()["statistics"], Value::Null);
    for path in ["/page/state", "/page/events"] {
        let asked = request("GET", path, &[ASKS], "");
        let refused = peer.bytes(asked.clone());
        assert!(refused.status == 401 && refused.body.contains("token add"), "{refused:?}");
        assert_eq!(peer.open(with_token(&asked, &own)).status, 200);
    }
}

#[test]
fn a_page_that_was_open_before_there_were_tokens_ends_with_the_first() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().expect("a directory");
    let config = "[http]\nallow_unauthenticated = true\n";
    std::fs::write(home.path().join("config.toml"), config).expect("written");
    let peer = at_home(home.path(), plugins.path());
    let mut page = OpenPage::open(peer.open(request("GET", "/page/events", &[ASKS], "")));
    token(home.path(), &["ada"]);
    eventually("the end of the stream", || page.stream.text().is_none().then_some(()));
}

#[test]
fn the_page_loads_at_a_bare_address_of_a_server_for_other_machines() {
    let plugins = plugins::good();
    let mut command = toolrack();
    command.args(["serve", "--http", "0.0.0.0:0", "--allow-unauthenticated", "--plugins"]);
    let peer = HttpPeer::spawn(Client::spawn(command.arg(plugins.path())));
    let host = format!("127.0.0.1:{}", peer.port);
    // A browser names the origin of a module, though it is the page's own.
    let own = format!("http://{host}");
    for (path, origin, status) in [
        ("/page/main.js", &*own, 200),
        ("/page/form.js", &own, 200),
        ("/page/main.js", "http://127.0.0.1:1", 403),
        ("/page/main.js", "http://192.168.1.5", 403),
        ("/page/main.js", "null", 403),
        ("/page/state", &own, 403),
    ] {
        let asked = request("GET", path, &[ASKS, ("Host", &host), ("Origin", origin)], "");
        assert_eq!(peer.bytes(asked).status, status, "{path} {origin}");
    }
}

#[test]
fn pages_have_a_share_and_leave_the_rest_to_clients() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let open = || peer.open(request("GET", "/page/events", &[ASKS], ""));
    let streams: Vec<_> = std::iter::repeat_with(open).take(16).collect();
    assert!(streams.iter().all(|stream| stream.status == 200));
    let refused = open();
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains_key("retry-after"));
    let answer = peer.modern("tools/call", json!({ "name": "good_run" }));
    assert_eq!(answer.status, 200, "clients are served");
    drop(streams);
    eventually("a place", || (open().status == 200).then_some(()));
}

#[test]
fn the_page_can_be_turned_off() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("config.toml"), "[http]\npage = false\n").expect("written");
    let peer = at_home(home.path(), plugins.path());
    for path in ["/", "/page/main.js", "/page/state", "/page/events"] {
        let answer = peer.bytes(request("GET", path, &[ASKS], ""));
        assert_eq!(
            (answer.status, &*answer.body),
            (404, "nothing is here; MCP is served at /mcp\n")
        );
    }
    let said = peer.bytes(request("GET", "/mcp", &[("Accept", "text/html")], "")).body;
    assert!(said.ends_with("and no page\n"), "{said}");
}

#[test]
fn whoever_opens_an_address_in_a_browser_is_told_of_the_page() {
    let plugins = plugins::good();
    let mut peer = HttpPeer::start(plugins.path(), &[]);
    let mcp = peer.bytes(request("GET", "/mcp", &[("Accept", "text/html")], ""));
    assert!(mcp.status == 406 && mcp.body.contains("the page for people is at /"), "{mcp:?}");
    let nowhere = peer.get("/nowhere");
    assert!(
        nowhere.status == 404 && nowhere.body.contains("a page for people at /"),
        "{nowhere:?}"
    );
    let line = peer.server.logs("a page for people is at http://");
    assert!(line.contains(&format!(":{}/", peer.port)), "{line}");
}

#[test]
fn a_page_that_reads_nothing_holds_up_no_call_and_what_is_kept_for_it_is_bounded() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let _deaf = peer.open(request("GET", "/page/events", &[ASKS], ""));
    for _ in 0..250 {
        let answer = peer.modern("tools/call", json!({ "name": "good_run" }));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let told = state(&peer);
    let calls = told["calls"].as_array().expect("calls");
    assert_eq!(calls.len(), 200);
    assert_eq!(told["server"]["statistics"]["calls"], 250);
}
