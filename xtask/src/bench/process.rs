//! What the kernel says of a running process. Linux has it as files; elsewhere the bench does without.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Whether there is anything to read here.
pub(crate) const KNOWN: bool = cfg!(target_os = "linux");

/// What the kernel counts processor time in.
const TICKS_PER_SECOND: f64 = 100.0;
const KIB_PER_MIB: f64 = 1024.0;

/// Memory of a process, in MiB.
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident: f64,
    /// The most that was resident so far.
    pub(crate) peak: f64,
    /// What of it no file backs: the rest is pages of the program, which the kernel can drop at any time.
    pub(crate) private: f64,
}

pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = read(pid, "status")?;
    let mib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kib.map(|kib| kib / KIB_PER_MIB).with_context(|| format!("no {key} in the status"))
    };
    Ok(Memory { resident: mib("VmRSS:")?, peak: mib("VmHWM:")?, private: mib("RssAnon:")? })
}

/// Open descriptors.
pub(crate) fn descriptors(pid: u32) -> Result<usize> {
    let path = format!("/proc/{pid}/fd");
    Ok(fs::read_dir(&path).with_context(|| format!("cannot read {path}"))?.count())
}

pub(crate) fn threads(pid: u32) -> Result<f64> {
    let status = read(pid, "status")?;
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    threads.and_then(|count| count.trim().parse().ok()).context("no Threads in the status")
}

/// Processor time of the process and of its children that have ended.
pub(crate) fn spent(pid: u32) -> Result<Duration> {
    let stat = read(pid, "stat")?;
    // The program's name is in parentheses and may contain anything.
    let (_, fields) = stat.rsplit_once(')').context("an unknown form of stat")?;
    let fields = fields.split_whitespace().skip(11).take(4);
    let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}
