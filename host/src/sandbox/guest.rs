//! One plugin's code with its limits: made, described, called.
//!
//! This file owns what all kinds of plugin have in common: secrets, directories, what is kept between calls. The ways
//! in which a kind is asked and called are a file of their own, and so is what a guest offers, and what happens while
//! it runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::cache::checks::Checks;
use super::cache::listing::{Listing, ListingKey};
use super::cache::load_marks::LoadStep;
use super::capability::files::door::{GrantedFiles, ScratchFiles};
use super::capability::folders::{FolderError, Folders};
use super::capability::http::Outgoing;
use super::capability::imports;
use super::capability::scratch::Scratch;
use super::code::blocking::blocking;
use super::code::code_store::Code;
use super::code::lazy_code::LazyCode;
use super::code::link::Linked;
use super::code::terms_check::{self, fits, imported};
use super::code::wasm_file::Wasm;
use super::compile::error::CompileError;
use super::compile::lanes::BackgroundTurn;
use super::kind::command::{self, ProgramDeclarations};
use super::kind::outline::{self, Glance, Outline};
use super::kind::{functions, tools};
use super::known_tools::{KnownTools, lost};
use super::need::Need;
use super::readiness::Unverified;
use super::run::call_outcome::CallOutcome;
use super::run::invocation::{CallContext, Capabilities, GuestCall, Invocation, ProgressSink};
use super::run::redact::redacted;
use super::run::runner::Runner;
use super::run::slots::{CallSlots, Slots};
use super::shared::Sandbox;
use crate::manifest::{Grants, Limits, PluginKind, SecretName};
use crate::secret::{MissingSecret, ResolvedSecrets, Secrets};
use crate::text::escape;
use crate::tool::CallError;

const NO_SCRATCH: &str = "it is granted a scratch directory, and no home directory is known where toolrack \
    runs; set TOOLRACK_HOME to a directory";

/// The purpose of jobs beside calls, for the message should one fail.
const LISTING_PURPOSE: &str = "reading what it offers";

/// A plugin's code, in memory or not, with the limits of its calls.
pub struct Guest {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) code: LazyCode,
    limits: Limits,
    pub(super) grants: Arc<Grants>,
    folders: Folders,
    missing_folders: Vec<FolderError>,
    secrets: Arc<Secrets>,
    /// The plugin's name, for what it is told. `None` where it has none.
    plugin: Option<Arc<str>>,
    slots: Slots,
    declared: ProgramDeclarations,
    pub(super) offered: KnownTools,
    pub(super) verified: OnceCell<Result<(), Unverified>>,
}

impl Guest {
    /// A guest of `wasm` that can be asked for its tools. Where its file tells of them, or they are known from another
    /// time, it is not compiled: [`verify`](Self::verify) does that.
    pub async fn load(
        sandbox: Arc<Sandbox>,
        wasm: Wasm,
        limits: Limits,
        grants: Grants,
    ) -> Result<Self, CompileError> {
        let place = ListingKey::of(wasm.digest, &limits, &grants);
        let (code, offered) = match kept(&sandbox, &wasm, place).await {
            Some(kept) => kept,
            None => match outlined(&sandbox, &wasm).await? {
                Some(Outline { claim, imports }) => {
                    if let Some(problem) = place.disagreement(&sandbox.codes).await {
                        return Err(CompileError::Refused(problem));
                    }
                    imports::check(imports.iter().map(String::as_str), &grants)?;
                    (LazyCode::resting(wasm, claim.kind()), KnownTools::claimed(place, claim))
                }
                None => compiled(&sandbox, wasm, place, &limits, &grants).await?,
            },
        };
        if grants.scratch.is_some() && sandbox.scratches.is_none() {
            return Err(CompileError::Refused(NO_SCRATCH.into()));
        }
        let (folders, missing_folders) = folders(sandbox.clone(), &grants).await?;
        Ok(Self { folders, missing_folders, offered, ..Self::of(sandbox, code, limits, grants) })
    }

