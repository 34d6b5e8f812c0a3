//! The distance of a server from this machine. An authorization server's metadata name nothing that is nearer than the
//! server that gave them, so that it cannot send this machine to services that it could not reach itself.

use std::net::{IpAddr, Ipv6Addr};

use crate::sandbox::http::is_global;

/// The place of a server, the farthest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::oauth) enum Nearness {
    Internet,
    Network,
    Machine,
}

impl Nearness {
    /// The place of an address.
    pub(in crate::oauth) fn of(address: IpAddr) -> Self {
        let is_own = match address.to_canonical() {
            IpAddr::V4(address) => address.is_loopback() || address.is_unspecified(),
            IpAddr::V6(address) => [Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED].contains(&address),
        };
        match is_own {
            true => Self::Machine,
            false if is_global(address) => Self::Internet,
            false => Self::Network,
        }
    }

    /// The place of a server with these addresses: that of the farthest, since a name can have any beside it.
    pub(in crate::oauth) fn of_server(addresses: &[IpAddr]) -> Self {
        addresses.iter().map(|address| Self::of(*address)).min().unwrap_or(Self::Internet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_as_near_as_its_farthest_address() {
        for (addresses, expected) in [
            (&["93.184.216.34"][..], Nearness::Internet),
            (&["10.0.0.1"], Nearness::Network),
            (&["169.254.169.254"], Nearness::Network),
            (&["fd00::1"], Nearness::Network),
            (&["127.9.9.9"], Nearness::Machine),
            (&["::1"], Nearness::Machine),
            (&["0.0.0.0"], Nearness::Machine),
            (&["::ffff:127.0.0.1"], Nearness::Machine),
            (&["127.0.0.1", "93.184.216.34"], Nearness::Internet),
            (&["127.0.0.1", "10.0.0.1"], Nearness::Network),
        ] {
            let parsed: Vec<IpAddr> =
                addresses.iter().map(|text| text.parse().expect("an address")).collect();
            assert_eq!(Nearness::of_server(&parsed), expected, "{addresses:?}");
        }
    }
}
