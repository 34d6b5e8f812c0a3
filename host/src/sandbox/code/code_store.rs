//! The step from a Wasm file to code that can be instantiated: from memory, from the cache, or compiled.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::Component;

use super::super::cache::checks::Checks;
use super::super::cache::directory::{Cache, CacheEntry};
use super::super::cache::lazy_cache::LazyCache;
use super::super::cache::load_marks::{LoadMarks, LoadStep};
use super::super::cache::warm_export::{self, WarmWritten};
use super::super::compile::answer_wait::Lifeline;
use super::super::compile::compiler::Compiler;
use super::super::compile::error::CompileError;
use super::super::compile::lanes::{BackgroundTurn, LaneTimeouts, Lanes, Priority};
use super::super::engine::error_text::one_line;
use super::super::engine::setup::Tier;
use super::super::engine::shortage::Shortage;
use super::super::kind::outline::Outline;
use super::super::need::{Need, NeedOf, Needs};
use super::super::run::engines::Engines;
use super::blocking::blocking;
use super::link::{Linked, link};
use super::make_native::{Native, native};
use super::shared_values::{SharedHandle, SharedValues};
use super::trusted_load::load;
use super::wasm_file::Wasm;
use crate::manifest::Sha256Digest;

/// The compiler with its queues, and the places where made code is found again.
pub(crate) struct Codes {
    engines: Engines,
    compiler: Compiler,
    cache: Option<Arc<LazyCache>>,
    marks: Arc<LoadMarks>,
    live: SharedValues<Made>,
    lanes: Lanes,
    wanted: Needs,
    /// The queue of files whose types are to be read.
    outlining: Lanes,
    /// The limit of files of the cache that are read at once: each is in memory whole.
    reading: Arc<Semaphore>,
}

type Made = Result<LinkedCode, CompileError>;

/// Code that is joined to what it imports.
#[derive(Clone)]
struct LinkedCode {
    linked: Linked,
    tier: Tier,
}

/// Code of one Wasm file, shared by all plugins that have the same.
pub(crate) struct Code {
    pub(crate) linked: Linked,
    pub(crate) tier: Tier,
    _kept: SharedHandle<Made>,
}

