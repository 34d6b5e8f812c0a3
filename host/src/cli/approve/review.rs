//! The comparison of a directory's lock with the plugins that lie there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};

use crate::home::Home;
use crate::install::DirectoryLock;
use crate::lockfile::{LOCK_FILE, Lock, LockEntry, write};
use crate::reload::lock_of;
use crate::suggestion::CommandName;
use crate::text::escape;

/// The lock of one directory, and what would change in it.
pub(in crate::cli) struct Review {
    pub(in crate::cli) directory: PathBuf,
    /// The lock. `None` where there is none yet.
    pub(in crate::cli) before: Option<Lock>,
    pub(in crate::cli) after: Lock,
    pub(in crate::cli) changes: Vec<PluginChange>,
    /// The manifests of locked plugins that lie there and do not load, with the plugins' names.
    pub(in crate::cli) not_compared: BTreeMap<String, String>,
}

/// The change for one plugin.
pub(in crate::cli) struct PluginChange {
    pub(in crate::cli) file: String,
    pub(in crate::cli) before: Option<LockEntry>,
    pub(in crate::cli) after: Option<LockEntry>,
}

/// The lock of `directory`, if there is one.
pub(in crate::cli) fn lock(directory: &Path) -> anyhow::Result<Option<Lock>> {
    let shown = || escape(&directory.to_string_lossy());
    lock_of(directory).map_err(|problem| anyhow!("{}: {problem}", shown()))
}

/// Locks `directory` by `lock`.
pub(in crate::cli) fn put(directory: &Path, lock: &Lock) -> anyhow::Result<()> {
    write(directory, &text(directory, lock)?)
        .map_err(|error| anyhow!("{}: it cannot be written: {error}", shown(directory)))
}

fn text(directory: &Path, lock: &Lock) -> anyhow::Result<String> {
    lock.text().map_err(|error| anyhow!("{}: {error}", shown(directory)))
}

/// The lock's file.
fn shown(directory: &Path) -> String {
    escape(&directory.join(LOCK_FILE).to_string_lossy())
}

impl Review {
    pub(in crate::cli) fn new(directory: PathBuf, before: Option<Lock>) -> Self {
        let after = before.clone().unwrap_or_default();
        let locked = after.plugins.iter().map(|(file, entry)| (file.clone(), entry.name.clone()));
        let not_compared = locked.collect();
        Self { directory, before, after, changes: Vec::new(), not_compared }
    }

    /// Takes in a plugin that lies in the directory.
    pub(in crate::cli) fn lies_there(&mut self, file: &str, entry: LockEntry) {
        self.not_compared.remove(file);
        let before = self.after.plugins.get(file).cloned();
        if before.as_ref().is_some_and(|before| *before == entry) {
            return;
        }
        self.changes.push(PluginChange { file: file.to_owned(), before, after: Some(entry) });
    }

    /// Forgets entries whose plugins do not lie there any more. A plugin that is there and does not load stays locked
    /// as it was.
    pub(in crate::cli) fn forget_gone(&mut self) {
        let gone = self
            .after
            .plugins
            .iter()
            .filter(|(file, _)| self.directory.join(file).symlink_metadata().is_err());
        let gone: Vec<_> = gone.map(|(file, entry)| (file.clone(), entry.clone())).collect();
        for (file, entry) in gone {
            self.not_compared.remove(&file);
            self.changes.push(PluginChange { file, before: Some(entry), after: None });
        }
    }

    /// Keeps the changes that are meant, and settles what is locked with them.
    pub(in crate::cli) fn keep(&mut self, is_meant: impl Fn(&PluginChange) -> bool) {
        self.changes.retain(is_meant);
        for change in &self.changes {
            match &change.after {
                Some(entry) => _ = self.after.plugins.insert(change.file.clone(), entry.clone()),
                None => _ = self.after.plugins.remove(&change.file),
            }
        }
    }

    pub(in crate::cli) fn is_new(&self) -> bool {
        self.before.is_none() || !self.changes.is_empty()
    }

    pub(in crate::cli) fn write(&self, home: Option<&Home>) -> anyhow::Result<()> {
        let _held = DirectoryLock::take(home, &self.directory)?;
        let text = |lock: &Lock| text(&self.directory, lock);
        let now = lock(&self.directory)?;
        if now.as_ref().map(text).transpose()? != self.before.as_ref().map(text).transpose()? {
            let shown = shown(&self.directory);
            let approve = CommandName::Approve.alone();
            bail!("{shown}: it changed while this was shown; run `{approve}` again");
        }
        put(&self.directory, &self.after)
    }
}

impl PluginChange {
    pub(in crate::cli) fn name(&self) -> &str {
        let entry = self.after.as_ref().or(self.before.as_ref());
        entry.map(|entry| &*entry.name).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_changed_meanwhile_is_not_written_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        let review = || Review::new(path.to_owned(), lock(path).expect("readable"));
        let first = review();
        first.write(None).expect("written");
        // Another took up its place: there was none when it was shown.
        let refused = first.write(None).expect_err("it is there").to_string();
        assert!(refused.contains("it changed while this was shown"), "{refused}");
        let second = review();
        let other = r#"{"version":1,"plugins":{"p.toml":{"name":"p","sha256":{"wasm":"DIGEST",
            "manifest":"DIGEST"},"grants":[],"tools":{}}}}"#;
        let other = other.replace("DIGEST", &"0".repeat(64));
        std::fs::write(path.join(LOCK_FILE), &other).expect("written");
        second.write(None).expect_err("it is another");
        assert_eq!(std::fs::read_to_string(path.join(LOCK_FILE)).expect("there"), other);
        review().write(None).expect("nothing changed");
    }
}