    /// A guest of `wasm` that is granted nothing, whatever it imports: to be asked what it is.
    pub async fn unknown(sandbox: Arc<Sandbox>, wasm: Wasm) -> Result<Self, CompileError> {
        let code = Code::of(&sandbox.codes, wasm.clone()).await?;
        Ok(Self::of(sandbox, LazyCode::new(wasm, code), Limits::default(), Grants::default()))
    }

    fn of(sandbox: Arc<Sandbox>, code: LazyCode, limits: Limits, grants: Grants) -> Self {
        Self {
            sandbox,
            code,
            folders: Folders::default(),
            missing_folders: Vec::new(),
            secrets: Arc::new(Secrets::of(None, None)),
            plugin: None,
            slots: Slots::new(limits.concurrency, limits.memory),
            declared: ProgramDeclarations::default(),
            offered: KnownTools::default(),
            verified: OnceCell::new(),
            limits,
            grants: Arc::new(grants),
        }
    }

    /// Has optimized code made of it in its turn. Later calls run that code.
    pub async fn optimize(&self, turn: &BackgroundTurn) -> Result<(), CompileError> {
        self.code.optimize(&self.sandbox.codes, turn).await
    }

    /// True if optimized code of it is kept on disk.
    pub(crate) async fn keeps_optimized(&self) -> bool {
        self.sandbox.codes.has_optimized(self.code.wasm().digest).await
    }

    /// Lets go of the code in memory if the next call can load it, which takes a few milliseconds.
    pub async fn rest(&self) {
        self.code.rest(&self.sandbox.codes).await;
    }

    /// Returns the interfaces that it imports, as it names them: none while its code is not in memory.
    #[must_use]
    pub fn imports(&self) -> Vec<String> {
        self.code.now().map(|code| imported(&code)).unwrap_or_default()
    }

    /// Returns the reason why its limits do not even let it start. `None` if they do, or while its code is not in
    /// memory.
    #[must_use]
    pub fn misfit(&self) -> Option<String> {
        let code = self.code.now()?;
        let fits = fits(code.linked.component(), self.sandbox.codes.engines(), &self.limits);
        fits.err().map(|error| error.to_string())
    }

    /// Returns the guest as that of the plugin `name`, which it is told where a command for its operator names it.
    #[must_use]
    pub fn of_plugin(self, name: &str) -> Self {
        Self { plugin: Some(name.into()), ..self }
    }

    /// Returns the guest with its secrets looked for in other places than the environment alone.
    #[must_use]
    pub fn with_secrets(self, secrets: Secrets) -> Self {
        Self { secrets: Arc::new(secrets), ..self }
    }

    /// Returns the guest with the tools that its manifest declares. A program has no other tools.
    #[must_use]
    pub fn declaring(self, declared: ProgramDeclarations) -> Self {
        Self { declared, ..self }
    }

