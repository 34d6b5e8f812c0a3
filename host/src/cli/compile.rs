//! `toolrack compile`: the process that compiles one plugin for another toolrack. It starts no log.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::manifest::Bytes;
use crate::sandbox::{self, Caps, CompileJob};

/// What compiling may take.
#[derive(Args)]
pub(super) struct Arguments {
    /// The job
    #[arg(value_name = "JOB", value_parser = job)]
    job: CompileJob,
    /// Bytes of address space
    #[arg(long)]
    memory: u64,
    /// Seconds of processor time
    #[arg(long)]
    cpu: u64,
    /// Seconds
    #[arg(long)]
    time: u64,
    /// Niceness of this process
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..=19))]
    nice: i32,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let caps = Caps {
        memory: Bytes::new(arguments.memory),
        cpu: Duration::from_secs(arguments.cpu),
        time: Duration::from_secs(arguments.time),
    };
    sandbox::work(arguments.job, &caps, arguments.nice)?;
    Ok(ExitCode::SUCCESS)
}

fn job(word: &str) -> Result<CompileJob, String> {
    let job = CompileJob::ALL.into_iter().find(|job| job.word() == word);
    job.ok_or_else(|| {
        format!("expected one of {}", CompileJob::ALL.map(CompileJob::word).join(", "))
    })
}
