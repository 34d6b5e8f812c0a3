//! A preview 1 program, a core module with `_start`, to a component.

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;

use super::{exit, imports};
use crate::sandbox::compile::encode::{caught, encode};

/// The reason why a program cannot run here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModuleError {
    /// It has an import that nothing here provides.
    #[error("this WASI program cannot run here: {0}")]
    Import(String),
    /// It is damaged, or does not keep the rules of preview 1.
    #[error("this WASI program cannot be turned into a component: {0}")]
    NotEncodable(String),
}

/// The component that `module` becomes.
pub(crate) fn component(module: &[u8]) -> Result<Vec<u8>, ModuleError> {
    imports::check(module).map_err(ModuleError::Import)?;
    let adapter = WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
    caught(|| encode(&exit::redirected(module)?, adapter)).map_err(ModuleError::NotEncodable)
}
