//! `toolrack call`: one call from the shell, in the same sandbox as a client's.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tracing::Instrument as _;

use super::list::{not_served, parameters};
use super::load::load_until;
use super::print::{eprintln, println};
use super::{DIM, ERROR, Setup, paint};
use crate::catalog::{Catalog, Tool};
use crate::lock::Locking;
use crate::manifest::grouped;
use crate::mcp;
use crate::sandbox::{Ended, ProgressSink};
use crate::text::{escape, escape_json};
use crate::tool::{CallError, Content, Output, Usage};

pub(super) fn run(
    setup: Setup,
    name: &str,
    arguments: &[String],
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let locking = setup.locking;
    let (host, loader) = load_until(setup, name)?;
    let tool = find(&loader.catalog(), name, locking)?;
    let arguments = RawValue::from_string(arguments_of(&tool, arguments)?)?;
    let progress: ProgressSink = Box::new(|progress| {
        let total = progress.total.map(|total| format!("/{total}")).unwrap_or_default();
        let message = escape(&progress.message.unwrap_or_default());
        eprintln!("{}", paint(DIM, format!("{}{total} {message}", progress.value)));
    });
    let span =
        tracing::info_span!("call", plugin = tool.plugin.name.as_str(), tool = tool.name.as_str());
    let call = async { tool.call(&arguments, Some(progress)).await };
    let Ended { outcome, usage, .. } = host.guests().block_on(call.instrument(span));
    drop(loader);
    let failed = outcome.is_err();
    if as_json {
        println!("{}", escape_json(&mcp::result_as_json(&tool, outcome, usage)));
    } else {
        print(outcome, usage);
    }
    host.stop();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn find(catalog: &Catalog, name: &str, locking: Locking) -> anyhow::Result<Arc<Tool>> {
    if let Some(tool) = catalog.tool(name) {
        return Ok(tool.clone());
    }
    let refused = not_served(catalog, locking).map(|sentence| format!("; {sentence}"));
    let refused = refused.unwrap_or_default();
    let near = catalog.nearest(name).map(|near| format!("; did you mean `{near}`?"));
    let near = near.unwrap_or_else(|| "; `toolrack list` shows those there are".into());
    bail!("there is no tool `{}`{refused}{near}", escape(name));
}

/// The arguments as a JSON object: given as one, or put together from `key=value` pairs.
fn arguments_of(tool: &Tool, given: &[String]) -> anyhow::Result<String> {
    if let [one] = given
        && one.trim_start().starts_with('{')
    {
        crate::json::value(one).context("the arguments are not a JSON object")?;
        return Ok(one.clone());
    }
    let schema = crate::json::value(tool.spec.input_schema.get())?;
    let mut members = Map::new();
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
        let value = value_of(&schema["properties"][key], text);
        if members.insert(key.to_owned(), value).is_some() {
            bail!(
                "`{}` is given twice; a list is written as JSON, such as '{0}=[1, 2]'",
                escape(key)
            );
        }
    }
    Ok(Value::Object(members).to_string())
}

/// A value as the schema wants it: text where a string will do, else JSON where it is some. An object or
/// an array is one where the schema takes such besides strings.
fn value_of(schema: &Value, text: &str) -> Value {
    let kinds = kinds(schema);
    let is_fit = |value: &Value| match value {
        _ if !kinds.contains("string") => true,
        Value::Object(_) => kinds.contains("object"),
        Value::Array(_) => kinds.contains("array"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    let value = crate::json::value(text).ok().filter(is_fit);
    value.unwrap_or_else(|| Value::String(text.to_owned()))
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

fn print(outcome: Result<Output, CallError>, usage: Usage) {
    match outcome {
        Ok(output) => print_output(&output),
        Err(CallError::Failed(output)) => {
            eprintln!("{}", paint(ERROR, "the tool failed"));
            print_output(&output);
        }
        Err(error) => eprintln!("{} {}", paint(ERROR, "error:"), safe(&error.to_string())),
    }
    if usage.fuel == 0 {
        // The plugin was not entered.
        return;
    }
    let fuel = grouped(usage.fuel);
    let (memory, time) = (usage.peak_memory / 1024, usage.time);
    eprintln!("{}", paint(DIM, format!("fuel {fuel}, {memory} KiB at most, {time:.1?}")));
}

fn print_output(output: &Output) {
    if output.content.is_empty()
        && let Some(structured) = &output.structured
    {
        println!("{}", escape_json(structured.get()));
    }
    print_blocks(&output.content);
}

fn print_blocks(blocks: &[Content]) {
    for block in blocks {
        match block {
            Content::Text(text) | Content::TextResource { text, .. } => println!("{}", safe(text)),
            Content::Image(media) | Content::Audio(media) => {
                println!("[{}, {} bytes]", escape(&media.mime_type), media.data.len());
            }
            Content::ResourceLink(link) => {
                println!("{}: {}", escape(&link.name), escape(&link.uri))
            }
            Content::BlobResource { uri, data, .. } => {
                println!("[{}, {} bytes]", escape(uri), data.len());
            }
        }
    }
}

/// Text for a terminal: line breaks and tabs stay, what could steer the terminal does not.
fn safe(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| line.split('\t').map(escape).collect::<Vec<_>>().join("\t"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (r#"{"type":"array"}"#, "[1, 2]", "[1,2]"),
            ("{}", "true", "true"),
            ("null", "some text", r#""some text""#),
        ] {
            let schema = serde_json::from_str(schema).expect("JSON");
            assert_eq!(value_of(&schema, text).to_string(), expected, "{schema} {text}");
        }
    }

    #[test]
    fn text_cannot_steer_the_terminal() {
        assert_eq!(safe("a\tb\nc"), "a\tb\nc");
        assert!(!safe("\u{1b}[31m").contains('\u{1b}'));
    }
}
