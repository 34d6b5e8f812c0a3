//! The health of a server over HTTP: what it tells strangers of itself, and `toolrack health`, which asks.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, toolrack};
use crate::guest::Wat;
use crate::http_peer::{HttpPeer, modern, request, token, with_token};
use crate::person::{Person, Ran, eventually};
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
        "plugins": { "serving": 2, "loading": 0, "refused": 1, "held": 0 },
        "tools": 3,
    });
    let mut told = told;
    let statistics = told.as_object_mut().and_then(|told| told.remove("statistics"));
    let statistics = statistics.expect("statistics");
    assert_eq!(told, expected);
    let counts = ["calls", "errors", "cancelled", "running", "waiting"];
    assert_eq!(counts.map(|name| &statistics[name]), [4, 1, 0, 0, 0].map(Value::from).each_ref());
    assert_eq!(statistics["errorsByKind"], json!({ "crash": 1 }));
    for name in ["averageUs", "p50Us", "p95Us", "p99Us"] {
        assert!(statistics["time"][name].as_u64() > Some(0), "{statistics}");
    }
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

/// The report of a server that gets this request: whether it tells of calls, and how many were begun.
fn calls_told(peer: &HttpPeer, request: &str) -> Option<u64> {
    let answer = peer.bytes(request);
    let mut report = answer.json();
    assert_eq!((answer.status, &report["status"]), (200, &json!("ok")), "{request}");
    let mut keys: Vec<_> = report.as_object().expect("an object").keys().cloned().collect();
    keys.retain(|key| key != "statistics");
    let of_the_server =
        ["catalog", "plugins", "status", "time", "tools", "uptimeSeconds", "version"];
    keys.sort_unstable();
    assert_eq!(keys, of_the_server, "{request}");
    let statistics = report["statistics"].take();
    (!statistics.is_null()).then(|| statistics["calls"].as_u64().expect("a number"))
}

#[test]
fn only_known_clients_are_told_of_calls_and_of_those_of_their_own_tools() {
    let (plugins, home) = (plugins::good(), TempDir::new().expect("a directory"));
    let (all, some) =
        (token(home.path(), &["ada"]), token(home.path(), &["bob", "--allow", "good_o*"]));
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home.path()).args(["serve", "--http", "127.0.0.1:0", "--plugins"]);
    let peer = HttpPeer::spawn(Client::spawn(command.arg(plugins.path())));
    for tool in ["good_run", "good_run", "good_other"] {
        let call = modern("tools/call", json!({ "name": tool }));
        assert_eq!(peer.bytes(with_token(&call, &all)).status, 200);
    }
    let health = |headers: &[(&str, &str)]| request("GET", "/health", headers, "");
    let own = health(&[]);
    let evil = health(&[("Host", "evil.example")]);
    let page = health(&[("Origin", "https://evil.example")]);
    for (asked, told) in [
        (own.clone(), None),
        (with_token(&own, "trk_nonsense"), None),
        (with_token(&evil, &all), None),
        (with_token(&page, &all), None),
        (with_token(&own, &some), Some(1)),
        (with_token(&own, &all), Some(3)),
    ] {
        assert_eq!(calls_told(&peer, &asked), told, "{asked}");
    }
}

#[test]
fn without_tokens_calls_are_told_to_this_machine_and_to_no_page_of_others() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &["--http-host", "tools.example"]);
    assert_eq!(peer.modern("tools/call", json!({ "name": "good_run" })).status, 200);
    for (header, told) in [
        (("Host", "localhost"), Some(1)),
        (("Host", "evil.example"), None),
        (("Origin", "http://localhost:6274"), Some(1)),
        (("Origin", "https://evil.example"), None),
    ] {
        assert_eq!(
            calls_told(&peer, &request("GET", "/health", &[header], "")),
            told,
            "{header:?}"
        );
    }
    let everybody = ["--http", "0.0.0.0:0", "--allow-unauthenticated", "--plugins"];
    let mut open = toolrack();
    let open =
        HttpPeer::spawn(Client::spawn(open.arg("serve").args(everybody).arg(plugins.path())));
    assert_eq!(calls_told(&open, &request("GET", "/health", &[("Host", "127.0.0.1")], "")), None);
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

