//! A plugin's code, in memory while it is used: a plugin that is only listed needs none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Sandbox;
use super::code::{Code, Wasm};
use super::compiler::CompileError;
use super::engine::Tier;
use super::lanes::{BackgroundTurn, Need, Wanted};
use crate::manifest::Kind;

/// Code that can be let go, and is made anew from its Wasm or the cache.
pub(super) struct Held {
    wasm: Wasm,
    kind: Kind,
    // A lock and not a snapshot: calls that find nothing put back what they load. Never held meanwhile.
    code: Mutex<Option<Arc<Code>>>,
}

impl Held {
    /// Holds `code`, which was made of `wasm`.
    pub(super) fn new(wasm: Wasm, code: Code) -> Self {
        let kind = code.linked.kind();
        Self { code: Mutex::new(Some(Arc::new(code))), ..Self::resting(wasm, kind) }
    }

    /// Code of `wasm` that is not in memory yet.
    pub(super) fn resting(wasm: Wasm, kind: Kind) -> Self {
        Self { wasm, kind, code: Mutex::new(None) }
    }

    /// The file that it is the code of.
    pub(super) fn wasm(&self) -> &Wasm {
        &self.wasm
    }

    /// The kind of plugin that it is the code of.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The code, if it is in memory.
    pub(super) fn now(&self) -> Option<Arc<Code>> {
        self.code().clone()
    }

    /// Lets the code be made before that of plugins which nobody calls.
    pub(super) fn want(&self, sandbox: &Sandbox) -> Arc<Wanted> {
        let wanted = sandbox.codes.wanted(self.wasm.digest);
        wanted.raise(Need::Call);
        wanted
    }

    /// The code; loaded if it is not in memory, by the first who asks.
    pub(super) async fn get(&self, sandbox: &Arc<Sandbox>) -> Result<Arc<Code>, CompileError> {
        if let Some(code) = self.now() {
            return Ok(code);
        }
        let loaded = Arc::new(Code::of(sandbox, self.wasm.clone()).await?);
        let mut held = self.code();
        match &*held {
            // It has been optimized meanwhile.
            Some(known) if known.tier == Tier::Optimized => Ok(known.clone()),
            Some(_) | None => Ok(held.insert(loaded).clone()),
        }
    }

    /// Has optimized code made, and holds that from then on where it holds any. Calls that run go on with what they
    /// began with.
    pub(super) async fn optimize(
        &self,
        sandbox: &Arc<Sandbox>,
        turn: &BackgroundTurn,
    ) -> Result<(), CompileError> {
        let is_best = match self.now() {
            Some(code) => code.tier == Tier::Optimized,
            None => sandbox.codes.has_optimized(self.wasm.digest).await,
        };
        if is_best {
            return Ok(());
        }
        let code = Code::optimized(sandbox, self.wasm.clone(), turn).await?;
        let mut held = self.code();
        // What rests is loaded from the cache again.
        if held.is_some() {
            *held = Some(Arc::new(code));
        }
        Ok(())
    }

    /// Lets the code go, if the cache has it. Where it is not in memory, the cache is not asked.
    pub(super) async fn rest(&self, sandbox: &Sandbox) {
        if self.now().is_some() && sandbox.codes.has(self.wasm.digest).await {
            *self.code() = None;
        }
    }

    fn code(&self) -> MutexGuard<'_, Option<Arc<Code>>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
