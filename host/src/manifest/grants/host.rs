//! The host of a network grant: a name, all names below one, an address, a network, or every public one.
//!
//! Only one spelling of an address is taken, so that what is read is what is granted.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;

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

    /// True if who keeps requests from these hosts keeps them from all that `other` names: an address counts by whatever it
    /// reaches, however it is spelled.
    pub(crate) fn withholds(&self, other: &Self) -> bool {
        self.covers(other)
            || other.spelled_plainly().is_some_and(|plain| self.withholds(&plain))
            || self.spelled_plainly().is_some_and(|plain| plain.withholds(other))
            || self.own_machine().is_some_and(|machine| machine.withholds(other))
    }

    /// True if who keeps requests from these hosts keeps them from this address.
    pub(crate) fn withholds_address(&self, address: IpAddr) -> bool {
        self.withholds(&Self::of_address(address))
    }

    /// True if requests to these hosts may reach some of `other`, though perhaps not all: `https://*` may reach any address.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let is_address = matches!(other, Self::Network { .. });
        self.covers(other)
            || (*self == Self::Public && is_address)
            || self.plain_parts().iter().any(|part| other.covers(part) || part.overlaps(other))
            || other.spelled_plainly().is_some_and(|plain| self.overlaps(&plain))
            || other.own_machine().is_some_and(|machine| self.overlaps(&machine))
    }

    fn of_address(address: IpAddr) -> Self {
        Self::Network { address, prefix: width(address) }
    }

    /// The addresses that all of these stand for, in their usual spelling. `None` if this is it.
    fn spelled_plainly(&self) -> Option<Self> {
        let Self::Network { address, prefix } = *self else { return None };
        match address {
            _ if prefix == width(address) && address.is_unspecified() => {
                Some(Self::of_address(this_machine(address)))
            }
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => EMBEDDINGS.iter().find_map(|embedding| {
                let is_within =
                    is_within(address.into(), embedding.network.into(), embedding.prefix);
                (is_within && prefix >= embedding.prefix).then(|| Self::Network {
                    address: embedding.embedded(address).into(),
                    prefix: (prefix - embedding.prefix).min(32),
                })
            }),
        }
    }

    /// The address of this machine, if the unspecified one is among these, which reaches it.
    fn own_machine(&self) -> Option<Self> {
        let Self::Network { address, prefix } = *self else { return None };
        let unspecified: IpAddr = match address {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let is_among = is_within(unspecified, address, prefix);
        is_among.then(|| Self::of_address(this_machine(address)))
    }

    /// The addresses that some of these stand for, in their usual spelling.
    fn plain_parts(&self) -> Vec<Self> {
        let Self::Network { address, prefix } = *self else { return Vec::new() };
        let all_v4 = Self::Network { address: Ipv4Addr::UNSPECIFIED.into(), prefix: 0 };
        let has_embedded = |embedding: &&Embedding| {
            prefix < embedding.prefix && is_within(embedding.network.into(), address, prefix)
        };
        let embedded = EMBEDDINGS.iter().filter(has_embedded).map(|_| all_v4.clone());
        self.spelled_plainly().into_iter().chain(self.own_machine()).chain(embedded).collect()
    }
}

/// A network of IPv6 whose addresses stand for those of IPv4.
struct Embedding {
    network: Ipv6Addr,
    /// The bits before the address of IPv4.
    prefix: u8,
}

const EMBEDDINGS: [Embedding; 3] = [
    // Mapped.
    Embedding { network: Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), prefix: 96 },
    // Translated by the well-known prefix of NAT64.
    Embedding { network: Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), prefix: 96 },
    // 6to4.
    Embedding { network: Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), prefix: 16 },
];

impl Embedding {
    fn embedded(&self, address: Ipv6Addr) -> Ipv4Addr {
        let bits = address.to_bits() << self.prefix;
        // The first 32 bits of what is left.
        Ipv4Addr::from((bits >> 96) as u32)
    }
}

/// The IPv4 address that an address stands for, if it does.
pub(crate) fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let contains = |one: &&Embedding| is_within(address.into(), one.network.into(), one.prefix);
    EMBEDDINGS.iter().find(contains).map(|embedding| embedding.embedded(address))
}

