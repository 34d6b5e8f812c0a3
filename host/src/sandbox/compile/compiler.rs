//! The compiler of plugins: its place, its bounds, and the step from Wasm to the bytes of native code.
//!
//! Cranelift is made for trusted code: a small hostile file can cost it minutes and gigabytes. So a host compiles in a
//! child process that the system ends at a bound. This module does not know what becomes of the result.

use std::path::PathBuf;
use std::time::Duration;

use super::super::engine::setup::Tier;
use super::super::kind::outline::{Outline, TypeOutline};
use super::answer_wait::Lifeline;
use super::child;
use super::error::{COMPILER_PANICKED, CompileError, CompileFailure};
use super::job::{Caps, CompileJob, JobInput, LENGTH};
use super::lanes::Priority;
use crate::manifest::Bytes;

/// The place where plugins are compiled, and the one where compiled code is kept.
#[derive(Clone, Debug)]
pub struct Compiler {
    place: Where,
    caps: Caps,
    pub(crate) cache: Option<PathBuf>,
    /// The list of code that was compiled elsewhere, which is used beside the cache.
    pub(crate) warm: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Where {
    Child(PathBuf),
    InProcess,
}

/// The bounds on what reading the types of one file takes: those of the largest files take a second.
const OUTLINE: Caps = Caps {
    memory: Bytes::new(1 << 30),
    cpu: Duration::from_secs(10),
    time: Duration::from_secs(30),
};

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
        Self { place: Where::Child(program), caps, cache: None, warm: None }
    }

    /// Compiles in this process, without bounds on memory and time: for Wasm that is trusted.
    #[must_use]
    pub fn in_process() -> Self {
        Self { place: Where::InProcess, caps: Caps::default(), cache: None, warm: None }
    }

    /// Keeps compiled code in `directory`.
    #[must_use]
    pub fn with_cache(self, directory: PathBuf) -> Self {
        Self { cache: Some(directory), ..self }
    }

    /// Uses what the list at `warm` names, beside what is kept in the cache.
    #[must_use]
    pub fn with_warm(self, warm: PathBuf) -> Self {
        Self { warm: Some(warm), ..self }
    }

    /// Makes native code for `wasm`. Blocks the thread for as long as it takes, or until `lifeline` is cut.
    pub(crate) fn compile(
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
    pub(crate) fn recompile(
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
    pub(crate) fn outline(
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
