//! The log: `tracing` to stderr, by a thread of its own, so that a stuck stderr stops nothing.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use super::LogFormat;

/// Lines that wait for stderr; beyond them lines are lost rather than calls delayed.
const MAX_LINES: usize = 1024;

/// Starts the log. Dropping the guard writes what waits.
pub(super) fn start(format: LogFormat, level: &str) -> anyhow::Result<WorkerGuard> {
    let filter = EnvFilter::try_new(level)
        .with_context(|| format!("`--log {level}` is no level; try error, warn, info or debug"))?;
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MAX_LINES)
        .thread_name("log")
        .finish(std::io::stderr());
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Human => log.with_ansi(colour).init(),
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
        }
    }
    Ok(guard)
}
