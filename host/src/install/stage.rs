//! Plugins laid out in a private temporary directory, to be loaded beside what is installed before
//! anything is installed.

use std::fs;
use std::io;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use super::{Pair, PluginDirectory};
use crate::catalog::{Catalog, Cause, MAX_PLUGINS, MAX_TOOLS, Plugin, Refusal, Refused};
use crate::fs::atomic_write::random_name;
use crate::manifest::local_of;
use crate::reload::wit_of;
use crate::text::{escape, escape_path};

/// A directory with one directory for each plugin. Dropping it removes them.
pub struct Stage {
    root: PathBuf,
    /// The names that messages show instead, in the order of the plugins.
    shown: Vec<StagedPlugin>,
}

/// A tool that gives way to a plugin whose prefix its name begins with.
pub struct DividedName {
    /// True if a newcomer takes the name from a plugin that is installed.
    pub is_taken: bool,
    /// The plugin that is served without it, and why, in words.
    pub sentence: String,
}

/// The places of a plugin on the stage, and where it comes from.
struct StagedPlugin {
    manifest: String,
    prefix: String,
    path: PathBuf,
    /// The local file here, and where it is installed.
    local: (String, String),
}

impl StagedPlugin {
    /// Its manifest as the person knows it.
    fn file(&self) -> String {
        escape_path(&self.path)
    }

    /// `text` with the places that the person knows.
    fn put_into(&self, text: &str) -> String {
        let path = |path: &Path| escape_path(path);
        let beside = path(&self.path.with_file_name(""));
        let (local, installed) = &self.local;
        let text = text.replace(local, installed);
        text.replace(&self.manifest, &path(&self.path)).replace(&self.prefix, &beside)
    }
}

impl Stage {
    /// Lays out `pairs`, each with the local file that lies where it is installed, on `shelf`.
    pub fn new(pairs: &[Pair], shelf: &PluginDirectory) -> io::Result<Self> {
        let root = std::env::temp_dir().join(format!("toolrack-{}", random_name()?));
        make_private(&root)?;
        let mut stage = Self { root, shown: Vec::new() };
        for (at, pair) in pairs.iter().enumerate() {
            let directory = stage.directory(at);
            fs::create_dir(&directory)?;
            fs::write(directory.join(&pair.file), &pair.text)?;
            if let Some(wasm) = &pair.wasm {
                fs::write(directory.join(&pair.wasm_file), wasm)?;
            }
            if let Some(wit) = &pair.wit {
                fs::write(directory.join(wit_of(&pair.file)), wit)?;
            }
            let local = local_of(&pair.file);
            if let Some(text) = &pair.local {
                fs::write(directory.join(&local), text)?;
            }
            let prefix = stage.prefix(at);
            let installed = escape_path(&shelf.directory.join(&local));
            let local = (format!("{prefix}{}", escape(&local)), installed);
            let manifest = format!("{prefix}{}", escape(&pair.file));
            stage.shown.push(StagedPlugin { manifest, prefix, path: pair.shown.clone(), local });
        }
        Ok(stage)
    }

    /// Where to load from: the plugins to be installed, and after them what is installed in
    /// `directories`. So the former are seen whole, whatever they get in the way of.
    #[must_use]
    pub fn directories(&self, directories: &[PathBuf]) -> Vec<PathBuf> {
        let staged = (0..self.shown.len()).map(|at| self.directory(at));
        let installed = directories.iter().filter(|directory| directory.is_dir()).cloned();
        staged.chain(installed).collect()
    }

    /// The plugins as they were loaded into `catalog`, or why they cannot be installed on `shelf`.
    pub fn verdict(
        &self,
        pairs: &[Pair],
        catalog: &Catalog,
        shelf: &PluginDirectory,
    ) -> Result<Vec<Arc<Plugin>>, Vec<Refusal>> {
        let mut refusals = Vec::new();
        for refusal in catalog.refusals() {
            // Whatever it is installed beside, and however often.
            let is_harmless = matches!(
                refusal.refused,
                Refused::Function(_) | Refused::Further(_) | Refused::Notes
            );
            // Names that prefixes divide are told apart: `divided`.
            let is_divided = matches!(refusal.cause, Cause::Prefix(_));
            if is_harmless || !refusal.is_refusal() || is_divided {
                continue;
            }
            if self.is_staged(&refusal.file) {
                let file = self.as_shown(&refusal.file);
                refusals.push(Refusal {
                    file,
                    reason: self.as_shown(&refusal.reason),
                    ..refusal.clone()
                });
            } else if !self.is_replaced(pairs, shelf, &refusal.file) {
                refusals.extend(self.conflict(refusal));
            }
        }
        refusals.extend(self.overflow(pairs, catalog, shelf));
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let mut plugins = Vec::new();
        for shown in &self.shown {
            let mut loaded = catalog.plugins().iter();
            let plugin = loaded.find(|plugin| plugin.file == shown.manifest);
            plugins.push(plugin.cloned().ok_or_else(|| {
                vec![Refusal::plugin(shown.file(), "loading it failed inside toolrack")]
            })?);
        }
        Ok(plugins)
    }

