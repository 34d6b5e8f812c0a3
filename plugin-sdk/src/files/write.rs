//! Files changed whole or not at all.

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::links;
use super::sweep::sweep;
use super::system::{self, Open};
use super::turn::{self, Turn};

/// How the name of a file ends that is written to take another's place. The host knows this: until then such a file
/// is its owner's alone, and it takes the place only with the mode and the owner of what was there.
const BESIDE: &str = ".toolrack-new";

/// The most bytes that are kept of what another program adds while a file is changed.
const MAX_ADDED: u64 = 8 * 1024 * 1024;

/// The most times that a change begins anew because another file took the place of the one that was changed.
const MAX_TRIES: usize = 20;

/// The time after which another program has written what it compared before a change without a lock.
const SETTLED: Duration = Duration::from_millis(50);

/// Writes a new file.
///
/// # Errors
///
/// If something is there already, or the file cannot be written whole: then there is none.
pub fn create(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    let written = Open::new(path)?.write(bytes, 0);
    written.inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Adds to the end of a file, or writes a new one. What other programs add meanwhile is kept.
///
/// # Errors
///
/// If not all can be added: then nothing is, unless another program adds to the file meanwhile.
pub fn append(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = links::real(path)?;
    until_done(|| {
        let turn = turn::take(&path)?;
        match Open::existing(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(&path, bytes).map(|()| true)
            }
            file => add(&path, &file?, bytes, &turn),
        }
    })
}

