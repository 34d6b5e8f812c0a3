//! Functions of any number of arguments. Each takes them two at a time.

use crate::arithmetic;
use crate::bounds::{bits, check_digits, digits_of_bits, gcd_work};
use crate::fault::{Wrong, undecided};
use crate::value::{Effort, Value};
use dashu_base::{Abs, Gcd};
use dashu_int::IBig;

pub fn sum(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    fold(arguments, |a, b| arithmetic::add(&[a, b.clone()], effort))
}

pub fn mean(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let count = IBig::from(arguments.len());
    arithmetic::div(&[sum(arguments, effort)?, count.into()], effort)
}

pub fn min(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    fold(arguments, |a, b| Ok(if less(b, &a, effort)? { b.clone() } else { a }))
}

pub fn max(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    fold(arguments, |a, b| Ok(if less(&a, b, effort)? { b.clone() } else { a }))
}

pub fn gcd(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let first = arguments[0].whole("gcd")?.clone().abs();
    fold(&with_first(first, arguments), |a, b| {
        let (a, b) = (a.whole("gcd")?, b.whole("gcd")?);
        effort.budget.spend(gcd_work(bits(a), bits(b)))?;
        Ok(common(a, b).into())
    })
}

/// The greatest common divisor. Every number divides 0, so that of 0 and 0 is 0: the greatest in the
/// order of divisibility.
fn common(a: &IBig, b: &IBig) -> IBig {
    match a.is_zero() && b.is_zero() {
        true => IBig::ZERO,
        false => a.gcd(b).into(),
    }
}

pub fn lcm(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let first = arguments[0].whole("lcm")?.clone().abs();
    fold(&with_first(first, arguments), |a, b| {
        let (a, b) = (a.whole("lcm")?, b.whole("lcm")?);
        if *a == IBig::ZERO || *b == IBig::ZERO {
            return Ok(IBig::ZERO.into());
        }
        check_digits(digits_of_bits((bits(a) + bits(b)) as f64), "")?;
        effort.budget.spend(2 * gcd_work(bits(a), bits(b)))?;
        Ok((a / common(a, b) * b).abs().into())
    })
}

/// The arguments with the first replaced: `gcd(-4)` alone is 4.
fn with_first(first: IBig, arguments: &[Value]) -> Vec<Value> {
    std::iter::once(first.into()).chain(arguments[1..].iter().cloned()).collect()
}

fn fold(
    arguments: &[Value],
    step: impl FnMut(Value, &Value) -> Result<Value, Wrong>,
) -> Result<Value, Wrong> {
    arguments[1..].iter().try_fold(arguments[0].clone(), step)
}

/// True if `a` is less than `b`.
pub fn less(a: &Value, b: &Value, effort: &Effort) -> Result<bool, Wrong> {
    match (a, b) {
        (Value::Exact(a), Value::Exact(b))
        | (Value::Angle { times: a, .. }, Value::Angle { times: b, .. }) => return Ok(a < b),
        _ => {}
    }
    let (near_a, near_b) = (a.near(effort)?, b.near(effort)?);
    if near_a.hi() < near_b.lo() {
        Ok(true)
    } else if near_b.hi() < near_a.lo() || a == b {
        Ok(false)
    } else {
        undecided("cannot tell which is smaller: they are closer together than can be computed")
    }
}
