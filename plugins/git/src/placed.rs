//! Files of a repository on the disk: written as they are stored, and deleted. Never through a link, and nothing that git
//! would have a program change.

use std::fs;
use std::path::Path;

use gix_index::entry::Stat;

use crate::change::Side;
use crate::file;
use crate::paths::{self, check_writable, quoted};
use crate::repository::Repository;
use crate::worktree;

/// Fails for files whose content git would change on the way to the disk in a way that is not done here.
pub fn check_content(repository: &Repository, path: &[u8], new: &Side) -> Result<(), String> {
    check_writable(path, new.mode == 0o120000)?;
    if paths::native(path).is_none() {
        return Err(format!("`{}` is not UTF-8, so it cannot be written here", quoted(path)));
    }
    match repository.attributes.of(path).changed_by {
        Some(attribute) if new.is_file() => Err(format!(
            "`{}` has the attribute `{attribute}`, for which git would change its content; that is not done here: use git",
            quoted(path)
        )),
        _ => Ok(()),
    }
}

/// Deletes a file, and the directories that are empty without it.
pub fn delete(repository: &Repository, path: &[u8]) -> Result<(), String> {
    let work = repository.work()?;
    let (Some(native), Some(about)) = (paths::native(path), worktree::about(repository, path)?)
    else {
        return Ok(());
    };
    let file = work.join(native);
    if about.is_dir() {
        // Of a submodule: goes only if it is empty.
        let _ = fs::remove_dir(&file);
        return Ok(());
    }
    fs::remove_file(&file).map_err(|error| file::explain(&error, &file))?;
    for above in native.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        if fs::remove_dir(work.join(above)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Writes a file as it is stored, and gives what the index keeps of it.
pub fn write(repository: &Repository, path: &[u8], side: &Side) -> Result<Stat, String> {
    check_content(repository, path, side)?;
    let native = paths::native(path).ok_or("a path is not UTF-8")?;
    let work = repository.work()?;
    let file = work.join(native);
    directories(work, native)?;
    let explain = |error: std::io::Error| file::explain(&error, &file);
    if side.is_submodule() {
        fs::create_dir_all(&file).map_err(explain)?;
        return Ok(Stat::default());
    }
    let content = side.content(repository, path)?;
    let there = file.symlink_metadata().ok();
    if there.is_some_and(|about| about.is_symlink() || side.mode == 0o120000 && about.is_file()) {
        fs::remove_file(&file).map_err(explain)?;
    }
    if side.mode == 0o120000 && repository.config.is("core.symlinks", true) {
        link(&content, &file).map_err(explain)?;
    } else if side.mode == 0o120000 {
        file::place(&file, &content).map_err(explain)?;
    } else {
        let content = worktree::ends(repository, path).to_disk(content);
        // Whether a file may be executed is kept only with the file itself: that cannot be set here.
        let kept =
            side.mode == 0o100755 && file.symlink_metadata().is_ok_and(|about| about.is_file());
        if kept { fs::write(&file, content) } else { file::place(&file, &content) }
            .map_err(explain)?;
    }
    let about = file.symlink_metadata().map_err(explain)?;
    Ok(worktree::stat_of(&about))
}

/// The directories above a file, none of which is a link.
fn directories(work: &Path, native: &Path) -> Result<(), String> {
    let mut above: Vec<_> =
        native.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()).collect();
    above.reverse();
    for directory in above {
        let directory = work.join(directory);
        match directory.symlink_metadata() {
            Ok(about) if about.is_dir() => {}
            Ok(_) => {
                return Err(format!(
                    "`{}` is no directory, so nothing is written below it",
                    directory.display()
                ));
            }
            Err(_) => {
                fs::create_dir(&directory).map_err(|error| file::explain(&error, &directory))?
            }
        }
    }
    Ok(())
}

fn link(target: &[u8], at: &Path) -> std::io::Result<()> {
    let target = std::str::from_utf8(target).map_err(|_| std::io::ErrorKind::InvalidData)?;
    crate::link::make(target, at)
}
