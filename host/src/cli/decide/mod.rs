//! `toolrack grant`, `revoke`, `set` and `unset`: what a person decides of a plugin, put into its local file.

mod arguments;
mod hints;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::add::{Checked, CheckedOne, look};
use super::approve::{lock, put};
use super::check::{print_details, print_refusal};
use super::diff::{DiffLine, diff};
use super::print::{eprintln, println};
use super::served::{followers, nobody};
use super::{ERROR, GOOD, NAME, Setup, paint};
use crate::atomic_write::{Unfinished, sweep, sync};
use crate::catalog::Refusal;
use crate::install::{DirectoryLock, FileFailure, InstallError, Pair, PluginDirectory, installed};
use crate::lockfile::{Files, LOCK_FILE, Lock, LockPolicy, PluginVersion, Verdict, judge};
use crate::manifest::{
    Decision, DecisionKey, FileGrant, GrantName, Manifest, NewGrant, edited, local_of,
};
use crate::text::{escape, shell_word};
use crate::typed_path;
pub(super) use arguments::{GrantArguments, revoked, set, unset};
pub(super) use hints::kind;

/// The plugin that is decided of.
struct DecidedPlugin {
    directory: PathBuf,
    /// Its manifest.
    file: String,
    /// The local file.
    local: PathBuf,
}

/// A plugin as it is loaded with one local file.
struct LoadedPlugin {
    pair: Pair,
    /// The plugin, or why it is not served.
    plugin: Result<CheckedOne, Vec<Refusal>>,
}

pub(super) fn run(
    name: &str,
    change: &Decision,
    setup: &Setup,
    run: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    match decide(name, change, setup, run).map_err(anyhow::Error::downcast) {
        Ok(DecisionOutcome::Served) => Ok(ExitCode::SUCCESS),
        Ok(DecisionOutcome::TakenOut) => Ok(ExitCode::FAILURE),
        Err(Ok(InstallError::Refused(refusals))) => {
            refusals.iter().for_each(print_refusal);
            eprintln!("{} nothing was changed", paint(ERROR, "error:"));
            Ok(ExitCode::FAILURE)
        }
        Err(Ok(error)) => Err(error.into()),
        Err(Err(error)) => Err(error),
    }
}

/// The state of the plugin after a decision.
enum DecisionOutcome {
    /// It is served as it was decided, or was not served before either.
    Served,
    /// It is not served without what was taken away.
    TakenOut,
}

fn decide(
    name: &str,
    change: &Decision,
    setup: &Setup,
    run: Option<&Path>,
) -> anyhow::Result<DecisionOutcome> {
    let (directory, file) = installed(name, &setup.plugins)?;
    // Two decisions at once would each write what it read before the other.
    let _lock = DirectoryLock::take(setup.home.as_ref(), &directory)?;
    let local = directory.join(local_of(&file));
    let target = DecidedPlugin { directory, file, local };
    let change = &target.by_written_path(target.by_own_name(change, setup)?)?;
    let (before, after) = target.texts(change).map_err(|error| hints::with_command(name, error))?;
    if before == after {
        println!(
            "nothing to change: {} is decided so, or its manifest says so",
            paint(NAME, escape(name))
        );
        if target.waits(&before, setup)? {
            println!("{LOCK_FILE} does not accept it yet: `toolrack approve {}`", shell_word(name));
        }
        return Ok(DecisionOutcome::Served);
    }
    let now = target.load(&after, setup)?;
    now.check_tool(change)?;
    if let Some(refusals) = target.refusal(&now, change, &before, setup)? {
        return Err(InstallError::Refused(refusals).into());
    }
    // Known before the file changes, since the lock is of what lay there.
    let accepted = target.accepted(&before, &now, setup)?;
    target.print_difference(&before, &after);
    target.write(&before, &after)?;
    now.print(name);
    target.settle(accepted, &now)?;
    println!("{}", followers(run, &target.directory).unwrap_or_else(|| nobody(&target.directory)));
    match (&now.plugin, change) {
        (Err(_), Decision::Revoke(_) | Decision::Unset(_)) => {
            println!("no server serves it any more with what it has lost");
            Ok(DecisionOutcome::TakenOut)
        }
        (Ok(_), _) | (Err(_), Decision::Grant(_) | Decision::Set(..)) => {
            Ok(DecisionOutcome::Served)
        }
    }
}

