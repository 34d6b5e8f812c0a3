//! The plugin that a person decides of: what its files say, what it is with another local file, and that file put in
//! place.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::super::install::add::{Checked, CheckedOne, look};
use super::super::install::lockfile_update;
use super::super::look::check::{print_details, print_refusals};
use super::super::output::diff::{DiffLine, diff};
use super::super::output::print::println;
use crate::catalog::Refusal;
use crate::cli::setup::Setup;
use crate::cli::{ERROR, GOOD, NAME, paint};
use crate::fs::atomic_write::{KeptOwner, Replacement, sync};
use crate::install::{FileFailure, InstallError, Pair, PluginDirectory};
use crate::lockfile::{Files, Lock, PluginVersion};
use crate::manifest::{
    Decision, DecisionKey, FileGrant, GrantName, Manifest, NewGrant, edited, local_of, shown_lines,
};
use crate::text::escape;
use crate::typed_path;

/// The plugin that is decided of.
pub(super) struct DecidedPlugin {
    pub(super) directory: PathBuf,
    /// Its manifest.
    pub(super) file: String,
    /// The local file.
    local: PathBuf,
    before: OnceCell<LoadedPlugin>,
}

/// A plugin as it is loaded with one local file.
pub(super) struct LoadedPlugin {
    pair: Pair,
    /// The plugin, or why it is not served.
    pub(super) plugin: Result<CheckedOne, Vec<Refusal>>,
}

impl LoadedPlugin {
    /// The version that was loaded. `None` where it is not served.
    pub(super) fn version(&self) -> Option<PluginVersion<'_>> {
        let checked = self.plugin.as_ref().ok()?;
        Some(PluginVersion::of(self.pair.files()?, &checked.plugin))
    }

    /// Refuses a key of a tool that there is not.
    pub(super) fn check_tool(&self, change: &Decision) -> anyhow::Result<()> {
        let (Ok(checked), Decision::Set(DecisionKey::Tool { name, .. }, _)) =
            (&self.plugin, change)
        else {
            return Ok(());
        };
        let Some(error) = checked.plugin.lacks_tool(name) else { return Ok(()) };
        let advice = error.advice().unwrap_or_default();
        bail!("tools.{}: {}; {advice}", escape(name), error.message())
    }

    pub(super) fn print(&self, name: &str) {
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
                print_refusals(refusals);
            }
        }
    }
}

impl DecidedPlugin {
    pub(super) fn new(directory: PathBuf, file: String) -> Self {
        let local = directory.join(local_of(&file));
        Self { directory, file, local, before: OnceCell::new() }
    }

    fn shelf(&self) -> anyhow::Result<PluginDirectory> {
        look(&self.directory)
    }

    fn shown(&self) -> String {
        escape(&self.local.to_string_lossy())
    }

