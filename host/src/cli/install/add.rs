//! `toolrack add`: plugins checked, shown and installed.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use super::super::approve::lock;
use super::super::look::check::{print_details, print_refusals, tools_of};
use super::super::look::load::load;
use super::super::output::consent::Consent;
use super::super::output::print::{eprintln, println};
use super::super::output::served::{followers, nobody};
use super::super::setup::Setup;
use super::super::{DIM, ERROR, GOOD, NAME, NO_DIRECTORY, paint, shown};
use super::installed::Installed;
use super::lockfile_update::{self, Approval};
use crate::catalog::{Catalog, Plugin, Refusal};
use crate::install::{
    DirectoryLock, DividedName, Gathered, InstallError, ManifestSource, OldManifest, Pair,
    PluginDirectory, Stage, backup, gather, obstacles, place, replaces_manifest,
};
use crate::lockfile::{LockPolicy, wider};
use crate::suggestion::CommandName;
use crate::text::escape;

pub(crate) fn run(
    sources: &[PathBuf],
    setup: &Setup,
    run: Option<&Path>,
    approval: Approval,
    consent: Consent,
) -> anyhow::Result<ExitCode> {
    let target = target(&setup.plugins)?;
    let held = DirectoryLock::take(setup.home.as_ref(), target)?;
    let shelf = look(target)?;
    let gathered = gather(sources, &shelf).map_err(|error| match error {
        InstallError::Missing(path)
            if shelf.entries().iter().any(|one| path == Path::new(&one.name)) =>
        {
            let name = escape(&path.to_string_lossy());
            anyhow!("`{name}` is installed; to update it, name its new .wasm or .toml")
        }
        error => error.into(),
    });
    let checked = gathered.and_then(|Gathered { pairs, passed_over }| {
        print_passed_over(&passed_over);
        Checked::new(pairs, shelf, setup)
    });
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) => return failed(error),
    };
    checked.print();
    // A lock holds back grants that nobody accepted.
    let is_locked = lock(target)?.is_some();
    let asked = [(Wider::Grants, !is_locked), (Wider::Names, true)];
    for (wider, _) in asked.into_iter().filter(|(wider, is_asked)| *is_asked && checked.is(*wider))
    {
        if held.released(|| is_wanted(wider, consent))?? {
            continue;
        }
        eprintln!("{} nothing was installed", paint(ERROR, "error:"));
        return Ok(ExitCode::FAILURE);
    }
    let installed = match checked.install(OldManifest::Kept) {
        Ok(installed) => installed,
        Err(error) => return failed(error),
    };
    for one in &installed {
        println!("{}", one.sentence());
    }
    lockfile_update::installed(target, &installed, approval)?;
    println!("{}", followers(run, target).unwrap_or_else(|| nobody(target)));
    Ok(ExitCode::SUCCESS)
}

/// The things that a person is asked about before a plugin is installed.
#[derive(Clone, Copy)]
enum Wider {
    /// Grants that the installed version does not have.
    Grants,
    /// Names of an installed plugin's tools.
    Names,
}

fn is_wanted(wider: Wider, consent: Consent) -> anyhow::Result<bool> {
    match wider {
        Wider::Grants => consent.ask(
            "install what asks for more?",
            "it asks for more than the installed version may do, and nobody can be asked here; --yes installs it",
        ),
        Wider::Names => consent.ask(
            "install what takes names of installed plugins?",
            "it takes names of an installed plugin, and nobody can be asked here; --yes installs it, and so does \
             another `prefix` under [plugin] in its manifest",
        ),
    }
}

/// Says what was taken for no plugin, on one line.
fn print_passed_over(passed_over: &[PathBuf]) {
    if !passed_over.is_empty() {
        println!("{} {}", paint(DIM, "passed over"), shown(passed_over));
    }
}

/// The directory that plugins are installed into.
pub(crate) fn target(directories: &[PathBuf]) -> anyhow::Result<&Path> {
    let target = directories.first().map(PathBuf::as_path);
    target.context(NO_DIRECTORY)
}

