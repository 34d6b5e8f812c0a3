//! Grants as lines: the same grant is always the same line, and two different ones never are.
//!
//! A line holds what a plugin may reach. The values that it is told (variables and configuration)
//! are no reach, and may be private.

use std::collections::BTreeSet;

use crate::manifest::{Access, Grant, Grants, NetworkGrant, SecretPlace};

/// The line of a plugin that may have asynchronous functions: `concurrent` under `[plugin]`.
pub(super) const CONCURRENT_LINE: &str = "concurrent: asynchronous functions";
/// The beginnings of the lines of grants that only read, and of those that write too.
const READ: &str = "files: read ";
const WRITE_LINE: &str = "files: read and change ";
const NETWORK_LINE: &str = "network";
const EXCEPT: &str = " except ";

/// One line for each thing that `grants` allow.
pub(super) fn lines(grants: &Grants) -> BTreeSet<String> {
    grants.iter().map(line).collect()
}

fn line(grant: Grant<'_>) -> String {
    match grant {
        Grant::Files(grant) => {
            let may = match grant.access {
                Access::Read => READ,
                Access::Write => WRITE_LINE,
            };
            format!("{may}{} as {}", word(&grant.path), word(&grant.at))
        }
        Grant::Scratch(at) => format!("scratch: {}", word(at)),
        Grant::Network(grant) => network(grant),
        Grant::Env { name, value: _ } => format!("env: {name}"),
        Grant::Secret(name) => format!("secret: {name}"),
        Grant::Config { key, value: _ } => format!("config: {}", word(key)),
    }
}

fn network(grant: &NetworkGrant) -> String {
    let Some(secret) = &grant.secret else { return format!("{}: {grant}", kind(grant)) };
    let place = match &secret.place {
        SecretPlace::Header { name, before } if before.is_empty() => {
            format!("header {}", word(name))
        }
        SecretPlace::Header { name, before } => {
            format!("header {} after {}", word(name), word(before))
        }
        SecretPlace::Query { name } => format!("query {}", word(name)),
    };
    format!("{}: {grant} with secret {} in {place}", kind(grant), secret.name)
}

/// The kind of a network grant, with the hosts that it does not reach.
fn kind(grant: &NetworkGrant) -> String {
    let mut except: Vec<_> = grant.exceptions().collect();
    except.sort();
    match &except[..] {
        [] => NETWORK_LINE.into(),
        except => format!("{NETWORK_LINE}{EXCEPT}{}", except.join(",")),
    }
}

/// A line of a network grant without its exceptions, and these.
fn with_exceptions(line: &str) -> Option<(&str, BTreeSet<&str>)> {
    // A URL holds no space, so what follows the first `: ` is the grant.
    let (kind, grant) = line.split_once(": ")?;
    let except = kind.strip_prefix(NETWORK_LINE)?.strip_prefix(EXCEPT);
    Some((grant, except.iter().flat_map(|except| except.split(',')).collect()))
}

/// Returns the grants of `now` that `before` does not have, a line for each.
#[must_use]
pub fn wider(before: &Grants, now: &Grants) -> Vec<String> {
    let before = lines(before);
    lines(now).into_iter().filter(|line| !covers(&before, line)).collect()
}

/// True if `locked` grants everything that `line` grants.
pub(super) fn covers(locked: &BTreeSet<String>, line: &str) -> bool {
    let is_read_of_more =
        || line.strip_prefix(READ).is_some_and(|of| locked.contains(&format!("{WRITE_LINE}{of}")));
    let is_narrower = || {
        let Some((grant, except)) = with_exceptions(line) else { return false };
        let mut wider = locked.iter().filter_map(|line| with_exceptions(line));
        wider.any(|(other, fewer)| other == grant && fewer.is_subset(&except))
    };
    locked.contains(line) || is_read_of_more() || is_narrower()
}

/// Text that ends where it seems to end.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "~$/._-:*@+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("{text:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn of(grants: &str) -> BTreeSet<String> {
        lines(&Manifest::parse("a.toml", &format!("[grants]\n{grants}")).expect("one").grants)
    }

    #[test]
    fn every_grant_is_a_line() {
        let found = of(r#"files = [{ path = "~/my notes", at = "/notes" },
                { path = "$X", at = "/x", access = "write" }]
            network = ["https://*.example.org",
                { url = "https://api.github.com", secret = "T", header = "Authorization", before = "Bearer " },
                { url = "http://127.0.0.1:80", secret = "T", query = "key" }]
            secrets = ["OTHER"]
            scratch = "/tmp"
            env = { LANG = "C" }
            config = { units = "metric" }"#);
        let expected = [
            "config: units",
            "env: LANG",
            "files: read \"~/my notes\" as /notes",
            "files: read and change $X as /x",
            "network: http://127.0.0.1 with secret T in query key",
            "network: https://*.example.org",
            "network: https://api.github.com with secret T in header authorization after \"Bearer \"",
            "scratch: /tmp",
            "secret: OTHER",
        ];
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn no_text_makes_one_grant_look_like_another() {
        let one = of(r#"files = [{ path = "/a as /b", at = "/c" }]"#);
        let two = of(r#"files = [{ path = "/a", at = "/b as /c" }]"#);
        assert_ne!(one, two);
    }

    #[test]
    fn fewer_hosts_are_covered_by_more_and_not_the_other_way_round() {
        let web = |without: &str| {
            let local = format!("grants.without = [{without}]");
            let manifest = "grants.network = [\"https://*\"]";
            lines(&Manifest::parse_with("a.toml", manifest, Some(&local)).expect("one").grants)
        };
        let (all, one) = (web(""), web("\"network:https://docs.rs\""));
        let two = web("\"network:https://docs.rs\", \"network:https://a.example\"");
        assert_eq!(one.first().expect("a line"), "network except https://docs.rs: https://*");
        let covered = |locked: &BTreeSet<String>, now: &BTreeSet<String>| {
            now.iter().all(|line| covers(locked, line))
        };
        assert!(covered(&all, &one) && covered(&all, &two) && covered(&one, &two));
        assert!(!covered(&one, &all) && !covered(&two, &all) && !covered(&two, &one));
    }

    #[test]
    fn reading_is_covered_by_reading_and_writing_and_by_nothing_else() {
        let at = |path: &str, access: &str| {
            of(&format!(r#"files = [{{ path = "{path}", at = "/n", access = "{access}" }}]"#))
        };
        let covered = |locked: BTreeSet<String>, now: BTreeSet<String>| {
            now.iter().all(|line| covers(&locked, line))
        };
        assert!(covered(at("/a", "write"), at("/a", "read")));
        assert!(covered(at("/a", "read"), at("/a", "read")));
        assert!(!covered(at("/a", "read"), at("/a", "write")));
        assert!(!covered(at("/a", "write"), at("/a/b", "read")));
    }
}
