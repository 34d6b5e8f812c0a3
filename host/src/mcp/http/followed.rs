//! Files that are read again and again while the server runs: what they held last counts.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The time between two looks at a file.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_secs(1);

type Read<R, E> = dyn Fn() -> Result<R, E> + Send + Sync;

/// Files that are read as `R`, and `T`, which is what they held when they could be read last.
pub(super) struct Followed<T, R, E> {
    read: Arc<Read<R, E>>,
    /// The value that counts now, by the one that counted before and by what was read.
    after: fn(Option<&T>, R) -> T,
    current: watch::Sender<T>,
    /// The problem with the files, if there was one when they were looked at last. It is told once.
    problem: Option<String>,
    /// The look at the files that goes on: a file system may take its time, and no client waits for that.
    look: Option<JoinHandle<Result<R, E>>>,
}

impl<T, R, E> Followed<T, R, E>
where
    T: PartialEq,
    R: Send + 'static,
    E: Display + Send + 'static,
{
    /// Reads the files for the first time.
    pub(super) fn new(
        read: impl Fn() -> Result<R, E> + Send + Sync + 'static,
        after: fn(Option<&T>, R) -> T,
    ) -> Result<Self, E> {
        let current = watch::Sender::new(after(None, read()?));
        Ok(Self { read: Arc::new(read), after, current, problem: None, look: None })
    }

    /// The value that counts, now and later.
    pub(super) fn subscribe(&self) -> watch::Receiver<T> {
        self.current.subscribe()
    }

    /// Begins to look for changes, unless that goes on already.
    pub(super) fn look(&mut self) {
        if self.look.is_none() {
            let read = self.read.clone();
            self.look = Some(tokio::task::spawn_blocking(move || read()));
        }
    }

    /// Waits for a look to end. Returns a problem that was not told yet: what was read last counts on.
    pub(super) async fn looked(&mut self) -> Option<String> {
        let Some(look) = &mut self.look else { return std::future::pending().await };
        let read = look.await;
        self.look = None;
        match read.ok()? {
            Ok(read) => {
                self.problem = None;
                self.current.send_if_modified(|current| {
                    let next = (self.after)(Some(current), read);
                    let is_other = *current != next;
                    *current = next;
                    is_other
                });
                None
            }
            Err(error) => {
                let problem = error.to_string();
                let is_new = self.problem.as_ref() != Some(&problem);
                self.problem = Some(problem.clone());
                is_new.then_some(problem)
            }
        }
    }
}
