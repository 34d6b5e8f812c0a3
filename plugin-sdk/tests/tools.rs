//! From a function to what the host is told of it, and from arguments to an answer: natively, by the
//! same table that the Wasm export serves.

use serde_json::{Value, json};
use toolrack_sdk::__private::{Tool, call, list};
use toolrack_sdk::{Content, Output, ToolError};

mod plugins;
use plugins::{listing, parameters, returns};

fn schema(tools: &[Tool], name: &str) -> Value {
    let tool = list(tools).into_iter().find(|tool| tool.name == name).expect("the tool is listed");
    serde_json::from_str(&tool.input_schema).expect("the schema is JSON")
}

#[test]
fn parameters_become_properties() {
    let check = |name: &str, required: Value, properties: Value| {
        let mut expected = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if required != json!([]) {
            expected["required"] = required;
        }
        assert_eq!(schema(parameters::__TOOLS, name), expected, "{name}");
    };
    check("nothing", json!([]), json!({}));
    check(
        "text",
        json!(["owned", "lent"]),
        json!({
            "owned": { "type": "string", "description": "It owns this.\n\n- one\n  - two" },
            "lent": { "type": "string" },
        }),
    );
    check(
        "numbers",
        json!(["small", "large", "real"]),
        json!({
            "small": { "type": "integer", "minimum": 0, "maximum": 255 },
            "large": { "type": "integer" },
            "real": { "type": "number" },
        }),
    );
    check(
        "optional",
        json!([]),
        json!({
            "maybe": { "type": "string" },
            "often": { "type": "integer", "minimum": 1, "maximum": 100, "default": 10 },
        }),
    );
    check(
        "renamed",
        json!(["type", "match"]),
        json!({
            "type": { "type": "string" },
            "match": { "type": "boolean" },
        }),
    );
    check(
        "own_types",
        json!(["shape", "points"]),
        json!({
            "shape": { "type": "string", "enum": ["round", "square"] },
            "points": { "type": "array", "items": {
                "type": "object",
                "description": "A place.",
                "properties": { "x": { "type": "integer" }, "y": { "type": "integer" } },
                "required": ["x", "y"],
            } },
        }),
    );
}

#[test]
fn a_schema_by_hand_replaces_the_derived_one() {
    let expected = json!({ "type": "object", "properties": { "free": {} } });
    assert_eq!(schema(parameters::__TOOLS, "by_hand"), expected);
    let answer = call(parameters::__TOOLS, "by_hand", r#"{"free": 1, "more": 2}"#);
    assert_eq!(answer, Ok(Output::text("1")));
}

#[test]
fn flattened_fields_are_arguments() {
    let flat = schema(parameters::__TOOLS, "flat");
    let integer = json!({ "type": "integer" });
    assert_eq!(flat["properties"], json!({ "x": integer, "y": integer }));
    let answer = call(parameters::__TOOLS, "flat", r#"{"x": 1, "y": 2}"#);
    assert_eq!(answer, Ok(Output::text("3")));
}

#[test]
fn arguments_reach_the_function() {
    let check = |name: &str, arguments: &str, expected: &str| {
        assert_eq!(call(parameters::__TOOLS, name, arguments), Ok(Output::text(expected)));
    };
    check("nothing", "{}", "nothing");
    check("text", r#"{"owned": "a", "lent": "b"}"#, "ab");
    check("optional", "{}", "None 10");
    check("optional", r#"{"maybe": null, "often": 3}"#, "None 3");
    check("optional", r#"{"maybe": "x"}"#, "Some(\"x\") 10");
    check("renamed", r#"{"type": "t", "match": true}"#, "t true");
    check("own_types", r#"{"shape": "round", "points": [{"x": 1, "y": 2}]}"#, "Round 1");
}

#[test]
fn wrong_arguments_are_refused_with_their_place() {
    let check = |name: &str, arguments: &str, reason: &str| {
        let expected = Err(ToolError::invalid_arguments(reason));
        assert_eq!(call(parameters::__TOOLS, name, arguments), expected, "{arguments}");
    };
    check("text", r#"{"owned": "a"}"#, "missing field `lent` at line 1 column 14");
    check(
        "text",
        r#"{"owner": "a"}"#,
        "`owner`: unknown field `owner`, expected `owned` or `lent` at line 1 column 8",
    );
    check(
        "numbers",
        r#"{"small": 256}"#,
        "`small`: invalid value: integer `256`, expected u8 at line 1 column 13",
    );
    check(
        "own_types",
        r#"{"shape": "round", "points": [{"x": 1, "y": 2}, {"x": "1"}]}"#,
        "`points[1].x`: invalid type: string \"1\", expected i32 at line 1 column 57",
    );
    check(
        "nowhere",
        "{}",
        "there is no tool `nowhere`; there are `nothing`, `text`, `numbers`, `optional`, `renamed`, `own_types`, `flat`, `by_hand`",
    );
}

#[test]
fn results_become_answers() {
    let check = |name: &str, expected: Result<Output, ToolError>| {
        assert_eq!(call(returns::__TOOLS, name, "{}"), expected, "{name}");
    };
    check("unit", Ok(Output::text("done")));
    check("number", Ok(Output::text("0.5")));
    check("fixed", Ok(Output::text("fixed")));
    check("blocks", Ok(vec![Content::text("a"), Content::image("image/png", [1])].into()));
    let point = Output::text(r#"{"x":1,"y":2}"#).structured(&json!({ "x": 1, "y": 2 }));
    check("point", point);
    check("chained", Err(ToolError::new("outer: inner")));
    check("parsed", Err(ToolError::new("invalid digit found in string")));
    check("refused", Err(ToolError::invalid_arguments("no")));
}

#[test]
fn json_results_have_an_output_schema() {
    let check = |name: &str, expected: Value| {
        let tools = list(returns::__TOOLS);
        let tool = tools.into_iter().find(|tool| tool.name == name).expect("the tool is listed");
        let found = tool
            .output_schema
            .map_or(Value::Null, |text| serde_json::from_str(&text).expect("the schema is JSON"));
        assert_eq!(found, expected, "{name}");
    };
    let point = json!({
        "type": "object",
        "properties": { "x": { "type": "integer" }, "y": { "type": "integer" } },
        "required": ["x", "y"],
    });
    check("point", point.clone());
    check("perhaps_point", point);
    check("by_hand", json!({ "type": "object" }));
    check("number", Value::Null);
}

#[test]
fn listing_says_what_the_author_said() {
    let listed: Vec<String> = list(listing::__TOOLS)
        .into_iter()
        .map(|tool| {
            let wit = tool.annotations;
            let flags = [wit.read_only, wit.destructive, wit.idempotent, wit.open_world];
            let flags = flags.map(|flag| flag.map_or("-", |flag| if flag { "yes" } else { "no" }));
            format!(
                "{} | {:?} | {} | {} | {:?}",
                tool.name,
                tool.title,
                tool.description,
                flags.join(" "),
                tool.meta
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            "plain | None | First line.\nSecond line.\n\n    indented | - - - - | None",
            "full-name | Some(\"Full\") | From a constant. | yes no yes no | Some(\"{\\\"a\\\":1}\")",
            "match | None | From a file. | - - - - | Some(\"{\\\"b\\\":2,\\\"toolrack/requires\\\":[\\\"files:write\\\",\\\"secret:KEY\\\"]}\")",
        ]
    );
}
