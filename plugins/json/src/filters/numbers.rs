//! Filters of numbers.

use super::{Native, exact, of, text_of};
use crate::format::Format;
use crate::program::Types;
use crate::value::{Error, Kind, Outcome, Value};
use jaq_core::RunPtr;
use jaq_core::native::bome;
use jaq_json::Val;

/// Filters that are functions of C's library of their name, by their number of arguments; one of one argument takes its input.
macro_rules! of_c {
    ($($one:ident)*; $($two:ident)*) => {
        [
            $((stringify!($one), 0, (|cv| {
                of(cv, |value| {
                    let number = libm::$one(number_of(&value)?);
                    Ok(exactly(stringify!($one), &[value], number))
                })
            }) as RunPtr<Types>)),*,
            $((stringify!($two), 2, (|mut cv| {
                let right = cv.0.pop_var();
                let left = cv.0.pop_var();
                bome(both(stringify!($two), left, right, libm::$two))
            }) as RunPtr<Types>)),*
        ]
    };
}

pub fn filters() -> Vec<Native> {
    let mut all = own();
    all.extend(kinds());
    all.extend(of_c! {
        acos acosh asin asinh atan atanh cbrt ceil cos cosh erf erfc exp exp10 exp2 expm1 fabs floor j0 j1 lgamma log
        log10 log1p log2 rint round sin sinh sqrt tan tanh tgamma trunc y0 y1;
        atan2 copysign fdim fmax fmin fmod hypot nextafter pow remainder
    });
    all
}

fn both(name: &str, left: Value, right: Value, f: fn(f64, f64) -> f64) -> Outcome {
    let number = f(number_of(&left)?, number_of(&right)?);
    Ok(exactly(name, &[left, right], number))
}

/// What the filter called `name` answers, where floats give `number`.
fn exactly(name: &str, arguments: &[Value], number: f64) -> Value {
    match exact::of(name) {
        Some(filter) => exact::answer(arguments, number, filter),
        None => Value::float(number),
    }
}

fn own() -> Vec<Native> {
    vec![
        ("now", 0, |cv| {
            of(cv, |_| {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                since.map(|since| Value::float(since.as_secs_f64())).map_err(Error::str)
            })
        }),
        ("modf", 0, |cv| {
            of(cv, |value| {
                let number = number_of(&value)?;
                let (fraction, whole) = if number.is_infinite() {
                    (0.0, number)
                } else {
                    (number.fract(), number.trunc())
                };
                let whole = exactly("trunc", &[value], whole);
                Ok([Value::float(fraction), whole].into_iter().collect())
            })
        }),
        ("ldexp", 2, |mut cv| {
            let power = cv.0.pop_var();
            let number = cv.0.pop_var();
            #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
            bome(both("ldexp", number, power, |number, power| libm::ldexp(number, power as i32)))
        }),
        ("fma", 3, |mut cv| {
            let (z, y) = (cv.0.pop_var(), cv.0.pop_var());
            let x = cv.0.pop_var();
            let all = || {
                let sum = libm::fma(number_of(&x)?, number_of(&y)?, number_of(&z)?);
                Ok(exactly("fma", &[x, y, z], sum))
            };
            bome(all())
        }),
    ]
}

fn kinds() -> Vec<Native> {
    vec![
        ("nan", 0, |cv| of(cv, |_| Ok(Value::float(f64::NAN)))),
        ("infinite", 0, |cv| of(cv, |_| Ok(Value::float(f64::INFINITY)))),
        ("isnan", 0, |cv| of(cv, |value| judge(&value, f64::is_nan))),
        ("isinfinite", 0, |cv| of(cv, |value| judge(&value, f64::is_infinite))),
        ("isnormal", 0, |cv| of(cv, |value| judge(&value, f64::is_normal))),
        ("tonumber", 0, |cv| of(cv, tonumber)),
        ("toboolean", 0, |cv| of(cv, toboolean)),
        ("significand", 0, |cv| of(cv, |value| split(&value, |(fraction, _)| fraction * 2.0))),
        ("logb", 0, |cv| of(cv, |value| split(&value, |(_, exponent)| exponent - 1.0))),
        ("frexp", 0, |cv| {
            of(cv, |value| {
                let number = number_of(&value)?;
                let (fraction, exponent) = parts(number);
                Ok([Value::float(fraction), Value::float(exponent)].into_iter().collect())
            })
        }),
        ("gamma", 0, |cv| of(cv, |value| Ok(Value::float(libm::lgamma(number_of(&value)?))))),
        ("lgamma_r", 0, |cv| {
            of(cv, |value| {
                let (result, sign) = libm::lgamma_r(number_of(&value)?);
                Ok([Value::float(result), Value::float(f64::from(sign))].into_iter().collect())
            })
        }),
    ]
}

fn number_of(value: &Value) -> Outcome<f64> {
    value.as_number().ok_or_else(|| value.error("number required"))
}

fn judge(value: &Value, is: fn(f64) -> bool) -> Outcome {
    Ok(Value::from(is(number_of(value)?)))
}

/// A number as a fraction from 0.5 and a power of two.
fn parts(number: f64) -> (f64, f64) {
    if !number.is_finite() || number == 0.0 {
        return (number, 0.0);
    }
    let (fraction, exponent) = libm::frexp(number);
    (fraction, f64::from(exponent))
}

fn split(value: &Value, choose: fn((f64, f64)) -> f64) -> Outcome {
    let number = number_of(value)?;
    if number.is_finite() && number != 0.0 {
        return Ok(Value::float(choose(parts(number))));
    }
    // Zero, infinite and nan have no such parts.
    let logb = choose((0.0, 1.0)) == 0.0 && choose((0.0, 2.0)) != 0.0;
    Ok(Value::float(match (logb, number == 0.0) {
        (true, true) => f64::NEG_INFINITY,
        (true, false) => number.abs(),
        (false, _) => number,
    }))
}

fn tonumber(value: Value) -> Outcome {
    if value.kind() == Kind::Number {
        return Ok(value);
    }
    let what = "cannot be parsed as a number";
    let text = text_of(&value, what)?;
    if text == "nan" {
        return Ok(Value::float(f64::NAN));
    }
    let digits = text.strip_prefix('+').unwrap_or(text);
    let digits = if digits.starts_with('.') {
        format!("0{digits}")
    } else {
        digits.replacen("-.", "-0.", 1)
    };
    let digits = digits.strip_suffix('.').unwrap_or(&digits).replace(".e", "e").replace(".E", "E");
    let plain = digits.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && digits.ends_with(|c: char| c.is_ascii_digit());
    match Format::Json.read(&digits).ok().as_deref() {
        Some([number @ Val::Num(_)]) if plain => Ok(Value(number.clone())),
        _ => Err(value.error(what)),
    }
}

fn toboolean(value: Value) -> Outcome {
    match (value.kind(), value.as_text()) {
        (Kind::Boolean, _) => Ok(value),
        (_, Some("true")) => Ok(Value::from(true)),
        (_, Some("false")) => Ok(Value::from(false)),
        _ => Err(value.error("cannot be parsed as a boolean")),
    }
}
