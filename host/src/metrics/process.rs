//! The numbers that the system tells of this process, under the names that Prometheus' clients use. Linux alone tells it.

/// Numbers of this process.
#[derive(Debug, Default)]
pub(super) struct ProcessNumbers {
    /// Processor time, in seconds. `None` where it is not known, as for all of them.
    pub(super) cpu_seconds: Option<f64>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) virtual_bytes: Option<u64>,
    pub(super) open_descriptors: Option<u64>,
    pub(super) max_descriptors: Option<u64>,
    pub(super) threads: Option<u64>,
}

impl ProcessNumbers {
    #[cfg(not(target_os = "linux"))]
    pub(super) fn now() -> Self {
        Self::default()
    }

    #[cfg(target_os = "linux")]
    pub(super) fn now() -> Self {
        use rustix::process::{Resource, getrlimit};

        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = |key: &str| -> Option<u64> {
            let rest = status.lines().find_map(|line| line.strip_prefix(key))?;
            rest.split_whitespace().next()?.parse().ok()
        };
        let kibibytes = |key: &str| line(key).map(|count| count * 1024);
        let descriptors = std::fs::read_dir("/proc/self/fd").ok();
        Self {
            cpu_seconds: cpu_seconds(),
            resident_bytes: kibibytes("VmRSS:"),
            virtual_bytes: kibibytes("VmSize:"),
            // That of the directory itself is not counted.
            open_descriptors: descriptors.map(|all| all.count().saturating_sub(1) as u64),
            max_descriptors: getrlimit(Resource::Nofile).current,
            threads: line("Threads:"),
        }
    }
}

/// The time that this process computed, in seconds: that of its threads, and not of the children that compile.
#[cfg(target_os = "linux")]
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold anything.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let per_second = rustix::param::clock_ticks_per_second();
    #[expect(clippy::cast_precision_loss, reason = "centuries of ticks are exact")]
    let seconds = (ticks(11)? + ticks(12)?) as f64 / per_second as f64;
    Some(seconds)
}
