//! The plugin `git` as built, against git itself: the same repository in many states, read by both, and what the
//! plugin writes, read by git.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::repository::Git;
use crate::shipped::{Served, Shipped};

/// A repository, git in it, and the plugin that is granted it.
pub(crate) struct Both {
    directory: TempDir,
    pub(crate) git: Git,
    served: Served,
    /// What differed so far.
    pub(crate) wrong: String,
}

impl Both {
    pub(crate) async fn new(shipped: &Shipped) -> Self {
        let directory = TempDir::new().unwrap();
        let git = Git::at(directory.path());
        let grant = format!(
            "files = [{{ path = \"{}\", at = \"/repo\", access = \"write\" }}]",
            directory.path().display()
        );
        let served = shipped.granted(&grant, "").await;
        git.run(&["init", "-q", "-b", "main"]);
        git.run(&["config", "user.name", "Ada Lovelace"]);
        git.run(&["config", "user.email", "ada@example.org"]);
        Self { directory, git, served, wrong: String::new() }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn delete(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// The text of an answer or of an error.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> String {
        match self.served.call(&format!("git_{tool}"), arguments).await {
            Ok((text, _)) => text,
            Err(text) => format!("error: {text}"),
        }
    }

    pub(crate) fn compare(&mut self, what: &str, right: &str, found: &str) {
        if right.trim_end() != found.trim_end() {
            self.wrong += &format!("== {what}\n-- git\n{right}\n-- plugin\n{found}\n");
        }
    }

    /// Status, and the differences that are staged and not, of the state that is called so.
    pub(crate) async fn state(&mut self, name: &str) {
        let found = self.call("status", json!({})).await;
        let notes = |line: &&str| !line.starts_with('[') && !line.starts_with("nothing to commit");
        let found: Vec<_> = found.lines().filter(notes).collect();
        let right = self.git.run(&["status", "--porcelain", "--branch"]);
        self.compare(&format!("{name}: status"), &right, &found.join("\n"));
        for (arguments, right) in
            [(json!({}), &["diff"][..]), (json!({ "staged": true }), &["diff", "--staged"])]
        {
            let found = self.call("diff", arguments).await;
            let nothing =
                found.starts_with("no changes that") || found.starts_with("nothing is staged");
            let right = self.git.run(right);
            self.compare(&format!("{name}: diff"), &right, if nothing { "" } else { &found });
        }
    }

    /// Every commit, and the ways to list them.
    async fn history(&mut self) {
        for id in self.git.run(&["rev-list", "--all", "--no-merges"]).lines() {
            let found = self.call("show", json!({ "revision": id })).await;
            let right = self.git.run(&["show", id]);
            self.compare(&format!("show {id}"), &right, &found);
        }
        let lists: [(Value, &[&str]); 6] = [
            (json!({}), &[]),
            (json!({ "first_parent": true }), &["--first-parent"]),
            (json!({ "paths": ["a.txt"] }), &["--", "a.txt"]),
            (json!({ "paths": ["dir"] }), &["--", "dir"]),
            (json!({ "revision": "feature..main" }), &["feature..main"]),
            (
                json!({ "revision": "main...feature", "grep": "E" }),
                &["main...feature", "-i", "--grep=E"],
            ),
        ];
        for (mut wanted, arguments) in lists {
            wanted["full"] = true.into();
            let found = self.call("log", wanted).await;
            let right = self.git.run(&[&["log", "--decorate=short"], arguments].concat());
            self.compare(
                &format!("log {arguments:?}"),
                &right,
                if found == "no commits\n" { "" } else { &found },
            );
        }
    }

    /// Which commit wrote each line.
    async fn blame(&mut self, path: &str) {
        let found = self.call("blame", json!({ "path": path })).await;
        let right = self.git.run(&["blame", "--porcelain", path]);
        let (right, found) = (by_line(&right, 40, "\t"), by_line(&found, 7, ""));
        self.compare(&format!("blame {path}"), &right, &found);
    }

    pub(crate) fn faultless(&mut self, what: &str) {
        let faults = self.git.faults();
        self.compare(what, "", &faults);
    }
}

/// Commit and line of a blame, whose lines begin with `before`, or with a number and a tab.
fn by_line(text: &str, id_length: usize, before: &str) -> String {
    let (mut commit, mut lines) = ("", String::new());
    for line in text.lines() {
        let content = match before {
            "" => line
                .split_once('\t')
                .filter(|(number, _)| number.parse::<u32>().is_ok())
                .map(|(_, line)| line),
            before => line.strip_prefix(before),
        };
        let id = line.split(' ').next().unwrap();
        match content {
            Some(content) => lines += &format!("{commit} {content}\n"),
            None if id.len() == id_length && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                commit = &id[..7]
            }
            None => {}
        }
    }
    lines
}

