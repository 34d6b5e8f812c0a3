//! Guests against the directories they are granted: what is possible in them, and nothing beyond.
//!
//! A script is a list of calls to WASI; what comes back is how each of them ended.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use serde_json::json;
use tempfile::TempDir;
use toolrack::home::Home;
use toolrack::manifest::{Access, FileGrant, Grants, Limits};
use toolrack::protected::Protected;
use toolrack::sandbox::{CompileError, Compiler, Guest, Sandbox, Wasm};
use toolrack::tool::Content;

#[cfg(unix)]
use crate::client::toolrack;
use crate::guest::{FILES, Wat};

/// The first two directories of a guest.
const ONE: u32 = 3;
const TWO: u32 = 4;

/// How WASI calls end.
const OK: u8 = 0;
const BAD_HANDLE: u8 = 8;
const LOOP: u8 = 32;
const NOT_THERE: u8 = 44;
const NO_SPACE: u8 = 51;
const CROSS_DEVICE: u8 = 75;
const FULL: u8 = 48;
const REFUSED: u8 = 63;
#[cfg(target_os = "linux")]
const PIPE: u8 = 64;
const BEYOND: u8 = 76;

fn sandbox() -> Sandbox {
    Sandbox::new(Compiler::in_process()).expect("a sandbox")
}

static SANDBOX: LazyLock<Arc<Sandbox>> = LazyLock::new(|| Arc::new(sandbox()));

fn grant(path: &Path, at: &str, access: Access) -> FileGrant {
    FileGrant { path: path.to_str().expect("UTF-8").into(), at: at.into(), access }
}

fn grants(files: Vec<FileGrant>) -> Grants {
    Grants { files, ..Grants::default() }
}

/// Calls of a guest, and the texts they use.
#[derive(Default)]
pub(crate) struct Script {
    texts: String,
    calls: Vec<String>,
}

/// Where the texts lie, what was opened last, and where the endings are collected.
const TEXTS: usize = 33_000;
const OPENED: &str = "(i32.load (i32.const 512))";
const ENDINGS: usize = 40_000;

impl Script {
    fn text(&mut self, text: &str) -> String {
        let at = TEXTS + self.texts.len();
        self.texts.push_str(text);
        format!("(i32.const {at}) (i32.const {})", text.len())
    }

    fn call(mut self, call: String) -> Self {
        self.calls.push(call);
        self
    }

