//! The table as a picture: bars in groups, each group to a scale of its own.

use std::fmt::Write as _;

use super::table::{Row, Table, shown};

/// The figures that make a picture; the others are in the table.
const SHOWN: [&str; 7] = [
    "echo, one at a time, p50",
    "echo, one at a time, p99",
    "echo, 64 in flight",
    "echo of 1 MiB, p50",
    "primes, p50",
    "sieve, p50",
    "sha256, p50",
];
const WIDTH: f64 = 720.0;
/// Where bars begin, and how long the longest is.
const BARS: (f64, f64) = (190.0, 400.0);
const LINE: f64 = 20.0;

/// Words and background follow the reader's theme.
pub(crate) const HEAD: &str = "<style>text{font:13px system-ui,sans-serif;fill:#1f2328}\
    .figure{font-weight:600}.other{fill:#8c959f}.host{fill:#0969da}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>\n";

/// The picture as SVG.
pub(crate) fn svg(table: &Table) -> String {
    let (mut body, mut y) = (String::new(), LINE);
    for figure in SHOWN {
        let rows: Vec<&Row> = table.of(figure).collect();
        let Some(first) = rows.first() else { continue };
        let unit = first.unit.word();
        let _ = writeln!(body, "<text class=\"figure\" x=\"0\" y=\"{y}\">{figure} ({unit})</text>");
        let most = rows.iter().map(|row| row.median()).fold(0.0, f64::max);
        for row in rows {
            y += LINE;
            bar(&mut body, row, y, most);
        }
        y += 2.0 * LINE;
    }
    let size = format!("width=\"{WIDTH}\" height=\"{y}\" viewBox=\"0 0 {WIDTH} {y}\"");
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {size}>\n{HEAD}{body}</svg>\n")
}

fn bar(body: &mut String, row: &Row, y: f64, most: f64) {
    let (left, longest) = BARS;
    let (value, server) = (row.median(), &row.server);
    let length = value / most * longest;
    let class = if server.starts_with("toolrack") { "host" } else { "other" };
    let (top, height, end) = (y - 12.0, LINE - 5.0, left + length + 6.0);
    let _ = writeln!(
        body,
        "<text x=\"8\" y=\"{y}\">{server}</text>\
         <rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{length:.1}\" height=\"{height}\"/>\
         <text x=\"{end:.1}\" y=\"{y}\">{}</text>",
        shown(value, row.unit)
    );
}
