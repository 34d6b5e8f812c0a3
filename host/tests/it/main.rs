//! Tests across the host's borders: manifest text, sandbox with WAT, engine in memory, real binary.
//!
//! Beside each module stands its border. A new test goes to the module whose border it crosses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

// TOML text to checked values: golden pairs.
mod manifests;
// Limits, traps and answers of guests in WAT.
mod sandbox;
// Calls beside each other: nothing is left, everybody gets a turn.
mod between;
// WASI programs in WAT: what they get, and what becomes of what they write.
mod programs;
// Components that know nothing of tools: types, values, names, limits.
mod functions;
// Directories that guests are granted: what is possible there, and nothing beyond.
mod files;
// Requests to servers on loopback: grants, bounds, TLS, secrets.
mod http;
// Guests that are told secrets, and what is seen of them.
mod secrets;
// Wasm to code: caps, sharing, the child process.
mod compiling;
// Files that list their tools: listed at once, compared with their code, refused.
mod packed;
// Compiled code on disk, used and damaged.
mod cache;
// Code that was compiled elsewhere: trusted by a list.
mod warm;
// What a plugin offers, kept on disk beside its code.
mod listing;
// Schemas that compiled once, known to other hosts.
mod passed;
// Directories to a catalog: what is served, what is refused and why.
mod catalog;
// The protocol in memory, line by line.
mod engine;
// ARCHITECTURE.md, against the tree.
mod architecture;
// What is written for people: links, and manifests.
mod documents;
// The core of reloading, under invented histories of files, hints and time.
mod histories;
// The real binary as a client sees it.
mod server;
// The real binary as clients see it over HTTP.
#[cfg(target_os = "linux")]
mod over_http;
#[cfg(target_os = "linux")]
mod http_peer;
// Servers that share a Redis: rates, answers, and what becomes of both while it is away.
#[cfg(target_os = "linux")]
mod shared;
// The page for people, and the attacks of other sites on it.
#[cfg(target_os = "linux")]
mod page;
// What a server over HTTP tells of its health, and the command that asks for it.
#[cfg(target_os = "linux")]
mod health;
// The same over HTTPS, with certificates of clients.
#[cfg(target_os = "linux")]
mod over_tls;
// The real binary while its plugin directory changes.
#[cfg(unix)]
mod reload;
// The real binary under very many files, changes and reloads.
#[cfg(target_os = "linux")]
mod flood;
// Directories to what a scan sees, and to what is served.
#[cfg(unix)]
mod scan;
// The real binary as a person sees it.
mod commands;
// The real binary with a `config.toml`, a person's and an administrator's.
mod configuration;
// The files of MCP clients, by `register` and `unregister`.
mod register;
// The same for a server over HTTP: each client's form, and tokens.
mod register_http;
// What usually goes wrong, as `toolrack doctor` tells it.
mod doctor;
// Plugins into a directory and out of it, by `add` and `remove`.
mod install;
// What a person decided, in `NAME.local.toml`: kept by `add`, `remove` and copied updates.
mod local;
// `grant`, `revoke`, `set`, `unset`: the local file, the lock, the servers.
mod decide;
// The commands that messages suggest, copied as they stand.
#[cfg(unix)]
mod suggestions;
// The author's loop, `toolrack dev`, with an invented cargo.
mod dev;
// Servers that follow `add`, `remove` and `dev` while they run.
mod follow;
// What a lock says of versions, and its text, in memory.
mod lock;
// The real binary with a lock beside its plugins.
mod locked;
// The real binary with plugins that are called too often or keep crashing.
mod paced;
// Tools that can only fail: not listed, and when they are again.
mod requires;
// Servers as `toolrack status` shows them.
mod status;
// What a scrape of metrics reads.
mod metrics;
// The audit log of servers: its lines, its files, and what becomes of them on a full disk.
#[cfg(target_os = "linux")]
mod audit;
// Traces of servers, as a collector gets them.
#[cfg(target_os = "linux")]
mod traces;
#[cfg(target_os = "linux")]
mod otlp_receiver;
// Answers that are kept, as clients and operators see them.
#[cfg(target_os = "linux")]
mod results;
// What servers wrote, as `toolrack logs` shows it.
mod logs;
// Calls as models get them wrong, each with its answer.
mod wrong_calls;
// The shipped plugins, by requests of `plugins/NAME/acceptance.toml` with their right answers.
mod acceptance;
// The shipped tools on invented arguments that their schemas accept.
mod any_arguments;
// The plugin `files`, as built, on granted directories.
mod shipped_files;
// The machine's time zone: who is told it, and what `time` makes of it.
mod zone;
// The plugin `fetch`, as built, against servers on loopback.
mod fetch;
// The plugin `github`, as built, against a server on loopback.
mod github;
// The plugin `weather`, as built, against a server on loopback.
mod weather;
// The plugin `git`, as built, against git itself on repositories in many states.
mod git;
// The plugin `git` on files that became something else: directories, links, repositories, odd names.
mod git_files;

// What these tests are made with.

// Guests in WAT, with the contract's bindings.
mod guest;
// Guests of WIT and WAT, with the bindings of any world.
mod wit;
// Plugin directories of such guests.
mod plugins;
// The plugins of this repository as they are served.
mod shipped;
// A client of the real binary.
#[allow(dead_code, reason = "the fault suite needs the rest")]
mod client;
// A person with a home, who types commands.
mod person;
// A computer on which MCP clients keep their files.
mod machine;
// Servers on loopback that do what a test says.
mod web;
// Repositories made by git itself.
mod repository;
// The graph of the host's source files, for `architecture`.
mod file_graph;