    fn open_as(mut self, directory: u32, path: &str, creates: u32, rights: u32) -> Self {
        let path = self.text(path);
        self.call(format!(
            "(call $open (i32.const {directory}) (i32.const 1) {path} (i32.const {creates})
                (i64.const {rights}) (i64.const {rights}) (i32.const 0) (i32.const 512))"
        ))
    }

    fn read(self, path: &str) -> Self {
        self.open_as(ONE, path, 0, 2)
    }

    fn write(self, path: &str) -> Self {
        self.open_as(ONE, path, 0, 64)
    }

    pub(crate) fn create(self, path: &str) -> Self {
        self.open_as(ONE, path, 1, 64)
    }

    /// Writes a byte to what was opened last.
    fn put(self) -> Self {
        self.put_bytes(1)
    }

    fn put_bytes(self, bytes: usize) -> Self {
        self.call(format!(
            "(i32.store (i32.const 520) (i32.const {TEXTS})) (i32.store (i32.const 524) (i32.const {bytes}))
            (call $write {OPENED} (i32.const 520) (i32.const 1) (i32.const 540))"
        ))
    }

    /// Closes what was opened last.
    fn close(self) -> Self {
        self.call(format!("(call $close {OPENED})"))
    }

    /// Sets the length of what was opened last.
    fn truncate(self, length: u64) -> Self {
        self.call(format!("(call $truncate {OPENED} (i64.const {length}))"))
    }

    fn on_path(mut self, function: &str, path: &str) -> Self {
        let path = self.text(path);
        self.call(format!("(call ${function} (i32.const {ONE}) {path})"))
    }

    fn symlink(mut self, to: &str, path: &str) -> Self {
        let (to, path) = (self.text(to), self.text(path));
        self.call(format!("(call $symlink {to} (i32.const {ONE}) {path})"))
    }

    fn rename(mut self, from: (u32, &str), to: (u32, &str)) -> Self {
        let (old, new) = (self.text(from.1), self.text(to.1));
        self.call(format!("(call $rename (i32.const {}) {old} (i32.const {}) {new})", from.0, to.0))
    }

    fn link(mut self, from: (u32, &str), to: (u32, &str)) -> Self {
        let (old, new) = (self.text(from.1), self.text(to.1));
        self.call(format!(
            "(call $link (i32.const {}) (i32.const 0) {old} (i32.const {}) {new})",
            from.0, to.0
        ))
    }

    fn times(mut self, path: &str) -> Self {
        let path = self.text(path);
        self.call(format!(
            "(call $times (i32.const {ONE}) (i32.const 1) {path} (i64.const 0) (i64.const 0)
                (i32.const 5))"
        ))
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut call = String::new();
        for (at, one) in self.calls.iter().enumerate() {
            // Some calls are more than one instruction: the last leaves the ending.
            call += &format!(
                "(i32.store8 (i32.const {}) (block (result i32) {one}
                (i32.add (i32.const 48))))",
                ENDINGS + at
            );
        }
        call += &format!("(call $text (i32.const {ENDINGS}) (i32.const {}))", self.calls.len());
        let fields = format!("(data (i32.const {TEXTS}) {:?})", self.texts);
        Wat { call: &call, imports: FILES, fields: &fields, ..Wat::default() }.build()
    }

    async fn guest(&self, files: Vec<FileGrant>) -> Guest {
        let wasm = Wasm::of(self.build());
        let guest =
            crate::compiling::guest(SANDBOX.clone(), wasm, Limits::default(), grants(files)).await;
        guest.expect("a guest")
    }

    async fn run(&self, files: Vec<FileGrant>) -> Vec<u8> {
        endings(&self.guest(files).await).await
    }
}

/// How the calls of a script's guest end.
async fn endings(guest: &Guest) -> Vec<u8> {
    let output = guest.call("run", "{}", None).await.outcome.expect("ok");
    let [Content::Text(text)] = &output.content[..] else { panic!("{output:?}") };
    text.bytes().map(|byte| byte - 48).collect()
}

