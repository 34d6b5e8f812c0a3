//! The plugin `git`: repositories in the directories that the manifest grants, read and committed to without
//! git itself. This file is what the host sees.

mod add;
mod attributes;
mod blame;
mod branches;
mod change;
mod checkout;
mod commit;
mod commits;
mod config;
mod diff;
mod eol;
mod file;
mod host_paths;
mod identity;
mod ignore;
mod index;
mod link;
mod log;
mod objects;
mod page;
mod patch;
mod paths;
mod placed;
mod refs;
mod rename;
mod repository;
mod restore;
mod revision;
mod show;
mod sparse;
mod status;
mod tree;
mod worktree;

#[toolrack_sdk::plugin]
#[allow(clippy::too_many_arguments, reason = "each is an argument of the tool")]
mod git {
    use crate::branches::{self, Which};
    use crate::page::page;
    use crate::patch::Form;
    use crate::paths::Paths;
    use crate::repository::Repository;
    use crate::worktree::Untracked;
    use crate::{add, blame, checkout, commit, diff, log, restore, revision, show, status};

    const CONTEXT: u32 = 3;
    const COMMITS: usize = 30;
    const MAX_COMMITS: usize = 500;

    /// Shows the branch and what is staged (first letter), changed (second) or untracked (`??`), as `git status
    /// --porcelain --branch` does.
    ///
    /// Example: repository `/work/app`.
    #[tool(title = "Git status", read_only, idempotent, open_world = false)]
    pub fn status(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// Only these files or directories, from the repository's root, such as `src` or `*.rs`.
        #[serde(default)]
        paths: Vec<String>,
        /// List each file in untracked directories.
        #[serde(default)]
        untracked_files: bool,
        /// Where to go on in a long answer.
        #[schemars(range(min = 1))]
        from_line: Option<u64>,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        let untracked = if untracked_files { Untracked::EachFile } else { Untracked::Directories };
        let paths = Paths::parse(&repository, &paths)?;
        page(&status::status(&repository, &paths, untracked)?, from_line)
    }

    /// Shows changes as a unified diff: of the files since they were staged; with `staged`, of what the next commit
    /// will hold; with `from`, since that revision; with `from` and `to`, between two.
    ///
    /// Example: from `main`, to `HEAD`, paths `["src"]`.
    #[tool(title = "Git diff", read_only, idempotent, open_world = false)]
    pub fn diff(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// Compare what is staged with `HEAD`.
        #[serde(default)]
        staged: bool,
        /// The older side: `HEAD~1`, `v1.0`, or a range such as `main...HEAD`.
        from: Option<String>,
        /// The newer side, beside `from`.
        to: Option<String>,
        /// Only these files or directories, from the repository's root.
        #[serde(default)]
        paths: Vec<String>,
        /// Only count lines: added, removed, path.
        #[serde(default)]
        stat: bool,
        /// Lines around each change; default 3.
        #[schemars(range(min = 0, max = 1000))]
        context: Option<u32>,
        /// Where to go on in a long answer.
        #[schemars(range(min = 1))]
        from_line: Option<u64>,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        let wanted = diff::Wanted::of(staged, from, to)?;
        let paths = Paths::parse(&repository, &paths)?;
        page(&diff::diff(&repository, &wanted, &paths, form(stat, context))?, from_line)
    }

    /// Lists commits, the newest first, a line each: id, day, author, branches and tags, subject.
    ///
    /// Example: revision `v1.0..HEAD`, paths `["src"]`, limit 10.
    #[tool(title = "Git log", read_only, idempotent, open_world = false)]
    pub fn log(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// Where to begin, or a range: `HEAD` (default), `main`, `main..feature`, `--all`.
        revision: Option<String>,
        /// Only commits that changed these files or directories.
        #[serde(default)]
        paths: Vec<String>,
        /// Part of the author's name or address, in any case.
        author: Option<String>,
        /// Part of the message, in any case.
        grep: Option<String>,
        /// Not before: `2026-11-29`, `today` (in UTC) or `2 weeks ago`.
        since: Option<String>,
        /// Not after; a day is meant whole.
        until: Option<String>,
        /// Follow only the first parent of merges.
        #[serde(default)]
        first_parent: bool,
        /// Show whole messages, as `git log` does.
        #[serde(default)]
        full: bool,
        /// Count each file's lines.
        #[serde(default)]
        stat: bool,
        /// How many commits; default 30.
        #[schemars(range(min = 1, max = 500))]
        limit: Option<usize>,
        /// How many to leave out first.
        #[serde(default)]
        skip: usize,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        let wanted = log::Wanted {
            revision: revision.as_deref().unwrap_or("HEAD"),
            paths: Paths::parse(&repository, &paths)?,
            author,
            grep,
            since,
            until,
            first_parent,
            skip,
            limit: limit.unwrap_or(COMMITS).min(MAX_COMMITS),
            full,
            stat,
        };
        page(&log::log(&repository, &wanted)?, None)
    }

