//! Compiled code on disk, damaged or of no use, and processes that are killed while they write.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::bench::{Bench, Seen};
use crate::case::cases;
use crate::client::toolrack;
use crate::guest::Wat;
use crate::plugins::{self, answering, install};

cases! {
    "Cache and crashes";
    "SIGKILL at twenty moments of a start with an empty cache" => killed_while_caching,
        "the next start serves, and nothing half-written is taken for code";
    "what a host leaves that died between writing and renaming" => died_before_renaming,
        "it serves, and the file is no one's";
    "every file of the cache cut, emptied, changed in one byte" => damaged_cache, "it serves from code made anew";
    "a cache that others can write into" => open_cache, "…compiled code is not kept…others can write into it…";
    "a home that is a file" => home_is_a_file, "…compiled code is not kept…";
    "no home at all" => no_home, "it serves";
    "a read-only home" => read_only_home, "…compiled code is not kept…";
    "two hosts on one cache, started at once" => two_hosts, "both serve; one key, no half-written file";
    "a compiler that is killed" => compiler_killed, "it is compiled again a second later, and served";
    "SIGKILL at moments of `toolrack add`" => killed_while_adding,
        "a server finds the old version or the new one, and no other file counts";
}

/// A server with this home.
fn at_home(home: &Path, fill: impl FnOnce(&Path)) -> Bench {
    Bench::of(toolrack().env("TOOLRACK_HOME", home), fill)
}

