//! Files that are read again and again while the server runs: what they held last counts.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The time between two looks at a file.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The way from files to what counts.
pub(super) struct FollowedReader<T, R, E> {
    /// Reads the files.
    pub(super) read: Box<dyn Fn() -> Result<R, E> + Send + Sync>,
    /// True if what was read says the same as what counts. Nothing is made of it then.
    pub(super) is_same: fn(&T, &R) -> bool,
    /// Makes what counts now of what counted before and of what was read.
    pub(super) make: fn(Option<&T>, R) -> Result<T, E>,
}

/// Files that are read as `R`, and `T`, which is what they held when they could be read last.
pub(super) struct Followed<T, R, E> {
    reader: Arc<FollowedReader<T, R, E>>,
    current: watch::Sender<T>,
    /// The problem with the files, if there was one when they were looked at last. It is told once.
    problem: Option<String>,
    /// The look at the files that goes on: a file system may take its time, and no client waits for that. It gives nothing
    /// where nothing has changed.
    look: Option<JoinHandle<Result<Option<T>, E>>>,
}

/// The end of a look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LookEnd {
    /// The value that was read last counts on.
    Same,
    /// Something else counts now.
    Changed,
    /// The value that was read last counts on, and the problem was not told yet.
    Problem(String),
}

impl<T, R, E> Followed<T, R, E>
where
    T: Clone + Send + Sync + 'static,
    R: 'static,
    E: Display + Send + 'static,
{
    /// Reads the files for the first time.
    pub(super) fn new(reader: FollowedReader<T, R, E>) -> Result<Self, E> {
        let current = watch::Sender::new((reader.make)(None, (reader.read)()?)?);
        Ok(Self { reader: Arc::new(reader), current, problem: None, look: None })
    }

    /// The value that counts, now and later.
    pub(super) fn subscribe(&self) -> watch::Receiver<T> {
        self.current.subscribe()
    }

    /// Begins to look for changes, unless that goes on already.
    pub(super) fn look(&mut self) {
        if self.look.is_none() {
            let (reader, current) = (self.reader.clone(), self.current.borrow().clone());
            self.look = Some(tokio::task::spawn_blocking(move || {
                let read = (reader.read)()?;
                match (reader.is_same)(&current, &read) {
                    true => Ok(None),
                    false => (reader.make)(Some(&current), read).map(Some),
                }
            }));
        }
    }

    /// Waits for a look to end.
    pub(super) async fn looked(&mut self) -> LookEnd {
        let Some(look) = &mut self.look else { return std::future::pending().await };
        let read = look.await;
        self.look = None;
        match read {
            Ok(Ok(next)) => {
                self.problem = None;
                match next {
                    Some(next) => {
                        self.current.send_replace(next);
                        LookEnd::Changed
                    }
                    None => LookEnd::Same,
                }
            }
            Ok(Err(error)) => {
                let problem = error.to_string();
                let is_new = self.problem.as_ref() != Some(&problem);
                self.problem = Some(problem.clone());
                if is_new { LookEnd::Problem(problem) } else { LookEnd::Same }
            }
            // It ended in a panic, which is told elsewhere.
            Err(_) => LookEnd::Same,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn nothing_is_made_or_told_of_files_that_have_not_changed() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let text = Arc::new(Mutex::new("1"));
        let read = text.clone();
        let reader = FollowedReader {
            read: Box::new(move || Ok(*read.lock().expect("no panic"))),
            is_same: |known: &u32, read: &&str| *read == known.to_string(),
            make: |_, read: &str| {
                MADE.fetch_add(1, Ordering::Relaxed);
                read.parse::<u32>().map_err(|error| error.to_string())
            },
        };
        let mut followed = Followed::new(reader).expect("a number");
        let mut current = followed.subscribe();
        for (next, looked, made) in [
            ("1", LookEnd::Same, 1),
            ("2", LookEnd::Changed, 2),
            ("2", LookEnd::Same, 2),
            ("x", LookEnd::Problem("invalid digit found in string".into()), 3),
            ("x", LookEnd::Same, 4),
            ("2", LookEnd::Same, 4),
        ] {
            *text.lock().expect("no panic") = next;
            followed.look();
            assert_eq!(followed.looked().await, looked, "{next}");
            assert_eq!(MADE.load(Ordering::Relaxed), made, "{next}");
            assert_eq!(current.has_changed().ok(), Some(looked == LookEnd::Changed), "{next}");
            current.mark_unchanged();
        }
        assert_eq!(*current.borrow(), 2);
    }
}