/// Tries until it is done, or something fails.
fn until_done(once: impl Fn() -> io::Result<bool>) -> io::Result<()> {
    for _ in 0..MAX_TRIES {
        if once()? {
            return Ok(());
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Adds to a file that was opened at `path`: `false` if another has taken its place there, so that what was added is
/// in no file that has a name.
fn add(path: &Path, file: &Open, bytes: &[u8], turn: &Turn) -> io::Result<bool> {
    let (length, names) = file.about()?;
    file.append(bytes).inspect_err(|_| {
        if is_only_ours(path, length, bytes) {
            let _ = file.set_length(length);
        }
    })?;
    if !turn::is_at(file, path) {
        return Ok(false);
    }
    if !is_kept_apart(names, turn) && !bytes.is_empty() {
        std::thread::sleep(SETTLED);
        let behind = behind(fs::File::open(path)?, length, MAX_ADDED + bytes.len() as u64)?;
        if !behind.windows(bytes.len()).any(|part| part == bytes) {
            return Err(changed_meanwhile());
        }
    }
    Ok(true)
}

/// Returns the content of a file behind `start`, at most `max` bytes.
fn behind(mut file: fs::File, start: u64, max: u64) -> io::Result<Vec<u8>> {
    use io::{Read as _, Seek as _};
    let mut bytes = Vec::new();
    // WASI's libc reads nothing more from a file whose end it has seen.
    file.seek(io::SeekFrom::Start(start))?;
    file.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// True if the lock keeps all others from the file: those that change it by a name in another directory have another lock.
fn is_kept_apart(names: u64, turn: &Turn) -> bool {
    names <= 1 && turn.is_held()
}

/// Fails unless the file at `path` holds `bytes`, where no lock keeps others from changing it at the same time.
fn check_kept(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::thread::sleep(SETTLED);
    let is_kept = first(path, bytes.len() + 1)? == bytes;
    if is_kept { Ok(()) } else { Err(changed_meanwhile()) }
}

fn changed_meanwhile() -> io::Error {
    io::Error::other(
        "another program changed it at the same time, and no lock kept the two apart; this change may be lost: \
         read the file, and repeat the change if it is not there",
    )
}

/// True if what stands in the file behind `length` is a beginning of `bytes`.
fn is_only_ours(path: &Path, length: u64, bytes: &[u8]) -> bool {
    let added = fs::File::open(path).and_then(|file| behind(file, length, bytes.len() as u64 + 1));
    added.is_ok_and(|added| bytes.starts_with(&added))
}

/// Gives a file another content, or writes a new one. It keeps its mode and its owner, other names of the file (hard
/// links) keep being that file, and a symbolic link stays one: what it leads to is changed.
///
/// The new file is written beside the old one and takes its place only when it is whole. Where that would lose a name
/// or the owner, or nothing may be added to the directory, the file is changed in place; what it had is put back if
/// the rest does not fit.
///
/// # Errors
///
/// If the new content cannot be written: then the file is as it was.
pub fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = links::real(path)?;
    until_done(|| match Open::existing(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(&path, bytes).map(|()| true)
        }
        file => put(&path, file?, bytes, None),
    })
}

/// The same for a file that holds `old`: `false` if it holds something else right before it would be changed, since
/// another program has written it; then nothing is.
///
/// Of plugins that do so with one file, in however many servers, no change is lost: a file beside it, whose name ends in
/// `.toolrack-lock`, stands there for the moment between the comparison and the change, and one that is left behind is
/// removed after two seconds. Where none can be made, the file is read again after the change, and it is an error if
/// another change has undone this one. No other program heeds it. What such a program adds to the end in that moment is kept, what
/// it changes there is not; and what it adds later through a file that it opened before is lost.
///
/// # Errors
///
/// If there is no such file, or the new content cannot be written: then the file is as it was.
pub fn replace_unchanged(path: impl AsRef<Path>, old: &[u8], new: &[u8]) -> io::Result<bool> {
    let path = links::real(path)?;
    put(&path, Open::existing(&path)?, new, Some(old))
}

/// Changes a file that holds `old`, if that is given.
fn put(path: &Path, file: Open, bytes: &[u8], old: Option<&[u8]>) -> io::Result<bool> {
    let (length, names) = file.about()?;
    if names <= 1 {
        // Windows replaces no file that is open.
        drop(file);
        match beside(path, bytes, old) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            done => return done,
        }
    }
    let turn = turn::take(path)?;
    let is_same = match old {
        Some(old) => first(path, old.len() + 1)? == old,
        None => true,
    };
    if !is_same || turn.is_lost() {
        return Ok(false);
    }
    let file = Open::existing(path)?;
    in_place(path, &file, length, bytes)?;
    if !turn::is_at(&file, path) {
        return Ok(false);
    }
    if !is_kept_apart(names, &turn) {
        check_kept(path, bytes)?;
    }
    Ok(true)
}

fn beside(path: &Path, bytes: &[u8], old: Option<&[u8]>) -> io::Result<bool> {
    if let Some(directory) = path.parent() {
        sweep(directory, BESIDE);
    }
    let new = name_beside(path);
    let put = || {
        let file = Open::new(&new)?;
        file.write(bytes, 0)?;
        file.sync()?;
        drop(file);
        let turn = turn::take(path)?;
        let is_done = match old {
            Some(old) => take_place(&new, path, old, &turn)?,
            None => fs::rename(&new, path).map(|()| true)?,
        };
        if is_done && !turn.is_held() {
            check_kept(path, bytes)?;
        }
        Ok(is_done)
    };
    let done = put();
    if !matches!(done, Ok(true)) {
        let _ = fs::remove_file(&new);
    }
    done
}

/// Renames `new` to `path`, where `old` stands. What is added there until then comes along.
fn take_place(new: &Path, path: &Path, old: &[u8], turn: &Turn) -> io::Result<bool> {
    use io::Read as _;
    let (_, opened) = system::about(path)?;
    let mut there = fs::File::open(path)?;
    let mut found = Vec::new();
    there.by_ref().take(old.len() as u64 + 1).read_to_end(&mut found)?;
    let is_there = || io::Result::Ok(seen(&there.metadata()?) == seen(&fs::metadata(path)?));
    if found != old || turn.is_lost() || system::about(path)?.1 != opened || !is_there()? {
        return Ok(false);
    }
    if fs::rename(new, path).is_err() {
        // Windows replaces no file that is open.
        drop(there);
        return fs::rename(new, path).map(|()| true);
    }
    keep_added(there, old.len() as u64, path).map(|()| true)
}

/// Adds to the file at `path` what `there`, whose place it took, holds behind `length`.
fn keep_added(there: fs::File, length: u64, path: &Path) -> io::Result<()> {
    let added = behind(there, length, MAX_ADDED)?;
    if added.is_empty() { Ok(()) } else { Open::existing(path)?.append(&added) }
}

/// Returns facts that tell one state of a file from another without reading it.
fn seen(about: &fs::Metadata) -> (u64, Option<std::time::SystemTime>) {
    (about.len(), about.modified().ok())
}

fn name_beside(path: &Path) -> PathBuf {
    let random = RandomState::new().build_hasher().finish();
    path.with_file_name(format!(".{random:016x}{BESIDE}"))
}

/// What needs new room comes first: if there is none, what was there is whole.
fn in_place(path: &Path, file: &Open, length: u64, bytes: &[u8]) -> io::Result<()> {
    let shared = usize::try_from(length).map_or(bytes.len(), |length| length.min(bytes.len()));
    let (head, rest) = bytes.split_at(shared);
    let old = first(path, shared)?;
    let put = || {
        file.write(rest, length)?;
        file.write(head, 0)
    };
    if let Err(error) = put() {
        let _ = file.write(&old, 0);
        let _ = file.set_length(length);
        return Err(error);
    }
    if (bytes.len() as u64) < length {
        file.set_length(bytes.len() as u64)?;
    }
    file.sync()
}

fn first(path: &Path, count: usize) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory of the test's own, removed at its end.
    struct Root(PathBuf);

    impl Root {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("toolrack-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).expect("done");
            Self(path.canonicalize().expect("done"))
        }

        fn names(&self) -> usize {
            fs::read_dir(&self.0).expect("done").count()
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let root = Root::new("replace");
        let (file, link) = (root.0.join("a"), root.0.join("link"));
        create(&file, b"one").expect("done");
        assert_eq!(create(&file, b"x").expect_err("refused").kind(), io::ErrorKind::AlreadyExists);
        symlink("a", &link).expect("done");
        replace(&link, b"three").expect("done");
        append(&link, b"!").expect("done");
        assert_eq!(fs::read_to_string(&file).expect("done"), "three!");
        assert!(fs::symlink_metadata(&link).expect("done").is_symlink());
        assert_eq!(root.names(), 2);
    }

    #[test]
    fn what_another_program_wrote_meanwhile_is_not_undone() {
        let root = Root::new("unchanged");
        let (file, other) = (root.0.join("a"), root.0.join("b"));
        create(&file, b"one").expect("done");
        let replaced = |old: &[u8]| replace_unchanged(&file, old, b"new").expect("no error");
        assert!(!replaced(b"on") && !replaced(b"one more") && !replaced(b"two"));
        assert_eq!(fs::read_to_string(&file).expect("done"), "one");
        assert!(replaced(b"one"));
        fs::hard_link(&file, &other).expect("done");
        assert!(!replaced(b"one") && replaced(b"new"));
        assert_eq!(root.names(), 2);
        assert!(replace_unchanged(root.0.join("none"), b"", b"x").is_err());
    }

    #[test]
    fn what_is_added_between_comparison_and_change_is_kept() {
        use io::{Read as _, Write as _};
        let root = Root::new("added");
        let (file, new) = (root.0.join("a"), root.0.join("new"));
        create(&file, b"old").expect("done");
        create(&new, b"new!").expect("done");
        let mut there = fs::File::open(&file).expect("done");
        there.read_to_end(&mut Vec::new()).expect("done");
        let mut other = fs::OpenOptions::new().append(true).open(&file).expect("done");
        fs::rename(&new, &file).expect("done");
        other.write_all(b" more").expect("done");
        keep_added(there, 3, &file).expect("done");
        assert_eq!(fs::read_to_string(&file).expect("done"), "new! more");
    }

    #[test]
    fn of_many_that_change_one_file_at_once_none_loses_a_change() {
        let root = Root::new("turns");
        let file = root.0.join("a");
        create(&file, b"").expect("done");
        let one_line = |line: &str| {
            loop {
                let old = fs::read(&file).expect("done");
                let new = [&old[..], line.as_bytes()].concat();
                if replace_unchanged(&file, &old, &new).expect("done") {
                    break;
                }
            }
        };
        std::thread::scope(|scope| {
            for who in 0..4 {
                let (file, one_line) = (&file, &one_line);
                scope.spawn(move || {
                    for at in 0..25 {
                        match who {
                            0 => append(file, format!("{who} {at}\n").as_bytes()).expect("done"),
                            _ => one_line(&format!("{who} {at}\n")),
                        }
                    }
                });
            }
        });
        let text = fs::read_to_string(&file).expect("done");
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 100, "{text}");
        assert_eq!(root.names(), 1);
    }

    #[test]
    fn what_is_added_goes_to_the_end_that_is_there_then() {
        let root = Root::new("append");
        let file = root.0.join("a");
        create(&file, b"").expect("done");
        let add = |letter: u8| {
            (0..200).for_each(|_| append(&file, &[letter; 100]).expect("added"));
        };
        std::thread::scope(|scope| {
            for letter in *b"abc" {
                scope.spawn(move || add(letter));
            }
        });
        let bytes = fs::read(&file).expect("done");
        assert_eq!(bytes.len(), 3 * 200 * 100);
        assert!(bytes.chunks(100).all(|part| part.iter().all(|byte| *byte == part[0])));
        assert!(is_only_ours(&file, 59_950, &[bytes[59_999]; 60]));
        assert!(!is_only_ours(&file, 59_950, &[bytes[59_999]; 40]));
    }

    #[test]
    fn what_a_crash_left_behind_goes_with_the_next_change() {
        let root = Root::new("left");
        let file = root.0.join("a");
        create(&file, b"one").expect("done");
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(2 * 60 * 60);
        let left = |name: &str, is_old: bool| {
            let file = fs::File::create(root.0.join(name)).expect("done");
            if is_old {
                file.set_modified(long_ago).expect("done");
            }
        };
        left(".0123456789abcdef.toolrack-new", true);
        let stay = [
            (".0123456789abcdee.toolrack-new", false),
            (".0123456789ABCDEF.toolrack-new", true),
            (".0123.toolrack-new", true),
            ("0123456789abcdef.toolrack-new", true),
            (".0123456789abcdef.toolrack-new.md", true),
        ];
        for (name, is_old) in stay {
            left(name, is_old);
        }
        assert!(replace_unchanged(&file, b"one", b"two").expect("done"));
        assert!(!root.0.join(".0123456789abcdef.toolrack-new").exists());
        for (name, _) in stay {
            assert!(root.0.join(name).exists(), "{name}");
        }
    }

    #[test]
    fn what_was_added_to_a_file_that_lost_its_place_is_added_anew() {
        let root = Root::new("stopped");
        let (file, new) = (root.0.join("a"), root.0.join("new"));
        create(&file, b"old\n").expect("done");
        let stopped = turn::take(&file).expect("done");
        let open = Open::existing(&file).expect("done");
        replace(&file, b"by another\n").expect("takes the lock over");
        assert!(!add(&file, &open, b"added\n", &stopped).expect("no error"));
        drop(stopped);
        append(&file, b"added\n").expect("done");
        assert_eq!(fs::read_to_string(&file).expect("done"), "by another\nadded\n");
        // Nor does who was stopped before the change undo what was changed meanwhile.
        create(&new, b"stale").expect("done");
        let stopped = turn::take(&file).expect("done");
        let taken = turn::take(&file).expect("taken over");
        let is_replaced = take_place(&new, &file, b"by another\nadded\n", &stopped);
        assert!(!is_replaced.expect("no error"));
        drop(taken);
    }

    #[test]
    fn a_change_without_a_lock_is_told_as_done_only_if_it_is_there() {
        let root = Root::new("unlocked");
        let file = root.0.join("none/a");
        let unlocked = turn::take(&file).expect("nobody to wait for");
        let file = root.0.join("a");
        create(&file, b"mine").expect("done");
        check_kept(&file, b"mine").expect("it is there");
        for other in ["theirs", "mine and theirs", ""] {
            fs::write(&file, other).expect("done");
            let told = check_kept(&file, b"mine").expect_err("lost").to_string();
            assert!(told.contains("may be lost"), "{told}");
        }
        let open = Open::existing(&file).expect("done");
        assert!(add(&file, &open, b"mine", &unlocked).expect("it is there"));
        let locked = turn::take(&file).expect("done");
        assert!(is_kept_apart(1, &locked) && !is_kept_apart(2, &locked));
        assert!(!is_kept_apart(1, &unlocked));
    }

    #[test]
    fn other_names_of_a_file_keep_being_it() {
        let root = Root::new("names");
        let (one, other) = (root.0.join("one"), root.0.join("other"));
        create(&one, b"first").expect("done");
        fs::hard_link(&one, &other).expect("done");
        for text in ["longer than it was", "short", ""] {
            replace(&one, text.as_bytes()).expect("done");
            assert_eq!(fs::read_to_string(&other).expect("done"), text);
        }
        assert_eq!(root.names(), 2);
    }
}
