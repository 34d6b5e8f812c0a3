//! The real binary with a `config.toml`: a person's, and an administrator's.

use std::fs;

use serde_json::{Value, json};

use crate::client::Client;
use crate::guest::Wat;
use crate::http_peer::HttpPeer;
use crate::machine::Machine;
use crate::person::{Person, Ran};
use crate::plugins;

/// A person who has the plugin `good`, in a directory that their configuration names, and what else it says.
fn person(config: &str) -> (Person, tempfile::TempDir) {
    let (person, plugins) = (Person::new(), plugins::good());
    let text = format!("plugins = [{:?}]\n{config}", plugins.path());
    fs::write(person.path("config.toml"), text).expect("written");
    (person, plugins)
}

/// The keys of the configuration that `check --json` tells, as `key=value line`.
fn told(ran: &Ran) -> Vec<String> {
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    let keys = report["configuration"].as_array().expect("a list").iter();
    let text = |key: &Value, name: &str| key[name].as_str().expect("text").to_owned();
    keys.map(|key| {
        let place = text(key, "place");
        let line = place.rsplit(':').next().expect("a line").to_owned();
        format!("{}={} {line}", text(key, "key"), text(key, "value"))
    })
    .collect()
}

#[test]
fn commands_follow_the_configuration_and_check_tells_it() {
    let (person, plugins) = person("[policy.limits]\ntimeout = \"5s\"\n");
    let listed = person.run(&["list"]);
    assert!(listed.out.contains("good_run"), "{} {}", listed.out, listed.err);
    let checked = person.run(&["check", "--json"]);
    let expected =
        [format!("plugins=[{:?}] 1", plugins.path()), "policy.limits.timeout=\"5s\" 3".into()];
    assert_eq!(told(&checked), expected);
    let report: Value = serde_json::from_str(&checked.out).expect("JSON");
    assert_eq!(report["plugins"][0]["limits"]["timeoutMs"], 5000);
    let shown = person.run(&["check"]).out;
    let line =
        format!("policy.limits.timeout = \"5s\"  {}:3", person.path("config.toml").display());
    assert!(shown.contains(&line), "{shown}");
    // A flag counts before it, and that is told.
    let other = tempfile::tempdir().expect("a directory");
    let shown = person.run(&["check", "--plugins", other.path().to_str().expect("UTF-8")]).out;
    assert!(!shown.contains("good_run"), "{shown}");
    assert!(shown.contains("--plugins counts in its place"), "{shown}");
}

#[test]
fn a_plugin_that_asks_for_too_much_is_refused_until_it_is_lowered_by_the_command_that_is_told() {
    let (person, plugins) = person("[policy.limits]\nmemory = \"16MiB\"\n");
    plugins::install(
        plugins.path(),
        "much",
        "[limits]\nmemory = \"17MiB\"\n",
        &Wat::default().build(),
    );
    let checked = person.run(&["check", "much"]);
    assert_eq!(checked.code, 1);
    let config = person.path("config.toml").display().to_string();
    for part in [
        "much.toml:2:10: `memory` in [limits]: 17 MiB is more than the 16 MiB that",
        &format!("{config}:3 allows"),
        "lower it with `toolrack set much limits.memory 16MiB`",
    ] {
        assert!(checked.out.contains(part), "{part}\n{}", checked.out);
    }
    let set = person.run(&["set", "much", "limits.memory", "16MiB"]);
    assert_eq!(set.code, 0, "{}", set.err);
    assert_eq!(person.run(&["check", "much"]).code, 0);
    // A decision that would keep the plugin from being served is not taken.
    let set = person.run(&["set", "much", "limits.memory", "18MiB"]);
    assert_ne!(set.code, 0);
    assert!(set.out.contains("more than the 16 MiB that"), "{} {}", set.out, set.err);
    assert_eq!(person.run(&["check", "much"]).code, 0);
}

