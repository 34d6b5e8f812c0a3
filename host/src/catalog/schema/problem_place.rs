//! The place of a problem in a schema and in its value: paths are walked, and references followed.

use std::borrow::Cow;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::json::Step;

/// The most references that are followed one after the other.
const MAX_REFERENCES: usize = 16;

/// The path of what is wrong in the value.
pub(crate) fn path(error: &ValidationError<'_>) -> Vec<Step> {
    let steps = error.instance_path().segments().map(|segment| match segment {
        LocationSegment::Property(name) => Step::Member(name.into_owned()),
        LocationSegment::Index(at) => Step::Item(at),
    });
    steps.collect()
}

/// A path in words: `filter.tags[2]`; nothing for the whole value.
pub(crate) fn in_words(path: &[Step]) -> String {
    let mut words = String::new();
    for step in path {
        match step {
            Step::Member(name) if words.is_empty() => words.clone_from(name),
            Step::Member(name) => words = format!("{words}.{name}"),
            Step::Item(at) => words = format!("{words}[{at}]"),
        }
    }
    words
}

/// The schema that holds the keyword which `error` is of.
pub(crate) fn holder<'s>(root: &'s Value, error: &ValidationError<'_>) -> Option<&'s Value> {
    let mut steps = segments(error.evaluation_path());
    steps.pop()?;
    walk(root, &steps)
}

/// The schema of the object of which `error` finds a member wrong, if the path of keywords says which that is.
pub(crate) fn object_of<'s>(
    root: &'s Value,
    error: &ValidationError<'_>,
    member: &str,
) -> Option<&'s Value> {
    let steps = segments(error.evaluation_path());
    let at = steps.windows(2).rposition(|two| two[0] == "properties" && two[1] == member)?;
    walk(root, &steps[..at])
}

/// Returns the schema that `schema` refers to; itself, if it refers to none that is known here.
pub(crate) fn resolved<'s>(root: &'s Value, mut schema: &'s Value) -> &'s Value {
    for _ in 0..MAX_REFERENCES {
        match referred(root, schema) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// The problems that `error` comes to: of alternatives, those of the only one that is meant. Alternatives that only
/// take `null` are not meant where something else is given.
pub(crate) fn meant<'e, 'v>(error: &'e ValidationError<'v>) -> Vec<&'e ValidationError<'v>>
where
    'v: 'e,
{
    match alternatives(error).as_deref() {
        Some([only]) => only.iter().flat_map(meant).collect(),
        Some(_) | None => vec![error],
    }
}

/// Of alternatives none of which fits: the problems of each that may be meant.
pub(crate) fn alternatives<'e, 'v>(
    error: &'e ValidationError<'v>,
) -> Option<Vec<&'e [ValidationError<'v>]>>
where
    'v: 'e,
{
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) =
        error.kind()
    else {
        return None;
    };
    let takes_null = |branch: &Vec<ValidationError<'static>>| {
        matches!(&branch[..], [one] if one.instance_path() == error.instance_path()
        && matches!(
            one.kind(),
            ValidationErrorKind::Type { kind: TypeKind::Single(JsonType::Null) }
        ))
    };
    Some(context.iter().filter(|branch| !takes_null(branch)).map(Vec::as_slice).collect())
}

fn segments(location: &Location) -> Vec<Cow<'_, str>> {
    let text = |segment| match segment {
        LocationSegment::Property(name) => name,
        LocationSegment::Index(at) => Cow::Owned(at.to_string()),
    };
    location.segments().map(text).collect()
}

fn walk<'s>(root: &'s Value, steps: &[Cow<'_, str>]) -> Option<&'s Value> {
    let mut schema = root;
    for step in steps {
        schema = match &**step {
            "$ref" => referred(root, schema)?,
            step => match schema {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                schema => schema.get(step)?,
            },
        };
    }
    Some(schema)
}

fn referred<'s>(root: &'s Value, schema: &Value) -> Option<&'s Value> {
    let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
    root.pointer(&percent_decode_str(pointer).decode_utf8().ok()?)
}
