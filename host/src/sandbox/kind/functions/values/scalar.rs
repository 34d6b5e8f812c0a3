//! One JSON value to a number or a character of a guest, exactly or not at all.
//!
//! Every number is read from its own text, so that none loses digits.

use serde_json::value::RawValue;
use wasmtime::component::Val;

use super::super::schema::not_number;
use super::super::types::form::Integer;
use super::fault::{ArgumentError, shown};
use crate::sandbox::kind::number::whole;

/// A whole number of this type.
pub(crate) fn number(integer: Integer, raw: &RawValue) -> Result<Val, ArgumentError> {
    let (min, max) = integer.range();
    let wrong = || {
        ArgumentError::new(format!(
            "expected a whole number from {min} to {max}, found {}",
            shown(raw)
        ))
    };
    if !raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Err(wrong());
    }
    let value = whole(raw.get()).ok_or_else(wrong)?;
    let val = match integer {
        Integer::S8 => i8::try_from(value).map(Val::S8),
        Integer::U8 => u8::try_from(value).map(Val::U8),
        Integer::S16 => i16::try_from(value).map(Val::S16),
        Integer::U16 => u16::try_from(value).map(Val::U16),
        Integer::S32 => i32::try_from(value).map(Val::S32),
        Integer::U32 => u32::try_from(value).map(Val::U32),
        Integer::S64 => i64::try_from(value).map(Val::S64),
        Integer::U64 => u64::try_from(value).map(Val::U64),
    };
    val.map_err(|_| wrong())
}

/// A float of 32 bits.
pub(crate) fn single(raw: &RawValue) -> Result<f32, ArgumentError> {
    let value = float(raw)?;
    if value.is_finite() && value.abs() > f32::MAX.into() {
        let found = shown(raw);
        return Err(ArgumentError::new(format!(
            "expected a number that 32 bits can hold, found {found}"
        )));
    }
    // By way of a double it would be rounded twice.
    Ok(raw.get().parse().unwrap_or(value as f32))
}

/// A double, also one that JSON has no number for.
pub(crate) fn float(raw: &RawValue) -> Result<f64, ArgumentError> {
    let text = raw.get();
    let value = if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        text.parse().ok().filter(|value: &f64| value.is_finite())
    } else {
        text.strip_prefix('"').and_then(|text| not_number(text.strip_suffix('"')?))
    };
    value.ok_or_else(|| ArgumentError::new(format!("expected a number, found {}", shown(raw))))
}

/// The only character of a string.
pub(crate) fn character(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_is_rounded_once() {
        // A little more than half way between two singles, by less than a double can tell.
        let text = "1.00000005960464477539062500000000001";
        let raw = RawValue::from_string(text.into()).expect("JSON");
        assert_eq!(single(&raw).ok(), Some(1.000_000_1));
        assert_eq!(float(&raw).ok().map(|value| value as f32), Some(1.0));
    }
}
