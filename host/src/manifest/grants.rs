//! What a manifest grants its plugin beyond what every plugin has: the checked values of `[grants]`.
//!
//! Everything here is as written: whether a host path exists or a secret has a value is only known
//! where it is used.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::grant_name::{GrantKind, GrantName};
use crate::name::is_word;

/// `[grants]`. The default grants nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grants {
    /// Where the plugin may send HTTP requests.
    pub network: Vec<NetworkGrant>,
    /// Directories of this machine that it sees; no two at one guest path.
    pub files: Vec<FileGrant>,
    /// Where it sees a directory of its own, new for each call; absolute as those are.
    pub scratch: Option<Box<str>>,
    /// Its environment variables.
    pub env: BTreeMap<String, String>,
    /// Secrets that it is told when it asks for its configuration by their names.
    pub secrets: Vec<SecretName>,
    /// What else it is told when it asks for its configuration.
    pub config: BTreeMap<String, String>,
}

impl Grants {
    /// True if all that `other` grants is granted, if with a secret besides.
    pub(super) fn include(&self, other: &Self) -> bool {
        let Self { network, files, scratch, env, secrets, config } = other;
        let requests = |wanted: &NetworkGrant| {
            let plain = |grant: &NetworkGrant| NetworkGrant { secret: None, ..grant.clone() };
            let is_it = |own: &NetworkGrant| own == wanted || plain(own) == *wanted;
            self.network.iter().any(is_it)
        };
        let entries = |own: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>| {
            wanted.iter().all(|(key, value)| own.get(key) == Some(value))
        };
        network.iter().all(requests)
            && files.iter().all(|wanted| self.files.contains(wanted))
            && scratch.iter().all(|_| self.scratch == *scratch)
            && secrets.iter().all(|wanted| self.secrets.contains(wanted))
            && entries(&self.env, env)
            && entries(&self.config, config)
    }

    /// True if something of this name is granted.
    pub(super) fn has(&self, name: &GrantName) -> bool {
        match name {
            GrantName::Every(GrantKind::Network) => !self.network.is_empty(),
            GrantName::Every(GrantKind::Files) => !self.files.is_empty(),
            GrantName::Every(GrantKind::Scratch) => self.scratch.is_some(),
            GrantName::Every(GrantKind::Env) => !self.env.is_empty(),
            GrantName::Every(GrantKind::Secret) => self.secret_names().next().is_some(),
            GrantName::Every(GrantKind::Config) => !self.config.is_empty(),
            GrantName::Network(scheme, host, port) => {
                let wanted = (*scheme, host, *port);
                self.network.iter().any(|own| (own.scheme, &own.host, own.port) == wanted)
            }
            GrantName::Files(at) => self.files.iter().any(|own| own.at == *at),
            GrantName::Env(key) => self.env.contains_key(&**key),
            GrantName::Secret(name) => self.secret_names().any(|own| own == name),
            GrantName::Config(key) => self.config.contains_key(&**key),
        }
    }

    /// The secrets that it is told or that are put into its requests; a name may come twice.
    pub fn secret_names(&self) -> impl Iterator<Item = &SecretName> {
        let bound = self.network.iter().filter_map(|grant| Some(&grant.secret.as_ref()?.name));
        self.secrets.iter().chain(bound)
    }

    /// Those without which something fails: all but the optional ones.
    pub fn needed_secret_names(&self) -> impl Iterator<Item = &SecretName> {
        let bound = self.network.iter().filter_map(|grant| grant.secret.as_ref());
        let needed = bound.filter(|secret| !secret.is_optional).map(|secret| &secret.name);
        self.secrets.iter().chain(needed)
    }
}

/// Requests to one origin, or to a set of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NetworkGrant {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Which hosts.
    pub host: HostPattern,
    /// The port; the scheme's own where none is written.
    pub port: u16,
    /// A secret that the host puts into each of these requests; the plugin never sees it.
    pub secret: Option<BoundSecret>,
}

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The port where none is written.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The hosts of a network grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This name: lower case, ASCII (a name in another script in its `xn--` form), no final dot.
    Name(Box<str>),
    /// Every name that ends in a dot and this name. Not the name itself.
    Subdomains(Box<str>),
    /// Every host that has a public address: the whole web. No secret is bound to it.
    Public,
    /// Literal addresses of this network, and nothing that merely resolves to one. A single address is
    /// a network of full length.
    Network {
        /// The network's address, with no bit set beyond the prefix.
        address: IpAddr,
        /// The bits that count: at most 32 or 128.
        prefix: u8,
    },
}

/// A secret that the host adds to requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BoundSecret {
    /// Which one.
    pub name: SecretName,
    /// Where it goes.
    pub place: SecretPlace,
    /// True if requests go out without it while it has no value; else they fail.
    pub is_optional: bool,
}

/// Where in a request a secret goes. What the plugin itself puts there is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretPlace {
    /// A header.
    Header {
        /// Its name, in lower case.
        name: Box<str>,
        /// What stands before the secret, such as `Bearer `.
        before: Box<str>,
    },
    /// A parameter of the query.
    Query {
        /// Its name.
        name: Box<str>,
    },
}

/// A directory that the plugin sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileGrant {
    /// The directory on this machine, as written: `~` and `$NAME` stand for what they mean where the
    /// server runs.
    pub path: Box<str>,
    /// Where the plugin sees it: absolute, without `.`, `..`, empty parts or a final slash.
    pub at: Box<str>,
    /// What it may do there.
    pub access: Access,
}

/// What a plugin may do with files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// List and read.
    Read,
    /// List, read, create, change and delete.
    Write,
}

/// The name of a secret: `[A-Za-z_][A-Za-z0-9_]*`, at most 64 characters, as an environment variable is
/// named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(Box<str>);

/// A text that cannot name a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a letter or `_`, then letters, digits or `_`, at most 64 characters")]
pub struct SecretNameError;

/// True if `text` is a token and no name, as its beginning says: names of secrets are in capitals.
fn is_token(text: &str) -> bool {
    const BEGINNINGS: [&str; 9] =
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "hf_", "npm_", "dop_v1_"];
    BEGINNINGS.iter().any(|beginning| text.len() >= 30 && text.starts_with(beginning))
}

impl SecretName {
    /// Checks `text`.
    pub fn new(text: &str) -> Result<Self, SecretNameError> {
        let is_name = is_word(text) && text.len() <= 64 && !is_token(text);
        if is_name { Ok(Self(text.into())) } else { Err(SecretNameError) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Subdomains(name) => write!(f, "*.{name}"),
            Self::Public => f.write_str("*"),
            Self::Network { address: IpAddr::V4(address), prefix: 32 } => write!(f, "{address}"),
            Self::Network { address: IpAddr::V6(address), prefix: 128 } => write!(f, "[{address}]"),
            Self::Network { address: IpAddr::V4(address), prefix } => {
                write!(f, "{address}/{prefix}")
            }
            Self::Network { address: IpAddr::V6(address), prefix } => {
                write!(f, "[{address}/{prefix}]")
            }
        }
    }
}

/// As a manifest writes it, without the secret.
impl fmt::Display for NetworkGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if self.port == self.scheme.port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}
