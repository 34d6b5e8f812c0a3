//! The proof that a file of the cache was written by a host of this user: a key, and tags made with
//! it.
//!
//! Running native code means trusting it entirely, so a checksum, which anybody can compute, is not
//! enough.

use std::fs;
use std::io;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::cache_file;

/// The file with the key.
const KEY_FILE: &str = "key";

/// A tag, in bytes.
pub(crate) const TAG: usize = 32;

/// A key that makes and verifies tags.
pub(crate) struct Seal(Hmac<Sha256>);

impl Seal {
    /// The key of `directory`, made where there is none or a damaged one. Files that were sealed
    /// with another are worthless then.
    pub(crate) fn of(directory: &Path) -> io::Result<Self> {
        let path = directory.join(KEY_FILE);
        // Hosts that start at once agree: one of them links its key, and all read that.
        for _ in 0..3 {
            match read(&path) {
                Ok(key) => return Hmac::new_from_slice(&key).map(Self).map_err(io::Error::other),
                // Another host may link its key just now: that one stays.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => cache_file::remove(&path),
            }
            let mut key = [0; 32];
            getrandom::fill(&mut key)?;
            let made = cache_file::write_beside(directory, [&key, &[]])?;
            match fs::hard_link(&made, &path) {
                Ok(()) => cache_file::remove(&made),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    cache_file::remove(&made);
                }
                // Some file systems have no links.
                Err(_) => fs::rename(&made, &path)?,
            }
        }
        Err(io::Error::other("its key cannot be kept"))
    }

    /// A key that nobody else has.
    pub(crate) fn random() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Hmac::new_from_slice(&key).map(Self).map_err(io::Error::other)
    }

    /// The key that `bytes` are, as many as there are.
    pub(crate) fn of_bytes(bytes: &[u8]) -> io::Result<Self> {
        Hmac::new_from_slice(bytes).map(Self).map_err(io::Error::other)
    }

    /// The tag of `bytes` under `name`.
    pub(crate) fn tag(&self, name: &str, bytes: &[u8]) -> [u8; TAG] {
        self.over(name, bytes).finalize().into_bytes().into()
    }

    /// True if `tag` is the one of `bytes` under `name`. Takes the same time wherever they differ.
    pub(crate) fn verify(&self, name: &str, bytes: &[u8], tag: &[u8]) -> bool {
        self.over(name, bytes).verify_slice(tag).is_ok()
    }

    fn over(&self, name: &str, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name.as_bytes());
        mac.update(bytes);
        mac
    }
}

fn read(path: &Path) -> io::Result<[u8; 32]> {
    let bytes = cache_file::read(&mut cache_file::open(path)?, 32)?;
    bytes.try_into().map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn hosts_that_start_at_once_agree_on_a_key() {
        for _ in 0..100 {
            let root = tempfile::tempdir().expect("a directory");
            let tag = || Seal::of(root.path()).expect("a key").tag("name", b"bytes");
            let tags: Vec<_> = thread::scope(|scope| {
                let hosts: Vec<_> = (0..8).map(|_| scope.spawn(tag)).collect();
                hosts.into_iter().map(|host| host.join().expect("a tag")).collect()
            });
            assert_eq!(tags, vec![tag(); 8]);
        }
    }
}
