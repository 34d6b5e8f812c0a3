//! `toolrack logs`: what servers and their plugins wrote, from the files that are kept.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value};

use super::output::print::{eprintln, println, reader_has_gone};
use super::{DIM, ERROR, NAME, paint};
use crate::home::Home;
use crate::install::installed;
use crate::status::LogFiles;
use crate::text::escape;

/// The time between two looks at the files while they are followed.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(250);
/// The number of earlier lines that are shown at most.
const MAX_EARLIER_LINES: u32 = 100_000;

#[derive(Args)]
pub(super) struct LogsArguments {
    /// Show what this plugin wrote, and what concerns it, alone
    #[arg(value_name = "NAME")]
    plugin: Option<String>,
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
    /// How many lines of what was written before
    #[arg(long, short = 'n', value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_EARLIER_LINES)))]
    lines: u32,
    /// Print JSON, an object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    arguments: &LogsArguments,
    directories: &[PathBuf],
    home: Option<&Home>,
) -> anyhow::Result<ExitCode> {
    let home = home.context("no home directory is known; set TOOLRACK_HOME to a directory")?;
    let files = LogFiles::new(home.log());
    let (mut last, mut is_any) = (VecDeque::new(), false);
    let mut place = files.read(|line| {
        is_any |= arguments.wants(line);
        if arguments.wants(line) {
            last.push_back(line.to_owned());
        }
        if last.len() > arguments.lines as usize {
            last.pop_front();
        }
    });
    if !is_any && let Some(name) = &arguments.plugin {
        // One that is installed may have logged nothing; any other name is most likely a slip.
        match installed(name, directories) {
            Err(error) if arguments.follow => eprintln!("{error}; waiting for what it may log"),
            found => _ = found?,
        }
    }
    if !is_any && !arguments.follow {
        let of = arguments.plugin.as_deref().map(|name| format!(" of {}", escape(name)));
        println!("nothing was logged{}", of.unwrap_or_default());
    }
    last.iter().for_each(|line| arguments.print(line));
    if !arguments.follow {
        return Ok(ExitCode::SUCCESS);
    }
    // Until somebody ends it, or nobody reads it.
    while !reader_has_gone() {
        std::thread::sleep(FOLLOW_INTERVAL);
        files.read_on(&mut place, |line| {
            if arguments.wants(line) {
                arguments.print(line);
            }
        });
    }
    Ok(ExitCode::SUCCESS)
}

impl LogsArguments {
    fn wants(&self, line: &str) -> bool {
        let Some(wanted) = &self.plugin else { return true };
        // Most lines are of others: those are not read as JSON.
        line.contains(&**wanted)
            && parsed(line).is_some_and(|line| plugin_of(&line) == Some(wanted))
    }

    fn print(&self, line: &str) {
        match parsed(line) {
            Some(_) if self.json => println!("{line}"),
            Some(members) => println!("{}", in_words(&members)),
            None => println!("{}", escape(line)),
        }
    }
}

fn parsed(line: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(line).ok()
}

/// The plugin that a line is of.
fn plugin_of(line: &Map<String, Value>) -> Option<&str> {
    let in_span = line.get("span").and_then(|span| span.get("plugin"));
    in_span.or_else(|| line.get("plugin"))?.as_str()
}

/// A line for people: when, how grave, which server, what it concerns, what it says, and its fields.
fn in_words(line: &Map<String, Value>) -> String {
    const OWN: [&str; 8] =
        ["timestamp", "level", "pid", "message", "target", "span", "spans", "plugin"];
    let text = |key: &str| escape(line.get(key).and_then(Value::as_str).unwrap_or_default());
    let level = text("level");
    let level = format!("{level:5}");
    let level = match level.trim_end() {
        "ERROR" | "WARN" => paint(ERROR, level).to_string(),
        _ => level,
    };
    let pid = line.get("pid").map(|pid| format!("[{pid}] ")).unwrap_or_default();
    let tool = line.get("span").and_then(|span| span.get("tool")).and_then(Value::as_str);
    let of = tool.or_else(|| plugin_of(line)).map(escape);
    let of = of.map(|of| format!("{}: ", paint(NAME, of))).unwrap_or_default();
    let fields = line.iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
    let fields: String = fields
        .map(|(key, value)| match value {
            Value::String(value) => format!(" {}={}", escape(key), escape(value)),
            value => format!(" {}={}", escape(key), escape(&value.to_string())),
        })
        .collect();
    let when = paint(DIM, short_time(&text("timestamp")));
    format!("{when} {level} {pid}{of}{}{}", text("message"), paint(DIM, fields))
}

/// A time as it is kept (`2026-11-28T20:15:30.123456Z`), to the second.
fn short_time(time: &str) -> String {
    let end = time.find('.').unwrap_or(time.len());
    time[..end].replace('T', " ") + "Z"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_in_words_and_escaped() {
        let line = r#"{"pid":7,"timestamp":"2026-11-28T20:15:30.123456Z","level":"INFO","message":"hi\u001b[2J",
            "fuel":12,"target":"plugin","span":{"plugin":"p","tool":"p_run","request":"3","name":"call"}}"#;
        let line = parsed(line).expect("JSON");
        assert_eq!(plugin_of(&line), Some("p"));
        let shown = in_words(&line);
        assert!(shown.contains("2026-11-28 20:15:30Z"), "{shown}");
        assert!(shown.contains("[7] ") && shown.contains("p_run") && shown.contains("fuel=12"));
        assert!(!shown.contains("\u{1b}[2J"), "{shown}");
    }
}
