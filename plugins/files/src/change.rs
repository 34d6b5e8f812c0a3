//! Changes of files: written, edited, moved, removed.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use toolrack_sdk::files::{self, Kind};

use crate::alike;
use crate::edit::{self, Edit};
use crate::lines;
use crate::place::{Place, Places};
use crate::walk::counted;

/// The largest file that is edited, or moved by a copy, in bytes.
const MAX_EDITED: u64 = 8 * 1024 * 1024;
/// The most times that an edit begins anew where another program changes the file meanwhile.
const MAX_TRIES: usize = 10;
/// Entries that are removed with a directory, and how deep.
const MAX_REMOVED: usize = 10_000;
const MAX_DEPTH: usize = 64;

/// The way to write where the file is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    // Leave it alone and say so.
    Create,
    // Replace all of it.
    Overwrite,
    // Add to its end.
    Append,
    // Make a directory, and no file.
    Directory,
}

/// Writes `text`, or makes a directory, and says what was done.
pub fn write(place: &Place, text: Option<&str>, mode: Mode) -> Result<String, String> {
    let path = &place.path;
    let text = match (text, mode) {
        (None, Mode::Directory) => return make(place),
        (Some(_), Mode::Directory) => {
            return Err("a directory has no `text`; leave it out, or take another `mode`".into());
        }
        (None, _) => return Err("`text` is missing: what is to stand in the file".into()),
        (Some(text), _) => text,
    };
    let note = if path.symlink_metadata().is_err() { alike::beside(path) } else { None };
    let (text, ends) = match mode {
        Mode::Append => to_add(place, text)?,
        _ => (text.into(), String::new()),
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| place.explain(&error))?;
    }
    let done = match mode {
        Mode::Append => files::append(path, text.as_bytes()),
        Mode::Overwrite => files::replace(path, text.as_bytes()),
        Mode::Create | Mode::Directory => files::create(path, text.as_bytes()),
    };
    done.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists if path.is_dir() => {
            format!("`{}` is a directory; name a file in it", path.display())
        }
        io::ErrorKind::AlreadyExists => format!(
            "`{}` is there already; use `edit` for a part of it, or mode `overwrite` or `append`",
            path.display()
        ),
        _ => place.explain(&error),
    })?;
    let verb = if mode == Mode::Append { "added" } else { "wrote" };
    let (count, note) = (text.len(), note.unwrap_or_default());
    Ok(format!("{verb} {count} bytes to {}{ends}{note}", place.shown()))
}

/// The text as it fits the end of a file, and what to say of it. Of a large file the beginning tells what it is.
fn to_add<'a>(place: &Place, text: &'a str) -> Result<(Cow<'a, str>, String), String> {
    let explain = |error: io::Error| place.explain(&error);
    let mut bytes = Vec::new();
    match File::open(&place.path) {
        Ok(file) => file.take(MAX_EDITED).read_to_end(&mut bytes).map_err(explain)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((text.into(), String::new()));
        }
        Err(error) => return Err(explain(error)),
    };
    let is_other = match std::str::from_utf8(&bytes) {
        Ok(_) => false,
        Err(error) => error.error_len().is_some() || (bytes.len() as u64) < MAX_EDITED,
    };
    // Plain ASCII is the same in the encodings whose bytes are letters; a line end shows that they are.
    let is_ascii = text.is_ascii() && bytes.iter().any(|byte| b"\r\n".contains(byte));
    let kind = lines::unlike_utf8(&bytes).or((is_other && !is_ascii).then_some("not UTF-8 text"));
    if let Some(kind) = kind {
        return Err(format!(
            "`{}` is {kind}, so nothing is added: it would be damaged. Write all of it with mode `overwrite`, which makes it UTF-8",
            place.path.display(),
        ));
    }
    let count = |part: &[u8]| bytes.windows(part.len()).filter(|found| *found == part).count();
    let end = match bytes.contains(&b'\n') && count(b"\r\n") == count(b"\n") {
        true => Some(("\r\n", "CRLF")),
        false => lines::is_of_cr(&bytes).then_some(("\r", "CR")),
    };
    let mut note = String::new();
    let is_whole = (bytes.len() as u64) < MAX_EDITED;
    if is_whole && bytes.last().is_some_and(|last| !b"\r\n".contains(last)) {
        note += ", right behind its last line, which had no line end";
    }
    if let Some((end, name)) = end {
        let fitting = edit::plain(text).replace('\n', end);
        if fitting != text {
            return Ok((fitting.into(), note + &format!(", its line ends as the file's ({name})")));
        }
    }
    Ok((text.into(), note))
}

