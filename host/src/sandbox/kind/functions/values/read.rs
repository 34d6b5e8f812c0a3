//! JSON to a guest's values, by their shapes: the arguments of one call.
//!
//! An error names its place, as a JSON pointer, and what was expected there.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;
use wasmtime::component::Val;

use super::super::types::form::Integer;
use super::super::types::shape::Shape;
use super::fault::{ArgumentError, listed, short, shown};
use super::scalar::{character, float, number, single};
use crate::json;
use crate::text::nearest;

/// The most bytes that the values of one call may take on the host. A megabyte of JSON becomes 20, as base64 30; only a
/// type that is made for it becomes more.
const MAX_VALUES: usize = 48 * 1024 * 1024;

type ValueMembers<'a> = BTreeMap<String, &'a RawValue>;

/// The values of `parameters`, in their order, out of a JSON object.
pub(crate) fn arguments(
    parameters: &[(String, Shape)],
    text: &str,
) -> Result<Vec<Val>, ArgumentError> {
    let raw = parse(text)?;
    let fields = ValueReader { left: MAX_VALUES }.fields(parameters, raw)?;
    Ok(fields.into_iter().map(|(_, value)| value).collect())
}

/// One value.
#[cfg(any(test, fuzzing))]
pub(crate) fn value(shape: &Shape, text: &str) -> Result<Val, ArgumentError> {
    ValueReader { left: MAX_VALUES }.value(shape, parse(text)?)
}

fn parse(text: &str) -> Result<&RawValue, ArgumentError> {
    serde_json::from_str(text)
        .map_err(|error| ArgumentError::new(format!("this is not JSON: {error}")))
}

struct ValueReader {
    left: usize,
}

impl ValueReader {
    fn value(&mut self, shape: &Shape, raw: &RawValue) -> Result<Val, ArgumentError> {
        self.take(size_of::<Val>())?;
        let expected =
            |what: &str| ArgumentError::new(format!("expected {what}, found {}", shown(raw)));
        Ok(match shape {
            Shape::Bool => Val::Bool(of(raw).ok_or_else(|| expected("true or false"))?),
            Shape::Integer(integer) => number(*integer, raw)?,
            Shape::F32 => Val::Float32(single(raw)?),
            Shape::F64 => Val::Float64(float(raw)?),
            Shape::Char => {
                let text: Option<String> = of(raw);
                let character = text.and_then(|text| character(&text));
                Val::Char(character.ok_or_else(|| expected("a string of one character"))?)
            }
            Shape::String => {
                let text: String = of(raw).ok_or_else(|| expected("a string"))?;
                self.take(text.len())?;
                Val::String(text)
            }
            Shape::Bytes => self.bytes(raw)?,
            Shape::List(item) => Val::List(self.items(raw, |_| Some(&**item))?),
            Shape::Map(key, value) => Val::Map(self.map(key, value, raw)?),
            Shape::Record(fields) => Val::Record(self.fields(fields, raw)?),
            Shape::Tuple(shapes) => {
                let items = self.items(raw, |at| shapes.get(at))?;
                if items.len() < shapes.len() {
                    return Err(expected(&format!("{} items", shapes.len())));
                }
                Val::Tuple(items)
            }
            Shape::Variant(cases) => {
                let (tag, val) = tagged(raw)?;
                let names = cases.iter().map(|(name, _)| &**name);
                let at = self.one_of(names, &tag).map_err(|fault| fault.within("tag"))?;
                let payload = cases.get(at).and_then(|(_, payload)| payload.as_ref());
                Val::Variant(tag, self.payload(payload, val)?)
            }
            Shape::Enum(names) => {
                let name: String = of(raw).ok_or_else(|| expected("a string"))?;
                self.one_of(names.iter().map(String::as_str), &name)?;
                Val::Enum(name)
            }
            Shape::Option(_) if is_null(raw) => Val::Option(None),
            // `null` cannot say which of the two options is none.
            Shape::Option(some) if some.is_option() => {
                let (tag, val) = tagged(raw)?;
                self.one_of(["some"].into_iter(), &tag).map_err(|fault| fault.within("tag"))?;
                Val::Option(self.payload(Some(some), val)?)
            }
            Shape::Option(some) => Val::Option(Some(Box::new(self.value(some, raw)?))),
            Shape::Result(ok, err) => self.outcome(ok.as_deref(), err.as_deref(), raw)?,
            Shape::Flags(names) => Val::Flags(self.flags(names, raw)?),
        })
    }

