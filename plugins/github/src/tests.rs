//! The tools, with answers as GitHub gives them.

use crate::github;
use crate::pulls::State;
use toolrack_sdk::http::{self, Response};

const REPOSITORY: &str = r#"{"id":1,"full_name":"a/b","description":null,"html_url":"https://github.com/a/b",
    "stargazers_count":5,"forks_count":2,"open_issues_count":1,"language":null,"topics":["x"],
    "license":{"key":"other","name":"Other","spdx_id":"NOASSERTION"},"default_branch":"main",
    "archived":false,"private":false,"homepage":"","created_at":"2020-01-01T00:00:00Z",
    "pushed_at":"2026-01-01T00:00:00Z"}"#;
const ISSUE: &str = r#"{"number":7,"title":"It fails","state":"open","user":{"login":"ada"},"body":"Steps",
    "labels":[{"id":1,"name":"bug"}],"comments":1,"created_at":"2026-01-01T00:00:00Z",
    "updated_at":"2026-01-02T00:00:00Z","html_url":"https://github.com/a/b/issues/7"}"#;
const COMMENTS: &str = r#"[{"user":null,"created_at":"2026-01-02T00:00:00Z","body":"Same here",
    "html_url":"https://github.com/a/b/issues/7#issuecomment-1"}]"#;
const PULL: &str = r#"{"number":8,"title":"Fix it","state":"open","draft":false,"user":{"login":"ada"},
    "labels":[],"head":{"label":"ada:fix","ref":"fix"},"base":{"label":null,"ref":"main"},"body":null,
    "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z","merged_at":null,
    "html_url":"https://github.com/a/b/pull/8","commits":1,"additions":2,"deletions":1,
    "changed_files":1,"comments":0,"review_comments":0,"mergeable":null}"#;
const FILES: &str = r#"[{"filename":"src/a.rs","status":"modified","additions":2,"deletions":1,
    "patch":"@@ -1 +1 @@\n-a\n+b"}]"#;

/// Answers by path and query, and nothing else.
fn serve(answers: &'static [(&'static str, &'static str)]) {
    http::mock(move |request| {
        let path = request.url().strip_prefix("https://api.github.com").expect("GitHub");
        let known = answers.iter().find(|(known, _)| *known == path);
        Response::new(200, known.unwrap_or_else(|| panic!("asked for {path}")).1)
    });
}

#[test]
fn a_repository_is_told_in_what_matters() {
    serve(&[("/repos/a/b", REPOSITORY)]);
    let repository = github::get_repository("https://github.com/a/b").unwrap().0;
    assert_eq!((repository.name.as_str(), repository.stars), ("a/b", 5));
    assert_eq!(repository.license.as_deref(), Some("Other"));
    assert_eq!(repository.description, "");
}

