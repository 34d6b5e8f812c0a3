//! The grants of a plugin beyond what every plugin has: the checked values of `[grants]`.
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
    /// The origins that the plugin may send HTTP requests to.
    pub network: Vec<NetworkGrant>,
    /// Directories of this machine that it sees; no two at one guest path.
    pub files: Vec<FileGrant>,
    /// The guest path of a directory of its own, new for each call; absolute like those of `files`.
    /// `None` where it has no such directory.
    pub scratch: Option<Box<str>>,
    /// Its environment variables.
    pub env: BTreeMap<String, String>,
    /// Secrets that it is told when it asks for its configuration by their names.
    pub secrets: Vec<SecretName>,
    /// The other values that it is told when it asks for its configuration.
    pub config: BTreeMap<String, String>,
    /// Directories of this machine that it does not see, whatever else is granted: a person took them away.
    pub withheld: Vec<Box<str>>,
}

impl Grants {
    /// True if all that `other` grants is granted, if with a secret besides.
    pub(super) fn include(&self, other: &Self) -> bool {
        let Self { network, files, scratch, env, secrets, config, withheld: _ } = other;
        let requests = |wanted: &NetworkGrant| {
            let plain =
                |own: &NetworkGrant| NetworkGrant::plain(own.scheme, own.host.clone(), own.port);
            // Exceptions do not count here: a host that was taken out stays so.
            let whole = |own: &NetworkGrant| NetworkGrant { except: Vec::new(), ..own.clone() };
            let is_it = |own: &NetworkGrant| whole(own) == *wanted || plain(own) == *wanted;
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

    /// Takes these hosts out of wider grants. `false` if none is wider.
    pub(super) fn narrow(&mut self, scheme: Scheme, host: &HostPattern, port: u16) -> bool {
        let of_it = |own: &&mut NetworkGrant| (own.scheme, own.port) == (scheme, port);
        let wider = |own: &&mut NetworkGrant| own.host.overlaps(host) && !host.covers(&own.host);
        let mut is_any = false;
        for own in self.network.iter_mut().filter(of_it).filter(wider) {
            own.except.push(host.clone());
            is_any = true;
        }
        is_any
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
                let of_it = |own: &&NetworkGrant| (own.scheme, own.port) == (*scheme, *port);
                // A grant counts if it reaches at least some of the hosts.
                let reaches = |own: &NetworkGrant| {
                    let is_taken = own.except.iter().any(|except| except.covers(host));
                    host.covers(&own.host) || (own.host.overlaps(host) && !is_taken)
                };
                self.network.iter().filter(of_it).any(reaches)
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

    /// Returns the secrets without which something fails: all but the optional ones.
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
    /// The hosts.
    pub host: HostPattern,
    /// The port; the scheme's own where none is written.
    pub port: u16,
    /// A secret that the host puts into each of these requests; the plugin never sees it.
    pub secret: Option<BoundSecret>,
    /// Hosts among these that a person took away.
    pub except: Vec<HostPattern>,
}

impl NetworkGrant {
    /// Requests to these hosts, all of them and without a secret.
    #[must_use]
    pub fn plain(scheme: Scheme, host: HostPattern, port: u16) -> Self {
        Self { scheme, host, port, secret: None, except: Vec::new() }
    }

    /// The hosts that a person took away, each as a manifest writes it.
    pub fn exceptions(&self) -> impl Iterator<Item = String> {
        let plain = |host: &HostPattern| Self::plain(self.scheme, host.clone(), self.port);
        self.except.iter().map(move |host| plain(host).to_string())
    }
}

/// The protocol that a request travels by.
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
    /// The secret's name.
    pub name: SecretName,
    /// The part of the request that it goes into.
    pub place: SecretPlace,
    /// True if requests go out without it while it has no value; else they fail.
    pub is_optional: bool,
}

/// The part of a request that a secret goes into. Anything that the plugin itself puts there is
/// replaced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretPlace {
    /// A header.
    Header {
        /// Its name, in lower case.
        name: Box<str>,
        /// The text before the secret, such as `Bearer `.
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
    /// The path at which the plugin sees it: absolute, without `.`, `..`, empty parts or a final
    /// slash.
    pub at: Box<str>,
    /// The access that the plugin has to it.
    pub access: Access,
}

/// The access of a plugin to files.
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

/// The reason why a text cannot name a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretNameError {
    /// It is no word.
    #[error("expected a letter or `_`, then letters, digits or `_`, at most 64 characters")]
    NoName,
    /// It is a word, but such as tokens are.
    #[error("this looks like a secret itself, not like its name")]
    Value,
}

/// True if `text` is a token and no name, as its form says: names are words in capitals.
fn is_value(text: &str) -> bool {
    /// The beginnings of tokens that no name has.
    const TOKENS: [&str; 9] =
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "dop_v1_", "sk_live_", "sk_test_"];
    /// The beginnings of tokens that a short name may have, too.
    const LONG_TOKENS: [&str; 2] = ["hf_", "npm_"];
    /// The length from which a word with digits in it is no name, where nothing divides it.
    const LONG_WORD: usize = 20;
    let has = |is_it: fn(&u8) -> bool| text.bytes().any(|byte| is_it(&byte));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let starts = |beginnings: &[&str]| beginnings.iter().any(|one| text.starts_with(one));
    starts(&TOKENS)
        || (text.len() >= 30 && starts(&LONG_TOKENS))
        || (text.len() >= LONG_WORD
            && has(u8::is_ascii_digit)
            && (!text.contains('_') || (is_mixed && text.len() >= 30)))
}

impl SecretName {
    /// Checks `text`.
    pub fn new(text: &str) -> Result<Self, SecretNameError> {
        match is_word(text) && text.len() <= 64 {
            true if is_value(text) => Err(SecretNameError::Value),
            true => Ok(Self(text.into())),
            false => Err(SecretNameError::NoName),
        }
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

impl HostPattern {
    /// True if all that `other` names is among these hosts.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let below = |name: &str, domain: &str| {
            name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
        };
        match (self, other) {
            (Self::Public, Self::Name(_) | Self::Subdomains(_)) => true,
            (Self::Subdomains(domain), Self::Name(name) | Self::Subdomains(name)) => {
                self == other || below(name, domain)
            }
            (
                Self::Network { address, prefix },
                Self::Network { address: inner, prefix: longer },
            ) => prefix <= longer && is_within(*inner, *address, *prefix),
            (Self::Name(_) | Self::Network { .. } | Self::Public | Self::Subdomains(_), _) => {
                self == other
            }
        }
    }

    /// True if `other`, or some of it, may be among these hosts and not all of them: `https://*` may reach any address.
    fn overlaps(&self, other: &Self) -> bool {
        let is_address = matches!(other, Self::Network { .. });
        self.covers(other) || (*self == Self::Public && is_address)
    }
}

/// True if `address` lies in the network of `prefix` bits at `network`.
pub(crate) fn is_within(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (u128::from(network.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    let free = u32::from(width - prefix.min(width));
    network.checked_shr(free) == address.checked_shr(free)
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
