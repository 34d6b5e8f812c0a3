//! Numbers that are not rational, such as sqrt(2): two bounds that the true value lies between.
//! Every operation rounds outward, so the bounds stay true whatever is done with them; how close
//! together they are is a matter of precision. Knows no expression and no exact special cases.
//!
//! dashu-float rounds each operation correctly to the nearest number of its precision, so one unit
//! in the last place below and above is a proven enclosure.

use crate::bounds::{MAX_BITS, check_digits, digits_of_bits, log2};
use crate::fault::{Wrong, undecided};
use dashu_base::{Approximation, BitTest};
use dashu_float::{Context, FBig, round::mode::HalfEven};
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

pub type Float = FBig<HalfEven, 2>;

/// `lo <= hi`, both of the same precision.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    lo: Float,
    hi: Float,
}

impl Interval {
    /// Bounds that lie around what was rounded to `lo` and `hi`.
    pub fn around(lo: Float, hi: Float) -> Result<Interval, Wrong> {
        for bound in [&lo, &hi] {
            let magnitude = magnitude(bound).unsigned_abs();
            if magnitude > MAX_BITS {
                check_digits(digits_of_bits(magnitude as f64), "")?;
            }
        }
        let (below, above) = (lo.ulp(), hi.ulp());
        // A result that rounded to zero is zero: the range of exponents is never exhausted here.
        let lo = if lo.repr().significand().is_zero() { lo } else { lo - below };
        let hi = if hi.repr().significand().is_zero() { hi } else { hi + above };
        Ok(Interval { lo, hi })
    }

    /// Bounds around an exact number.
    pub fn enclosing(x: &RBig, precision: usize) -> Result<Interval, Wrong> {
        let context = Context::<HalfEven>::new(precision);
        let whole = |n: IBig| match context.convert_int::<2>(n) {
            Approximation::Exact(n) => Ok(Interval { lo: n.clone(), hi: n }),
            Approximation::Inexact(n, _) => Interval::around(n.clone(), n),
        };
        let numerator = whole(x.numerator().clone())?;
        if x.is_int() {
            Ok(numerator)
        } else {
            numerator.div(&whole(x.denominator().clone().into())?)
        }
    }

    /// The bounds as exact numbers.
    pub fn bounds(&self) -> (RBig, RBig) {
        (exact(&self.lo), exact(&self.hi))
    }

    pub fn lo(&self) -> &Float {
        &self.lo
    }

    pub fn hi(&self) -> &Float {
        &self.hi
    }

    /// Binary digits before the point of the larger bound.
    pub fn magnitude(&self) -> isize {
        magnitude(&self.lo).max(magnitude(&self.hi))
    }

    /// The binary logarithm of the bound that is farther from zero.
    pub fn log2(&self) -> f64 {
        let bound = |x: &Float| match x.repr().significand() {
            zero if zero.is_zero() => f64::NEG_INFINITY,
            significand => log2(significand) + x.repr().exponent() as f64,
        };
        bound(&self.lo).max(bound(&self.hi))
    }

    /// True where both bounds are zero.
    pub fn is_zero(&self) -> bool {
        self.lo == Float::ZERO && self.hi == Float::ZERO
    }

    /// True where every number between the bounds is above zero.
    pub fn is_positive(&self) -> bool {
        self.lo > Float::ZERO
    }

    /// True where every number between the bounds is below zero.
    pub fn is_negative(&self) -> bool {
        self.hi < Float::ZERO
    }

    /// The bounds of a function that only rises, or of one that only falls.
    pub fn monotone(&self, function: impl Fn(&Float) -> Float) -> Result<Interval, Wrong> {
        let a = function(&self.lo);
        let b = if self.lo == self.hi { a.clone() } else { function(&self.hi) };
        if a <= b { Interval::around(a, b) } else { Interval::around(b, a) }
    }

    /// The bounds of a sine or cosine: it changes by no more than its argument does, and never
    /// leaves -1 to 1.
    pub fn wave(&self, function: impl Fn(&Float) -> Float) -> Result<Interval, Wrong> {
        let middle = function(&self.lo);
        let width = &self.hi - &self.lo;
        let width = &width + width.ulp();
        let spread = Interval { lo: -width.clone(), hi: width };
        let one = Context::<HalfEven>::new(middle.precision()).convert_int::<2>(IBig::ONE).value();
        let Interval { lo, hi } = Interval::around(middle.clone(), middle)?.add(&spread)?;
        Ok(Interval { lo: lo.max(-one.clone()), hi: hi.min(one) })
    }

    pub fn neg(&self) -> Interval {
        Interval { lo: -self.hi.clone(), hi: -self.lo.clone() }
    }

    pub fn add(&self, other: &Interval) -> Result<Interval, Wrong> {
        Interval::around(&self.lo + &other.lo, &self.hi + &other.hi)
    }

    pub fn mul(&self, other: &Interval) -> Result<Interval, Wrong> {
        let corners = [
            &self.lo * &other.lo,
            &self.lo * &other.hi,
            &self.hi * &other.lo,
            &self.hi * &other.hi,
        ];
        let lo = corners.iter().min().cloned().unwrap_or_default();
        let hi = corners.into_iter().max().unwrap_or_default();
        Interval::around(lo, hi)
    }

    pub fn div(&self, other: &Interval) -> Result<Interval, Wrong> {
        if !other.is_positive() && !other.is_negative() {
            return undecided(
                "cannot tell whether this divides by zero: the divisor is closer to it than can \
                 be computed",
            );
        }
        let corners = [
            &self.lo / &other.lo,
            &self.lo / &other.hi,
            &self.hi / &other.lo,
            &self.hi / &other.hi,
        ];
        let lo = corners.iter().min().cloned().unwrap_or_default();
        let hi = corners.into_iter().max().unwrap_or_default();
        Interval::around(lo, hi)
    }
}

fn magnitude(x: &Float) -> isize {
    x.repr().exponent() + x.repr().significand().bit_len() as isize
}

fn exact(x: &Float) -> RBig {
    let (significand, exponent) = (x.repr().significand().clone(), x.repr().exponent());
    let power = UBig::ONE << exponent.unsigned_abs();
    if exponent < 0 {
        RBig::from_parts(significand, power)
    } else {
        RBig::from(significand * IBig::from(power))
    }
}
