//! Plugins that are called too often, or crash again and again, by a client that does not stop asking.

use std::time::Instant;

use serde_json::json;

use crate::bench::{Bench, Seen, text_of};
use crate::case::cases;
use crate::guest::Wat;
use crate::plugins::{answering, install, replace};

cases! {
    "Rates and pauses";
    "300 calls at once of a plugin with 20 calls an hour" => rate_under_load,
        "20 are answered; each other reads the limit and when the next is possible";
    "the same across a reload" => rate_across_a_reload, "20 are answered in all";
    "300 calls at once of a plugin that has crashed" => crashes_under_load,
        "a crash more for each second at most; the others read why they are refused";
}

/// Calls `v_run` so many times at once; nobody else is delayed. The answers' texts.
fn flood(bench: &mut Bench, ids: std::ops::Range<u64>) -> Vec<String> {
    for id in ids.clone() {
        bench.client.call(id, "v_run");
    }
    bench.is_prompt();
    ids.map(|id| text_of(&bench.client.response(&json!(id)))).collect()
}

/// A server with `v` at 20 calls an hour: the next after those is three minutes away.
fn with_rate() -> Bench {
    Bench::with(|path| install(path, "v", "[limits]\nrate = \"20/h\"\n", &answering("one")))
}

fn is_refused(text: &str) -> bool {
    text.contains("more often than its rate limit of 20/h; the next call is possible in ")
}

fn rate_under_load() -> Seen {
    let mut bench = with_rate();
    let texts = flood(&mut bench, 0..300);
    let answered = texts.iter().filter(|text| *text == "one").count();
    assert!(texts.iter().all(|text| text == "one" || is_refused(text)), "{texts:?}");
    assert_eq!(answered, 20);
    bench.after("20 are answered; each other reads the limit and when the next is possible")
}

fn rate_across_a_reload() -> Seen {
    let mut bench = with_rate();
    let mut texts = flood(&mut bench, 0..12);
    let wasm = bench.path().join("v.wasm");
    replace(&wasm, answering("two"));
    bench.client.logs("updated");
    texts.extend(flood(&mut bench, 12..100));
    let count = |wanted: &str| texts.iter().filter(|text| *text == wanted).count();
    assert_eq!((count("one"), count("two")), (12, 8), "{texts:?}");
    assert!(
        texts.iter().all(|text| text == "one" || text == "two" || is_refused(text)),
        "{texts:?}"
    );
    bench.after("20 are answered in all")
}

fn crashes_under_load() -> Seen {
    let crash = Wat { call: "unreachable", ..Wat::default() };
    let manifest = "[limits]\ncrashes = 1\n";
    let mut bench = Bench::with(|path| install(path, "v", manifest, &crash.build()));
    let is_crash = |text: &str| text.starts_with("the plugin crashed");
    assert!(is_crash(&bench.client.text("v_run")));
    let started = Instant::now();
    let texts = flood(&mut bench, 0..300);
    let (crashed, paused): (Vec<_>, Vec<_>) = texts.iter().partition(|text| is_crash(text));
    let told = "the tool was not called: its plugin crashed ";
    assert!(paused.iter().all(|text| text.starts_with(told)), "{paused:?}");
    // The first pause is a second, and each other is longer.
    assert!(crashed.len() as u64 <= started.elapsed().as_secs(), "{} crashed", crashed.len());
    bench.after("a crash more for each second at most; the others read why they are refused")
}
