//! Wasm to code: by whom, how often, and within which bounds.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use toolrack::manifest::{Grants, Limits, Sha256Digest};
use toolrack::sandbox::{Caps, CompileError, Compiler, Guest, Sandbox, Unverified, Wasm};
use toolrack::tool::Content;

use crate::guest::Wat;

/// A Wasm file that counts how often it is read.
#[derive(Clone)]
pub(crate) struct Counted {
    pub(crate) wasm: Wasm,
    reads: Arc<AtomicUsize>,
}

impl Counted {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let reads = Arc::new(AtomicUsize::new(0));
        let (count, bytes) = (reads.clone(), Arc::<[u8]>::from(bytes));
        let wasm = Wasm::new(Sha256Digest::of(&bytes), move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(bytes.clone())
        });
        Self { wasm, reads }
    }

    /// How often it was read since the last time this was asked.
    pub(crate) fn reads(&self) -> usize {
        self.reads.swap(0, Ordering::Relaxed)
    }
}

/// A guest whose code is there, as a server has it once it was called.
pub(crate) async fn guest(
    sandbox: Arc<Sandbox>,
    wasm: Wasm,
    limits: Limits,
    grants: Grants,
) -> Result<Guest, CompileError> {
    let guest = Guest::load(sandbox, wasm, limits, grants).await?;
    match guest.verify().await {
        Ok(()) => Ok(guest),
        Err(Unverified::Code(error)) => Err(error),
        Err(error) => panic!("its code and its file disagree: {error}"),
    }
}

/// A guest whose code is there, and which was not looked at before.
pub(crate) async fn load(sandbox: &Arc<Sandbox>, wasm: &Wasm) -> Result<Guest, CompileError> {
    Guest::unknown(sandbox.clone(), wasm.clone()).await
}

/// Loads a guest and calls it: it must answer "ok".
pub(crate) async fn answers(sandbox: &Arc<Sandbox>, wasm: &Wasm) {
    let guest = load(sandbox, wasm).await.expect("a guest");
    let output = guest.call("run", "{}", None).await.outcome.expect("an answer");
    assert_eq!(output.content, [Content::Text("ok".into())]);
}

fn sandbox(compiler: Compiler) -> Arc<Sandbox> {
    Arc::new(Sandbox::new(compiler).expect("a sandbox"))
}

fn in_children(caps: Caps) -> Arc<Sandbox> {
    sandbox(Compiler::in_children_of(env!("CARGO_BIN_EXE_toolrack").into(), caps))
}

/// A plugin that has to be asked for its tool `run`, of so many functions: hundreds of them take seconds to compile.
pub(crate) fn slow_plugin(functions: usize) -> Vec<u8> {
    Wat { fields: &slow_fields(functions), ..Wat::default() }.build()
}

/// What makes a plugin slow to compile.
pub(crate) fn slow_fields(functions: usize) -> String {
    // Fuel is looked at in each loop, which takes more code than text.
    format!("(func {})", "(loop)".repeat(1000)).repeat(functions)
}