#[test]
fn what_is_found_comes_with_its_number() {
    http::mock(|request| {
        assert_eq!(
            request.url(),
            "https://api.github.com/search/issues?q=is%3Aopen%20repo%3Aa%2Fb&per_page=20&page=2"
        );
        Response::new(200, format!(r#"{{"total_count":41,"items":[{ISSUE}]}}"#))
            .with_header("link", "<x>; rel=\"next\"")
    });
    let found = github::search_issues("is:open", Some("a/b".into()), 2).unwrap().0;
    assert_eq!((found.total, found.next_page, found.items.len()), (Some(41), Some(3), 1));
    assert!(!found.items[0].is_pull_request);
    assert_eq!(found.items[0].labels, ["bug"]);
}

#[test]
fn an_issue_comes_with_its_comments() {
    serve(&[
        ("/repos/a/b/issues/7", ISSUE),
        ("/repos/a/b/issues/7/comments?per_page=20&page=1", COMMENTS),
    ]);
    let thread = github::get_issue("a/b", 7, 1).unwrap().0;
    assert_eq!((thread.issue.author.as_str(), thread.body.as_str()), ("ada", "Steps"));
    // Whoever wrote it has left.
    assert_eq!(thread.discussion.items[0].author, "ghost");
    assert_eq!(thread.discussion.total, Some(1));
}

#[test]
fn a_pull_request_comes_with_what_it_changes() {
    serve(&[("/repos/a/b/pulls/8", PULL), ("/repos/a/b/pulls/8/files?per_page=20&page=1", FILES)]);
    let check = |patch: bool, expected: &str| {
        let change = github::get_pull_request("a/b", 8, patch, 1).unwrap().0;
        assert_eq!(change.files.items[0].patch, expected);
        let pull = change.pull_request;
        assert_eq!((pull.head.as_str(), pull.base.as_str()), ("ada:fix", "main"));
        assert_eq!(change.size.additions, 2);
    };
    check(false, "");
    check(true, "@@ -1 +1 @@\n-a\n+b");
}

#[test]
fn lists_are_asked_for_as_they_are_wanted() {
    serve(&[
        ("/repos/a/b/pulls?state=all&per_page=20&page=3", "[]"),
        ("/repos/a/b/commits?path=src%2Fa.rs&sha=v1&per_page=20&page=1", COMMITS),
        ("/repos/a/b/releases?per_page=20&page=1", RELEASES),
    ]);
    assert!(github::list_pull_requests("a/b", State::All, 3).unwrap().0.items.is_empty());
    let commits = github::list_commits("a/b", Some("src/a.rs".into()), Some("v1".into()), 1);
    let commit = &commits.unwrap().0.items[0];
    assert_eq!((commit.author.as_str(), commit.message.as_str()), ("Ada", "Begin"));
    assert_eq!(github::list_releases("a/b", 1).unwrap().0.items[0].tag, "v1");
}

const COMMITS: &str = r#"[{"sha":"abc","html_url":"https://github.com/a/b/commit/abc","commit":
    {"author":{"name":"Ada","date":"2026-01-01T00:00:00Z"},"message":"Begin"}}]"#;
const RELEASES: &str = r#"[{"tag_name":"v1","name":null,"published_at":null,"prerelease":false,
    "body":null,"html_url":"https://github.com/a/b/releases/v1"}]"#;

#[test]
fn code_comes_with_the_places_that_match() {
    http::mock(|request| {
        assert_eq!(request.header_value("accept"), Some("application/vnd.github.text-match+json"));
        let found = r#"{"total_count":1,"items":[{"path":"a.rs","html_url":"https://github.com/x",
            "repository":{"full_name":"a/b"},"text_matches":[{"fragment":"fn a()"}]}]}"#;
        Response::new(200, found)
    });
    let found = github::search_code("fn", None, 1).unwrap().0;
    assert_eq!(found.items[0].fragments, ["fn a()"]);
}

#[test]
fn what_is_written_is_sent_and_where_it_stands_is_told() {
    http::mock(|request| {
        assert_eq!(request.method(), "POST");
        let content: serde_json::Value = serde_json::from_slice(request.content()).unwrap();
        match request.url() {
            "https://api.github.com/repos/a/b/issues" => {
                assert_eq!(
                    content,
                    serde_json::json!({ "title": "T", "body": "B", "labels": ["bug"] })
                );
                Response::new(201, r#"{"number":9,"html_url":"https://github.com/a/b/issues/9"}"#)
            }
            "https://api.github.com/repos/a/b/issues/9/comments" => {
                assert_eq!(content, serde_json::json!({ "body": "Me too" }));
                Response::new(201, r#"{"html_url":"https://github.com/a/b/issues/9#c"}"#)
            }
            other => panic!("asked for {other}"),
        }
    });
    let issue = github::create_issue("a/b", "T", "B".into(), vec!["bug".into()]).unwrap().0;
    assert_eq!(issue.number, Some(9));
    assert!(github::add_comment("a/b", 9, "Me too").unwrap().0.url.ends_with("#c"));
    assert!(github::create_issue("a/b", " ", String::new(), Vec::new()).is_err());
    assert!(github::add_comment("a/b", 9, "\n").is_err());
}
