//! Tests of how values become arguments, variables and input of a program.

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::manifest::Manifest;

fn command(tool: &str) -> ProgramSpec {
    let manifest = format!("[[tools]]\nname = \"a\"\n{tool}");
    let manifest = Manifest::parse("a.toml", &manifest).unwrap_or_else(|error| panic!("{error}"));
    manifest.tools[0].command.clone()
}

fn expand(tool: &str, arguments: &Value) -> Result<ProgramInvocation, String> {
    invocation(&command(tool), &arguments.to_string())
}

#[track_caller]
fn check(tool: &str, arguments: Value, expected: &[&str]) {
    let found = expand(tool, &arguments).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found.args, expected, "{arguments}");
}

#[track_caller]
fn refused(tool: &str, arguments: Value, expected: &str) {
    let error = expand(tool, &arguments).expect_err("refused");
    assert!(error.contains(expected), "{error}");
}

const GREP: &str = r#"
args = ["-n", "{any_case?-i}", ["--context", "{context}"], "--only={kinds|,}", ["-g", "{globs}"], "--", "{pattern}", "{files}"]
[tools.parameters]
pattern = "string"
any_case = "boolean"
context = "integer?"
kinds = "string[]?"
globs = "string[]?"
files = "string[]"
"#;

#[test]
fn what_is_not_given_vanishes_with_what_it_stands_in() {
    check(GREP, json!({"pattern": "x", "files": []}), &["-n", "--", "x"]);
    check(
        GREP,
        json!({"pattern": "x", "files": ["a"], "any_case": false, "context": null, "kinds": [], "globs": []}),
        &["-n", "--", "x", "a"],
    );
}

#[test]
fn lists_repeat_and_join_and_flags_stand_for_switches() {
    check(
        GREP,
        json!({"pattern": "", "files": ["a b", "*"], "any_case": true, "context": 2,
            "kinds": ["rs", "c"], "globs": ["x", "y"]}),
        &["-n", "-i", "--context", "2", "--only=rs,c", "-g", "x", "-g", "y", "--", "", "a b", "*"],
    );
}

#[test]
fn a_list_after_one_flag_is_spread() {
    let tool =
        "args = [[\"--files\", \"{files...}\", \"--end\"]]\nparameters = { files = \"string[]\" }";
    check(tool, json!({"files": ["a", "b"]}), &["--files", "a", "b", "--end"]);
    check(tool, json!({"files": []}), &[]);
}

