//! A request's host to the addresses that may be connected to, looked up once.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs as _};
use std::pin::Pin;

use super::super::failure::Failure;
use super::super::judge::address::is_global;
use super::super::judge::allow::RequestHost;
use super::hosts_file;
use super::lookup_share::{LookupShare, LookupTurn};
use super::thread::OwnedTask;
use crate::manifest::{HostPattern, NetworkGrant};

/// The most addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 16;
/// The shortest prefixes of networks that name addresses which are not public: `10.0.0.0/8` and
/// `fc00::/7` do, `0.0.0.0/0` does not.
const MIN_PREFIX_V4: u8 = 8;
const MIN_PREFIX_V6: u8 = 7;

/// A resolver of names.
pub trait Resolve: Send + Sync {
    /// The addresses of a name. Called once a request, on the thread of the network. `turn` is kept until the look-up has
    /// ended, also where nothing waits for it any more.
    fn resolve(&self, name: &str, turn: LookupTurn) -> PendingAddresses;
}

/// The addresses of a name, on the way.
pub type PendingAddresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The system's own resolver.
pub(crate) struct System;

impl Resolve for System {
    fn resolve(&self, name: &str, turn: LookupTurn) -> PendingAddresses {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                look_up(&name)
            });
            // A look-up that has not begun does not begin once no request waits for it.
            OwnedTask::new(found)
                .await
                .unwrap_or_else(|| Err(io::Error::other("the look-up failed")))
        })
    }
}

/// The addresses that this machine has for a name. Blocks.
fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    let listed = hosts_file::addresses(name);
    if !listed.is_empty() {
        return Ok(listed);
    }
    // With a final dot, a name is never looked up in the domains that this machine searches. The file of hosts, which
    // knows no such dot, is never looked into.
    (&*format!("{name}."), 0).to_socket_addrs().map(|found| found.map(|at| at.ip()).collect())
}

/// The addresses of `host` that a request under `grant` may be sent to. All are looked at; none is
/// looked up again.
pub(crate) async fn addresses(
    resolver: &dyn Resolve,
    host: &RequestHost,
    grant: &NetworkGrant,
    share: &LookupShare,
) -> Result<Vec<IpAddr>, Failure> {
    let mut found = all_addresses(resolver, host, grant, share).await?;
    found.retain(|address| !grant.except.iter().any(|except| except.withholds_address(*address)));
    if found.is_empty() { Err(Failure::Excepted(host.clone())) } else { Ok(found) }
}

