//! The plugin `text`: find, replace, compare and count. This file is what the host sees; the modules
//! below know nothing of it.

mod count;
mod difference;
mod pattern;
mod search;

#[toolrack_sdk::plugin]
mod text {
    use crate::count::{self, Counts};
    use crate::difference;
    use crate::pattern;
    use crate::search::{self, Found, Replaced, Replacement};
    use toolrack_sdk::Json;

    /// Most matches that are shown, and as many as are shown where nothing is said.
    const MAX_MATCHES: usize = 1_000;
    const DEFAULT_MATCHES: usize = 100;

    /// Finds all matches of a regular expression, or of a text as it stands, with line, column and
    /// groups, and says how many there are in all. Use it to extract or count what follows a pattern.
    /// The syntax is that of Rust's regex crate: like Perl's, without look-around and backreferences.
    ///
    /// Example: pattern `(?<key>\w+)=(?<value>\S+)` in `a=1 b=2`.
    #[tool(title = "Find in text", read_only, idempotent, open_world = false)]
    pub fn find(
        /// The text to search.
        text: &str,
        /// The regular expression, e.g. `\b\d{4}\b`; `(?m)` makes ^ and $ match at lines.
        pattern: &str,
        /// Take the pattern as plain text.
        #[serde(default)]
        literal: bool,
        /// Make no difference between upper and lower case.
        #[serde(default)]
        ignore_case: bool,
        /// How many matches to show; default 100. The total counts all.
        #[schemars(range(max = 1000))]
        limit: Option<usize>,
    ) -> Result<Json<Found>, String> {
        let pattern = pattern::pattern(pattern, literal, ignore_case)?;
        let limit = limit.unwrap_or(DEFAULT_MATCHES).min(MAX_MATCHES);
        search::find(text, &pattern, limit).map(Json)
    }

    /// Replaces all matches of a regular expression, or of a text as it stands, and says how many
    /// there were. Use it for exact edits of a text that would be long or risky to write anew.
    ///
    /// Example: pattern `(\d+)-(\d+)`, replacement `$2/$1`, in `2026-03` gives `03/2026`.
    #[tool(title = "Replace in text", read_only, idempotent, open_world = false)]
    pub fn replace(
        /// The text to change.
        text: &str,
        /// What to replace: a regular expression as for `find`.
        pattern: &str,
        /// What to put there; `$1`, `${1}` and `${name}` stand for groups, `$$` for a dollar sign.
        replacement: &str,
        /// Take pattern and replacement as plain text.
        #[serde(default)]
        literal: bool,
        /// Make no difference between upper and lower case.
        #[serde(default)]
        ignore_case: bool,
        /// How many matches to replace, from the start; default all.
        #[schemars(range(min = 1))]
        limit: Option<usize>,
    ) -> Result<Json<Replaced>, String> {
        let pattern = pattern::pattern(pattern, literal, ignore_case)?;
        let replacement = match literal {
            true => Replacement::Literal(replacement),
            false => Replacement::Template(replacement),
        };
        search::replace(text, &pattern, replacement, limit.unwrap_or(usize::MAX)).map(Json)
    }

    /// Compares two texts line by line and shows the difference as a unified diff, as `diff -u` and
    /// git do. Use it to see or check what changed, or to make a patch.
    #[tool(title = "Compare texts", read_only, idempotent, open_world = false)]
    pub fn diff(
        /// The old text.
        before: &str,
        /// The new text.
        after: &str,
        /// How many unchanged lines to show around each change; default 3.
        #[schemars(range(max = 1000))]
        context: Option<usize>,
        /// What to call the old text in the diff's header; default `before`.
        before_name: Option<String>,
        /// What to call the new text in the diff's header; default `after`.
        after_name: Option<String>,
    ) -> Result<String, String> {
        let before_name = before_name.as_deref().unwrap_or("before");
        let after_name = after_name.as_deref().unwrap_or("after");
        difference::diff(before, after, context.unwrap_or(3), (before_name, after_name))
    }

    /// Counts bytes, characters, graphemes (what a reader sees as one character), words and lines,
    /// and how often some part occurs. Use it instead of counting by eye.
    ///
    /// Example: text `strawberry`, part `r`, has 3 occurrences.
    #[tool(title = "Count text", read_only, idempotent, open_world = false)]
    pub fn count(
        /// The text to measure.
        text: &str,
        /// Text whose occurrences to count, as it stands; for patterns use `find`.
        part: Option<String>,
    ) -> Result<Json<Counts>, String> {
        count::count(text, part.as_deref()).map(Json)
    }
}
