//! The audit log of a process: started, told of calls, and ended when all that waits is written.

use std::sync::Arc;

use super::counts::AuditCounts;
use super::file::{AuditFile, AuditFileError};
use super::line::{self, TokenEvent};
use super::queue::{self, AuditPlace, AuditQueue, AuditThread};
use super::settings::{AuditFiles, AuditSettings, AuditTarget};
use crate::mcp::CallObserver;
use crate::text::escape_path;

/// The reason why there is no audit log.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be written.
    #[error("the audit log {path} cannot be written: {error}")]
    File {
        /// The file.
        path: String,
        /// The reason.
        error: AuditFileError,
    },
    /// The system gives no thread.
    #[error("the thread that writes the audit log cannot be started: {0}")]
    Thread(std::io::Error),
}

/// The audit log. Dropping it writes what waits.
pub struct AuditLog {
    queue: Arc<AuditQueue>,
    counts: Arc<AuditCounts>,
    _thread: AuditThread,
}

impl AuditLog {
    /// Opens the file and starts the thread that writes it.
    pub fn start(settings: AuditSettings) -> Result<Self, AuditError> {
        let AuditSettings { target, with_arguments } = settings;
        let shown = target.to_string();
        let place = match target {
            AuditTarget::Stderr => AuditPlace::Stderr,
            AuditTarget::File(files) => AuditPlace::File(opened(files)?),
        };
        let counts = Arc::<AuditCounts>::default();
        let started = queue::start(place, shown, with_arguments, counts.clone());
        let (queue, thread) = started.map_err(AuditError::Thread)?;
        Ok(Self { queue: Arc::new(queue), counts, _thread: thread })
    }

    /// Checks that such a log could be started. Nothing is made or written.
    pub(crate) fn check(settings: &AuditSettings) -> Result<(), AuditError> {
        let AuditTarget::File(files) = &settings.target else { return Ok(()) };
        let path = escape_path(&files.path);
        AuditFile::check(&files.path).map_err(|error| AuditError::File { path, error })
    }

    /// Writes that a token of a client was added or removed, so that the lines of its calls can be read later, too. Lines on
    /// stderr have nobody who reads them then.
    pub(crate) fn note_token(
        settings: AuditSettings,
        event: TokenEvent,
        name: &str,
        principal: &str,
    ) -> Result<(), AuditError> {
        let AuditTarget::File(files) = settings.target else { return Ok(()) };
        let path = escape_path(&files.path);
        let mut lines = Vec::new();
        line::write_token(event, name, principal, &mut lines);
        let written = AuditFile::open(files).and_then(|mut file| {
            file.append(&lines).map_err(|unwritten| unwritten.error)?;
            file.sync();
            Ok(())
        });
        written.map_err(|error| AuditError::File { path, error })
    }

    /// The one that is to be told of calls.
    pub(crate) fn observer(&self) -> Arc<dyn CallObserver> {
        self.queue.clone()
    }

    /// The number of lines that were written and lost.
    #[must_use]
    pub fn counts(&self) -> Arc<AuditCounts> {
        self.counts.clone()
    }
}

fn opened(files: AuditFiles) -> Result<AuditFile, AuditError> {
    let path = escape_path(&files.path);
    AuditFile::open(files).map_err(|error| AuditError::File { path, error })
}

impl std::fmt::Display for AuditTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stderr => f.write_str("on stderr"),
            Self::File(files) => f.write_str(&escape_path(&files.path)),
        }
    }
}
