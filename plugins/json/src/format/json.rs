//! JSON, one or several values after one another, as jq reads it.

use super::{Fault, MAX_DEPTH};
use crate::place::{too_deep, unquoted};
use jaq_json::{Val, read as reader};
use std::borrow::Cow;

/// Reads the values in `source`.
pub fn read(source: &str) -> Result<Vec<Val>, Fault> {
    if let Some(at) = too_deep(source, "[{", MAX_DEPTH) {
        return Err(Fault { at: Some(at), message: format!("nested more than {MAX_DEPTH} deep") });
    }
    let parse = |text: &str| reader::parse_many(text.as_bytes()).collect::<Result<Vec<Val>, _>>();
    // A place is one of the text as it came.
    let values = parse(&signed(source)).or_else(|_| parse(source)).map_err(|error| {
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

/// The text with each `-0` written so that the reader keeps its sign, as jq does.
fn signed(source: &str) -> Cow<'_, str> {
    if !source.contains("-0") {
        return source.into();
    }
    let bytes = source.as_bytes();
    let (mut out, mut from) = (String::new(), 0);
    for (at, _) in unquoted(source).filter(|(_, byte)| *byte == b'-') {
        let is_inside = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'.');
        let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-".contains(byte);
        if !is_inside && bytes.get(at + 1) == Some(&b'0') && !bytes.get(at + 2).is_some_and(goes_on)
        {
            out.push_str(&source[from..at]);
            out.push_str("-0e0");
            from = at + 2;
        }
    }
    out.push_str(&source[from..]);
    out.into()
}

/// Names what the reader takes beyond JSON and jq.
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
