//! One core for client and servers. Between idle cores, waking the other side costs more than what is
//! measured, above all on virtual machines; on one core it costs the same few microseconds to everyone.
//!
//! Through the program `taskset`; where there is none, nothing is pinned and the table says so.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command;

/// This thread, and every process that it starts meanwhile, on one core.
pub(crate) struct Pinned {
    /// The cores there were before.
    before: String,
}

impl Pinned {
    /// Pins, where that is possible.
    pub(crate) fn to_one_core() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
        let before = cores.trim().to_owned();
        // The last one: interrupts tend to go to the first.
        let last = before.rsplit([',', '-']).next()?;
        let pinned = command::succeeds(&mut taskset(last));
        pinned.then_some(Self { before })
    }

    pub(crate) fn release(self) -> Result<()> {
        let output = taskset(&self.before).output()?;
        output.status.success().then_some(()).context("`taskset` does not give the cores back")
    }
}

fn taskset(cores: &str) -> Command {
    let mut taskset = Command::new("taskset");
    // The process's number is its first thread's, and that one measures.
    taskset.args(["--pid", "--cpu-list", cores, &std::process::id().to_string()]);
    taskset
}
