//! One plugin made ready to serve: a checked manifest and its bytes become a guest with known tools.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::admission::breaker::{Breaker, Paused};
use super::bounds::MAX_TOLD;
use super::config_warnings::config_warnings;
use super::error::{PluginError, is_decided, place_of};
use super::offer::tool_names::ToolNames;
use super::offer::tool_needs::ToolNeeds;
use super::offer::tools::{Offer, PluginTool, offer};
use super::offer::wit::WitFile;
use super::refusal::{Refusal, Refused};
use super::result_cache::AnswerVersion;
use crate::manifest::{
    Decisions, GrantName, Grants, Limits, Manifest, ManifestError, Sha256Digest, local_of,
};
use crate::name::{PluginName, ToolName};
use crate::sandbox::{
    BackgroundTurn, Guest, Notes, ProgramDeclarations, Readiness, Sandbox, Unverified, Wasm,
};
use crate::secret::{MissingSecret, PatientKeyring, Secrets};
use crate::suggestion::CommandName;
use crate::tool::{ToolSpec, UnfitTool};

/// Checks of the arguments of one plugin's calls at once.
const MAX_CHECKS: usize = 1;

/// A plugin that can serve.
pub struct Plugin {
    /// Its name.
    pub name: PluginName,
    /// Its manifest's file, as shown to people.
    pub file: String,
    /// The SHA-256 of its Wasm: its version.
    pub digest: Sha256Digest,
    /// Its version as far as answers depend on it. `None` if none of its answers are kept.
    pub(super) answers: Option<AnswerVersion>,
    /// Its Wasm file, as the manifest names it.
    wasm: Box<str>,
    pub(super) guest: Guest,
    pub(super) breaker: Breaker,
    /// The schemes that links in its answers may have, beside `http` and `https`.
    pub(super) link_schemes: BTreeSet<Box<str>>,
    /// The turn of a call whose arguments are checked.
    pub(super) checking: Semaphore,
    pub(super) tools: Vec<PluginTool>,
    /// The functions that it has and cannot offer.
    pub(super) unfit: Vec<UnfitTool>,
    /// The fault of the `.wit` file beside its manifest. `None` if there is no fault.
    pub(super) unnoted: Option<Refusal>,
    /// The grants and secrets that its tools may lack.
    pub(super) lacking: ToolNeeds,
    /// The warnings for its operator, about things that do it no harm.
    pub(super) warnings: Vec<Refusal>,
    /// The tools that the local file speaks of and that it does not have, each with the message that says so.
    absent_tools: Vec<(String, ManifestError)>,
    /// The names of its tools, hidden ones included.
    names: ToolNames,
    /// The decisions of the local file beside its manifest. `None` if there is no such file.
    decisions: Option<Decisions>,
}

/// The parts that a plugin is made of.
pub struct Parts {
    /// Its manifest's file, as shown to people.
    pub file: String,
    /// The directory that the manifest's file lies in.
    pub directory: PathBuf,
    /// The manifest, read and checked.
    pub manifest: Manifest,
    /// Its Wasm.
    pub wasm: Wasm,
    /// The file that tells more of its functions, if there is one.
    pub wit: Option<WitFile>,
}

impl Plugin {
    /// Loads a plugin with its tools, in a tokio runtime. Where its file tells of them it is not compiled: only
    /// [`verify`](Self::verify) makes sure of what the file says. Listing is limited like a call; work that keeps a
    /// thread busy gets a blocking one.
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
        let decisions = manifest.decisions.clone();
        let link_schemes = manifest.link_schemes.clone();
        let guest =
            guest.map_err(|error| PluginError::compile(&name, &file, decisions.as_ref(), error))?;
        let found = guest.kind();
        if let Some(stated) = manifest.kind.filter(|stated| *stated != found) {
            return Err(PluginError::Kind { wasm: name, found, stated });
        }
        let guest = guest.of_plugin(manifest.name.as_str());
        let guest = guest.with_secrets(secrets.with_keyring(PatientKeyring::of_system()));
        let guest = guest.declaring(ProgramDeclarations::of(&manifest));
        let wit = wit.filter(|_| found.has_interfaces());
        let (notes, unnoted) = noted(wit).await?;
        let listed = guest.noted_tools(&notes).await;
        let listed = listed.map_err(|error| PluginError::list(&name, &file, error))?;
        match (listed.tools.is_empty(), found.manifest_declares_tools()) {
            (false, _) => {}
            (true, true) => return Err(PluginError::undeclared(name, &file, &manifest)),
            (true, false) => return Err(PluginError::NoTools(name)),
        }
        let (place, plugin) = (file.clone(), manifest.name.clone());
        let config = config_warnings(&file, &manifest);
        let lacking = ToolNeeds::new(&manifest, &guest);
        let is_kept = manifest.tools.iter().any(|tool| tool.cache.is_some());
        let answers = is_kept.then(|| AnswerVersion::of(&file, digest, &manifest));
        let checks = guest.checks();
        // A large schema takes its time.
        let offer = guest.aside(move || offer(&place, &manifest, found, listed, &checks)).await;
        let Offer { tools, unfit, idle, names } =
            offer.map_err(|error| PluginError::Inside(error.to_string()))??;
        let warning = |error: &ManifestError| Refusal::warning(local_of(&file), error.to_string());
        let missing = guest.missing_folders().iter();
        let missing = missing.map(|error| {
            let place = place_of(&file, decisions.as_ref(), error);
            let mut words = format!("{error}; the plugin is served without it meanwhile");
            if is_decided(decisions.as_ref(), error) {
                let name = GrantName::Files(error.at.clone()).to_string();
                let unset = CommandName::Unset.with([plugin.as_str(), &name]);
                words += &format!("; `{unset}` takes the grant out");
            }
            Refusal::warning(place, words)
        });
        let idle_told = idle.iter().take(MAX_TOLD).map(|(_, error)| warning(error));
        let warnings = idle_told.chain(config).chain(missing).collect();
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
            answers,
            guest,
            breaker,
            link_schemes,
            checking: Semaphore::new(MAX_CHECKS),
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

