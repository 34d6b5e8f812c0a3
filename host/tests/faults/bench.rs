//! A server beside a good plugin, and the oracle: what has to hold after every case.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, toolrack};
use crate::guest::Wat;
use crate::plugins::{self, install};
use crate::usage::{Usage, open_files};

/// What may stay in memory: code of plugins that were called for the first time, and what the allocator
/// keeps. A guest's memory, or a client's line, is far more.
const MEMORY_LEFT_KIB: u64 = 12 * 1024;
/// Images of modules that were compiled or called meanwhile, and that slots of the pool keep.
const IMAGES_LEFT: usize = 4;
/// Threads that wait for blocking work a while longer.
const THREADS_LEFT: u64 = 2;
/// Nobody may be kept waiting longer.
const PROMPT: Duration = Duration::from_secs(1);
/// Nor may a ping, whatever guests do.
const PING: Duration = Duration::from_millis(200);
/// In this time everything has returned to where it was, once nothing is compiled any more.
const SETTLED: Duration = Duration::from_secs(15);
/// In this time all is compiled, at low priority and beside other tests.
const COMPILED: Duration = Duration::from_mins(2);

/// A server and what it took before the case.
pub(crate) struct Bench {
    pub(crate) client: Client,
    before: Usage,
    directory: TempDir,
}

/// What was seen of a case. The first is made by [`Bench::after`] alone, so no case goes without its oracle.
pub(crate) enum Seen {
    After {
        text: String,
        before: Usage,
        after: Usage,
    },
    /// It cannot be played on this machine, because of this.
    NotHere(String),
}

impl Bench {
    /// A server on a directory with `good` and what `fill` puts beside it, which was called a few times.
    pub(crate) fn with(fill: impl FnOnce(&Path)) -> Self {
        Self::of(&mut toolrack(), fill)
    }

    /// The same, started by this command, which lacks only its arguments.
    pub(crate) fn of(command: &mut Command, fill: impl FnOnce(&Path)) -> Self {
        let directory = plugins::good();
        fill(directory.path());
        Self::start(command.arg("serve").arg("--plugins").arg(directory.path()), directory)
    }

    /// The same, on a second directory too.
    pub(crate) fn of_two(command: &mut Command, other: &Path) -> Self {
        let directory = plugins::good();
        command.arg("serve").arg("--plugins").arg(directory.path()).arg("--plugins").arg(other);
        Self::start(command, directory)
    }

    fn start(command: &mut Command, directory: TempDir) -> Self {
        let client = Client::spawn(command);
        let mut client = client.shakes_hands();
        client.tools();
        for _ in 0..3 {
            assert_eq!(client.text("good_run"), "ok");
        }
        // Optimized code has taken the place of the first: one call with that, too.
        settled(&client);
        assert_eq!(client.text("good_run"), "ok");
        let before = settled(&client);
        Self { client, before, directory }
    }

    /// A server with one guest more, `bad`, and this manifest.
    pub(crate) fn beside(manifest: &str, wat: &Wat<'_>) -> Self {
        Self::with(|path| install(path, "bad", manifest, &wat.build()))
    }

    /// Takes what the server takes now for where it has to return to: what a plugin's code takes once it
    /// was called stays while it is served.
    pub(crate) fn marks(&mut self) {
        self.before = settled(&self.client);
    }

