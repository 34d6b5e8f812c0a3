//! The plugin `files`: what lies in the directories that the manifest grants. This file is what the host
//! sees; `place` is the only one that knows which paths there are.

mod change;
mod pattern;
mod place;
mod read;
mod search;
mod walk;

#[toolrack_sdk::plugin]
mod files {
    use crate::change::{self, Mode};
    use crate::pattern::{Lines, Names};
    use crate::place::Places;
    use crate::read::{self, Range};
    use crate::search::{self, Found};
    use crate::walk::{self, Listing, Wanted};
    use toolrack_sdk::{Content, Json};

    /// Entries and matches that are shown where nothing is said, and at most.
    const DEFAULT_ENTRIES: usize = 200;
    const DEFAULT_MATCHES: usize = 100;
    const MAX_SHOWN: usize = 1_000;

    /// Lists files and directories, with sizes in bytes. Without a path it shows the directories that may
    /// be used at all; begin with that. With `glob` it finds files by name in all directories below.
    ///
    /// Example: path `/notes`, glob `**/*.md`.
    #[tool(title = "List files", read_only, idempotent, open_world = false)]
    pub fn list(
        /// A directory, such as `/notes`; default: the directories that may be used.
        path: Option<String>,
        /// Which files, by their path below the directory: `*.md`, `**/*.{rs,toml}`, `2026-??/*`.
        glob: Option<String>,
        /// Show what begins with a dot as well.
        #[serde(default)]
        hidden: bool,
        /// How many entries to show; default 200.
        #[schemars(range(min = 1, max = 1000))]
        limit: Option<usize>,
    ) -> Result<Json<Listing>, String> {
        let limit = limit.unwrap_or(DEFAULT_ENTRIES).min(MAX_SHOWN);
        let places = Places::granted();
        let Some(path) = path else { return walk::roots(&places).map(Json) };
        let names = glob.as_deref().map(Names::parse).transpose()?;
        walk::list(&places.find(&path)?, &Wanted { names, hidden }, limit).map(Json)
    }

    /// Reads a text file, or some lines of it. Long files come in parts: the answer says where to go on.
    /// Pictures (PNG, JPEG, GIF, WebP) are shown as such.
    ///
    /// Example: path `/notes/todo.md`, from_line 100, lines 50.
    #[tool(title = "Read a file", read_only, idempotent, open_world = false)]
    pub fn read(
        /// The file, such as `/notes/todo.md`.
        path: &str,
        /// The first line to read; default 1.
        #[schemars(range(min = 1))]
        from_line: Option<u64>,
        /// How many lines; default as many as fit into one answer (100,000 bytes).
        #[schemars(range(min = 1))]
        lines: Option<u64>,
    ) -> Result<Vec<Content>, String> {
        let range = Range { first: from_line.unwrap_or(1), count: lines.unwrap_or(u64::MAX) };
        read::read(&Places::granted().find(path)?, range)
    }

    /// Searches text files for a regular expression or a plain text, line by line, and shows the lines
    /// that match. Files that are no text are passed over. The syntax is that of Rust's regex crate: like
    /// Perl's, without look-around and backreferences.
    ///
    /// Example: pattern `TODO|FIXME`, path `/notes`, glob `**/*.md`.
    #[tool(title = "Search files", read_only, idempotent, open_world = false)]
    pub fn search(
        /// What to look for in each line.
        pattern: &str,
        /// A directory, or one file.
        path: &str,
        /// In which files, by their path below the directory: `*.md`, `**/*.{rs,toml}`; default all.
        glob: Option<String>,
        /// Take the pattern as plain text.
        #[serde(default)]
        literal: bool,
        /// Make no difference between upper and lower case.
        #[serde(default)]
        ignore_case: bool,
        /// Look into what begins with a dot as well.
        #[serde(default)]
        hidden: bool,
        /// How many matching lines to show; default 100.
        #[schemars(range(min = 1, max = 1000))]
        limit: Option<usize>,
    ) -> Result<Json<Found>, String> {
        let lines = Lines::parse(pattern, literal, ignore_case)?;
        let names = glob.as_deref().map(Names::parse).transpose()?;
        let limit = limit.unwrap_or(DEFAULT_MATCHES).min(MAX_SHOWN);
        let place = Places::granted().find(path)?;
        search::search(&place, &lines, &Wanted { names, hidden }, limit).map(Json)
    }

    /// Writes a text file. A new file by default: an existing one is left alone unless `mode` says
    /// otherwise. Directories on the way are made. Needs a grant to write.
    #[tool(title = "Write a file", destructive, idempotent, open_world = false)]
    pub fn write(
        /// The file, such as `/notes/idea.md`.
        path: &str,
        /// Its text.
        text: &str,
        /// What to do where the file is there already; default `create`.
        mode: Option<Mode>,
    ) -> Result<String, String> {
        change::write(&Places::granted().find(path)?, text, mode.unwrap_or(Mode::Create))
    }

    /// Replaces one passage of a text file. The passage must stand in the file exactly once, so that the
    /// change cannot hit another place. Needs a grant to write.
    #[tool(title = "Edit a file", destructive, open_world = false)]
    pub fn edit(
        /// The file, such as `/notes/idea.md`.
        path: &str,
        /// The passage as it stands in the file, line breaks and spaces included.
        old: &str,
        /// What takes its place.
        new: &str,
    ) -> Result<String, String> {
        change::edit(&Places::granted().find(path)?, old, new)
    }
}
