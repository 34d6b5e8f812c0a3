//! Marks of what is being loaded, on disk: what ends the process leaves its mark behind, and what has done so twice is left
//! out by later servers.
//!
//! A mark is a file that is locked while its process is at that step. The kernel lets go of a lock whatever ends a
//! process, so a mark whose lock is free was left by a process that ended there. Where no marks can be written, nothing is
//! left out.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::compile::error::CompileError;
use super::cache_file::{TEMPORARY, remove};
use crate::failpoint::{self, Point};
use crate::fs::atomic_write::random_name;
use crate::fs::bounded_read::private;
use crate::home::private_directory;
use crate::manifest::Sha256Digest;
use crate::suggestion::CommandName;
use crate::text::escape_path;

/// The directory of the marks.
const LOADING_DIRECTORY: &str = "loading";
/// The number of processes that may end at a step before it is left out. One may have been ended by a person.
const MAX_ENDS: usize = 2;
/// The most steps at once. A step at which a process has ended takes all of them.
const STEPS_AT_ONCE: u32 = 1024;
/// The age beyond which a mark counts no more.
const FORGOTTEN: Duration = Duration::from_hours(24 * 30);

/// The steps at which a plugin's bytes decide what this process does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LoadStep {
    /// Its native code is loaded.
    Code,
    /// It is asked for its tools.
    Ask,
    /// Its offer is read and compiled.
    Offer,
}

/// The marks of one directory.
pub(crate) struct LoadMarks {
    /// `None` where nothing is kept on disk.
    directory: Option<PathBuf>,
    /// True if what has ended processes is left out. A command that runs once tries it again.
    leaves_out: AtomicBool,
    /// A step at which a process has ended is taken alone: nothing else is blamed for what it does.
    steps: Arc<Semaphore>,
}

/// A step that is being taken. The mark goes when this is dropped, and stays when the process ends before.
#[derive(Default)]
pub(crate) struct MarkedStep {
    mark: Option<PathBuf>,
    _locked: Option<File>,
    _place: Option<OwnedSemaphorePermit>,
    /// The marks that others left at this step.
    left: Vec<PathBuf>,
}

impl LoadMarks {
    /// The marks beside the cache in the directory `cache`.
    pub(crate) fn new(cache: Option<&Path>) -> Self {
        Self {
            directory: cache.map(|cache| cache.with_file_name(LOADING_DIRECTORY)),
            leaves_out: AtomicBool::new(false),
            steps: Arc::new(Semaphore::new(STEPS_AT_ONCE as usize)),
        }
    }

    /// Lets all that has ended two processes be left out from now on.
    pub(crate) fn leave_out(&self) {
        self.leaves_out.store(true, Ordering::Relaxed);
    }

    /// Begins a step with the Wasm file `wasm`, on a thread that may block. Fails if that has ended too many processes.
    pub(crate) fn begin(
        &self,
        wasm: Sha256Digest,
        step: LoadStep,
    ) -> Result<MarkedStep, CompileError> {
        let Some(directory) = &self.directory else { return Ok(MarkedStep::default()) };
        let left = left_at(directory, &prefix(wasm, step)).unwrap_or_default();
        if left.len() >= MAX_ENDS && self.leaves_out.load(Ordering::Relaxed) {
            return Err(CompileError::Host(format!(
                "toolrack ended {} times while it {}, so it is left out; `{}` tries it again and clears that if it \
                 passes; else replace the file",
                left.len(),
                step.words(),
                CommandName::Check.alone()
            )));
        }
        let places = if left.is_empty() { 1 } else { STEPS_AT_ONCE };
        let place = Handle::current().block_on(self.steps.clone().acquire_many_owned(places)).ok();
        let marked = mark(directory, &prefix(wasm, step));
        let marked = marked.inspect_err(|error| {
            let directory = escape_path(directory);
            tracing::debug!("what is being loaded is not noted in {directory}: {error}");
        });
        let _ = failpoint::at(Point::LoadMarked);
        let (mark, locked) = marked.ok().unzip();
        Ok(MarkedStep { mark, _locked: locked, _place: place, left })
    }

    /// Begins a step as [`begin`](Self::begin) does, without keeping this thread busy.
    pub(crate) async fn begin_aside(
        self: &Arc<Self>,
        wasm: Sha256Digest,
        step: LoadStep,
    ) -> Result<MarkedStep, CompileError> {
        if self.directory.is_none() {
            return Ok(MarkedStep::default());
        }
        let own = self.clone();
        let begun = tokio::task::spawn_blocking(move || own.begin(wasm, step)).await;
        // A step is taken without a mark rather than not at all.
        begun.unwrap_or_else(|_| Ok(MarkedStep::default()))
    }
}

impl MarkedStep {
    /// Ends a step that this process has survived: the marks of those that did not are forgotten.
    pub(crate) fn survived(self) {
        self.left.iter().for_each(|mark| remove(mark));
    }
}

impl Drop for MarkedStep {
    fn drop(&mut self) {
        if let Some(mark) = &self.mark {
            remove(mark);
        }
    }
}

