//! Functions of whole numbers: power modulo a number, and bits.

use crate::arithmetic;
use crate::bounds::{MAX_BITS, bits, division_work, gcd_work};
use crate::fault::{Wrong, refused};
use crate::value::{Effort, Value};
use dashu_base::{BitTest, RemEuclid};
use dashu_int::{IBig, UBig, fast_div::ConstDivisor};
use dashu_ratio::RBig;

/// `base ^ exponent % modulus` without ever computing the power.
pub fn powmod(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let base = arguments[0].whole("powmod")?;
    let (Ok(exponent), Ok(modulus)) = (
        UBig::try_from(arguments[1].whole("powmod")?.clone()),
        UBig::try_from(arguments[2].whole("powmod")?.clone()),
    ) else {
        return refused(
            "powmod(base, exponent, modulus) needs an exponent and a modulus above zero",
        );
    };
    if modulus.is_zero() {
        return refused("this divides by zero: the modulus of powmod is 0");
    }
    let size = modulus.bit_len();
    effort.budget.spend(division_work(bits(base), size))?;
    effort.budget.spend(3 * exponent.bit_len() as u64 * gcd_work(size, size) / 2)?;
    let base = base.rem_euclid(IBig::from(modulus.clone()));
    let ring = ConstDivisor::new(modulus);
    Ok(IBig::from(ring.reduce(base).pow(&exponent).residue()).into())
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
