//! Edits of local files, in memory.

use proptest::prelude::*;
use toml::Table;

use super::super::syntax::keys::Section;
use super::error::keys;
use super::*;
use crate::manifest::GrantKind;

const MANIFEST: &str = r#"
[limits]
memory = "32MiB"

[grants]
network = ["https://api.example.org", { url = "https://b.example.org", secret = "B", query = "key" }]
files = [{ path = "~/notes", at = "/notes" }]
env = { LANG = "C" }
secrets = ["A"]
"#;

fn after(local: &str, change: &Decision) -> Result<String, DecisionError> {
    edited("w.toml", MANIFEST, Some(local), change)
}

#[track_caller]
fn check(local: &str, change: &Decision, expected: &str) {
    let found = after(local, change).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found, expected, "{found}");
}

#[track_caller]
fn refuses(local: &str, change: &Decision, expected: &str) {
    let error = after(local, change).expect_err("refused").to_string();
    assert!(error.contains(expected), "{error}");
}

fn files(path: &str, at: &str, is_writable: bool) -> Decision {
    Decision::Grant(NewGrant::Files {
        path: path.into(),
        at: at.into(),
        is_at_named: true,
        is_writable,
    })
}

#[test]
fn a_directory_takes_the_place_of_another_only_where_a_person_says_so() {
    let unnamed = |path: &str| {
        let (path, at) = (path.to_owned(), "/other".to_owned());
        Decision::Grant(NewGrant::Files { path, at, is_at_named: false, is_writable: false })
    };
    let first = after("", &unnamed("/a/other")).expect("granted");
    refuses(&first, &unnamed("/b/other"), "--at /other2");
    assert!(
        after(&first, &files("/b/other", "/other", false)).expect("granted").contains("/b/other")
    );
    assert_eq!(after(&first, &unnamed("/a/other")).expect("granted"), first);
}

fn network(url: &str) -> Decision {
    Decision::Grant(NewGrant::Network(url.into()))
}

fn bound(url: &str, secret: &str) -> NewGrant {
    let (header, before) = (Some("Authorization".into()), Some("Bearer ".into()));
    NewGrant::Bound {
        url: url.into(),
        secret: secret.into(),
        header,
        before,
        query: None,
        optional: None,
    }
}

/// What `grant W secret SECRET --for URL` asks for, with nothing said of the place.
fn bound_somehow(url: &str, secret: &str, optional: Option<bool>) -> Decision {
    Decision::Grant(NewGrant::Bound {
        url: url.into(),
        secret: secret.into(),
        header: None,
        before: None,
        query: None,
        optional,
    })
}

#[test]
fn a_secret_that_is_bound_is_not_told_any_more() {
    let told = after("", &Decision::Grant(NewGrant::Secret("B".into()))).expect("granted");
    assert_eq!(told, "[grants]\nsecrets = [\"B\"]\n");
    // The manifest binds it there already.
    check(&told, &bound_somehow("https://b.example.org", "B", None), "");
    let elsewhere = after(&told, &bound_somehow("https://c.example.org", "B", None));
    assert!(!elsewhere.expect("granted").contains("secrets"));
    let other = "[grants]\nsecrets = [\"C\"]\n";
    check(other, &bound_somehow("https://b.example.org", "B", None), other);
}

fn revoke(kind: GrantKind, what: &str) -> Decision {
    let what = Some(what).filter(|what| !what.is_empty());
    Decision::Revoke(GrantName::of_argument(kind, what).expect("a name"))
}

fn set(key: &str, value: &str) -> Decision {
    Decision::Set(DecisionKey::parse(key).expect("a key"), value.into())
}

fn unset(key: &str) -> Decision {
    Decision::Unset(DecisionKey::of_decision(key).expect("a decision"))
}