/// A place with a directory `in` and, beside it, what must not be reached.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let root = TempDir::new().expect("a directory");
        fs::create_dir_all(root.path().join("in/sub")).expect("made");
        fs::create_dir(root.path().join("out")).expect("made");
        fs::write(root.path().join("in/file"), "inside").expect("written");
        fs::write(root.path().join("out/file"), "outside").expect("written");
        Self(root)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Nothing outside has changed.
    #[track_caller]
    fn check_outside(&self) {
        assert_eq!(fs::read_to_string(self.path("out/file")).expect("there"), "outside");
        assert_eq!(fs::read_dir(self.path("out")).expect("there").count(), 1);
        assert_eq!(fs::read_dir(self.0.path()).expect("there").count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_grant_reads_and_changes_nothing_in_any_way() {
    let place = Place::new();
    fs::write(place.path("in/sub/other"), "").unwrap();
    let touched = fs::metadata(place.path("in/file")).unwrap().modified().unwrap();
    let script = Script::default()
        .read("file")
        .put()
        .call(format!("(call $truncate {OPENED} (i64.const 0))"))
        .call(format!("(call $times_of {OPENED} (i64.const 0) (i64.const 0) (i32.const 5))"))
        .write("file")
        .open_as(ONE, "file", 8, 2)
        .create("new")
        .open_as(ONE, "new", 5, 2)
        .on_path("mkdir", "new")
        .symlink("file", "new")
        .rename((ONE, "file"), (ONE, "new"))
        .link((ONE, "file"), (ONE, "new"))
        .on_path("unlink", "file")
        .on_path("rmdir", "sub")
        .times("file");
    let ended = script.run(vec![grant(&place.path("in"), "/in", Access::Read)]).await;
    assert_eq!(ended[0], OK);
    // What is open for reading refuses to be written as such, everything else by the grant.
    assert!([BAD_HANDLE, REFUSED].contains(&ended[1]), "{ended:?}");
    assert!(ended[2..].iter().all(|ending| [REFUSED, BAD_HANDLE].contains(ending)), "{ended:?}");
    assert_eq!(fs::read_to_string(place.path("in/file")).unwrap(), "inside");
    assert_eq!(fs::metadata(place.path("in/file")).unwrap().modified().unwrap(), touched);
    assert_eq!(fs::read_dir(place.path("in")).unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_grant_does_all_of_it() {
    let place = Place::new();
    let script = Script::default()
        .create("new")
        .put()
        .on_path("mkdir", "made")
        .rename((ONE, "new"), (ONE, "made/moved"))
        .link((ONE, "made/moved"), (ONE, "twin"))
        .symlink("file", "soft")
        .read("soft")
        .times("file")
        .on_path("rmdir", "sub")
        .on_path("unlink", "file");
    let ended = script.run(vec![grant(&place.path("in"), "/in", Access::Write)]).await;
    assert_eq!(ended, [OK; 10]);
    assert_eq!(fs::read(place.path("in/twin")).unwrap().len(), 1);
    assert!(!place.path("in/file").exists() && !place.path("in/sub").exists());
    place.check_outside();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_grant_cannot_leave_its_directory() {
    let place = Place::new();
    let absolute = place.path("out/file");
    let absolute = absolute.to_str().unwrap();
    let script = Script::default()
        .read("../out/file")
        .create("../out/new")
        .read("sub/../../out/file")
        .read(absolute)
        .create("sub/../../new")
        .on_path("mkdir", "../out/new")
        .on_path("unlink", "../out/file")
        .on_path("rmdir", "../out")
        .rename((ONE, "file"), (ONE, "../out/moved"))
        .rename((ONE, "../out/file"), (ONE, "stolen"))
        .link((ONE, "../out/file"), (ONE, "twin"))
        .link((ONE, "file"), (ONE, "../out/twin"))
        .symlink("file", "../out/soft")
        .times("../out/file")
        .symlink(absolute, "absolute");
    let ended = script.run(vec![grant(&place.path("in"), "/in", Access::Write)]).await;
    assert!(ended.iter().all(|ending| [REFUSED, BEYOND].contains(ending)), "{ended:?}");
    assert_eq!(fs::read_dir(place.path("in")).unwrap().count(), 2);
    place.check_outside();
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_the_guest_makes_lead_nowhere() {
    let place = Place::new();
    let script = Script::default()
        .symlink("../out", "out")
        .symlink("../out/file", "soft")
        .symlink("..", "sub/up")
        .symlink("round", "round")
        .read("soft")
        .write("soft")
        .create("soft")
        .open_as(ONE, "soft", 8, 64)
        .read("out/file")
        .create("out/new")
        .on_path("mkdir", "out/new")
        .on_path("unlink", "out/file")
        .rename((ONE, "file"), (ONE, "out/moved"))
        .link((ONE, "out/file"), (ONE, "twin"))
        .times("soft")
        .read("sub/up/../out/file")
        .read("round")
        .read("sub/up/file");
    let ended = script.run(vec![grant(&place.path("in"), "/in", Access::Write)]).await;
    // A link may be made, and cannot be followed. Where one is refused, it is not there.
    let (links, rest) = ended.split_at(4);
    assert!(links.iter().all(|ending| [OK, REFUSED].contains(ending)), "{ended:?}");
    let (last, stopped) = rest.split_last().unwrap();
    let stops = [REFUSED, BEYOND, NOT_THERE, LOOP];
    assert!(stopped.iter().all(|ending| stops.contains(ending)), "{ended:?}");
    assert_eq!(*last, OK, "a link within the directory leads there: {ended:?}");
    place.check_outside();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_that_lie_there_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    symlink("../out", place.path("in/relative")).unwrap();
    symlink(place.path("out"), place.path("in/absolute")).unwrap();
    symlink(place.path("out/file"), place.path("in/soft")).unwrap();
    let script = ["relative", "absolute"].iter().fold(Script::default(), |script, link| {
        script
            .read(&format!("{link}/file"))
            .create(&format!("{link}/new"))
            .on_path("mkdir", &format!("{link}/new"))
            .on_path("unlink", &format!("{link}/file"))
            .rename((ONE, "file"), (ONE, &format!("{link}/moved")))
            .link((ONE, &format!("{link}/file")), (ONE, "twin"))
            .open_as(ONE, link, 2, 2)
    });
    let script = script.read("soft").write("soft").times("soft");
    for access in [Access::Read, Access::Write] {
        let ended = script.run(vec![grant(&place.path("in"), "/in", access)]).await;
        assert!(ended.iter().all(|ending| [REFUSED, BEYOND].contains(ending)), "{ended:?}");
        place.check_outside();
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_turns_into_a_link_meanwhile_leads_nowhere() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    let (swap, real) = (place.path("in/swap"), place.path("in/real"));
    fs::create_dir(&swap).unwrap();
    let script = (0..20).fold(Script::default(), |script, _| {
        // The first cuts what it opens.
        script.open_as(ONE, "swap/file", 9, 64).create("swap/new").on_path("unlink", "swap/file")
    });
    let guest = script.guest(vec![grant(&place.path("in"), "/in", Access::Write)]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let swapping = std::thread::spawn({
        let stop = stop.clone();
        move || {
            while !stop.load(Ordering::Relaxed) {
                fs::rename(&swap, &real).unwrap();
                symlink("../out", &swap).unwrap();
                fs::remove_file(&swap).unwrap();
                fs::rename(&real, &swap).unwrap();
            }
        }
    });
    // Until it was met both as a directory and as a link, many times.
    let (mut passed, mut stopped) = (0, 0);
    let begun = std::time::Instant::now();
    while (passed < 200 || stopped < 200) && begun.elapsed() < crate::client::HANG {
        let ended = endings(&guest).await;
        passed += ended.iter().filter(|ending| **ending == OK).count();
        stopped += ended.iter().filter(|ending| [REFUSED, BEYOND].contains(ending)).count();
    }
    stop.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    assert!(passed >= 200 && stopped >= 200, "{passed} passed, {stopped} were stopped");
    place.check_outside();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_from_a_read_grant_to_a_write_grant_or_back() {
    let place = Place::new();
    let script = Script::default()
        .link((ONE, "file"), (TWO, "twin"))
        .rename((ONE, "file"), (TWO, "moved"))
        .link((TWO, "file"), (ONE, "twin"))
        .rename((TWO, "file"), (ONE, "moved"))
        .open_as(TWO, "../in/file", 0, 64);
    let files = vec![
        grant(&place.path("in"), "/in", Access::Read),
        grant(&place.path("out"), "/out", Access::Write),
    ];
    let ended = script.run(files).await;
    assert!(ended.iter().all(|ending| [REFUSED, BEYOND].contains(ending)), "{ended:?}");
    assert_eq!(fs::read_dir(place.path("in")).unwrap().count(), 2);
    place.check_outside();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grant_there_is_no_directory() {
    let ended = Script::default().read("file").create("new").run(Vec::new()).await;
    assert_eq!(ended, [BAD_HANDLE; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_missing_is_not_seen_and_the_others_are() {
    let place = Place::new();
    // The first directory that it sees is the one that is there; there is no second.
    let script = Script::default().open_as(TWO, "file", 0, 2).read("file");
    let files = vec![
        grant(&place.path("missing"), "/missing", Access::Write),
        grant(&place.path("in"), "/in", Access::Read),
    ];
    let guest = script.guest(files).await;
    let missing: Vec<_> = guest.missing_folders().iter().map(ToString::to_string).collect();
    assert!(missing.len() == 1 && missing[0].contains("there is no directory"), "{missing:?}");
    // It is not there for this guest either once it is made.
    fs::create_dir(place.path("missing")).unwrap();
    assert_eq!(endings(&guest).await, [BAD_HANDLE, OK]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_place_of_a_granted_directory_is_not_granted() {
    let place = Place::new();
    let script = Script::default().read("file").create("new");
    let files = vec![grant(&place.path("in"), "/in", Access::Write)];
    let wasm = Wasm::of(script.build());
    let guest = crate::compiling::guest(SANDBOX.clone(), wasm, Limits::default(), grants(files))
        .await
        .unwrap();
    fs::rename(place.path("in"), place.path("moved")).unwrap();
    std::os::unix::fs::symlink("out", place.path("in")).unwrap();
    assert!(guest.call("run", "{}", None).await.outcome.is_ok());
    assert!(place.path("moved/new").exists() && !place.path("out/new").exists());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_a_socket_and_a_device_are_refused_at_once_and_hold_no_thread() {
    use std::os::unix::net::UnixListener;
    let place = Place::new();
    let made = std::process::Command::new("mkfifo").arg(place.path("in/pipe")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("pipe", place.path("in/link")).unwrap();
    let _socket = UnixListener::bind(place.path("in/socket")).unwrap();
    let script = Script::default().read("pipe").write("pipe").read("link").create("pipe");
    let script = script.read("socket");
    let guest = script.guest(vec![grant(&place.path("in"), "/in", Access::Write)]).await;
    let threads = || fs::read_dir("/proc/self/task").unwrap().count();
    assert_eq!(endings(&guest).await, [PIPE; 5]);
    let before = threads();
    for _ in 0..50 {
        assert_eq!(endings(&guest).await, [PIPE; 5]);
    }
    // One that waits for the other end of a pipe would be there for good; a few of the runtime's come and go.
    let after = threads();
    assert!(after < before + 20, "{before} threads, then {after}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_takes_anothers_place_has_its_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let set = |name: &str, mode| {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o7777;
    for (old, kept) in [(0o600, 0o600), (0o755, 0o755), (0o444, 0o444), (0o4755, 0o755)] {
        set("in/file", old);
        let script = Script::default().create("new").put().rename((ONE, "new"), (ONE, "file"));
        let ended = script.run(vec![grant(&place.path("in"), "/in", Access::Write)]).await;
        assert_eq!(ended, [OK; 3]);
        assert_eq!(fs::metadata(place.path("in/file")).unwrap().len(), 1);
        assert_eq!(mode("in/file"), kept, "{old:o}");
    }
    // What is written to take a place is nobody else's until it has it.
    let script = Script::default().open_as(ONE, "sub/.1.toolrack-new", 5, 64);
    let ended = script.run(vec![grant(&place.path("in"), "/in", Access::Write)]).await;
    assert_eq!((ended, mode("in/sub/.1.toolrack-new")), (vec![OK], 0o600));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_of_preview_1_runs_out_of_file_handles() {
    let place = Place::new();
    let open = Script::default().read("file");
    // More often than a guest may hold handles; the ending of the last is the answer.
    let body = format!(
        "(local $i i32)
        (loop $l
            (i32.store8 (i32.const {ENDINGS}) (i32.add (i32.const 48) {}))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 1100))))
        (call $text (i32.const {ENDINGS}) (i32.const 1))",
        open.calls[0]
    );
    let fields = format!("(data (i32.const {TEXTS}) {:?})", open.texts);
    let wat = Wat { call: &body, imports: FILES, fields: &fields, ..Wat::default() };
    let files = grants(vec![grant(&place.path("in"), "/in", Access::Read)]);
    let wasm = Wasm::of(wat.build());
    let guest =
        crate::compiling::guest(SANDBOX.clone(), wasm, Limits::default(), files).await.unwrap();
    let output = guest.call("run", "{}", None).await.outcome.unwrap();
    // WASI's adapter has no room left, before the host has none.
    assert_eq!(output.content, [Content::Text(char::from(48 + FULL).into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_directory_is_on_the_host_is_told_only_if_that_is_granted() {
    let place = Place::new();
    let path = place.path("in").canonicalize().unwrap();
    let told = format!("TOOLRACK_HOST_PATHS={}\0", json!({ "/in": [path] }));
    let told_guest = async |config: &[(&str, &str)]| {
        let call = format!(
            "(drop (call $environ (i32.const 512) (i32.const 40000)))
            (call $text (i32.const 40000) (i32.const {}))",
            told.len()
        );
        let wat = Wat { call: &call, imports: FILES, ..Wat::default() };
        let config = config.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let files = vec![grant(&path, "/in", Access::Read)];
        let grants = Grants { files, config, ..Grants::default() };
        let wasm = Wasm::of(wat.build());
        let guest = crate::compiling::guest(SANDBOX.clone(), wasm, Limits::default(), grants)
            .await
            .unwrap();
        let output = guest.call("run", "{}", None).await.outcome.unwrap();
        let [Content::Text(text)] = &output.content[..] else { panic!("{output:?}") };
        text.clone()
    };
    assert_eq!(told_guest(&[("host_paths", "true")]).await, told);
    for config in [&[][..], &[("host_paths", "false")]] {
        let text = told_guest(config).await;
        assert!(!text.contains("TOOLRACK"), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_what_is_granted() {
    // The addresses go to 512, the text to 40_000; `A=b` is four bytes with its end.
    let wat = Wat {
        call: "(drop (call $environ (i32.const 512) (i32.const 40000)))
            (call $text (i32.const 40000) (i32.const 3))",
        imports: FILES,
        ..Wat::default()
    };
    let grants = Grants { env: [("A".to_owned(), "b".to_owned())].into(), ..Grants::default() };
    let wasm = Wasm::of(wat.build());
    let guest =
        crate::compiling::guest(SANDBOX.clone(), wasm, Limits::default(), grants).await.unwrap();
    let output = guest.call("run", "{}", None).await.outcome.unwrap();
    assert_eq!(output.content, [Content::Text("A=b".into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_cannot_be_granted_is_refused_with_the_reason() {
    let place = Place::new();
    fs::create_dir_all(place.path("plugins")).unwrap();
    fs::create_dir_all(place.path("home/cache")).unwrap();
    let protected = Protected::new(&[place.path("plugins")], Some(&Home::at(place.path("home"))));
    let sandbox = Arc::new(sandbox().protecting(protected));
    let wasm = Wat::default().build();
    let check = async |path: &str, expected: &str| {
        let files = vec![grant(Path::new(path), "/in", Access::Read)];
        let guest = crate::compiling::guest(
            sandbox.clone(),
            Wasm::of(&wasm[..]),
            Limits::default(),
            grants(files),
        );
        match guest.await.map(|_| ()) {
            Ok(()) => assert_eq!(expected, "", "{path} is granted"),
            Err(error @ CompileError::Folder(_)) => {
                let error = error.to_string();
                assert!(error.contains(expected) && error.contains(path), "{error}");
            }
            Err(error) => panic!("{error}"),
        }
    };
    let at = |name: &str| place.path(name).to_str().unwrap().to_owned();
    check(&at("in"), "").await;
    // What is missing takes nothing else away.
    check(&at("missing"), "").await;
    check(&at("in/file"), "is not a directory").await;
    check(&at("plugins"), "it is the plugin directory").await;
    check(&at("home/cache"), "it lies in toolrack's own directory").await;
    check(place.0.path().to_str().unwrap(), "it holds the plugin directory").await;
    check("/", "the whole file system").await;
    check("$TOOLRACK_NO_SUCH_VARIABLE/notes", "the variable TOOLRACK_NO_SUCH_VARIABLE is not set")
        .await;
    check("$CARGO_PKG_NAME/notes", "holds no absolute path").await;
    check("$CARGO_MANIFEST_DIR/src", "").await;
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(place.path("plugins"), place.path("in/link")).unwrap();
        check(&at("in/link"), "it is the plugin directory").await;
        check("/proc", "processes and devices").await;
    }
}

#[test]
#[cfg(unix)]
fn the_home_directory_is_kept_whatever_it_is_called() {
    let root = TempDir::new().unwrap();
    let [real, link, plugins] = ["real", "link", "plugins"].map(|name| root.path().join(name));
    fs::create_dir(&real).unwrap();
    fs::create_dir(&plugins).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    fs::write(plugins.join("p.wasm"), Wat::default().build()).unwrap();
    for (home, granted) in [(&real, &real), (&real, &link), (&link, &real), (&link, &link)] {
        let grant = format!("[grants]\nfiles = [{{ path = {granted:?}, at = \"/in\" }}]\n");
        fs::write(plugins.join("p.toml"), grant).unwrap();
        let mut command = toolrack();
        command.env("HOME", home).args(["check", "--plugins"]).arg(&plugins);
        let output = command.output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains("the whole home directory is never granted"), "{home:?}: {told}");
    }
}

#[test]
fn the_sdk_knows_the_names_that_the_host_gives_a_meaning() {
    let host = [
        include_str!("../../src/sandbox/capability/files/changes.rs"),
        include_str!("../../src/sandbox/capability/host_facts.rs"),
        include_str!("../../src/sandbox/capability/host_facts.rs"),
    ];
    let sdk = [
        include_str!("../../../plugin-sdk/src/files/names.rs"),
        include_str!("../../../plugin-sdk/src/files/mod.rs"),
        include_str!("../../../plugin-sdk/src/host.rs"),
    ];
    for (side, name) in [
        "const BESIDE: &str = \".toolrack-new\";",
        "const HOST_PATHS: &str = \"TOOLRACK_HOST_PATHS\";",
        "const HOST_ZONE: &str = \"TOOLRACK_HOST_ZONE\";",
    ]
    .iter()
    .enumerate()
    {
        assert!(host[side].contains(name) && sdk[side].contains(name), "{name}");
    }
}

/// The endings of a script's calls in a scratch directory of 8 KiB and four entries.
async fn endings_in_scratch(script: &Script) -> Vec<u8> {
    let directory = TempDir::new().unwrap();
    let home = Home::at(directory.path().join("home"));
    let sandbox = Arc::new(sandbox().at_home(&home));
    let limits = Limits {
        scratch_bytes: toolrack::manifest::Bytes::new(8192),
        scratch_entries: 4,
        ..Limits::default()
    };
    let grants = Grants { scratch: Some("/tmp".into()), ..Grants::default() };
    let wasm = Wasm::of(script.build());
    endings(&crate::compiling::guest(sandbox, wasm, limits, grants).await.expect("a guest")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_scratch_directory_are_as_large_as_their_quota_and_no_larger() {
    let new = |script: Script, name| script.open_as(ONE, name, 1, 64);
    // Written at the end, at a place, and made longer.
    let script = new(Script::default(), "a").put_bytes(8192).put();
    let script = new(script, "b").put().truncate(1).truncate(0);
    assert_eq!(endings_in_scratch(&script).await, [OK, OK, NO_SPACE, OK, NO_SPACE, NO_SPACE, OK]);
    // A file that is made shorter, or opened anew, gives its bytes back.
    let script = new(Script::default(), "a").put_bytes(8192).truncate(8000).close();
    let script = new(script, "b").put_bytes(192).put().close();
    let script = script.open_as(ONE, "a", 9, 64).put_bytes(8000).put();
    let expected = [OK, OK, OK, OK, OK, OK, NO_SPACE, OK, OK, OK, NO_SPACE];
    assert_eq!(endings_in_scratch(&script).await, expected);
    // A hole counts as what it is read as.
    let script =
        new(Script::default(), "a").truncate(8193).truncate(8192).truncate(100).put_bytes(200);
    assert_eq!(endings_in_scratch(&script).await, [OK, NO_SPACE, OK, OK, OK]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_gives_its_bytes_back_once_nothing_has_it_any_more() {
    let full = |script: Script, name| script.open_as(ONE, name, 1, 64).put_bytes(8192);
    let removed = full(Script::default(), "a").close().on_path("unlink", "a");
    assert_eq!(endings_in_scratch(&full(removed, "b")).await, [OK; 6]);
    // It is open still.
    let open = full(Script::default(), "a").on_path("unlink", "a");
    assert_eq!(endings_in_scratch(&full(open, "b")).await, [OK, OK, OK, OK, NO_SPACE]);
    // It has another name still.
    let named = full(Script::default(), "a").close().link((ONE, "a"), (ONE, "c"));
    let named = full(named.on_path("unlink", "a"), "b").on_path("unlink", "c");
    let named = named.write("b").put_bytes(8192);
    let expected = [OK, OK, OK, OK, OK, OK, NO_SPACE, OK, OK, OK];
    assert_eq!(endings_in_scratch(&named).await, expected);
    // A file takes the place of another.
    let replaced = full(Script::default(), "a").close().create("b").close();
    let replaced = full(replaced.rename((ONE, "b"), (ONE, "a")), "c");
    assert_eq!(endings_in_scratch(&replaced).await, [OK; 8]);
    // To give a file its own place, under another name of it, frees nothing.
    let same = full(Script::default(), "a").close().link((ONE, "a"), (ONE, "b"));
    let same = same.rename((ONE, "b"), (ONE, "a")).create("c").put();
    assert_eq!(endings_in_scratch(&same).await, [OK, OK, OK, OK, OK, OK, NO_SPACE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scratch_directory_has_as_many_entries_as_its_quota_and_no_more() {
    let make = |script: Script| {
        script.on_path("mkdir", "d").create("f").symlink("f", "s").link((ONE, "f"), (ONE, "l"))
    };
    let script = make(Script::default()).on_path("mkdir", "e").create("g").symlink("f", "t");
    let script = script.link((ONE, "f"), (ONE, "m")).create("f").on_path("mkdir", "d");
    let ended = endings_in_scratch(&script).await;
    let no = NO_SPACE;
    assert_eq!(ended, [OK, OK, OK, OK, no, no, no, no, OK, no]);
    // Each gives its own back, and what fails takes none.
    let script = make(Script::default()).on_path("rmdir", "d").on_path("unlink", "f");
    let script = script.on_path("unlink", "s").rename((ONE, "l"), (ONE, "k")).on_path("mkdir", "k");
    let script = script.create("nowhere/x").on_path("unlink", "none");
    let script = script.create("1").create("2").create("3").create("4");
    let exists = 20;
    let expected = [OK, OK, OK, OK, OK, OK, OK, OK, exists, NOT_THERE, NOT_THERE, OK, OK, OK, no];
    assert_eq!(endings_in_scratch(&script).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scratch_directory_and_a_granted_one_are_like_two_disks() {
    let place = Place::new();
    let home = Home::at(place.path("home"));
    let sandbox = Arc::new(sandbox().at_home(&home));
    let script = Script::default().open_as(TWO, "new", 1, 64).rename((TWO, "new"), (ONE, "moved"));
    let script = script.link((TWO, "new"), (ONE, "linked")).rename((ONE, "file"), (TWO, "file"));
    let files = vec![grant(&place.path("in"), "/in", Access::Write)];
    let grants = Grants { scratch: Some("/tmp".into()), ..grants(files) };
    let wasm = Wasm::of(script.build());
    let guest = crate::compiling::guest(sandbox, wasm, Limits::default(), grants).await.unwrap();
    assert_eq!(endings(&guest).await, [OK, CROSS_DEVICE, CROSS_DEVICE, CROSS_DEVICE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_leaves_its_place_to_another() {
    let place = Place::new();
    let mut script = Script::default();
    for _ in 0..200 {
        script = script.read("file").close();
    }
    let ended = script.run(vec![grant(&place.path("in"), "/in", Access::Read)]).await;
    assert_eq!(ended, [OK; 400]);
}
