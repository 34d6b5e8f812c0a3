//! Functions of whole numbers: power modulo a number, and bits.

use crate::arithmetic;
use crate::bounds::{MAX_BITS, bits, division_work, gcd_work};
use crate::fault::{Wrong, refused};
use crate::value::{Effort, Value};
use dashu_base::{BitTest, RemEuclid, Signed, UnsignedAbs};
use dashu_int::{IBig, UBig, fast_div::ConstDivisor};
use dashu_ratio::RBig;

/// `base ^ exponent % modulus` without ever computing the power. A negative exponent is of the inverse, and the
/// result has the sign of the modulus, as with `%`.
pub fn powmod(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let base = arguments[0].whole("powmod")?;
    let exponent = arguments[1].whole("powmod")?;
    let modulus = arguments[2].whole("powmod")?;
    let size = modulus.clone().unsigned_abs();
    if size.is_zero() {
        return refused("this divides by zero: the modulus of powmod is 0");
    }
    if size.is_one() {
        return Ok(IBig::ZERO.into());
    }
    let bits_of_size = size.bit_len();
    effort.budget.spend(division_work(bits(base), bits_of_size))?;
    let steps = exponent.bit_len() as u64 + 2;
    effort.budget.spend(3 * steps * gcd_work(bits_of_size, bits_of_size) / 2)?;
    let base = base.rem_euclid(IBig::from(size.clone()));
    let ring = ConstDivisor::new(size);
    let base = match exponent.is_negative() {
        true => ring.reduce(base).inv(),
        false => Some(ring.reduce(base)),
    };
    let Some(base) = base else {
        return refused(
            "the base of powmod has no inverse: it has a divisor in common with the modulus",
        );
    };
    let residue = IBig::from(base.pow(&exponent.clone().unsigned_abs()).residue());
    let below_zero = modulus.is_negative() && !residue.is_zero();
    Ok(if below_zero { residue + modulus } else { residue }.into())
}

pub fn bitand(arguments: &[Value], _: &mut Effort) -> Result<Value, Wrong> {
    Ok((arguments[0].whole("bitand")? & arguments[1].whole("bitand")?).into())
}

pub fn bitor(arguments: &[Value], _: &mut Effort) -> Result<Value, Wrong> {
    Ok((arguments[0].whole("bitor")? | arguments[1].whole("bitor")?).into())
}

pub fn bitxor(arguments: &[Value], _: &mut Effort) -> Result<Value, Wrong> {
    Ok((arguments[0].whole("bitxor")? ^ arguments[1].whole("bitxor")?).into())
}

pub fn shift_left(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let n = arguments[0].whole("shl")?.clone();
    let places = arguments[1].small("the second argument of shl", 0, MAX_BITS as i64)?;
    let factor = RBig::from(UBig::ONE << places as usize);
    arithmetic::mul(&[n.into(), factor.into()], effort)
}

/// Rounds down, so that `shr(-1, 1)` is -1, as in two's complement.
pub fn shift_right(arguments: &[Value], _: &mut Effort) -> Result<Value, Wrong> {
    let n = arguments[0].whole("shr")?.clone();
    let places = arguments[1].small("the second argument of shr", 0, MAX_BITS as i64)?;
    Ok((n >> places as usize).into())
}
