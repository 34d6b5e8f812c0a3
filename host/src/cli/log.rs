//! The log: `tracing` to stderr, by a thread of its own, so that a stuck stderr stops nothing.

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::LogFormat;
use crate::text::escape;

/// Lines that wait for stderr; beyond them lines are lost rather than calls delayed.
const MAX_LINES: usize = 1024;

/// Starts the log. Dropping the guard writes what waits.
pub(super) fn start(format: LogFormat, level: &str) -> anyhow::Result<WorkerGuard> {
    let filter = filter(level)?;
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

/// What `--log` says. A word alone is a level: [`EnvFilter`] would take any other for a module that
/// logs nothing, and the log would be empty without a reason.
fn filter(text: &str) -> anyhow::Result<EnvFilter> {
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
        if !level.ends_with(']') && level.parse::<LevelFilter>().is_err() {
            bail!(
                "`{}` is no log level; the levels are off, error, warn, info, debug and trace, and \
                 `plugin=debug,info` sets one for what plugins write and one for the rest",
                escape(level)
            );
        }
    }
    EnvFilter::try_new(text).with_context(|| format!("`{}` is no log filter", escape(text)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_filter_is_made_of_levels() {
        for good in ["info", "WARN", "off", "plugin=debug,info", "off,plugin=3", ""] {
            assert!(super::filter(good).is_ok(), "{good}");
        }
        for (bad, word) in
            [("bogus", "bogus"), ("plugin=lots,info", "lots"), ("info,plugin", "plugin")]
        {
            let error = super::filter(bad).expect_err(bad).to_string();
            assert!(error.starts_with(&format!("`{word}` is no log level")), "{error}");
        }
    }
}
