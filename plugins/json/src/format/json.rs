//! JSON, one or several values after one another, as jq reads it.

use super::{Fault, MAX_DEPTH};
use crate::place::too_deep;
use jaq_json::{Val, read as reader};

/// Reads the values in `source`.
pub fn read(source: &str) -> Result<Vec<Val>, Fault> {
    if let Some(at) = too_deep(source, "[{", MAX_DEPTH) {
        return Err(Fault { at: Some(at), message: format!("nested more than {MAX_DEPTH} deep") });
    }
    let values: Result<Vec<Val>, _> = reader::parse_many(source.as_bytes()).collect();
    let values = values.map_err(|error| {
        let message = error.to_string();
        // The offset of the error is only in its text.
        let offset = message.strip_prefix("byte offset ").and_then(|rest| rest.split_once(": "));
        match offset.and_then(|(at, reason)| Some((at.parse().ok()?, reason))) {
            Some((at, reason)) => Fault { at: Some(at), message: reason.to_string() },
            None => Fault { at: None, message },
        }
    })?;
    match values.iter().find_map(beyond) {
        Some(what) => Err(Fault { at: None, message: what }),
        None => Ok(values),
    }
}

/// What the reader takes beyond JSON and jq.
fn beyond(value: &Val) -> Option<String> {
    match value {
        Val::BStr(_) => Some("`b\"...\"` is no string of JSON".to_string()),
        Val::Arr(items) => items.iter().find_map(beyond),
        Val::Obj(entries) => entries.iter().find_map(|(key, value)| match key {
            Val::TStr(_) => beyond(value),
            key => Some(format!("the key `{key}` is no string; put it into quotes")),
        }),
        Val::Null | Val::Bool(_) | Val::Num(_) | Val::TStr(_) => None,
    }
}
