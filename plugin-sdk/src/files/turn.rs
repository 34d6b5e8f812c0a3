//! Who changes a file now: between plugins, whatever server runs them, one after the other. WASI has no locks, so a file
//! beside it stands for one, for the moment between a comparison and the change that rests on it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::system::Open;

/// How the name of such a file ends.
const LOCK: &str = ".toolrack-lock";
/// Time between two looks, looks at one and the same lock before it counts as left behind, and looks in all.
const PAUSE: Duration = Duration::from_millis(5);
const LEFT_BEHIND: usize = 400;
const MAX_LOOKS: usize = 2_000;

/// The right to change a file, until it is dropped.
pub(super) struct Turn(Option<PathBuf>);

/// Waits until nobody else changes the file at `path`. Where no file can be made beside it, nobody is waited for.
pub(super) fn take(path: &Path) -> io::Result<Turn> {
    let lock = lock(path);
    let (mut seen, mut looks) = (None, 0);
    for _ in 0..MAX_LOOKS {
        match Open::new(&lock) {
            Ok(_) => return Ok(Turn(Some(lock))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Windows says so of a file that is being removed.
            Err(_) if fs::symlink_metadata(&lock).is_ok() => {}
            Err(_) => return Ok(Turn(None)),
        }
        let now = fs::symlink_metadata(&lock).and_then(|about| about.modified()).ok();
        looks = if now == seen { looks + 1 } else { 0 };
        seen = now;
        if looks == LEFT_BEHIND {
            // Whoever made it was stopped: a change takes milliseconds.
            let _ = fs::remove_file(&lock);
            looks = 0;
        }
        sleep(PAUSE);
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(lock) = &self.0 {
            let _ = fs::remove_file(lock);
        }
    }
}

/// The same for all spellings of a name that a disk may take for one.
fn lock(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    // FNV-1a: it has to be the same in every build.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    path.with_file_name(format!(".{hash:016x}{LOCK}"))
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
}
