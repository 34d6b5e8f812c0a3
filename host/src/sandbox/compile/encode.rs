//! A core module encoded as a component, by code that is made for build tools and may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
use wit_component::ComponentEncoder;

use crate::text::{clip, escape};

/// Returns the component that `module` becomes with this adapter of WASI. May panic: see [`caught`].
pub(crate) fn encode(module: &[u8], adapter: &[u8]) -> Result<Vec<u8>, String> {
    let words = |error| format!("{error:#}");
    // Validating here would repeat what compiling does.
    let encoder = ComponentEncoder::default().validate(false).module(module).map_err(words)?;
    let encoder = encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter);
    encoder.map_err(words)?.encode().map_err(words)
}

/// Runs code that is made for build tools and trusts its input more than toolrack does. A panic becomes an error.
pub(crate) fn caught<T>(job: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(job)) {
        Ok(done) => done.map_err(shown),
        Err(_) => Err("it is damaged".into()),
    }
}

/// Cuts and escapes a message, since the file chooses parts of it.
pub(crate) fn shown(message: String) -> String {
    escape(clip(&message, 400))
}
