//! Directories to what a scan sees, and to what is served.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use toolrack::catalog::{Catalog, RefusalCount, Refused};
use toolrack::host::Host;
use toolrack::lockfile::LockPolicy;
use toolrack::manifest::Sha256Digest;
use toolrack::protected::Protected;
use toolrack::reload::{Loader, PluginUnit, Reread, Scanner, SeenDirectory};
use toolrack::sandbox::Compiler;

use crate::plugins::{self, answering, install, replace};

/// A server without a client: looks when it is told to, and is told the time.
struct Bench {
    loader: Loader,
    host: Host,
    catalog: Catalog,
    /// How much later it is than it is.
    late: Duration,
}

impl Bench {
    fn new(directory: &Path) -> Self {
        let host = Host::start(Compiler::in_process(), Protected::default(), Arc::default(), None)
            .expect("a host");
        let loader = host.load(&[directory.to_path_buf()], LockPolicy::Ignored);
        let late = Duration::ZERO;
        let mut bench = Self { loader, host, catalog: Catalog::default(), late };
        bench.settle();
        bench
    }

    /// Looks once more, as after a hint that names nothing.
    fn look(&mut self) {
        self.loader.begin_scan(Reread::Nothing);
        self.settle();
    }

    /// Lets all that waits for time have it.
    fn wait(&mut self) {
        self.late += Duration::from_secs(60);
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            self.host.guests().block_on(async { while self.loader.step().await {} });
            if !self.loader.core().take_stale() {
                break;
            }
            self.loader.begin_scan(Reread::Nothing);
        }
        if let Some(view) = self.loader.core().publish(Instant::now() + self.late) {
            self.catalog = self.loader.build(view, Some(&self.catalog));
        }
    }

    fn tools(&self) -> Vec<&str> {
        self.catalog.tools().all().map(|tool| tool.name.as_str()).collect()
    }

    /// The version of a plugin that is served.
    fn version(&self, name: &str) -> Option<Sha256Digest> {
        let plugin = self.catalog.plugins().iter().find(|plugin| plugin.name.as_str() == name);
        plugin.map(|plugin| plugin.digest)
    }

    /// What is refused, by file.
    fn refused(&self) -> BTreeMap<String, (Refused, String)> {
        let refusals = self.catalog.refusals().iter();
        refusals
            .map(|refusal| {
                for text in [&refusal.file, &refusal.reason] {
                    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
                }
                assert!(!refusal.one_line().contains(char::is_control), "{refusal:?}");
                let file = refusal.file.rsplit('/').next().unwrap_or_default();
                (file.to_owned(), (refusal.refused.clone(), refusal.reason.clone()))
            })
            .collect()
    }
}

/// A directory with `good` and `v`, and both served.
fn served() -> (tempfile::TempDir, Bench) {
    let directory = plugins::good();
    install(directory.path(), "v", "", &answering("one"));
    let bench = Bench::new(directory.path());
    assert_eq!(bench.tools(), ["good_other", "good_run", "v_run"]);
    (directory, bench)
}

#[test]
fn a_missing_directory_takes_away_its_grant_and_not_the_plugin() {
    let (directory, mut bench) = served();
    let notes = tempfile::tempdir().expect("a directory");
    let notes = notes.path().join("notes");
    let shown = notes.to_str().expect("UTF-8");
    let manifest = format!("[grants]\nfiles = [{{ path = '{shown}', at = \"/notes\" }}]");
    install(directory.path(), "w", &manifest, &answering("one"));
    for _ in 0..2 {
        bench.look();
        bench.wait();
        assert_eq!(bench.tools(), ["good_other", "good_run", "v_run", "w_run"]);
        let (what, reason) = bench.refused().remove("w.toml").expect("a warning");
        assert_eq!(what, Refused::Warning);
        let expected = format!(
            "the grant of the files in `{shown}` cannot be given: there is no directory {shown}; make it"
        );
        assert!(reason.starts_with(&expected), "{reason}");
        // It appears, and goes again.
        fs::create_dir_all(&notes).expect("made");
        bench.look();
        bench.wait();
        assert!(bench.refused().is_empty(), "{:?}", bench.refused());
        assert_eq!(bench.tools(), ["good_other", "good_run", "v_run", "w_run"]);
        fs::remove_dir(&notes).expect("removed");
    }
}

