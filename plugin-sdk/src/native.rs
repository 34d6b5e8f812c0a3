//! A stand-in for the host in a native build, such as in tests. Its functions are those of the
//! generated imports.

use std::io::Write;

/// The severity of a log line.
#[derive(Debug)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Nobody watches.
pub(crate) fn progress(_value: f64, _total: Option<f64>, _message: Option<&str>) {}

/// Whoever runs the tests reads stderr. Not by `eprintln!`, which panics when it is closed.
pub(crate) fn log(level: Level, line: &str) {
    let _ = writeln!(std::io::stderr(), "{level:?}: {line}");
}

/// There is no manifest.
pub(crate) fn config(_key: &str) -> Option<String> {
    None
}
