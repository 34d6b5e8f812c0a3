//! Files of the configuration, right and wrong.

use super::Configuration;
use crate::manifest::syntax::keys::Section;

fn read(text: &str) -> Configuration {
    Configuration::parse("c.toml", text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_was_expected() {
    for (text, place, expected) in [
        ("plugin = [\"x\"]", "1:1", "did you mean `plugins`?"),
        ("plugins = \"~/x\"", "1:11", "expected a list such as `plugins = [\"~/tools\"]`"),
        ("plugins = [\"tools\"]", "1:12", "expected an absolute path, or one that begins with `~`"),
        ("locked = \"yes\"", "1:10", "expected `true` or `false`"),
        ("[http]\nadress = \"1\"", "2:1", "did you mean `address`?"),
        ("[http]\naddress = 8787", "2:11", "put it in quotes: `address = \"8787\"`"),
        ("[http]\naddress = \"http://x\"", "2:11", "not a URL or a path"),
        ("[http]\naddress = \"x\"", "2:11", "an address and a port, as in 127.0.0.1:8787"),
        ("[http]\nhosts = [\"tools.example:80\"]", "2:10", "without a scheme, a port or a path"),
        ("[http]\nhosts = [\"0x7f.1\"]", "2:10", "did you mean `127.0.0.1`?"),
        ("[http]\norigins = [\"https://a.example/\"]", "2:12", "did you mean `https://a.example`?"),
        ("[http]\norigins = [\"a.example\"]", "2:12", "a scheme, a host, and a port"),
        ("[http]\norigins = [\"null\"]", "2:12", "a scheme, a host, and a port"),
        ("[http]\ngrace = 10", "2:9", "did you mean \"10s\"?"),
        ("[http]\ngrace = \"61m\"", "2:9", "expected 0ms to 60m, found `61m`"),
        ("[http]\nsession_key_file = \"key\"", "2:20", "expected an absolute path"),
        ("[serve]\npage_size = 0", "2:13", "expected 1 to 1_000_000, found `0`"),
        ("[serve]\nlog_format = \"text\"", "2:14", "expected \"human\" or \"json\", found `text`"),
        ("[serve]\naddress = \"1\"", "2:1", "`address` belongs under [http]"),
        ("[http]\nplugins = []", "2:1", "`plugins` belongs before the first section"),
        ("[limits]\nfuel = 1", "1:2", "`limits` belongs under [policy]"),
        ("[policy]\nmemory = \"1GiB\"", "2:1", "`memory` belongs under [policy.limits]"),
        ("[policy]\ntotal_memory = \"1MiB\"", "2:16", "expected 64 MiB to 1024 GiB"),
        ("[policy]\nnever_hosts = [\"https://x.example\"]", "2:16", "write the host alone"),
        ("[policy]\nnever_hosts = [\"*.example\"]", "2:16", "expected `*` as the whole first part"),
        ("[policy]\nnever_directories = [\"x\"]", "2:22", "write it from the root"),
        ("[policy]\nnever_grants = [\"file\"]", "2:17", "did you mean \"files\"?"),
        (
            "[policy.limits]\nmemory = \"2GiB\"",
            "2:10",
            "it is the most that a manifest may ask for",
        ),
        ("[policy.limits]\nrate = 60", "2:8", "did you mean \"60/min\"?"),
        ("[policy.limits]\nfule = 1", "2:1", "did you mean `fuel`?"),
        ("policy = 1", "1:10", "a section that begins with the line `[policy]`"),
        ("[http\n", "1:6", "not valid TOML"),
    ] {
        let error = Configuration::parse("c.toml", text).expect_err(text).to_string();
        assert!(error.starts_with(&format!("c.toml:{place}: ")), "{error}");
        assert!(error.contains(expected), "{expected}\n{error}");
    }
}

#[test]
fn a_persons_file_counts_before_the_administrators_but_for_the_policy() {
    let administrators = read(
        "plugins = [\"/a\"]\nlocked = true\n[serve]\nlog = \"warn\"\n[http]\nhosts = [\"a.example\"]\n[policy]\nnever_grants = [\"env\"]\n[policy.limits]\nmemory = \"16MiB\"",
    );
    let own = read(
        "plugins = [\"/b\"]\nlocked = false\n[http]\ngrace = \"1s\"\n[policy]\nlocked = true\n[policy.limits]\nmemory = \"1GiB\"",
    );
    let both = own.over(administrators.clone());
    assert_eq!(both.plugins.map(|stated| stated.value), Some(vec!["/b".into()]));
    assert_eq!(both.locked.map(|stated| stated.value), Some(false));
    assert_eq!(both.serve.log.map(|stated| stated.value), Some("warn".into()));
    assert!(both.http.hosts.is_some() && both.http.grace.is_some());
    let expected = administrators.policy.and(read("[policy]\nlocked = true").policy);
    assert_eq!(both.policy.locked.is_some(), expected.locked.is_some());
    let told: Vec<_> = both.keys.iter().map(|key| format!("{} {}", key.key, key.value)).collect();
    assert_eq!(
        told,
        [
            "serve.log \"warn\"",
            "http.hosts [\"a.example\"]",
            "policy.never_grants [\"env\"]",
            "policy.limits.memory \"16MiB\"",
            "plugins [\"/b\"]",
            "locked false",
            "http.grace \"1s\"",
            "policy.locked true",
            "policy.limits.memory \"1GiB\"",
        ]
    );
}

#[test]
fn no_policy_in_a_persons_file_loosens_the_administrators() {
    let administrators = read(
        "[policy]\nlocked = true\nnever_grants = [\"env\"]\nnever_hosts = [\"a.example\"]\n[policy.limits]\nmemory = \"16MiB\"\nrate = \"1/s\"",
    );
    for own in [
        "",
        "[policy]\nlocked = false",
        "[policy]\nnever_grants = []\nnever_hosts = []",
        "[policy.limits]\nmemory = \"1GiB\"\nrate = \"10_000/s\"",
        "[policy.limits]\nmemory = \"64KiB\"\nrate = \"1/h\"",
    ] {
        let Ok(own) = Configuration::parse("c.toml", own) else { continue };
        let policy = own.over(administrators.clone()).policy;
        assert!(policy.locked.is_some());
        for refused in [
            "grants.env = { A = \"b\" }",
            "grants.network = [\"https://a.example\"]",
            "limits.memory = \"17MiB\"",
            "limits.rate = \"2/s\"",
        ] {
            use crate::manifest::Manifest;
            assert!(Manifest::parse_under("w.toml", refused, None, &policy).is_err(), "{refused}");
        }
    }
}

#[test]
fn the_documentation_names_every_key_and_its_examples_are_read() {
    let text = include_str!("../../../docs/configuration.md");
    for section in [Section::ConfigTop, Section::Serve, Section::Http, Section::Policy] {
        for key in section.keys() {
            let row = format!("\n| `{key}` |");
            let heading = format!("`[{key}]`");
            let inner = format!("`[policy.{key}]`");
            let is_told = [row, heading, inner].iter().any(|told| text.contains(told));
            assert!(is_told, "`{key}` of {}", section.label());
        }
    }
    let examples: Vec<_> = text.split("```toml\n").skip(1).collect();
    assert!(examples.len() >= 2);
    for example in examples {
        read(example.split("```").next().expect("an end"));
    }
}
