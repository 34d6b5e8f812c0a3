//! Where things are in this repository.
//!
//! Paths and what `cargo metadata` says of the plugins; nothing here builds or changes anything.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use crate::command;

/// Where things are in this repository.
pub(crate) struct Places {
    pub(crate) root: PathBuf,
    /// The Cargo.toml of the host's workspace.
    pub(crate) host: PathBuf,
    /// The Cargo.toml of the plugins' workspace.
    pub(crate) plugins: PathBuf,
    /// The Cargo.toml of the programs that the host is measured against.
    pub(crate) bench: PathBuf,
    /// The Cargo.toml of the fuzzers.
    pub(crate) fuzz: PathBuf,
    /// The plugin directory that a build completes with the Wasm files.
    pub(crate) manifests: PathBuf,
}

/// A crate that becomes a Wasm file.
pub(crate) struct Plugin {
    pub(crate) name: String,
    /// The crate's folder.
    pub(crate) folder: PathBuf,
    /// What its tools may cost in a list, in bytes.
    pub(crate) list_bytes: Option<usize>,
}

/// The plugins' workspace, as cargo sees it.
pub(crate) struct Workspace {
    pub(crate) plugins: Vec<Plugin>,
    target: PathBuf,
}

impl Places {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let root = root.context("xtask has lost its place in the repository")?.to_path_buf();
        Ok(Self {
            host: root.join("Cargo.toml"),
            plugins: root.join("plugins/Cargo.toml"),
            bench: root.join("bench/Cargo.toml"),
            fuzz: root.join("fuzz/Cargo.toml"),
            manifests: root.join("manifests"),
            root,
        })
    }

    /// The folders of the packages in the host's workspace.
    pub(crate) fn packages(&self) -> Result<Vec<PathBuf>> {
        let metadata = metadata(&self.host)?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let manifests = packages.filter_map(|package| package["manifest_path"].as_str());
        Ok(manifests.filter_map(|path| Path::new(path).parent()).map(Path::to_owned).collect())
    }

    /// The folder that builds of the host go to.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        target(&metadata(&self.host)?)
    }

    /// The plugins that only tests serve.
    pub(crate) fn fixtures(&self) -> Result<PathBuf> {
        Ok(self.target()?.join("fixtures"))
    }

    /// The host's binary, as the release build leaves it.
    pub(crate) fn binary(&self) -> Result<PathBuf> {
        self.host_built("release")
    }

    /// The host's binary, as a build with this profile leaves it.
    pub(crate) fn host_built(&self, profile: &str) -> Result<PathBuf> {
        let name = format!("toolrack{}", std::env::consts::EXE_SUFFIX);
        Ok(self.target()?.join(profile).join(name))
    }

    /// The folder with the optimised programs that the host is measured against.
    pub(crate) fn bench_built(&self) -> Result<PathBuf> {
        Ok(target(&metadata(&self.bench)?)?.join("release"))
    }

    /// Reads the plugins' workspace.
    pub(crate) fn workspace(&self) -> Result<Workspace> {
        let metadata = metadata(&self.plugins)?;
        let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let plugins = packages.iter().filter(|package| is_plugin(package)).map(plugin);
        Ok(Workspace { plugins: plugins.collect::<Result<_>>()?, target: target(&metadata)? })
    }
}

impl Workspace {
    /// The plugin of this name.
    pub(crate) fn plugin(&self, name: &str) -> Result<&Plugin> {
        let plugin = self.plugins.iter().find(|plugin| plugin.name == name);
        plugin.with_context(|| format!("there is no plugin {name} in plugins/"))
    }

    /// The Wasm file that a release build of `plugin` for the target `triple` leaves.
    pub(crate) fn built(&self, plugin: &Plugin, triple: &str) -> PathBuf {
        let file = format!("{}.wasm", plugin.name.replace('-', "_"));
        self.target.join(triple).join("release").join(file)
    }
}

fn metadata(manifest: &Path) -> Result<Value> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--manifest-path"];
    let json = command::capture(command::cargo(&arguments).arg(manifest))?;
    serde_json::from_str(&json).context("`cargo metadata` printed something that is not JSON")
}

fn target(metadata: &Value) -> Result<PathBuf> {
    let target = metadata["target_directory"].as_str();
    target.map(PathBuf::from).ok_or_else(|| anyhow!("`cargo metadata` names no target directory"))
}

/// Whether the package has a library of the type that becomes a Wasm module.
fn is_plugin(package: &Value) -> bool {
    let targets = package["targets"].as_array().into_iter().flatten();
    let mut types =
        targets.flat_map(|target| target["crate_types"].as_array().into_iter().flatten());
    types.any(|crate_type| crate_type == "cdylib")
}

fn plugin(package: &Value) -> Result<Plugin> {
    let text = |key: &str| {
        package[key].as_str().with_context(|| format!("no `{key}` in cargo's metadata"))
    };
    let folder =
        Path::new(text("manifest_path")?).parent().context("a package without a folder")?;
    let list_bytes = package["metadata"]["toolrack"]["list-bytes"].as_u64();
    Ok(Plugin {
        name: text("name")?.into(),
        folder: folder.into(),
        list_bytes: list_bytes.and_then(|bytes| bytes.try_into().ok()),
    })
}