fn cached(home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home.join("cache")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// True if a file of the cache holds code, be it the first or what has replaced it.
pub(crate) fn is_code(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "cwasm" || ending == "baseline")
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn killed_while_caching() -> Seen {
    let home = TempDir::new().unwrap();
    let plugins = plugins::good();
    for moment in 0..20 {
        let _ = fs::remove_dir_all(home.path().join("cache"));
        let mut child = toolrack()
            .env("TOOLRACK_HOME", home.path())
            .args(["serve", "--plugins"])
            .arg(plugins.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + 4 * moment));
        child.kill().unwrap();
        child.wait().unwrap();
        // What was kept is whole: `check` with it is as good as without.
        let output = toolrack()
            .env("TOOLRACK_HOME", home.path())
            .args(["check", "--plugins"])
            .arg(plugins.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{moment}: {}", String::from_utf8_lossy(&output.stderr));
    }
    at_home(home.path(), |_| {})
        .after("the next start serves, and nothing half-written is taken for code")
}

/// The state is all that such a death leaves, so it is made, not provoked.
fn died_before_renaming() -> Seen {
    let home = TempDir::new().unwrap();
    drop(at_home(home.path(), |_| {}).after(""));
    let code = cached(home.path()).into_iter().find(|path| is_code(path)).unwrap();
    let beside = code.with_file_name(".tmp-0123456789abcdef");
    fs::rename(&code, &beside).unwrap();
    let bench = at_home(home.path(), |_| {});
    assert!(beside.exists(), "somebody may still write to it");
    let old = std::time::SystemTime::now() - Duration::from_secs(3700);
    fs::File::options().write(true).open(&beside).unwrap().set_modified(old).unwrap();
    let seen = bench.after("it serves, and the file is no one's");
    drop(at_home(home.path(), |_| {}).after(""));
    assert!(!beside.exists(), "nobody writes to it any more");
    seen
}

fn damaged_cache() -> Seen {
    let home = TempDir::new().unwrap();
    drop(at_home(home.path(), |_| {}).after(""));
    let files = cached(home.path());
    assert_eq!(files.len(), 4, "a key, code, what it offers, that its schemas are good: {files:?}");
    let whole: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let damages: [fn(&mut Vec<u8>); 5] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        Vec::clear,
        |bytes| bytes[0] ^= 1,
        |bytes| *bytes.last_mut().unwrap() ^= 0x80,
        |bytes| bytes.push(0),
    ];
    for (file, whole) in files.iter().zip(&whole) {
        for damage in damages {
            let mut bytes = whole.clone();
            damage(&mut bytes);
            fs::write(file, bytes).unwrap();
            let output = toolrack()
                .env("TOOLRACK_HOME", home.path())
                .args(["call", "good_run", "--plugins"])
                .arg(plugins::good().path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    at_home(home.path(), |_| {}).after("it serves from code made anew")
}

/// A server that warns about its home; the warning.
fn warned(home: &Path, warning: &str) -> Seen {
    let mut bench = at_home(home, |_| {});
    let line = bench.client.logs(warning);
    let (_, told) = line.split_once("WARN").expect("a warning");
    bench.after(told.replace(&home.display().to_string(), "HOME").trim())
}

fn open_cache() -> Seen {
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join("cache")).unwrap();
    fs::set_permissions(home.path().join("cache"), fs::Permissions::from_mode(0o777)).unwrap();
    warned(home.path(), "compiled code is not kept")
}

fn home_is_a_file() -> Seen {
    let home = tempfile::NamedTempFile::new().unwrap();
    warned(home.path(), "compiled code is not kept")
}

fn no_home() -> Seen {
    let mut command = toolrack();
    command.env_remove("TOOLRACK_HOME").env_remove("HOME").env_remove("XDG_CACHE_HOME");
    command.env("TOOLRACK_HOME", "");
    Bench::of(&mut command, |_| {}).after("it serves")
}

/// `/proc/self` takes no new files, whoever asks.
fn read_only_home() -> Seen {
    warned(Path::new("/proc/self"), "compiled code is not kept")
}

fn two_hosts() -> Seen {
    let home = TempDir::new().unwrap();
    let plugins = plugins::good();
    let start = || {
        crate::client::Client::spawn(
            toolrack()
                .env("TOOLRACK_HOME", home.path())
                .args(["serve", "--plugins"])
                .arg(plugins.path()),
        )
    };
    let hosts = [start(), start(), start()];
    for host in hosts {
        let mut host = host.shakes_hands();
        assert_eq!(host.text("good_run"), "ok");
        host.survives();
    }
    // A host that is killed while it compiles leaves its empty lock.
    let is_lock = |path: &std::path::Path| fs::metadata(path).is_ok_and(|about| about.len() == 0);
    let left = cached(home.path());
    let left: Vec<_> = left.iter().filter(|path| !is_lock(path)).map(|path| name(path)).collect();
    for (ending, count) in [("key", 1), (".listing", 1), (".passed", 1)] {
        assert_eq!(left.iter().filter(|name| name.ends_with(ending)).count(), count, "{left:?}");
    }
    // The first code, and what one of them has replaced it by.
    let code = cached(home.path()).iter().filter(|path| is_code(path)).count();
    assert!((1..=2).contains(&code) && left.len() == 3 + code, "{left:?}");
    at_home(home.path(), |_| {}).after("both serve; one key, no half-written file")
}

/// The compiling child is killed as soon as it is seen.
fn compiler_killed() -> Seen {
    let home = TempDir::new().unwrap();
    let mut bench = at_home(home.path(), |_| {});
    let pid = bench.client.pid();
    let branches = "(if (local.get 0) (then (local.set 1 (i32.mul (local.get 1) (local.get 0)))))"
        .repeat(4_000);
    let fields = format!("(func $slow (param i32) (local i32) {branches})");
    install(bench.path(), "bad", "", &Wat { fields: &fields, ..Wat::default() }.build());
    let mut killed = 0;
    let started = std::time::Instant::now();
    while killed == 0 && started.elapsed() < Duration::from_secs(10) {
        for child in children(pid) {
            killed +=
                u32::from(Command::new("kill").args(["-KILL", &child]).status().unwrap().success());
        }
    }
    assert!(killed > 0, "no compiler was seen");
    bench.is_prompt();
    bench.client.until("bad_run", &["unknown tool"], "ok");
    bench.after("it is compiled again a second later, and served")
}

fn children(pid: u32) -> Vec<String> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// A directory with `v` installed by `add`, and a newer version beside.
pub(crate) fn two_versions(root: &Path) -> [PathBuf; 2] {
    let [old, new] = ["one", "two"].map(|answer| {
        let directory = root.join(answer);
        fs::create_dir(&directory).unwrap();
        install(&directory, "v", &format!("# {answer}\n"), &answering(answer));
        directory.join("v.toml")
    });
    [old, new]
}

fn add(what: &Path, to: &Path) -> Command {
    let mut command = toolrack();
    command.arg("add").arg(what).arg("--plugins").arg(to);
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command
}

fn killed_while_adding() -> Seen {
    let root = TempDir::new().unwrap();
    let versions = two_versions(root.path());
    let installed = root.path().join("installed");
    fs::create_dir(&installed).unwrap();
    install(&installed, "good", "", &Wat { tools: &["run", "other"], ..Wat::default() }.build());
    let began = std::time::Instant::now();
    assert!(add(&versions[0], &installed).status().unwrap().success());
    let whole = began.elapsed();
    for moment in 0..24 {
        let mut child = add(&versions[1 - moment % 2], &installed).spawn().unwrap();
        std::thread::sleep(whole * u32::try_from(moment).unwrap() / 20);
        let _ = child.kill();
        child.wait().unwrap();
        let output =
            toolrack().args(["call", "v_run", "--plugins"]).arg(&installed).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            matches!(text.trim(), "one" | "two"),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Bench::of_two(&mut toolrack(), root.path())
        .after("a server finds the old version or the new one, and no other file counts")
}
