//! A place in a manifest or in the local file beside it, with the line that stands there.
//!
//! It keeps a copy of the line, so that an error can still show it when the text is long gone.

use std::fmt;
use std::ops::Range;

use super::hidden_values::hidden_values;
use super::source_file::SourceFile;
use crate::secret_places::HIDDEN_VALUE;
use crate::text::escape;

/// The most characters of a line that are shown; a longer line is cut around the place.
const LINE_WIDTH: usize = 96;
/// The number of characters that are shown before the place where a line has to be cut.
const LEAD: usize = 32;
const LINE_CUT: &str = "...";
/// The text in place of a line that is not shown.
const HIDDEN_LINE: &str = "(not shown: it may hold a password)";

/// A place in a manifest, with the line that stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpan {
    source_file: SourceFile,
    line: usize,
    column: usize,
    /// The line as shown: safe for a terminal.
    shown: Box<str>,
    /// The number of characters of `shown` before the caret.
    indent: usize,
    /// The number of carets.
    width: usize,
}

impl SourceSpan {
    /// The place of the bytes `span` in `text`. Bytes that are not there count as the nearest ones
    /// that are.
    pub(crate) fn of(text: &str, span: Range<usize>) -> Self {
        let at = text.floor_char_boundary(span.start);
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let to = text.floor_char_boundary(span.end.min(end)).max(at);
        let before = text[start..at].trim_start_matches('\u{feff}');
        let hidden = hidden_values(text, &(start..end));
        let show = |place: Range<usize>| show(&without(text, place, &hidden));
        let (indent, marked) = (show(at - before.len()..at), show(at..to));
        let shown = format!("{indent}{marked}{}", show(to..end));
        let place = Self {
            source_file: SourceFile::default(),
            line: text[..start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            indent: indent.chars().count(),
            width: marked.chars().count().max(1),
            shown: shown.trim_end().into(),
        };
        place.cut()
    }

    /// The same place, in this file.
    pub(crate) fn in_source(self, source_file: SourceFile) -> Self {
        Self { source_file, ..self }
    }

    /// The file it is in.
    #[must_use]
    pub fn source_file(&self) -> SourceFile {
        self.source_file
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// The line with carets below the place, each line after a margin.
    pub(crate) fn snippet(&self) -> String {
        let (line, margin, carets) = (self.line, self.margin(), "^".repeat(self.width));
        let (shown, indent) = (&self.shown, " ".repeat(self.indent));
        format!("{margin} |\n{line} | {shown}\n{margin} | {indent}{carets}")
    }

    /// Spaces as wide as the line's number.
    pub(crate) fn margin(&self) -> String {
        " ".repeat(self.line.to_string().len())
    }

    /// Returns the same place with its line hidden, because it may hold a password.
    pub(crate) fn hidden(self) -> Self {
        Self { shown: HIDDEN_LINE.into(), indent: 0, width: HIDDEN_LINE.len(), ..self }
    }

    fn cut(mut self) -> Self {
        let length = self.shown.chars().count();
        if length > LINE_WIDTH {
            let skip = self.indent.saturating_sub(LEAD);
            let kept: String = self.shown.chars().skip(skip).take(LINE_WIDTH).collect();
            let (head, tail) = (if skip > 0 { LINE_CUT } else { "" }, length > skip + LINE_WIDTH);
            self.indent = self.indent - skip + head.len();
            self.width = self.width.min(LINE_WIDTH + head.len() - self.indent).max(1);
            self.shown = format!("{head}{kept}{}", if tail { LINE_CUT } else { "" }).into();
        }
        self
    }
}

/// `line:column`.
impl fmt::Display for SourceSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Returns the text at `place`, without what is hidden of it.
fn without(text: &str, place: Range<usize>, hidden: &[Range<usize>]) -> String {
    let (mut shown, mut at) = (String::new(), place.start);
    for own in hidden.iter().filter(|own| own.start < place.end && own.end > place.start) {
        shown.push_str(&text[at..own.start.max(at)]);
        shown.push_str(HIDDEN_VALUE);
        at = own.end.min(place.end);
    }
    shown + &text[at..place.end]
}

fn show(text: &str) -> String {
    escape(&text.trim_end_matches('\r').replace('\t', "    "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, span: Range<usize>, place: &str, snippet: &str) {
        let found = SourceSpan::of(text, span);
        assert_eq!((found.to_string().as_str(), found.snippet().as_str()), (place, snippet));
    }

    #[test]
    fn a_place_shows_its_line() {
        check("a = 1\nbc = 2\n", 6..8, "2:1", "  |\n2 | bc = 2\n  | ^^");
        check("a = 1\r\nbc = 2\r\n", 12..13, "2:6", "  |\n2 | bc = 2\n  |      ^");
        check("\u{feff}a", 3..4, "1:1", "  |\n1 | a\n  | ^");
        check("ä # é", 5..7, "1:5", "  |\n1 | ä # é\n  |     ^");
    }

    #[test]
    fn what_cannot_be_seen_is_escaped_and_underlined_whole() {
        check("\ta \u{202e}", 3..6, "1:4", "  |\n1 |     a \\u{202e}\n  |       ^^^^^^^^");
    }

    #[test]
    fn a_span_of_many_lines_is_marked_on_the_first() {
        check("a = '''\nx\n'''", 4..13, "1:5", "  |\n1 | a = '''\n  |     ^^^");
    }

    #[test]
    fn the_end_of_the_text_is_a_place() {
        check("", 0..0, "1:1", "  |\n1 | \n  | ^");
        check("[a", 2..2, "1:3", "  |\n1 | [a\n  |   ^");
        check("[a\n", 9..12, "2:1", "  |\n2 | \n  | ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let (head, tail) = ("a".repeat(LEAD), "b".repeat(LINE_WIDTH - LEAD - 4));
        let indent = " ".repeat(LEAD + 3);
        let snippet = format!("  |\n1 | ...{head}HERE{tail}...\n  | {indent}^^^^");
        check(&text, 500..504, "1:501", &snippet);
    }
}
