//! The name of a grant, as `without` in a local file and `revoke` on the command line write it: `files:/notes`,
//! `network:https://api.example.org`, or `network` for all of that kind.
//!
//! This module does not know which grants a manifest has.

use std::fmt;

use toml::Spanned;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section::LocalGrants;
use super::super::syntax::nearest::nearest;
use super::super::syntax::table::SpannedText;
use super::host::HostPattern;
use super::kind::GrantKind;
use super::network::NetworkGrant;
use super::origin::{self, Scheme};
use super::secret::{self, SecretName};
use super::{config, env, files};
use crate::secret_places::secret_places;
use crate::text::escape;

/// The name of one grant, or of all grants of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantName {
    /// Every grant of a kind.
    Every(GrantKind),
    /// Requests to this origin.
    Network(Scheme, HostPattern, u16),
    /// The directory that the plugin sees here.
    Files(Box<str>),
    /// A variable.
    Env(Box<str>),
    /// A secret, told or put into requests.
    Secret(SecretName),
    /// A key of the configuration.
    Config(Box<str>),
}

impl GrantName {
    /// Reads `text` as the name of a grant, or says why it is none. Returns `None` if no kind of grant stands
    /// before the colon.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, Diagnostic>> {
        Self::parse_at(&Spanned::new(0..0, text), &without())
    }

    /// Reads the name from a text that has a place, in the same way.
    pub(crate) fn parse_at(
        text: &SpannedText<'_>,
        place: &str,
    ) -> Option<Result<Self, Diagnostic>> {
        let word = text.get_ref().split(':').next().unwrap_or_default();
        GrantKind::ALL.iter().find(|kind| kind.name() == word)?;
        Some(Self::read(text, place))
    }

    /// The name of a network grant with this URL, if it is one.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        let (scheme, host, port) = origin::read(&Spanned::new(0..0, url), "").ok()?;
        Some(Self::Network(scheme, host, port))
    }

    /// Reads the name of a grant at `place`.
    pub(crate) fn read(text: &SpannedText<'_>, place: &str) -> Result<Self, Diagnostic> {
        let (word, rest) = match text.get_ref().split_once(':') {
            Some((word, rest)) => (word, Some(rest)),
            None => (*text.get_ref(), None),
        };
        let Some(kind) = GrantKind::ALL.into_iter().find(|kind| kind.name() == word) else {
            return Err(unknown(text, word, place));
        };
        let Some(rest) = rest else { return Ok(Self::Every(kind)) };
        // A quote and the word come before it, where nothing is escaped.
        let own = Spanned::new(text.span(), rest);
        Self::one(kind, &own, place).map_err(|fault| {
            let help = fault.help.as_ref().map(|help| with_kind(kind, help));
            fault.maybe_help(help)
        })
    }

    /// The kind of what it names.
    pub(crate) fn kind(&self) -> GrantKind {
        match self {
            Self::Every(kind) => *kind,
            Self::Network(..) => GrantKind::Network,
            Self::Files(_) => GrantKind::Files,
            Self::Env(_) => GrantKind::Env,
            Self::Secret(_) => GrantKind::Secret,
            Self::Config(_) => GrantKind::Config,
        }
    }

    /// Reads `text` as the rest of the name of one grant of `kind`.
    pub(crate) fn one(
        kind: GrantKind,
        text: &SpannedText<'_>,
        place: &str,
    ) -> Result<Self, Diagnostic> {
        Ok(match kind {
            GrantKind::Network => {
                let (scheme, host, port) = origin::read(text, place)?;
                Self::Network(scheme, host, port)
            }
            GrantKind::Files => Self::Files(files::at(place, text)?),
            GrantKind::Env => Self::Env(env::name(text)?.into()),
            GrantKind::Secret => Self::Secret(secret::name(place, text)?),
            GrantKind::Config => Self::Config(config::name(text)?.into()),
            GrantKind::Scratch => {
                let message = format!("{place}: there is one `scratch`, and nothing follows it");
                return Err(Diagnostic::new(text.span(), message).help("write \"scratch\""));
            }
        })
    }
}

/// Returns the advice about what stands behind the colon as it is about the whole name.
fn with_kind(kind: GrantKind, help: &str) -> String {
    let begins = ["http://", "https://", "/"].map(|begins| format!("\"{begins}"));
    begins.iter().fold(help.to_owned(), |help, begins| {
        help.replace(begins, &format!("\"{}:{}", kind.name(), &begins[1..]))
    })
}

/// Returns the place in a local file that names the grants to take away, in words.
pub(crate) fn without() -> String {
    LocalGrants.place("without")
}

fn unknown(text: &SpannedText<'_>, word: &str, place: &str) -> Diagnostic {
    let message = format!("{place}: expected the name of a grant, found {}", quote(text.get_ref()));
    let near = nearest(word, GrantKind::ALL.map(GrantKind::name));
    let meant = near.map(|near| text.get_ref().replacen(word, near, 1));
    // What is not shown cannot be typed.
    let meant = meant.filter(|meant| secret_places(meant).is_empty());
    let by_form = || match *text.get_ref() {
        path if path.starts_with('/') => Some(format!("files:{path}")),
        url if url.starts_with("http://") || url.starts_with("https://") => {
            Some(format!("network:{url}"))
        }
        _ => None,
    };
    Diagnostic::new(text.span(), message).help(match meant.or_else(by_form) {
        Some(meant) => format!("did you mean {}?", quote(&meant).replace('`', "\"")),
        None => {
            let examples = GrantKind::ALL.map(|kind| match kind.example().name {
                Some(name) => format!("\"{}:{name}\"", kind.name()),
                None => format!("\"{}\"", kind.name()),
            });
            format!(
                "write one such as {}; without what follows the colon, all of that kind",
                examples.join(", ")
            )
        }
    })
}

/// As a local file writes it, escaped.
impl fmt::Display for GrantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(kind) => f.write_str(kind.name()),
            Self::Network(scheme, host, port) => {
                let (scheme, host, port) = (*scheme, host.clone(), *port);
                write!(f, "network:{}", NetworkGrant::plain(scheme, host, port))
            }
            Self::Files(at) => write!(f, "files:{}", escape(at)),
            Self::Env(name) => write!(f, "env:{}", escape(name)),
            Self::Secret(name) => write!(f, "secret:{name}"),
            Self::Config(key) => write!(f, "config:{}", escape(key)),
        }
    }
}
