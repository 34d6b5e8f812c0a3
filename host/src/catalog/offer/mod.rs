//! The offer of a plugin: its tools under public names, with what its manifest and the local file say of them.

pub(super) mod definition;
pub(super) mod references;
pub(super) mod tool_names;
pub(super) mod overrides;
pub(super) mod stated_needs;
pub(super) mod wit;
pub(super) mod tools;
pub(super) mod tool_needs;