impl LoadStep {
    fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Ask => "ask",
            Self::Offer => "offer",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Code => "loaded its code",
            Self::Ask => "asked it for its tools",
            Self::Offer => "read what it offers",
        }
    }
}

fn prefix(wasm: Sha256Digest, step: LoadStep) -> String {
    format!("{wasm}-{}-", step.name())
}

/// Makes a mark that is locked from the moment it has its name.
fn mark(directory: &Path, prefix: &str) -> io::Result<(PathBuf, File)> {
    private_directory(directory).map_err(io::Error::other)?;
    let name = random_name()?;
    let (unlocked, path) =
        (directory.join(format!("{TEMPORARY}{name}")), directory.join(format!("{prefix}{name}")));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let file = private(&mut options).open(&unlocked)?;
    let locked = file.try_lock().map_err(io::Error::from);
    locked.and_then(|()| fs::rename(&unlocked, &path)).inspect_err(|_| remove(&unlocked))?;
    Ok((path, file))
}

/// Returns the marks with this prefix that processes left behind which have ended.
fn left_at(directory: &Path, prefix: &str) -> io::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if is_forgotten(&entry) {
            remove(&path);
        } else if entry.file_name().to_string_lossy().starts_with(prefix) && is_left(&path) {
            left.push(path);
        }
    }
    Ok(left)
}

fn is_forgotten(entry: &fs::DirEntry) -> bool {
    let modified = entry.metadata().and_then(|found| found.modified());
    let age = modified.ok().and_then(|then| SystemTime::now().duration_since(then).ok());
    age.is_some_and(|age| age > FORGOTTEN)
}

/// True if no process holds the lock. Where files cannot be locked, nothing counts as left.
fn is_left(path: &Path) -> bool {
    let mut options = OpenOptions::new();
    options.write(true);
    let file = private(&mut options).open(path);
    file.is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: LoadStep = LoadStep::Code;

    fn marks(cache: &Path) -> Arc<LoadMarks> {
        let marks = LoadMarks::new(Some(cache));
        marks.leave_out();
        Arc::new(marks)
    }

    /// Leaves what a process leaves that ends at a step.
    fn end_at(cache: &Path, wasm: Sha256Digest) {
        drop(mark(&cache.with_file_name(LOADING_DIRECTORY), &prefix(wasm, STEP)).expect("a mark"));
    }

    #[tokio::test]
    async fn what_ended_two_processes_is_left_out_until_it_passes() {
        let root = tempfile::tempdir().expect("a directory");
        let cache = root.path().join("cache");
        let [bad, good] = [b"bad", b"ok."].map(|bytes| Sha256Digest::of(bytes));
        let begin = async |wasm| marks(&cache).begin_aside(wasm, STEP).await;
        begin(bad).await.expect("nothing is known of it").survived();
        end_at(&cache, bad);
        // It is neither cleared nor counted where a step is given up.
        drop(begin(bad).await.expect("once is no reason"));
        end_at(&cache, bad);
        let error = begin(bad).await.err().expect("left out").to_string();
        assert!(error.contains("ended 2 times while it loaded its code"), "{error}");
        begin(good).await.expect("another file");
        marks(&cache).begin_aside(bad, LoadStep::Ask).await.expect("another step");
        let once = Arc::new(LoadMarks::new(Some(&cache)));
        once.begin_aside(bad, STEP).await.expect("tried again").survived();
        begin(bad).await.expect("it passed").survived();
        assert_eq!(
            fs::read_dir(cache.with_file_name(LOADING_DIRECTORY)).expect("there").count(),
            0
        );
    }

    #[tokio::test]
    async fn the_mark_of_a_living_process_does_not_count() {
        let root = tempfile::tempdir().expect("a directory");
        let (cache, wasm) = (root.path().join("cache"), Sha256Digest::of(b""));
        let servers = [(); 4].map(|()| marks(&cache));
        let mut held = Vec::new();
        for server in &servers {
            held.push(server.begin_aside(wasm, STEP).await.expect("all of them live"));
        }
        drop(held);
        assert_eq!(
            fs::read_dir(cache.with_file_name(LOADING_DIRECTORY)).expect("there").count(),
            0
        );
    }

    #[tokio::test]
    async fn what_ended_a_process_is_taken_alone() {
        let root = tempfile::tempdir().expect("a directory");
        let cache = root.path().join("cache");
        let (bad, good) = (Sha256Digest::of(b"bad"), Sha256Digest::of(b"good"));
        let own = marks(&cache);
        end_at(&cache, bad);
        let alone = own.begin_aside(bad, STEP).await.expect("once is no reason");
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, own.begin_aside(good, STEP)).await.is_err());
        drop(alone);
        own.begin_aside(good, STEP).await.expect("free");
    }

    #[tokio::test]
    async fn where_no_mark_can_be_written_everything_is_loaded() {
        let root = tempfile::tempdir().expect("a directory");
        let cache = root.path().join("cache");
        fs::write(cache.with_file_name(LOADING_DIRECTORY), "no directory").expect("written");
        marks(&cache).begin_aside(Sha256Digest::of(b""), STEP).await.expect("loaded");
    }
}
