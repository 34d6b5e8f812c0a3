//! The plugin `github`: repositories, issues, pull requests, code. This file is what the host sees; `api`
//! knows how GitHub is asked, and the modules beside it what its answers mean.

mod api;
mod code;
mod commits;
mod issues;
mod list;
mod name;
mod pulls;
mod repositories;
mod text;

#[toolrack_sdk::plugin]
mod github {
    use crate::api::Api;
    use crate::code::{self, Lines, Match};
    use crate::commits::{self, Commit, Release};
    use crate::issues::{self, Issue, Thread, Written};
    use crate::list::List;
    use crate::name::Repository as Name;
    use crate::pulls::{self, Change, PullRequest, State};
    use crate::repositories::{self, Repository};
    use toolrack_sdk::{Json, config};

    /// Lines of a file that are shown where nothing is said, and at most.
    const DEFAULT_LINES: usize = 500;
    const MAX_LINES: usize = 2_000;

    /// Finds repositories by words and GitHub's qualifiers. Use it when the owner or the exact name is
    /// not known.
    ///
    /// Example: query `http client language:rust stars:>1000`.
    #[tool(title = "Search repositories", read_only, open_world)]
    pub fn search_repositories(
        /// Words, and qualifiers such as `language:go`, `user:torvalds`, `topic:mcp`, `stars:>100`.
        query: &str,
        /// Which page of results; default 1.
        #[serde(default = "first")]
        #[schemars(range(min = 1))]
        page: u32,
    ) -> Result<Json<List<Repository>>, String> {
        repositories::search(&Api::new(config), query, page).map(Json)
    }

    /// Tells about a repository: description, stars, language, licence, default branch. Its README is
    /// read with `get_file`.
    #[tool(title = "Repository", read_only, open_world)]
    pub fn get_repository(
        /// `owner/name`, such as `rust-lang/rust`.
        repository: &str,
    ) -> Result<Json<Repository>, String> {
        repositories::get(&Api::new(config), &Name::parse(repository)?).map(Json)
    }

    /// Lists issues and pull requests that fit a query, in one repository or in all. Use it to find what
    /// was reported or discussed; `get_issue` reads one.
    ///
    /// Example: query `is:issue is:open label:bug stack overflow` in `rust-lang/rust`.
    #[tool(title = "Search issues", read_only, open_world)]
    pub fn search_issues(
        /// Words, and qualifiers such as `is:issue`, `is:pr`, `is:open`, `label:bug`, `author:NAME`.
        query: &str,
        /// Only in this repository, `owner/name`.
        repository: Option<String>,
        /// Which page of results; default 1.
        #[serde(default = "first")]
        #[schemars(range(min = 1))]
        page: u32,
    ) -> Result<Json<List<Issue>>, String> {
        let query = within(query, repository.as_deref())?;
        issues::search(&Api::new(config), &query, page).map(Json)
    }

    /// Reads an issue, or the discussion of a pull request: its text and its comments.
    #[tool(title = "Issue", read_only, open_world)]
    pub fn get_issue(
        /// `owner/name`.
        repository: &str,
        /// The number after `#`.
        number: u64,
        /// Which page of comments; default 1.
        #[serde(default = "first")]
        #[schemars(range(min = 1))]
        page: u32,
    ) -> Result<Json<Thread>, String> {
        issues::get(&Api::new(config), &Name::parse(repository)?, number, page).map(Json)
    }

    /// Lists the pull requests of a repository, the newest first. To search among them use
    /// `search_issues` with `is:pr`.
    #[tool(title = "Pull requests", read_only, open_world)]
    pub fn list_pull_requests(
        /// `owner/name`.
        repository: &str,
        /// Which ones; default `open`.
        #[serde(default)]
        state: State,
        /// Which page; default 1.
        #[serde(default = "first")]
        #[schemars(range(min = 1))]
        page: u32,
    ) -> Result<Json<List<PullRequest>>, String> {
        pulls::list(&Api::new(config), &Name::parse(repository)?, state, page).map(Json)
    }

    /// Reads a pull request: its text, branches, size and changed files, and the changes themselves where
    /// they are asked for. Its discussion is read with `get_issue`.
    #[tool(title = "Pull request", read_only, open_world)]
    pub fn get_pull_request(
        /// `owner/name`.
        repository: &str,
        /// The number after `#`.
        number: u64,
        /// Give each file's change as a unified diff too.
        #[serde(default)]
        patch: bool,
        /// Which page of changed files; default 1.
        #[serde(default = "first")]
        #[schemars(range(min = 1))]
        page: u32,
    ) -> Result<Json<Change>, String> {
        pulls::get(&Api::new(config), &Name::parse(repository)?, number, patch, page).map(Json)
    }

