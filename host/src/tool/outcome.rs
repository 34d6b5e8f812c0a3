//! The outcome of a call: how it ended and what it spent; and the progress of one that runs.

use std::fmt;
use std::time::Duration;

use super::Output;
use crate::text::escape;

/// The reason why a call gave no answer. A cancelled call has no outcome at all: its future is dropped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The arguments cannot be used: the host's schema check or the tool itself says so.
    #[error("invalid arguments: {0}")]
    InvalidArguments(String),
    /// The tool did its work and it failed: it says how, as it would answer.
    #[error("the tool reported a failure")]
    Failed(Output),
    /// A limit of the plugin was reached and the call was stopped.
    #[error("{0}")]
    Limit(LimitHit),
    /// The guest trapped or left without an answer.
    #[error("the plugin crashed: {reason}{}", said(.last_words))]
    Trapped {
        /// The reason for the crash, in the runtime's words.
        reason: String,
        /// The end of what the guest wrote to stderr, escaped.
        last_words: Option<String>,
    },
    /// The guest answered with something its contract or its own schema does not allow.
    #[error("the plugin gave an unusable answer: {0}")]
    Broken(String),
    /// The plugin turned out to be none that can be served, once its code was there.
    #[error("the tool was not called: its plugin cannot be served: {0}")]
    Unfit(String),
    /// The host itself could not do its part. The reason may name paths of the machine.
    #[error("toolrack failed: {0}")]
    Host(String),
    /// The host has no time or room for the call now. The reason names nothing of the machine.
    #[error("toolrack failed: {0}")]
    Unready(String),
    /// The plugin was not asked, because it keeps crashing.
    #[error(
        "the tool was not called: its plugin crashed {}, and {next} (`crashes` under [limits] {}); \
         the last time: {reason}",
        in_a_row(*.crashes), set_in(.local)
    )]
    Paused {
        /// The number of crashes in a row.
        crashes: u32,
        /// The next thing that happens, as the end of a sentence.
        next: String,
        /// The reason for the last crash, escaped.
        reason: String,
        /// The local file, if that sets the number.
        local: Option<Box<str>>,
    },
}

impl CallError {
    /// True if the machine or Toolrack is at fault: the same call may end otherwise another time, whatever the plugin
    /// does.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Host(_) | Self::Unready(_))
    }

    /// Returns the reason in words for this reader.
    #[must_use]
    pub fn told_to(&self, reader: ReasonReader) -> String {
        match (reader, self) {
            (ReasonReader::Operator, _)
            | (
                ReasonReader::Stranger,
                Self::InvalidArguments(_)
                | Self::Failed(_)
                | Self::Trapped { .. }
                | Self::Broken(_)
                | Self::Unready(_),
            ) => self.to_string(),
            (ReasonReader::Stranger, Self::Limit(hit)) => hit.what_happened(),
            (ReasonReader::Stranger, Self::Unfit(_)) => {
                format!("the tool was not called: its plugin cannot be served; {WHO_KNOWS}")
            }
            (ReasonReader::Stranger, Self::Host(_)) => {
                format!("toolrack failed; {WHO_KNOWS}; call it again in a while")
            }
            // The reason may hold what another caller asked.
            (ReasonReader::Stranger, Self::Paused { crashes, next, .. }) => format!(
                "the tool was not called: its plugin crashed {}, and {next}; {WHO_KNOWS}",
                in_a_row(*crashes)
            ),
        }
    }
}

/// The reader of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonReader {
    /// The person whose server it is, or that person's own client.
    Operator,
    /// Anybody else: the machine's paths, files, policy and commands are not told.
    Stranger,
}

/// The words for a stranger in the place of a reason.
pub const WHO_KNOWS: &str = "whoever runs the server finds the reason in its log";

/// `once`, `5 times in a row`.
#[must_use]
pub fn in_a_row(times: u32) -> String {
    if times == 1 { "once".into() } else { format!("{times} times in a row") }
}

/// Returns a wait as it is told: in whole seconds, rounded up, at least one.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u128 {
    wait.as_millis().div_ceil(1000).max(1)
}

fn said(last_words: &Option<String>) -> String {
    last_words.as_ref().map(|words| format!("; its last words were: {words}")).unwrap_or_default()
}

