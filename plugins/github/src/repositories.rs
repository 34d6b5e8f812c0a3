//! Repositories: found, told about, and what they list.

use lenient::Field;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Page};
use crate::entry::{Entry, List};
use crate::name::{Repository as Name, encoded};

/// A repository.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct Repository {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stars: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forks: Option<u64>,
    /// With pull requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_issues: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_branch: Option<String>,
    /// Such as `archived`, `private` and `fork`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Repository {
    fn read(repository: Field<'_>) -> Self {
        let text = |name| repository.at(name).text();
        let count = |name| repository.at(name).count();
        let known = ["archived", "disabled", "fork", "is_template", "private"];
        // What GitHub does not know is `NOASSERTION` there.
        let license = text("license.spdx_id").filter(|id| id != "NOASSERTION");
        Self {
            name: text("full_name").or_else(|| text("name")),
            description: text("description"),
            stars: count("stargazers_count"),
            forks: count("forks_count"),
            open_issues: count("open_issues_count"),
            language: text("language"),
            topics: repository.at("topics").items().filter_map(Field::text).collect(),
            license: license.or_else(|| text("license.name")),
            default_branch: text("default_branch"),
            is: known.into_iter().filter(|name| repository.at(name).flag() == Some(true)).collect(),
            pushed_at: text("pushed_at"),
            url: text("html_url"),
        }
    }
}

pub fn get(api: &Api, name: &Name) -> Result<Repository, String> {
    Ok(Repository::read(api.ask(&format!("repository `{name}`"), api.get(&name.path()))?.root()))
}

pub fn search(api: &Api, query: &str, page: Page) -> Result<List<Repository>, String> {
    let request = api.get("/search/repositories").query("q", query);
    api.list("such a search", request, page, Some("items"), Repository::read)
}

/// The branch that counts where none is named.
pub fn default_branch(api: &Api, name: &Name) -> Result<String, String> {
    get(api, name)?.default_branch.ok_or_else(|| {
        format!("GitHub does not say which branch of `{name}` is the default; name one")
    })
}

/// What a repository lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// With pull requests.
    Issues,
    PullRequests,
    Commits,
    Branches,
    Tags,
    Releases,
    Labels,
    Milestones,
    /// Of GitHub Actions.
    Runs,
}

/// Which issues or pull requests are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Open,
    Closed,
    All,
}

/// What narrows a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub state: Option<State>,
    pub reference: Option<String>,
    pub path: Option<String>,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }
}

impl Filter {
    /// Fails where a part of it would be ignored.
    fn check(&self, kind: Kind) -> Result<(), String> {
        let with = |kinds: &[Kind]| kinds.contains(&kind);
        let states = [Kind::Issues, Kind::PullRequests, Kind::Milestones];
        let misplaced = [
            (
                "state",
                self.state.is_some() && !with(&states),
                "issues, pull_requests and milestones",
            ),
            (
                "ref",
                self.reference.is_some() && !with(&[Kind::Commits, Kind::Runs]),
                "commits and runs",
            ),
            ("path", self.path.is_some() && !with(&[Kind::Commits]), "commits"),
        ];
        match misplaced.iter().find(|(_, is_it, _)| *is_it) {
            Some((key, _, kinds)) => Err(format!("`{key}` narrows only {kinds}; leave it out")),
            None => Ok(()),
        }
    }
}

/// One page of what a repository has of one kind.
pub fn list(
    api: &Api,
    name: &Name,
    kind: Kind,
    filter: &Filter,
    page: Page,
) -> Result<List<Entry>, String> {
    filter.check(kind)?;
    let (path, member, read): (&str, Option<&str>, fn(Field<'_>) -> Entry) = match kind {
        Kind::Issues => ("issues", None, Entry::issue),
        Kind::PullRequests => ("pulls", None, Entry::issue),
        Kind::Commits => ("commits", None, Entry::commit),
        Kind::Branches => ("branches", None, Entry::reference),
        Kind::Tags => ("tags", None, Entry::reference),
        Kind::Releases => ("releases", None, Entry::release),
        Kind::Labels => ("labels", None, Entry::label),
        Kind::Milestones => ("milestones", None, Entry::label),
        Kind::Runs => ("actions/runs", Some("workflow_runs"), Entry::run),
    };
    let mut request = api.get(&format!("{}/{path}", name.path()));
    let reference = if kind == Kind::Runs { "branch" } else { "sha" };
    if let Some(path) = &filter.path {
        encoded(path)?;
    }
    let filters = [
        ("state", filter.state.map(State::name)),
        (reference, filter.reference.as_deref()),
        ("path", filter.path.as_deref()),
    ];
    for (key, value) in filters {
        if let Some(value) = value {
            request = request.query(key, value);
        }
    }
    let at = filter.reference.as_ref().map(|at| format!(" at `{at}`")).unwrap_or_default();
    let list = api.list(&format!("repository `{name}`{at}"), request, page, member, read)?;
    Ok(list.cut())
}