#[test]
fn a_grant_goes_where_such_grants_are() {
    let grant = files("~/x", "/x", true);
    let item = "{ path = \"~/x\", at = \"/x\", access = \"write\" }";
    check("", &grant, &format!("[grants]\nfiles = [{item}]\n"));
    check("# mine\n", &grant, &format!("# mine\n[grants]\nfiles = [{item}]\n"));
    let one = "{ path = \"~/y\", at = \"/y\" }";
    check(
        &format!("[grants] # all\nfiles = [{one}] # here\nscratch = \"/tmp\"\n"),
        &grant,
        &format!("[grants] # all\nfiles = [{one}, {item}] # here\nscratch = \"/tmp\"\n"),
    );
    // As those before it stand.
    check(
        &format!("[grants]\nfiles = [\n    # why\n    {one}, # y\n    # the end\n]\n"),
        &grant,
        &format!("[grants]\nfiles = [\n    # why\n    {one}, # y\n    {item},\n    # the end\n]\n"),
    );
    check(
        &format!("[grants]\nfiles = [\n  {one} # y\n]\n"),
        &grant,
        &format!("[grants]\nfiles = [\n  {one}, # y\n  {item}\n]\n"),
    );
    check(
        "[[grants.files]]\npath = \"~/y\" # why\nat = \"/y\"\n",
        &grant,
        "[[grants.files]]\npath = \"~/y\" # why\nat = \"/y\"\n\n[[grants.files]]\npath = \"~/x\"\nat = \"/x\"\naccess = \"write\"\n",
    );
    check(
        "grants.scratch = \"/tmp\"\n",
        &Decision::Grant(NewGrant::Secret("S".into())),
        "grants.scratch = \"/tmp\"\ngrants.secrets = [\"S\"]\n",
    );
}

#[test]
fn the_same_grant_takes_its_own_place() {
    let one = |access: &str| format!("{{ path = \"~/x\", at = \"/x\"{access} }}");
    let text =
        |item: &str| format!("[grants]\nfiles = [{item}, {{ path = \"~/y\", at = \"/y\" }}]\n");
    check(&text(&one("")), &files("~/x", "/x", true), &text(&one(", access = \"write\"")));
    check(
        "[grants]\nnetwork = [\n  \"https://c.example.org\", # c\n]\n",
        &Decision::Grant(bound("https://C.example.org:443", "T")),
        "[grants]\nnetwork = [\n  { url = \"https://C.example.org:443\", secret = \"T\", header = \"Authorization\", before = \"Bearer \" }, # c\n]\n",
    );
    let set_lang = Decision::Grant(NewGrant::Env("LANG".into(), "de".into()));
    check("[grants]\nenv = { LANG = \"fr\" }\n", &set_lang, "[grants]\nenv = { LANG = \"de\" }\n");
    check(
        "[grants]\nenv = { A = \"a\" }\n",
        &set_lang,
        "[grants]\nenv = { A = \"a\", LANG = \"de\" }\n",
    );
    check("[grants]\nenv = {A=\"a\"}\n", &set_lang, "[grants]\nenv = {A=\"a\", LANG = \"de\"}\n");
    check("[grants.env]\nLANG = \"fr\" # f\n", &set_lang, "[grants.env]\nLANG = \"de\" # f\n");
}

#[test]
fn what_the_manifest_grants_is_not_granted_again() {
    for grant in [
        network("https://api.example.org"),
        // Nor does it lose its secret by being asked for without.
        network("https://b.example.org"),
        files("~/notes", "/notes", false),
        Decision::Grant(NewGrant::Secret("A".into())),
        Decision::Grant(NewGrant::Env("LANG".into(), "C".into())),
    ] {
        check("# mine\n", &grant, "# mine\n");
    }
    let without = "[grants]\nwithout = [\"network:https://b.example.org\", \"secret:A\"]\n";
    check(without, &network("https://b.example.org"), "[grants]\nwithout = [\"secret:A\"]\n");
    let all = "[grants]\nwithout = [\"network\"]\n";
    check(
        all,
        &network("https://api.example.org"),
        "[grants]\nwithout = [\"network\"]\nnetwork = [\"https://api.example.org\"]\n",
    );
}

