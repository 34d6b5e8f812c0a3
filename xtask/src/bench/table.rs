//! Figures by what was measured and on whom: collected by rounds, printed, and written as JSON.

use serde_json::{Value, json};

/// What a figure counts.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Unit {
    Micros,
    Millis,
    PerSecond,
    Mib,
    Kib,
    Bytes,
}

impl Unit {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Micros => "us",
            Self::Millis => "ms",
            Self::PerSecond => "calls/s",
            Self::Mib => "MiB",
            Self::Kib => "KiB",
            Self::Bytes => "B",
        }
    }
}

/// One figure of one server, a value a round.
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) server: String,
    pub(crate) unit: Unit,
    pub(crate) rounds: Vec<f64>,
}

/// All that was measured.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
}

impl Row {
    pub(crate) fn median(&self) -> f64 {
        median(&self.rounds)
    }

    /// The best of the rounds: what else the machine did was least then.
    pub(crate) fn best(&self) -> f64 {
        match self.unit {
            Unit::PerSecond => self.most(),
            Unit::Micros | Unit::Millis | Unit::Mib | Unit::Kib | Unit::Bytes => self.least(),
        }
    }

    fn least(&self) -> f64 {
        self.rounds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn most(&self) -> f64 {
        self.rounds.iter().copied().fold(0.0, f64::max)
    }
}

impl Table {
    /// Adds the value of one more round.
    pub(crate) fn add(&mut self, figure: &str, server: &str, unit: Unit, value: f64) {
        let is_it = |row: &&mut Row| row.figure == figure && row.server == server;
        if let Some(row) = self.rows.iter_mut().find(is_it) {
            row.rounds.push(value);
        } else {
            let (figure, server) = (figure.into(), server.into());
            self.rows.push(Row { figure, server, unit, rounds: vec![value] });
        }
    }

    pub(crate) fn row(&self, figure: &str, server: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.figure == figure && row.server == server)
    }

    pub(crate) fn median(&self, figure: &str, server: &str) -> Option<f64> {
        self.row(figure, server).map(Row::median)
    }

    /// How many times `other` a figure of `server` is: the median of the ratios of every round,
    /// because what drifts between rounds is the machine.
    pub(crate) fn ratio(&self, figure: &str, server: &str, other: &str) -> Option<f64> {
        let (above, below) = (self.row(figure, server)?, self.row(figure, other)?);
        let pairs = above.rounds.iter().zip(&below.rounds);
        Some(median(&pairs.map(|(above, below)| above / below).collect::<Vec<_>>()))
    }

    /// The ratio of a figure of `server` to that of `other`, by the best round of each.
    pub(crate) fn best_ratio(&self, figure: &str, server: &str, other: &str) -> Option<f64> {
        Some(self.row(figure, server)?.best() / self.row(figure, other)?.best())
    }

    /// The figures in the order in which they were first measured.
    pub(crate) fn figures(&self) -> Vec<&str> {
        let mut figures = Vec::new();
        for row in &self.rows {
            if !figures.contains(&row.figure.as_str()) {
                figures.push(&row.figure);
            }
        }
        figures
    }

    pub(crate) fn of<'a>(&'a self, figure: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.figure == figure)
    }

    pub(crate) fn print(&self) {
        println!("\n{:<44}{:>12}{:>12}{:>12}", "", "median", "least", "most");
        for figure in self.figures() {
            println!("{figure}");
            for row in self.of(figure) {
                let [median, least, most] =
                    [row.median(), row.least(), row.most()].map(|value| shown(value, row.unit));
                let (server, unit) = (&row.server, row.unit.word());
                println!("  {server:<42}{median:>12}{least:>12}{most:>12}  {unit}");
            }
        }
    }

    pub(crate) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({"figure": row.figure, "server": row.server, "unit": row.unit.word(),
                "median": row.median(), "least": row.least(), "most": row.most(),
                "rounds": row.rounds})
        });
        rows.collect()
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond | Unit::Bytes => format!("{value:.0}"),
        Unit::Micros | Unit::Millis | Unit::Mib | Unit::Kib => format!("{value:.1}"),
    }
}