fn make(place: &Place) -> Result<String, String> {
    match fs::metadata(&place.path) {
        Ok(about) if about.is_dir() => {
            return Ok(format!("{} is there already", place.shown()));
        }
        Ok(_) => return Err(format!("{} is there already, and no directory", place.shown())),
        Err(_) => {}
    }
    fs::create_dir_all(&place.path).map_err(|error| place.explain(&error))?;
    Ok(format!("made {}", place.shown()))
}

/// Changes passages of a text, or says only what would change.
pub fn edit(place: &Place, edits: &[Edit], dry_run: bool) -> Result<String, String> {
    let explain = |error: io::Error| place.explain(&error);
    let path = place.path.display();
    if edits.is_empty() {
        return Err("nothing to change: give `old` and `new`, or `edits`".into());
    }
    let mut tries = 0;
    let edited = loop {
        let bytes = editable(place)?;
        let text = lines::as_utf8(&bytes).map_err(|kind| {
            format!("`{path}` is {kind}, so it is not edited; write all of it with `write`, mode `overwrite`, which makes it UTF-8")
        })?;
        let edited = edit::edit(text, edits).map_err(|problem| format!("`{path}`: {problem}"))?;
        if dry_run
            || files::replace_unchanged(&place.path, &bytes, edited.text.as_bytes())
                .map_err(explain)?
        {
            break edited;
        }
        tries += 1;
        if tries == MAX_TRIES {
            return Err(format!("`{path}`: it was changed meanwhile; nothing was written"));
        }
    };
    let verb = if dry_run { "this would change" } else { "changed" };
    let lines: Vec<_> = edited.lines.iter().take(20).map(ToString::to_string).collect();
    let what = if edited.lines.len() == 1 { "line" } else { "lines" };
    let more = if edited.lines.len() > 20 { ", ..." } else { "" };
    Ok(format!("{verb} {what} {}{more} of {}\n{}", lines.join(", "), place.shown(), edited.diff))
}

fn editable(place: &Place) -> Result<Vec<u8>, String> {
    let explain = |error: io::Error| place.explain(&error);
    let mut bytes = Vec::new();
    let file = File::open(&place.path).map_err(explain)?;
    file.take(MAX_EDITED + 1).read_to_end(&mut bytes).map_err(explain)?;
    if bytes.len() as u64 > MAX_EDITED {
        return Err(format!("`{}` is larger than {MAX_EDITED} bytes", place.path.display()));
    }
    Ok(bytes)
}

/// Gives a file or a directory another name. Nothing that is there is replaced.
pub fn rename(from: &Place, to: &Place) -> Result<String, String> {
    let about = from.path.symlink_metadata().map_err(|error| from.explain(&error))?;
    if to.path.starts_with(&from.path) && to.path != from.path {
        return Err(format!("`{}` lies in what is to be moved", to.path.display()));
    }
    let is_same = is_same_name(&from.path, &to.path);
    if !is_same && to.path.symlink_metadata().is_ok() {
        return Err(taken(from, to));
    }
    if let Some(parent) = to.path.parent() {
        fs::create_dir_all(parent).map_err(|error| to.explain(&error))?;
    }
    if !is_same && about.is_file() && relink(from, to)? {
        return Ok(format!("moved {} to {}", from.shown(), to.shown()));
    }
    match fs::rename(&from.path, &to.path) {
        Ok(()) => {}
        Err(error) if about.is_file() && error.kind() != io::ErrorKind::NotFound => {
            copy(from, to, about.len())?
        }
        Err(error) => return Err(to.explain(&error)),
    }
    Ok(format!("moved {} to {}", from.shown(), to.shown()))
}

/// Says what stands in the way.
fn taken(from: &Place, to: &Place) -> String {
    let name = from.path.file_name().map(|name| to.path.join(name)).unwrap_or_default();
    let inside = match to.path.symlink_metadata() {
        Ok(there) if there.is_dir() => format!("; to move it in there, write `{}`", name.display()),
        _ => String::new(),
    };
    format!("`{}` is there already, and nothing is replaced by moving{inside}", to.path.display())
}

