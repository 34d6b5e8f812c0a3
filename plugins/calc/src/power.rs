//! The operator `^`: exact where the result is rational, enclosed otherwise. The size of an exact
//! result is known, and checked, before it is computed.

use crate::arithmetic;
use crate::bounds::{check_digits, digits_of_bits, log2, product_work};
use crate::fault::{Wrong, refused};
use crate::interval::Interval;
use crate::real;
use crate::root::{MAX_ROOT, exact_root};
use crate::value::{Effort, Value};
use dashu_base::{BitTest, Signed};
use dashu_int::IBig;
use dashu_ratio::RBig;

pub fn pow(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [base, exponent] = arguments else { unreachable!("the parser pushes two operands") };
    match (base, exponent) {
        (Value::Exact(base), Value::Exact(exponent)) if exponent.is_int() => {
            integer_power(base, exponent.numerator(), effort).map(Value::Exact)
        }
        (Value::Exact(base), Value::Exact(exponent)) => rational_power(base, exponent, effort),
        _ => real_power(base, exponent, effort),
    }
}

fn integer_power(base: &RBig, exponent: &IBig, effort: &mut Effort) -> Result<RBig, Wrong> {
    let odd = exponent.bit(0);
    if *exponent == IBig::ZERO || base.is_one() {
        return Ok(RBig::ONE);
    }
    if base.is_zero() {
        return match exponent.is_negative() {
            true => refused("this divides by zero: 0 to a negative power"),
            false => Ok(RBig::ZERO),
        };
    }
    if *base == -RBig::ONE {
        return Ok(if odd { -RBig::ONE } else { RBig::ONE });
    }
    let times = exponent.to_f64().value();
    let longer = log2(base.numerator()).max(log2(&base.denominator().clone().into()));
    let bits = check_power(longer * times.abs())?;
    effort.budget.spend(2 * product_work(bits, bits))?;
    // At least one part has two bits, so the exponent is small; the parts of a reduced fraction
    // have powers that are reduced again.
    Ok(base.pow(times as isize))
}

/// The bits of a power, if they are not too many.
fn check_power(bits: f64) -> Result<usize, Wrong> {
    let hint = "; for the remainder of a power use powmod(base, exponent, modulus)";
    check_digits(digits_of_bits(bits), hint)?;
    Ok(bits as usize)
}

fn rational_power(base: &RBig, exponent: &RBig, effort: &mut Effort) -> Result<Value, Wrong> {
    if base.is_negative() {
        return refused(
            "a negative number to a fractional power is not real; for an odd root use root(x, n)",
        );
    }
    if let Ok(degree) = i64::try_from(exponent.denominator().clone())
        && degree <= MAX_ROOT
        && let Some(root) = exact_root(base, degree as usize, effort)?
    {
        return integer_power(&root, exponent.numerator(), effort).map(Value::Exact);
    }
    real_power(&base.clone().into(), &exponent.clone().into(), effort)
}

/// A power that is not rational: by multiplying where the exponent is whole, else
/// `exp(exponent * ln(base))`.
fn real_power(base: &Value, exponent: &Value, effort: &mut Effort) -> Result<Value, Wrong> {
    let interval = base.near(effort)?;
    if let Value::Exact(times) = exponent
        && times.is_int()
        && let Ok(times) = i64::try_from(times.numerator())
    {
        return repeated(&interval, times, effort);
    }
    if *base == Value::Exact(RBig::ZERO) {
        return refused("0 to a power that is not a whole number cannot be computed");
    }
    if interval.is_negative() {
        return refused("a negative number to a fractional power is not real");
    }
    let logarithm = real::ln(std::slice::from_ref(base), effort)?;
    real::exp(&[arithmetic::mul(&[logarithm, exponent.clone()], effort)?], effort)
}

fn repeated(base: &Interval, times: i64, effort: &mut Effort) -> Result<Value, Wrong> {
    if base.is_zero() {
        return integer_power(&RBig::ZERO, &times.into(), effort).map(Value::Exact);
    }
    check_power(base.log2().abs() * times.unsigned_abs() as f64)?;
    let mut power: Value = RBig::ONE.into();
    let mut square: Value = base.clone().into();
    let mut left = times.unsigned_abs();
    while left > 0 {
        if left % 2 == 1 {
            power = arithmetic::mul(&[power, square.clone()], effort)?;
        }
        left /= 2;
        if left > 0 {
            square = arithmetic::mul(&[square.clone(), square], effort)?;
        }
    }
    if times < 0 { arithmetic::div(&[RBig::ONE.into(), power], effort) } else { Ok(power) }
}
