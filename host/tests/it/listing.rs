//! What a plugin offers, kept on disk beside its code: used where it is ours and still true, asked for
//! anew wherever it is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use toolrack::manifest::{Access, FileGrant, Grants, Limits};
use toolrack::sandbox::{Compiler, Guest, Notes, Sandbox};
use toolrack::tool::Listed;

use crate::compiling::Counted;
use crate::guest::{FILES, Wat};
use crate::secrets::CONFIG;
use crate::wit::{echo, with_section};

/// How often a file is read of which nothing is known.
const LOOKED_AT_AND_COMPILED: usize = 2;

/// A plugin, and the cache of hosts that load it one after the other.
struct Known {
    wasm: Counted,
    home: TempDir,
    terms: (Limits, Grants),
}

impl Known {
    /// It was loaded once, and has these grants.
    async fn with(grants: Grants) -> Self {
        let wasm = Counted::new(&Wat { tools: &["run", "other"], ..Wat::default() }.build());
        let home = TempDir::new().unwrap();
        let known = Self { wasm, home, terms: (Limits::default(), grants) };
        assert_eq!(known.lists(known.directory()).await, LOOKED_AT_AND_COMPILED);
        known
    }

    async fn new() -> Self {
        Self::with(Grants::default()).await
    }

    fn directory(&self) -> PathBuf {
        self.home.path().join("cache")
    }

    /// The one file in the cache with this ending.
    fn file(&self, ending: &str) -> PathBuf {
        let entries = fs::read_dir(self.directory()).unwrap().map(|entry| entry.unwrap().path());
        let found: Vec<_> =
            entries.filter(|path| path.extension() == Some(ending.as_ref())).collect();
        let [file] = &found[..] else { panic!("{ending}: {found:?}") };
        file.clone()
    }

    /// From now on, whoever needs the code has to read the Wasm.
    fn damages_the_code(&self) {
        fs::write(self.file("baseline"), "damaged").unwrap();
    }

    /// A host that starts now, with its cache in `directory`, loads it.
    async fn loaded(&self, directory: PathBuf) -> Guest {
        let sandbox = Sandbox::new(Compiler::in_process().with_cache(directory)).unwrap();
        let (limits, grants) = self.terms.clone();
        crate::compiling::guest(Arc::new(sandbox), self.wasm.wasm.clone(), limits, grants)
            .await
            .unwrap()
    }

    /// How often it is read, to list its tools.
    async fn lists(&self, directory: PathBuf) -> usize {
        let listed = self.loaded(directory).await.tools().await.unwrap();
        let names: Vec<_> = listed.tools.iter().map(|tool| &*tool.name).collect();
        assert_eq!(names, ["run", "other"]);
        self.wasm.reads()
    }

    /// Whether its code has to be at hand to list its tools.
    async fn needs_code(&self) -> bool {
        self.damages_the_code();
        self.lists(self.directory()).await > 0
    }
}

#[tokio::test]
async fn a_plugin_that_is_only_listed_needs_no_code() {
    let known = Known::new().await;
    let first = format!("{:?}", known.loaded(known.directory()).await.tools().await.unwrap());
    known.damages_the_code();
    let guest = known.loaded(known.directory()).await;
    assert_eq!(format!("{:?}", guest.tools().await.unwrap()), first);
    assert_eq!(known.wasm.reads(), 0);
    // Who calls it does.
    guest.call("run", "{}", None).await.outcome.unwrap();
    assert_eq!(known.wasm.reads(), 1);
    // And who asks the same guest again, asks it.
    assert_eq!(format!("{:?}", guest.tools().await.unwrap()), first);
}

#[tokio::test]
async fn without_its_code_it_is_loaded_as_new() {
    let known = Known::new().await;
    fs::remove_file(known.file("baseline")).unwrap();
    assert_eq!(known.lists(known.directory()).await, LOOKED_AT_AND_COMPILED);
}

#[tokio::test]
async fn other_grants_or_limits_are_asked_anew() {
    let mut known = Known::new().await;
    known.terms.0.fuel += 1;
    assert!(known.needs_code().await);
    known.terms.1.env.insert("LANG".into(), "de".into());
    assert!(known.needs_code().await);
    known.terms = Default::default();
    assert!(!known.needs_code().await);
}

