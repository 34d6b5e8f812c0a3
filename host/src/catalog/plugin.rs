//! One plugin made ready to serve: a checked manifest and its bytes become a guest with known tools.

use std::path::PathBuf;
use std::sync::Arc;

use super::MAX_TOLD;
use super::breaker::{Breaker, Paused};
use super::error::PluginError;
use super::offer::{Offer, PluginTool, offer};
use super::refusal::{Refusal, Refused};
use super::tool_names::ToolNames;
use super::unmet::ToolNeeds;
use super::wit::WitFile;
use crate::manifest::{
    Decisions, Grants, Kind, Limits, Manifest, ManifestError, Sha256Digest, local_of,
};
use crate::name::{PluginName, ToolName};
use crate::sandbox::{
    BackgroundTurn, Declared, Guest, Notes, Readiness, Sandbox, Unverified, Wasm,
};
use crate::secret::{MissingSecret, PatientKeyring, Secrets};
use crate::tool::{ToolSpec, UnfitTool};

/// A plugin that can serve.
pub struct Plugin {
    /// Its name.
    pub name: PluginName,
    /// Its manifest's file, as shown to people.
    pub file: String,
    /// The SHA-256 of its Wasm: its version.
    pub digest: Sha256Digest,
    /// Its Wasm file, as the manifest names it.
    wasm: Box<str>,
    pub(super) guest: Guest,
    pub(super) breaker: Breaker,
    pub(super) tools: Vec<PluginTool>,
    /// What it has and cannot offer.
    pub(super) unfit: Vec<UnfitTool>,
    /// What is wrong with the `.wit` file beside its manifest.
    pub(super) unnoted: Option<Refusal>,
    /// What its tools may lack.
    pub(super) lacking: ToolNeeds,
    /// What its operator should know, which does it no harm.
    pub(super) warnings: Vec<Refusal>,
    /// Tools that the local file speaks of and that it does not have, and what to say of that.
    absent_tools: Vec<(String, ManifestError)>,
    /// What its tools are called, also those that are hidden.
    names: ToolNames,
    /// What the local file beside its manifest decided, if there is one.
    decisions: Option<Decisions>,
}

/// What a plugin is made of.
pub struct Parts {
    /// Its manifest's file, as shown to people.
    pub file: String,
    /// The directory that this lies in.
    pub directory: PathBuf,
    /// What the manifest says.
    pub manifest: Manifest,
    /// Its Wasm.
    pub wasm: Wasm,
    /// What tells more of its functions, if there is such a file.
    pub wit: Option<WitFile>,
}

impl Plugin {
    /// A plugin whose tools are known, in a tokio runtime. Where its file tells of them it is not compiled: only
    /// [`verify`](Self::verify) makes sure of what the file says. Listing is limited like a call; what keeps a thread
    /// busy gets a blocking one.
    pub async fn load(sandbox: Arc<Sandbox>, parts: Parts) -> Result<Self, PluginError> {
        let Parts { file, directory, manifest, wasm, wit } = parts;
        let name = manifest.wasm.clone();
        let digest = wasm.digest;
        if let Some(pinned) = manifest.sha256.filter(|pinned| *pinned != digest) {
            return Err(PluginError::Pin { wasm: name, pinned, found: digest });
        }
        let (limits, grants) = (manifest.limits.clone(), manifest.grants.clone());
        let secrets = Secrets::of(Some(&directory), sandbox.home());
        let guest = Guest::load(sandbox, wasm, limits, grants).await;
        let guest = guest.map_err(|error| PluginError::compile(&name, &file, error))?;
        let found = guest.kind();
        if let Some(stated) = manifest.kind.filter(|stated| *stated != found) {
            return Err(PluginError::Kind { wasm: name, found, stated });
        }
        let guest = guest.with_secrets(secrets.with_keyring(PatientKeyring::of_system()));
        let guest = guest.declaring(Declared::of(&manifest));
        let wit = wit.filter(|_| found == Kind::Functions);
        let (notes, unnoted) = noted(wit).await?;
        let listed = guest.noted_tools(&notes).await;
        let listed = listed.map_err(|error| PluginError::list(&name, &file, error))?;
        match (listed.tools.is_empty(), found) {
            (false, _) => {}
            (true, Kind::Command) => return Err(PluginError::undeclared(name, &file, &manifest)),
            (true, Kind::Tools | Kind::Functions) => return Err(PluginError::NoTools(name)),
        }
        let (place, plugin) = (file.clone(), manifest.name.clone());
        let decisions = manifest.decisions.clone();
        let lacking = ToolNeeds::new(manifest.lists_ungranted, &guest);
        let checks = guest.checks();
        // A large schema takes its time.
        let offer = guest.aside(move || offer(&place, &manifest, found, listed, &checks)).await;
        let Offer { tools, unfit, idle, names } =
            offer.map_err(|error| PluginError::Inside(error.to_string()))??;
        let warning = |error: &ManifestError| Refusal::warning(local_of(&file), error.to_string());
        let missing = guest.missing_folders().iter();
        let missing = missing.map(|error| {
            Refusal::warning(&*file, format!("{error}; the plugin is served without it meanwhile"))
        });
        let idle_told = idle.iter().take(MAX_TOLD).map(|(_, error)| warning(error));
        let warnings = idle_told.chain(missing).collect();
        let absent_tools = idle;
        if guest.readiness() == Readiness::Ready {
            guest.rest().await;
        }
        let breaker = Breaker::new(plugin.clone(), guest.limits().crashes);
        Ok(Self {
            name: plugin,
            file,
            wasm: name,
            digest,
            guest,
            breaker,
            tools,
            unfit,
            unnoted,
            lacking,
            warnings,
            absent_tools,
            names,
            decisions,
        })
    }

