//! Roots: exact where they are rational, enclosed otherwise.

use crate::arithmetic;
use crate::bounds::{division_work, size};
use crate::fault::{Wrong, refused, undecided};
use crate::interval::{Float, Interval};
use crate::real;
use crate::value::{Effort, Value};
use dashu_base::{Signed, UnsignedAbs};
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

/// Highest degree.
pub const MAX_ROOT: i64 = 1_000;

/// Work that looking for a rational root may cost.
const MAX_SEARCH: u64 = 1_000_000_000;

/// Highest degree that is computed as a root: that takes as many times the digits, so beyond it the
/// way through logarithms is shorter.
const MAX_DIRECT: usize = 5;

pub fn sqrt(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    nth_root(&arguments[0], 2, effort)
}

pub fn cbrt(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    nth_root(&arguments[0], 3, effort)
}

pub fn root(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let degree = arguments[1].small("the second argument of root", 1, MAX_ROOT)?;
    nth_root(&arguments[0], degree as usize, effort)
}

fn nth_root(x: &Value, degree: usize, effort: &mut Effort) -> Result<Value, Wrong> {
    if let Value::Exact(x) = x {
        if x.is_negative() && degree.is_multiple_of(2) {
            return refused("the root of a negative number is not real");
        }
        if let Some(root) = exact_root(x, degree, effort)? {
            return Ok(root.into());
        }
    }
    let interval = x.near(effort)?;
    if degree.is_multiple_of(2) && !interval.is_positive() {
        return undecided(
            "this is the root of a value that is negative, or cannot be told from zero",
        );
    }
    if degree > MAX_DIRECT {
        return through_logarithm(&interval, degree, effort);
    }
    let steps = if degree == 2 { 1 } else { search_steps(degree, effort.precision) };
    let length = degree * effort.precision;
    effort.budget.spend(2 * steps * division_work(length, length))?;
    let root = |x: &Float| match degree {
        2 => x.sqrt(),
        _ if x.repr().significand().is_negative() => -(-x.clone()).nth_root(degree),
        _ => x.nth_root(degree),
    };
    Ok(interval.monotone(root)?.into())
}

fn through_logarithm(x: &Interval, degree: usize, effort: &mut Effort) -> Result<Value, Wrong> {
    if x.is_negative() {
        let root = through_logarithm(&x.neg(), degree, effort)?;
        return arithmetic::neg(&[root], effort);
    }
    let logarithm = real::ln(&[x.clone().into()], effort)?;
    let degree = IBig::from(degree);
    real::exp(&[arithmetic::div(&[logarithm, degree.into()], effort)?], effort)
}

/// The root if it is rational: that of numerator and denominator, each a whole number.
pub fn exact_root(x: &RBig, degree: usize, effort: &mut Effort) -> Result<Option<RBig>, Wrong> {
    let work = search_steps(degree, size(x)) * division_work(size(x), size(x));
    // A root that is exact by chance is not worth more than this: its decimals come out all the same.
    if work > MAX_SEARCH {
        return Ok(None);
    }
    effort.budget.spend(work)?;
    let whole = |n: &UBig| {
        let root = n.nth_root(degree);
        (root.pow(degree) == *n).then_some(root)
    };
    let magnitude = x.numerator().clone().unsigned_abs();
    let (Some(over), Some(under)) = (whole(&magnitude), whole(x.denominator())) else {
        return Ok(None);
    };
    let root = RBig::from_parts(over.into(), under);
    Ok(Some(if x.is_negative() { -root } else { root }))
}

/// The number of times that the search for a root divides numbers of full length: it comes closer by a part that
/// shrinks with the degree, then doubles the right bits each time.
fn search_steps(degree: usize, bits: usize) -> u64 {
    degree as u64 + u64::from(bits.ilog2())
}
