//! JSON to the values of a component's types, and back: what a call costs beyond one with an empty list.

use criterion::{Criterion, Throughput};
use toolrack::host::Host;
use toolrack::sandbox::Wasm;

use crate::{repeat, wit};

const MANY: usize = 1000;

/// Types, the one that a list is made of, and a value of it.
const LISTS: [(&str, &str, &str); 3] = [
    ("", "u32", "4294967295"),
    ("", "string", r#""Hello, Ada!""#),
    (
        "record t { name: string, size: u64, tag: option<u8> }",
        "t",
        r#"{"name":"Ada","size":1815,"tag":7}"#,
    ),
];

pub(crate) fn measure(criterion: &mut Criterion, host: &Host) {
    let mut group = criterion.benchmark_group("WIT values there and back");
    for (types, of, value) in LISTS {
        let guest = host.look_at(Wasm::of(wit::echo(types, of))).expect("a guest");
        for count in [0, MANY] {
            let arguments = format!(r#"{{"x":[{}]}}"#, vec![value; count].join(","));
            let what = if of == "t" { "record" } else { of };
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(format!("{count} of {what}"), |bencher| {
                repeat(bencher, host, async || {
                    guest.call("echo", &arguments, None).await.outcome.expect("an answer");
                });
            });
        }
    }
}
