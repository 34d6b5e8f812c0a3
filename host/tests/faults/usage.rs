//! What the kernel counts of one process: memory, descriptors, threads, children.

use std::fs;

use serde_json::{Value, json};

/// What a process takes. Its children are not counted in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Resident memory, now and at most so far.
    pub(crate) resident_kib: u64,
    pub(crate) peak_kib: u64,
    /// Descriptors other than those of images.
    pub(crate) descriptors: usize,
    /// The files in memory that wasmtime maps into a guest's memory at its start, one for a module. A slot
    /// of the pool keeps the one that was last used in it, so their number is not that of the modules.
    pub(crate) images: usize,
    pub(crate) threads: u64,
    pub(crate) children: usize,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
        let field = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("the key");
            line.split_whitespace().next().unwrap().parse().expect("a number")
        };
        let open = open_files(pid);
        let images = open.iter().filter(|name| name.contains("wasm-memory-image")).count();
        Self {
            resident_kib: field("VmRSS:"),
            peak_kib: field("VmHWM:"),
            descriptors: open.len() - images,
            images,
            threads: field("Threads:"),
            children: children(pid),
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "resident_kib": self.resident_kib, "peak_kib": self.peak_kib,
            "descriptors": self.descriptors, "images": self.images, "threads": self.threads })
    }
}

/// Lists the files behind the descriptors of a process.
pub(crate) fn open_files(pid: u32) -> Vec<String> {
    let listed = fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors");
    let links = listed.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let mut names: Vec<_> = links.map(|link| link.display().to_string()).collect();
    names.sort_unstable();
    names
}

/// Every thread has children of its own. A thread may end while it is asked.
fn children(pid: u32) -> usize {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists.map(|list| list.split_whitespace().count()).sum()
}

/// Bytes in a pipe that nobody has read.
pub(crate) fn unread(pipe: impl std::os::fd::AsFd) -> u64 {
    rustix::io::ioctl_fionread(pipe).expect("a pipe")
}
