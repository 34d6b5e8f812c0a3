//! JSON Schema texts from Rust types, small enough to stand in a model's context.

use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// The schema of a tool's arguments. `T` is the struct that the macro writes.
pub fn of_arguments<T: JsonSchema>() -> Option<String> {
    let settings = settings().for_deserialize();
    let mut schema = short(settings.into_generator().into_root_schema_for::<T>(), Side::Arguments);
    // Clients look for `properties` even where a tool takes none.
    schema.ensure_object().entry("properties").or_insert_with(|| Value::Object(Map::new()));
    Some(schema.to_value().to_string())
}

/// The schema of a tool's structured content.
pub(crate) fn of_result<T: JsonSchema>() -> String {
    let settings = settings().for_serialize();
    let mut schema = short(settings.into_generator().into_root_schema_for::<T>(), Side::Result);
    // The tool's description says what the result is.
    schema.remove("description");
    schema.to_value().to_string()
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        // Not every model provider follows `$ref`. Recursive types keep theirs.
        settings.inline_subschemas = true;
    })
}

fn short(mut schema: Schema, side: Side) -> Schema {
    schema.remove("title");
    Short(side).transform(&mut schema);
    schema
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Arguments,
    Result,
}

/// Writes the same in fewer words, and in those that clients and models expect.
struct Short(Side);

impl Transform for Short {
    fn transform(&mut self, schema: &mut Schema) {
        let Some(object) = schema.as_object_mut() else { return };
        drop_number_types(object);
        if self.0 == Side::Result && object.get("minimum") == Some(&Value::from(0)) {
            // A reader of results checks nothing.
            object.remove("minimum");
        }
        write_choices(object);
        leave_out_null(object);
        // Members come after their object, so that each says of its choices what is left to say.
        transform_subschemas(self, schema);
    }
}

/// Drops the names of Rust's number types: no validator knows `uint32`, and strict ones refuse it.
fn drop_number_types(schema: &mut Map<String, Value>) {
    let number = |name: &str| name.trim_start_matches('u').starts_with("int");
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    if number(format) || matches!(format, "float" | "double") {
        schema.remove("format");
    }
}

/// Writes alternatives that are single texts as an `enum`. What is said of each of them goes into the description.
fn write_choices(schema: &mut Map<String, Value>) {
    for key in ["oneOf", "anyOf"] {
        let Some(alternatives) = schema.get(key).and_then(Value::as_array) else { continue };
        let choices = alternatives.iter().map(choices_of).collect::<Option<Vec<_>>>();
        let Some(choices) = choices.map(|choices| choices.concat()) else { continue };
        let said = choices.iter().filter_map(|(choice, said)| {
            said.map(|said| format!("`{choice}`: {}", said.trim_end_matches('.')))
        });
        let said = said.collect::<Vec<_>>().join("; ");
        let choices = choices.iter().map(|(choice, _)| Value::from(*choice)).collect();
        if !said.is_empty() {
            let whole = schema.get("description").and_then(Value::as_str).unwrap_or_default();
            let whole = format!("{whole} {said}.").trim_start().to_owned();
            schema.insert("description".into(), Value::from(whole));
        }
        schema.remove(key);
        schema.insert("type".into(), Value::from("string"));
        schema.insert("enum".into(), choices);
        return;
    }
}

/// The texts that an alternative stands for, each with what is said of it; `None` if it is something else.
fn choices_of(alternative: &Value) -> Option<Vec<(&str, Option<&str>)>> {
    let said = alternative["description"].as_str();
    match (alternative["const"].as_str(), alternative["enum"].as_array()) {
        (Some(only), _) => Some(vec![(only, said)]),
        (None, Some(several)) => several.iter().map(|one| Some((one.as_str()?, None))).collect(),
        (None, None) => None,
    }
}

/// Takes `null` from members that may be left out: an `Option` is absent where there is nothing.
fn leave_out_null(schema: &mut Map<String, Value>) {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let optional =
        members.iter_mut().filter(|(name, _)| !required.contains(&Value::from(name.as_str())));
    for member in optional.filter_map(|(_, member)| member.as_object_mut()) {
        if member.get("default") == Some(&Value::Null) {
            member.remove("default");
        }
        without_null(member);
    }
}

fn without_null(member: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = member.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            member.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = member.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(alternatives)) = member.get_mut(key) else { continue };
        alternatives.retain(|alternative| alternative["type"] != "null");
        if let [Value::Object(only)] = &alternatives[..] {
            let only = only.clone();
            member.remove(key);
            // What is said of the member is more than what is said of its type.
            for (key, value) in only {
                member.entry(key).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Serialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[allow(dead_code, reason = "only their schema is wanted")]
    enum Plain {
        Up,
        Down,
    }

    /// How to count.
    #[derive(Serialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[allow(dead_code, reason = "only their schema is wanted")]
    enum Told {
        /// km, °C.
        Metric,
        /// mi, °F.
        Imperial,
        Other,
    }

    /// All of them.
    #[derive(Serialize, JsonSchema)]
    #[allow(dead_code, reason = "only their schema is wanted")]
    struct All {
        plain: Plain,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[serde(default)]
        maybe_plain: Option<Plain>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[serde(default)]
        /// The units.
        maybe_told: Option<Told>,
        told: Vec<Told>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[serde(default)]
        count: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[serde(default)]
        tags: Option<Vec<Option<String>>>,
    }

    #[test]
    fn choices_are_enums_and_what_may_be_absent_is_not_null() {
        let all: Value = serde_json::from_str(&of_result::<All>()).expect("JSON");
        let plain = json!({ "type": "string", "enum": ["up", "down"] });
        let choices = "`metric`: km, °C; `imperial`: mi, °F.";
        let told = |said: &str| {
            json!({ "type": "string", "enum": ["other", "metric", "imperial"],
                "description": format!("{said} {choices}") })
        };
        assert_eq!(
            all,
            json!({
                "type": "object",
                "properties": {
                    "plain": plain,
                    "maybe_plain": plain,
                    "maybe_told": told("The units."),
                    "told": { "type": "array", "items": told("How to count.") },
                    "count": { "type": "integer" },
                    "tags": { "type": "array", "items": { "type": ["string", "null"] } },
                },
                "required": ["plain", "told"],
            })
        );
    }

    #[test]
    fn what_has_to_be_there_may_be_null() {
        #[derive(Serialize, JsonSchema)]
        #[allow(dead_code, reason = "only their schema is wanted")]
        struct Held {
            count: Option<u32>,
        }
        let held: Value = serde_json::from_str(&of_result::<Held>()).expect("JSON");
        assert_eq!(held["properties"]["count"], json!({ "type": ["integer", "null"] }));
    }
}
