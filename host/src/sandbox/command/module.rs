//! A preview 1 program, a core module with `_start`, to a component.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
use wit_component::ComponentEncoder;

use super::{exit, imports};

/// Why a program cannot run here.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum ModuleError {
    /// It wants what nothing here provides.
    #[error("this WASI program cannot run here: {0}")]
    Import(String),
    /// It is damaged, or does not keep the rules of preview 1.
    #[error("this WASI program cannot be turned into a component: {0}")]
    NotEncodable(String),
}

/// The component that `module` becomes.
pub(in super::super) fn component(module: &[u8]) -> Result<Vec<u8>, ModuleError> {
    imports::check(module).map_err(ModuleError::Import)?;
    let encode = || -> Result<Vec<u8>, String> {
        let module = exit::redirected(module)?;
        // Validating here would repeat what compiling does.
        let mut encoder = ComponentEncoder::default()
            .validate(false)
            .module(&module)
            .and_then(|encoder| {
                encoder.adapter(imports::PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)
            })
            .map_err(|error| format!("{error:#}"))?;
        encoder.encode().map_err(|error| format!("{error:#}"))
    };
    // The encoder is made for build tools and trusts its input more than we do.
    match catch_unwind(AssertUnwindSafe(encode)) {
        Ok(encoded) => encoded
            .map_err(|problem| ModuleError::NotEncodable(super::super::binary::shown(problem))),
        Err(_) => Err(ModuleError::NotEncodable("it is damaged".into())),
    }
}
