//! The tools of a plugin that were called, in columns that fit the terminal.

use std::time::Duration;

use crate::catalog::CacheCounts;
use crate::cli::{DIM, ERROR, paint};
use crate::manifest::grouped;
use crate::status::ToolStatus;
use crate::text::escape;

/// The blanks before each line.
const TABLE_INDENT: usize = 4;

/// The head of the column that is there only where a tool keeps answers.
const HITS: &str = "cached";

/// A column of numbers.
struct Column {
    head: &'static str,
    /// The columns with the highest ones are left out where the terminal is too narrow.
    rank: u8,
    cell: fn(&ToolStatus) -> String,
}

const COLUMNS: [Column; 10] = [
    Column { head: "calls", rank: 0, cell: |tool| grouped(tool.calls.calls) },
    Column { head: "errors", rank: 0, cell: |tool| grouped(tool.calls.errors) },
    Column { head: "mean", rank: 5, cell: |tool| time(tool, |time| time.average_us) },
    Column { head: "p50", rank: 1, cell: |tool| time(tool, |time| time.p50_us) },
    Column { head: "p95", rank: 3, cell: |tool| time(tool, |time| time.p95_us) },
    Column { head: "p99", rank: 2, cell: |tool| time(tool, |time| time.p99_us) },
    Column {
        head: "wait p95",
        rank: 6,
        cell: |tool| known(tool.statistics.wait.as_ref().map(|wait| shown_time(wait.p95_us))),
    },
    Column { head: HITS, rank: 8, cell: |tool| shown_hits(tool.statistics.cache) },
    Column {
        head: "memory",
        rank: 4,
        cell: |tool| shown_memory(tool.statistics.peak_memory_bytes),
    },
    Column {
        head: "fuel a run",
        rank: 7,
        cell: |tool| known(tool.statistics.fuel.checked_div(tool.statistics.runs).map(grouped)),
    },
];

/// Returns the lines of a table of `tools` that is at most `width` wide, if the names leave room for it.
pub(super) fn lines(tools: &[&ToolStatus], width: usize) -> Vec<String> {
    if tools.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = tools.iter().map(|tool| escape(&tool.name)).collect();
    let name_width =
        names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("tool".len());
    let mut columns: Vec<(&Column, Vec<String>, usize)> = COLUMNS
        .iter()
        .filter(|column| {
            column.head != HITS || tools.iter().any(|tool| !tool.statistics.cache.is_none())
        })
        .map(|column| {
            let cells: Vec<String> = tools.iter().map(|tool| (column.cell)(tool)).collect();
            let widest = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
            (column, cells, widest.max(column.head.len()))
        })
        .collect();
    let needed = |columns: &[(&Column, Vec<String>, usize)]| {
        TABLE_INDENT + name_width + columns.iter().map(|(_, _, width)| width + 2).sum::<usize>()
    };
    while needed(&columns) > width
        && let Some(last) =
            columns.iter().map(|(column, ..)| column.rank).max().filter(|rank| *rank > 0)
    {
        columns.retain(|(column, ..)| column.rank != last);
    }
    let head: String =
        columns.iter().map(|(column, _, width)| format!("  {:>width$}", column.head)).collect();
    let head = format!("{}{:name_width$}{head}", " ".repeat(TABLE_INDENT), "tool");
    let mut lines = vec![paint(DIM, head)];
    for (at, (tool, name)) in tools.iter().zip(&names).enumerate() {
        let mut line = format!("{}{name:name_width$}", " ".repeat(TABLE_INDENT));
        for (column, cells, width) in &columns {
            let cell = format!("  {:>width$}", cells[at]);
            let is_wrong = column.head == "errors" && tool.calls.errors > 0;
            line += &if is_wrong { paint(ERROR, cell) } else { cell };
        }
        lines.push(line);
        lines.extend(errors_of(tool));
    }
    lines
}