#[test]
fn a_container_without_tokens_says_what_to_mount_and_what_to_run() {
    let person = Person::new();
    let ran = |engine: &str| {
        let mut serve = person.command(&["serve", "--http", "0.0.0.0:0"]);
        let output = serve.env("container", engine).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let (home, config) = (person.path("").display().to_string(), person.path("config.toml"));
    let in_container = ran("oci");
    for expected in [
        &format!("{} holds no token", person.path("http/tokens.json").display()),
        "run this image with the words `token add NAME`",
        &format!("the same volume at {}", home.trim_end_matches('/')),
        &format!("under [auth] in {}", config.display()),
        "`allow_unauthenticated = true` under [http]",
    ] {
        assert!(in_container.contains(expected), "{expected}: {in_container}");
    }
    assert!(!in_container.contains("127.0.0.1"), "{in_container}");
    let elsewhere = ran("");
    assert!(elsewhere.contains(" token add NAME`, name an auth"), "{elsewhere}");
    // What is said of the configuration is true.
    for (more, is_refused) in [("", true), ("allow_unauthenticated = true\n", false)] {
        fs::write(&config, format!("[http]\naddress = \"0.0.0.0:0\"\n{more}")).expect("written");
        let checked = person.run(&["check"]);
        assert_eq!(checked.out.contains("can be reached"), is_refused, "{}", checked.out);
    }
}

#[test]
fn check_finds_what_serve_would_refuse_in_the_configuration() {
    let open = "address = \"0.0.0.0:0\"";
    for (text, line, expected) in [
        ("[serve]\nlog = \"loud\"", 3, "`log`: `loud` is no log level"),
        ("[http]\ntls_cert = \"/nowhere.pem\"", 3, "a certificate needs its key"),
        ("[http]\ntls_key = \"/n.key\"\ntls_cert = \"/n.pem\"", 4, "`tls_cert`: /n.pem is missing"),
        ("[http]\nsession_key_file = \"/n\"", 3, "`session_key_file`: /n is missing"),
        ("[http]\nsession_key_file = \"/dev/null\"", 3, "`session_key_file`: /dev/null"),
        (&format!("[http]\n{open}"), 3, "there is no token that they would have to show"),
    ] {
        let (person, _plugins) = person(&format!("{text}\n"));
        let place = format!("{}:{line}: ", person.path("config.toml").display());
        let checked = person.run(&["check"]);
        assert_eq!(checked.code, 1, "{text}\n{}", checked.out);
        assert!(checked.out.contains(&place) && checked.out.contains(expected), "{}", checked.out);
        let report: Value =
            serde_json::from_str(&person.run(&["check", "--json"]).out).expect("JSON");
        assert!(report["configurationRefused"][0].to_string().contains(&place), "{report}");
        assert_eq!(person.run(&["check", "good"]).code, 0, "plugins are checked by themselves");
        // Without an address, nothing of [http] is looked at unless a flag gives one.
        if text.contains("address") || text.contains("log") {
            assert_ne!(person.run(&["serve"]).code, 0, "{text}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_over_http_is_told_no_path_and_no_command_of_the_server_and_its_own_client_is() {
    let (person, plugins) = person("[policy.limits]\nmemory = \"16MiB\"\n");
    let spins = Wat { call: "(loop (br 0)) (global.get $ok)", ..Wat::default() }.build();
    let ready = Wat::default().build();
    let manifests = [
        ("much", "[limits]\nmemory = \"17MiB\"\n", &ready),
        ("spin", "[limits]\ntimeout = \"1s\"\n", &spins),
        ("lacks", "[[tools]]\nname = \"run\"\nrequires = [\"network\"]\n", &ready),
    ];
    for (name, manifest, wasm) in manifests {
        plugins::install(plugins.path(), name, manifest, wasm);
    }
    assert_eq!(person.run(&["set", "spin", "limits.timeout", "50ms"]).code, 0);
    let http = ["serve", "--http", "127.0.0.1:0"];
    let peer = HttpPeer::spawn(Client::spawn(&mut person.command(&http)));
    let mut own = Client::spawn(&mut person.command(&["serve"])).shakes_hands();
    for (tool, shared, own_alone) in [
        ("much_run", "the plugin that may have it is not served", "config.toml"),
        ("lacks_run", "is not listed", "toolrack "),
        ("spin_run", "it took longer than its wall-clock timeout of 50ms", "spin.local.toml"),
    ] {
        let told = peer.modern("tools/call", json!({ "name": tool })).body;
        let own_told = own.text(tool);
        assert!(told.contains(shared), "{told}");
        assert!(own_told.contains(shared) && own_told.contains(own_alone), "{own_told}");
        for hidden in [".toml", "toolrack ", "[limits]", &*plugins.path().to_string_lossy()] {
            assert!(!told.contains(hidden), "{hidden}: {told}");
        }
    }
}

#[test]
fn a_directory_that_is_never_granted_is_not_seen_by_whatever_path() {
    let secret = tempfile::tempdir().expect("a directory");
    let secret = secret.path().canonicalize().expect("canonical");
    fs::create_dir(secret.join("deep")).expect("made");
    let (person, plugins) =
        person(&format!("[policy]\nnever_directories = [{:?}]\n", secret.join("deep")));
    for (name, path) in [("inner", "deep"), ("around", "")] {
        let grant =
            format!("[grants]\nfiles = [{{ path = {:?}, at = \"/x\" }}]\n", secret.join(path));
        plugins::install(plugins.path(), name, &grant, &Wat::default().build());
        let checked = person.run(&["check", name]);
        assert!(checked.out.contains("never_directories"), "{name} {}", checked.out);
        assert!(checked.out.contains("config.toml:3"), "{name} {}", checked.out);
    }
}

#[test]
fn a_configuration_that_is_wrong_stops_every_command_that_would_run_a_plugin() {
    let (person, _plugins) = person("[policy]\nnever_host = [\"x.example\"]\n");
    for words in [&["list"][..], &["check"], &["call", "good_run"], &["serve"], &["doctor"]] {
        let ran = person.run(words);
        assert_eq!(ran.code, 2, "{words:?}");
        assert!(ran.err.contains("did you mean `never_hosts`?"), "{}", ran.err);
        assert!(ran.err.contains("config.toml:3:1"), "{}", ran.err);
    }
    assert_eq!(person.run(&["completions", "bash"]).code, 0);
    let missing = person.run(&["list", "--config", "/nowhere/config.toml"]);
    assert!(
        missing.err.contains("the configuration /nowhere/config.toml is missing"),
        "{}",
        missing.err
    );
}

#[test]
#[cfg(target_os = "linux")]
fn serve_listens_where_the_configuration_says_and_flags_count_before_it() {
    let (person, _plugins) = person(
        "[serve]\nlog_format = \"json\"\npage_size = 1\n[http]\naddress = \"127.0.0.1:0\"\nhosts = [\"tools.example\"]\n",
    );
    let mut server = Client::spawn(&mut person.command(&["serve"]));
    let line = server.logs("listening on");
    let line: Value = serde_json::from_str(&line).expect("a line of JSON");
    assert_eq!(line["level"], "INFO");
    drop(server);
    let peer =
        HttpPeer::spawn(Client::spawn(&mut person.command(&["serve", "--log-format", "human"])));
    let list = peer.modern("tools/list", json!({})).json();
    assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(1), "{list}");
    let named =
        crate::http_peer::modern("tools/list", json!({})).replacen("127.0.0.1", "tools.example", 1);
    assert_eq!(peer.bytes(named).status, 200);
    // A client that starts the server speaks to it, whatever the configuration says of HTTP.
    let mut client = Client::spawn(&mut person.command(&["serve", "--stdio"]));
    client.request("initialize", json!({ "protocolVersion": "2025-11-25" }));
    let answer = client.request("tools/list", json!({}));
    assert!(answer.to_string().contains("good_"), "{answer}");
}

#[test]
#[cfg(target_os = "linux")]
fn servers_that_are_given_one_key_share_sessions_and_a_short_key_is_none() {
    let keys = tempfile::tempdir().expect("a directory");
    let key = keys.path().join("key");
    fs::write(&key, format!("{}\n", "5a".repeat(32))).expect("written");
    let config = format!("[http]\naddress = \"127.0.0.1:0\"\nsession_key_file = {key:?}\n");
    let persons = [person(&config), person(&config)];
    let peers = persons
        .each_ref()
        .map(|(person, _)| HttpPeer::spawn(Client::spawn(&mut person.command(&["serve"]))));
    let session = peers[0].session();
    let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
    assert_eq!(peers[1].in_session(&session, list).status, 200);
    fs::write(&key, "short").expect("written");
    let ran = persons[0].0.run(&["serve"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("fewer than 32 bytes"), "{}", ran.err);
}

#[test]
#[cfg(unix)]
fn a_file_that_is_named_is_kept_from_plugins_and_told_where_everybody_can_change_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (person, plugins) = person("");
    let issuer = "[auth]\nresource = \"https://t.example/mcp\"\n[[auth.issuers]]\nissuer = \"https://l.example\"\n";
    let asked = "introspection = \"https://l.example/i\"\nclient_id = \"t\"\n";
    let named = tempfile::tempdir().expect("a directory");
    let directory = named.path().to_str().expect("UTF-8");
    let file = named.path().join("file");
    fs::write(&file, "x").expect("written");
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("set");
    for (keys, is_secret) in [
        ("[http]\ntls_cert = PATH".into(), false),
        ("[http]\ntls_key = PATH".into(), true),
        ("[http]\nclient_ca = PATH".into(), false),
        ("[http]\nsession_key_file = PATH".into(), true),
        (format!("{issuer}ca_file = PATH"), false),
        (format!("{issuer}{asked}client_secret_file = PATH"), true),
    ] {
        let keys = keys.replace("PATH", &format!("{file:?}"));
        let text = format!("plugins = [{:?}]\n{keys}", plugins.path());
        fs::write(person.path("config.toml"), text).expect("written");
        for write in [&[][..], &["--write"]] {
            let words = [&["grant", "good", "files", directory, "--at", "/x"], write].concat();
            let refused = person.run(&words);
            let kept = format!("it holds {}, which is a file of toolrack's", file.display());
            assert_ne!(refused.code, 0, "{keys}");
            let said = refused.out + &refused.err;
            assert!(said.contains(&kept), "{keys}: {said}");
        }
        for command in ["check", "doctor"] {
            let tells = |what: &str| {
                let told = person.run(&[command]).out;
                told.contains(&format!("everybody on this machine can {what} {}", file.display()))
            };
            mode(0o646);
            assert!(tells("write"), "{command} {keys}");
            mode(0o644);
            assert_eq!(tells("read"), is_secret, "{command} {keys}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_calls_too_often_is_told_when_it_may_again() {
    let (person, _plugins) = person("[http]\naddress = \"127.0.0.1:0\"\nclient_rate = \"2/min\"\n");
    let peer = HttpPeer::spawn(Client::spawn(&mut person.command(&["serve"])));
    let call = || peer.modern("tools/call", json!({ "name": "good_run" }));
    assert_eq!([call().status, call().status], [200, 200]);
    let refused = call();
    assert_eq!(refused.status, 429);
    let after: u64 = refused.headers["retry-after"].parse().expect("seconds");
    assert!((20..=30).contains(&after), "{after}");
    assert!(refused.body.contains("2/min"), "{}", refused.body);
    // Nor by the calls of an array, of which none is begun; the rest goes on.
    let session = peer.session_of("2025-03-26");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"good_run"}}"#;
    assert_eq!(peer.in_session(&session, &format!("[{call}]")).status, 429);
    // More than there may ever be at once are told that, and not to come again.
    let more = [call; 3].join(",");
    let refused = peer.in_session(&session, &format!("[{more}]"));
    assert!(refused.status == 400 && refused.body.contains("send fewer"), "{}", refused.body);
    assert_eq!(peer.modern("tools/list", json!({})).status, 200);
}

#[test]
fn a_server_with_an_authorization_server_says_whom_to_ask_and_needs_no_token_of_its_own() {
    let (person, _plugins) = person(
        "[auth]\nresource = \"https://tools.example/mcp\"\n[[auth.issuers]]\nissuer = \"http://127.0.0.1:9\"\n[auth.scopes]\n\"tools:read\" = [\"good_*\"]\n",
    );
    // Other machines could reach it.
    let mut command = person.command(&["serve", "--http", "0.0.0.0:0", "--http-host", "localhost"]);
    let peer = HttpPeer::spawn(Client::spawn(&mut command));
    let refused = peer.modern("tools/list", json!({}));
    let metadata = "/.well-known/oauth-protected-resource";
    let challenge = format!(
        "Bearer resource_metadata=\"https://tools.example{metadata}/mcp\", scope=\"tools:read\""
    );
    assert_eq!((refused.status, &refused.headers["www-authenticate"]), (401, &challenge));
    let told = peer.get(metadata).json();
    assert_eq!(told["authorization_servers"], json!(["http://127.0.0.1:9"]));
    // Nobody answers there: what cannot be checked is neither good nor bad.
    let (head, claims) = ("eyJhbGciOiJFUzI1NiJ9", "eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjkifQ");
    let token = ("Authorization", &*format!("Bearer {head}.{claims}.AAAA"));
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    assert_eq!(peer.post(&[token], &body).status, 503);
}

#[test]
fn a_flag_about_http_wants_an_address() {
    let ran = Person::new().run(&["serve", "--grace", "5"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--grace is about HTTP"), "{}", ran.err);
}

/// Runs a command of a person on a machine whose administrator wrote this file.
#[cfg(feature = "failpoints")]
fn run_under(person: &Person, administrators: &std::path::Path, words: &[&str]) -> Ran {
    let mut command = person.command(words);
    command.env("TOOLRACK_TEST_ADMINISTRATORS_FILE", administrators);
    let ran = command.output().expect("the binary");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: ran.status.code().expect("a code"), out: text(ran.stdout), err: text(ran.stderr) }
}

#[test]
#[cfg(feature = "failpoints")]
fn nothing_that_a_person_says_loosens_the_policy_of_the_administrator() {
    let (person, plugins) =
        person("[policy]\nlocked = false\n[policy.limits]\nmemory = \"1GiB\"\n");
    plugins::install(
        plugins.path(),
        "much",
        "[limits]\nmemory = \"17MiB\"\n",
        &Wat::default().build(),
    );
    let administrators = person.path("administrators.toml");
    fs::write(&administrators, "locked = true\n[policy.limits]\nmemory = \"16MiB\"\n")
        .expect("written");
    let own = person.path("own.toml");
    fs::write(&own, fs::read_to_string(person.path("config.toml")).expect("read"))
        .expect("written");
    let own = own.to_str().expect("UTF-8");
    let refused = "more than the 16 MiB that";
    for words in [&["check"][..], &["check", "--config", own]] {
        let checked = run_under(&person, &administrators, words);
        assert!(checked.out.contains("administrators.toml:3 allows"), "{}", checked.out);
        assert!(checked.out.contains(refused), "{}", checked.out);
        // Without a lock, nothing is served.
        assert!(checked.out.contains("toolrack.lock"), "{}", checked.out);
    }
    let said = run_under(&person, &administrators, &["check", "--json"]);
    let keys = told(&said);
    assert!(keys.contains(&"policy.limits.memory=\"16MiB\" 3".to_owned()), "{keys:?}");
    assert!(keys.contains(&"policy.limits.memory=\"1GiB\" 5".to_owned()), "{keys:?}");
    // No variable counts there: each caller sets their own.
    fs::write(&administrators, "[policy]\nnever_directories = [\"$HOME/.ssh\"]\n")
        .expect("written");
    let refused = run_under(&person, &administrators, &["list"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("administrators.toml:2:22"), "{}", refused.err);
    assert!(refused.err.contains("a variable counts for nothing"), "{}", refused.err);
    // A file that is there and cannot be read stops everything.
    fs::write(&administrators, "policy = 1\n").expect("written");
    assert_eq!(run_under(&person, &administrators, &["list"]).code, 2);
    fs::remove_file(&administrators).expect("removed");
    fs::create_dir(&administrators).expect("made");
    assert_eq!(run_under(&person, &administrators, &["list"]).code, 2);
    // So does one that stands where its directory should.
    let directory = person.path("etc-toolrack");
    fs::write(&directory, "locked = true\n").expect("written");
    let refused = run_under(&person, &directory.join("config.toml"), &["list"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("etc-toolrack` is no directory"), "{}", refused.err);
}

#[test]
fn the_examples_of_the_documentation_refuse_no_plugin_that_comes_along() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/configuration.md")).expect("a document");
    let examples: Vec<_> = text.split("```toml\n").skip(1).collect();
    assert!(examples.len() > 2);
    let person = Person::new();
    fs::create_dir_all(person.path("tools")).expect("made");
    let manifests = root.join("manifests");
    for example in examples {
        let example = example.split("```").next().unwrap_or_default();
        fs::write(person.path("config.toml"), example).expect("written");
        let words = ["check", "--json", "--plugins", manifests.to_str().expect("UTF-8")];
        let report: Value = serde_json::from_str(&person.run(&words).out).expect("JSON");
        assert!(report["plugins"].as_array().is_some_and(|plugins| plugins.len() > 10));
        for key in ["refusals", "configurationRefused"] {
            assert_eq!(report[key], json!([]), "{example}");
        }
    }
}

#[test]
#[cfg(all(unix, feature = "failpoints"))]
fn a_configuration_behind_a_link_to_nothing_stops_every_command() {
    use std::os::unix::fs::symlink;
    let (person, plugins) = (Person::new(), plugins::good());
    let list = ["list", "--plugins", plugins.path().to_str().expect("UTF-8")];
    let share = person.path("share");
    let (linked, beyond) = (person.path("linked.toml"), person.path("directory/config.toml"));
    symlink(share.join("config.toml"), &linked).expect("a link");
    symlink(&share, person.path("directory")).expect("a link");
    for file in [&linked, &beyond] {
        let refused = run_under(&person, file, &list);
        assert_eq!(refused.code, 2, "{}", refused.out);
        assert!(refused.err.contains("which is missing; make that, or remove"), "{}", refused.err);
        let path = file.to_str().expect("UTF-8");
        let given = person.run(&[&list[..], &["--config", path]].concat());
        assert!(given.err.contains("is a link to"), "{}", given.err);
    }
    symlink(&linked, person.path("config.toml")).expect("a link");
    assert_eq!(person.run(&list).code, 2);
    // Once the share is there, a file may be in it or not.
    fs::create_dir(&share).expect("made");
    assert_eq!(run_under(&Person::new(), &beyond, &list).code, 0);
    fs::write(share.join("config.toml"), "").expect("written");
    assert_eq!(run_under(&person, &linked, &list).code, 0);
}

#[test]
#[cfg(feature = "failpoints")]
fn nobody_is_let_in_without_a_token_where_auth_wants_one() {
    let open = "[http]\naddress = \"127.0.0.1:0\"\nallow_unauthenticated = true\n";
    let auth = "[auth]\nresource = \"https://tools.example/mcp\"\n[[auth.issuers]]\nissuer = \"http://127.0.0.1:9\"\n";
    for (own, administrators) in
        [(format!("{open}{auth}"), ""), (open.into(), auth), (auth.into(), open)]
    {
        let (person, _plugins) = person(&own);
        let file = person.path("administrators.toml");
        fs::write(&file, administrators).expect("written");
        for words in [&["list"][..], &["serve"]] {
            let refused = run_under(&person, &file, words);
            assert_eq!(refused.code, 2, "{}", refused.out);
            assert!(refused.err.contains("`allow_unauthenticated` lets"), "{}", refused.err);
            assert_eq!(refused.err.matches(".toml:").count(), 2, "{}", refused.err);
        }
    }
    let (person, _plugins) = person(auth);
    let words = ["serve", "--http", "127.0.0.1:0", "--allow-unauthenticated"];
    let refused = person.run(&words);
    assert!(refused.err.contains("--allow-unauthenticated lets everybody in"), "{}", refused.err);
}

#[test]
fn a_plugin_that_does_not_start_with_what_the_policy_allows_is_told_which_line_says_so() {
    let (person, plugins) = person("[policy.limits]\nmemory = \"1MiB\"\n");
    let wat = Wat { fields: "(memory $big 40)", ..Wat::default() };
    plugins::install(plugins.path(), "big", "", &wat.build());
    let place = format!("{}:3", person.path("config.toml").display());
    let checked = person.run(&["check", "big"]);
    let told = format!(
        "it starts with 3 MiB of memory, more than the 1 MiB that {place} allows; if it may have that, raise what {place} allows"
    );
    assert!(checked.out.contains(&told), "{}", checked.out);
    assert!(!checked.out.contains("[limits]"), "{}", checked.out);
    // The advice is not refused next: half as much again would be.
    let config = fs::read_to_string(person.path("config.toml")).expect("readable");
    fs::write(person.path("config.toml"), config.replace("1MiB", "3MiB")).expect("written");
    fs::write(plugins.path().join("big.toml"), "[limits]\nmemory = \"1MiB\"\n").expect("written");
    let checked = person.run(&["check", "big"]);
    let told =
        "more than its memory limit of 1 MiB; if it may have that, write `memory = \"3MiB\"`";
    assert!(checked.out.contains(told), "{}", checked.out);
    fs::write(plugins.path().join("big.toml"), "[limits]\nmemory = \"3MiB\"\n").expect("written");
    let checked = person.run(&["check", "big"]);
    assert_eq!(checked.code, 0, "{}", checked.out);
}

#[test]
fn a_server_that_lets_everybody_in_though_there_are_tokens_says_so() {
    let (person, _plugins) = person("");
    assert_eq!(person.run(&["token", "add", "ci", "--allow", "good_*"]).code, 0);
    let words = ["serve", "--http", "127.0.0.1:0", "--allow-unauthenticated"];
    let mut server = Client::spawn(&mut person.command(&words));
    server.logs("clients without a token call every tool");
}

#[test]
fn a_token_is_withdrawn_whatever_is_wrong_with_the_configuration() {
    let machine = Machine::new();
    machine.does(&["token", "add", "ada"]);
    let config = machine.path("toolrack/config.toml");
    fs::write(&config, "nonsense = 1\n").expect("written");
    for (arguments, out) in [
        (&["token", "list"][..], "ada"),
        (&["token", "remove", "ada"], "ada is removed"),
        (&["status"], ""),
        (&["logs"], ""),
        (&["unregister"], ""),
        (&["token", "add", "ben"], "trk_"),
        (&["health", "--http", "127.0.0.1:1"], ""),
    ] {
        let ran = machine.run(arguments);
        assert!(ran.out.contains(out), "{arguments:?}: {} {}", ran.out, ran.err);
        let place = format!("{}:1:1: unknown key", config.display());
        let is_warned = ran.err.starts_with("warning: ") && ran.err.contains(&place);
        assert!(is_warned, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains("goes on as if there were no configuration"), "{}", ran.err);
    }
    for (arguments, code) in
        [(&["list"][..], 2), (&["doctor"], 2), (&["serve"], 2), (&["health"], 1)]
    {
        let ran = machine.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.out);
        assert!(ran.err.starts_with("error: "), "{arguments:?}: {}", ran.err);
    }
}