#[test]
fn what_is_not_said_of_a_bound_secret_stays_as_it_was() {
    const GITHUB: &str = r#"grants.network = [{ url = "https://api.github.com", secret = "T", header = "authorization", before = "token ", optional = true }]"#;
    let after = |manifest: &str, local: &str, change: &Decision| {
        edited("w.toml", manifest, Some(local), change).unwrap_or_else(|error| panic!("{error}"))
    };
    let (url, mine) = ("https://API.github.com:443", |secret: &str, rest: &str| {
        format!(
            "[grants]\nnetwork = [{{ url = \"https://API.github.com:443\", secret = \"{secret}\", {rest} }}]\n"
        )
    });
    let header = "header = \"Authorization\", before = \"token \"";
    assert_eq!(after(GITHUB, "", &bound_somehow(url, "T", None)), "");
    let optional = format!("{header}, optional = true");
    assert_eq!(after(GITHUB, "", &bound_somehow(url, "U", None)), mine("U", &optional));
    assert_eq!(after(GITHUB, "", &bound_somehow(url, "T", Some(false))), mine("T", header));
    let mut said = bound("https://API.github.com:443", "T");
    if let NewGrant::Bound { before, .. } = &mut said {
        *before = None;
    }
    // What stands before it in that header is not forgotten; of another header nothing is known.
    let said = Decision::Grant(said);
    assert_eq!(after(GITHUB, "", &said), "");
    let usual = "header = \"Authorization\", before = \"Bearer \"";
    let by_query = "[grants]\nnetwork = [{ url = \"https://api.github.com\", secret = \"T\", query = \"key\" }]\n";
    let said = after(by_query, "", &said);
    assert!(said.contains(usual), "{said}");
    // The local file counts before the manifest, and the manifest where the local file took the secret away.
    let local = mine("U", "query = \"key\"");
    assert_eq!(after(GITHUB, &local, &bound_somehow(url, "T", None)), mine("T", "query = \"key\""));
    let without = "[grants]\nwithout = [\"network:https://api.github.com\"]\n";
    assert_eq!(after(GITHUB, without, &bound_somehow(url, "T", None)), "");
    // Nothing is known of it: as most APIs want it.
    let usual = "header = \"Authorization\", before = \"Bearer \"";
    assert_eq!(after("", "", &bound_somehow(url, "T", None)), mine("T", usual));
    let optional = format!("{usual}, optional = true");
    assert_eq!(after("", "", &bound_somehow(url, "T", Some(true))), mine("T", &optional));
}

#[test]
fn the_nearest_is_near_in_every_part_or_nothing_is() {
    const FETCH: &str = r#"grants.network = ["https://nodejs.org", "https://go.dev"]
        grants.files = [{ path = "/x", at = "/notes" }]
        grants.config = { code = "x", notifications = "x" }"#;
    let told = |kind: GrantKind, what: &str| {
        let error = edited("w.toml", FETCH, None, &revoke(kind, what)).expect_err("refused");
        error.to_string()
    };
    for (kind, what, near) in [
        (GrantKind::Network, "https://example.org", None),
        (GrantKind::Network, "https://foo.bar", None),
        (GrantKind::Network, "https://nodesj.org", Some("network:https://nodejs.org")),
        (GrantKind::Network, "http://go.dev", Some("network:https://go.dev")),
        (GrantKind::Files, "/docs", None),
        (GrantKind::Files, "/note", Some("files:/notes")),
        (GrantKind::Config, "notes", None),
        (GrantKind::Config, "cod", Some("config:code")),
    ] {
        let told = told(kind, what);
        match near {
            Some(near) => assert!(told.contains(&format!("did you mean `{near}`?")), "{told}"),
            None => assert!(!told.contains("did you mean"), "{told}"),
        }
    }
    let decided = "[grants]\nfiles = [{ path = \"/x\", at = \"/notes2\" }]\n";
    refuses(decided, &unset("files:/notse2"), "did you mean `files:/notes2`?");
    let error = after(decided, &unset("files:/docs")).expect_err("refused").to_string();
    assert!(!error.contains("did you mean"), "{error}");
}

