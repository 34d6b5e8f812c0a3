//! The plugin `git` on files that became something else since they were staged, against git itself.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use crate::git::Both;
#[cfg(unix)]
use crate::git::link;
use crate::shipped::Shipped;

/// A repository with `e`, `k` and `d/x`, and a submodule `s`.
async fn begun(shipped: &Shipped) -> Both {
    let both = Both::new(shipped).await;
    both.git.run(&["config", "core.fileMode", "false"]);
    for name in ["e", "k", "d/x"] {
        both.write(name, format!("{name}\n"));
    }
    repository_at(&both, "s");
    both.git.run(&["-c", "advice.addEmbeddedRepo=false", "add", "."]);
    both.git.run(&["commit", "-qm", "one"]);
    both
}

/// A repository in the files, with one commit.
fn repository_at(both: &Both, name: &str) {
    both.git.run(&["init", "-q", "-b", "main", name]);
    both.git.run(&["-C", name, "commit", "-q", "--allow-empty", "-m", "inner"]);
}

/// Asserts that both see the same of the files, and stage the same of them.
async fn same_for_both(both: &mut Both, name: &str) {
    let found = both.call("status", json!({ "untracked_files": true })).await;
    let right = both.git.run(&["status", "--porcelain", "--branch", "-uall"]);
    both.compare(&format!("{name}: status"), &right, &found);
    let found = both.call("diff", json!({})).await;
    let right = both.git.run(&["diff"]);
    let nothing = found.starts_with("no changes that");
    both.compare(&format!("{name}: diff"), &right, if nothing { "" } else { &found });
    let copy = both.path(".git/index.before");
    fs::copy(both.path(".git/index"), &copy).unwrap();
    both.git.run(&["add", "."]);
    let right = both.git.run(&["ls-files", "-s"]);
    fs::rename(&copy, both.path(".git/index")).unwrap();
    both.call("add", json!({ "paths": ["."] })).await;
    let found = both.git.run(&["ls-files", "-s"]);
    both.compare(&format!("{name}: staged"), &right, &found);
}

