//! The protocol's revisions, and what each of them knows.

use serde::{Serialize, Serializer};

use crate::tool::ReasonReader;

/// A revision of the protocol, in order of age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

/// The way in which messages come: it decides which revisions are served, and what a message comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransportKind {
    /// Lines on stdin and stdout.
    #[default]
    Stdio,
    /// Streamable HTTP, which 2025-03-26 brought; that of 2024-11-05 is another.
    Http,
}

impl TransportKind {
    /// The revisions that are served, newest first.
    pub(crate) fn versions(self) -> impl Iterator<Item = Version> {
        let oldest = match self {
            Self::Stdio => Version::V2024_11_05,
            Self::Http => Version::V2025_03_26,
        };
        Version::ALL.into_iter().filter(move |version| *version >= oldest)
    }

    /// The revision that `text` names, if it is served.
    pub(crate) fn version(self, text: &str) -> Option<Version> {
        self.versions().find(|version| version.as_str() == text)
    }

    /// The reader of what the client is told. Who starts a server runs it; over HTTP, others ask.
    pub(crate) fn reader(self) -> ReasonReader {
        match self {
            Self::Stdio => ReasonReader::Operator,
            Self::Http => ReasonReader::Stranger,
        }
    }

    /// The words for what a message comes in.
    pub(crate) fn container(self) -> &'static str {
        match self {
            Self::Stdio => "the line",
            Self::Http => "the body",
        }
    }
}

impl Version {
    /// All that are known, newest first.
    pub(crate) const ALL: [Self; 5] = [
        Self::V2026_07_28,
        Self::V2025_11_25,
        Self::V2025_06_18,
        Self::V2025_03_26,
        Self::V2024_11_05,
    ];
    /// The revision for a handshake that asks for an unknown one.
    pub(crate) const NEWEST_LEGACY: Self = Self::V2025_11_25;

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Stateless: each request carries its version. The others begin with a handshake.
    pub(crate) fn is_modern(self) -> bool {
        self >= Self::V2026_07_28
    }

    pub(crate) fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }

    pub(crate) fn has_annotations(self) -> bool {
        self >= Self::V2025_03_26
    }

    pub(crate) fn has_audio(self) -> bool {
        self >= Self::V2025_03_26
    }

    /// Structured content, output schemas, titles, resource links, `_meta` of a tool.
    pub(crate) fn has_structured_content(self) -> bool {
        self >= Self::V2025_06_18
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
