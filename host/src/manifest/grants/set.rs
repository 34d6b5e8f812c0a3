//! The grants of a plugin beyond what every plugin has: the checked values of `[grants]`.
//!
//! Everything here is as written: whether a host path exists or a secret has a value is only known
//! where it is used.

use std::collections::BTreeMap;

use super::files::FileGrant;
use super::grant::{Effects, Grant};
use super::host::HostPattern;
use super::kind::GrantKind;
use super::name::GrantName;
use super::network::NetworkGrant;
use super::origin::Scheme;
use super::secret::SecretName;

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
    pub(crate) fn include(&self, other: &Self) -> bool {
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
    pub(crate) fn narrow(&mut self, scheme: Scheme, host: &HostPattern, port: u16) -> bool {
        let of_it = |own: &&mut NetworkGrant| (own.scheme, own.port) == (scheme, port);
        let wider = |own: &&mut NetworkGrant| own.host.overlaps(host) && !host.withholds(&own.host);
        let mut is_any = false;
        for own in self.network.iter_mut().filter(of_it).filter(wider) {
            own.except.push(host.clone());
            is_any = true;
        }
        is_any
    }

    /// Keeps all requests from these hosts, whatever their scheme and port: from a network also where a name leads there.
    pub(crate) fn keep_from(&mut self, host: &HostPattern) {
        let is_network = matches!(host, HostPattern::Network { .. });
        for own in self.network.iter_mut().filter(|own| is_network || own.host.overlaps(host)) {
            own.except.push(host.clone());
        }
    }

    /// True if something of this name is granted.
    pub(crate) fn has(&self, name: &GrantName) -> bool {
        match name {
            // A secret that is put into requests is one, too.
            GrantName::Every(GrantKind::Secret) => self.secret_names().next().is_some(),
            GrantName::Every(kind) => self.has_kind(*kind),
            GrantName::Network(scheme, host, port) => {
                let of_it = |own: &&NetworkGrant| (own.scheme, own.port) == (*scheme, *port);
                // A grant counts if it reaches at least some of the hosts.
                let reaches = |own: &NetworkGrant| {
                    let is_taken = own.except.iter().any(|except| except.withholds(host));
                    host.withholds(&own.host) || (own.host.overlaps(host) && !is_taken)
                };
                self.network.iter().filter(of_it).any(reaches)
            }
            GrantName::Files(at) => self.files.iter().any(|own| own.at == *at),
            GrantName::Env(key) => self.env.contains_key(&**key),
            GrantName::Secret(name) => self.secret_names().any(|own| own == name),
            GrantName::Config(key) => self.config.contains_key(&**key),
        }
    }

    /// All grants, one by one. Directories that are withheld are none.
    pub fn iter(&self) -> impl Iterator<Item = Grant<'_>> {
        let Self { network, files, scratch, env, secrets, config, withheld: _ } = self;
        let env = env.iter().map(|(name, value)| Grant::Env { name, value });
        let config = config.iter().map(|(key, value)| Grant::Config { key, value });
        files
            .iter()
            .map(Grant::Files)
            .chain(scratch.as_deref().map(Grant::Scratch))
            .chain(network.iter().map(Grant::Network))
            .chain(env)
            .chain(secrets.iter().map(Grant::Secret))
            .chain(config)
    }

    /// True if something of this kind is granted.
    #[must_use]
    pub fn has_kind(&self, kind: GrantKind) -> bool {
        self.iter().any(|grant| grant.kind() == kind)
    }

    /// The effects that all of them together make possible.
    #[must_use]
    pub fn effects(&self) -> Effects {
        self.iter().map(Grant::effects).fold(Effects::default(), Effects::and)
    }

    /// The secrets that it is told or that are put into its requests; a name may come twice.
    pub fn secret_names(&self) -> impl Iterator<Item = &SecretName> {
        self.iter().filter_map(Grant::secret)
    }

    /// Returns the secrets without which something fails: all but the optional ones.
    pub fn needed_secret_names(&self) -> impl Iterator<Item = &SecretName> {
        self.iter().filter_map(Grant::needed_secret)
    }
}
