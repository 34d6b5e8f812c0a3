//! A Wasm file to code that can be instantiated: from memory, from the cache, or compiled.
//!
//! The one place where native code is taken for what it is.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::{Cache, Entry, MAX_CACHE};
use super::checks::Checks;
use super::compiler::{CompileError, Compiler};
use super::lifeline::Lifeline;
use super::link::{Linked, link};
use super::sharing::{Kept, Shared};
use super::{Sandbox, one_line};
use crate::failpoint::{self, Point};
use crate::manifest::Sha256Digest;
use crate::text::escape;

/// A Wasm file that is read only if its code is nowhere at hand.
#[derive(Clone)]
pub struct Wasm {
    /// The SHA-256 of the bytes.
    pub digest: Sha256Digest,
    read: Arc<dyn Fn() -> Result<Arc<[u8]>, String> + Send + Sync>,
}

impl Wasm {
    /// A file with this digest. `read` gives the bytes that have it, or says why it cannot; it may
    /// block.
    pub fn new(
        digest: Sha256Digest,
        read: impl Fn() -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    ) -> Self {
        Self { digest, read: Arc::new(read) }
    }

    /// Bytes that are here already.
    #[must_use]
    pub fn of(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self::new(Sha256Digest::of(&bytes), move || Ok(bytes.clone()))
    }

    /// The bytes. Blocks.
    pub(super) fn bytes(&self) -> Result<Arc<[u8]>, CompileError> {
        (self.read)().map_err(CompileError::Unread)
    }
}

/// What code is made with, and where it is found again.
pub(super) struct Codes {
    compiler: Compiler,
    cache: Option<Arc<Shelf>>,
    live: Shared<Made>,
    /// Compilations at once: each can keep a processor busy, and take its memory.
    compiling: Arc<Semaphore>,
    /// Files of the cache read at once: each is in memory whole.
    reading: Arc<Semaphore>,
}

/// The cache, which is opened by the first job that needs it: the disk that it is on may take its time, and
/// nobody who starts waits for it.
pub(super) struct Shelf {
    directory: PathBuf,
    engine: Engine,
    opened: OnceLock<Option<Cache>>,
}

impl Shelf {
    /// The cache, unless its directory is of no use. Blocks.
    pub(super) fn get(&self) -> Option<&Cache> {
        let open = || {
            let settings = self.engine.precompile_compatibility_hash();
            let opened = failpoint::at(Point::CacheOpen).map_err(Into::into);
            let opened = opened.and_then(|()| Cache::open(&self.directory, settings, MAX_CACHE));
            opened
                .inspect_err(|error| {
                    let directory = escape(&self.directory.to_string_lossy());
                    tracing::warn!("compiled code is not kept in {directory}: {error}");
                })
                .ok()
        };
        self.opened.get_or_init(open).as_ref()
    }
}

type Made = Result<Linked, CompileError>;

/// Code of one Wasm file, shared by all plugins that have the same.
pub(super) struct Code {
    pub(super) linked: Linked,
    _kept: Kept<Made>,
}

impl Codes {
    pub(super) fn new(compiler: Compiler, engine: &wasmtime::Engine) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cache = compiler.cache.clone().map(|directory| {
            let engine = engine.clone();
            Arc::new(Shelf { opened: OnceLock::new(), directory, engine })
        });
        Self {
            compiler,
            cache,
            live: Shared::new(),
            compiling: Arc::new(Semaphore::new(processors)),
            reading: Arc::new(Semaphore::new(processors)),
        }
    }

    /// Whether the code of this Wasm is kept on disk.
    pub(super) async fn has(&self, wasm: Sha256Digest) -> bool {
        let has = self.with_cache(move |cache| cache.has(Entry::Code(&wasm)).then_some(()));
        has.await.is_some()
    }

    /// The checks that were passed before.
    pub(super) fn checks(&self) -> Checks {
        Checks::of(self.cache.clone())
    }

    /// Does `job` with the cache, if there is one, where it may block.
    pub(super) async fn with_cache<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Cache) -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let cache = self.cache.clone()?;
        // A cache that fails inside is one that has nothing.
        let job = move || cache.get().and_then(job);
        blocking("asking the cache", &self.reading, job).await.ok()?
    }
}

