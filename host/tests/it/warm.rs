//! `toolrack warm`: code that was compiled elsewhere, used where its list is named and as long as it is what the list says.

use std::fs;
use std::path::PathBuf;

use crate::person::Person;
use crate::plugins::{answering, install};

/// Somebody who has compiled the plugin `v`, and the directory with its code.
fn warmed() -> (Person, PathBuf) {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).expect("a directory");
    install(&person.plugins(), "v", "", &answering("one"));
    let directory = person.path("warm");
    let ran = warm(&person, &directory);
    assert_eq!(ran.0, 0, "{}", ran.1);
    assert!(ran.1.contains("warm.sha256: code of 1 plugin, 1 MiB"), "{}", ran.1);
    (person, directory)
}

fn warm(person: &Person, directory: &std::path::Path) -> (i32, String) {
    let ran = person.run(&["warm", directory.to_str().expect("UTF-8")]);
    (ran.code, ran.out + &ran.err)
}

/// Somebody else, whose configuration names the list in `directory`.
fn somebody_with(directory: &std::path::Path) -> Person {
    let other = Person::new();
    let list = directory.join("warm.sha256");
    let configuration = format!("warm = '{}'\n", list.display());
    fs::write(other.path("config.toml"), configuration).expect("written");
    other
}

/// What a call of another person's says, and the files with code that their own cache has then.
fn called(by: &Person, of: &Person) -> (String, Vec<PathBuf>) {
    let plugins = of.plugins();
    let ran = by.run(&["call", "v_run", "--plugins", plugins.to_str().expect("UTF-8")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.trim(), "one");
    let cache = fs::read_dir(by.path("cache")).expect("a cache").flatten();
    let cache = cache.map(|file| file.path());
    let is_code = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "cwasm" || ending == "baseline")
    };
    (ran.err, cache.filter(is_code).collect())
}

fn code(directory: &std::path::Path) -> PathBuf {
    let mut files = fs::read_dir(directory).expect("listed").flatten().map(|file| file.path());
    files.find(|path| path.extension().is_some_and(|ending| ending == "cwasm")).expect("code")
}

#[test]
fn code_that_was_compiled_elsewhere_is_used() {
    let (maker, directory) = warmed();
    let (err, own) = called(&somebody_with(&directory), &maker);
    assert!(!err.contains("WARN") && own.is_empty(), "{err}");
    assert!(!called(&Person::new(), &maker).1.is_empty(), "without the list, it is compiled");
}

#[test]
fn code_that_was_changed_is_told_of_and_compiled() {
    let (maker, directory) = warmed();
    let file = code(&directory);
    let mut bytes = fs::read(&file).expect("code");
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(&file, bytes).expect("written");
    let (err, own) = called(&somebody_with(&directory), &maker);
    assert!(err.contains("has another SHA-256 than its list says, and is made anew"), "{err}");
    assert!(!own.is_empty());
}

#[test]
fn a_list_that_is_missing_or_of_another_build_is_told_of() {
    let (maker, directory) = warmed();
    let list = directory.join("warm.sha256");
    let text = fs::read_to_string(&list).expect("a list");
    let others = text.lines().filter(|line| !line.ends_with("made-for"));
    let others = others.map(|line| format!("{line}\n")).collect::<String>();
    fs::write(&list, others).expect("written");
    let (err, own) = called(&somebody_with(&directory), &maker);
    assert!(err.contains("it was made by another version of toolrack"), "{err}");
    assert!(!own.is_empty());
    fs::remove_file(&list).expect("removed");
    let (err, _) = called(&somebody_with(&directory), &maker);
    assert!(err.contains("warm.sha256 is missing"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_list_that_others_can_change_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt as _;
    let (maker, directory) = warmed();
    let list = directory.join("warm.sha256");
    for (path, mode) in [(&list, 0o666), (&directory, 0o777)] {
        let before = fs::metadata(path).expect("there").permissions();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
        let (err, own) = called(&somebody_with(&directory), &maker);
        let told = "others than root and the user of this process can change";
        assert!(err.contains(told) && !own.is_empty(), "{err}");
        fs::set_permissions(path, before).expect("set");
    }
}

#[test]
fn only_its_own_files_are_replaced() {
    let (maker, directory) = warmed();
    let (code, out) = warm(&maker, &directory);
    assert_eq!(code, 0, "{out}");
    fs::write(directory.join("notes"), "").expect("written");
    let before = fs::read_dir(&directory).expect("listed").count();
    let (code, out) = warm(&maker, &directory);
    assert_eq!(code, 2, "{out}");
    assert!(out.contains("it holds 1 other file") && out.contains("empty directory"), "{out}");
    assert_eq!(fs::read_dir(&directory).expect("listed").count(), before);
}
