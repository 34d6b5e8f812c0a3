//! The plugin that a person means by a name, among those of several directories.

use std::path::PathBuf;

use super::{FileFailure, PluginDirectory};
use crate::manifest::nearest;
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
            Err(FindError::Unknown { name: name(), known })
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

fn hint(name: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "; no plugin is installed".into();
    }
    let near = nearest(name, known.iter().map(String::as_str));
    let near = near.map(|near| format!("did you mean `{}`?", escape(near)));
    let installed = format!("installed are {}", list(known.iter().map(String::as_str)));
    format!("; {}", joined(near.into_iter().chain([installed])))
}

fn list(words: impl Iterator<Item = impl AsRef<str>>) -> String {
    words.map(|word| escape(word.as_ref())).collect::<Vec<_>>().join(", ")
}
