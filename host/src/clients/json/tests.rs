//! Entries put into JSON of every style, and taken out again.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::clients::ServerEntry;
use crate::clients::entry::EntryForm;

const JSON: Syntax = Syntax::JsonWithComments;

fn inserted(text: &str) -> Result<String, ConfigEditError> {
    let args = vec!["serve".to_owned()];
    let entry = ServerEntry { command: "/t".into(), args, env: BTreeMap::new() };
    JsonText::parse(text, JSON)?.insert("servers", "t", &entry.written(EntryForm::Plain))
}

fn removed(text: &str, is_pruned: bool) -> String {
    let text = JsonText::parse(text, JSON).expect("JSON");
    text.remove("servers", "t", is_pruned).expect("it is there")
}

/// Inserts into `text`, and takes it out again.
#[track_caller]
fn check(text: &str, expected: &str) {
    let entry = "{\n$\"command\": \"/t\",\n$\"args\": [\n$$\"serve\"\n$]\n}";
    let with = inserted(text).expect("JSON");
    assert_eq!(with, expected.replace("ENTRY", entry).replace('$', "  "), "{text:?}");
    let had_key = text.contains("servers");
    assert_eq!(removed(&with, !had_key), text, "{with}");
}

#[test]
fn an_entry_stands_as_its_neighbours_do_and_leaves_nothing_behind() {
    let compact = r#"{"command":"/t","args":["serve"]}"#;
    for (text, expected) in [
        // Lists on one line and on several, empty and not.
        (r#"{"a": 1}"#, format!(r#"{{"a": 1, "servers": {{"t":{compact}}}}}"#)),
        (r#"{"servers":{}}"#, format!(r#"{{"servers":{{"t": {compact}}}}}"#)),
        (r#"{"servers":{"a":{}}}"#, format!(r#"{{"servers":{{"a":{{}}, "t": {compact}}}}}"#)),
    ] {
        check(text, &expected);
    }
}

#[test]
fn indentation_line_ends_and_comments_are_kept() {
    let entry = |at: &str, step: &str, end: &str| {
        let lines = ["{", "$\"command\": \"/t\",", "$\"args\": [", "$$\"serve\"", "$]", "}"];
        lines.map(|line| line.replace('$', step)).join(&format!("{end}{at}"))
    };
    let two = entry("    ", "  ", "\n");
    let tab = entry("\t\t", "\t", "\r\n");
    for (text, expected) in [
        (
            "{\n  // mine\n  \"a\": 1 // why\n}\n",
            format!(
                "{{\n  // mine\n  \"a\": 1, // why\n  \"servers\": {{\n    \"t\": {two}\n  }}\n}}\n"
            ),
        ),
        (
            "{\n  \"servers\": {\n    // none\n  }\n}",
            format!("{{\n  \"servers\": {{\n    // none\n    \"t\": {two}\n  }}\n}}"),
        ),
        (
            "{\n  \"servers\": {\n    \"a\": {} /* last */\n  }, // all\n}",
            format!(
                "{{\n  \"servers\": {{\n    \"a\": {{}}, /* last */\n    \"t\": {two}\n  }}, // all\n}}"
            ),
        ),
        (
            "{\r\n\t\"servers\": {\r\n\t\t\"a\": {}\r\n\t}\r\n}",
            format!(
                "{{\r\n\t\"servers\": {{\r\n\t\t\"a\": {{}},\r\n\t\t\"t\": {tab}\r\n\t}}\r\n}}"
            ),
        ),
    ] {
        check(text, &expected);
    }
}

#[test]
fn an_empty_file_becomes_an_object() {
    for text in ["", " \n", "{}", "// mine\n"] {
        let with = inserted(text).expect("JSON");
        assert!(
            with.starts_with(if text.contains("mine") {
                "// mine\n{\n  \"servers\""
            } else {
                "{\n  \"servers\""
            }),
            "{with}"
        );
        let without = removed(&with, true);
        assert_eq!(without.replace("// mine", "").trim(), "{}");
    }
}

#[test]
fn what_stands_around_an_entry_stays_whatever_its_place() {
    for (text, expected) in [
        (r#"{"servers": {"t": {}, "a": 1}}"#, r#"{"servers": { "a": 1}}"#),
        (r#"{"servers": {"a": 1, "t": {},}}"#, r#"{"servers": {"a": 1,}}"#),
        ("{\"servers\": {\"a\": 1, // a\n\"t\": {}}}", "{\"servers\": {\"a\": 1 // a\n}}"),
        ("{\"servers\": { // a\n\"t\": {} // t\n}}", "{\"servers\": { // a\n // t\n}}"),
        ("{\"servers\": {\n\"t\": {},\n}}", "{\"servers\": {}}"),
    ] {
        let without = removed(text, false);
        assert_eq!(without, expected);
        JsonText::parse(&without, JSON).expect("JSON");
    }
}

#[test]
fn an_entry_is_replaced_in_its_place() {
    let with = inserted("{\n  \"servers\": {\n    \"t\": 1, // t\n    \"a\": 2\n  }\n}");
    let with = with.expect("JSON");
    assert!(with.contains("\"t\": {\n      \"command\": \"/t\","), "{with}");
    assert!(with.contains("    }, // t\n    \"a\": 2\n"), "{with}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, line, column, part) in [
        ("{\n  \"a\" 1\n}", 2, 7, "colon"),
        ("[]", 1, 1, "the file is a list; expected an object"),
        ("{\"servers\": null}", 1, 13, "`servers` is null"),
        ("{\"servers\": {}, \"servers\": {}}", 1, 17, "`servers` is there twice"),
        ("{\"servers\": {\"t\": 1, \"t\": 2}}", 1, 22, "`t` is there twice"),
        ("{'a': 1}", 1, 2, "single-quoted"),
    ] {
        let ConfigEditError::At { line: l, column: c, problem } = inserted(text).expect_err(text)
        else {
            panic!("no place: {text}");
        };
        assert!((l, c) == (line, column) && problem.contains(part), "{l}:{c}: {problem}");
    }
    let commented = JsonText::parse("{} // mine", Syntax::Json).err().expect("refused");
    assert!(commented.to_string().contains("comments are not allowed"), "{commented}");
    let deep = "[".repeat(100_000);
    assert!(inserted(&format!("{{\"a\": {deep}")).is_err());
}

/// An object of small things, which may have servers.
fn objects() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\{},/*]{0,6}".prop_map(Value::from)
    ];
    let values = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    let servers =
        proptest::option::of(proptest::collection::btree_map("[a-z]{1,3}", values.clone(), 0..3));
    let members = proptest::collection::btree_map("[a-z]{1,3}", values, 0..4);
    (members, servers).prop_map(|(members, servers)| {
        let mut whole: serde_json::Map<_, _> = members.into_iter().collect();
        if let Some(servers) = servers {
            whole.insert("servers".into(), Value::Object(servers.into_iter().collect()));
        }
        Value::Object(whole)
    })
}

proptest! {
    #[test]
    fn whatever_a_file_holds_comes_back(
        value in objects(),
        is_pretty in any::<bool>(),
        comment in "( |\n|// a\n|/\\* b \\*/){0,2}",
        newline in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = format!("{comment}{}{comment}", text.expect("JSON").replace('\n', newline));
        // An entry of that name would be replaced.
        prop_assume!(value["servers"].get("t").is_none());
        let with = inserted(&text).expect("JSON");
        let parsed = |text: &str| -> Value {
            parse_to_ast(text, &CollectOptions::default(), &options(JSON)).expect("JSON").value.expect("a value").into()
        };
        let mut seen = parsed(&with);
        prop_assert_eq!(&seen["servers"]["t"]["command"], "/t");
        seen["servers"].as_object_mut().expect("servers").remove("t");
        if value.get("servers").is_none() {
            seen.as_object_mut().expect("an object").remove("servers");
        }
        prop_assert_eq!(&seen, &value);
        let without = removed(&with, value.get("servers").is_none());
        prop_assert_eq!(without, text);
    }
}

#[test]
fn in_an_entry_of_toolracks_everything_that_a_person_wrote_stays() {
    let before = r#"{
  "servers": {
    "t": {
      "command": "/old/toolrack",
      // a token of mine
      "env": {"KEY": "abc", "TOOLRACK_HOME": "/data"},
      "args": ["serve", "--plugins", "/srv"],
      "disabled": true, // while I look
      "autoApprove": ["calc_evaluate"]
    }
  }
}
"#;
    let after = r#"{
  "servers": {
    "t": {
      "command": "/t",
      // a token of mine
      "env": {"KEY": "abc"},
      "args": [
        "serve"
      ],
      "disabled": true, // while I look
      "autoApprove": ["calc_evaluate"]
    }
  }
}
"#;
    assert_eq!(inserted(before).expect("JSON"), after);
    // What is not toolrack's is replaced whole: its variables are of no use to another program.
    let foreign = r#"{"servers":{"t":{"command":"npx","env":{"KEY":"abc"},"disabled":true}}}"#;
    let replaced = r#"{"servers":{"t":{"command":"/t","args":["serve"]}}}"#;
    assert_eq!(inserted(foreign).expect("JSON"), replaced);
}

