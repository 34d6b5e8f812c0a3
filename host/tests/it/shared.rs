//! Servers that share a Redis: what they count and keep together, and what becomes of that while it is away.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::Client;
use crate::guest::Wat;
use crate::http_peer::HttpPeer;
use crate::person::{Person, eventually};
use crate::plugins;
use redis::TrialRedis;

#[allow(dead_code, reason = "the host's own tests use all of it")]
#[path = "../../src/fuzz/redis.rs"]
mod redis;

const KEPT: &str = "[[tools]]\nname = \"run\"\ncache = \"5m\"\n";
const SHARED: &str = "answers: servers share it from now on";
const AWAY: &str = "counts calls and keeps answers by itself";

/// `echo_run`, whose answers are kept, and `limited_run`, which may be called three times an hour.
fn tools() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let call = "(call $text (local.get $arguments) (local.get $arguments_len))";
    let echo = Wat { call, ..Wat::default() }.build();
    plugins::install(directory.path(), "echo", KEPT, &echo);
    plugins::install(directory.path(), "limited", "[limits]\nrate = \"3/h\"\n", &echo);
    directory
}

/// A server over HTTP that shares a Redis.
struct Replica {
    person: Person,
    peer: HttpPeer,
    metrics: u16,
}

impl Replica {
    /// Starts one with a key of sessions of this letter, and further lines under `[http]`, once it is connected.
    fn start(redis: &TrialRedis, tools: &Path, key: char, http: &str) -> Self {
        let replica = Self::configured(&url(redis), tools, key, http);
        replica.until_told("connected", true);
        replica
    }

    fn configured(redis: &str, tools: &Path, key: char, http: &str) -> Self {
        let person = Person::new();
        let key_file = person.path("session.key");
        std::fs::write(&key_file, key.to_string().repeat(32)).expect("written");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&key_file, private).expect("private");
        let text = format!("[http]\nsession_key_file = {key_file:?}\n{http}\n[redis]\n{redis}\n");
        std::fs::write(person.path("config.toml"), text).expect("written");
        let config = person.path("config.toml");
        let arguments = ["serve", "--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--plugins"];
        let mut command = person.command(&arguments);
        let mut server = Client::spawn(command.arg(tools).arg("--config").arg(config));
        let line = server.logs("metrics are at http://");
        let port = line.rsplit(':').next().and_then(|rest| rest.strip_suffix("/metrics"));
        let metrics = port.and_then(|port| port.parse().ok()).expect("a port");
        Self { person, peer: HttpPeer::spawn(server), metrics }
    }

    fn call(&self, tool: &str, arguments: &Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.peer.modern("tools/call", params);
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = if answer.headers["content-type"] == "text/event-stream" {
            answer.events().pop().expect("an answer")
        } else {
            answer.json()
        };
        answer["result"].clone()
    }

    /// Calls `echo_run`, and returns the age of the answer if it was kept.
    fn echo_age(&self, arguments: &Value) -> Option<u64> {
        let result = self.call("echo_run", arguments);
        assert_eq!(result["content"][0]["text"], arguments.to_string(), "{result}");
        result["_meta"]["toolrack/cache"]["ageMs"].as_u64()
    }

    /// True if `limited_run` may be called once more; it is then.
    fn may_call(&self) -> bool {
        let result = self.call("limited_run", &json!({}));
        let is_refused = result["isError"] == true;
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert_eq!(is_refused, text.contains("3/h; the next call is possible in"), "{result}");
        !is_refused
    }

    /// The state of Redis in `/health`, and in the metrics.
    fn told(&self) -> (Value, bool) {
        let health = self.peer.get("/health").json()["redis"].clone();
        let stream = std::net::TcpStream::connect(("127.0.0.1", self.metrics)).expect("metrics");
        let mut stream = stream;
        std::io::Write::write_all(
            &mut stream,
            b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .expect("sent");
        let mut scraped = String::new();
        std::io::Read::read_to_string(&mut stream, &mut scraped).expect("an answer");
        let line = scraped.lines().find_map(|line| line.strip_prefix("toolrack_redis_connected "));
        (health, line.expect("the gauge") == "1")
    }

    fn until_told(&self, health: &str, is_connected: bool) {
        eventually(health, || (self.told() == (json!(health), is_connected)).then_some(()));
    }

    /// Waits until `toolrack status` says so.
    fn until_shown(&self, health: &str) {
        let line = format!("  redis: {health}");
        eventually(&line, || self.person.run(&["status"]).out.contains(&line).then_some(()));
        let shown = self.person.status();
        assert_eq!(shown[0]["redis"], health, "{shown}");
    }

    /// The lines of the log with these words, once it has ended.
    fn logged(self, parts: &[&str]) -> Vec<usize> {
        self.peer.server.terminates();
        let lines = self.peer.server.whole_log();
        let count = |part: &&str| lines.iter().filter(|line| line.contains(*part)).count();
        parts.iter().map(count).collect()
    }
}

fn url(redis: &TrialRedis) -> String {
    format!("url = \"unix:{}\"", redis.socket().display())
}

/// The name of the only key with this beginning, once it is there.
fn key(redis: &mut TrialRedis, beginning: &str) -> String {
    eventually("a key", || redis.keys().into_iter().find(|key| key.starts_with(beginning)))
}

