//! JSON Schema: compiled once, when a plugin loads that was never here or when one is called that was, and used on
//! every call.
//!
//! This is the only module that knows the validator. Nothing is ever fetched: a `$ref` that leaves the schema does not
//! compile.

use std::sync::OnceLock;

use jsonschema::{Draft, ValidationError};
use serde_json::Value;
use serde_json::value::RawValue;

use super::budget;
use super::checker::Checker;
use super::explain::MAX_PROBLEMS;
use super::lenient::{self, Reading};
use crate::json;
use crate::text::{clip, escape};

/// The longest text of one problem, in bytes.
const MAX_PROBLEM: usize = 300;
/// The most patterns of one schema.
const MAX_SCHEMA_PATTERNS: usize = 32;
/// The largest product of a plain schema and a value, in bytes of JSON, with which the check ends before another thread
/// could be asked.
const MAX_INLINE: usize = 4 * 1024 * 1024;

/// A schema: compiled, or known to compile.
pub(crate) struct Schema {
    text: Box<RawValue>,
    compiled: OnceLock<Result<CompiledSchema, String>>,
}

struct CompiledSchema {
    checker: Checker,
    /// True if it neither refers nor searches, so that its cost grows only with the value.
    is_plain: bool,
    /// The number of patterns that it searches for.
    patterns: usize,
}

impl Schema {
    /// Compiles `text`, or says why it is no schema.
    pub(crate) fn compile(text: &RawValue) -> Result<Self, String> {
        let compiled = OnceLock::from(Ok(CompiledSchema::of(text)?));
        Ok(Self { text: text.to_owned(), compiled })
    }

    /// The schema of a text that is known to compile. It is compiled when something is checked.
    pub(crate) fn known(text: &RawValue) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    /// Returns the number of patterns that it keeps in memory.
    pub(crate) fn patterns(&self) -> usize {
        self.now().map_or(0, |compiled| compiled.patterns)
    }

    /// Checks `value`, which is `length` bytes of JSON. An error says what is wrong: where, and what was expected.
    ///
    /// A check that may take long gives way first, so that a call which was begun elsewhere goes on among the guests.
    /// The check gets the thread for itself, and the runtime another: the runtime needs more than one.
    pub(crate) async fn check(&self, value: &Value, length: usize) -> Result<(), String> {
        if self.is_quick(length) && self.is_valid_at_once(value) {
            return Ok(());
        }
        tokio::task::yield_now().await;
        tokio::task::block_in_place(|| self.check_here(value))
    }

    /// Reads the arguments `text`, which are `value`: as they are, which returns `None`, or as `reading` lets them be
    /// read, which returns that text. An error says what is wrong with them, and what would be right.
    pub(crate) async fn read(
        &self,
        value: &Value,
        text: &str,
        reading: Reading,
    ) -> Result<Option<String>, String> {
        if self.is_quick(text.len()) && self.is_valid_at_once(value) {
            return Ok(None);
        }
        tokio::task::yield_now().await;
        tokio::task::block_in_place(|| self.read_here(value, text, reading))
    }

    pub(crate) fn read_here(
        &self,
        value: &Value,
        text: &str,
        reading: Reading,
    ) -> Result<Option<String>, String> {
        let checker = &self.compiled()?.checker;
        budget::within(|| {
            if checker.is_valid(value) {
                return Ok(None);
            }
            let schema = json::value(self.text.get()).map_err(|error| error.to_string())?;
            lenient::read(checker, &schema, value, text, reading).map(Some)
        })
        .map_err(|spent| spent.to_string())?
    }

    /// True if the value is known to be valid before another thread could be asked.
    fn is_valid_at_once(&self, value: &Value) -> bool {
        self.now().is_some_and(|compiled| {
            budget::at_once(|| compiled.checker.is_valid(value)) == Some(true)
        })
    }

    /// True if checking a value of `length` bytes of JSON probably ends before another thread could be asked.
    fn is_quick(&self, length: usize) -> bool {
        self.text.get().len().saturating_mul(length) <= MAX_INLINE
            && self.now().is_some_and(|compiled| compiled.is_plain)
    }

    pub(crate) fn check_here(&self, value: &Value) -> Result<(), String> {
        self.check_where(value, |_| true)
    }

