//! `+`, `-`, `*`, `/`, `%`. Integers stay exact at any size; everything else is a float, as in jq.

use super::{Error, Kind, Outcome, Value, as_float, error_of_two};
use jaq_core::ValT;
use jaq_json::{Num, Val};
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

/// The longest text that `*` makes.
const MAX_REPEATED: usize = 64 * 1024 * 1024;

/// The result of jaq's arithmetic in the form that jq writes.
fn number(result: Num) -> Value {
    match result {
        Num::Float(float) => Value::float(float),
        exact => Value(Val::Num(exact)),
    }
}

impl Add for Value {
    type Output = Outcome;
    fn add(self, other: Self) -> Outcome {
        match (self.0, other.0) {
            (Val::Num(left), Val::Num(right)) => Ok(number(left + right)),
            (left, right) => match (&left, &right) {
                (Val::Null, _)
                | (_, Val::Null)
                | (Val::TStr(_), Val::TStr(_))
                | (Val::Arr(_), Val::Arr(_))
                | (Val::Obj(_), Val::Obj(_)) => {
                    (left + right).map(Self).map_err(|error| Error::str(error.to_string()))
                }
                _ => Err(error_of_two(&Self(left), &Self(right), "cannot be added")),
            },
        }
    }
}

impl Sub for Value {
    type Output = Outcome;
    fn sub(self, other: Self) -> Outcome {
        match (self.0, other.0) {
            (Val::Num(left), Val::Num(right)) => Ok(number(left - right)),
            (Val::Arr(left), Val::Arr(right)) => {
                let gone = |item: &&Val| !right.contains(item);
                Ok(Self(left.iter().filter(gone).cloned().collect()))
            }
            (left, right) => Err(error_of_two(&Self(left), &Self(right), "cannot be subtracted")),
        }
    }
}

impl Mul for Value {
    type Output = Outcome;
    fn mul(self, other: Self) -> Outcome {
        match (self.0, other.0) {
            (Val::Num(left), Val::Num(right)) => Ok(number(left * right)),
            (Val::TStr(text), Val::Num(times)) | (Val::Num(times), Val::TStr(text)) => {
                repeat(&text, as_float(&times))
            }
            (Val::Obj(left), Val::Obj(right)) => Ok(Self(merge(Val::Obj(left), Val::Obj(right)))),
            (left, right) => Err(error_of_two(&Self(left), &Self(right), "cannot be multiplied")),
        }
    }
}

fn repeat(text: &[u8], times: f64) -> Outcome {
    if times < 0.0 || times.is_nan() {
        return Ok(Value::null());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let times = times as usize;
    if text.len().saturating_mul(times) > MAX_REPEATED {
        return Err(Error::str("Repeat string result too long"));
    }
    Ok(Value(Val::utf8_str(text.repeat(times))))
}

fn merge(left: Val, right: Val) -> Val {
    match (left, right) {
        (Val::Obj(mut left), Val::Obj(right)) => {
            let entries = Rc::make_mut(&mut left);
            for (key, value) in right.iter() {
                let old = entries.get_mut(key).map(std::mem::take);
                let new = match old {
                    Some(old @ Val::Obj(_)) => merge(old, value.clone()),
                    _ => value.clone(),
                };
                entries.insert(key.clone(), new);
            }
            Val::Obj(left)
        }
        (_, right) => right,
    }
}

impl Div for Value {
    type Output = Outcome;
    fn div(self, other: Self) -> Outcome {
        match (&self.0, &other.0) {
            (Val::Num(_), Val::Num(divisor)) if as_float(divisor) == 0.0 => {
                Err(error_of_two(&self, &other, "cannot be divided because the divisor is zero"))
            }
            (Val::Num(left), Val::Num(right)) => Ok(quotient(left, right)),
            (Val::TStr(_), Val::TStr(_)) => Ok(self.split(&other)),
            _ => Err(error_of_two(&self, &other, "cannot be divided")),
        }
    }
}

/// Exact where an integer divides another without rest.
fn quotient(left: &Num, right: &Num) -> Value {
    let is_whole = || as_float(&(left.clone() % right.clone())) == 0.0;
    let exact = match (left, right) {
        (Num::Int(whole), Num::Int(part)) if is_whole() => whole.checked_div(*part).map(Num::Int),
        (Num::BigInt(whole), Num::Int(part)) if is_whole() => Some(Num::big_int(&**whole / *part)),
        (Num::BigInt(whole), Num::BigInt(part)) if is_whole() => {
            Some(Num::big_int(&**whole / &**part))
        }
        _ => None,
    };
    match exact {
        Some(exact) => Value(Val::Num(exact)),
        None => Value::float(as_float(left) / as_float(right)),
    }
}

/// A number without what is behind its point, if integers of 64 bits hold it.
fn truncated(number: &Num) -> Num {
    match number {
        Num::Int(_) | Num::BigInt(_) => number.clone(),
        #[expect(clippy::cast_possible_truncation, reason = "jq saturates, too")]
        Num::Float(_) | Num::Dec(_) => Num::from_integral(as_float(number) as i64),
    }
}

impl Value {
    /// `split(separator)`, of two strings.
    pub fn split(&self, separator: &Self) -> Self {
        match (self.as_text().unwrap_or_default(), separator.as_text().unwrap_or_default()) {
            ("", _) => Self::from_iter([]),
            (text, "") => text.chars().map(|c| Self::from(c.to_string())).collect(),
            (text, separator) => text.split(separator).map(Self::from).collect(),
        }
    }
}

impl Rem for Value {
    type Output = Outcome;
    fn rem(self, other: Self) -> Outcome {
        let (Val::Num(left), Val::Num(right)) = (&self.0, &other.0) else {
            return Err(error_of_two(&self, &other, "cannot be divided (remainder)"));
        };
        let (dividend, divisor) = (as_float(left), as_float(right));
        if dividend.is_nan() || divisor.is_nan() {
            return Ok(Self::float(f64::NAN));
        }
        if divisor.trunc() == 0.0 {
            let why = "cannot be divided (remainder) because the divisor is zero";
            return Err(error_of_two(&self, &other, why));
        }
        // The sign of the divisor does not count.
        Ok(number(truncated(left) % truncated(right)))
    }
}

impl Neg for Value {
    type Output = Outcome;
    fn neg(self) -> Outcome {
        match self.0 {
            Val::Num(it) => Ok(number(-it)),
            other => {
                let other = Self(other);
                debug_assert_ne!(other.kind(), Kind::Number);
                Err(other.error("cannot be negated"))
            }
        }
    }
}

/// Keeps the compiler from taking the bound of the trait for a method of its own.
const _: fn() = || {
    fn is_value<T: ValT>() {}
    is_value::<Value>();
};
