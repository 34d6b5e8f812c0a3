//! A plugin's code, in memory while it is used: a plugin that is only listed needs none.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::super::compile::error::CompileError;
use super::super::compile::lanes::BackgroundTurn;
use super::super::engine::setup::Tier;
use super::super::need::{Need, NeedOf};
use super::code_store::{Code, Codes};
use super::wasm_file::Wasm;
use crate::manifest::PluginKind;
use crate::sync::lock;

/// Code that can be let go, and is made anew from its Wasm or the cache.
pub(crate) struct LazyCode {
    wasm: Wasm,
    kind: PluginKind,
    // This is a lock and not a snapshot: calls that find no code put back what they load. It is never held while they
    // load.
    code: Arc<Mutex<Option<Arc<Code>>>>,
    remaking: Mutex<Option<Remaking>>,
}

/// The making of code that was let go and that the cache has not. It goes on when callers give up waiting for it.
struct Remaking {
    done: watch::Receiver<Option<Result<(), CompileError>>>,
    job: AbortHandle,
}

impl Drop for Remaking {
    fn drop(&mut self) {
        self.job.abort();
    }
}

impl LazyCode {
    /// Holds `code`, which was made of `wasm`.
    pub(crate) fn new(wasm: Wasm, code: Code) -> Self {
        let kind = code.linked.kind();
        let code = Arc::new(Mutex::new(Some(Arc::new(code))));
        Self { code, ..Self::resting(wasm, kind) }
    }

    /// Code of `wasm` that is not in memory yet.
    pub(crate) fn resting(wasm: Wasm, kind: PluginKind) -> Self {
        Self { wasm, kind, code: Arc::default(), remaking: Mutex::default() }
    }

    /// The file that it is the code of.
    pub(crate) fn wasm(&self) -> &Wasm {
        &self.wasm
    }

    /// The kind of plugin that it is the code of.
    pub(crate) fn kind(&self) -> PluginKind {
        self.kind
    }

    /// The code, if it is in memory.
    pub(crate) fn now(&self) -> Option<Arc<Code>> {
        self.code().clone()
    }

    /// Lets the code be made before that of plugins which no call waits for.
    pub(crate) fn want(&self, codes: &Codes) -> Arc<NeedOf> {
        let wanted = codes.wanted(self.wasm.digest);
        wanted.raise(Need::Call);
        wanted
    }

    /// Returns the code. The first caller loads it if it is not in memory.
    pub(crate) async fn get(&self, codes: &Arc<Codes>) -> Result<Arc<Code>, CompileError> {
        if let Some(code) = self.now() {
            return Ok(code);
        }
        let loaded = Code::of(codes, self.wasm.clone()).await?;
        Ok(hold(&self.code, loaded))
    }

    /// Waits for the code to be made anew, by a job that goes on when callers give up.
    pub(crate) async fn remade(&self, codes: &Arc<Codes>) -> Result<(), CompileError> {
        let mut done = self.remake(codes);
        match done.wait_for(Option::is_some).await.map(|done| done.clone()) {
            Ok(Some(made)) => made,
            Ok(None) | Err(_) => Err(CompileError::Abandoned),
        }
    }

    /// True if the code is being made anew.
    pub(crate) fn is_being_remade(&self) -> bool {
        let remaking = lock(&self.remaking);
        remaking.as_ref().is_some_and(|remaking| remaking.done.borrow().is_none())
    }

    fn remake(&self, codes: &Arc<Codes>) -> watch::Receiver<Option<Result<(), CompileError>>> {
        let mut remaking = lock(&self.remaking);
        if let Some(remaking) = &*remaking
            && remaking.done.borrow().is_none()
        {
            return remaking.done.clone();
        }
        let (ended, done) = watch::channel(None);
        let (codes, wasm, held) = (codes.clone(), self.wasm.clone(), self.code.clone());
        let job = async move {
            let made = Code::of(&codes, wasm).await;
            ended.send_replace(Some(made.map(|code| drop(hold(&held, code)))));
        };
        let job = tokio::spawn(job.in_current_span()).abort_handle();
        *remaking = Some(Remaking { done: done.clone(), job });
        done
    }

    /// Has optimized code made, and holds that from then on where it holds any. Calls that run go on with what they
    /// began with.
    pub(crate) async fn optimize(
        &self,
        codes: &Arc<Codes>,
        turn: &BackgroundTurn,
    ) -> Result<(), CompileError> {
        let is_best = match self.now() {
            Some(code) => code.tier == Tier::Optimized,
            None => codes.has_optimized(self.wasm.digest).await,
        };
        if is_best {
            return Ok(());
        }
        let code = Code::optimized(codes, self.wasm.clone(), turn).await?;
        let mut held = self.code();
        // Code that is not in memory is loaded from the cache when it is used again.
        if held.is_some() {
            *held = Some(Arc::new(code));
        }
        Ok(())
    }

    /// Lets the code go, if the cache has it. Where it is not in memory, the cache is not asked.
    pub(crate) async fn rest(&self, codes: &Codes) {
        if self.now().is_some() && codes.has(self.wasm.digest).await {
            *self.code() = None;
        }
    }

    fn code(&self) -> MutexGuard<'_, Option<Arc<Code>>> {
        lock(&self.code)
    }
}

/// Holds `loaded` from now on, unless it has been optimized meanwhile. Returns what is held.
fn hold(code: &Mutex<Option<Arc<Code>>>, loaded: Code) -> Arc<Code> {
    let mut held = lock(code);
    match &*held {
        Some(known) if known.tier == Tier::Optimized => known.clone(),
        Some(_) | None => held.insert(Arc::new(loaded)).clone(),
    }
}
