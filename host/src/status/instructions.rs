//! The instructions that clients of the same plugins were given last, on disk: a client asks for them before the plugin
//! directories have been looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::catalog::{Catalog, MAX_INSTRUCTIONS};
use crate::home::{PrivateError, private_directory};
use crate::lock::Locking;
use crate::manifest::Sha256Digest;
use crate::regular::read_at_most;
use crate::text::check_text;
use crate::whole::Unfinished;

/// The place of the instructions for some plugin directories.
#[derive(Clone, Debug)]
pub struct RememberedInstructions {
    directory: PathBuf,
    name: String,
}

impl RememberedInstructions {
    /// The place in `directory`, a private one, for the plugins of `plugins` under this locking.
    #[must_use]
    pub fn new(directory: PathBuf, plugins: &[PathBuf], locking: Locking) -> Self {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let plugins: Vec<_> = plugins.iter().map(absolute).collect();
        let digest = Sha256Digest::of(format!("{plugins:?} {locking:?}").as_bytes());
        Self { directory, name: format!("{digest}.txt") }
    }

    /// The instructions, if there are some that a person could have read.
    #[must_use]
    pub fn read(&self) -> Option<Arc<str>> {
        private_directory(&self.directory).ok()?;
        let bytes = read_at_most(&self.directory.join(&self.name), MAX_INSTRUCTIONS).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        check_text(&text).ok().map(|()| text.into())
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
        let bytes = instructions.as_bytes();
        Ok(Unfinished::write_private(&self.directory, Path::new(&self.name), bytes)?.finish()?)
    }
}