    /// Makes its code, if there is none, and compares the code with what the plugin is listed by. Until that is done,
    /// calls wait.
    pub async fn verify(&self) -> Result<(), PluginError> {
        if matches!(self.readiness(), Readiness::Ready | Readiness::Remaking) {
            return Ok(());
        }
        self.guest.verify().await.map_err(|error| match error {
            Unverified::Code(error) => {
                PluginError::compile(&self.wasm, &self.file, self.decisions.as_ref(), error)
            }
            Unverified::List(error) => PluginError::list(&self.wasm, &self.file, error),
            Unverified::Disagrees(problem) => {
                PluginError::Disagrees { wasm: self.wasm.clone(), problem }
            }
        })?;
        self.guest.rest().await;
        Ok(())
    }

    /// Returns how ready it is for calls, as far as its code goes.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.guest.readiness()
    }

    /// Waits for `turn`, then makes optimized code, which later calls run. Where there can be none, the present code
    /// stays.
    pub async fn optimize(&self, turn: &BackgroundTurn) {
        if let Err(error) = self.guest.optimize(turn).await {
            tracing::info!(plugin = self.name.as_str(), "its code is not optimized: {error}");
        }
    }

    /// True if optimized code of it is kept on disk.
    pub(crate) async fn keeps_optimized(&self) -> bool {
        self.guest.keeps_optimized().await
    }

    /// True if answers of some of its tools are kept.
    #[must_use]
    pub fn keeps_answers(&self) -> bool {
        self.answers.is_some()
    }

    /// Returns what it is granted.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        self.guest.grants()
    }

    /// The secrets that it is granted, cannot do without, and that have no value now. Reads files and may ask the
    /// keyring, so it blocks.
    #[must_use]
    pub fn missing_secrets(&self) -> Vec<MissingSecret> {
        self.guest.missing_secrets()
    }

    /// Returns its tools as a client is told of them, each with the digest of that. Tools whose names another plugin
    /// has are among them.
    pub fn definitions(&self) -> impl Iterator<Item = (&ToolName, &ToolSpec, Sha256Digest)> {
        self.tools.iter().map(|tool| (&tool.name, &tool.spec, tool.digest))
    }

    /// Returns how it is left alone because it keeps crashing. `None` if it is not.
    #[must_use]
    pub fn paused(&self) -> Option<Paused> {
        self.breaker.paused()
    }

    /// Returns the functions that it has and cannot offer.
    #[must_use]
    pub fn unfit(&self) -> &[UnfitTool] {
        &self.unfit
    }

    /// Returns the fault of the `.wit` file beside its manifest, which does it no harm. `None` if there is no fault.
    #[must_use]
    pub fn unnoted(&self) -> Option<&Refusal> {
        self.unnoted.as_ref()
    }

    /// Returns the warnings for its operator, about things that do it no harm.
    #[must_use]
    pub fn warnings(&self) -> &[Refusal] {
        &self.warnings
    }

    /// Returns the message about the tool `name`, if the local file speaks of it and the plugin does not have it.
    #[must_use]
    pub fn lacks_tool(&self, name: &str) -> Option<&ManifestError> {
        self.absent_tools.iter().find(|(absent, _)| absent == name).map(|(_, error)| error)
    }

    /// Returns the plugin's own name of a tool, given that name or the one that clients see.
    #[must_use]
    pub fn own_name(&self, name: &str) -> Option<&str> {
        self.names.own_name(name)
    }

    /// The prefix of its public names.
    pub(super) fn prefix(&self) -> &str {
        self.names.prefix()
    }

    /// Its own name for the tool that had the public name `name` before a person decided another prefix.
    pub(super) fn formerly(&self, name: &str) -> Option<&str> {
        self.names.by_replaced_prefix(name)
    }

    /// The other names that a person may know the tool of this own name by.
    #[must_use]
    pub fn other_names(&self, own: &str) -> Vec<String> {
        self.names.other_names(own)
    }

    /// Returns the decisions of the local file beside its manifest. `None` if there is no such file.
    #[must_use]
    pub fn decisions(&self) -> Option<&Decisions> {
        self.decisions.as_ref()
    }

    /// True if the local file sets `key`, such as `limits.fuel`.
    pub(super) fn decides(&self, key: &str) -> bool {
        self.decisions.as_ref().is_some_and(|decisions| decisions.set.iter().any(|set| set == key))
    }

    /// The limits of one call.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.guest.limits()
    }
}

/// Returns the notes of `wit`, or a refusal that says what is wrong with it.
async fn noted(wit: Option<WitFile>) -> Result<(Notes, Option<Refusal>), PluginError> {
    let Some(wit) = wit else { return Ok((Notes::default(), None)) };
    let file = wit.file.clone();
    let notes = tokio::task::spawn_blocking(move || wit.notes()).await;
    // A parser that panics does the plugin no harm.
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
