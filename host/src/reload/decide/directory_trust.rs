//! The lock of a plugin directory as a scan found it, and what it says of plugins.

use std::sync::Arc;

use super::super::scan::scanned::Contents;
use super::locks_in_force::Judge;
use crate::catalog::{HELD_BACK, Plugin};
use crate::lockfile::{self, Files, Lock, LockPolicy, PluginVersion, Verdict};
use crate::suggestion::CommandName;

fn no_lock() -> String {
    format!(
        "only what is locked is served, as --locked or `locked` in the configuration demands (`{}` prints its line), and there \
         is no toolrack.lock in its directory; `{}` shows what lies there and makes one",
        CommandName::Check.alone(),
        CommandName::Approve.alone()
    )
}

fn unusable() -> String {
    let check = CommandName::Check.alone();
    format!("{HELD_BACK}toolrack.lock in its directory cannot be used; `{check}` says why")
}

/// A directory's lock, for a host of this strictness.
#[derive(Clone, Debug)]
pub struct DirectoryTrust {
    pub(crate) locking: LockPolicy,
    pub(crate) found: LockfileState,
}

/// The state of a lock file.
#[derive(Clone, Debug)]
pub(crate) enum LockfileState {
    Nothing,
    /// Something that is no lock, and no lock was there before.
    Unusable,
    Lock(Arc<Lock>),
}

impl PartialEq for DirectoryTrust {
    fn eq(&self, other: &Self) -> bool {
        match (&self.found, &other.found) {
            (LockfileState::Nothing, LockfileState::Nothing)
            | (LockfileState::Unusable, LockfileState::Unusable) => true,
            (LockfileState::Lock(one), LockfileState::Lock(two)) => Arc::ptr_eq(one, two),
            (LockfileState::Nothing | LockfileState::Unusable | LockfileState::Lock(_), _) => false,
        }
    }
}

impl Judge<Arc<Plugin>> for DirectoryTrust {
    fn is_there(&self) -> bool {
        matches!(self.found, LockfileState::Unusable | LockfileState::Lock(_))
    }

    fn forbids(&self, file: &str) -> Option<String> {
        match (&self.found, self.locking) {
            // What is held back is still asked, so that the difference can be shown.
            (_, LockPolicy::Ignored | LockPolicy::Followed) => None,
            (LockfileState::Nothing, LockPolicy::Required) => Some(no_lock()),
            (LockfileState::Unusable, LockPolicy::Required) => Some(unusable()),
            (LockfileState::Lock(lock), LockPolicy::Required) => lockfile::unlisted(lock, file),
        }
    }

    fn judge(&self, file: &str, contents: &Contents, plugin: &Arc<Plugin>) -> Verdict {
        match (&self.found, self.locking) {
            (_, LockPolicy::Ignored) | (LockfileState::Nothing, LockPolicy::Followed) => {
                Verdict::Accepted
            }
            (LockfileState::Nothing, LockPolicy::Required) => Verdict::Unlisted(no_lock()),
            (LockfileState::Unusable, LockPolicy::Followed | LockPolicy::Required) => {
                Verdict::Unlisted(unusable())
            }
            (LockfileState::Lock(lock), locking) => {
                lockfile::judge(lock, file, &PluginVersion::of(contents.files(), plugin), locking)
            }
        }
    }
}

impl Contents {
    /// Returns its files as a lock knows them.
    #[must_use]
    pub fn files(&self) -> Files {
        // A lock holds grants as they are written.
        let Self { wasm, manifest, wit, local, missing: _ } = *self;
        Files { wasm, manifest, wit, local }
    }
}