    /// Finds code by words, in one repository or in all that the token sees, and shows the places that
    /// match. GitHub searches default branches only, and only for those with a token.
    ///
    /// Example: query `"impl Iterator for" path:src` in `rust-lang/rust`.
    #[tool(title = "Search code", read_only, open_world)]
    pub fn search_code(
        /// Words, and qualifiers such as `path:src`, `language:rust`, `filename:Cargo.toml`, `org:NAME`.
        query: &str,
        /// Only in this repository, `owner/name`.
        repository: Option<String>,
        /// Which page of results; default 1.
        #[serde(default = "first")]
        #[schemars(range(min = 1))]
        page: u32,
    ) -> Result<Json<List<Match>>, String> {
        let query = within(query, repository.as_deref())?;
        code::search(&Api::new(config), &query, page).map(Json)
    }

    /// Reads a text file of a repository, or lists a directory. A long file comes in parts: its end says
    /// how to get the next one.
    ///
    /// Example: path `README.md` in `rust-lang/rust`.
    #[tool(title = "File", read_only, open_world)]
    pub fn get_file(
        /// `owner/name`.
        repository: &str,
        /// The path from the root; empty for the root itself.
        #[serde(default)]
        path: String,
        /// A branch, tag or commit; default the default branch.
        r#ref: Option<String>,
        /// The first line to show; default 1.
        #[serde(default = "first_line")]
        #[schemars(range(min = 1))]
        first_line: usize,
        /// How many lines to show; default 500.
        #[schemars(range(min = 1, max = 2000))]
        max_lines: Option<usize>,
    ) -> Result<String, String> {
        let most = max_lines.unwrap_or(DEFAULT_LINES).clamp(1, MAX_LINES);
        let lines = Lines { first: first_line, most };
        let (api, name) = (Api::new(config), Name::parse(repository)?);
        code::file(&api, &name, &path, r#ref.as_deref(), lines)
    }

    /// Lists commits, the newest first: of a repository, a branch, or a file.
    #[tool(title = "Commits", read_only, open_world)]
    pub fn list_commits(
        /// `owner/name`.
        repository: &str,
        /// Only commits that touch this file or directory.
        path: Option<String>,
        /// A branch, tag or commit to begin at; default the default branch.
        r#ref: Option<String>,
        /// Which page; default 1.
        #[serde(default = "first")]
        #[schemars(range(min = 1))]
        page: u32,
    ) -> Result<Json<List<Commit>>, String> {
        let (api, name) = (Api::new(config), Name::parse(repository)?);
        commits::commits(&api, &name, path.as_deref(), r#ref.as_deref(), page).map(Json)
    }

    /// Lists the releases of a repository, the newest first, with the beginning of their notes.
    #[tool(title = "Releases", read_only, open_world)]
    pub fn list_releases(
        /// `owner/name`.
        repository: &str,
        /// Which page; default 1.
        #[serde(default = "first")]
        #[schemars(range(min = 1))]
        page: u32,
    ) -> Result<Json<List<Release>>, String> {
        commits::releases(&Api::new(config), &Name::parse(repository)?, page).map(Json)
    }

    /// Opens a new issue, which everybody who watches the repository is told of. Look for one about the
    /// same with `search_issues` first.
    #[tool(
        title = "Create an issue",
        read_only = false,
        destructive = false,
        idempotent = false,
        open_world
    )]
    pub fn create_issue(
        /// `owner/name`.
        repository: &str,
        /// One line that says what it is about.
        title: &str,
        /// The text, in Markdown.
        #[serde(default)]
        body: String,
        /// Labels that the repository has.
        #[serde(default)]
        labels: Vec<String>,
    ) -> Result<Json<Written>, String> {
        if title.trim().is_empty() {
            return Err("`title` is empty; write one line that says what the issue is about".into());
        }
        let (api, name) = (Api::new(config), Name::parse(repository)?);
        issues::create(&api, &name, title, &body, &labels).map(Json)
    }

    /// Adds a comment to an issue or pull request, which everybody who takes part is told of.
    #[tool(
        title = "Add a comment",
        read_only = false,
        destructive = false,
        idempotent = false,
        open_world
    )]
    pub fn add_comment(
        /// `owner/name`.
        repository: &str,
        /// The number after `#`.
        number: u64,
        /// The text, in Markdown.
        body: &str,
    ) -> Result<Json<Written>, String> {
        if body.trim().is_empty() {
            return Err("`body` is empty; write the comment".into());
        }
        issues::comment(&Api::new(config), &Name::parse(repository)?, number, body).map(Json)
    }

    fn first() -> u32 {
        1
    }

    fn first_line() -> usize {
        1
    }

    fn within(query: &str, repository: Option<&str>) -> Result<String, String> {
        match repository {
            Some(repository) => Ok(format!("{query} repo:{}", Name::parse(repository)?)),
            None => Ok(query.into()),
        }
    }
}

#[cfg(test)]
mod tests;
