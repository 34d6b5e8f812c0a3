//! The addresses that lie on the public internet. Pure; after the registries of special-purpose addresses that IANA
//! keeps.
//!
//! An address that is not known to be public counts as not public: a plugin never reaches this machine or its network
//! by accident.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::manifest::embedded_v4;

/// True if an address belongs to some server on the internet. An address that stands for an IPv4 address (mapped,
/// translated, 6to4) is judged as that one.
#[must_use]
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network; private; this machine; link-local; private.
        [0 | 10 | 127, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] => true,
        // Shared by carriers; protocol assignments; the relays of 6to4.
        [100, 64..=127, ..] | [192, 0, 0, _] | [192, 88, 99, _] => true,
        // Documentation; benchmarks.
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18..=19, ..] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    if let Some(meant) = embedded_v4(address) {
        return is_global_v4(meant);
    }
    match address.segments() {
        // Protocol assignments, among them Teredo, benchmarks and ORCHID; documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All that is given out to networks. Everything else is local, multicast, or not given out.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(global: bool, addresses: &str) {
        for text in addresses.split_whitespace() {
            let address: IpAddr = text.parse().expect(text);
            assert_eq!(is_global(address), global, "{address}");
        }
    }

    #[test]
    fn nothing_in_ianas_registries_of_special_purposes_is_global() {
        check(
            false,
            "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1
            127.255.255.255 169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255
            192.0.0.0 192.0.0.8 192.0.0.170 192.0.0.255 192.0.2.1 192.88.99.1 192.168.0.0
            192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
            239.255.255.255 240.0.0.0 255.255.255.255",
        );
        check(
            false,
            ":: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:0:127.0.0.1
            64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::8.8.8.8 64:ff9b:1:ffff::1 100::1 100:0:0:1::
            2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1 2001:2::1 2001:10::1 2001:20::1
            2001:db8::1 2002:7f00:1::1 2002:0a00:1::1 2002:a9fe:a9fe::1 3fff::1 5f00::1 fc00::1
            fd12:3456::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1 4000::1 ffff::1",
        );
    }

    #[test]
    fn neighbours_of_special_addresses_are_global() {
        check(
            true,
            "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255
            128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0
            192.31.196.1 192.52.193.1 192.167.255.255 192.169.0.0 192.175.48.1 198.17.255.255
            198.20.0.0 198.51.99.255 203.0.112.255 203.0.114.0 223.255.255.255
            2001:200::1 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1 2606:4700::1111
            2620:4f:8000::1 2a00::1 3ffe::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1",
        );
    }

    proptest! {
        #[test]
        fn an_address_that_stands_for_another_is_judged_as_that_one(bits: u32, rest: [u16; 5]) {
            let v4 = Ipv4Addr::from(bits);
            let [a, b] = [(bits >> 16) as u16, bits as u16];
            let [c, d, e, f, g] = rest;
            let expected = is_global(v4.into());
            prop_assert_eq!(is_global(v4.to_ipv6_mapped().into()), expected);
            prop_assert_eq!(is_global(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b).into()), expected);
            prop_assert_eq!(is_global(Ipv6Addr::new(0x2002, a, b, c, d, e, f, g).into()), expected);
            prop_assert!(!is_global(v4.to_ipv6_compatible().into()));
            prop_assert!(!is_global(Ipv6Addr::new(0x2001, 0, c, d, e, f, a, b).into()));
            prop_assert!(!is_global(Ipv6Addr::new(0x64, 0xff9b, 1, c, d, e, a, b).into()));
        }

        #[test]
        fn whatever_the_standard_library_calls_local_is_not_global(bits: u128) {
            let address = Ipv6Addr::from(bits);
            if address.is_unique_local() || address.is_unicast_link_local() || address.is_multicast() {
                prop_assert!(!is_global(address.into()));
            }
        }
    }
}
