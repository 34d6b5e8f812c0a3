//! A guest's values to JSON: the answer of one call.

use wasmtime::component::Val;

/// The reason why a value does not become JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueError {
    /// It would be longer than allowed.
    TooLong,
    /// It holds something that has no shape, which no function with shapes gives.
    NotJson,
}

/// `value` as JSON of at most `most` bytes.
pub(crate) fn json(value: &Val, most: usize) -> Result<String, ValueError> {
    let mut writer = ValueWriter { text: String::new(), most };
    writer.value(value)?;
    Ok(writer.text)
}

struct ValueWriter {
    text: String,
    most: usize,
}

impl ValueWriter {
    fn value(&mut self, value: &Val) -> Result<(), ValueError> {
        match value {
            Val::Bool(value) => self.plain(value),
            Val::S8(value) => self.plain(value),
            Val::U8(value) => self.plain(value),
            Val::S16(value) => self.plain(value),
            Val::U16(value) => self.plain(value),
            Val::S32(value) => self.plain(value),
            Val::U32(value) => self.plain(value),
            Val::S64(value) => self.plain(value),
            Val::U64(value) => self.plain(value),
            Val::Float32(value) => self.float((*value).into()),
            Val::Float64(value) => self.float(*value),
            Val::Char(value) => self.string(value.encode_utf8(&mut [0; 4])),
            Val::String(value) | Val::Enum(value) => self.string(value),
            Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => {
                self.list('[', items, ']', Self::value)
            }
            Val::Flags(names) => self.list('[', names, ']', |writer, name| writer.string(name)),
            Val::Map(entries) => self.list('[', entries, ']', |writer, (key, value)| {
                writer.push(r#"{"key":"#)?;
                writer.value(key)?;
                writer.push(r#","value":"#)?;
                writer.value(value)?;
                writer.push("}")
            }),
            Val::Record(fields) => self.list('{', fields, '}', |writer, (name, value)| {
                writer.string(name)?;
                writer.push(":")?;
                writer.value(value)
            }),
            Val::Variant(name, payload) => self.case(name, payload.as_deref()),
            Val::Option(None) => self.push("null"),
            Val::Option(Some(some)) => match &**some {
                // `null` cannot say which of the two options is none.
                Val::Option(_) => self.case("some", Some(some)),
                some => self.value(some),
            },
            Val::Result(Ok(payload)) => self.outcome("ok", payload.as_deref()),
            Val::Result(Err(payload)) => self.outcome("err", payload.as_deref()),
            Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => {
                Err(ValueError::NotJson)
            }
        }
    }

    fn case(&mut self, name: &str, payload: Option<&Val>) -> Result<(), ValueError> {
        self.push(r#"{"tag":"#)?;
        self.string(name)?;
        if let Some(payload) = payload {
            self.push(r#","val":"#)?;
            self.value(payload)?;
        }
        self.push("}")
    }

    fn outcome(&mut self, which: &str, payload: Option<&Val>) -> Result<(), ValueError> {
        self.push("{")?;
        self.string(which)?;
        self.push(":")?;
        match payload {
            Some(payload) => self.value(payload)?,
            None => self.push("null")?,
        }
        self.push("}")
    }

    fn float(&mut self, value: f64) -> Result<(), ValueError> {
        match serde_json::Number::from_f64(value) {
            Some(number) => self.plain(&number),
            // `NaN`, `inf`, `-inf`: as wassette has them.
            None => self.string(&value.to_string()),
        }
    }

    fn list<T>(
        &mut self,
        open: char,
        items: &[T],
        close: char,
        mut write: impl FnMut(&mut Self, &T) -> Result<(), ValueError>,
    ) -> Result<(), ValueError> {
        self.plain(&open)?;
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.push(",")?;
            }
            write(self, item)?;
        }
        self.plain(&close)
    }

    fn string(&mut self, text: &str) -> Result<(), ValueError> {
        // Escaping makes six bytes of one at most; a text that is too long as it is need not be
        // escaped.
        self.room_for(text.len())?;
        self.push(&serde_json::to_string(text).unwrap_or_default())
    }

    fn plain(&mut self, value: &impl ToString) -> Result<(), ValueError> {
        self.push(&value.to_string())
    }

    fn push(&mut self, text: &str) -> Result<(), ValueError> {
        self.room_for(text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    fn room_for(&self, bytes: usize) -> Result<(), ValueError> {
        if self.text.len() + bytes > self.most { Err(ValueError::TooLong) } else { Ok(()) }
    }
}
