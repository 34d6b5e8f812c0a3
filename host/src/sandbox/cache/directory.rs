//! The cache of all that is known of Wasm files, on disk in a private directory: their code, what they offer, and which
//! checks of that were passed.
//!
//! A file holds a tag and its content. A file that has anything wrong with it is removed and made anew: a cache costs
//! time at worst. This module does not know what the content means.

use std::fs::{self, DirEntry, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest as _, Sha256};

use super::super::compile::job::MAX_ARTIFACT;
use super::super::engine::setup::Tier;
use super::super::engine::shortage::Shortage;
use super::cache_file;
use super::in_progress::{AtWork, Begun};
use super::seal::{Seal, TAG};
use super::warm_list::{WarmError, WarmFiles};
use crate::failpoint::{self, Point};
use crate::home::{PrivateError, private_directory};
use crate::manifest::{Bytes, Sha256Digest};
use crate::text::escape_path;

/// The most time to wait for another host that makes the same entry.
const OTHER_HOST: Duration = Duration::from_secs(30);
/// The time that a host at work may let pass without a sign before it counts as stopped: a call may wait for it.
const STOPPED: Duration = AtWork::TOUCHES.saturating_mul(4);
/// The time between two looks at whether that host is done.
const CACHE_WAIT_INTERVAL: Duration = Duration::from_millis(25);

/// The version of the files. It is raised when a file is laid out in another way, or holds something else for the same
/// Wasm.
const FORMAT: u8 = 2;

