//! Shares of what the files of guests take of the machine: threads that wait for the file system, and open files.
//!
//! A file system may answer late or never, and its thread cannot be called back. A plugin has a few threads, which its
//! calls share, and so do all plugins together: what hangs is its own, and the host keeps threads and descriptors.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use crate::start_resources::allowed_descriptors;
use crate::sync::named_shares::NamedShares;

/// Threads on which the file system works for one plugin at once.
pub(crate) const MAX_FILE_THREADS_OF_ONE: usize = 16;
/// Threads on which the file system works for all plugins at once: half of those that the host has for such work.
pub(crate) const MAX_FILE_THREADS: usize = 256;
/// Files and directories that one call may hold open.
pub(crate) const MAX_OPEN_OF_CALL: usize = 128;
/// Files and directories that the calls of one plugin may hold open.
pub(crate) const MAX_OPEN_OF_ONE: usize = 1024;
/// Files and directories that all calls may hold open, or half of what the process may, where that is less.
pub(crate) const MAX_OPEN: usize = 4096;

/// The shares of all plugins.
pub(crate) struct FileShares {
    all: Arc<Share>,
    open_of_one: usize,
    plugins: NamedShares<Share>,
}

/// A number of threads and of open files.
struct Share {
    threads: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

/// The share of one call: its own part of its plugin's share, which is a part of all.
#[derive(Clone)]
pub(crate) struct FileShare {
    all: Arc<Share>,
    plugin: Arc<Share>,
    call: Arc<Semaphore>,
}

/// One open file's place. It is free again when this is dropped.
pub(crate) struct OpenPlace {
    _places: [OwnedSemaphorePermit; 3],
    _plugin: Arc<Share>,
}

/// The bound that keeps one more file from being opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPlace {
    /// The call's own.
    #[error(
        "it holds {MAX_OPEN_OF_CALL} files and directories open, which is the most for one call"
    )]
    OfCall,
    /// Its plugin's, or that of all.
    #[error("its calls hold as many files and directories open as they may")]
    OfPlugins,
}

impl Default for FileShares {
    fn default() -> Self {
        let open = allowed_descriptors().map_or(MAX_OPEN, |allowed| MAX_OPEN.min(allowed / 2));
        Self::with_open(open)
    }
}

impl FileShares {
    fn with_open(open: usize) -> Self {
        Self {
            all: Arc::new(Share::new(MAX_FILE_THREADS, open)),
            open_of_one: MAX_OPEN_OF_ONE.min((open / 4).max(1)),
            plugins: NamedShares::default(),
        }
    }

    /// The share of a new call of the plugin of this name.
    pub(crate) fn of_call(&self, plugin: Option<&Arc<str>>) -> FileShare {
        let own = || Share::new(MAX_FILE_THREADS_OF_ONE, self.open_of_one);
        FileShare {
            all: self.all.clone(),
            plugin: self.plugins.of(plugin, own),
            call: Arc::new(Semaphore::new(MAX_OPEN_OF_CALL)),
        }
    }
}

impl Share {
    fn new(threads: usize, open: usize) -> Self {
        Self { threads: Arc::new(Semaphore::new(threads)), open: Arc::new(Semaphore::new(open)) }
    }
}

impl FileShare {
    /// Does `work` on a thread that the file system may block, when there is one for this plugin. The thread is taken
    /// until the work is done, whether or not anything waits for it.
    pub(crate) async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ErrorCode> {
        let plugin = self.plugin.clone();
        // No share is ever closed, and the host's own work does not panic.
        let own = plugin.threads.clone().acquire_owned().await.map_err(|_| ErrorCode::Io)?;
        let of_all = self.all.threads.clone().acquire_owned().await.map_err(|_| ErrorCode::Io)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((own, of_all, plugin));
            result
        });
        done.await.map_err(|_| ErrorCode::Io)
    }

    /// Takes the place of one more open file.
    pub(crate) fn open_place(&self) -> Result<OpenPlace, NoPlace> {
        let place = |of: &Arc<Semaphore>, none| of.clone().try_acquire_owned().map_err(|_| none);
        Ok(OpenPlace {
            _places: [
                place(&self.call, NoPlace::OfCall)?,
                place(&self.plugin.open, NoPlace::OfPlugins)?,
                place(&self.all.open, NoPlace::OfPlugins)?,
            ],
            _plugin: self.plugin.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_that_hangs_takes_its_own_plugins_threads_alone_for_as_long_as_it_hangs() {
        let shares = FileShares::default();
        let hanging: Arc<str> = "hanging".into();
        let (end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(std::sync::Mutex::new(ended));
        for _ in 0..MAX_FILE_THREADS_OF_ONE {
            let ended = ended.clone();
            let work = shares.of_call(Some(&hanging));
            let soon = Duration::from_millis(1);
            let work = work.on_thread(move || crate::sync::lock(&ended).recv().is_ok());
            // Nothing waits for it any more, and no call of the plugin is left.
            assert!(tokio::time::timeout(soon, work).await.is_err());
        }
        let soon = Duration::from_millis(50);
        let next = shares.of_call(Some(&hanging));
        assert!(tokio::time::timeout(soon, next.on_thread(|| ())).await.is_err());
        let other = shares.of_call(Some(&"other".into()));
        assert_eq!(other.on_thread(|| 7).await, Ok(7));
        drop(end);
        assert_eq!(next.on_thread(|| 7).await, Ok(7));
    }

    #[test]
    fn open_files_are_bounded_by_call_plugin_and_host() {
        let shares = FileShares::with_open(1000);
        let (one, two): (Arc<str>, Arc<str>) = ("one".into(), "two".into());
        let fill = |share: &FileShare| -> (Vec<_>, NoPlace) {
            let mut held = Vec::new();
            loop {
                match share.open_place() {
                    Ok(place) => held.push(place),
                    Err(none) => return (held, none),
                }
            }
        };
        let first = shares.of_call(Some(&one));
        let (held, none) = fill(&first);
        assert_eq!((held.len(), none), (MAX_OPEN_OF_CALL, NoPlace::OfCall));
        let (more, none) = fill(&shares.of_call(Some(&one)));
        assert_eq!((more.len(), none), (250 - MAX_OPEN_OF_CALL, NoPlace::OfPlugins));
        assert_eq!(fill(&shares.of_call(Some(&two))).0.len(), MAX_OPEN_OF_CALL);
        drop(held);
        assert!(first.open_place().is_ok());
    }
}
