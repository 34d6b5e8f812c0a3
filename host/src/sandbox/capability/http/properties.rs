//! Properties of any grants and any requests: a request is granted where a grant says so, as others
//! understand it too.

use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::connection::lookup_share::{LookupShares, LookupTurn};
use super::connection::resolve::{PendingAddresses, Resolve, addresses};
use super::judge::address::is_global;
use super::judge::allow::{Denied, RequestHost, RequestTarget};
use crate::fuzz::Seen;
use crate::manifest::{HostPattern, Manifest, NetworkGrant};
use crate::text::forbidden_char;

/// The most lines that are looked at.
const MAX_BODY_LINES: usize = 32;

/// Reads `bytes` as lines: grants, an empty line, then the URLs of requests.
pub fn network(bytes: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().take(MAX_BODY_LINES);
    let granted = lines.by_ref().take_while(|line| !line.is_empty());
    let grants: Vec<NetworkGrant> = granted.filter_map(grant).collect();
    let mut seen = Seen::Refused;
    for url in lines {
        let (scheme, authority) = url.split_once("://").unwrap_or(("https", url));
        let target = match RequestTarget::parse(scheme, authority) {
            Ok(target) => target,
            Err(denied) => {
                assert!(forbidden_char(&denied.to_string()).is_none(), "{denied:?}");
                continue;
            }
        };
        as_the_url_crate_sees(scheme, authority, &target);
        match target.granted(&grants) {
            Ok(grant) => {
                assert!(covers(grant, &target), "{url} is granted by {grant}");
                only_what_may_be_connected_to(&target.host, grant, url);
                seen = Seen::Accepted;
            }
            Err(denied) => {
                assert_eq!(denied, Denied::NotGranted(target.clone(), None));
                let missed = grants.iter().find(|grant| covers(grant, &target));
                assert!(missed.is_none(), "{url} is not granted by {missed:?}");
            }
        }
    }
    seen
}

fn grant(url: &str) -> Option<NetworkGrant> {
    // A character that such a string cannot hold is no part of a URL either.
    let manifest = format!("[grants]\nnetwork = ['{url}']");
    Manifest::parse("m.toml", &manifest).ok()?.grants.network.pop()
}

/// Asserts that a target is what a browser makes of the same text, and of the text that it is shown
/// as.
pub(super) fn as_the_url_crate_sees(scheme: &str, authority: &str, target: &RequestTarget) {
    let url = url::Url::parse(&format!("{scheme}://{authority}/")).expect("a URL too");
    assert_eq!(url.port_or_known_default(), Some(target.port), "{url}");
    let host = match url.host().expect("a host") {
        url::Host::Domain(name) => RequestHost::Name(name.strip_suffix('.').unwrap_or(name).into()),
        url::Host::Ipv4(address) => RequestHost::Address(address.into()),
        url::Host::Ipv6(address) => RequestHost::Address(address.into()),
    };
    assert_eq!(host, target.host, "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    // The authority that an error shows is itself understood, as the same target.
    assert_eq!(RequestTarget::parse(scheme, &target.authority()).as_ref(), Ok(target));
}

/// True if a grant covers a target, compared bit by bit and letter by letter.
fn covers(grant: &NetworkGrant, target: &RequestTarget) -> bool {
    let host = match (&grant.host, &target.host) {
        (HostPattern::Public, _) => true,
        (HostPattern::Name(granted), RequestHost::Name(name)) => granted == name,
        (HostPattern::Subdomains(granted), RequestHost::Name(name)) => {
            name.len() > granted.len() + 1 && name.ends_with(&format!(".{granted}"))
        }
        (HostPattern::Network { address, prefix }, RequestHost::Address(found)) => {
            let (network, found) = (bits(*address), bits(*found));
            let prefix = usize::from(*prefix);
            network.len() == found.len() && network[..prefix] == found[..prefix]
        }
        (HostPattern::Name(_) | HostPattern::Subdomains(_), RequestHost::Address(_))
        | (HostPattern::Network { .. }, RequestHost::Name(_)) => false,
    };
    host && (grant.scheme, grant.port) == (target.scheme, target.port)
}

fn bits(address: IpAddr) -> Vec<bool> {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1)).collect()
}

/// A resolver whose answers are made of the text that is asked about, and of what is local.
struct Inventing<'a>(&'a str);

impl Resolve for Inventing<'_> {
    fn resolve(&self, _: &str, _: LookupTurn) -> PendingAddresses {
        let mut octets = [0; 16];
        octets.iter_mut().zip(self.0.bytes().rev()).for_each(|(octet, byte)| *octet = byte);
        let v6 = Ipv6Addr::from(octets);
        let v4 = IpAddr::from([octets[0], octets[1], octets[2], octets[3]]);
        let local = [IpAddr::from([127, 0, 0, 1]), Ipv6Addr::LOCALHOST.into()];
        Box::pin(async move { Ok([&[v6.into(), v4][..], &local].concat()) })
    }
}

fn only_what_may_be_connected_to(host: &RequestHost, grant: &NetworkGrant, url: &str) {
    let resolver = Inventing(url);
    let found =
        pin!(async { addresses(&resolver, host, grant, &LookupShares::default().of(None)).await });
    let Poll::Ready(found) = found.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here is waited for");
    };
    for address in found.unwrap_or_default() {
        let named = match (host, &grant.host) {
            (RequestHost::Address(host), HostPattern::Network { prefix, .. }) => {
                *host == address && *prefix >= if address.is_ipv4() { 8 } else { 7 }
            }
            (RequestHost::Name(name), HostPattern::Name(granted)) => {
                name == granted && &**name == "localhost" && address.is_loopback()
            }
            _ => false,
        };
        assert!(named || is_global(address), "{url} is connected to {address}");
        assert!(named || !is_surely_local(address), "{url} is connected to {address}");
    }
}

/// True if the standard library knows that an address is not public.
fn is_surely_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
                || address.is_documentation()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_multicast()
        }
    }
}