fn remove(both: &Both, name: &str) {
    let path = both.path(name);
    if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_became_directories_and_directories_that_became_files_are_seen() {
    let shipped = Shipped::new("git");
    let mut both = begun(&shipped).await;
    for name in ["e", "d", "s"] {
        remove(&both, name);
    }
    both.write("e/f", "new\n");
    both.write("e/deep/g", "new\n");
    both.write("d", "a file now\n");
    both.write("s", "a file now\n");
    // Git itself hides `e/` here, unless it is asked for each file.
    let found = both.call("status", json!({})).await;
    assert_eq!(found, "## main\n D d/x\n D e\n T s\n?? d\n?? e/\n");
    let staged = both.call("add", json!({ "paths": ["e/f"] })).await;
    assert!(staged.contains("A  e/f"), "{staged}");
    both.git.run(&["reset", "-q"]);
    same_for_both(&mut both, "swapped").await;
    both.call("commit", json!({ "message": "swapped" })).await;
    let right = both.git.run(&["ls-tree", "-r", "--name-only", "HEAD"]);
    assert_eq!(right, "d\ne/deep/g\ne/f\nk\ns\n");
    both.state("committed").await;
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_in_the_place_of_files_and_directories_are_seen() {
    let shipped = Shipped::new("git");
    let mut both = begun(&shipped).await;
    for name in ["e", "d"] {
        remove(&both, name);
        link("k", &both.path(name));
    }
    same_for_both(&mut both, "links").await;
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn repositories_in_the_files_are_told_from_directories() {
    let shipped = Shipped::new("git");
    let mut both = begun(&shipped).await;
    both.write("s/x", "x\n");
    let refused = both.call("add", json!({ "paths": ["s/x"] })).await;
    assert!(refused.contains("`s/x` lies in the submodule `s`"), "{refused}");
    remove(&both, "s/x");
    fs::rename(both.path("s"), both.path("moved")).unwrap();
    both.git.run(&["add", "-A"]);
    both.state("a submodule was renamed").await;
    both.write("no-repository/.git/x", "only named so\n");
    both.write("no-repository/f", "f\n");
    same_for_both(&mut both, "a directory called .git").await;
    repository_at(&both, "above/n");
    both.state("a repository below an untracked directory").await;
    remove(&both, "e");
    repository_at(&both, "e");
    both.state("a repository in the place of a file").await;
    let refused = both.call("add", json!({ "paths": ["e"] })).await;
    assert!(refused.contains("`e` is a repository of its own"), "{refused}");
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_place_of_a_submodule_is_not_lost() {
    let shipped = Shipped::new("git");
    let both = begun(&shipped).await;
    both.git.run(&["checkout", "-qb", "other"]);
    both.git.run(&["rm", "-q", "--cached", "s"]);
    both.git.run(&["commit", "-qm", "no submodule"]);
    remove(&both, "s");
    both.git.run(&["checkout", "-q", "main"]);
    remove(&both, "s");
    both.write("s", "mine\n");
    let refused = both.call("checkout", json!({ "target": "other" })).await;
    assert!(refused.contains("would be lost in s"), "{refused}");
    assert_eq!(fs::read_to_string(both.path("s")).unwrap(), "mine\n");
    both.call("restore", json!({ "paths": ["s"] })).await;
    assert!(both.path("s").is_dir());
    both.call("checkout", json!({ "target": "other" })).await;
    both.write("s", "a file on this branch\n");
    both.call("add", json!({ "paths": ["s"] })).await;
    both.call("commit", json!({ "message": "a file" })).await;
    let moved = both.call("checkout", json!({ "target": "main" })).await;
    assert!(moved.contains("on branch main"), "{moved}");
    assert_eq!(both.git.run(&["status", "--porcelain"]), "");
}

/// Changes a file, and gives it the time that it had.
fn change_unseen(both: &Both, name: &str, content: &str) {
    let before = fs::metadata(both.path(name)).unwrap().modified().unwrap();
    both.write(name, content);
    let file = fs::File::options().write(true).open(both.path(name)).unwrap();
    file.set_modified(before).unwrap();
}

/// A file that is old when the index is written, so that nothing but its ctime says that it changed.
fn written_long_ago(both: &Both, name: &str, content: &str) {
    both.write(name, content);
    let file = fs::File::options().write(true).open(both.path(name)).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_600_000_000)).unwrap();
    both.git.run(&["add", name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_kept_size_and_time_is_seen_and_not_overwritten() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    both.git.run(&["checkout", "-qb", "other"]);
    written_long_ago(&both, "f", "on the other\n");
    both.git.run(&["commit", "-qm", "other"]);
    both.git.run(&["checkout", "-qb", "main"]);
    written_long_ago(&both, "f", "main!\n");
    both.git.run(&["commit", "-qm", "main"]);
    change_unseen(&both, "f", "mine!\n");
    // Git itself compares seconds of the ctime, which are the same in a test.
    assert_eq!(both.call("status", json!({})).await, "## main\n M f\n");
    let refused = both.call("checkout", json!({ "target": "other" })).await;
    assert!(refused.contains("would be lost in f"), "{refused}");
    assert_eq!(fs::read_to_string(both.path("f")).unwrap(), "mine!\n");
    both.call("add", json!({ "paths": ["f"] })).await;
    assert_eq!(both.git.run(&["status", "--porcelain"]), "M  f\n");
    both.call("commit", json!({ "message": "mine" })).await;
    // What the plugin itself recorded of a file is no better.
    change_unseen(&both, "f", "again\n");
    assert_eq!(both.call("status", json!({})).await, "## main\n M f\n");
    let refused = both.call("checkout", json!({ "target": "other" })).await;
    assert!(refused.contains("would be lost in f"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_many_files_such_a_change_is_at_least_not_overwritten() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    for number in 0..600 {
        both.write(&format!("a/{number}"), "same\n");
    }
    both.git.run(&["add", "."]);
    both.git.run(&["checkout", "-qb", "other"]);
    written_long_ago(&both, "f", "on the other\n");
    both.git.run(&["commit", "-qm", "other"]);
    both.git.run(&["checkout", "-qb", "main"]);
    written_long_ago(&both, "f", "main!\n");
    both.git.run(&["commit", "-qm", "main"]);
    change_unseen(&both, "f", "mine!\n");
    let refused = both.call("checkout", json!({ "target": "other" })).await;
    assert!(refused.contains("would be lost in f"), "{refused}");
    let named = both.call("status", json!({ "paths": ["f"] })).await;
    assert!(named.contains(" M f"), "{named}");
    // A file that another took the place of is seen by when it was made.
    written_long_ago(&both, "f", "main!\n");
    both.write("beside", "mine!\n");
    let old = fs::metadata(both.path("f")).unwrap().modified().unwrap();
    fs::File::options().write(true).open(both.path("beside")).unwrap().set_modified(old).unwrap();
    fs::rename(both.path("beside"), both.path("f")).unwrap();
    assert_eq!(both.call("status", json!({})).await, "## main\n M f\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_staged_as_the_other_branch_has_it_hinders_no_checkout() {
    let shipped = Shipped::new("git");
    let both = begun(&shipped).await;
    both.git.run(&["checkout", "-qb", "other"]);
    both.git.run(&["rm", "-q", "e"]);
    both.write("k", "other\n");
    both.git.run(&["commit", "-qam", "other"]);
    both.git.run(&["checkout", "-q", "main"]);
    both.git.run(&["rm", "-q", "e"]);
    both.write("k", "other\n");
    both.git.run(&["add", "k"]);
    both.write("e", "untracked\n");
    let moved = both.call("checkout", json!({ "target": "other" })).await;
    assert!(moved.contains("on branch other"), "{moved}");
    assert_eq!(both.git.run(&["status", "--porcelain"]), "?? e\n");
    assert_eq!(fs::read_to_string(both.path("e")).unwrap(), "untracked\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_renames_that_are_nearly_as_good_the_better_is_told() {
    let shipped = Shipped::new("git");
    let mut both = Both::new(&shipped).await;
    let lines = |kept: u32, name: &str| -> String {
        let line = |number| match number {
            number if number < kept => format!("{number:029}\n"),
            number => format!("{name} {number:027}\n"),
        };
        (0..3_000).map(line).collect()
    };
    both.write("a", lines(2_100, "a"));
    both.write("b", lines(2_120, "b"));
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "one"]);
    both.git.run(&["rm", "-q", "a", "b"]);
    both.write("c", lines(3_000, "c"));
    both.git.run(&["add", "."]);
    let right = both.git.run(&["status", "--porcelain", "--branch"]);
    both.compare("status", &right, &both.call("status", json!({})).await);
    let head = |text: String| text.lines().take(4).collect::<Vec<_>>().join("\n");
    let found = head(both.call("diff", json!({ "staged": true, "paths": ["b", "c"] })).await);
    let right = head(both.git.run(&["diff", "--staged", "--", "b", "c"]));
    both.compare("diff", &right, &found);
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_brings_line_ends_back() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    both.write(".gitattributes", "*.txt text eol=crlf\n* text=auto\n");
    both.write("a.txt", "one\r\ntwo\r\n");
    both.write("b", "one\ntwo\n");
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "one"]);
    both.write("a.txt", "one\ntwo\n");
    both.write("b", "one\r\ntwo\r\n");
    let restored = both.call("restore", json!({ "paths": ["."] })).await;
    assert_eq!(restored, "restored 2:\na.txt\nb\n");
    assert_eq!(fs::read_to_string(both.path("a.txt")).unwrap(), "one\r\ntwo\r\n");
    assert_eq!(fs::read_to_string(both.path("b")).unwrap(), "one\ntwo\n");
    let again = both.call("restore", json!({ "paths": ["."] })).await;
    assert_eq!(again, "nothing had to be changed\n");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn attributes_say_nothing_of_links_and_something_of_both_names() {
    let shipped = Shipped::new("git");
    let mut both = Both::new(&shipped).await;
    both.write(".gitattributes", "link -diff\n*.dat binary\n");
    both.write("k", "k\n");
    link("k", &both.path("link"));
    both.write("a.dat", numbered());
    both.write("empty.dat", "");
    both.write("text", numbered().replace('\n', "\r\n"));
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "one"]);
    remove(&both, "link");
    link("elsewhere", &both.path("link"));
    both.git.run(&["mv", "a.dat", "a.txt"]);
    both.write("a.txt", numbered() + "more\n");
    both.git.run(&["add", "a.txt"]);
    both.state("a link with -diff, a binary file that became text").await;
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "two"]);
    remove(&both, "link");
    both.write("link", "a file\n");
    both.delete("empty.dat");
    both.state("a link with -diff became a file, an empty binary file went").await;
    both.git.run(&["mv", "text", "text.dat"]);
    both.write("text.dat", numbered() + "more\n");
    both.git.run(&["add", "."]);
    both.state("a text became binary by its name").await;
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[cfg(unix)]
fn numbered() -> String {
    (0..50).map(|number| format!("{number}\n")).collect()
}
