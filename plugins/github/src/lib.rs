//! The plugin `github`: repositories, issues, pull requests, code, Actions. This file is what the host sees; `api` knows
//! how GitHub is asked, `refusal` what its errors mean, and the modules beside them what its answers mean.

mod actions;
mod api;
mod changes;
mod code;
mod entry;
mod issues;
mod name;
mod notifications;
mod pulls;
mod refusal;
mod repositories;
mod text;

#[toolrack_sdk::plugin]
#[allow(clippy::too_many_arguments, reason = "a tool has as many as it has")]
mod github {
    use crate::actions::{self, Run};
    use crate::api::{Api, Page};
    use crate::changes::{self, Changes};
    use crate::code::{self, Lines, NewFile};
    use crate::entry::{Entry, List, Written};
    use crate::issues::{self, Thread};
    use crate::name::Repository as Name;
    use crate::notifications;
    use crate::pulls::{self, LineComment, Method, Part, PullRequest, Verdict};
    use crate::repositories::{self, Filter, Kind, Repository, State};
    use toolrack_sdk::{Json, config};

    /// Lines of a file and of a log that are shown where nothing is said, and at most.
    const DEFAULT_LINES: usize = 500;
    const MAX_LINES: usize = 2_000;
    const DEFAULT_LOG: usize = 200;

    /// Finds repositories. Use it when the owner or the exact name is not known.
    ///
    /// Example: query `http client language:rust stars:>1000`.
    #[tool(title = "Search repositories", read_only, open_world)]
    pub fn search_repositories(
        /// Words and GitHub's qualifiers: `user:NAME`, `topic:mcp`, `language:go`.
        query: &str,
        /// Default 1.
        #[schemars(range(min = 1))]
        page: Option<u32>,
    ) -> Result<Json<List<Repository>>, String> {
        repositories::search(&Api::new(config), query, Page::new(page, None)).map(Json)
    }

    /// Tells about a repository: description, stars, license, default branch. Its README is read with {tool:get_file}.
    #[tool(title = "Repository", read_only, open_world)]
    pub fn get_repository(
        /// `owner/name`, such as `rust-lang/rust`, or its URL.
        repository: &str,
    ) -> Result<Json<Repository>, String> {
        repositories::get(&Api::new(config), &Name::parse(repository)?).map(Json)
    }

