//! Characters that hide, reorder or control text, anywhere in JSON that models read: schemas, `meta`.

use serde_json::Value;

use crate::text::{TextError, forbidden_char};

/// Checks that every string of `value`, its keys too, reads as it looks. A title and a description are read as they
/// are; in the others, such as a separator that is `"\r\n"` by default, ASCII controls are seen as escapes.
pub(crate) fn hides_nothing(value: &Value) -> Result<(), TextError> {
    match value {
        Value::String(text) => apart_from_controls(text),
        Value::Array(items) => items.iter().try_for_each(hides_nothing),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| {
            apart_from_controls(key)?;
            match member {
                Value::String(text) if key == "description" || key == "title" => {
                    forbidden_char(text).map_or(Ok(()), |found| Err(TextError::Forbidden(found)))
                }
                _ => hides_nothing(member),
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn apart_from_controls(text: &str) -> Result<(), TextError> {
    // Every ASCII control counts as a line feed, which is allowed.
    let text = text.replace(|c: char| c.is_ascii_control(), "\n");
    forbidden_char(&text).map_or(Ok(()), |found| Err(TextError::Forbidden(found)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_hides_is_found_wherever_it_stands() {
        for (value, found) in [
            (json!({ "type": "object", "description": "Straße\n⚠\u{fe0f}" }), None),
            (json!({ "default": "\r\n", "enum": ["\u{0}"] }), None),
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
