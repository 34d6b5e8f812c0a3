//! Shapes to JSON Schema (2020-12): what may come in, and what goes out.
//!
//! `read` takes exactly what the schema of the way in accepts, and `write` gives only what both accept.
//! The way in accepts more: options that are absent, flags as an object, bytes as base64, floats that
//! JSON has no number for.

use super::super::contract::MAX_SCHEMA;
use super::types::form::Integer;
use super::types::shape::{Shape, Unfit};

/// Standard base64 with padding, whose spare bits are zero: one text for the same bytes.
const BASE64: &str =
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

/// Floats that JSON has no number for, as they may be written and as they are written.
const NOT_NUMBERS: [(&str, f64); 5] = [
    ("NaN", f64::NAN),
    ("Infinity", f64::INFINITY),
    ("-Infinity", f64::NEG_INFINITY),
    ("inf", f64::INFINITY),
    ("-inf", f64::NEG_INFINITY),
];
const WRITTEN_NOT_NUMBERS: [&str; 3] = ["NaN", "inf", "-inf"];

/// The float that `text` stands for, if JSON has no number for it.
pub(super) fn not_number(text: &str) -> Option<f64> {
    NOT_NUMBERS.iter().find(|(known, _)| *known == text).map(|(_, value)| *value)
}

/// The direction in which a value crosses the border of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the client into the guest.
    In,
    /// Out of the guest.
    Out,
}

/// The schema of a function's arguments: an object with a member for each parameter.
pub(super) fn arguments(parameters: &[(String, Shape)]) -> Result<String, Unfit> {
    written(Way::In, |schema| schema.record(parameters))
}

