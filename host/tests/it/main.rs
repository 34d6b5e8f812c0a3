//! Tests across the host's borders: manifest text, sandbox with WAT, engine in memory, real binary.
//!
//! | file | border |
//! |---|---|
//! | `manifests.rs` | TOML text to checked values: golden pairs |
//! | `sandbox.rs` | limits, traps and answers of guests in WAT |
//! | `compiling.rs` | Wasm to code: caps, sharing, the child process |
//! | `cache.rs` | compiled code on disk, used and damaged |
//! | `catalog.rs` | directories to a catalog: what is served, what is refused and why |
//! | `engine.rs` | the protocol in memory, line by line |
//! | `architecture.rs` | ARCHITECTURE.md, against the tree |
//! | `any_input.rs` | the protocol in memory, under invented input |
//! | `server.rs` | the real binary as a client sees it |
//! | `commands.rs` | the real binary as a person sees it |
//! | `guest.rs`, `plugins.rs`, `client.rs` | what these tests are made with |

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod any_input;
mod architecture;
mod cache;
mod catalog;
mod client;
mod commands;
mod compiling;
mod engine;
mod guest;
mod manifests;
mod plugins;
mod sandbox;
mod server;