/// The same, with those that the grant excepts.
async fn all_addresses(
    resolver: &dyn Resolve,
    host: &RequestHost,
    grant: &NetworkGrant,
    share: &LookupShare,
) -> Result<Vec<IpAddr>, Failure> {
    let name = match host {
        RequestHost::Address(address) if is_global(*address) || names(&grant.host, *address) => {
            return Ok(vec![*address]);
        }
        RequestHost::Address(_) => return Err(Failure::NotPublic(host.clone())),
        // This is the machine's name for itself, whatever a resolver answers.
        RequestHost::Name(name)
            if &**name == "localhost" && grant.host == HostPattern::Name(name.clone()) =>
        {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        RequestHost::Name(name) => name,
    };
    let mut found = looked_up(resolver, host, name, share).await?;
    found.retain(|address| is_global(*address));
    if found.is_empty() { Err(Failure::NotPublic(host.clone())) } else { Ok(found) }
}

/// The addresses of `host`, wherever they lead: for a request that no plugin asks for.
pub(crate) async fn own_addresses(
    host: &RequestHost,
    share: &LookupShare,
) -> Result<Vec<IpAddr>, Failure> {
    match host {
        RequestHost::Address(address) => Ok(vec![*address]),
        RequestHost::Name(name) if &**name == "localhost" => {
            Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
        }
        RequestHost::Name(name) => looked_up(&System, host, name, share).await,
    }
}

async fn looked_up(
    resolver: &dyn Resolve,
    host: &RequestHost,
    name: &str,
    share: &LookupShare,
) -> Result<Vec<IpAddr>, Failure> {
    let mut found = resolver
        .resolve(name, share.turn().await)
        .await
        .map_err(|error| Failure::Unresolved { host: host.clone(), reason: error.to_string() })?;
    found.truncate(MAX_ADDRESSES);
    if found.is_empty() {
        return Err(Failure::Unresolved { host: host.clone(), reason: "it has no address".into() });
    }
    Ok(found)
}

/// True if a pattern means an address that is not public, and does not just happen to cover it.
fn names(pattern: &HostPattern, address: IpAddr) -> bool {
    match pattern {
        HostPattern::Network { prefix, .. } => match address {
            IpAddr::V4(_) => *prefix >= MIN_PREFIX_V4,
            IpAddr::V6(_) => *prefix >= MIN_PREFIX_V6,
        },
        HostPattern::Name(_) | HostPattern::Subdomains(_) | HostPattern::Public => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::lookup_share::{LookupShares, MAX_LOOKUPS_OF_ONE};
    use super::*;
    use crate::manifest::Scheme;

    /// Gives the first answer once, then the second for ever.
    struct Rebinding([&'static str; 2], AtomicUsize);

    impl Resolve for Rebinding {
        fn resolve(&self, _: &str, _: LookupTurn) -> PendingAddresses {
            let at = self.1.fetch_add(1, Ordering::SeqCst).min(1);
            let found = self.0[at].split_whitespace().map(|text| text.parse().expect("an address"));
            let found = Ok(found.collect());
            Box::pin(async move { found })
        }
    }

    async fn check(answer: &'static str, expected: &[&str]) {
        let resolver = Rebinding([answer, "127.0.0.1"], AtomicUsize::new(0));
        let pattern = HostPattern::Name("a.example".into());
        let grant = NetworkGrant::plain(Scheme::Http, pattern, 80);
        let found = addresses(
            &resolver,
            &RequestHost::Name("a.example".into()),
            &grant,
            &LookupShares::default().of(None),
        )
        .await;
        let expected: Vec<IpAddr> =
            expected.iter().map(|text| text.parse().expect("an address")).collect();
        assert_eq!(found.unwrap_or_default(), expected, "{answer}");
        assert_eq!(resolver.1.load(Ordering::SeqCst), 1, "looked up once");
    }

    /// Answers nothing, and holds what it is given.
    #[derive(Default)]
    struct Silent(std::sync::Mutex<Vec<LookupTurn>>);

    impl Resolve for Silent {
        fn resolve(&self, name: &str, turn: LookupTurn) -> PendingAddresses {
            if name == "quick.example" {
                return Box::pin(async { Ok(vec![[8, 8, 8, 8].into()]) });
            }
            self.0.lock().expect("no panic").push(turn);
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn look_ups_of_one_plugin_that_take_for_ever_hold_up_no_other() {
        let (shares, resolver) = (LookupShares::default(), Silent::default());
        let (one, other) = (shares.of(Some(&"one".into())), shares.of(Some(&"other".into())));
        let ask = async |name: &str, share: &LookupShare| {
            let name = RequestHost::Name(name.into());
            let pattern = HostPattern::Subdomains("example".into());
            let grant = NetworkGrant::plain(Scheme::Http, pattern, 80);
            let asked = addresses(&resolver, &name, &grant, share);
            tokio::time::timeout(std::time::Duration::from_millis(50), asked).await.is_ok()
        };
        for _ in 0..MAX_LOOKUPS_OF_ONE + 2 {
            assert!(!ask("slow.example", &one).await);
        }
        assert_eq!(resolver.0.lock().expect("no panic").len(), MAX_LOOKUPS_OF_ONE);
        assert!(!ask("quick.example", &one).await, "its share is used up");
        assert!(ask("quick.example", &other).await);
        assert!(!ask("quick.example", &shares.of(Some(&"one".into()))).await, "in any call");
        resolver.0.lock().expect("no panic").clear();
        assert!(ask("quick.example", &one).await);
    }

    #[tokio::test]
    async fn only_public_addresses_of_the_first_answer_are_used() {
        check("8.8.8.8", &["8.8.8.8"]).await;
        check("10.0.0.1 8.8.8.8 ::1 2606:4700::1111", &["8.8.8.8", "2606:4700::1111"]).await;
        check("10.0.0.1 ::ffff:127.0.0.1", &[]).await;
        check("", &[]).await;
    }

    #[tokio::test]
    async fn the_whole_web_has_no_address_that_is_not_public() {
        let grant = NetworkGrant::plain(Scheme::Https, HostPattern::Public, 443);
        let resolver =
            Rebinding(["127.0.0.1 ::1 10.0.0.1 169.254.169.254", "8.8.8.8"], AtomicUsize::new(0));
        let address = |text: &str| RequestHost::Address(text.parse().expect("an address"));
        for host in [
            RequestHost::Name("localhost".into()),
            address("127.0.0.1"),
            address("192.168.0.1"),
            address("169.254.169.254"),
            address("::1"),
            address("fd00::1"),
            address("::ffff:10.0.0.1"),
        ] {
            let found =
                addresses(&resolver, &host, &grant, &LookupShares::default().of(None)).await;
            assert!(matches!(found, Err(Failure::NotPublic(_))), "{host}");
        }
        let found =
            addresses(&resolver, &address("8.8.8.8"), &grant, &LookupShares::default().of(None))
                .await;
        assert_eq!(found.unwrap_or_default(), ["8.8.8.8".parse::<IpAddr>().expect("one")]);
    }

    #[tokio::test]
    async fn no_name_and_no_spelling_leads_to_a_network_that_is_excepted() {
        let excepted = |text: &str, prefix| HostPattern::Network {
            address: text.parse().expect("an address"),
            prefix,
        };
        let except =
            vec![excepted("8.8.0.0", 16), excepted("127.0.0.0", 8), excepted("2600::", 16)];
        let found = async |host: RequestHost, pattern: HostPattern, answer: &'static str| {
            let resolver = Rebinding([answer, answer], AtomicUsize::new(0));
            let grant = NetworkGrant {
                except: except.clone(),
                ..NetworkGrant::plain(Scheme::Http, pattern, 80)
            };
            let share = LookupShares::default().of(None);
            let found = addresses(&resolver, &host, &grant, &share).await;
            found.map(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let name = |text: &str| (RequestHost::Name(text.into()), HostPattern::Name(text.into()));
        for answer in
            ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2600::1"]
        {
            let (host, pattern) = name("a.example");
            let refused = found(host, pattern, answer).await;
            assert!(matches!(refused, Err(Failure::Excepted(_))), "{answer}");
            let host = RequestHost::Address(answer.parse().expect("an address"));
            let refused = found(host, HostPattern::Public, "1.1.1.1").await;
            assert!(matches!(refused, Err(Failure::Excepted(_))), "{answer}");
        }
        for (address, prefix) in [("0.0.0.0", 8), ("64:ff9b::7f00:1", 96), ("64:ff9b::", 128)] {
            let address: IpAddr = address.parse().expect("an address");
            let pattern = HostPattern::Network { address, prefix };
            let refused = found(RequestHost::Address(address), pattern, "1.1.1.1").await;
            assert!(matches!(refused, Err(Failure::Excepted(_))), "{address}");
        }
        let (host, pattern) = name("a.example");
        let left = found(host, pattern, "8.8.8.8 1.1.1.1").await;
        assert_eq!(left.expect("one is left"), ["1.1.1.1"]);
        let (host, pattern) = name("localhost");
        assert_eq!(found(host, pattern, "1.1.1.1").await.expect("one is left"), ["::1"]);
    }

    #[test]
    fn an_address_is_named_by_a_network_that_is_not_most_of_the_internet() {
        for (address, prefix, is_named) in [
            ("10.1.2.3", 32, true),
            ("10.1.2.3", 8, true),
            ("10.1.2.3", 7, false),
            ("10.1.2.3", 0, false),
            ("fd12::1", 128, true),
            ("fd12::1", 7, true),
            ("fd12::1", 6, false),
            ("fd12::1", 0, false),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            let pattern = HostPattern::Network { address, prefix };
            assert_eq!(names(&pattern, address), is_named, "{address}/{prefix}");
        }
        for pattern in [HostPattern::Name("a".into()), HostPattern::Public] {
            assert!(!names(&pattern, Ipv4Addr::LOCALHOST.into()));
        }
    }
}
