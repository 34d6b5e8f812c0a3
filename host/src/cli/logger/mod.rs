//! The log: `tracing` to stderr; of a server to a file that is kept, too, and what plugins write to one that is followed;
//! each by a thread of its own, so that a stuck stderr or disk stops nothing.

mod plain;
mod queue;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::{DefaultFields, Format, JsonFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use super::LogFormat;
use crate::mcp::ANSWERED_TARGET;
use crate::status::{PluginLog, ServerFiles, ServerLog};
use crate::text::escape;
use plain::PlainFormat;
use queue::{LogWriter, Queue};

const NO_THREAD: &str = "the thread that writes the log cannot be started";

/// The log. Dropping it writes what waits.
pub(crate) struct Log {
    plugins: Option<(LogWriter, ServerFiles)>,
    _stderr: LogWriter,
    _kept: Option<LogWriter>,
}

/// The places to which a server logs beside stderr.
pub(crate) struct ServerPlaces {
    /// The place for lines that plugins write, which `toolrack dev` follows.
    pub(crate) plugins: ServerFiles,
    /// The file for all lines, which `toolrack logs` reads.
    pub(crate) kept: PathBuf,
}

/// Starts the log; of a server, at its places too.
pub(crate) fn start(
    format: LogFormat,
    level: &str,
    places: Option<ServerPlaces>,
) -> anyhow::Result<Log> {
    let filter = filter(level)?;
    let (writer, stderr) = queue::start(std::io::stderr(), tell_lost).context(NO_THREAD)?;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = fmt::layer().with_writer(writer);
    let log = match format {
        LogFormat::Human if colour => {
            log.with_ansi(true).with_filter(filter.and(filter_fn(is_safe))).boxed()
        }
        LogFormat::Human => {
            let log = log.with_ansi(false).fmt_fields(PlainFormat);
            log.with_filter(filter.and(filter_fn(is_safe))).boxed()
        }
        LogFormat::Json => as_json(log).with_filter(filter.and(filter_fn(is_safe))).boxed(),
    };
    let kept =
        places.as_ref().map(|places| ServerLog::open(places.kept.clone(), std::process::id()));
    let (kept, unkept) = match kept.transpose() {
        Ok(kept) => (kept, None),
        Err(error) => (None, Some(error)),
    };
    let kept = kept.map(|kept| queue::start(kept, tell_lost)).transpose().context(NO_THREAD)?;
    let (kept_log, kept) = match kept {
        Some((writer, guard)) => {
            let filter = self::filter(level)?.and(filter_fn(is_safe)).and(filter_fn(is_kept));
            (Some(as_json(fmt::layer().with_writer(writer)).with_filter(filter)), Some(guard))
        }
        None => (None, None),
    };
    let (plugins, plugin_log) = match places.map(|places| places.plugins) {
        Some(place) => {
            let lines = PluginLog::new(place.clone());
            let (writer, guard) = queue::start(lines, tell_lost).context(NO_THREAD)?;
            let log =
                as_json(fmt::layer().with_writer(writer)).with_filter(filter_fn(is_of_plugin));
            (Some((guard, place)), Some(log))
        }
        None => (None, None),
    };
    tracing_subscriber::registry().with(log).with(plugin_log).with(kept_log).init();
    if let Some(error) = unkept {
        tracing::warn!("the log is not kept on disk: {error}");
    }
    Ok(Log { plugins, _stderr: stderr, _kept: kept })
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some((guard, place)) = self.plugins.take() {
            drop(guard);
            // The server's other files are gone already; its last lines may have made this one anew.
            let _ = std::fs::remove_file(place.log());
        }
    }
}

type Json<S> = fmt::Layer<S, JsonFields, Format<fmt::format::Json>, Queue>;

/// Tells that lines were lost, as a line of the log: there is room for it by now.
fn tell_lost(lines: u64) {
    tracing::warn!(
        lines,
        "lines of the log were lost, since they came faster than they could be written"
    );
}

fn as_json<S>(log: fmt::Layer<S, DefaultFields, Format, Queue>) -> Json<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    log.json().flatten_event(true).with_current_span(true).with_span_list(false)
}

/// True if a line is safe to show: where wasmtime traces host calls it shows the values that guests pass, with the
/// secrets in them.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::DEBUG || !metadata.target().starts_with("wasmtime")
}

/// True if a line is kept on disk. To write one for each call that is answered would cost a brief call a tenth of its
/// time, and leave room for nothing else.
fn is_kept(metadata: &Metadata<'_>) -> bool {
    metadata.target() != ANSWERED_TARGET
}

/// True for lines that plugins write, and for the spans that name plugin and tool.
fn is_of_plugin(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() {
        *metadata.level() <= Level::INFO
    } else {
        metadata.target() == "plugin" && *metadata.level() <= Level::DEBUG
    }
}

/// Checks that `text` says the levels of a log.
pub(super) fn check(text: &str) -> anyhow::Result<()> {
    filter(text).map(drop)
}

/// Parses `--log`. A word alone is a level: [`EnvFilter`] would take any other for a module that
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
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    /// A place that shows what was written to it.
    #[derive(Clone, Default)]
    pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("paper").clone()).expect("text")
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("paper").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

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