    fn bytes(&mut self, raw: &RawValue) -> Result<Val, ArgumentError> {
        if !raw.get().starts_with('"') {
            return Ok(Val::List(self.items(raw, |_| Some(&Shape::Integer(Integer::U8)))?));
        }
        let wrong = || ArgumentError::new("expected base64 with padding, or a list of numbers");
        let text: String = of(raw).ok_or_else(wrong)?;
        let bytes = BASE64.decode(&text).map_err(|_| wrong())?;
        self.take(bytes.len().saturating_mul(size_of::<Val>()))?;
        Ok(Val::List(bytes.into_iter().map(Val::U8).collect()))
    }

    /// The items of an array; `shape` gives that of each place.
    fn items<'s>(
        &mut self,
        raw: &RawValue,
        shape: impl Fn(usize) -> Option<&'s Shape>,
    ) -> Result<Vec<Val>, ArgumentError> {
        let items: Vec<&RawValue> = of(raw)
            .ok_or_else(|| ArgumentError::new(format!("expected a list, found {}", shown(raw))))?;
        let mut values = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            let shape = shape(at)
                .ok_or_else(|| ArgumentError::new(format!("expected {at} items, found more")))?;
            values.push(self.value(shape, item).map_err(|fault| fault.within(at))?);
        }
        Ok(values)
    }

    fn map(
        &mut self,
        key: &Shape,
        value: &Shape,
        raw: &RawValue,
    ) -> Result<Vec<(Val, Val)>, ArgumentError> {
        if *key == Shape::String && raw.get().starts_with('{') {
            let entries = members(raw)?;
            return entries
                .into_iter()
                .map(|(name, raw)| {
                    self.take(size_of::<Val>() + name.len())?;
                    let value = self.value(value, raw).map_err(|fault| fault.within(&name))?;
                    Ok((Val::String(name), value))
                })
                .collect();
        }
        let entries: Vec<&RawValue> = of(raw)
            .ok_or_else(|| ArgumentError::new(format!("expected a list, found {}", shown(raw))))?;
        let entry = |(at, raw)| self.entry(key, value, raw).map_err(|fault| fault.within(at));
        entries.into_iter().enumerate().map(entry).collect()
    }

    fn entry(
        &mut self,
        key: &Shape,
        value: &Shape,
        raw: &RawValue,
    ) -> Result<(Val, Val), ArgumentError> {
        let mut members = members(raw)?;
        let key = self.member("key", key, members.remove("key"))?;
        let value = self.member("value", value, members.remove("value"))?;
        none_left(members, || ["key", "value"].into_iter()).map(|()| (key, value))
    }

    fn fields(
        &mut self,
        fields: &[(String, Shape)],
        raw: &RawValue,
    ) -> Result<Vec<(String, Val)>, ArgumentError> {
        let mut members = members(raw)?;
        let mut values = Vec::with_capacity(fields.len());
        for (name, shape) in fields {
            self.take(size_of::<String>() + name.len())?;
            values.push((name.clone(), self.member(name, shape, members.remove(name))?));
        }
        none_left(members, || fields.iter().map(|(name, _)| &**name)).map(|()| values)
    }

    /// A member of an object, which may be absent.
    fn member(
        &mut self,
        name: &str,
        shape: &Shape,
        raw: Option<&RawValue>,
    ) -> Result<Val, ArgumentError> {
        match raw {
            Some(raw) => self.value(shape, raw).map_err(|fault| fault.within(name)),
            None => self.absent(shape, name),
        }
    }

    fn absent(&mut self, shape: &Shape, name: &str) -> Result<Val, ArgumentError> {
        self.take(size_of::<Val>())?;
        match shape {
            Shape::Option(_) => Ok(Val::Option(None)),
            _ => Err(ArgumentError::new(format!("`{name}` is required: {shape}"))),
        }
    }

    /// Reads the payload of a case. `None` where the case has none.
    fn payload(
        &mut self,
        shape: Option<&Shape>,
        raw: Option<&RawValue>,
    ) -> Result<Option<Box<Val>>, ArgumentError> {
        match (shape, raw) {
            (Some(shape), raw) => Ok(Some(Box::new(self.member("val", shape, raw)?))),
            (None, Some(raw)) if !is_null(raw) => {
                let problem =
                    format!("this case has no value: expected null, found {}", shown(raw));
                Err(ArgumentError::new(problem).within("val"))
            }
            (None, _) => Ok(None),
        }
    }

    fn outcome(
        &mut self,
        ok: Option<&Shape>,
        err: Option<&Shape>,
        raw: &RawValue,
    ) -> Result<Val, ArgumentError> {
        let members = members(raw)?;
        let mut only = members.iter();
        let (which, payload) = match (only.next(), only.next()) {
            (Some((name, raw)), None) if name == "ok" || name == "err" => (name, *raw),
            _ => return Err(ArgumentError::new(r#"expected either {"ok": ...} or {"err": ...}"#)),
        };
        let is_ok = which == "ok";
        let value = match if is_ok { ok } else { err } {
            Some(shape) => {
                let value = self.value(shape, payload).map_err(|fault| fault.within(which))?;
                Some(Box::new(value))
            }
            None if is_null(payload) => None,
            None => {
                let problem = format!("expected null, found {}", shown(payload));
                return Err(ArgumentError::new(problem).within(which));
            }
        };
        Ok(Val::Result(if is_ok { Ok(value) } else { Err(value) }))
    }

    /// The flags that are set, in the order of the type.
    fn flags(&mut self, names: &[String], raw: &RawValue) -> Result<Vec<String>, ArgumentError> {
        let wrong = || ArgumentError::new("expected a list of names, or an object of booleans");
        let mut set = vec![false; names.len()];
        let all = || names.iter().map(String::as_str);
        if raw.get().starts_with('{') {
            for (name, raw) in members(raw)? {
                let at = self.one_of(all(), &name)?;
                let wrong =
                    || ArgumentError::new(format!("expected true or false, found {}", shown(raw)));
                set[at] = of(raw).ok_or_else(|| wrong().within(name))?;
            }
        } else {
            let found: Vec<String> = of(raw).ok_or_else(wrong)?;
            for name in found {
                let at = self.one_of(all(), &name)?;
                set[at] = true;
            }
        }
        let set = names.iter().zip(set).filter(|(_, set)| *set).map(|(name, _)| name.clone());
        Ok(set.collect())
    }

    /// The place of `name` among `names`.
    fn one_of<'s>(
        &mut self,
        names: impl Iterator<Item = &'s str> + Clone,
        name: &str,
    ) -> Result<usize, ArgumentError> {
        self.take(size_of::<String>() + name.len())?;
        let looked_at = names.clone().take_while(|known| *known != name).count();
        // A search in a long list is work, if not memory.
        self.take(looked_at / 4)?;
        if names.clone().nth(looked_at).is_some() {
            return Ok(looked_at);
        }
        let near = nearest(name, names.clone());
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let (names, name) = (listed(names), short(name));
        Err(ArgumentError::new(format!("expected one of {names}, found `{name}`{near}")))
    }

    fn take(&mut self, bytes: usize) -> Result<(), ArgumentError> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            ArgumentError::new("the values are too many to hand over; send fewer")
        })?;
        Ok(())
    }
}