/// A component of `functions` functions with `blocks` blocks each: small to read, long to compile.
pub(crate) fn bomb(functions: usize, blocks: usize) -> Vec<u8> {
    fn number(mut n: usize, out: &mut Vec<u8>) {
        while n > 0x7f {
            out.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    }
    fn sized(bytes: &[u8], out: &mut Vec<u8>) {
        number(bytes.len(), out);
        out.extend_from_slice(bytes);
    }
    // (local i32), then (block (br_if 0 (local.get 0)) (local.set 0 (i32.add (local.get 0) 7))).
    let mut body = vec![1, 1, 0x7f];
    let block = [0x02, 0x40, 0x20, 0, 0x0d, 0, 0x20, 0, 0x41, 7, 0x6a, 0x21, 0, 0x0b];
    body.extend(block.repeat(blocks));
    body.push(0x0b);
    let (mut types, mut code) = (Vec::new(), Vec::new());
    number(functions, &mut types);
    types.resize(types.len() + functions, 0);
    number(functions, &mut code);
    for _ in 0..functions {
        sized(&body, &mut code);
    }
    let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0".to_vec();
    for (section, bytes) in [(3, types), (10, code)] {
        module.push(section);
        sized(&bytes, &mut module);
    }
    let mut component = b"\0asm\x0d\0\x01\0\x01".to_vec();
    sized(&module, &mut component);
    component
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_bomb_is_refused_at_a_cap_and_costs_no_other_plugin() {
    use toolrack::manifest::Bytes;

    let caps = Caps {
        memory: Bytes::new(1 << 30),
        cpu: Duration::from_secs(1),
        time: Duration::from_secs(60),
    };
    let few_bytes = Caps { memory: Bytes::new(320 << 20), cpu: Duration::from_secs(60), ..caps };
    for (caps, bomb, expected) in [
        (caps, bomb(2000, 300), "compiling it took more than 1 s of processor time"),
        (few_bytes, bomb(2, 500_000), "compiling it took more than 320 MiB of memory"),
    ] {
        let sandbox = in_children(caps);
        let bomb = Wasm::of(bomb);
        let good = Wasm::of(Wat::default().build());
        let (refused, ()) = tokio::join!(load(&sandbox, &bomb), answers(&sandbox, &good));
        let error = refused.err().expect("a refusal").to_string();
        assert_eq!(error, expected);
    }
}

#[tokio::test]
async fn a_child_says_why_a_file_is_refused() {
    let sandbox = in_children(Caps::default());
    for (bytes, expected) in [
        (&b"\x7fELF"[..], "this is a native or precompiled program (ELF)"),
        (b"\0asm\x0d\0\x01\0\xff", "damaged"),
        (b"\0asm\x0d\0\x01\0", "component without tools"),
    ] {
        let error = load(&sandbox, &Wasm::of(bytes)).await.err().expect("a refusal");
        assert!(
            matches!(&error, CompileError::Refused(text) if text.contains(expected)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_compiler_that_does_not_work_is_no_fault_of_the_file() {
    let wasm = Wasm::of(Wat::default().build());
    let missing = sandbox(Compiler::in_children_of("/no/such/file".into(), Caps::default()));
    let error = load(&missing, &wasm).await.err().expect("an error");
    assert!(matches!(&error, CompileError::Host(text) if text.contains("does not work")));
}

#[tokio::test]
#[cfg(unix)]
async fn a_child_has_nothing_of_its_parents_environment_group_or_terminal() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("compiler");
    let script = r#"#!/bin/sh
        exec >&2
        printf '\033[31mit has: '
        env
        read -r stat </proc/$$/stat
        set -- $stat
        echo "group: $5 of $$"
        exit 2
    "#;
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let sandbox = sandbox(Compiler::in_children_of(program, Caps::default()));
    let wasm = Wasm::of(Wat::default().build());
    let told = load(&sandbox, &wasm).await.err().expect("an error").to_string();
    assert!(told.contains("it has: ") && told.contains("RAYON_NUM_THREADS="), "{told}");
    assert!(told.contains("\\u{1b}[31m") && !told.contains('\u{1b}'), "{told}");
    if cfg!(target_os = "linux") {
        // Ctrl-c goes to the parent's group alone.
        let (_, group) = told.split_once("group: ").expect("a group");
        let (group, own) = group.split_once(" of ").expect("a process");
        assert_eq!(group, own.trim(), "{told}");
    }
    // Cargo sets it for every test.
    let own = "CARGO_MANIFEST_DIR";
    assert!(std::env::var_os(own).is_some() && !told.contains(own), "{told}");
}

/// What disk the cache is on, and whether that answers, is nothing that a start waits for.
#[tokio::test]
async fn the_cache_is_opened_by_who_needs_it_first() {
    let root = tempfile::tempdir().expect("a directory");
    let directory = root.path().join("cache");
    let sandbox = sandbox(Compiler::in_process().with_cache(directory.clone()));
    assert!(!directory.exists(), "it was opened at the start");
    answers(&sandbox, &Wasm::of(Wat::default().build())).await;
    assert!(directory.join("key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_any_more_is_not_compiled_to_its_end() {
    let sandbox = in_children(Caps::default());
    let bytes = Arc::<[u8]>::from(bomb(8000, 300));
    let (reads, mut read) = tokio::sync::mpsc::unbounded_channel();
    let mut loads = JoinSet::new();
    // As many as there are slots.
    let processors = std::thread::available_parallelism().unwrap().get();
    for n in 0..processors {
        let (bytes, reads, sandbox) = (bytes.clone(), reads.clone(), sandbox.clone());
        let wasm = Wasm::new(Sha256Digest::of(&n.to_le_bytes()), move || {
            reads.send(()).unwrap();
            Ok(bytes.clone())
        });
        loads.spawn(async move { load(&sandbox, &wasm).await.map(drop) });
    }
    for _ in 0..processors {
        read.recv().await.unwrap();
    }
    loads.shutdown().await;
    let good = Wasm::of(Wat::default().build());
    let answered = tokio::time::timeout(Duration::from_secs(20), answers(&sandbox, &good));
    answered.await.expect("a free slot long before the bombs are done");
}

fn worker(seconds: u64) -> Child {
    Command::new(env!("CARGO_BIN_EXE_toolrack"))
        .args(["compile", "baseline", "--nice=10", "--memory=2147483648", "--cpu=60"])
        .arg(format!("--time={seconds}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a worker")
}

/// Ends by itself, with this code and without an answer.
fn assert_ends(mut worker: Child, code: i32) {
    let mut answer = Vec::new();
    worker.stdout.take().unwrap().read_to_end(&mut answer).unwrap();
    let status = worker.wait().unwrap();
    assert_eq!((status.code(), &*answer), (Some(code), &[][..]));
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_is_bounded_before_it_reads() {
    // How nice a process is, is the nineteenth of its numbers; the second is its name, in brackets.
    let niceness = |stat: String| -> i32 {
        let (_, after) = stat.rsplit_once(')').unwrap();
        after.split_whitespace().nth(16).unwrap().parse().unwrap()
    };
    let own = niceness(std::fs::read_to_string("/proc/self/stat").unwrap());
    let mut worker = worker(50);
    let mut stdin = worker.stdin.take().unwrap();
    // More than a pipe holds: once it is written, some of it was read.
    stdin.write_all(&u64::MAX.to_le_bytes()).unwrap();
    stdin.write_all(&vec![0; 2 << 20]).unwrap();
    let about = |file| std::fs::read_to_string(format!("/proc/{}/{file}", worker.id())).unwrap();
    let limits = about("limits");
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(limit("Max core file size"), "0 0");
    assert_eq!(limit("Max cpu time"), "60 62");
    assert_eq!(limit("Max address space"), "2147483648 2147483648");
    assert_eq!(niceness(about("stat")), (own + 10).min(19));
    // It makes no system calls but those that compiling takes, and nothing that it starts gains any right.
    if std::path::Path::new("/proc/sys/kernel/seccomp/actions_avail").exists() {
        let status = about("status");
        assert!(
            status.contains("\nSeccomp:\t2") && status.contains("\nNoNewPrivs:\t1"),
            "{status}"
        );
    } else {
        let _ = std::io::stderr().write_all(b"not tried: this system filters no system calls\n");
    }
    drop(stdin);
    assert_ends(worker, 2);
}

#[test]
fn a_child_ends_with_its_parent_and_with_its_time() {
    let bomb = bomb(5000, 300);
    let header = [(bomb.len() as u64).to_le_bytes(), [0; 8]].concat();
    for sent in [&header[..3], &header, &[&header[..], &bomb[..1000]].concat()] {
        let mut worker = worker(50);
        let mut stdin = worker.stdin.take().unwrap();
        stdin.write_all(sent).unwrap();
        drop(stdin);
        assert_ends(worker, 2);
    }
    let mut compiling = worker(50);
    let mut stdin = compiling.stdin.take().unwrap();
    stdin.write_all(&header).unwrap();
    stdin.write_all(&bomb).unwrap();
    drop(stdin);
    assert_ends(compiling, 126);
    let mut idle = worker(1);
    let stdin = idle.stdin.take().unwrap();
    assert_ends(idle, 124);
    drop(stdin);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_want_the_same_code_at_once_compile_it_once() {
    let sandbox = sandbox(Compiler::in_process());
    let counted = Counted::new(&Wat::default().build());
    let mut loads = JoinSet::new();
    for _ in 0..50 {
        let (sandbox, wasm) = (sandbox.clone(), counted.wasm.clone());
        loads.spawn(async move { load(&sandbox, &wasm).await.expect("a guest") });
    }
    let guests = loads.join_all().await;
    assert_eq!((guests.len(), counted.reads()), (50, 1));
    // As long as one lives, another costs nothing.
    answers(&sandbox, &counted.wasm).await;
    assert_eq!(counted.reads(), 0);
    drop(guests);
    answers(&sandbox, &counted.wasm).await;
    assert_eq!(counted.reads(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_to_all_who_wait_and_not_remembered() {
    let sandbox = &sandbox(Compiler::in_process());
    let reads = Arc::new(AtomicUsize::new(0));
    let (release, released) = std::sync::mpsc::channel();
    let (count, released) = (reads.clone(), Mutex::new(released));
    let wasm = &Wasm::new(Sha256Digest::of(b""), move || {
        count.fetch_add(1, Ordering::Relaxed);
        released.lock().unwrap().recv().unwrap();
        Ok(Arc::from(&b"no Wasm"[..]))
    });
    let wait_for_both = async {
        // All three have been polled once when this goes on.
        tokio::task::yield_now().await;
        release.send(()).unwrap();
    };
    let (one, other, ()) = tokio::join!(load(sandbox, wasm), load(sandbox, wasm), wait_for_both);
    assert!(matches!(one, Err(CompileError::Refused(_))));
    assert!(matches!(other, Err(CompileError::Refused(_))));
    assert_eq!(reads.load(Ordering::Relaxed), 1);
    release.send(()).unwrap();
    assert!(load(sandbox, wasm).await.is_err());
    assert_eq!(reads.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_no_fault_of_its_copy() {
    let sandbox = sandbox(Compiler::in_process());
    let copy = Wasm::of(Wat::default().build());
    let gone = Wasm::new(copy.digest, || Err(CompileError::Unread("it is gone".into())));
    let (first, ()) = tokio::join!(load(&sandbox, &gone), answers(&sandbox, &copy));
    match first {
        Err(CompileError::Unread(reason)) => assert_eq!(reason, "it is gone"),
        other => panic!("{:?}", other.err()),
    }
}
