//! The values that a schema takes, in words: for messages, and for people who look at a tool.

use serde_json::Value;

use super::problem_place::resolved;
use crate::text::{clip, escape};

/// The most values that are named where one of several is wanted.
const MAX_OPTIONS: usize = 20;
/// The longest text of a value that is shown, in bytes.
pub(crate) const MAX_SHOWN_VALUE: usize = 60;
/// The depth to which members within members are described.
const MAX_MEMBER_DEPTH: usize = 4;
/// The most members that are described.
const MAX_MEMBERS: usize = 200;

/// A member of an object, in words that are safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberWords {
    /// Its name.
    pub name: String,
    /// The values that it takes, with their bounds.
    pub takes: String,
    /// True if it has to be there.
    pub is_required: bool,
    /// The purpose of the member, as its schema describes it. `None` if there is no description.
    pub description: Option<String>,
    /// The number of members that it lies within.
    pub depth: usize,
}

/// The members of the object that `schema` describes, required ones first, each followed by those within it.
#[must_use]
pub fn members(schema: &Value) -> Vec<MemberWords> {
    let mut found = Vec::new();
    add_members(schema, schema, 0, &mut found);
    found
}

fn add_members(root: &Value, object: &Value, depth: usize, found: &mut Vec<MemberWords>) {
    let object = resolved(root, object);
    let required = object["required"].as_array();
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
    let mut members: Vec<_> = object["properties"].as_object().into_iter().flatten().collect();
    members.sort_by_key(|(name, _)| !is_required(name));
    for (name, schema) in members {
        if found.len() == MAX_MEMBERS {
            return;
        }
        let own = resolved(root, schema);
        // A description beside a reference says what the member is for here.
        let description = [schema, own].into_iter().find_map(|one| one["description"].as_str());
        found.push(MemberWords {
            name: escape(name),
            takes: escape(&format!("{}{}", words(root, schema), bounds(own))),
            is_required: is_required(name),
            description: description.map(one_line),
            depth,
        });
        if depth + 1 < MAX_MEMBER_DEPTH {
            let items = own.get("items").filter(|items| items.is_object());
            add_members(root, items.unwrap_or(own), depth + 1, found);
        }
    }
}

/// Returns the further conditions on a value, in brackets.
fn bounds(schema: &Value) -> String {
    let number = |key: &str| schema.get(key).filter(|value| value.is_number());
    let mut bounds = Vec::new();
    for (low, high, unit) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ] {
        match (number(low), number(high)) {
            (Some(low), Some(high)) => bounds.push(format!("{low} to {high}{unit}")),
            (Some(low), None) => bounds.push(format!("{low}{unit} or more")),
            (None, Some(high)) => bounds.push(format!("{high}{unit} or fewer")),
            (None, None) => {}
        }
    }
    for (key, before) in [("format", "a "), ("pattern", "matches "), ("default", "default ")] {
        let value = schema.get(key).map(|value| match (key, value.as_str()) {
            ("default", _) => value.to_string(),
            (_, Some(text)) => text.to_owned(),
            (_, None) => value.to_string(),
        });
        bounds.extend(value.map(|value| format!("{before}{}", cut(&value, MAX_SHOWN_VALUE))));
    }
    if bounds.is_empty() { String::new() } else { format!(" ({})", bounds.join(", ")) }
}

fn one_line(text: &str) -> String {
    escape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The values that `schema`, a part of `root`, takes.
pub(crate) fn words(root: &Value, schema: &Value) -> String {
    words_within(root, schema, 3)
}

fn words_within(root: &Value, schema: &Value, depth: usize) -> String {
    let schema = resolved(root, schema);
    let Some(depth) = depth.checked_sub(1) else { return "a value".into() };
    if let Some(options) = schema["enum"].as_array() {
        let options: Vec<_> = options.iter().filter(|option| !option.is_null()).collect();
        return format!("one of {}", listed(&options));
    }
    if let Some(only) = schema.get("const") {
        return shown(only);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(branches) = schema[key].as_array() {
            let words: Vec<_> = branches
                .iter()
                .filter(|branch| branch["type"] != "null")
                .take(4)
                .map(|branch| words_within(root, branch, depth))
                .collect();
            return words.join(" or ");
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words: Vec<_> = types
        .into_iter()
        .filter(|kind| *kind != "null")
        .map(|kind| match kind {
            "string" => "a string".into(),
            "integer" => "an integer".into(),
            "number" => "a number".into(),
            "boolean" => "true or false".into(),
            "object" => "an object".into(),
            "array" => match schema.get("items").filter(|items| items.is_object()) {
                Some(items) => format!("a list, each item {}", words_within(root, items, depth)),
                None => "a list".into(),
            },
            other => other.to_owned(),
        })
        .collect();
    if words.is_empty() { "a value".into() } else { words.join(" or ") }
}

pub(crate) fn listed(options: &[&Value]) -> String {
    let mut listed: Vec<_> = options.iter().take(MAX_OPTIONS).map(|option| shown(option)).collect();
    let more = options.len().saturating_sub(MAX_OPTIONS);
    if more > 0 {
        listed.push(format!("{more} more"));
    }
    listed.join(", ")
}

/// A value in a message.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) => format!("{:?}", cut(text, MAX_SHOWN_VALUE)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

pub(crate) fn cut(text: &str, most: usize) -> String {
    let cut = clip(text, most);
    if cut.len() < text.len() { format!("{cut}...") } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_described_with_what_is_within_them() {
        let schema = serde_json::json!({
            "$defs": { "zone": { "type": "string", "description": "An IANA\n zone." } },
            "properties": {
                "count": { "type": "integer", "minimum": 1, "maximum": 9, "default": 3 },
                "rows": { "type": "array", "maxItems": 2, "items": {
                    "type": "object", "required": ["key"], "properties": { "key": { "type": "string" } },
                } },
                "zone": { "$ref": "#/$defs/zone" },
            },
            "required": ["zone"],
        });
        let lines: Vec<_> = members(&schema)
            .into_iter()
            .map(|MemberWords { name, takes, is_required, description, depth }| {
                let description = description.unwrap_or_default();
                format!("{depth} {name}: {takes}; {is_required}; {description}")
            })
            .collect();
        assert_eq!(
            lines,
            [
                "0 zone: a string; true; An IANA zone.",
                "0 count: an integer (1 to 9, default 3); false; ",
                "0 rows: a list, each item an object (2 items or fewer); false; ",
                "1 key: a string; true; ",
            ]
        );
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let schema =
            serde_json::json!({ "properties": { "a": { "$ref": "#" }, "b": { "$ref": "#" } } });
        assert!(members(&schema).len() <= MAX_MEMBERS);
    }
}
