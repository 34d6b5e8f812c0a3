//! The shortages of this machine: the one place that tells its failures from those of a plugin.
//!
//! The runtime asks the system for address space, files and threads before a guest runs, and as it grows. Where it
//! gets none, no plugin is at fault, and another time there may be enough.

use std::io;

use wasmtime::error::OutOfMemory;

use super::error_text::one_line;

/// The resource that a machine has too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    Memory,
    Descriptors,
    /// Files may not be as large.
    FileSize,
    /// Threads, mostly: the system says only that it may have some later.
    Resources,
}

impl Shortage {
    /// Returns the resource that the system lacked when it refused the runtime something; `None` if `error` is of
    /// another kind.
    pub(crate) fn of(error: &wasmtime::Error) -> Option<Self> {
        let mut causes = error.chain();
        if error.is::<OutOfMemory>() || causes.any(|cause| cause.is::<OutOfMemory>()) {
            return Some(Self::Memory);
        }
        error.chain().find_map(|cause| Self::of_system(&system_error(cause)?))
    }

    /// Returns the resource that the system lacked, by an error of its own; `None` if `error` is of another kind.
    pub(crate) fn of_system(error: &io::Error) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::OutOfMemory => return Some(Self::Memory),
            io::ErrorKind::FileTooLarge => return Some(Self::FileSize),
            io::ErrorKind::WouldBlock => return Some(Self::Resources),
            _ => {}
        }
        codes::of(error.raw_os_error()?)
    }

    /// Says that `error` came of it, and what may help.
    pub(crate) fn told(self, error: &wasmtime::Error) -> String {
        let (lacks, option) = match self {
            Self::Memory => ("there is not enough memory to start it", "-v"),
            Self::Descriptors => ("there are not enough file descriptors to start it", "-n"),
            Self::FileSize => ("files may not be as large as it takes to start it", "-f"),
            Self::Resources => ("this machine cannot start it now", "-u"),
        };
        format!("{lacks}: {}; allow toolrack more (`ulimit {option}`)", one_line(error))
    }
}

/// The system's error that `cause` is, if it is one. The runtime has its own type for those of some calls.
fn system_error(cause: &(dyn std::error::Error + 'static)) -> Option<io::Error> {
    #[cfg(unix)]
    if let Some(error) = cause.downcast_ref::<rustix::io::Errno>() {
        return Some((*error).into());
    }
    let error = cause.downcast_ref::<io::Error>()?;
    Some(error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error))
}

/// The meaning of those of the system's error numbers that have no kind in the standard library.
#[cfg(unix)]
mod codes {
    use rustix::io::Errno;

    use super::Shortage;

    pub(crate) fn of(code: i32) -> Option<Shortage> {
        match Errno::from_raw_os_error(code) {
            Errno::MFILE | Errno::NFILE => Some(Shortage::Descriptors),
            _ => None,
        }
    }
}

#[cfg(windows)]
mod codes {
    use super::Shortage;

    const TOO_MANY_OPEN_FILES: i32 = 4;
    /// The paging file is too small.
    const COMMITMENT_LIMIT: i32 = 1455;

    pub(crate) fn of(code: i32) -> Option<Shortage> {
        match code {
            TOO_MANY_OPEN_FILES => Some(Shortage::Descriptors),
            COMMITMENT_LIMIT => Some(Shortage::Memory),
            _ => None,
        }
    }
}

#[cfg(not(any(unix, windows)))]
mod codes {
    use super::Shortage;

    pub(crate) fn of(_code: i32) -> Option<Shortage> {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;
    use wasmtime::Error;

    use super::*;

    #[test]
    fn a_shortage_is_seen_in_both_types_of_system_errors_and_below_what_wraps_them() {
        for (errno, shortage) in [
            (Errno::NOMEM, Some(Shortage::Memory)),
            (Errno::MFILE, Some(Shortage::Descriptors)),
            (Errno::NFILE, Some(Shortage::Descriptors)),
            (Errno::FBIG, Some(Shortage::FileSize)),
            (Errno::AGAIN, Some(Shortage::Resources)),
            (Errno::INVAL, None),
            (Errno::NOENT, None),
        ] {
            let of_std = || io::Error::from_raw_os_error(errno.raw_os_error());
            for error in [Error::new(errno), Error::new(of_std())] {
                assert_eq!(Shortage::of(&error), shortage, "{error:?}");
                assert_eq!(Shortage::of(&error.context("mapping memory")), shortage, "{errno}");
            }
        }
        assert_eq!(Shortage::of(&Error::new(wasmtime::Trap::UnreachableCodeReached)), None);
    }
}
