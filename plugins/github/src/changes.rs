//! The changes of a commit, or those between two.

use lenient::{Answer, Field};
use serde::Serialize;

use crate::api::{Api, Page};
use crate::entry::{Entry, List};
use crate::name::{Repository as Name, encoded};

/// Files that GitHub compares at most.
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
    let (mut entry, files) = if reference.contains("...") {
        let answer = api.ask(&what, api.get(&format!("{}/compare/{at}", name.path())))?;
        (compared(&answer), part(&answer, page))
    } else if reference.contains("..") {
        return Err(format!("`ref` is `{reference}`; write `BASE...HEAD`, with three dots"));
    } else {
        let request = api.get(&format!("{}/commits/{at}", name.path()));
        let (answer, next_page) = api.page(&what, request, page)?;
        (commit(&answer), List { next_page, ..files(&answer) })
    };
    let files = files.cut_with(entry.text.as_mut());
    Ok(Changes { entry, files })
}

fn commit(answer: &Answer) -> Entry {
    Entry {
        additions: answer.at("stats.additions").count(),
        deletions: answer.at("stats.deletions").count(),
        ..Entry::commit(answer.root())
    }
}

/// The distance of two commits, with the first lines of what lies between them.
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

/// The files of an answer.
fn files(answer: &Answer) -> List<Entry> {
    List::new(answer.at("files").items().map(|file| Entry::file(file, true)).collect())
}

/// One page of the files of a comparison, which all come at once.
fn part(answer: &Answer, page: Page) -> List<Entry> {
    let size = usize::try_from(page.size).unwrap_or(1);
    let before =
        usize::try_from(page.number - 1).map_or(usize::MAX, |pages| pages.saturating_mul(size));
    let all = files(answer).items;
    let total = all.len();
    let is_last = before.saturating_add(size) >= total;
    List {
        items: all.into_iter().skip(before).take(size).collect(),
        total: u64::try_from(total).ok(),
        next_page: if is_last { None } else { page.next() },
        note: (total >= MAX_FILES)
            .then(|| format!("GitHub compares {MAX_FILES} files at most; there may be more.")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_files_of_a_comparison_come_in_pages() {
        let check = |total: usize, number: u32, expected: (usize, Option<u32>, bool)| {
            let file = json!({ "filename": "a" });
            let all: Vec<_> = std::iter::repeat_n(file, total).collect();
            let answer = Answer::from(json!({ "files": all }));
            let list = part(&answer, Page::new(Some(number), None));
            assert_eq!(
                (list.items.len(), list.next_page, list.note.is_some()),
                expected,
                "{total}, {number}"
            );
        };
        check(0, 1, (0, None, false));
        check(20, 1, (20, None, false));
        check(41, 2, (20, Some(3), false));
        check(41, 3, (1, None, false));
        check(300, 1, (20, Some(2), true));
        check(41, u32::MAX, (0, None, false));
    }
}
