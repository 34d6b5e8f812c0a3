//! Issues with their comments; pull requests too, where both are one.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::Api;
use crate::list::List;
use crate::name::Repository as Name;
use crate::text;

/// An issue or pull request in a list.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct Issue {
    pub number: u64,
    pub title: String,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it is a pull request.
    #[serde(rename(deserialize = "pull_request"), deserialize_with = "is_there", default)]
    pub is_pull_request: bool,
    #[serde(rename(deserialize = "user"), deserialize_with = "text::login")]
    pub author: String,
    #[serde(deserialize_with = "text::names")]
    pub labels: Vec<String>,
    pub comments: u64,
    pub created_at: String,
    pub updated_at: String,
    #[serde(rename(deserialize = "html_url"))]
    pub url: String,
}

/// An issue or pull request with what was said.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Thread {
    #[serde(flatten)]
    pub issue: Issue,
    /// Markdown, written by its author.
    pub body: String,
    pub discussion: List<Comment>,
}

/// A comment.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct Comment {
    #[serde(rename(deserialize = "user"), deserialize_with = "text::login")]
    pub author: String,
    pub created_at: String,
    #[serde(deserialize_with = "text::middle", default)]
    pub body: String,
    #[serde(rename(deserialize = "html_url"))]
    pub url: String,
}

/// What was written.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct Written {
    /// The number of a new issue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    #[serde(rename(deserialize = "html_url"))]
    pub url: String,
}

fn is_there<'de, D: serde::Deserializer<'de>>(source: D) -> Result<bool, D::Error> {
    Ok(Option::<serde::de::IgnoredAny>::deserialize(source)?.is_some())
}

pub fn search(api: &Api, query: &str, page: u32) -> Result<List<Issue>, String> {
    api.search("such a search", api.get("/search/issues").query("q", query), page)
}

pub fn get(api: &Api, name: &Name, number: u64, page: u32) -> Result<Thread, String> {
    #[derive(Deserialize)]
    struct Whole {
        #[serde(flatten)]
        issue: Issue,
        #[serde(deserialize_with = "text::long", default)]
        body: String,
    }
    let path = format!("{}/issues/{number}", name.path());
    let what = what(name, number);
    let Whole { issue, body } = api.ask(&what, api.get(&path))?;
    let discussion = if issue.comments == 0 {
        List { items: Vec::new(), total: None, next_page: None }
    } else {
        api.list(&what, api.get(&format!("{path}/comments")), page)?
    };
    let discussion = List { total: Some(issue.comments), ..discussion };
    Ok(Thread { issue, body, discussion })
}

pub fn create(
    api: &Api,
    name: &Name,
    title: &str,
    body: &str,
    labels: &[String],
) -> Result<Written, String> {
    let request = api.post(&format!("{}/issues", name.path()));
    let content = json!({ "title": title, "body": body, "labels": labels });
    api.ask(&format!("repository `{name}`"), request.json(&content))
}

pub fn comment(api: &Api, name: &Name, number: u64, body: &str) -> Result<Written, String> {
    let request = api.post(&format!("{}/issues/{number}/comments", name.path()));
    api.ask(&what(name, number), request.json(&json!({ "body": body })))
}

fn what(name: &Name, number: u64) -> String {
    format!("issue or pull request {number} in `{name}`")
}
