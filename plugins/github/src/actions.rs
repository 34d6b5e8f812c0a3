//! GitHub Actions: runs of workflows, their jobs, and the logs of these.

use lenient::Field;
use serde::Serialize;
use toolrack_sdk::http::Response;

use crate::api::{Api, Page};
use crate::entry::{Entry, List};
use crate::name::Repository as Name;

/// Failed jobs whose messages are fetched, each with a request of its own.
const MAX_FAILED: usize = 3;
/// Messages of one job.
const MAX_MESSAGES: usize = 20;
/// The end of a log that is read, in bytes: less than the host lets through.
const MAX_LOG: u64 = 3 * 1024 * 1024;
/// The end of it that is shown at most, in bytes.
const MAX_SHOWN: usize = 60_000;

/// A run with its jobs.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Run {
    #[serde(flatten)]
    pub run: Entry,
    pub jobs: List<Entry>,
}

pub fn run(api: &Api, name: &Name, id: u64) -> Result<Run, String> {
    let (path, what) =
        (format!("{}/actions/runs/{id}", name.path()), format!("run {id} in `{name}`"));
    let answer = api.ask(&what, api.get(&path))?;
    let page = Page { number: 1, size: Page::MAX_SIZE };
    let mut jobs = api.list(&what, api.get(&format!("{path}/jobs")), page, Some("jobs"), job)?;
    let mut left = MAX_FAILED;
    for job in jobs.items.iter_mut().filter(|job| job.state.as_deref() == Some("failure")) {
        let Some(id) = job.id.filter(|_| left > 0) else { continue };
        left -= 1;
        // The messages are a help: the run is told without them, too.
        let messages =
            messages(api, name, id).unwrap_or_else(|error| format!("(no messages: {error})"));
        job.text =
            Some([job.text.take().unwrap_or_default(), messages].join("\n").trim().to_owned());
    }
    Ok(Run { run: Entry::run(answer.root()), jobs: jobs.cut() })
}

/// A job, with the steps that failed.
fn job(job: Field<'_>) -> Entry {
    let failed = job.at("steps").items().filter(|step| {
        matches!(
            step.at("conclusion").text().as_deref(),
            Some("failure" | "timed_out" | "cancelled")
        )
    });
    let failed: Vec<_> = failed
        .map(|step| {
            let number =
                step.at("number").count().map_or("?".into(), |number: u64| number.to_string());
            format!("step {number} failed: {}", step.at("name").text().unwrap_or_default())
        })
        .collect();
    Entry {
        sha: None,
        text: Some(failed.join("\n")).filter(|text| !text.is_empty()),
        ..Entry::run(job)
    }
}

/// The messages of a job's failure, a line each.
fn messages(api: &Api, name: &Name, job: u64) -> Result<String, String> {
    let request = api.get(&format!("{}/check-runs/{job}/annotations", name.path()));
    let answer = api.ask(&format!("job {job}"), request)?;
    let line = |message: Field<'_>| {
        let text = |name| message.at(name).text();
        let line = message
            .at("start_line")
            .count()
            .map(|line: u64| format!(":{line}"))
            .unwrap_or_default();
        Some(format!("{}{line}: {}", text("path").unwrap_or_default(), text("message")?))
    };
    let lines: Vec<_> = answer.root().items().filter_map(line).take(MAX_MESSAGES).collect();
    Ok(lines.join("\n"))
}

/// The last `most` lines of a job's log, before those that are skipped.
pub fn log(api: &Api, name: &Name, job: u64, skip: usize, most: usize) -> Result<String, String> {
    let what = format!("the log of job {job} in `{name}`");
    let request = || api.get(&format!("{}/actions/jobs/{job}/logs", name.path()));
    let mut response = api.download(&what, request(), None)?;
    let length = length(&response);
    let first = length.filter(|length| *length > MAX_LOG).map(|length| length - MAX_LOG);
    if let Some(first) = first {
        drop(response);
        response = api.download(&what, request(), Some(format!("bytes={first}-")))?;
    }
    let text = response.text().map_err(|error| format!("{what}: {error}"))?;
    Ok(ended(&what, text.trim_start_matches('\u{feff}'), skip, most, first.is_some()))
}

fn length(response: &Response) -> Option<u64> {
    response.header("content-length")?.trim().parse().ok()
}

/// The last `most` lines of `text` before the last `skip` ones, and fewer where they are too long.
fn ended(what: &str, text: &str, skip: usize, most: usize, is_part: bool) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let lines = &lines[..lines.len().saturating_sub(skip)];
    let mut size = 0;
    let kept = lines.iter().rev().take(most.max(1)).take_while(|line| {
        size += line.len() + 1;
        size <= MAX_SHOWN
    });
    // A line that is too long by itself is shown to its end.
    let kept = kept.count().max(1).min(lines.len());
    let before = lines.len() - kept;
    let shown = lines[before..].join("\n");
    let shown = &shown[shown.ceil_char_boundary(shown.len().saturating_sub(MAX_SHOWN))..];
    if before == 0 && !is_part {
        return shown.to_owned();
    }
    let more = if is_part { "more than " } else { "" };
    format!(
        "({what}: {more}{before} lines before these; go on with `skip` {})\n{shown}",
        skip.saturating_add(kept)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_shown_and_what_stands_before_it_is_told() {
        let check = |text: &str, skip, most, is_part, expected: &str| {
            assert_eq!(ended("it", text, skip, most, is_part), expected, "{text}");
        };
        check("a\nb\n", 0, 5, false, "a\nb");
        check("a\nb\nc", 0, 2, false, "(it: 1 lines before these; go on with `skip` 2)\nb\nc");
        check("a\nb\nc", 2, 2, false, "a");
        check("a\nb\nc", 9, 2, false, "");
        check("a\nb", 0, 1, true, "(it: more than 1 lines before these; go on with `skip` 1)\nb");
        check("", 0, 2, false, "");
        let long = "é".repeat(MAX_SHOWN);
        assert_eq!(ended("it", &long, 0, 2, false).len(), MAX_SHOWN);
        let many = "line\n".repeat(MAX_SHOWN);
        let shown = ended("it", &many, 0, usize::MAX, false);
        assert!(shown.len() < MAX_SHOWN + 100 && shown.contains("`skip` 12000"), "{}", shown.len());
    }
}
