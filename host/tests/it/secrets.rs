//! Guests that are told secrets: they get them, and nobody else sees them.

use std::collections::BTreeMap;
use std::sync::Arc;

use toolrack::manifest::{Grants, Limits, SecretName};
use toolrack::sandbox::{Compiler, Guest, Sandbox, Wasm};
use toolrack::secret::Secrets;
use toolrack::tool::{CallError, Content, Output};

use crate::guest::Wat;

const SECRET: &str = "hunter2/hunter2+hunter2";

/// Asks for the configuration `TOKEN`; `$got` is what `option` says, `$at` and `$length` the text.
const CONFIG: &str = r#"(import "toolrack:plugin/host@0.1.0" "config"
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
    let guest = Guest::compile(sandbox, Wasm::of(wat.build()), Limits::default(), grants).await;
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
    let guest = Guest::compile(sandbox, wasm, Limits::default(), Grants::default()).await;
    // Its imports are there; only its tools are not.
    let error = guest.err().unwrap().to_string();
    assert!(error.contains("list-tools") && !error.contains("import"), "{error}");
}
