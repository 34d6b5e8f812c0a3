//! The contents of a plugin directory that are not served, each with the reason.

use super::MAX_PLUGINS;
use crate::tool::FeatureKind;

/// The beginning of each reason for which a lock holds a version back.
pub(crate) const HELD_BACK: &str = "held back: ";

/// Something that a plugin directory holds and the catalog does not serve.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The manifest's file, or what else is at fault.
    pub file: String,
    /// The part of the file that is not served.
    pub refused: Refused,
    /// The cause: the refused thing itself, or what else is served.
    pub cause: Cause,
    /// The fault and what to do about it; may span lines.
    pub reason: String,
}

/// The cause of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The refused thing itself, whatever else is served.
    Itself,
    /// Its name is taken, by the plugin of this manifest's file.
    Taken(String),
    /// Its name begins with a prefix that is longer, of the plugin of this manifest's file.
    Prefix(String),
    /// As many are served as there can be.
    Full,
}

/// The part of a file that is not served.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// All of it.
    Plugin,
    /// The version that it holds now; the last version that was good serves on.
    Version,
    /// The feature of this kind and name; the plugin's others are served.
    Feature(FeatureKind, String),
    /// One function that no tool can be made of; the plugin's others are served.
    Function(String),
    /// So many further features or functions, which are only counted.
    Further(usize),
    /// The notes of the `.wit` file about the functions; all functions are served.
    Notes,
    /// Nothing: it is a warning.
    Warning,
    /// The feature of this kind and name can only fail as things stand. It is not listed, and nothing is wrong.
    Unlisted(FeatureKind, String),
    /// So many further features that are not listed for such reasons, which are only counted.
    FurtherUnlisted(usize),
}

/// The number of plugins, directories and parts of plugins that are not served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusalCount {
    /// The plugins of which nothing, or no new version, is served.
    pub plugins: usize,
    /// The directories and locks that cannot be used.
    pub directories: usize,
    /// The tools and functions that plugins serve on without.
    pub parts: usize,
}

impl RefusalCount {
    /// Counts `refusals`; what only warns counts as nothing.
    pub fn of<'a>(refusals: impl Iterator<Item = &'a Refusal>) -> Self {
        refusals.filter(|refusal| refusal.is_refusal()).fold(Self::default(), |count, refusal| {
            match refusal.parts() {
                0 if refusal.is_of_whole_plugin() => Self { plugins: count.plugins + 1, ..count },
                0 => Self { directories: count.directories + 1, ..count },
                parts => Self { parts: count.parts + parts, ..count },
            }
        })
    }

    /// The refusals that are more than a part of a plugin.
    #[must_use]
    pub fn whole(self) -> usize {
        self.plugins + self.directories
    }
}

impl Refusal {
    /// The refusal of a whole plugin.
    #[must_use]
    pub fn plugin(file: impl Into<String>, reason: impl Into<String>) -> Self {
        let (refused, cause) = (Refused::Plugin, Cause::Itself);
        Self { file: file.into(), refused, cause, reason: reason.into() }
    }

    /// Returns a warning about `file`; the thing that it warns of is served.
    #[must_use]
    pub fn warning(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { refused: Refused::Warning, ..Self::plugin(file, reason) }
    }

    /// True if something is not served.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self.refused,
            Refused::Warning | Refused::Unlisted(..) | Refused::FurtherUnlisted(_)
        )
    }

    /// True if it is of a plugin of which nothing, or no new version, is served.
    #[must_use]
    pub fn is_of_whole_plugin(&self) -> bool {
        self.is_refusal() && self.parts() == 0 && self.is_of_plugin()
    }

    /// True if a lock holds it back.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        let is_version = matches!(self.refused, Refused::Plugin | Refused::Version);
        is_version && self.reason.starts_with(HELD_BACK)
    }

    /// True if it is of a plugin's file, and not of a directory or its lock.
    fn is_of_plugin(&self) -> bool {
        [".toml", ".wasm", ".wit"].iter().any(|ending| self.file.ends_with(ending))
    }

    /// The number of tools or functions that are not served, of a plugin that serves on without them.
    #[must_use]
    pub fn parts(&self) -> usize {
        match self.refused {
            Refused::Feature(..) | Refused::Function(_) => 1,
            Refused::Further(more) => more,
            Refused::Plugin
            | Refused::Version
            | Refused::Notes
            | Refused::Warning
            | Refused::Unlisted(..)
            | Refused::FurtherUnlisted(_) => 0,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn a_plugin_that_a_lock_holds_back_is_counted_apart_from_what_is_wrong() {
        let held = format!("{HELD_BACK}it is not in toolrack.lock");
        let version = Refusal { refused: Refused::Version, ..Refusal::plugin("b.toml", &*held) };
        let refusals = vec![
            Refusal::plugin("a.toml", &*held),
            version,
            Refusal::plugin("c.toml", "expected a string"),
            Refusal::warning("d.toml", &*held),
            Refusal::plugin("toolrack.lock", "it is no lock"),
        ];
        let counts = Catalog { refusals, ..Catalog::default() }.count_plugins();
        assert_eq!((counts.held, counts.refused, counts.serving), (2, 1, 0));
    }
}
