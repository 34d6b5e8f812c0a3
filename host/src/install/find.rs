//! The plugin that a person means by a name, among those of several directories.

use std::path::PathBuf;

use super::{FileFailure, PluginDirectory};
use crate::manifest::nearest;
use crate::name::PluginName;
use crate::text::{escape, joined};

/// The reason why it is not clear which plugin is meant.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No manifest has this name.
    #[error("there is no plugin `{}`{}", escape(.name), hint(.name, .known))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A Wasm file of this name lies there, and no manifest.
    #[error(
        "there is no plugin `{}`: {} is missing beside its .wasm; create it (an empty file will do)",
        escape(.name), escape(&.manifest.to_string_lossy())
    )]
    Bare {
        /// The name that was asked for.
        name: String,
        /// The manifest that is missing.
        manifest: PathBuf,
    },
    /// It is not clear which is meant.
    #[error(
        "`{}` is in several plugin directories: {}; say which one with --plugins",
        escape(.name), list(.directories.iter().map(|path| path.to_string_lossy()))
    )]
    Several {
        /// The name that was asked for.
        name: String,
        /// The directories that hold it.
        directories: Vec<PathBuf>,
    },
    /// Two manifests give one name.
    #[error(
        "`{}` is the name in several manifests: {}; delete the file of the one that is meant",
        escape(.name), list(.files.iter().map(String::as_str))
    )]
    Ambiguous {
        /// The name that was asked for.
        name: String,
        /// The manifests.
        files: Vec<String>,
    },
    /// A directory cannot be read.
    #[error(transparent)]
    File(#[from] FileFailure),
}

/// The directory and the manifest of the plugin `name`, which lies in one of `directories`.
pub fn installed(name: &str, directories: &[PathBuf]) -> Result<(PathBuf, String), FindError> {
    let shelves = shelves(directories)?;
    let (shelf, file) = find(name, &shelves)?;
    Ok((shelf.directory.clone(), file))
}

/// Reads the shelves of `directories`, each once.
pub(super) fn shelves(directories: &[PathBuf]) -> Result<Vec<PluginDirectory>, FindError> {
    let mut shelves = Vec::<PluginDirectory>::new();
    for directory in directories {
        if shelves.iter().any(|shelf| shelf.directory == *directory) {
            continue;
        }
        let look = PluginDirectory::look(directory);
        shelves.push(look.map_err(FileFailure::at::<FindError>(directory, "it cannot be read"))?);
    }
    Ok(shelves)
}

pub(super) fn find<'a>(
    name: &str,
    shelves: &'a [PluginDirectory],
) -> Result<(&'a PluginDirectory, String), FindError> {
    let mut found = Vec::new();
    for shelf in shelves {
        let own = shelf.entries().iter().filter(|entry| entry.name == name);
        found.extend(own.map(|entry| (shelf, entry.file.clone())));
    }
    let name = || name.to_owned();
    match &*found {
        [] => {
            let entries = shelves.iter().flat_map(PluginDirectory::entries);
            let known = entries.map(|entry| entry.name.clone()).collect();
            let wasm = format!("{}.wasm", name());
            let mut directories = shelves.iter().map(|shelf| &shelf.directory);
            let bare = directories.find(|directory| directory.join(&wasm).is_file());
            match bare.filter(|_| PluginName::new(&name()).is_ok()) {
                Some(directory) => {
                    let manifest = directory.join(format!("{}.toml", name()));
                    Err(FindError::Bare { name: name(), manifest })
                }
                None => Err(FindError::Unknown { name: name(), known }),
            }
        }
        [one] => Ok(one.clone()),
        [(first, _), rest @ ..] => {
            if rest.iter().all(|(shelf, _)| shelf.directory == first.directory) {
                let files = found.into_iter().map(|(_, file)| file).collect();
                return Err(FindError::Ambiguous { name: name(), files });
            }
            let mut directories: Vec<_> =
                found.iter().map(|(shelf, _)| shelf.directory.clone()).collect();
            directories.dedup();
            Err(FindError::Several { name: name(), directories })
        }
    }
}

/// Returns the plugin of `known` that was probably meant by what a person typed for its name: a file or a path of it, one
/// of its tools, or a slip.
pub fn plugin_meant<'a>(
    typed: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let file = typed.rsplit(['/', '\\']).next().unwrap_or(typed);
    let stem = [".local.toml", ".toml", ".wasm", ".wit"].into_iter();
    let stem = stem.filter_map(|ending| file.strip_suffix(ending)).next().unwrap_or(file);
    let is_tool =
        |plugin: &&str| stem.strip_prefix(*plugin).is_some_and(|rest| rest.starts_with(['_', '.']));
    let exact = known.clone().find(|plugin| *plugin == stem);
    // Of `git` and `git_files`, a tool of the second begins with both.
    let of_tool = known.clone().filter(is_tool).max_by_key(|plugin| plugin.len());
    exact.or(of_tool).or_else(|| nearest(stem, known))
}

fn hint(name: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "; no plugin is installed".into();
    }
    let near = plugin_meant(name, known.iter().map(String::as_str));
    let near = near.map(|near| format!("did you mean `{}`?", escape(near)));
    let installed = format!("installed are {}", list(known.iter().map(String::as_str)));
    format!("; {}", joined(near.into_iter().chain([installed])))
}

fn list(words: impl Iterator<Item = impl AsRef<str>>) -> String {
    words.map(|word| escape(word.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_known_by_its_files_its_tools_and_a_slip() {
        let known = ["files", "git", "git_files", "weather"];
        for (typed, expected) in [
            ("files.toml", Some("files")),
            ("/srv/plugins/files.wasm", Some("files")),
            ("./files.local.toml", Some("files")),
            ("/srv/plugins/files", Some("files")),
            ("files_read", Some("files")),
            ("git_files_list", Some("git_files")),
            ("git_log", Some("git")),
            ("wether.toml", Some("weather")),
            ("filse", Some("files")),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(plugin_meant(typed, known.into_iter()), expected, "{typed}");
        }
    }
}