#[test]
fn revoke_takes_away_what_either_file_grants() {
    let mine = "[grants]\nsecrets = [\"S\", \"T\"] # mine\n";
    check(mine, &revoke(GrantKind::Secret, "S"), "[grants]\nsecrets = [\"T\"] # mine\n");
    check(mine, &revoke(GrantKind::Secret, "T"), "[grants]\nsecrets = [\"S\"] # mine\n");
    check("[grants]\nsecrets = [\"S\"]\n", &revoke(GrantKind::Secret, "S"), "");
    let theirs = |name: &str| format!("[grants]\nwithout = [\"{name}\"]\n");
    let away = format!("{}without_paths = [\"~/notes\"]\n", theirs("files:/notes"));
    check("", &revoke(GrantKind::Files, "/notes"), &away);
    check(&away, &files("~/notes", "/notes", false), "");
    check(&away, &unset("files:/notes"), "");
    refuses(
        &away,
        &files("~/notes/public", "/p", false),
        "a directory from the plugin that this one lies in; edit it by hand",
    );
    check(
        "",
        &revoke(GrantKind::Network, "https://api.example.org:443"),
        &theirs("network:https://api.example.org"),
    );
    check("", &revoke(GrantKind::Env, "LANG"), &theirs("env:LANG"));
    // One that is only put into requests is one, too.
    check("", &revoke(GrantKind::Secret, "B"), &theirs("secret:B"));
    let both = "[grants]\nfiles = [{ path = \"~/x\", at = \"/notes\" }]\n";
    check(both, &revoke(GrantKind::Files, "/notes"), &away);
    check(both, &revoke(GrantKind::Files, ""), &theirs("files"));
    check(
        "[grants]\nnetwork = [{ url = \"https://c.example.org\", secret = \"T\", query = \"k\" }]\n",
        &revoke(GrantKind::Secret, "T"),
        "[grants]\nnetwork = [{ url = \"https://c.example.org\" }]\n",
    );
    refuses(
        "",
        &revoke(GrantKind::Files, "/note"),
        "`files:/note` is not granted; did you mean `files:/notes`? granted are files:/notes, network:https",
    );
}

#[test]
fn revoke_takes_away_what_is_reached_by_a_wider_grant() {
    let without = "without = [\"network:https://docs.rs\"]";
    let docs = revoke(GrantKind::Network, "https://docs.rs");
    let wide = "[grants]\nnetwork = [\"https://*\"]\n";
    check(wide, &docs, &format!("{wide}{without}\n"));
    check(&format!("{wide}{without}\n"), &docs, &format!("{wide}{without}\n"));
    // And granted again, it is reached.
    check(
        &format!("{wide}{without}\n"),
        &network("https://docs.rs"),
        "[grants]\nnetwork = [\"https://*\", \"https://docs.rs\"]\n",
    );
    check(
        "[grants]\nnetwork = [\"https://a.other.example\"]\n",
        &revoke(GrantKind::Network, "https://*.other.example"),
        "",
    );
}

#[test]
fn a_grant_with_exceptions_is_the_same_grant() {
    let one = "[grants]\nwithout = [\"network:https://x.other.example\"]\n";
    let bound = Decision::Grant(bound("https://*.other.example", "T"));
    let both = after(one, &bound).expect("a good edit");
    check(&both, &bound, &both);
}

