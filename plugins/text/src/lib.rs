//! The plugin `text`: find, replace, compare and count. This file is what the host sees; the modules
//! below know nothing of it.

mod count;
mod difference;
mod foreign;
mod forms;
mod mark;
mod pattern;
mod search;

#[toolrack_sdk::plugin]
mod text {
    use crate::count::{self, Counts};
    use crate::difference;
    use crate::forms;
    use crate::mark;
    use crate::pattern;
    use crate::search::{self, Found, Replaced, Replacement};
    use toolrack_sdk::input::{self, Named};
    use toolrack_sdk::{Json, ToolError};

    /// Most matches that are shown, and as many as are shown where nothing is said.
    const MAX_MATCHES: usize = 1_000;
    const DEFAULT_MATCHES: usize = 100;

    /// Largest file that is read in place of a text.
    const MAX_FILE: u64 = 8 * 1024 * 1024;

    /// Finds all matches of a regular expression, or of a text as it stands, with line, column and groups, and counts
    /// them. Use it to extract or count what follows a pattern. The syntax is that of Rust's regex crate: like
    /// Perl's, without look-around and backreferences.
    ///
    /// Example: pattern `(?<key>\w+)=(?<value>\S+)` in `a=1 b=2`.
    #[tool(title = "Find in text", read_only, idempotent, open_world = false)]
    pub fn find(
        text: Option<String>,
        /// A granted file in place of `text`.
        path: Option<String>,
        /// Such as `\b\d{4}\b`; `(?m)` makes ^ and $ match at lines, which end with LF or CRLF.
        pattern: &str,
        /// Take the pattern as plain text.
        #[serde(default)]
        literal: bool,
        #[serde(default)] ignore_case: bool,
        /// How many matches to show; default 100. The total counts all.
        #[schemars(range(max = 1000))]
        limit: Option<usize>,
    ) -> Result<Json<Found>, ToolError> {
        let path = input::path(path)?;
        let text = input::text(Named("text", text), Named("path", path), MAX_FILE)?;
        let wanted = pattern::pattern(pattern, literal, ignore_case)?;
        let limit = limit.unwrap_or(DEFAULT_MATCHES).min(MAX_MATCHES);
        let mut found = search::find(&text, &wanted, limit)?;
        if found.total == 0 {
            found.note = forms::note(&text, pattern, |text, pattern| {
                let wanted = pattern::pattern(pattern, literal, ignore_case);
                wanted.map_or(0, |wanted| wanted.find_iter(text).count())
            });
        }
        Ok(Json(found))
    }

    /// Replaces all matches of a regular expression, or of a text as it stands, and gives the new text. Use it for exact
    /// edits of a text that would be long or risky to write anew. A file stays as it is.
    ///
    /// Example: pattern `(\d+)-(\d+)`, replacement `$2/$1`, in `2026-03` gives `03/2026`.
    #[tool(title = "Replace in text", read_only, idempotent, open_world = false)]
    pub fn replace(
        text: Option<String>,
        /// A granted file in place of `text`.
        path: Option<String>,
        /// A regular expression as for `find`.
        pattern: &str,
        /// `$1`, `${1}` and `${name}` stand for groups, `$0` for the match, `$$` for a dollar sign.
        replacement: &str,
        /// Take pattern and replacement as plain text.
        #[serde(default)]
        literal: bool,
        #[serde(default)] ignore_case: bool,
        /// How many matches to replace, from the start; default all.
        #[schemars(range(min = 1))]
        limit: Option<usize>,
    ) -> Result<Json<Replaced>, ToolError> {
        let path = input::path(path)?;
        let text = input::text(Named("text", text), Named("path", path), MAX_FILE)?;
        let pattern = pattern::pattern(pattern, literal, ignore_case)?;
        let replacement = match literal {
            true => Replacement::Literal(replacement),
            false => Replacement::Template(replacement),
        };
        Ok(Json(search::replace(&text, &pattern, replacement, limit.unwrap_or(usize::MAX))?))
    }

    /// Compares two texts line by line and shows the difference as a unified diff, as `diff -u` and git do. Use it to
    /// see or check what changed, or to make a patch.
    ///
    /// Example: before_path `/notes/old.md`, after `...`.
    #[tool(title = "Compare texts", read_only, idempotent, open_world = false)]
    pub fn diff(
        /// The old text.
        before: Option<String>,
        /// A granted file in place of `before`.
        before_path: Option<String>,
        /// The new text.
        after: Option<String>,
        /// A granted file in place of `after`.
        after_path: Option<String>,
        /// How many unchanged lines to show around each change; default 3.
        #[schemars(range(max = 1000))]
        context: Option<usize>,
        /// The old text's name in the diff.
        before_name: Option<String>,
        /// The new text's name in the diff.
        after_name: Option<String>,
    ) -> Result<String, ToolError> {
        let (before_path, after_path) = (input::path(before_path)?, input::path(after_path)?);
        let name = |name: Option<String>, path: &Option<String>, otherwise: &str| {
            name.or_else(|| path.clone()).unwrap_or_else(|| otherwise.to_string())
        };
        let names =
            (name(before_name, &before_path, "before"), name(after_name, &after_path, "after"));
        let marks = [
            mark::begins(before.as_deref(), before_path.as_deref()),
            mark::begins(after.as_deref(), after_path.as_deref()),
        ];
        let before =
            input::text(Named("before", before), Named("before_path", before_path), MAX_FILE)?;
        let after = input::text(Named("after", after), Named("after_path", after_path), MAX_FILE)?;
        if before == after && marks.contains(&Some(true)) && marks.contains(&Some(false)) {
            return Ok("the texts differ in a byte order mark at the beginning only".to_string());
        }
        let names = (names.0.as_str(), names.1.as_str());
        Ok(difference::diff(&before, &after, context.unwrap_or(3), names)?)
    }

    /// Counts bytes, characters, graphemes (what a reader sees as one character), words and lines, and how often some
    /// part occurs. Use it instead of counting by eye.
    ///
    /// Example: text `strawberry`, part `r`, has 3 occurrences.
    #[tool(title = "Count text", read_only, idempotent, open_world = false)]
    pub fn count(
        text: Option<String>,
        /// A granted file in place of `text`.
        path: Option<String>,
        /// Text whose occurrences to count, as it stands; for patterns use `find`.
        part: Option<String>,
    ) -> Result<Json<Counts>, ToolError> {
        let path = input::path(path)?;
        // What another encoding takes on disk is not what its text takes in UTF-8.
        let size =
            path.as_ref().and_then(|path| std::fs::metadata(path).ok()).map(|about| about.len());
        let size = size.or(text.as_ref().map(|text| text.len() as u64));
        let is_marked = mark::begins(text.as_deref(), path.as_deref()) == Some(true);
        let text = input::text(Named("text", text), Named("path", path), MAX_FILE)?;
        let counts = count::count(&text, part.as_deref())?;
        let marked = is_marked.then(|| mark::COUNTED.to_string());
        let note = match (counts.note, marked) {
            (Some(note), Some(marked)) => Some(format!("{note}; {marked}")),
            (note, marked) => note.or(marked),
        };
        Ok(Json(Counts { bytes: size.unwrap_or(counts.bytes), note, ..counts }))
    }
}
