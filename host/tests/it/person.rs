//! A person with a home of their own, who runs commands of the real binary and starts servers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Client, HANG, toolrack};

/// Somebody whose toolrack knows nothing of anybody else's.
pub(crate) struct Person(TempDir);

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Person {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a home"))
    }

    /// A place of the person's own.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The default plugin directory.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.path("plugins")
    }

    /// The words that a server puts before a command which it suggests.
    pub(crate) fn named_home(&self) -> String {
        let home = self.0.path().display();
        if cfg!(unix) { format!("TOOLRACK_HOME={home} ") } else { String::new() }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = toolrack();
        command.env("TOOLRACK_HOME", self.0.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } =
            self.command(arguments).output().expect("the binary");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: status.code().expect("a code"), out: text(stdout), err: text(stderr) }
    }

    /// A server of `plugins`, past its handshake and its first loading.
    pub(crate) fn serve(&self, plugins: &Path) -> Client {
        let mut client = Client::spawn(self.command(&["serve", "--plugins"]).arg(plugins));
        client.request("initialize", serde_json::json!({ "protocolVersion": "2025-11-25" }));
        client.request("tools/list", serde_json::json!({}));
        client
    }

    /// What `toolrack status --json` says.
    pub(crate) fn status(&self) -> Value {
        let ran = self.run(&["status", "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        serde_json::from_str(&ran.out).expect("JSON")
    }

    /// What it says once it is as `expected`.
    pub(crate) fn status_when(&self, expected: impl Fn(&Value) -> bool) -> Value {
        eventually("the status", || Some(self.status()).filter(&expected))
    }
}

/// What `look` finds as soon as it finds something; files tell nobody when they change.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < HANG, "{what} does not become what is expected");
        std::thread::sleep(Duration::from_millis(10));
    }
}