impl LoadedPlugin {
    /// Refuses a key of a tool that there is not.
    fn check_tool(&self, change: &Decision) -> anyhow::Result<()> {
        let (Ok(checked), Decision::Set(DecisionKey::Tool { name, .. }, _)) =
            (&self.plugin, change)
        else {
            return Ok(());
        };
        let Some(error) = checked.plugin.lacks_tool(name) else { return Ok(()) };
        let advice = error.advice().unwrap_or_default();
        bail!("tools.{}: {}; {advice}", escape(name), error.message())
    }

    fn print(&self, name: &str) {
        match &self.plugin {
            Ok(checked) => {
                println!("{} {}", paint(GOOD, "ok"), paint(NAME, &checked.plugin.name));
                let tools: Vec<_> = checked.tools.iter().map(String::as_str).collect();
                print_details(&tools, &checked.plugin);
                for warning in &checked.warnings {
                    println!("     {} {warning}", paint(ERROR, "warning:"));
                }
            }
            Err(refusals) => {
                println!(
                    "{} {}",
                    paint(ERROR, "not served as it is now:"),
                    paint(NAME, escape(name))
                );
                refusals.iter().for_each(print_refusal);
            }
        }
    }
}

impl DecidedPlugin {
    fn shelf(&self) -> anyhow::Result<PluginDirectory> {
        look(&self.directory)
    }

    fn shown(&self) -> String {
        escape(&self.local.to_string_lossy())
    }

    /// `change` with the plugin's own name for a tool: that stays whatever its tools begin with.
    fn by_own_name(&self, change: &Decision, setup: &Setup) -> anyhow::Result<Decision> {
        let mut change = change.clone();
        let (Decision::Set(DecisionKey::Tool { name, others, .. }, _)
        | Decision::Unset(DecisionKey::Tool { name, others, .. })) = &mut change
        else {
            return Ok(change);
        };
        let pair = Pair::installed(&self.file, &self.shelf()?)?;
        let local = pair.texts().and_then(|(_, local)| local).unwrap_or_default().to_owned();
        match self.load(&local, setup)?.plugin {
            Ok(checked) => {
                if let Some(own) = checked.plugin.own_name(name) {
                    *others = checked.plugin.other_names(own).into_iter().map(Into::into).collect();
                    *name = own.into();
                }
            }
            Err(_) => println!(
                "the plugin is not served as it is, so its own names are not known: `{}` is kept as it was typed",
                escape(name)
            ),
        }
        Ok(change)
    }

    /// `change` with a directory as the files write it already, whichever way a person types it: `~/notes` or the whole
    /// path, where the plugin sees it or where it lies.
    fn by_written_path(&self, change: Decision) -> anyhow::Result<Decision> {
        let pair = Pair::installed(&self.file, &self.shelf()?)?;
        let Some((manifest, local)) = pair.texts() else { return Ok(change) };
        // A fault of theirs is told by what edits them.
        let Ok(read) = Manifest::parse_with(&self.file, manifest, local) else { return Ok(change) };
        let grants = &read.grants.files;
        let is_same = |typed: &str, grant: &FileGrant| {
            let real = |path: &str| typed_path::expanded(path.trim_end_matches('/')).ok();
            *grant.path == *typed || real(&grant.path).is_some_and(|path| Some(path) == real(typed))
        };
        Ok(match change {
            Decision::Grant(NewGrant::Files { path, at, is_at_named, is_writable }) => {
                let written = grants.iter().find(|grant| is_same(&path, grant));
                let path = written.map_or(path, |grant| grant.path.to_string());
                Decision::Grant(NewGrant::Files { path, at, is_at_named, is_writable })
            }
            Decision::Revoke(GrantName::Files(named))
                if !grants.iter().any(|grant| grant.at == named) =>
            {
                let mut found = grants.iter().filter(|grant| is_same(&named, grant));
                match (found.next(), found.next()) {
                    (Some(only), None) => Decision::Revoke(GrantName::Files(only.at.clone())),
                    _ => Decision::Revoke(GrantName::Files(named)),
                }
            }
            other => other,
        })
    }