#[test]
fn servers_hold_a_rate_together_and_give_the_answers_of_each_other() {
    let Some(mut redis) = TrialRedis::start() else { return };
    let tools = tools();
    let [one, two] = [(); 2].map(|()| Replica::start(&redis, tools.path(), 'a', ""));
    assert!(one.may_call() && two.may_call() && one.may_call());
    assert!(!one.may_call() && !two.may_call() && !two.may_call());
    assert_eq!(one.told(), (json!("connected"), true));

    let arguments = json!({ "a": 1 });
    assert_eq!(one.echo_age(&arguments), None);
    let answer = key(&mut redis, "toolrack:answer:");
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert!(two.echo_age(&arguments).is_some_and(|age| (20..60_000).contains(&age)));
    assert!(two.echo_age(&arguments).is_some(), "it is in the memory of the second, too");
    let left = redis.ask(&["PTTL", &answer]);
    let left: u64 = left.trim_start_matches(':').parse().expect("a time");
    assert!((1..=300_000).contains(&left), "{left}");

    // Servers with another key have neither the answer nor a way to give one.
    let other = Replica::start(&redis, tools.path(), 'b', "");
    assert_eq!(other.echo_age(&arguments), None);
    let third = Replica::start(&redis, tools.path(), 'a', "");
    assert!(third.echo_age(&arguments).is_some(), "nor do they take one away");

    // One byte is another.
    let arguments = json!({ "a": 2 });
    redis.ask(&["FLUSHALL"]);
    assert_eq!(one.echo_age(&arguments), None);
    let answer = key(&mut redis, "toolrack:answer:");
    assert!(redis.ask(&["SETRANGE", &answer, "60", "!"]).starts_with(':'));
    assert_eq!(third.echo_age(&arguments), None, "it is made anew");

    // With one rate for each client, all who need no token are one.
    let [one, two] =
        [(); 2].map(|()| Replica::start(&redis, tools.path(), 'a', "client_rate = \"2/h\""));
    let post = |replica: &Replica| {
        let params = json!({ "name": "echo_run", "arguments": { "a": 3 } });
        replica.peer.modern("tools/call", params).status
    };
    assert_eq!([post(&one), post(&two), post(&one), post(&two)], [200, 200, 429, 429]);
}

#[test]
fn redis_goes_and_comes_and_no_call_is_lost() {
    let Some(mut redis) = TrialRedis::start() else { return };
    let tools = tools();
    let one = Replica::start(&redis, tools.path(), 'a', "");
    let calls = |replica: &Replica, from: u64| {
        for number in from..from + 40 {
            replica.echo_age(&json!({ "number": number }));
        }
    };
    assert!(one.may_call() && one.may_call() && one.may_call() && !one.may_call());
    calls(&one, 0);
    redis.stop();
    calls(&one, 100);
    one.until_told("away", false);
    one.until_shown("away");
    assert!(!one.may_call(), "it is where it was");
    assert!(one.echo_age(&json!({ "number": 0 })).is_some());
    calls(&one, 200);
    redis.start_again();
    calls(&one, 300);
    one.until_told("connected", true);
    one.until_shown("connected");
    calls(&one, 400);
    assert!(!one.may_call());
    let counted = one.logged(&[AWAY, SHARED, "panicked"]);
    assert_eq!(counted, [1, 2, 0]);
}

#[test]
fn a_server_starts_without_redis_and_says_what_is_wrong_with_it() {
    let Some(redis) = TrialRedis::start_with(&["--requirepass", "right"]) else { return };
    let tools = tools();
    let url = url(&redis);
    let wrong = tempfile::tempdir().expect("a directory");
    let file = wrong.path().join("password");
    std::fs::write(&file, "hunter22").expect("written");
    let with_password = format!("{url}\npassword_file = {file:?}");
    for (settings, problem) in [
        (url.as_str(), "NOAUTH"),
        (&with_password, "lets nobody in"),
        ("url = \"unix:/nonexistent/redis.sock\"", "cannot be reached"),
        ("url = \"redis://127.0.0.1:1\"", "cannot be reached"),
    ] {
        let mut replica = Replica::configured(settings, tools.path(), 'a', "");
        let line = replica.peer.server.has_logged(AWAY);
        assert!(line.contains(problem) && !line.contains("hunter22"), "{line}");
        assert!(replica.may_call() && replica.echo_age(&json!({})).is_none());
        assert_eq!(replica.told(), (json!("away"), false));
        let mut doctor = replica.person.command(&["doctor", "--config"]);
        doctor.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        let said = doctor.arg(replica.person.path("config.toml")).output().expect("it runs");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let line = said.lines().find(|line| line.contains("Redis: ")).expect("a finding");
        assert!(line.starts_with("wrong") && line.contains(problem), "{line}");
        assert!(!said.contains("hunter22"), "{said}");
    }
    std::fs::write(&file, "right\n").expect("written");
    let replica = Replica::configured(&with_password, tools.path(), 'a', "");
    replica.until_told("connected", true);
    let config = replica.person.path("config.toml");
    let checked = replica.person.run(&["check", "--config", config.to_str().expect("UTF-8")]);
    assert!(checked.out.contains("redis.url") && !checked.out.contains("right"), "{}", checked.out);
}