#[test]
fn comments_stay_where_they_are_and_what_they_are_about() {
    let text = "[grants]\nsecrets = [ # all of them\n  # the first\n  \"S\", # s\n  # the second\n  \"T\", # t\n  \"U\", # u\n] # done\n";
    check(
        text,
        &revoke(GrantKind::Secret, "S"),
        "[grants]\nsecrets = [ # all of them\n  # the second\n  \"T\", # t\n  \"U\", # u\n] # done\n",
    );
    check(
        text,
        &revoke(GrantKind::Secret, "T"),
        "[grants]\nsecrets = [ # all of them\n  # the first\n  \"S\", # s\n  \"U\", # u\n] # done\n",
    );
    check(
        text,
        &revoke(GrantKind::Secret, "U"),
        "[grants]\nsecrets = [ # all of them\n  # the first\n  \"S\", # s\n  # the second\n  \"T\", # t\n] # done\n",
    );
}

#[test]
fn the_form_of_a_file_of_windows_stays() {
    let text = "\u{feff}# mine\r\n[limits]\r\nfuel = 1_000 # f\r\n";
    check(text, &set("limits.memory", "1MiB"), &format!("{text}memory = \"1MiB\"\r\n"));
    check("\u{feff}[limits]\r\nfuel = 1_000\r\n", &unset("limits.fuel"), "");
    check("# a\r\n", &set("prefix", "w"), "# a\r\n[plugin]\r\nprefix = \"w\"\r\n");
}

#[test]
fn a_list_with_a_comment_stays_when_nothing_is_left_in_it() {
    let text = |item: &str| format!("[grants]\nfiles = [ # for later{item}\n]\n");
    check(
        &text("\n  { path = \"~/x\", at = \"/x\" },"),
        &revoke(GrantKind::Files, ""),
        &format!("{}without = [\"files\"]\n", text("")),
    );
    check(
        &text(""),
        &revoke(GrantKind::Files, ""),
        &format!("{}without = [\"files\"]\n", text("")),
    );
}

#[test]
fn keys_are_set_and_unset() {
    check("", &set("limits.memory", "128MiB"), "[limits]\nmemory = \"128MiB\"\n");
    check("", &set("limits.fuel", "1_000_000"), "[limits]\nfuel = 1_000_000\n");
    check(
        "[limits]\nmemory = \"1MiB\" # why\n",
        &set("limits.memory", "2MiB"),
        "[limits]\nmemory = \"2MiB\" # why\n",
    );
    check(
        "[limits]\nfuel = 1_000\n",
        &set("prefix", ""),
        "[limits]\nfuel = 1_000\n\n[plugin]\nprefix = \"\"\n",
    );
    check("", &set("tools.get.hidden", "true"), "[[tools]]\nname = \"get\"\nhidden = true\n");
    let tool = "[[tools]]\nname = \"get\"\nhidden = true\n";
    check(tool, &set("tools.get.title", "true"), &format!("{tool}title = \"true\"\n"));
    check(
        tool,
        &set("tools.put.rate", "1/s"),
        &format!("{tool}\n[[tools]]\nname = \"put\"\nrate = \"1/s\"\n"),
    );
    check(tool, &unset("tools.get.hidden"), "");
    check("# a\n[limits]\nfuel = 1_000\n", &unset("limits.fuel"), "# a\n");
    check("[limits] # b\nfuel = 1_000\n", &unset("limits.fuel"), "[limits] # b\n");
    let tool = "[[tools]]\nname = \"get\"\nhidden = true\n";
    check("# a", &set("tools.get.hidden", "true"), &format!("# a\n{tool}"));
    check(&format!("# a\n{tool}"), &unset("tools.get.hidden"), "# a\n");
    check(
        "[grants]\nwithout = [\"network\", \"files:/x\"]\n",
        &unset("network"),
        "[grants]\nwithout = [\"files:/x\"]\n",
    );
    check(
        "[grants]\nwithout = [\"network\", \"files:/x\"]\n",
        &unset("files:/x"),
        "[grants]\nwithout = [\"network\"]\n",
    );
    check("[grants]\nscratch = \"/tmp\"\n", &unset("scratch"), "");
    refuses(
        "[limits]\nfuel = 1_000\n",
        &unset("limits.memory"),
        "does not decide `limits.memory`; it decides limits.fuel",
    );
}

