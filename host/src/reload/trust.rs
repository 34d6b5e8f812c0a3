//! The lock of a plugin directory as a scan finds it, and what it says of loaded plugins.

use std::path::Path;
use std::sync::Arc;

use super::locks::Judge;
use super::read::{ReadError, read_at_most};
use super::seen::Pair;
use crate::catalog::Plugin;
use crate::lock::{self, Files, LOCK_FILE, Lock, Locking, MAX_LOCK, Verdict, Version};

/// What a directory's lock says, to a host that is so strict.
#[derive(Clone, Debug)]
pub struct Trust {
    pub(super) locking: Locking,
    pub(super) found: Found,
}

/// What there is of a lock.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Nothing,
    /// Something that is no lock, and no lock was there before.
    Unusable,
    Lock(Arc<Lock>),
}

impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        match (&self.found, &other.found) {
            (Found::Nothing, Found::Nothing) | (Found::Unusable, Found::Unusable) => true,
            (Found::Lock(one), Found::Lock(two)) => Arc::ptr_eq(one, two),
            (Found::Nothing | Found::Unusable | Found::Lock(_), _) => false,
        }
    }
}

impl Judge<Arc<Plugin>> for Trust {
    fn is_there(&self) -> bool {
        matches!(self.found, Found::Unusable | Found::Lock(_))
    }

    fn judge(&self, file: &str, pair: &Pair, plugin: &Arc<Plugin>) -> Verdict {
        match (&self.found, self.locking) {
            (_, Locking::Ignored) | (Found::Nothing, Locking::Followed) => Verdict::Accepted,
            (Found::Nothing, Locking::Required) => Verdict::Unlisted(
                "only what is locked is served (--locked), and there is no toolrack.lock in its directory; \
                 `toolrack approve` shows what lies there and makes one"
                    .into(),
            ),
            (Found::Unusable, Locking::Followed | Locking::Required) => Verdict::Unlisted(
                "held back: toolrack.lock in its directory cannot be used; that is told apart".into(),
            ),
            (Found::Lock(lock), locking) => {
                lock::judge(lock, file, &Version::of(pair.files(), plugin), locking)
            }
        }
    }
}

impl Pair {
    /// What a lock knows of it.
    #[must_use]
    pub fn files(&self) -> Files {
        Files { wasm: self.wasm, manifest: self.manifest, wit: self.wit }
    }
}

/// The lock of `directory`, if there is one; what is wrong with it and what to do, if it is no lock.
pub fn lock_of(directory: &Path) -> Result<Option<Lock>, String> {
    let Some(bytes) = read_lock(&directory.join(LOCK_FILE))? else { return Ok(None) };
    Lock::parse(&bytes).map(Some).map_err(|error| error.to_string())
}

/// The bytes of a lock. A link is none: who may write where it leads could accept what it likes.
pub(super) fn read_lock(path: &Path) -> Result<Option<Vec<u8>>, String> {
    if path.is_symlink() {
        return Err(format!("{LOCK_FILE} is a link; put the file itself in its place"));
    }
    match read_at_most(path, MAX_LOCK) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::Missing) => Ok(None),
        Err(error) => Err(format!(
            "{LOCK_FILE} {error}; restore it from version control, or delete it and let `toolrack approve` make a \
             new one"
        )),
    }
}
