//! Pull requests: listed, and told with what they change.

use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::list::List;
use crate::name::Repository as Name;
use crate::text;

/// Which pull requests are wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    #[default]
    Open,
    Closed,
    All,
}

/// A pull request in a list.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct PullRequest {
    pub number: u64,
    pub title: String,
    /// `open` or `closed`.
    pub state: String,
    #[serde(default)]
    pub draft: bool,
    #[serde(rename(deserialize = "user"), deserialize_with = "text::login")]
    pub author: String,
    #[serde(deserialize_with = "text::names", default)]
    pub labels: Vec<String>,
    /// The branch it comes from.
    #[serde(deserialize_with = "branch")]
    pub head: String,
    /// The branch it goes to.
    #[serde(deserialize_with = "branch")]
    pub base: String,
    pub created_at: String,
    pub updated_at: String,
    /// When it was merged, if it was.
    pub merged_at: Option<String>,
    #[serde(rename(deserialize = "html_url"))]
    pub url: String,
}

/// A pull request with what it changes.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Change {
    #[serde(flatten)]
    pub pull_request: PullRequest,
    #[serde(flatten)]
    pub size: Size,
    /// Markdown, written by its author.
    pub body: String,
    pub files: List<File>,
}

/// How much a pull request changes.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct Size {
    pub commits: u64,
    pub additions: u64,
    pub deletions: u64,
    pub changed_files: u64,
    pub comments: u64,
    pub review_comments: u64,
    /// Whether it can be merged; missing while GitHub finds out.
    pub mergeable: Option<bool>,
}

/// A file that is changed.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct File {
    #[serde(rename(deserialize = "filename"))]
    pub path: String,
    /// Such as `added`, `removed`, `modified` or `renamed`.
    pub status: String,
    pub additions: u64,
    pub deletions: u64,
    /// The change itself, as a unified diff; missing where it is not text, and where it was not asked for.
    #[serde(deserialize_with = "text::middle", default, skip_serializing_if = "String::is_empty")]
    pub patch: String,
}

fn branch<'de, D: serde::Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    struct Branch {
        label: Option<String>,
        r#ref: String,
    }
    let Branch { label, r#ref } = Branch::deserialize(source)?;
    Ok(label.unwrap_or(r#ref))
}

pub fn list(api: &Api, name: &Name, state: State, page: u32) -> Result<List<PullRequest>, String> {
    let state = match state {
        State::Open => "open",
        State::Closed => "closed",
        State::All => "all",
    };
    let request = api.get(&format!("{}/pulls", name.path())).query("state", state);
    api.list(&format!("repository `{name}`"), request, page)
}

/// `page` is one of the files.
pub fn get(
    api: &Api,
    name: &Name,
    number: u64,
    with_patch: bool,
    page: u32,
) -> Result<Change, String> {
    #[derive(Deserialize)]
    struct Whole {
        #[serde(flatten)]
        pull_request: PullRequest,
        #[serde(flatten)]
        size: Size,
        #[serde(deserialize_with = "text::long", default)]
        body: String,
    }
    let path = format!("{}/pulls/{number}", name.path());
    let what = format!("pull request {number} in `{name}`");
    let Whole { pull_request, size, body } = api.ask(&what, api.get(&path))?;
    let files: List<File> = api.list(&what, api.get(&format!("{path}/files")), page)?;
    let files = files.map(|file| match with_patch {
        true => file,
        false => File { patch: String::new(), ..file },
    });
    let files = List { total: Some(size.changed_files), ..files };
    Ok(Change { pull_request, size, body, files })
}
