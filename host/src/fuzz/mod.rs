//! Invented input at the host's borders: for each border one function of bytes, which panics where a promise
//! is broken.
//!
//! Only builds of tests and of fuzzers (`--cfg fuzzing`) hold this module. libFuzzer calls the functions through the
//! programs in `fuzz/targets/`, the tests call them through `driver`, on any toolchain. Those two know how input is
//! invented, the functions know what must hold.

#[cfg(test)]
mod driver;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/it/guest.rs"]
pub(crate) mod guest;
mod manifest;
mod configuration;
#[cfg_attr(not(test), expect(dead_code, reason = "libFuzzer changes inputs by itself"))]
pub(crate) mod noise;
#[cfg(all(test, unix))]
pub(crate) mod redis;
mod seeds;
mod session;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::catalog::Catalog;
use crate::host::Host;
use crate::lockfile::LockPolicy;
use crate::protected::Protected;
use crate::sandbox::Compiler;

pub use crate::catalog::fuzz::{references, schema};
pub use crate::mcp::fuzz::lines;
pub use crate::mcp::http_fuzz::http;
pub use crate::oauth::trial::forged::access_token;
pub use crate::sandbox::fuzz::{cache, component, network, values};
pub use configuration::configuration;
pub use manifest::manifest;
pub use session::session;

/// The verdict on an input. Both must be seen, or only one side of a border is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was understood, granted, loaded, found.
    Accepted,
    /// It was none of these.
    Refused,
}

/// A border, and the way in which it is tried.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, also that of its program in `fuzz/targets/`.
    pub name: &'static str,
    /// Tries one input.
    pub body: fn(&[u8]) -> Seen,
    /// The inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// The number of invented inputs in a test that is given no time.
    pub rounds: u64,
}

macro_rules! targets {
    ($($name:ident $seeds:path, $rounds:literal;)*) => {
        /// All targets.
        pub const TARGETS: [Target; [$($rounds),*].len()] = [$(
            Target { name: stringify!($name), body: $name, seeds: $seeds, rounds: $rounds },
        )*];

        #[cfg(test)]
        mod tests {
            $(
                #[test]
                fn $name() {
                    super::driver::drive(stringify!($name));
                }
            )*
        }
    };
}

targets! {
    session seeds::random, 200;
    lines seeds::sessions, 2_000;
    http crate::mcp::http_fuzz::seeds, 200;
    manifest seeds::manifests, 20_000;
    configuration seeds::configurations, 2_000;
    access_token crate::oauth::trial::forged::seeds, 2_000;
    network seeds::network, 1_000;
    values seeds::random, 200;
    schema seeds::schemas, 1_000;
    references seeds::random, 100;
    component seeds::components, 300;
    cache seeds::cached, 300;
}

/// Writes the seeds of the target `name` into the directory that `TOOLRACK_FUZZ_CORPUS` names, if it does: before
/// libFuzzer looks there.
#[cfg(fuzzing)]
pub fn write_seeds(name: &str) {
    let Some(directory) = std::env::var_os("TOOLRACK_FUZZ_CORPUS") else { return };
    let target = TARGETS.into_iter().find(|target| target.name == name).expect("a target");
    for (number, seed) in (target.seeds)().into_iter().enumerate() {
        let path = std::path::Path::new(&directory).join(format!("seed-{number}"));
        std::fs::write(path, seed).expect("a seed");
    }
}

/// Returns what a strategy makes of a few bytes: other values of other bytes, so that changing, moving or leaving out
/// some of an input changes, moves or leaves out what they stand for.
pub(crate) fn invented<S: Strategy>(strategy: &S, bytes: &[u8]) -> S::Value {
    let mut seed = [0; 32];
    seed.iter_mut().zip(bytes).for_each(|(seed, byte)| *seed = *byte);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let config = Config { failure_persistence: None, ..Config::default() };
    let tree = strategy.new_tree(&mut TestRunner::new_with_rng(config, rng));
    tree.expect("no strategy here refuses what it made").current()
}

/// A catalog with `good_run`, which is never called.
pub(crate) static CATALOG: LazyLock<Arc<Catalog>> =
    LazyLock::new(|| loaded(&guest::Wat::default()));

/// A catalog of so many tools, `good_run` the first of them, each with a schema of about so many bytes.
#[cfg(test)]
pub(crate) fn catalog(tools: usize, schema_bytes: usize) -> Arc<Catalog> {
    let names: Vec<_> =
        (0..tools).map(|tool| if tool == 0 { "run".into() } else { format!("t{tool}") }).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let text = "x".repeat(schema_bytes);
    let schema = format!(r#"{{"type":"object","description":"{text}"}}"#);
    loaded(&guest::Wat { tools: &names, input_schema: &schema, ..guest::Wat::default() })
}

/// A catalog with the plugin `good`, which is this guest.
fn loaded(wat: &guest::Wat<'_>) -> Arc<Catalog> {
    let directory = tempfile::TempDir::new().expect("a directory");
    let file = |name| directory.path().join(name);
    std::fs::write(file("good.toml"), "").expect("a manifest");
    std::fs::write(file("good.wasm"), wat.build()).expect("a module");
    let (host, catalog) = started(directory.path());
    host.stop();
    catalog
}

/// A host, and the catalog of the plugins in a directory, all of which are fit to be served.
pub(crate) fn started(directory: &Path) -> (Host, Arc<Catalog>) {
    let host = Host::start(Compiler::in_process(), Protected::default(), Arc::default(), None)
        .expect("a host");
    let mut loader = host.load(&[directory.to_owned()], LockPolicy::Ignored);
    let catalog = host.guests().block_on(async {
        while loader.step().await {}
        loader.catalog()
    });
    assert!(catalog.refusals().is_empty(), "{:?}", catalog.refusals());
    (host, Arc::new(catalog))
}
