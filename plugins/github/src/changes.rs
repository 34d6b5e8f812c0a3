//! What a commit changes, or what lies between two.

use lenient::{Answer, Field};
use serde::Serialize;

use crate::api::{Api, Page};
use crate::entry::{Entry, List};
use crate::name::{Repository as Name, encoded};

/// Files that GitHub shows of one change.
const MAX_FILES: usize = 300;
/// Commits that are named of a comparison.
const MAX_COMMITS: usize = 50;

/// A commit, or the difference between two, with the files that it changes.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Changes {
    #[serde(flatten)]
    pub entry: Entry,
    pub files: List<Entry>,
}

/// `reference` is a commit, branch or tag, or two of them as `BASE...HEAD`.
pub fn get(api: &Api, name: &Name, reference: &str, page: Page) -> Result<Changes, String> {
    let what = format!("`{reference}` in `{name}`");
    let at = encoded(reference)?;
    if at.is_empty() {
        return Err("`ref` is empty; write a commit, branch or tag, or two as `BASE...HEAD`".into());
    }
    let answer = match reference.contains("..") {
        true if !reference.contains("...") => {
            return Err(format!("`ref` is `{reference}`; write `BASE...HEAD`, with three dots"));
        }
        true => api.ask(&what, api.get(&format!("{}/compare/{at}", name.path())))?,
        false => api.ask(&what, api.get(&format!("{}/commits/{at}", name.path())))?,
    };
    let mut entry = if reference.contains("..") { compared(&answer) } else { commit(&answer) };
    let files = files(&answer, page).cut_with(entry.text.as_mut());
    Ok(Changes { entry, files })
}

fn commit(answer: &Answer) -> Entry {
    Entry {
        additions: answer.at("stats.additions").count(),
        deletions: answer.at("stats.deletions").count(),
        ..Entry::commit(answer.root())
    }
}

/// How far apart two commits are, with the first lines of what lies between them.
fn compared(answer: &Answer) -> Entry {
    let count = |name| answer.at(name).count().map_or("?".into(), |count: u64| count.to_string());
    let line = |commit: Field<'_>| {
        let sha: String = commit.at("sha").text().unwrap_or_default().chars().take(10).collect();
        let message = commit.at("commit.message").text().unwrap_or_default();
        format!("{sha} {}", message.lines().next().unwrap_or_default())
    };
    let all = answer.at("commits");
    let mut lines: Vec<_> = all.items().take(MAX_COMMITS).map(line).collect();
    let total = answer.at("total_commits").count().unwrap_or(0);
    let more = total.saturating_sub(u64::try_from(lines.len()).unwrap_or(u64::MAX));
    if more > 0 {
        lines.push(format!("({more} more commits)"));
    }
    let state = answer.at("status").text().unwrap_or_else(|| "compared".into());
    Entry {
        state: Some(format!(
            "{state}: {} commits ahead, {} behind",
            count("ahead_by"),
            count("behind_by")
        )),
        text: Some(lines.join("\n")).filter(|text| !text.is_empty()),
        url: answer.at("html_url").text(),
        ..Entry::default()
    }
}

/// One page of the files, all of which came at once.
fn files(answer: &Answer, page: Page) -> List<Entry> {
    let (size, number) =
        (usize::try_from(page.size).unwrap_or(1), usize::try_from(page.number).unwrap_or(1));
    let before = size.saturating_mul(number.saturating_sub(1));
    let total = answer.at("files").items().count();
    let items = answer
        .at("files")
        .items()
        .skip(before)
        .take(size)
        .map(|file| Entry::file(file, true))
        .collect();
    let is_last = before.saturating_add(size) >= total;
    List {
        items,
        total: u64::try_from(total).ok(),
        next_page: if is_last { None } else { page.next() },
        note: (total >= MAX_FILES)
            .then(|| format!("GitHub shows the first {MAX_FILES} files; there may be more.")),
    }
}
