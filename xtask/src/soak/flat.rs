//! What the host took over time, and the rule of flatness: after the first tenth, which is for warming up,
//! the median of the last third may exceed that of the first third only by a little.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::session::Session;
use crate::bench::process;
use crate::bench::table::median;

/// What the last third may take above the first: the allocator's own unrest, and no more.
const MEMORY_MIB: f64 = 6.0;
const MEMORY_SHARE: f64 = 0.08;
/// A descriptor for each plugin whose code was let go and is loaded again; threads that wait a while.
const DESCRIPTORS: f64 = 3.0;
const THREADS: f64 = 4.0;

/// What was seen at one moment.
pub(crate) struct Sample {
    pub(crate) second: f64,
    pub(crate) memory_mib: f64,
    pub(crate) descriptors: f64,
    pub(crate) threads: f64,
    /// Of good calls since the last moment, in milliseconds: the middle one and the slowest.
    pub(crate) latency_ms: Option<(f64, f64)>,
}

/// One number of a moment.
type Figure = fn(&Sample) -> f64;

/// All moments, in order.
pub(crate) struct Samples {
    start: Instant,
    pub(crate) all: Vec<Sample>,
}

impl Default for Samples {
    fn default() -> Self {
        Self { start: Instant::now(), all: Vec::new() }
    }
}

impl Samples {
    /// Looks at the host now.
    pub(crate) fn add(&mut self, session: &mut Session) -> Result<()> {
        let pid = session.pid();
        let ms = |time: &Duration| time.as_secs_f64() * 1e3;
        let latencies: Vec<f64> = session.latencies().iter().map(ms).collect();
        let slowest = latencies.iter().copied().fold(0.0, f64::max);
        self.all.push(Sample {
            second: self.start.elapsed().as_secs_f64(),
            memory_mib: process::memory(pid)?.resident,
            descriptors: process::descriptors(pid)? as f64,
            threads: process::threads(pid)?,
            latency_ms: (!latencies.is_empty()).then(|| (median(&latencies), slowest)),
        });
        Ok(())
    }

    /// The medians of the first and the last third after the first tenth.
    fn thirds(&self, value: Figure) -> (f64, f64) {
        let warm = &self.all[self.all.len() / 10..];
        let third = warm.len().div_ceil(3);
        let of = |part: &[Sample]| median(&part.iter().map(value).collect::<Vec<_>>());
        (of(&warm[..third]), of(&warm[warm.len() - third..]))
    }

    /// Whether nothing grew.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(self.all.len() >= 30, "{} looks are too few to judge by", self.all.len());
        let (first, last) = self.thirds(|sample| sample.memory_mib);
        let allowed = first + MEMORY_MIB.max(first * MEMORY_SHARE);
        ensure!(last <= allowed, "memory grew: {first:.1} MiB, then {last:.1} MiB");
        let (first, last) = self.thirds(|sample| sample.descriptors);
        ensure!(last <= first + DESCRIPTORS, "descriptors grew: {first}, then {last}");
        let (first, last) = self.thirds(|sample| sample.threads);
        ensure!(last <= first + THREADS, "threads grew: {first}, then {last}");
        Ok(())
    }

    pub(crate) fn summary(&self) -> String {
        let memory: Figure = |sample| sample.memory_mib;
        let descriptors: Figure = |sample| sample.descriptors;
        let threads: Figure = |sample| sample.threads;
        let figures = [("memory, MiB", memory), ("descriptors", descriptors), ("threads", threads)];
        let mut text =
            format!("{:<14}{:>14}{:>14}{:>10}\n", "", "first third", "last third", "most");
        for (name, value) in figures {
            let (first, last) = self.thirds(value);
            let most = self.all.iter().map(value).fold(0.0, f64::max);
            text += &format!("{name:<14}{first:>14.1}{last:>14.1}{most:>10.1}\n");
        }
        let middles: Vec<_> = self.all.iter().filter_map(|sample| sample.latency_ms).collect();
        let p50 = median(&middles.iter().map(|(middle, _)| *middle).collect::<Vec<_>>());
        let worst = middles.iter().map(|(_, slowest)| *slowest).fold(0.0, f64::max);
        text + &format!(
            "good calls beside all that: {p50:.1} ms in the middle, {worst:.1} ms at most"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(grows_by: f64) -> bool {
        let all = (0..100).map(|second| Sample {
            second: f64::from(second),
            // The first tenth is for warming up.
            memory_mib: if second < 10 { 10.0 } else { 50.0 + grows_by * f64::from(second) },
            descriptors: 20.0,
            threads: 9.0,
            latency_ms: None,
        });
        Samples { start: Instant::now(), all: all.collect() }.check().is_ok()
    }

    #[test]
    fn growth_is_seen_and_warming_up_is_none() {
        assert!(check(0.0) && check(0.05) && !check(0.2) && !check(3.0));
    }
}
