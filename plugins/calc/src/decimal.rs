//! Writes numbers as decimals, rounded to so many digits, halves away from zero. Knows nothing of
//! how they came about.

use dashu_base::{Abs, BitTest, DivRem, Signed, UnsignedAbs};
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

/// The form in which a decimal is written, and thereby what its digits count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Style {
    /// `0.00123`
    Plain,
    /// `1.23e-7`: for numbers so small that digits after the point would say nothing.
    Scientific,
}

impl Style {
    pub fn of(x: &RBig) -> Style {
        let small = RBig::from_parts(IBig::ONE, UBig::from(1_000_000u32));
        if !x.is_zero() && x.clone().abs() < small { Style::Scientific } else { Style::Plain }
    }
}

/// A number rounded to some digits.
#[derive(Debug, PartialEq)]
pub struct Decimal {
    /// With as many digits after the point as were asked for.
    mantissa: String,
    exponent: usize,
    /// Nothing was rounded away.
    pub exact: bool,
}

impl Decimal {
    /// All digits that were asked for, zeros too: for a number that does not end there.
    pub fn padded(&self) -> String {
        self.with_mantissa(&self.mantissa)
    }

    /// Without zeros at the end.
    pub fn shortest(&self) -> String {
        match self.mantissa.contains('.') {
            true => self.with_mantissa(self.mantissa.trim_end_matches('0').trim_end_matches('.')),
            false => self.padded(),
        }
    }

    fn with_mantissa(&self, mantissa: &str) -> String {
        match self.exponent {
            0 => mantissa.to_string(),
            exponent => format!("{mantissa}e-{exponent}"),
        }
    }
}

/// `x` with `digits` digits after the point.
pub fn decimal(x: &RBig, digits: usize, style: Style) -> Decimal {
    let (over, under) = (x.numerator().clone().unsigned_abs(), x.denominator());
    let mut exponent = match style {
        Style::Plain => 0,
        Style::Scientific => leading_zeros(&over, under),
    };
    let (mut units, mut exact) = scaled(&over, under, digits + exponent);
    // 9.99 rounds up to 10.0, which has one leading zero less.
    if exponent > 0 && units >= power_of_ten(digits + 1) {
        exponent -= 1;
        (units, exact) = scaled(&over, under, digits + exponent);
    }
    let mut mantissa = units.to_string();
    if digits > 0 {
        let missing = (digits + 1).saturating_sub(mantissa.len());
        mantissa.insert_str(0, &"0".repeat(missing));
        mantissa.insert(mantissa.len() - digits, '.');
    }
    if x.is_negative() && !units.is_zero() {
        mantissa.insert(0, '-');
    }
    Decimal { mantissa, exponent, exact }
}

/// A few digits of `x`, for a message.
pub fn brief(x: &RBig) -> String {
    const DIGITS: usize = 20;
    let whole = x.clone().abs().floor();
    // Four bits a digit is a little more than there are: short enough is short enough.
    if whole.bit_len() > 4 * DIGITS {
        return format!("a number of {} digits", whole.to_string().len());
    }
    decimal(x, 6, Style::of(x)).shortest()
}

fn power_of_ten(exponent: usize) -> UBig {
    UBig::from(10u8).pow(exponent)
}

/// `over / under` times a power of ten, rounded to a whole number, and whether it was one. Whole
/// numbers throughout: a fraction would be reduced first, which costs far more than this division.
fn scaled(over: &UBig, under: &UBig, exponent: usize) -> (UBig, bool) {
    let (units, rest) = (over * power_of_ten(exponent)).div_rem(under);
    let exact = rest.is_zero();
    let up = rest * 2u8 >= *under;
    (if up { units + UBig::ONE } else { units }, exact)
}

/// The power of ten that brings a fraction below one to at least 1 and below 10.
fn leading_zeros(over: &UBig, under: &UBig) -> usize {
    let bits = (under.bit_len() - over.bit_len()).saturating_sub(1);
    // The estimate is at most two too low, and never too high.
    let mut zeros = (bits as f64 * std::f64::consts::LOG10_2) as usize;
    while over * power_of_ten(zeros) < *under {
        zeros += 1;
    }
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(over: i64, under: u64, digits: usize, expected: &str, exact: bool) {
        let x = RBig::from_parts(over.into(), under.into());
        let found = decimal(&x, digits, Style::of(&x));
        let text = if found.exact { found.shortest() } else { found.padded() };
        assert_eq!((text.as_str(), found.exact), (expected, exact), "{over}/{under}");
    }

    #[test]
    fn exact_decimals_are_not_padded() {
        check(3, 10, 30, "0.3", true);
        check(-5, 4, 30, "-1.25", true);
        check(12, 1, 30, "12", true);
        check(0, 1, 30, "0", true);
        check(1200, 1, 0, "1200", true);
    }

    #[test]
    fn other_decimals_are_rounded_half_away_from_zero() {
        check(1, 3, 5, "0.33333", false);
        check(2, 3, 5, "0.66667", false);
        check(-5, 2, 0, "-3", false);
        check(1, 2, 0, "1", false);
        check(1, 3, 0, "0", false);
        check(-1, 3, 0, "0", false);
        check(999_999, 1_000_000, 3, "1.000", false);
    }

    #[test]
    fn small_numbers_keep_their_digits() {
        check(1, 10_000_000, 30, "1e-7", true);
        check(-12, 100_000_000, 30, "-1.2e-7", true);
        check(1, 3_000_000, 3, "3.333e-7", false);
        check(9_999, 100_000_000_000, 1, "1.0e-7", false);
        check(1, 1_000_000, 30, "0.000001", true);
    }
}
