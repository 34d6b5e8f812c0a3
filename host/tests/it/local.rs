//! What a person decided of a plugin, in `NAME.local.toml`: kept by `add`, `remove` and copied updates.

use std::fs;
use std::path::Path;

use crate::guest::Wat;
use crate::person::{Person, Ran};
use crate::plugins::{answering, install, replace};

/// What is decided in these tests: another prefix, and no secret.
const DECIDED: &str =
    "# mine\n[plugin]\nprefix = \"mine\"\n\n[grants]\nwithout = [\"secret:TOKEN\"]\n";
/// The manifest that this is decided of.
const MANIFEST: &str = "[grants]\nsecrets = [\"TOKEN\"]\n";

/// A person with the plugin `v` and a local file beside it.
fn decided() -> Person {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).unwrap();
    install(&person.plugins(), "v", MANIFEST, &answering("one"));
    fs::write(local(&person), DECIDED).unwrap();
    person
}

fn local(person: &Person) -> std::path::PathBuf {
    person.plugins().join("v.local.toml")
}

/// A version of `v` that answers with `text`, in a directory of its own.
fn source(person: &Person, manifest: &str, text: &str) -> std::path::PathBuf {
    let source = person.path("source");
    fs::create_dir_all(&source).unwrap();
    install(&source, "v", manifest, &answering(text));
    source
}

#[track_caller]
fn good(ran: &Ran) -> &str {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    &ran.out
}

fn run(person: &Person, arguments: &[&str]) -> String {
    good(&person.run(arguments)).to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The plugin has the version `text`, and what was decided holds.
#[track_caller]
fn check(person: &Person, answer: &str) {
    assert_eq!(run(person, &["call", "mine_run"]).trim(), answer);
    assert_eq!(fs::read_to_string(local(person)).unwrap(), DECIDED);
    let check = run(person, &["check"]);
    assert!(check.contains("v.local.toml decides prefix"), "{check}");
    assert!(check.contains("v.local.toml takes away secret:TOKEN"), "{check}");
    assert!(!check.contains("it is told the secret TOKEN\n"), "{check}");
}

#[test]
fn add_keeps_what_was_decided_and_checks_the_new_version_with_it() {
    let person = decided();
    check(&person, "one");
    let source = source(&person, &format!("{MANIFEST}[limits]\nmemory = \"2MiB\"\n"), "two");
    let said = run(&person, &["add", text(&source)]);
    assert!(said.contains("mine_run") && said.contains("v.local.toml decides prefix"), "{said}");
    check(&person, "two");
}

#[test]
fn a_copied_update_keeps_what_was_decided_in_every_order_of_copying() {
    let orders = [["v.toml", "v.wasm"], ["v.wasm", "v.toml"]];
    for (order, is_locked) in orders.into_iter().flat_map(|order| [(order, false), (order, true)]) {
        let person = decided();
        if is_locked {
            run(&person, &["approve", "--yes"]);
        }
        let mut client = person.serve(&person.plugins());
        assert_eq!(client.text("mine_run"), "one");
        let source = source(&person, &format!("{MANIFEST}# other\n"), "two");
        for name in order {
            replace(&person.plugins().join(name), fs::read(source.join(name)).unwrap());
        }
        client.until("mine_run", &["one"], "two");
        check(&person, "two");
    }
}

#[test]
fn an_update_under_a_lock_keeps_what_was_decided() {
    let person = decided();
    run(&person, &["approve", "--yes"]);
    let source = source(&person, MANIFEST, "two");
    let said = run(&person, &["add", text(&source)]);
    assert!(said.contains("held back by servers with --locked"), "{said}");
    check(&person, "two");
    // The author asks for what was taken away: nothing more is granted.
    let source = self::source(&person, "[grants]\nsecrets = [\"TOKEN\", \"TOKEN2\"]\n", "two");
    let said = run(&person, &["add", text(&source)]);
    assert!(said.contains("held back v: toolrack.lock does not accept it"), "{said}");
    assert_eq!(run(&person, &["approve", "--yes"]).matches("+ secret").count(), 1);
    check(&person, "two");
    assert_eq!(person.run(&["check", "--locked"]).code, 0);
}

#[test]
fn a_local_file_that_comes_with_a_plugin_is_not_taken() {
    let person = Person::new();
    let source = source(&person, "", "one");
    fs::write(source.join("v.local.toml"), "[grants]\nsecrets = [\"TOKEN\"]\n").unwrap();
    for form in ["v.wasm", "v.toml", ""] {
        let said = run(&person, &["add", text(&source.join(form))]);
        assert!(said.contains("v.local.toml is not installed: what a plugin may do"), "{said}");
        assert!(!said.contains("it is told the secret"), "{said}");
        assert!(!local(&person).exists(), "{form}");
    }
    let named = person.run(&["add", text(&source.join("v.local.toml"))]);
    assert!(named.code == 2 && named.err.contains("and is no plugin"), "{}", named.err);
    // The one that is there stays, whatever comes.
    fs::write(local(&person), DECIDED).unwrap();
    run(&person, &["add", text(&source)]);
    check_kept(&person);
}

#[track_caller]
fn check_kept(person: &Person) {
    assert_eq!(fs::read_to_string(local(person)).unwrap(), DECIDED);
}

#[test]
fn a_wrong_local_file_is_named_where_it_is_installed() {
    let person = decided();
    fs::write(local(&person), "[limits]\nmemroy = 1\n").unwrap();
    let source = source(&person, MANIFEST, "two");
    let ran = person.run(&["add", text(&source)]);
    let place = format!("{}:2:1: unknown key `memroy` in [limits]", text(&local(&person)));
    assert!(ran.code == 1 && ran.out.contains(&place), "{}{}", ran.out, ran.err);
    fs::remove_file(local(&person)).unwrap();
    fs::create_dir(local(&person)).unwrap();
    let ran = person.run(&["add", text(&source)]);
    let expected = "v.local.toml\n     it is a directory, not a file";
    assert!(ran.code == 1 && ran.out.contains(expected), "{}{}", ran.out, ran.err);
}

#[test]
fn remove_keeps_what_was_decided_unless_it_is_told_otherwise() {
    let person = decided();
    let said = run(&person, &["remove", "v"]);
    assert!(said.contains("what you decided of it stays"), "{said}");
    check_kept(&person);
    let check = run(&person, &["check"]);
    assert!(
        check.contains("warning") && check.contains("there is no `v.toml` beside it"),
        "{check}"
    );
    // Installed again, it finds that.
    let source = source(&person, MANIFEST, "two");
    run(&person, &["add", text(&source)]);
    self::check(&person, "two");
    let said = run(&person, &["remove", "v", "--purge"]);
    assert!(said.contains("what you decided of it is gone too"), "{said}");
    assert!(!local(&person).exists());
    // What an earlier removal left is removed by the name it had.
    run(&person, &["add", text(&source)]);
    fs::write(local(&person), DECIDED).unwrap();
    run(&person, &["remove", "v"]);
    let said = run(&person, &["remove", "v", "--purge"]);
    assert!(said.contains("removed what you decided of v"), "{said}");
    assert!(!local(&person).exists());
    assert_eq!(person.run(&["remove", "v", "--purge"]).code, 2);
}

#[test]
fn a_program_is_not_given_tools_by_a_local_file() {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).unwrap();
    let wat = Wat { tools: &["run", "other"], ..Wat::default() };
    install(&person.plugins(), "v", "", &wat.build());
    fs::write(local(&person), "[[tools]]\nname = \"other\"\ntitle = \"Mine\"\nhidden = true\n")
        .unwrap();
    assert_eq!(run(&person, &["list"]).matches("v_").count(), 1);
    let check = run(&person, &["check", "--json"]);
    let check: serde_json::Value = serde_json::from_str(&check).unwrap();
    let set = &check["plugins"][0]["local"]["set"];
    assert_eq!(*set, serde_json::json!(["tools.other.title", "tools.other.hidden"]));
}

