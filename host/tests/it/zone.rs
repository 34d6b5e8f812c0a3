//! The machine's time zone: who is told it, and what `time` makes of it.

use std::fs;

use serde_json::{Value, json};

use crate::guest::{FILES, Wat};
use crate::person::Person;
use crate::plugins::{install, shipped};

/// What the command prints on a machine where `TZ` is `zone`.
fn run(person: &Person, zone: &str, arguments: &[&str]) -> String {
    let output = person.command(arguments).env("TZ", zone).output().expect("the binary");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out
}

fn person() -> Person {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).unwrap();
    person
}

#[test]
fn a_plugin_is_told_the_zone_only_if_that_is_granted() {
    const TOLD: &str = "TOOLRACK_HOST_ZONE=Asia/Tokyo";
    let call = format!(
        "(drop (call $environ (i32.const 512) (i32.const 40000)))
        (call $text (i32.const 40000) (i32.const {}))",
        TOLD.len()
    );
    let wasm = Wat { call: &call, imports: FILES, ..Wat::default() }.build();
    let person = person();
    let told = |config: &str, zone: &str| {
        install(&person.plugins(), "v", &format!("[grants]\n{config}\n"), &wasm);
        run(&person, zone, &["call", "v_run"])
    };
    assert_eq!(told("config = { host_zone = true }", "Asia/Tokyo").trim(), TOLD);
    assert_eq!(told("config = { host_zone = true }", ":Asia/Tokyo").trim(), TOLD);
    for config in ["", "config = { host_zone = false }", "config = { host_paths = true }"] {
        let text = told(config, "Asia/Tokyo");
        assert!(!text.contains("ZONE"), "{config}: {text}");
    }
}

#[test]
fn time_takes_the_zone_of_the_machine_where_that_is_granted() {
    let person = person();
    for ending in ["toml", "wasm"] {
        let name = format!("time.{ending}");
        fs::copy(shipped().join(&name), person.plugins().join(&name)).expect("the plugin");
    }
    let answer = |zone: &str, arguments: &[&str]| -> Value {
        serde_json::from_str(&run(&person, zone, arguments)).expect("JSON")
    };
    let now = |zone: &str| {
        let answer = answer(zone, &["call", "time_now"]);
        (answer["zone"].clone(), answer["note"].clone())
    };
    let convert = |arguments: &[&str]| {
        let arguments = [&["call", "time_convert", "to=[\"UTC\"]"], arguments].concat();
        let answer = answer("Asia/Tokyo", &arguments);
        (answer["given"]["time"].clone(), answer["given"]["note"].clone())
    };
    assert_eq!(now("Asia/Tokyo"), (json!("UTC"), Value::Null));

    run(&person, "UTC", &["grant", "time", "config", "host_zone=true"]);
    let tokyo = json!("in Asia/Tokyo, the zone of this machine");
    assert_eq!(now("Asia/Tokyo"), (json!("Asia/Tokyo"), tokyo.clone()));
    let unknown = json!("this machine's zone `CET-1CEST` is not known here; UTC is taken");
    assert_eq!(now("CET-1CEST"), (json!("UTC"), unknown));
    let at_noon = json!("2026-07-01T12:00:00+09:00");
    assert_eq!(convert(&["time=2026-07-01 12:00"]), (at_noon, tokyo.clone()));
    let between = ["call", "time_difference", "start=2026-07-01", "end=2026-07-02"];
    assert_eq!(answer("Asia/Tokyo", &between)["note"], tokyo);
    // What the text or the call names stays.
    let berlin = json!("2026-07-01T12:00:00+02:00");
    let named = convert(&["time=2026-07-01 12:00 Europe/Berlin"]);
    assert_eq!(named, (berlin.clone(), Value::Null));
    let named = convert(&["time=2026-07-01 12:00", "from=Europe/Berlin"]);
    assert_eq!(named, (berlin.clone(), Value::Null));
    // What the operator sets goes before.
    run(&person, "UTC", &["grant", "time", "config", "zone=Europe/Berlin"]);
    assert_eq!(convert(&["time=2026-07-01 12:00"]), (berlin, Value::Null));
}
