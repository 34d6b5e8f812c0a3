//! The constants and functions whose values are hardly ever rational. Those values that are rational
//! are given exactly; all others between bounds that dashu-float proves.

use crate::arithmetic;
use crate::bounds::{check_digits, constant_work, series_work, slow_series_work};
use crate::fault::{Wrong, refused, undecided};
use crate::interval::{Float, Interval};
use crate::value::{Effort, Value};
use dashu_base::{Abs, Signed};
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

/// Binary digits before the point that an angle may have: reducing it takes as many digits of pi.
const MAX_ANGLE: isize = 4_000;

pub fn pi(_: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    effort.budget.spend(constant_work(effort.precision))?;
    let pi = Float::pi(effort.precision);
    Ok(Interval::around(pi.clone(), pi)?.into())
}

pub fn e(_: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    effort.budget.spend(constant_work(effort.precision))?;
    let e = Float::e(effort.precision);
    Ok(Interval::around(e.clone(), e)?.into())
}

pub fn exp(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[0], 0) {
        return Ok(IBig::ONE.into());
    }
    let x = arguments[0].near(effort)?;
    let largest = x.lo().clone().abs().max(x.hi().clone().abs());
    let digits = largest.to_f64().value() * std::f64::consts::LOG10_E;
    check_digits(digits, "")?;
    effort.budget.spend(2 * series_work(effort.precision))?;
    Ok(x.monotone(Float::exp)?.into())
}

pub fn ln(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[0], 1) {
        return Ok(IBig::ZERO.into());
    }
    let x = positive(&arguments[0], effort)?;
    slow(&x, Float::ln, effort)
}

pub fn log2(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    log(&[arguments[0].clone(), IBig::from(2).into()], effort)
}

pub fn log10(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    log(&[arguments[0].clone(), IBig::from(10).into()], effort)
}

/// The logarithm of the first argument to the base of the second.
pub fn log(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[1], 1) {
        return refused("the base of a logarithm cannot be 1");
    }
    if let (Value::Exact(x), Value::Exact(base)) = (&arguments[0], &arguments[1])
        && let Some(exponent) = exact_logarithm(x, base)
    {
        return Ok(exponent.into());
    }
    let (over, under) = (ln(&arguments[..1], effort)?, ln(&arguments[1..], effort)?);
    arithmetic::div(&[over, under], effort)
}

/// The logarithm if it is a whole number and the base is one too.
fn exact_logarithm(x: &RBig, base: &RBig) -> Option<IBig> {
    if !x.is_positive() || !base.is_int() || *base.numerator() < IBig::from(2) {
        return None;
    }
    let base = UBig::try_from(base.numerator().clone()).ok()?;
    let inverse = *x.numerator() == IBig::ONE;
    if !inverse && !x.is_int() {
        return None;
    }
    let power = if inverse {
        x.denominator().clone()
    } else {
        UBig::try_from(x.numerator().clone()).ok()?
    };
    let exponent = power.ilog(&base);
    let found = base.pow(exponent) == power;
    found.then(|| if inverse { -IBig::from(exponent) } else { IBig::from(exponent) })
}

pub fn sin(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[0], 0) {
        return Ok(IBig::ZERO.into());
    }
    let x = angle(&arguments[0], effort)?;
    Ok(x.wave(Float::sin)?.into())
}

pub fn cos(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[0], 0) {
        return Ok(IBig::ONE.into());
    }
    let x = angle(&arguments[0], effort)?;
    Ok(x.wave(Float::cos)?.into())
}

pub fn tan(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let (over, under) = (sin(arguments, effort)?, cos(arguments, effort)?);
    arithmetic::div(&[over, under], effort)
}

pub fn asin(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[0], 0) {
        return Ok(IBig::ZERO.into());
    }
    let x = sine(&arguments[0], effort)?;
    slow(&x, Float::asin, effort)
}

pub fn acos(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[0], 1) {
        return Ok(IBig::ZERO.into());
    }
    let x = sine(&arguments[0], effort)?;
    slow(&x, Float::acos, effort)
}

pub fn atan(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[0], 0) {
        return Ok(IBig::ZERO.into());
    }
    let x = arguments[0].near(effort)?;
    slow(&x, Float::atan, effort)
}

/// Both bounds through a function that only rises or only falls.
fn slow(x: &Interval, function: fn(&Float) -> Float, effort: &mut Effort) -> Result<Value, Wrong> {
    effort.budget.spend(slow_series_work(effort.precision))?;
    Ok(x.monotone(function)?.into())
}

fn is(x: &Value, n: i8) -> bool {
    matches!(x, Value::Exact(x) if *x == RBig::from(n))
}

/// What a logarithm needs.
fn positive(x: &Value, effort: &Effort) -> Result<Interval, Wrong> {
    let interval = x.near(effort)?;
    if interval.is_positive() {
        return Ok(interval);
    }
    let message = format!("a logarithm needs a number above 0, got {}", x.brief());
    match x {
        Value::Near(x) if !x.is_negative() => undecided(message),
        _ => refused(message),
    }
}

/// What a sine or cosine needs.
fn angle(x: &Value, effort: &mut Effort) -> Result<Interval, Wrong> {
    let interval = x.near(effort)?;
    if interval.magnitude() > MAX_ANGLE {
        return refused(format!("the angle is too large; the limit is 2^{MAX_ANGLE}"));
    }
    let precision = effort.precision + interval.magnitude().max(0) as usize;
    effort.budget.spend(series_work(precision))?;
    Ok(interval)
}

/// What an arc sine or arc cosine needs.
fn sine(x: &Value, effort: &Effort) -> Result<Interval, Wrong> {
    let interval = x.near(effort)?;
    let (lo, hi) = interval.bounds();
    let (least, most) = (-RBig::ONE, RBig::ONE);
    let message = || format!("this needs a number from -1 to 1, got {}", x.brief());
    if lo > most || hi < least {
        refused(message())
    } else if lo < least || hi > most {
        undecided(message())
    } else {
        Ok(interval)
    }
}
