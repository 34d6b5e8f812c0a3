//! One grant of a plugin, of whichever kind.
//!
//! Whoever lists, describes or judges grants matches on [`Grant`] without `_`, so that a new kind does not compile until
//! each of them knows it.

use super::files::{Access, FileGrant};
use super::kind::GrantKind;
use super::network::NetworkGrant;
use super::secret::SecretName;

/// One grant.
#[derive(Clone, Copy, Debug)]
pub enum Grant<'a> {
    /// A directory of this machine.
    Files(&'a FileGrant),
    /// A directory of its own for each call, at this place.
    Scratch(&'a str),
    /// Requests to an origin, or to a set of them.
    Network(&'a NetworkGrant),
    /// A variable of the environment.
    Env {
        /// Its name.
        name: &'a str,
        /// Its value.
        value: &'a str,
    },
    /// A secret that the plugin is told.
    Secret(&'a SecretName),
    /// A key of the configuration that it is told.
    Config {
        /// The key.
        key: &'a str,
        /// The value.
        value: &'a str,
    },
}

/// The effects that a plugin can have on the world outside of it, as far as its grants let it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// True if it can change something that outlives the call.
    pub changes: bool,
    /// True if it can reach something outside of this machine's files.
    pub reaches_out: bool,
}

impl Effects {
    /// Returns the effects of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            changes: self.changes || other.changes,
            reaches_out: self.reaches_out || other.reaches_out,
        }
    }
}

impl<'a> Grant<'a> {
    /// The kind of the grant.
    #[must_use]
    pub fn kind(self) -> GrantKind {
        match self {
            Self::Files(_) => GrantKind::Files,
            Self::Scratch(_) => GrantKind::Scratch,
            Self::Network(_) => GrantKind::Network,
            Self::Env { .. } => GrantKind::Env,
            Self::Secret(_) => GrantKind::Secret,
            Self::Config { .. } => GrantKind::Config,
        }
    }

    /// The effects that it makes possible. What clients are told of a tool (`readOnlyHint` and its siblings) rests on them.
    #[must_use]
    pub fn effects(self) -> Effects {
        match self {
            Self::Files(grant) => {
                Effects { changes: grant.access == Access::Write, reaches_out: false }
            }
            // A request may change whatever the server changes.
            Self::Network(_) => Effects { changes: true, reaches_out: true },
            // A scratch directory is gone with the call; the others are told, and no more.
            Self::Scratch(_) | Self::Env { .. } | Self::Secret(_) | Self::Config { .. } => {
                Effects::default()
            }
        }
    }

    /// The secret that is told by it, or put into its requests. `None` if there is none.
    #[must_use]
    pub fn secret(self) -> Option<&'a SecretName> {
        match self {
            Self::Secret(name) => Some(name),
            Self::Network(grant) => Some(&grant.secret.as_ref()?.name),
            Self::Files(_) | Self::Scratch(_) | Self::Env { .. } | Self::Config { .. } => None,
        }
    }

    /// The secret without which it fails. `None` if there is none, or if it can do without.
    #[must_use]
    pub fn needed_secret(self) -> Option<&'a SecretName> {
        let is_optional = match self {
            Self::Network(grant) => grant.secret.as_ref().is_some_and(|secret| secret.is_optional),
            Self::Files(_)
            | Self::Scratch(_)
            | Self::Env { .. }
            | Self::Secret(_)
            | Self::Config { .. } => false,
        };
        self.secret().filter(|_| !is_optional)
    }
}
