//! The figures of HTTP in docs/performance.md, between two marks.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::memory::{FEW_SESSIONS, MANY_SESSIONS, SESSION, STREAM};
use super::servers::{RMCP_JSON, RMCP_NO_DELAY};
use super::{BUSY, CONNECTIONS, P50, P99, RATE, figure};
use crate::bench::programs::{FLOOR, HOST, PYTHON, RMCP, TYPESCRIPT};
use crate::bench::table::{Row, Table, shown};

const BEGIN: &str = "<!-- Written by `cargo xtask bench --only http --document`. -->\n";
const END: &str = "<!-- The end of what is written. -->\n";
const SERVERS: [&str; 7] = [HOST, RMCP, RMCP_NO_DELAY, RMCP_JSON, TYPESCRIPT, PYTHON, FLOOR];

/// Writes the figures into the document.
pub(crate) fn write(table: &Table, document: &Path) -> Result<()> {
    let text = fs::read_to_string(document)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) =
        parts.with_context(|| format!("{} has no marks for HTTP", document.display()))?;
    let figures = figures(table);
    crate::bench::write(document, &format!("{before}{BEGIN}{figures}{END}{after}"))
}

fn figures(table: &Table) -> String {
    let mut text = String::from("\n| |");
    for connections in CONNECTIONS {
        let _ = write!(text, " {connections}: calls/s | p50 | p99 |");
    }
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(3 * CONNECTIONS.len()));
    for server in SERVERS.into_iter().filter(|server| is_measured(table, server)) {
        let _ = write!(text, "\n| `{server}` |");
        for connections in CONNECTIONS {
            for what in [RATE, P50, P99] {
                let row = table.row(&figure(connections, what), server);
                let _ = write!(text, " {} |", cell(row, Row::best));
            }
        }
    }
    text.push_str("\n\n| to `toolrack`, with 64 connections | calls/s | p50 |\n|---|--:|--:|");
    for server in SERVERS.into_iter().filter(|server| *server != HOST) {
        let ratio = |what| table.best_ratio(&figure(BUSY, what), HOST, server);
        if let (Some(rate), Some(p50)) = (ratio(RATE), ratio(P50)) {
            let _ = write!(text, "\n| `{server}` | {rate:.2} x | {p50:.2} x |");
        }
    }
    text.push_str(
        "\n\n| memory | 1,000 idle sessions | 10,000 | of each | of each open stream |\n|---|--:|--:|--:|--:|",
    );
    for server in SERVERS.into_iter().filter(|server| table.row(SESSION, server).is_some()) {
        let _ = write!(text, "\n| `{server}` |");
        for figure in [FEW_SESSIONS, MANY_SESSIONS, SESSION, STREAM] {
            let _ = write!(text, " {} |", cell(table.row(figure, server), Row::median));
        }
    }
    text.push_str("\n\n");
    text
}

fn is_measured(table: &Table, server: &str) -> bool {
    table.row(&figure(BUSY, RATE), server).is_some()
}

fn cell(row: Option<&Row>, value: impl Fn(&Row) -> f64) -> String {
    row.map_or_else(
        || "none".into(),
        |row| {
            format!("{} {}", shown(value(row), row.unit), row.unit.word()).replace(" calls/s", "")
        },
    )
}
