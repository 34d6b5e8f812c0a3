//! The JSON Schema of a tool's arguments: written for its parameters, or given whole.
//!
//! A schema that is given whole is judged when the plugin is loaded.

use serde_json::Value as Json;
use toml::de::DeValue;

use super::super::syntax::error::Diagnostic;
use super::super::syntax::json;
use super::super::syntax::keys::Section::Tool;
use super::super::syntax::source::SourceTexts;
use super::super::syntax::table::{SpannedValue, wrong};
use super::parameters::{self, DeclaredParameter};
use super::raw::RawCommand;
use super::spec::{Parameter, ParameterShape};

/// The schema and the parameters that it has.
pub(super) fn read(
    source: SourceTexts<'_>,
    raw: &RawCommand<'_>,
) -> Result<(Box<str>, Vec<Parameter>), Diagnostic> {
    let Some(whole) = raw.input_schema else {
        let declared = parameters::read(source, &raw.parameters)?;
        let schema = of(&declared).into();
        return Ok((schema, declared.into_iter().map(|declared| declared.parameter).collect()));
    };
    if let Some((key, _)) = raw.parameters.first() {
        let message = "the tool has `parameters` and an `input_schema`";
        return Err(
            Diagnostic::new(key.span(), message).help("say what it takes in one of the two")
        );
    }
    let schema = object("input_schema", whole)?;
    let properties = schema.get("properties").and_then(Json::as_object);
    let parameters = properties.into_iter().flatten().map(|(name, property)| Parameter {
        name: name.as_str().into(),
        shape: shape(property),
        default: property.get("default").map(|value| value.to_string().into()),
        allow_dash: false,
    });
    let parameters = parameters.collect();
    Ok((text(whole, &schema), parameters))
}

/// The schema of what a program writes, given whole.
pub(super) fn whole_output(value: SpannedValue<'_>) -> Result<Box<str>, Diagnostic> {
    Ok(text(value, &object("output_schema", value)?))
}

/// The schema of `parameters`, which keep their order: models read it.
pub(super) fn of(parameters: &[DeclaredParameter]) -> String {
    let member = |declared: &DeclaredParameter| {
        format!("{}:{}", Json::from(&*declared.parameter.name), declared.property)
    };
    let properties: Vec<_> = parameters.iter().map(member).collect();
    let required = parameters.iter().filter(|declared| declared.is_required);
    let required: Json = required.map(|declared| &*declared.parameter.name).collect();
    format!(
        r#"{{"type":"object","properties":{{{}}},"required":{required},"additionalProperties":false}}"#,
        properties.join(",")
    )
}

/// A schema that is written as a table, or as JSON in a text.
fn object(key: &str, value: SpannedValue<'_>) -> Result<Json, Diagnostic> {
    let schema = match value.get_ref() {
        DeValue::String(text) => crate::json::value(text).map_err(|error| {
            Diagnostic::new(value.span(), format!("{}: not valid JSON: {error}", Tool.place(key)))
                .help("the line and the column count from where the text begins")
        })?,
        _ => json::of(&Tool.place(key), value)?,
    };
    if !Json::is_object(&schema) {
        let expected = "a JSON Schema: an object, as a table or as JSON in a text";
        return Err(wrong(&Tool.place(key), expected, value));
    }
    Ok(schema)
}

/// The schema as it was written, where that was JSON.
fn text(value: SpannedValue<'_>, schema: &Json) -> Box<str> {
    match value.get_ref() {
        DeValue::String(text) => (&**text).into(),
        _ => schema.to_string().into(),
    }
}

fn shape(property: &Json) -> ParameterShape {
    match property.get("type").and_then(Json::as_str) {
        Some("boolean") => ParameterShape::Boolean,
        Some("integer") => ParameterShape::Integer,
        Some("number") => ParameterShape::Number,
        Some("array") => ParameterShape::List,
        _ => ParameterShape::Text,
    }
}
