//! The differences between a version and its lock entry, in words.

use std::fmt;

use super::{Change, LockEntry, Part, PluginVersion, grants};
use crate::text::escape;
use crate::tool::FeatureKind;

/// One way in which a version differs from what is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It may reach something that it might not.
    Granted(String),
    /// It may not reach something that it might.
    NotGranted(String),
    /// It has a feature that it had not.
    New(FeatureKind, String),
    /// It no longer has a feature that it had.
    Gone(FeatureKind, String),
    /// Clients are told something else of this feature.
    Changed(FeatureKind, String, Vec<Part>),
    /// The hints of this feature are other ones, because of what the plugin is no longer granted.
    SaferHints(FeatureKind, String),
    /// It has another name.
    Name(String),
    /// Its Wasm is another.
    Code,
    /// Its manifest is another.
    Manifest,
    /// Its `.wit` file is another, new or gone.
    Wit,
    /// The local file beside its manifest is another, new or gone.
    Local,
}

impl Difference {
    /// True if it lets the plugin reach more, or tells a model something new.
    pub(super) fn widens(&self) -> bool {
        match self {
            Self::Granted(_) | Self::New(..) | Self::Changed(..) => true,
            Self::NotGranted(_)
            | Self::Gone(..)
            | Self::SaferHints(..)
            | Self::Name(_)
            | Self::Code
            | Self::Manifest
            | Self::Wit
            | Self::Local => false,
        }
    }
}

/// As the end of a sentence that begins with the plugin.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(line) => write!(f, "is granted `{}`", escape(line)),
            Self::NotGranted(line) => write!(f, "is no longer granted `{}`", escape(line)),
            Self::New(kind, name) => write!(f, "has the new {} `{}`", kind.noun(), escape(name)),
            Self::Gone(kind, name) => {
                write!(f, "has no {} `{}` any more", kind.noun(), escape(name))
            }
            Self::Changed(_, name, parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.name()).collect();
                write!(f, "changes the {} of `{}`", parts.join(" and the "), escape(name))
            }
            Self::SaferHints(_, name) => write!(f, "gives `{}` safer hints", escape(name)),
            Self::Name(name) => write!(f, "has another name than `{}`", escape(name)),
            Self::Code => f.write_str("has other code"),
            Self::Manifest => f.write_str("has another manifest"),
            Self::Wit => f.write_str("has another `.wit` file"),
            Self::Local => f.write_str("has another `.local.toml` file"),
        }
    }
}

/// All of them, what widens first.
#[must_use]
pub fn differences(locked: &LockEntry, version: &PluginVersion<'_>) -> Vec<Difference> {
    let (mut found, mut less) = (Vec::new(), Vec::new());
    let granted = version.grants.iter().filter(|line| !grants::covers(&locked.grants, line));
    found.extend(granted.cloned().map(Difference::Granted));
    let accepted = locked.definitions();
    for (id @ (kind, name), (told, digest)) in &version.features {
        let name = || (*name).to_owned();
        match accepted.get(id) {
            None => found.push(Difference::New(*kind, name())),
            Some(known) if known.sha256() == *digest => {}
            Some(known) => match known.change(*told, version.granted) {
                Change::SaferHints => less.push(Difference::SaferHints(*kind, name())),
                Change::Parts(parts) => found.push(Difference::Changed(*kind, name(), parts)),
            },
        }
    }
    found.append(&mut less);
    let gone = locked.grants.iter().filter(|line| !version.grants.contains(*line));
    found.extend(gone.cloned().map(Difference::NotGranted));
    let gone = accepted.keys().filter(|id| !version.features.contains_key(id));
    found.extend(gone.map(|(kind, name)| Difference::Gone(*kind, (*name).to_owned())));
    if locked.name != version.name {
        found.push(Difference::Name(locked.name.clone()));
    }
    let (then, now) = (&locked.files, &version.files);
    found.extend((then.wasm != now.wasm).then_some(Difference::Code));
    found.extend((then.manifest != now.manifest).then_some(Difference::Manifest));
    found.extend((then.wit != now.wit).then_some(Difference::Wit));
    found.extend((then.local != now.local).then_some(Difference::Local));
    found
}
