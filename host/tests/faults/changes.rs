//! Changes of a plugin directory under way: what is served is whole, and the last good version.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::bench::{Bench, Seen, text_of};
use crate::case::cases;
use crate::client::HANG;
use crate::plugins::{answering, answering_after, install, replace};

cases! {
    "Reload";
    "a copy that takes a second, in 16 pieces" => slow_copy waits, "the old version answers until the new one is whole";
    "a rename over the file" => rename_over, "the new version answers";
    "temporary files of editors" => editors_files, "no word of any, and no other tool";
    "other bytes of the same size and time" => same_size_and_time, "the new version answers";
    "a time set back to 1970" => time_set_back, "the new version answers";
    "a bad new version" => bad_version waits, "the last good one answers; one line of the log says why";
    "a file that cannot be read any more" => unreadable waits, "the last good version answers";
    "the directory removed and made again" => removed_and_made waits, "its plugins go and come back";
    "the directory replaced by another" => replaced_directory, "what the new one holds is served";
    "a reload during a call" => during_a_call waits, "the call ends on the version that it began with";
    "a deletion during a call" => deleted_during_a_call waits, "the call is answered; then there is no such tool";
    "manifest and Wasm seconds apart" => seconds_apart waits, "it serves once both are there";
    "a thousand files at once" => thousand_at_once, "good plugins are served; each bad one is refused";
    "a good and a bad new version under `--log warn`" => quiet_log, "the last good one answers; the log is the one line that says why";
    "thirty reloads of one plugin" => thirty_reloads waits, "memory, descriptors and threads stay";
}

/// A server with `v`, whose `v_run` answers "one".
fn served() -> Bench {
    let mut bench = Bench::with(|path| install(path, "v", "", &answering("one")));
    assert_eq!(bench.client.text("v_run"), "one");
    bench.marks();
    bench
}

fn slow_copy() -> Seen {
    let mut bench = served();
    let wasm = answering("two");
    let file = bench.path().join("v.wasm");
    for piece in 1..=16 {
        fs::write(&file, &wasm[..wasm.len() * piece / 16]).unwrap();
        let text = bench.client.text("v_run");
        assert!(text == "one" || (piece == 16 && text == "two"), "{text}");
        std::thread::sleep(Duration::from_millis(60));
    }
    bench.client.until("v_run", &["one"], "two");
    bench.after("the old version answers until the new one is whole")
}

fn rename_over() -> Seen {
    let mut bench = served();
    replace(&bench.path().join("v.wasm"), answering("two"));
    bench.client.until("v_run", &["one"], "two");
    bench.after("the new version answers")
}

fn editors_files() -> Seen {
    let mut bench = served();
    for name in
        [".v.toml.swp", "v.toml~", ".#v.toml", "#v.toml#", "4913", "v.toml.bak", ".v.wasm.tmp"]
    {
        fs::write(bench.path().join(name), "[nonsense").unwrap();
    }
    replace(&bench.path().join("v.wasm"), answering("two"));
    bench.client.until("v_run", &["one"], "two");
    for name in ["swp", "v.toml~", "#v.toml", "4913", "v.toml.bak", "wasm.tmp"] {
        assert_eq!(bench.client.logged(name), 0, "{name}");
    }
    assert_eq!(bench.client.tools(), ["good_other", "good_run", "v_run"]);
    bench.after("no word of any, and no other tool")
}

/// Puts another version in place, with this time.
fn with_time(time: impl FnOnce(SystemTime) -> SystemTime) -> Seen {
    let mut bench = served();
    let path = bench.path().join("v.wasm");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, answering("two")).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time(before)).unwrap();
    bench.client.until("v_run", &["one"], "two");
    bench.after("the new version answers")
}

fn same_size_and_time() -> Seen {
    with_time(|before| before)
}

fn time_set_back() -> Seen {
    with_time(|_| SystemTime::UNIX_EPOCH)
}

fn bad_version() -> Seen {
    let mut bench = served();
    replace(&bench.path().join("v.wasm"), b"\0asm\x01\0\0\0\x1b[2J");
    bench.client.logs("v.toml");
    assert_eq!(bench.client.text("v_run"), "one");
    // A later change is told, and the fault not again.
    install(bench.path(), "w", "", b"nonsense");
    bench.client.logs("w.toml");
    assert_eq!(bench.client.logged("v.toml"), 1);
    bench.after("the last good one answers; one line of the log says why")
}

/// A link in a circle cannot be read by anybody; no root changes that.
fn unreadable() -> Seen {
    let mut bench = served();
    let path = bench.path().join("v.wasm");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("v.wasm", &path).unwrap();
    bench.client.logs("v.toml");
    assert_eq!(bench.client.text("v_run"), "one");
    bench.after("the last good version answers")
}

