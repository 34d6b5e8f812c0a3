//! The kinds of plugin: how a file is recognized, what it says of its tools, and how each kind is called.

pub(super) mod bindings;
pub(super) mod wasm_sections;
pub(super) mod number;
pub(super) mod hidden_characters;
pub(super) mod listing_section;
pub(super) mod contract;
pub(super) mod functions;
pub(super) mod command;
pub(super) mod tools;
pub(super) mod detect;
pub(super) mod outline;
