//! What the inner parts of a call cost, each alone, in one process: `cargo bench --package toolrack`.
//!
//! | file | part |
//! |---|---|
//! | `lines.rs` | a line to a checked message; a call through the engine and back |
//! | `calls.rs` | arguments against a schema; instantiating and calling a guest |
//! | `values.rs` | JSON to the values of a component's types, and back |
//! | `directory.rs` | looking at a plugin directory |
//!
//! Guests are those of the tests, in WAT. What a client waits for is measured by `cargo xtask bench`.

mod calls;
mod directory;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/it/guest.rs"]
mod guest;
mod lines;
mod values;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/it/wit.rs"]
mod wit;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion};
use toolrack::host::Host;
use toolrack::protected::Protected;
use toolrack::sandbox::Compiler;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let host = Host::start(Compiler::in_process(), Protected::default(), Arc::default(), None)
        .expect("a host");
    lines::measure(&mut criterion, &host);
    calls::measure(&mut criterion, &host);
    values::measure(&mut criterion, &host);
    directory::measure(&mut criterion);
    host.stop();
    criterion.final_summary();
}

/// Times `each`, over and over in one visit to the runtime, so that entering it does not count.
fn repeat(bencher: &mut Bencher<'_>, host: &Host, mut each: impl AsyncFnMut()) {
    bencher.iter_custom(|times| {
        host.guests().block_on(async {
            let at = Instant::now();
            for _ in 0..times {
                each().await;
            }
            at.elapsed()
        })
    });
}

/// Writes a plugin into a directory.
fn install(directory: &Path, name: &str, wasm: &[u8]) {
    // What was changed a moment ago is read again at every look.
    let before = std::time::SystemTime::now() - Duration::from_secs(3600);
    for (extension, bytes) in [("toml", &b""[..]), ("wasm", wasm)] {
        let path = directory.join(name).with_extension(extension);
        std::fs::write(&path, bytes).expect("a file");
        let file = std::fs::File::options().write(true).open(&path).expect("the file");
        file.set_modified(before).expect("its time");
    }
}
