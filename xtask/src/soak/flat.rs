//! What the host took over time, and the rule of flatness: after the first tenth of a round, which is for warming
//! up, the median of the last third may exceed that of the first third only by a little.

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
    /// Those before this one are of earlier rounds, and not judged any more.
    judged_from: usize,
}

impl Default for Samples {
    fn default() -> Self {
        Self { start: Instant::now(), all: Vec::new(), judged_from: 0 }
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

    /// Another round begins: what was seen until now was warming up.
    pub(crate) fn next_round(&mut self) {
        self.judged_from = self.all.len();
    }

    /// The medians of the round's first and last third after its first tenth.
    fn thirds(&self, value: Figure) -> (f64, f64) {
        let round = &self.all[self.judged_from..];
        let warm = &round[round.len() / 10..];
        let third = warm.len().div_ceil(3);
        let of = |part: &[Sample]| median(&part.iter().map(value).collect::<Vec<_>>());
        (of(&warm[..third]), of(&warm[warm.len() - third..]))
    }

    /// Whether nothing grew in this round.
    pub(crate) fn check(&self) -> Result<()> {
        let looks = self.all.len() - self.judged_from;
        ensure!(looks >= 30, "{looks} looks are too few to judge by");
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

    /// A host that takes so many MiB in each second, looked at each second.
    fn samples(memory: impl Fn(f64) -> f64) -> Samples {
        let all = (0..200).map(f64::from).map(|second| Sample {
            second,
            memory_mib: memory(second),
            descriptors: 20.0,
            threads: 9.0,
            latency_ms: None,
        });
        Samples { all: all.collect(), ..Samples::default() }
    }

    #[test]
    fn growth_is_seen_and_warming_up_is_none() {
        let grows = |by: f64| {
            let memory = move |second| if second < 20.0 { 10.0 } else { 50.0 + by * second };
            samples(memory).check().is_err()
        };
        assert!(!grows(0.0) && !grows(0.03) && grows(0.1) && grows(2.0));
    }

    #[test]
    fn another_round_tells_a_leak_from_slow_warming_up() {
        let mut warm =
            samples(|second: f64| if second < 90.0 { 50.0 + second / 5.0 } else { 68.0 });
        let mut leaky = samples(|second| 50.0 + second / 5.0);
        assert!(warm.check().is_err() && leaky.check().is_err());
        (warm.judged_from, leaky.judged_from) = (100, 100);
        assert!(warm.check().is_ok() && leaky.check().is_err());
        leaky.next_round();
        assert!(leaky.check().is_err(), "nothing was seen in this round");
    }
}
