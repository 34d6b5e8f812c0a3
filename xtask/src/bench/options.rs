//! The words after `cargo xtask bench`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// What a person asked for.
#[derive(Default)]
pub(crate) struct Options {
    /// Fewer and shorter rounds: to see whether something changed at all.
    pub(crate) quick: bool,
    /// Only the parts whose name contains this.
    pub(crate) only: Option<String>,
    /// A host that is measured in place of the one that would be built.
    pub(crate) host: Option<PathBuf>,
    /// A component that takes long to compile, for the first start beside it.
    pub(crate) beside: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
    /// True if the figures of HTTP are written into docs/performance.md.
    pub(crate) document: bool,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match word {
                "--quick" => options.quick = true,
                "--only" => options.only = Some((*value()?).into()),
                "--host" => options.host = Some(std::path::absolute(value()?)?),
                "--beside" => options.beside = Some(std::path::absolute(value()?)?),
                "--json" => options.json = Some(value()?.into()),
                "--document" => options.document = true,
                "--svg" => options.svg = Some(value()?.into()),
                _ => bail!(
                    "`bench` has no `{word}`; it takes --quick, --only WORD, --host FILE, \
                     --beside FILE, --json FILE, --svg FILE and --document"
                ),
            }
        }
        Ok(options)
    }

    /// How often everything is measured, in turn.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    /// The same for what takes many seconds.
    pub(crate) fn long_rounds(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    /// So many calls in a round, or a part of them.
    pub(crate) fn calls(&self, full: usize) -> usize {
        if self.quick { full.div_ceil(4) } else { full }
    }

    /// The seconds for which a server is called on so many connections.
    pub(crate) fn seconds(&self) -> f64 {
        if self.quick { 1.0 } else { 2.0 }
    }

    /// True if nothing but the servers over HTTP is measured.
    pub(crate) fn is_http_alone(&self) -> bool {
        self.only.as_deref() == Some("http")
    }

    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| part.contains(only))
    }
}
