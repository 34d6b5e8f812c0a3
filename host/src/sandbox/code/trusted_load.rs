//! The one place where bytes are trusted to be native code.
//!
//! Where they come from is not looked into here: `code_store` gives only what the compiler made, what the cache has under this
//! user's seal, or what a list names that the configuration names.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::super::run::engines::Engines;

/// Loads the component that `code` is, on the engine that it was made for.
pub(crate) fn load(engines: &Engines, code: &[u8]) -> wasmtime::Result<Component> {
    load_on(engines.usual(), code).or_else(|error| {
        // wasmtime keeps the types of these errors to itself.
        if !error.to_string().contains("concurrency support") {
            return Err(error);
        }
        let concurrent = engines.concurrent().map_err(wasmtime::Error::msg)?;
        load_on(&concurrent.engine, code)
    })
}

#[expect(unsafe_code, reason = "native code cannot be checked, only trusted")]
fn load_on(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: deserializing trusts that the bytes are what wasmtime's own compiler made. They come
    // from that compiler in this process; or from a child that runs this executable, exited with
    // success, and wrote to a pipe that only it and we hold; or from the cache, where their tag was
    // verified with a key that only this user can read, and only the first two are ever sealed; or
    // from a file with the SHA-256 that a list names, which `toolrack warm` made of such a cache,
    // which the configuration names, and which only root and this user can change.
    unsafe { Component::deserialize(engine, code) }
}
