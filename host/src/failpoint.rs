//! Points at which tests let the host crash, fail or hang, where a signal or a full disk would hit by luck only.
//!
//! `TOOLRACK_FAILPOINTS` holds `POINT=ACTION`, divided by commas. Without the feature `failpoints`, which no released
//! build has, a point is nothing at all. What is done at a point is not known here.

use std::io;

/// A point at which a test may let the host fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The cache is about to be opened.
    CacheOpen,
    /// A file of the cache is written, and not in place yet.
    CacheWritten,
    /// It is noted on disk which plugin is being loaded.
    LoadMarked,
    /// A plugin's file or a lock is written under its hidden name, and not in place yet.
    WholeWritten,
    /// One of a plugin's files is in place, and the next is not.
    BetweenRenames,
    /// A server's status is written, and not in place yet.
    StatusWritten,
    /// Lines of plugins are about to be written to the server's file.
    PluginLog,
}

/// Does nothing: without the feature, no point fails.
#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature it fails")]
pub(crate) const fn at(_point: Point) -> io::Result<()> {
    Ok(())
}

/// Fails, or does worse, if that is wished of `point`.
#[cfg(feature = "failpoints")]
pub(crate) fn at(point: Point) -> io::Result<()> {
    use std::sync::LazyLock;

    static WISHES: LazyLock<String> =
        LazyLock::new(|| std::env::var("TOOLRACK_FAILPOINTS").unwrap_or_default());
    let wishes = WISHES.split(',').filter_map(|wish| wish.split_once('='));
    let Some((_, action)) = wishes.into_iter().find(|(name, _)| *name == point.name()) else {
        return Ok(());
    };
    match (action, action.parse()) {
        ("abort", _) => std::process::abort(),
        (_, Ok(milliseconds)) => {
            std::thread::sleep(std::time::Duration::from_millis(milliseconds));
            Ok(())
        }
        // Any other action is the text of the error.
        _ => Err(io::Error::other(action.to_owned())),
    }
}

#[cfg(feature = "failpoints")]
impl Point {
    fn name(self) -> &'static str {
        match self {
            Self::CacheOpen => "cache-open",
            Self::CacheWritten => "cache-written",
            Self::LoadMarked => "load-marked",
            Self::WholeWritten => "whole-written",
            Self::BetweenRenames => "between-renames",
            Self::StatusWritten => "status-written",
            Self::PluginLog => "plugin-log",
        }
    }
}