fn digest(answer: &str) -> Option<Sha256Digest> {
    Some(Sha256Digest::of(&answering(answer)))
}

/// The digests of the one pair that a directory holds.
fn pair(scanner: &mut Scanner) -> (Sha256Digest, Sha256Digest) {
    let scan = scanner.scan(&Reread::Nothing);
    let [SeenDirectory::Listed(units, _)] = &*scan.directories else { panic!("{scan:?}") };
    let [PluginUnit::Pair(pair, candidate)] = &*units.values().collect::<Vec<_>>() else {
        panic!("{units:?}")
    };
    let bytes = candidate.wasm.bytes().expect("what was hashed");
    assert_eq!(Sha256Digest::of(&bytes), pair.wasm);
    (pair.manifest, pair.wasm)
}

#[test]
fn bytes_of_the_same_size_are_told_apart_however_soon_they_follow() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    let mut scanner = Scanner::new(vec![directory.path().into()]);
    fs::write(path("p.wasm"), "a").unwrap();
    for round in 0..200 {
        let manifest = format!("[limits]\nfuel = {}\n", 100_000 + round);
        let wasm = format!("wasm {:04}", round);
        if round % 2 == 0 {
            fs::write(path("p.toml"), &manifest).unwrap();
            fs::write(path("p.wasm"), &wasm).unwrap();
        } else {
            replace(&path("p.toml"), &manifest);
            replace(&path("p.wasm"), &wasm);
        }
        for name in ["p.toml", "p.wasm"] {
            let file = File::options().write(true).open(path(name)).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }
        let expected = (Sha256Digest::of(manifest.as_bytes()), Sha256Digest::of(wasm.as_bytes()));
        assert_eq!(pair(&mut scanner), expected, "round {round}");
        assert_eq!(pair(&mut scanner), expected, "round {round}, looked at again");
    }
}

#[test]
fn many_files_are_read_piece_by_piece_and_each_once() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        install(directory.path(), name, "", &answering(name));
    }
    let mut scanner = Scanner::new(vec![directory.path().to_owned()]).in_pieces(Duration::ZERO);
    for pieces in 1..=3 {
        let scan = scanner.scan(&Reread::Everything);
        let [SeenDirectory::Listed(units, _)] = &scan.directories[..] else { panic!("{scan:?}") };
        let is_read: Vec<_> =
            units.values().map(|unit| matches!(unit, PluginUnit::Pair(..))).collect();
        let expected = [true, pieces >= 2, pieces >= 3];
        assert_eq!((&is_read[..], scanner.is_unfinished()), (&expected[..], pieces < 3));
    }
    // What was read before is no new file, whatever is to be read again.
    let scan = scanner.scan(&Reread::Everything);
    let [SeenDirectory::Listed(units, _)] = &scan.directories[..] else { panic!("{scan:?}") };
    assert!(units.values().all(|unit| matches!(unit, PluginUnit::Pair(..))), "{units:?}");
}

#[test]
fn what_changed_after_it_was_hashed_is_not_what_was_hashed() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("p.wasm");
    fs::write(directory.path().join("p.toml"), "").unwrap();
    fs::write(&path, "one").unwrap();
    let mut scanner = Scanner::new(vec![directory.path().into()]);
    let (_, wasm) = pair(&mut scanner);
    fs::write(&path, "two").unwrap();
    assert_ne!(pair(&mut scanner).1, wasm);
}

