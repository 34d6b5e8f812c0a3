use std::os::unix::fs::symlink;

use std::time::{Duration, SystemTime};

use super::super::append::{add, append, is_only_ours};
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
fn what_a_crash_left_behind_goes_once_the_directory_has_rested() {
    let root = Root::new("left");
    let file = root.0.join("a");
    create(&file, b"one").expect("done");
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    let age = |path: &Path| {
        fs::File::open(path).and_then(|open| open.set_modified(long_ago)).expect("done");
    };
    let left = |name: &str, is_old: bool| {
        fs::write(root.0.join(name), "").expect("done");
        if is_old {
            age(&root.0.join(name));
        }
    };
    let go = [".0123456789abcdef.toolrack-new", ".0123456789abcdef.toolrack-lock"];
    let stay = [
        (".0123456789abcdee.toolrack-new", false),
        (".0123456789abcdee.toolrack-lock", false),
        (".0123456789ABCDEF.toolrack-new", true),
        (".0123.toolrack-new", true),
        ("0123456789abcdef.toolrack-new", true),
        (".0123456789abcdef.toolrack-new.md", true),
    ];
    let is_there = |name: &str| root.0.join(name).exists();
    for (name, is_old) in stay.into_iter().chain(go.map(|name| (name, true))) {
        left(name, is_old);
    }
    assert!(replace_unchanged(&file, b"one", b"two").expect("done"));
    assert!(go.iter().all(|name| is_there(name)), "names changed here a moment ago");
    age(&root.0);
    append(&file, b" more").expect("done");
    assert!(!go.iter().any(|name| is_there(name)));
    assert!(stay.iter().all(|(name, _)| is_there(name)));
    left(go[0], true);
    age(&root.0);
    assert!(replace_unchanged(&file, b"two more", b"three").expect("done"));
    assert!(!is_there(go[0]));
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
