//! One job on a Wasm file that is done apart: what it takes, its bounds, and the step from Wasm to native code.
//!
//! It runs wherever it is called, mostly in a child process. It does not know what becomes of the result.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use wasmtime::Engine;

use super::super::engine::error_text::one_line;
use super::super::engine::setup::{self, Concurrency, Tier};
use super::super::kind::outline::TypeOutline;
use super::binary;
use super::error::CompileFailure;
use super::function_cache::CachedFunctions;
use crate::manifest::Bytes;

/// The most bytes of compiled code. Code is two to five times its Wasm; this is sixteen times the largest file.
pub(crate) const MAX_ARTIFACT: u64 = 512 * 1024 * 1024;

/// The bounds on what compiling one plugin takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Address space, where the system bounds it (Linux).
    pub memory: Bytes,
    /// Processor time of all threads together, in whole seconds, where the system bounds it (Unix).
    pub cpu: Duration,
    /// Wall clock, in whole seconds.
    pub time: Duration,
}

impl Default for Caps {
    /// 20 MB of dense code take 0.9 GiB and a minute of a slow processor, and no file is larger than
    /// 32 MiB.
    fn default() -> Self {
        Self {
            memory: Bytes::new(2 << 30),
            cpu: Duration::from_secs(120),
            // A machine that is busy with other things is no plugin's fault.
            time: Duration::from_secs(300),
        }
    }
}

/// The work on a Wasm file that is done apart, within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompileJob {
    /// Reads its types.
    Outline,
    /// Makes native code of it.
    Compile(Tier),
    /// Makes optimized code of it, with functions that were compiled before.
    Recompile,
}

/// The bytes that a job is done on.
#[derive(Clone, Copy)]
pub(crate) struct JobInput<'a> {
    pub(crate) wasm: &'a [u8],
    /// Functions that were compiled before.
    pub(crate) functions: &'a [u8],
}

impl<'a> JobInput<'a> {
    pub(crate) fn of(wasm: &'a [u8]) -> Self {
        Self { wasm, functions: &[] }
    }
}

/// The size in bytes of the length that stands before the code where functions follow.
pub(crate) const LENGTH: usize = size_of::<u64>();

impl CompileJob {
    /// All jobs.
    pub const ALL: [Self; 4] = [
        Self::Outline,
        Self::Compile(Tier::Baseline),
        Self::Compile(Tier::Optimized),
        Self::Recompile,
    ];

    /// The word for it on the command line of the child.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Outline => "outline",
            Self::Compile(Tier::Baseline) => "baseline",
            Self::Compile(Tier::Optimized) => "optimized",
            Self::Recompile => "recompile",
        }
    }

    /// The words for it in a message.
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Outline => "reading the types of its functions",
            Self::Compile(_) | Self::Recompile => "compiling it",
        }
    }

    /// Does the job here and now.
    pub(crate) fn run(self, input: JobInput<'_>) -> Result<Vec<u8>, CompileFailure> {
        match self {
            Self::Outline => TypeOutline::read(input.wasm),
            Self::Compile(tier) => artifact(input.wasm, tier, None),
            Self::Recompile => {
                let functions = CachedFunctions::from_bytes(input.functions);
                let code = artifact(input.wasm, Tier::Optimized, Some(&functions))?;
                let length = (code.len() as u64).to_le_bytes();
                Ok([&length[..], &code, &functions.to_bytes()].concat())
            }
        }
    }
}

/// Makes native code for `wasm`, with `functions` that were compiled before, if there are any.
fn artifact(
    wasm: &[u8],
    tier: Tier,
    functions: Option<&Arc<CachedFunctions>>,
) -> Result<Vec<u8>, CompileFailure> {
    let bytes =
        binary::component(wasm).map_err(|error| CompileFailure::Refused(error.to_string()))?;
    let compile =
        |concurrency| precompile(setup::compiling(concurrency, tier, functions.cloned()), &bytes);
    match compile(Concurrency::Off)? {
        // The validator names `async` where the usual engine leaves out what the code needs.
        Err(error) if error.root_cause().to_string().contains("async") => compile(Concurrency::On)?,
        compiled => compiled,
    }
    .map_err(|error| match error.is::<wasmtime::error::OutOfMemory>() {
        true => CompileFailure::OutOfMemory,
        false => {
            let reason = one_line(&error);
            let advice = advice_on(&reason);
            CompileFailure::Refused(format!("the code cannot be compiled: {reason}{advice}"))
        }
    })
}

/// Returns what to do about a feature of WebAssembly that is off, behind the validator's words on it. Nothing for any
/// other reason.
fn advice_on(reason: &str) -> &'static str {
    /// Words of the validator, and the advice.
    const OFF: [(&str, &str); 4] = [
        (
            "exceptions",
            "; toolrack runs no WebAssembly exceptions: build it without, C++ with `-fno-exceptions`",
        ),
        (
            "threads",
            "; toolrack runs no threads: build it without shared memory and atomics, such as without `-pthread`",
        ),
        ("memory64", "; toolrack runs 32-bit memories alone: build it for `wasm32`"),
        (
            "relaxed SIMD",
            "; its results differ between machines: build it without, such as without `-mrelaxed-simd`",
        ),
    ];
    OFF.iter().find(|(word, _)| reason.contains(word)).map_or("", |(_, advice)| advice)
}

fn precompile(
    engine: wasmtime::Result<Engine>,
    bytes: &[u8],
) -> Result<wasmtime::Result<Vec<u8>>, CompileFailure> {
    let engine = engine.map_err(|error| CompileFailure::Refused(one_line(&error)))?;
    // A fault of the compiler costs this plugin, not the host.
    catch_unwind(AssertUnwindSafe(|| engine.precompile_component(bytes)))
        .map_err(|_| CompileFailure::Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_uses_a_feature_which_is_off_is_refused_with_what_to_do() {
        for (module, expected) in [
            ("(tag)", "`-fno-exceptions`"),
            ("(memory 1) (func (drop (i32.atomic.load (i32.const 0))))", "`-pthread`"),
            ("(memory 1 1 shared)", "`-pthread`"),
            ("(memory i64 1)", "`wasm32`"),
            (
                "(func (param v128) (result v128)
                    (i32x4.relaxed_trunc_f32x4_s (local.get 0)))",
                "`-mrelaxed-simd`",
            ),
        ] {
            let component = format!("(component (core module {module}))");
            let component = wat::parse_str(component).expect("a component");
            match artifact(&component, Tier::Baseline, None) {
                Err(CompileFailure::Refused(error)) => {
                    assert!(error.ends_with(expected), "{module}: {error}");
                }
                Err(CompileFailure::Panicked | CompileFailure::OutOfMemory) | Ok(_) => {
                    panic!("{module} is refused")
                }
            }
        }
    }
}
