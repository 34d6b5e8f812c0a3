//! Turns in changing a file: plugins take them one after the other, whatever server runs them. WASI has no locks, so a
//! file beside it stands for one, for the moment between a comparison and the change that rests on it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::names::LOCK;
use super::system::{self, Open};

/// The time between two looks at a lock.
const PAUSE: Duration = Duration::from_millis(5);
/// The looks at one and the same lock after which it counts as left behind: two seconds.
const LEFT_BEHIND: usize = 400;
/// The most looks, at one lock or several: ten seconds.
const MAX_LOOKS: usize = 2_000;

/// The right to change a file, until it is dropped.
pub(super) struct Turn(Option<(PathBuf, Open)>);

/// Waits until nobody else changes the file at `path`. Where no lock can be made beside it, nobody is waited for.
pub(super) fn take(path: &Path) -> io::Result<Turn> {
    let mut lock = lock(path);
    let (mut seen, mut looks) = (None, 0);
    for _ in 0..MAX_LOOKS {
        match Open::new(&lock) {
            Ok(open) => {
                let turn = Turn(Some((lock, open)));
                let right = self::lock(path);
                if turn.is_of(&right) {
                    return Ok(turn);
                }
                // While this one was waited for, another file took the place of the one at `path`.
                lock = right;
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Windows says so of a file that is being removed.
            Err(_) if fs::symlink_metadata(&lock).is_ok() => {}
            Err(_) => return Ok(Turn(None)),
        }
        let about = fs::symlink_metadata(&lock).ok();
        let is_other = about.as_ref().is_some_and(|about| !about.is_file());
        let now = about.and_then(|about| about.modified().ok());
        looks = if now == seen { looks + 1 } else { 0 };
        seen = now;
        // Whoever made it was stopped: a change takes milliseconds. What is no file was never made by anybody here.
        if (is_other || looks == LEFT_BEHIND) && !removed(&lock) {
            return Ok(Turn(None));
        }
        sleep(PAUSE);
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// True if what stood at `lock` is gone; a directory goes if it is empty.
fn removed(lock: &Path) -> bool {
    let gone = fs::remove_file(lock).or_else(|_| fs::remove_dir(lock));
    gone.is_ok() || fs::symlink_metadata(lock).is_err()
}

impl Turn {
    /// True if a lock keeps others from the file, and it is still this one.
    pub(super) fn is_held(&self) -> bool {
        self.0.as_ref().is_some_and(|(lock, open)| is_at(open, lock))
    }

    /// True if the lock was taken over by another plugin, since this one was stopped for long.
    pub(super) fn is_lost(&self) -> bool {
        self.0.is_some() && !self.is_held()
    }

    fn is_of(&self, right: &Path) -> bool {
        self.0.as_ref().is_some_and(|(lock, _)| lock == right)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let is_held = self.is_held();
        // Windows removes no file that is open.
        if let Some((lock, _)) = self.0.take()
            && is_held
        {
            let _ = fs::remove_file(lock);
        }
    }
}

/// True if `file` is what stands at `path`.
pub(super) fn is_at(file: &Open, path: &Path) -> bool {
    system::about(path).is_ok_and(|(_, identity)| identity == file.identity())
}

/// Returns the path of the lock of a file: the same for all spellings of a name that a disk may take for one, and for all
/// names of a file that has several.
fn lock(path: &Path) -> PathBuf {
    let hash = match system::about(path) {
        Ok((2.., Some((device, file)))) => {
            fnv(&[device.to_le_bytes(), file.to_le_bytes()].concat())
        }
        _ => fnv(path.file_name().unwrap_or_default().to_string_lossy().to_lowercase().as_bytes()),
    };
    path.with_file_name(format!(".{hash:016x}{LOCK}"))
}

/// FNV-1a: it has to be the same in every build.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_ends_and_one_that_was_left_behind_is_taken() {
        let root = std::env::temp_dir().join(format!("toolrack-turn-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("done");
        let file = root.join("a");
        let count = || fs::read_dir(&root).expect("done").count();
        let turn = take(&file).expect("done");
        assert_eq!(count(), 1);
        drop(turn);
        assert_eq!(count(), 0);
        std::mem::forget(take(&file).expect("done"));
        drop(take(&root.join("A")).expect("taken over"));
        assert_eq!(count(), 0);
        drop(take(&root.join("none/a")).expect("nobody to wait for"));
        fs::remove_dir_all(&root).expect("done");
    }

    #[test]
    #[cfg(unix)]
    fn a_turn_that_was_taken_over_is_lost_and_leaves_the_others_lock() {
        let root = std::env::temp_dir().join(format!("toolrack-lost-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("done");
        let file = root.join("a");
        let stopped = take(&file).expect("done");
        assert!(stopped.is_held() && !stopped.is_lost());
        let other = take(&file).expect("taken over");
        assert!(stopped.is_lost() && !stopped.is_held());
        drop(stopped);
        assert!(other.is_held(), "the lock of another was removed");
        drop(other);
        fs::remove_dir_all(&root).expect("done");
    }

    #[test]
    #[cfg(unix)]
    fn all_names_of_one_file_have_one_lock() {
        let root = std::env::temp_dir().join(format!("toolrack-names-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("done");
        let [one, other, third] = ["one", "other", "third"].map(|name| root.join(name));
        fs::write(&one, "").expect("done");
        fs::write(&third, "").expect("done");
        assert_ne!(lock(&one), lock(&other));
        fs::hard_link(&one, &other).expect("done");
        assert_eq!(lock(&one), lock(&other));
        assert_ne!(lock(&one), lock(&third));
        fs::remove_dir_all(&root).expect("done");
    }

    #[test]
    fn a_directory_in_the_place_of_a_lock_is_not_waited_for() {
        let root = std::env::temp_dir().join(format!("toolrack-placed-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("done");
        let file = root.join("a");
        fs::create_dir(lock(&file)).expect("done");
        assert!(take(&file).expect("removed").is_held());
        fs::create_dir_all(lock(&file).join("inner")).expect("done");
        let turn = take(&file).expect("not waited for");
        assert!(!turn.is_held() && !turn.is_lost());
        fs::remove_dir_all(&root).expect("done");
    }
}