    /// Returns the grants that say what it may reach.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The way into its instances.
    pub(super) fn runner(&self) -> Runner<'_> {
        Runner { limits: &self.limits, turns: &self.sandbox.turns }
    }

    /// The directories that it is granted and does not see, since they are missing or withheld.
    #[must_use]
    pub fn missing_folders(&self) -> &[FolderError] {
        &self.missing_folders
    }

    /// The name and the tools that its manifest declares.
    pub(super) fn declared(&self) -> &ProgramDeclarations {
        &self.declared
    }

    /// The limits of a call.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The kind of plugin that it is.
    #[must_use]
    pub fn kind(&self) -> PluginKind {
        self.code.kind()
    }

    /// The checks of what it offers that were passed before.
    #[must_use]
    pub fn checks(&self) -> Checks {
        self.sandbox.codes.checks()
    }

    /// Does a job that takes long for a plugin that is being loaded, for a few of them at a time.
    pub async fn aside<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CompileError> {
        if self.offered.was_kept {
            return blocking(LISTING_PURPOSE, &self.sandbox.listings, job).await;
        }
        let (marks, wasm) = (self.sandbox.codes.marks().clone(), self.code.wasm().digest);
        let job = move || {
            let step = marks.begin(wasm, LoadStep::Offer)?;
            let done = job();
            step.survived();
            Ok(done)
        };
        blocking(LISTING_PURPOSE, &self.sandbox.listings, job).await?
    }

    /// Calls `tool` with `arguments`, a JSON object as text. Waits for a free slot first. Dropping the
    /// future ends the guest.
    pub async fn call(
        &self,
        tool: &str,
        arguments: &str,
        progress: Option<ProgressSink>,
    ) -> CallOutcome {
        let context = CallContext { progress, ..CallContext::default() };
        let slots = match self.slots().await {
            Ok(slots) => slots,
            Err(error) => return CallOutcome::before(error),
        };
        let mut ended = self.call_in(slots, context, tool, arguments).await;
        ended.clean();
        ended
    }

    /// Waits for the places of a call, or says why there are none.
    pub async fn slots(&self) -> Result<CallSlots<'_>, CallError> {
        let slots = self.slots.take(&self.sandbox.slots, self.limits.timeout).await;
        slots.map_err(CallError::Host)
    }

    /// Calls `tool` in these places and this context. What the call leaves behind is not cleaned yet.
    pub async fn call_in(
        &self,
        slots: CallSlots<'_>,
        context: CallContext,
        tool: &str,
        arguments: &str,
    ) -> CallOutcome {
        let code = match self.code.get(&self.sandbox.codes).await {
            Ok(code) => code,
            Err(error) => return CallOutcome::before(lost(&error)),
        };
        let scratch = match self.scratch().await {
            Ok(scratch) => scratch,
            Err(error) => {
                let problem = format!("the scratch directory cannot be made: {error}");
                return CallOutcome::before(CallError::Host(problem));
            }
        };
        let secrets = self.known().await;
        let outgoing = Outgoing {
            network: self.sandbox.network.clone(),
            grants: self.grants.clone(),
            plugin: self.plugin.clone(),
        };
        let reach = Capabilities {
            grants: self.grants.clone(),
            secrets: secrets.clone(),
            outgoing: Some(outgoing),
            process: None,
            files: Some(self.files(scratch.as_ref())),
        };
        let call = GuestCall { tool, arguments, terms: Invocation { reach, context } };
        let runner = self.runner();
        let (outcome, mut ran) = match &code.linked {
            Linked::Tools(tools) => tools::call(runner, tools, call).await,
            Linked::Command(pre) => command::call(runner, pre, &self.declared, call).await,
            Linked::Functions(functions) => functions::call(runner, functions, call).await,
        };
        if let Some(scratch) = scratch {
            // Not every system removes files that are open.
            ran.store = None;
            scratch.remove().await;
        }
        let outcome = redacted(outcome, secrets.redactor());
        CallOutcome::after(outcome, self.limits.output, ran, slots.of_host)
    }

    /// The files that a call may reach, its `scratch` directory among them.
    fn files(&self, scratch: Option<&Scratch>) -> GrantedFiles {
        let scratch = scratch.zip(self.grants.scratch.clone());
        GrantedFiles {
            folders: self.folders.clone(),
            scratch: scratch.map(|(own, at)| ScratchFiles { directory: own.directory(), at }),
            share: self.sandbox.files.of_call(self.plugin.as_ref()),
        }
    }

    /// Makes the scratch directory of one call. `None` if none is granted.
    async fn scratch(&self) -> std::io::Result<Option<Scratch>> {
        let granted = self.sandbox.scratches.clone().filter(|_| self.grants.scratch.is_some());
        let Some(scratches) = granted else { return Ok(None) };
        let made = tokio::task::spawn_blocking(move || scratches.fresh()).await;
        made.map_err(std::io::Error::other)?.map(Some)
    }

    /// Returns the secrets that it is granted, cannot do without, and that have no value now. Reads files and may ask
    /// the keyring, so it blocks.
    #[must_use]
    pub fn missing_secrets(&self) -> Vec<MissingSecret> {
        let names: Vec<_> = self.grants.needed_secret_names().cloned().collect();
        let known = self.secrets.look_up(&names);
        names.iter().filter_map(|name| known.value(name).err()).collect()
    }

    /// Returns those of `names` that certainly have no value. Reads files and may wait for the keyring, so it blocks.
    #[must_use]
    pub fn absent_secrets(&self, names: &BTreeSet<SecretName>) -> Vec<MissingSecret> {
        self.secrets.absent(names)
    }

    /// The values of the plugin's secrets as they are now.
    async fn known(&self) -> Arc<ResolvedSecrets> {
        let names: Vec<_> = self.grants.secret_names().cloned().collect();
        if names.is_empty() {
            return Arc::default();
        }
        let secrets = self.secrets.clone();
        // The look-up reads files and may wait for the keyring. One that panics counts as one that found nothing.
        let known = tokio::task::spawn_blocking(move || secrets.look_up(&names));
        Arc::new(known.await.unwrap_or_default())
    }
}

