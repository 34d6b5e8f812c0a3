//! The system's file of hosts, which names addresses before any resolver does.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::fs::bounded_read::read_at_most;

/// The most bytes that are read of it: some lists of blocked names have hundreds of thousands of lines.
const MAX_HOSTS_FILE: usize = 16 * 1024 * 1024;

/// The addresses that the file has for a name. None where there is no such file, or it cannot be read. Blocks.
pub(crate) fn addresses(name: &str) -> Vec<IpAddr> {
    let Ok(bytes) = read_at_most(&place(), MAX_HOSTS_FILE) else { return Vec::new() };
    listed(&String::from_utf8_lossy(&bytes), name)
}

#[cfg(not(windows))]
fn place() -> PathBuf {
    "/etc/hosts".into()
}

#[cfg(windows)]
fn place() -> PathBuf {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    PathBuf::from(root).join(r"System32\drivers\etc\hosts")
}

/// The addresses of `name` in the text of such a file: lines of an address and its names; the rest after `#` is a
/// comment.
fn listed(text: &str, name: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let (entry, _) = line.split_once('#').unwrap_or((line, ""));
        let mut words = entry.split_ascii_whitespace();
        let address = words.next()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then(|| address.parse().ok())?
    };
    text.lines().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_addresses_of_its_lines() {
        let text = "# 9.9.9.9 api.example\n127.0.0.1 localhost\n\n  10.0.0.1\tapi.example  Api\r\n\
            2001:db8::1 api.example # other.example\nfe80::1%eth0 api.example\nx api.example\n8.8.8.8\n";
        let found =
            |name| -> Vec<String> { listed(text, name).iter().map(ToString::to_string).collect() };
        assert_eq!(found("api.example"), ["10.0.0.1", "2001:db8::1"]);
        assert_eq!(found("API"), ["10.0.0.1"]);
        for absent in ["other.example", "example", "9.9.9.9", "", "api.example."] {
            assert!(found(absent).is_empty(), "{absent}");
        }
    }
}
