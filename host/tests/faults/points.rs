//! Crashes, errors and waiting exactly where a signal or a full disk hits by luck only. The host has such points in
//! builds with the feature `failpoints`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::bench::{Bench, Seen};
use crate::case::cases;
use crate::client::{Client, HANG, toolrack};
use crate::crashes::{is_code, two_versions};
use crate::plugins::{self, answering, install};

cases! {
    "Crashes and errors at one point";
    "`toolrack add` dies between the two files of a plugin" => add_dies_between,
        "the new Wasm serves with the manifest before it; the same `add` again completes it";
    "`toolrack add` fails between the two files of a plugin" => add_fails_between,
        "it is told which file could not be put in place, nothing hidden is left, and the same `add` again completes it";
    "`toolrack add` dies before the first file is in place" => add_dies_before,
        "the old version is as it was; no hidden file counts";
    "`toolrack approve` dies before the lock is in place" => approve_dies, "the old lock is as it was, and counts";
    "`toolrack approve` fails there" => approve_fails, "the old lock is as it was, nothing hidden is left, and it is told why";
    "a server dies between writing to the cache and renaming" => cache_dies, "the next start serves, and keeps the code";
    "two servers die while they load a plugin, another lives" => loading_dies_twice,
        "after one of them it is served; after both, …not served: …v.toml: …toolrack ended 2 times while it loaded its code, so it is left out; `toolrack check`…";
    "writing to the cache fails" => cache_fails, "…compiled code cannot be kept in HOME/cache: no space";
    "a cache that takes seconds to open" => cache_hangs waits, "the handshake and a ping are answered meanwhile, and calls afterwards";
    "a status file that cannot be put in place" => status_fails, "calls are answered; one warning";
    "a log of plugins that cannot be written" => plugin_log_fails, "calls are answered";
    "a server dies while it writes its status" => status_dies, "nothing of it is shown, and the next one is";
}

/// The case, where the host has points.
fn with_points(case: impl FnOnce() -> Seen) -> Seen {
    if cfg!(feature = "failpoints") {
        return case();
    }
    Seen::NotHere("a host with failpoints: `--features failpoints` builds one".into())
}

/// The binary at which this point does that.
fn at(point: &str, action: &str) -> Command {
    let mut command = toolrack();
    command.env("TOOLRACK_FAILPOINTS", format!("{point}={action}"));
    command
}

/// A directory with the version "one" of `v` installed, and a newer one to install.
struct Versions {
    root: TempDir,
}

impl Versions {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        let [old, _] = two_versions(root.path());
        let versions = Self { root };
        fs::create_dir(versions.installed()).unwrap();
        let added =
            toolrack().arg("add").arg(old).arg("--plugins").arg(versions.installed()).output();
        assert!(added.unwrap().status.success());
        versions
    }

    fn installed(&self) -> std::path::PathBuf {
        self.root.path().join("installed")
    }

    /// Installs the newer one.
    fn add(&self, mut command: Command) -> Output {
        let newer = self.root.path().join("two/v.toml");
        command.arg("add").arg(newer).arg("--plugins").arg(self.installed()).output().unwrap()
    }

    fn answer(&self) -> String {
        let mut call = toolrack();
        let output =
            call.args(["call", "v_run", "--plugins"]).arg(self.installed()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn manifest(&self) -> String {
        fs::read_to_string(self.installed().join("v.toml")).unwrap()
    }

    /// A further `add` ends where the first would have.
    fn completes(&self) {
        assert!(self.add(toolrack()).status.success());
        assert_eq!((&*self.answer(), &*self.manifest()), ("two", "# two\n"));
    }
}

fn died(output: &Output) {
    use std::os::unix::process::ExitStatusExt as _;
    assert_eq!(output.status.signal(), Some(6), "{}", told(output));
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &output.stderr].concat()).into_owned()
}

fn hidden(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .filter(|entry| entry.as_ref().unwrap().file_name().as_encoded_bytes()[0] == b'.')
        .count()
}

fn add_dies_between() -> Seen {
    with_points(|| {
        let versions = Versions::new();
        died(&versions.add(at("between-renames", "abort")));
        assert_eq!((&*versions.answer(), &*versions.manifest()), ("two", "# one\n"));
        versions.completes();
        Bench::of_two(&mut toolrack(), &versions.installed()).after(
            "the new Wasm serves with the manifest before it; the same `add` again completes it",
        )
    })
}

