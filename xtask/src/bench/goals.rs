//! What the host is to reach, and what this run reached.

use serde_json::{Value, json};

use super::programs::{BARE, FLOOR, FUEL, HOST, HUNDRED, RMCP};
use super::start::SHARED_OUT;
use super::table::Table;
use super::{cold, http, memory};

/// The host waits for so long after the last change of a file.
const QUIET_MS: f64 = 300.0;

/// One goal. What was not measured was not reached either.
pub(crate) struct Goal {
    figure: String,
    bound: Bound,
    reached: Option<f64>,
    unit: &'static str,
}

/// What the figure has to be.
#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(bound) => format!("at most {bound}"),
            Self::AtLeast(bound) => format!("at least {bound}"),
        }
    }
}

impl Goal {
    fn verdict(&self) -> &'static str {
        match self.reached {
            Some(value) if self.bound.holds(value) => "yes",
            Some(_) => "no",
            None => "not measured",
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({"figure": self.figure, "target": self.bound.words(), "unit": self.unit,
            "reached": self.reached, "verdict": self.verdict()})
    }
}

/// The goals, with what `table` says of them.
pub(crate) fn of(table: &Table) -> Vec<Goal> {
    use Bound::{AtLeast, AtMost};
    let mut goals = Vec::new();
    let mut goal = |figure: &str, bound, reached, unit| {
        goals.push(Goal { figure: figure.into(), bound, reached, unit });
    };
    let (p50, p99) = ("echo, one at a time, p50", "echo, one at a time, p99");
    goal("echo p50 to native rmcp", AtMost(0.5), table.ratio(p50, HOST, RMCP), "x");
    goal("echo p50 to the bare loop", AtMost(1.5), table.ratio(p50, HOST, BARE), "x");
    goal("echo p99 to native rmcp", AtMost(1.0), table.ratio(p99, HOST, RMCP), "x");
    let rate = table.ratio("echo, 64 in flight", HOST, RMCP);
    goal("calls per second, 64 in flight, to native rmcp", AtLeast(2.0), rate, "x");
    let large = table.ratio("echo of 1 MiB, p50", HOST, RMCP);
    goal("1 MiB to native rmcp", AtMost(1.5), large, "x");
    for tool in ["primes", "sieve", "sha256"] {
        let ratio = table.ratio(&format!("{tool}, p50"), HOST, FUEL);
        goal(&format!("{tool} to the bare loop with fuel"), AtMost(1.05), ratio, "x");
    }
    let flat = table.ratio(p50, HUNDRED, HOST);
    goal("echo p50, 100 plugins to 1", AtMost(1.05), flat, "x");
    let (answer, list) = ("start to first answer", "start to complete tools/list");
    let warm = |figure: &str, server| table.median(&format!("{figure}, warm cache"), server);
    let beyond =
        warm(answer, HUNDRED).zip(warm(answer, FLOOR)).map(|(host, floor)| host - 2.0 * floor);
    let figure = "first answer beyond twice the floor's, 100 plugins, warm cache";
    goal(figure, AtMost(20.0), beyond, "ms");
    let figure = "complete tools/list, 100 plugins, warm cache";
    goal(figure, AtMost(100.0), warm(list, HUNDRED), "ms");
    let empty = table.median(&format!("{list}, empty cache"), HUNDRED);
    let shared = table.median(SHARED_OUT, HUNDRED);
    let compiled = empty.zip(shared).map(|(empty, shared)| empty / shared);
    let figure = "complete tools/list, 100 plugins, to compile time over cores";
    goal(figure, AtMost(1.2), compiled, "x");
    goal(
        "first start, shipped plugins: tools listed",
        AtMost(500.0),
        table.median(cold::LISTED, HOST),
        "ms",
    );
    let figure = "first start, shipped plugins: first answer of any";
    goal(figure, AtMost(1500.0), table.median(cold::SLOWEST, HOST), "ms");
    let figure = "first start beside a large component (--beside): tools listed";
    goal(figure, AtMost(2000.0), table.median(cold::BESIDE_LISTED, HOST), "ms");
    goal("memory, idle, 1 plugin", AtMost(16.0), table.median(memory::IDLE, HOST), "MiB");
    goal("memory of each further plugin", AtMost(0.5), table.median(memory::FURTHER, HOST), "MiB");
    let reload = table.median("reload, Wasm known before: first new answer", HOST);
    let beyond = reload.map(|reload| reload - QUIET_MS);
    goal(
        "reload, known Wasm: first new answer beyond the quiet period",
        AtMost(50.0),
        beyond,
        "ms",
    );
    let [rate, p50] = http::busy_figures();
    let rate = table.best_ratio(&rate, HOST, RMCP);
    goal("HTTP, 64 connections: calls per second to native rmcp", AtLeast(2.0), rate, "x");
    let p50 = table.best_ratio(&p50, HOST, RMCP);
    goal("HTTP, 64 connections: p50 to native rmcp", AtMost(0.7), p50, "x");
    let session = table.median(http::SESSION, HOST).map(f64::round);
    goal("HTTP: memory of an idle session", AtMost(0.0), session, "B");
    let stream = table.median(http::STREAM, HOST);
    goal("HTTP: memory of an open stream", AtMost(24.0), stream, "KiB");
    goals
}

pub(crate) fn print(goals: &[Goal]) {
    println!("\n{:<64}{:<16}{:>10}", "goal", "target", "reached");
    for goal in goals {
        let reached = goal.reached.map_or("-".into(), |value| format!("{value:.2} {}", goal.unit));
        let (target, verdict) = (goal.bound.words(), goal.verdict());
        println!("{:<64}{target:<16}{reached:>10}  {verdict}", goal.figure);
    }
}
