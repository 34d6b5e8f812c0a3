//! The kind of a plugin, and what follows from it.
//!
//! Others ask for a property in place of comparing kinds: a new kind does not compile until it has answered each.

/// The contract between host and guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub enum PluginKind {
    /// A component that exports `toolrack:plugin/tools`.
    Tools,
    /// Any other component: each function it exports is a tool.
    Functions,
    /// A WASI program: the manifest says which tools it has.
    Command,
}

impl PluginKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tools, Self::Functions, Self::Command];

    /// Its name in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Functions => "functions",
            Self::Command => "command",
        }
    }

    /// True if its tools are those that the manifest declares; otherwise the plugin itself has them.
    #[must_use]
    pub fn manifest_declares_tools(self) -> bool {
        match self {
            Self::Command => true,
            Self::Tools | Self::Functions => false,
        }
    }

    /// True if the host writes the schemas of its tools, from types: they need no check before the plugin serves, and its
    /// answers fit them as they are made.
    #[must_use]
    pub fn host_writes_schemas(self) -> bool {
        match self {
            Self::Functions => true,
            Self::Tools | Self::Command => false,
        }
    }

    /// True if its tools are functions of interfaces: a `.wit` file beside it may describe them, and the name of a tool
    /// ends in that of its function.
    #[must_use]
    pub fn has_interfaces(self) -> bool {
        match self {
            Self::Functions => true,
            Self::Tools | Self::Command => false,
        }
    }

    /// True if its code is run to say which tools it has, so that a section of its file can say it first.
    #[must_use]
    pub fn is_asked(self) -> bool {
        match self {
            Self::Tools => true,
            Self::Functions | Self::Command => false,
        }
    }
}
