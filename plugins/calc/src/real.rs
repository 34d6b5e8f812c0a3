//! The exponential and the logarithms. Those values that are rational are given exactly; all others
//! between bounds that dashu-float proves.

use crate::arithmetic;
use crate::bounds::{
    MAX_BITS, check_digits, constant_work, log2, product_work, series_work, size, slow_series_work,
};
use crate::fault::{Wrong, refused, undecided};
use crate::interval::{Float, Interval};
use crate::value::{Effort, Value};
use dashu_base::Abs;
use dashu_int::IBig;
use dashu_ratio::RBig;

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

pub fn binary_logarithm(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    log(&[arguments[0].clone(), IBig::from(2).into()], effort)
}

pub fn decimal_logarithm(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    log(&[arguments[0].clone(), IBig::from(10).into()], effort)
}

/// The logarithm of the first argument to the base of the second.
pub fn log(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if is(&arguments[1], 1) {
        return refused("the base of a logarithm cannot be 1");
    }
    if let (Value::Exact(x), Value::Exact(base)) = (&arguments[0], &arguments[1])
        && let Some(exponent) = exact_logarithm(x, base, effort)?
    {
        return Ok(exponent.into());
    }
    let (over, under) = (ln(&arguments[..1], effort)?, ln(&arguments[1..], effort)?);
    arithmetic::div(&[over, under], effort)
}

/// The logarithm if it is a fraction with a small denominator, as in `log(8, 4)`.
fn exact_logarithm(x: &RBig, base: &RBig, effort: &mut Effort) -> Result<Option<RBig>, Wrong> {
    const DENOMINATORS: u8 = 12;
    if x.signum() != RBig::ONE || base.signum() != RBig::ONE {
        return Ok(None);
    }
    let logarithm = |x: &RBig| log2(x.numerator()) - log2(&x.denominator().clone().into());
    let near = logarithm(x) / logarithm(base);
    for denominator in 1..=DENOMINATORS {
        let exponent = (near * f64::from(denominator)).round();
        // A float says which power it can be; whether it is one is reckoned in whole numbers.
        let bits = size(x) as f64 * f64::from(denominator) + size(base) as f64 * exponent.abs();
        let few = bits <= 4.0 * MAX_BITS as f64;
        if !few {
            continue;
        }
        let off = (near * f64::from(denominator) - exponent).abs();
        if off < 1e-6 * exponent.abs().max(1.0) {
            effort.budget.spend(4 * product_work(bits as usize, bits as usize))?;
            if x.pow(denominator.into()) == base.pow(exponent as isize) {
                let exponent = RBig::from(exponent as i64);
                return Ok(Some(exponent / RBig::from(denominator)));
            }
        }
    }
    Ok(None)
}

/// Both bounds through a function that only rises or only falls.
fn slow(x: &Interval, function: fn(&Float) -> Float, effort: &mut Effort) -> Result<Value, Wrong> {
    effort.budget.spend(slow_series_work(effort.precision))?;
    Ok(x.monotone(function)?.into())
}

fn is(x: &Value, n: i8) -> bool {
    matches!(x, Value::Exact(x) if *x == RBig::from(n))
}

/// The argument as a logarithm needs it.
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
