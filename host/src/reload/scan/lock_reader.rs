//! The lock files of plugin directories, read and remembered.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::super::decide::directory_trust::{DirectoryTrust, LockfileState};
use super::signature::FileSignature;
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::lockfile::{LOCK_FILE, Lock, LockPolicy, MAX_LOCK, lock_help};
use crate::manifest::Sha256Digest;

/// Reads the same locks again and again, and remembers them.
#[derive(Debug, Default)]
pub(crate) struct LockReader {
    locking: LockPolicy,
    known: HashMap<PathBuf, KnownLock>,
}

#[derive(Clone, Debug)]
struct KnownLock {
    signature: Option<FileSignature>,
    read: SystemTime,
    digest: Option<Sha256Digest>,
    /// The fault of the file. `None` if it is a lock.
    problem: Option<String>,
    /// The lock; where the file is none, the one before it.
    found: LockfileState,
}

impl LockReader {
    pub(crate) fn new(locking: LockPolicy) -> Self {
        Self { locking, known: HashMap::new() }
    }

    /// The strictness with which locks are kept.
    pub(crate) fn policy(&self) -> LockPolicy {
        self.locking
    }

    /// Reads the lock at `path`, and returns it with its fault. One that has become unusable leaves the one
    /// before it in force. `reread` reads it even if nothing speaks for a change.
    pub(crate) fn look(&mut self, path: &Path, reread: bool) -> (DirectoryTrust, Option<String>) {
        let trust = |found| DirectoryTrust { locking: self.locking, found };
        if self.locking == LockPolicy::Ignored {
            return (trust(LockfileState::Nothing), None);
        }
        let before = self.known.remove(path);
        let signature = FileSignature::of(path).ok();
        let known = match before {
            Some(before) if !reread && before.is_proof_of(path, signature) => before,
            before => match read_lock(path) {
                Ok(None) => {
                    // The lock may come back, damaged even.
                    self.known.extend(before.map(|before| (path.to_owned(), before)));
                    return (trust(LockfileState::Nothing), None);
                }
                Ok(Some(bytes)) => KnownLock::of(&bytes, signature, before),
                Err(problem) => KnownLock::unusable(problem, signature, before),
            },
        };
        self.known.insert(path.to_owned(), known.clone());
        (trust(known.found), known.problem)
    }
}

impl KnownLock {
    fn of(bytes: &[u8], signature: Option<FileSignature>, before: Option<Self>) -> Self {
        let digest = Some(Sha256Digest::of(bytes));
        // Equal bytes stay one lock, so that nothing is judged again.
        if let Some(before) = before.as_ref().filter(|before| before.digest == digest) {
            return Self { signature, read: SystemTime::now(), ..before.clone() };
        }
        match Lock::parse(bytes) {
            Ok(lock) => Self {
                signature,
                read: SystemTime::now(),
                digest,
                problem: None,
                found: LockfileState::Lock(Arc::new(lock)),
            },
            Err(error) => Self { digest, ..Self::unusable(error.to_string(), signature, before) },
        }
    }

    fn unusable(problem: String, signature: Option<FileSignature>, before: Option<Self>) -> Self {
        let found = before.map_or(LockfileState::Unusable, |before| before.found);
        Self { signature, read: SystemTime::now(), digest: None, problem: Some(problem), found }
    }

    /// True if nothing can have changed.
    fn is_proof_of(&self, path: &Path, signature: Option<FileSignature>) -> bool {
        // A link has the signature of the file to which it leads.
        let proof = |known: FileSignature| known.is_proof(self.read) && !path.is_symlink();
        self.signature == signature && signature.is_some_and(proof)
    }
}

/// Reads the lock of `directory`. `None` if there is none; the error says what is wrong with it and what to do.
pub fn lock_of(directory: &Path) -> Result<Option<Lock>, String> {
    let Some(bytes) = read_lock(&directory.join(LOCK_FILE))? else { return Ok(None) };
    Lock::parse(&bytes).map(Some).map_err(|error| error.to_string())
}

/// Reads the bytes of a lock. A link is none: a program that may write to its target could accept any plugin.
fn read_lock(path: &Path) -> Result<Option<Vec<u8>>, String> {
    if path.is_symlink() {
        return Err(format!("{LOCK_FILE} is a link; put the file itself in its place"));
    }
    match read_at_most(path, MAX_LOCK) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::Missing) => Ok(None),
        Err(error) => Err(format!("{LOCK_FILE} {error}; {}", lock_help())),
    }
}
