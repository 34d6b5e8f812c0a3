//! Toolrack: one MCP server that hosts many tools, each in a sandboxed WebAssembly plugin.
//!
//! The modules stand in layers; imports point down only. ARCHITECTURE.md is the map.

#[cfg(any(test, fuzzing))]
pub mod fuzz;

pub mod cli;
pub mod serve;

pub mod configuration;

pub mod clients;
pub mod install;

pub mod host;

pub mod status;
pub mod metrics;

pub mod audit;
#[cfg(feature = "otlp")]
pub mod traces;

pub mod mcp;
pub mod reload;

pub mod lockfile;

pub mod redis;

pub mod catalog;

pub mod oauth;

pub mod sandbox;

pub mod secret;
mod tokens;

pub mod manifest;

pub mod protected;

pub mod name;
pub mod tool;

mod json;
pub mod typed_path;

pub mod text;
mod token_shape;
mod secret_places;
pub mod suggestion;

pub mod fs;
mod sync;

mod failpoint;
pub mod home;
pub mod start_resources;
