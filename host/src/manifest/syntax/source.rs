//! The text of a manifest, and beside it that of the local file: one range of places over both.
//!
//! The meaning of the texts is not known here. Places in the local file begin where those of the manifest end,
//! so a span alone says which of the two files it is in.

use std::ops::Range;

use super::source_file::SourceFile;
use super::source_span::SourceSpan;

/// The texts that places point into.
#[derive(Clone, Copy)]
pub(crate) struct SourceTexts<'a> {
    pub(crate) manifest: &'a str,
    pub(crate) local: Option<&'a str>,
}

impl<'a> SourceTexts<'a> {
    /// Returns the offset at which places in the local file begin.
    pub(crate) fn base(self) -> usize {
        self.manifest.len() + 1
    }

    /// Returns the text at `span`, as it is written.
    pub(crate) fn get(self, span: Range<usize>) -> Option<&'a str> {
        let (_, text, span) = self.locate(span);
        text.get(span)
    }

    /// The place of `span`, with its line.
    pub(crate) fn place(self, span: Range<usize>) -> SourceSpan {
        let (origin, text, span) = self.locate(span);
        SourceSpan::of(text, span).in_source(origin)
    }

    /// The file that `span` is in, its text, and the span in that.
    pub(crate) fn locate(self, span: Range<usize>) -> (SourceFile, &'a str, Range<usize>) {
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
}
