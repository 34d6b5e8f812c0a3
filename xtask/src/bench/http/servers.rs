//! The servers over HTTP, and one of them while it runs.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::bench::programs::{FLOOR, HOST, PYTHON, Programs, RMCP, Server, TYPESCRIPT};
use crate::bench::stage::Stage;

/// A server that is measured over HTTP.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum HttpServer {
    Host,
    /// rmcp's Streamable HTTP as it comes: sessions, and every answer a stream of events.
    Rmcp,
    /// The same with TCP_NODELAY.
    RmcpNoDelay,
    /// The same with `json_response`, which takes a server without sessions.
    RmcpJson,
    TypeScript,
    Python,
    /// Answers every request with the same bytes.
    Floor,
}

pub(crate) const RMCP_NO_DELAY: &str = "native rmcp, TCP_NODELAY";
pub(crate) const RMCP_JSON: &str = "native rmcp, JSON";

impl HttpServer {
    /// Those that can be measured here.
    pub(crate) fn all(programs: &Programs) -> Vec<Self> {
        let sdks = programs.sdks().into_iter().filter_map(|server| match server {
            Server::Python => Some(Self::Python),
            Server::TypeScript => Some(Self::TypeScript),
            Server::Host(_) | Server::Baseline | Server::Rmcp | Server::RmcpPipes => None,
            Server::Floor | Server::Bare | Server::BareFuel => None,
        });
        [Self::Host, Self::Rmcp, Self::RmcpNoDelay, Self::RmcpJson]
            .into_iter()
            .chain(sdks)
            .chain([Self::Floor])
            .collect()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Host => HOST,
            Self::Rmcp => RMCP,
            Self::RmcpNoDelay => RMCP_NO_DELAY,
            Self::RmcpJson => RMCP_JSON,
            Self::TypeScript => TYPESCRIPT,
            Self::Python => PYTHON,
            Self::Floor => FLOOR,
        }
    }

    fn command(self, programs: &Programs, stage: &Stage, port: &str) -> Command {
        let with = |mut command: Command, words: &[&str]| {
            command.args(words);
            command
        };
        match self {
            Self::Host => {
                let host = programs.host(&stage.plugins(1), &stage.home());
                with(host, &["--http", &format!("127.0.0.1:{port}")])
            }
            Self::Rmcp => with(Command::new(&programs.native), &["http", port]),
            Self::RmcpNoDelay => with(Command::new(&programs.native), &["http-no-delay", port]),
            Self::RmcpJson => with(Command::new(&programs.native), &["http-json", port]),
            Self::TypeScript => with(programs.command(Server::TypeScript, stage), &[port]),
            Self::Python => with(programs.command(Server::Python, stage), &[port]),
            Self::Floor => with(programs.command(Server::Floor, stage), &[port]),
        }
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Running {
    child: Child,
    host: String,
}

impl Running {
    /// Starts a server. It may not listen yet: who connects to it waits.
    pub(crate) fn start(server: HttpServer, programs: &Programs, stage: &Stage) -> Result<Self> {
        // Nobody else takes the port in so short a time.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let command = server.command(programs, stage, &port);
        let mut command = many_files(&command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log(&stage.log())?);
        let child = command.spawn().context("a server cannot be started")?;
        Ok(Self { child, host: format!("127.0.0.1:{port}") })
    }

    /// The address that clients connect to.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn log(file: &Path) -> Result<File> {
    File::create(file).with_context(|| format!("cannot write {}", file.display()))
}

/// The same command with as many open files as the system allows: a connection takes one.
pub(crate) fn many_files(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n $(ulimit -H -n) && exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}
