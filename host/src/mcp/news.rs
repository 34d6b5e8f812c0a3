//! What the log says of a call that has ended.

use std::sync::Arc;

use tracing::Level;

use crate::catalog::Tool;
use crate::sandbox::Ended;
use crate::text::escape;
use crate::tool::{CallError, Usage};

/// Whose lines they are.
const TARGET: &str = "toolrack::mcp";

/// A line of the log, not written yet.
pub(super) struct News {
    call: Arc<Named>,
    usage: Usage,
    said: Said,
}

/// A call as the log names it.
pub(super) struct Named {
    pub(super) tool: Arc<Tool>,
    pub(super) request: String,
}

enum Said {
    /// What was to be expected.
    Usual(&'static str),
    /// What an operator may want to see to.
    Remarkable(String),
}

impl Named {
    /// The span of what the plugin writes meanwhile.
    pub(super) fn span(&self) -> tracing::Span {
        let Self { tool, request } = self;
        let (plugin, tool) = (tool.plugin.name.as_str(), tool.name.as_str());
        tracing::info_span!("call", plugin, tool, request)
    }
}

impl News {
    pub(super) fn of(ended: &Ended, call: Arc<Named>) -> Self {
        let said = match &ended.outcome {
            Ok(_) => Said::Usual("answered"),
            Err(CallError::Failed(_)) => Said::Usual("the tool failed"),
            Err(CallError::InvalidArguments(_)) => Said::Usual("invalid arguments"),
            Err(CallError::Limit(hit)) => Said::Remarkable(hit.to_string()),
            Err(error) => Said::Remarkable(escape(&error.to_string())),
        };
        Self { call, usage: ended.usage, said }
    }

    /// Writes the line. It names the call itself: a span would cost as much as the call.
    pub(super) fn tell(self) {
        // Nobody pays for a line that nobody reads.
        if !tracing::enabled!(target: TARGET, Level::WARN) {
            return;
        }
        let Named { tool, request } = &*self.call;
        let (plugin, tool) = (tool.plugin.name.as_str(), tool.name.as_str());
        let Usage { fuel, peak_memory, .. } = self.usage;
        let time_ms = self.usage.milliseconds();
        match self.said {
            Said::Usual(said) => {
                tracing::info!(target: TARGET, plugin, tool, request, fuel, peak_memory, time_ms, "{said}");
            }
            Said::Remarkable(said) => {
                tracing::warn!(target: TARGET, plugin, tool, request, fuel, peak_memory, time_ms, "{said}");
            }
        }
    }
}
