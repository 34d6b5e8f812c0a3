//! `serve --metrics`: what a scrape reads, and who may scrape.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Client, toolrack};
use crate::guest::Wat;
use crate::http_peer::{HttpPeer, OpenResponse, Response, request};
use crate::person::{Person, eventually};
use crate::plugins;

/// A server over stdio with metrics on a port of their own.
fn scraped(plugins: &Path) -> HttpPeer {
    let mut command = toolrack();
    command.args(["serve", "--metrics", "127.0.0.1:0", "--plugins"]).arg(plugins);
    metrics_of(Client::spawn(&mut command).shakes_hands())
}

/// The metrics of a server that says where they are.
fn metrics_of(mut server: Client) -> HttpPeer {
    let line = server.logs("metrics are at http://");
    let port = line.rsplit(':').next().and_then(|rest| rest.strip_suffix("/metrics"));
    let port = port.and_then(|port| port.parse().ok()).expect("a port");
    HttpPeer { server, port }
}

/// The value of the series with this name and these labels.
fn value(scraped: &Response, series: &str) -> Option<f64> {
    let found = scraped.body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.map(|value| value.parse().expect("a number"))
}

#[test]
fn what_is_refused_over_http_is_counted() {
    let (person, directory) = (Person::new(), plugins::good());
    person.run(&["token", "add", "ada"]);
    let mut command =
        person.command(&["serve", "--metrics", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
    let mut peer = metrics_of(Client::spawn(command.arg("--plugins").arg(directory.path())));
    let series = |reason: &str| format!(r#"toolrack_http_refused_total{{reason="{reason}"}}"#);
    assert_eq!(value(&peer.get("/metrics"), &series("unauthorized")), Some(0.0));
    let line = peer.server.logs("listening on http://");
    let address = line.rsplit("http://").next().and_then(|rest| rest.strip_suffix("/mcp"));
    let address = address.expect("an address");
    for (host, status) in [(address, 401), (address, 401), ("evil.example", 403)] {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(request("GET", "/mcp", &[("Host", host)], "").as_bytes()).expect("sent");
        assert_eq!(OpenResponse::read(stream).status, status, "{host}");
    }
    let scraped = peer.get("/metrics");
    assert_eq!(value(&scraped, &series("unauthorized")), Some(2.0));
    assert_eq!(value(&scraped, &series("forbidden")), Some(1.0));
}

#[test]
fn a_scrape_tells_of_calls_plugins_and_the_process() {
    let good = plugins::good();
    let fails = Wat { call: "unreachable", ..Wat::default() };
    plugins::install(good.path(), "fails", "[limits]\ncrashes = 1\n", &fails.build());
    std::fs::write(good.path().join("bad.toml"), "nonsense").expect("written");
    let mut peer = scraped(good.path());
    for tool in ["good_run", "good_run", "fails_run", "fails_run"] {
        peer.server.request("tools/call", json!({ "name": tool }));
    }
    let scraped = peer.get("/metrics");
    assert_eq!(scraped.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let times = "mcp_server_operation_duration_seconds";
    let tool = r#"mcp_method_name="tools/call",gen_ai_tool_name="good_run""#;
    let failed =
        r#"mcp_method_name="tools/call",gen_ai_tool_name="fails_run",error_type="tool_error""#;
    for (series, expected) in [
        (format!("{times}_count{{{tool}}}"), 2.0),
        (format!("{times}_bucket{{{tool},le=\"+Inf\"}}"), 2.0),
        (format!("{times}_count{{{failed}}}"), 2.0),
        (
            r#"toolrack_calls_failed_total{plugin="fails",tool="fails_run",reason="crash"}"#.into(),
            1.0,
        ),
        (
            r#"toolrack_calls_refused_total{plugin="fails",tool="fails_run",reason="breaker"}"#
                .into(),
            1.0,
        ),
        // A count of 0 is told, too, or the first time would be no increase.
        (
            r#"toolrack_calls_failed_total{plugin="good",tool="good_run",reason="crash"}"#.into(),
            0.0,
        ),
        (
            r#"toolrack_calls_refused_total{plugin="good",tool="good_other",reason="schema"}"#
                .into(),
            0.0,
        ),
        (
            r#"toolrack_calls_stopped_total{plugin="good",tool="good_other",limit="fuel"}"#.into(),
            0.0,
        ),
        (r#"toolrack_call_wait_seconds_count{plugin="good"}"#.into(), 2.0),
        (r#"toolrack_guest_memory_peak_bytes_count{plugin="good"}"#.into(), 2.0),
        (r#"toolrack_calls_in_flight{plugin="good"}"#.into(), 0.0),
        (r#"toolrack_calls_waiting{plugin="good"}"#.into(), 0.0),
        (r#"toolrack_breaker_open{plugin="fails"}"#.into(), 1.0),
        (r#"toolrack_breaker_open{plugin="good"}"#.into(), 0.0),
        (r#"toolrack_plugins{state="serving"}"#.into(), 2.0),
        (r#"toolrack_plugins{state="loading"}"#.into(), 0.0),
        (r#"toolrack_plugins{state="refused"}"#.into(), 1.0),
        (r#"toolrack_plugins{state="held"}"#.into(), 0.0),
        (r#"toolrack_reloads_total{result="added"}"#.into(), 2.0),
        (r#"toolrack_reloads_total{result="refused"}"#.into(), 1.0),
    ] {
        assert_eq!(value(&scraped, &series), Some(expected), "{series}\n{}", scraped.body);
    }
    let version = env!("CARGO_PKG_VERSION");
    let build = format!(r#"toolrack_build_info{{version="{version}",catalog=""#);
    let build = scraped.body.lines().find_map(|line| line.strip_prefix(&*build));
    assert!(build.is_some_and(|rest| rest.len() == 12 + "\"} 1".len()), "{}", scraped.body);
    for series in [
        r#"toolrack_guest_fuel_total{plugin="good"}"#,
        r#"toolrack_guest_cpu_seconds_total{plugin="good"}"#,
        "process_start_time_seconds",
        #[cfg(target_os = "linux")]
        "process_resident_memory_bytes",
        #[cfg(target_os = "linux")]
        "process_open_fds",
    ] {
        assert!(value(&scraped, series) > Some(0.0), "{series}\n{}", scraped.body);
    }
}

#[test]
fn buckets_ascend_to_the_count_in_both_forms() {
    let good = plugins::good();
    let mut peer = scraped(good.path());
    peer.server.request("tools/call", json!({ "name": "good_run" }));
    let accepts = "text/html, application/openmetrics-text; version=1.0.0; q=0.7, */*;q=0.1";
    let open = peer.bytes(request("GET", "/metrics", &[("Accept", accepts)], ""));
    assert!(open.headers["content-type"].starts_with("application/openmetrics-text"), "{open:?}");
    assert!(open.body.ends_with("# EOF\n"), "{}", open.body);
    for scraped in [open, peer.get("/metrics")] {
        let own = |line: &&str| {
            line.contains("operation_duration_seconds_bucket") && line.contains("good_run")
        };
        let buckets: Vec<f64> = scraped
            .body
            .lines()
            .filter(own)
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .collect();
        assert_eq!(buckets.len(), 19, "{}", scraped.body);
        assert!(buckets.is_sorted() && buckets[18] == 1.0, "{buckets:?}");
        assert!(scraped.body.contains(r#"le="0.0025""#), "{}", scraped.body);
    }
}

#[test]
fn only_metrics_are_there_and_only_for_this_machine() {
    let peer = scraped(plugins::good().path());
    assert_eq!(peer.get("/").status, 404);
    assert_eq!(peer.bytes(request("POST", "/metrics", &[], "")).status, 405);
    let host = |host: &str| peer.bytes(request("GET", "/metrics", &[("Host", host)], "")).status;
    assert_eq!((host("127.0.0.1:9464"), host("localhost")), (200, 200));
    // A page that turned its name to this machine's address.
    assert_eq!(host("evil.example"), 403);
}

#[test]
fn connections_that_say_nothing_or_half_keep_no_scrape_out() {
    let mut peer = scraped(plugins::good().path());
    let mut silent: Vec<_> = std::iter::repeat_with(|| peer.connect()).take(200).collect();
    for half in &mut silent[150..] {
        // Those before may be closed already.
        let _ = half.write_all(b"GET /metrics HTTP/1.1\r\nHost: local");
    }
    let begun = Instant::now();
    for _ in 0..4 {
        assert_eq!(peer.get("/metrics").status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    peer.server.logs("connections for metrics are closed to make room");
}

#[test]
fn metrics_for_other_machines_are_read_by_address_and_by_names_that_are_known() {
    let good = plugins::good();
    let start = |arguments: &[&str]| {
        let mut command = toolrack();
        command.args(["serve", "--metrics", "0.0.0.0:0", "--plugins"]).arg(good.path());
        metrics_of(Client::spawn(command.args(arguments)).shakes_hands())
    };
    let host = |peer: &HttpPeer, host: &str| {
        peer.bytes(request("GET", "/metrics", &[("Host", host)], "")).status
    };
    let (plain, named) = (start(&[]), start(&["--http-host", "tools.example"]));
    for name in ["localhost", "127.0.0.1", "10.1.2.3:9464"] {
        assert_eq!((host(&plain, name), host(&named, name)), (200, 200), "{name}");
    }
    assert_eq!((host(&plain, "tools.example"), host(&named, "tools.example")), (403, 200));
    assert_eq!((host(&plain, "evil.example"), host(&named, "evil.example")), (403, 403));
}

#[test]
fn the_configuration_names_the_address_and_a_flag_wins() {
    let (person, good) = (Person::new(), plugins::good());
    std::fs::write(person.path("config.toml"), "[serve]\nmetrics = \"127.0.0.1:0\"\n").unwrap();
    let mut server = person.serve(good.path());
    server.logs("metrics are at http://127.0.0.1:");
    drop(server);
    std::fs::write(person.path("config.toml"), "[serve]\nmetrics = \"unix:/m\"\n").unwrap();
    let ran = person.run(&["check"]);
    assert!(ran.err.contains("config.toml:2") && ran.err.contains("127.0.0.1:9464"), "{}", ran.err);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let good = plugins::good();
    let directory = good.path().to_str().expect("text");
    let ran = Person::new().run(&["serve", "--metrics", &address, "--plugins", directory]);
    assert_eq!(ran.code, 2);
    let said = format!("{address} cannot be listened on for metrics");
    assert!(ran.err.contains(&said), "{}", ran.err);
    let advice =
        ["another program listens there, and if that is a toolrack, `", "toolrack status "];
    assert!(advice.iter().all(|part| ran.err.contains(part)), "{}", ran.err);
}

#[test]
fn a_port_that_clients_have_is_not_told_as_taken_by_another_program() {
    let (person, good) = (Person::new(), plugins::good());
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let directory = good.path().to_str().expect("text");
    for (http, metrics) in [
        (format!("{port}"), format!("{port}")),
        (format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}")),
        (format!("0.0.0.0:{port}"), format!("{port}")),
    ] {
        let words = ["serve", "--http", &http, "--metrics", &metrics, "--plugins", directory];
        let ran = person.run(&words);
        assert_eq!(ran.code, 2, "{}", ran.err);
        let told = "cannot be listened on for metrics: clients are served at ";
        assert!(ran.err.contains(told) && !ran.err.contains("another program"), "{}", ran.err);
        assert!(ran.err.contains("name another port with --metrics"), "{}", ran.err);
    }
}

#[test]
fn a_call_that_runs_is_in_flight_until_it_is_cancelled() {
    let good = plugins::good();
    let spin = Wat { call: "(loop $again (br $again)) unreachable", ..Wat::default() };
    let limits = "[limits]\nfuel = 1_000_000_000_000\ncpu = \"5m\"\ntimeout = \"5m\"\n";
    plugins::install(good.path(), "spin", limits, &spin.build());
    let mut peer = scraped(good.path());
    peer.server.call(77, "spin_run");
    let now = |series: &str| value(&peer.get("/metrics"), series);
    let running = r#"toolrack_calls_in_flight{plugin="spin"}"#;
    eventually("the call", || (now(running) == Some(1.0)).then_some(()));
    peer.server.cancels(77);
    let now = |series: &str| value(&peer.get("/metrics"), series);
    eventually("its end", || (now(running) == Some(0.0)).then_some(()));
    let cancelled = r#"toolrack_calls_cancelled_total{plugin="spin",tool="spin_run"}"#;
    assert_eq!(now(cancelled), Some(1.0));
    // The work of it counts all the same.
    for used in ["toolrack_guest_cpu_seconds_total", "toolrack_guest_fuel_total"] {
        let used = now(&format!(r#"{used}{{plugin="spin"}}"#));
        assert!(used.is_some_and(|used| used > 0.0), "{used:?}");
    }
    let times = "mcp_server_operation_duration_seconds_count";
    let tool = r#"mcp_method_name="tools/call",gen_ai_tool_name="spin_run""#;
    assert_eq!(now(&format!(r#"{times}{{{tool},error_type="cancelled"}}"#)), Some(1.0));
}
