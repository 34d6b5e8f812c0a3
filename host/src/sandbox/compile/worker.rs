//! The process that compiles one plugin: `toolrack compile`, which hosts start and people never type.
//!
//! On stdin come the lengths of the Wasm and of the functions that were compiled before (eight bytes each,
//! little-endian), then both. On stdout goes one byte that says what follows, then the result of the job or the reason
//! of a refusal. It knows no plugin, no manifest and no directory. The other end is `child`.

use std::io::{self, Read as _, Write as _};

use super::error::CompileFailure;
use super::job::{Caps, CompileJob, JobInput};
use crate::manifest::Bytes;

/// The status byte that the result of the job follows.
pub(crate) const DONE: u8 = 0;
/// The status byte that the reason of a refusal follows.
pub(crate) const REFUSED: u8 = 1;

/// Bytes before the input.
const JOB_HEADER: usize = 2 * size_of::<u64>();

/// The exit code of the process when its time is up, as `timeout` has it.
pub(crate) const OUT_OF_TIME: i32 = 124;
/// The exit code when memory was refused and the job noticed it. Mostly it does not, and the process aborts.
pub(crate) const OUT_OF_MEMORY: i32 = 125;
/// The exit code when the compiler panicked: stderr says why.
const PANIC_EXIT_CODE: i32 = 101;
/// The exit code when the process cannot do its work at all: that of every command that fails.
pub(crate) const FAULT: i32 = 2;
/// The exit code when its parent is gone, or does not want the answer any more.
pub(crate) const ORPHAN: i32 = 126;

/// The lengths that stand before the input.
pub(crate) fn header(input: JobInput<'_>) -> [u8; JOB_HEADER] {
    let mut header = [0; JOB_HEADER];
    let lengths = [input.wasm, input.functions].map(|bytes| (bytes.len() as u64).to_le_bytes());
    header.copy_from_slice(lengths.as_flattened());
    header
}

/// Does `job` on what stdin holds, within `caps`, and answers on stdout.
pub fn work(job: CompileJob, caps: &Caps, niceness: i32) -> io::Result<()> {
    confine(caps, niceness)?;
    let time = caps.time;
    spawn("time", move || {
        std::thread::sleep(time);
        std::process::exit(OUT_OF_TIME)
    })?;
    let [wasm, functions] = read()?;
    // The parent keeps the pipe open for as long as it wants the answer.
    spawn("parent", || {
        let _ = io::stdin().lock().read(&mut [0]);
        std::process::exit(ORPHAN)
    })?;
    let (status, payload) = match job.run(JobInput { wasm: &wasm, functions: &functions }) {
        Ok(done) => (DONE, done),
        Err(CompileFailure::Refused(reason)) => (REFUSED, reason.into_bytes()),
        Err(CompileFailure::Panicked) => std::process::exit(PANIC_EXIT_CODE),
        Err(CompileFailure::OutOfMemory) => std::process::exit(OUT_OF_MEMORY),
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(&[status])?;
    stdout.write_all(&payload)?;
    stdout.flush()
}

fn read() -> io::Result<[Vec<u8>; 2]> {
    let mut stdin = io::stdin().lock();
    let mut header = [0; JOB_HEADER];
    stdin.read_exact(&mut header)?;
    let mut input = [Vec::new(), Vec::new()];
    let (lengths, _) = header.as_chunks();
    for (bytes, length) in input.iter_mut().zip(lengths) {
        let length = u64::from_le_bytes(*length);
        stdin.by_ref().take(length).read_to_end(bytes)?;
        if (bytes.len() as u64) < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(input)
}

fn spawn(name: &str, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(job).map(drop)
}

/// Bounds this process. What it would do beyond the bounds, the system refuses or ends.
#[cfg(unix)]
fn confine(caps: &Caps, niceness: i32) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, nice, setrlimit};
    let limit = |resource, soft: u64, hard: u64| {
        // A limit that is lower already stays: the process may not raise it.
        let highest = below(resource, hard).unwrap_or(hard);
        let (soft, hard) = (soft.min(highest), hard.min(highest));
        setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })
    };
    // No image of a process that was ended at a bound.
    limit(Resource::Core, 0, 0)?;
    let seconds = caps.cpu.as_secs();
    // The signal at the soft limit tells why; the one at the hard limit tells nothing.
    limit(Resource::Cpu, seconds, seconds + 2)?;
    let memory = limit(Resource::As, caps.memory.get(), caps.memory.get());
    // Elsewhere address space cannot be bounded, or not below what is in use.
    if cfg!(target_os = "linux") {
        memory?;
    }
    nice(niceness)?;
    // The bounds above hold also where the system cannot do this; the parent warns of it.
    let _ = super::seccomp::confine();
    Ok(())
}

/// Returns the most that the system lets this process and its children have. `None` where that is not less than `cap`.
#[cfg(unix)]
fn below(resource: rustix::process::Resource, cap: u64) -> Option<u64> {
    rustix::process::getrlimit(resource).maximum.filter(|highest| *highest < cap)
}

/// The memory that the system lets a child have, where that is less than its cap.
#[cfg(unix)]
pub(crate) fn memory_below(caps: &Caps) -> Option<Bytes> {
    below(rustix::process::Resource::As, caps.memory.get()).map(Bytes::new)
}

/// Returns `None`: nothing is known of that memory on this system.
#[cfg(not(unix))]
pub(crate) fn memory_below(_caps: &Caps) -> Option<Bytes> {
    None
}

/// Does nothing: only time bounds this process on this system.
#[cfg(not(unix))]
fn confine(_caps: &Caps, _niceness: i32) -> io::Result<()> {
    Ok(())
}
