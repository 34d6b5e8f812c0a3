//! The kinds of ends without an answer, as statistics, metrics and the audit log name them.

use super::{CallError, Limit};

/// The kind of a [`CallError`].
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The arguments cannot be used.
    InvalidArguments,
    /// The tool did its work and it failed.
    ToolError,
    /// The limit of work was reached.
    Fuel,
    /// The limit of time on a processor was reached.
    Cpu,
    /// The limit of time on the wall was reached.
    Timeout,
    /// The limit of memory was reached.
    Memory,
    /// The limit of the guest's stack was reached.
    Stack,
    /// The limit of an answer's size was reached.
    Output,
    /// The limit of what a call logs was reached.
    Log,
    /// The limit of calls to the host was reached.
    HostCalls,
    /// The limit of handles was reached.
    Handles,
    /// The plugin or the tool was called too often.
    Rate,
    /// The guest crashed.
    Crash,
    /// The answer breaks the contract or the plugin's own schema.
    InvalidAnswer,
    /// The plugin cannot be served.
    Unfit,
    /// The host failed.
    Host,
    /// The host had no time or room.
    Unready,
    /// The plugin crashed too often and is left alone.
    Paused,
}

impl ErrorKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 18] = [
        Self::InvalidArguments,
        Self::ToolError,
        Self::Fuel,
        Self::Cpu,
        Self::Timeout,
        Self::Memory,
        Self::Stack,
        Self::Output,
        Self::Log,
        Self::HostCalls,
        Self::Handles,
        Self::Rate,
        Self::Crash,
        Self::InvalidAnswer,
        Self::Unfit,
        Self::Host,
        Self::Unready,
        Self::Paused,
    ];

    /// The name of the kind, for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArguments => "invalid_arguments",
            Self::ToolError => "tool_error",
            Self::Fuel => "fuel",
            Self::Cpu => "cpu",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Output => "output",
            Self::Log => "log",
            Self::HostCalls => "host_calls",
            Self::Handles => "handles",
            Self::Rate => "rate",
            Self::Crash => "crash",
            Self::InvalidAnswer => "invalid_answer",
            Self::Unfit => "unfit",
            Self::Host => "host",
            Self::Unready => "unready",
            Self::Paused => "paused",
        }
    }
}

impl CallError {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidArguments(_) => ErrorKind::InvalidArguments,
            Self::Failed(_) => ErrorKind::ToolError,
            Self::Limit(hit) => match hit.limit {
                Limit::Fuel => ErrorKind::Fuel,
                Limit::Cpu => ErrorKind::Cpu,
                Limit::Timeout => ErrorKind::Timeout,
                Limit::Memory => ErrorKind::Memory,
                Limit::Stack => ErrorKind::Stack,
                Limit::Output => ErrorKind::Output,
                Limit::Log => ErrorKind::Log,
                Limit::HostCalls => ErrorKind::HostCalls,
                Limit::Resources => ErrorKind::Handles,
                Limit::Rate | Limit::ToolRate => ErrorKind::Rate,
            },
            Self::Trapped { .. } => ErrorKind::Crash,
            Self::Broken(_) => ErrorKind::InvalidAnswer,
            Self::Unfit(_) => ErrorKind::Unfit,
            Self::Host(_) => ErrorKind::Host,
            Self::Unready(_) => ErrorKind::Unready,
            Self::Paused { .. } => ErrorKind::Paused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_one_name_and_stands_at_its_place() {
        for (at, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
            let json = serde_json::to_value(kind).expect("JSON");
            assert_eq!(json, kind.name());
        }
    }
}
