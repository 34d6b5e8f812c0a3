//! Compiled code on disk: used where it is ours and whole, made anew wherever it is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use toolrack::sandbox::{Compiler, Sandbox};

use crate::client::toolrack;
use crate::compiling::{Counted, answers};
use crate::guest::Wat;
use crate::plugins;

/// A host that has just started, with its cache in `directory`.
fn host(directory: &Path) -> Arc<Sandbox> {
    let compiler = Compiler::in_process().with_cache(directory.to_owned());
    Arc::new(Sandbox::new(compiler).expect("a sandbox"))
}

/// A cache with the code of one file.
struct Filled {
    counted: Counted,
    home: TempDir,
}

impl Filled {
    async fn new() -> Self {
        let home = TempDir::new().unwrap();
        let filled = Self { counted: Counted::new(&Wat::default().build()), home };
        assert_eq!(filled.compiled_at_start().await, 1);
        filled
    }

    fn directory(&self) -> PathBuf {
        self.home.path().join("cache")
    }

    /// The one file with code.
    fn entry(&self) -> PathBuf {
        let entries = fs::read_dir(self.directory()).unwrap().map(|entry| entry.unwrap().path());
        let code: Vec<_> = entries.filter(|path| path.extension().is_some()).collect();
        let [entry] = &code[..] else { panic!("{code:?}") };
        entry.clone()
    }

    /// How often a host that starts now compiles, to answer rightly.
    async fn compiled_at_start(&self) -> usize {
        answers(&host(&self.directory()), &self.counted.wasm).await;
        self.counted.reads()
    }

    /// What is there now is not used, but replaced.
    async fn assert_mended(&self, what: &str) {
        assert_eq!(self.compiled_at_start().await, 1, "{what}");
        assert_eq!(self.compiled_at_start().await, 0, "{what}");
    }
}

#[tokio::test]
async fn code_is_compiled_once_for_all_hosts_to_come() {
    let filled = Filled::new().await;
    assert_eq!(filled.compiled_at_start().await, 0);
    let other = Counted::new(&Wat { tools: &["run", "other"], ..Wat::default() }.build());
    answers(&host(&filled.directory()), &other.wasm).await;
    assert_eq!(other.reads(), 1);
}

#[tokio::test]
async fn whatever_byte_is_wrong_the_code_is_made_anew() {
    let filled = Filled::new().await;
    let whole = fs::read(filled.entry()).unwrap();
    let last = whole.len() - 1;
    for at in [0, 31, 32, 33, 100, last / 3, last / 2, last - 1, last] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(filled.entry(), damaged).unwrap();
        filled.assert_mended(&format!("byte {at}")).await;
    }
    for length in [0, 1, 31, 32, 33, last / 2, last] {
        fs::write(filled.entry(), &whole[..length]).unwrap();
        filled.assert_mended(&format!("cut at {length}")).await;
    }
    fs::write(filled.entry(), [&whole[..], b"more"].concat()).unwrap();
    filled.assert_mended("longer").await;
    fs::write(filled.entry(), b"nonsense".repeat(1000)).unwrap();
    filled.assert_mended("garbage").await;
}

#[tokio::test]
async fn code_that_another_user_made_is_not_used() {
    let (filled, foreign) = (Filled::new().await, Filled::new().await);
    assert_eq!(foreign.entry().file_name(), filled.entry().file_name());
    fs::copy(foreign.entry(), filled.entry()).unwrap();
    filled.assert_mended("foreign").await;
}

#[tokio::test]
async fn code_of_one_file_is_not_used_for_another() {
    let filled = Filled::new().await;
    let mut other = Wat::default().build();
    // A custom section with an empty name: another file with the same answer.
    other.extend([0, 1, 0]);
    let other = Counted::new(&other);
    let before = filled.entry();
    let code = fs::read(&before).unwrap();
    fs::remove_file(&before).unwrap();
    answers(&host(&filled.directory()), &other.wasm).await;
    fs::write(filled.entry(), code).unwrap();
    answers(&host(&filled.directory()), &other.wasm).await;
    assert_eq!(other.reads(), 2);
}