fn numbered(lines: std::ops::Range<u32>) -> String {
    lines.map(|line| format!("line {line}\n")).collect()
}

/// Files of every kind, on the way to a first commit.
async fn beginning(both: &mut Both) {
    both.state("unborn").await;
    both.write("a.txt", numbered(0..60));
    both.write("dir/b.rs", "fn main() {\n    one();\n}\n\nfn other() {\n    two();\n}\n");
    for (name, content) in [
        ("space name.txt", "x\n"),
        ("\u{e4}.txt", "\u{fc}\n"),
        ("no-newline", "a\nb"),
        ("empty", ""),
        ("tab\tname", "t\n"),
        ("q\"uote", "q\n"),
        (".gitignore", "*.log\nbuild/\n!keep.log\n/only-root\n"),
        ("dir/.gitignore", "local\n"),
        ("x.log", "l"),
        ("keep.log", "k"),
        ("build/o", "o"),
        ("dir/local", "l"),
        ("only-root", "r"),
        ("dir/only-root", "r"),
    ] {
        both.write(name, content);
    }
    both.write("bin", [0, 1, 2]);
    link("a.txt", &both.path("link"));
    both.state("untracked").await;
    both.git.run(&["add", "."]);
    both.state("added").await;
    both.git.run(&["commit", "-qm", "first\n\nbody line\n\n  indented\n"]);
    both.state("clean").await;
}

/// Files that change in every way, some of it staged.
async fn changes(both: &mut Both) {
    let text =
        numbered(0..60).replace("line 10\n", "changed\n").replace("line 31\n", "line 31\nnew\n");
    both.write("a.txt", text);
    both.write(
        "dir/b.rs",
        "fn main() {\n    one();\n}\n\nfn other() {\n    two();\n    three();\n}\n",
    );
    both.write("no-newline", "a\nb\n");
    both.write("bin", [0, 1, 3]);
    both.write("empty", "now\n");
    both.write("untracked/deep/x", "x");
    both.write("only-ignored/x.log", "");
    for gone in ["space name.txt", "link", "keep.log"] {
        both.delete(gone);
    }
    link("dir/b.rs", &both.path("link"));
    link("a.txt", &both.path("keep.log"));
    fs::create_dir(both.path("nothing-in-it")).unwrap();
    both.state("changed").await;
    both.git.run(&["add", "a.txt", "no-newline", "keep.log"]);
    both.git.run(&["rm", "-q", "--cached", "bin"]);
    both.write("a.txt", "once more\n");
    both.state("some staged").await;
    both.git.run(&["add", "-A"]);
    both.git.run(&["mv", "dir/b.rs", "dir/renamed.rs"]);
    both.state("renamed").await;
    both.git.run(&["commit", "-qm", "second"]);
    both.write("new", "n\n");
    both.git.run(&["add", "-N", "new"]);
    both.state("meant to be added").await;
    both.git.run(&["rm", "-q", "--cached", "new"]);
    both.write("nested/file", "f");
    both.git.run(&["init", "-q", "nested"]);
    both.state("a nested repository").await;
    both.git.run(&["clean", "-ffdq"]);
    both.git.run(&["checkout", "-q", "."]);
}

