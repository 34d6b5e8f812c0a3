//! Arguments as models write them, read as their schema says where the meaning is beyond doubt.
//!
//! `null` for what may be left out is left out. Unless the operator wants arguments taken strictly, a value alone where
//! a list of it is wanted becomes that list, JSON text where an object is wanted that object, an object or a list where
//! text is wanted its JSON text, and a choice in another case that choice. Where a value can be read in two ways, it is
//! read in neither.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;
use serde_json::value::RawValue;

use super::checker::Checker;
use super::explain::{MAX_PROBLEMS, explain, options};
use super::problem_place::{self, holder, meant, object_of};
use crate::json::{self, Edit, Step};

/// The most readings of one call's arguments.
const MAX_EDITS: usize = 16;

/// The readings of arguments that are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All readings are tried.
    #[default]
    Lenient,
    /// Only one reading is tried: that `null` may stand for nothing.
    Strict,
}

/// Reads the arguments `value`, of the text `text`, as `checker` takes them, if there is exactly one way to read them
/// so. An error explains what cannot be read.
pub(crate) fn read(
    checker: &Checker,
    schema: &Value,
    value: &Value,
    text: &str,
    reading: Reading,
) -> Result<String, String> {
    let (mut value, mut text) = (value.clone(), text.to_owned());
    for _ in 0..=MAX_EDITS {
        let errors = checker.problems(&value, MAX_PROBLEMS, |_| true);
        if errors.is_empty() {
            return Ok(text);
        }
        let mut edits = errors.iter().flat_map(meant);
        let edit = edits.find_map(|error| edit(checker, schema, &text, error, reading));
        let edited = edit.and_then(|(path, edit)| edited(&text, &path, &edit));
        let Some((text_read, value_read)) =
            edited.and_then(|text| json::value(&text).ok().map(|value| (text, value)))
        else {
            break;
        };
        (text, value) = (text_read, value_read);
    }
    Err(explain(schema, &checker.problems(&value, MAX_PROBLEMS, |_| true)))
}

/// The only edit after which `error` is gone.
fn edit(
    checker: &Checker,
    schema: &Value,
    text: &str,
    error: &ValidationError<'_>,
    reading: Reading,
) -> Option<(Vec<Step>, Edit)> {
    let path = problem_place::path(error);
    let edits = match reading {
        _ if error.instance().is_null() => absent(schema, error, &path).into_iter().collect(),
        Reading::Lenient => readings(schema, error),
        Reading::Strict => Vec::new(),
    };
    let mut fitting = edits.into_iter().filter(|edit| {
        let value = edited(text, &path, edit).and_then(|text| json::value(&text).ok());
        value.is_some_and(|value| {
            let is_its =
                |error: &ValidationError<'_>| problem_place::path(error).starts_with(&path);
            checker.problems(&value, 1, is_its).is_empty()
        })
    });
    let only = fitting.next()?;
    fitting.next().is_none().then_some((path, only))
}

/// Leaves out a member that is `null`, if its object need not have it.
fn absent(schema: &Value, error: &ValidationError<'_>, path: &[Step]) -> Option<Edit> {
    let Some(Step::Member(name)) = path.last() else { return None };
    let object = object_of(schema, error, name)?;
    let mut required = object["required"].as_array().into_iter().flatten();
    (!required.any(|required| required == name)).then_some(Edit::Remove)
}

/// Ways to read a value that is not what was wanted.
fn readings(schema: &Value, error: &ValidationError<'_>) -> Vec<Edit> {
    let given = error.instance();
    if let Some(options) = options(error) {
        let given = given.as_str().map(str::to_lowercase);
        let same = options.into_iter().filter(|option| {
            option.as_str().map(str::to_lowercase).is_some_and(|it| Some(it) == given)
        });
        return same.map(|option| Edit::Replace(option.to_string())).collect();
    }
    let ValidationErrorKind::Type { .. } = error.kind() else { return Vec::new() };
    let wanted = holder(schema, error).map(|schema| &schema["type"]);
    let wants = |kind: &str| match wanted {
        Some(Value::String(only)) => only == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    };
    let mut edits = Vec::new();
    if wants("array") && !given.is_array() {
        edits.push(Edit::Wrap);
    }
    if let Value::String(text) = &**given
        && let Ok(value) = json::value(text)
        && ((value.is_object() && wants("object")) || (value.is_array() && wants("array")))
    {
        edits.push(Edit::Replace(text.clone()));
    }
    if wants("string") && (given.is_object() || given.is_array()) {
        edits.push(Edit::Quote);
        // The list may also mean its only item.
        if let Some([only @ Value::String(_)]) = given.as_array().map(Vec::as_slice) {
            edits.push(Edit::Replace(only.to_string()));
        }
    }
    edits
}

fn edited(text: &str, path: &[Step], edit: &Edit) -> Option<String> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    json::edited(raw, path, edit)
}

#[cfg(test)]
mod tests {
    use super::super::compiled;
    use super::*;