/// The schema of a function's structured answer: an object with the member `result`.
pub(super) fn answer(result: &Shape) -> Result<String, Unfit> {
    written(Way::Out, |schema| {
        schema.push(r#"{"type":"object","properties":{"result":"#)?;
        schema.shape(result)?;
        schema.push(r#"},"required":["result"],"additionalProperties":false}"#)
    })
}

/// The schema of one value.
#[cfg(any(test, fuzzing))]
pub(super) fn value(shape: &Shape, way: Way) -> Result<String, Unfit> {
    written(way, |schema| schema.shape(shape))
}

fn written(
    way: Way,
    write: impl FnOnce(&mut SchemaWriter) -> Result<(), Unfit>,
) -> Result<String, Unfit> {
    let mut schema = SchemaWriter { way, text: String::new() };
    write(&mut schema)?;
    Ok(schema.text)
}

/// A schema while it is written, in the order in which the component declares.
struct SchemaWriter {
    way: Way,
    text: String,
}

impl SchemaWriter {
    fn shape(&mut self, shape: &Shape) -> Result<(), Unfit> {
        match shape {
            Shape::Bool => self.push(r#"{"type":"boolean"}"#),
            Shape::Integer(integer) => self.integer(*integer),
            Shape::F32 => {
                let (min, max) = (f64::from(f32::MIN), f64::from(f32::MAX));
                self.float(&format!(r#"{{"type":"number","minimum":{min:e},"maximum":{max:e}}}"#))
            }
            Shape::F64 => self.float(r#"{"type":"number"}"#),
            Shape::Char => self.push(r#"{"type":"string","minLength":1,"maxLength":1}"#),
            Shape::String => self.push(r#"{"type":"string"}"#),
            Shape::Bytes => self.bytes(),
            Shape::List(item) => {
                self.push(r#"{"type":"array","items":"#)?;
                self.shape(item)?;
                self.push("}")
            }
            Shape::Map(key, value) => self.map(key, value),
            Shape::Record(fields) => self.record(fields),
            Shape::Tuple(items) => {
                self.push(r#"{"type":"array","prefixItems":["#)?;
                self.each(items, Self::shape)?;
                self.push(&format!(r#"],"minItems":{0},"maxItems":{0}}}"#, items.len()))
            }
            Shape::Variant(cases) => {
                self.push(r#"{"oneOf":["#)?;
                self.each(cases, |schema, (name, payload)| schema.case(name, payload.as_ref()))?;
                self.push("]}")
            }
            Shape::Enum(names) => self.names(names),
            Shape::Option(some) => self.option(some),
            Shape::Result(ok, err) => {
                self.push(r#"{"oneOf":["#)?;
                self.outcome("ok", ok.as_deref())?;
                self.push(",")?;
                self.outcome("err", err.as_deref())?;
                self.push("]}")
            }
            Shape::Flags(names) => self.flags(names),
        }
    }

    fn integer(&mut self, integer: Integer) -> Result<(), Unfit> {
        let (min, max) = integer.range();
        self.push(&format!(r#"{{"type":"integer","minimum":{min},"maximum":{max}}}"#))
    }

    fn float(&mut self, number: &str) -> Result<(), Unfit> {
        let read = NOT_NUMBERS.map(|(text, _)| text);
        let texts = match self.way {
            Way::In => &read[..],
            Way::Out => &WRITTEN_NOT_NUMBERS[..],
        };
        self.push(&format!(r#"{{"anyOf":[{number},"#))?;
        self.names(texts)?;
        self.push("]}")
    }

    fn bytes(&mut self) -> Result<(), Unfit> {
        let array = r#"{"type":"array","items":{"type":"integer","minimum":0,"maximum":255}}"#;
        match self.way {
            Way::In => self.push(&format!(
                r#"{{"anyOf":[{{"type":"string","contentEncoding":"base64","pattern":"{BASE64}"}},{array}]}}"#
            )),
            Way::Out => self.push(array),
        }
    }

    fn map(&mut self, key: &Shape, value: &Shape) -> Result<(), Unfit> {
        // A map may also be written as an object, where its keys can be the names of members.
        let object = self.way == Way::In && *key == Shape::String;
        if object {
            self.push(r#"{"anyOf":[{"type":"object","additionalProperties":"#)?;
            self.shape(value)?;
            self.push("},")?;
        }
        self.push(r#"{"type":"array","items":{"type":"object","properties":{"key":"#)?;
        self.shape(key)?;
        self.push(r#","value":"#)?;
        self.shape(value)?;
        self.push(r#"},"required":["key""#)?;
        self.push(if self.may_be_absent(value) { "]" } else { r#","value"]"# })?;
        self.push(r#","additionalProperties":false}}"#)?;
        if object { self.push("]}") } else { Ok(()) }
    }

    fn record(&mut self, fields: &[(String, Shape)]) -> Result<(), Unfit> {
        self.push(r#"{"type":"object","properties":{"#)?;
        self.each(fields, |schema, (name, shape)| {
            schema.quoted(name)?;
            schema.push(":")?;
            schema.shape(shape)
        })?;
        self.push(r#"},"required":["#)?;
        let required: Vec<_> =
            fields.iter().filter(|(_, shape)| !self.may_be_absent(shape)).collect();
        self.each(required, |schema, (name, _)| schema.quoted(name))?;
        self.push(r#"],"additionalProperties":false}"#)
    }

    fn case(&mut self, name: &str, payload: Option<&Shape>) -> Result<(), Unfit> {
        self.push(r#"{"type":"object","properties":{"tag":{"const":"#)?;
        self.quoted(name)?;
        self.push("}")?;
        match payload {
            Some(payload) => {
                self.push(r#","val":"#)?;
                self.shape(payload)?;
            }
            None if self.way == Way::In => self.push(r#","val":{"type":"null"}"#)?,
            None => {}
        }
        self.push(r#"},"required":["tag""#)?;
        let has_val = payload.is_some_and(|payload| !self.may_be_absent(payload));
        self.push(if has_val { r#","val"]"# } else { "]" })?;
        self.push(r#","additionalProperties":false}"#)
    }

    fn outcome(&mut self, which: &str, payload: Option<&Shape>) -> Result<(), Unfit> {
        self.push(&format!(r#"{{"type":"object","properties":{{"{which}":"#))?;
        match payload {
            Some(payload) => self.shape(payload)?,
            None => self.push(r#"{"type":"null"}"#)?,
        }
        self.push(&format!(r#"}},"required":["{which}"],"additionalProperties":false}}"#))
    }

    fn option(&mut self, some: &Shape) -> Result<(), Unfit> {
        self.push(r#"{"anyOf":[{"type":"null"},"#)?;
        if some.is_option() {
            // `null` cannot say which of the two options is none.
            self.case("some", Some(some))?;
        } else {
            self.shape(some)?;
        }
        self.push("]}")
    }

    fn flags(&mut self, names: &[String]) -> Result<(), Unfit> {
        if self.way == Way::In {
            self.push(r#"{"anyOf":["#)?;
        }
        self.push(r#"{"type":"array","items":"#)?;
        self.names(names)?;
        self.push("}")?;
        if self.way == Way::In {
            self.push(r#",{"type":"object","properties":{"#)?;
            self.each(names, |schema, name| {
                schema.quoted(name)?;
                schema.push(r#":{"type":"boolean"}"#)
            })?;
            self.push(r#"},"additionalProperties":false}]}"#)?;
        }
        Ok(())
    }

    fn names<T: AsRef<str>>(&mut self, names: &[T]) -> Result<(), Unfit> {
        self.push(r#"{"type":"string","enum":["#)?;
        self.each(names, |schema, name| schema.quoted(name.as_ref()))?;
        self.push("]}")
    }

    /// True if a member of this shape can be left out.
    fn may_be_absent(&self, shape: &Shape) -> bool {
        self.way == Way::In && shape.is_option()
    }

    fn each<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<(), Unfit>,
    ) -> Result<(), Unfit> {
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.push(",")?;
            }
            write(self, item)?;
        }
        Ok(())
    }

    /// A name of the component model holds letters, digits and hyphens: nothing that JSON escapes.
    fn quoted(&mut self, name: &str) -> Result<(), Unfit> {
        self.push("\"")?;
        self.push(name)?;
        self.push("\"")
    }

    fn push(&mut self, text: &str) -> Result<(), Unfit> {
        if self.text.len() + text.len() > MAX_SCHEMA {
            return Err(Unfit::TooLarge);
        }
        self.text.push_str(text);
        Ok(())
    }
}
