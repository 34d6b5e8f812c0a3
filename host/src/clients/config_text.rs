//! The text of a client's file, in whichever form it is written.

use super::entry::{FoundEntry, WrittenEntry};
use super::error::ConfigEditError;
use super::json::JsonText;
use super::table::Syntax;
use super::toml::TomlText;

/// The text of a file in either form.
pub(super) enum ConfigText<'a> {
    Json(JsonText<'a>),
    Toml(TomlText<'a>),
}

impl<'a> ConfigText<'a> {
    pub(super) fn parse(text: &'a str, syntax: Syntax) -> Result<Self, ConfigEditError> {
        match syntax {
            Syntax::Json | Syntax::JsonWithComments => {
                JsonText::parse(text, syntax).map(Self::Json)
            }
            Syntax::Toml => TomlText::parse(text).map(Self::Toml),
        }
    }

    pub(super) fn find(
        &self,
        key: &str,
        name: &str,
    ) -> Result<Option<FoundEntry>, ConfigEditError> {
        match self {
            Self::Json(text) => text.find(key, name),
            Self::Toml(text) => text.find(key, name),
        }
    }

    pub(super) fn names(&self, key: &str) -> Result<Vec<String>, ConfigEditError> {
        match self {
            Self::Json(text) => text.names(key),
            Self::Toml(text) => text.names(key),
        }
    }

    pub(super) fn insert(
        &self,
        key: &str,
        name: &str,
        entry: &WrittenEntry,
    ) -> Result<String, ConfigEditError> {
        match self {
            Self::Json(text) => text.insert(key, name, entry),
            Self::Toml(text) => text.insert(key, name, entry),
        }
    }

    pub(super) fn remove(
        &self,
        key: &str,
        name: &str,
        is_pruned: bool,
    ) -> Result<String, ConfigEditError> {
        match self {
            Self::Json(text) => text.remove(key, name, is_pruned),
            Self::Toml(text) => text.remove(key, name),
        }
    }

    /// The number of comments in the file.
    pub(super) fn count_comments(&self) -> usize {
        match self {
            Self::Json(text) => text.count_comments(),
            Self::Toml(text) => text.count_comments(),
        }
    }

    /// True if the file has a list of servers.
    pub(super) fn has_key(&self, key: &str) -> Result<bool, ConfigEditError> {
        match self {
            Self::Json(text) => text.has_key(key),
            // A table of TOML needs no list around it.
            Self::Toml(_) => Ok(true),
        }
    }
}