/// Moves a file by a second name, which replaces nothing even if another program puts something there meanwhile. False
/// if the file system has no second names, or none there.
fn relink(from: &Place, to: &Place) -> Result<bool, String> {
    match fs::hard_link(&from.path, &to.path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(taken(from, to)),
        Err(_) => return Ok(false),
    }
    fs::remove_file(&from.path).map(|()| true).map_err(|error| {
        let _ = fs::remove_file(&to.path);
        from.explain(&error)
    })
}

/// On a disk that takes `A` and `a` for one, this is how a name gets other capitals.
fn is_same_name(from: &Path, to: &Path) -> bool {
    let lower = |path: &Path| path.to_string_lossy().to_lowercase();
    from != to
        && lower(from) == lower(to)
        && files::entries(to.parent().unwrap_or(to))
            .is_ok_and(|found| !found.entries.iter().any(|entry| to.ends_with(&entry.name)))
}

/// Moves a file to where it cannot be renamed, such as another disk or another grant.
fn copy(from: &Place, to: &Place, size: u64) -> Result<(), String> {
    if size > MAX_EDITED {
        return Err(format!(
            "`{}` cannot be renamed to there, and is too large to be copied ({size} bytes; at most {MAX_EDITED})",
            from.path.display()
        ));
    }
    let bytes = fs::read(&from.path).map_err(|error| from.explain(&error))?;
    files::create(&to.path, &bytes).map_err(|error| to.explain(&error))?;
    fs::remove_file(&from.path).map_err(|error| {
        let _ = fs::remove_file(&to.path);
        from.explain(&error)
    })
}

/// Removes a file, a link or a directory, of which what is in it only if that is said.
pub fn remove(places: &Places, place: &Place, recursive: bool) -> Result<String, String> {
    let explain = |error: io::Error| place.explain(&error);
    if places.roots.iter().any(|root| root.at == place.path) {
        return Err(format!(
            "`{}` is granted itself, so it is not deleted; delete what is in it",
            place.path.display()
        ));
    }
    if !place.path.symlink_metadata().map_err(explain)?.is_dir() {
        fs::remove_file(&place.path).map_err(explain)?;
        return Ok(format!("deleted {}", place.shown()));
    }
    if recursive {
        let mut found = Vec::new();
        below(&place.path, 0, &mut found)
            .map_err(|problem| format!("`{}` is not deleted: {problem}", place.path.display()))?;
        // What is in a directory comes after it.
        for (path, is_directory) in found.iter().rev() {
            let done = if *is_directory { fs::remove_dir(path) } else { fs::remove_file(path) };
            done.map_err(|error| files::explain(&error, path))?;
        }
        fs::remove_dir(&place.path).map_err(explain)?;
        let count = counted(found.len() as u64, "entry", "entries");
        return Ok(format!("deleted {} and {count} in it", place.shown()));
    }
    fs::remove_dir(&place.path).map_err(|error| match files::entries(&place.path) {
        Ok(found) if found.unnamed + found.entries.len() > 0 => {
            format!(
                "`{}` is not empty; set `recursive` to delete what is in it, too",
                place.path.display()
            )
        }
        _ => explain(error),
    })?;
    Ok(format!("deleted {}", place.shown()))
}

/// All that is below a directory, or why that is not removed: nothing is before that is known.
fn below(
    directory: &Path,
    depth: usize,
    found: &mut Vec<(std::path::PathBuf, bool)>,
) -> Result<(), String> {
    let inside = files::entries(directory).map_err(|error| files::explain(&error, directory))?;
    if inside.unnamed > 0 {
        return Err(format!(
            "in `{}` are names that are not UTF-8, which WASI cannot write",
            directory.display()
        ));
    }
    if depth == MAX_DEPTH || found.len() + inside.entries.len() > MAX_REMOVED {
        return Err(format!(
            "it holds more than {MAX_REMOVED} entries or {MAX_DEPTH} levels; delete parts of it first"
        ));
    }
    for entry in inside.entries {
        let path = directory.join(&entry.name);
        let is_directory = entry.kind == Kind::Directory;
        found.push((path.clone(), is_directory));
        if is_directory {
            below(&path, depth + 1, found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