/// A file of a served plugin becomes something else: the plugin serves on, it is said why, and the file's
/// return ends it.
#[track_caller]
fn check_spoilt(name: &str, spoil: impl FnOnce(&Path), expected: &str) {
    let (directory, mut bench) = served();
    let path = directory.path().join(name);
    let before = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    spoil(&path);
    bench.look();
    assert_eq!(bench.version("v"), digest("one"));
    bench.wait();
    assert_eq!(bench.version("v"), digest("one"), "for good");
    let refused = bench.refused();
    let (what, reason) = refused.get("v.toml").unwrap_or_else(|| panic!("{refused:?}"));
    assert_eq!(*what, Refused::Version);
    assert!(reason.contains(expected), "{reason}");
    if path.is_dir() {
        fs::remove_dir(&path).unwrap();
    } else {
        fs::remove_file(&path).unwrap();
    }
    fs::write(&path, before).unwrap();
    bench.look();
    bench.wait();
    assert_eq!((bench.version("v"), bench.refused().len()), (digest("one"), 0));
}

#[test]
fn what_cannot_be_read_is_not_deleted() {
    for name in ["v.toml", "v.wasm"] {
        check_spoilt(name, |path| fs::create_dir(path).unwrap(), "a directory, not a file");
        check_spoilt(name, |path| symlink(path, path).unwrap(), "cannot be read");
        let fifo = |path: &Path| {
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        };
        check_spoilt(name, fifo, "a pipe");
        check_spoilt(name, |path| drop(UnixListener::bind(path).unwrap()), "socket");
        check_spoilt(name, |path| File::create(path).unwrap().set_len(10 << 30).unwrap(), "larger");
        check_spoilt(name, |path| fs::write(path, vec![0; 33 << 20]).unwrap(), "larger than");
        check_spoilt(name, |path| symlink("/proc/self/mem", path).unwrap(), "cannot be read");
    }
    check_spoilt(
        "v.toml",
        |path| symlink("nowhere", path).unwrap(),
        "`v.toml` is a link to nowhere",
    );
    check_spoilt("v.toml", |path| fs::write(path, b"# \xff").unwrap(), "not UTF-8");
}

#[test]
fn a_local_file_is_part_of_its_plugin_and_never_one_of_its_own() {
    let (directory, mut bench) = served();
    let local = directory.path().join("v.local.toml");
    fs::write(&local, "[plugin]\nprefix = \"mine\"\n").unwrap();
    bench.look();
    assert_eq!(bench.tools(), ["good_other", "good_run", "mine_run"]);
    fs::write(&local, "[plugin]\nprefix = \"ours\"\n").unwrap();
    bench.look();
    assert_eq!(bench.tools(), ["good_other", "good_run", "ours_run"]);
    // The author's update, copied in any order, changes nothing of it.
    replace(&directory.path().join("v.toml"), "[plugin]\nprefix = \"theirs\"\n");
    bench.look();
    replace(&directory.path().join("v.wasm"), answering("two"));
    bench.look();
    assert_eq!(bench.tools(), ["good_other", "good_run", "ours_run"]);
    assert_eq!(bench.version("v"), digest("two"));
    fs::remove_file(&local).unwrap();
    bench.look();
    assert_eq!(bench.tools(), ["good_other", "good_run", "theirs_run"]);
    bench.wait();
    assert!(bench.refused().is_empty(), "{:?}", bench.refused());
}

#[test]
fn a_wrong_local_file_leaves_the_last_good_version_and_is_named() {
    let (directory, mut bench) = served();
    let local = directory.path().join("v.local.toml");
    for (text, expected) in [
        (&b"[limits]\nfuel = 1\n"[..], "v.local.toml:2:8: `fuel` in [limits]: expected"),
        (b"[plugin]\nwasm = \"w.wasm\"\n", "v.local.toml:2:1: `wasm` in [plugin] says what"),
        (b"# \xff", "the local file v.local.toml is not UTF-8: byte 2"),
    ] {
        fs::write(&local, text).unwrap();
        bench.look();
        bench.wait();
        let (what, reason) = bench.refused().remove("v.toml").expect("refused");
        assert_eq!((what, bench.version("v")), (Refused::Version, digest("one")));
        assert!(reason.contains(expected), "{reason}");
    }
    fs::remove_file(&local).unwrap();
    bench.look();
    assert_eq!((bench.version("v"), bench.refused().len()), (digest("one"), 0));
}

