//! The parent's end of compiling in a child process: it starts the child, feeds it, and says why it died.
//!
//! The other end is `worker`. The child has nothing of ours but three pipes, and ends when the one it
//! reads from closes: it does not outlive a parent that was killed.

use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Once;

use super::answer_wait::Lifeline;
use super::error::{COMPILER_PANICKED, CompileError};
use super::job::{Caps, CompileJob, JobInput, MAX_ARTIFACT};
use super::lanes::Priority;
use super::seccomp;
use super::worker;
use crate::manifest::Bytes;
use crate::text::escape;

/// The most bytes of the end of a child's stderr that are kept.
const MAX_WORDS: usize = 4096;

/// The most threads that compile one plugin. The allocator reserves 64 MiB of address space for each, which counts as
/// memory, and other plugins are being compiled too.
const COMPILE_THREADS: usize = 4;

/// Does `job` on `input` in a child process that runs `program` and hangs on `lifeline`, and returns its result.
pub(crate) fn work(
    program: &Path,
    job: CompileJob,
    priority: Priority,
    caps: &Caps,
    input: JobInput<'_>,
    lifeline: &Lifeline,
) -> Result<Vec<u8>, CompileError> {
    warn_of_what_lacks();
    let host = |error: io::Error| {
        CompileError::Host(format!("the process that compiles it does not work: {error}"))
    };
    let mut child = OwnedChild(command(program, job, priority, caps).spawn().map_err(host)?);
    let child = &mut child.0;
    let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(host(io::ErrorKind::BrokenPipe.into()));
    };
    let (answer, last_words) = std::thread::scope(|scope| {
        let words = std::thread::Builder::new()
            .name("compile".into())
            .spawn_scoped(scope, move || last_words(&mut stderr))?;
        // A child that died does not read; its end says why.
        let pieces = [&worker::header(input)[..], input.wasm, input.functions];
        let _ = pieces.into_iter().try_for_each(|piece| stdin.write_all(piece));
        lifeline.hold(stdin);
        let answer = ChildOutput::read(&mut stdout);
        if answer.is_none() {
            // It may still be writing, and its stderr is open until it ends.
            child.kill()?;
        }
        Ok((answer, words.join().unwrap_or_default()))
    })
    .map_err(host)?;
    let status = child.wait().map_err(host)?;
    let Some(answer) = answer else {
        let most = Bytes::new(MAX_ARTIFACT);
        return Err(CompileError::Refused(format!("its compiled code is larger than {most}")));
    };
    // A child that did not end well may not have written all.
    match answer.status {
        Some(worker::DONE) if status.success() => Ok(answer.payload),
        Some(worker::REFUSED) if status.success() => {
            Err(CompileError::Refused(String::from_utf8_lossy(&answer.payload).into_owned()))
        }
        _ => Err(why(status, &last_words, caps, job.doing())),
    }
}

/// Warns, once, where the system cannot confine the child as far as it should.
fn warn_of_what_lacks() {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        if !seccomp::is_known() {
            tracing::warn!(
                "this system filters no system calls (seccomp): the process that compiles plugins is bounded in memory \
                 and time, and may call what any process may"
            );
        }
    });
}

/// The words of a process that has no memory left: those of the standard library as it aborts, of cranelift and
/// wasmtime as they panic, of the system as it refuses a thread.
const SHORT_OF_MEMORY: [&str; 4] =
    ["memory allocation of ", "out of memory", "Cannot allocate memory", "os error 11"];

fn command(program: &Path, job: CompileJob, priority: Priority, caps: &Caps) -> Command {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut command = Command::new(program);
    command
        .arg("compile")
        .arg(job.word())
        .arg(format!("--memory={}", caps.memory.get()))
        .arg(format!("--cpu={}", caps.cpu.as_secs()))
        .arg(format!("--time={}", caps.time.as_secs()))
        .arg(format!("--nice={}", priority.niceness()))
        .env_clear()
        .env("RAYON_NUM_THREADS", threads.min(COMPILE_THREADS).to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // It keeps no directory of the client's in use.
    #[cfg(unix)]
    command.current_dir("/");
    // Without it Windows starts no program that asks for random numbers.
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // Ctrl-c goes to a whole group, and it is the server that decides what it ends.
        command.arg0("toolrack").process_group(0);
    }
    command
}

/// A child that is ended and awaited, whatever happens here.
struct OwnedChild(Child);

impl Drop for OwnedChild {
    fn drop(&mut self) {
        // Both do nothing to a child that was awaited.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The output of a child, as far as it came.
struct ChildOutput {
    status: Option<u8>,
    payload: Vec<u8>,
}

impl ChildOutput {
    /// Reads the output of a child. `None` if it is too long.
    fn read(stdout: &mut impl Read) -> Option<Self> {
        let mut status = [0];
        let status = stdout.read_exact(&mut status).ok().map(|()| status[0]);
        let mut payload = Vec::new();
        let read = stdout.take(MAX_ARTIFACT + 1).read_to_end(&mut payload);
        // Reading from a pipe does not fail; if it did, what came would not be whole.
        let status = status.filter(|_| read.is_ok());
        (payload.len() as u64 <= MAX_ARTIFACT).then_some(Self { status, payload })
    }
}

/// Reads `stderr` to its end, so that the child is never held up, and returns the last of it.
fn last_words(stderr: &mut impl Read) -> String {
    let mut words = Vec::new();
    let mut piece = [0; 1024];
    while let Ok(read @ 1..) = stderr.read(&mut piece) {
        words.extend_from_slice(&piece[..read]);
        words.drain(..words.len().saturating_sub(MAX_WORDS));
    }
    String::from_utf8_lossy(&words).into_owned()
}

/// Returns the reason why a child ended without an answer.
fn why(status: ExitStatus, last_words: &str, caps: &Caps, doing: &str) -> CompileError {
    let last_words = escape(last_words.trim());
    tracing::debug!("the process that compiles ended with {status}: {last_words}");
    let took_more = |what: String| CompileError::Capped(format!("{doing} took more than {what}"));
    // Where this process may have less than the cap, so may its child: that is no fault of the file.
    let took_memory = || match worker::memory_below(caps) {
        Some(memory) => CompileError::Host(format!(
            "{doing} took more than {memory} of memory, which is all that a process may have here; allow \
             toolrack more (`ulimit -v`)"
        )),
        None => took_more(format!("{} of memory", caps.memory)),
    };
    match status.code() {
        Some(worker::ORPHAN) => return CompileError::Abandoned,
        Some(worker::OUT_OF_TIME) => return took_more(format!("{} s", caps.time.as_secs())),
        Some(worker::OUT_OF_MEMORY) => return took_memory(),
        Some(worker::FAULT) => {
            return CompileError::Host(format!(
                "the process that compiles it does not work: {last_words}"
            ));
        }
        Some(_) | None => {}
    }
    if SHORT_OF_MEMORY.iter().any(|words| last_words.contains(words)) {
        return took_memory();
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;

        use rustix::process::Signal;
        let signal = status.signal();
        if signal == Some(Signal::XCPU.as_raw()) {
            return took_more(format!("{} s of processor time", caps.cpu.as_secs()));
        }
        // The compiler is safe code: what breaks there is a stack that cannot grow any more.
        if [Signal::SEGV, Signal::BUS].into_iter().any(|broken| signal == Some(broken.as_raw())) {
            return took_memory();
        }
        if signal == Some(Signal::KILL.as_raw()) {
            return CompileError::Host(
                "the process that compiles it was killed; the machine may be short of memory"
                    .into(),
            );
        }
    }
    CompileError::Refused(COMPILER_PANICKED.into())
}