/// Runs `toolrack health` with these arguments.
fn asks(person: &Person, arguments: &[&str]) -> Ran {
    person.run(&[&["health"], arguments].concat())
}

/// Checks that a server was found to live: one line about two tools of one plugin.
fn lives(ran: &Ran) {
    let Ran { code, out, err } = ran;
    assert_eq!((*code, &**err), (0, ""), "{out}");
    let begins = concat!("ok, toolrack ", env!("CARGO_PKG_VERSION"), ", up ");
    assert!(out.starts_with(begins) && out.ends_with(", 1 plugin, 2 tools\n"), "{out}");
}

/// Checks that a reason was told in place of that.
fn fails(ran: &Ran, told: &str) {
    let Ran { code, out, err } = ran;
    assert_eq!((*code, &**out), (1, ""), "{err}");
    assert!(err.starts_with("error: ") && err.contains(told), "no {told:?} in {err}");
}

/// Starts a server of `person` with the plugins of `good`, that says where it listens.
fn serves(person: &Person, arguments: &[&str]) -> (Client, String) {
    let plugins = plugins::good();
    let mut server =
        Client::spawn(person.command(&["serve", "--plugins"]).arg(plugins.path()).args(arguments));
    let line = server.logs("listening on ");
    let address = line.rsplit("listening on ").next().expect("an address").to_owned();
    // It has read them.
    server.logs("serving plugins=1 tools=2");
    (server, address)
}

#[test]
fn a_server_is_asked_at_its_url_and_at_the_address_that_serve_takes() {
    let (person, plugins) = (Person::new(), plugins::good());
    let peer = HttpPeer::start(plugins.path(), &[]);
    let port = peer.port.to_string();
    let url = format!("http://127.0.0.1:{port}");
    for url in [url.clone(), format!("{url}/"), format!("{url}/mcp"), format!("{url}/health")] {
        lives(&asks(&person, &["--url", &url]));
    }
    for address in [port.clone(), format!("0.0.0.0:{port}"), format!("localhost:{port}")] {
        lives(&asks(&person, &["--http", &address]));
    }
    let ready = asks(&person, &["--ready", "--http", &port]);
    assert_eq!((ready.code, ready.out), (0, format!("ready, catalog sha256:{}\n", digest(&peer))));
    // The configuration counts, and it is one that a server would not start with.
    let configuration = person.path("other.toml");
    let text = format!("[http]\naddress = \"0.0.0.0:{port}\"\ntls_key = \"/nonexistent\"\n");
    std::fs::write(&configuration, text).expect("written");
    lives(&asks(&person, &["--config", configuration.to_str().expect("UTF-8")]));
    std::fs::rename(&configuration, person.path("config.toml")).expect("renamed");
    lives(&asks(&person, &[]));
    // A URL says all: nothing of the configuration is needed.
    std::fs::write(person.path("config.toml"), "nonsense").expect("written");
    lives(&asks(&person, &["--url", &url]));
    fails(&asks(&person, &[]), "config.toml:1");
}

#[test]
fn a_server_that_is_about_to_end_lives_for_the_command_and_is_not_ready() {
    let plugins = plugins::good();
    let (person, peer) = (Person::new(), HttpPeer::start(plugins.path(), &["--drain-delay", "60"]));
    let port = peer.port.to_string();
    peer.server.terminates();
    eventually("the server is not ready", || (peer.get("/readyz").status == 503).then_some(()));
    let lives = asks(&person, &["--http", &port]);
    assert!(lives.code == 0 && lives.out.starts_with("shutting down, toolrack "), "{}", lives.out);
    let told =
        format!("http://127.0.0.1:{port}/readyz: it is not ready: the server is shutting down\n");
    fails(&asks(&person, &["--http", &port, "--ready"]), &told);
}

