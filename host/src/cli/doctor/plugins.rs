//! The plugins: which are refused, which differ from the lock. They are loaded as `toolrack check` does, for a few
//! seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::super::look::load::loaded_within;
use super::examined::Examined;
use super::finding::{Finding, Level};
use crate::catalog::{Catalog, Refusal, Refused};
use crate::cli::approve::{Review, lock};
use crate::cli::counted;
use crate::cli::setup::Setup;
use crate::install::PluginDirectory;
use crate::reload::Loader;
use crate::suggestion::CommandName;
use crate::text::escape;

const PLUGINS_TOPIC: &str = "plugins";
/// The time that plugins are waited for. Plugins that are compiled by then are kept in the cache.
const LOADING_TIMEOUT: Duration = Duration::from_secs(5);

/// The version of each plugin that the directories hold, by its name.
pub(super) type Versions = BTreeMap<String, String>;

/// The findings, and what the directories hold: `None` where not all of that is known.
pub(super) fn check(
    setup: Setup,
    examined: &Examined,
) -> anyhow::Result<(Option<Versions>, Vec<Finding>)> {
    let (host, loader, is_complete) = loaded_within(setup, LOADING_TIMEOUT)?;
    let catalog = loader.catalog();
    let mut findings = refused(&catalog, examined);
    if !is_complete {
        let (done, all) = loader.progress();
        let text = format!("{done} of {} are compiled so far", counted(all as u64, "plugin"));
        findings.push(Finding::note(
            PLUGINS_TOPIC,
            text,
            format!("`{}` waits for all of them", CommandName::Check.alone()),
        ));
    } else if findings.iter().all(|finding| finding.level != Level::Wrong) {
        let tools = counted(catalog.tools().len() as u64, "tool");
        let plugins = counted(catalog.plugins().len() as u64, "plugin");
        findings.push(match catalog.plugins() {
            [] => {
                let advice = format!("`{}` installs one", CommandName::Add.with(["FILE"]));
                Finding::note(PLUGINS_TOPIC, "there are none", advice)
            }
            _ => Finding::ok(PLUGINS_TOPIC, format!("{plugins} with {tools}")),
        });
    }
    findings.extend(locks(examined, &loader));
    let versions = catalog.plugins().iter();
    let versions = versions.map(|plugin| (plugin.name.to_string(), plugin.digest.to_string()));
    let versions = is_complete.then(|| versions.collect());
    drop(loader);
    host.stop();
    Ok((versions, findings))
}

fn refused(catalog: &Catalog, examined: &Examined) -> Vec<Finding> {
    // Faults of a whole directory are found by another check.
    let is_directory = |file: &str| {
        examined.directories.iter().any(|path| escape(&path.to_string_lossy()) == file)
    };
    let refusals = catalog.refusals().iter().filter(|refusal| !is_directory(&refusal.file));
    let is_unlisted = |refusal: &&Refusal| {
        matches!(refusal.refused, Refused::Unlisted(..) | Refused::FurtherUnlisted(_))
    };
    let (unlisted, refused): (Vec<_>, Vec<_>) = refusals.partition(is_unlisted);
    let advice = format!("`{}` shows all of it", CommandName::Check.alone());
    let wrong =
        refused.into_iter().map(|one| Finding::wrong(PLUGINS_TOPIC, one.one_line(), &*advice));
    wrong.chain(not_listed(&unlisted)).collect()
}

/// A note for each plugin that waits for a grant or a secret's value.
fn not_listed(refusals: &[&Refusal]) -> Vec<Finding> {
    let files: BTreeSet<&str> = refusals.iter().map(|refusal| &*refusal.file).collect();
    let notes = files.into_iter().map(|file| {
        let text = format!(
            "{file}: tools of it are not listed, since they can only fail without a grant or a secret's value"
        );
        let advice =
            format!("`{}` says which, and what to type if you want them", CommandName::Check.alone());
        Finding::note(PLUGINS_TOPIC, text, advice)
    });
    notes.collect()
}

fn locks(examined: &Examined, loader: &Loader) -> Vec<Finding> {
    examined.directories.iter().filter_map(|directory| lock_of(directory, loader)).collect()
}

fn lock_of(directory: &Path, loader: &Loader) -> Option<Finding> {
    let lock = match lock(directory) {
        Ok(lock) => lock?,
        Err(error) => return Some(Finding::wrong("lock", format!("{error:#}"), "")),
    };
    let mut review = Review::new(directory.to_owned(), Some(lock));
    let own = loader
        .entries()
        .filter(|(path, ..)| std::path::absolute(path).is_ok_and(|path| path == *directory));
    let mut loaded = 0;
    for (_, file, entry) in own {
        review.lies_there(file, entry);
        loaded += 1;
    }
    review.forget_gone();
    let names: Vec<_> = review.changes.iter().map(|change| escape(change.name())).collect();
    let shown = escape(&directory.to_string_lossy());
    if !names.is_empty() {
        let text = format!("{shown}: not as it was accepted: {}", names.join(", "));
        return Some(Finding::note(
            "lock",
            text,
            format!("`{}` shows how, and accepts it", CommandName::Approve.alone()),
        ));
    }
    // One that is held back was told as a refused plugin.
    let is_all =
        PluginDirectory::look(directory).is_ok_and(|shelf| shelf.entries().len() == loaded);
    is_all.then(|| Finding::ok("lock", format!("{shown}: all is as it was accepted")))
}