#[test]
fn a_local_file_that_cannot_be_read_is_not_one_that_is_absent() {
    let (directory, mut bench) = served();
    let local = directory.path().join("v.local.toml");
    let fifo = |path: &Path| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    type Spoil<'a> = &'a dyn Fn(&Path);
    let spoils: [(Spoil<'_>, &str); 5] = [
        (&|path| fs::create_dir(path).unwrap(), "`v.local.toml` is a directory, not a file"),
        (&|path| symlink("nowhere", path).unwrap(), "`v.local.toml` is a link to nowhere"),
        (&|path| symlink(path, path).unwrap(), "`v.local.toml` cannot be read"),
        (&fifo, "`v.local.toml` is a pipe"),
        (&|path| fs::write(path, vec![b'#'; 65_537]).unwrap(), "`v.local.toml` is larger than"),
    ];
    for (spoil, expected) in spoils {
        spoil(&local);
        bench.look();
        bench.wait();
        let (_, reason) = bench.refused().remove("v.toml").expect("refused");
        assert!(reason.contains(expected), "{reason}");
        assert_eq!(bench.version("v"), digest("one"));
        if local.is_dir() {
            fs::remove_dir(&local).unwrap()
        } else {
            fs::remove_file(&local).unwrap()
        }
        bench.look();
        assert!(bench.refused().is_empty(), "{:?}", bench.refused());
    }
}

#[test]
fn a_local_file_without_a_manifest_is_a_warning() {
    let (directory, mut bench) = served();
    fs::write(directory.path().join("gone.local.toml"), "nonsense").unwrap();
    bench.look();
    bench.wait();
    let refused = bench.refused();
    let (what, reason) = &refused["gone.local.toml"];
    assert_eq!((what, refused.len()), (&Refused::Warning, 1));
    assert!(reason.contains("it decides nothing: there is no `gone.toml` beside it"), "{reason}");
    assert_eq!(bench.catalog.count_refused(), RefusalCount::default());
    // A manifest that comes after it finds it.
    fs::write(directory.path().join("gone.local.toml"), "plugin.prefix = \"back\"").unwrap();
    install(directory.path(), "gone", "", &answering("one"));
    bench.look();
    bench.wait();
    assert_eq!(bench.tools(), ["back_run", "good_other", "good_run", "v_run"]);
    assert!(bench.refused().is_empty(), "{:?}", bench.refused());
}

#[test]
fn what_a_local_file_says_of_a_tool_that_is_gone_is_a_warning() {
    let (directory, mut bench) = served();
    let local =
        "[[tools]]\nname = \"other\"\nhidden = true\n[[tools]]\nname = \"lost\"\nhidden = true\n";
    fs::write(directory.path().join("good.local.toml"), local).unwrap();
    bench.look();
    bench.wait();
    assert_eq!(bench.tools(), ["good_run", "v_run"]);
    let refused = bench.refused();
    let (what, reason) = &refused["good.local.toml"];
    assert_eq!((what, refused.len()), (&Refused::Warning, 1));
    assert!(reason.contains("good.local.toml:5:8: the plugin has no tool `lost`"), "{reason}");
}

#[test]
fn a_directory_that_cannot_be_read_changes_nothing() {
    let parent = tempfile::TempDir::new().unwrap();
    let path = parent.path().join("plugins");
    let aside = parent.path().join("aside");
    fs::create_dir(&path).unwrap();
    install(&path, "v", "", &answering("one"));
    let mut bench = Bench::new(&path);
    fs::rename(&path, &aside).unwrap();
    for round in 0..3 {
        match round {
            0 => fs::write(&path, "a file").unwrap(),
            1 => symlink(&path, &path).unwrap(),
            _ => symlink("plugins/deeper", &path).unwrap(),
        }
        bench.look();
        bench.wait();
        assert_eq!(bench.version("v"), digest("one"));
        assert_eq!(bench.refused().len(), 1, "{:?}", bench.refused());
        assert!(bench.refused()["plugins"].1.contains("cannot be read"), "{:?}", bench.refused());
        fs::remove_file(&path).unwrap();
    }
    fs::rename(&aside, &path).unwrap();
    bench.look();
    assert_eq!((bench.version("v"), bench.refused().len()), (digest("one"), 0));
}

#[test]
fn names_that_cannot_be_shown_are_refused_escaped() {
    let (directory, mut bench) = served();
    for name in [
        &b"a\xff.toml"[..],
        b"a\xfe.toml",
        b"b\xff.wasm",
        b"c\nINFO forged.toml",
        b"c\nINFO forged.wasm",
        b"d\x1b[31m.wasm",
        b"e\xe2\x80\xae.toml",
        b" .toml",
        b"\xff",
    ] {
        fs::write(directory.path().join(OsStr::from_bytes(name)), "").unwrap();
    }
    bench.look();
    bench.wait();
    assert_eq!(bench.tools(), ["good_other", "good_run", "v_run"]);
    let refused = bench.refused();
    let files: Vec<_> = refused.keys().map(String::as_str).collect();
    let shown = [
        " .toml",
        "a\u{fffd}.toml",
        "b\u{fffd}.wasm",
        "c\\nINFO forged.toml",
        "d\\u{1b}[31m.wasm",
        "e\\u{202e}.toml",
    ];
    assert_eq!(files, shown);
}

#[test]
fn links_are_followed_where_they_lead_now() {
    let (directory, elsewhere) = (plugins::good(), tempfile::TempDir::new().unwrap());
    let (old, new) = (elsewhere.path().join("old"), elsewhere.path().join("new"));
    for (path, answer) in [(&old, "one"), (&new, "two")] {
        fs::create_dir(path).unwrap();
        install(path, "v", "", &answering(answer));
    }
    // As Kubernetes mounts a volume: files link into `..data`, which links to a version.
    let data = directory.path().join("..data");
    symlink(&old, &data).unwrap();
    for name in ["v.toml", "v.wasm"] {
        symlink(Path::new("..data").join(name), directory.path().join(name)).unwrap();
    }
    let mut bench = Bench::new(directory.path());
    assert_eq!(bench.version("v"), digest("one"));
    let switch = |target: &Path| {
        let fresh = directory.path().join("..fresh");
        symlink(target, &fresh).unwrap();
        fs::rename(&fresh, &data).unwrap();
    };
    switch(&new);
    bench.look();
    assert_eq!(bench.version("v"), digest("two"));
    // What a link leads to changes in place.
    fs::write(new.join("v.wasm"), answering("six")).unwrap();
    bench.look();
    assert_eq!(bench.version("v"), digest("six"));
    // It leads nowhere for a moment, then to the first version again.
    switch(&elsewhere.path().join("nowhere"));
    bench.look();
    assert_eq!(bench.version("v"), digest("six"));
    switch(&old);
    bench.look();
    assert_eq!(bench.version("v"), digest("one"));
}

#[test]
fn a_linked_directory_is_what_it_leads_to_now() {
    let parent = tempfile::TempDir::new().unwrap();
    let path: PathBuf = parent.path().join("plugins");
    for answer in ["one", "two"] {
        fs::create_dir(parent.path().join(answer)).unwrap();
        install(&parent.path().join(answer), "v", "", &answering(answer));
    }
    symlink("one", &path).unwrap();
    let mut bench = Bench::new(&path);
    assert_eq!(bench.version("v"), digest("one"));
    symlink("two", parent.path().join("fresh")).unwrap();
    fs::rename(parent.path().join("fresh"), &path).unwrap();
    bench.look();
    assert_eq!(bench.version("v"), digest("two"));
    // Replaced by a directory under the same name.
    fs::remove_file(&path).unwrap();
    bench.look();
    assert_eq!(bench.version("v"), digest("two"));
    fs::rename(parent.path().join("one"), &path).unwrap();
    bench.look();
    assert_eq!(bench.version("v"), digest("one"));
    // Gone, and gone for good.
    fs::rename(&path, parent.path().join("one")).unwrap();
    bench.look();
    assert_eq!(bench.version("v"), digest("one"), "it may be on its way back");
    bench.wait();
    assert_eq!((bench.version("v"), bench.refused().len()), (None, 1));
    fs::rename(parent.path().join("one"), &path).unwrap();
    bench.look();
    assert_eq!((bench.version("v"), bench.refused().len()), (digest("one"), 0));
}

#[test]
fn a_version_is_freed_when_its_last_call_ends() {
    let (directory, mut bench) = served();
    let running = bench.catalog.tool("v_run").unwrap().clone();
    let idle = Arc::downgrade(&running.plugin);
    let mut versions = vec![idle];
    for answer in ["two", "six", "ten"] {
        replace(&directory.path().join("v.wasm"), answering(answer));
        bench.look();
        assert_eq!(bench.version("v"), digest(answer));
        versions.push(Arc::downgrade(&bench.catalog.tool("v_run").unwrap().plugin));
    }
    let alive = |versions: &[std::sync::Weak<_>]| {
        versions.iter().map(|version| version.strong_count() > 0).collect::<Vec<_>>()
    };
    assert_eq!(alive(&versions), [true, false, false, true], "a call holds the first");
    let arguments = serde_json::value::RawValue::from_string("{}".into()).unwrap();
    let outcome = bench.host.guests().block_on(running.call(&arguments, None)).outcome;
    assert!(outcome.is_ok());
    drop(running);
    assert_eq!(alive(&versions), [false, false, false, true]);
    fs::remove_file(directory.path().join("v.toml")).unwrap();
    bench.look();
    assert_eq!(alive(&versions), [false; 4], "deleted");
}

#[test]
fn an_odd_file_name_is_escaped_once() {
    let directory = plugins::good();
    for odd in ["a\nb", "a\\b", "a\"b", "a\u{202e}b"] {
        fs::write(directory.path().join(format!("{odd}.toml")), "").unwrap();
        let shown = toolrack::text::escape(odd);
        let refused = Bench::new(directory.path()).refused()[&format!("{shown}.toml")].1.clone();
        assert!(refused.contains(&format!("but `{shown}` is not a name")), "{refused}");
    }
}

/// The names of what a scan has read, and of what it left or found changing.
fn read_and_unread(scanner: &mut Scanner) -> (Vec<String>, Vec<String>) {
    let scan = scanner.scan(&Reread::Nothing);
    let [SeenDirectory::Listed(units, _)] = &scan.directories[..] else { panic!("{scan:?}") };
    let (read, unread): (Vec<_>, Vec<_>) =
        units.iter().partition(|(_, unit)| matches!(unit, PluginUnit::Pair(..)));
    let names =
        |units: Vec<(&String, _)>| units.into_iter().map(|(name, _)| name.clone()).collect();
    (names(read), names(unread))
}

#[test]
fn files_that_change_all_the_time_keep_no_other_from_its_turn() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a", "b", "z"] {
        install(directory.path(), name, "", &answering(name));
    }
    let mut scanner = Scanner::new(vec![directory.path().to_owned()]).in_pieces(Duration::ZERO);
    let mut read = BTreeSet::new();
    for size in 0..3 {
        read.extend(read_and_unread(&mut scanner).0);
        // Whatever was read has grown before the next piece.
        for name in ["a", "b"] {
            fs::write(directory.path().join(name).with_extension("wasm"), vec![0; 9000 + size])
                .unwrap();
        }
    }
    assert!(read.contains("z.toml"), "{read:?}");
    assert!(!scanner.is_unfinished(), "what has changed since is for the next scan");
}

#[test]
fn small_files_are_read_before_large_ones() {
    let directory = tempfile::tempdir().unwrap();
    install(directory.path(), "a", "", &vec![0; 5 << 20]);
    install(directory.path(), "z", "", &answering("z"));
    let mut scanner =
        Scanner::new(vec![directory.path().to_owned()]).in_pieces(Duration::from_secs(3600));
    assert_eq!(read_and_unread(&mut scanner).0, ["z.toml"]);
    assert_eq!(read_and_unread(&mut scanner).0, ["a.toml", "z.toml"]);
    assert!(!scanner.is_unfinished());
}
