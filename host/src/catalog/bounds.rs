//! The bounds of all that is served.

/// The most plugins that are served at once.
pub const MAX_PLUGINS: usize = 256;
/// The most tools that are served at once.
pub const MAX_TOOLS: usize = 512;
/// The most functions of one plugin, and the most tools, that are named where they are not served.
pub(super) const MAX_TOLD: usize = 20;
/// The most patterns in the schemas of one plugin: each is compiled, and stays so.
pub(super) const MAX_PLUGIN_PATTERNS: usize = 256;