fn add_fails_between() -> Seen {
    with_points(|| {
        let versions = Versions::new();
        let output = versions.add(at("between-renames", "no space"));
        assert_eq!(output.status.code(), Some(2));
        assert!(
            told(&output).contains("v.toml.bak: it cannot be put in place: no space"),
            "{}",
            told(&output)
        );
        assert_eq!((&*versions.answer(), &*versions.manifest()), ("two", "# one\n"));
        assert_eq!(hidden(&versions.installed()), 0);
        versions.completes();
        Bench::of_two(&mut toolrack(), &versions.installed()).after(
            "it is told which file could not be put in place, nothing hidden is left, and the same `add` again completes it",
        )
    })
}

fn add_dies_before() -> Seen {
    with_points(|| {
        let versions = Versions::new();
        died(&versions.add(at("whole-written", "abort")));
        assert_eq!((&*versions.answer(), &*versions.manifest()), ("one", "# one\n"));
        assert!(hidden(&versions.installed()) > 0, "it died later");
        let bench = Bench::of_two(&mut toolrack(), &versions.installed());
        versions.completes();
        bench.after("the old version is as it was; no hidden file counts")
    })
}

/// A directory with `v` locked, and then another version of it there; what `approve` at this point says, and
/// whether the lock is as it was.
fn approving(action: &str) -> (TempDir, Output) {
    let root = TempDir::new().unwrap();
    let approve = |mut command: Command| {
        command.args(["approve", "--yes", "--plugins"]).arg(root.path()).output().unwrap()
    };
    install(root.path(), "v", "", &answering("one"));
    assert!(approve(toolrack()).status.success());
    let lock = root.path().join("toolrack.lock");
    let whole = fs::read(&lock).unwrap();
    install(root.path(), "w", "", &answering("two"));
    let output = approve(at("whole-written", action));
    assert_eq!(fs::read(&lock).unwrap(), whole);
    let listed = toolrack().args(["list", "--plugins"]).arg(root.path()).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("v_run") && !listed.contains("w_run"), "{listed}");
    (root, output)
}

fn approve_dies() -> Seen {
    with_points(|| {
        let (root, output) = approving("abort");
        died(&output);
        Bench::of_two(&mut toolrack(), root.path()).after("the old lock is as it was, and counts")
    })
}

fn approve_fails() -> Seen {
    with_points(|| {
        let (root, output) = approving("no space");
        assert!(!output.status.success());
        assert!(
            told(&output).contains("toolrack.lock: it cannot be written: no space"),
            "{}",
            told(&output)
        );
        assert_eq!(hidden(root.path()), 0);
        Bench::of_two(&mut toolrack(), root.path())
            .after("the old lock is as it was, nothing hidden is left, and it is told why")
    })
}

/// How many files with code are in the cache below `home`.
fn kept(home: &Path) -> usize {
    let entries = fs::read_dir(home.join("cache")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| is_code(path)).count()
}

fn cache_dies() -> Seen {
    with_points(|| {
        let (home, plugins) = (TempDir::new().unwrap(), plugins::good());
        let list = |mut command: Command| {
            command
                .env("TOOLRACK_HOME", home.path())
                .args(["list", "--plugins"])
                .arg(plugins.path());
            command.output().unwrap()
        };
        died(&list(at("cache-written", "abort")));
        // What it wrote, and what kept others from writing the same.
        assert_eq!((kept(home.path()), hidden(&home.path().join("cache"))), (0, 2));
        let seen = Bench::of(toolrack().env("TOOLRACK_HOME", home.path()), |_| {})
            .after("the next start serves, and keeps the code");
        assert_eq!(kept(home.path()), 1);
        seen
    })
}