/// The address that systems connect to in place of the unspecified one of the same family: this machine's own.
fn this_machine(unspecified: IpAddr) -> IpAddr {
    match unspecified {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
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

/// A fault of a URL, with advice about it.
pub(crate) struct Slip {
    pub(crate) problem: String,
    pub(crate) help: String,
}

impl Slip {
    pub(crate) fn new(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: help.into() }
    }
}

/// Reads a host as a URL writes it: an IPv6 address or network in brackets.
pub(crate) fn parse(text: &str) -> Result<HostPattern, Slip> {
    if text.is_empty() {
        let help = "name the host: \"https://api.example.org\"";
        return Err(Slip::new("expected a host", help));
    }
    if text == "*" {
        return Ok(HostPattern::Public);
    }
    if let Some(inner) = text.strip_prefix('[') {
        return bracketed(inner.strip_suffix(']').unwrap_or_default());
    }
    if text.contains('/') || text.parse::<Ipv4Addr>().is_ok() {
        return network(text);
    }
    let Some(domain) = text.strip_prefix("*.") else {
        if text.contains('*') {
            return Err(wildcard());
        }
        return name(text).map(HostPattern::Name);
    };
    if domain.contains('*') {
        return Err(wildcard());
    }
    let domain = name(domain)?;
    if !domain.contains('.') {
        return Err(wildcard());
    }
    Ok(HostPattern::Subdomains(domain))
}

/// True if `text` is a literal IPv4 address.
pub(crate) fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

/// True if `text` was probably meant as a host, with or without a port.
pub(crate) fn looks_like_one(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "80"));
    let plain = host.contains('.') && host.bytes().all(|byte| byte.is_ascii_graphic());
    plain && parse(host).is_ok() && port.parse::<u16>().is_ok()
}

fn wildcard() -> Slip {
    Slip::new(
        "expected `*` as the whole first part of a name, and two parts or more after it",
        "write it like \"https://*.example.org\"; \"https://*\" is the whole public web",
    )
}

fn name(text: &str) -> Result<Box<str>, Slip> {
    let bad =
        || Slip::new("expected a host name", "use letters, digits and hyphens, with dots between");
    let ascii =
        idna::domain_to_ascii_cow(text.as_bytes(), AsciiDenyList::URL).map_err(|_| bad())?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let fits = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
    if ascii.len() > 253 || !ascii.split('.').all(fits) {
        return Err(bad());
    }
    // A last part that is a number makes the whole an IPv4 address, in one of its old spellings.
    let last = ascii.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if is_number {
        let help = match url::Host::parse(ascii) {
            Ok(url::Host::Ipv4(address)) => format!("did you mean \"{address}\"?"),
            _ => "write four numbers from 0 to 255, such as \"192.168.0.1\"".into(),
        };
        return Err(Slip::new("expected an IPv4 address in its usual form", help));
    }
    Ok(ascii.into())
}

fn bracketed(inner: &str) -> Result<HostPattern, Slip> {
    let address = inner.split('/').next().unwrap_or_default();
    let mapped = address.parse::<Ipv6Addr>().ok().and_then(|address| address.to_ipv4_mapped());
    match mapped {
        Some(mapped) => {
            let help = format!("write it as \"{mapped}\", without brackets");
            Err(Slip::new("expected no IPv4 address in IPv6's form", help))
        }
        None if address.contains(':') => network(inner),
        None => {
            let help = "in brackets stands an IPv6 address: \"https://[2001:db8::1]\"";
            Err(Slip::new("expected an IPv6 address in brackets", help))
        }
    }
}

/// An address, or a network as its address and the number of bits that count.
fn network(text: &str) -> Result<HostPattern, Slip> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        let help = "write it like \"192.168.0.1\", \"192.168.0.0/16\" or \"[fd00::/8]\"";
        return Err(Slip::new("expected an IP address", help));
    };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let Some(prefix) = prefix.map_or(Some(bits), |prefix| {
        prefix.parse::<u8>().ok().filter(|bits_| *bits_ <= bits && bits_.to_string() == prefix)
    }) else {
        let help = format!("the number after the slash says how many of its {bits} bits count");
        return Err(Slip::new(format!("expected a prefix from 0 to {bits}"), help));
    };
    let first = first(address, prefix);
    if first != address {
        let network = HostPattern::Network { address: first, prefix };
        let problem = format!("expected a network: bits are set beyond the first {prefix}");
        return Err(Slip::new(problem, format!("the network is \"{network}\"")));
    }
    Ok(HostPattern::Network { address, prefix })
}

