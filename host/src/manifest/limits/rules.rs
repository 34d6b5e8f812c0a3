//! The limits of a plugin and of its calls, and for each its smallest, usual and largest value.
//!
//! The sandbox enforces the limits.
//!
//! | key | at least | default | at most | |
//! |---|---|---|---|---|
//! | `fuel` | 1_000 | 1_000_000_000 | 1_000_000_000_000 | work, by wasmtime's count |
//! | `cpu` | 10ms | 10s | 5m | computing time |
//! | `memory` | 64 KiB | 64 MiB | 1 GiB | all memories and tables together |
//! | `timeout` | 10ms | 30s | 10m | time on the wall, with waiting |
//! | `output` | 1 KiB | 256 KiB | 4 MiB | the answer |
//! | `concurrency` | 1 | 4 | 32 | calls of one plugin at once |
//! | `crashes` | 1 | 5 | 1_000_000 | crashes in a row, after which a plugin is left alone for a while |
//! | `max_tools` | 1 | 64 | 512 | tools of the plugin, without hidden ones |
//! | `scratch_bytes` | 4 KiB | 1 GiB | 64 GiB | the files of a call in its scratch directory, by their sizes |
//! | `scratch_entries` | 1 | 100_000 | 1_000_000 | files and directories of a call in its scratch directory |
//! | `rate` | 1/h | none | 10_000/s | how often a plugin, or one of its tools, is called |

use std::convert::Infallible;
use std::time::Duration;

use super::notation::grouped;
use super::rate::Rate;
use super::units::{Bytes, show_duration};
use crate::fs::stated::Stated;

/// The limits of a plugin and of its calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Work, by wasmtime's count.
    pub fuel: u64,
    /// Computing time.
    pub cpu: Duration,
    /// All memories and tables together.
    pub memory: Bytes,
    /// The most memory that the policy gives, whatever is asked for. `None` if it says nothing of it.
    pub most_memory: Option<Stated<Bytes>>,
    /// Time on the wall, with waiting.
    pub timeout: Duration,
    /// The answer.
    pub output: Bytes,
    /// Calls of the plugin at once.
    pub concurrency: u32,
    /// Crashes in a row, after which the plugin is left alone for a while.
    pub crashes: u32,
    /// Tools of the plugin, without hidden ones.
    pub max_tools: u32,
    /// The files of a call in its scratch directory, by their sizes.
    pub scratch_bytes: Bytes,
    /// Files and directories of a call in its scratch directory.
    pub scratch_entries: u32,
    /// The rate at which the plugin may be called. `None` means no limit.
    pub rate: Option<Rate>,
    /// True if its component may have asynchronous functions, futures and streams, for which there is an engine of its
    /// own: `concurrent` under `[plugin]`.
    pub concurrent: bool,
}

/// A limit's key and range. Amounts are counts, milliseconds or bytes, by `measure`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitRule {
    /// The key under `[limits]`.
    pub key: &'static str,
    /// The quantity that is limited, in words.
    pub about: &'static str,
    /// The smallest value allowed.
    pub min: u64,
    /// The value without the key.
    pub default: u64,
    /// The largest value allowed.
    pub max: u64,
    pub(crate) measure: Measure,
}

/// The measure of a limit's amount.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Measure {
    Count,
    Size,
    Time,
}

const FUEL: LimitRule = LimitRule {
    key: "fuel",
    about: "work, by wasmtime's count",
    min: 1_000,
    default: 1_000_000_000,
    max: 1_000_000_000_000,
    measure: Measure::Count,
};
const CPU: LimitRule = LimitRule {
    key: "cpu",
    about: "computing time",
    min: 10,
    default: 10_000,
    max: 300_000,
    measure: Measure::Time,
};
pub(crate) const MEMORY: LimitRule = LimitRule {
    key: "memory",
    about: "all memories and tables together",
    min: 64 << 10,
    default: 64 << 20,
    max: 1 << 30,
    measure: Measure::Size,
};
const TIMEOUT: LimitRule = LimitRule {
    key: "timeout",
    about: "time on the wall, with waiting",
    min: 10,
    default: 30_000,
    max: 600_000,
    measure: Measure::Time,
};
const OUTPUT: LimitRule = LimitRule {
    key: "output",
    about: "the answer",
    min: 1 << 10,
    default: 256 << 10,
    max: 4 << 20,
    measure: Measure::Size,
};
const CONCURRENCY: LimitRule = LimitRule {
    key: "concurrency",
    about: "calls of one plugin at once",
    min: 1,
    default: 4,
    max: 32,
    measure: Measure::Count,
};

