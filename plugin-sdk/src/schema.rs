//! JSON Schema texts from Rust types, small enough to stand in a model's context.

use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// The schema of a tool's arguments. `T` is the struct that the macro writes.
pub fn of_arguments<T: JsonSchema>() -> Option<String> {
    let mut schema =
        small(settings().for_deserialize().into_generator().into_root_schema_for::<T>());
    // Clients look for `properties` even where a tool takes none.
    schema.ensure_object().entry("properties").or_insert_with(|| Value::Object(Map::new()));
    Some(schema.to_value().to_string())
}

/// The schema of a tool's structured content.
pub(crate) fn of_result<T: JsonSchema>() -> String {
    let settings = settings().for_serialize();
    small(settings.into_generator().into_root_schema_for::<T>()).to_value().to_string()
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        // Not every model provider follows `$ref`. Recursive types keep theirs.
        settings.inline_subschemas = true;
    })
}

fn small(mut schema: Schema) -> Schema {
    schema.remove("title");
    Quiet.transform(&mut schema);
    schema
}

/// Drops the names of Rust's number types: no validator knows `uint32`, and strict ones refuse it.
struct Quiet;

impl Transform for Quiet {
    fn transform(&mut self, schema: &mut Schema) {
        let number = |name: &str| name.trim_start_matches('u').starts_with("int");
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        if number(format) || matches!(format, "float" | "double") {
            schema.remove("format");
        }
        transform_subschemas(self, schema);
    }
}
