//! Printing for all commands: lines, colours, numbers of things, directories, JSON.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::typed_words::without_typed_secrets;
use crate::text::{escape, escape_json};

macro_rules! print {
    ($($text:tt)*) => { $crate::cli::output::print::say(format_args!($($text)*)) };
}
macro_rules! println {
    ($($text:tt)*) => { $crate::cli::output::print::say(format_args!("{}\n", format_args!($($text)*))) };
}
macro_rules! eprint {
    ($($text:tt)*) => { $crate::cli::output::print::remark(format_args!($($text)*)) };
}
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::cli::output::print::remark(format_args!("{}\n", format_args!($($text)*))) };
}
pub(crate) use {eprint, eprintln, print, println};

/// The panic payload that ends a command whose stdout cannot be written. It unwinds, so that everything is cleaned up
/// on the way, and no other code has to handle it.
pub(crate) struct Unwritten;

/// True once nobody reads stdout any more.
static READER_HAS_GONE: AtomicBool = AtomicBool::new(false);

/// True if nobody reads stdout any more, as after `| head`. A command that goes on until somebody ends it asks this.
pub(crate) fn reader_has_gone() -> bool {
    READER_HAS_GONE.load(Relaxed)
}

/// Writes to stdout. A reader that has gone has read enough; where a disk is full, the command ends.
pub(crate) fn say(text: Arguments<'_>) {
    let Err(error) = anstream::stdout().write_fmt(text) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        READER_HAS_GONE.store(true, Relaxed);
    } else {
        eprintln!("{} stdout cannot be written: {error}", paint(ERROR, "error:"));
        std::panic::resume_unwind(Box::new(Unwritten));
    }
}

/// Writes to stderr, without what may be a secret among the words that were typed. Where that cannot be, nobody can be
/// told.
pub(crate) fn remark(text: Arguments<'_>) {
    let _ = anstream::stderr().write_all(without_typed_secrets(&text.to_string()).as_bytes());
}

pub(crate) const ERROR: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
pub(crate) const GOOD: anstyle::Style = anstyle::AnsiColor::Green.on_default();
pub(crate) const NAME: anstyle::Style = anstyle::Style::new().bold();
pub(crate) const DIM: anstyle::Style = anstyle::Style::new().dimmed();

/// Coloured text; [`anstream`] takes the colour out where nobody sees it.
pub(crate) fn paint(style: anstyle::Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A number of things: `1 plugin`, `2 plugins`.
pub(crate) fn counted<N: std::fmt::Display + PartialEq + From<u8>>(
    number: N,
    thing: &str,
) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// The error where no plugin directory is known.
pub(crate) const NO_DIRECTORY: &str = "there is no plugin directory; name one with --plugins";

/// Directories in a sentence.
pub(crate) fn shown(directories: &[PathBuf]) -> String {
    let each = directories.iter().map(|directory| escape(&directory.to_string_lossy()));
    each.collect::<Vec<_>>().join(", ")
}

/// JSON for programs, which people read as well.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", escape_json(&serde_json::to_string_pretty(value)?));
    Ok(())
}
