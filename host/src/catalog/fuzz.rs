//! Any text as a plugin's schema, and any value against it: it ends, soon, with words that can be shown.

use std::time::{Duration, Instant};

use serde_json::Value;
use serde_json::value::RawValue;

use super::schema::Schema;
use crate::fuzz::Seen;
use crate::text::forbidden_char;

/// What a plugin may give for a schema.
const MAX_SCHEMA: usize = 32 * 1024;
const MAX_DEPTH: usize = 16;
/// The budget's half a second, on a machine that is busy.
const SOON: Duration = Duration::from_secs(10);

/// Takes the last line of `bytes` for a value, and what is before it for a schema.
pub fn schema(bytes: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(bytes);
    let Some((schema, value)) = text.trim_end().rsplit_once('\n') else { return Seen::Refused };
    let Ok(raw) = serde_json::from_str::<&RawValue>(schema) else { return Seen::Refused };
    let is_given = |schema: &Value| schema.is_object() && depth(schema) <= MAX_DEPTH;
    let given = serde_json::from_str(schema).is_ok_and(|schema| is_given(&schema));
    if !given || schema.len() > MAX_SCHEMA {
        return Seen::Refused;
    }
    let begun = Instant::now();
    let compiled = match Schema::compile(raw) {
        Ok(compiled) => compiled,
        Err(refused) => {
            assert!(forbidden_char(&refused).is_none(), "{refused:?}");
            return Seen::Refused;
        }
    };
    if let Ok(value) = serde_json::from_str(value)
        && let Err(problem) = compiled.check_here(&value)
    {
        assert!(forbidden_char(&problem).is_none(), "{problem:?}");
    }
    assert!(begun.elapsed() < SOON, "it took {:?}", begun.elapsed());
    Seen::Accepted
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
