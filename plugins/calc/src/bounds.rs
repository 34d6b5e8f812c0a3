//! The limits of a number's size and of the work that an expression may cost. Both are checked before the
//! work is done, so that `9^9^9` is an answer and not a time-out. Knows no operation.

use crate::fault::{Wrong, refused};
use dashu_base::BitTest;
use dashu_int::IBig;
use dashu_ratio::RBig;

/// Decimal digits that any number may have. A result of that length fits into an answer of 256 KiB
/// with a fraction beside it, and writing it is still a small part of the work allowed below.
pub const MAX_DIGITS: usize = 100_000;

/// Bits of a number of `MAX_DIGITS` digits.
pub const MAX_BITS: usize = 332_193;

/// Digits after the decimal point that may be asked for.
pub const MAX_DECIMALS: u32 = 1_000;

/// Work one evaluation may cost, in units of the sandbox's fuel. The manifest grants more than this,
/// because fuel could not say why it struck.
const MAX_WORK: u64 = 5_000_000_000;

/// Decimal digits of a number of `bits` bits.
pub fn digits_of_bits(bits: f64) -> f64 {
    bits * std::f64::consts::LOG10_2
}

/// Refuses a number that would have more than `MAX_DIGITS` digits; `hint` may say what to do.
pub fn check_digits(digits: f64, hint: &str) -> Result<(), Wrong> {
    if digits <= MAX_DIGITS as f64 {
        return Ok(());
    }
    // Past this size a count of digits is itself easier to read as a power of ten.
    let about = match digits {
        digits if digits < 1e15 => format!("about {}", grouped(digits.ceil() as u64)),
        digits if digits.is_finite() => format!("about {digits:.1e}"),
        _ => "more than 1e308".to_string(),
    };
    let limit = grouped(MAX_DIGITS as u64);
    refused(format!("this would have {about} digits; the limit is {limit}{hint}"))
}

/// The binary logarithm of a magnitude above zero, as precisely as a float can hold it.
pub fn log2(n: &IBig) -> f64 {
    let dropped = n.bit_len().saturating_sub(64);
    (n >> dropped).to_f64().value().abs().log2() + dropped as f64
}

/// Bits of a whole number's magnitude.
pub fn bits(n: &IBig) -> usize {
    n.bit_len()
}

/// Bits of the longer of numerator and denominator.
pub fn size(x: &RBig) -> usize {
    bits(x.numerator()).max(x.denominator().bit_len())
}

/// Work of multiplying numbers of so many bits. This and the others below are measured in the
/// sandbox and rounded up.
pub fn product_work(a: usize, b: usize) -> u64 {
    let (short, long) = (words(a.min(b)), words(a.max(b)));
    (8.0 * long * short.powf(0.6)) as u64
}

/// Work of dividing numbers of so many bits.
pub fn division_work(a: usize, b: usize) -> u64 {
    (4.0 * words(a) * words(b)) as u64
}

/// Work of finding what two numbers of so many bits have in common.
pub fn gcd_work(a: usize, b: usize) -> u64 {
    (32.0 * words(a) * words(b)) as u64
}

/// Work of one constant to so many bits.
pub fn constant_work(precision: usize) -> u64 {
    100_000 + (precision as f64).powf(1.96) as u64
}

/// Work of one exponential, sine or cosine to so many bits.
pub fn series_work(precision: usize) -> u64 {
    600_000 + (10.0 * (precision as f64).powf(1.95)) as u64
}

/// Work of one logarithm or arc function to so many bits: series that converge more slowly.
pub fn slow_series_work(precision: usize) -> u64 {
    8 * series_work(precision)
}

fn words(bits: usize) -> f64 {
    (bits / 32 + 1) as f64
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Work that is left for one evaluation.
pub struct Budget {
    left: u64,
}

impl Budget {
    pub fn new() -> Budget {
        Budget { left: MAX_WORK }
    }

    /// Takes `work` off the budget, or refuses the operation that would cost it.
    pub fn spend(&mut self, work: u64) -> Result<(), Wrong> {
        match self.left.checked_sub(work) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Wrong::Exhausted(
                "the expression costs too much work up to here; split it, or use smaller numbers \
                 or fewer digits"
                    .to_string(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let check = |n, expected: &str| assert_eq!(grouped(n), expected);
        check(0, "0");
        check(999, "999");
        check(1000, "1,000");
        check(1234567, "1,234,567");
    }

    #[test]
    fn the_budget_ends() {
        let mut budget = Budget::new();
        assert_eq!(budget.spend(MAX_WORK), Ok(()));
        assert!(budget.spend(1).is_err());
    }
}