/// Returns the errors of a tool by kind, and the calls that have not ended, in words. `None` if there are none.
fn errors_of(tool: &ToolStatus) -> Option<String> {
    let kinds = tool.statistics.errors_by_kind.iter();
    let mut said: Vec<String> =
        kinds.map(|(kind, count)| format!("{} {}", escape(kind), grouped(*count))).collect();
    let calls = &tool.calls;
    for (count, what) in
        [(calls.cancelled, "cancelled"), (calls.running, "running"), (calls.waiting, "waiting")]
    {
        if count > 0 {
            said.push(format!("{what} {}", grouped(count)));
        }
    }
    let line = format!("{}  {}", " ".repeat(TABLE_INDENT), said.join(", "));
    (!said.is_empty()).then(|| paint(DIM, line))
}

fn known(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| "-".into())
}

fn time(tool: &ToolStatus, which: fn(&crate::catalog::TimeSummary) -> u64) -> String {
    known(tool.statistics.time.as_ref().map(|time| shown_time(which(time))))
}

/// Shows the share of calls that were answered from the cache. A tool whose answers are not kept has none.
fn shown_hits(cache: CacheCounts) -> String {
    let looks = cache.hits + cache.misses;
    known((cache.hits * 100).checked_div(looks).map(|share| format!("{share} %")))
}

/// Shows a time with about three digits.
fn shown_time(microseconds: u64) -> String {
    let time = Duration::from_micros(microseconds);
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..10_000 => format!("{:.2} ms", time.as_secs_f64() * 1e3),
        10_000..100_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        100_000..1_000_000 => format!("{:.0} ms", time.as_secs_f64() * 1e3),
        1_000_000..100_000_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} s", time.as_secs()),
    }
}

/// Shows the most memory that a call held. A call that never entered its guest held none.
fn shown_memory(bytes: u64) -> String {
    match bytes {
        0 => "-".into(),
        1..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        // Tenths, rounded up: who reads it may set a limit by it.
        _ => {
            let tenths = bytes.saturating_mul(10).div_ceil(1_048_576);
            format!("{}.{} MiB", grouped(tenths / 10), tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{CallCounts, StatisticsSummary, TimeSummary};

    fn tool() -> ToolStatus {
        ToolStatus {
            name: "hello_greet".into(),
            calls: CallCounts { calls: 1_200, errors: 3, running: 1, ..CallCounts::default() },
            statistics: StatisticsSummary {
                errors_by_kind: [("fuel".to_owned(), 2), ("tool_error".to_owned(), 1)].into(),
                runs: 1_000,
                time: Some(TimeSummary {
                    average_us: 312,
                    p50_us: 250,
                    p95_us: 4_120,
                    p99_us: 1_500_000,
                }),
                wait: None,
                fuel: 1_200_000,
                cpu_us: 5,
                peak_memory_bytes: 1_114_112,
                cache: CacheCounts { hits: 2, misses: 1 },
            },
        }
    }

    fn plain(width: usize) -> Vec<String> {
        let lines = lines(&[&tool()], width);
        lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    #[test]
    fn a_wide_terminal_shows_every_column() {
        let shown = plain(120);
        assert_eq!(
            shown,
            [
                "    tool         calls  errors    mean     p50      p95    p99  wait p95  cached   memory  fuel a run",
                "    hello_greet  1_200       3  312 µs  250 µs  4.12 ms  1.5 s         -    66 %  1.1 MiB       1_200",
                "      fuel 2, tool_error 1, running 1",
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_shows_what_matters_most() {
        for width in [20, 40, 60, 80] {
            let shown = plain(width);
            assert!(shown[0].contains("calls  errors"), "{shown:?}");
            let fits = shown[..2].iter().all(|line| line.chars().count() <= width);
            assert!(fits || width == 20, "{shown:?}");
        }
        assert!(plain(60)[0].ends_with("p99") && !plain(60)[0].contains("fuel"));
        assert!(lines(&[], 80).is_empty());
    }
}
