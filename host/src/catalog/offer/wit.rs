//! The `.wit` file beside a manifest: read and parsed only for a plugin that has a use for it.
//!
//! Where such files lie is not known here, and what they hold is the sandbox's to know.

use std::sync::Arc;

use super::super::error::PluginError;
use crate::sandbox::Notes;

/// A `.wit` file.
pub struct WitFile {
    /// The file as shown to people.
    pub file: String,
    read: Box<dyn FnOnce() -> Result<Arc<[u8]>, WitError> + Send>,
}

/// The reason why a file gives no notes.
#[derive(Debug)]
pub enum WitError {
    /// It does not hold any more what was seen.
    Changed(String),
    /// This machine could not read it, now.
    Failed(String),
    /// It is there and cannot be read; the end of a sentence about it.
    Unreadable(String),
}

impl WitFile {
    /// A file whose bytes `read` gives, which may block.
    pub fn new(
        file: String,
        read: impl FnOnce() -> Result<Arc<[u8]>, WitError> + Send + 'static,
    ) -> Self {
        Self { file, read: Box::new(read) }
    }

    /// Returns the notes of the file, or what is wrong with it as a sentence that begins with its name. Returns the
    /// outer error if the file has changed, or cannot be read now. Blocks.
    pub(crate) fn notes(self) -> Result<Result<Notes, String>, PluginError> {
        const SERVED_WITHOUT_NOTES: &str =
            "; the plugin is served without what this file says of its functions";
        let file = self.file;
        Ok(match (self.read)() {
            Ok(text) => {
                Notes::parse(&text).map_err(|error| format!("{file}:{error}{SERVED_WITHOUT_NOTES}"))
            }
            Err(WitError::Unreadable(reason)) => {
                Err(format!("{file}: it {reason}{SERVED_WITHOUT_NOTES}"))
            }
            Err(WitError::Changed(reason)) => return Err(PluginError::Unread(reason)),
            Err(WitError::Failed(reason)) => {
                return Err(PluginError::Inside(format!("{file}: {reason}")));
            }
        })
    }
}
