//! A Redis of a test's own: the system's `redis-server`, on a socket in a directory that goes with it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The time that it may take to start or to answer.
const REDIS_TIME: Duration = Duration::from_secs(60);

/// A server and a connection to it.
pub(crate) struct TrialRedis {
    server: Child,
    connection: BufReader<UnixStream>,
    _directory: TempDir,
}

impl TrialRedis {
    /// Starts one. `None` where `redis-server` is not installed, unless `TOOLRACK_NEEDS_REDIS` is set, as in CI.
    pub(crate) fn start() -> Option<Self> {
        let directory = TempDir::new().expect("a directory");
        let socket = directory.path().join("redis.sock");
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--dir"]);
        command.arg(directory.path()).arg("--unixsocket").arg(&socket);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut server = match command.spawn() {
            Ok(server) => server,
            Err(error) => {
                let is_needed = std::env::var_os("TOOLRACK_NEEDS_REDIS").is_some();
                assert!(!is_needed, "redis-server does not start: {error}");
                return None;
            }
        };
        let began = Instant::now();
        let connection = loop {
            match UnixStream::connect(&socket) {
                Ok(connection) => break connection,
                Err(error) => {
                    let ended = server.try_wait().expect("a child");
                    assert!(ended.is_none() && began.elapsed() < REDIS_TIME, "{error}: {ended:?}");
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        };
        connection.set_read_timeout(Some(REDIS_TIME)).expect("a time");
        Some(Self { server, connection: BufReader::new(connection), _directory: directory })
    }

    /// Runs a script that gives two numbers.
    pub(crate) fn eval(&mut self, script: &str, key: &str, arguments: &[String]) -> [i64; 2] {
        let mut words = vec!["EVAL", script, "1", key];
        words.extend(arguments.iter().map(String::as_str));
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.connection.get_mut().write_all(request.as_bytes()).expect("sent");
        assert_eq!(self.line(), "*2");
        [(), ()].map(|()| {
            let line = self.line();
            let number = line.strip_prefix(':').and_then(|number| number.parse().ok());
            number.unwrap_or_else(|| panic!("{line}"))
        })
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.connection.read_line(&mut line).expect("an answer");
        line.trim_end().to_owned()
    }
}

impl Drop for TrialRedis {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}
