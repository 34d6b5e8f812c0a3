//! The client, `bench/load`, as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::json;
use super::servers::many_files;
use crate::bench::programs::Programs;
use crate::command;

/// Clients that hold what they opened, until they are dropped.
pub(crate) struct Load(Child);

impl Load {
    /// Calls the server on so many connections for so many seconds. Returns what the client measured.
    pub(crate) fn calls(
        programs: &Programs,
        host: &str,
        connections: usize,
        seconds: f64,
    ) -> Result<Value> {
        let mut load = Command::new(&programs.load);
        load.args(["calls", host, &connections.to_string(), &seconds.to_string()]);
        json(command::capture(&mut many_files(&load))?.trim())
    }

    /// Begins so many sessions, whose connections are closed then.
    pub(crate) fn sessions(programs: &Programs, host: &str, number: usize) -> Result<()> {
        let opened = Self::open(programs, "sessions", host, number)?;
        ensure!(opened.is_some(), "sessions are what every server here begins");
        Ok(())
    }

    /// Opens so many streams. `None` if the server has none.
    pub(crate) fn streams(programs: &Programs, host: &str, number: usize) -> Result<Option<Self>> {
        Self::open(programs, "streams", host, number)
    }

    fn open(programs: &Programs, what: &str, host: &str, number: usize) -> Result<Option<Self>> {
        let mut load = Command::new(&programs.load);
        load.args([what, host, &number.to_string()]);
        let mut child = many_files(&load).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("the client has no stdout")?;
        let load = Self(child);
        let mut said = String::new();
        BufReader::new(stdout).read_line(&mut said)?;
        match said.trim() {
            "ready" => Ok(Some(load)),
            "no streams" => Ok(None),
            _ => bail!("the client of {host} failed; its message is above"),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}
