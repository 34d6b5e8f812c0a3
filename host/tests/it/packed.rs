//! Plugins whose file lists their tools: served before they are compiled, compared with their code, refused where the two
//! disagree.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use toolrack::manifest::Sha256Digest;

use crate::client::Client;
use crate::compiling::{slow_fields, slow_plugin};
use crate::guest::Wat;
use crate::person::Person;
use crate::plugins::{self, install, replace};
use crate::wit::{echo, with_section};

const SECTION: &str = "toolrack:listing";

/// The section's content for a tool `run` as the test's guests have it, changed by `change`.
pub(crate) fn listing(change: impl FnOnce(&mut Value)) -> String {
    let mut listing = json!({ "version": 1, "tools": [{
        "name": "run",
        "description": "a tool made for a test",
        "inputSchema": { "type": "object" },
    }] });
    change(&mut listing);
    listing.to_string()
}

pub(crate) fn packed(wasm: Vec<u8>, content: &str) -> Vec<u8> {
    with_section(wasm, SECTION, content.as_bytes())
}

/// What `toolrack check` says of a plugin with this file.
fn checked(wasm: &[u8]) -> (i32, String) {
    let (person, directory) = (Person::new(), TempDir::new().unwrap());
    install(directory.path(), "p", "", wasm);
    let ran = person.run(&["check", "--plugins", &directory.path().to_string_lossy()]);
    (ran.code, ran.out + &ran.err)
}

#[track_caller]
fn refused(wasm: &[u8], expected: &[&str]) {
    let (code, told) = checked(wasm);
    assert_eq!(code, 1, "{told}");
    for expected in expected {
        assert!(told.contains(expected), "{expected:?} in {told}");
    }
}

#[test]
fn a_section_that_says_what_the_code_says_is_accepted_however_it_is_written() {
    let plugin = Wat::default().build();
    for content in [
        listing(|_| {}),
        // Compared as values: neither white space nor the order of members counts, nor what is left out for `null`.
        r#"{ "tools": [ { "inputSchema" : {"type" : "object" }, "name": "run", "title": null,
            "description":"a tool made for a test", "annotations": {} } ],
            "version": 1 }"#
            .into(),
    ] {
        let (code, told) = checked(&packed(plugin.clone(), &content));
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("p_run"), "{told}");
    }
}

#[test]
fn a_section_that_says_something_else_refuses_the_plugin_with_both() {
    let tool = |change: fn(&mut Value)| listing(|listing| change(&mut listing["tools"][0]));
    for (content, expected) in [
        (
            tool(|tool| tool["description"] = "harmless".into()),
            [
                "`description` of its tool `run` is \"harmless\" in the section and \"a tool made for a test\" in the code",
                "`toolrack pack` writes the section anew",
            ],
        ),
        (
            tool(|tool| tool["inputSchema"] = json!({ "type": "object", "required": ["x"] })),
            [
                "`inputSchema` of its tool `run` is {\"required\":[\"x\"]",
                "{\"type\":\"object\"} in the code",
            ],
        ),
        (
            tool(|tool| tool["title"] = "Run".into()),
            ["`title` of its tool `run` is \"Run\" in the section", "absent in the code"],
        ),
        (
            tool(|tool| tool["annotations"] = json!({ "readOnlyHint": true })),
            ["`annotations` of its tool `run`", "in the code"],
        ),
        (
            tool(|tool| tool["name"] = "other".into()),
            ["the section lists a tool `other`", "the code none of that name"],
        ),
        (
            listing(|listing| {
                let more = listing["tools"][0].clone();
                listing["tools"] = json!([more, { "name": "more", "description": "x",
                    "inputSchema": { "type": "object" } }]);
            }),
            ["the section lists a tool `more`", "the code none of that name"],
        ),
    ] {
        refused(&packed(Wat::default().build(), &content), &expected);
    }
    let two = Wat { tools: &["run", "other"], ..Wat::default() }.build();
    refused(&packed(two, &listing(|_| {})), &["the code lists a tool `other`"]);
}

