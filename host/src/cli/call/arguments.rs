//! The arguments of a call, as they are typed, to JSON.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::super::look::list::parameters;
use crate::catalog::{MAX_ARGUMENTS, Tool};
use crate::suggestion::CommandName;
use crate::text::escape;

/// The arguments as a JSON object: given as one, or put together from `key=value` pairs.
pub(super) fn read(tool: &Tool, given: &[String]) -> anyhow::Result<String> {
    let mut stdin = Stdin::Unread;
    if let [one] = given
        && let Some(object) = whole_object(one, &mut stdin)?
    {
        crate::json::value(&object).with_context(|| not_an_object(tool, one))?;
        return Ok(object.into_owned());
    }
    let schema = crate::json::value(tool.spec.input_schema.get())?;
    let mut members = BTreeMap::new();
    for pair in given {
        if pair.trim_start().starts_with('{') {
            bail!("`{}`: a JSON object is given alone, without KEY=VALUE beside it", escape(pair));
        }
        let Some((key, text)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            bail!(
                "`{}` is neither a JSON object nor KEY=VALUE; the tool takes: {}",
                escape(pair),
                parameters(&tool.spec)
            );
        };
        let text = given_text(key, text, &mut stdin)?;
        let json = json_of(&schema["properties"][key], &text);
        if members.insert(key, json).is_some() {
            bail!(
                "`{}` is given twice; a list is written as JSON, such as '{0}=[1, 2]'",
                escape(key)
            );
        }
    }
    let members = members.into_iter().map(|(key, json)| format!("{}:{json}", Value::from(key)));
    Ok(format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
}

/// The text of all arguments, where `one` stands for them: itself, a file, stdin.
fn whole_object<'a>(one: &'a str, stdin: &mut Stdin) -> anyhow::Result<Option<Cow<'a, str>>> {
    let is_named = one == "-" || one.starts_with('@') && !one.contains('=');
    let text = if is_named { given_text("", one, stdin)? } else { one.into() };
    Ok(Some(text).filter(|text| is_named || text.trim_start().starts_with('{')))
}

/// Says that `one`, which stands alone, is no JSON object, and how it is given to one argument of `tool`.
fn not_an_object(tool: &Tool, one: &str) -> String {
    let told = "the arguments are not a JSON object";
    if one != "-" && !one.starts_with('@') {
        return told.into();
    }
    let schema = crate::json::value(tool.spec.input_schema.get()).unwrap_or_default();
    let known = || schema["properties"].as_object()?.keys().next().map(String::as_str);
    let first = schema["required"][0].as_str().or_else(known).unwrap_or("KEY");
    let call = CommandName::Call.with([tool.name.as_str(), &format!("{first}={one}")]);
    format!("{told}; as one of them: `{call}`")
}

/// The state of stdin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stdin {
    Unread,
    Read,
}

/// The text that is meant: that of a file for `@FILE`, that on stdin for `-`; after `@@`, what stands there, with one `@`.
fn given_text<'a>(key: &str, text: &'a str, stdin: &mut Stdin) -> anyhow::Result<Cow<'a, str>> {
    let key = if key.is_empty() { String::new() } else { format!("{}=", escape(key)) };
    let place = || format!("`{key}{}`", escape(text));
    match text.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => Ok(rest.into()),
        Some("") => {
            bail!("{}: a file's name follows the `@`; `@@` is the character itself", place())
        }
        Some(file) => {
            let read = File::open(file).map_err(Into::into).and_then(text_from);
            let told =
                || format!("{}: no file can be read there; `@@` is the character itself", place());
            Ok(read.with_context(told)?.into())
        }
        None if text == "-" => {
            if *stdin == Stdin::Read {
                bail!("{}: stdin was read for another argument already", place());
            }
            *stdin = Stdin::Read;
            Ok(text_from(std::io::stdin()).with_context(place)?.into())
        }
        None => Ok(text.into()),
    }
}

