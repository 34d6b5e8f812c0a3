//! A Redis of a test's own: the system's `redis-server`, on a socket in a directory that goes with it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The time that it may take to start or to answer.
const REDIS_TIME: Duration = Duration::from_secs(60);

/// A server and a connection to it.
pub(crate) struct TrialRedis {
    server: Child,
    connection: BufReader<UnixStream>,
    arguments: Vec<String>,
    directory: TempDir,
}

impl TrialRedis {
    /// Starts one. `None` where `redis-server` is not installed, unless `TOOLRACK_NEEDS_REDIS` is set, as in CI.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with further arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Option<Self> {
        let directory = TempDir::new().expect("a directory");
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>();
        let server = match spawn(&directory, &arguments) {
            Ok(server) => server,
            Err(error) => {
                let is_needed = std::env::var_os("TOOLRACK_NEEDS_REDIS").is_some();
                assert!(!is_needed, "redis-server does not start: {error}");
                return None;
            }
        };
        let (server, connection) = connected(server, &directory);
        Some(Self { server, connection, arguments, directory })
    }

    /// The path of its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        socket(&self.directory)
    }

    /// Ends it as a crash does.
    pub(crate) fn stop(&mut self) {
        self.server.kill().expect("it runs");
        self.server.wait().expect("it ends");
    }

    /// Starts it once more, with nothing in it.
    pub(crate) fn start_again(&mut self) {
        let server = spawn(&self.directory, &self.arguments).expect("redis-server");
        (self.server, self.connection) = connected(server, &self.directory);
    }

    /// Runs a script that gives two numbers.
    pub(crate) fn eval(&mut self, script: &str, key: &str, arguments: &[String]) -> [i64; 2] {
        let mut words = vec!["EVAL", script, "1", key];
        words.extend(arguments.iter().map(String::as_str));
        self.send(&words);
        assert_eq!(self.line(), "*2");
        [(), ()].map(|()| {
            let line = self.line();
            let number = line.strip_prefix(':').and_then(|number| number.parse().ok());
            number.unwrap_or_else(|| panic!("{line}"))
        })
    }

    /// Runs a command that gives a line of text, a number or an error, and returns that.
    pub(crate) fn ask(&mut self, words: &[&str]) -> String {
        self.send(words);
        self.line()
    }

    /// The names of all keys.
    pub(crate) fn keys(&mut self) -> Vec<String> {
        self.send(&["KEYS", "*"]);
        let line = self.line();
        let number = line.strip_prefix('*').and_then(|number| number.parse().ok());
        let number: usize = number.unwrap_or_else(|| panic!("{line}"));
        (0..number)
            .map(|_| {
                self.line();
                self.line()
            })
            .collect()
    }

    fn send(&mut self, words: &[&str]) {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.connection.get_mut().write_all(request.as_bytes()).expect("sent");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.connection.read_line(&mut line).expect("an answer");
        line.trim_end().to_owned()
    }
}

fn socket(directory: &TempDir) -> PathBuf {
    directory.path().join("redis.sock")
}

fn spawn(directory: &TempDir, arguments: &[String]) -> std::io::Result<Child> {
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--dir"]);
    command.arg(directory.path()).arg("--unixsocket").arg(socket(directory)).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()
}

/// A server that has just been started, once it takes connections, and one.
fn connected(mut server: Child, directory: &TempDir) -> (Child, BufReader<UnixStream>) {
    let began = Instant::now();
    loop {
        match UnixStream::connect(socket(directory)) {
            Ok(connection) => {
                connection.set_read_timeout(Some(REDIS_TIME)).expect("a time");
                return (server, BufReader::new(connection));
            }
            Err(error) => {
                let ended = server.try_wait().expect("a child");
                assert!(ended.is_none() && began.elapsed() < REDIS_TIME, "{error}: {ended:?}");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for TrialRedis {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}
