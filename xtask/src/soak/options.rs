//! The words after `cargo xtask soak`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// What is played.
pub(crate) enum Play {
    /// Everything by turns, for so long.
    Mixed(Duration),
    /// So many of each kind, one kind after the other.
    Counted,
}

/// What a person asked for.
pub(crate) struct Options {
    pub(crate) play: Play,
    /// A host that is soaked in place of the one that would be built.
    pub(crate) host: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let play = Play::Mixed(Duration::from_secs(60));
        let mut options = Self { play, host: None, svg: None };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match word {
                "--minutes" => {
                    let minutes: f64 = value()?.parse().context("a number of minutes")?;
                    ensure!((0.5..=1440.0).contains(&minutes), "half a minute to a day");
                    options.play = Play::Mixed(Duration::from_secs_f64(60.0 * minutes));
                }
                "--counts" => options.play = Play::Counted,
                "--host" => options.host = Some(std::path::absolute(value()?)?),
                "--svg" => options.svg = Some(value()?.into()),
                _ => bail!(
                    "`soak` has no `{word}`; it takes --minutes N, --counts, --host FILE and --svg FILE"
                ),
            }
        }
        Ok(options)
    }
}