/// A directory with `v` beside the one with `good`.
fn two_directories() -> (tempfile::TempDir, Bench) {
    let root = tempfile::TempDir::new().unwrap();
    let other = root.path().join("other");
    fs::create_dir(&other).unwrap();
    install(&other, "v", "", &answering("one"));
    let mut bench = Bench::of_two(&mut crate::client::toolrack(), &other);
    assert_eq!(bench.client.text("v_run"), "one");
    bench.marks();
    (root, bench)
}

fn until_tools(bench: &mut Bench, count: usize) {
    let started = Instant::now();
    while bench.client.tools().len() != count {
        assert!(started.elapsed() < HANG, "{:?}", bench.client.tools());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn removed_and_made() -> Seen {
    let (root, mut bench) = two_directories();
    let other = root.path().join("other");
    fs::remove_dir_all(&other).unwrap();
    until_tools(&mut bench, 2);
    fs::create_dir(&other).unwrap();
    install(&other, "v", "", &answering("two"));
    until_tools(&mut bench, 3);
    assert_eq!(bench.client.text("v_run"), "two");
    bench.after("its plugins go and come back")
}

fn replaced_directory() -> Seen {
    let (root, mut bench) = two_directories();
    let newer = root.path().join("newer");
    fs::create_dir(&newer).unwrap();
    install(&newer, "v", "", &answering("two"));
    fs::rename(root.path().join("other"), root.path().join("older")).unwrap();
    fs::rename(&newer, root.path().join("other")).unwrap();
    let missing = "unknown tool";
    let started = Instant::now();
    loop {
        let text = bench.client.text("v_run");
        if text == "two" {
            break;
        }
        assert!(text == "one" || text.contains("v_run") || text.contains(missing), "{text}");
        assert!(started.elapsed() < HANG, "{text}");
        std::thread::sleep(Duration::from_millis(20));
    }
    bench.after("what the new one holds is served")
}

fn during_a_call() -> Seen {
    let mut bench = Bench::with(|path| install(path, "v", "", &answering_after(1500, "one")));
    bench.client.call(1, "v_run");
    bench.client.ping();
    replace(&bench.path().join("v.wasm"), answering("two"));
    bench.client.until("v_run", &["one"], "two");
    assert_eq!(text_of(&bench.client.response(&json!(1))), "one");
    bench.after("the call ends on the version that it began with")
}

fn deleted_during_a_call() -> Seen {
    let mut bench = Bench::with(|path| install(path, "v", "", &answering_after(1500, "one")));
    bench.client.call(1, "v_run");
    bench.client.ping();
    fs::remove_file(bench.path().join("v.toml")).unwrap();
    fs::remove_file(bench.path().join("v.wasm")).unwrap();
    until_tools(&mut bench, 2);
    assert_eq!(text_of(&bench.client.response(&json!(1))), "one");
    assert!(bench.client.text("v_run").contains("v_run"));
    bench.after("the call is answered; then there is no such tool")
}

fn seconds_apart() -> Seen {
    let mut bench = Bench::with(|_| {});
    fs::write(bench.path().join("v.toml"), "").unwrap();
    bench.client.logs("v.toml");
    fs::write(bench.path().join("v.wasm"), answering("one")).unwrap();
    until_tools(&mut bench, 3);
    assert_eq!(bench.client.text("v_run"), "one");
    bench.after("it serves once both are there")
}

fn thousand_at_once() -> Seen {
    let mut bench = served();
    let good = answering("six");
    for number in 0..500 {
        let wasm = if number % 10 == 0 { &good[..] } else { b"junk" };
        install(bench.path(), &format!("p{number:03}"), "", wasm);
    }
    until_tools(&mut bench, 3 + 50);
    bench.client.until("p490_run", &[], "six");
    bench.marks();
    bench.after("good plugins are served; each bad one is refused")
}

fn quiet_log() -> Seen {
    let mut quiet = crate::client::toolrack();
    let mut bench = Bench::of(quiet.env("TOOLRACK_LOG", "warn"), |path| {
        install(path, "v", "", &answering("one"));
    });
    assert_eq!(bench.client.text("v_run"), "one");
    bench.marks();
    replace(&bench.path().join("v.wasm"), answering("two"));
    bench.client.until("v_run", &["one"], "two");
    replace(&bench.path().join("v.wasm"), b"nonsense");
    let first = bench.client.logs("");
    assert!(first.contains(" WARN ") && first.contains("v.toml"), "{first}");
    assert_eq!(bench.client.text("v_run"), "two");
    bench.after("the last good one answers; the log is the one line that says why")
}

fn thirty_reloads() -> Seen {
    let mut bench = served();
    let mut before = "one".to_owned();
    for number in 0..30 {
        let answer = format!("v{number:03}");
        replace(&bench.path().join("v.wasm"), answering(&answer));
        bench.client.until("v_run", &[&before], &answer);
        before = answer;
    }
    bench.after("memory, descriptors and threads stay")
}
