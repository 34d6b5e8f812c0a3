//! Repositories: found, and told about.

use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::list::List;
use crate::name::Repository as Name;
use crate::text;

/// A repository.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct Repository {
    #[serde(rename(deserialize = "full_name"))]
    pub name: String,
    #[serde(deserialize_with = "text::short", default)]
    pub description: String,
    #[serde(rename(deserialize = "html_url"))]
    pub url: String,
    #[serde(rename(deserialize = "stargazers_count"))]
    pub stars: u64,
    #[serde(rename(deserialize = "forks_count"))]
    pub forks: u64,
    /// Issues and pull requests together.
    #[serde(rename(deserialize = "open_issues_count"))]
    pub open_issues: u64,
    pub language: Option<String>,
    #[serde(default)]
    pub topics: Vec<String>,
    #[serde(deserialize_with = "license", default)]
    pub license: Option<String>,
    pub default_branch: String,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub private: bool,
    pub homepage: Option<String>,
    pub created_at: String,
    pub pushed_at: Option<String>,
}

fn license<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct License {
        spdx_id: Option<String>,
        name: String,
    }
    let license = Option::<License>::deserialize(source)?;
    // What GitHub does not know is `NOASSERTION` there.
    Ok(license.map(|license| match license.spdx_id {
        Some(id) if id != "NOASSERTION" => id,
        _ => license.name,
    }))
}

pub fn get(api: &Api, name: &Name) -> Result<Repository, String> {
    api.ask(&format!("repository `{name}`"), api.get(&name.path()))
}

pub fn search(api: &Api, query: &str, page: u32) -> Result<List<Repository>, String> {
    api.search("such a search", api.get("/search/repositories").query("q", query), page)
}