/// The kinds of content that are kept, each under a digest.
#[derive(Clone, Copy)]
pub(crate) enum CacheEntry<'a> {
    /// The compiled code of a Wasm file.
    Code(&'a Sha256Digest, Tier),
    /// The functions of components whose code has this digest.
    Functions(&'a Sha256Digest),
    /// The listing of all that a Wasm file offers under terms with this digest.
    Listing(&'a Sha256Digest, &'a [u8; 32]),
    /// The difference between a Wasm file and what its code says, under terms with this digest.
    Disagreement(&'a Sha256Digest, &'a [u8; 32]),
    /// The fact that the content with this digest passed a check.
    Passed(&'a Sha256Digest),
}

impl CacheEntry<'_> {
    const ENDINGS: [&'static str; 6] =
        [".baseline", ".cwasm", ".disagreement", ".functions", ".listing", ".passed"];

    fn ending(self) -> &'static str {
        let [baseline, optimized, disagreement, functions, listing, passed] = Self::ENDINGS;
        match self {
            Self::Code(_, Tier::Baseline) => baseline,
            Self::Code(_, Tier::Optimized) => optimized,
            Self::Disagreement(..) => disagreement,
            Self::Functions(_) => functions,
            Self::Listing(..) => listing,
            Self::Passed(_) => passed,
        }
    }
}

/// The most bytes of all files together: the code of a hundred plugins of 2 MB of Wasm each, or of ten interpreters
/// with their functions.
pub(crate) const MAX_CACHE: Bytes = Bytes::new(1 << 30);

/// The cache of one directory for one set of settings of the compiler.
pub(crate) struct Cache {
    directory: PathBuf,
    seal: Seal,
    settings: [u8; 32],
    at_most: Bytes,
    warned: AtomicBool,
    /// The files that were compiled elsewhere, which count where nothing is kept here.
    warm: Option<WarmFiles>,
}

/// The reason why a directory is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    #[error(transparent)]
    Private(#[from] PrivateError),
    #[error("it cannot be used: {0}")]
    Io(#[from] io::Error),
}

impl Cache {
    /// Opens the cache in `directory`. Code that was made with other `settings` is not found.
    pub(crate) fn open(
        directory: &Path,
        settings: impl Hash,
        at_most: Bytes,
    ) -> Result<Self, CacheError> {
        private_directory(directory)?;
        cache_file::remove_abandoned(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            seal: Seal::of(directory)?,
            settings: fingerprint((FORMAT, env!("CARGO_PKG_VERSION"), settings)),
            at_most,
            warned: AtomicBool::new(false),
            warm: None,
        })
    }

    /// The same cache, which reads what the list at `list` names where it has nothing itself.
    pub(super) fn with_warm(self, list: Option<&Path>) -> Self {
        let opened = list.map(|list| (list, WarmFiles::open(list, &self.settings)));
        let warm = opened.and_then(|(list, opened)| {
            let told = |error: &WarmError| {
                let list = escape_path(list);
                tracing::warn!("what `warm` names is not used, {list}: {error}");
            };
            opened.inspect_err(told).ok()
        });
        Self { warm, ..self }
    }

    /// The digest of all that decides whether code fits.
    pub(super) fn settings(&self) -> &[u8; 32] {
        &self.settings
    }

    /// Gives `take` the name and the content of each entry that a start needs, one after the other.
    pub(super) fn each_warm(
        &self,
        mut take: impl FnMut(String, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        for found in fs::read_dir(&self.directory)? {
            let found = found?;
            let Ok(name) = found.file_name().into_string() else { continue };
            if is_warm(&name) {
                let content = self.read_sealed(&name, &found.path())?;
                take(name, &content)?;
            }
        }
        Ok(())
    }

    /// Returns the content that is kept under `entry`. `None` if it is not here, not ours, or cannot be read now.
    pub(crate) fn read(&self, entry: CacheEntry<'_>) -> Option<Vec<u8>> {
        let name = self.name(entry);
        let path = self.directory.join(&name);
        let warm = || self.warm.as_ref()?.read(&name);
        match self.read_sealed(&name, &path) {
            Ok(content) => Some(content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => warm(),
            Err(error) if Shortage::of_system(&error).is_some() => {
                tracing::debug!("what is cached cannot be read now: {error}");
                None
            }
            Err(error) => {
                tracing::debug!("what was cached is made anew: {error}");
                cache_file::remove(&path);
                warm()
            }
        }
    }

    /// True if there is a file for `entry`, which counts as used now. Its content is only checked when it is read.
    pub(crate) fn has(&self, entry: CacheEntry<'_>) -> bool {
        let name = self.name(entry);
        let file = cache_file::open(&self.directory.join(&name));
        let is_warm = || self.warm.as_ref().is_some_and(|warm| warm.has(&name));
        file.inspect(used_now).is_ok() || is_warm()
    }

    /// True if there is code of this Wasm file, of whichever tier.
    pub(crate) fn has_code(&self, wasm: &Sha256Digest) -> bool {
        Tier::ALL.into_iter().any(|tier| self.has(CacheEntry::Code(wasm, tier)))
    }

    fn read_sealed(&self, name: &str, path: &Path) -> io::Result<Vec<u8>> {
        let mut file = cache_file::open(path)?;
        let mut tag = [0; TAG];
        file.read_exact(&mut tag)?;
        let content = cache_file::read(&mut file, MAX_ARTIFACT)?;
        if !self.seal.verify(name, &content, &tag) {
            return Err(io::Error::other("its tag is wrong"));
        }
        used_now(&file);
        Ok(content)
    }

    /// Keeps `content` under `entry`.
    pub(crate) fn keep(&self, entry: CacheEntry<'_>, content: &[u8]) {
        let kept = self.write(&self.name(entry), content).and_then(|()| self.make_room());
        if let Err(error) = kept
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            let directory = escape_path(&self.directory);
            tracing::warn!("compiled code cannot be kept in {directory}: {error}");
        }
    }

    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.directory.join(name);
        let tag = self.seal.tag(name, content);
        let written = cache_file::write_beside(&self.directory, [&tag, content])?;
        failpoint::at(Point::CacheWritten).inspect_err(|_| cache_file::remove(&written))?;
        fs::rename(&written, &path).or_else(|_| {
            // Something that is no file may be in its place.
            cache_file::remove(&path);
            fs::rename(&written, &path).inspect_err(|_| cache_file::remove(&written))
        })
    }

    /// Waits until no other host makes this entry, and lets other hosts wait for this one while the result lives.
    /// `None` if another host has made the entry, or if the wait is given up: it ends after a while, when the other
    /// host has stopped, when the entry is not needed any more, or on an error. Making it twice costs time at worst.
    pub(crate) fn make(
        &self,
        entry: CacheEntry<'_>,
        is_needed: impl Fn() -> bool,
    ) -> Option<AtWork> {
        let name = self.name(entry);
        let began = Instant::now();
        // The second time is by this clock: that of a file system may be another.
        let mut last = (None, Instant::now());
        while began.elapsed() < OTHER_HOST && last.1.elapsed() < STOPPED && is_needed() {
            match AtWork::begin(&self.directory, &name) {
                Ok(Begun::Mine(own)) => return Some(own),
                Ok(Begun::Theirs(_)) if self.has(entry) => return None,
                Ok(Begun::Theirs(touched)) if touched != last.0 => last = (touched, Instant::now()),
                Ok(Begun::Theirs(_)) => std::thread::sleep(CACHE_WAIT_INTERVAL),
                Err(error) => {
                    tracing::debug!("other hosts may make the same code: {error}");
                    return None;
                }
            }
        }
        None
    }

    /// Removes an entry that turned out to be of no use.
    pub(crate) fn forget(&self, entry: CacheEntry<'_>) {
        cache_file::remove(&self.directory.join(self.name(entry)));
    }

    /// Removes the files that were not used for longest, where there are too many bytes. It removes more than it has
    /// to, so that this is rare.
    fn make_room(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            // Another host may have removed the file.
            files.extend(entry.ok().and_then(|entry| kept_file(&entry)));
        }
        let mut size: u64 = files.iter().map(|(_, size, _)| size).sum();
        if size <= self.at_most.get() {
            return Ok(());
        }
        // Functions go first: they are large, and they only save time.
        files.sort_unstable_by_key(|(used, _, path)| (!is_functions(path), *used));
        for (_, freed, path) in files {
            if size <= self.at_most.get() / 10 * 9 {
                break;
            }
            cache_file::remove(&path);
            size -= freed;
        }
        Ok(())
    }

    fn name(&self, entry: CacheEntry<'_>) -> String {
        let named = match entry {
            CacheEntry::Code(digest, _)
            | CacheEntry::Functions(digest)
            | CacheEntry::Passed(digest) => [self.settings, *digest.as_bytes()].concat(),
            CacheEntry::Listing(wasm, terms) | CacheEntry::Disagreement(wasm, terms) => {
                [self.settings, *wasm.as_bytes(), *terms].concat()
            }
        };
        format!("{}{}", Sha256Digest::of(&named), entry.ending())
    }
}

