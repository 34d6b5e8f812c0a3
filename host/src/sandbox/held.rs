//! A plugin's code, in memory while it is used: a plugin that is only listed needs none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Sandbox;
use super::code::{Code, Wasm};
use super::compiler::CompileError;
use super::link::Linked;

/// Code that can be let go, and is made anew from its Wasm or the cache.
pub(super) struct Held {
    wasm: Wasm,
    // A lock and not a snapshot: calls that find nothing put back what they load. Never held meanwhile.
    code: Mutex<Option<Arc<Code>>>,
}

impl Held {
    /// Holds `code`, which was made of `wasm`.
    pub(super) fn new(wasm: Wasm, code: Code) -> Self {
        Self { wasm, code: Mutex::new(Some(Arc::new(code))) }
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

    /// Lets the code go, if the cache has it. That of functions stays: their types come with it, which
    /// their Wasm would have to be read for.
    pub(super) fn rest(&self, sandbox: &Sandbox) {
        let mut held = self.code();
        let stays = |code: &Arc<Code>| matches!(code.linked, Linked::Functions(_));
        if !held.as_ref().is_some_and(stays) && sandbox.codes.has(&self.wasm.digest) {
            *held = None;
        }
    }

    fn code(&self) -> MutexGuard<'_, Option<Arc<Code>>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
