//! The arguments that a client repeats in the headers of its request, as `x-mcp-header` in an input schema asks for.
//!
//! Clients leave a tool out whose schema asks for it wrongly, so such a tool is refused when it is loaded.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json;
use crate::text::{clip, escape};

const KEYWORD: &str = "x-mcp-header";

/// Keywords that hold one schema, a list of them, or some by name. No argument is reached through them for certain.
const OTHER_PLACES: [&str; 20] = [
    "items",
    "prefixItems",
    "contains",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "patternProperties",
    "dependentSchemas",
    "dependencies",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$defs",
    "definitions",
    "additionalItems",
];

/// An argument that is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedArgument {
    /// The header, without `Mcp-Param-`.
    pub header: String,
    /// The names of the properties that lead to the argument.
    path: Vec<String>,
}

impl RepeatedArgument {
    /// Its value among these arguments, an object. `None` if it is absent or `null`. Nothing is made of the others, so
    /// that it takes no longer than reading them.
    pub fn value_in(&self, arguments: &RawValue) -> Result<Option<Value>, String> {
        let mut within = arguments;
        for name in &self.path {
            match member(within, name)? {
                Some(next) => within = next,
                None => return Ok(None),
            }
        }
        let value = json::value(within.get()).map_err(|error| error.to_string())?;
        Ok((!value.is_null()).then_some(value))
    }

    /// The names of the properties that lead to it.
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// The path to it, as a person reads it.
    #[must_use]
    pub fn place(&self) -> String {
        format!("arguments.{}", self.path.join("."))
    }
}

/// The member `name` of what may be an object. One that is there twice is an error.
fn member<'a>(raw: &'a RawValue, name: &str) -> Result<Option<&'a RawValue>, String> {
    struct Find<'n>(&'n str);

    impl<'de> Visitor<'de> for Find<'_> {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                if key != self.0 {
                    map.next_value::<IgnoredAny>()?;
                } else if found.replace(map.next_value::<&RawValue>()?).is_some() {
                    return Err(M::Error::custom(format_args!(
                        "the argument `{}` is there twice",
                        self.0
                    )));
                }
            }
            Ok(found)
        }
    }

    if !raw.get().starts_with('{') {
        return Ok(None);
    }
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    reader.deserialize_map(Find(name)).map_err(|error| error.to_string())
}

/// Returns the arguments that `schema` asks to be repeated, or says what is wrong about how it asks.
pub(crate) fn of(schema: &RawValue) -> Result<Vec<RepeatedArgument>, String> {
    // Nearly every schema asks for none.
    if !schema.get().contains(KEYWORD) {
        return Ok(Vec::new());
    }
    let schema = json::value(schema.get()).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    collect(&schema, &mut Vec::new(), &mut found)?;
    let mut headers: Vec<_> = found.iter().map(|one| one.header.to_ascii_lowercase()).collect();
    headers.sort_unstable();
    if let Some(twice) = headers.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("`{KEYWORD}` names the header `{}` twice", twice[0]));
    }
    Ok(found)
}

fn collect(
    schema: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<RepeatedArgument>,
) -> Result<(), String> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    if let Some(header) = schema.get(KEYWORD) {
        found.push(argument(schema, header, path)?);
    }
    for place in OTHER_PLACES {
        if schema.get(place).is_some_and(|inner| asks(inner, place)) {
            return Err(format!(
                "`{KEYWORD}` stands within `{place}`; it may stand on properties that are reached through `properties` alone"
            ));
        }
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(());
    };
    for (name, property) in properties {
        path.push(name.clone());
        collect(property, path, found)?;
        path.pop();
    }
    Ok(())
}

fn argument(
    schema: &Map<String, Value>,
    header: &Value,
    path: &[String],
) -> Result<RepeatedArgument, String> {
    let place = escape(clip(&path.join("."), 80));
    if path.is_empty() {
        return Err(format!("`{KEYWORD}` stands on the whole schema; it may stand on a property"));
    }
    let token = header.as_str().filter(|name| http::HeaderName::try_from(*name).is_ok());
    let Some(header) = token else {
        return Err(format!("`{KEYWORD}` of `{place}` is no name of a header"));
    };
    match schema.get("type").and_then(Value::as_str) {
        Some("string" | "integer" | "boolean") => {
            Ok(RepeatedArgument { header: header.into(), path: path.to_vec() })
        }
        _ => {
            Err(format!("`{KEYWORD}` stands on `{place}`, which is no string, integer or boolean"))
        }
    }
}

