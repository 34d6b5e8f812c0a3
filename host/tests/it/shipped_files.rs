//! The plugin `files` in the host: what is granted is read, searched and changed; nothing beside it is.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

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
        assert!(error.contains("access = \"write\""), "{tool}: {error}");
    }
    let unchanged = |name: &str| {
        let text = fs::read_to_string(tree.path(name)).unwrap();
        assert_eq!(text, format!("this is {name}\n"));
    };
    unchanged("notes/a.md");
    unchanged("private/key");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grant_it_says_what_to_add() {
    let files = Shipped::new("files").granted("", "").await;
    let error = files.error("files_list", json!({})).await;
    assert!(error.contains("`files` to [grants]"), "{error}");
    let error = files.error("files_read", json!({ "path": "/a" })).await;
    assert!(error.contains("files = [{ path"), "{error}");
    assert!(!Path::new("/a").exists());
}