#[test]
fn a_server_at_a_unix_socket_is_asked_there() {
    let person = Person::new();
    let address = format!("unix:{}", person.path("t.sock").display());
    fails(&asks(&person, &["--http", &address]), "/health at unix:");
    let (_server, told) = serves(&person, &["--http", &address]);
    assert_eq!(told, address);
    lives(&asks(&person, &["--http", &address]));
    std::fs::write(person.path("config.toml"), format!("[http]\naddress = \"{address}\"\n"))
        .expect("written");
    lives(&asks(&person, &[]));
    let ran = asks(&person, &["--url", &address]);
    assert!(ran.code == 2 && ran.err.contains("--http unix:PATH asks there"), "{}", ran.err);
}

/// A certificate for this name that signs itself.
fn certificate(name: &str, is_authority: IsCa) -> CertifiedKey<rcgen::KeyPair> {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    params.is_ca = is_authority;
    let signing_key = rcgen::KeyPair::generate().expect("a key");
    let cert = params.self_signed(&signing_key).expect("signed");
    CertifiedKey { cert, signing_key }
}

#[test]
fn a_server_over_https_shows_the_certificate_that_is_configured_whatever_it_is_for() {
    let (person, other) = (Person::new(), certificate("localhost", IsCa::NoCa));
    let file = |name: &str| person.path(name).to_str().expect("UTF-8").to_owned();
    let (own, key, others) = (file("own.pem"), file("own.key"), file("other.pem"));
    std::fs::write(&others, other.cert.pem()).expect("written");
    for (name, is_authority) in
        [("tools.invalid", IsCa::NoCa), ("localhost", IsCa::Ca(BasicConstraints::Unconstrained))]
    {
        let CertifiedKey { cert, signing_key } = certificate(name, is_authority);
        std::fs::write(&own, cert.pem()).expect("written");
        std::fs::write(&key, signing_key.serialize_pem()).expect("written");
        let (_server, address) =
            serves(&person, &["--http", "127.0.0.1:0", "--tls-cert", &own, "--tls-key", &key]);
        let port = address.strip_suffix("/mcp").and_then(|rest| rest.rsplit(':').next());
        let port = port.expect("a port");
        let url = format!("https://localhost:{port}");
        lives(&asks(&person, &["--http", port, "--tls-cert", &own]));
        lives(&asks(&person, &["--url", &url, "--tls-cert", &own]));
        let text = format!("[http]\naddress = \"[::]:{port}\"\ntls_cert = '{own}'\n");
        std::fs::write(person.path("config.toml"), text.replace("[::]", "0.0.0.0"))
            .expect("written");
        lives(&asks(&person, &[]));
        std::fs::remove_file(person.path("config.toml")).expect("removed");
        let ran = asks(&person, &["--http", port, "--tls-cert", &others]);
        fails(&ran, "it shows another certificate than the one that is configured");
        fails(&asks(&person, &["--url", &url]), "its certificate is not accepted: ");
        fails(&asks(&person, &["--url", &url, "--tls-cert", &others]), "is not accepted: ");
        // A server that speaks TLS says so to who does not.
        fails(&asks(&person, &["--http", port]), "it answers 400: ");
        fails(&asks(&person, &["--http", port, "--tls-cert", &file("none.pem")]), "is missing");
    }
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let ran = asks(&person, &["--http", &peer.port.to_string(), "--tls-cert", &own]);
    fails(&ran, "no TLS: ");
    assert!(ran.err.contains("begins with http://"), "{}", ran.err);
}

#[test]
fn a_server_that_lets_only_clients_with_a_certificate_in_says_so() {
    let (person, own) = (Person::new(), certificate("localhost", IsCa::NoCa));
    let file = |name: &str| person.path(name).to_str().expect("UTF-8").to_owned();
    let (path, key) = (file("own.pem"), file("own.key"));
    std::fs::write(&path, own.cert.pem()).expect("written");
    std::fs::write(&key, own.signing_key.serialize_pem()).expect("written");
    let tls = ["--tls-cert", &path, "--tls-key", &key, "--client-ca", &path];
    let (_server, address) = serves(&person, &[&["--http", "127.0.0.1:0"], &tls[..]].concat());
    let port = address.strip_suffix("/mcp").and_then(|rest| rest.rsplit(':').next());
    let ran = asks(&person, &["--http", port.expect("a port"), "--tls-cert", &path]);
    fails(&ran, "it lets only clients with a certificate in");
}

