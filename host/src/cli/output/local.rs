//! The decisions of a plugin's local file, in words and as JSON.

use std::path::MAIN_SEPARATOR;

use serde_json::{Value, json};

use crate::manifest::{Decisions, GrantName, local_of};

/// One line for what it sets, and one for what it takes away; `manifest` is the manifest's file.
pub(crate) fn words(manifest: &str, decisions: &Decisions) -> Vec<String> {
    let file = local_of(manifest.rsplit(MAIN_SEPARATOR).next().unwrap_or(manifest));
    let Decisions { set, taken, idle, unknown_config: _, replaced_prefix: _, replaced_bindings: _ } =
        decisions;
    let mut lines = Vec::new();
    if !set.is_empty() {
        lines.push(format!("{file} decides {}", set.join(", ")));
    }
    if !taken.is_empty() {
        lines.push(format!("{file} takes away {}", list(taken)));
    }
    if !idle.is_empty() {
        lines.push(format!("{file} keeps away {}, which the manifest does not grant", list(idle)));
    }
    lines
}

fn list(names: &[GrantName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The same for programs.
pub(crate) fn report(manifest: &str, decisions: &Decisions) -> Value {
    let names = |names: &[GrantName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "file": local_of(manifest),
        "set": decisions.set,
        "without": names(&decisions.taken),
        "withoutEffect": names(&decisions.idle),
    })
}