/// Returns the guest that was kept at `place`: the same bytes with the same grants and limits have passed all checks
/// before. `None` if none was kept.
async fn kept(sandbox: &Sandbox, wasm: &Wasm, place: ListingKey) -> Option<(LazyCode, KnownTools)> {
    let Listing { kind, listed } = place.find(&sandbox.codes).await?;
    Some((LazyCode::resting(wasm.clone(), kind), KnownTools::known(place, listed)))
}

/// Makes the guest with its code, which has to be asked for its tools.
async fn compiled(
    sandbox: &Arc<Sandbox>,
    wasm: Wasm,
    place: ListingKey,
    limits: &Limits,
    grants: &Grants,
) -> Result<(LazyCode, KnownTools), CompileError> {
    let wanted = sandbox.codes.wanted(wasm.digest);
    wanted.raise(Need::Listing);
    let code = Code::of(&sandbox.codes, wasm.clone()).await?;
    terms_check::check(&code, sandbox.codes.engines(), limits, grants)?;
    Ok((LazyCode::new(wasm, code), KnownTools::asked(place)))
}

/// Returns what the file says of itself. `None` if its code has to be asked.
async fn outlined(sandbox: &Arc<Sandbox>, wasm: &Wasm) -> Result<Option<Outline>, CompileError> {
    let file = wasm.clone();
    let glance = move || -> Result<Glance, CompileError> {
        // A section that is of no use refuses the file: the author who wrote it meant it.
        outline::glance(&file.bytes()?).map_err(|error| CompileError::Refused(error.to_string()))
    };
    let glance = blocking("looking at its file", &sandbox.listings, glance).await??;
    match glance {
        Glance::Outline(outline) => Ok(Some(outline)),
        Glance::Silent => Ok(None),
        Glance::Types => sandbox.codes.outline(wasm.clone()).await,
    }
}

/// Opens the directories that are granted, on a thread that the file system may block.
async fn folders(
    sandbox: Arc<Sandbox>,
    grants: &Grants,
) -> Result<(Folders, Vec<FolderError>), CompileError> {
    if grants.files.is_empty() {
        return Ok(<(Folders, Vec<FolderError>)>::default());
    }
    let (files, withheld) = (grants.files.clone(), grants.withheld.clone());
    let open = move || Folders::open(&files, &withheld, &sandbox.protected);
    let opened = tokio::task::spawn_blocking(open).await;
    let opened = opened.map_err(|error| CompileError::Host(escape(&error.to_string())))?;
    Ok(opened?)
}
