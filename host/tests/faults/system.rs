//! A system that has no more: disk, file sizes, descriptors, processes, memory. The faults are the kernel's own,
//! made with limits and namespaces; nothing is built into the host for them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::bench::{Bench, Seen};
use crate::case::cases;
use crate::client::toolrack;
use crate::crashes::two_versions;
use crate::guest::Wat;
use crate::manifests::is_root;
use crate::plugins::{answering, install};

cases! {
    "The system's limits";
    "a full disk under the cache" => full_disk, "it serves; one warning says that code cannot be kept";
    "a file size limit below the size of compiled code" => file_size_limit, "load{plugin=\"good\"}: toolrack::sandbox::cache::directory: compiled code cannot be kept in HOME/cache: File too large (os error 27)";
    "32 descriptors" => few_descriptors, "calls are answered, or fail in words";
    "8 descriptors" => no_descriptors, "error: toolrack needs 10 more file descriptors than it has: Too many open files (os error 24); allow it more (`ulimit -n`)";
    "no more processes" => no_processes, "…`bad.wasm`…Resource temporarily unavailable…";
    "address space for one guest's memory, but not for the pool" => little_memory,
        "it serves from memory that is taken call by call";
    "no address space for a guest, until there is some" => no_memory_for_guests,
        "…there is not enough memory to start it: Cannot allocate memory (os error 12); allow toolrack more (`ulimit -v`)…";
    "less memory for a process than a plugin takes to compile" => little_memory_to_compile,
        "compiling it took more than 400000 KiB of memory, which is all that a process may have here; allow toolrack more (`ulimit -v`)";
    "`toolrack add` on a full disk" => add_on_a_full_disk, "it fails in words, and the old version is as it was";
}

/// The binary in a mount namespace where `home` is a file system of this size; nothing where that is not
/// permitted.
fn on_small_disk(home: &Path, size: &str) -> Result<Command, String> {
    let script = format!("mount -t tmpfs -o size={size},mode=700 tmpfs \"$0\" && exec \"$@\"");
    let unshared = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["-Urm", "sh", "-c", &script]).arg(home).arg(program);
        command
            .env_remove("TOOLRACK_PLUGINS")
            .env_remove("TOOLRACK_LOG")
            .env("TOOLRACK_HOME", home);
        command
    };
    match unshared("true").output() {
        Ok(output) if output.status.success() => Ok(unshared(env!("CARGO_BIN_EXE_toolrack"))),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn full_disk() -> Seen {
    let home = TempDir::new().unwrap();
    let mut command = match on_small_disk(home.path(), "16k") {
        Ok(command) => command,
        Err(reason) => return Seen::NotHere(format!("a file system of its own size: {reason}")),
    };
    let mut bench = Bench::of(&mut command, |path| install(path, "v", "", &answering("one")));
    assert_eq!(bench.client.text("v_run"), "one");
    bench.marks();
    bench.client.logs("cannot be kept");
    install(bench.path(), "w", "", &answering("two"));
    bench.client.until("w_run", &["unknown tool `w_run`; did you mean `v_run`?"], "two");
    assert_eq!(bench.client.logged("cannot be kept"), 1);
    bench.after("it serves; one warning says that code cannot be kept")
}

/// The binary under a limit of the shell's `ulimit`.
fn limited(limit: &str) -> Command {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        &format!("ulimit {limit} && exec \"$0\" \"$@\""),
        env!("CARGO_BIN_EXE_toolrack"),
    ]);
    command.env_remove("TOOLRACK_PLUGINS").env_remove("TOOLRACK_LOG");
    command
}

fn file_size_limit() -> Seen {
    let home = TempDir::new().unwrap();
    let mut command = limited("-f 20");
    let mut bench = Bench::of(command.env("TOOLRACK_HOME", home.path()), |_| {});
    let line = bench.client.logs("cannot be kept");
    let (_, told) = line.split_once("WARN").expect("a warning");
    let told = told.replace(&home.path().display().to_string(), "HOME");
    bench.after(told.trim())
}

fn few_descriptors() -> Seen {
    let home = TempDir::new().unwrap();
    let mut command = limited("-n 32");
    let mut bench = Bench::of(command.env("TOOLRACK_HOME", home.path()), |_| {});
    for number in 0..20 {
        install(bench.path(), &format!("p{number}"), "", &answering("six"));
    }
    bench.client.until("p19_run", &["unknown tool `p19_run`"], "six");
    for number in 0..20 {
        let text = bench.client.text(&format!("p{number}_run"));
        assert!(text == "six" || text.contains("files"), "{text}");
    }
    bench.marks();
    bench.after("calls are answered, or fail in words")
}

fn no_descriptors() -> Seen {
    let home = TempDir::new().unwrap();
    let mut command = limited("-n 8");
    let output = command.env("TOOLRACK_HOME", home.path()).arg("serve").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!told.contains("panicked"), "{told}");
    let line = told.lines().find(|line| line.contains("descriptors"));
    Bench::with(|_| {}).after(line.unwrap_or_else(|| panic!("{told}")))
}