    /// Returns what the server takes once it has nothing to do.
    pub(crate) fn idle(&self) -> Usage {
        settled(&self.client)
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// While something goes on: a ping takes no time, a good call not much. The middle of five counts.
    #[track_caller]
    pub(crate) fn is_prompt(&mut self) {
        let mut pings: Vec<_> = (0..5).map(|_| self.timed(Client::ping)).collect();
        pings.sort_unstable();
        assert!(pings[2] < PING, "{pings:?}");
        let call = self.timed(|client| assert_eq!(client.text("good_run"), "ok"));
        assert!(call < PROMPT, "{call:?}");
    }

    fn timed(&mut self, ask: impl FnOnce(&mut Client)) -> Duration {
        let started = Instant::now();
        ask(&mut self.client);
        started.elapsed()
    }

    /// The oracle. `text` is what was seen of the case.
    #[track_caller]
    pub(crate) fn after(mut self, text: impl Into<String>) -> Seen {
        let text = without_places(&without_plugin(&text.into()));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "unescaped: {text:?}");
        let ping = self.timed(Client::ping);
        let call = self.timed(|client| assert_eq!(client.text("good_run"), "ok"));
        assert!(ping < PROMPT && call < PROMPT, "{ping:?}, {call:?}");
        let (before, pid) = (self.before, self.client.pid());
        compiled(pid);
        let started = Instant::now();
        let after = loop {
            let now = Usage::of(pid);
            if now.resident_kib <= before.resident_kib + MEMORY_LEFT_KIB
                && now.descriptors <= before.descriptors
                && now.images <= before.images + IMAGES_LEFT
                && now.threads <= before.threads + THREADS_LEFT
                && now.children == 0
            {
                break now;
            }
            assert!(
                started.elapsed() < SETTLED,
                "before {before:?}, after {now:?}: {:?}",
                open_files(pid)
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        self.client.survives();
        Seen::After { text, before, after }
    }
}

/// Waits until the server compiles nothing, which what it takes is not judged by.
fn compiled(pid: u32) {
    let started = Instant::now();
    while Usage::of(pid).children > 0 && started.elapsed() < COMPILED {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a server takes once nothing goes on in it any more: five looks in a row see the same.
fn settled(client: &Client) -> Usage {
    let look = || Usage::of(client.pid());
    compiled(client.pid());
    let (started, mut before, mut same) = (Instant::now(), look(), 0);
    while same < 5 && started.elapsed() < SETTLED {
        std::thread::sleep(Duration::from_millis(10));
        let now = look();
        let is_same = (now.descriptors, now.images) == (before.descriptors, before.images)
            && now.children == 0;
        same = if is_same { same + 1 } else { 0 };
        before = now;
    }
    before
}

/// Calls a guest with this body twice: a second call ends as the first, and neither delays anybody. What
/// the client reads.
#[track_caller]
pub(crate) fn called(manifest: &str, wat: &Wat<'_>) -> Seen {
    called_file(manifest, &wat.build())
}

pub(crate) fn called_file(manifest: &str, wasm: &[u8]) -> Seen {
    let mut bench = Bench::with(|path| install(path, "bad", manifest, wasm));
    bench.client.call(1, "bad_run");
    bench.is_prompt();
    let first = text_of(&bench.client.response(&json!(1)));
    bench.marks();
    assert_eq!(bench.client.text("bad_run"), first);
    bench.after(first)
}

/// The text that a client reads of a response.
#[track_caller]
pub(crate) fn text_of(response: &Value) -> String {
    let text = response["result"]["content"][0].get("text");
    let text = text.unwrap_or(&response["error"]["message"]);
    text.as_str().unwrap_or_else(|| panic!("no text in {response}")).to_owned()
}

/// A message without the directories that its suggested commands name, which no two runs share.
fn without_places(text: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    let (mut words, mut mark) = (text.split(' '), "");
    while let Some(word) = words.next() {
        if word == "--plugins" {
            let path = words.next().unwrap_or_default();
            if let (true, Some(last)) = (path.ends_with('`'), kept.last_mut()) {
                last.push('`');
            }
        } else if word.starts_with("`TOOLRACK_HOME=") {
            mark = "`";
        } else {
            kept.push(format!("{mark}{word}"));
            mark = "";
        }
    }
    kept.join(" ")
}

#[test]
fn a_message_is_compared_without_the_directories_of_its_commands() {
    let told = "held; `TOOLRACK_HOME=/h toolrack check v --plugins /a --plugins /b` says why";
    assert_eq!(without_places(told), "held; `toolrack check v` says why");
    assert_eq!(without_places("two  blanks, no command"), "two  blanks, no command");
}

/// A line of the log without the field at its end that names the plugin.
fn without_plugin(line: &str) -> String {
    let named = line.rsplit_once(" plugin=\"").filter(|(_, name)| name.ends_with('"'));
    named.map_or(line, |(line, _)| line).to_owned()
}