#[test]
fn a_section_that_is_of_no_use_refuses_the_plugin() {
    let plugin = Wat::default().build();
    let whole = listing(|_| {});
    let with = |content: &str| packed(plugin.clone(), content);
    refused(&with("{"), &["its section `toolrack:listing` is damaged", "EOF"]);
    refused(&with(&listing(|it| it["tols"] = json!([]))), &["unknown field `tols`"]);
    refused(&with(&whole.replace("inputSchema", "inputShema")), &["unknown field `inputShema`"]);
    for array in [
        listing(|it| it["tools"][0] = json!(["run", null, "", {}, null, {}, null])),
        listing(|it| it["tools"][0]["annotations"] = json!([true])),
        "[1,[]]".to_owned(),
    ] {
        refused(&with(&array), &["invalid type: sequence, expected an object"]);
    }
    refused(&packed(with(&whole), &whole), &["it has 2 sections `toolrack:listing`"]);
    let large = listing(|it| it["tools"][0]["description"] = "x".repeat(1 << 20).into());
    refused(&with(&large), &["the most is 1048576"]);
    // What a guest may not say, a section may not say either.
    let hidden = listing(|it| it["tools"][0]["description"] = "a\u{202e}b".into());
    refused(&with(&hidden), &["has a description that cannot be shown"]);
    let shapeless = listing(|it| it["tools"][0]["inputSchema"] = json!({}));
    refused(&with(&shapeless), &["lacks `\"type\": \"object\"` at its root"]);
    let twice = listing(|it| {
        let tool = it["tools"][0].clone();
        it["tools"] = json!([tool, tool]);
    });
    refused(&with(&twice), &["is listed twice"]);
}

#[test]
fn a_section_of_another_version_place_or_kind_changes_nothing() {
    let plugin = Wat::default().build();
    let lies = listing(|it| it["tools"][0]["name"] = "lies".into());
    let later = json!({ "version": 2, "anything": true }).to_string();
    let nested = wat::parse_str(format!(
        r#"(component (component (@custom "{SECTION}" "{{}}"))
            (core module $m (func (export "f") (result i32) (i32.const 7)))
            (core instance $i (instantiate $m))
            (func (export "seven") (result s32) (canon lift (core func $i "f"))))"#
    ))
    .expect("a component");
    for (wasm, tool) in [
        (packed(plugin.clone(), &later), "p_run"),
        (with_section(plugin, "toolrack:listings", lies.as_bytes()), "p_run"),
        (packed(echo("", "u8"), &lies), "p_echo"),
        (nested, "p_seven"),
    ] {
        let (code, told) = checked(&wasm);
        assert_eq!(code, 0, "{told}");
        assert!(told.contains(tool), "{tool} in {told}");
    }
}

#[test]
fn what_is_packed_is_listed_before_it_is_compiled_and_called_once_it_is() {
    let good = plugins::good();
    install(good.path(), "slow", "", &packed(slow_plugin(300), &listing(|_| {})));
    let mut client = Client::initialized(good.path());
    assert_eq!(client.tools(), ["good_other", "good_run", "slow_run"]);
    client.call(1, "slow_run");
    assert_eq!(client.text("good_run"), "ok");
    assert!(client.response_now(&json!(1)).is_none(), "it waited for nobody");
    assert_eq!(client.response(&json!(1))["result"]["content"][0]["text"], "ok");
    assert_eq!(client.changes(), 0, "the list stays as it was");
    client.survives();
}

#[test]
fn what_is_packed_is_listed_at_once_whatever_became_of_the_cache() {
    let (person, good) = (Person::new(), plugins::good());
    install(good.path(), "slow", "", &packed(slow_plugin(300), &listing(|_| {})));
    assert_eq!(person.run(&["check", "--plugins", &good.path().to_string_lossy()]).code, 0);
    for entry in fs::read_dir(person.path("cache")).unwrap() {
        fs::write(entry.unwrap().path(), "").unwrap();
    }
    let mut client = person.serve(good.path());
    assert_eq!(client.tools(), ["good_other", "good_run", "slow_run"]);
    client.survives();
}