const CRASHES: LimitRule = LimitRule {
    key: "crashes",
    about: "crashes in a row, after which a plugin is left alone for a while",
    min: 1,
    default: 5,
    max: 1_000_000,
    measure: Measure::Count,
};

const MAX_TOOLS_LISTED: LimitRule = LimitRule {
    key: "max_tools",
    about: "tools of the plugin, without hidden ones",
    min: 1,
    default: 64,
    max: 512,
    measure: Measure::Count,
};

const SCRATCH_BYTES: LimitRule = LimitRule {
    key: "scratch_bytes",
    about: "the files of a call in its scratch directory, by their sizes",
    min: 4 << 10,
    default: 1 << 30,
    max: 64 << 30,
    measure: Measure::Size,
};

const SCRATCH_ENTRIES: LimitRule = LimitRule {
    key: "scratch_entries",
    about: "files and directories of a call in its scratch directory",
    min: 1,
    default: 100_000,
    max: 1_000_000,
    measure: Measure::Count,
};

/// The time for which the answers of a tool are kept: `cache` under `[[tools]]` of a manifest.
pub(crate) const CACHE_RULE: LimitRule = LimitRule {
    key: "cache",
    about: "how long an answer is kept",
    min: 0,
    default: 0,
    max: 86_400_000,
    measure: Measure::Time,
};

/// The memory of all answers that are kept: `result_cache` under `[serve]` of the configuration.
pub(crate) const RESULT_CACHE_RULE: LimitRule = LimitRule {
    key: "result_cache",
    about: "the memory of all answers that are kept",
    min: 0,
    default: 32 << 20,
    max: 4 << 30,
    measure: Measure::Size,
};

/// The time that requests over HTTP have to end: `grace` under `[http]` of the configuration.
pub(crate) const GRACE_RULE: LimitRule = LimitRule {
    key: "grace",
    about: "how long requests go on once a signal came",
    min: 0,
    default: 10_000,
    max: 3_600_000,
    measure: Measure::Time,
};

/// The time before that for a balancer: `drain_delay` under `[http]` of the configuration.
pub(crate) const DRAIN_DELAY_RULE: LimitRule = LimitRule {
    key: "drain_delay",
    about: "how long everything is served on once a signal came",
    min: 0,
    default: 0,
    max: 3_600_000,
    measure: Measure::Time,
};

/// The time that an answer of Redis may take: `timeout` under `[redis]` of the configuration.
pub(crate) const REDIS_TIMEOUT_RULE: LimitRule = LimitRule {
    key: "timeout",
    about: "how long an answer of Redis may take",
    min: 10,
    default: 250,
    max: 10_000,
    measure: Measure::Time,
};

/// The calls of one client at once: `client_calls` under `[http]` of the configuration.
pub(crate) const CLIENT_CALLS_RULE: LimitRule = LimitRule {
    key: "client_calls",
    about: "the calls of one client that run at once",
    min: 1,
    default: 24,
    max: 32,
    measure: Measure::Count,
};

/// The tools on one page: `page_size` under `[serve]` of the configuration.
pub(crate) const PAGE_SIZE_RULE: LimitRule = LimitRule {
    key: "page_size",
    about: "the tools on one page of a list",
    min: 1,
    // Without the key, all are on one page.
    default: 512,
    max: 1_000_000,
    measure: Measure::Count,
};