impl Code {
    /// The code of `wasm`. Nothing here keeps an asynchronous thread busy.
    pub(super) async fn of(sandbox: &Arc<Sandbox>, wasm: Wasm) -> Result<Self, CompileError> {
        let digest = wasm.digest;
        let make = async {
            match make(sandbox, wasm).await {
                // That one file cannot be read says nothing of another with the same bytes.
                Err(error @ CompileError::Unread(_)) => Err(error),
                made => Ok(made),
            }
        };
        let (made, kept) = sandbox.codes.live.get(digest, make).await?;
        Ok(Self { linked: made?, _kept: kept })
    }
}

async fn make(sandbox: &Arc<Sandbox>, wasm: Wasm) -> Made {
    let codes = &sandbox.codes;
    let sandbox = sandbox.clone();
    let (found_by, file) = (sandbox.clone(), wasm.clone());
    if let Some(made) = codes.with_cache(move |cache| cached(&found_by, cache, &file)).await {
        return made;
    }
    let (lifeline, _waiting) = Lifeline::new();
    blocking("compiling it", &codes.compiling, move || compiled(&sandbox, &wasm, &lifeline)).await?
}

/// From the cache, if it is there and of use.
fn cached(sandbox: &Sandbox, cache: &Cache, wasm: &Wasm) -> Option<Made> {
    let code = cache.read(Entry::Code(&wasm.digest))?;
    match load(sandbox, &code) {
        Ok(component) => Some(link(sandbox, &component)),
        Err(error) => {
            tracing::debug!("cached code does not fit this machine: {}", one_line(&error));
            cache.forget(Entry::Code(&wasm.digest));
            None
        }
    }
}

fn compiled(sandbox: &Sandbox, wasm: &Wasm, lifeline: &Lifeline) -> Made {
    let bytes = wasm.bytes()?;
    let code = sandbox.codes.compiler.compile(&bytes, lifeline)?;
    drop(bytes);
    let component = load(sandbox, &code).map_err(|error| {
        CompileError::Host(format!("the compiled code cannot be loaded: {}", one_line(&error)))
    })?;
    if let Some(cache) = sandbox.codes.cache.as_ref().and_then(|cache| cache.get()) {
        cache.keep(Entry::Code(&wasm.digest), &code);
    }
    link(sandbox, &component)
}

/// The component that `code` is, on the engine that it was made for.
fn load(sandbox: &Sandbox, code: &[u8]) -> wasmtime::Result<Component> {
    load_on(&sandbox.ground.engine, code).or_else(|error| match sandbox.concurrent() {
        Ok(ground) => load_on(&ground.engine, code).map_err(|_| error),
        Err(_) => Err(error),
    })
}

#[expect(unsafe_code, reason = "native code cannot be checked, only trusted")]
fn load_on(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: deserializing trusts that the bytes are what wasmtime's own compiler made. They come
    // from that compiler in this process; or from a child that runs this executable, exited with
    // success, and wrote to a pipe that only it and we hold; or from the cache, where their tag was
    // verified with a key that only this user can read, and only the first two are ever sealed.
    unsafe { Component::deserialize(engine, code) }
}

/// Runs what takes long on a thread where that disturbs nobody, when there is a slot. The slot is free
/// when the job is done, even if nobody waits for it any more.
///
/// `what` names the job, should it fail.
pub(super) async fn blocking<T: Send + 'static>(
    what: &'static str,
    slots: &Arc<Semaphore>,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CompileError> {
    let slot = slots.clone().acquire_owned().await;
    let span = tracing::Span::current();
    let job = move || {
        let _slot = slot;
        span.in_scope(job)
    };
    let ran = tokio::task::spawn_blocking(job).await;
    ran.map_err(|error| {
        CompileError::Host(format!("{what} failed inside toolrack: {}", escape(&error.to_string())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_fails_inside_is_named() {
        let slots = Arc::new(Semaphore::new(1));
        let failed = blocking("reading its notes", &slots, || panic!("at \u{202e} once")).await;
        let Err(CompileError::Host(reason)) = failed else { panic!("{failed:?}") };
        assert!(reason.starts_with("reading its notes failed inside toolrack: "), "{reason}");
        assert!(reason.contains("once") && !reason.contains('\u{202e}'), "{reason}");
        assert_eq!(slots.available_permits(), 1, "its slot is free again");
    }
}