    /// Shows one commit with its message and diff, a tag, or with `REVISION:PATH` a file or directory as it was.
    ///
    /// Example: revision `HEAD~2:src/lib.rs`.
    #[tool(title = "Git show", read_only, idempotent, open_world = false)]
    pub fn show(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// What to show; default `HEAD`.
        revision: Option<String>,
        /// Of a commit's diff only these files or directories.
        #[serde(default)]
        paths: Vec<String>,
        /// Count lines in place of the diff.
        #[serde(default)]
        stat: bool,
        /// Where to go on in a long answer.
        #[schemars(range(min = 1))]
        from_line: Option<u64>,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        let paths = Paths::parse(&repository, &paths)?;
        let revision = revision.as_deref().unwrap_or("HEAD");
        page(&show::show(&repository, revision, &paths, form(stat, None))?, from_line)
    }

    /// Shows which commit wrote each line of a committed file. Commits stand above their lines; renames are followed.
    ///
    /// Example: path `src/lib.rs`, from_line 40, lines 20.
    #[tool(title = "Git blame", read_only, idempotent, open_world = false)]
    pub fn blame(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// The file, from the repository's root.
        path: &str,
        /// As of which revision; default `HEAD`.
        revision: Option<String>,
        /// The first line; default 1.
        #[schemars(range(min = 1))]
        from_line: Option<u32>,
        /// How many lines; default 200.
        #[schemars(range(min = 1, max = 1000))]
        lines: Option<u32>,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        let id = revision::commit(&repository, revision.as_deref().unwrap_or("HEAD"))?;
        let path = crate::paths::one(&repository, path)?;
        page(
            &blame::blame(
                &repository,
                id,
                path.as_bytes(),
                from_line.unwrap_or(1),
                lines.unwrap_or(200),
            )?,
            None,
        )
    }

    /// Lists branches or tags with their commits; `*` marks the current branch, `[...]` what a branch follows.
    #[tool(title = "Git branches", read_only, idempotent, open_world = false)]
    pub fn branches(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// Which; default `local`.
        which: Option<Which>,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        page(&branches::list(&repository, which.unwrap_or(Which::Local))?, None)
    }

    /// Stages files for the next commit: new, changed and deleted ones. Whether a file is executable is not seen: new
    /// ones are recorded as 100644, others keep their mode.
    ///
    /// Example: paths `["src/lib.rs", "docs"]`.
    #[tool(title = "Git add", idempotent, destructive = false, open_world = false)]
    pub fn add(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// Files or directories, from the repository's root; `.` for everything.
        #[schemars(length(min = 1))]
        paths: Vec<String>,
    ) -> Result<String, String> {
        add::add(&Repository::find(repository.as_deref())?, &paths)
    }

    /// Commits what is staged to the current branch. Hooks are not run, nothing is signed or pushed.
    ///
    /// Example: message `parser: accept empty input`.
    #[tool(title = "Git commit", destructive, open_world = false)]
    pub fn commit(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// A subject, and where it helps an empty line and a text. May be left out for a merge, a pick or `amend`.
        message: Option<String>,
        /// `Name <address>`; default as configured, of a pick or `amend` as it was.
        author: Option<String>,
        /// Replace the last commit.
        #[serde(default)]
        amend: bool,
        /// Commit even if nothing changed.
        #[serde(default)]
        allow_empty: bool,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        let (message, author) = (message.as_deref(), author.as_deref());
        commit::commit(&repository, &commit::Wanted { message, author, amend, allow_empty })
    }

    /// Makes a branch and stays on the current one; `checkout` switches.
    ///
    /// Example: name `fix/login`, start `main`.
    #[tool(title = "Git create branch", destructive = false, open_world = false)]
    pub fn create_branch(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// The new branch.
        name: &str,
        /// Where it begins; default `HEAD`.
        start: Option<String>,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        branches::create(&repository, name, start.as_deref().unwrap_or("HEAD"))
    }

    /// Switches to another branch. Refused where changes that are not committed would be lost.
    ///
    /// Example: target `main`.
    #[tool(title = "Git checkout", destructive = false, open_world = false)]
    pub fn checkout(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// A local branch; with `detach`, any revision.
        target: &str,
        /// Make the branch at `HEAD` first.
        #[serde(default)]
        create: bool,
        /// Look at a commit without a branch.
        #[serde(default)]
        detach: bool,
    ) -> Result<String, String> {
        checkout::checkout(&Repository::find(repository.as_deref())?, target, create, detach)
    }

    /// Throws away changes to files: they become as they are staged or, with `source`, as they were in a revision.
    /// With `staged`, unstages instead and leaves the files alone.
    ///
    /// Example: paths `["src/lib.rs"]`, source `HEAD~1`.
    #[tool(title = "Git restore", destructive, idempotent, open_world = false)]
    pub fn restore(
        /// A directory in it; default: the only one granted.
        repository: Option<String>,
        /// Files or directories, from the repository's root; `.` for everything.
        #[schemars(length(min = 1))]
        paths: Vec<String>,
        /// A revision; default what is staged, with `staged` the last commit.
        source: Option<String>,
        /// Restore what is staged, not the files.
        #[serde(default)]
        staged: bool,
    ) -> Result<String, String> {
        let repository = Repository::find(repository.as_deref())?;
        restore::restore(
            &repository,
            &paths,
            &restore::Restore { source: source.as_deref(), staged, files: !staged },
        )
    }

    fn form(stat: bool, context: Option<u32>) -> Form {
        if stat {
            Form::Counts
        } else {
            Form::Patch { context: context.unwrap_or(CONTEXT).min(1_000) }
        }
    }
}
