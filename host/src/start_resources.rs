//! The check that this machine gives what every start takes: some file descriptors, and a thread for each processor.
//!
//! The runtime takes both for granted, and panics where there are none.

use std::io;
use std::sync::{Arc, Barrier};

/// The file descriptors that a start takes, and a few for the first files.
const DESCRIPTORS: usize = 10;
/// The descriptors that a process raises its own limit to, where it may: what all calls together can hold, and more.
#[cfg(unix)]
const MAX_DESCRIPTORS: u64 = 65_536;
/// Threads beside those for guests: for files, signals and streams.
const OTHER_THREADS: usize = 4;
/// The most heaps of glibc's allocator, and the bytes from which it asks the system for a block of its own, and above which
/// it gives the end of a heap back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAX_HEAPS: i32 = 8;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_BLOCK: i32 = 1 << 20;

/// The shortage for which a start would fail.
#[derive(Debug, thiserror::Error)]
pub enum TooLittle {
    /// There are too few descriptors.
    #[error(
        "toolrack needs {DESCRIPTORS} more file descriptors than it has: {0}; allow it more (`ulimit -n`)"
    )]
    Descriptors(io::Error),
    /// There are too few threads.
    #[error("toolrack needs {needed} threads: {error}; allow it more (`ulimit -u`)")]
    Threads {
        /// The number of threads that a start takes.
        needed: usize,
        /// The error of the system.
        error: io::Error,
    },
}

/// Takes what a start takes, and gives it back. Then the process may have as many descriptors as it is allowed, and leaves
/// no memory behind when it crashes: secrets are in it.
pub(crate) fn check() -> Result<(), TooLittle> {
    #[cfg(unix)]
    set_limits();
    descriptors().map_err(TooLittle::Descriptors)?;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    bound_heaps(processors);
    let needed = OTHER_THREADS + processors;
    threads(needed).map_err(|error| TooLittle::Threads { needed, error })
}

/// Raises what this process may raise itself, and keeps the system from writing its memory to a file. Where either is not
/// allowed, everything works as before.
#[cfg(unix)]
fn set_limits() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(MAX_DESCRIPTORS).min(MAX_DESCRIPTORS);
    if current.is_some_and(|current| current < wanted) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}

/// The memory that this process holds, in bytes. `None` where the system does not tell.
#[must_use]
pub(crate) fn resident_memory() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
        let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
        pages.checked_mul(rustix::param::page_size() as u64)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Bounds what glibc's allocator keeps of memory that was freed. By itself it has eight heaps a processor, and lets each
/// keep up to twice the largest block that was ever freed: beside hostile plugins, half of what the server took was
/// memory of that kind, and it grew for minutes. Another allocator, mimalloc, kept six times as much.
///
/// A heap more than there are processors keeps the threads that work from waiting for each other.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the allocator has no other interface")]
fn bound_heaps(processors: usize) {
    let heaps = i32::try_from(processors + 1).map_or(MAX_HEAPS, |heaps| heaps.min(MAX_HEAPS));
    for (setting, value) in [
        (libc::M_ARENA_MAX, heaps),
        (libc::M_MMAP_THRESHOLD, LARGE_BLOCK),
        (libc::M_TRIM_THRESHOLD, LARGE_BLOCK),
    ] {
        // SAFETY: the function takes two numbers, locks the allocator meanwhile, and refuses what it does not know.
        // What it refuses stays as it was.
        let _ = unsafe { libc::mallopt(setting, value) };
    }
}

/// Gives memory back to the system that was freed and lies between what is in use. It takes milliseconds.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the allocator has no other interface")]
pub(crate) fn give_freed_memory_back() {
    // SAFETY: the function takes a number, and locks the allocator meanwhile.
    let _ = unsafe { libc::malloc_trim(0) };
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_freed_memory_back() {}

/// Returns how many descriptors this process may have. `None` where there is no bound.
#[cfg(unix)]
pub(crate) fn allowed_descriptors() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current.map(|most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// Other systems have as many descriptors as memory allows.
#[cfg(not(unix))]
pub(crate) fn allowed_descriptors() -> Option<usize> {
    None
}

#[cfg(unix)]
fn descriptors() -> io::Result<()> {
    let stderr = rustix::stdio::stderr();
    let taken: Result<Vec<_>, _> =
        (0..DESCRIPTORS).map(|_| rustix::io::fcntl_dupfd_cloexec(stderr, 3)).collect();
    match taken {
        // Stderr is closed, which is no want of other descriptors.
        Ok(_) | Err(rustix::io::Errno::BADF) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Other systems have as many descriptors as memory allows.
#[cfg(not(unix))]
fn descriptors() -> io::Result<()> {
    Ok(())
}

fn threads(needed: usize) -> io::Result<()> {
    // Each thread stays until all have begun, or until one cannot be had.
    let begun = Arc::new(Barrier::new(needed + 1));
    let mut threads = Vec::new();
    for _ in 0..needed {
        let begun = begun.clone();
        threads
            .push(std::thread::Builder::new().stack_size(64 * 1024).spawn(move || begun.wait())?);
    }
    begun.wait();
    threads.into_iter().for_each(|thread| drop(thread.join()));
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn a_start_leaves_no_core_and_may_have_many_descriptors() {
        let before = getrlimit(Resource::Nofile);
        super::check().expect("enough");
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        let (soft, hard) = (getrlimit(Resource::Nofile).current, before.maximum);
        let wanted = hard.unwrap_or(super::MAX_DESCRIPTORS).min(super::MAX_DESCRIPTORS);
        assert!(soft.is_none_or(|soft| soft >= wanted.min(4096)), "{soft:?} of {hard:?}");
    }
}
