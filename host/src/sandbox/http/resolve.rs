//! A request's host to the addresses that may be connected to, looked up once.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs as _};
use std::pin::Pin;

use super::address::is_global;
use super::allow::Host;
use super::failure::Failure;
use super::thread::Owned;
use crate::manifest::{HostPattern, NetworkGrant};

/// The most addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 16;
/// The shortest prefixes of networks that name addresses which are not public: `10.0.0.0/8` and
/// `fc00::/7` do, `0.0.0.0/0` does not.
const MIN_PREFIX_V4: u8 = 8;
const MIN_PREFIX_V6: u8 = 7;

/// Where names are looked up.
pub trait Resolve: Send + Sync {
    /// The addresses of a name. Called once a request, on the thread of the network.
    fn resolve(&self, name: &str) -> Answer;
}

/// The addresses of a name, on the way.
pub type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The system's own resolver.
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: &str) -> Answer {
        // A final dot: a name is never looked up in the domains that this machine searches.
        let name = format!("{name}.");
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || {
                (&*name, 0).to_socket_addrs().map(|found| found.map(|at| at.ip()).collect())
            });
            // A look-up that has not begun does not begin once nobody waits for it.
            Owned::new(found).await.unwrap_or_else(|| Err(io::Error::other("the look-up failed")))
        })
    }
}

/// The addresses of `host` that a request under `grant` may be sent to. All are looked at; none is
/// looked up again.
pub(super) async fn addresses(
    resolver: &dyn Resolve,
    host: &Host,
    grant: &NetworkGrant,
) -> Result<Vec<IpAddr>, Failure> {
    let name = match host {
        Host::Address(address) if is_global(*address) || names(&grant.host, *address) => {
            return Ok(vec![*address]);
        }
        Host::Address(_) => return Err(Failure::NotPublic(host.clone())),
        // This machine's name for itself, whatever a resolver thinks.
        Host::Name(name)
            if &**name == "localhost" && grant.host == HostPattern::Name(name.clone()) =>
        {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        Host::Name(name) => name,
    };
    let mut found = resolver
        .resolve(name)
        .await
        .map_err(|error| Failure::Unresolved { host: host.clone(), reason: error.to_string() })?;
    found.truncate(MAX_ADDRESSES);
    if found.is_empty() {
        return Err(Failure::Unresolved { host: host.clone(), reason: "it has no address".into() });
    }
    found.retain(|address| is_global(*address));
    if found.is_empty() { Err(Failure::NotPublic(host.clone())) } else { Ok(found) }
}

/// Whether a pattern means an address that is not public, and does not just happen to cover it.
fn names(pattern: &HostPattern, address: IpAddr) -> bool {
    match pattern {
        HostPattern::Network { prefix, .. } => match address {
            IpAddr::V4(_) => *prefix >= MIN_PREFIX_V4,
            IpAddr::V6(_) => *prefix >= MIN_PREFIX_V6,
        },
        HostPattern::Name(_) | HostPattern::Subdomains(_) => false,
    }
}