impl Codes {
    pub(crate) fn new(compiler: Compiler, engines: Engines) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cache = compiler.cache.clone().map(|directory| {
            let engine = engines.usual().clone();
            Arc::new(LazyCache::new(directory, compiler.warm.clone(), engine))
        });
        Self {
            engines,
            marks: Arc::new(LoadMarks::new(compiler.cache.as_deref())),
            compiler,
            cache,
            live: SharedValues::new(),
            lanes: Lanes::new(processors, LaneTimeouts::COMPILING),
            wanted: Needs::default(),
            outlining: Lanes::new(processors, LaneTimeouts::READING_TYPES),
            reading: Arc::new(Semaphore::new(processors)),
        }
    }

    /// The engines that code runs on.
    pub(crate) fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The marks of what is being loaded.
    pub(crate) fn marks(&self) -> &Arc<LoadMarks> {
        &self.marks
    }

    /// True if code of this Wasm is kept on disk.
    pub(crate) async fn has(&self, wasm: Sha256Digest) -> bool {
        self.with_cache(move |cache| cache.has_code(&wasm).then_some(())).await.is_some()
    }

    /// True if optimized code of this Wasm is kept on disk.
    pub(crate) async fn has_optimized(&self, wasm: Sha256Digest) -> bool {
        let has =
            move |cache: &Cache| cache.has(CacheEntry::Code(&wasm, Tier::Optimized)).then_some(());
        self.with_cache(has).await.is_some()
    }

    /// Keeps the code of the Wasm file `of` as that of `twin`, too: a file that differs in what is never compiled.
    pub(crate) async fn keep_for(&self, twin: Sha256Digest, of: Sha256Digest) {
        let copy = move |cache: &Cache| {
            let copied = Tier::ALL.into_iter().filter_map(|tier| {
                let code = cache.read(CacheEntry::Code(&of, tier))?;
                cache.keep(CacheEntry::Code(&twin, tier), &code);
                Some(())
            });
            copied.last()
        };
        let _ = self.with_cache(copy).await;
    }

    /// Writes what the cache has into the directory `to`, for other machines.
    pub(crate) async fn write_warm(&self, to: PathBuf) -> io::Result<WarmWritten> {
        let written = self.with_cache(move |cache| Some(warm_export::write(cache, &to))).await;
        written.unwrap_or_else(|| Err(io::Error::other("the code cannot be kept while it is made")))
    }

    /// The need of the code of this Wasm.
    pub(crate) fn wanted(&self, wasm: Sha256Digest) -> Arc<NeedOf> {
        self.wanted.of(wasm)
    }

    /// The turn of a plugin that has code to get better code.
    pub(crate) async fn background_turn(&self) -> BackgroundTurn {
        self.lanes.background_turn().await
    }

    /// The checks that were passed before.
    pub(crate) fn checks(&self) -> Checks {
        Checks::of(self.cache.clone())
    }

    /// Reads the types of `wasm` in a process of its own: the list waits for what they say.
    pub(crate) async fn outline(
        self: &Arc<Self>,
        wasm: Wasm,
    ) -> Result<Option<Outline>, CompileError> {
        let own = self.clone();
        let job = move |priority, lifeline: &Lifeline| {
            own.compiler.outline(&wasm.bytes()?, priority, lifeline)
        };
        // This need is of another kind than that of its code, which may wait.
        let wanted = NeedOf::default();
        wanted.raise(Need::Listing);
        self.outlining.first(&wanted, job).await
    }

    /// Does `job` with the cache, if there is one, where it may block.
    pub(crate) async fn with_cache<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Cache) -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let cache = self.cache.clone()?;
        // A cache that fails inside counts as one that has nothing.
        let job = move || cache.get().and_then(job);
        blocking("asking the cache", &self.reading, job).await.ok()?
    }
}

impl Code {
    /// Returns the code of `wasm`: the best that is kept, or baseline code made now. Nothing here keeps an asynchronous
    /// thread busy.
    pub(crate) async fn of(codes: &Arc<Codes>, wasm: Wasm) -> Result<Self, CompileError> {
        let digest = wasm.digest;
        let make = async {
            match make(codes, wasm).await {
                // The error of a file that cannot be read says nothing of another file with the same bytes.
                Err(error @ CompileError::Unread(_)) => Err(error),
                made => Ok(made),
            }
        };
        let (made, kept) = codes.live.get(digest, make).await?;
        Self::new(made, kept)
    }

    /// Makes optimized code of `wasm` in the background. All later requests for its code get it.
    pub(crate) async fn optimized(
        codes: &Arc<Codes>,
        wasm: Wasm,
        turn: &BackgroundTurn,
    ) -> Result<Self, CompileError> {
        let digest = wasm.digest;
        let made = optimize(codes, wasm, turn).await?;
        // Where the disk is full, the first code is all that is kept.
        let forget = move |cache: &Cache| {
            let is_kept = cache.has(CacheEntry::Code(&digest, Tier::Optimized));
            is_kept.then(|| cache.forget(CacheEntry::Code(&digest, Tier::Baseline)))
        };
        let _ = codes.with_cache(forget).await;
        let kept = codes.live.put(digest, Ok(made.clone()));
        Self::new(Ok(made), kept)
    }

    fn new(made: Made, kept: SharedHandle<Made>) -> Result<Self, CompileError> {
        let LinkedCode { linked, tier } = made?;
        Ok(Self { linked, tier, _kept: kept })
    }
}

async fn make(codes: &Arc<Codes>, wasm: Wasm) -> Made {
    for tier in [Tier::Optimized, Tier::Baseline] {
        if let Some(made) = cached(codes, &wasm, tier).await {
            return made;
        }
    }
    let (own, wanted) = (codes.clone(), codes.wanted(wasm.digest));
    let job = move |priority, lifeline: &Lifeline| {
        compiled(&own, &wasm, Tier::Baseline, priority, lifeline)
    };
    codes.lanes.first(&wanted, job).await
}