/// The first address of the network that `address` lies in.
fn first(address: IpAddr, prefix: u8) -> IpAddr {
    let beyond = |width: u8| u32::from(width - prefix);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(beyond(32)).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(beyond(128)).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = parse(text).map(|host| host.to_string()).map_err(|slip| slip.help);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
            (Err(help), Err(part)) => assert!(help.contains(part), "{text}: {help}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn names_have_one_form() {
        check("API.Example.org", Ok("api.example.org"));
        check("api.example.org.", Ok("api.example.org"));
        check("bücher.example", Ok("xn--bcher-kva.example"));
        check("localhost", Ok("localhost"));
        check("*.EXAMPLE.org.", Ok("*.example.org"));
        check("*", Ok("*"));
        for wrong in ["*.org", "**", "a.*.org", "*.*.example.org", "a*.example.org", "*example.org"]
        {
            check(wrong, Err("\"https://*.example.org\""));
        }
        for wrong in ["", ".", "a..b", "a b", "a%2eb", "a_b!", "xn--a"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&"a".repeat(64)).is_err());
        assert!(parse(&format!("{}a", "a.".repeat(127))).is_err());
    }

    #[test]
    fn addresses_have_one_spelling() {
        check("127.0.0.1", Ok("127.0.0.1"));
        for odd in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "１２７.0.0.1"]
        {
            check(odd, Err("did you mean \"127.0.0.1\"?"));
        }
        check("999.0.0.1", Err("four numbers"));
        check("[::1]", Ok("[::1]"));
        check("[FD00::/8]", Ok("[fd00::/8]"));
        check("[::ffff:127.0.0.1]", Err("\"127.0.0.1\""));
        check("[127.0.0.1]", Err("in brackets stands"));
        check("[fe80::1%eth0]", Err("write it like"));
        check("[::1", Err("in brackets stands"));
    }

    #[test]
    fn an_address_is_withheld_by_what_it_reaches_however_it_is_spelled() {
        // What is withheld; a host; whether all of it is; whether some of it is.
        for (withheld, host, all, some) in [
            ("127.0.0.0/8", "0.0.0.0", true, true),
            ("127.0.0.1", "0.0.0.0", true, true),
            ("127.0.0.2", "0.0.0.0", false, false),
            ("127.0.0.0/8", "0.0.0.0/8", false, true),
            ("127.0.0.0/8", "0.0.0.0/0", false, true),
            ("127.0.0.0/8", "[64:ff9b::7f00:1]", true, true),
            ("127.0.0.0/8", "[64:ff9b::]", true, true),
            ("127.0.0.0/8", "[64:ff9b::7f00:0/104]", true, true),
            ("127.0.0.0/8", "[64:ff9b::/96]", false, true),
            ("127.0.0.0/8", "[64:ff9b::/64]", false, true),
            ("127.0.0.0/8", "[2002:7f00:1::/48]", true, true),
            ("127.0.0.0/8", "[2002:7f00:1::5]", true, true),
            ("127.0.0.0/8", "[::/80]", false, true),
            ("127.0.0.0/8", "[::]", false, false),
            ("[::1]", "[::]", true, true),
            ("[::1]", "[::/64]", false, true),
            ("[::1]", "0.0.0.0", false, false),
            ("10.0.0.0/8", "[64:ff9b::a01:203]", true, true),
            ("10.0.0.0/8", "0.0.0.0", false, false),
            ("0.0.0.0", "127.0.0.1", true, true),
            ("0.0.0.0/8", "127.0.0.1", true, true),
            ("0.0.0.0/31", "127.0.0.1", true, true),
            ("0.0.0.0/8", "127.0.0.0/8", false, true),
            ("0.0.0.0/8", "127.0.0.2", false, false),
            ("0.0.0.0/8", "[64:ff9b::7f00:1]", true, true),
            ("0.0.0.0/8", "[::1]", false, false),
            ("1.0.0.0/8", "127.0.0.1", false, false),
            ("[64:ff9b::/104]", "127.0.0.1", true, true),
            ("[64:ff9b::7f00:1]", "127.0.0.1", true, true),
            ("[::]", "127.0.0.1", false, false),
            ("127.0.0.0/8", "*", false, true),
            ("127.0.0.0/8", "a.example", false, false),
            ("a.example", "0.0.0.0", false, false),
        ] {
            let [withheld, host] = [withheld, host].map(|text| match parse(text) {
                Ok(host) => host,
                Err(slip) => panic!("{text}: {}", slip.help),
            });
            assert_eq!(withheld.withholds(&host), all, "{withheld} {host}");
            let may_reach = host.overlaps(&withheld) || withheld.withholds(&host);
            assert_eq!(may_reach, some, "{withheld} {host}");
            // Who is granted an address is not granted it in another spelling.
            assert!(!withheld.covers(&host), "{withheld} {host}");
        }
        for (address, is_withheld) in [
            ("0.0.0.0", true),
            ("::ffff:0.0.0.0", true),
            ("::ffff:127.9.9.9", true),
            ("64:ff9b::0.0.0.0", true),
            ("::", false),
            ("0.0.0.1", false),
        ] {
            let Ok(own) = parse("127.0.0.0/8") else { panic!("a network") };
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(own.withholds_address(address), is_withheld, "{address}");
        }
    }

    #[test]
    fn a_network_has_no_bits_beyond_its_prefix() {
        check("192.168.0.0/16", Ok("192.168.0.0/16"));
        check("0.0.0.0/0", Ok("0.0.0.0/0"));
        check("192.168.7.1/16", Err("the network is \"192.168.0.0/16\""));
        check("[fd12::/8]", Err("the network is \"[fd00::/8]\""));
        check("10.0.0.0/33", Err("32 bits"));
        check("10.0.0.0/08", Err("32 bits"));
        check("[::/129]", Err("128 bits"));
    }
}
