//! One plugin on its way: listed, verified, optimized; what is wrong with it in the words of the core.
//!
//! The time and the order of these steps are not known here.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::decide::failed_versions::LoadError;
use super::scan::candidate::Candidate;
use super::scan::hashed_file::HashedFileError;
use crate::catalog::{Parts, Plugin, PluginError, WitError, WitFile};
use crate::sandbox::{CompileError, Readiness, Sandbox, Wasm};

/// The time for which a plugin waits to know which of its secrets have values before its tools are listed.
const SECRETS_WAIT: Duration = Duration::from_secs(1);

/// The stage of a plugin on its way.
pub(super) enum Loaded {
    /// Its tools are known.
    Listed(Arc<Plugin>),
    /// It can be called, too.
    Verified(Arc<Plugin>),
}

/// Loads a plugin, as far as its tools are known.
pub(super) async fn load(
    sandbox: Arc<Sandbox>,
    directory: PathBuf,
    candidate: Candidate,
) -> Result<Loaded, LoadError> {
    let Candidate { file, manifest, wasm, wit } = candidate;
    let wasm = Wasm::new(wasm.digest(), move || {
        wasm.bytes().map_err(|error| match error {
            HashedFileError::Changed => CompileError::Unread(error.to_string()),
            HashedFileError::Unreadable(_) => CompileError::Host(error.to_string()),
        })
    });
    let wit = wit.map(|wit| {
        WitFile::new(wit.file, move || {
            let text = wit.text.map_err(WitError::Unreadable)?;
            text.bytes().map_err(|error| match error {
                HashedFileError::Changed => WitError::Changed(error.to_string()),
                HashedFileError::Unreadable(_) => WitError::Failed(error.to_string()),
            })
        })
    });
    let manifest = Arc::unwrap_or_clone(manifest);
    let loaded = Plugin::load(sandbox, Parts { file, directory, manifest, wasm, wit }).await;
    let plugin = loaded.map(Arc::new).map_err(load_error)?;
    if plugin.requires_secrets() {
        // Which tools are listed depends on them. A keyring that does not answer holds nothing up for long.
        let looked = plugin.clone();
        let look = tokio::task::spawn_blocking(move || looked.look_for_secrets());
        drop(tokio::time::timeout(SECRETS_WAIT, look).await);
    }
    Ok(match plugin.readiness() {
        Readiness::AwaitsCode => Loaded::Listed(plugin),
        Readiness::Ready | Readiness::Remaking | Readiness::FailedForNow | Readiness::Refused => {
            Loaded::Verified(plugin)
        }
    })
}

/// Has the code made of a plugin whose tools are known.
pub(super) async fn verify(plugin: Arc<Plugin>) -> Result<Loaded, LoadError> {
    plugin.verify().await.map_err(load_error)?;
    Ok(Loaded::Verified(plugin))
}

/// Has better code made of a plugin, unless it is replaced before its turn.
pub(super) async fn optimize(sandbox: Arc<Sandbox>, plugin: Weak<Plugin>) {
    let turn = sandbox.background_turn().await;
    if let Some(plugin) = plugin.upgrade() {
        plugin.optimize(&turn).await;
    }
}

fn load_error(error: PluginError) -> LoadError {
    match error {
        PluginError::Unread(_) => LoadError::Changed,
        error if error.may_pass() => LoadError::Failed(error.to_string()),
        error => LoadError::Bad(error.to_string()),
    }
}
