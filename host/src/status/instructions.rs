//! The instructions that clients of the same plugins were given last, on disk: a client asks for them before the plugin
//! directories have been looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::catalog::{Catalog, MAX_INSTRUCTIONS};
use crate::fs::atomic_write::Unfinished;
use crate::fs::bounded_read::read_at_most;
use crate::home::{PrivateError, private_directory};
use crate::lockfile::LockPolicy;
use crate::manifest::Sha256Digest;
use crate::text::check_text;

/// The limit on files in plugin directories. Beyond it nothing is remembered, and a client waits for the instructions.
const MAX_REMEMBERED_FILES: usize = 4096;
/// The size limit of the line that says which files there were, in bytes.
const MAX_STATE: usize = 128;

/// The place of the instructions for some plugin directories.
#[derive(Clone, Debug)]
pub struct RememberedInstructions {
    directory: PathBuf,
    name: String,
    /// The plugin directories.
    plugins: Vec<PathBuf>,
}

impl RememberedInstructions {
    /// The place in `directory`, a private one, for the plugins of `plugins` under this locking.
    #[must_use]
    pub fn new(directory: PathBuf, plugins: &[PathBuf], locking: LockPolicy) -> Self {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let plugins: Vec<_> = plugins.iter().map(absolute).collect();
        let digest = Sha256Digest::of(format!("{plugins:?} {locking:?}").as_bytes());
        Self { directory, name: format!("{digest}.txt"), plugins }
    }

    /// The instructions, if there are some that a person could have read, and the plugins that they speak of lie there
    /// as they did: one that was removed, changed or held back since speaks no more.
    #[must_use]
    pub fn read(&self) -> Option<Arc<str>> {
        private_directory(&self.directory).ok()?;
        let most = MAX_INSTRUCTIONS + MAX_STATE;
        let bytes = read_at_most(&self.directory.join(&self.name), most).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (state, text) = text.split_once('\n')?;
        check_text(text)
            .ok()
            .filter(|()| self.state().as_deref() == Some(state))
            .map(|()| text.into())
    }

    /// Returns the names, sizes and times of the files in the plugin directories. `None` where they cannot be read
    /// soon.
    fn state(&self) -> Option<String> {
        let mut files = Vec::new();
        for directory in &self.plugins {
            let Ok(entries) = std::fs::read_dir(directory) else { continue };
            for entry in entries {
                let entry = entry.ok()?;
                // Past links: what they lead to is what is served.
                let found = std::fs::metadata(entry.path()).ok();
                let facts = found.map(|found| (found.len(), found.modified().ok()));
                files.push((directory, entry.file_name(), facts));
                if files.len() > MAX_REMEMBERED_FILES {
                    return None;
                }
            }
        }
        files.sort();
        Some(Sha256Digest::of(format!("{files:?}").as_bytes()).to_string())
    }

    /// Keeps those of every whole catalog that is published, as long as there are any.
    pub async fn follow(self, mut catalog: watch::Receiver<Option<Arc<Catalog>>>) {
        let mut kept = None;
        loop {
            let published = catalog.borrow_and_update().clone();
            let whole = published.filter(|catalog| !catalog.is_provisional());
            if let Some(instructions) = whole.and_then(|catalog| catalog.instructions())
                && kept.as_ref() != Some(&instructions)
            {
                let (own, text) = (self.clone(), instructions.clone());
                kept = Some(instructions);
                let written = tokio::task::spawn_blocking(move || own.write(&text)).await;
                if let Ok(Err(error)) = written {
                    tracing::debug!("instructions for the next start are not kept: {error}");
                }
            }
            if catalog.changed().await.is_err() {
                return;
            }
        }
    }

    fn write(&self, instructions: &str) -> Result<(), PrivateError> {
        private_directory(&self.directory)?;
        let Some(state) = self.state() else { return Ok(()) };
        let text = format!("{state}\n{instructions}");
        let file =
            Unfinished::write_private(&self.directory, Path::new(&self.name), text.as_bytes())?;
        Ok(file.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_of_plugins_counts_as_long_as_they_lie_there_as_they_did() {
        let root = tempfile::tempdir().expect("a directory");
        let plugins = root.path().join("plugins");
        std::fs::create_dir(&plugins).expect("made");
        let file =
            |name: &str, text: &str| std::fs::write(plugins.join(name), text).expect("written");
        file("a.toml", "");
        let kept = root.path().join("kept");
        let own =
            RememberedInstructions::new(kept, std::slice::from_ref(&plugins), LockPolicy::Followed);
        own.write("a is there").expect("kept");
        assert_eq!(own.read().as_deref(), Some("a is there"));
        // A lock may hold back what was served before.
        file("toolrack.lock", "{}");
        assert_eq!(own.read(), None);
        own.write("a is there").expect("kept");
        std::fs::remove_file(plugins.join("a.toml")).expect("removed");
        assert_eq!(own.read(), None);
    }
}
