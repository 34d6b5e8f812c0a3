//! Angles: multiples of pi stay exact as long as they can, so that `sin(pi)` is 0 and `cos(60 deg)` one half. The
//! circular functions, their inverses, and degrees.

use crate::arithmetic;
use crate::bounds::{constant_work, series_work, slow_series_work};
use crate::fault::{Wrong, refused, undecided};
use crate::interval::{Float, Interval};
use crate::rounding::{is_negative, is_zero};
use crate::value::{Effort, Value};
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

/// Binary digits before the point that an angle may have: reducing it takes as many digits of pi.
const MAX_ANGLE: isize = 4_000;

pub fn pi(_: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    times_pi(RBig::ONE, effort)
}

pub fn tau(_: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    times_pi(RBig::from(2), effort)
}

/// `times` pi.
pub fn times_pi(times: RBig, effort: &mut Effort) -> Result<Value, Wrong> {
    if times.is_zero() {
        return Ok(IBig::ZERO.into());
    }
    effort.budget.spend(constant_work(effort.precision))?;
    let pi = Float::pi(effort.precision);
    let near = Interval::around(pi.clone(), pi)?;
    let near = match times.is_one() {
        true => near,
        false => near.mul(&Interval::enclosing(&times, effort.precision)?)?,
    };
    Ok(Value::Angle { times, near })
}

pub fn degrees(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let full = times_pi(part(1, 180), effort)?;
    arithmetic::div(&[arguments[0].clone(), full], effort)
}

pub fn radians(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let full = times_pi(part(1, 180), effort)?;
    arithmetic::mul(&[arguments[0].clone(), full], effort)
}

pub fn sin(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if let Some(value) = turned(&arguments[0], RBig::ZERO, effort)? {
        return Ok(value);
    }
    let x = angle(&arguments[0], effort)?;
    Ok(x.wave(Float::sin)?.into())
}

pub fn cos(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if let Some(value) = turned(&arguments[0], part(1, 2), effort)? {
        return Ok(value);
    }
    let x = angle(&arguments[0], effort)?;
    Ok(x.wave(Float::cos)?.into())
}

pub fn tan(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    if let Value::Angle { times, .. } = &arguments[0] {
        let quarters = times - RBig::from(times.floor());
        if quarters == part(1, 2) {
            return refused("the tangent of a right angle is not defined");
        }
        if let Some(value) = [(part(1, 4), IBig::ONE), (part(3, 4), IBig::NEG_ONE)]
            .into_iter()
            .find(|(at, _)| *at == quarters)
        {
            return Ok(value.1.into());
        }
    }
    let (over, under) = (sin(arguments, effort)?, cos(arguments, effort)?);
    arithmetic::div(&[over, under], effort)
}

/// The sine of an exact angle `ahead` half turns further. Rational are 0, one half and 1 alone (Niven's theorem).
fn turned(x: &Value, ahead: RBig, effort: &mut Effort) -> Result<Option<Value>, Wrong> {
    let times = match x {
        Value::Angle { times, .. } => times.clone(),
        Value::Exact(x) if x.is_zero() => RBig::ZERO,
        Value::Exact(_) | Value::Near(_) => return Ok(None),
    };
    let times = times + ahead;
    let turns = RBig::from((&times / RBig::from(2)).floor());
    let within = times - turns * RBig::from(2);
    let known = [
        (part(0, 1), part(0, 1)),
        (part(1, 6), part(1, 2)),
        (part(1, 2), part(1, 1)),
        (part(5, 6), part(1, 2)),
        (part(1, 1), part(0, 1)),
        (part(7, 6), part(-1, 2)),
        (part(3, 2), part(-1, 1)),
        (part(11, 6), part(-1, 2)),
    ];
    if let Some((_, value)) = known.into_iter().find(|(at, _)| *at == within) {
        return Ok(Some(value.into()));
    }
    let reduced = angle(&times_pi(within, effort)?, effort)?;
    Ok(Some(reduced.wave(Float::sin)?.into()))
}

pub fn asin(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let x = sine(&arguments[0], effort)?;
    match halves(&arguments[0]) {
        Some(halves) => {
            let sixths = [(-2, -3), (-1, -1), (0, 0), (1, 1), (2, 3)];
            let sixths = sixths.iter().find(|(at, _)| *at == halves).map_or(0, |(_, found)| *found);
            times_pi(part(sixths, 6), effort)
        }
        None => slow(&x, Float::asin, effort),
    }
}

pub fn acos(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let x = sine(&arguments[0], effort)?;
    match halves(&arguments[0]) {
        Some(_) => {
            let (right, asin) = (times_pi(part(1, 2), effort)?, asin(arguments, effort)?);
            arithmetic::sub(&[right, asin], effort)
        }
        None => slow(&x, Float::acos, effort),
    }
}

pub fn atan(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    match halves(&arguments[0]) {
        Some(halves @ (-2 | 0 | 2)) => times_pi(part(halves / 2, 4), effort),
        _ => {
            let x = arguments[0].near(effort)?;
            slow(&x, Float::atan, effort)
        }
    }
}

/// The angle of the point (x, y), of which `y` comes first, from the right: more than -pi, at most pi.
pub fn atan2(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let [y, x] = arguments else { return refused("`atan2` takes y and x") };
    if is_zero(x) {
        return match (is_zero(y), is_negative(y)?) {
            (true, _) => refused("the point (0, 0) lies in no direction"),
            (false, false) => times_pi(part(1, 2), effort),
            (false, true) => times_pi(part(-1, 2), effort),
        };
    }
    let slope = arithmetic::div(&[y.clone(), x.clone()], effort)?;
    let angle = atan(&[slope], effort)?;
    if !is_negative(x)? {
        return Ok(angle);
    }
    let turn = if !is_zero(y) && is_negative(y)? { part(-1, 1) } else { part(1, 1) };
    let turn = times_pi(turn, effort)?;
    arithmetic::add(&[angle, turn], effort)
}

/// Twice an exact -1, -1/2, 0, 1/2 or 1.
fn halves(x: &Value) -> Option<i8> {
    let Value::Exact(x) = x else { return None };
    (-2..=2).find(|halves| *x == part(*halves, 2))
}

fn part(over: i8, under: u8) -> RBig {
    RBig::from_parts(over.into(), UBig::from(under))
}

/// Both bounds through a function that only rises or only falls.
fn slow(x: &Interval, function: fn(&Float) -> Float, effort: &mut Effort) -> Result<Value, Wrong> {
    effort.budget.spend(slow_series_work(effort.precision))?;
    Ok(x.monotone(function)?.into())
}

/// The angle as a sine or cosine needs it.
fn angle(x: &Value, effort: &mut Effort) -> Result<Interval, Wrong> {
    let interval = x.near(effort)?;
    if interval.magnitude() > MAX_ANGLE {
        return refused(format!("the angle is too large; the limit is 2^{MAX_ANGLE}"));
    }
    let precision = effort.precision + interval.magnitude().max(0) as usize;
    effort.budget.spend(series_work(precision))?;
    Ok(interval)
}

/// The argument as an arc sine or arc cosine needs it.
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