    /// Returns the names that belong to another plugin by its longer prefix, as far as a newcomer is one of the two: the
    /// plugin whose tool gives way serves its others.
    pub fn divided(
        &self,
        pairs: &[Pair],
        catalog: &Catalog,
        shelf: &PluginDirectory,
    ) -> Vec<DividedName> {
        let is_new = |file: &str| {
            let mut staged = self.shown.iter().zip(pairs);
            staged.any(|(shown, pair)| shown.manifest == file && shelf.entry(&pair.file).is_none())
        };
        let divided = catalog.refusals().iter().filter_map(|refusal| {
            let Cause::Prefix(by) = &refusal.cause else { return None };
            let is_taken = is_new(by) && !self.is_staged(&refusal.file);
            // Nothing can be decided yet of a plugin that is not installed.
            let reason = match refusal.reason.rsplit_once(", ") {
                Some((reason, _)) if is_new(by) => reason,
                _ => &refusal.reason,
            };
            let (file, reason) = (self.as_shown(&refusal.file), self.as_shown(reason));
            (is_new(&refusal.file) || is_new(by))
                .then(|| DividedName { is_taken, sentence: format!("{file}: {reason}") })
        });
        divided.collect()
    }

    /// Returns the newcomer's refusal for an installed plugin that is refused beside it.
    fn conflict(&self, refusal: &Refusal) -> Option<Refusal> {
        // Where nothing is taken, it is so without the newcomers too, or there is no room: `overflow`.
        let Cause::Taken(by) = &refusal.cause else { return None };
        let newcomer = self.shown.iter().find(|shown| shown.manifest == *by)?;
        let other = &refusal.file;
        let reason = match &refusal.refused {
            Refused::Feature(kind, name) => format!(
                "its {} `{name}` has the name of an installed one, of {other}; set another `prefix`",
                kind.noun()
            ),
            Refused::Plugin
            | Refused::Version
            | Refused::Function(_)
            | Refused::Further(_)
            | Refused::Notes
            | Refused::Warning
            | Refused::Unlisted(..)
            | Refused::FurtherUnlisted(_) => format!(
                "another plugin of this name is installed: {other}; remove it, or set another `name`"
            ),
        };
        let refused = refusal.refused.clone();
        Some(Refusal { refused, ..Refusal::plugin(newcomer.file(), reason) })
    }

    /// Newcomers were loaded first, so where there is no room for all it is something installed that was refused.
    fn overflow(
        &self,
        pairs: &[Pair],
        catalog: &Catalog,
        shelf: &PluginDirectory,
    ) -> Option<Refusal> {
        let is_full = |refusal: &&Refusal| refusal.cause == Cause::Full;
        let is_replaced = |refusal: &Refusal| self.is_replaced(pairs, shelf, &refusal.file);
        let refused = || catalog.refusals().iter().filter(|one| !self.is_staged(&one.file));
        let (tools, plugins): (Vec<_>, Vec<_>) = refused()
            .filter(is_full)
            .partition(|refusal| matches!(refusal.refused, Refused::Feature(..)));
        // A replaced plugin was loaded beside its newcomer, and will not be any more.
        let leaves = refused().filter(|refusal| {
            refusal.refused == Refused::Plugin
                && refusal.cause != Cause::Itself
                && is_replaced(refusal)
        });
        let is_new = |pair: &Pair| shelf.entry(&pair.file).is_none();
        // A new version is never one too many: there may have been too much before.
        let (newcomer, _) = self.shown.iter().zip(pairs).rfind(|(_, pair)| is_new(pair))?;
        if plugins.len() > leaves.count() {
            let reason = format!(
                "with it there are more plugins than the {MAX_PLUGINS} that are served at most; remove another"
            );
            return Some(Refusal::plugin(newcomer.file(), reason));
        }
        let reason = format!(
            "with its tools there are more than the {MAX_TOOLS} that are served at most; hide some in its manifest \
             (`hidden = true` in [[tools]]), or remove another plugin"
        );
        let stays = tools.into_iter().any(|refusal| !is_replaced(refusal));
        stays.then(|| Refusal::plugin(newcomer.file(), reason))
    }

    fn is_staged(&self, file: &str) -> bool {
        self.shown.iter().any(|shown| file.starts_with(&shown.prefix))
    }

    /// True if one of `pairs` takes the place of the installed `file`.
    fn is_replaced(&self, pairs: &[Pair], shelf: &PluginDirectory, file: &str) -> bool {
        let place = |name: &str| escape_path(&shelf.directory.join(name));
        pairs.iter().any(|pair| place(&pair.file) == file || place(&pair.wasm_file) == file)
    }

    fn as_shown(&self, text: &str) -> String {
        self.shown.iter().fold(text.to_owned(), |text, shown| shown.put_into(&text))
    }

    fn directory(&self, at: usize) -> PathBuf {
        self.root.join(at.to_string())
    }

    /// Returns the beginning of paths in a plugin's directory, as messages show them.
    fn prefix(&self, at: usize) -> String {
        format!("{}{MAIN_SEPARATOR}", escape_path(&self.directory(at)))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The system clears files that are left, as in any temporary directory.
        let _ = fs::remove_dir_all(&self.root);
    }
}

#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// A user's temporary directory is private already.
#[cfg(not(unix))]
fn make_private(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn others_see_nothing_of_what_is_on_a_stage() {
        let stage = Stage::new(&[], &PluginDirectory::look(Path::new("none")).expect("a shelf"))
            .expect("a stage");
        let mode = fs::metadata(&stage.root).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
