//! Files of a repository on the disk: written as they are stored, and deleted. Never through a link, and nothing that git
//! would have a program change.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use gix_index::entry::Stat;

use crate::change::Side;
use crate::file;
use crate::paths::{self, check_writable, quoted};
use crate::repository::Repository;
use crate::worktree;

const MAX_DEPTH: usize = 128;
/// Bytes of one name, and of what a link leads to, which systems of files take.
const MAX_NAME: usize = 255;
const MAX_TARGET: usize = 4_096;

/// Fails for files whose content git would change on the way to the disk in a way that is not done here.
fn check_content(repository: &Repository, path: &[u8], new: &Side) -> Result<(), String> {
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

/// Fails where writing these files would, as far as that can be known before anything is written. None: it goes.
pub fn check_writes(
    repository: &Repository,
    files: &BTreeMap<Vec<u8>, Option<Side>>,
) -> Result<(), String> {
    let is_attributes =
        |path: &[u8]| path.rsplit(|byte| *byte == b'/').next() == Some(b".gitattributes");
    let mut coming = HashMap::new();
    for (path, side) in files.iter().filter(|(path, _)| is_attributes(path)) {
        let side = side.as_ref().filter(|side| side.is_file());
        let content = side.map_or(Ok(Vec::new()), |side| side.content(repository, path))?;
        coming.insert(path.clone(), content);
    }
    repository.attributes.expect(coming);
    let leaves = |path: &[u8]| matches!(files.get(path), Some(None));
    for (path, side) in files {
        match side {
            Some(side) => check_write(repository, path, side, &leaves)?,
            None => check_writable(path, false)?,
        }
    }
    Ok(())
}

/// Fails where `write` would, as far as that can be known before anything is written. `leaves` says which files go first.
fn check_write(
    repository: &Repository,
    path: &[u8],
    side: &Side,
    leaves: &dyn Fn(&[u8]) -> bool,
) -> Result<(), String> {
    check_content(repository, path, side)?;
    if let Some(name) = path.split(|byte| *byte == b'/').find(|name| name.len() > MAX_NAME) {
        return Err(format!("`{}` is longer than a name of a file can be", quoted(name)));
    }
    for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let above = &path[..end];
        match worktree::about(repository, above)? {
            Some(about) if !about.is_dir() && !leaves(above) => {
                return Err(format!(
                    "`{0}` is no directory, so `{1}` is not written below it, and nothing was changed; move or delete \
                     `{0}`, then call again",
                    quoted(above),
                    quoted(path)
                ));
            }
            Some(_) => {}
            None => break,
        }
    }
    if side.is_submodule() {
        return Ok(());
    }
    let is_directory = worktree::about(repository, path)?.is_some_and(|about| about.is_dir());
    if is_directory && !makes_room(repository, path, leaves, 0)? {
        return Err(format!(
            "`{0}` is a directory with other files in it, so the file `{0}` is not written in its place, and nothing was \
             changed; move or delete that directory, then call again",
            quoted(path)
        ));
    }
    let content = side
        .content(repository, path)
        .map_err(|error| format!("`{}` cannot be written: {error}", quoted(path)))?;
    if side.mode == 0o120000 && repository.config.is("core.symlinks", true) {
        check_target(path, &content)?;
    }
    Ok(())
}

/// Fails for links that the sandbox does not make.
fn check_target(path: &[u8], target: &[u8]) -> Result<(), String> {
    let (path, shown) = (quoted(path), quoted(target));
    match std::str::from_utf8(target) {
        Ok(text) if text.starts_with('/') || std::path::Path::new(text).has_root() => Err(format!(
            "`{path}` is a link to the absolute path `{shown}`; such links are not made here: use git"
        )),
        Ok(text) if !text.is_empty() && text.len() < MAX_TARGET && !text.contains('\0') => Ok(()),
        _ => Err(format!(
            "`{path}` is a link to `{shown}`, which is no path; such links are not made here"
        )),
    }
}

/// True if a directory holds only files that leave, so that a file can take its place.
pub fn makes_room(
    repository: &Repository,
    path: &[u8],
    leaves: &dyn Fn(&[u8]) -> bool,
    depth: usize,
) -> Result<bool, String> {
    let Some(native) = paths::native(path).filter(|_| depth < MAX_DEPTH) else { return Ok(false) };
    let directory = repository.work()?.join(native);
    for entry in fs::read_dir(&directory).map_err(|error| file::explain(&error, &directory))? {
        let Ok(entry) = entry else { return Ok(false) };
        let Ok(name) = entry.file_name().into_string() else { return Ok(false) };
        let inner = [path, b"/", name.as_bytes()].concat();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !(leaves(&inner) || is_directory && makes_room(repository, &inner, leaves, depth + 1)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Deletes directories that hold nothing but directories.
fn remove_empty(directory: &Path, depth: usize) -> std::io::Result<()> {
    if depth < MAX_DEPTH {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                remove_empty(&entry.path(), depth + 1)?;
            }
        }
    }
    fs::remove_dir(directory)
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
    let there = file.symlink_metadata().ok();
    if side.is_submodule() {
        if there.is_some_and(|about| !about.is_dir()) {
            fs::remove_file(&file).map_err(explain)?;
        }
        fs::create_dir_all(&file).map_err(explain)?;
        return Ok(Stat::default());
    }
    let content = side.content(repository, path)?;
    if there.as_ref().is_some_and(fs::Metadata::is_dir) {
        remove_empty(&file, 0).map_err(explain)?;
    }
    if there.is_some_and(|about| about.is_symlink() || side.mode == 0o120000 && about.is_file()) {
        fs::remove_file(&file).map_err(explain)?;
    }
    let about = if side.mode == 0o120000 && repository.config.is("core.symlinks", true) {
        link(&content, &file).and_then(|()| file.symlink_metadata())
    } else if side.mode == 0o120000 {
        file::place(&file, &content)
    } else {
        let content = worktree::ends(repository, path).to_disk(content);
        // Whether a file may be executed is kept only with the file itself: that cannot be set here.
        let kept =
            side.mode == 0o100755 && file.symlink_metadata().is_ok_and(|about| about.is_file());
        if kept { file::overwrite(&file, &content) } else { file::place(&file, &content) }
    };
    Ok(worktree::stat_of(&about.map_err(explain)?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_file_and_directory_changed_places_it_is_said_what_to_do() {
        let (directory, repository) = crate::repository::empty();
        fs::write(directory.path().join("a"), "").unwrap();
        fs::create_dir(directory.path().join("b")).unwrap();
        fs::write(directory.path().join("b/inner"), "").unwrap();
        let side = Side::stored(0o100644, gix_hash::ObjectId::null(gix_hash::Kind::Sha1));
        for (path, named) in
            [("a/inner", "move or delete `a`"), ("b", "move or delete that directory")]
        {
            let files = BTreeMap::from([(path.as_bytes().to_vec(), Some(side.clone()))]);
            let refused = check_writes(&repository, &files).unwrap_err();
            assert!(
                refused.contains(named) && refused.contains("nothing was changed"),
                "{refused}"
            );
        }
    }
}