/// Reads the directory into which plugins are installed.
pub(crate) fn look(target: &Path) -> anyhow::Result<PluginDirectory> {
    let shown = || format!("{}: it cannot be read", escape(&target.to_string_lossy()));
    PluginDirectory::look(target).with_context(shown)
}

/// Tells refusals, which the person can mend in the plugin, from everything else.
pub(crate) fn failed(error: anyhow::Error) -> anyhow::Result<ExitCode> {
    match error.downcast::<InstallError>() {
        Ok(InstallError::Refused(refusals)) => {
            print_refusals(&refusals);
            eprintln!("{} nothing was installed", paint(ERROR, "error:"));
            Ok(ExitCode::FAILURE)
        }
        Ok(error) => Err(error.into()),
        Err(error) => Err(error),
    }
}

/// Plugins that can be installed.
pub(crate) struct Checked {
    pairs: Vec<Pair>,
    plugins: Vec<Arc<Plugin>>,
    catalog: Catalog,
    shelf: PluginDirectory,
    divided: Vec<DividedName>,
}

/// One plugin that was checked.
pub(crate) struct CheckedOne {
    pub(crate) plugin: Arc<Plugin>,
    /// Its tools that are served.
    pub(crate) tools: Vec<String>,
    /// Warnings for the operator.
    pub(crate) warnings: Vec<String>,
}

impl Checked {
    /// Loads `pairs` as a server would that serves them together with what is installed.
    pub(crate) fn new(
        pairs: Vec<Pair>,
        shelf: PluginDirectory,
        setup: &Setup,
    ) -> anyhow::Result<Self> {
        let obstacles = obstacles(&pairs, &shelf);
        if !obstacles.is_empty() {
            return Err(InstallError::Refused(obstacles).into());
        }
        let stage = Stage::new(&pairs, &shelf).context("a temporary directory cannot be made")?;
        let plugins = stage.directories(&setup.plugins);
        let (host, catalog) =
            load(Setup { plugins, locking: LockPolicy::Ignored, ..setup.clone() })?;
        host.stop();
        let verdict = stage.verdict(&pairs, &catalog, &shelf);
        let plugins = verdict.map_err(InstallError::Refused)?;
        let divided = stage.divided(&pairs, &catalog, &shelf);
        Ok(Self { pairs, plugins, catalog, shelf, divided })
    }

    /// Refuses a newcomer that takes a name of an installed plugin, where nobody is asked about that.
    pub(crate) fn without_taken_names(self) -> anyhow::Result<Self> {
        let taken = self.divided.iter().filter(|one| one.is_taken);
        let refusals: Vec<_> = taken
            .zip(self.pairs.iter().cycle())
            .map(|(one, pair)| {
                let reason = format!(
                    "it takes a name of an installed plugin: {}; or set another `prefix` under [plugin] in its manifest",
                    one.sentence
                );
                Refusal::plugin(escape(&pair.file), reason)
            })
            .collect();
        if refusals.is_empty() { Ok(self) } else { Err(InstallError::Refused(refusals).into()) }
    }

    /// The first plugin that was checked.
    pub(crate) fn first(&self) -> Option<CheckedOne> {
        let plugin = self.plugins.first()?.clone();
        let tools = tools_of(&self.catalog, &plugin).map(str::to_owned).collect();
        let warnings = plugin.warnings().iter();
        let warnings = warnings.map(|warning| self.shown_installed(warning)).collect();
        Some(CheckedOne { plugin, tools, warnings })
    }