#[test]
fn a_group_repeats_with_its_other_values() {
    let tool = "args = [[\"--set\", \"{key}={values}\", \"{on?--on}\"]]
        parameters = { key = \"string\", values = \"integer[]\", on = \"boolean\" }";
    check(
        tool,
        json!({"key": "k", "values": [1, 2], "on": true}),
        &["--set", "k=1", "--on", "--set", "k=2", "--on"],
    );
    check(tool, json!({"key": "k", "values": [1, 2]}), &[]);
}

#[test]
fn braces_and_everything_at_once_can_be_written() {
    let tool = "args = [\"{{{a}}}\", \"{...}\"]\nparameters = { a = \"string\" }";
    check(tool, json!({"a": "x"}), &["{x}", r#"{"a":"x"}"#]);
}

#[test]
fn numbers_are_handed_over_as_they_were_written() {
    let tool = "args = [\"={i}\", \"={n}\"]\nparameters = { i = \"integer\", n = \"number\" }";
    let given = |arguments: &str| invocation(&command(tool), arguments).expect("given").args;
    assert_eq!(
        given(r#"{"i": 18446744073709551615, "n": 1.10}"#),
        ["=18446744073709551615", "=1.10"]
    );
    assert_eq!(given(r#"{"i": 1e3, "n": -1E-7}"#), ["=1000", "=-1E-7"]);
    assert_eq!(given(r#"{"i": -2.0, "n": 2}"#), ["=-2", "=2"]);
    assert_eq!(
        given(r#"{"i": 9007199254740993.0, "n": 9007199254740993.0}"#),
        ["=9007199254740993", "=9007199254740993.0"]
    );
    assert_eq!(given(r#"{"i": 1e21, "n": 0}"#), ["=1e21", "=0"]);
}

#[test]
fn a_default_stands_for_what_is_not_given() {
    let tool = "args = [\"{n}\", \"{on?--on}\", \"{words}\"]
        [tools.parameters]
        n = { type = \"integer\", default = 3 }
        on = { type = \"boolean\", default = true }
        words = { type = \"string[]\", default = [\"a\", \"b\"] }";
    check(tool, json!({}), &["3", "--on", "a", "b"]);
    check(tool, json!({"n": 4, "on": false, "words": []}), &["4"]);
}

#[test]
fn a_value_is_no_option_by_surprise() {
    let dash = "begins with `-`";
    let alone = "args = [\"{a}\"]\nparameters = { a = \"string\" }";
    refused(alone, json!({"a": "-rf"}), dash);
    refused(alone, json!({"a": "-"}), dash);
    check(alone, json!({"a": "a-"}), &["a-"]);
    refused(
        "args = [\"{a...}\"]\nparameters = { a = \"string[]\" }",
        json!({"a": ["x", "-y"]}),
        dash,
    );
    refused("args = [\"{a}\"]\nparameters = { a = \"string[]\" }", json!({"a": ["x", "-y"]}), dash);
    refused(
        "args = [[\"--name\", \"{a}\"]]\nparameters = { a = \"string\" }",
        json!({"a": "--x"}),
        dash,
    );
    // An empty value does not hide the next.
    let two = "args = [\"{a}{b}\"]\nparameters = { a = \"string\", b = \"string\" }";
    refused(two, json!({"a": "", "b": "-x"}), dash);
    // After `--`, behind text, a number after its flag, and where the manifest says so.
    check(
        "args = [\"--\", \"{a}\"]\nparameters = { a = \"string\" }",
        json!({"a": "-x"}),
        &["--", "-x"],
    );
    check("args = [\"--n={a}\"]\nparameters = { a = \"string\" }", json!({"a": "-x"}), &["--n=-x"]);
    check(
        "args = [[\"-n\", \"{a}\"]]\nparameters = { a = \"integer\" }",
        json!({"a": -1}),
        &["-n", "-1"],
    );
    refused("args = [\"{a}\"]\nparameters = { a = \"integer\" }", json!({"a": -1}), dash);
    let allowed = "args = [\"{a}\"]\nparameters = { a = { allow_dash = true } }";
    check(allowed, json!({"a": "-x"}), &["-x"]);
    // A `--` that may vanish ends nothing.
    let maybe =
        "args = [[\"--\", \"{b}\"], \"{a}\"]\nparameters = { a = \"string\", b = \"string?\" }";
    refused(maybe, json!({"a": "-x"}), dash);
}

#[test]
fn what_no_argument_can_hold_is_refused() {
    let tool = "args = [\"={a}\"]\nenv = { A = \"{b}\" }\nparameters = { a = \"string\", b = \"string?\" }";
    refused(tool, json!({"a": "x\0"}), "`a` holds the character NUL");
    refused(tool, json!({"a": "", "b": "\0"}), "the variable A holds the character NUL");
    let joined = "args = [\"{a|,}\"]\nparameters = { a = \"string[]\" }";
    refused(joined, json!({"a": ["x", "y,z"]}), "`y,z`");
    refused(
        r#"args = ["{a}"]
        parameters = { a = "string" }"#,
        json!({"a": "x".repeat(3 << 20)}),
        "larger than 2 MiB",
    );
}

#[test]
fn a_large_value_cannot_be_multiplied_without_end() {
    let tool =
        "args = [[\"{a}\", \"{list}\"]]\nparameters = { a = \"string\", list = \"string[]\" }";
    let list: Vec<_> = (0..10_000).map(|_| "").collect();
    refused(tool, json!({"a": "x".repeat(1000), "list": list}), "larger than 2 MiB");
    // Nor can many that hold nothing: each is an argument.
    let most = MAX_GIVEN / ARGUMENT;
    let tools = ["args = [[\"{list}\"]]", "args = [\"{list...}\"]"];
    for (tool, items) in tools.iter().flat_map(|tool| [(tool, most), (tool, most + 1)]) {
        let tool = format!("{tool}\nparameters = {{ list = \"string[]\" }}");
        let list = vec![""; items];
        assert_eq!(expand(&tool, &json!({"list": list})).is_ok(), items == most, "{tool} {items}");
    }
}

#[test]
fn stdin_and_variables_are_filled_too() {
    let tool = "stdin = \"{lines|\\n}\\n\"\nenv = { LANG = \"{lang}\", FIXED = \"1\" }
        parameters = { lines = \"string[]?\", lang = \"string?\" }";
    let full = expand(tool, &json!({"lines": ["a", "b"], "lang": "C"})).expect("given");
    let variables = [("LANG".to_owned(), "C".to_owned()), ("FIXED".to_owned(), "1".to_owned())];
    assert_eq!((full.stdin, full.env), (b"a\nb\n".to_vec(), variables.to_vec()));
    let empty = expand(tool, &json!({})).expect("given");
    assert_eq!((empty.stdin, empty.env), (vec![], variables[1..].to_vec()));
}

#[test]
fn a_whole_schema_gives_its_properties() {
    let tool = r#"args = ["{text}", "{many}", "{deep}", "{on?--on}"]
        input_schema = '''{"type": "object", "properties": {"text": {"type": "string", "default": "d"},
            "many": {"type": "array"}, "deep": {}, "on": {"type": "boolean"}}}'''"#;
    check(
        tool,
        json!({"many": [1, "b", {"c": 2}], "deep": {"x": [1]}, "on": true}),
        &["d", "1", "b", r#"{"c":2}"#, r#"{"x":[1]}"#, "--on"],
    );
    check(tool, json!({"text": "t", "deep": null}), &["t"]);
}

proptest! {
    /// Whatever a value holds, it arrives as one argument and as it is, and changes no other.
    #[test]
    fn a_value_is_one_argument_byte_for_byte(value: String, items: Vec<String>, on: bool) {
        let tool = r#"args = ["first", "{on?--on}", "--", "{value}", "a={value}=b", ["-e", "{items}"], "{items...}", "last"]
            env = { V = "{value}" }
            stdin = "<{value}>"
            parameters = { value = "string", items = "string[]", on = "boolean" }"#;
        static COMMAND: OnceLock<ProgramSpec> = OnceLock::new();
        let arguments = json!({"value": value, "items": items, "on": on}).to_string();
        let result = invocation(COMMAND.get_or_init(|| command(tool)), &arguments);
        if value.contains('\0') || items.iter().any(|item| item.contains('\0')) {
            prop_assert!(result.is_err());
            return Ok(());
        }
        let mut expected = vec!["first".to_owned()];
        expected.extend(on.then(|| "--on".to_owned()));
        expected.extend(["--".to_owned(), value.clone(), format!("a={value}=b")]);
        items.iter().for_each(|item| expected.extend(["-e".to_owned(), item.clone()]));
        expected.extend(items);
        expected.push("last".into());
        let found = result.map_err(TestCaseError::fail)?;
        prop_assert_eq!(found.args, expected);
        prop_assert_eq!(found.env, [("V".to_owned(), value.clone())]);
        prop_assert_eq!(found.stdin, format!("<{value}>").into_bytes());
    }

    /// Before `--`, no value begins an argument with `-`.
    #[test]
    fn no_value_begins_an_argument_with_a_dash(a in "-?[a-z-]{0,3}", b in "-?[a-z-]{0,3}") {
        let tool = r#"args = ["{a}", "{a}{b}", ["-f", "{b}"], "{list}"]
            parameters = { a = "string", b = "string", list = "string[]" }"#;
        let dashed = [&a, &b, &format!("{a}{b}")].iter().any(|text| text.starts_with('-'));
        let result = expand(tool, &json!({"a": a, "b": b, "list": [a.clone(), b.clone()]}));
        prop_assert_eq!(result.is_err(), dashed);
    }
}