/// Marks `file` as used now, so that others are removed before it. On a file system that cannot do that, the oldest go.
fn used_now(file: &File) {
    let _ = file.set_modified(SystemTime::now());
}

fn is_functions(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "functions")
}

/// True if a file of this name is one that a start needs.
fn is_warm(name: &str) -> bool {
    let [_, optimized, _, _, listing, passed] = CacheEntry::ENDINGS;
    [optimized, listing, passed].into_iter().any(|ending| name.ends_with(ending))
}

fn kept_file(entry: &DirEntry) -> Option<(SystemTime, u64, PathBuf)> {
    let found = entry.metadata().ok()?;
    let name = entry.file_name();
    let is_kept = CacheEntry::ENDINGS.iter().any(|ending| name.to_string_lossy().ends_with(ending));
    let is_ours = found.is_file() && is_kept;
    is_ours.then(|| Some((found.modified().ok()?, found.len(), entry.path())))?
}

/// Returns the digest that tells `value` from all others.
pub(crate) fn fingerprint(value: impl Hash) -> [u8; 32] {
    let mut hasher = Digest(Sha256::new());
    value.hash(&mut hasher);
    hasher.0.finalize().into()
}

/// A hasher that takes the SHA-256 of the bytes that a value gives it.
struct Digest(Sha256);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(directory: &Path, settings: &str, at_most: u64) -> Cache {
        Cache::open(directory, settings, Bytes::new(at_most)).expect("a cache")
    }

    #[test]
    fn what_was_used_last_stays_within_the_size() {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("cache");
        let cache = open(&directory, "", 10_000);
        let digests: Vec<_> = (0..12u8).map(|n| Sha256Digest::of(&[n])).collect();
        for (digest, age) in digests.iter().zip((0..12).rev()) {
            cache.keep(CacheEntry::Code(digest, Tier::Optimized), &[7; 1000 - TAG]);
            // Each file is a minute younger than the one before.
            let path = directory.join(cache.name(CacheEntry::Code(digest, Tier::Optimized)));
            let file = File::options().write(true).open(path);
            let then = SystemTime::now() - Duration::from_secs(60 * (age + 1));
            file.and_then(|file| file.set_modified(then)).expect("an older file");
            // The first two are used again and again: one is read, the other only looked for.
            assert!(cache.read(CacheEntry::Code(&digests[0], Tier::Optimized)).is_some());
            assert_eq!(cache.has(CacheEntry::Code(&digests[1], Tier::Optimized)), age < 11);
        }
        let is_here = |digest| cache.read(CacheEntry::Code(digest, Tier::Optimized)).is_some();
        let here: Vec<_> = digests.iter().map(is_here).collect();
        let gone = here.iter().filter(|here| !**here).count();
        assert!(here[0] && here[1] && here[11] && !here[2] && !here[3], "{here:?}");
        assert!((2..=3).contains(&gone), "{here:?}");
    }

    #[test]
    fn one_host_at_a_time_makes_an_entry() {
        let root = tempfile::tempdir().expect("a directory");
        let hosts = ["", ""].map(|settings| open(&root.path().join("cache"), settings, 1000));
        let digest = Sha256Digest::of(b"");
        let (code, other) =
            (CacheEntry::Code(&digest, Tier::Optimized), CacheEntry::Code(&digest, Tier::Baseline));
        let own = hosts[0].make(code, || true);
        assert!(own.is_some() && hosts[1].make(other, || true).is_some());
        let asked = std::cell::Cell::new(0);
        let thrice = || asked.replace(asked.get() + 1) < 3;
        assert!(hosts[1].make(code, thrice).is_none(), "until nobody needs it");
        assert_eq!(asked.get(), 4);
        hosts[0].keep(code, b"code");
        assert!(hosts[1].make(code, || true).is_none(), "it is made");
        drop(own);
        assert!(hosts[1].make(code, || true).is_some());
        assert_eq!(
            fs::read_dir(root.path().join("cache")).expect("listed").count(),
            2,
            "key, code"
        );
    }

    #[test]
    fn a_host_that_has_stopped_is_not_waited_for() {
        let root = tempfile::tempdir().expect("a directory");
        let host = open(&root.path().join("cache"), "", 1000);
        let digest = Sha256Digest::of(b"");
        let code = CacheEntry::Code(&digest, Tier::Optimized);
        drop(host.make(code, || true).expect("nobody is at work"));
        // The file is locked, and no host touches it.
        let path = host.directory.join(format!(".tmp-{}", host.name(code).replace('.', "-")));
        let stopped = File::create(&path).expect("a file");
        stopped.lock().expect("locked");
        let began = Instant::now();
        assert!(host.make(code, || true).is_none());
        assert!(began.elapsed() >= STOPPED && began.elapsed() < OTHER_HOST);
        drop(stopped);
        let own = host.make(code, || true);
        assert!(own.is_some());
        // A host that is at work is waited for longer than one that has stopped.
        let asked = Instant::now();
        let other = open(&root.path().join("cache"), "", 1000);
        let needed = || asked.elapsed() < STOPPED + AtWork::TOUCHES;
        assert!(other.make(code, needed).is_none() && !needed());
    }

    #[test]
    fn other_settings_are_other_code() {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("cache");
        let digest = Sha256Digest::of(b"");
        let code = CacheEntry::Code(&digest, Tier::Optimized);
        open(&directory, "one", 1000).keep(code, b"code");
        assert_eq!(open(&directory, "one", 1000).read(code).as_deref(), Some(&b"code"[..]));
        assert_eq!(open(&directory, "two", 1000).read(code), None);
    }

    #[test]
    fn what_is_offered_under_other_terms_is_another_entry() {
        let root = tempfile::tempdir().expect("a directory");
        let cache = open(&root.path().join("cache"), "", 1000);
        let digest = Sha256Digest::of(b"");
        cache.keep(CacheEntry::Listing(&digest, &[1; 32]), b"one");
        assert!(cache.has(CacheEntry::Listing(&digest, &[1; 32])));
        assert!(!cache.has(CacheEntry::Listing(&digest, &[2; 32])));
        assert!(!cache.has(CacheEntry::Code(&digest, Tier::Optimized)));
    }

    #[test]
    fn what_was_never_finished_goes_after_an_hour() {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("cache");
        open(&directory, "", 1000);
        for (name, age) in [(".tmp-old", 3700), (".tmp-new", 3500), ("notes", 3700)] {
            let file = File::create(directory.join(name)).expect("a file");
            let then = SystemTime::now() - Duration::from_secs(age);
            file.set_modified(then).expect("an older file");
        }
        open(&directory, "", 1000);
        let here = |name: &str| directory.join(name).exists();
        assert_eq!([here(".tmp-old"), here(".tmp-new"), here("notes")], [false, true, true]);
    }
}