#[test]
fn variables_that_are_no_texts_stay_too() {
    for (before, after) in [
        (r#"{"PORT":1}"#, Some(r#"{"PORT":1}"#)),
        (r#"{"PORT":1,"TOOLRACK_HOME":"/h"}"#, Some(r#"{"PORT":1}"#)),
        ("{}", Some("{}")),
        (r#"{"TOOLRACK_HOME":"/h"}"#, None),
    ] {
        let text =
            format!(r#"{{"servers":{{"t":{{"command":"toolrack","args":[],"env":{before}}}}}}}"#);
        let after = after.map(|env| format!(r#","env":{env}"#)).unwrap_or_default();
        let expected =
            format!(r#"{{"servers":{{"t":{{"command":"/t","args":["serve"]{after}}}}}}}"#);
        assert_eq!(inserted(&text).expect("JSON"), expected);
    }
    let text = r#"{"servers":{"t":{"command":"toolrack","args":["serve"],"env":null}}}"#;
    let env = BTreeMap::from([("TOOLRACK_HOME".to_owned(), "/h".to_owned())]);
    let entry = ServerEntry { command: "/t".into(), args: vec!["serve".into()], env };
    let parsed = JsonText::parse(text, JSON).expect("JSON");
    let with = parsed.insert("servers", "t", &entry.written(EntryForm::Plain)).expect("JSON");
    let expected = text.replace("null", r#"{"TOOLRACK_HOME":"/h"}"#).replace("toolrack\"", "/t\"");
    assert_eq!(with, expected);
}

#[test]
fn a_setting_that_is_not_there_yet_is_added() {
    let text = r#"{"servers":{"t":{"command":"toolrack","trust":true}}}"#;
    let env = BTreeMap::from([("TOOLRACK_HOME".to_owned(), "/h".to_owned())]);
    let entry = ServerEntry { command: "/t".into(), args: vec!["serve".into()], env };
    let parsed = JsonText::parse(text, JSON).expect("JSON");
    let with = parsed.insert("servers", "t", &entry.written(EntryForm::Typed)).expect("JSON");
    let members = r#""command":"/t","trust":true, "type": "stdio", "args": ["serve"], "env": {"TOOLRACK_HOME":"/h"}"#;
    assert_eq!(with, format!(r#"{{"servers":{{"t":{{{members}}}}}}}"#));
}
