//! The engines that guests run on, each with what its guests may import.

use std::sync::OnceLock;

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use super::super::engine::error_text::one_line;
use super::super::engine::setup;
use super::linker::linker;
use super::store::StoreState;

/// The usual engine, and the one of components with asynchronous functions.
pub(crate) struct Engines {
    usual: GuestEngine,
    /// Made when there is such a component.
    concurrent: OnceLock<Result<GuestEngine, String>>,
}

/// An engine, and what its guests may import.
pub(crate) struct GuestEngine {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<StoreState>,
}

impl GuestEngine {
    fn new(engine: Engine) -> wasmtime::Result<Self> {
        let linker = linker(&engine)?;
        Ok(Self { engine, linker })
    }
}

impl Engines {
    /// Sets up the usual engine.
    pub(crate) fn new() -> wasmtime::Result<Self> {
        let usual = setup::running().and_then(GuestEngine::new)?;
        Ok(Self { usual, concurrent: OnceLock::new() })
    }

    /// The engine of most guests.
    pub(crate) fn usual(&self) -> &Engine {
        &self.usual.engine
    }

    /// Returns the engine of a component, with what its guests may import.
    pub(crate) fn of(&self, component: &Component) -> Result<&GuestEngine, String> {
        if self.is_usual(component) { Ok(&self.usual) } else { self.concurrent() }
    }

    /// True if a component runs on the usual engine: it has no asynchronous functions, futures or streams.
    pub(crate) fn is_usual(&self, component: &Component) -> bool {
        Engine::same(component.engine(), &self.usual.engine)
    }

    /// Returns the engine of components with asynchronous functions, with what their guests may import.
    pub(crate) fn concurrent(&self) -> Result<&GuestEngine, String> {
        let concurrent = self.concurrent.get_or_init(|| {
            setup::concurrent().and_then(GuestEngine::new).map_err(|error| one_line(&error))
        });
        concurrent.as_ref().map_err(Clone::clone)
    }
}
