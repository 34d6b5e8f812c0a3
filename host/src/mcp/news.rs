//! What the log says of a call that has ended.

use crate::sandbox::{Ended, MakeSpan};
use crate::text::escape;
use crate::tool::{CallError, Usage};

/// Whose lines they are.
const TARGET: &str = "toolrack::mcp";

/// A line of the log, not written yet.
pub(super) struct News {
    span: MakeSpan,
    usage: Usage,
    said: Said,
}

enum Said {
    /// What was to be expected.
    Usual(&'static str),
    /// What an operator may want to see to.
    Remarkable(String),
}

impl News {
    pub(super) fn of(ended: &Ended, span: MakeSpan) -> Self {
        let said = match &ended.outcome {
            Ok(_) => Said::Usual("answered"),
            Err(CallError::Failed(_)) => Said::Usual("the tool failed"),
            Err(CallError::InvalidArguments(_)) => Said::Usual("invalid arguments"),
            Err(CallError::Limit(hit)) => Said::Remarkable(hit.to_string()),
            Err(error) => Said::Remarkable(escape(&error.to_string())),
        };
        Self { span, usage: ended.usage, said }
    }

    pub(super) fn tell(self) {
        let Usage { fuel, peak_memory, time } = self.usage;
        let time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match self.said {
            // Nobody pays for a line that nobody reads.
            Said::Usual(said) if tracing::enabled!(target: TARGET, tracing::Level::INFO) => (self
                .span)(
            )
            .in_scope(|| tracing::info!(target: TARGET, fuel, peak_memory, time_ms, "{said}")),
            Said::Usual(_) => {}
            Said::Remarkable(said) => (self.span)()
                .in_scope(|| tracing::warn!(target: TARGET, fuel, peak_memory, time_ms, "{said}")),
        }
    }
}