    /// Lists what a repository has of one kind, the newest first. To search issues use {tool:search_issues}.
    ///
    /// Example: kind `commits`, path `src/lib.rs`, or kind `releases`, per_page 1 for the latest.
    #[tool(title = "List", read_only, open_world)]
    pub fn list(
        /// `owner/name`.
        repository: &str,
        kind: Kind,
        /// Of issues, pull_requests and milestones; default open.
        state: Option<State>,
        /// Branch, tag or commit where commits begin; branch of runs.
        r#ref: Option<String>,
        /// Only commits that touch this file or directory.
        path: Option<String>,
        /// Default 1.
        #[schemars(range(min = 1))]
        page: Option<u32>,
        /// Default 20.
        #[schemars(range(min = 1, max = 100))]
        per_page: Option<u32>,
    ) -> Result<Json<List<Entry>>, String> {
        let filter = Filter { state, reference: r#ref, path };
        let page = Page::new(page, per_page);
        repositories::list(&Api::new(config), &Name::parse(repository)?, kind, &filter, page)
            .map(Json)
    }

    /// Finds issues and pull requests, in one repository or in all. {tool:get_issue} reads one.
    ///
    /// Example: query `is:issue is:open label:bug stack overflow`, repository `rust-lang/rust`.
    #[tool(title = "Search issues", read_only, open_world)]
    pub fn search_issues(
        /// Words and GitHub's qualifiers: `is:pr`, `is:open`, `author:NAME`, `sort:updated`.
        query: &str,
        /// Only in this one, `owner/name`.
        repository: Option<String>,
        /// Default 1.
        #[schemars(range(min = 1))]
        page: Option<u32>,
    ) -> Result<Json<List<Entry>>, String> {
        let query = within(query, repository.as_deref())?;
        issues::search(&Api::new(config), &query, Page::new(page, None)).map(Json)
    }

    /// Reads an issue or the discussion of a pull request, with its comments, the oldest first.
    #[tool(title = "Issue", read_only, open_world)]
    pub fn get_issue(
        /// `owner/name`.
        repository: &str,
        number: u64,
        /// Default 1.
        #[schemars(range(min = 1))]
        page: Option<u32>,
        /// Default 20.
        #[schemars(range(min = 1, max = 100))]
        per_page: Option<u32>,
    ) -> Result<Json<Thread>, String> {
        let (api, name) = (Api::new(config), Name::parse(repository)?);
        issues::get(&api, &name, number, Page::new(page, per_page)).map(Json)
    }

    /// Opens an issue, or changes the one with that `number`: title, text, labels, assignees, open or closed. Look with
    /// {tool:search_issues} for one about the same first. Watchers are notified.
    ///
    /// Example: number 7, state `completed`, labels `["fixed"]`.
    #[tool(
        title = "Write an issue",
        read_only = false,
        destructive = false,
        idempotent = false,
        open_world
    )]
    pub fn write_issue(
        /// `owner/name`.
        repository: &str,
        /// Absent for a new one.
        number: Option<u64>,
        title: Option<String>,
        /// Markdown.
        body: Option<String>,
        /// Anything but `open` closes it.
        state: Option<issues::State>,
        /// Labels to add.
        #[serde(default)]
        labels: Vec<String>,
        #[serde(default)] remove_labels: Vec<String>,
        /// Takes the place of those there are.
        assignees: Option<Vec<String>>,
    ) -> Result<Json<Written>, String> {
        let draft = issues::Draft { title, body, state, labels, remove_labels, assignees };
        issues::write(&writing()?, &Name::parse(repository)?, number, &draft).map(Json)
    }

    /// Comments on an issue or a pull request. Who takes part is notified.
    #[tool(
        title = "Comment",
        read_only = false,
        destructive = false,
        idempotent = false,
        open_world
    )]
    pub fn add_comment(
        /// `owner/name`.
        repository: &str,
        number: u64,
        /// Markdown.
        body: &str,
        /// The id of a comment on lines of a pull request, to answer that.
        reply_to: Option<u64>,
    ) -> Result<Json<Written>, String> {
        issues::comment(&writing()?, &Name::parse(repository)?, number, body, reply_to).map(Json)
    }

    /// Reads a pull request: its text, branches, whether it can be merged, and one part of it. Its discussion is read with
    /// {tool:get_issue}.
    ///
    /// Example: number 8, part `diff`.
    #[tool(title = "Pull request", read_only, open_world)]
    pub fn get_pull_request(
        /// `owner/name`.
        repository: &str,
        number: u64,
        /// Default `files`.
        #[serde(default)]
        part: Part,
        /// Default 1.
        #[schemars(range(min = 1))]
        page: Option<u32>,
        /// Default 20.
        #[schemars(range(min = 1, max = 100))]
        per_page: Option<u32>,
    ) -> Result<Json<PullRequest>, String> {
        let (api, name) = (Api::new(config), Name::parse(repository)?);
        pulls::get(&api, &name, number, part, Page::new(page, per_page)).map(Json)
    }

    /// Opens a pull request, or changes the one with that `number`: title, text, base, reviewers, open or closed.
    ///
    /// Example: title `Fix the parser`, head `fix-parser`.
    #[tool(
        title = "Write a pull request",
        read_only = false,
        destructive = false,
        idempotent = false,
        open_world
    )]
    pub fn write_pull_request(
        /// `owner/name`.
        repository: &str,
        /// Absent for a new one.
        number: Option<u64>,
        title: Option<String>,
        /// Markdown.
        body: Option<String>,
        /// The branch with the changes, `owner:branch` of a fork.
        head: Option<String>,
        /// The branch they go to; default the default branch.
        base: Option<String>,
        #[serde(default)] draft: bool,
        state: Option<pulls::State>,
        /// Logins to ask for a review.
        #[serde(default)]
        reviewers: Vec<String>,
    ) -> Result<Json<Written>, String> {
        let draft = pulls::Draft { title, body, head, base, draft, state, reviewers };
        pulls::write(&writing()?, &Name::parse(repository)?, number, &draft).map(Json)
    }

    /// Merges a pull request, which cannot be undone. Look at its checks with {tool:get_pull_request} first.
    #[tool(
        title = "Merge a pull request",
        read_only = false,
        destructive,
        idempotent = false,
        open_world
    )]
    pub fn merge_pull_request(
        /// `owner/name`.
        repository: &str,
        number: u64,
        /// Default `merge`.
        #[serde(default)]
        method: Method,
        /// The commit's, its first line as title; default GitHub's.
        message: Option<String>,
        /// Merge only if the head is still this commit.
        sha: Option<String>,
    ) -> Result<Json<Written>, String> {
        let (api, name) = (writing()?, Name::parse(repository)?);
        pulls::merge(&api, &name, number, method, message.as_deref(), sha.as_deref()).map(Json)
    }

    /// Reviews a pull request, with comments on lines where there are any.
    #[tool(
        title = "Review a pull request",
        read_only = false,
        destructive = false,
        idempotent = false,
        open_world
    )]
    pub fn review_pull_request(
        /// `owner/name`.
        repository: &str,
        number: u64,
        verdict: Verdict,
        /// Markdown; may be absent only where it approves.
        #[serde(default)]
        body: String,
        #[serde(default)] comments: Vec<LineComment>,
    ) -> Result<Json<Written>, String> {
        let (api, name) = (writing()?, Name::parse(repository)?);
        pulls::review(&api, &name, number, verdict, &body, &comments).map(Json)
    }

    /// Finds code on default branches, in one repository or in all that the token sees, with the places that match.
    ///
    /// Example: query `"impl Iterator for" path:src`, repository `rust-lang/rust`.
    #[tool(title = "Search code", read_only, open_world)]
    pub fn search_code(
        /// Words and GitHub's qualifiers: `language:rust`, `filename:Cargo.toml`, `org:NAME`.
        query: &str,
        /// Only in this one, `owner/name`.
        repository: Option<String>,
        /// Default 1.
        #[schemars(range(min = 1))]
        page: Option<u32>,
        /// Default 20.
        #[schemars(range(min = 1, max = 100))]
        per_page: Option<u32>,
    ) -> Result<Json<List<Entry>>, String> {
        let query = within(query, repository.as_deref())?;
        code::search(&Api::new(config), &query, Page::new(page, per_page)).map(Json)
    }

    /// Reads a text file of a repository, or lists a directory. The end of a part says how to go on.
    ///
    /// Example: path `README.md`, repository `rust-lang/rust`.
    #[tool(title = "File", read_only, open_world)]
    pub fn get_file(
        /// `owner/name`.
        repository: &str,
        /// From the root, which it is where absent.
        #[serde(default)]
        path: String,
        /// Branch, tag or commit; default the default branch.
        r#ref: Option<String>,
        /// Default 1.
        #[schemars(range(min = 1))]
        first_line: Option<usize>,
        /// Default 500.
        #[schemars(range(min = 1, max = 2000))]
        max_lines: Option<usize>,
    ) -> Result<String, String> {
        let most = max_lines.unwrap_or(DEFAULT_LINES).clamp(1, MAX_LINES);
        let lines = Lines { first: first_line.unwrap_or(1), most };
        let (api, name) = (Api::new(config), Name::parse(repository)?);
        code::file(&api, &name, &path, r#ref.as_deref(), lines)
    }

    /// Shows what a commit changes, or what lies between two: the files with their diffs.
    ///
    /// Example: ref `v1.0...main`.
    #[tool(title = "Changes", read_only, open_world)]
    pub fn get_changes(
        /// `owner/name`.
        repository: &str,
        /// Commit, branch or tag, or two as `BASE...HEAD`.
        r#ref: &str,
        /// Default 1.
        #[schemars(range(min = 1))]
        page: Option<u32>,
        /// Default 20.
        #[schemars(range(min = 1, max = 100))]
        per_page: Option<u32>,
    ) -> Result<Json<Changes>, String> {
        let (api, name) = (Api::new(config), Name::parse(repository)?);
        changes::get(&api, &name, r#ref, Page::new(page, per_page)).map(Json)
    }

    /// Commits one text file to a branch, new or in place of the one there is.
    ///
    /// Example: path `docs/a.md`, content `# A`, message `Add A`, branch `docs`.
    #[tool(title = "Write a file", read_only = false, destructive, idempotent = false, open_world)]
    pub fn write_file(
        /// `owner/name`.
        repository: &str,
        path: &str,
        /// The whole text.
        content: &str,
        /// The commit's message.
        message: &str,
        /// Default the default branch.
        branch: Option<String>,
        /// Replace a file that is there.
        #[serde(default)]
        overwrite: bool,
    ) -> Result<Json<Written>, String> {
        let file = NewFile { path, content, message, branch: branch.as_deref(), overwrite };
        code::write(&writing()?, &Name::parse(repository)?, file).map(Json)
    }

    /// Makes a branch.
    #[tool(
        title = "Create a branch",
        read_only = false,
        destructive = false,
        idempotent = false,
        open_world
    )]
    pub fn create_branch(
        /// `owner/name`.
        repository: &str,
        branch: &str,
        /// Branch, tag or commit; default the default branch.
        from: Option<String>,
    ) -> Result<Json<Written>, String> {
        code::branch(&writing()?, &Name::parse(repository)?, branch, from.as_deref()).map(Json)
    }

    /// Reads a run of GitHub Actions: its jobs, the steps that failed and their messages. Runs are listed with {tool:list}.
    #[tool(title = "Actions run", read_only, open_world)]
    pub fn get_run(
        /// `owner/name`.
        repository: &str,
        /// The id of the run.
        run: u64,
    ) -> Result<Json<Run>, String> {
        actions::run(&Api::new(config), &Name::parse(repository)?, run).map(Json)
    }

    /// Reads the end of the log of a job of GitHub Actions. Use it where {tool:get_run} does not say why a job failed.
    #[tool(title = "Actions log", read_only, open_world)]
    pub fn get_log(
        /// `owner/name`.
        repository: &str,
        /// The id of the job.
        job: u64,
        /// Default 200.
        #[schemars(range(min = 1, max = 2000))]
        last_lines: Option<usize>,
        /// Lines at the end to leave out.
        #[serde(default)]
        skip: usize,
    ) -> Result<String, String> {
        let most = last_lines.unwrap_or(DEFAULT_LOG).clamp(1, MAX_LINES);
        actions::log(&Api::new(config), &Name::parse(repository)?, job, skip, most)
    }

    /// Lists the notifications of the token's owner.
    #[tool(title = "Notifications", read_only, open_world)]
    pub fn list_notifications(
        /// With those that are read.
        #[serde(default)]
        all: bool,
        /// Default 1.
        #[schemars(range(min = 1))]
        page: Option<u32>,
    ) -> Result<Json<List<Entry>>, String> {
        notifications::list(&Api::new(config), all, Page::new(page, None)).map(Json)
    }

    /// Marks a notification as read.
    #[tool(title = "Mark as read", read_only = false, destructive = false, idempotent, open_world)]
    pub fn mark_notification_read(id: u64) -> Result<String, String> {
        notifications::mark_read(&writing()?, id)
    }

    /// The way to GitHub for what changes something, unless the operator has switched that off.
    fn writing() -> Result<Api, String> {
        match config("write").as_deref() {
            Some("false") => Err("writing is switched off; the operator switches it on: `toolrack grant github config write=true`"
                .into()),
            Some(_) | None => Ok(Api::new(config)),
        }
    }

    fn within(query: &str, repository: Option<&str>) -> Result<String, String> {
        match repository {
            Some(repository) => Ok(format!("{query} repo:{}", Name::parse(repository)?)),
            None if query.trim().is_empty() => {
                Err("`query` is empty; write words or qualifiers".into())
            }
            None => Ok(query.into()),
        }
    }
}

#[cfg(test)]
mod tests;
