//! The plugins of this repository as they are served: their Wasm, their manifest's limits, and grants
//! and secrets of a test.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use tempfile::TempDir;
use toolrack::catalog::{Catalog, Coming, Parts, Plugin, Tool};
use toolrack::manifest::Manifest;
use toolrack::sandbox::http::{Network, RequestTimeouts, Surroundings};
use toolrack::sandbox::{Compiler, Sandbox, Wasm};
use toolrack::tool::{CallError, Content};

use crate::web::{Names, authority};

/// Waits short enough for a test, and long enough for a busy machine.
const PATIENCE: RequestTimeouts = RequestTimeouts {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(2),
    between_bytes: Duration::from_secs(2),
};

/// One plugin's Wasm, compiled once, to be served with different grants.
pub(crate) struct Shipped {
    name: &'static str,
    sandbox: Arc<Sandbox>,
    wasm: Arc<[u8]>,
    manifest: Manifest,
}

/// The plugin with some grants. Its directory holds its secrets.
pub(crate) struct Served {
    catalog: Catalog,
    _directory: TempDir,
}

/// What a call gave: its text, its structured content, or the text of its error.
pub(crate) type Answer = Result<(String, Option<Value>), String>;

impl Shipped {
    /// Reads what `cargo xtask build` put into `manifests/`.
    pub(crate) fn new(name: &'static str) -> Self {
        let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
        let file = manifests.join(name).with_extension("toml");
        let text = fs::read_to_string(&file).expect("a manifest");
        let manifest =
            Manifest::parse(&file.display().to_string(), &text).expect("a good manifest");
        let wasm = fs::read(file.with_extension("wasm"))
            .unwrap_or_else(|error| panic!("run `cargo xtask build` first: {name}.wasm: {error}"));
        let surroundings = Surroundings {
            resolver: Box::new(Names::default()),
            roots: vec![authority()],
            patience: PATIENCE,
        };
        // Compiled once for all tests, which are processes of their own.
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shipped");
        let compiler = Compiler::in_process().with_cache(cache);
        let sandbox = Sandbox::new(compiler).expect("a sandbox");
        let sandbox = Arc::new(sandbox.with_network(Network::new(surroundings)));
        Self { name, sandbox, wasm: wasm.into(), manifest }
    }

    /// What its manifest says.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The plugin with these lines under `[grants]`, and with these in the `.env` beside its manifest.
    pub(crate) async fn granted(&self, grants: &str, secrets: &str) -> Served {
        let directory = TempDir::new().expect("a directory");
        fs::write(directory.path().join(".env"), secrets).expect("a file of secrets");
        let file = directory.path().join(self.name).with_extension("toml").display().to_string();
        let text = format!("[grants]\n{grants}");
        let granted = Manifest::parse(&file, &text).unwrap_or_else(|error| panic!("{error}"));
        // What a tool says that is not granted what it needs is tested, too.
        let manifest =
            Manifest { grants: granted.grants, lists_ungranted: true, ..self.manifest.clone() };
        let wasm = Wasm::of(self.wasm.clone());
        let beside = directory.path().to_owned();
        let parts = Parts { file, directory: beside, manifest, wasm, wit: None };
        let plugin = Plugin::load(self.sandbox.clone(), parts).await;
        let plugin = plugin.unwrap_or_else(|error| panic!("{error}"));
        let catalog = Catalog::build(vec![Arc::new(plugin)], Vec::new(), Coming::default(), None);
        assert!(catalog.refusals().is_empty(), "{:?}", catalog.refusals());
        Served { catalog, _directory: directory }
    }
}

impl Served {
    pub(crate) fn tools(&self) -> impl Iterator<Item = &Arc<Tool>> {
        self.catalog.tools().all()
    }

    pub(crate) fn tool(&self, name: &str) -> &Arc<Tool> {
        self.catalog.tool(name).unwrap_or_else(|| panic!("no tool {name}"))
    }

    /// Calls a tool as a client does, its schemas checked on both sides.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.call_with(tool, arguments.to_string()).await
    }

    /// The same with arguments in JSON, to the last digit.
    pub(crate) async fn call_with(&self, tool: &str, arguments: String) -> Answer {
        let arguments = RawValue::from_string(arguments).expect("JSON");
        match self.tool(tool).call(&arguments, None).await.outcome {
            Ok(output) => {
                let structured = output.structured.map(|json| json.get().parse().expect("JSON"));
                Ok((joined(&output.content), structured))
            }
            Err(CallError::Failed(output)) => Err(joined(&output.content)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The error of a call that fails.
    pub(crate) async fn error(&self, tool: &str, arguments: Value) -> String {
        self.call(tool, arguments).await.expect_err("a failure")
    }
}

fn joined(content: &[Content]) -> String {
    let texts = content.iter().map(|block| match block {
        Content::Text(text) => text.as_str(),
        other => panic!("{other:?}"),
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn shipped_plugins_hold_no_paths_of_the_machine_that_built_them() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let repository = repository.display().to_string();
    for entry in fs::read_dir(repository.clone() + "/manifests").expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "wasm") {
            continue;
        }
        let wasm = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
        // Cargo's own directory is called `/cargo`, on whatever machine.
        let sources =
            wasm.match_indices("registry/src/").chain(wasm.match_indices("registry\\src\\"));
        let ours = ["/cargo/", "/cargo\\"];
        let named = sources.filter(|(at, _)| !ours.iter().any(|ours| wasm[..*at].ends_with(ours)));
        let named = named.count();
        assert!(
            named == 0 && !wasm.contains(&repository),
            "{} names {named} files of its machine: build it with `cargo xtask build`",
            path.display()
        );
    }
}
