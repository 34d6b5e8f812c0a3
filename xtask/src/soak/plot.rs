//! Memory and latency over time, as a picture.

use std::fmt::Write as _;

use super::flat::{Sample, Samples};
use crate::bench::chart::HEAD;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 160.0;
/// Left of a panel stand its figures; between panels is room for words.
const LEFT: f64 = 60.0;
const GAP: f64 = 50.0;

/// One line of a panel, by seconds and values.
struct Line {
    class: &'static str,
    points: Vec<(f64, f64)>,
}

/// The picture as SVG.
pub(crate) fn svg(samples: &Samples) -> String {
    let of = |class, value: fn(&Sample) -> Option<f64>| Line {
        class,
        points: samples.all.iter().filter_map(|s| Some((s.second, value(s)?))).collect(),
    };
    let panels = [
        ("resident memory (MiB)", vec![of("host", |s| Some(s.memory_mib))]),
        (
            "a good call (ms): the middle one and the slowest of each half second",
            vec![
                of("other", |s| s.latency_ms.map(|(_, slowest)| slowest)),
                of("host", |s| s.latency_ms.map(|(middle, _)| middle)),
            ],
        ),
        (
            "descriptors and threads",
            vec![of("host", |s| Some(s.descriptors)), of("other", |s| Some(s.threads))],
        ),
    ];
    let end = samples.all.last().map_or(1.0, |sample| sample.second.max(1.0));
    let (mut body, mut top) = (String::new(), 30.0);
    for (title, lines) in &panels {
        panel(&mut body, title, lines, top, end);
        top += HEIGHT + GAP;
    }
    let size = format!("width=\"{WIDTH}\" height=\"{top}\" viewBox=\"0 0 {WIDTH} {top}\"");
    let line = "<style>polyline{fill:none;stroke-width:1.5;stroke:#0969da}\
        polyline.other{stroke:#8c959f}.axis{stroke:#8c959f;stroke-width:.5}</style>\n";
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {size}>\n{HEAD}{line}{body}</svg>\n")
}

fn panel(body: &mut String, title: &str, lines: &[Line], top: f64, end: f64) {
    let values = lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value));
    let most = values.fold(1.0, f64::max);
    let (bottom, right, words) = (top + HEIGHT, WIDTH - 10.0, top - 10.0);
    let _ = writeln!(body, "<text class=\"figure\" x=\"0\" y=\"{words}\">{title}</text>");
    for (value, y) in [(most, top), (0.0, bottom)] {
        let _ = writeln!(
            body,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>\
             <text x=\"0\" y=\"{:.0}\">{value:.1}</text>",
            y + 4.0
        );
    }
    let _ = writeln!(body, "<text x=\"{LEFT}\" y=\"{:.0}\">0 to {end:.0} s</text>", bottom + 16.0);
    for Line { class, points } in lines {
        let place = |(second, value): &(f64, f64)| {
            let x = LEFT + second / end * (right - LEFT);
            format!("{x:.1},{:.1}", bottom - value / most * HEIGHT)
        };
        let places: Vec<_> = points.iter().map(place).collect();
        let _ = writeln!(body, "<polyline class=\"{class}\" points=\"{}\"/>", places.join(" "));
    }
}