async fn optimize(codes: &Arc<Codes>, wasm: Wasm, turn: &BackgroundTurn) -> Made {
    if let Some(made) = cached(codes, &wasm, Tier::Optimized).await {
        return made;
    }
    let own = codes.clone();
    let job = move |priority, lifeline: &Lifeline| {
        compiled(&own, &wasm, Tier::Optimized, priority, lifeline)
    };
    codes.lanes.background(turn, job).await
}

/// Returns the code of `wasm` from the cache. `None` if it is not there or of no use.
async fn cached(codes: &Arc<Codes>, wasm: &Wasm, tier: Tier) -> Option<Made> {
    let (own, digest) = (codes.clone(), wasm.digest);
    codes.with_cache(move |cache| find(&own, cache, &digest, tier)).await
}

/// Finds the code of `wasm` in the cache, as [`cached`] does. Blocks.
fn find(codes: &Codes, cache: &Cache, wasm: &Sha256Digest, tier: Tier) -> Option<Made> {
    let entry = CacheEntry::Code(wasm, tier);
    let code = cache.read(entry)?;
    let step = match codes.marks.begin(*wasm, LoadStep::Code) {
        Ok(step) => step,
        Err(left_out) => return Some(Err(left_out)),
    };
    match load(&codes.engines, &code) {
        Ok(component) => {
            let made = join(codes, &component, tier);
            step.survived();
            Some(made)
        }
        Err(error) => {
            if let Some(short) = short_of(&error) {
                return Some(Err(short));
            }
            tracing::debug!("cached code does not fit this machine: {}", one_line(&error));
            cache.forget(entry);
            None
        }
    }
}

/// Returns the code of `wasm`, compiled now, or by another host that is at it already.
fn compiled(
    codes: &Codes,
    wasm: &Wasm,
    tier: Tier,
    priority: Priority,
    lifeline: &Lifeline,
) -> Made {
    let cache = codes.cache.as_ref().and_then(|cache| cache.get());
    let Some(cache) = cache else {
        return compiled_here(codes, None, wasm, tier, priority, lifeline);
    };
    let _at_work = cache.make(CacheEntry::Code(&wasm.digest, tier), || !lifeline.is_cut());
    if lifeline.is_cut() {
        return Err(CompileError::Abandoned);
    }
    // Where most of it was compiled before, it is optimized at once.
    let tiers = [Tier::Optimized, tier];
    let found = tiers.into_iter().find_map(|tier| find(codes, cache, &wasm.digest, tier));
    found.unwrap_or_else(|| compiled_here(codes, Some(cache), wasm, tier, priority, lifeline))
}

fn compiled_here(
    codes: &Codes,
    cache: Option<&Cache>,
    wasm: &Wasm,
    tier: Tier,
    priority: Priority,
    lifeline: &Lifeline,
) -> Made {
    let bytes = wasm.bytes()?;
    let Native { code, tier } = native(&codes.compiler, cache, &bytes, tier, priority, lifeline)?;
    drop(bytes);
    let step = codes.marks.begin(wasm.digest, LoadStep::Code)?;
    let component = load(&codes.engines, &code).map_err(|error| {
        short_of(&error).unwrap_or_else(|| {
            // It was made just now, for this very engine: it asks for more than the engine gives.
            let reason = one_line(&error);
            CompileError::Refused(format!("the compiled code cannot be loaded: {reason}"))
        })
    })?;
    if let Some(cache) = cache {
        cache.keep(CacheEntry::Code(&wasm.digest, tier), &code);
    }
    let made = join(codes, &component, tier);
    step.survived();
    made
}

/// Returns the error of code that this machine cannot load now. `None` if `error` has another reason.
fn short_of(error: &wasmtime::Error) -> Option<CompileError> {
    Shortage::of(error).map(|shortage| CompileError::Host(shortage.told(error)))
}

fn join(codes: &Codes, component: &Component, tier: Tier) -> Made {
    Ok(LinkedCode { linked: link(&codes.engines, component)?, tier })
}