fn of<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

fn members(raw: &RawValue) -> Result<ValueMembers<'_>, ArgumentError> {
    if !raw.get().starts_with('{') {
        return Err(ArgumentError::new(format!("expected an object, found {}", shown(raw))));
    }
    json::members(raw).map_err(|error| ArgumentError::new(error.to_string()))
}

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// The members of a case.
fn tagged(raw: &RawValue) -> Result<(String, Option<&RawValue>), ArgumentError> {
    let mut members = members(raw)?;
    let tag = members.remove("tag").ok_or_else(|| ArgumentError::new("`tag` is required"))?;
    let wrong = || ArgumentError::new(format!("expected a string, found {}", shown(tag)));
    let name = of(tag).ok_or_else(|| wrong().within("tag"))?;
    let val = members.remove("val");
    none_left(members, || ["tag", "val"].into_iter()).map(|()| (name, val))
}

/// Refuses a member that is left in `members` after the known ones were taken.
fn none_left<'a, I: Iterator<Item = &'a str>>(
    members: ValueMembers<'_>,
    known: impl Fn() -> I,
) -> Result<(), ArgumentError> {
    match members.into_keys().next() {
        Some(unknown) => {
            let near = nearest(&unknown, known());
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let (unknown, known) = (short(&unknown), listed(known()));
            Err(ArgumentError::new(format!("`{unknown}` is unknown{near}; expected {known}")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_as_what_they_become_and_not_as_they_are_written() {
        let most = MAX_VALUES / size_of::<Val>() - 1;
        for (bytes, fits) in [(most, true), (most + 1, false)] {
            let text = format!("\"{}\"", BASE64.encode(vec![0; bytes]));
            assert_eq!(value(&Shape::Bytes, &text).is_ok(), fits, "{bytes}");
        }
    }
}
