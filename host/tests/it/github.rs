//! The plugin `github` in the host, against a server on loopback in place of GitHub.

use serde_json::{Value, json};

use crate::shipped::{Served, Shipped};
use crate::web::{Reply, Speech, Web, closed_port};

const TOKEN: &str = "github_pat_11ABCDEFG0123456789";
const RELEASES: &str = r#"[{"tag_name":"v1","name":"One","published_at":"2026-01-01T00:00:00Z",
    "prerelease":false,"body":"Notes","html_url":"https://github.com/a/b/releases/v1"}]"#;

/// The plugin with GitHub at `port` of this machine, and a token bound to it.
async fn with_token(shipped: &Shipped, port: u16) -> Served {
    shipped.granted(&grants(port), &format!("GITHUB_TOKEN={TOKEN}")).await
}

fn grants(port: u16) -> String {
    format!(
        "network = [{{ url = \"http://127.0.0.1:{port}\", secret = \"GITHUB_TOKEN\", header = \"Authorization\", \
         before = \"Bearer \", optional = true }}]\nconfig = {{ endpoint = \"http://127.0.0.1:{port}\" }}"
    )
}

fn releases() -> Value {
    json!({ "repository": "a/b", "kind": "releases" })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_public_is_read_without_a_token() {
    let shipped = Shipped::new("github");
    let mut web = Web::start(Speech::Plain, Reply::text(RELEASES)).await;
    let served = shipped.granted(&grants(web.port), "").await;
    assert!(served.call("github_list", releases()).await.is_ok());
    let head = web.head().await.to_lowercase();
    assert!(!head.contains("authorization"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_on_the_wire_and_nowhere_else() {
    let shipped = Shipped::new("github");
    // A proxy that says back what it was asked.
    let echo = Reply::Each(|head| Reply::status(400, &json!({ "message": head }).to_string()));
    for (reply, answers) in [(Reply::text(RELEASES), true), (echo, false)] {
        let mut web = Web::start(Speech::Plain, reply).await;
        let served = with_token(&shipped, web.port).await;
        let told = match served.call("github_list", releases()).await {
            Ok((text, structured)) if answers => {
                assert_eq!(structured.unwrap()["items"][0]["name"], "v1");
                text
            }
            Err(error) if !answers => {
                // Its length says that it was covered before the plugin had it.
                let covered = format!("Bearer {:*<1$}", "[secret GITHUB_TOKEN]", TOKEN.len());
                assert!(error.contains(&covered), "{error}");
                error
            }
            other => panic!("{other:?}"),
        };
        assert!(!told.contains(TOKEN), "{told}");
        let head = web.head().await;
        assert!(
            head.starts_with("GET /repos/a/b/releases?per_page=20&page=1 HTTP/1.1\r\n"),
            "{head}"
        );
        assert!(head.contains(&format!("\r\nauthorization: Bearer {TOKEN}\r\n")), "{head}");
        assert!(head.contains("\r\nuser-agent: toolrack-github/"), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_writes_is_announced_as_such_and_sends_what_it_is_given() {
    let shipped = Shipped::new("github");
    let written =
        Reply::status(201, r#"{"number":9,"html_url":"https://github.com/a/b/issues/9"}"#);
    let mut web = Web::start(Speech::Plain, written).await;
    let served = with_token(&shipped, web.port).await;
    let arguments = json!({ "repository": "a/b", "title": "It fails" });
    let (_, structured) = served.call("github_write_issue", arguments).await.unwrap();
    assert_eq!(structured.unwrap()["number"], 9);
    let head = web.head().await.to_lowercase();
    assert!(head.starts_with("post /repos/a/b/issues http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    for (tool, reads) in [
        ("github_get_issue", true),
        ("github_search_code", true),
        ("github_write_issue", false),
        ("github_add_comment", false),
    ] {
        assert_eq!(served.tool(tool).spec.annotations.read_only, Some(reads), "{tool}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_is_a_sentence_that_says_what_to_do() {
    let shipped = Shipped::new("github");
    let used_up = "x-ratelimit-remaining: 0\r\nx-ratelimit-limit: 60\r\nx-ratelimit-reset: 1\r\n";
    let cases: [(Speech, Reply, &str); 8] = [
        (Speech::Plain, Reply::status(401, "{}"), "GitHub wants a token that it accepts"),
        (Speech::Plain, Reply::with(403, used_up, ""), "limit of 60 requests is used up"),
        (
            Speech::Plain,
            Reply::status(404, "{}"),
            "no repository `a/b`, or there is no access to it",
        ),
        (Speech::Plain, Reply::status(502, "<html>"), "out of order (status 502); try again later"),
        (
            Speech::Plain,
            Reply::text("<html>"),
            "GitHub: it answers with an HTML page in place of JSON",
        ),
        (Speech::Plain, Reply::text(&RELEASES[..90]), "it answers with what is not JSON"),
        (
            Speech::Plain,
            Reply::Stall("HTTP/1.1 200 OK\r\n\r\n["),
            "did not answer in time; try again later",
        ),
        (Speech::Silent, Reply::Reset, "did not answer in time; try again later"),
    ];
    for (speech, reply, expected) in cases {
        let web = Web::start(speech, reply).await;
        let served = with_token(&shipped, web.port).await;
        let error = served.error("github_list", releases()).await;
        assert!(error.contains(expected) && !error.contains(TOKEN), "{error}");
    }
    let nobody = closed_port();
    let served = with_token(&shipped, nobody).await;
    let error = served.error("github_list", releases()).await;
    assert!(error.contains("refuses connections; try again later"), "{error}");
    let error = served.error("github_get_issue", json!({ "repository": "a", "number": 1 })).await;
    assert!(error.contains("write `owner/name`"), "{error}");
}

/// What an operator switches off is gone: each tool is of one group, and all that write are of `write`, too.
#[tokio::test(flavor = "multi_thread")]
async fn each_tool_can_be_switched_off_by_its_group_and_all_that_write_at_once() {
    let shipped = Shipped::new("github");
    let served = shipped.granted(&grants(closed_port()), "").await;
    let manifest = shipped.manifest();
    for tool in served.tools() {
        let name = tool.name.as_str().strip_prefix("github_").expect("the prefix");
        let said = manifest.tools.iter().find(|said| &*said.name == name);
        let requires =
            said.map(|said| said.requires.iter().map(ToString::to_string).collect::<Vec<_>>());
        let requires = requires.unwrap_or_default();
        let groups = requires.iter().filter_map(|one| one.strip_prefix("config:"));
        let (write, groups): (Vec<_>, Vec<_>) = groups.partition(|group| *group == "write");
        let is_switch =
            |group: &&str| manifest.grants.config.get(*group).is_some_and(|on| on == "true");
        assert!(groups.len() == 1 && groups.iter().all(is_switch), "{name}: {requires:?}");
        let writes = tool.spec.annotations.read_only == Some(false);
        assert_eq!(write.len(), usize::from(writes), "{name}: {requires:?}");
        let has_secret = requires.iter().any(|one| one == "secret:GITHUB_TOKEN");
        assert!(has_secret || !writes, "{name}: {requires:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_is_refused_by_the_plugin_too() {
    let shipped = Shipped::new("github");
    // Served with all its tools, as `ungranted = "show"` does.
    let off = grants(closed_port()).replace("config = {", "config = { write = false,");
    let served = shipped.granted(&off, "GITHUB_TOKEN=github_pat_11ABCDEFG0").await;
    for (tool, arguments) in [
        ("github_add_comment", json!({ "repository": "a/b", "number": 1, "body": "x" })),
        ("github_merge_pull_request", json!({ "repository": "a/b", "number": 1 })),
        ("github_mark_notification_read", json!({ "id": 1 })),
    ] {
        let error = served.error(tool, arguments).await;
        assert!(error.contains("writing is switched off"), "{tool}: {error}");
    }
}