fn loading_dies_twice() -> Seen {
    with_points(|| {
        let (home, plugins) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        install(plugins.path(), "v", "", &answering("one"));
        let on_v = |mut command: Command, name: &str| {
            command.env("TOOLRACK_HOME", home.path()).args([name, "--plugins"]).arg(plugins.path());
            command.stdin(std::process::Stdio::piped());
            command
        };
        let dies = || {
            let mut server = on_v(at("load-marked", "abort"), "serve");
            let mut server = server.stderr(std::process::Stdio::null()).spawn().unwrap();
            let _input = server.stdin.take();
            let started = Instant::now();
            while server.try_wait().unwrap().is_none() {
                if started.elapsed() > HANG {
                    server.kill().unwrap();
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            died(&server.wait_with_output().unwrap());
        };
        let serves = || {
            let mut client = Client::spawn(&mut on_v(toolrack(), "serve")).shakes_hands();
            assert_eq!(client.text("v_run"), "one");
            assert!(client.end().0.success());
        };
        // What is kept of it is forgotten, so that it is loaded at each start.
        let forget = || {
            for entry in fs::read_dir(home.path().join("cache")).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    fs::remove_file(path).unwrap();
                }
            }
        };
        dies();
        serves();
        forget();
        dies();
        dies();
        let mut command = toolrack();
        command.env("TOOLRACK_HOME", home.path());
        let mut bench = Bench::of_two(&mut command, plugins.path());
        let line = bench.client.logs("left out");
        let seen = bench.after(format!("after one of them it is served; after both, {line}"));
        let checked = on_v(toolrack(), "check").output().unwrap();
        assert!(checked.status.success(), "{}", told(&checked));
        serves();
        seen
    })
}

fn cache_fails() -> Seen {
    with_points(|| {
        let home = TempDir::new().unwrap();
        let mut command = at("cache-written", "no space");
        let mut bench = Bench::of(command.env("TOOLRACK_HOME", home.path()), |_| {});
        let line = bench.client.logs("cannot be kept");
        assert_eq!((kept(home.path()), hidden(&home.path().join("cache"))), (0, 0));
        bench.after(line.replace(&home.path().display().to_string(), "HOME"))
    })
}

fn cache_hangs() -> Seen {
    with_points(|| {
        let (home, plugins) = (TempDir::new().unwrap(), plugins::good());
        let mut command = at("cache-open", "4000");
        command.env("TOOLRACK_HOME", home.path()).args(["serve", "--plugins"]).arg(plugins.path());
        let started = Instant::now();
        let mut client = Client::spawn(&mut command).shakes_hands();
        client.ping();
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        assert_eq!(client.text("good_run"), "ok");
        assert!(started.elapsed() > Duration::from_secs(4), "nothing hung");
        client.survives();
        Bench::with(|_| {})
            .after("the handshake and a ping are answered meanwhile, and calls afterwards")
    })
}

fn status_fails() -> Seen {
    with_points(|| {
        let home = TempDir::new().unwrap();
        let mut command = at("status-written", "no space");
        let mut bench = Bench::of(command.env("TOOLRACK_HOME", home.path()), |_| {});
        let line = bench.client.logs("no space");
        assert!(line.contains(" WARN "), "{line}");
        install(bench.path(), "v", "", &answering("one"));
        bench.client.until("v_run", &["unknown tool"], "one");
        bench.marks();
        assert_eq!(bench.client.logged("no space"), 1);
        bench.after("calls are answered; one warning")
    })
}

fn plugin_log_fails() -> Seen {
    with_points(|| {
        let (home, plugins) = (TempDir::new().unwrap(), plugins::mixed());
        let mut command = at("plugin-log", "no space");
        command.env("TOOLRACK_HOME", home.path()).args(["serve", "--plugins"]).arg(plugins.path());
        let mut client = Client::spawn(&mut command).shakes_hands();
        for _ in 0..20 {
            assert_eq!(client.text("forge_run"), "ok");
        }
        client.survives();
        Bench::with(|_| {}).after("calls are answered")
    })
}

fn status_dies() -> Seen {
    with_points(|| {
        let home = TempDir::new().unwrap();
        let plugins = plugins::good();
        let mut serve = at("status-written", "abort");
        serve.env("TOOLRACK_HOME", home.path()).args(["serve", "--plugins"]).arg(plugins.path());
        serve.stdin(std::process::Stdio::piped());
        died(&serve.spawn().unwrap().wait_with_output().unwrap());
        let status = || {
            let mut status = toolrack();
            let output =
                status.env("TOOLRACK_HOME", home.path()).args(["status", "--json"]).output();
            serde_json::from_slice::<serde_json::Value>(&output.unwrap().stdout).unwrap()
        };
        assert_eq!(status(), serde_json::json!([]));
        let bench = Bench::of(toolrack().env("TOOLRACK_HOME", home.path()), |_| {});
        assert_eq!(status().as_array().unwrap().len(), 1);
        bench.after("nothing of it is shown, and the next one is")
    })
}