#[test]
fn the_example_of_each_key_is_one_of_its_values() {
    let tool = keys(Section::LocalTool).map(|key| format!("tools.get.{key}"));
    let limits = keys(Section::Limits).map(|key| format!("limits.{key}"));
    let plugin = keys(Section::LocalPlugin).map(str::to_owned);
    for key in plugin.chain(limits).chain(tool) {
        let read = DecisionKey::parse(&key).expect("a key");
        match read.example() {
            Some(example) => _ = after("", &Decision::Set(read, example)).expect(&key),
            None => assert_eq!(key, "tools.get.meta"),
        }
    }
}

#[test]
fn a_wrong_argument_is_named() {
    refuses(
        "",
        &files("notes", "/notes", false),
        "PATH: expected an absolute path, or one that begins with",
    );
    refuses("", &files("~/x", "x", false), "--at: expected an absolute path without");
    refuses(
        "",
        &network("api.example.org"),
        "URL: expected `https://` or `http://` and a host, found `api.example.org`; did you mean \"https://api.example.org\"?",
    );
    refuses(
        "",
        &Decision::Grant(NewGrant::Secret("ghp_0123456789abcdef0123456789abcdef0123".into())),
        "SECRET: this looks like a secret itself",
    );
    let header = |header: &str| NewGrant::Bound {
        url: "https://c.example.org".into(),
        secret: "T".into(),
        header: Some(header.into()),
        before: None,
        query: None,
        optional: None,
    };
    refuses(
        "",
        &Decision::Grant(bound("https://*", "T")),
        "--for: a secret cannot be bound to the whole web",
    );
    refuses("", &Decision::Grant(header("Bad Header:")), "--header: expected the name of a header");
    refuses(
        "",
        &set("limits.memory", "128 GiB"),
        "limits.memory: expected 64 KiB to 1 GiB, found `128 GiB`",
    );
    refuses(
        "",
        &set("tools.get.hidden", "yes"),
        "tools.get.hidden: expected `true` or `false`, without quotes, found the text `yes`",
    );
    refuses("", &set("prefix", "my-own"), "prefix: `my-own` is not a name");
    refuses(
        "",
        &files("~/x", "/notes/deep", false),
        "`/notes` and `/notes/deep` are the same place",
    );
    refuses("[limit]", &network("https://c.example.org"), "w.local.toml:1:2: unknown key `limit`");
    let unknown = |text: &str| DecisionKey::parse(text).expect_err("unknown").to_string();
    assert!(unknown("limits.memroy").contains("did you mean `limits.memory`?"));
    assert!(unknown("memory").contains("did you mean `limits.memory`?"));
    assert!(unknown("tools.get.hiden").contains("did you mean `tools.get.hidden`?"));
    assert!(unknown("wasm").contains(
        "keys are prefix, ungranted, output_schemas, link_schemes, concurrent, limits.KEY (fuel, "
    ));
}

/// Local files in many forms.
fn locals() -> impl Strategy<Value = String> {
    let parts = [
        "# at the top\n",
        "[plugin] # p\nprefix = \"w\" # w\n",
        "[limits]\n# why\nmemory = \"1MiB\"\nfuel = 1_000_000 # f\n",
        "[grants]\nfiles = [\n  { path = \"~/x\", at = \"/x\" }, # x\n  # y\n  { path = \"~/y\", at = \"/y\" }\n]\nwithout = [\"env:LANG\"]\nsecrets = [\"S\"]\n",
        "[[tools]]\nname = \"get\" # g\nhidden = true\n",
        "[[tools]]\nname = \"put\"\ntitle = \"Put\"\nrate = \"1/s\"\n",
    ];
    prop::sample::subsequence(parts.to_vec(), 0..=parts.len()).prop_map(|parts| parts.concat())
}

