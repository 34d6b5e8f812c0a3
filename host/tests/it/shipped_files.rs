//! The plugin `files` in the host: what is granted is read, searched and changed; nothing beside it is.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::machine::Machine;
use crate::shipped::{Served, Shipped};

/// A directory to read, as `/notes`, one to write, as `/drafts`, and one that is not granted beside them.
struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(TempDir::new().unwrap());
        for file in ["notes/a.md", "notes/deep/b.md", "drafts/c.md", "private/key"] {
            let path = tree.path(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("this is {file}\n")).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(tree.path("private"), tree.path("notes/out")).unwrap();
        tree
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    async fn served(&self, shipped: &Shipped) -> Served {
        let grant = |name: &str, access: &str| {
            let path = self.path(name);
            format!("{{ path = '{}', at = \"/{name}\", access = \"{access}\" }}", path.display())
        };
        let files = format!("files = [{}, {}]", grant("notes", "read"), grant("drafts", "write"));
        shipped.granted(&files, "").await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn granted_files_are_listed_read_searched_and_changed() {
    let (shipped, tree) = (Shipped::new("files"), Tree::new());
    let files = tree.served(&shipped).await;
    let (_, roots) = files.call("files_list", json!({})).await.unwrap();
    let paths = |listing: serde_json::Value| {
        let entries = listing["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths(roots.unwrap()), ["/notes", "/drafts"]);
    let glob = json!({ "path": "/notes", "glob": "**/*.md" });
    let (_, found) = files.call("files_list", glob).await.unwrap();
    assert_eq!(paths(found.unwrap()), ["/notes/a.md", "/notes/deep/b.md"]);
    let (text, _) = files.call("files_read", json!({ "path": "/notes/deep/b.md" })).await.unwrap();
    assert_eq!(text, "this is notes/deep/b.md\n");
    let search = json!({ "path": "/notes", "pattern": r"\bdeep\b" });
    let (_, found) = files.call("files_search", search).await.unwrap();
    let matches = found.unwrap()["matches"].clone();
    assert_eq!(
        matches,
        json!([{ "path": "/notes/deep/b.md", "line": 1, "text": "this is notes/deep/b.md" }])
    );
    let write = json!({ "path": "/drafts/new/d.md", "text": "one two" });
    files.call("files_write", write.clone()).await.unwrap();
    assert!(files.error("files_write", write).await.contains("is there already"));
    let edit = json!({ "path": "/drafts/new/d.md", "old": "two", "new": "2" });
    files.call("files_edit", edit).await.unwrap();
    let over = json!({ "path": "/drafts/c.md", "text": "x", "mode": "overwrite" });
    files.call("files_write", over).await.unwrap();
    assert_eq!(fs::read_to_string(tree.path("drafts/new/d.md")).unwrap(), "one 2");
    assert_eq!(fs::read_to_string(tree.path("drafts/c.md")).unwrap(), "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_is_neither_read_nor_changed() {
    let (shipped, tree) = (Shipped::new("files"), Tree::new());
    let files = tree.served(&shipped).await;
    let private = tree.path("private/key");
    let private = private.to_str().unwrap();
    for path in ["/notes/out/key", "/notes/out", private, "/etc/passwd", "/notes/../private/key"] {
        let error = files.error("files_read", json!({ "path": path })).await;
        assert!(!error.contains("this is"), "{path}: {error}");
        files.error("files_write", json!({ "path": path, "text": "x" })).await;
    }
    let search = json!({ "path": "/notes", "pattern": "private" });
    let (_, found) = files.call("files_search", search).await.unwrap();
    assert_eq!(found.unwrap()["matches"], json!([]));
    for (tool, more) in [
        ("files_write", json!({ "text": "x", "mode": "overwrite" })),
        ("files_write", json!({ "text": "x", "mode": "append" })),
        ("files_edit", json!({ "old": "this", "new": "that" })),
    ] {
        let mut arguments = more;
        arguments["path"] = "/notes/a.md".into();
        let error = files.error(tool, arguments).await;
        assert!(error.contains("toolrack grant NAME files DIRECTORY --write"), "{tool}: {error}");
    }
    let unchanged = |name: &str| {
        let text = fs::read_to_string(tree.path(name)).unwrap();
        assert_eq!(text, format!("this is {name}\n"));
    };
    unchanged("notes/a.md");
    unchanged("private/key");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grant_it_names_the_command_that_grants() {
    let files = Shipped::new("files").granted("", "").await;
    let error = files.error("files_list", json!({})).await;
    assert!(error.contains("toolrack grant files files DIRECTORY"), "{error}");
    let error = files.error("files_read", json!({ "path": "/a" })).await;
    assert!(
        error.contains("a directory that it lies in: toolrack grant NAME files DIRECTORY"),
        "{error}"
    );
    assert!(!Path::new("/a").exists());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_keeps_its_mode_its_names_and_its_links() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    let (shipped, tree) = (Shipped::new("files"), Tree::new());
    let files = tree.served(&shipped).await;
    let at = |name: &str| tree.path("drafts").join(name);
    let about = |name: &str| fs::metadata(at(name)).unwrap();
    for (name, mode) in [("private", 0o600), ("script", 0o755), ("twin", 0o640)] {
        fs::write(at(name), "old\n").unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::hard_link(at("twin"), at("other")).unwrap();
    symlink("script", at("link")).unwrap();
    let before = fs::File::open(at("private")).unwrap();
    for (name, mode) in [("private", 0o600), ("link", 0o755), ("twin", 0o640)] {
        let path = format!("/drafts/{name}");
        let write = json!({ "path": path, "text": "newer than that\n", "mode": "overwrite" });
        files.call("files_write", write).await.unwrap();
        let edit = json!({ "path": path, "old": "newer", "new": "new" });
        files.call("files_edit", edit).await.unwrap();
        assert_eq!(fs::read_to_string(at(name)).unwrap(), "new than that\n", "{name}");
        assert_eq!(about(name).mode() & 0o7777, mode, "{name}");
    }
    // Written beside: another file took its place. Of one with several names there is still one file.
    assert_eq!(before.metadata().unwrap().nlink(), 0);
    assert_eq!(about("twin").ino(), about("other").ino());
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    let left = fs::read_dir(tree.path("drafts")).unwrap().count();
    assert_eq!(left, 6, "c.md and the five, and nothing beside them");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_not_text_and_what_is_no_file_are_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let (shipped, tree) = (Shipped::new("files"), Tree::new());
    let files = tree.served(&shipped).await;
    fs::write(tree.path("notes").join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").unwrap();
    let pipe = tree.path("notes/pipe");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let (_, listing) = files.call("files_list", json!({ "path": "/notes" })).await.unwrap();
    let listing = listing.unwrap();
    let kinds = listing["entries"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str());
    assert_eq!(kinds.flatten().collect::<Vec<_>>(), ["file", "directory", "link", "pipe"]);
    assert!(listing["note"].as_str().unwrap().contains("not UTF-8: 1"), "{listing}");
    for tool in ["files_read", "files_search"] {
        let arguments = match tool {
            "files_read" => json!({ "path": "/notes/pipe" }),
            _ => json!({ "path": "/notes/pipe", "pattern": "x" }),
        };
        let error = files.error(tool, arguments).await;
        assert!(error.contains("is a pipe"), "{error}");
    }
    let error = files.error("files_read", json!({ "path": "/notes/out/key" })).await;
    assert!(error.contains("`/notes/out` is a link that leads out"), "{error}");
    let long = format!("/drafts/{}", "x".repeat(300));
    let error = files.error("files_write", json!({ "path": long, "text": "" })).await;
    assert!(error.contains("too long"), "{error}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_git_runs_is_not_written_by_any_way() {
    use std::os::unix::fs::symlink;
    let (shipped, tree) = (Shipped::new("files"), Tree::new());
    let files = tree.served(&shipped).await;
    let at = |name: &str| tree.path("drafts").join(name);
    fs::create_dir_all(at("repo/.git/hooks")).unwrap();
    fs::write(at("repo/.git/config"), "this is config\n").unwrap();
    fs::create_dir(at("fake")).unwrap();
    symlink("repo/.git/hooks", at("hooks")).unwrap();
    symlink("repo/.git", at("git")).unwrap();
    symlink("repo/.git/config", at("settings")).unwrap();
    for path in [
        "repo/.git/hooks/x",
        "hooks/x",
        "git/hooks/x",
        "git/config",
        "settings",
        "repo/.GIT/config",
    ] {
        let path = format!("/drafts/{path}");
        let write = json!({ "path": path, "text": "x", "mode": "append" });
        let error = files.error("files_write", write).await;
        assert!(error.contains("Git runs"), "{error}");
        files.error("files_edit", json!({ "path": path, "old": "this", "new": "that" })).await;
        files.error("files_move", json!({ "from": "/drafts/c.md", "to": path })).await;
    }
    for to in ["/drafts/repo/.git/hooks/sub", "/drafts/git/modules", "/drafts/new/.git"] {
        let error = files.error("files_move", json!({ "from": "/drafts/fake", "to": to })).await;
        assert!(error.contains(".git"), "{error}");
    }
    assert_eq!(fs::read_to_string(at("repo/.git/config")).unwrap(), "this is config\n");
    assert_eq!(fs::read_dir(at("repo/.git/hooks")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_that_come_at_once_none_is_lost() {
    const COUNT: usize = 20;
    let (shipped, tree) = (Shipped::new("files"), Tree::new());
    let files = std::sync::Arc::new(tree.served(&shipped).await);
    let lines = |word: &str| (0..COUNT).map(|n| format!("{word} {n:02}\n")).collect::<String>();
    fs::write(tree.path("drafts/edited"), lines("old")).unwrap();
    fs::write(tree.path("drafts/added"), "").unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..COUNT {
        let from = format!("drafts/from{n}");
        fs::write(tree.path(&from), from.clone()).unwrap();
        let (old, new) = (format!("old {n:02}"), format!("new {n:02}"));
        for (tool, arguments) in [
            ("files_edit", json!({ "path": "/drafts/edited", "old": old, "new": new })),
            (
                "files_write",
                json!({ "path": "/drafts/added", "text": format!("{new}\n"), "mode": "append" }),
            ),
            ("files_move", json!({ "from": format!("/{from}"), "to": "/drafts/to" })),
        ] {
            let files = files.clone();
            calls.spawn(async move { (tool, files.call(tool, arguments).await) });
        }
    }
    let mut moved = 0;
    for (tool, answer) in calls.join_all().await {
        match answer {
            Ok(_) => moved += usize::from(tool == "files_move"),
            Err(error) => assert!(
                tool == "files_move" && error.contains("is there already"),
                "{tool}: {error}"
            ),
        }
    }
    assert_eq!(moved, 1);
    assert_eq!(fs::read_to_string(tree.path("drafts/edited")).unwrap(), lines("new"));
    let added = fs::read_to_string(tree.path("drafts/added")).unwrap();
    let mut added: Vec<_> = added.split_inclusive('\n').collect();
    added.sort_unstable();
    assert_eq!(added.concat(), lines("new"));
    let left = fs::read_dir(tree.path("drafts")).unwrap();
    let left = left
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("from"));
    assert_eq!(left.count(), COUNT - 1);
}

/// Their calls take no turns with each other's.
#[tokio::test(flavor = "multi_thread")]
async fn of_what_several_servers_add_and_move_at_once_none_is_lost() {
    const COUNT: usize = 30;
    let (shipped, tree) = (Shipped::new("files"), Tree::new());
    fs::write(tree.path("drafts/added"), "").unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for server in 0..3 {
        let files = std::sync::Arc::new(tree.served(&shipped).await);
        for n in 0..COUNT {
            let from = format!("drafts/from-{server}-{n}");
            fs::write(tree.path(&from), &from).unwrap();
            let files = files.clone();
            calls.spawn(async move {
                let to = format!("/drafts/to{n}");
                let move_it = json!({ "from": format!("/{from}"), "to": to });
                let moved = files.call("files_move", move_it).await.is_ok();
                let line = format!("{server} {n}\n");
                let add = json!({ "path": "/drafts/added", "text": line, "mode": "append" });
                files.call("files_write", add).await.unwrap();
                usize::from(moved)
            });
        }
    }
    assert_eq!(calls.join_all().await.into_iter().sum::<usize>(), COUNT);
    let added = fs::read_to_string(tree.path("drafts/added")).unwrap();
    let added: std::collections::BTreeSet<_> = added.lines().collect();
    assert_eq!(added.len(), 3 * COUNT);
    let names = fs::read_dir(tree.path("drafts")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let (left, moved): (Vec<_>, Vec<_>) = names
        .filter(|name| name.contains('o') && name != "added")
        .partition(|name| name.starts_with("from"));
    assert_eq!((left.len(), moved.len()), (2 * COUNT, COUNT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_deleted_only_where_that_is_switched_on() {
    let (shipped, tree) = (Shipped::new("files"), Tree::new());
    let path = tree.path("drafts");
    let delete = json!({ "path": "/drafts/c.md" });
    for (config, part) in [("", "switched off"), ("config = { delete = false }", "switched off")] {
        let grants = format!(
            "files = [{{ path = '{}', at = '/drafts', access = 'write' }}]\n{config}",
            path.display()
        );
        let files = shipped.granted(&grants, "").await;
        let error = files.error("files_delete", delete.clone()).await;
        assert!(error.contains(part) && path.join("c.md").exists(), "{error}");
    }
    let grants = format!(
        "files = [{{ path = '{}', at = '/drafts', access = 'write' }}]\nconfig = {{ delete = true }}",
        path.display()
    );
    shipped.granted(&grants, "").await.call("files_delete", delete).await.unwrap();
    assert!(!path.join("c.md").exists());
}

/// The system ends a file at 1 MiB here, in the middle of what is written, as a full disk does. (wasmtime needs as much.)
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_whole_is_as_it_was() {
    let tree = Tree::new();
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
    fs::create_dir(tree.path("plugins")).unwrap();
    for name in ["files.toml", "files.wasm"] {
        fs::copy(manifests.join(name), tree.path("plugins").join(name)).unwrap();
    }
    let drafts = tree.path("drafts");
    let grant = format!("{{ path = '{}', at = '/drafts', access = 'write' }}", drafts.display());
    let local = format!("[grants]\nfiles = [{grant}]\n");
    fs::write(tree.path("plugins/files.local.toml"), local).unwrap();
    let old = format!("first\n{}", "old\n".repeat(250_000));
    for name in ["alone", "twin"] {
        fs::write(drafts.join(name), &old).unwrap();
    }
    fs::hard_link(drafts.join("twin"), drafts.join("other")).unwrap();
    let long = tree.path("long");
    fs::write(&long, "new\n".repeat(30_000)).unwrap();
    let with_long = |name: &str| format!("{name}=@{}", long.display());
    let call = |tool: &str, name: &str, more: &[String]| {
        let limited = "trap '' XFSZ; ulimit -f 2048; exec \"$@\"";
        let mut command = std::process::Command::new("sh");
        command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_toolrack"), "call", "--plugins"]);
        command.arg(tree.path("plugins")).args([tool, &format!("path=/drafts/{name}")]).args(more);
        let called = command.env("TOOLRACK_HOME", tree.path("home")).output().unwrap();
        let said = [called.stdout, called.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("larger than the system lets a file be"), "{tool} {name}: {said}");
    };
    for name in ["alone", "twin"] {
        call("files_edit", name, &["old=first".into(), with_long("new")]);
        call("files_write", name, &["mode=append".into(), with_long("text")]);
    }
    for name in ["alone", "twin", "other"] {
        assert!(fs::read_to_string(drafts.join(name)).unwrap() == old, "{name}");
    }
    let left = fs::read_dir(&drafts).unwrap().count();
    assert_eq!(left, 4, "c.md and the three, and nothing beside them");
}

#[test]
#[cfg(unix)]
fn a_tilde_is_the_home_of_the_servers_user_and_nothing_else() {
    let machine = Machine::new();
    let plugins = machine.path("toolrack/plugins");
    fs::create_dir_all(&plugins).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
    for file in ["files.toml", "files.wasm"] {
        fs::copy(shipped.join(file), plugins.join(file)).unwrap();
    }
    for file in ["home/proj/a.txt", "other/docs/s.txt"] {
        let path = machine.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("this is {file}\n")).unwrap();
    }
    let grant = |path: &str| machine.does(&["grant", "files", "files", path]);
    grant("~/proj");
    grant(machine.path("other/docs").to_str().unwrap());
    let read = |path: &str| machine.run(&["call", "files_read", &format!("path={path}")]);
    for path in ["~/proj/a.txt", machine.path("home/proj/a.txt").to_str().unwrap()] {
        let ran = read(path);
        assert!(ran.out.contains("this is home/proj/a.txt"), "{path}: {}{}", ran.out, ran.err);
    }
    let told = read("~/docs/s.txt");
    let told = told.out + &told.err;
    assert!(told.contains("`~/docs/s.txt` is not in a directory that is granted"), "{told}");
}
