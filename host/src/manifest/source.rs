//! The text of a manifest, and beside it that of the local file: one range of places over both.
//!
//! The meaning of the texts is not known here. Places in the local file begin where those of the manifest end,
//! so a span alone says which of the two files it is in.

use std::ops::Range;

use super::SourceSpan;

/// The ending of a local file's name.
const SUFFIX: &str = ".local.toml";

/// One of a plugin's two files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceFile {
    /// The manifest: the author's.
    #[default]
    Manifest,
    /// The file beside it: the operator's.
    Local,
}

impl SourceFile {
    /// The file's name, where `manifest` is that of the manifest.
    pub(super) fn file(self, manifest: &str) -> String {
        match self {
            Self::Manifest => manifest.to_owned(),
            Self::Local => local_of(manifest),
        }
    }
}

/// The name of the local file beside the manifest `name`.
#[must_use]
pub fn local_of(name: &str) -> String {
    format!("{}{SUFFIX}", name.strip_suffix(".toml").unwrap_or(name))
}

/// True if a file of this name is a local file, and never a manifest: in capitals, too, which some systems do not tell
/// apart.
#[must_use]
pub fn is_local(name: &str) -> bool {
    let start = name.len().checked_sub(SUFFIX.len());
    let end = start.and_then(|start| name.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(SUFFIX))
}

/// The name of the manifest that the local file `name` is about.
#[must_use]
pub fn manifest_of(name: &str) -> Option<String> {
    name.strip_suffix(SUFFIX).map(|stem| format!("{stem}.toml"))
}

/// The texts that places point into.
#[derive(Clone, Copy)]
pub(super) struct SourceTexts<'a> {
    pub(super) manifest: &'a str,
    pub(super) local: Option<&'a str>,
}

impl<'a> SourceTexts<'a> {
    /// Returns the offset at which places in the local file begin.
    pub(super) fn base(self) -> usize {
        self.manifest.len() + 1
    }

    /// Returns the text at `span`, as it is written.
    pub(super) fn get(self, span: Range<usize>) -> Option<&'a str> {
        let (_, text, span) = self.locate(span);
        text.get(span)
    }

    /// The place of `span`, with its line.
    pub(super) fn place(self, span: Range<usize>) -> SourceSpan {
        let (origin, text, span) = self.locate(span);
        SourceSpan::of(text, span).in_source(origin)
    }

    /// The file that `span` is in, its text, and the span in that.
    pub(super) fn locate(self, span: Range<usize>) -> (SourceFile, &'a str, Range<usize>) {
        match self.local {
            Some(text) if span.start >= self.base() => {
                let end = span.end.max(span.start) - self.base();
                (SourceFile::Local, text, span.start - self.base()..end)
            }
            _ => (SourceFile::Manifest, self.manifest, span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_in_one_of_the_two_files() {
        let source = SourceTexts { manifest: "a = 1\n", local: Some("b = 2\nc = 3\n") };
        let shown = |from: usize, to: usize| {
            let (origin, ..) = source.locate(from..to);
            (origin, source.get(from..to), source.place(from..to).to_string())
        };
        assert_eq!(shown(0, 1), (SourceFile::Manifest, Some("a"), "1:1".into()));
        let base = source.base();
        assert_eq!(shown(base, base + 1), (SourceFile::Local, Some("b"), "1:1".into()));
        assert_eq!(shown(base + 6, base + 7), (SourceFile::Local, Some("c"), "2:1".into()));
    }

    #[test]
    fn a_local_file_is_named_after_its_manifest() {
        assert_eq!(local_of("a/weather.toml"), "a/weather.local.toml");
        assert_eq!(manifest_of("weather.local.toml").as_deref(), Some("weather.toml"));
        assert_eq!(manifest_of("weather.toml"), None);
        assert!(is_local("weather.local.toml") && !is_local("local.toml"));
        assert!(is_local("weather.LOCAL.TOML") && is_local("weather.local.Toml"));
        assert_eq!(manifest_of("weather.LOCAL.TOML"), None);
    }
}