#[tokio::test]
async fn a_damaged_key_makes_all_code_worthless_and_is_replaced() {
    let filled = Filled::new().await;
    let key = filled.directory().join("key");
    for damaged in [&[0; 31][..], &[0; 33], b"", &[7; 32]] {
        fs::write(&key, damaged).unwrap();
        filled.assert_mended(&format!("{damaged:?}")).await;
    }
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    filled.assert_mended("a directory").await;
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_of_ours_neither_blocks_nor_counts() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let filled = Filled::new().await;
    let entry = filled.entry();
    let aside = filled.home.path().join("aside");
    fs::rename(&entry, &aside).unwrap();
    symlink(&aside, &entry).unwrap();
    filled.assert_mended("a link, even to the right code").await;
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    filled.assert_mended("a directory").await;
    for name in [&*entry, &filled.directory().join("key")] {
        fs::remove_file(name).unwrap();
        let made = std::process::Command::new("mkfifo").arg(name).status().unwrap();
        assert!(made.success());
        filled.assert_mended("a pipe").await;
        fs::set_permissions(name, fs::Permissions::from_mode(0o644)).unwrap();
        filled.assert_mended("readable by others").await;
    }
    // Not empty, and so nothing to remove: it costs the cache of this one file.
    fs::remove_file(&entry).unwrap();
    fs::create_dir_all(entry.join("something")).unwrap();
    assert_eq!(filled.compiled_at_start().await, 1);
    assert!(entry.join("something").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_start_at_once_share_a_cache() {
    let home = TempDir::new().unwrap();
    let directory = home.path().join("cache");
    let counted = Counted::new(&Wat::default().build());
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (directory, wasm) = (directory.clone(), counted.wasm.clone());
        starting.spawn(async move {
            let host = tokio::task::spawn_blocking(move || host(&directory)).await.unwrap();
            answers(&host, &wasm).await;
        });
    }
    starting.join_all().await;
    assert_eq!(counted.reads(), 1, "one of them compiles, and the others wait for it");
    let filled = Filled { counted, home };
    assert_eq!(filled.compiled_at_start().await, 0);
    let left = fs::read_dir(filled.directory()).unwrap().count();
    assert_eq!(left, 2, "the key, one file with code, and nothing half-written");
}

/// Runs `check` with this home. What it logged.
fn check(home: &Path, arguments: &[&str]) -> String {
    let plugins = plugins::good();
    let mut command = toolrack();
    command.arg("check").args(arguments).arg("--plugins").arg(plugins.path());
    let output = command.env("TOOLRACK_HOME", home).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && shown.contains("ok good"), "{shown}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn without_a_cache_everything_works_and_one_warning_says_why_there_is_none() {
    let root = TempDir::new().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let mut homes = Vec::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = root.path().join("open");
        fs::create_dir_all(open.join("cache")).unwrap();
        fs::set_permissions(open.join("cache"), fs::Permissions::from_mode(0o777)).unwrap();
        homes.push((open, "others can write into it"));
        let link = root.path().join("link");
        fs::create_dir(&link).unwrap();
        std::os::unix::fs::symlink(root.path(), link.join("cache")).unwrap();
        homes.push((link, "not a directory"));
    }
    // A file system that takes no new files, whoever asks.
    #[cfg(target_os = "linux")]
    homes.push(("/proc/self".into(), "it cannot be used"));
    homes.push((file, "it cannot be used"));
    for (home, expected) in homes {
        let log = check(&home, &[]);
        assert!(log.contains("compiled code is not kept") && log.contains(expected), "{log}");
        assert_eq!(log.lines().count(), 1, "{log}");
    }
}

#[test]
fn no_cache_neither_reads_nor_keeps() {
    let home = TempDir::new().unwrap();
    assert_eq!(check(home.path(), &["--no-cache"]), "");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    assert_eq!(check(home.path(), &[]), "");
    let kept = fs::read_dir(home.path().join("cache")).unwrap().count();
    assert_eq!(
        kept, 4,
        "the key, a file each with code, with tools, and that their schemas are good"
    );
}

#[tokio::test]
async fn a_plugin_that_rests_is_called_from_the_cache_or_compiled_again() {
    let filled = Filled::new().await;
    let sandbox = host(&filled.directory());
    let (limits, grants) = Default::default();
    let guest = crate::compiling::guest(sandbox, filled.counted.wasm.clone(), limits, grants)
        .await
        .unwrap();
    let answers = async || guest.call("run", "{}", None).await.outcome.map(drop);
    assert_eq!(filled.counted.reads(), 1, "whether it lists its tools");
    guest.rest().await;
    answers().await.expect("an answer");
    assert_eq!(filled.counted.reads(), 0, "it was in the cache");
    guest.rest().await;
    fs::write(filled.entry(), b"planted").unwrap();
    answers().await.expect("an answer");
    assert_eq!(filled.counted.reads(), 1, "it was made anew");
    // Code that nothing else has is not let go.
    fs::remove_file(filled.entry()).unwrap();
    guest.rest().await;
    answers().await.expect("an answer");
    assert_eq!(filled.counted.reads(), 0);
}