/// A merge with conflicts of every kind, and its end.
async fn merge(both: &mut Both) {
    both.git.run(&["checkout", "-qb", "feature"]);
    both.write("a.txt", "feature\n");
    both.write("both", "f\n");
    both.git.run(&["rm", "-q", "no-newline"]);
    both.git.run(&["add", "-A"]);
    both.git.run(&["commit", "-qm", "feature"]);
    both.git.run(&["checkout", "-q", "main"]);
    both.write("a.txt", "main\n");
    both.write("both", "m\n");
    both.write("no-newline", "kept\n");
    both.git.run(&["add", "-A"]);
    both.git.run(&["commit", "-qm", "on main"]);
    assert!(!both.git.tried(&["merge", "feature"]).0);
    let found = both.call("status", json!({})).await;
    let right = both.git.run(&["status", "--porcelain", "--branch"]);
    let found: Vec<_> = found.lines().filter(|line| !line.starts_with('[')).collect();
    both.compare("conflicts", &right, &found.join("\n"));
    let refused = both.call("commit", json!({ "message": "too early" })).await;
    assert!(refused.contains("has conflicts"), "{refused}");
    both.write("a.txt", "resolved\n");
    both.write("both", "resolved\n");
    let added = both.call("add", json!({ "paths": ["."] })).await;
    assert!(added.contains("no-newline"), "{added}");
    both.state("resolved").await;
    let done = both.call("commit", json!({})).await;
    assert!(done.contains("Merge branch 'feature'"), "{done}");
    assert_eq!(both.git.run(&["log", "-1", "--format=%p"]).split(' ').count(), 2);
    both.faultless("fsck after a merge");
    both.state("merged").await;
}

