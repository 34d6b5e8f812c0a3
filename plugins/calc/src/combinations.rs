//! Factorials and binomial coefficients. The size of the result is known, and checked, before it is
//! computed.

use crate::bounds::{MAX_DIGITS, check_digits, digits_of_bits, grouped, product_work};
use crate::fault::{Wrong, refused};
use crate::value::{Effort, Value};
use dashu_int::{IBig, UBig};
use std::f64::consts::TAU;

/// `n!`, refused by Stirling's formula before the work where it would be too long.
pub fn factorial(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let n = match i64::try_from(arguments[0].whole("`!`")?) {
        Ok(n) if n < 0 => return refused("`!` needs a whole number of 0 or more"),
        Ok(n) => n as u64,
        Err(_) => {
            let limit = grouped(MAX_DIGITS as u64);
            return refused(format!("`!` of so large a number has far more than {limit} digits"));
        }
    };
    let x = n.max(1) as f64;
    let digits = x * (x.log10() - std::f64::consts::LOG10_E) + (TAU * x).log10() / 2.0;
    check_digits(digits, "")?;
    let bits = (digits * std::f64::consts::LOG2_10) as usize;
    effort.budget.spend(4 * product_work(bits, bits))?;
    Ok(IBig::from(product_of_range(1, n)).into())
}

/// Counts the ways to choose `k` of `n`.
pub fn choose(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let n = arguments[0].small("choose", 0, i64::MAX)? as u64;
    let k = arguments[1].small("choose", 0, i64::MAX)? as u64;
    if k > n {
        return Ok(IBig::ZERO.into());
    }
    let k = k.min(n - k);
    let over = k as f64 * (n.max(1) as f64).log2();
    check_digits(digits_of_bits(over), "")?;
    effort.budget.spend(4 * product_work(over as usize, over as usize))?;
    let (over, under) = (product_of_range(n - k + 1, n), product_of_range(1, k));
    Ok(IBig::from(over / under).into())
}

/// Counts the ways to arrange `k` of `n`.
pub fn permutations(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let n = arguments[0].small("perm", 0, i64::MAX)? as u64;
    let k = arguments[1].small("perm", 0, i64::MAX)? as u64;
    if k > n {
        return Ok(IBig::ZERO.into());
    }
    let bits = k as f64 * (n.max(1) as f64).log2();
    check_digits(digits_of_bits(bits), "")?;
    effort.budget.spend(4 * product_work(bits as usize, bits as usize))?;
    Ok(IBig::from(product_of_range(n - k + 1, n)).into())
}

/// The product of `first..=last`, halved again and again so that the factors are of like length.
fn product_of_range(first: u64, last: u64) -> UBig {
    if last < first {
        return UBig::ONE;
    }
    if last - first < 8 {
        return (first..=last).map(UBig::from).product();
    }
    let middle = first + (last - first) / 2;
    product_of_range(first, middle) * product_of_range(middle + 1, last)
}
