//! JSON Schema: compiled once when a plugin loads, asked on every call.
//!
//! The only module that knows the validator. Nothing is ever fetched: a `$ref` that leaves the schema
//! does not compile.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::text::escape;

/// Problems told to a model at once. More do not help it.
const MAX_PROBLEMS: usize = 5;
/// One problem's text, in bytes.
const MAX_PROBLEM: usize = 300;
/// A compiled `pattern`, in bytes.
const MAX_PATTERN: usize = 1024 * 1024;

/// A compiled schema.
pub(super) struct Schema(Validator);

impl Schema {
    /// Compiles `text`, or says why it is no schema.
    pub(super) fn compile(text: &RawValue) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text.get()).map_err(|error| error.to_string())?;
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            // The linear engine: a pattern cannot be made to search for ever.
            .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN))
            .build(&value)
            .map(Self)
            .map_err(|error| short(&error.to_string()))
    }

    /// What is wrong with `value`: where, and what was expected.
    pub(super) fn check(&self, value: &Value) -> Result<(), String> {
        let problems: Vec<String> = self
            .0
            .iter_errors(value)
            .take(MAX_PROBLEMS)
            .map(|error| {
                let place = error.instance_path().to_string();
                let place = if place.is_empty() { "at the top".into() } else { format!("at `{place}`") };
                short(&format!("{place}: {}", error.masked_with("the value")))
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    }
}

fn short(text: &str) -> String {
    escape(&text[..text.floor_char_boundary(MAX_PROBLEM)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &str, value: &str, expected: &str) {
        let schema = RawValue::from_string(schema.into()).expect("JSON");
        let schema = Schema::compile(&schema).expect("a schema");
        let value = serde_json::from_str(value).expect("JSON");
        assert_eq!(schema.check(&value).err().unwrap_or_default(), expected);
    }

    #[test]
    fn a_problem_names_its_place_and_what_was_expected() {
        let schema = r#"{"type":"object","properties":{"a":{"type":"object","properties":{
            "b":{"type":"integer","minimum":3}}}},"required":["a"],"additionalProperties":false}"#;
        check(schema, r#"{"a":{"b":3}}"#, "");
        check(schema, r#"{"a":{"b":"x"}}"#, r#"at `/a/b`: the value is not of type "integer""#);
        check(schema, r#"{"a":{"b":1}}"#, "at `/a/b`: the value is less than the minimum of 3");
        check(schema, "{}", r#"at the top: "a" is a required property"#);
        check(
            schema,
            r#"{"a":{},"c":1}"#,
            "at the top: Additional properties are not allowed ('c' was unexpected)",
        );
    }

    #[test]
    fn nothing_is_fetched_and_nonsense_does_not_compile() {
        for text in [
            r#"{"$ref":"http://127.0.0.1:9/schema.json"}"#,
            r#"{"$ref":"file:///etc/passwd"}"#,
            r#"{"type":"nonsense"}"#,
            r#"{"pattern":"("}"#,
            r#"{"pattern":"(?=look)"}"#,
            r##"{"$ref":"#/$defs/missing"}"##,
        ] {
            let schema = RawValue::from_string(text.into()).expect("JSON");
            assert!(Schema::compile(&schema).is_err(), "{text}");
        }
    }
}