/// Line ends, attributes, marks in the index, submodules, packs.
async fn settings(both: &mut Both) {
    both.git.run(&["config", "core.autocrlf", "true"]);
    both.write("crlf.txt", "a\r\nb\r\n");
    both.write("lf.txt", "a\nb\n");
    both.git.tried(&["add", "crlf.txt", "lf.txt"]);
    both.state("autocrlf").await;
    both.git.run(&["commit", "-qm", "crlf"]);
    both.write("crlf.txt", "a\r\nc\r\n");
    both.state("autocrlf, changed").await;
    both.git.run(&["config", "--unset", "core.autocrlf"]);
    both.git.run(&["checkout", "-q", "."]);
    both.write(".gitattributes", "*.txt text eol=crlf\n*.bin binary\n*.dat -diff\n");
    both.write("z.bin", "text\n");
    both.write("z.dat", "text\n");
    both.git.tried(&["add", "z.bin", "z.dat", ".gitattributes"]);
    both.state("attributes").await;
    both.git.run(&["commit", "-qam", "attributes"]);
    both.git.run(&["update-index", "--assume-unchanged", "lf.txt"]);
    both.git.run(&["update-index", "--skip-worktree", "z.dat"]);
    both.write("lf.txt", "other\n");
    both.delete("z.dat");
    both.state("marked").await;
    both.git.run(&["update-index", "--no-assume-unchanged", "lf.txt"]);
    both.git.run(&["update-index", "--no-skip-worktree", "z.dat"]);
    both.git.run(&["update-index", "--index-version", "4"]);
    both.state("index of version 4").await;
    both.git.run(&["checkout", "-q", "."]);
    both.git.run(&["submodule", "-q", "add", "./", "sub"]);
    both.git.run(&["commit", "-qm", "a submodule"]);
    both.git.run(&["-C", "sub", "commit", "-q", "--allow-empty", "-m", "in it"]);
    both.state("submodule").await;
    both.git.run(&["add", "sub"]);
    both.git.run(&["branch", "up", "HEAD~1"]);
    both.git.run(&["branch", "-q", "--set-upstream-to=up", "main"]);
    both.state("ahead").await;
    both.git.run(&["commit", "-qm", "the submodule moved"]);
    both.git.run(&["tag", "v1"]);
    both.git.run(&["gc", "-q"]);
    both.state("packed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn git_itself_says_the_same() {
    let shipped = Shipped::new("git");
    let mut both = Both::new(&shipped).await;
    beginning(&mut both).await;
    changes(&mut both).await;
    merge(&mut both).await;
    settings(&mut both).await;
    both.history().await;
    for path in ["a.txt", "dir/renamed.rs", "both", "no-newline"] {
        both.blame(path).await;
    }
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_loses_nothing_and_leaves_what_git_takes_for_clean() {
    let shipped = Shipped::new("git");
    let mut both = Both::new(&shipped).await;
    both.write("a", "a\n");
    both.write("d/x", "x\n");
    both.write("keep", "k\n");
    both.call("add", json!({ "paths": ["."] })).await;
    both.call("commit", json!({ "message": "one" })).await;
    both.call("checkout", json!({ "target": "other", "create": true })).await;
    both.delete("d/x");
    fs::remove_dir(both.path("d")).unwrap();
    both.write("d", "now a file\n");
    both.delete("keep");
    link("a", &both.path("link"));
    both.call("add", json!({ "paths": ["."] })).await;
    both.call("commit", json!({ "message": "two" })).await;
    both.faultless("fsck after two commits");
    for target in ["main", "other", "main"] {
        both.call("checkout", json!({ "target": target })).await;
        let right = format!("## {target}\n");
        let found = both.git.run(&["status", "--porcelain", "--branch"]);
        both.compare("after a switch", &right, &found);
    }
    for (name, content) in [("d/x", "dirty\n"), ("d/untracked", "u\n"), ("link", "untracked\n")] {
        both.write(name, content);
        let refused = both.call("checkout", json!({ "target": "other" })).await;
        assert!(refused.contains("would be lost"), "{name}: {refused}");
        assert_eq!(fs::read_to_string(both.path(name)).unwrap(), content);
        both.git.run(&["checkout", "-q", "."]);
        both.git.run(&["clean", "-fdq"]);
    }
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_begun_before_the_first_commit() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    both.write("a", "a\n");
    both.call("add", json!({ "paths": ["."] })).await;
    let begun = both.call("checkout", json!({ "target": "fix/new", "create": true })).await;
    assert_eq!(begun, "on branch fix/new (no commits yet)\n");
    let found = both.git.run(&["status", "--porcelain", "--branch"]);
    assert_eq!(found, "## No commits yet on fix/new\nA  a\n");
    let refused = both.call("checkout", json!({ "target": "a..b", "create": true })).await;
    assert!(refused.contains("is no name for a branch"), "{refused}");
    both.call("commit", json!({ "message": "one" })).await;
    assert_eq!(both.git.run(&["branch", "--list"]), "* fix/new\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_say_where_names_were() {
    let shipped = Shipped::new("git");
    let mut both = Both::new(&shipped).await;
    for message in ["one", "two", "three"] {
        both.git.run(&["commit", "-q", "--allow-empty", "-m", message]);
    }
    both.git.run(&["checkout", "-qb", "other", "HEAD~1"]);
    both.git.run(&["checkout", "-q", "--detach", "main~2"]);
    let wanted = ["main@{0}", "main@{2}", "HEAD@{1}", "@{0}", "@{-1}", "@{-2}", "other@{0}~1"];
    for revision in wanted {
        let found = both.call("log", json!({ "revision": revision, "full": true })).await;
        let right = both.git.run(&["log", "--decorate=short", revision]);
        both.compare(revision, &right, &found);
    }
    for revision in ["main@{9}", "nobody@{0}", "@{-9}", "main@{yesterday}", "main@{1", "@{-x}"] {
        let refused = both.call("log", json!({ "revision": revision })).await;
        assert!(refused.starts_with("error: "), "{revision}: {refused}");
    }
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_of_another_worktree_is_not_checked_out() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    both.write("a", "a\n");
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "one"]);
    both.git.run(&["branch", "free"]);
    both.git.run(&["worktree", "add", "-q", "linked", "-b", "held"]);
    both.write("linked/.git", "gitdir: ../.git/worktrees/linked\n");
    let refused = both.call("checkout", json!({ "target": "held" })).await;
    assert!(refused.contains("already used by worktree at"), "{refused}");
    let refused =
        both.call("checkout", json!({ "repository": "/repo/linked", "target": "main" })).await;
    assert!(refused.contains("already used by worktree at"), "{refused}");
    assert_eq!(both.git.run(&["branch", "--show-current"]), "main\n");
    for arguments in [
        json!({ "target": "main" }),
        json!({ "repository": "/repo/linked", "target": "free" }),
        json!({ "target": "held", "detach": true }),
    ] {
        let done = both.call("checkout", arguments).await;
        assert!(!done.starts_with("error: "), "{done}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_picked_keeps_its_author_and_date() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    both.write("a", "a\n");
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "one"]);
    both.git.run(&["checkout", "-qb", "picked"]);
    both.write("a", "theirs\n");
    let date = "2020-01-01T00:00:00+0200";
    both.git.run(&[
        "commit",
        "-qam",
        "theirs",
        "--author",
        "Bob <bob@example.org>",
        "--date",
        date,
    ]);
    both.git.run(&["checkout", "-q", "main"]);
    both.write("a", "ours\n");
    both.git.run(&["commit", "-qam", "ours"]);
    assert!(!both.git.tried(&["cherry-pick", "picked"]).0);
    both.write("a", "both\n");
    both.call("add", json!({ "paths": ["a"] })).await;
    for (tool, arguments) in
        [("commit", json!({ "amend": true })), ("checkout", json!({ "target": "picked" }))]
    {
        let refused = both.call(tool, arguments).await;
        assert!(refused.contains("in progress"), "{refused}");
    }
    both.call("commit", json!({})).await;
    let found = both.git.run(&["log", "-1", "--date=iso", "--format=%an %ad %cn %s"]);
    assert_eq!(found.trim(), "Bob 2020-01-01 00:00:00 +0200 Ada Lovelace theirs");
    assert!(!both.path(".git/CHERRY_PICK_HEAD").exists());
}

/// On the branch `other`, `a` and `z` differ from `main`, and between them is what `prepare` makes.
#[cfg(unix)]
async fn nothing_is_written_where(prepare: impl Fn(&Both), part: &str) {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    for name in ["a", "z"] {
        both.write(name, "main\n");
    }
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "main"]);
    both.git.run(&["checkout", "-qb", "other"]);
    for name in ["a", "z"] {
        both.write(name, "other\n");
    }
    prepare(&both);
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "other"]);
    both.git.run(&["checkout", "-qf", "main"]);
    for (tool, arguments) in [
        ("checkout", json!({ "target": "other" })),
        ("restore", json!({ "paths": ["."], "source": "other" })),
    ] {
        let refused = both.call(tool, arguments).await;
        assert!(refused.starts_with("error: ") && refused.contains(part), "{part}: {refused}");
        assert_eq!(both.git.run(&["status", "--porcelain", "--branch"]), "## main\n", "{part}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn where_one_file_cannot_be_written_none_is() {
    nothing_is_written_where(|both| link("/etc/hostname", &both.path("m")), "absolute path").await;
    nothing_is_written_where(|both| both.write("m", vec![7; 33 << 20]), "are read").await;
    let filtered = |both: &Both| {
        both.write(".gitattributes", "m filter=lfs\n");
        both.write("m", "pointer\n");
    };
    nothing_is_written_where(filtered, "filter=lfs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_files_are_neither_lost_nor_unmarked() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    for branch in ["main", "other"] {
        for name in ["assumed", "skipped", "gone"] {
            both.write(name, branch);
        }
        both.git.run(&["add", "."]);
        both.git.run(&["commit", "-qm", branch]);
        both.git.tried(&["checkout", "-qb", "other"]);
    }
    both.git.run(&["checkout", "-q", "main"]);
    both.git.run(&["update-index", "--assume-unchanged", "assumed"]);
    both.git.run(&["update-index", "--skip-worktree", "skipped", "gone"]);
    both.delete("gone");
    for name in ["assumed", "skipped"] {
        both.write(name, "mine");
        let refused = both.call("checkout", json!({ "target": "other" })).await;
        assert!(refused.contains(&format!("would be lost in {name}")), "{refused}");
        assert!(refused.contains("is marked"), "{refused}");
        assert_eq!(fs::read_to_string(both.path(name)).unwrap(), "mine");
        both.write(name, "main");
    }
    both.write("skipped", "mine");
    let restored = both.call("restore", json!({ "paths": ["."], "source": "other" })).await;
    assert!(restored.contains("skip-worktree: 2"), "{restored}");
    assert_eq!(fs::read_to_string(both.path("skipped")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(both.path("assumed")).unwrap(), "other");
    both.call("restore", json!({ "paths": ["."] })).await;
    assert_eq!(both.git.run(&["ls-files", "-v"]), "h assumed\nS gone\nS skipped\n");
    both.write("skipped", "main");
    let done = both.call("checkout", json!({ "target": "other" })).await;
    assert!(done.contains("on branch other"), "{done}");
    let marks = both.git.run(&["ls-files", "-v"]);
    assert!(marks.contains("S gone\nS skipped\n"), "{marks}");
    assert!(!both.path("gone").exists());
    assert_eq!(both.git.run(&["diff", "--cached", "--stat"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sparse_checkout_stays_sparse() {
    let shipped = Shipped::new("git");
    let mut both = Both::new(&shipped).await;
    both.write("a", "a\n");
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "one"]);
    both.git.run(&["branch", "before"]);
    for name in ["top", "in/one", "out/two", "in/deep/three"] {
        both.write(name, "x\n");
    }
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "two"]);
    both.git.run(&["branch", "also"]);
    both.git.run(&["sparse-checkout", "set", "in"]);
    let right = both.git.run(&["ls-files", "-v"]);
    for target in ["before", "main", "also", "before", "also"] {
        both.call("checkout", json!({ "target": target })).await;
        if target != "before" {
            let found = both.git.run(&["ls-files", "-v"]);
            both.compare(target, &right, &found);
        }
        let found = both.git.run(&["status", "--porcelain", "--branch"]);
        both.compare(target, &format!("## {target}"), &found);
        assert!(!both.path("out").exists(), "{target}");
    }
    assert!(both.path("in/deep/three").exists());
    assert!(both.wrong.is_empty(), "{}", both.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_repositories_are_refused_in_words() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    both.write("a", "a\n");
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "one"]);
    let head = fs::read_to_string(both.path(".git/HEAD")).unwrap();
    let config = fs::read_to_string(both.path(".git/config")).unwrap();
    let index = fs::read(both.path(".git/index")).unwrap();
    for (file, content, part) in [
        (".git/HEAD", "ref: HEAD\n".to_owned(), "without an end"),
        (".git/HEAD", "ref: refs/heads/../../config\n".to_owned(), "neither an id nor a name"),
        (".git/HEAD", "nonsense".to_owned(), "neither an id nor a name"),
        (
            ".git/config",
            format!(
                "{config}[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n"
            ),
            "sha256",
        ),
        (
            ".git/config",
            format!(
                "{config}[core]\nrepositoryformatversion = 1\n[extensions]\nrefStorage = reftable\n"
            ),
            "reftable",
        ),
        (
            ".git/config",
            format!("{config}[core]\nrepositoryformatversion = 1\n[extensions]\nnews = 1\n"),
            "extension `news`",
        ),
        (".git/config", format!("{config}[core]\nworktree = /etc\n"), "core.worktree"),
        (".git/config", "[core\n".to_owned(), "config"),
        (".git/index", "DIRC".to_owned(), "too short"),
        (".git/index", String::from_utf8_lossy(&index).into_owned() + "x", "checksum"),
    ] {
        both.write(file, &content);
        let refused = both.call("status", json!({})).await;
        assert!(
            refused.starts_with("error: ") && refused.contains(part),
            "{file} {content:?}: {refused}"
        );
        both.write(".git/HEAD", &head);
        both.write(".git/config", &config);
        both.write(".git/index", &index);
    }
    // Includes and hooks are there, and nothing comes of them.
    both.write(
        ".git/config",
        format!("{config}[include]\npath = /etc/passwd\n[include]\npath = config\n"),
    );
    both.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    both.write("a", "b\n");
    both.call("add", json!({ "paths": ["a"] })).await;
    let done = both.call("commit", json!({ "message": "two" })).await;
    assert!(done.contains("were not run: pre-commit"), "{done}");
}

/// Bytes with some of them changed, always the same for one number.
fn noisy(bytes: &[u8], number: u64) -> Vec<u8> {
    let mut noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise
    };
    let mut bytes = bytes.to_vec();
    for _ in 0..=next() % 4 {
        let at = (next() % bytes.len() as u64) as usize;
        match next() % 4 {
            0 => bytes.truncate(at + 1),
            1 => bytes[at] = 0xff,
            _ => bytes[at] = next() as u8,
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_crash_nothing() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    both.write(".gitignore", "a/**/b\n!x[a-z]\n");
    both.write(".gitattributes", "*.txt text=auto eol=crlf\n[attr]mine -text\n");
    for version in 0..20 {
        both.write("dir/a.txt", numbered(version..version + 50));
        both.write(&format!("dir/{version}"), "x\n");
        both.git.run(&["add", "."]);
        both.git.run(&["commit", "-qm", "once more"]);
    }
    both.git.run(&["tag", "-a", "v1", "-m", "v1"]);
    both.git.run(&["gc", "-q"]);
    both.git.run(&["pack-refs", "--all"]);
    both.write("dir/a.txt", "changed\n");
    let pack =
        fs::read_dir(both.path(".git/objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    let packs: Vec<_> = pack
        .filter(|path| path.extension().is_some_and(|end| end == "pack" || end == "idx"))
        .collect();
    let files = [
        ".git/index",
        ".git/packed-refs",
        ".git/config",
        ".git/HEAD",
        ".gitignore",
        ".gitattributes",
    ];
    let files: Vec<_> = files.iter().map(|name| both.path(name)).chain(packs).collect();
    for file in files {
        let mut whole = fs::read(&file).unwrap();
        if file.ends_with("index") {
            // Without a checksum, so that what is broken is read.
            let end = whole.len() - 20;
            whole[end..].fill(0);
        }
        let _ = fs::remove_file(&file);
        for number in 0..20 {
            let mut bytes = noisy(&whole, number);
            if file.ends_with("index") && bytes.len() == whole.len() {
                let end = bytes.len() - 20;
                bytes[end..].fill(0);
            }
            fs::write(&file, bytes).unwrap();
            for (tool, arguments) in [
                ("status", json!({})),
                ("log", json!({ "stat": true })),
                ("blame", json!({ "path": "dir/a.txt", "revision": "v1" })),
            ] {
                let answer = both.call(tool, arguments).await;
                let stopped = ["crashed", "was stopped"].iter().any(|word| answer.contains(word));
                assert!(!stopped, "{} {number}: {tool}: {answer}", file.display());
            }
        }
        fs::write(&file, whole).unwrap();
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn trees_cannot_write_into_the_repository_or_through_links() {
    let shipped = Shipped::new("git");
    let both = Both::new(&shipped).await;
    both.write("evil", "#!/bin/sh\n");
    both.git.run(&["add", "."]);
    both.git.run(&["commit", "-qm", "good"]);
    let blob = both.git.run(&["rev-parse", "HEAD:evil"]).trim().to_owned();
    let streams = ".git::$INDEX_ALLOCATION";
    for name in [".git", ".GIT", "git~1", "..", ".git\\x", "a\\.git", ".git .", streams] {
        let hooks = tree(&both, "40000", "hooks", &tree(&both, "100755", "pre-commit", &blob));
        let root = tree(&both, "40000", name, &hooks);
        let commit = both.git.run(&["commit-tree", "-m", "evil", &root]).trim().to_owned();
        let refused = both.call("checkout", json!({ "target": commit, "detach": true })).await;
        assert!(refused.contains("is not written"), "{refused}");
        assert!(!both.git.tried(&["checkout", "-q", "--detach", &commit]).0, "{name}");
        assert!(!both.path(".git/hooks/pre-commit").exists());
    }
    let root = tree(&both, "100644", "a\\..\\b", &blob);
    let commit = both.git.run(&["commit-tree", "-m", "odd", &root]).trim().to_owned();
    both.call("checkout", json!({ "target": commit, "detach": true })).await;
    assert_eq!(both.git.run(&["status", "--porcelain"]), "");
    assert!(both.path("a\\..\\b").exists());
}

/// A tree of one entry, whatever its name.
#[cfg(unix)]
pub(crate) fn tree(both: &Both, mode: &str, name: &str, id: &str) -> String {
    let id: Vec<u8> =
        (0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()).collect();
    both.write(".git/tree", [format!("{mode} {name}\0").as_bytes(), &id].concat());
    let file = both.path(".git/tree").display().to_string();
    both.git.run(&["hash-object", "-t", "tree", "--literally", "-w", &file]).trim().to_owned()
}

pub(crate) fn link(target: &str, at: &Path) {
    #[cfg(unix)]
    std::os::unix::fs::symlink(target, at).unwrap();
    #[cfg(not(unix))]
    fs::write(at, target).unwrap();
}
