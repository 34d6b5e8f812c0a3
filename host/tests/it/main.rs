//! Tests across the host's borders: manifest text, sandbox with WAT, engine in memory, real binary.
//!
//! | file | border |
//! |---|---|
//! | `manifests.rs` | TOML text to checked values: golden pairs |
//! | `sandbox.rs` | limits, traps and answers of guests in WAT |
//! | `between.rs` | calls beside each other: nothing is left, everybody gets a turn |
//! | `programs.rs` | WASI programs in WAT: what they get, and what becomes of what they write |
//! | `functions.rs` | components that know nothing of tools: types, values, names, limits |
//! | `files.rs` | directories that guests are granted: what is possible there, and nothing beyond |
//! | `http.rs` | requests to servers on loopback: grants, bounds, TLS, secrets |
//! | `secrets.rs` | guests that are told secrets, and what is seen of them |
//! | `compiling.rs` | Wasm to code: caps, sharing, the child process |
//! | `packed.rs` | files that list their tools: listed at once, compared with their code, refused |
//! | `cache.rs` | compiled code on disk, used and damaged |
//! | `catalog.rs` | directories to a catalog: what is served, what is refused and why |
//! | `engine.rs` | the protocol in memory, line by line |
//! | `architecture.rs` | ARCHITECTURE.md, against the tree |
//! | `documents.rs` | what is written for people: links, and manifests |
//! | `histories.rs` | the core of reloading, under invented histories of files, hints and time |
//! | `server.rs` | the real binary as a client sees it |
//! | `reload.rs` | the real binary while its plugin directory changes |
//! | `flood.rs` | the real binary under very many files, changes and reloads |
//! | `scan.rs` | directories to what a scan sees, and to what is served |
//! | `commands.rs` | the real binary as a person sees it |
//! | `register.rs` | the files of MCP clients, by `register` and `unregister` |
//! | `doctor.rs` | what usually goes wrong, as `toolrack doctor` tells it |
//! | `install.rs` | plugins into a directory and out of it, by `add` and `remove` |
//! | `local.rs` | what a person decided, in `NAME.local.toml`: kept by `add`, `remove` and copied updates |
//! | `decide.rs` | `grant`, `revoke`, `set`, `unset`: the local file, the lock, the servers |
//! | `dev.rs` | the author's loop, `toolrack dev`, with an invented cargo |
//! | `follow.rs` | servers that follow `add`, `remove` and `dev` while they run |
//! | `lock.rs` | what a lock says of versions, and its text, in memory |
//! | `locked.rs` | the real binary with a lock beside its plugins |
//! | `paced.rs` | the real binary with plugins that are called too often or keep crashing |
//! | `requires.rs` | tools that can only fail: not listed, and when they are again |
//! | `status.rs` | servers as `toolrack status` shows them |
//! | `logs.rs` | what servers wrote, as `toolrack logs` shows it |
//! | `wrong_calls.rs` | calls as models get them wrong, each with its answer |
//! | `acceptance.rs` | the shipped plugins, by requests of `plugins/NAME/acceptance.toml` with their right answers |
//! | `any_arguments.rs` | the shipped tools on invented arguments that their schemas accept |
//! | `shipped_files.rs` | the plugin `files`, as built, on granted directories |
//! | `zone.rs` | the machine's time zone: who is told it, and what `time` makes of it |
//! | `fetch.rs`, `github.rs`, `weather.rs` | the plugins that use the network, as built, against servers on loopback |
//! | `git.rs` | the plugin `git`, as built, against git itself on repositories in many states |
//! | `git_files.rs` | the same, on files that became something else: directories, links, repositories, odd names |
//! | `guest.rs`, `wit.rs`, `plugins.rs`, `shipped.rs`, `client.rs`, `person.rs`, `machine.rs`, `web.rs`, `repository.rs` | what these tests are made with |

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod acceptance;
mod any_arguments;
mod architecture;
mod between;
mod cache;
mod catalog;
#[allow(dead_code, reason = "the fault suite needs the rest")]
mod client;
mod commands;
mod compiling;
mod decide;
mod dev;
mod doctor;
mod documents;
mod engine;
mod fetch;
mod files;
#[cfg(target_os = "linux")]
mod flood;
mod follow;
mod functions;
mod git;
mod git_files;
mod github;
mod guest;
mod histories;
mod http;
mod install;
mod listing;
mod local;
mod lock;
mod locked;
mod logs;
mod machine;
mod manifests;
mod paced;
mod packed;
mod passed;
mod person;
mod plugins;
mod programs;
mod register;
#[cfg(unix)]
mod reload;
mod repository;
mod requires;
mod sandbox;
#[cfg(unix)]
mod scan;
mod secrets;
mod server;
mod shipped;
mod shipped_files;
mod status;
mod weather;
mod web;
mod wit;
mod wrong_calls;
mod zone;