    /// The text of the local file, and what it becomes by `change`; empty where there is none.
    fn texts(&self, change: &Decision) -> anyhow::Result<(String, String)> {
        let pair = Pair::installed(&self.file, &self.shelf()?)?;
        let manifest = self.directory.join(&self.file);
        let is_local = pair.clone().with_local("").texts().is_some();
        let wrong = if is_local { &self.local } else { &manifest };
        let shown = || escape(&wrong.to_string_lossy());
        let (text, local) = pair
            .texts()
            .with_context(|| format!("{}: it is not UTF-8; save it as UTF-8", shown()))?;
        let path = manifest.to_string_lossy();
        let after = edited(&path, text, local, change)?;
        Ok((local.unwrap_or_default().to_owned(), after))
    }

    /// Loads the plugin with `local`, beside what else is served.
    fn load(&self, local: &str, setup: &Setup) -> anyhow::Result<LoadedPlugin> {
        let pair = Pair::installed(&self.file, &self.shelf()?)?.with_local(local);
        let loaded = Checked::new(vec![pair.clone()], self.shelf()?, setup);
        let plugin = match loaded {
            Ok(checked) => Ok(checked.first().context("nothing was loaded")?),
            Err(error) => match error.downcast::<InstallError>() {
                Ok(InstallError::Refused(refusals)) => Err(refusals),
                Ok(error) => return Err(error.into()),
                Err(error) => return Err(error),
            },
        };
        Ok(LoadedPlugin { pair, plugin })
    }

    /// Returns the refusals that stop the change. `revoke` and `unset` are never stopped, nor is a change of a plugin that
    /// was refused before: it may be on its way to being served.
    fn refusal(
        &self,
        now: &LoadedPlugin,
        change: &Decision,
        before: &str,
        setup: &Setup,
    ) -> anyhow::Result<Option<Vec<Refusal>>> {
        match (&now.plugin, change) {
            (Ok(_), _) | (Err(_), Decision::Revoke(_) | Decision::Unset(_)) => Ok(None),
            (Err(refusals), Decision::Grant(_) | Decision::Set(..)) => {
                let was_served = self.load(before, setup)?.plugin.is_ok();
                Ok(was_served.then(|| refusals.clone()))
            }
        }
    }

    /// The lock of the directory, if there is one, and whether it accepts what lies there to the last byte: the very
    /// files that were loaded as `now`, but for the local one.
    fn accepted(
        &self,
        before: &str,
        now: &LoadedPlugin,
        setup: &Setup,
    ) -> anyhow::Result<Option<(Lock, bool)>> {
        let Some(lock) = lock(&self.directory)? else { return Ok(None) };
        let LoadedPlugin { pair, plugin } = self.load(before, setup)?;
        let authors = |pair: &Pair| pair.files().map(|files| Files { local: None, ..files });
        let version = plugin.as_ref().ok().zip(pair.files());
        let is_accepted = version.is_some_and(|(checked, files)| {
            let version = PluginVersion::of(files, &checked.plugin);
            let verdict = judge(&lock, &self.file, &version, LockPolicy::Required);
            verdict == Verdict::Accepted && authors(&pair) == authors(&now.pair)
        });
        Ok(Some((lock, is_accepted)))
    }