    /// `change` with the plugin's own name for a tool: that stays whatever its tools begin with.
    pub(super) fn by_own_name(&self, change: &Decision, setup: &Setup) -> anyhow::Result<Decision> {
        let mut change = change.clone();
        let (Decision::Set(DecisionKey::Tool { name, others, .. }, _)
        | Decision::Unset(DecisionKey::Tool { name, others, .. })) = &mut change
        else {
            return Ok(change);
        };
        match &self.before(setup)?.plugin {
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
    pub(super) fn by_written_path(&self, change: Decision) -> anyhow::Result<Decision> {
        let pair = Pair::installed(&self.file, &self.shelf()?)?;
        let Some((manifest, local)) = pair.texts() else { return Ok(change) };
        // A fault of theirs is told by what edits them.
        let Ok(read) = Manifest::parse_with(&self.file, manifest, local) else { return Ok(change) };
        let grants = &read.grants.files;
        let is_same = |typed: &str, grant: &FileGrant| {
            let real = |path: &str| typed_path::expanded(path.trim_end_matches('/')).ok();
            *grant.path == *typed || real(&grant.path).is_some_and(|path| Some(path) == real(typed))
        };
        // The directory's name where the plugin sees it, if it was named by where it lies.
        let seen = |name: GrantName| match name {
            GrantName::Files(named) if !grants.iter().any(|grant| grant.at == named) => {
                let mut found = grants.iter().filter(|grant| is_same(&named, grant));
                match (found.next(), found.next()) {
                    (Some(only), None) => GrantName::Files(only.at.clone()),
                    _ => GrantName::Files(named),
                }
            }
            other => other,
        };
        Ok(match change {
            Decision::Grant(NewGrant::Files { path, at, is_at_named, is_writable }) => {
                let written = grants.iter().find(|grant| is_same(&path, grant));
                let path = written.map_or(path, |grant| grant.path.to_string());
                Decision::Grant(NewGrant::Files { path, at, is_at_named, is_writable })
            }
            Decision::Revoke(name) => Decision::Revoke(seen(name)),
            Decision::Unset(DecisionKey::Grant(name)) => {
                Decision::Unset(DecisionKey::Grant(seen(name)))
            }
            other => other,
        })
    }

    /// The text of the local file, and what it becomes by `change`; empty where there is none.
    pub(super) fn texts(&self, change: &Decision) -> anyhow::Result<(String, String)> {
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
    pub(super) fn load(&self, local: &str, setup: &Setup) -> anyhow::Result<LoadedPlugin> {
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

    /// The plugin as it lies there, loaded once.
    pub(super) fn before(&self, setup: &Setup) -> anyhow::Result<&LoadedPlugin> {
        if let Some(before) = self.before.get() {
            return Ok(before);
        }
        let pair = Pair::installed(&self.file, &self.shelf()?)?;
        let local = pair.texts().and_then(|(_, local)| local).unwrap_or_default().to_owned();
        let before = self.load(&local, setup)?;
        Ok(self.before.get_or_init(|| before))
    }

    /// True if `lock` accepts what lies there to the last byte: the very files that were loaded as `now`, but for the
    /// local one.
    pub(super) fn is_accepted(
        &self,
        lock: &Lock,
        now: &LoadedPlugin,
        setup: &Setup,
    ) -> anyhow::Result<bool> {
        let before = self.before(setup)?;
        let authors =
            |one: &LoadedPlugin| one.pair.files().map(|files| Files { local: None, ..files });
        let version = before.version();
        let is_accepted =
            version.is_some_and(|version| lockfile_update::accepts(lock, &self.file, &version));
        Ok(is_accepted && authors(before) == authors(now))
    }

    pub(super) fn print_difference(&self, before: &str, after: &str) {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let texts = [before, after];
        let pairs =
            texts.into_iter().flat_map(|text| lines(text).into_iter().zip(shown_lines(text)));
        let mut shown = BTreeMap::new();
        for (line, own) in pairs {
            // Of two lines that are the same, one may hold a secret by what stands before it.
            let is_shown = line == own;
            let other = shown.entry(line).or_insert_with(|| own.clone());
            if !is_shown {
                *other = own;
            }
        }
        let (before, after) = (lines(before), lines(after));
        println!("{}", self.shown());
        let safe = |text: &str| escape(shown.get(text).map_or("...", String::as_str));
        for line in diff(&before, &after) {
            match line {
                DiffLine::Same(text) => println!("       {}", safe(text)),
                DiffLine::Old(text) => {
                    println!("     {}", paint(ERROR, format!("- {}", safe(text))))
                }
                DiffLine::New(text) => {
                    println!("     {}", paint(GOOD, format!("+ {}", safe(text))))
                }
                DiffLine::Gap => println!("       ..."),
            }
        }
    }

    /// Puts the local file in place, unless somebody else wrote it meanwhile. One that says nothing is removed.
    pub(super) fn write(&self, before: &str, after: &str) -> anyhow::Result<()> {
        let shown = self.shown();
        let pair = Pair::installed(&self.file, &self.shelf()?)?;
        let there = pair.texts().and_then(|(_, local)| local).unwrap_or_default();
        if there != before {
            bail!("{shown}: it changed while this was checked; say it again");
        }
        let failed = FileFailure::at::<FileFailure>(&self.local, "it cannot be written");
        if after.is_empty() {
            std::fs::remove_file(&self.local).map_err(failed)?;
            self.local.parent().into_iter().for_each(sync);
            return Ok(());
        }
        // Of a link, what it leads to is written.
        let path = self.local.canonicalize().unwrap_or_else(|_| self.local.clone());
        let (old, owner) = (std::fs::metadata(&path).ok(), KeptOwner::WherePossible);
        let file = Replacement { path: &path, old: old.as_ref(), is_private: false, owner };
        Ok(file.write(after.as_bytes(), || Ok(())).map_err(failed)?)
    }
}
