//! Size, sign and rounding of one value. A value between bounds can be rounded where both bounds
//! round alike; otherwise more precision is asked for.

use crate::arithmetic;
use crate::bounds::{MAX_DECIMALS, division_work};
use crate::fault::{Wrong, refused, undecided};
use crate::value::{Effort, Value};
use dashu_base::BitTest;
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

pub fn abs(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [x] = arguments else { unreachable!("the table says one argument") };
    if is_negative(x)? { arithmetic::neg(arguments, effort) } else { Ok(x.clone()) }
}

pub fn sign(arguments: &[Value], _: &mut Effort) -> Result<Value, Wrong> {
    let [x] = arguments else { unreachable!("the table says one argument") };
    Ok(sign_of(x)?.into())
}

pub fn floor(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    rounded(&arguments[0], effort, RBig::floor)
}

pub fn ceil(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    rounded(&arguments[0], effort, RBig::ceil)
}

pub fn trunc(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    rounded(&arguments[0], effort, RBig::trunc)
}

/// A temperature, if it is not below the second argument, which is absolute zero on its scale.
pub fn possible(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [x, zero] = arguments else { unreachable!("the parser pushes two operands") };
    match is_negative(&arithmetic::sub(arguments, effort)?)? {
        true => refused(format!(
            "{} is below absolute zero, which is {} on this scale",
            x.brief(),
            zero.brief()
        )),
        false => Ok(x.clone()),
    }
}

/// To the nearest whole number, or to as many decimals as the second argument says; halves go away
/// from zero.
pub fn round(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let Some(decimals) = arguments.get(1) else {
        return rounded(&arguments[0], effort, RBig::round);
    };
    let most = i64::from(MAX_DECIMALS);
    let decimals = decimals.small("the second argument of round", -most, most)?;
    let power = RBig::from(UBig::from(10u8).pow(decimals.unsigned_abs() as usize));
    let unit = if decimals < 0 { power } else { RBig::ONE / power };
    let steps = arithmetic::div(&[arguments[0].clone(), unit.clone().into()], effort)?;
    let steps = rounded(&steps, effort, RBig::round)?;
    arithmetic::mul(&[steps, unit.into()], effort)
}

fn rounded(x: &Value, effort: &mut Effort, rounding: fn(&RBig) -> IBig) -> Result<Value, Wrong> {
    match x {
        Value::Exact(x) => {
            let (over, under) = (x.numerator().bit_len(), x.denominator().bit_len());
            effort.budget.spend(division_work(over, under))?;
            Ok(rounding(x).into())
        }
        Value::Angle { near: interval, .. } | Value::Near(interval) => {
            let (lo, hi) = interval.bounds();
            let (lo, hi) = (rounding(&lo), rounding(&hi));
            if lo == hi {
                return Ok(lo.into());
            }
            undecided(
                "cannot tell which way to round: the value is closer to the border than can be \
                 computed",
            )
        }
    }
}

pub fn is_negative(x: &Value) -> Result<bool, Wrong> {
    Ok(sign_of(x)? == IBig::NEG_ONE)
}

/// True of an exact zero.
pub fn is_zero(x: &Value) -> bool {
    matches!(x, Value::Exact(x) if x.is_zero())
}

fn sign_of(x: &Value) -> Result<IBig, Wrong> {
    match x {
        Value::Exact(x) | Value::Angle { times: x, .. } => Ok(x.signum().numerator().clone()),
        Value::Near(interval) if interval.is_positive() => Ok(IBig::ONE),
        Value::Near(interval) if interval.is_negative() => Ok(IBig::NEG_ONE),
        Value::Near(_) => {
            undecided("cannot tell the sign: the value is closer to zero than can be computed")
        }
    }
}