/// Answers everybody who comes to a port with these bytes, again and again where they are `endless`, and keeps the
/// connections. Returns the URL.
fn answering(bytes: &'static str, is_endless: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || answer(stream.expect("a connection"), bytes, is_endless));
        }
    });
    url
}

fn answer(mut stream: TcpStream, bytes: &str, is_endless: bool) {
    let _ = stream.read(&mut [0; 4096]);
    while stream.write_all(bytes.as_bytes()).is_ok() && is_endless {}
    // Until the client goes.
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn what_is_no_answer_of_toolrack_is_told_in_time_with_what_to_do() {
    let person = Person::new();
    let another = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"up\"}";
    let page = "HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\n\x1b[31m<html>\n";
    let moved =
        "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/hunter2\r\nContent-Length: 0\r\n\r\n";
    let (head, body) =
        ("HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
    for (bytes, is_endless, told) in [
        ("", false, "no answer came within 400ms; --timeout TIME gives it longer"),
        (head, false, "no answer came within 400ms"),
        (body, false, "no answer came within 400ms"),
        ("nonsense\r\n\r\n", false, "what it answers is no HTTP; `toolrack status`"),
        ("HTTP/1.1 200 OK\r\nX: x\r\n", true, "what it answers is no HTTP"),
        ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", true, "what it answers is no HTTP"),
        (another, false, "it answers 200, and not as toolrack does"),
        (page, false, "it answers 404, which toolrack does not: \\u{1b}[31m<html>; name"),
        (moved, false, "it answers 301, which leads elsewhere and is not followed"),
    ] {
        let url = answering(bytes, is_endless);
        let begun = Instant::now();
        let ran = asks(&person, &["--url", &url, "--timeout", "400ms"]);
        assert!(begun.elapsed() < Duration::from_secs(20), "{bytes:?}");
        // How much of an answer without an end has come when it is looked at differs.
        let large = "its answer is larger than 64 KiB";
        fails(&ran, if is_endless && ran.err.contains(large) { large } else { told });
        assert!(ran.err.contains(&format!("error: {url}/health: ")), "{}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
        let ran = asks(&person, &["--ready", "--url", &url, "--timeout", "400ms"]);
        fails(&ran, &format!("error: {url}/readyz: "));
    }
    // One head without an end, and one body.
    for bytes in ["x", "{\"status\":"] {
        let line =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: {}", bytes.repeat(64));
        let endless: &'static str = Box::leak(line.into_boxed_str());
        let ran = asks(&person, &["--url", &answering(endless, true), "--timeout", "30s"]);
        fails(&ran, "its answer is larger than 64 KiB, the most that is read");
    }
}

#[test]
fn who_cannot_be_asked_is_told_with_where_and_what_to_do() {
    let person = Person::new();
    fails(&asks(&person, &[]), "no `address` under [http]; name the server with --url URL");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let ran = asks(&person, &["--url", &url]);
    fails(&ran, &format!("error: {url}/health: no connection: Connection refused"));
    assert!(ran.err.contains("`toolrack status` shows where"), "{}", ran.err);
    fails(
        &asks(&person, &["--url", "http://tools.invalid"]),
        "http://tools.invalid:80/health: no connection",
    );
    std::fs::write(person.path("config.toml"), "[http]\naddress = \"127.0.0.1:0\"\n")
        .expect("written");
    fails(&asks(&person, &[]), "config.toml:2: `address`: port 0 stands for any that is free");
    for (arguments, told) in [
        (&["--url", "http://ada:hunter2@127.0.0.1"][..], "no user and no password"),
        (&["--url", &url, "--http", "1"], "cannot be used with"),
        (&["--timeout", "0s"], "expected more than 0s, and 5m at most"),
        (&["--timeout", "6m"], "5m at most"),
        (&["--timeout", "3"], "expected a duration"),
    ] {
        let ran = asks(&person, arguments);
        assert!(ran.code == 2 && ran.err.contains(told), "{}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
}
