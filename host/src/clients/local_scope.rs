//! The part of a user's file that counts in one directory only, before all other entries: Claude Code's local scope.
//! It is read, never written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::entry::FoundEntry;

/// The entries of one client that count in one directory only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalScope {
    /// The entries by their names.
    pub entries: BTreeMap<String, FoundEntry>,
    /// The names of entries, of whichever scope, that are switched off there.
    pub disabled: BTreeSet<String>,
}

impl LocalScope {
    /// Reads what `file` says under `projects_key` of the directory `project` and those above it. The nearest counts.
    pub(super) fn read(file: &Value, projects_key: &str, project: &Path) -> Self {
        let mut found = Self::default();
        let of = |directory: &Path| file[projects_key].get(directory.to_str()?);
        for said in project.ancestors().filter_map(of) {
            let entries = said["mcpServers"].as_object().into_iter().flatten();
            for (name, entry) in entries {
                let entry = || FoundEntry::from_value(entry);
                found.entries.entry(name.clone()).or_insert_with(entry);
            }
            // Of the user and of the project's own file.
            let disabled = ["disabledMcpServers", "disabledMcpjsonServers"];
            let disabled = disabled.iter().filter_map(|key| said[*key].as_array()).flatten();
            found.disabled.extend(disabled.filter_map(Value::as_str).map(str::to_owned));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_of_a_directory_and_those_above_it_are_read() {
        let entry = |command: &str| json!({ "command": command });
        let file = json!({ "projects": {
            "/a": { "mcpServers": { "one": entry("far"), "two": entry("far") }, "disabledMcpServers": ["x", 7], "disabledMcpjsonServers": ["y"] },
            "/a/b": { "mcpServers": { "one": entry("near") } },
            "/other": { "mcpServers": { "three": entry("other") } },
            "/a/b/c": 7,
        } });
        let found = LocalScope::read(&file, "projects", Path::new("/a/b/c"));
        let commands: Vec<_> = found
            .entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry.command.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(commands, [("one", "near"), ("two", "far")]);
        assert_eq!(found.disabled, BTreeSet::from(["x", "y"].map(str::to_owned)));
        for other in [json!(null), json!({ "projects": [] })] {
            let found = LocalScope::read(&other, "projects", Path::new("/a"));
            assert_eq!(found, LocalScope::default());
        }
    }
}
