//! Grants as lines: the same grant is always the same line, and two different ones never are.
//!
//! A line holds what a plugin may reach. What it is told (values of variables and configuration) is no
//! reach, and may hold what is nobody's business.

use std::collections::BTreeSet;

use crate::manifest::{Access, Grants, SecretPlace};

/// What reads only, and what writes too, begin with.
const READ: &str = "files: read ";
const WRITE: &str = "files: read and change ";

/// One line for each thing that `grants` allow.
pub(super) fn lines(grants: &Grants) -> BTreeSet<String> {
    let Grants { network, files, scratch, env, secrets, config } = grants;
    let mut lines = BTreeSet::new();
    lines.extend(files.iter().map(|grant| {
        let may = match grant.access {
            Access::Read => READ,
            Access::Write => WRITE,
        };
        format!("{may}{} as {}", word(&grant.path), word(&grant.at))
    }));
    lines.extend(network.iter().map(|grant| match &grant.secret {
        None => format!("network: {grant}"),
        Some(secret) => {
            let place = match &secret.place {
                SecretPlace::Header { name, before } if before.is_empty() => {
                    format!("header {}", word(name))
                }
                SecretPlace::Header { name, before } => {
                    format!("header {} after {}", word(name), word(before))
                }
                SecretPlace::Query { name } => format!("query {}", word(name)),
            };
            format!("network: {grant} with secret {} in {place}", secret.name)
        }
    }));
    lines.extend(scratch.iter().map(|at| format!("scratch: {}", word(at))));
    lines.extend(env.keys().map(|name| format!("env: {name}")));
    lines.extend(secrets.iter().map(|name| format!("secret: {name}")));
    lines.extend(config.keys().map(|key| format!("config: {}", word(key))));
    lines
}

/// What `now` allows and `before` does not, a line for each.
#[must_use]
pub fn wider(before: &Grants, now: &Grants) -> Vec<String> {
    let before = lines(before);
    lines(now).into_iter().filter(|line| !covers(&before, line)).collect()
}

/// Whether what `line` grants is granted by `locked`.
pub(super) fn covers(locked: &BTreeSet<String>, line: &str) -> bool {
    let is_read_of_more =
        || line.strip_prefix(READ).is_some_and(|of| locked.contains(&format!("{WRITE}{of}")));
    locked.contains(line) || is_read_of_more()
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