    /// Has its code made, if there is none, and compared with what it is listed by. Until that is done, calls wait.
    pub async fn verify(&self) -> Result<(), PluginError> {
        if matches!(self.readiness(), Readiness::Ready | Readiness::Remaking) {
            return Ok(());
        }
        self.guest.verify().await.map_err(|error| match error {
            Unverified::Code(error) => PluginError::compile(&self.wasm, &self.file, error),
            Unverified::List(error) => PluginError::list(&self.wasm, &self.file, error),
            Unverified::Disagrees(problem) => {
                PluginError::Disagrees { wasm: self.wasm.clone(), problem }
            }
        })?;
        self.guest.rest().await;
        Ok(())
    }

    /// Whether it can be called now, as far as its code goes.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.guest.readiness()
    }

    /// Has optimized code made of it, in its turn, and called from then on. Where there can be none, it goes on with what
    /// it has.
    pub async fn optimize(&self, turn: &BackgroundTurn) {
        if let Err(error) = self.guest.optimize(turn).await {
            tracing::info!(plugin = self.name.as_str(), "its code is not optimized: {error}");
        }
    }

    /// What it may reach.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        self.guest.grants()
    }

    /// The secrets that it is granted, cannot do without, and that have no value now. Reads files and may ask the keyring, so it blocks.
    #[must_use]
    pub fn missing_secrets(&self) -> Vec<MissingSecret> {
        self.guest.missing_secrets()
    }

    /// Its tools as a client is told of them, whether or not another plugin has their names, each with the
    /// digest of that.
    pub fn definitions(&self) -> impl Iterator<Item = (&ToolName, &ToolSpec, Sha256Digest)> {
        self.tools.iter().map(|tool| (&tool.name, &tool.spec, tool.digest))
    }

    /// How it is left alone, if it is because it keeps crashing.
    #[must_use]
    pub fn paused(&self) -> Option<Paused> {
        self.breaker.paused()
    }

    /// What it has and cannot offer.
    #[must_use]
    pub fn unfit(&self) -> &[UnfitTool] {
        &self.unfit
    }

    /// What is wrong with the `.wit` file beside its manifest, which does it no harm.
    #[must_use]
    pub fn unnoted(&self) -> Option<&Refusal> {
        self.unnoted.as_ref()
    }

    /// What its operator should know, which does it no harm.
    #[must_use]
    pub fn warnings(&self) -> &[Refusal] {
        &self.warnings
    }

    /// What to say of the tool `name`, if the local file speaks of it and the plugin does not have it.
    #[must_use]
    pub fn lacks_tool(&self, name: &str) -> Option<&ManifestError> {
        self.absent_tools.iter().find(|(absent, _)| absent == name).map(|(_, error)| error)
    }

    /// Its own name for the tool that a person calls `name`, by that or by the name that a client sees.
    #[must_use]
    pub fn own_name(&self, name: &str) -> Option<&str> {
        self.names.own_name(name)
    }

    /// The other names that a person may know the tool of this own name by.
    #[must_use]
    pub fn other_names(&self, own: &str) -> Vec<String> {
        self.names.other_names(own)
    }

    /// What the local file beside its manifest decided, if there is one.
    #[must_use]
    pub fn decisions(&self) -> Option<&Decisions> {
        self.decisions.as_ref()
    }

    /// The limits of one call.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.guest.limits()
    }
}

/// What `wit` says, or what is wrong with it.
async fn noted(wit: Option<WitFile>) -> Result<(Notes, Option<Refusal>), PluginError> {
    let Some(wit) = wit else { return Ok((Notes::default(), None)) };
    let file = wit.file.clone();
    let notes = tokio::task::spawn_blocking(move || wit.notes()).await;
    // Whatever a parser falls over does the plugin no harm.
    let notes =
        notes.unwrap_or_else(|_| Ok(Err(format!("{file}: reading it failed inside toolrack"))));
    Ok(match notes? {
        Ok(notes) => (notes, None),
        Err(reason) => {
            let unnoted = Refusal { refused: Refused::Notes, ..Refusal::plugin(file, reason) };
            (Notes::default(), Some(unnoted))
        }
    })
}
