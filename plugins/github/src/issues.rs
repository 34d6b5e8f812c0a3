//! Issues with their comments; pull requests too, where both are one.

use lenient::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toolrack_sdk::http;

use crate::api::{Api, Page};
use crate::entry::{Entry, List, Written};
use crate::name::Repository as Name;

/// Labels that one call takes away, each with a request of its own.
const MAX_REMOVED: usize = 10;

/// An issue or pull request with what was said.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Thread {
    #[serde(flatten)]
    pub issue: Entry,
    pub comments: List<Entry>,
}

/// Whether an issue is open, and why it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    Completed,
    NotPlanned,
    Duplicate,
}

/// An issue as it shall be.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub title: Option<String>,
    pub body: Option<String>,
    pub state: Option<State>,
    pub labels: Vec<String>,
    pub remove_labels: Vec<String>,
    pub assignees: Option<Vec<String>>,
}

pub fn search(api: &Api, query: &str, page: Page) -> Result<List<Entry>, String> {
    let request = api.get("/search/issues").query("q", query);
    api.list("such a search", request, page, Some("items"), Entry::issue)
}

pub fn get(api: &Api, name: &Name, number: u64, page: Page) -> Result<Thread, String> {
    let path = format!("{}/issues/{number}", name.path());
    let what = what(name, number);
    let answer = api.ask(&what, api.get(&path))?;
    let mut issue = Entry { text: answer.at("body").text(), ..Entry::issue(answer.root()) };
    let count = answer.at("comments").count();
    let comments = if count == Some(0) {
        List::new(Vec::new())
    } else {
        api.list(&what, api.get(&format!("{path}/comments")), page, None, Entry::comment)?
    };
    let comments = List { total: count, ..comments.cut_with(issue.text.as_mut()) };
    Ok(Thread { issue, comments })
}

/// Opens an issue, or changes the one with that number.
pub fn write(
    api: &Api,
    name: &Name,
    number: Option<u64>,
    draft: &Draft,
) -> Result<Written, String> {
    match number {
        None => create(api, name, draft),
        Some(number) => update(api, name, number, draft),
    }
}

fn create(api: &Api, name: &Name, draft: &Draft) -> Result<Written, String> {
    if draft.title.as_deref().is_none_or(|title| title.trim().is_empty()) {
        return Err("a new issue needs a `title`; to change one give its `number`".into());
    }
    if draft.state.is_some() || !draft.remove_labels.is_empty() {
        return Err("`state` and `remove_labels` change an issue; give its `number`".into());
    }
    let mut content = draft.fields();
    if !draft.labels.is_empty() {
        content.insert("labels".into(), json!(draft.labels));
    }
    let request = api.request("POST", &format!("{}/issues", name.path())).json(&content);
    Ok(Written::read(api.ask(&format!("repository `{name}`"), request)?.root()))
}

fn update(api: &Api, name: &Name, number: u64, draft: &Draft) -> Result<Written, String> {
    if draft.title.as_deref().is_some_and(|title| title.trim().is_empty()) {
        return Err("`title` is empty; leave it out to keep it".into());
    }
    if draft.remove_labels.len() > MAX_REMOVED {
        return Err(format!(
            "`remove_labels` has more than {MAX_REMOVED} labels; take some away in a second call"
        ));
    }
    let mut content = draft.fields();
    if let Some(state) = draft.state {
        let (state, reason) = match state {
            State::Open => ("open", "reopened"),
            State::Completed => ("closed", "completed"),
            State::NotPlanned => ("closed", "not_planned"),
            State::Duplicate => ("closed", "duplicate"),
        };
        content.extend([("state".into(), json!(state)), ("state_reason".into(), json!(reason))]);
    }
    if content.is_empty() && draft.labels.is_empty() && draft.remove_labels.is_empty() {
        return Err(
            "nothing is to be changed; give a `title`, `body`, `state`, `labels` or `assignees`"
                .into(),
        );
    }
    let (path, what) = (format!("{}/issues/{number}", name.path()), what(name, number));
    let answer = match content.is_empty() {
        true => Answer::default(),
        false => api.ask(&what, api.request("PATCH", &path).json(&content))?,
    };
    let is_changed = !content.is_empty();
    let partly = |error: String| match is_changed {
        true => format!("{what} was changed, but not its labels: {error}"),
        false => error,
    };
    change_labels(api, &path, &what, draft).map_err(partly)?;
    Ok(Written { number: Some(number), ..Written::read(answer.root()) })
}

fn change_labels(api: &Api, path: &str, what: &str, draft: &Draft) -> Result<(), String> {
    if !draft.labels.is_empty() {
        let request = api.request("POST", &format!("{path}/labels"));
        api.ask(what, request.json(&json!({ "labels": draft.labels })))?;
    }
    for label in &draft.remove_labels {
        let request = api.request("DELETE", &format!("{path}/labels/{}", http::encode(label)));
        api.ask(&format!("label `{label}` on {what}"), request)?;
    }
    Ok(())
}

impl Draft {
    /// The fields that are sent for new issues and old ones.
    fn fields(&self) -> Map<String, Value> {
        let all = [
            ("title", self.title.as_ref().map(|title| json!(title))),
            ("body", self.body.as_ref().map(|body| json!(body))),
            ("assignees", self.assignees.as_ref().map(|assignees| json!(assignees))),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

/// Comments, or answers the comment with the number `reply_to` on lines of a pull request.
pub fn comment(
    api: &Api,
    name: &Name,
    number: u64,
    body: &str,
    reply_to: Option<u64>,
) -> Result<Written, String> {
    if body.trim().is_empty() {
        return Err("`body` is empty; write the comment".into());
    }
    let (path, what) = match reply_to {
        None => (format!("issues/{number}/comments"), what(name, number)),
        Some(id) => (
            format!("pulls/{number}/comments/{id}/replies"),
            format!("review comment {id} on pull request {number} in `{name}`"),
        ),
    };
    let request = api.request("POST", &format!("{}/{path}", name.path()));
    let answer = api.ask(&what, request.json(&json!({ "body": body })))?;
    Ok(Written { number: None, ..Written::read(answer.root()) })
}

fn what(name: &Name, number: u64) -> String {
    format!("issue or pull request {number} in `{name}`")
}
