//! Pull requests: told with what they change, written, merged and reviewed.

use lenient::Field;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api::{Api, Page};
use crate::entry::{Entry, List, Written};
use crate::name::{Repository as Name, encoded};
use crate::repositories;

/// The part of a pull request that is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    #[default]
    Files,
    /// Files with their diffs.
    Diff,
    Commits,
    Reviews,
    /// On lines.
    Comments,
    Checks,
}

/// A pull request with one part of it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct PullRequest {
    #[serde(flatten)]
    pub entry: Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Such as `clean`, `dirty` (a conflict), `blocked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mergeable: Option<String>,
    pub part: List<Entry>,
}

pub fn get(
    api: &Api,
    name: &Name,
    number: u64,
    part: Part,
    page: Page,
) -> Result<PullRequest, String> {
    let path = format!("{}/pulls/{number}", name.path());
    let what = what(name, number);
    let answer = api.ask(&what, api.get(&path))?;
    let pull = answer.root();
    let mut entry = Entry {
        text: pull.at("body").text(),
        sha: pull.at("head.sha").text(),
        additions: pull.at("additions").count(),
        deletions: pull.at("deletions").count(),
        ..Entry::issue(pull)
    };
    let head = entry.sha.clone();
    let (path, member, read): (String, Option<&str>, fn(Field<'_>) -> Entry) = match part {
        Part::Files => (format!("{path}/files"), None, |file| Entry::file(file, false)),
        Part::Diff => (format!("{path}/files"), None, |file| Entry::file(file, true)),
        Part::Commits => (format!("{path}/commits"), None, Entry::commit),
        Part::Reviews => (format!("{path}/reviews"), None, Entry::comment),
        Part::Comments => (format!("{path}/comments"), None, Entry::comment),
        Part::Checks => {
            let head =
                head.ok_or_else(|| format!("GitHub does not say which commit {what} ends with"))?;
            let path = format!("{}/commits/{}/check-runs", name.path(), encoded(&head)?);
            (path, Some("check_runs"), Entry::run)
        }
    };
    let list = api.list(&what, api.get(&path), page, member, read)?;
    let total = match part {
        Part::Files | Part::Diff => pull.at("changed_files").count(),
        Part::Commits => pull.at("commits").count(),
        Part::Comments => pull.at("review_comments").count(),
        Part::Reviews | Part::Checks => list.total,
    };
    let part = List { total, ..list.cut_with(entry.text.as_mut()) };
    let branch = |side: &str| {
        let at = |name: &str| pull.at(&format!("{side}.{name}")).text();
        at("label").or_else(|| at("ref"))
    };
    let mergeable = pull.at("mergeable_state").text().filter(|state| state != "unknown");
    Ok(PullRequest { head: branch("head"), base: branch("base"), mergeable, part, entry })
}

/// Whether a pull request is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Open,
    Closed,
}

/// A pull request as it shall be.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub title: Option<String>,
    pub body: Option<String>,
    pub head: Option<String>,
    pub base: Option<String>,
    pub draft: bool,
    pub state: Option<State>,
    pub reviewers: Vec<String>,
}

/// Opens a pull request, or changes the one with that number.
pub fn write(
    api: &Api,
    name: &Name,
    number: Option<u64>,
    draft: &Draft,
) -> Result<Written, String> {
    let answer = match number {
        None => Some(create(api, name, draft)?),
        Some(number) => update(api, name, number, draft)?,
    };
    let written = answer.as_ref().map(|answer| Written::read(answer.root())).unwrap_or_default();
    let number = number.or(written.number);
    if let (false, Some(number)) = (draft.reviewers.is_empty(), number) {
        let path = format!("{}/pulls/{number}/requested_reviewers", name.path());
        let request = api.request("POST", &path).json(&json!({ "reviewers": draft.reviewers }));
        let what = what(name, number);
        api.ask(&what, request).map_err(|error| match &answer {
            Some(_) => format!("{what} was written, but its reviewers were not asked: {error}"),
            None => error,
        })?;
    }
    Ok(Written { number, sha: None, ..written })
}

fn create(api: &Api, name: &Name, draft: &Draft) -> Result<lenient::Answer, String> {
    let there = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    if !there(&draft.title) || !there(&draft.head) {
        return Err("a new pull request needs a `title` and the branch `head`; to change one give its `number`".into());
    }
    if draft.state.is_some() {
        return Err("`state` changes a pull request; give its `number`".into());
    }
    let base = match &draft.base {
        Some(base) => base.clone(),
        None => repositories::default_branch(api, name)?,
    };
    let mut content = draft.fields();
    content.extend([("head".into(), json!(draft.head)), ("base".into(), json!(base))]);
    if draft.draft {
        content.insert("draft".into(), json!(true));
    }
    let request = api.request("POST", &format!("{}/pulls", name.path())).json(&content);
    api.ask(&format!("such a pull request in `{name}`"), request)
}

/// `None` where only reviewers are to be asked.
fn update(
    api: &Api,
    name: &Name,
    number: u64,
    draft: &Draft,
) -> Result<Option<lenient::Answer>, String> {
    if draft.head.is_some() || draft.draft {
        return Err("`head` and `draft` are for a new pull request; leave them out".into());
    }
    let mut content = draft.fields();
    if let Some(base) = &draft.base {
        content.insert("base".into(), json!(base));
    }
    if let Some(state) = draft.state {
        let state = match state {
            State::Open => "open",
            State::Closed => "closed",
        };
        content.insert("state".into(), json!(state));
    }
    match (content.is_empty(), draft.reviewers.is_empty()) {
        (true, true) => {
            Err("nothing is to be changed; give a `title`, `body`, `base`, `state` or `reviewers`"
                .into())
        }
        (true, false) => Ok(None),
        (false, _) => {
            let request = api.request("PATCH", &format!("{}/pulls/{number}", name.path()));
            api.ask(&what(name, number), request.json(&content)).map(Some)
        }
    }
}

impl Draft {
    /// The fields that are sent for new ones and old ones.
    fn fields(&self) -> Map<String, Value> {
        let all = [("title", &self.title), ("body", &self.body)];
        all.into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?))))
            .collect()
    }
}

/// How commits are joined to the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    #[default]
    Merge,
    Squash,
    Rebase,
}

/// Merges; with `sha` only if the head is still that commit.
pub fn merge(
    api: &Api,
    name: &Name,
    number: u64,
    method: Method,
    message: Option<&str>,
    sha: Option<&str>,
) -> Result<Written, String> {
    let method = match method {
        Method::Merge => "merge",
        Method::Squash => "squash",
        Method::Rebase => "rebase",
    };
    let mut content = json!({ "merge_method": method });
    if let Some(message) = message {
        let (title, rest) = message.trim().split_once('\n').unwrap_or((message.trim(), ""));
        content["commit_title"] = json!(title);
        content["commit_message"] = json!(rest.trim());
    }
    if let Some(sha) = sha {
        content["sha"] = json!(sha);
    }
    let request = api.request("PUT", &format!("{}/pulls/{number}/merge", name.path()));
    let what = what(name, number);
    let answer = api.ask(&what, request.json(&content))?;
    if answer.at("merged").flag() == Some(false) {
        let why = answer.at("message").text().unwrap_or_else(|| "GitHub does not say why".into());
        return Err(format!("{what} was not merged: {why}"));
    }
    Ok(Written { number: Some(number), ..Written::read(answer.root()) })
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    RequestChanges,
    Comment,
}

/// A comment on a line of a changed file.
#[derive(Clone, Debug, Deserialize, Serialize, schemars::JsonSchema)]
pub struct LineComment {
    pub path: String,
    /// As the file is after the change.
    pub line: u64,
    pub body: String,
}

pub fn review(
    api: &Api,
    name: &Name,
    number: u64,
    verdict: Verdict,
    body: &str,
    comments: &[LineComment],
) -> Result<Written, String> {
    let event = match verdict {
        Verdict::Approve => "APPROVE",
        Verdict::RequestChanges => "REQUEST_CHANGES",
        Verdict::Comment => "COMMENT",
    };
    if body.trim().is_empty() && verdict != Verdict::Approve {
        return Err("`body` is empty; say what the review finds".into());
    }
    let lines: Vec<_> = comments
        .iter()
        .map(|LineComment { path, line, body }| json!({ "path": path, "line": line, "side": "RIGHT", "body": body }))
        .collect();
    let mut content = json!({ "event": event, "body": body });
    if !lines.is_empty() {
        content["comments"] = json!(lines);
    }
    let request = api.request("POST", &format!("{}/pulls/{number}/reviews", name.path()));
    let answer = api.ask(&what(name, number), request.json(&content))?;
    Ok(Written { number: Some(number), ..Written::read(answer.root()) })
}

fn what(name: &Name, number: u64) -> String {
    format!("pull request {number} in `{name}`")
}
