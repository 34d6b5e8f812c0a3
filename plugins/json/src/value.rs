//! The value that filters work with: jaq's, with jq's rules where jaq's differ. Its errors are worded as jq's,
//! since filters compare what `catch` gives them.

mod access;
mod arithmetic;
mod update;

use jaq_core::ValR;
use jaq_json::{Num, Val};
use std::fmt;

/// A value of jq.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub Val);

pub type Error = jaq_core::Error<Value>;
pub type Outcome<T = Value> = Result<T, Error>;

/// The kinds of values, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl Value {
    pub fn kind(&self) -> Kind {
        match &self.0 {
            Val::Null => Kind::Null,
            Val::Bool(_) => Kind::Boolean,
            Val::Num(_) => Kind::Number,
            Val::BStr(_) | Val::TStr(_) => Kind::String,
            Val::Arr(_) => Kind::Array,
            Val::Obj(_) => Kind::Object,
        }
    }

    pub fn null() -> Self {
        Self(Val::Null)
    }

    /// The number that arithmetic gives: an integer where it is one that a float holds exactly.
    pub fn float(number: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the number is whole and small enough")]
        if number.fract() == 0.0
            && number.abs() < 1e17
            && !(number == 0.0 && number.is_sign_negative())
        {
            Self(Val::Num(Num::from_integral(number as i64)))
        } else {
            Self(Val::from(number))
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Val::TStr(bytes) | Val::BStr(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    pub fn as_number(&self) -> Option<f64> {
        match &self.0 {
            Val::Num(number) => Some(as_float(number)),
            _ => None,
        }
    }

    pub fn as_items(&self) -> Option<&[Val]> {
        match &self.0 {
            Val::Arr(items) => Some(items),
            _ => None,
        }
    }

    /// The kind and the beginning of the value, as jq's errors show it.
    pub fn shown(&self) -> String {
        const MOST: usize = 29;
        let json = crate::json_text::compact_start(&self.0, MOST + 1);
        let json = if json.len() > MOST {
            let end = match self.kind() {
                Kind::String => "\"",
                Kind::Array => "]",
                Kind::Object => "}",
                Kind::Null | Kind::Boolean | Kind::Number => "",
            };
            format!("{}...{end}", &json[..json.floor_char_boundary(MOST - 3 - end.len())])
        } else {
            json
        };
        format!("{} ({json})", self.kind().name())
    }

    /// An error about this value, such as `number (1) has no keys`.
    pub fn error(&self, what: &str) -> Error {
        Error::str(format_args!("{} {what}", self.shown()))
    }
}

/// An error about two values, such as `number (1) and string ("a") cannot be added`.
pub fn error_of_two(left: &Value, right: &Value, what: &str) -> Error {
    Error::str(format_args!("{} and {} {what}", left.shown(), right.shown()))
}

pub fn as_float(number: &Num) -> f64 {
    match number {
        #[expect(clippy::cast_precision_loss, reason = "jq's numbers are floats")]
        Num::Int(number) => *number as f64,
        Num::BigInt(_) => number.to_string().parse().unwrap_or(f64::NAN),
        Num::Float(number) => *number,
        Num::Dec(digits) => digits.parse().unwrap_or(f64::NAN),
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::json_text::compact(&self.0))
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self(Val::from(is))
    }
}

impl From<isize> for Value {
    fn from(number: isize) -> Self {
        Self(Val::from(number))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self(Val::from(number))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::float(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(Val::from(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(Val::from(text.to_string()))
    }
}

impl From<jaq_core::val::Range<Value>> for Value {
    fn from(range: jaq_core::val::Range<Value>) -> Self {
        let bound = |bound: Option<Value>| bound.unwrap_or_default().0;
        let key = |name: &str| Val::from(name.to_string());
        let bounds = [(key("start"), bound(range.start)), (key("end"), bound(range.end))];
        Self(Val::obj(bounds.into_iter().collect()))
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self(items.into_iter().map(|item| item.0).collect())
    }
}

impl jaq_std::ValT for Value {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self.0 {
            Val::Arr(items) => Ok(items.iter().cloned().map(Value).collect()),
            other => Err(Value(other)),
        }
    }

    fn is_int(&self) -> bool {
        matches!(&self.0, Val::Num(Num::Int(_) | Num::BigInt(_)))
    }

    fn as_isize(&self) -> Option<isize> {
        match &self.0 {
            Val::Num(number) => number.as_isize(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        self.as_number()
    }

    fn is_utf8_str(&self) -> bool {
        self.kind() == Kind::String
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Val::TStr(bytes) | Val::BStr(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        Self::from_utf8_bytes(part.to_vec())
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::from(String::from_utf8_lossy(bytes.as_ref()).into_owned())
    }
}

impl jaq_core::ValT for Value {
    fn from_num(digits: &str) -> ValR<Self> {
        let int = Num::from_str_radix(digits, 10);
        Ok(Self(Val::Num(int.unwrap_or_else(|| Num::Dec(digits.to_string().into())))))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> ValR<Self> {
        let entry = |(key, value): (Self, Self)| match key.kind() {
            Kind::String => Ok((key.0, value.0)),
            _ => Err(Error::str(format_args!("Object keys must be strings, not {}", key.shown()))),
        };
        Ok(Self(Val::obj(entries.into_iter().map(entry).collect::<Outcome<_>>()?)))
    }

    fn key_values(self) -> Box<dyn Iterator<Item = ValR<(Self, Self), Self>>> {
        match self.0 {
            Val::Arr(items) => {
                let items: Vec<Val> = items.iter().cloned().collect();
                Box::new(
                    items.into_iter().enumerate().map(|(at, item)| Ok((at.into(), Self(item)))),
                )
            }
            Val::Obj(entries) => {
                let entries = (*entries).clone().into_iter();
                Box::new(entries.map(|(key, value)| Ok((Self(key), Self(value)))))
            }
            other => Box::new(std::iter::once(Err(Self(other).not_iterable()))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        match self.0 {
            Val::Arr(items) => match std::rc::Rc::try_unwrap(items) {
                Ok(items) => Box::new(items.into_iter().map(|item| Ok(Self(item)))),
                Err(items) => Box::new((0..items.len()).map(move |at| Ok(Self(items[at].clone())))),
            },
            Val::Obj(entries) => {
                let at = move |at| entries.get_index(at).map(|(_, value)| Ok(Self(value.clone())));
                Box::new((0..).map_while(at))
            }
            other => Box::new(std::iter::once(Err(Self(other).not_iterable()))),
        }
    }

    fn index(self, index: &Self) -> ValR<Self> {
        self.at(index)
    }

    fn range(self, range: jaq_core::val::Range<&Self>) -> ValR<Self> {
        self.slice(range.start, range.end)
    }

    fn map_values<'a, I: Iterator<Item = jaq_core::ValX<'a, Self>>>(
        self,
        opt: jaq_core::path::Opt,
        f: impl Fn(Self) -> I,
    ) -> jaq_core::ValX<'a, Self> {
        let all = match self.clone().key_values().collect::<Outcome<Vec<_>>>() {
            Ok(all) => all,
            Err(error) => return opt.fail(self, |_| error.into()),
        };
        all.into_iter().try_fold(self, |whole, (key, value)| match f(value).next().transpose()? {
            Some(value) => Ok(whole.set(&[key], value)?),
            None => Ok(whole),
        })
    }

    fn map_index<'a, I: Iterator<Item = jaq_core::ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: jaq_core::path::Opt,
        f: impl Fn(Self) -> I,
    ) -> jaq_core::ValX<'a, Self> {
        let old = match self.clone().at(index) {
            Ok(old) => old,
            Err(error) => return opt.fail(self, |_| error.into()),
        };
        match f(old).next().transpose()? {
            Some(new) => Ok(self.set(std::slice::from_ref(index), new)?),
            None => Ok(self),
        }
    }

    fn map_range<'a, I: Iterator<Item = jaq_core::ValX<'a, Self>>>(
        self,
        range: jaq_core::val::Range<&Self>,
        opt: jaq_core::path::Opt,
        f: impl Fn(Self) -> I,
    ) -> jaq_core::ValX<'a, Self> {
        let index = Self::from(range.start.cloned()..range.end.cloned());
        self.map_index(&index, opt, f)
    }

    fn as_bool(&self) -> bool {
        !matches!(&self.0, Val::Null | Val::Bool(false))
    }

    fn into_string(self) -> Self {
        match self.kind() {
            Kind::String => self,
            Kind::Null | Kind::Boolean | Kind::Number | Kind::Array | Kind::Object => {
                Self::from(self.to_string())
            }
        }
    }
}