fn no_processes() -> Seen {
    let mut bench = Bench::of(&mut toolrack(), |_| {});
    // Of this process alone, from now on: it may not begin another.
    let limit = Command::new("prlimit")
        .args(["--nproc=0:0", "--pid", &bench.client.pid().to_string()])
        .output();
    if !limit.is_ok_and(|output| output.status.success()) {
        return Seen::NotHere(
            "a limit of processes: `prlimit` is not there, or not permitted".into(),
        );
    }
    if is_root() {
        return Seen::NotHere("a limit of processes: root has none".into());
    }
    install(bench.path(), "bad", "", &answering("never compiled before"));
    let line = bench.client.logs("bad.toml");
    bench.after(line.split_once("bad.toml").unwrap().1)
}

fn little_memory() -> Seen {
    // Guests' pool is address space; without it each guest's memory comes from the system.
    let home = TempDir::new().unwrap();
    let mut command = limited("-v 24000000");
    let mut bench = Bench::of(command.env("TOOLRACK_HOME", home.path()), |_| {});
    let grow = Wat {
        call: "(if (i32.eq (i32.const -1) (memory.grow (i32.const 500))) (then unreachable)) (global.get $ok)",
        ..Wat::default()
    };
    install(bench.path(), "v", "", &grow.build());
    bench.client.until("v_run", &["unknown tool `v_run`"], "ok");
    bench.marks();
    bench.after("it serves from memory that is taken call by call")
}

fn no_memory_for_guests() -> Seen {
    let home = TempDir::new().unwrap();
    // A limit that can be lifted again, and under which there is no pool: it would be address space that is there.
    let mut command = limited("-S -v 24000000");
    let mut bench = Bench::of(command.env("TOOLRACK_HOME", home.path()), |_| {});
    let pid = bench.client.pid();
    if !bounds_memory(pid, &(address_space(pid) + (1 << 30)).to_string()) {
        return Seen::NotHere(
            "a limit of memory that moves: `prlimit` is not there, or not permitted".into(),
        );
    }
    install(bench.path(), "v", "", &answering("six"));
    let line = bench.client.logs("v.toml");
    assert!(line.contains("not enough memory") && !line.contains("crash"), "{line}");
    // One more than crashes that would have it left alone.
    for _ in 0..6 {
        let text = bench.client.text("good_run");
        assert!(text.contains("not enough memory") && !text.contains("crash"), "{text}");
    }
    let told = bench.client.text("good_run");
    assert!(bounds_memory(pid, "unlimited"));
    assert_eq!(bench.client.text("good_run"), "ok");
    // Nobody has touched it.
    bench.client.until("v_run", &["unknown tool `v_run`"], "six");
    bench.marks();
    bench.after(told)
}

/// Sets the soft limit of this process's address space. False where that cannot be done.
fn bounds_memory(pid: u32, bytes: &str) -> bool {
    let limit = format!("--as={bytes}:");
    let set = Command::new("prlimit").args([&limit, "--pid", &pid.to_string()]).output();
    set.is_ok_and(|output| output.status.success())
}

/// The bytes of address space that a process takes.
fn address_space(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let kib: u64 = size.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    kib << 10
}

fn little_memory_to_compile() -> Seen {
    let directory = TempDir::new().unwrap();
    let branches = "(if (local.get 0) (then (local.set 1 (i32.mul (local.get 1) (local.get 0)))))"
        .repeat(60_000);
    let fields = format!("(func $slow (param i32) (local i32) {branches})");
    install(directory.path(), "bad", "", &Wat { fields: &fields, ..Wat::default() }.build());
    let output = limited("-v 400000")
        .env("TOOLRACK_HOME", directory.path().join("home"))
        .args(["check", "--plugins"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    let at = told.find("compiling it took").unwrap_or_else(|| panic!("{told}"));
    Bench::with(|_| {}).after(told[at..].lines().next().unwrap())
}

fn add_on_a_full_disk() -> Seen {
    let root = TempDir::new().unwrap();
    let versions = two_versions(root.path());
    let disk = root.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let big = {
        let mut wasm = answering("two");
        // A custom section of a megabyte, which means nothing.
        wasm.extend([0, 0x81, 0x80, 0x40, 0]);
        wasm.resize(wasm.len() + (1 << 20), 0);
        wasm
    };
    fs::write(versions[1].with_extension("wasm"), big).unwrap();
    if let Err(reason) = on_small_disk(&disk, "64k") {
        return Seen::NotHere(format!("a file system of its own size: {reason}"));
    }
    // All in one namespace: the disk is gone with it. The newer version fails, and then the older one answers.
    let script = r#"mount -t tmpfs -o size=64k,mode=700 tmpfs "$1" && cp "$2" "${2%toml}wasm" "$1" &&
        ! "$4" add "$3" --plugins "$1" && "$4" call v_run --plugins "$1"; ls -A "$1""#;
    let output = Command::new("unshare")
        .args(["-Urm", "sh", "-c", script, "sh"])
        .args([&disk, &versions[0], &versions[1]])
        .arg(env!("CARGO_BIN_EXE_toolrack"))
        .env_remove("TOOLRACK_PLUGINS")
        .env("TOOLRACK_HOME", root.path().join("home"))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("No space left on device"), "{shown}{told}");
    let lines: Vec<_> = shown.lines().rev().take(3).collect();
    assert_eq!(lines, ["v.wasm", "v.toml", "one"], "{shown}{told}");
    Bench::with(|_| {}).after("it fails in words, and the old version is as it was")
}
