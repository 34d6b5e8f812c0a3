//! The health of a server over HTTP: what it tells strangers of itself, and `toolrack health`, which asks.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::guest::Wat;
use crate::http_peer::{HttpPeer, request};
use crate::person::eventually;
use crate::plugins::{self, install};

/// The digest that a server that is ready tells of its catalog.
fn digest(peer: &HttpPeer) -> String {
    let ready = peer.get("/readyz");
    let digest = ready.body.strip_prefix("ok sha256:").and_then(|rest| rest.strip_suffix('\n'));
    let digest = digest.unwrap_or_else(|| panic!("{ready:?}")).to_owned();
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
    digest
}

#[test]
fn servers_of_the_same_tools_and_code_tell_one_digest_and_others_another() {
    let (first, second) = (plugins::good(), TempDir::new().expect("a directory"));
    // Neither the names of files nor the order of plugins is told to clients.
    let good = Wat { tools: &["run", "other"], ..Wat::default() }.build();
    let (aa, zz) = (plugins::answering("aa"), plugins::answering("zz"));
    install(first.path(), "a", "", &aa);
    install(first.path(), "b", "", &aa);
    install(second.path(), "x", "[plugin]\nname = \"good\"", &good);
    install(second.path(), "a", "[plugin]\nname = \"b\"", &aa);
    install(second.path(), "b", "[plugin]\nname = \"a\"", &aa);
    let one = HttpPeer::start(first.path(), &[]);
    let same = digest(&one);
    assert_eq!(digest(&HttpPeer::start(second.path(), &[])), same);
    // Other code of the same description, another description, one plugin less, and all as it was.
    let changed = |what: &str, before: &str| {
        eventually(what, || Some(digest(&one)).filter(|now| now != before))
    };
    plugins::replace(&first.path().join("a.wasm"), &zz);
    let code = changed("other code", &same);
    plugins::replace(&first.path().join("a.toml"), "[[tools]]\nname = \"run\"\ntitle = \"Run\"");
    let title = changed("another title", &code);
    std::fs::remove_file(first.path().join("a.toml")).expect("removed");
    let fewer = changed("fewer plugins", &title);
    assert!(![&code, &title, &fewer].contains(&&same));
    plugins::replace(&first.path().join("a.wasm"), &aa);
    plugins::replace(&first.path().join("a.toml"), "");
    eventually("the first digest", || (digest(&one) == same).then_some(()));
}

#[test]
fn health_is_told_in_numbers_and_names_nothing() {
    let directory = plugins::good();
    install(directory.path(), "trap", "", &Wat { call: "unreachable", ..Wat::default() }.build());
    install(directory.path(), "hunter2", "", b"no Wasm");
    let peer = HttpPeer::start(directory.path(), &[]);
    for tool in ["good_run", "good_other", "good_run", "trap_run"] {
        assert_eq!(peer.modern("tools/call", json!({ "name": tool })).status, 200);
    }
    let answer = peer.get("/health");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let mut health = answer.json();
    assert!(health["uptimeSeconds"].as_u64().is_some_and(|seconds| seconds < 3600), "{health}");
    assert!(health["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{health}");
    let told: Value = ["status", "version", "catalog", "plugins", "tools", "statistics"]
        .map(|name| (name.to_owned(), health[name].take()))
        .into_iter()
        .collect();
    let expected = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "catalog": format!("sha256:{}", digest(&peer)),
        "plugins": { "serving": 2, "loading": 0, "refused": 1 },
        "tools": 3,
        "statistics": { "calls": 4, "errors": 1 },
    });
    assert_eq!(told, expected);
    for name in ["hunter2", "good", directory.path().to_str().expect("UTF-8")] {
        assert!(!answer.body.contains(name), "{}", answer.body);
    }
    for path in ["/livez", "/readyz", "/health"] {
        let head = peer.open(request("HEAD", path, &[], ""));
        assert_eq!((head.status, &*head.headers["cache-control"]), (200, "no-store"), "{path}");
        let posted = peer.bytes(request("POST", path, &[], "x"));
        assert_eq!((posted.status, &*posted.headers["allow"]), (405, "GET, HEAD"), "{path}");
    }
    assert_eq!(peer.get("/livez").body, "ok\n");
}

#[test]
fn a_server_that_is_about_to_end_lives_and_is_not_ready() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &["--drain-delay", "60"]);
    peer.server.terminates();
    let not_ready = eventually("the server is not ready", || {
        Some(peer.get("/readyz")).filter(|answer| answer.status == 503)
    });
    assert_eq!(not_ready.body, "the server is shutting down\n");
    let health = peer.get("/health");
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("shutting down")));
    assert_eq!(peer.get("/livez").status, 200);
}
