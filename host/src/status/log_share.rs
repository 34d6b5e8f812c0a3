//! The share that each plugin has of the log that is kept: one that floods it does not drive out what the host and other
//! plugins have to say.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use crate::text::escape;

/// The bytes that one plugin may write within the time.
const OF_ONE: u64 = 1024 * 1024;
/// The bytes that all plugins may write together: less than is kept.
const OF_ALL: u64 = 8 * 1024 * 1024;
const WITHIN: Duration = Duration::from_secs(60 * 60);

/// The bytes that plugins have written of late.
#[derive(Debug, Default)]
pub(super) struct LogShares {
    of_all: LogShare,
    of_one: HashMap<String, LogShare>,
}

#[derive(Debug, Default)]
struct LogShare {
    since: Option<Instant>,
    bytes: u64,
    is_told: bool,
}

/// The fields of a line that name its writer.
#[derive(Deserialize)]
struct LineFacts<'a> {
    #[serde(borrow, default)]
    timestamp: &'a str,
    #[serde(borrow)]
    target: &'a str,
    #[serde(default)]
    span: SharedLineSpan,
}

#[derive(Default, Deserialize)]
struct SharedLineSpan {
    #[serde(default)]
    plugin: String,
}

impl LogShares {
    /// The lines that are kept; in place of the first of a plugin that are not, one that says so.
    pub(super) fn kept(&mut self, lines: &[u8], now: Instant) -> Vec<u8> {
        let mut kept = Vec::with_capacity(lines.len());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let facts = serde_json::from_slice::<LineFacts<'_>>(line).ok();
            match facts.filter(|facts| facts.target == "plugin") {
                Some(facts) => self.keep_of_plugin(line, &facts, now, &mut kept),
                None => kept.extend(line),
            }
        }
        kept
    }

    fn keep_of_plugin(
        &mut self,
        line: &[u8],
        facts: &LineFacts<'_>,
        now: Instant,
        kept: &mut Vec<u8>,
    ) {
        let LineFacts { timestamp, span: SharedLineSpan { plugin }, .. } = facts;
        let size = line.len() as u64;
        // Plugins come and go; what is not of late is nothing.
        self.of_one.retain(|_, share| share.is_recent(now));
        let own = self.of_one.entry(plugin.clone()).or_default();
        let is_within_own = own.take(size, OF_ONE, now);
        if is_within_own && self.of_all.take(size, OF_ALL, now) {
            kept.extend(line);
        } else if !own.is_told {
            own.is_told = true;
            let (plugin, blamed) = (
                escape(plugin),
                if is_within_own { "all plugins together write" } else { "it writes" },
            );
            let message = format!(
                "not all lines of the plugin {plugin} are kept: {blamed} too much within an hour"
            );
            let told = json!({
                "timestamp": timestamp, "level": "WARN", "message": message, "target": "toolrack::log",
            });
            kept.extend(format!("{told}\n").as_bytes());
        }
    }
}

impl LogShare {
    fn is_recent(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.duration_since(since) < WITHIN)
    }

    /// True if there is room for `size` more.
    fn take(&mut self, size: u64, most: u64, now: Instant) -> bool {
        if !self.is_recent(now) {
            *self = Self { since: Some(now), ..Self::default() };
        }
        let fits = self.bytes + size <= most;
        if fits {
            self.bytes += size;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str, plugin: &str, size: usize) -> Vec<u8> {
        let span = json!({ "plugin": plugin, "name": "call" });
        let message = "x".repeat(size);
        let line =
            json!({ "timestamp": "now", "message": message, "target": target, "span": span });
        format!("{line}\n").into_bytes()
    }

    #[test]
    fn a_plugin_that_floods_the_log_loses_its_own_lines_alone() {
        let (mut shares, start) = (LogShares::default(), Instant::now());
        let long = 100 * 1024;
        let mut kept = 0;
        let mut told = Vec::new();
        for _ in 0..100 {
            let found = shares.kept(&line("plugin", "loud", long), start);
            if found.len() > long { kept += 1 } else { told.extend(found) }
        }
        assert_eq!(kept, 10);
        let told = String::from_utf8(told).expect("text");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(
            told.contains("\"WARN\"") && told.contains("of the plugin loud are kept: it writes"),
            "{told}"
        );
        for other in
            [line("plugin", "quiet", 9), line("toolrack", "loud", 9), b"no json\n".to_vec()]
        {
            assert_eq!(shares.kept(&other, start), other);
        }
        let after = line("plugin", "loud", 9);
        assert_eq!(shares.kept(&after, start + WITHIN), after);
    }

    #[test]
    fn all_plugins_together_leave_room_for_the_host() {
        let (mut shares, start) = (LogShares::default(), Instant::now());
        let line_of = |plugin: usize| line("plugin", &format!("p{plugin}"), 500 * 1024);
        let kept: usize = (0..100).map(|plugin| shares.kept(&line_of(plugin), start).len()).sum();
        assert!((kept as u64) < OF_ALL + 100 * 1024, "{kept}");
        assert!((kept as u64) > OF_ALL - 1024 * 1024, "{kept}");
        let told = shares.kept(&line("plugin", "quiet", 500 * 1024), start);
        let told = String::from_utf8(told).expect("text");
        assert!(told.contains("all plugins together"), "{told}");
    }
}