fn changes() -> impl Strategy<Value = (Decision, &'static str)> {
    prop::sample::select(vec![
        (files("~/z", "/z", true), "grants.files"),
        (files("~/z", "/x", true), "grants.files"),
        (network("https://c.example.org"), "grants.network"),
        (Decision::Grant(NewGrant::Secret("T".into())), "grants.secrets"),
        (Decision::Grant(NewGrant::Env("TZ".into(), "UTC".into())), "grants.env"),
        (Decision::Grant(NewGrant::Config("a".into(), "b".into())), "grants.config"),
        (Decision::Grant(NewGrant::Scratch("/tmp".into())), "grants.scratch"),
        (revoke(GrantKind::Network, ""), "grants.without"),
        (revoke(GrantKind::Env, "LANG"), "grants.without"),
        (revoke(GrantKind::Files, "/notes"), "grants.without"),
        (set("prefix", "x"), "plugin.prefix"),
        (set("limits.memory", "2MiB"), "limits.memory"),
        (set("limits.timeout", "1s"), "limits.timeout"),
        (set("tools.get.hidden", "false"), "tools.get.hidden"),
        (set("tools.new.rate", "1/min"), "tools.new.rate"),
    ])
}

/// All keys with their values, lists whole.
fn leaves(text: &str) -> std::collections::BTreeMap<String, String> {
    let mut leaves = std::collections::BTreeMap::new();
    for (section, value) in text.parse::<Table>().expect("TOML") {
        let mut put = |path: String, table: &Table| {
            for (key, value) in table {
                leaves.insert(format!("{path}.{key}"), value.to_string());
            }
        };
        match value {
            toml::Value::Array(tools) => tools.iter().for_each(|tool| {
                let tool = tool.as_table().expect("a tool");
                let mut rest = tool.clone();
                let name = rest.remove("name").expect("a name");
                put(format!("tools.{}", name.as_str().expect("text")), &rest);
            }),
            value => put(section, value.as_table().expect("a section")),
        }
    }
    leaves
}

proptest! {
    // A debug build takes ten times as long.
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 64 } else { 1024 }))]

    #[test]
    fn no_edit_changes_another_key_or_a_comment(local in locals(), (change, key) in changes()) {
        let text = after(&local, &change).expect("a good edit");
        let others = |text: &str| {
            let mut leaves = leaves(text);
            leaves.remove(key);
            // A directory is taken away by its name and by where it lies.
            if key == "grants.without" {
                leaves.remove("grants.without_paths");
            }
            leaves
        };
        prop_assert_eq!(others(&text), others(&local), "{}", text);
        let comments = |text: &str| {
            let comments = text.lines().filter_map(|line| Some(line.split_once('#')?.1.to_owned()));
            comments.collect::<Vec<_>>()
        };
        prop_assert_eq!(comments(&text), comments(&local), "{}", text);
        // Said twice it changes nothing.
        prop_assert_eq!(&after(&text, &change).expect("a good edit"), &text);
    }

    #[test]
    fn what_is_granted_and_revoked_leaves_the_text_as_it_was(local in locals()) {
        for (grant, back) in [
            (files("~/z", "/z", true), revoke(GrantKind::Files, "/z")),
            (network("https://c.example.org"), revoke(GrantKind::Network, "https://c.example.org")),
            (Decision::Grant(NewGrant::Secret("T".into())), revoke(GrantKind::Secret, "T")),
            (Decision::Grant(NewGrant::Env("TZ".into(), "UTC".into())), revoke(GrantKind::Env, "TZ")),
            (set("limits.timeout", "1s"), unset("limits.timeout")),
            (set("tools.new.rate", "1/s"), unset("tools.new.rate")),
        ] {
            let granted = after(&local, &grant).expect("a good edit");
            let again = after(&granted, &back).expect("a good edit");
            prop_assert_eq!(&again, &local, "{}", granted);
        }
    }
}
