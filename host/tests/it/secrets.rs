//! Guests that are told secrets: they get them, and nobody else sees them, whatever a guest or a person does.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use toolrack::manifest::{Grants, Limits, SecretName};
use toolrack::sandbox::{Compiler, Sandbox, Wasm};
use toolrack::secret::Secrets;
use toolrack::tool::{CallError, Content, Output};

use crate::guest::{WASI, Wat};
use crate::person::Person;
use crate::plugins::install;

const SECRET: &str = "hunter2/hunter2+hunter2";

/// Asks for the configuration `TOKEN`; `$got` is what `option` says, `$at` and `$length` the text.
pub(crate) const CONFIG: &str = r#"(import "toolrack:plugin/host@0.1.0" "config"
    (func $config (param i32 i32 i32)))"#;
const ASK: &str = "(call $config (i32.const 200) (i32.const 5) (i32.const 300))";
const NAME: &str = r#"(data (i32.const 200) "TOKEN")"#;

async fn outcome(call: &str, secrets: &[&str], value: Option<&str>) -> Result<Output, CallError> {
    let sandbox = Arc::new(Sandbox::new(Compiler::in_process()).unwrap());
    let wat = Wat { call, imports: CONFIG, fields: NAME, ..Wat::default() };
    let grants = Grants {
        secrets: secrets.iter().map(|name| SecretName::new(name).unwrap()).collect(),
        config: BTreeMap::from([("TOKEN".to_owned(), "from config".to_owned())]),
        ..Grants::default()
    };
    let variables = value.map(|value| ("TOKEN".to_owned(), value.to_owned()));
    let secrets = Secrets::of(None, None).with_environment(variables.into_iter().collect());
    let guest =
        crate::compiling::guest(sandbox, Wasm::of(wat.build()), Limits::default(), grants).await;
    guest.unwrap().with_secrets(secrets).call("run", "{}", None).await.outcome
}

async fn text(call: &str, secrets: &[&str], value: Option<&str>) -> String {
    match &outcome(call, secrets, value).await.unwrap().content[..] {
        [Content::Text(text)] => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_told_to_the_guest_and_taken_out_of_its_answer() {
    let say = format!("{ASK} (call $text (i32.load (i32.const 304)) (i32.load (i32.const 308)))");
    assert_eq!(text(&say, &["TOKEN"], Some(SECRET)).await, "[secret TOKEN]");
    // The guest has the value itself: its length, and its first letter, are those of the secret.
    let part = format!("{ASK} (call $text (i32.load (i32.const 304)) (i32.const 5))");
    assert_eq!(text(&part, &["TOKEN"], Some(SECRET)).await, "hunte");
    // Not granted: what the manifest configures.
    assert_eq!(text(&say, &[], Some(SECRET)).await, "from config");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_without_a_value_is_absent() {
    let absent =
        format!("{ASK} (if (i32.load (i32.const 300)) (then unreachable)) (global.get $ok)");
    assert_eq!(text(&absent, &["TOKEN"], None).await, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn structured_content_is_redacted_as_json() {
    // The text of the secret between two quotes: it follows at 400.
    let call = format!(
        "{ASK} (i32.store8 (i32.const 400) (i32.const 34))
        (memory.copy (i32.const 401) (i32.load (i32.const 304)) (i32.load (i32.const 308)))
        (i32.store8 (i32.add (i32.const 401) (i32.load (i32.const 308))) (i32.const 34))
        (call $structured (i32.const 400) (i32.add (i32.load (i32.const 308)) (i32.const 2)))"
    );
    let output = outcome(&call, &["TOKEN"], Some(SECRET)).await.unwrap();
    assert_eq!(output.structured.unwrap().get(), "\"[secret TOKEN]\"");
}

#[tokio::test]
async fn the_standard_interface_of_configuration_is_offered() {
    let component = r#"(component
        (import "wasi:config/store@0.2.0-rc.1" (instance
            (type $e (variant (case "upstream" string) (case "io" string)))
            (export "error" (type $error (eq $e)))
            (export "get" (func (param "key" string)
                (result (result (option string) (error $error)))))
            (export "get-all" (func
                (result (result (list (tuple string string)) (error $error)))))))
        (instance $tools)
        (export "toolrack:plugin/tools@0.1.0" (instance $tools)))"#;
    let sandbox = Arc::new(Sandbox::new(Compiler::in_process()).unwrap());
    let wasm = Wasm::of(wat::parse_str(component).unwrap());
    let guest = crate::compiling::guest(sandbox, wasm, Limits::default(), Grants::default()).await;
    // Its imports are there; only its tools are not.
    let error = guest.err().unwrap().to_string();
    assert!(error.contains("list-tools") && !error.contains("import"), "{error}");
}

/// Writes what it was told to stdout and stderr.
const PRINT: &str = "(i32.store (i32.const 304) (i32.load (i32.const 304)))
    (drop (call $write (i32.const 1) (i32.const 304) (i32.const 1) (i32.const 16)))
    (drop (call $write (i32.const 2) (i32.const 304) (i32.const 1) (i32.const 16)))";
/// Answers with it.
const SAY: &str = "(call $text (i32.load (i32.const 304)) (i32.load (i32.const 308)))";

#[test]
fn no_command_and_no_log_shows_a_secret_whatever_a_guest_does_with_it() {
    let person = Person::new();
    let plugins = person.plugins();
    fs::create_dir_all(&plugins).unwrap();
    fs::write(plugins.join(".env"), format!("TOKEN='{SECRET}'\n")).unwrap();
    let imports = format!("{CONFIG} {WASI}");
    let build = |call: String| {
        Wat { call: &call, imports: &imports, fields: NAME, ..Wat::default() }.build()
    };
    let told = "[grants]\nsecrets = [\"TOKEN\"]";
    install(&plugins, "says", told, &build(format!("{ASK} {PRINT} {SAY}")));
    install(&plugins, "traps", told, &build(format!("{ASK} {PRINT} unreachable")));
    // Granted to the others alone: this one asks for it, and is told nothing.
    install(
        &plugins,
        "nosy",
        "",
        &build(format!(
            "{ASK} (if (i32.load (i32.const 300)) (then unreachable)) (global.get $ok)"
        )),
    );
    let shown = |arguments: &[&str], code: i32| {
        let ran = person.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
        format!("{}{}", ran.out, ran.err)
    };
    let mut all = String::new();
    for form in ["human", "json"] {
        let log = ["--log", "trace", "--log-format", form];
        for (command, code) in [
            (&["list", "--json"][..], 0),
            (&["check"], 0),
            (&["check", "--json"], 0),
            (&["call", "says_run", "--json"], 0),
            (&["call", "traps_run"], 1),
            (&["call", "nosy_run"], 0),
        ] {
            all += &shown(&[command, &log[..]].concat(), code);
        }
    }
    let mut command = person.command(&["serve", "--log", "trace"]);
    let mut client = crate::client::Client::spawn(&mut command).shakes_hands();
    assert_eq!(client.text("says_run"), "[secret TOKEN]");
    client.call(9, "traps_run");
    all += &client.response(&serde_json::json!(9)).to_string();
    all += &shown(&["status", "--json"], 0);
    let (_, stdout, stderr) = client.end();
    all += &stdout.concat();
    all += &stderr.concat();
    // It was printed and told, so it is missed only where it was taken out.
    assert!(all.matches("[secret TOKEN]").count() >= 8, "{all}");
    let percent = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>();
    for form in [SECRET, &percent, "aHVudGVyMi9odW50ZXIyK2h1bnRlcj"] {
        assert!(!all.contains(form), "{form} in {all}");
    }
}
