//! The compiler of plugins: its place, its bounds, and the step from Wasm to the bytes of native code.
//!
//! Cranelift is made for trusted code: a small hostile file can cost it minutes and gigabytes. So a host compiles in a
//! child process that the system ends at a bound. This module does not know what becomes of the result.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::Engine;

use super::answer_wait::Lifeline;
use super::engine::{self, Concurrency, Tier};
use super::folders::FolderError;
use super::function_cache::CachedFunctions;
use super::imports::NotGranted;
use super::lanes::Priority;
use super::outline::{Outline, TypeOutline};
use super::{binary, child, one_line};
use crate::manifest::Bytes;

/// The most bytes of compiled code. Code is two to five times its Wasm; this is sixteen times the largest file.
pub(super) const MAX_ARTIFACT: u64 = 512 * 1024 * 1024;

/// The place where plugins are compiled, and the one where compiled code is kept.
#[derive(Clone, Debug)]
pub struct Compiler {
    place: Where,
    caps: Caps,
    pub(super) cache: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Where {
    Child(PathBuf),
    InProcess,
}

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

/// The bounds on what reading the types of one file takes: those of the largest files take a second.
const OUTLINE: Caps = Caps {
    memory: Bytes::new(1 << 30),
    cpu: Duration::from_secs(10),
    time: Duration::from_secs(30),
};

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

/// The reason why bytes do not become code.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CompileError {
    /// The file is at fault: the same bytes will be refused again.
    #[error("{0}")]
    Refused(String),
    /// The job hit a cap, and would hit it again.
    #[error("{0}")]
    Capped(String),
    /// This machine is at fault, now: another attempt may end better.
    #[error("{0}")]
    Host(String),
    /// The job was not done, since no caller waited for it any more.
    #[error("nobody waited for its code any more")]
    Abandoned,
    /// The file holds other bytes meanwhile.
    #[error("{0}")]
    Unread(String),
    /// It imports more than it is granted.
    #[error(transparent)]
    NotGranted(#[from] NotGranted),
    /// A directory that it is granted cannot be had.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl CompileError {
    /// True if the same bytes may become code another time.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Host(_) | Self::Abandoned | Self::Unread(_) => true,
            Self::Folder(error) => error.may_pass(),
            Self::Refused(_) | Self::Capped(_) | Self::NotGranted(_) => false,
        }
    }
}

impl Compiler {
    /// Compiles in child processes of this executable, which must be toolrack.
    #[must_use]
    pub fn in_children() -> Self {
        let program = if cfg!(target_os = "linux") {
            // This path stays right when the file is replaced by another version.
            "/proc/self/exe".into()
        } else {
            // Where the path is not known, no child can be started, and the error says so.
            std::env::current_exe().unwrap_or_default()
        };
        Self::in_children_of(program, Caps::default())
    }

    /// Compiles in child processes of `program`, a toolrack of this very build.
    #[must_use]
    pub fn in_children_of(program: PathBuf, caps: Caps) -> Self {
        Self { place: Where::Child(program), caps, cache: None }
    }

    /// Compiles in this process, without bounds on memory and time: for Wasm that is trusted.
    #[must_use]
    pub fn in_process() -> Self {
        Self { place: Where::InProcess, caps: Caps::default(), cache: None }
    }

    /// Keeps compiled code in `directory`.
    #[must_use]
    pub fn with_cache(self, directory: PathBuf) -> Self {
        Self { cache: Some(directory), ..self }
    }

    /// Makes native code for `wasm`. Blocks the thread for as long as it takes, or until `lifeline` is cut.
    pub(super) fn compile(
        &self,
        wasm: &[u8],
        tier: Tier,
        priority: Priority,
        lifeline: &Lifeline,
    ) -> Result<Vec<u8>, CompileError> {
        self.work(CompileJob::Compile(tier), priority, JobInput::of(wasm), lifeline)
    }

