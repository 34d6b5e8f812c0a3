//! What goes wrong, and the host that survives it: every case is played against the real binary, and
//! after each the same has to hold (`bench.rs`).
//!
//! | file | class |
//! |---|---|
//! | `guests.rs` | guests that loop, take memory, flood, crash |
//! | `answers.rs` | guests whose answers are hostile |
//! | `hostile.rs` | hostile plugins of each kind at once, for as long as one likes |
//! | `modules.rs` | files that are no plugin, or a hostile one |
//! | `escapes.rs` | guests that want what they were not granted |
//! | `lines.rs` | a client's lines: broken, odd, too many |
//! | `requests.rs` | a client's requests: unknown, too early, wrong, cancelled, in batches |
//! | `streams.rs` | a client's streams, and signals |
//! | `manifests.rs` | manifests and directories |
//! | `changes.rs` | changes of a plugin directory under way |
//! | `locks.rs` | the lock of a plugin directory, damaged and replaced |
//! | `paces.rs` | rates, and pauses of plugins that keep crashing, under load |
//! | `crashes.rs` | the cache, and processes that are killed while they write |
//! | `points.rs` | crashes and errors exactly where they matter, in a host that has points for them |
//! | `system.rs` | a system that has no more: disk, file sizes, descriptors, processes, memory |
//! | `bench.rs`, `usage.rs`, `case.rs` | what the cases are made with: the oracle, what the kernel counts, the index |
//! | `table.rs` | docs/faults.md, against the cases that there are |
//!
//! What a fault does inside the host is tested in `it`; here it is only whether the host survives, and
//! what a client and an operator see of it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod answers;
mod bench;
mod case;
mod changes;
#[path = "../it/client.rs"]
#[allow(dead_code, reason = "the tests in `it` need the rest")]
mod client;
mod crashes;
mod escapes;
#[path = "../it/guest.rs"]
#[allow(dead_code, reason = "the tests in `it` need the rest")]
mod guest;
mod guests;
mod hostile;
mod lines;
mod locks;
mod manifests;
mod modules;
mod paces;
#[path = "../it/plugins.rs"]
#[allow(dead_code, reason = "the tests in `it` need the rest")]
mod plugins;
mod points;
mod requests;
mod streams;
mod system;
mod table;
mod usage;
