//! The system calls that the process which compiles may make: those for memory, threads, time and its three pipes. All
//! others fail. It opens no file and no socket, and starts no program, whatever a Wasm file makes of the compiler.

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(crate) use elsewhere::{confine, is_known};
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) use linux::{confine, is_known};

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux {
    use std::collections::BTreeMap;
    use std::io;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, apply_filter_all_threads,
    };

    /// The calls of the allocator, of threads and of their end, of time, and of the standard library between them.
    const ALLOWED: [i64; 37] = [
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mprotect,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_clone,
        libc::SYS_clone3,
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_set_tid_address,
        libc::SYS_rseq,
        libc::SYS_membarrier,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_restart_syscall,
        libc::SYS_tgkill,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_getcpu,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_clock_getres,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrusage,
        libc::SYS_times,
        libc::SYS_sysinfo,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_prctl,
    ];

    /// The descriptor of memory that is no file's.
    const NO_FILE: u64 = u32::MAX as u64;
    /// The calls that work on a descriptor, each with the place of that argument and those that it may be: descriptors that
    /// a client left open are of no use.
    const ON_DESCRIPTORS: [(i64, u8, &[u64]); 5] = [
        (libc::SYS_read, 0, &[0]),
        (libc::SYS_readv, 0, &[0]),
        (libc::SYS_write, 0, &[1, 2]),
        (libc::SYS_writev, 0, &[1, 2]),
        (libc::SYS_mmap, 4, &[NO_FILE]),
    ];

    /// Confines this process, all its threads, and what it would start. Fails where the system cannot do so.
    pub(crate) fn confine() -> io::Result<()> {
        let program = program().map_err(io::Error::other)?;
        apply_filter_all_threads(&program).map_err(io::Error::other)
    }

    fn program() -> Result<BpfProgram, seccompiler::BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            ALLOWED.into_iter().map(|call| (call, Vec::new())).collect();
        for (call, argument, descriptors) in ON_DESCRIPTORS {
            let mut allowed = Vec::new();
            for descriptor in descriptors {
                let (length, operator) = (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq);
                let is_it = SeccompCondition::new(argument, length, operator, *descriptor)?;
                allowed.push(SeccompRule::new(vec![is_it])?);
            }
            rules.insert(call, allowed);
        }
        let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let system = std::env::consts::ARCH.try_into()?;
        SeccompFilter::new(rules, denied, SeccompAction::Allow, system)?.try_into()
    }

    /// True if the system can confine a process so.
    pub(crate) fn is_known() -> bool {
        std::path::Path::new("/proc/sys/kernel/seccomp/actions_avail").exists()
    }
}

/// No other system has such filters.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod elsewhere {
    pub(crate) fn confine() -> std::io::Result<()> {
        Ok(())
    }

    pub(crate) fn is_known() -> bool {
        true
    }
}
