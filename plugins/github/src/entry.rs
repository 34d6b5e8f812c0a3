//! The results of tools: one kind of entry for all that GitHub lists, and pages of them. Absent is what GitHub does not say.

use std::borrow::Cow;

use lenient::Field;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::text;

/// Bytes of all the texts on one page together, so that no answer floods a model.
const MAX_TEXTS: usize = 50_000;

/// One thing of GitHub's, such as an issue, a commit or a changed file.
#[derive(Debug, Default, Serialize)]
pub struct Entry {
    /// Title, path or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One page of things.
#[derive(Debug, Serialize)]
pub struct List<T> {
    pub items: Vec<T>,
    /// On all pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u32>,
    /// What is incomplete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An object, and no more of it: a schema of every member costs each model more than it says.
impl JsonSchema for Entry {
    fn schema_name() -> Cow<'static, str> {
        "Entry".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

impl<T> JsonSchema for List<T> {
    fn schema_name() -> Cow<'static, str> {
        "List".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "items": { "type": "array", "items": { "type": "object" } },
                "total": { "type": "integer" },
                "next_page": { "type": "integer" },
                "note": { "type": "string" },
            },
            "required": ["items"],
        })
    }
}

/// What was written.
#[derive(Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl<T> List<T> {
    pub fn new(items: Vec<T>) -> Self {
        Self { items, total: None, next_page: None, note: None }
    }
}

impl List<Entry> {
    /// With its texts cut, and `first` before them, so that all together they are no longer than may be.
    pub fn cut_with(mut self, first: Option<&mut String>) -> Self {
        let texts = self.items.iter_mut().filter_map(|entry| entry.text.as_mut());
        text::share(first.into_iter().chain(texts).collect(), MAX_TEXTS);
        self
    }

    pub fn cut(self) -> Self {
        self.cut_with(None)
    }
}

impl Written {
    pub fn read(answer: Field<'_>) -> Self {
        Self {
            number: answer.at("number").count(),
            sha: answer.at("sha").text(),
            url: answer.at("html_url").text(),
        }
    }
}

/// The name of a user, who may be gone: then GitHub shows `ghost`.
pub fn login(user: Field<'_>) -> Option<String> {
    Some(user.at("login").text().unwrap_or_else(|| "ghost".into()))
}

/// The names of labels, which are objects or bare names.
pub fn labels(list: Field<'_>) -> Vec<String> {
    list.items().filter_map(|label| label.at("name").text().or_else(|| label.text())).collect()
}

impl Entry {
    /// An issue or a pull request, without its text.
    pub fn issue(issue: Field<'_>) -> Self {
        let text = |name| issue.at(name).text();
        let is_pull = issue.at("pull_request").exists() || issue.at("head").exists();
        let merged = issue.at("merged_at").exists() || issue.at("pull_request.merged_at").exists();
        let draft = issue.at("draft").flag() == Some(true);
        let state = text("state").map(|state| {
            let reason = text("state_reason").filter(|reason| reason != "reopened");
            match (merged, draft, reason) {
                (true, _, _) => "merged".into(),
                (_, true, _) => format!("{state}, draft"),
                (_, _, Some(reason)) => format!("{state}, {}", reason.replace('_', " ")),
                _ if is_pull => format!("{state} pull request"),
                _ => state,
            }
        });
        let repository = text("repository_url");
        let repository = repository.and_then(|url| Some(url.split_once("/repos/")?.1.to_owned()));
        Self {
            name: text("title"),
            repository,
            number: issue.at("number").count(),
            state,
            author: login(issue.at("user")),
            date: text("created_at"),
            labels: labels(issue.at("labels")),
            url: text("html_url"),
            ..Self::default()
        }
    }

    /// A comment, or a review.
    pub fn comment(comment: Field<'_>) -> Self {
        let text = |name| comment.at(name).text();
        let line = comment.at("line").count().or_else(|| comment.at("original_line").count());
        let name = text("path").map(|path| match line {
            Some(line) => format!("{path}:{line}"),
            None => path,
        });
        Self {
            name,
            id: comment.at("id").count(),
            state: text("state"),
            author: login(comment.at("user")),
            date: text("created_at").or_else(|| text("submitted_at")),
            text: text("body"),
            ..Self::default()
        }
    }

    /// A commit, with its whole message.
    pub fn commit(commit: Field<'_>) -> Self {
        let text = |name| commit.at(name).text();
        Self {
            sha: text("sha"),
            author: text("commit.author.name").or_else(|| text("author.login")),
            date: text("commit.author.date").or_else(|| text("commit.committer.date")),
            text: text("commit.message"),
            url: text("html_url"),
            ..Self::default()
        }
    }

    /// A file that is changed, with the change itself where that is wanted.
    pub fn file(file: Field<'_>, with_patch: bool) -> Self {
        let text = |name| file.at(name).text();
        let status = text("status").map(|status| match text("previous_filename") {
            Some(before) => format!("{status} from {before}"),
            None => status,
        });
        let patch =
            text("patch").or_else(|| Some("(GitHub shows no diff: binary or too large)".into()));
        Self {
            name: text("filename"),
            state: status,
            additions: file.at("additions").count(),
            deletions: file.at("deletions").count(),
            text: patch.filter(|_| with_patch),
            ..Self::default()
        }
    }

    /// A branch or a tag.
    pub fn reference(reference: Field<'_>) -> Self {
        let protected = reference.at("protected").flag() == Some(true);
        Self {
            name: reference.at("name").text(),
            sha: reference.at("commit.sha").text(),
            state: protected.then(|| "protected".into()),
            ..Self::default()
        }
    }

    pub fn release(release: Field<'_>) -> Self {
        let text = |name| release.at(name).text();
        let is = |name: &'static str| release.at(name).flag() == Some(true);
        let state = [(is("draft"), "draft"), (is("prerelease"), "prerelease")];
        Self {
            name: text("tag_name").or_else(|| text("name")),
            id: release.at("id").count(),
            state: state.iter().find(|(is, _)| *is).map(|(_, name)| (*name).into()),
            date: text("published_at").or_else(|| text("created_at")),
            text: text("body"),
            url: text("html_url"),
            ..Self::default()
        }
    }

    /// A label or a milestone.
    pub fn label(label: Field<'_>) -> Self {
        let text = |name| label.at(name).text();
        Self {
            name: text("name").or_else(|| text("title")),
            number: label.at("number").count(),
            state: text("state"),
            date: text("due_on"),
            text: text("description"),
            ..Self::default()
        }
    }

    /// A run of a workflow, one of its jobs, or a check: its state is how it ended, else where it is.
    pub fn run(run: Field<'_>) -> Self {
        let text = |name| run.at(name).text();
        Self {
            name: text("display_title").or_else(|| text("name")),
            id: run.at("id").count(),
            sha: text("head_sha"),
            state: text("conclusion").or_else(|| text("status")),
            date: text("created_at").or_else(|| text("started_at")),
            url: text("html_url"),
            ..Self::default()
        }
    }
}
