//! The kinds of features: of what plugins offer to clients.

/// The kinds of features, as MCP has them. What a new kind has to answer does not compile until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeatureKind {
    /// Functions that a model calls.
    Tool,
}

impl FeatureKind {
    /// All kinds, in the order in which people are told of them.
    pub const ALL: [Self; 1] = [Self::Tool];

    /// The word for one of them.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Tool => "tool",
        }
    }

    /// MCP's word for all of them: that of the capability, and of the methods.
    #[must_use]
    pub fn mcp_name(self) -> &'static str {
        match self {
            Self::Tool => "tools",
        }
    }
}