    /// Checks one member of an object by what is said of that member alone: the members that the object has or lacks
    /// besides may change the rest.
    pub(crate) fn check_member(&self, name: &str, value: Value) -> Result<(), String> {
        let (object, own) = (Value::from_iter([(name, value)]), format!("/properties/{name}/"));
        self.check_where(&object, |error| error.evaluation_path().as_str().starts_with(&own))
    }

    fn check_where(
        &self,
        value: &Value,
        counts: impl Fn(&ValidationError<'_>) -> bool,
    ) -> Result<(), String> {
        let compiled = self.compiled()?;
        let problems: Vec<String> = budget::within(|| {
            let errors = compiled.checker.problems(value, MAX_PROBLEMS, counts);
            errors.iter().map(problem).collect()
        })
        .map_err(|spent| spent.to_string())?;
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    }

    fn compiled(&self) -> Result<&CompiledSchema, String> {
        let compiled = self.compiled.get_or_init(|| CompiledSchema::of(&self.text));
        compiled.as_ref().map_err(|problem| format!("their schema: {problem}"))
    }

    fn now(&self) -> Option<&CompiledSchema> {
        self.compiled.get()?.as_ref().ok()
    }
}

impl CompiledSchema {
    fn of(text: &RawValue) -> Result<Self, String> {
        let value = json::value(text.get()).map_err(|error| error.to_string())?;
        let patterns = count(&value, &["pattern", "patternProperties"]);
        if patterns > MAX_SCHEMA_PATTERNS {
            return Err(format!("it has {patterns} patterns; the most is {MAX_SCHEMA_PATTERNS}"));
        }
        let draft = dialect(&value)?;
        let is_plain = patterns == 0 && count(&value, &["$ref", "$dynamicRef"]) == 0;
        let checker = Checker::compile(&value, draft).map_err(|problem| short(&problem))?;
        Ok(Self { checker, is_plain, patterns })
    }
}

/// The dialect that `schema` is written in: what its `$schema` says, else that of MCP.
fn dialect(schema: &Value) -> Result<Draft, String> {
    let Some(named) = schema.get("$schema") else { return Ok(Draft::Draft202012) };
    let text = named.as_str().unwrap_or_default();
    let plain = text.strip_suffix('#').unwrap_or(text);
    let plain = plain.strip_prefix("https://").or(plain.strip_prefix("http://"));
    match plain {
        Some("json-schema.org/draft-04/schema") => Ok(Draft::Draft4),
        Some("json-schema.org/draft-06/schema") => Ok(Draft::Draft6),
        Some("json-schema.org/draft-07/schema") => Ok(Draft::Draft7),
        Some("json-schema.org/draft/2019-09/schema") => Ok(Draft::Draft201909),
        Some("json-schema.org/draft/2020-12/schema" | "json-schema.org/schema") => {
            Ok(Draft::Draft202012)
        }
        _ => Err(short(&format!(
            "its `$schema` is {named}; known are the dialects 2020-12, which is also meant without it, 2019-09, draft-07, \
             draft-06 and draft-04"
        ))),
    }
}

/// Counts how often one of `keys` stands in `schema`.
fn count(schema: &Value, keys: &[&str]) -> usize {
    match schema {
        Value::Array(items) => items.iter().map(|item| count(item, keys)).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| {
                let own = match member {
                    // Each member of `patternProperties` counts as one.
                    Value::Object(patterns) if key == "patternProperties" => patterns.len(),
                    _ => 1,
                };
                count(member, keys) + if keys.contains(&key.as_str()) { own } else { 0 }
            })
            .sum(),
        _ => 0,
    }
}

fn problem(error: &ValidationError<'_>) -> String {
    let place = error.instance_path().to_string();
    let place = if place.is_empty() { "at the top".into() } else { format!("at `{place}`") };
    short(&format!("{place}: {}", error.masked_with("the value")))
}

fn short(text: &str) -> String {
    escape(clip(text, MAX_PROBLEM))
}

