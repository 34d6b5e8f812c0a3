//! The operators `+ - * / %` and the sign: exact on exact operands and on multiples of pi, enclosed
//! otherwise. Each checks the size of its result before computing it.

use crate::angle;
use crate::bounds::{check_digits, digits_of_bits, gcd_work, product_work};
use crate::fault::{Wrong, refused};
use crate::function::Operation;
use crate::rounding;
use crate::value::{Effort, Value};
use dashu_base::BitTest;
use dashu_ratio::RBig;

pub fn neg(arguments: &[Value], _: &mut Effort) -> Result<Value, Wrong> {
    let [a] = arguments else { unreachable!("the parser pushes one operand") };
    Ok(match a {
        Value::Exact(a) => Value::Exact(-a.clone()),
        Value::Angle { times, near } => Value::Angle { times: -times.clone(), near: near.neg() },
        Value::Near(a) => Value::Near(a.neg()),
    })
}

pub fn add(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [a, b] = arguments else { unreachable!("the parser pushes two operands") };
    let (a, b) = match (a, b) {
        (Value::Exact(a), Value::Exact(b)) => (a, b),
        (Value::Exact(zero), other) | (other, Value::Exact(zero)) if zero.is_zero() => {
            return Ok(other.clone());
        }
        (Value::Angle { times: a, .. }, Value::Angle { times: b, .. }) => {
            return of_pi(add, a, b, effort);
        }
        _ => {
            effort.budget.spend(product_work(effort.precision, 64))?;
            return Ok(a.near(effort)?.add(&b.near(effort)?)?.into());
        }
    };
    let ((an, ad), (bn, bd)) = (parts(a), parts(b));
    if a.is_int() && b.is_int() {
        effort.budget.spend(product_work(an.max(bn), 1))?;
        return Ok((a.numerator() + b.numerator()).into());
    }
    check_parts((an + bd).max(bn + ad), ad + bd)?;
    effort.budget.spend(2 * gcd_work(ad, bd) + product_work(an, bd) + product_work(bn, ad))?;
    Ok((a + b).into())
}

pub fn sub(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [a, b] = arguments else { unreachable!("the parser pushes two operands") };
    add(&[a.clone(), neg(std::slice::from_ref(b), effort)?], effort)
}

pub fn mul(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [a, b] = arguments else { unreachable!("the parser pushes two operands") };
    let (a, b) = match (a, b) {
        (Value::Exact(a), Value::Exact(b)) => (a, b),
        (Value::Exact(zero), _) | (_, Value::Exact(zero)) if zero.is_zero() => {
            return Ok(zero.clone().into());
        }
        (Value::Exact(a), Value::Angle { times: b, .. })
        | (Value::Angle { times: a, .. }, Value::Exact(b)) => return of_pi(mul, a, b, effort),
        _ => {
            effort.budget.spend(4 * product_work(effort.precision, effort.precision))?;
            return Ok(a.near(effort)?.mul(&b.near(effort)?)?.into());
        }
    };
    let ((an, ad), (bn, bd)) = (parts(a), parts(b));
    check_parts(an + bn, ad + bd)?;
    effort.budget.spend(product_work(an, bn) + product_work(ad, bd))?;
    if a.is_int() && b.is_int() {
        return Ok((a.numerator() * b.numerator()).into());
    }
    effort.budget.spend(gcd_work(an, bd) + gcd_work(bn, ad))?;
    Ok((a * b).into())
}

pub fn div(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [a, b] = arguments else { unreachable!("the parser pushes two operands") };
    match (a, b) {
        (_, Value::Exact(b)) if b.is_zero() => refused("this divides by zero"),
        (Value::Exact(a), Value::Exact(b)) => {
            let ((an, ad), (bn, bd)) = (parts(a), parts(b));
            check_parts(an + bd, ad + bn)?;
            effort.budget.spend(gcd_work(an, bn) + gcd_work(ad, bd))?;
            effort.budget.spend(product_work(an, bd) + product_work(ad, bn))?;
            Ok((a / b).into())
        }
        (Value::Angle { times: a, .. }, Value::Exact(b)) => of_pi(div, a, b, effort),
        (Value::Angle { times: a, .. }, Value::Angle { times: b, .. }) => {
            div(&[a.clone().into(), b.clone().into()], effort)
        }
        _ => {
            effort.budget.spend(8 * product_work(effort.precision, effort.precision))?;
            Ok(a.near(effort)?.div(&b.near(effort)?)?.into())
        }
    }
}

/// The remainder of a division rounded down, so that it has the sign of the divisor.
pub fn rem(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [a, b] = arguments else { unreachable!("the parser pushes two operands") };
    let quotient = div(arguments, effort)?;
    let whole = rounding::floor(&[quotient], effort)?;
    let multiple = mul(&[whole, b.clone()], effort)?;
    sub(&[a.clone(), multiple], effort)
}

/// `a` and so many percent of it: the second operand is the percentage as a number, such as 0.1.
pub fn raise(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let part = mul(arguments, effort)?;
    add(&[arguments[0].clone(), part], effort)
}

/// `a` less so many percent of it.
pub fn lower(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let part = mul(arguments, effort)?;
    sub(&[arguments[0].clone(), part], effort)
}

/// The result of the operation for two exact numbers, times pi.
fn of_pi(operation: Operation, a: &RBig, b: &RBig, effort: &mut Effort) -> Result<Value, Wrong> {
    match operation(&[a.clone().into(), b.clone().into()], effort)? {
        Value::Exact(times) => angle::times_pi(times, effort),
        other => Ok(other),
    }
}

/// Bits of numerator and denominator.
fn parts(x: &RBig) -> (usize, usize) {
    (x.numerator().bit_len(), x.denominator().bit_len())
}

/// Refuses a fraction with a part of too many bits.
fn check_parts(over: usize, under: usize) -> Result<(), Wrong> {
    // The bits of two factors together are at most one more than those of the product.
    check_digits(digits_of_bits(over.max(under).saturating_sub(1) as f64), "")
}
