//! The cache of one directory, opened by the job that needs it first.

use std::path::PathBuf;
use std::sync::OnceLock;

use wasmtime::Engine;

use super::directory::{Cache, MAX_CACHE};
use crate::failpoint::{self, Point};
use crate::text::escape_path;

/// The cache, which is opened by the first job that needs it: the disk that it is on may take its time, and no start
/// waits for it.
pub(crate) struct LazyCache {
    directory: PathBuf,
    /// The list of what was compiled elsewhere.
    warm: Option<PathBuf>,
    engine: Engine,
    opened: OnceLock<Option<Cache>>,
}

impl LazyCache {
    /// A cache in `directory` of code for `engine`, which is not opened yet. What the list `warm` names counts, too.
    pub(crate) fn new(directory: PathBuf, warm: Option<PathBuf>, engine: Engine) -> Self {
        Self { directory, warm, engine, opened: OnceLock::new() }
    }

    /// The cache, unless its directory is of no use. Blocks.
    pub(crate) fn get(&self) -> Option<&Cache> {
        let open = || {
            let settings = self.engine.precompile_compatibility_hash();
            let opened = failpoint::at(Point::CacheOpen).map_err(Into::into);
            let opened = opened.and_then(|()| Cache::open(&self.directory, settings, MAX_CACHE));
            opened
                .inspect_err(|error| {
                    let directory = escape_path(&self.directory);
                    tracing::warn!("compiled code is not kept in {directory}: {error}");
                })
                .ok()
                .map(|cache| cache.with_warm(self.warm.as_deref()))
        };
        self.opened.get_or_init(open).as_ref()
    }
}
