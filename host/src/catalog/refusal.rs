//! What a plugin directory holds and is not served, and why.

use super::MAX_PLUGINS;
use crate::name::ToolName;

/// Something that a plugin directory holds and the catalog does not serve.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The manifest's file, or what else is at fault.
    pub file: String,
    /// What is not served.
    pub refused: Refused,
    /// Whether that lies with what else is served.
    pub cause: Cause,
    /// What is wrong and what to do about it; may span lines.
    pub reason: String,
}

/// What a refusal comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// What is refused, whatever there is besides.
    Itself,
    /// Its name is taken, by the plugin of this manifest's file.
    Taken(String),
    /// As many are served as there can be.
    Full,
}

/// How much of a file is not served.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// All of it.
    Plugin,
    /// What it holds now; the last version that was good serves on.
    Version,
    /// One tool; the plugin's others are served.
    Tool(ToolName),
    /// One function that no tool can be made of; the plugin's others are served.
    Function(String),
    /// So many further tools or functions, which are only counted.
    Further(usize),
    /// What the `.wit` file says of the functions; all of them are served.
    Notes,
    /// Nothing: it is a warning.
    Warning,
    /// A tool that can only fail as things stand. It is not listed, and nothing is wrong.
    Unlisted(ToolName),
}

impl Refusal {
    /// The refusal of a whole plugin.
    #[must_use]
    pub fn plugin(file: impl Into<String>, reason: impl Into<String>) -> Self {
        let (refused, cause) = (Refused::Plugin, Cause::Itself);
        Self { file: file.into(), refused, cause, reason: reason.into() }
    }

    /// A warning about `file`; whatever it is about is served.
    #[must_use]
    pub fn warning(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { refused: Refused::Warning, ..Self::plugin(file, reason) }
    }

    /// True if something is not served.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(self.refused, Refused::Warning | Refused::Unlisted(_))
    }

    /// The refusal of a whole plugin for want of room.
    #[must_use]
    pub fn full(file: impl Into<String>) -> Self {
        let reason = format!("{MAX_PLUGINS} plugins are served already, the most there can be");
        Self { cause: Cause::Full, ..Self::plugin(file, reason) }
    }

    /// The refusal on one line, for a log: without the lines that show the place.
    #[must_use]
    pub fn one_line(&self) -> String {
        let mut lines = self.reason.lines();
        let first = lines.next().unwrap_or_default();
        let place = if first.starts_with(&self.file) { "" } else { &*format!("{}: ", self.file) };
        let help = lines.find_map(|line| line.split_once("= help: "));
        let help = help.map(|(_, help)| format!("; {help}")).unwrap_or_default();
        format!("{place}{first}{help}")
    }
}
