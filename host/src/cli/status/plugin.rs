//! One plugin that a server serves, in words.

use std::time::Duration;

use super::super::output::print::println;
use super::tools_table;
use super::uptime::uptime;
use crate::catalog::CallCounts;
use crate::cli::{DIM, ERROR, GOOD, NAME, paint};
use crate::manifest::Sha256Digest;
use crate::status::{
    LoadingStatus, PluginStatus, RefusalStatus, RefusedStatus, Status, ToolStatus, now_ms,
};
use crate::text::escape;
use crate::tool::{in_a_row, whole_seconds};

/// Tools without a call that are named.
const MAX_IDLE: usize = 20;

/// Returns the refusal of the plugin's newest version. `None` if the newest version is the one that is served.
pub(super) fn older<'a>(status: &'a Status, plugin: &PluginStatus) -> Option<&'a RefusalStatus> {
    let own = |refusal: &&RefusalStatus| {
        refusal.file == plugin.file && refusal.refused == RefusedStatus::Version
    };
    status.refusals.iter().find(own)
}

/// Returns the time that a plugin has been loading, in words.
pub(super) fn loading_time(loading: &LoadingStatus) -> String {
    uptime(Duration::from_millis(now_ms().saturating_sub(loading.since_ms)))
}

/// Prints what a server tells of a plugin, in lines of this width where they are tables.
pub(super) fn print(status: &Status, plugin: &PluginStatus, width: usize) {
    let name = paint(NAME, escape(&plugin.name));
    let version = plugin.sha256.parse::<Sha256Digest>().map(|digest| digest.short());
    let version = paint(DIM, version.unwrap_or_else(|_| escape(&plugin.sha256)));
    match older(status, plugin) {
        None if plugin.tools.is_empty() => {
            println!("  {name} {version}  {}", paint(ERROR, "no tools served"));
        }
        None => {
            let loading = status.loading.iter().find(|loading| loading.file == plugin.file);
            let compiling =
                loading.map(|loading| format!(", compiling for {}", loading_time(loading)));
            let compiling = compiling.unwrap_or_default();
            println!("  {name} {version}  {}{compiling}", paint(GOOD, "serving"));
        }
        Some(refusal) => {
            let older = paint(ERROR, "serving an older version");
            println!("  {name} {version}  {older}, because");
            print_reason(&refusal.reason);
        }
    }
    if let Some(paused) = &plugin.paused {
        let next = match paused.until_ms.map(|until| until.saturating_sub(now_ms())) {
            None => "one call tries it now".into(),
            Some(0) => "the next call tries it".into(),
            Some(left) => {
                let seconds = whole_seconds(Duration::from_millis(left));
                format!("it is left alone for {seconds} s")
            }
        };
        println!(
            "    {}",
            paint(ERROR, format!("it crashed {}, and {next}", in_a_row(paused.crashes)))
        );
        print_reason(&paused.reason);
    }
    print_tools(&plugin.tools, width);
}

fn print_tools(tools: &[ToolStatus], width: usize) {
    for line in tools_lines(tools, width) {
        println!("{line}");
    }
}

/// Returns the lines about the tools of a plugin: those that were called in a table, the others by their names alone.
fn tools_lines(tools: &[ToolStatus], width: usize) -> Vec<String> {
    // A call that waits, or was refused before it was begun, is one too.
    let was_called = |tool: &&ToolStatus| tool.calls != CallCounts::default();
    let (called, idle): (Vec<_>, Vec<_>) = tools.iter().partition(was_called);
    let mut lines = tools_table::lines(&called, width);
    let names: Vec<_> = idle.iter().take(MAX_IDLE).map(|tool| escape(&tool.name)).collect();
    let more = match idle.len().saturating_sub(MAX_IDLE) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if !names.is_empty() {
        let idle = paint(DIM, format!("not called: {}{more}", names.join(", ")));
        lines.push(format!("    {idle}"));
    }
    lines
}

pub(super) fn print_reason(reason: &str) {
    for line in reason.lines() {
        println!("    {}", escape(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::StatisticsSummary;

    #[test]
    fn a_tool_whose_calls_wait_was_called() {
        let counts = CallCounts::default();
        let tools = [
            ("a_begun", CallCounts { calls: 1, ..counts }),
            ("b_waits", CallCounts { waiting: 6, ..counts }),
            ("c_refused", CallCounts { errors: 1, ..counts }),
            ("d_idle", counts),
        ];
        let statistics = StatisticsSummary::default;
        let tools = tools.map(|(name, calls)| ToolStatus {
            name: name.into(),
            calls,
            statistics: statistics(),
        });
        let lines = tools_lines(&tools, 200);
        let (last, table) = lines.split_last().expect("lines");
        assert!(last.contains("not called: d_idle"), "{lines:?}");
        for name in ["a_begun", "b_waits", "c_refused"] {
            assert!(table.iter().any(|line| line.contains(name)), "{name}: {lines:?}");
        }
        assert!(table.iter().any(|line| line.contains("waiting 6")), "{lines:?}");
    }
}
