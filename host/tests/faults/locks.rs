//! `toolrack.lock`, damaged, replaced and gone while it is in force: nothing is served that it did not accept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::bench::{Bench, Seen, text_of};
use crate::case::cases;
use crate::client::toolrack;
use crate::guest::Wat;
use crate::plugins::{answering, answering_after, install, replace};

cases! {
    "The lock";
    "a lock that is no JSON any more" => lock_no_json waits, "toolrack.lock, line 1, column 2: key must be a string; restore it from version control, or delete it and let `toolrack approve` make a new one";
    "a lock cut in the middle of an entry" => lock_cut waits, "toolrack.lock, line …, column …: EOF while parsing …; restore it from version control, or delete it and let `toolrack approve` make a new one";
    "a lock with every byte changed in turn, 97 apart" => lock_flipped, "what it did not accept is not served";
    "a lock of another version" => lock_other_version waits, "toolrack.lock has the version 2, and this toolrack reads version 1; use the toolrack that wrote it, or delete it and let `toolrack approve` make a new one";
    "a lock of 17 MiB" => lock_too_large waits, "toolrack.lock is larger than 16 MiB; restore it from version control, or delete it and let `toolrack approve` make a new one";
    "a directory in place of the lock" => lock_directory waits, "toolrack.lock is a directory, not a file; restore it from version control, or delete it and let `toolrack approve` make a new one";
    "a pipe that nobody writes to in place of the lock" => lock_pipe waits, "toolrack.lock is a pipe, socket or device, not a file; restore it from version control, or delete it and let `toolrack approve` make a new one";
    "a link in place of the lock" => lock_link waits, "toolrack.lock is a link; put the file itself in its place";
    "a damaged lock at the start" => lock_damaged_at_the_start, "held back: toolrack.lock in its directory cannot be used; `toolrack check` says why";
    "a lock that is replaced during a call" => lock_replaced_during_a_call waits, "held back: it is not in toolrack.lock; `toolrack approve v` shows it and accepts it";
}

/// A plugin directory with `v`, which was approved, beside the one with `good`.
struct Locked {
    root: TempDir,
    bench: Bench,
}

impl Locked {
    fn with(wasm: &[u8]) -> Self {
        let root = TempDir::new().unwrap();
        let plugins = root.path().join("plugins");
        fs::create_dir(&plugins).unwrap();
        install(&plugins, "v", "", wasm);
        approve(&plugins);
        let bench = Bench::of_two(&mut toolrack(), &plugins);
        Self { root, bench }
    }

    fn plugins(&self) -> PathBuf {
        self.root.path().join("plugins")
    }
}

fn approve(plugins: &Path) {
    let mut command: Command = toolrack();
    let output = command.args(["approve", "--yes", "--plugins"]).arg(plugins).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A version of `v` that no lock here accepts: it has a tool more.
fn with_more() -> Vec<u8> {
    Wat { tools: &["run", "more"], ..Wat::default() }.build()
}

/// Spoils the lock of a server. It stays in force: a version with more is held back, and once the file is back
/// everything is as before. What the log says of it.
fn spoilt(spoil: impl FnOnce(&Path, &[u8])) -> Seen {
    let mut locked = Locked::with(&answering("one"));
    let (path, wasm) = (locked.plugins().join("toolrack.lock"), locked.plugins().join("v.wasm"));
    let client = &mut locked.bench.client;
    assert_eq!(client.text("v_run"), "one");
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    spoil(&path, &whole);
    let line = client.logs("not served: ");
    replace(&wasm, with_more());
    let held = client.logs("not updated");
    assert!(held.contains("has the new tool `v_more`"), "{held}");
    assert_eq!(client.text("v_run"), "one");
    if path.is_dir() { fs::remove_dir(&path) } else { fs::remove_file(&path) }.unwrap();
    replace(&path, whole);
    replace(&wasm, answering("two"));
    client.until("v_run", &["one"], "two");
    let (_, told) = line.split_once("toolrack.lock: ").unwrap();
    locked.bench.after(told.to_owned())
}

fn lock_no_json() -> Seen {
    spoilt(|path, _| fs::write(path, "{\u{1b}[2J").unwrap())
}

fn lock_cut() -> Seen {
    spoilt(|path, whole| fs::write(path, &whole[..whole.len() / 2]).unwrap())
}

fn lock_other_version() -> Seen {
    spoilt(|path, whole| {
        let text = String::from_utf8_lossy(whole).replacen("\"version\": 1", "\"version\": 2", 1);
        fs::write(path, text).unwrap();
    })
}

fn lock_too_large() -> Seen {
    spoilt(|path, _| fs::File::create(path).unwrap().set_len(17 << 20).unwrap())
}

fn lock_directory() -> Seen {
    spoilt(|path, _| fs::create_dir(path).unwrap())
}

fn lock_pipe() -> Seen {
    spoilt(|path, _| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()))
}

fn lock_link() -> Seen {
    spoilt(|path, whole| {
        let elsewhere = path.with_file_name(".elsewhere");
        fs::write(&elsewhere, whole).unwrap();
        std::os::unix::fs::symlink(elsewhere, path).unwrap();
    })
}

/// Whatever byte is wrong: what the lock did not accept is not served.
fn lock_flipped() -> Seen {
    let root = TempDir::new().unwrap();
    let plugins = root.path();
    install(plugins, "v", "", &answering("one"));
    approve(plugins);
    install(plugins, "v", "", &with_more());
    let path = plugins.join("toolrack.lock");
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let output = toolrack().args(["list", "--plugins"]).arg(plugins).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(!shown.contains("v_more"), "byte {at}: {shown}");
    }
    Bench::with(|_| {}).after("what it did not accept is not served")
}

fn lock_damaged_at_the_start() -> Seen {
    let root = TempDir::new().unwrap();
    let plugins = root.path();
    install(plugins, "v", "", &answering("one"));
    approve(plugins);
    let path = plugins.join("toolrack.lock");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, "").unwrap();
    let mut bench = Bench::of_two(&mut toolrack(), plugins);
    assert_eq!(bench.client.tools(), ["good_other", "good_run"]);
    let line = bench.client.logs("held back");
    replace(&path, whole);
    bench.client.until("v_run", &["unknown tool"], "one");
    let (_, told) = line.split_once("v.toml: ").unwrap();
    bench.after(told.to_owned())
}

fn lock_replaced_during_a_call() -> Seen {
    let mut locked = Locked::with(&answering_after(1500, "one"));
    let path = locked.plugins().join("toolrack.lock");
    let client = &mut locked.bench.client;
    client.call(1, "v_run");
    client.ping();
    replace(&path, "{ \"version\": 1, \"plugins\": {} }");
    let line = client.logs("v.toml: held back");
    assert_eq!(text_of(&client.response(&json!(1))), "one");
    assert_eq!(client.tools(), ["good_other", "good_run"]);
    let (_, told) = line.split_once("v.toml: ").unwrap();
    locked.bench.after(told.to_owned())
}
