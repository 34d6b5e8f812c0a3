//! Reading parts of a value: `.[key]`, `.[from:to]`, `getpath`, `has`.

use super::{Error, Kind, Outcome, Value, as_float};
use jaq_json::{Num, Val};

impl Value {
    pub fn not_iterable(&self) -> Error {
        Error::str(format_args!("Cannot iterate over {}", self.shown()))
    }

    /// `.[index]`
    pub fn at(self, index: &Self) -> Outcome {
        match (&self.0, &index.0) {
            (Val::Obj(entries), Val::TStr(_) | Val::BStr(_)) => {
                Ok(Self(entries.get(&index.0).cloned().unwrap_or_default()))
            }
            (Val::Arr(items), Val::Num(number)) => {
                let found = position(number, items.len()).and_then(|at| items.get(at));
                Ok(Self(found.cloned().unwrap_or_default()))
            }
            (Val::Null | Val::Arr(_) | Val::TStr(_) | Val::BStr(_), Val::Obj(_)) => {
                let (start, end) = index.bounds();
                self.slice(start.as_ref(), end.as_ref())
            }
            (Val::Null, Val::Null | Val::Num(_) | Val::TStr(_) | Val::BStr(_)) => Ok(Self::null()),
            (Val::Arr(items), Val::Arr(sought)) => Ok(positions(items, sought)),
            _ => Err(self.not_indexable(index)),
        }
    }

    pub(super) fn not_indexable(&self, index: &Self) -> Error {
        let kind = self.kind().name();
        match index.kind() {
            Kind::String | Kind::Number => {
                Error::str(format_args!("Cannot index {kind} with {}", index.shown()))
            }
            other => Error::str(format_args!("Cannot index {kind} with {}", other.name())),
        }
    }

    /// The `start` and `end` of an object that stands for a slice.
    pub(super) fn bounds(&self) -> (Option<Self>, Option<Self>) {
        let get = |name: &str| match &self.0 {
            Val::Obj(entries) => entries.get(&Val::from(name.to_string())).cloned().map(Self),
            _ => None,
        };
        (get("start"), get("end"))
    }

    /// `.[start:end]`
    pub fn slice(self, start: Option<&Self>, end: Option<&Self>) -> Outcome {
        match &self.0 {
            Val::Null => range(start, end, 0).map(|_| self),
            Val::Arr(items) => {
                let (from, to) = range(start, end, items.len())?;
                Ok(Self(items[from..to].iter().cloned().collect()))
            }
            Val::TStr(_) | Val::BStr(_) => {
                let text = self.as_text().unwrap_or_default();
                let (from, to) = range(start, end, text.chars().count())?;
                Ok(Self::from(text.chars().skip(from).take(to - from).collect::<String>()))
            }
            _ => Err(Error::str(format_args!("Cannot index {} with object", self.kind().name()))),
        }
    }

    /// `getpath(path)`
    pub fn get(self, path: &[Val]) -> Outcome {
        if path.len() > super::update::MAX_STEPS {
            return Err(Error::str("Path too deep"));
        }
        path.iter().try_fold(self, |value, key| match value.kind() {
            Kind::Null => Ok(value),
            _ => value.at(&Self(key.clone())),
        })
    }

    /// `has(key)`
    pub fn has(&self, key: &Self) -> Outcome<bool> {
        match (&self.0, &key.0) {
            (Val::Obj(entries), Val::TStr(_) | Val::BStr(_)) => Ok(entries.contains_key(&key.0)),
            (Val::Arr(items), Val::Num(number)) => {
                let at = as_float(number).floor();
                #[expect(clippy::cast_precision_loss, reason = "arrays are short")]
                Ok(at >= 0.0 && at < items.len() as f64)
            }
            _ => Err(Error::str(format_args!(
                "Cannot check whether {} has a {} key",
                self.kind().name(),
                key.kind().name()
            ))),
        }
    }

    /// `contains(other)`
    pub fn contains(&self, other: &Self) -> Outcome<bool> {
        if self.kind() == other.kind() {
            Ok(contains(&self.0, &other.0))
        } else {
            Err(super::error_of_two(self, other, "cannot have their containment checked"))
        }
    }
}

fn contains(whole: &Val, part: &Val) -> bool {
    match (whole, part) {
        (Val::Obj(whole), Val::Obj(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| contains(whole, part)))
        }
        (Val::Arr(whole), Val::Arr(part)) => {
            part.iter().all(|part| whole.iter().any(|whole| contains(whole, part)))
        }
        (Val::TStr(whole), Val::TStr(part)) => {
            part.is_empty() || whole.windows(part.len()).any(|window| window == &part[..])
        }
        _ => whole == part,
    }
}

/// The places where `sought` begins in `items`.
fn positions(items: &[Val], sought: &[Val]) -> Value {
    if sought.is_empty() {
        return Value::null();
    }
    let windows = items.windows(sought.len()).enumerate();
    windows.filter(|(_, window)| *window == sought).map(|(at, _)| Value::from(at)).collect()
}

/// The index that a number means, counted from the end where it is negative.
pub(super) fn position(number: &Num, length: usize) -> Option<usize> {
    let at = as_float(number).floor();
    #[expect(clippy::cast_precision_loss, reason = "arrays are short")]
    let at = if at < 0.0 { at + length as f64 } else { at };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    (at >= 0.0 && at < f64::from(u32::MAX)).then_some(at as usize)
}

/// The two ends of a slice; `start` is rounded down, `end` up.
pub(super) fn range(
    start: Option<&Value>,
    end: Option<&Value>,
    length: usize,
) -> Outcome<(usize, usize)> {
    #[expect(clippy::cast_precision_loss, reason = "arrays are short")]
    let most = length as f64;
    let bound = |bound: Option<&Value>, default: f64, round: fn(f64) -> f64| match bound
        .map(|value| &value.0)
    {
        None | Some(Val::Null) => Ok(default),
        Some(Val::Num(number)) => {
            let at = as_float(number);
            let at = if at.is_nan() { default } else { at };
            Ok(round(if at < 0.0 { at + most } else { at }).clamp(0.0, most))
        }
        Some(_) => Err(Error::str("Start and end indices of an array slice must be numbers")),
    };
    let (from, to) = (bound(start, 0.0, f64::floor)?, bound(end, most, f64::ceil)?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    Ok((from as usize, to.max(from) as usize))
}