#[tokio::test]
async fn what_is_granted_is_not_there_while_a_plugin_is_asked() {
    let files = TempDir::new().unwrap();
    let path = files.path().to_str().unwrap().into();
    let grant = FileGrant { path, at: "/data".into(), access: Access::Write };
    let env = [("A".to_owned(), "b".to_owned())].into();
    let config = [("key".to_owned(), "value".to_owned())].into();
    let grants = Grants { files: vec![grant], env, config, ..Grants::default() };
    // What reaches something traps, so that nothing would be listed: a new file in the first directory, a variable at
    // 40,000, a value of the configuration at 600.
    let list =
        "(if (i32.eqz (call $open (i32.const 3) (i32.const 1) (i32.const 33000) (i32.const 5)
            (i32.const 1) (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 512)))
            (then unreachable))
        (drop (call $environ (i32.const 512) (i32.const 40000)))
        (if (i32.load8_u (i32.const 40000)) (then unreachable))
        (call $config (i32.const 33005) (i32.const 3) (i32.const 600))
        (if (i32.load8_u (i32.const 600)) (then unreachable))
        (global.get $list)";
    let imports = format!("{FILES}{CONFIG}");
    let fields = r#"(data (i32.const 33000) "pwnedkey")"#;
    let wat = Wat { list, imports: &imports, fields, ..Wat::default() };
    let known = Known {
        wasm: Counted::new(&wat.build()),
        home: TempDir::new().unwrap(),
        terms: (Limits::default(), grants.clone()),
    };
    let guest = known.loaded(known.directory()).await;
    assert_eq!(guest.tools().await.unwrap().tools.len(), 1);
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 0, "nothing was written");
    // The listing depends on nothing that could change, so it is kept whatever is granted.
    let known = Known::with(grants).await;
    assert!(!known.needs_code().await);
}

#[tokio::test]
async fn whatever_is_wrong_with_it_it_is_made_anew() {
    let known = Known::new().await;
    let listing = known.file("listing");
    let whole = fs::read(&listing).unwrap();
    let other = Known::new().await;
    let foreign = fs::read(other.file("listing")).unwrap();
    assert_ne!(foreign, whole, "another key makes another tag");
    let (mut changed, cut) = (whole.clone(), &whole[..whole.len() - 1]);
    changed[40] ^= 1;
    for damaged in [b"", &b"{}"[..], &foreign, &changed, cut] {
        fs::write(&listing, damaged).unwrap();
        assert!(known.needs_code().await);
        assert_eq!(fs::read(&listing).unwrap(), whole);
        assert!(!known.needs_code().await);
    }
}

#[tokio::test]
async fn a_list_that_failed_is_not_kept() {
    let wasm = Counted::new(&Wat { list: "unreachable", ..Wat::default() }.build());
    let home = TempDir::new().unwrap();
    let known = Known { wasm, home, terms: Default::default() };
    assert!(known.loaded(known.directory()).await.tools().await.is_err());
    assert!(known.loaded(known.directory()).await.tools().await.is_err());
    assert_eq!(endings(&known.directory()), ["baseline"]);
}

#[tokio::test]
async fn functions_are_known_with_what_their_component_says_of_them() {
    let docs = br#"{"worlds":{"w":{"func_exports":{"echo":{"docs":"Gives it back."}}}}}"#;
    let component = with_section(echo("", "u8"), "package-docs", &[&[1], &docs[..]].concat());
    let home = TempDir::new().unwrap();
    let known = Known { wasm: Counted::new(&component), home, terms: Default::default() };
    let described = |listed: Listed| listed.tools[0].description.clone();
    let loaded = async || known.loaded(known.directory()).await;
    assert_eq!(described(loaded().await.tools().await.unwrap()), "Gives it back.");
    known.damages_the_code();
    known.wasm.reads();
    let guest = loaded().await;
    assert_eq!(described(guest.tools().await.unwrap()), "Gives it back.");
    assert_eq!(known.wasm.reads(), 0);
    let output = guest.call("echo", r#"{"x":[7]}"#, None).await.outcome.unwrap();
    assert_eq!(output.structured.unwrap().get(), r#"{"result":[7]}"#);
    assert_eq!(known.wasm.reads(), 1);
}

#[tokio::test]
async fn what_a_file_beside_the_manifest_says_is_not_kept() {
    let home = TempDir::new().unwrap();
    let known = Known { wasm: Counted::new(&echo("", "u8")), home, terms: Default::default() };
    let text = b"package t:t; world w { /// Says the file.\n export echo: func(); }";
    let (said, silent) = (Notes::parse(text).unwrap(), Notes::default());
    let described = async |notes| {
        let listed = known.loaded(known.directory()).await.noted_tools(notes).await.unwrap();
        listed.tools[0].description.clone()
    };
    assert_eq!(described(&said).await, "Says the file.");
    let sentence = described(&silent).await;
    assert!(sentence.starts_with("Calls the function `echo("), "{sentence}");
    assert_eq!(described(&said).await, "Says the file.");
    assert_eq!(described(&silent).await, sentence);
}

fn endings(directory: &Path) -> Vec<String> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.filter_map(|path| Some(path.extension()?.to_str()?.to_owned())).collect()
}