/// All of it, unless it is more than a call may be given.
fn text_from(from: impl Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    from.take(MAX_ARGUMENTS as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_ARGUMENTS {
        bail!("it is larger than {MAX_ARGUMENTS} bytes, the most that a call is given");
    }
    String::from_utf8(bytes).context("it is not UTF-8 text")
}

/// The JSON of a value as the schema wants it: text where a string will do, else what was typed, where that is JSON, to
/// the last digit. An object or an array is one where the schema takes such besides strings.
fn json_of(schema: &Value, text: &str) -> String {
    let kinds = kinds(schema);
    let is_fit = |value: &Value| match value {
        _ if !kinds.contains("string") => true,
        Value::Object(_) => kinds.contains("object"),
        Value::Array(_) => kinds.contains("array"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    match crate::json::value(text).ok().filter(is_fit) {
        Some(_) => text.trim().to_owned(),
        None => Value::from(text).to_string(),
    }
}

/// The types that `schema` takes, as far as it says so itself or in its alternatives.
fn kinds(schema: &Value) -> BTreeSet<&str> {
    let own = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect::<Vec<_>>(),
    };
    let alternatives = ["anyOf", "oneOf"].map(|key| schema[key].as_array());
    let alternatives = alternatives.into_iter().flatten().flatten().flat_map(kinds);
    own.into_iter().chain(alternatives).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_for_itself_or_for_a_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            format!("@{}", path.display())
        };
        let (mine, large) =
            (file("mine", b"a\nb\n"), file("large", &vec![b' '; MAX_ARGUMENTS + 1]));
        let (bytes, folder) = (file("bytes", b"\xff"), format!("@{}", directory.path().display()));
        for (text, expected) in [
            ("plain", Ok("plain")),
            ("a@b", Ok("a@b")),
            ("@@b", Ok("@b")),
            ("--", Ok("--")),
            (&*mine, Ok("a\nb\n")),
            ("@", Err("a file's name follows")),
            ("@/nonexistent", Err("/nonexistent")),
            (&*large, Err("larger than")),
            (&*bytes, Err("not UTF-8")),
            (&*folder, Err("")),
        ] {
            let given = given_text("text", text, &mut Stdin::Unread);
            match (given, expected) {
                (Ok(given), Ok(expected)) => assert_eq!(given, expected),
                (Err(error), Err(part)) => {
                    let error = format!("{error:#}");
                    assert!(error.starts_with("`text=@") && error.contains(part), "{error}");
                }
                (given, expected) => panic!("{text:?}: {given:?} is not {expected:?}"),
            }
        }
        let twice = given_text("text", "-", &mut Stdin::Read).expect_err("read before");
        assert!(twice.to_string().contains("already"), "{twice}");
    }

    #[test]
    fn a_value_is_read_as_the_schema_wants_it() {
        for (schema, text, expected) in [
            (r#"{"type":"string"}"#, "12", r#""12""#),
            (r#"{"type":["string","null"]}"#, "null", r#""null""#),
            (r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "5", r#""5""#),
            (r#"{"oneOf":[{"type":"null"},{"type":"string"}]}"#, "5", r#""5""#),
            (r#"{"oneOf":[{"anyOf":[{"type":"string"}]},{"type":"null"}]}"#, "true", r#""true""#),
            (r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, "5", "5"),
            (r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, "null", "null"),
            (r#"{"anyOf":[{"type":"string"},{"type":"object"}]}"#, r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"anyOf":[{"type":"string"},{"type":"object"}]}"#, "[1]", r#""[1]""#),
            (r#"{"type":"integer"}"#, "12", "12"),
            (r#"{"type":"integer"}"#, "twelve", r#""twelve""#),
            (r#"{"type":"array"}"#, " [1, 2]", "[1, 2]"),
            (
                r#"{"type":"object"}"#,
                r#"{"a":18446744073709551617}"#,
                r#"{"a":18446744073709551617}"#,
            ),
            (r#"{"type":"number"}"#, "1.10", "1.10"),
            ("{}", "true", "true"),
            ("null", "some text", r#""some text""#),
        ] {
            let schema = serde_json::from_str(schema).expect("JSON");
            assert_eq!(json_of(&schema, text), expected, "{schema} {text}");
        }
    }
}
