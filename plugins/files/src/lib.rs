//! The plugin `files`: what lies in the directories that the manifest grants. This file is what the host
//! sees; `place` is the only one that knows which paths there are.

mod place;

mod lines;
mod read;

mod glob;
mod walk;

mod list;
mod pattern;
mod search;

mod alike;
mod change;
mod edit;
mod guard;

#[toolrack_sdk::plugin]
mod files {
    use crate::change::{self, Mode};
    use crate::edit::Edit;
    use crate::list::{self, Listing};
    use crate::pattern::Pattern;
    use crate::place::Places;
    use crate::read::{self, Range};
    use crate::search::{self, Found};
    use crate::walk::Wanted;
    use toolrack_sdk::{Content, Json};

    /// Entries and matches that are shown where nothing is said, and at most.
    const DEFAULT_ENTRIES: usize = 200;
    const DEFAULT_MATCHES: usize = 100;
    const MAX_SHOWN: usize = 1_000;
    const MAX_CONTEXT: usize = 20;

    /// Lists a directory, a tree (`depth`) or what a `glob` finds, with sizes; of a file its size and date. Without a
    /// path: the directories that may be used. Begin with that.
    ///
    /// Example: path `/notes`, glob `*.md`, exclude `["archive"]`.
    #[tool(title = "List files", read_only, idempotent, open_world = false)]
    pub fn list(
        /// A directory or file, such as `/notes`. Paths of the host do as well, in all tools.
        path: Option<String>,
        /// Which files: a name anywhere, such as `*.{rs,toml}`, or a path such as `docs/**/*.md`; `src/` for directories.
        glob: Option<String>,
        /// What to leave out: a name anywhere, such as `node_modules` or `*.lock`, or a path such as `docs/**`.
        #[serde(default)]
        exclude: Vec<String>,
        /// Levels of the tree; default 1, with `glob` all.
        #[schemars(range(min = 1, max = 32))]
        depth: Option<usize>,
        /// Show what begins with a dot.
        #[serde(default)]
        hidden: bool,
        /// Show dates, and where links lead.
        #[serde(default)]
        details: bool,
        /// Default 200.
        #[schemars(range(min = 1, max = 1000))]
        limit: Option<usize>,
    ) -> Result<Json<Listing>, String> {
        let limit = limit.unwrap_or(DEFAULT_ENTRIES).min(MAX_SHOWN);
        let places = Places::granted();
        let Some(path) = path else { return list::roots(&places).map(Json) };
        let wanted = Wanted::parse(glob.as_deref(), &exclude, hidden)?;
        list::list(&places.find(&path)?, &wanted, &list::Extent { depth, limit, details }).map(Json)
    }

    /// Reads text files, or some lines of them. A long file comes in parts: the answer says where to go on. Pictures are
    /// shown.
    ///
    /// Example: path `/notes/todo.md`, from_line 100, lines 50.
    #[tool(title = "Read files", read_only, idempotent, open_world = false)]
    pub fn read(
        /// A file.
        path: Option<String>,
        /// Several at once.
        #[serde(default)]
        paths: Vec<String>,
        /// Default 1.
        #[schemars(range(min = 1))]
        from_line: Option<u64>,
        /// Within that line, for one longer than an answer.
        #[schemars(range(min = 1))]
        from_column: Option<u64>,
        /// How many lines; default what fits into an answer (60,000 bytes).
        #[schemars(range(min = 1))]
        lines: Option<u64>,
        /// So many lines at the end.
        #[schemars(range(min = 1))]
        last: Option<u64>,
    ) -> Result<Vec<Content>, String> {
        let range = Range::parse(from_line, from_column, lines, last)?;
        read::read(&Places::granted(), path.as_deref(), &paths, range)
    }

