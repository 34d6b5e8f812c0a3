//! The id of a request, as it came.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde_json::value::RawValue;

/// A request's id: a string or an integer, kept as it came. Two spellings of one string are one id. Clones
/// share it: a call is known by it in several places.
#[derive(Clone, Debug)]
pub(crate) struct Id(Arc<IdParts>);

#[derive(Debug)]
struct IdParts {
    key: IdKey,
    raw: Box<RawValue>,
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum IdKey {
    Text(String),
    Integer(Box<str>),
}

impl Id {
    pub(crate) fn parse(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        let key = if text.starts_with('"') {
            IdKey::Text(serde_json::from_str(text).ok()?)
        } else {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_integer.then(|| IdKey::Integer(text.into()))?
        };
        // An id comes back on every answer; a longer one is no id but a load.
        (text.len() <= 1024).then(|| Self(Arc::new(IdParts { key, raw: raw.to_owned() })))
    }

    /// True if the id is the same as a JSON value in this program: integers there have 64 bits.
    pub(crate) fn is_exact(&self) -> bool {
        match &self.0.key {
            IdKey::Text(_) => true,
            IdKey::Integer(digits) => digits.parse::<i64>().is_ok(),
        }
    }

    /// The id as it came.
    pub(crate) fn as_json(&self) -> &RawValue {
        &self.0.raw
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.raw.get())
    }
}