#[test]
fn an_update_that_asks_for_more_is_installed_only_if_somebody_says_so() {
    let person = decided();
    let more = "[grants]\nsecrets = [\"TOKEN\"]\nnetwork = [\"https://evil.example\"]\n";
    let source = source(&person, more, "two");
    let ran = person.run(&["add", text(&source)]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("+ network: https://evil.example\n"), "{}", ran.out);
    assert!(!ran.out.contains("+ secret"), "{}", ran.out);
    assert!(ran.err.contains("--yes installs it") && ran.err.contains("nothing was installed"));
    check(&person, "one");
    run(&person, &["add", "--yes", text(&source)]);
    check(&person, "two");
    // What is granted already asks for no more; nor does what a person took away.
    let other = self::source(&person, more, "six");
    run(&person, &["add", text(&other)]);
    check(&person, "six");
}

#[test]
fn what_the_local_file_says_is_told_of_that_file() {
    let person = decided();
    let directory = person.path("nowhere").display().to_string();
    let grants = format!("[grants]\nfiles = [{{ path = {directory:?}, at = \"/x\" }}]\n");
    fs::write(local(&person), format!("[limits]\nrate = \"1/h\"\n\n{grants}")).unwrap();
    let said = run(&person, &["check"]);
    let warned = said.lines().find(|line| line.starts_with("warning ")).expect("a warning");
    assert!(warned.ends_with("v.local.toml"), "{said}");
    let mut client = person.serve(&person.plugins());
    assert_eq!(client.text("v_run"), "one");
    let told = client.text("v_run");
    assert!(told.ends_with("(`rate` under [limits] in v.local.toml)"), "{told}");
    fs::write(local(&person), "[grants]\nfiles = [{ path = \"/proc\", at = \"/x\" }]\n").unwrap();
    let refused = person.run(&["check", "v"]);
    if cfg!(target_os = "linux") {
        assert!(
            refused.out.contains("v.local.toml: the grant of the files in `/proc`"),
            "{}",
            refused.out
        );
    }
}

#[test]
fn a_tool_is_found_by_the_name_that_it_had_before_a_prefix_was_decided() {
    let person = decided();
    let mut client = person.serve(&person.plugins());
    client.call(9, "v_run");
    let told = client.response(&serde_json::json!(9))["error"]["message"].to_string();
    assert!(told.contains("unknown tool `v_run`; it is called `mine_run` now"), "{told}");
    let ran = person.run(&["call", "v_run"]);
    assert!(
        ran.err.contains("there is no tool `v_run`; it is called `mine_run` now"),
        "{}",
        ran.err
    );
}

#[test]
fn a_local_file_in_capitals_decides_nothing_and_is_told() {
    let person = decided();
    for name in ["v.LOCAL.TOML", "v.local.Toml", "v.LOCAL.toml"] {
        fs::write(person.plugins().join(name), DECIDED).unwrap();
        let ran = person.run(&["check"]);
        let told = "it decides nothing: rename it to `v.local.toml`, in small letters at the end";
        assert!(ran.code == 0 && ran.out.contains(told) && ran.out.contains(name), "{}", ran.out);
        fs::remove_file(person.plugins().join(name)).unwrap();
    }
}
