//! The tools, with answers in the shapes that GitHub documents, whole and with each field changed.

use std::cell::RefCell;
use std::rc::Rc;

use lenient::{Change, variants};
use serde_json::{Value, json};
use toolrack_sdk::http::{self, Response};

use crate::github;
use crate::pulls::{LineComment, Method, Part, Verdict};
use crate::repositories::{Kind, State};

fn whole(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn user() -> Value {
    json!({ "login": "ada", "id": 1, "type": "User" })
}

fn repository() -> Value {
    whole(
        r#"{"id":1,"name":"b","full_name":"a/b","owner":{"login":"a"},"description":"About","html_url":"https://github.com/a/b",
        "stargazers_count":5,"forks_count":2,"open_issues_count":1,"language":"Rust","topics":["x"],
        "license":{"key":"other","name":"Other","spdx_id":"NOASSERTION"},"default_branch":"main",
        "archived":true,"private":false,"fork":false,"homepage":"","created_at":"2020-01-01T00:00:00Z",
        "pushed_at":"2026-01-01T00:00:00Z"}"#,
    )
}

fn issue() -> Value {
    json!({ "id": 9, "number": 7, "title": "It fails", "state": "closed", "state_reason": "not_planned", "user": user(),
        "body": "Steps", "labels": [{ "id": 1, "name": "bug", "color": "f00" }], "comments": 1, "locked": false,
        "repository_url": "https://api.github.com/repos/a/b", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z", "html_url": "https://github.com/a/b/issues/7" })
}

fn comment() -> Value {
    json!({ "id": 11, "user": user(), "created_at": "2026-01-02T00:00:00Z", "body": "Same here",
        "html_url": "https://github.com/a/b/issues/7#issuecomment-11" })
}

fn pull() -> Value {
    json!({ "number": 8, "title": "Fix it", "state": "open", "draft": false, "user": user(), "labels": [],
        "head": { "label": "ada:fix", "ref": "fix", "sha": "abc123" }, "base": { "label": "a:main", "ref": "main" },
        "body": "Closes #7", "created_at": "2026-01-01T00:00:00Z", "merged_at": null, "merged": false,
        "html_url": "https://github.com/a/b/pull/8", "commits": 1, "additions": 2, "deletions": 1, "changed_files": 1,
        "comments": 0, "review_comments": 1, "mergeable": true, "mergeable_state": "clean" })
}

fn file() -> Value {
    json!({ "sha": "f1", "filename": "src/a.rs", "status": "renamed", "previous_filename": "src/b.rs", "additions": 2,
        "deletions": 1, "changes": 3, "patch": "@@ -1 +1 @@\n-a\n+b" })
}

fn commit() -> Value {
    json!({ "sha": "abc123", "html_url": "https://github.com/a/b/commit/abc123", "author": user(), "commit":
        { "author": { "name": "Ada", "date": "2026-01-01T00:00:00Z" }, "message": "Begin\n\nAt last" } })
}

fn run() -> Value {
    json!({ "id": 30, "name": "CI", "display_title": "Begin", "head_sha": "abc123", "head_branch": "main",
        "status": "completed", "conclusion": "failure", "created_at": "2026-01-01T00:00:00Z",
        "html_url": "https://github.com/a/b/actions/runs/30" })
}

fn job() -> Value {
    json!({ "id": 40, "name": "test", "status": "completed", "conclusion": "failure", "started_at": "2026-01-01T00:00:00Z",
        "html_url": "https://github.com/a/b/actions/runs/30/job/40",
        "steps": [{ "number": 2, "name": "cargo test", "conclusion": "failure" }] })
}

/// The answers of a mocked GitHub, by method and path with query.
type Routes = Vec<(&'static str, Value)>;

/// Answers by method and path, and nothing else; what was sent is kept.
fn serve(routes: Routes) -> Rc<RefCell<Vec<(String, Value)>>> {
    let sent = Rc::new(RefCell::new(Vec::new()));
    let kept = sent.clone();
    http::mock(move |request| {
        let path = request.url().strip_prefix("https://api.github.com").expect("GitHub");
        let asked = format!("{} {path}", request.method());
        if !request.content().is_empty() {
            let content = serde_json::from_slice(request.content()).expect("JSON");
            kept.borrow_mut().push((asked.clone(), content));
        }
        let known = routes.iter().find(|(known, _)| *known == asked);
        Response::new(200, known.unwrap_or_else(|| panic!("asked for {asked}")).1.to_string())
    });
    sent
}

/// A call that reads, with all that it asks GitHub for.
type Reading = (&'static str, fn() -> Result<Value, String>, Routes);

fn json_of<T: serde::Serialize>(
    result: Result<toolrack_sdk::Json<T>, String>,
) -> Result<Value, String> {
    result.map(|json| serde_json::to_value(json.0).expect("JSON"))
}

fn listing(kind: Kind) -> Result<Value, String> {
    json_of(github::list("a/b", kind, None, None, None, None, None))
}

fn pull_part(part: Part) -> Result<Value, String> {
    json_of(github::get_pull_request("a/b", 8, part, None, None))
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn readings() -> Vec<Reading> {
    let found =
        |item: Value| json!({ "total_count": 41, "incomplete_results": false, "items": [item] });
    let base = ("GET /repos/a/b/pulls/8", pull());
    vec![
        (
            "get_repository",
            || json_of(github::get_repository("a/b")),
            vec![("GET /repos/a/b", repository())],
        ),
        (
            "search_repositories",
            || json_of(github::search_repositories("x", None)),
            vec![("GET /search/repositories?q=x&per_page=20&page=1", found(repository()))],
        ),
        (
            "search_issues",
            || json_of(github::search_issues("x", Some("a/b".into()), None)),
            vec![("GET /search/issues?q=x%20repo%3Aa%2Fb&per_page=20&page=1", found(issue()))],
        ),
        (
            "search_code",
            || json_of(github::search_code("x", None, None, None)),
            vec![(
                "GET /search/code?q=x&per_page=20&page=1",
                found(
                    json!({ "name": "a.rs", "path": "src/a.rs", "html_url": "https://github.com/x",
                    "repository": { "full_name": "a/b" }, "text_matches": [{ "fragment": "fn a()" }] }),
                ),
            )],
        ),
        (
            "get_issue",
            || json_of(github::get_issue("a/b", 7, None, None)),
            vec![
                ("GET /repos/a/b/issues/7", issue()),
                ("GET /repos/a/b/issues/7/comments?per_page=20&page=1", json!([comment()])),
            ],
        ),
        (
            "files",
            || pull_part(Part::Files),
            vec![
                base.clone(),
                ("GET /repos/a/b/pulls/8/files?per_page=20&page=1", json!([file()])),
            ],
        ),
        (
            "diff",
            || pull_part(Part::Diff),
            vec![
                base.clone(),
                ("GET /repos/a/b/pulls/8/files?per_page=20&page=1", json!([file()])),
            ],
        ),
        (
            "commits",
            || pull_part(Part::Commits),
            vec![
                base.clone(),
                ("GET /repos/a/b/pulls/8/commits?per_page=20&page=1", json!([commit()])),
            ],
        ),
        (
            "reviews",
            || pull_part(Part::Reviews),
            vec![
                base.clone(),
                (
                    "GET /repos/a/b/pulls/8/reviews?per_page=20&page=1",
                    json!([{ "id": 5, "user": user(), "body": "Good", "state": "APPROVED",
                        "submitted_at": "2026-01-02T00:00:00Z" }]),
                ),
            ],
        ),
        (
            "comments",
            || pull_part(Part::Comments),
            vec![
                base.clone(),
                (
                    "GET /repos/a/b/pulls/8/comments?per_page=20&page=1",
                    json!([{ "id": 6, "user": user(), "body": "Why?", "path": "src/a.rs", "line": 3, "original_line": 2,
                        "created_at": "2026-01-02T00:00:00Z" }]),
                ),
            ],
        ),
        (
            "checks",
            || pull_part(Part::Checks),
            vec![
                base.clone(),
                (
                    "GET /repos/a/b/commits/abc123/check-runs?per_page=20&page=1",
                    json!({ "total_count": 1, "check_runs": [{ "id": 40, "name": "test", "status": "in_progress",
                        "conclusion": null, "started_at": "2026-01-01T00:00:00Z" }] }),
                ),
            ],
        ),
        (
            "issues",
            || listing(Kind::Issues),
            vec![("GET /repos/a/b/issues?per_page=20&page=1", json!([issue()]))],
        ),
        (
            "pulls",
            || listing(Kind::PullRequests),
            vec![("GET /repos/a/b/pulls?per_page=20&page=1", json!([pull()]))],
        ),
        (
            "commits",
            || listing(Kind::Commits),
            vec![("GET /repos/a/b/commits?per_page=20&page=1", json!([commit()]))],
        ),
        (
            "branches",
            || listing(Kind::Branches),
            vec![(
                "GET /repos/a/b/branches?per_page=20&page=1",
                json!([{ "name": "main", "commit": { "sha": "abc" }, "protected": true }]),
            )],
        ),
        (
            "tags",
            || listing(Kind::Tags),
            vec![(
                "GET /repos/a/b/tags?per_page=20&page=1",
                json!([{ "name": "v1", "commit": { "sha": "abc" } }]),
            )],
        ),
        (
            "releases",
            || listing(Kind::Releases),
            vec![(
                "GET /repos/a/b/releases?per_page=20&page=1",
                json!([{ "id": 3, "tag_name": "v1", "name": "One", "published_at": "2026-01-01T00:00:00Z",
                    "created_at": "2026-01-01T00:00:00Z", "draft": false, "prerelease": true, "body": "Notes",
                    "html_url": "https://github.com/a/b/releases/v1" }]),
            )],
        ),
        (
            "labels",
            || listing(Kind::Labels),
            vec![(
                "GET /repos/a/b/labels?per_page=20&page=1",
                json!([{ "name": "bug", "description": "It is wrong" }]),
            )],
        ),
        (
            "milestones",
            || listing(Kind::Milestones),
            vec![(
                "GET /repos/a/b/milestones?per_page=20&page=1",
                json!([{ "number": 1, "title": "1.0", "state": "open", "description": "First", "due_on": "2026-01-01T00:00:00Z" }]),
            )],
        ),
        (
            "runs",
            || listing(Kind::Runs),
            vec![(
                "GET /repos/a/b/actions/runs?per_page=20&page=1",
                json!({ "total_count": 1, "workflow_runs": [run()] }),
            )],
        ),
        (
            "get_changes",
            || json_of(github::get_changes("a/b", "v1", None, None)),
            vec![("GET /repos/a/b/commits/v1?per_page=20&page=1", {
                let mut commit = commit();
                commit["stats"] = json!({ "additions": 2, "deletions": 1, "total": 3 });
                commit["files"] = json!([file()]);
                commit
            })],
        ),
        (
            "compare",
            || json_of(github::get_changes("a/b", "v1...main", None, None)),
            vec![(
                "GET /repos/a/b/compare/v1...main",
                json!({ "status": "ahead", "ahead_by": 1, "behind_by": 0, "total_commits": 1, "commits": [commit()],
                    "files": [file()], "html_url": "https://github.com/a/b/compare/v1...main" }),
            )],
        ),
        (
            "get_run",
            || json_of(github::get_run("a/b", 30)),
            vec![
                ("GET /repos/a/b/actions/runs/30", run()),
                (
                    "GET /repos/a/b/actions/runs/30/jobs?per_page=100&page=1",
                    json!({ "total_count": 1, "jobs": [job()] }),
                ),
                (
                    "GET /repos/a/b/check-runs/40/annotations",
                    json!([{ "path": "src/a.rs", "start_line": 3, "annotation_level": "failure", "message": "expected ;" }]),
                ),
            ],
        ),
        (
            "list_notifications",
            || json_of(github::list_notifications(false, None)),
            vec![(
                "GET /notifications?all=false&per_page=20&page=1",
                json!([{ "id": "77", "unread": true, "reason": "review_requested", "updated_at": "2026-01-01T00:00:00Z",
                    "repository": { "full_name": "a/b" }, "subject": { "title": "Fix it", "type": "PullRequest",
                    "url": "https://api.github.com/repos/a/b/pulls/8" } }]),
            )],
        ),
    ]
}

#[test]
fn whatever_field_is_absent_null_or_of_another_type_the_call_answers() {
    for (tool, call, routes) in readings() {
        serve(routes.clone());
        call().unwrap_or_else(|error| panic!("{tool}: {error}"));
        for (at, (asked, answer)) in routes.iter().enumerate() {
            for Change { what, answer } in variants(answer) {
                let mut changed = routes.clone();
                changed[at].1 = answer;
                // A field that names what to ask for next may lead elsewhere.
                http::mock(move |request| {
                    let asked =
                        request.url().strip_prefix("https://api.github.com").expect("GitHub");
                    let known =
                        changed.iter().find(|(known, _)| known.strip_prefix("GET ") == Some(asked));
                    known.map_or_else(
                        || Response::new(404, "{}"),
                        |(_, body)| Response::new(200, body.to_string()),
                    )
                });
                let told = call();
                let is_needed = [
                    "/items is ",
                    "/jobs is ",
                    "/workflow_runs is ",
                    "/check_runs is ",
                    "/head is ",
                    "/head/sha is ",
                ];
                assert!(
                    told.is_ok() || is_needed.iter().any(|start| what.starts_with(start)),
                    "{tool}, {asked}: {what}: {told:?}"
                );
            }
        }
    }
}

#[test]
fn answers_are_told_in_what_matters() {
    let check = |tool: &str, expected: Value| {
        let (_, call, routes) =
            readings().into_iter().find(|(name, ..)| *name == tool).expect(tool);
        serve(routes);
        let told = call().expect(tool);
        let (told, expected) = (
            told.as_object().expect("an object"),
            expected.as_object().expect("an object").clone(),
        );
        for (key, value) in expected {
            assert_eq!(told.get(&key), Some(&value), "{tool}: {key} of {told:?}");
        }
    };
    check(
        "get_repository",
        json!({ "name": "a/b", "stars": 5, "license": "Other", "is": ["archived"] }),
    );
    check(
        "search_issues",
        json!({ "total": 41, "items": [{ "name": "It fails", "repository": "a/b", "number": 7, "state": "closed, not planned",
            "author": "ada", "date": "2026-01-01T00:00:00Z", "labels": ["bug"], "url": "https://github.com/a/b/issues/7" }] }),
    );
    check(
        "get_issue",
        json!({ "text": "Steps", "comments": { "total": 1, "items": [{ "id": 11, "author": "ada",
        "date": "2026-01-02T00:00:00Z", "text": "Same here" }] } }),
    );
    check(
        "diff",
        json!({ "head": "ada:fix", "base": "a:main", "mergeable": "clean", "sha": "abc123", "state": "open pull request",
        "part": { "total": 1, "items": [{ "name": "src/a.rs", "state": "renamed from src/b.rs", "additions": 2, "deletions": 1,
        "text": "@@ -1 +1 @@\n-a\n+b" }] } }),
    );
    check(
        "files",
        json!({ "part": { "total": 1, "items": [{ "name": "src/a.rs", "state": "renamed from src/b.rs",
        "additions": 2, "deletions": 1 }] } }),
    );
    check(
        "comments",
        json!({ "part": { "total": 1, "items": [{ "name": "src/a.rs:3", "id": 6, "author": "ada",
        "date": "2026-01-02T00:00:00Z", "text": "Why?" }] } }),
    );
    check(
        "checks",
        json!({ "part": { "total": 1, "items": [{ "name": "test", "id": 40, "state": "in_progress",
        "date": "2026-01-01T00:00:00Z" }] } }),
    );
    check(
        "compare",
        json!({ "state": "ahead: 1 commits ahead, 0 behind", "text": "abc123 Begin" }),
    );
    check(
        "get_run",
        json!({ "state": "failure", "jobs": { "total": 1, "items": [{ "name": "test", "id": 40,
        "state": "failure", "date": "2026-01-01T00:00:00Z", "text": "step 2 failed: cargo test\nsrc/a.rs:3: expected ;",
        "url": "https://github.com/a/b/actions/runs/30/job/40" }] } }),
    );
    check(
        "list_notifications",
        json!({ "items": [{ "name": "Fix it", "repository": "a/b", "number": 8, "id": 77,
        "state": "PullRequest, review requested", "date": "2026-01-01T00:00:00Z" }] }),
    );
}

#[test]
fn what_is_incomplete_is_told() {
    let search = |body: Value| {
        http::mock(move |_| {
            Response::new(200, body.to_string()).with_header("link", "<x>; rel=\"next\"")
        });
        github::search_issues("x", None, Some(2)).unwrap().0
    };
    let found =
        search(json!({ "total_count": 5, "incomplete_results": true, "items": [issue(), null] }));
    assert_eq!((found.total, found.next_page, found.items.len()), (Some(5), Some(3), 1));
    let note = found.note.unwrap();
    assert!(
        note.contains("1 items came without content")
            && note.contains("incomplete: GitHub ran out of time"),
        "{note}"
    );
    let found = search(json!({ "total_count": 1001, "items": [issue()] }));
    assert!(found.note.unwrap().contains("only the first 1000 results"));
    serve(vec![("GET /search/issues?q=x&per_page=20&page=1", json!({ "message": "odd" }))]);
    let error = github::search_issues("x", None, None).err().unwrap();
    assert!(error.contains("answers without a list"), "{error}");
    assert!(github::search_issues(" ", None, None).err().unwrap().contains("`query` is empty"));
}

#[test]
fn long_texts_share_a_page_and_say_how_to_get_the_rest() {
    let mut first = issue();
    first["body"] = json!("b".repeat(65_536));
    let mut long = comment();
    long["body"] = json!("ü".repeat(40_000));
    let comments: Vec<_> = std::iter::repeat_n(long, 20).collect();
    serve(vec![
        ("GET /repos/a/b/issues/7", first),
        ("GET /repos/a/b/issues/7/comments?per_page=20&page=1", json!(comments)),
    ]);
    let thread = json_of(github::get_issue("a/b", 7, None, None)).unwrap();
    assert!(thread.to_string().len() < 60_000);
    let text = thread["comments"]["items"][3]["text"].as_str().unwrap();
    assert!(text.ends_with("a smaller `per_page` shows more of each text)"), "{text}");
}

#[test]
fn a_list_is_narrowed_by_what_fits_its_kind() {
    let list = |kind, state, r#ref: Option<&str>, path: Option<&str>| {
        github::list(
            "a/b",
            kind,
            state,
            r#ref.map(Into::into),
            path.map(Into::into),
            Some(3),
            Some(100),
        )
    };
    serve(vec![
        ("GET /repos/a/b/pulls?state=all&per_page=100&page=3", json!([])),
        ("GET /repos/a/b/commits?sha=v1&path=src%2Fa.rs&per_page=100&page=3", json!([commit()])),
        (
            "GET /repos/a/b/actions/runs?branch=main&per_page=100&page=3",
            json!({ "workflow_runs": [] }),
        ),
    ]);
    assert!(list(Kind::PullRequests, Some(State::All), None, None).unwrap().0.items.is_empty());
    let commits = list(Kind::Commits, None, Some("v1"), Some("src/a.rs")).unwrap().0;
    assert_eq!(commits.items[0].text.as_deref(), Some("Begin\n\nAt last"));
    assert!(list(Kind::Runs, None, Some("main"), None).is_ok());
    for (kind, state, reference, path) in [
        (Kind::Commits, Some(State::Open), None, None),
        (Kind::Tags, None, Some("v1"), None),
        (Kind::Runs, None, None, Some("a")),
    ] {
        let error = list(kind, state, reference, path).err().unwrap();
        assert!(error.contains("narrows only"), "{error}");
    }
    assert!(list(Kind::Commits, None, None, Some("../x")).is_err());
}

#[test]
fn issues_are_opened_and_changed() {
    let url = json!({ "number": 9, "html_url": "https://github.com/a/b/issues/9" });
    let sent = serve(vec![
        ("POST /repos/a/b/issues", url.clone()),
        ("PATCH /repos/a/b/issues/9", url.clone()),
        ("POST /repos/a/b/issues/9/labels", json!([])),
        ("DELETE /repos/a/b/issues/9/labels/needs%20work", json!([])),
        (
            "POST /repos/a/b/issues/9/comments",
            json!({ "html_url": "https://github.com/a/b/issues/9#c" }),
        ),
        ("POST /repos/a/b/pulls/9/comments/4/replies", json!({})),
    ]);
    let write = |number, title: &str, state, labels: &[&str], remove: &[&str]| {
        let all = |list: &[&str]| list.iter().map(|label| (*label).to_owned()).collect();
        let title = Some(title.to_owned()).filter(|title| !title.is_empty());
        github::write_issue("a/b", number, title, None, state, all(labels), all(remove), None)
            .map(|json| json.0)
    };
    assert_eq!(write(None, "T", None, &["bug"], &[]).unwrap().number, Some(9));
    write(Some(9), "", Some(crate::issues::State::Completed), &["done"], &["needs work"]).unwrap();
    github::add_comment("a/b", 9, "Me too", None).unwrap();
    github::add_comment("a/b", 9, "Fixed", Some(4)).unwrap();
    let expected = [
        ("POST /repos/a/b/issues", json!({ "title": "T", "labels": ["bug"] })),
        ("PATCH /repos/a/b/issues/9", json!({ "state": "closed", "state_reason": "completed" })),
        ("POST /repos/a/b/issues/9/labels", json!({ "labels": ["done"] })),
        ("POST /repos/a/b/issues/9/comments", json!({ "body": "Me too" })),
        ("POST /repos/a/b/pulls/9/comments/4/replies", json!({ "body": "Fixed" })),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(asked, body)| (asked.to_owned(), body)).collect();
    assert_eq!(*sent.borrow(), expected);
    for (wrong, part) in [
        (write(None, "", None, &[], &[]), "needs a `title`"),
        (write(None, "T", Some(crate::issues::State::Open), &[], &[]), "give its `number`"),
        (write(Some(9), "", None, &[], &[]), "nothing is to be changed"),
        (write(Some(9), " ", None, &[], &[]), "`title` is empty"),
        (write(Some(9), "", None, &[], &["x"; 11]), "more than 10"),
    ] {
        let error = wrong.unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    assert!(github::add_comment("a/b", 9, "\n", None).is_err());
}

#[test]
fn a_change_that_was_half_made_is_told() {
    http::mock(|request| match request.method() {
        "PATCH" => Response::new(200, "{}"),
        _ => Response::new(404, r#"{"message":"Label does not exist"}"#),
    });
    let wrong = github::write_issue(
        "a/b",
        Some(9),
        Some("T".into()),
        None,
        None,
        Vec::new(),
        vec!["x".into()],
        None,
    );
    let error = wrong.err().unwrap();
    assert!(
        error.contains("was changed, but not its labels") && error.contains("label `x`"),
        "{error}"
    );
}

#[test]
fn pull_requests_are_opened_merged_and_reviewed() {
    let written = json!({ "number": 8, "html_url": "https://github.com/a/b/pull/8" });
    let sent = serve(vec![
        ("GET /repos/a/b", repository()),
        ("POST /repos/a/b/pulls", written.clone()),
        ("PATCH /repos/a/b/pulls/8", written),
        ("POST /repos/a/b/pulls/8/requested_reviewers", json!({})),
        (
            "PUT /repos/a/b/pulls/8/merge",
            json!({ "sha": "abc", "merged": true, "message": "Merged" }),
        ),
        (
            "POST /repos/a/b/pulls/8/reviews",
            json!({ "id": 5, "html_url": "https://github.com/a/b/pull/8#r" }),
        ),
    ]);
    let write = |number, title: Option<&str>, head: Option<&str>, state, reviewers: &[&str]| {
        let reviewers = reviewers.iter().map(|name| (*name).to_owned()).collect();
        let (title, head) = (title.map(Into::into), head.map(Into::into));
        github::write_pull_request("a/b", number, title, None, head, None, false, state, reviewers)
            .map(|json| json.0)
    };
    assert_eq!(write(None, Some("T"), Some("fix"), None, &["bob"]).unwrap().number, Some(8));
    write(Some(8), None, None, Some(crate::pulls::State::Closed), &[]).unwrap();
    write(Some(8), None, None, None, &["eve"]).unwrap();
    let merged = github::merge_pull_request(
        "a/b",
        8,
        Method::Squash,
        Some("Fix\n\nAll".into()),
        Some("abc".into()),
    );
    assert_eq!(merged.unwrap().0.sha.as_deref(), Some("abc"));
    let line = LineComment { path: "a.rs".into(), line: 3, body: "Why?".into() };
    github::review_pull_request("a/b", 8, Verdict::RequestChanges, "No".into(), vec![line])
        .unwrap();
    github::review_pull_request("a/b", 8, Verdict::Approve, String::new(), Vec::new()).unwrap();
    let expected = [
        ("POST /repos/a/b/pulls", json!({ "title": "T", "head": "fix", "base": "main" })),
        ("POST /repos/a/b/pulls/8/requested_reviewers", json!({ "reviewers": ["bob"] })),
        ("PATCH /repos/a/b/pulls/8", json!({ "state": "closed" })),
        ("POST /repos/a/b/pulls/8/requested_reviewers", json!({ "reviewers": ["eve"] })),
        (
            "PUT /repos/a/b/pulls/8/merge",
            json!({ "merge_method": "squash", "commit_title": "Fix", "commit_message": "All", "sha": "abc" }),
        ),
        (
            "POST /repos/a/b/pulls/8/reviews",
            json!({ "event": "REQUEST_CHANGES", "body": "No",
                "comments": [{ "path": "a.rs", "line": 3, "side": "RIGHT", "body": "Why?" }] }),
        ),
        ("POST /repos/a/b/pulls/8/reviews", json!({ "event": "APPROVE", "body": "" })),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(asked, body)| (asked.to_owned(), body)).collect();
    assert_eq!(*sent.borrow(), expected);
    assert!(write(None, Some("T"), None, None, &[]).unwrap_err().contains("the branch `head`"));
    assert!(
        write(Some(8), None, Some("x"), None, &[]).unwrap_err().contains("for a new pull request")
    );
    assert!(
        write(Some(8), None, None, None, &[]).unwrap_err().contains("nothing is to be changed")
    );
    let empty = github::review_pull_request("a/b", 8, Verdict::Comment, " ".into(), Vec::new());
    assert!(empty.err().unwrap().contains("`body` is empty"));
    serve(vec![(
        "PUT /repos/a/b/pulls/8/merge",
        json!({ "merged": false, "message": "Base was modified" }),
    )]);
    let error = github::merge_pull_request("a/b", 8, Method::Merge, None, None).err().unwrap();
    assert!(error.contains("was not merged: Base was modified"), "{error}");
}

#[test]
fn files_and_branches_are_written() {
    let sent = serve(vec![
        (
            "GET /repos/a/b/contents/docs/a.md?ref=docs",
            json!({ "type": "file", "sha": "old", "content": "" }),
        ),
        ("PUT /repos/a/b/contents/docs/a.md", json!({ "content": {}, "commit": { "sha": "new" } })),
        ("GET /repos/a/b", repository()),
        ("GET /repos/a/b/commits/main", commit()),
        ("POST /repos/a/b/git/refs", json!({ "ref": "refs/heads/docs" })),
    ]);
    let write = |path: &str, overwrite| {
        github::write_file("a/b", path, "größe\n", "Say more", Some("docs".into()), overwrite)
            .map(|json| json.0)
    };
    assert_eq!(write("docs/a.md", true).unwrap().sha.as_deref(), Some("new"));
    assert!(write("docs/a.md", false).unwrap_err().contains("set `overwrite`"));
    assert!(write("/", true).unwrap_err().contains("`path` is empty"));
    assert_eq!(
        github::create_branch("a/b", "docs", None).unwrap().0.sha.as_deref(),
        Some("abc123")
    );
    let expected = [
        (
            "PUT /repos/a/b/contents/docs/a.md",
            json!({ "message": "Say more", "content": "Z3LDtsOfZQo=", "branch": "docs", "sha": "old" }),
        ),
        ("POST /repos/a/b/git/refs", json!({ "ref": "refs/heads/docs", "sha": "abc123" })),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(asked, body)| (asked.to_owned(), body)).collect();
    assert_eq!(*sent.borrow(), expected);
    http::mock(|request| match request.method() {
        "GET" => Response::new(404, "{}"),
        _ => Response::new(201, r#"{"commit":{"sha":"new"}}"#),
    });
    assert_eq!(write("new.md", false).unwrap().sha.as_deref(), Some("new"));
}

#[test]
fn a_log_is_fetched_where_it_lies_and_shown_from_its_end() {
    http::mock(|request| match (request.url(), request.header_value("range")) {
        ("https://api.github.com/repos/a/b/actions/jobs/40/logs", _) => {
            Response::new(302, "").with_header("location", "https://logs.example/40?sig=1")
        }
        ("https://logs.example/40?sig=1", None) => {
            Response::new(200, "").with_header("content-length", "5000000")
        }
        ("https://logs.example/40?sig=1", Some("bytes=1854272-")) => {
            Response::new(206, "1\n2\n3\n")
        }
        other => panic!("asked for {other:?}"),
    });
    assert_eq!(
        github::get_log("a/b", 40, Some(2), 0).unwrap(),
        "(the log of job 40 in `a/b`: more than 1 lines before these; go on with `skip` 2)\n2\n3"
    );
    http::mock(|_| Response::new(410, r#"{"message":"Logs are gone"}"#));
    assert!(
        github::get_log("a/b", 40, None, 0)
            .unwrap_err()
            .contains("any more (status 410): Logs are gone")
    );
    http::mock(|request| {
        assert_eq!(
            (request.method(), request.url()),
            ("PATCH", "https://api.github.com/notifications/threads/77")
        );
        Response::new(205, "")
    });
    assert_eq!(github::mark_notification_read(77).unwrap(), "notification 77 is read");
}
