//! What was done in a repository: commits and releases.

use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::list::List;
use crate::name::Repository as Name;
use crate::text;

/// A commit.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Commit {
    pub sha: String,
    /// The name of who wrote it.
    pub author: String,
    pub date: String,
    pub message: String,
    pub url: String,
}

#[derive(Deserialize)]
struct Raw {
    sha: String,
    commit: Inner,
    html_url: String,
}

#[derive(Deserialize)]
struct Inner {
    author: Option<Signature>,
    #[serde(deserialize_with = "text::short", default)]
    message: String,
}

#[derive(Default, Deserialize)]
struct Signature {
    #[serde(default)]
    name: String,
    #[serde(default)]
    date: String,
}

impl From<Raw> for Commit {
    fn from(Raw { sha, commit: Inner { author, message }, html_url: url }: Raw) -> Self {
        let Signature { name: author, date } = author.unwrap_or_default();
        Self { sha, author, date, message, url }
    }
}

/// A release.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct Release {
    #[serde(rename(deserialize = "tag_name"))]
    pub tag: String,
    pub name: Option<String>,
    pub published_at: Option<String>,
    #[serde(default)]
    pub prerelease: bool,
    #[serde(deserialize_with = "text::short", default)]
    pub body: String,
    #[serde(rename(deserialize = "html_url"))]
    pub url: String,
}

pub fn commits(
    api: &Api,
    name: &Name,
    path: Option<&str>,
    reference: Option<&str>,
    page: u32,
) -> Result<List<Commit>, String> {
    let mut request = api.get(&format!("{}/commits", name.path()));
    for (key, value) in [("path", path), ("sha", reference)] {
        if let Some(value) = value {
            request = request.query(key, value);
        }
    }
    let at = reference.map(|reference| format!(" at `{reference}`")).unwrap_or_default();
    let raw: List<Raw> = api.list(&format!("repository `{name}`{at}"), request, page)?;
    Ok(raw.map(Commit::from))
}

pub fn releases(api: &Api, name: &Name, page: u32) -> Result<List<Release>, String> {
    api.list(&format!("repository `{name}`"), api.get(&format!("{}/releases", name.path())), page)
}