/// The limit that stopped a call, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitHit {
    /// The limit.
    pub limit: Limit,
    /// Its value, with its unit.
    pub value: String,
    /// The local file, if that sets the limit.
    pub local: Option<Box<str>>,
}

impl LimitHit {
    /// The limit and its value, as the manifest or the host has it.
    #[must_use]
    pub fn new(limit: Limit, value: impl fmt::Display) -> Self {
        Self { limit, value: value.to_string(), local: None }
    }

    /// The limit and its value, without the place where it is set.
    fn what_happened(&self) -> String {
        let done = match self.limit {
            Limit::Rate | Limit::ToolRate => "was not called",
            _ => "was stopped",
        };
        format!("the tool {done}: {} {}", self.limit.sentence(), self.value)
    }
}

/// Returns the file that sets a limit, as the end of a sentence.
fn set_in(local: &Option<Box<str>>) -> String {
    let local = local.as_ref().map(|file| format!("in {}", escape(file)));
    local.unwrap_or_else(|| "in the plugin's manifest".into())
}

/// The limits that can stop a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Work, in wasmtime's fuel.
    Fuel,
    /// Time on a processor.
    Cpu,
    /// Time on the wall.
    Timeout,
    /// Linear memories and tables.
    Memory,
    /// The guest's call stack.
    Stack,
    /// The size of the answer.
    Output,
    /// Bytes written to stdout, stderr and the log.
    Log,
    /// Calls from the guest to the host.
    HostCalls,
    /// Handles held at once.
    Resources,
    /// Calls of the plugin in a time.
    Rate,
    /// Calls of the tool in a time.
    ToolRate,
}

impl Limit {
    /// The manifest key that sets the limit, where there is one.
    #[must_use]
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Fuel => Some("fuel"),
            Self::Cpu => Some("cpu"),
            Self::Timeout => Some("timeout"),
            Self::Memory => Some("memory"),
            Self::Output => Some("output"),
            Self::Rate | Self::ToolRate => Some("rate"),
            Self::Stack | Self::Log | Self::HostCalls | Self::Resources => None,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Fuel => "it used up its fuel, a measure of work, of",
            Self::Cpu => "it computed for longer than its processor-time limit of",
            Self::Timeout => "it took longer than its wall-clock timeout of",
            Self::Memory => "it needed more than its memory limit of",
            Self::Stack => "it recursed beyond the stack limit of",
            Self::Output => "it handed over more at once than its output limit of",
            Self::Log => "it wrote more to its log than the log limit of",
            Self::HostCalls => "it called the host more often than the host-call limit of",
            Self::Rate => "its plugin was called more often than its rate limit of",
            Self::ToolRate => "it was called more often than its rate limit of",
            Self::Resources => "it held more resources at once than the resource limit of",
        }
    }
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = if self.limit == Limit::ToolRate { "[[tools]]" } else { "[limits]" };
        f.write_str(&self.what_happened())?;
        match self.limit.key() {
            Some(key) => write!(f, " (`{key}` under {section} {})", set_in(&self.local)),
            None => Ok(()),
        }
    }
}

/// The resources that a call really spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Work, in wasmtime's fuel.
    pub fuel: u64,
    /// The most bytes of memories and tables held at once.
    pub peak_memory: u64,
    /// Wall-clock time from the guest's instantiation to its answer.
    pub time: Duration,
    /// Time on a processor.
    pub cpu: Duration,
    /// The milliseconds for which the answer had been kept. `None` if the call made it.
    pub answer_age_ms: Option<u32>,
}

impl Usage {
    /// The time in milliseconds, to the microsecond.
    #[must_use]
    pub fn milliseconds(&self) -> f64 {
        milliseconds(self.time)
    }

    /// True if the answer had been kept: nothing was spent on it.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        self.answer_age_ms.is_some()
    }
}

/// Returns `time` in milliseconds, to the microsecond.
#[must_use]
pub fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// The usage of a call that never reached its guest: nothing.
impl Default for Usage {
    fn default() -> Self {
        let zero = Duration::ZERO;
        Self { fuel: 0, peak_memory: 0, time: zero, cpu: zero, answer_age_ms: None }
    }
}

/// The progress of a running call.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The amount that is done.
    pub value: f64,
    /// The amount at which all is done. `None` if the guest does not tell it.
    pub total: Option<f64>,
    /// The progress in words. `None` if the guest gives none.
    pub message: Option<String>,
}