/// Definitions `d0` to `d<levels>`, each of which applies the next one twice, by `keyword`; the last one is `leaf`.
#[cfg(test)]
pub(super) fn doubling(keyword: &str, levels: usize, leaf: &str) -> String {
    let level = |at: usize| {
        let next = format!(r##"{{"$ref":"#/$defs/d{}"}}"##, at + 1);
        format!(r#""d{at}":{{"{keyword}":[{next},{next}]}},"#)
    };
    (0..levels).map(level).collect::<String>() + &format!(r#""d{levels}":{leaf}"#)
}

/// Reads `arguments` as a tool does that takes them by `schema`.
#[cfg(test)]
pub(crate) fn read(
    schema: &str,
    arguments: &str,
    reading: Reading,
) -> Result<Option<String>, String> {
    let schema = RawValue::from_string(schema.into()).expect("JSON");
    let schema = Schema::compile(&schema).expect("a schema");
    let value = json::value(arguments).expect("JSON");
    schema.read_here(&value, arguments, reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_LONG: &str = "checking them against the schema takes too long";

    #[track_caller]
    fn check(schema: &str, value: &str, expected: &str) {
        let value = serde_json::from_str(value).expect("JSON");
        assert_eq!(compiled(schema).check_here(&value).err().unwrap_or_default(), expected);
    }

    #[track_caller]
    fn compiled(schema: &str) -> Schema {
        let schema = RawValue::from_string(schema.into()).expect("JSON");
        Schema::compile(&schema).expect("a schema")
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
    fn a_schema_is_read_in_the_dialect_that_it_names() {
        for (dialect, list) in [
            ("http://json-schema.org/draft-07/schema#", "items"),
            ("https://json-schema.org/draft/2019-09/schema", "items"),
            ("http://json-schema.org/draft-04/schema#", "items"),
            ("https://json-schema.org/draft/2020-12/schema", "prefixItems"),
        ] {
            let schema = format!(r#"{{"$schema":"{dialect}","{list}":[{{"type":"integer"}}]}}"#);
            check(&schema, r#"[1,"any"]"#, "");
            check(&schema, r#"["1"]"#, r#"at `/0`: the value is not of type "integer""#);
        }
        // Draft 4 has no numbers as exclusive bounds, and looks at nothing beside a reference.
        let exclusive = r#"{"$schema":"http://json-schema.org/draft-04/schema#","minimum":3,"exclusiveMinimum":true}"#;
        check(exclusive, "3", "at the top: the value is less than or equal to the minimum of 3");
        for unknown in ["\"http://json-schema.org/draft-03/schema#\"", "\"draft-07\"", "7"] {
            let schema =
                RawValue::from_string(format!(r#"{{"$schema":{unknown}}}"#)).expect("JSON");
            let refused = Schema::compile(&schema).err().expect("refused");
            assert!(refused.contains(unknown) && refused.contains("draft-07"), "{refused}");
        }
    }

    #[test]
    fn a_value_that_would_be_checked_for_ever_is_ended() {
        // Each level looks at the one below it twice.
        let mut levels = r#"{"type":"object"}"#.to_owned();
        for _ in 0..7 {
            levels = format!(r#"{{"allOf":[{levels}],"unevaluatedProperties":{{}}}}"#);
        }
        check(&format!(r#"{{"items":{levels}}}"#), &list("{}", 100_000), TOO_LONG);
        // Each item fails before anything else could be asked.
        let defs = doubling("anyOf", 11, "false");
        let alternatives =
            format!(r##"{{"$defs":{{{defs}}},"contains":{{"$ref":"#/$defs/d0"}}}}"##);
        check(&alternatives, &list("1", 400_000), TOO_LONG);
        // One search takes long.
        let pattern = r#"{"pattern":"a[ab]{200}c|a[ab]{190}d|b[ab]{199}e"}"#;
        let text = "ab".repeat(500_000);
        let long =
            format!("{TOO_LONG}: a text of 1000000 bytes is searched with a pattern; the most is");
        assert!(
            compiled(pattern)
                .check_here(&text.into())
                .is_err_and(|problem| problem.starts_with(&long))
        );
        check(
            pattern,
            r#""ab""#,
            &format!(
                "at the top: the value does not match {:?}",
                "a[ab]{200}c|a[ab]{190}d|b[ab]{199}e"
            ),
        );
        // Recursion that a value ends is fine.
        let tree = r##"{"properties":{"left":{"$ref":"#"},"right":{"$ref":"#"}},"additionalProperties":false}"##;
        check(tree, r#"{"left":{"left":{},"right":{"right":{}}}}"#, "");
    }

    #[test]
    fn problems_that_take_too_much_memory_are_not_all_kept() {
        let texts = r#"{"additionalProperties":{"items":{"type":"string"}}}"#;
        let value = format!(r#"{{"{}":{}}}"#, "k".repeat(400_000), list("1", 100_000));
        let refused = compiled(texts).check_here(&json::value(&value).expect("JSON"));
        assert!(refused.is_err_and(|problem| problem.starts_with("at `/kkk")));
        // Each alternative keeps a copy of what it does not take.
        let members: Vec<_> = (0..5_000).map(|n| format!("\"{n}\":1")).collect();
        let members = format!("{{{}}}", members.join(","));
        let names = r#"{"oneOf":[{"propertyNames":{"const":1}}]}"#;
        check(names, &members, TOO_LONG);
        // Each keeps all names.
        let closed = r#"{"properties":{"a":{}},"additionalProperties":false}"#;
        let many = format!(r#"{{"anyOf":[{}]}}"#, [closed; 400].join(","));
        let names: Vec<_> = (0..60_000).map(|n| format!("\"name {n}\":1")).collect();
        check(&many, &format!("{{{}}}", names.join(",")), TOO_LONG);
    }

    fn list(item: &str, length: usize) -> String {
        format!("[{}]", vec![item; length].join(","))
    }

    #[test]
    fn no_reference_makes_data_a_schema() {
        for (keyword, to) in [
            ("default", "#/default/a"),
            ("const", "#/const/a"),
            ("enum", "#/enum/0/a"),
            ("examples", "#/examples/0/a"),
            ("default", "#/%64efault/a"),
            ("default", "http://here/#/default/a"),
        ] {
            let data = if to.contains("/0/") { r#"[{"a":{}}]"# } else { r#"{"a":{}}"# };
            let text = format!(
                r#"{{"$id":"http://here/","{keyword}":{data},"anyOf":[{{"$ref":"{to}"}}]}}"#
            );
            let schema = RawValue::from_string(text).expect("JSON");
            let refused = Schema::compile(&schema).err().expect("refused");
            assert!(refused.ends_with("which is data and no schema"), "{refused}");
        }
        let named =
            r##"{"properties":{"const":{"type":"null"}},"items":{"$ref":"#/properties/const"}}"##;
        check(named, "[null]", "");
    }

    #[test]
    fn patterns_are_few_and_small() {
        let many: Vec<String> = (0..33).map(|n| format!(r#"{{"pattern":"{n}"}}"#)).collect();
        for text in
            [format!(r#"{{"allOf":[{}]}}"#, many.join(",")), r#"{"pattern":"\\p{L}{24}N"}"#.into()]
        {
            let schema = RawValue::from_string(text).expect("JSON");
            assert!(Schema::compile(&schema).is_err());
        }
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
            r#"{"default":{"$id":"http://d/"},"$ref":"http://d/"}"#,
            r##"{"const":{"$anchor":"d"},"anyOf":[{"$ref":"#d"}]}"##,
            r##"{"enum":[{"$dynamicAnchor":"d"}],"anyOf":[{"$dynamicRef":"#d"}]}"##,
        ] {
            let schema = RawValue::from_string(text.into()).expect("JSON");
            assert!(Schema::compile(&schema).is_err(), "{text}");
        }
    }

    #[test]
    fn a_schema_is_plain_that_has_neither_patterns_nor_references() {
        for (schema, is_plain) in [
            (r#"{"type":"object","properties":{"a":{"enum":[1]}}}"#, true),
            (r#"{"properties":{"a":{"pattern":"x"}}}"#, false),
            (r#"{"allOf":[{"patternProperties":{"x":{}}}]}"#, false),
            (r##"{"properties":{"a":{"$ref":"#"}}}"##, false),
            (r##"{"$dynamicAnchor":"a","properties":{"a":{"$dynamicRef":"#a"}}}"##, false),
        ] {
            let schema = RawValue::from_string(schema.into()).expect("JSON");
            let compiled = CompiledSchema::of(&schema).expect("a schema");
            assert_eq!(compiled.is_plain, is_plain, "{schema}");
        }
    }
}