/// True if a schema at this place asks for anything to be repeated, however deep.
fn asks(value: &Value, place: &str) -> bool {
    let by_name = matches!(
        place,
        "patternProperties"
            | "dependentSchemas"
            | "dependencies"
            | "$defs"
            | "definitions"
            | "properties"
    );
    match value {
        Value::Array(schemas) => schemas.iter().any(|schema| asks(schema, "")),
        Value::Object(schemas) if by_name => schemas.values().any(|schema| asks(schema, "")),
        Value::Object(schema) => {
            schema.contains_key(KEYWORD)
                || OTHER_PLACES
                    .into_iter()
                    .chain(["properties"])
                    .any(|place| schema.get(place).is_some_and(|inner| asks(inner, place)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn repeated(schema: &Value) -> Result<Vec<RepeatedArgument>, String> {
        of(&RawValue::from_string(schema.to_string()).expect("JSON"))
    }

    #[test]
    fn arguments_are_repeated_that_properties_alone_lead_to() {
        let schema = json!({ "type": "object", "properties": {
            "region": { "type": "string", KEYWORD: "Region" },
            "place": { "type": "object", "properties": { "zone": { "type": "integer", KEYWORD: "Zone" } } },
            // A property and a value of this name ask for nothing.
            KEYWORD: { "type": "string", "default": { KEYWORD: 7 } },
        } });
        let found = repeated(&schema).expect("it is right");
        let headers: Vec<_> = found.iter().map(|one| (one.header.as_str(), one.place())).collect();
        assert_eq!(headers.len(), 2, "{headers:?}");
        let raw = |value: &Value| RawValue::from_string(value.to_string()).expect("JSON");
        let arguments = raw(&json!({ "other": [{}], "region": "eu", "place": { "zone": 7 } }));
        let none = raw(&json!({ "region": null, "place": 1 }));
        for one in &found {
            let expected = if one.header == "Zone" { json!(7) } else { json!("eu") };
            assert_eq!(one.value_in(&arguments), Ok(Some(expected)));
            assert_eq!(one.value_in(&none), Ok(None));
            let twice = r#"{"region":1,"region":2,"place":{"zone":1,"\u007aone":2}}"#;
            let twice = RawValue::from_string(twice.into()).expect("JSON");
            assert!(one.value_in(&twice).is_err());
        }
    }

    #[test]
    fn a_schema_that_asks_wrongly_is_refused_with_the_place() {
        let string = json!({ "type": "string", KEYWORD: "A" });
        for (schema, said) in [
            (json!({ KEYWORD: "A", "type": "object" }), "the whole schema"),
            (json!({ "properties": { "a": { "type": "string", KEYWORD: "" } } }), "of `a`"),
            (json!({ "properties": { "a": { "type": "string", KEYWORD: "a b" } } }), "of `a`"),
            (json!({ "properties": { "a": { "type": "string", KEYWORD: 7 } } }), "of `a`"),
            (json!({ "properties": { "a": { "type": "number", KEYWORD: "A" } } }), "no string"),
            (
                json!({ "properties": { "a": { "type": ["string", "null"], KEYWORD: "A" } } }),
                "no string",
            ),
            (json!({ "properties": { "a": { KEYWORD: "A" } } }), "no string"),
            (
                json!({ "properties": { "a": string, "b": { "type": "string", KEYWORD: "a" } } }),
                "twice",
            ),
            (json!({ "items": string }), "`items`"),
            (json!({ "properties": { "a": { "anyOf": [{ "not": string }] } } }), "`anyOf`"),
            (json!({ "$defs": { "a": { "properties": { "b": string } } } }), "`$defs`"),
        ] {
            let problem = repeated(&schema).expect_err("it is wrong");
            assert!(problem.contains(said), "{schema}: {problem}");
        }
    }
}
