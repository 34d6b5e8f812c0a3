//! The policy against every key of a manifest by which it asks for something.

use super::Policy;
use crate::manifest::parse::document;
use crate::manifest::syntax::keys::Section;
use crate::manifest::syntax::table::Table;
use crate::manifest::{Limits, Manifest};
use crate::typed_path::PathAuthor;

/// The policy of `text`, each line of which is at `c.toml` and the offset of its value.
fn policy(text: &str) -> Policy {
    let tree = document(text, "the configuration").expect("TOML");
    let table = Table::open(Section::Policy, &tree).expect("keys of a policy");
    let place = |span: std::ops::Range<usize>| {
        format!("c.toml:{}", text[..span.start].lines().count().max(1)).into()
    };
    Policy::read(&table, PathAuthor::Person, &place)
        .unwrap_or_else(|fault| panic!("{text}: {}", fault.message))
}

fn read(policy: &Policy, manifest: &str, local: Option<&str>) -> Result<Manifest, String> {
    let read = Manifest::parse_under("w.toml", manifest, local, policy);
    read.map_err(|error| error.to_string())
}

/// A key of a manifest that asks for something, a value that each policy allows, one that it does not, and the policy.
struct Case {
    key: &'static str,
    policy: &'static str,
    allowed: &'static str,
    refused: &'static str,
}

const LIMITS: [Case; 11] = [
    limit("fuel", "1_000_000", "1_000_000", "1_000_001"),
    limit("cpu", "\"2s\"", "\"2s\"", "\"3s\""),
    limit("memory", "\"32MiB\"", "\"32MiB\"", "\"33MiB\""),
    limit("timeout", "\"5s\"", "\"5s\"", "\"6s\""),
    limit("output", "\"8KiB\"", "\"8KiB\"", "\"9KiB\""),
    limit("concurrency", "2", "2", "3"),
    limit("crashes", "2", "2", "3"),
    limit("max_tools", "10", "10", "11"),
    limit("scratch_bytes", "\"1MiB\"", "\"1MiB\"", "\"2MiB\""),
    limit("scratch_entries", "10", "10", "11"),
    limit("rate", "\"60/min\"", "\"1/s\"", "\"61/min\""),
];

const fn limit(
    key: &'static str,
    policy: &'static str,
    allowed: &'static str,
    refused: &'static str,
) -> Case {
    Case { key, policy, allowed, refused }
}

const GRANTS: [Case; 6] = [
    Case {
        key: "network",
        policy: "never_hosts = [\"*.corp.example\"]",
        allowed: "[\"https://corp.example\"]",
        refused: "[\"http://a.corp.example:8080\"]",
    },
    Case {
        key: "files",
        policy: "never_grants = [\"files\"]",
        allowed: "[]",
        refused: "[{ path = \"~/x\", at = \"/x\" }]",
    },
    Case {
        key: "scratch",
        policy: "never_grants = [\"scratch\"]",
        allowed: "",
        refused: "\"/tmp\"",
    },
    Case {
        key: "env",
        policy: "never_grants = [\"env:PATH\"]",
        allowed: "{ LANG = \"C\" }",
        refused: "{ LANG = \"C\", PATH = \"/\" }",
    },
    Case {
        key: "secrets",
        policy: "never_grants = [\"secret:PROD\"]",
        allowed: "[\"TEST\"]",
        refused: "[\"TEST\", \"PROD\"]",
    },
    Case {
        key: "config",
        policy: "never_grants = [\"config:write\"]",
        allowed: "{ units = \"metric\" }",
        refused: "{ write = true }",
    },
];

#[test]
fn every_limit_and_every_grant_of_a_manifest_has_a_case() {
    let keys = |cases: &[Case]| cases.iter().map(|case| case.key).collect::<Vec<_>>();
    assert_eq!(keys(&LIMITS), Section::Limits.keys());
    assert_eq!(keys(&GRANTS), Section::Grants.keys());
}