    /// Searches text files for a regular expression (that of Rust: like Perl's, without look-around and backreferences)
    /// or a plain text, line by line.
    ///
    /// Example: pattern `TODO|FIXME`, path `/notes`, glob `*.md`, context 2.
    #[expect(
        clippy::too_many_arguments,
        reason = "a flattened struct would take unknown ones in silence"
    )]
    #[tool(title = "Search files", read_only, idempotent, open_world = false)]
    pub fn search(
        pattern: &str,
        /// A directory, or one file.
        path: &str,
        /// In which files, as in `list`; default all.
        glob: Option<String>,
        /// As in `list`.
        #[serde(default)]
        exclude: Vec<String>,
        /// Take the pattern as plain text.
        #[serde(default)]
        literal: bool,
        #[serde(default)] ignore_case: bool,
        /// Look into what begins with a dot.
        #[serde(default)]
        hidden: bool,
        /// Lines to show before and after a match.
        #[schemars(range(max = 20))]
        context: Option<usize>,
        /// Default 100.
        #[schemars(range(min = 1, max = 1000))]
        limit: Option<usize>,
    ) -> Result<Json<Found>, String> {
        let pattern = Pattern::parse(pattern, literal, ignore_case)?;
        let wanted = Wanted::parse(glob.as_deref(), &exclude, hidden)?;
        let limit = limit.unwrap_or(DEFAULT_MATCHES).min(MAX_SHOWN);
        let context = context.unwrap_or_default().min(MAX_CONTEXT);
        let place = Places::granted().find(path)?;
        search::search(&place, &pattern, &wanted, &search::Extent { limit, context }).map(Json)
    }

    /// Writes a text file, or makes a directory. Directories on the way are made. For a part of a file use `edit`.
    #[tool(title = "Write a file", destructive, idempotent = false, open_world = false)]
    pub fn write(
        path: &str,
        /// None for a directory.
        text: Option<String>,
        /// `create` (default) leaves a file that is there alone; `directory` makes a directory.
        mode: Option<Mode>,
    ) -> Result<String, String> {
        let place = Places::granted().to_write(path)?;
        change::write(&place, text.as_deref(), mode.unwrap_or(Mode::Create))
    }

    /// Replaces passages of a text file, and shows the difference. A passage must stand there exactly once; line breaks fit
    /// the file's own. All edits are made or none.
    ///
    /// Example: path `/notes/idea.md`, old `teh`, new `the`.
    #[tool(title = "Edit a file", destructive, idempotent = false, open_world = false)]
    pub fn edit(
        path: &str,
        /// The passage as it stands in the file, line breaks and spaces included.
        old: Option<String>,
        /// What takes its place.
        new: Option<String>,
        /// Several changes, in this order.
        #[serde(default)]
        edits: Vec<Edit>,
        /// Only show what would change.
        #[serde(default)]
        dry_run: bool,
    ) -> Result<String, String> {
        let mut all = edits;
        match (old, new) {
            (Some(old), Some(new)) => all.insert(0, Edit { old, new, all: false }),
            (None, None) => {}
            _ => return Err("`old` and `new` belong together: give both".into()),
        }
        change::edit(&Places::granted().to_write(path)?, &all, dry_run)
    }

    /// Moves or renames a file or directory. Nothing is replaced.
    #[tool(
        name = "move",
        title = "Move a file",
        destructive,
        idempotent = false,
        open_world = false
    )]
    pub fn rename(
        from: &str,
        /// Its new path, name included.
        to: &str,
    ) -> Result<String, String> {
        let places = Places::granted();
        change::rename(&places.to_move(from)?, &places.to_move(to)?)
    }

    /// Deletes a file, a link or a directory for good.
    #[tool(title = "Delete a file", destructive, idempotent = false, open_world = false)]
    pub fn delete(
        path: &str,
        /// Delete a directory with all that is in it.
        #[serde(default)]
        recursive: bool,
    ) -> Result<String, String> {
        if toolrack_sdk::config("delete").as_deref() != Some("true") {
            return Err("deleting is switched off; the operator switches it on: `toolrack grant files config delete=true`".into());
        }
        let places = Places::granted();
        change::remove(&places, &places.to_remove(path)?, recursive)
    }
}