#[test]
fn a_plugin_that_lies_is_never_called_and_goes_for_good() {
    let (person, good) = (Person::new(), plugins::good());
    let lies = listing(|it| it["tools"][0]["description"] = "harmless".into());
    install(good.path(), "slow", "", &packed(slow_plugin(300), &lies));
    let mut command = person.command(&["serve", "--plugins"]);
    let mut client = Client::spawn(command.arg(good.path())).shakes_hands();
    assert_eq!(client.tools(), ["good_other", "good_run", "slow_run"]);
    client.call(1, "slow_run");
    let answer = client.response(&json!(1));
    let told = answer["result"]["content"][0]["text"].as_str().expect("a text");
    assert!(told.contains("its section `toolrack:listing` and its code disagree"), "{answer}");
    assert_eq!(answer["result"]["isError"], true);
    client.hears_of_changes(1);
    assert_eq!(client.tools(), ["good_other", "good_run"]);
    let line = client.logs("not served");
    assert!(line.contains("\"harmless\" in the section"), "{line}");
    client.survives();
    // What it says is not believed again.
    let mut again = person.serve(good.path());
    assert_eq!(again.tools(), ["good_other", "good_run"]);
    let told = again.text("slow_run");
    assert!(
        told.starts_with(
            "unknown tool `slow_run`; the plugin that may have it is not served: slow.toml: "
        ),
        "{told}"
    );
    assert!(told.contains("its section `toolrack:listing` and its code disagree"), "{told}");
    again.survives();
    // Other bytes are another file.
    replace(&good.path().join("slow.wasm"), packed(plugins::answering("true"), &listing(|_| {})));
    let mut honest = person.serve(good.path());
    assert_eq!(honest.text("slow_run"), "true");
    honest.survives();
}

#[test]
fn a_call_that_waits_for_code_begins_anew_with_the_version_that_is_served_then() {
    let good = plugins::good();
    let wasm = good.path().join("slow.wasm");
    install(good.path(), "slow", "", &packed(slow_plugin(2500), &listing(|_| {})));
    let mut client = Client::initialized(good.path());
    assert_eq!(client.tools(), ["good_other", "good_run", "slow_run"]);
    client.call(1, "slow_run");
    replace(&wasm, packed(plugins::answering("new"), &listing(|_| {})));
    assert_eq!(client.response(&json!(1))["result"]["content"][0]["text"], "new");
    client.survives();
}

#[test]
fn a_call_that_waits_for_code_never_enters_a_version_that_goes() {
    let good = plugins::good();
    install(good.path(), "slow", "", &packed(slow_plugin(2500), &listing(|_| {})));
    let mut client = Client::initialized(good.path());
    assert_eq!(client.tools(), ["good_other", "good_run", "slow_run"]);
    client.call(1, "slow_run");
    let other = Wat { tools: &["other"], ..Wat::default() }.build();
    let listed = listing(|it| it["tools"][0]["name"] = "other".into());
    replace(&good.path().join("slow.wasm"), packed(other, &listed));
    let answer = client.response(&json!(1));
    let told = answer["error"]["message"].as_str().expect("an error");
    assert!(told.starts_with("unknown tool `slow_run`"), "{answer}");
    client.until("slow_other", &[], "ok");
    client.survives();
}

