//! A real Redis, and others that are none, as calls meet them.

#![cfg(feature = "redis")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::keeper::{RedisKeeper, probe};
use super::settings::{KeyPrefix, RedisPassword, RedisSettings};
use crate::catalog::BucketName;
use crate::fuzz::redis::TrialRedis;
use crate::manifest::Rate;
use crate::name::PluginName;

/// A time that is never reached, unless something waits for ever.
const NEVER: Duration = Duration::from_secs(60);
/// An answer that comes at once, whatever else this machine does.
const AT_ONCE: Duration = Duration::from_millis(500);
/// A time that a test waits out. It is longer than what counts as at once.
const SHORT_TIMEOUT: Duration = Duration::from_millis(800);
const PATIENT_TIMEOUT: Duration = Duration::from_secs(1);

fn settings(socket: &Path) -> RedisSettings {
    RedisSettings {
        url: format!("unix:{}", socket.display()).parse().expect("a URL"),
        password: None,
        prefix: KeyPrefix::default(),
        timeout: PATIENT_TIMEOUT,
        authorities: Vec::new(),
    }
}

/// A server's part of a Redis.
struct SharingServer {
    keeper: RedisKeeper,
    runtime: Runtime,
}

impl SharingServer {
    fn start(settings: RedisSettings) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let keeper = RedisKeeper::start(settings).expect("a thread");
        Self { keeper, runtime: runtime.expect("a runtime") }
    }

    fn of(redis: &TrialRedis) -> Self {
        let server = Self::start(settings(&redis.socket()));
        server.until_connected(true);
        server
    }

    fn until_connected(&self, expected: bool) {
        let began = Instant::now();
        while self.keeper.state().is_connected() != expected {
            assert!(began.elapsed() < NEVER, "it is not connected: {}", !expected);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Takes a call of the tool `get` of a plugin.
    fn take(&self, rate: &str) -> Option<Result<(), Duration>> {
        let plugin = PluginName::new("fetch").expect("a name");
        self.take_of(BucketName::Tool(&plugin, "get"), rate)
    }

    fn take_of(&self, bucket: BucketName<'_>, rate: &str) -> Option<Result<(), Duration>> {
        let rate: Rate = rate.parse().expect("a rate");
        self.runtime.block_on(self.keeper.buckets().take(bucket, rate, 1))
    }

    fn put_back(&self, rate: &str) {
        let plugin = PluginName::new("fetch").expect("a name");
        let bucket = BucketName::Tool(&plugin, "get");
        let rate: Rate = rate.parse().expect("a rate");
        self.runtime.block_on(self.keeper.buckets().put_back(bucket, rate));
    }
}

#[test]
fn two_servers_hold_a_rate_in_sum() {
    let Some(mut redis) = TrialRedis::start() else { return };
    let servers = [SharingServer::of(&redis), SharingServer::of(&redis)];
    for call in 0..6 {
        assert_eq!(servers[call % 2].take("6/h"), Some(Ok(())), "{call}");
    }
    for server in &servers {
        let wait = server.take("6/h").expect("an answer").expect_err("it is used up");
        assert!(wait > Duration::from_secs(590) && wait <= Duration::from_secs(600), "{wait:?}");
    }
    servers[0].put_back("6/h");
    assert_eq!(servers[1].take("6/h"), Some(Ok(())));
    let plugin = PluginName::new("fetch").expect("a name");
    let client = BucketName::Client("ada");
    assert_eq!(servers[0].take_of(BucketName::Plugin(&plugin), "1/h"), Some(Ok(())));
    assert_eq!(servers[0].take_of(client, "1/h"), Some(Ok(())));
    assert!(servers[1].take_of(client, "1/h").is_some_and(|taken| taken.is_err()));
    let keys = redis.keys();
    assert!(
        keys.iter().all(|key| key.starts_with("toolrack:") && !key.contains("ada")),
        "{keys:?}"
    );
    // Redis may forget scripts.
    assert_eq!(redis.ask(&["SCRIPT", "FLUSH"]), "+OK");
    assert!(servers[1].take("6/h").is_some_and(|taken| taken.is_err()));
    // Under another prefix, nothing is shared.
    let prefix = "other:".parse().expect("a prefix");
    let other = SharingServer::start(RedisSettings { prefix, ..settings(&redis.socket()) });
    other.until_connected(true);
    assert_eq!(other.take("6/h"), Some(Ok(())));
}

#[test]
fn where_redis_goes_away_calls_go_on_and_where_it_comes_back_they_are_shared() {
    let Some(mut redis) = TrialRedis::start() else { return };
    let server = SharingServer::of(&redis);
    for round in 0..3 {
        assert_eq!(server.take("1/h"), Some(Ok(())), "round {round}: a Redis with nothing in it");
        redis.stop();
        let began = Instant::now();
        // Of a connection that broke off, one call may hear first.
        while server.take("1/h").is_some() {
            assert!(began.elapsed() < NEVER);
        }
        let began = Instant::now();
        for _ in 0..1_000 {
            assert_eq!(server.take("1/h"), None);
        }
        assert!(began.elapsed() < AT_ONCE, "calls wait for what is not there");
        assert!(!server.keeper.state().is_connected());
        redis.start_again();
        server.until_connected(true);
    }
}

#[test]
fn a_server_starts_without_redis_and_finds_it_later() {
    let Some(mut redis) = TrialRedis::start() else { return };
    redis.stop();
    let server = SharingServer::start(settings(&redis.socket()));
    let began = Instant::now();
    assert_eq!(server.take("1/h"), None);
    assert!(began.elapsed() < AT_ONCE);
    redis.start_again();
    server.until_connected(true);
    assert_eq!(server.take("1/h"), Some(Ok(())));
}

#[test]
fn a_redis_that_stops_to_answer_holds_up_each_call_once() {
    let Some(mut redis) = TrialRedis::start_with(&["--enable-debug-command", "yes"]) else {
        return;
    };
    let timeout = SHORT_TIMEOUT;
    let server = SharingServer::start(RedisSettings { timeout, ..settings(&redis.socket()) });
    server.until_connected(true);
    // It reads, and answers nobody for a while.
    let sleeper = std::thread::spawn(move || {
        assert_eq!(redis.ask(&["DEBUG", "SLEEP", "3"]), "+OK");
        redis
    });
    let began = Instant::now();
    while server.take("9/s").is_some() {
        assert!(began.elapsed() < NEVER);
    }
    let began = Instant::now();
    assert_eq!(server.take("9/s"), None);
    assert!(began.elapsed() < AT_ONCE, "the next call waits, too");
    let _redis = sleeper.join().expect("no panic");
    server.until_connected(true);
    assert!(server.take("9/s").is_some());
}

/// A server at a socket that does what it is told with each connection.
fn other_server(socket: &Path, serve: impl Fn(UnixStream) + Send + Sync + Clone + 'static) {
    let listener = UnixListener::bind(socket).expect("a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
}

/// Expects that a server of these settings is refused with this problem, and that calls do not wait for it.
#[track_caller]
fn is_of_no_use(settings: RedisSettings, problem: &str) {
    let found = probe(settings.clone()).expect_err(problem);
    assert!(found.contains(problem), "{problem}: {found}");
    let server = SharingServer::start(settings);
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        let asked = Instant::now();
        assert_eq!(server.take("9/s"), None, "{problem}");
        assert!(asked.elapsed() < AT_ONCE, "{problem}: a call waits");
        assert!(!server.keeper.state().is_connected(), "{problem}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_is_no_redis_or_lets_nobody_in_is_told_and_not_used() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    is_of_no_use(settings(&at("nothing")), "cannot be reached");
    other_server(&at("silent"), |mut stream| {
        let mut bytes = [0; 1024];
        while stream.read(&mut bytes).is_ok_and(|read| read > 0) {}
    });
    let timeout = SHORT_TIMEOUT;
    is_of_no_use(
        RedisSettings { timeout, ..settings(&at("silent")) },
        "does not answer within 800 ms",
    );
    let password = Some(RedisPassword::new("hunter22"));
    let silent = RedisSettings { password, ..settings(&at("silent")) };
    is_of_no_use(silent, "takes no connection within 3 s");
    other_server(&at("closing"), drop);
    let found = probe(settings(&at("closing"))).expect_err("no Redis");
    assert!(found.contains("closed the connection") || found.contains("broke off"), "{found}");
    for (name, answer, problem) in [
        ("web", "HTTP/1.1 400 Bad Request\r\n\r\n", "broke off"),
        ("text", "+OK\r\n", "broke off"),
        ("numbers", "*2\r\n:7\r\n:-1\r\n", "answers what no Redis answers"),
        ("huge", "$100000000000\r\n", "does not answer within"),
        ("many", "*1000000000000\r\n", "does not answer within"),
        ("deep", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "broke off"),
        ("refuses", "-NOPERM no permission\u{1b}[2J\r\n", "is of no use: it refuses: "),
    ] {
        other_server(&at(name), move |mut stream| {
            let mut bytes = [0; 64 * 1024];
            while stream.read(&mut bytes).is_ok_and(|read| read > 0) {
                if stream.write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        });
        let timeout = SHORT_TIMEOUT;
        is_of_no_use(RedisSettings { timeout, ..settings(&at(name)) }, problem);
        let found = probe(RedisSettings { timeout, ..settings(&at(name)) }).expect_err(name);
        assert!(!found.contains('\u{1b}'), "{found}");
    }
}

#[test]
fn a_redis_that_sends_without_end_is_left() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("flood");
    let (sent, bytes) = std::sync::mpsc::channel();
    other_server(&socket, move |mut stream| {
        let (mut sum, piece) = (0, [b'x'; 64 * 1024]);
        let _ = stream.write_all(b"$1000000000\r\n");
        while stream.write_all(&piece).is_ok() {
            sum += piece.len();
        }
        let _ = sent.send(sum);
    });
    let found = probe(RedisSettings { timeout: NEVER, ..settings(&socket) }).expect_err("no Redis");
    assert!(found.contains("answer nothing") || found.contains("closed"), "{found}");
    let sum = bytes.recv_timeout(NEVER).expect("it was left");
    assert!(sum < 2 * super::bounds::MAX_UNANSWERED, "{sum}");
}

#[test]
fn a_wrong_password_and_a_wrong_database_are_told_without_the_password() {
    let Some(redis) = TrialRedis::start_with(&["--requirepass", "right", "--databases", "2"])
    else {
        return;
    };
    let socket = redis.socket();
    let with = |password: &str| RedisSettings {
        password: Some(RedisPassword::new(password)),
        ..settings(&socket)
    };
    is_of_no_use(with("hunter22"), "lets nobody in: ");
    assert!(!probe(with("hunter22")).expect_err("wrong").contains("hunter22"));
    is_of_no_use(settings(&socket), "NOAUTH");
    assert_eq!(probe(with("right")), Ok(()));
    let mut other = with("right");
    other.url.database = 7;
    is_of_no_use(other, "lets nobody in: ");
}

#[test]
fn a_key_that_holds_something_else_concerns_its_own_calls_alone() {
    let Some(mut redis) = TrialRedis::start() else { return };
    let server = SharingServer::of(&redis);
    assert_eq!(redis.ask(&["RPUSH", "toolrack:rate:{fetch}:get", "x"]), ":1");
    let plugin = PluginName::new("fetch").expect("a name");
    for _ in 0..3 {
        assert_eq!(server.take("9/s"), None);
        assert!(server.take_of(BucketName::Plugin(&plugin), "9/h").is_some());
        assert!(server.keeper.state().is_connected());
    }
    let answers = server.keeper.bytes();
    let find = |key: &str| server.runtime.block_on(answers.find(key, 1000));
    let keep = |key: &str, bytes: &[u8]| {
        answers.keep(key.into(), bytes.into(), NEVER);
        let began = Instant::now();
        while find(key).is_none() && began.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(2));
        }
        find(key)
    };
    assert_eq!(find("none"), None);
    assert_eq!(keep("one", b"a\0\r\nb"), Some(b"a\0\r\nb".to_vec()));
    assert_eq!(keep("most", &[7; 1000]), Some(vec![7; 1000]));
    // Somebody else may put more there than anybody wants to be sent.
    let large = "x".repeat(60_000_000);
    assert_eq!(redis.ask(&["SET", "toolrack:answer:large", &large]), "+OK");
    assert_eq!(find("large"), None);
    assert_eq!(redis.ask(&["RPUSH", "toolrack:answer:list", "x"]), ":1");
    assert_eq!(find("list"), None);
    assert!(server.keeper.state().is_connected());
    assert!(redis.ask(&["PTTL", "toolrack:answer:one"]).trim_start_matches(':') > "1");
}

#[test]
fn over_tls_a_redis_proves_who_it_is() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let certificate = file("certificate.pem", made.cert.pem());
    let key = file("key.pem", made.signing_key.serialize_pem());
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.expect("a port").port().to_string();
    let arguments = [
        ["--tls-port", &port],
        ["--bind", "127.0.0.1"],
        ["--tls-auth-clients", "no"],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-ca-cert-file", &certificate],
    ];
    let Some(redis) = TrialRedis::start_with(arguments.as_flattened()) else { return };
    let at = |url: String, authorities| RedisSettings {
        url: url.parse().expect("a URL"),
        authorities,
        ..settings(&redis.socket())
    };
    let secure = format!("rediss://localhost:{port}");
    let own = vec![made.cert.der().clone()];
    let found = probe(at(secure.clone(), Vec::new())).expect_err("nobody vouches for it");
    assert!(found.contains("cannot be reached") && found.contains("certificate"), "{found}");
    let found = probe(at(format!("rediss://127.0.0.1:{port}"), own.clone()));
    assert!(found.as_ref().is_err_and(|found| found.contains("not valid for name")), "{found:?}");
    let found = probe(at(format!("redis://localhost:{port}"), Vec::new()));
    assert!(found.is_err(), "it does not speak in the clear");
    let server = SharingServer::start(at(secure, own));
    server.until_connected(true);
    assert_eq!(server.take("1/h"), Some(Ok(())));
}