    const SCHEMA: &str = r##"{
        "type": "object",
        "$defs": { "unit": { "enum": ["Celsius", "kelvin", "KELVIN"] }, "zone": { "type": "string" } },
        "properties": {
            "path": { "type": "string" },
            "tags": { "type": "array", "items": { "type": "string" } },
            "counts": { "type": ["array", "null"], "items": { "type": "integer" } },
            "filter": {
                "type": "object",
                "properties": { "name": { "type": "string" }, "deep": { "type": "boolean" } },
                "required": ["name"]
            },
            "unit": { "$ref": "#/$defs/unit" },
            "sort": { "anyOf": [{ "const": "up" }, { "const": "down" }, { "type": "null" }] },
            "zone": { "anyOf": [{ "$ref": "#/$defs/zone" }, { "type": "array" }] },
            "limit": { "type": "integer" }
        },
        "required": ["path"]
    }"##;

    #[track_caller]
    fn check(arguments: &str, expected: Option<&str>) {
        let read = compiled::read(SCHEMA, arguments, Reading::Lenient);
        assert_eq!(
            read.as_ref().ok().and_then(Option::as_deref),
            expected,
            "{arguments}: {read:?}"
        );
        if let Some(expected) = expected {
            assert_eq!(compiled::read(SCHEMA, expected, Reading::Strict), Ok(None), "it fits");
        }
    }

    #[test]
    fn null_for_what_may_be_left_out_is_left_out() {
        let expected = Some(r#"{"path":"a"}"#);
        for name in ["tags", "filter", "unit", "zone", "limit"] {
            check(&format!(r#"{{"path":"a","{name}":null}}"#), expected);
        }
        check(r#"{"path":"a","tags":null,"limit":null,"filter":null}"#, expected);
        check(
            r#"{"path":"a","filter":{"name":"b","deep":null}}"#,
            Some(r#"{"filter":{"name":"b"},"path":"a"}"#),
        );
        // A member that takes null gets it, and a required member would be missing.
        for arguments in [
            r#"{"path":"a","counts":null,"sort":null}"#,
            r#"{"path":null}"#,
            r#"{"path":"a","filter":{"name":null}}"#,
            r#"{"path":"a","tags":[null]}"#,
        ] {
            check(arguments, None);
        }
        let strict = compiled::read(SCHEMA, r#"{"limit":null,"path":"a"}"#, Reading::Strict);
        assert_eq!(strict, Ok(expected.map(str::to_owned)));
    }

    #[test]
    fn a_value_that_can_be_meant_in_one_way_only_is_read_so() {
        for (arguments, expected) in [
            (r#"{"path":"a","tags":"b"}"#, r#"{"path":"a","tags":["b"]}"#),
            (r#"{"path":"a","counts":7}"#, r#"{"counts":[7],"path":"a"}"#),
            (r#"{"path":"a","counts":"[1, 2]"}"#, r#"{"counts":[1, 2],"path":"a"}"#),
            (
                r#"{"path":"a","filter":"{\"name\":\"b\"}"}"#,
                r#"{"filter":{"name":"b"},"path":"a"}"#,
            ),
            (r#"{"path":{"b":1}}"#, r#"{"path":"{\"b\":1}"}"#),
            (r#"{"path":[1]}"#, r#"{"path":"[1]"}"#),
            (r#"{"path":"a","unit":"celsius"}"#, r#"{"path":"a","unit":"Celsius"}"#),
            (r#"{"path":"a","sort":"UP"}"#, r#"{"path":"a","sort":"up"}"#),
            (
                r#"{"path":"a","tags":"b","limit":null,"unit":"CELSIUS"}"#,
                r#"{"path":"a","tags":["b"],"unit":"Celsius"}"#,
            ),
        ] {
            check(arguments, Some(expected));
            let strict = compiled::read(SCHEMA, arguments, Reading::Strict);
            assert!(strict.is_err(), "{arguments}: {strict:?}");
        }
    }

    #[test]
    fn what_can_be_meant_in_two_ways_or_in_none_is_refused() {
        for arguments in [
            // The value may be a list in a text, or a text in a list.
            r#"{"path":"a","tags":"[\"b\"]"}"#,
            r#"{"path":["a"]}"#,
            r#"{"path":"a","unit":"Kelvin"}"#,
            r#"{"path":"a","filter":"name"}"#,
            r#"{"path":"a","filter":"{\"nome\":\"b\"}"}"#,
            r#"{"path":"a","tags":7}"#,
            r#"{"path":"a","limit":"7"}"#,
            r#"{"path":"a","zone":7}"#,
            r#"{"path":7}"#,
        ] {
            check(arguments, None);
            assert!(compiled::read(SCHEMA, arguments, Reading::Lenient).is_err(), "{arguments}");
        }
    }

    #[test]
    fn numbers_beyond_64_bits_stay_as_they_were_written() {
        let read = compiled::read(
            r#"{"properties":{"n":{"type":"number"},"t":{"type":"array"}}}"#,
            r#"{"n":36893488147419103233,"t":1.50}"#,
            Reading::Lenient,
        );
        assert_eq!(read, Ok(Some(r#"{"n":36893488147419103233,"t":[1.50]}"#.to_owned())));
    }
}
