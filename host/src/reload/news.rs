//! What is new in a catalog, for the log: each thing once.

use std::sync::Arc;

use crate::catalog::{Catalog, Plugin, Refusal, Refused};

/// Logs how `new` differs from `old`.
pub(super) fn tell(old: Option<&Catalog>, new: &Catalog) {
    let before = old.map(Catalog::plugins).unwrap_or_default();
    let named = |plugins: &[Arc<Plugin>], file: &str| {
        plugins.iter().find(|plugin| plugin.file == file).cloned()
    };
    for plugin in new.plugins() {
        let (name, version) = (plugin.name.as_str(), plugin.digest.short());
        match named(before, &plugin.file) {
            Some(known) if Arc::ptr_eq(&known, plugin) => {}
            Some(_) => tracing::info!(plugin = name, version, "updated"),
            // The first catalog is told as a whole.
            None if old.is_none() => {}
            None => tracing::info!(plugin = name, version, "added"),
        }
    }
    for plugin in before.iter().filter(|known| named(new.plugins(), &known.file).is_none()) {
        tracing::info!(plugin = plugin.name.as_str(), "removed");
    }
    let known = old.map(Catalog::refusals).unwrap_or_default();
    for refusal in new.refusals().iter().filter(|refusal| !known.contains(refusal)) {
        tell_refusal(refusal);
    }
}

fn tell_refusal(refusal: &Refusal) {
    let line = refusal.one_line();
    match refusal.refused {
        Refused::Plugin | Refused::Tool(_) | Refused::Function(_) => {
            tracing::warn!("not served: {line}")
        }
        Refused::Notes => tracing::warn!("not described: {line}"),
        Refused::Version => tracing::warn!("not updated, the version before serves on: {line}"),
    }
}