#[test]
fn a_limit_beyond_the_policy_is_refused_with_both_places() {
    for Case { key, policy: most, allowed, refused } in &LIMITS {
        let policy = policy(&format!("[limits]\n{key} = {most}\n"));
        let with = |value: &str| format!("[limits]\n{key} = {value}\n");
        read(&policy, &with(allowed), None).unwrap_or_else(|error| panic!("{error}"));
        read(&policy, "", Some(&with(allowed))).unwrap_or_else(|error| panic!("{error}"));
        let error = read(&policy, &with(refused), None).expect_err(key);
        assert!(
            error.starts_with(&format!("w.toml:2:{}: `{key}` in [limits]", key.len() + 4)),
            "{error}"
        );
        assert!(error.contains("c.toml:2 allows"), "{error}");
        assert!(error.contains(&format!(" set w limits.{key} ")), "{error}");
        // A local file that raises it is told of in its place; one that lowers it mends the manifest.
        let error = read(&policy, "", Some(&with(refused))).expect_err(key);
        assert!(error.starts_with("w.local.toml:2:"), "{error}");
        let lowered = read(&policy, &with(refused), Some(&with(allowed)));
        lowered.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_limit_that_no_manifest_names_is_the_lower_of_the_usual_and_the_most() {
    let usual = read(&Policy::default(), "", None).expect("a manifest").limits;
    for Case { key, policy: most, .. } in &LIMITS {
        let limits = read(&policy(&format!("[limits]\n{key} = {most}\n")), "", None);
        let named = read(&Policy::default(), &format!("[limits]\n{key} = {most}\n"), None);
        let (mut limits, named) = (limits.expect("a manifest").limits, named.expect("a manifest"));
        let most = limits.most_memory.take().map(|most| (most.value, most.place));
        let is_of_memory = (*key == "memory").then(|| (limits.memory, "c.toml:2".into()));
        assert_eq!((limits, most), (named.limits, is_of_memory), "{key}");
    }
    let wide = policy("[limits]\nmemory = \"1GiB\"\nfuel = 1_000_000_000_000\n");
    let limits = read(&wide, "", None).expect("a manifest").limits;
    assert_eq!(Limits { most_memory: None, ..limits }, usual);
    let total = policy("total_memory = \"64MiB\"");
    let error = read(&total, "limits.memory = \"65MiB\"", None).expect_err("too much");
    assert!(error.contains("more than the 64 MiB that c.toml:1 allows"), "{error}");
}

#[test]
fn the_rate_of_a_tool_is_within_the_policy_too() {
    let policy = policy("[limits]\nrate = \"60/min\"\n");
    let tool = |rate: &str| format!("[[tools]]\nname = \"get\"\nrate = \"{rate}\"\n");
    assert!(read(&policy, &tool("1/s"), None).is_ok());
    for rate in ["2/s", "61/min", "100/h"] {
        let error = read(&policy, &tool(rate), None).expect_err(rate);
        assert!(error.contains("`rate` in [[tools]]: ") && error.contains("c.toml:2"), "{error}");
        assert!(error.contains(" set w tools.get.rate 60/min"), "{error}");
    }
}

#[test]
fn a_grant_that_is_never_given_is_refused_with_both_places() {
    for Case { key, policy: text, allowed, refused } in &GRANTS {
        let policy = policy(text);
        let with = |value: &str| match value {
            "" => String::new(),
            value => format!("[grants]\n{key} = {value}\n"),
        };
        read(&policy, &with(allowed), None).unwrap_or_else(|error| panic!("{error}"));
        let error = read(&policy, &with(refused), None).expect_err(key);
        assert!(error.starts_with("w.toml:2:") && error.contains("in c.toml:1"), "{error}");
        assert!(error.contains(" revoke w "), "{error}");
        let error = read(&policy, "", Some(&with(refused))).expect_err(key);
        assert!(error.starts_with("w.local.toml:2:"), "{error}");
    }
}

#[test]
fn what_is_revoked_in_the_local_file_is_not_asked_for() {
    let policy = policy("never_hosts = [\"corp.example\"]\nnever_grants = [\"secret\"]");
    let manifest = "[grants]\nnetwork = [{ url = \"https://a.example\", secret = \"K\", query = \"k\" }, \"https://corp.example\"]";
    let error = read(&policy, manifest, None).expect_err("a secret");
    assert!(error.contains("`secret:K` is never granted here"), "{error}");
    let local = "grants.without = [\"secret:K\"]";
    let error = read(&policy, manifest, Some(local)).expect_err("a host");
    assert!(error.contains("`network:https://corp.example` is never granted here"), "{error}");
    let local = "grants.without = [\"secret:K\", \"network:https://corp.example\"]";
    assert!(read(&policy, manifest, Some(local)).is_ok());
    // Nothing that the local file grants gets round it.
    let mine = format!("{local}\ngrants.network = [\"http://corp.example\"]");
    assert!(read(&policy, manifest, Some(&mine)).is_err());
}

#[test]
fn hosts_that_are_never_granted_are_taken_out_of_wider_grants() {
    let policy = policy(
        "never_hosts = [\"a.example.org\", \"10.1.0.0/16\", \"2001:db8::/32\", \"[2001:db9::]\"]\n\
         never_grants = [\"network:https://b.example.org\"]",
    );
    let manifest = "grants.network = [\"https://*\", \"http://*.example.org:81\", \"https://10.0.0.0/8\", \"https://c.example\"]";
    let network = read(&policy, manifest, None).expect("a manifest").grants.network;
    let shown = |at: usize| network[at].exceptions().collect::<Vec<_>>();
    assert_eq!(
        shown(0),
        [
            "https://b.example.org",
            "https://a.example.org",
            "https://10.1.0.0/16",
            "https://[2001:db8::/32]",
            "https://[2001:db9::]"
        ]
    );
    assert_eq!(shown(1), ["http://a.example.org:81"]);
    assert_eq!(shown(2), ["https://10.1.0.0/16"]);
    // A name may lead anywhere, so the networks are kept from it where it is looked up.
    assert_eq!((shown(3).len(), network[3].except.len()), (0, 3));
}

#[test]
fn a_host_that_is_never_reached_is_so_in_every_spelling() {
    let policy = policy("never_hosts = [\"127.0.0.0/8\", \"[::1]\"]");
    for host in ["127.0.0.1", "0.0.0.0", "[::]", "[64:ff9b::7f00:1]", "[64:ff9b::]", "[2002::]"] {
        let error = read(&policy, &format!("grants.network = [\"http://{host}:81\"]"), None);
        let error = error.expect_err(host);
        assert!(error.contains("is never granted here") && error.contains(" revoke w "), "{error}");
    }
    // A wider one stays, without what is withheld.
    for host in ["0.0.0.0/8", "[64:ff9b::/96]", "[::/96]"] {
        let text = format!("grants.network = [\"http://{host}\"]");
        let network = read(&policy, &text, None).expect("a manifest").grants.network;
        assert!(network[0].exceptions().next().is_some(), "{host}");
    }
}

#[test]
fn a_host_is_withheld_by_whichever_spelling_of_it_the_policy_has() {
    for never in ["0.0.0.0", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"] {
        let policy = policy(&format!("never_hosts = [\"{never}\"]"));
        for host in ["127.0.0.1", "0.0.0.0", "[64:ff9b::7f00:1]"] {
            let error = read(&policy, &format!("grants.network = [\"http://{host}:81\"]"), None);
            assert!(
                error.is_err_and(|error| error.contains("is never granted here")),
                "{never} {host}"
            );
        }
        let wider = read(&policy, "grants.network = [\"http://127.0.0.0/8\"]", None);
        let network = wider.expect("a manifest").grants.network;
        assert!(network[0].exceptions().next().is_some(), "{never}");
        let other = read(&policy, "grants.network = [\"http://127.0.0.2:81\"]", None);
        assert!(other.is_ok(), "{never}");
    }
    let here =
        read(&policy("never_hosts = [\"[::]\"]"), "grants.network = [\"http://[::1]:81\"]", None);
    assert!(here.is_err_and(|error| error.contains("is never granted here")));
}

#[test]
fn what_is_taken_away_is_so_in_every_spelling() {
    let manifest = "grants.network = [\"http://127.0.0.1:81\"]";
    let local = "grants.without = [\"network:http://0.0.0.0:81\"]";
    let network =
        read(&Policy::default(), manifest, Some(local)).expect("a manifest").grants.network;
    assert!(network.is_empty(), "{network:?}");
    let manifest = "grants.network = [\"http://0.0.0.0:81\", \"http://0.0.0.0/8:81\"]";
    let local = "grants.without = [\"network:http://127.0.0.1:81\"]";
    let network =
        read(&Policy::default(), manifest, Some(local)).expect("a manifest").grants.network;
    let [wider] = &*network else { panic!("{network:?}") };
    assert_eq!(wider.exceptions().collect::<Vec<_>>(), ["http://127.0.0.1:81"]);
}

#[test]
fn of_two_rates_that_do_not_compare_both_count() {
    let (one, two) = (policy("limits.rate = \"2/s\""), policy("limits.rate = \"60/min\""));
    for both in [one.clone().and(two.clone()), two.and(one)] {
        let rate = |asked: &str| read(&both, asked, None).map(|manifest| manifest.limits.rate);
        let shown = |rate: Option<crate::manifest::Rate>| rate.map(|rate| rate.to_string());
        assert_eq!(rate("").map(shown), Ok(Some("1/s".to_owned())));
        for fine in ["1/s", "2/min", "2/h"] {
            assert!(rate(&format!("limits.rate = \"{fine}\"")).is_ok(), "{fine}");
        }
        for (more, most) in [("2/s", "60/min"), ("60/min", "2/s"), ("3/min", "2/s")] {
            let error = rate(&format!("limits.rate = \"{more}\"")).expect_err(more);
            assert!(
                error.contains(&format!("more than the {most} that c.toml:1 allows")),
                "{error}"
            );
            assert!(error.contains(" set w limits.rate 1/s"), "{error}");
        }
        let tool = "[[tools]]\nname = \"get\"\nrate = \"2/s\"\n";
        assert!(read(&both, tool, None).is_err());
    }
}

#[test]
fn of_two_policies_the_stricter_counts_whichever_comes_first() {
    let one = policy("never_grants = [\"env\"]\n[limits]\nmemory = \"16MiB\"\nrate = \"10/s\"");
    let two = policy(
        "locked = true\nnever_hosts = [\"x.example\"]\n[limits]\nmemory = \"32MiB\"\nrate = \"5/s\"",
    );
    for both in [one.clone().and(two.clone()), two.and(one)] {
        let limits = read(&both, "", None).expect("a manifest").limits;
        assert_eq!(
            (limits.memory.get(), limits.rate.map(|rate| rate.calls())),
            (16 << 20, Some(5))
        );
        assert!(both.locked.is_some());
        for refused in [
            "grants.env = { A = \"b\" }",
            "grants.network = [\"https://x.example\"]",
            "limits.memory = \"17MiB\"",
        ] {
            assert!(read(&both, refused, None).is_err(), "{refused}");
        }
    }
}
