//! A plugin's code, in memory while it is used: a plugin that is only listed needs none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Sandbox;
use super::code::{Code, Wasm};
use super::compiler::CompileError;
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
        Self { wasm, kind, code: Mutex::new(Some(Arc::new(code))) }
    }

    /// Code of `wasm` that is not in memory yet.
    pub(super) fn resting(wasm: Wasm, kind: Kind) -> Self {
        Self { wasm, kind, code: Mutex::new(None) }
    }

    /// What it is the code of.
    pub(super) fn wasm(&self) -> &Wasm {
        &self.wasm
    }

    /// What kind of plugin it is the code of.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The code, if it is in memory.
    pub(super) fn now(&self) -> Option<Arc<Code>> {
        self.code().clone()
    }

    /// The code; loaded if it is not in memory, by the first who asks.
    pub(super) async fn get(&self, sandbox: &Arc<Sandbox>) -> Result<Arc<Code>, CompileError> {
        if let Some(code) = self.now() {
            return Ok(code);
        }
        let code = Arc::new(Code::of(sandbox, self.wasm.clone()).await?);
        *self.code() = Some(code.clone());
        Ok(code)
    }

    /// Lets the code go, if the cache has it. Where it is not in memory, nobody asks the cache once more.
    pub(super) async fn rest(&self, sandbox: &Sandbox) {
        if self.now().is_some() && sandbox.codes.has(self.wasm.digest).await {
            *self.code() = None;
        }
    }

    fn code(&self) -> MutexGuard<'_, Option<Arc<Code>>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
