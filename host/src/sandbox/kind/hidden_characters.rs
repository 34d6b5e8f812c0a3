//! Characters that hide, reorder or control text, anywhere in JSON that models read: schemas, `meta`.

use serde_json::Value;

use crate::text::{TextError, forbidden_char};

/// Checks that every string of `value`, its keys too, reads as it looks. Titles and descriptions, names, and the texts that
/// a value has to be, are read as they are; in the others, such as a separator that is `"\r\n"` by default, ASCII controls
/// are seen as escapes.
pub(crate) fn hides_nothing(value: &Value) -> Result<(), TextError> {
    match value {
        Value::String(text) => apart_from_controls(text),
        Value::Array(items) => items.iter().try_for_each(hides_nothing),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| {
            as_it_is(key)?;
            match member {
                Value::String(text) if key == "description" || key == "title" => as_it_is(text),
                _ if key == "enum" || key == "const" => holds_no_controls(member),
                _ => hides_nothing(member),
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Checks the texts that a value has to be. A line may end as it does on Windows.
fn holds_no_controls(value: &Value) -> Result<(), TextError> {
    match value {
        Value::String(text) => as_it_is(&text.replace("\r\n", "\n")),
        Value::Array(items) => items.iter().try_for_each(holds_no_controls),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| {
            as_it_is(key)?;
            holds_no_controls(member)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn apart_from_controls(text: &str) -> Result<(), TextError> {
    // Every ASCII control counts as a line feed, which is allowed.
    as_it_is(&text.replace(|c: char| c.is_ascii_control(), "\n"))
}

fn as_it_is(text: &str) -> Result<(), TextError> {
    forbidden_char(text).map_or(Ok(()), |found| Err(TextError::Forbidden(found)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_hides_is_found_wherever_it_stands() {
        for (value, found) in [
            (json!({ "type": "object", "description": "Straße\n⚠\u{fe0f}" }), None),
            (json!({ "default": "\r\n", "examples": ["\u{0}"] }), None),
            (json!({ "enum": ["\r\n", "\n", "\t"], "const": "a\r\nb" }), None),
            (json!({ "enum": ["a", "\u{0}"] }), Some('\u{0}')),
            (json!({ "enum": ["\r"] }), Some('\r')),
            (json!({ "items": { "const": { "a": ["\u{7f}"] } } }), Some('\u{7f}')),
            (json!({ "const": { "\u{1b}": 1 } }), Some('\u{1b}')),
            (json!({ "properties": { "a\u{1b}[2J": {} } }), Some('\u{1b}')),
            (json!({ "required": ["a"], "patternProperties": { "\u{1f}": {} } }), Some('\u{1f}')),
            (json!({ "description": "a\u{1b}[2J" }), Some('\u{1b}')),
            (json!({ "properties": { "a": { "title": "\u{202e}b" } } }), Some('\u{202e}')),
            (json!({ "examples": [["\u{e0041}"]] }), Some('\u{e0041}')),
            (json!({ "properties": { "a\u{200b}": {} } }), Some('\u{200b}')),
            (json!({ "properties": { "description": { "const": "\u{feff}" } } }), Some('\u{feff}')),
        ] {
            let expected = found.map_or(Ok(()), |found| Err(TextError::Forbidden(found)));
            assert_eq!(hides_nothing(&value), expected, "{value}");
        }
    }
}