    /// Makes optimized code for `wasm` with `functions` that were compiled before. Returns the code and all functions
    /// that it has. Blocks like [`compile`](Self::compile).
    pub(super) fn recompile(
        &self,
        wasm: &[u8],
        functions: &[u8],
        priority: Priority,
        lifeline: &Lifeline,
    ) -> Result<(Vec<u8>, Vec<u8>), CompileError> {
        let input = JobInput { wasm, functions };
        let mut made = self.work(CompileJob::Recompile, priority, input, lifeline)?;
        let broken = || CompileError::Host("the process that compiles it does not work".into());
        let length = made.first_chunk().copied().map(u64::from_le_bytes).ok_or_else(broken)?;
        let end = usize::try_from(length).ok().and_then(|length| length.checked_add(LENGTH));
        let end = end.filter(|end| *end <= made.len()).ok_or_else(broken)?;
        let functions = made.split_off(end);
        made.drain(..LENGTH);
        Ok((made, functions))
    }

    /// Reads what the types of `wasm` say of its kind and its tools. `None` if its code has to be asked. Blocks like
    /// [`compile`](Self::compile).
    pub(super) fn outline(
        &self,
        wasm: &[u8],
        priority: Priority,
        lifeline: &Lifeline,
    ) -> Result<Option<Outline>, CompileError> {
        let reading = Self { caps: OUTLINE, ..self.clone() };
        let types = match reading.work(CompileJob::Outline, priority, JobInput::of(wasm), lifeline)
        {
            // Compiling has larger caps.
            Err(CompileError::Capped(why)) => {
                tracing::debug!("its types are not read before it is compiled: {why}");
                return Ok(None);
            }
            types => types?,
        };
        let types: TypeOutline = serde_json::from_slice(&types).map_err(|error| {
            CompileError::Host(format!("the process that reads its types does not work: {error}"))
        })?;
        Ok(types.outline())
    }

    fn work(
        &self,
        job: CompileJob,
        priority: Priority,
        input: JobInput<'_>,
        lifeline: &Lifeline,
    ) -> Result<Vec<u8>, CompileError> {
        match &self.place {
            Where::Child(program) => {
                child::work(program, job, priority, &self.caps, input, lifeline)
            }
            Where::InProcess => job.run(input).map_err(|failed| match failed {
                CompileFailure::Refused(reason) => CompileError::Refused(reason),
                CompileFailure::Panicked => CompileError::Refused(COMPILER_PANICKED.into()),
                CompileFailure::OutOfMemory => {
                    CompileError::Host("there is not enough memory".into())
                }
            }),
        }
    }
}

/// The reason why there is no native code.
pub(super) enum CompileFailure {
    Refused(String),
    Panicked,
    OutOfMemory,
}

/// The message about a fault of the compiler, as far as its user can know.
pub(super) const COMPILER_PANICKED: &str = "the code cannot be compiled: the compiler failed on it";

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
pub(super) struct JobInput<'a> {
    pub(super) wasm: &'a [u8],
    /// Functions that were compiled before.
    pub(super) functions: &'a [u8],
}

impl<'a> JobInput<'a> {
    fn of(wasm: &'a [u8]) -> Self {
        Self { wasm, functions: &[] }
    }
}

/// The size in bytes of the length that stands before the code where functions follow.
const LENGTH: usize = size_of::<u64>();

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
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Outline => "reading the types of its functions",
            Self::Compile(_) | Self::Recompile => "compiling it",
        }
    }

    /// Does the job here and now.
    pub(super) fn run(self, input: JobInput<'_>) -> Result<Vec<u8>, CompileFailure> {
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
        |concurrency| precompile(engine::compiling(concurrency, tier, functions.cloned()), &bytes);
    match compile(Concurrency::Off)? {
        // The validator names `async` where the usual engine leaves out what the code needs.
        Err(error) if error.root_cause().to_string().contains("async") => compile(Concurrency::On)?,
        compiled => compiled,
    }
    .map_err(|error| match error.is::<wasmtime::error::OutOfMemory>() {
        true => CompileFailure::OutOfMemory,
        false => {
            CompileFailure::Refused(format!("the code cannot be compiled: {}", one_line(&error)))
        }
    })
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
