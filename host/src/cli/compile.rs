//! `toolrack compile`: the process that compiles one plugin for another toolrack. It starts no log.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::manifest::Bytes;
use crate::sandbox::{self, Caps};

/// What compiling may take.
#[derive(Args)]
pub(super) struct Arguments {
    /// Bytes of address space
    #[arg(long)]
    memory: u64,
    /// Seconds of processor time
    #[arg(long)]
    cpu: u64,
    /// Seconds
    #[arg(long)]
    time: u64,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    sandbox::work(&Caps {
        memory: Bytes::new(arguments.memory),
        cpu: Duration::from_secs(arguments.cpu),
        time: Duration::from_secs(arguments.time),
    })?;
    Ok(ExitCode::SUCCESS)
}