/// The size of a file of the audit log: `audit_size` under `[serve]` of the configuration.
pub(crate) const AUDIT_SIZE_RULE: LimitRule = LimitRule {
    key: "audit_size",
    about: "the size of a file of the audit log",
    min: 64 << 10,
    default: 32 << 20,
    max: 64 << 30,
    measure: Measure::Size,
};

/// The older files of the audit log: `audit_files` under `[serve]` of the configuration.
pub(crate) const AUDIT_FILES_RULE: LimitRule = LimitRule {
    key: "audit_files",
    about: "the older files of the audit log that are kept",
    min: 1,
    default: 8,
    max: 1000,
    measure: Measure::Count,
};

/// Every limit but the rate, which has no default: the one table that defaults, checks, messages and
/// documentation come from.
pub(crate) const LIMIT_RULES: [LimitRule; 10] = [
    FUEL,
    CPU,
    MEMORY,
    TIMEOUT,
    OUTPUT,
    CONCURRENCY,
    CRASHES,
    MAX_TOOLS_LISTED,
    SCRATCH_BYTES,
    SCRATCH_ENTRIES,
];

impl LimitRule {
    /// An amount of this limit, for people: `64 MiB`, `30s`, `1_000`.
    #[must_use]
    pub(crate) fn show(&self, amount: u64) -> String {
        match self.measure {
            Measure::Count => grouped(amount),
            Measure::Size => Bytes::new(amount).to_string(),
            Measure::Time => show_duration(Duration::from_millis(amount)),
        }
    }
}

impl Limits {
    /// Asks `amount` for every limit. A rate is not among them.
    pub(crate) fn collect<E>(amount: impl Fn(&LimitRule) -> Result<u64, E>) -> Result<Self, E> {
        let time = |rule| amount(rule).map(Duration::from_millis);
        let size = |rule| amount(rule).map(Bytes::new);
        // Maxima of counts are far below what 32 bits hold.
        let count = |rule| amount(rule).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Ok(Self {
            fuel: amount(&FUEL)?,
            cpu: time(&CPU)?,
            memory: size(&MEMORY)?,
            most_memory: None,
            timeout: time(&TIMEOUT)?,
            output: size(&OUTPUT)?,
            concurrency: count(&CONCURRENCY)?,
            crashes: count(&CRASHES)?,
            max_tools: count(&MAX_TOOLS_LISTED)?,
            scratch_bytes: size(&SCRATCH_BYTES)?,
            scratch_entries: count(&SCRATCH_ENTRIES)?,
            rate: None,
            concurrent: false,
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        let Ok(limits) = Self::collect(|rule| Ok::<_, Infallible>(rule.default));
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::super::rate::{RATE, RateRule};
    use super::*;

    #[test]
    fn the_table_above_states_the_rules() {
        let documentation = include_str!("rules.rs");
        for rule in &LIMIT_RULES {
            let [min, default, max] = [rule.min, rule.default, rule.max].map(|n| rule.show(n));
            let row =
                format!("\n//! | `{}` | {min} | {default} | {max} | {} |\n", rule.key, rule.about);
            assert!(documentation.contains(&row), "missing row: {row}");
        }
        let RateRule { key, about, min, max } = RATE;
        let row =
            format!("\n//! | `{key}` | {min}/h | none | {}/s | {about} |\n", grouped(max.into()));
        assert!(documentation.contains(&row), "missing row: {row}");
    }

    #[test]
    fn every_default_is_in_its_range() {
        for rule in &LIMIT_RULES {
            assert!((rule.min..=rule.max).contains(&rule.default), "{}", rule.key);
        }
    }

    #[test]
    fn defaults_are_those_of_the_design() {
        let expected = Limits {
            fuel: 1_000_000_000,
            cpu: Duration::from_secs(10),
            memory: Bytes::new(64 << 20),
            most_memory: None,
            timeout: Duration::from_secs(30),
            output: Bytes::new(256 << 10),
            concurrency: 4,
            crashes: 5,
            max_tools: 64,
            scratch_bytes: Bytes::new(1 << 30),
            scratch_entries: 100_000,
            rate: None,
            concurrent: false,
        };
        assert_eq!(Limits::default(), expected);
    }
}
