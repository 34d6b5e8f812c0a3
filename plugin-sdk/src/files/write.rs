//! Files changed whole or not at all.

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use super::links;
use super::system::Open;

/// How the name of a file ends that is written to take another's place. The host knows this: until then such a file
/// is its owner's alone, and it takes the place only with the mode and the owner of what was there.
const BESIDE: &str = ".toolrack-new";

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
    let file = match Open::existing(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return create(&path, bytes),
        file => file?,
    };
    let (length, _) = file.about()?;
    file.append(bytes).inspect_err(|_| {
        if is_only_ours(&path, length, bytes) {
            let _ = file.set_length(length);
        }
    })
}

/// True if what stands in the file behind `length` is a beginning of `bytes`.
fn is_only_ours(path: &Path, length: u64, bytes: &[u8]) -> bool {
    use io::{Read as _, Seek as _};
    let added = || {
        let mut file = fs::File::open(path)?;
        file.seek(io::SeekFrom::Start(length))?;
        let mut added = Vec::new();
        file.take(bytes.len() as u64 + 1).read_to_end(&mut added)?;
        io::Result::Ok(added)
    };
    added().is_ok_and(|added| bytes.starts_with(&added))
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
    match Open::existing(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path, bytes),
        file => put(&path, file?, bytes, &|| Ok(true)).map(drop),
    }
}

/// The same for a file that holds `old`: `false` if it holds something else right before it would be changed, since
/// another program has written it; then nothing is.
///
/// # Errors
///
/// If there is no such file, or the new content cannot be written: then the file is as it was.
pub fn replace_unchanged(path: impl AsRef<Path>, old: &[u8], new: &[u8]) -> io::Result<bool> {
    let path = links::real(path)?;
    put(&path, Open::existing(&path)?, new, &|| Ok(first(&path, old.len() + 1)? == old))
}

/// Whether a file may still be changed.
type Check<'a> = &'a dyn Fn() -> io::Result<bool>;

fn put(path: &Path, file: Open, bytes: &[u8], check: Check<'_>) -> io::Result<bool> {
    let (length, names) = file.about()?;
    if names <= 1 {
        // Windows replaces no file that is open.
        drop(file);
        match beside(path, bytes, check) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            done => return done,
        }
    }
    Ok(check()? && in_place(path, length, bytes).map(|()| true)?)
}

fn beside(path: &Path, bytes: &[u8], check: Check<'_>) -> io::Result<bool> {
    let new = name_beside(path);
    let put = || {
        let file = Open::new(&new)?;
        file.write(bytes, 0)?;
        file.sync()?;
        drop(file);
        let is_same = check()?;
        if is_same {
            fs::rename(&new, path)?;
        }
        Ok(is_same)
    };
    let done = put();
    if !matches!(done, Ok(true)) {
        let _ = fs::remove_file(&new);
    }
    done
}

fn name_beside(path: &Path) -> PathBuf {
    let random = RandomState::new().build_hasher().finish();
    path.with_file_name(format!(".{random:016x}{BESIDE}"))
}

/// What needs new room comes first: if there is none, what was there is whole.
fn in_place(path: &Path, length: u64, bytes: &[u8]) -> io::Result<()> {
    let file = Open::existing(path)?;
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
