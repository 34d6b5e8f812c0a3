//! Statistics of several values: middles, spreads, and lengths.

use crate::arithmetic::{add, div, mul, sub};
use crate::fault::{Wrong, refused};
use crate::power;
use crate::root;
use crate::rounding::{is_negative, is_zero};
use crate::several::{less, mean, sum};
use crate::value::{Effort, Value};
use dashu_int::IBig;
use dashu_ratio::RBig;
use std::cmp::Ordering;

/// The one in the middle, or the mean of the two.
pub fn median(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let mut sorted = arguments.to_vec();
    let mut wrong = None;
    sorted.sort_by(|a, b| match less(a, b, effort) {
        Ok(true) => Ordering::Less,
        // Equal values in either order give the same middle.
        Ok(false) => Ordering::Greater,
        Err(error) => {
            wrong.get_or_insert(error);
            Ordering::Equal
        }
    });
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => Ok(sorted[middle].clone()),
        _ => mean(&sorted[middle - 1..=middle], effort),
    }
}

pub fn geometric_mean(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let mut product: Value = IBig::ONE.into();
    for x in arguments {
        if is_negative(x)? {
            return refused("the geometric mean is of numbers of 0 or more");
        }
        product = mul(&[product, x.clone()], effort)?;
    }
    root::root(&[product, IBig::from(arguments.len()).into()], effort)
}

pub fn harmonic_mean(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let mut inverses = Vec::new();
    for x in arguments {
        if is_zero(x) {
            return Ok(IBig::ZERO.into());
        }
        if is_negative(x)? {
            return refused("the harmonic mean is of numbers of 0 or more");
        }
        inverses.push(div(&[IBig::ONE.into(), x.clone()], effort)?);
    }
    div(&[IBig::from(arguments.len()).into(), sum(&inverses, effort)?], effort)
}

/// Of a sample, whose mean is its own: by one less than there are.
pub fn variance(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let squares = squares(arguments, effort)?;
    div(&[squares, IBig::from(arguments.len() - 1).into()], effort)
}

pub fn population_variance(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let squares = squares(arguments, effort)?;
    div(&[squares, IBig::from(arguments.len()).into()], effort)
}

pub fn deviation(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let variance = variance(arguments, effort)?;
    root::sqrt(&[variance], effort)
}

pub fn population_deviation(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let variance = population_variance(arguments, effort)?;
    root::sqrt(&[variance], effort)
}

/// The length of a vector.
pub fn hypotenuse(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let squares = sum_of_squares(arguments, effort)?;
    root::sqrt(&[squares], effort)
}

/// The sum of the squares of what lies between each value and the mean.
fn squares(arguments: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let mean = mean(arguments, effort)?;
    let apart = arguments.iter().map(|x| sub(&[x.clone(), mean.clone()], effort));
    let apart = apart.collect::<Result<Vec<_>, _>>()?;
    sum_of_squares(&apart, effort)
}

fn sum_of_squares(values: &[Value], effort: &mut Effort) -> Result<Value, Wrong> {
    let two: Value = RBig::from(2).into();
    let mut total: Value = IBig::ZERO.into();
    for x in values {
        let square = power::pow(&[x.clone(), two.clone()], effort)?;
        total = add(&[total, square], effort)?;
    }
    Ok(total)
}