#[test]
fn a_file_that_says_a_thing_twice_is_refused() {
    let twice = listing(|_| {})
        .replace(r#"{"type":"object"}"#, r#"{"type":"object","title":"a","title":"b"}"#);
    refused(
        &packed(Wat::default().build(), &twice),
        &["the key `title` stands twice in one object"],
    );
    let two = Wat { tools: &["run", "run"], ..Wat::default() }.build();
    refused(&packed(two, &listing(|_| {})), &["is listed twice"]);
    // Text that nests in a string, to be read again: as deep as a section is long. It is refused before it is read.
    let mut bomb = String::from("1");
    for _ in 0..100 {
        let inner = bomb.replace('\\', r"\u005c").replace('"', r"\u0022");
        bomb = format!(r#"{{"$serde_json::private::RawValue":"{inner}"}}"#);
    }
    let content = listing(|it| it["tools"][0]["_meta"] = json!({}))
        .replace(r#""_meta":{}"#, &format!(r#""_meta":{bomb}"#));
    refused(&packed(Wat::default().build(), &content), &["its tool `run` has a `meta` of"]);
}

#[test]
fn an_update_that_lies_leaves_the_version_before_in_its_place() {
    let good = plugins::good();
    install(good.path(), "p", "", &packed(Wat::default().build(), &listing(|_| {})));
    let mut client = Client::initialized(good.path());
    assert_eq!(client.text("p_run"), "ok");
    let lies = listing(|it| it["tools"][0]["name"] = "lies".into());
    let other = Wat { tools: &["run", "more"], ..Wat::default() }.build();
    replace(&good.path().join("p.wasm"), packed(other, &lies));
    let line = client.logs("the version before serves on");
    assert!(line.contains("the section lists a tool `lies`"), "{line}");
    assert_eq!(client.tools(), ["good_other", "good_run", "p_run"]);
    assert_eq!(client.text("p_run"), "ok");
    client.survives();
}

#[test]
fn packing_writes_one_section_and_leaves_the_rest_as_it_was() {
    let (person, directory) = (Person::new(), TempDir::new().unwrap());
    let (from, to) = (directory.path().join("p.wasm"), directory.path().join("to.wasm"));
    let plugin = Wat { tools: &["run", "other"], ..Wat::default() }.build();
    fs::write(&from, &plugin).unwrap();
    let pack = |arguments: &[&std::path::Path]| {
        let arguments = arguments.iter().map(|path| path.to_str().expect("UTF-8"));
        person.run(&["pack"].into_iter().chain(arguments).collect::<Vec<_>>())
    };
    let output = std::path::Path::new("--output");
    let ran = pack(&[&from, output, &to]);
    assert!(ran.out.ends_with("its section lists 2 tools\n"), "{}{}", ran.out, ran.err);
    assert_eq!(fs::read(&from).unwrap(), plugin, "only the output is written");
    let packed_once = fs::read(&to).unwrap();
    let inspected =
        |path: &std::path::Path| person.run(&["inspect", path.to_str().expect("UTF-8")]).out;
    assert!(inspected(&from).contains("not packed"), "{}", inspected(&from));
    assert!(inspected(&to).contains("packed: its section lists 2 tools"), "{}", inspected(&to));
    assert!(packed_once.starts_with(&plugin) && packed_once.len() > plugin.len());
    assert_eq!(pack(&[&from, output, &to]).code, 0);
    assert_eq!(fs::read(&to).unwrap(), packed_once);
    // In place, and again: the section takes the place of the one before.
    for _ in 0..2 {
        assert_eq!(pack(&[&to]).code, 0);
        assert_eq!(fs::read(&to).unwrap(), packed_once);
    }
    let stale = packed(plugin.clone(), &listing(|_| {}));
    fs::write(&from, packed(stale.clone(), "junk")).unwrap();
    assert_eq!(pack(&[&from]).code, 0);
    assert_eq!(fs::read(&from).unwrap(), packed_once);
    let (code, told) = checked(&packed_once);
    assert_eq!(code, 0, "{told}");
}

#[test]
fn a_manifest_that_pins_other_bytes_is_named_with_the_line_to_write() {
    let (person, directory) = (Person::new(), TempDir::new().unwrap());
    let file = directory.path().join("p.wasm");
    let plugin = Wat::default().build();
    let pin = |wasm: &[u8]| format!("sha256 = \"{}\"", Sha256Digest::of(wasm));
    install(directory.path(), "p", &format!("[plugin]\n{}", pin(&plugin)), &plugin);
    let ran = person.run(&["pack", file.to_str().expect("UTF-8")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let line = pin(&fs::read(&file).unwrap());
    assert!(ran.out.contains("pins other bytes") && ran.out.contains(&line), "{}", ran.out);
    replace(&directory.path().join("p.toml"), format!("[plugin]\n{line}"));
    let ran = person.run(&["pack", file.to_str().expect("UTF-8")]);
    assert!(!ran.out.contains("pins"), "{}", ran.out);
}

#[test]
#[cfg(unix)]
fn packing_keeps_links_and_permissions() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (person, directory) = (Person::new(), TempDir::new().unwrap());
    let (file, link) = (directory.path().join("p.wasm"), directory.path().join("link.wasm"));
    fs::write(&file, Wat::default().build()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("p.wasm", &link).unwrap();
    assert_eq!(person.run(&["pack", link.to_str().expect("UTF-8")]).code, 0);
    assert!(link.is_symlink() && fs::read(&file).unwrap() == fs::read(&link).unwrap());
    assert_ne!(fs::read(&file).unwrap(), Wat::default().build());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left behind");
}

#[test]
fn what_cannot_be_packed_is_told_and_left_alone() {
    let (person, directory) = (Person::new(), TempDir::new().unwrap());
    let file = directory.path().join("p.wasm");
    let fails = Wat { list: "unreachable", ..Wat::default() }.build();
    for (bytes, expected) in [
        (echo("", "u8"), "it is of the kind `functions`, whose tools are known without a section"),
        (b"junk".to_vec(), "this is text, not WebAssembly"),
        (fails, "listing its tools failed"),
    ] {
        fs::write(&file, &bytes).unwrap();
        let ran = person.run(&["pack", file.to_str().expect("UTF-8")]);
        assert_eq!(ran.code, 2, "{}", ran.out);
        assert!(ran.err.contains(expected), "{expected:?} in {}", ran.err);
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    let ran = person.run(&["pack", "/no/such.toml"]);
    assert!(ran.err.contains("name the plugin's Wasm, such as /no/such.wasm"), "{}", ran.err);
    let ran = person.run(&["pack", "/no/such.wasm"]);
    assert!(ran.err.contains("/no/such.wasm: there is no such file"), "{}", ran.err);
}

#[test]
fn a_plugin_that_its_limits_do_not_let_start_says_so_to_who_calls_it() {
    let good = plugins::good();
    let fields = slow_fields(300) + "(table 20000 funcref)";
    let slow = packed(Wat { fields: &fields, ..Wat::default() }.build(), &listing(|_| {}));
    install(good.path(), "slow", "[limits]\nmemory = \"64KiB\"", &slow);
    let mut client = Client::initialized(good.path());
    client.call(1, "slow_run");
    let answer = client.response(&json!(1));
    let told = answer["result"]["content"][0]["text"].as_str().expect("a text");
    assert!(told.starts_with("the tool was not called: its plugin cannot be served: "), "{answer}");
    assert!(told.contains("`memory` under [limits]"), "{answer}");
    client.survives();
}

/// A server of `good` and of a slow plugin whose code has been made once and has gone from the cache.
fn with_lost_code(person: &Person, good: &TempDir) -> Client {
    install(good.path(), "slow", "", &packed(slow_plugin(120), &listing(|_| {})));
    assert_eq!(person.run(&["check", "--plugins", &good.path().to_string_lossy()]).code, 0);
    let mut client = person.serve(good.path());
    assert_eq!(client.tools(), ["good_other", "good_run", "slow_run"]);
    for entry in fs::read_dir(person.path("cache")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "cwasm" || ending == "baseline") {
            fs::remove_file(path).unwrap();
        }
    }
    client
}

#[test]
fn a_call_that_waits_for_code_that_the_cache_has_lost_begins_anew_too() {
    let (person, good) = (Person::new(), plugins::good());
    let mut client = with_lost_code(&person, &good);
    client.call(1, "slow_run");
    replace(&good.path().join("slow.wasm"), packed(plugins::answering("new"), &listing(|_| {})));
    assert_eq!(client.response(&json!(1))["result"]["content"][0]["text"], "new");
    client.survives();
}

#[test]
fn a_call_that_waits_for_code_that_the_cache_has_lost_is_answered_after_the_input_has_ended() {
    let (person, good) = (Person::new(), plugins::good());
    let mut client = with_lost_code(&person, &good);
    client.call(1, "slow_run");
    client.close_input();
    assert_eq!(client.response(&json!(1))["result"]["content"][0]["text"], "ok");
}
