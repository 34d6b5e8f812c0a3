//! The changes of a catalog, and the loads that take long, for the log: each once.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::counts::{ReloadCounts, ReloadResult};
use super::decide::pending::{Pending, SLOW_LOAD};
use crate::catalog::{Catalog, Plugin, Refusal, Refused};
use crate::manifest::{local_of, manifest_of};
use crate::suggestion::CommandName;

/// Plugins that are named where more are counted.
const MAX_NAMED_PLUGINS: usize = 20;

/// Logs how `new` differs from `old`, and counts it.
pub(super) fn tell(old: Option<&Catalog>, new: &Catalog, counts: &ReloadCounts) {
    let before = old.map(Catalog::plugins).unwrap_or_default();
    let named = |plugins: &[Arc<Plugin>], file: &str| {
        plugins.iter().find(|plugin| plugin.file == file).cloned()
    };
    for plugin in new.plugins() {
        let (name, version) = (plugin.name.as_str(), plugin.digest.short());
        match named(before, &plugin.file) {
            Some(known) if Arc::ptr_eq(&known, plugin) => {}
            Some(_) => {
                counts.count(ReloadResult::Updated);
                tracing::info!(plugin = name, version, "updated");
            }
            // The first catalog is told as a whole.
            None if old.is_none() => counts.count(ReloadResult::Added),
            None => {
                counts.count(ReloadResult::Added);
                tracing::info!(plugin = name, version, "added");
                tell_local(plugin);
            }
        }
    }
    let known: HashSet<&Refusal> = old.map(Catalog::refusals).unwrap_or_default().iter().collect();
    let unknown = || new.refusals().iter().filter(|refusal| !known.contains(refusal));
    for plugin in before.iter().filter(|known| named(new.plugins(), &known.file).is_none()) {
        counts.count(ReloadResult::Removed);
        // Nobody removed what is refused now, which has a line of its own.
        let is_it = |refusal: &Refusal| {
            matches!(refusal.refused, Refused::Plugin) && refusal.file == plugin.file
        };
        if !unknown().any(is_it) {
            tracing::info!(plugin = plugin.name.as_str(), "removed");
        }
    }
    let mut files_with_unlisted = BTreeSet::new();
    for refusal in unknown() {
        if matches!(refusal.refused, Refused::Plugin | Refused::Version) {
            counts.count(ReloadResult::Refused);
        }
        tell_refusal(refusal, plugin_of(&refusal.file, new).as_deref());
        files_with_unlisted.extend(unlisted_by(refusal).map(|_| &*refusal.file));
    }
    files_with_unlisted.into_iter().for_each(|file| tell_unlisted(file, new));
}

/// Counts the tools of the plugin of `file` that are not listed, on one line.
fn tell_unlisted(file: &str, catalog: &Catalog) {
    let own = catalog.refusals().iter().filter(|refusal| refusal.file == file);
    let count: usize = own.filter_map(unlisted_by).sum();
    let tools = if count == 1 { "1 tool is" } else { &*format!("{count} tools are") };
    tracing::info!(
        plugin = plugin_of(file, catalog),
        "{file}: {tools} not listed for want of a grant or of a secret's value; `{}` says which, and what to do",
        CommandName::Check.alone()
    );
}

/// Returns the name of the plugin that `file` is a file of, by which `toolrack logs NAME` finds a line: the name it is
/// served under, else that of its file. `None` where it is no plugin's, as a lock is not.
fn plugin_of(file: &str, catalog: &Catalog) -> Option<String> {
    let manifest = manifest_of(file).unwrap_or_else(|| file.to_owned());
    let served = catalog.plugins().iter().find(|plugin| plugin.file == manifest);
    let served = served.map(|plugin| plugin.name.as_str().to_owned());
    served.or_else(|| {
        let name = Path::new(&manifest).file_name()?.to_str()?;
        name.strip_suffix(".toml").or(name.strip_suffix(".wit")).map(str::to_owned)
    })
}

/// Returns the number of tools that `refusal` says are not listed. `None` if it says something else.
fn unlisted_by(refusal: &Refusal) -> Option<usize> {
    match refusal.refused {
        Refused::Unlisted(..) => Some(1),
        Refused::FurtherUnlisted(more) => Some(more),
        Refused::Plugin
        | Refused::Version
        | Refused::Feature(..)
        | Refused::Function(_)
        | Refused::Further(_)
        | Refused::Notes
        | Refused::Warning => None,
    }
}

/// Warns of a local file that was there as soon as the plugin was: the person who copied it may not have written it.
fn tell_local(plugin: &Plugin) {
    let Some(decisions) = plugin.decisions() else { return };
    let grants =
        decisions.set.iter().take(MAX_NAMED_PLUGINS).cloned().collect::<Vec<_>>().join(", ");
    let decided = if grants.is_empty() { String::new() } else { format!(": it decides {grants}") };
    tracing::warn!(
        plugin = plugin.name.as_str(),
        "{} lay there when the plugin came{decided}; if it came with the plugin and is not yours, remove it",
        local_of(&plugin.file)
    );
}

/// Logs that plugins take long, all on one line.
pub(super) fn tell_slow(slow: &[Pending]) {
    let names: Vec<_> =
        slow.iter().take(MAX_NAMED_PLUGINS).map(|one| one.plugin.as_str()).collect();
    let more = match slow.len().saturating_sub(MAX_NAMED_PLUGINS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    tracing::info!(
        "still compiling after {SLOW_LOAD:?}, calls of them wait: {}{more}",
        names.join(", ")
    );
}

/// Logs that the last of those is done, and how long that one took. What is served is told apart.
pub(super) fn tell_loaded(took: Duration) {
    let time_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(time_ms, "all plugins are compiled");
}

fn tell_refusal(refusal: &Refusal, plugin: Option<&str>) {
    let line = refusal.one_line();
    match refusal.refused {
        Refused::Plugin => tracing::warn!(plugin, "not served: {line}"),
        Refused::Feature(..) | Refused::Function(_) | Refused::Further(_) => {
            tracing::warn!(plugin, "partly served: {line}")
        }
        Refused::Warning => tracing::warn!(plugin, "{line}"),
        // A line for each plugin counts them.
        Refused::Unlisted(..) | Refused::FurtherUnlisted(_) => tracing::debug!(plugin, "{line}"),
        Refused::Notes => tracing::warn!(plugin, "not described: {line}"),
        Refused::Version => {
            tracing::warn!(plugin, "not updated, the version before serves on: {line}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_no_plugin_names_none() {
        let named = |file: &str| plugin_of(file, &Catalog::default());
        for file in ["d/w.toml", "d/w.local.toml", "d/w.wit"] {
            assert_eq!(named(file).as_deref(), Some("w"), "{file}");
        }
        for file in ["d/toolrack.lock", "d", "d/"] {
            assert_eq!(named(file), None, "{file}");
        }
    }
}
