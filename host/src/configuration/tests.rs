//! Files of the configuration, right and wrong.

use super::Configuration;
use crate::manifest::syntax::keys::Section;
use crate::typed_path::PathAuthor;

fn read(text: &str) -> Configuration {
    Configuration::parse("c.toml", text).unwrap_or_else(|error| panic!("{error}"))
}

/// A configuration with these lines in `[auth]`, in an issuer, and behind it.
fn auth(own: &str, issuer: &str, more: &str) -> String {
    let own = if own.is_empty() { String::new() } else { format!("{own}\n") };
    format!("[auth]\nresource = \"https://t.example/mcp\"\n{own}[[auth.issuers]]\n{issuer}\n{more}")
}

/// A configuration with this line in `[redis]`, the third.
fn redis(line: &str) -> String {
    format!("[redis]\nurl = \"redis://x\"\n{line}")
}

/// A configuration with these lines behind `issuer`, from the fifth line on.
fn issuer(more: &str) -> String {
    auth("", "issuer = \"https://l.example\"", more)
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
        ("[http]\naddress = \"unix:t.sock\"", "2:11", "`unix:`: expected an absolute path"),
        ("[http]\naddress = \"x\"", "2:11", "an address and a port, as in 127.0.0.1:8787"),
        ("[http]\nhosts = [\"tools.example:80\"]", "2:10", "without a scheme, a port or a path"),
        ("[http]\nhosts = [\"0x7f.1\"]", "2:10", "did you mean `127.0.0.1`?"),
        ("[http]\norigins = [\"https://a.example/\"]", "2:12", "did you mean `https://a.example`?"),
        ("[http]\norigins = [\"a.example\"]", "2:12", "a scheme, a host, and a port"),
        ("[http]\norigins = [\"null\"]", "2:12", "a scheme, a host, and a port"),
        ("[http]\ngrace = 10", "2:9", "did you mean \"10s\"?"),
        ("[http]\ngrace = \"61m\"", "2:9", "expected 0ms to 60m, found `61m`"),
        (
            "[http]\nsession_key_file = \"hunter22\"",
            "2:20",
            "expected the path of a file, absolute",
        ),
        ("[http]\ntls_key = \"hunter22\"", "2:11", "expected the path of a file, absolute"),
        (&issuer("client_secret_env = \"hunter22\""), "5:21", "a variable in capitals"),
        ("[serve]\npage_size = 0", "2:13", "expected 1 to 1_000_000, found `0`"),
        ("[serve]\nlog_format = \"text\"", "2:14", "expected \"human\" or \"json\", found `text`"),
        ("[serve]\naudit = \"audit.jsonl\"", "2:9", "expected an absolute path"),
        ("[serve]\naudit_size = \"1KiB\"", "2:14", "expected 64 KiB to 64 GiB"),
        ("[serve]\naudit_files = 0", "2:15", "expected 1 to 1_000, found `0`"),
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
        ("[auth]", "1:1", "[auth] has no `resource`"),
        (
            "[auth]\nresource = \"https://t.example/mcp\"",
            "1:1",
            "add two lines, `[[auth.issuers]]` and `issuer = ",
        ),
        ("[auth]\nresource = \"http://t.example\"", "2:12", "`http` goes to this machine only"),
        ("[auth]\nresource = \"t.example\"", "2:12", "expected a URL with `https`"),
        ("[auth]\nissuer = \"x\"", "2:1", "did you mean `[[auth.issuers]]`?"),
        ("[auth]\nresource = \"https://t.example\"\n[auth.issuers]", "3:1", "`[[auth.issuers]]`"),
        (&auth("", "audience = [\"x\"]", ""), "3:1", "[[auth.issuers]] has no `issuer`"),
        (&issuer("url = \"x\""), "5:1", "did you mean `issuer`?"),
        (&issuer("client_secret = \"hunter22\""), "5:1", "did you mean `client_secret_env`?"),
        (&issuer("secret = \"hunter22\""), "5:1", "did you mean `client_secret_file`?"),
        (
            &issuer("client_secret_file = \"hunter22\""),
            "5:22",
            "expected the path of a file, absolute",
        ),
        (&issuer("audience = \"x\""), "5:12", "expected a list such as `audience = ["),
        (&issuer("algorithms = [\"HS256\"]"), "5:15", "expected an asymmetric algorithm: RS256"),
        (&issuer("client_id = \"x\""), "5:13", "is for `introspection`, which is not there"),
        (&issuer("introspection = \"https://l.example/i\""), "5:17", "needs `client_id` beside it"),
        (
            &issuer("introspection = \"https://l.example/i\"\nclient_id = \"x\""),
            "5:17",
            "needs the secret of the client beside it",
        ),
        (
            &issuer("introspection = \"https://l.example/i\"\njwks = \"https://l.example/k\""),
            "6:8",
            "is for tokens that keys check",
        ),
        (&issuer("scope_prefix = \"a b\""), "5:16", "expected the name of a scope"),
        (&issuer("ca_file = \"ca.pem\""), "5:11", "expected an absolute path"),
        (&issuer("client_secret_env = \"a b\""), "5:21", "expected the name of a variable"),
        (&issuer("[auth.scopes]\n\"a b\" = []"), "6:1", "expected the name of a scope"),
        (
            &issuer("[auth.scopes]\na = \"x\""),
            "6:5",
            "`a` in [auth.scopes]: expected a list of tools",
        ),
        (&issuer("[auth.scopes]\na = [\"x y\"]"), "6:6", "expected the name of a tool"),
        (&issuer("[[auth.issuers]]\nissuer = \"https://l.example\""), "1:1", "is there twice"),
        (
            &auth("first_scopes = [\"x\"]", "issuer = \"https://l.example\"", ""),
            "3:16",
            "stands for no tools",
        ),
        (&issuer("[auth.scopes]"), "5:1", "names no scope"),
        ("[redis]", "1:1", "[redis] has no `url`"),
        ("[redis]\nurl = \"http://x\"", "2:7", "another scheme"),
        ("[redis]\nurl = \"redis://:hunter22@x\"", "2:7", "name a file with it as `password_file`"),
        ("[redis]\npassword = \"hunter22\"", "2:1", "did you mean `password_env`?"),
        (&redis("password_file = \"hunter22\""), "3:17", "expected the path of a file, absolute"),
        (&redis("password_env = \"hunter22\""), "3:16", "a variable in capitals"),
        (&redis("password_env = \"A\"\npassword_file = \"/a\""), "3:16", "stands beside"),
        (&redis("ca_file = \"/a\""), "3:11", "is for a Redis over TLS"),
        (&redis("prefix = \"a{b}\""), "3:10", "without braces"),
        (&redis("prefix = \"\""), "3:10", "expected 1 to 64 visible letters"),
        (&redis("timeout = \"1ms\""), "3:11", "expected 10ms to 10s"),
        (&redis("timeout = 250"), "3:11", "expected a duration such as"),
        ("policy = 1", "1:10", "a section that begins with the line `[policy]`"),
        ("[http\n", "1:6", "not valid TOML"),
    ] {
        let error = Configuration::parse("c.toml", text).expect_err(text).to_string();
        assert!(error.starts_with(&format!("c.toml:{place}: ")), "{error}");
        assert!(error.contains(expected), "{expected}\n{error}");
        assert!(!error.contains("hunter22"), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn every_path_of_the_administrator_is_one_in_every_environment() {
    let administrator = PathAuthor::Administrator { home: || Some("/home/ada".into()) };
    let parse = |text: &str| Configuration::parse_of(administrator, "c.toml", text);
    let issuer = "[auth]\nresource = \"https://t.example/mcp\"\n[auth.scopes]\na = [\"*\"]\n[[auth.issuers]]\nissuer = \"https://l.example\"\nintrospection = \"https://l.example/i\"\nclient_id = \"t\"\n";
    let secret = format!("{issuer}client_secret_file = PATH");
    let authorities = format!("{issuer}client_secret_env = \"S\"\nca_file = PATH");
    for text in [
        "plugins = [PATH]",
        "warm = PATH",
        "[http]\nsession_key_file = PATH",
        "[http]\nsecond_session_key_file = PATH",
        "[http]\ntls_cert = PATH",
        "[http]\ntls_key = PATH",
        "[http]\nclient_ca = PATH",
        "[policy]\nnever_directories = [PATH]",
        &secret,
        &authorities,
    ] {
        let with = |path: &str| text.replace("PATH", &format!("\"{path}\""));
        let read = parse(&with("~/x")).unwrap_or_else(|error| panic!("{error}"));
        let shown = format!("{read:?}");
        assert!(shown.contains("/home/ada/x\""), "{shown}");
        let error = parse(&with("$HOME/x")).expect_err(text).to_string();
        assert!(error.contains("a variable counts for nothing"), "{error}");
        assert!(Configuration::parse("c.toml", &with("$HOME/x")).is_ok(), "{text}");
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
    for section in [
        Section::ConfigTop,
        Section::Serve,
        Section::Http,
        Section::Auth,
        Section::AuthIssuer,
        Section::Redis,
        Section::Policy,
    ] {
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

#[test]
fn authorization_is_read_as_it_is_written_and_its_secrets_from_where_they_are() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        std::fs::write(directory.path().join(name), text).expect("written");
        directory.path().join(name).display().to_string()
    };
    let secret = write("secret", "hunter22\n");
    let introspection = |more: &str| {
        issuer(&format!(
            "introspection = \"https://l.example/i\"\nclient_id = \"x\"\n{more}\n[auth.scopes]\n\"b:c\" = [\"hello_*\"]\na = [\"*\"]"
        ))
    };
    let text = introspection(&format!("client_secret_file = {secret:?}"));
    let read = |text: &str| read(text).auth.expect("[auth]").load();
    let settings = read(&text).expect("it can be used");
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter22"), "{shown}");
    // The order is that of the file, and not of the letters.
    assert!(shown.find("b:c") < shown.find("\"a\""), "{shown}");
    for (line, expected) in [
        (format!("client_secret_file = {:?}", format!("{secret}.no")), "is missing"),
        (format!("client_secret_file = {:?}", write("empty", "\n")), "holds no secret"),
        (format!("client_secret_file = {:?}", write("two", "a\nb\n")), "holds no secret"),
        ("client_secret_env = \"TOOLRACK_NO_SUCH_SECRET\"".into(), "holds no secret"),
        (format!("client_secret_file = {secret:?}\nca_file = {secret:?}"), "holds no certificate"),
    ] {
        let error = read(&introspection(&line)).expect_err(&line).to_string();
        assert!(error.starts_with("c.toml:") && error.contains(expected), "{error}");
        assert!(!error.contains("hunter22"), "{error}");
    }
}

#[test]
fn the_persons_authorization_takes_the_place_of_the_administrators_as_a_whole() {
    let administrators = read(&issuer("[auth.scopes]\na = [\"*\"]"));
    let own = read(&auth("", "issuer = \"https://own.example\"", ""));
    let both = own.over(administrators.clone());
    let told: Vec<_> = both.keys.iter().map(|key| key.key.as_str()).collect();
    assert_eq!(told, ["auth.resource", "auth.issuers[1].issuer"]);
    let settings = both.auth.expect("[auth]").settings;
    assert!(!format!("{settings:?}").contains("l.example"), "{settings:?}");
    assert!(read("").over(administrators).auth.is_some());
}

#[test]
fn redis_is_read_as_it_is_written_and_its_password_from_where_it_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("password");
    std::fs::write(&file, "hunter22\n").expect("written");
    let of = |text: &str| read(text).redis.expect("[redis]").load();
    let settings = of(&redis(&format!("password_file = {file:?}"))).expect("it can be used");
    assert!(settings.password.is_some() && !format!("{settings:?}").contains("hunter22"));
    assert_eq!((settings.prefix.as_str(), settings.timeout.as_millis()), ("toolrack:", 250));
    let settings = of(&redis("prefix = \"a:\"\ntimeout = \"1s\"")).expect("it can be used");
    assert!(settings.password.is_none());
    assert_eq!((settings.prefix.as_str(), settings.timeout.as_millis()), ("a:", 1000));
    let error = of(&redis("password_env = \"TOOLRACK_NO_SUCH_SECRET\"")).expect_err("none");
    assert!(error.to_string().contains("c.toml:3: the variable"), "{error}");
    std::fs::write(&file, "").expect("written");
    assert!(of(&redis(&format!("password_file = {file:?}"))).is_err());
    // The person's counts as a whole: the administrator's password is not sent to another Redis.
    let administrators = read(&redis("password_env = \"A\"\nprefix = \"b:\""));
    let both = read("[redis]\nurl = \"redis://y\"").over(administrators);
    let told: Vec<_> = both.keys.iter().map(|key| key.key.as_str()).collect();
    assert_eq!(told, ["redis.url"]);
    assert!(both.redis.expect("[redis]").password.is_none());
}

#[test]
fn examples_of_authorization_in_the_page_on_http_are_read() {
    let text = include_str!("../../../docs/http.md");
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut found = 0;
    for block in blocks.filter(|block| block.contains("[[auth.issuers]]")) {
        let own = "[auth]\nresource = \"https://t.example/mcp\"\n";
        let before = if block.contains("[auth]") { "" } else { own };
        assert!(read(&format!("{before}{block}")).auth.is_some(), "{block}");
        found += 1;
    }
    assert!(found >= 2, "only {found} examples were found: is this test still looking?");
}