    /// True if what lies there waits until somebody accepts it in the lock.
    fn waits(&self, local: &str, setup: &Setup) -> anyhow::Result<bool> {
        let Some(lock) = lock(&self.directory)? else { return Ok(false) };
        let LoadedPlugin { pair, plugin } = self.load(local, setup)?;
        let version = plugin.as_ref().ok().zip(pair.files());
        Ok(version.is_some_and(|(checked, files)| {
            let version = PluginVersion::of(files, &checked.plugin);
            judge(&lock, &self.file, &version, LockPolicy::Followed) != Verdict::Accepted
        }))
    }

    fn print_difference(&self, before: &str, after: &str) {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (lines(before), lines(after));
        println!("{}", self.shown());
        for line in diff(&before, &after) {
            match line {
                DiffLine::Same(text) => println!("       {}", escape(text)),
                DiffLine::Old(text) => {
                    println!("     {}", paint(ERROR, format!("- {}", escape(text))))
                }
                DiffLine::New(text) => {
                    println!("     {}", paint(GOOD, format!("+ {}", escape(text))))
                }
                DiffLine::Gap => println!("       ..."),
            }
        }
    }

    /// Puts the local file in place, unless somebody else wrote it meanwhile. One that says nothing is removed.
    fn write(&self, before: &str, after: &str) -> anyhow::Result<()> {
        let shown = self.shown();
        let pair = Pair::installed(&self.file, &self.shelf()?)?;
        let there = pair.texts().and_then(|(_, local)| local).unwrap_or_default();
        if there != before {
            bail!("{shown}: it changed while this was checked; say it again");
        }
        // Of a link, what it leads to is written.
        let path = self.local.canonicalize().unwrap_or_else(|_| self.local.clone());
        let (Some(directory), Some(name)) =
            (path.parent(), path.file_name().and_then(|name| name.to_str()))
        else {
            bail!("{shown}: its name is not UTF-8");
        };
        let written = if after.is_empty() {
            std::fs::remove_file(&self.local)
        } else {
            sweep(directory);
            Unfinished::write(directory, name, after.as_bytes()).and_then(|file| {
                if let Ok(other) = std::fs::metadata(&path) {
                    // Root may give it back to its owner; others write it as their own.
                    match file.owned_as(&other) {
                        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
                        owned => owned?,
                    }
                    file.permits_as(&other)?;
                }
                file.finish()
            })
        };
        sync(directory);
        let failed = FileFailure::at::<FileFailure>(&self.local, "it cannot be written");
        Ok(written.map_err(failed)?)
    }

    /// Accepts the plugin as it is now in the lock, where that accepted it as it was.
    fn settle(&self, accepted: Option<(Lock, bool)>, now: &LoadedPlugin) -> anyhow::Result<()> {
        let Some((mut lock, is_accepted)) = accepted else { return Ok(()) };
        let version = now.plugin.as_ref().ok().zip(now.pair.files());
        let is_as_locked = version.as_ref().is_some_and(|(checked, files)| {
            let version = PluginVersion::of(*files, &checked.plugin);
            judge(&lock, &self.file, &version, LockPolicy::Required) == Verdict::Accepted
        });
        if is_as_locked {
            println!("{LOCK_FILE} accepts it as it is now");
            return Ok(());
        }
        let Some((checked, files)) = version.filter(|_| is_accepted) else {
            println!(
                "{LOCK_FILE} is left as it is, since it does not accept the plugin as it lay there before; \
                 `toolrack approve` shows what differs"
            );
            return Ok(());
        };
        if self::lock(&self.directory)?.map(|now| now.plugins) != Some(lock.plugins.clone()) {
            bail!(
                "{LOCK_FILE} changed while this was checked, and is left as it is; `toolrack approve` accepts this"
            );
        }
        lock.plugins.insert(self.file.clone(), PluginVersion::of(files, &checked.plugin).entry());
        put(&self.directory, &lock)?;
        println!("{} in {LOCK_FILE}", paint(GOOD, "accepted"));
        Ok(())
    }
}