    /// Shows what would be installed: what a person has to know before.
    fn print(&self) {
        for (pair, plugin) in self.pairs.iter().zip(&self.plugins) {
            println!("{} {}", paint(GOOD, "ok"), paint(NAME, &plugin.name));
            let tools: Vec<_> = tools_of(&self.catalog, plugin).collect();
            if tools.is_empty() {
                println!("     no tools served: {}", untold(plugin));
            }
            print_details(&tools, plugin);
            if let Some(local) = &pair.foreign_local {
                println!("     {}", not_taken(local));
            }
            for unfit in plugin.unfit() {
                println!("     `{}` is no tool: it {}", unfit.name, unfit.reason);
            }
            for warning in plugin.warnings() {
                println!("     {} {}", paint(ERROR, "warning:"), self.shown_installed(warning));
            }
            if let Some(unnoted) = plugin.unnoted() {
                // It names the file where it was checked.
                let wit = pair.wit_shown();
                println!("     {}", unnoted.reason.replace(&unnoted.file, &wit));
            }
            let more = self.wider(pair, plugin);
            if !more.is_empty() {
                println!(
                    "     {}",
                    paint(ERROR, "it asks for more than the installed version may do:")
                );
                more.iter().for_each(|line| {
                    println!("     {}", paint(GOOD, format!("+ {}", escape(line))))
                });
            }
            let manifest = escape(&self.shelf.directory.join(&pair.file).to_string_lossy());
            match pair.source {
                ManifestSource::Brought if replaces_manifest(pair, &self.shelf) => {
                    let kept = backup(pair, &self.shelf);
                    let kept = kept.map(|path| escape(&path.to_string_lossy()));
                    let kept = kept.map(|path| format!("; the old one is then kept as {path}"));
                    println!(
                        "     installing it replaces another manifest: {manifest}{}",
                        kept.unwrap_or_default()
                    )
                }
                ManifestSource::Brought => {}
                ManifestSource::Kept => {
                    println!("     the manifest that is installed stays: {manifest}")
                }
                ManifestSource::Made => {
                    println!("     it has no manifest: an empty one is made, {manifest}")
                }
            }
        }
        for divided in &self.divided {
            println!("{} {}", paint(ERROR, "partly served"), divided.sentence);
        }
    }

    fn is(&self, wider: Wider) -> bool {
        match wider {
            Wider::Grants => self.asks_for_more(),
            Wider::Names => self.divided.iter().any(|one| one.is_taken),
        }
    }

    /// Returns the grants that a plugin asks for and the installed version does not have. Empty where no readable
    /// version is installed.
    fn wider(&self, pair: &Pair, plugin: &Plugin) -> Vec<String> {
        let before = self.shelf.entry(&pair.file).filter(|before| !before.is_broken);
        before.map(|before| wider(&before.grants, plugin.grants())).unwrap_or_default()
    }

    fn asks_for_more(&self) -> bool {
        let mut each = self.pairs.iter().zip(&self.plugins);
        each.any(|(pair, plugin)| !self.wider(pair, plugin).is_empty())
    }

    /// A warning with the place where its file is installed in place of where it was checked.
    fn shown_installed(&self, warning: &Refusal) -> String {
        let name = warning.file.rsplit(MAIN_SEPARATOR).next().unwrap_or_default();
        let installed = self.shelf.directory.join(name);
        warning.one_line().replace(&warning.file, &escape(&installed.to_string_lossy()))
    }

    /// Puts them in place.
    pub(crate) fn install(self, old: OldManifest) -> anyhow::Result<Vec<Installed>> {
        let changes = place(&self.pairs, &self.shelf, old)?;
        let installed = self.plugins.into_iter().zip(changes).zip(&self.pairs);
        let installed = installed.filter_map(|((plugin, change), pair)| {
            Some(Installed {
                plugin,
                change,
                manifest: escape(&pair.file),
                file: pair.file.clone(),
                // It was loaded, so it has a Wasm.
                files: pair.files()?,
                directory: self.shelf.directory.clone(),
            })
        });
        Ok(installed.collect())
    }
}

/// Returns the reason why a plugin that can be served serves no tools.
fn untold(plugin: &Plugin) -> String {
    match plugin.definitions().next() {
        Some(_) => format!(
            "they can only fail without what they require; once it is installed, `{}` says what to type",
            CommandName::Check.with([plugin.name.as_str()])
        ),
        None => "they are all hidden".into(),
    }
}

fn not_taken(local: &Path) -> String {
    let local = escape(&local.to_string_lossy());
    format!(
        "{} {local} is not installed: what a plugin may do is decided by who runs it, never by who brings it",
        paint(ERROR, "warning:")
    )
}
