//! From an expression to an answer: runs the steps, and where the result lies between bounds, raises
//! the precision until both bounds round to the same digits.

use crate::bounds::{Budget, MAX_DECIMALS, digits_of_bits, size};
use crate::decimal::{Style, decimal};
use crate::fault::{Fault, Span, Wrong};
use crate::interval::Interval;
use crate::parse::{Step, parse};
use crate::value::{Effort, Value};
use dashu_base::{Signed, UnsignedAbs};
use dashu_ratio::RBig;

/// Digits after the decimal point where none are asked for.
pub const DEFAULT_DECIMALS: u32 = 30;

/// Longest fraction that is worth showing beside the decimal.
const MAX_FRACTION: usize = 1_000;

/// The most times that an expression is computed. The precision at least doubles each time.
const ATTEMPTS: usize = 5;

#[derive(Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Answer {
    pub value: String,
    /// False if `value` is rounded: then to the digits shown.
    pub exact: bool,
    /// Of a rational result that is not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// The answer, or a text that shows what is wrong and where.
pub fn answer(
    expression: &str,
    decimals: Option<u32>,
    base: Option<u32>,
) -> Result<Answer, String> {
    let decimals = decimals.unwrap_or(DEFAULT_DECIMALS);
    if decimals > MAX_DECIMALS {
        return Err(format!("`digits` is {decimals}; expected 0 to {MAX_DECIMALS}"));
    }
    let base = base.unwrap_or(10);
    if !(2..=36).contains(&base) {
        return Err(format!("`base` is {base}; expected 2 to 36"));
    }
    let program = parse(expression).map_err(|fault| fault.render(expression))?;
    let value = evaluate(&program.steps, decimals as usize);
    let value = value.map_err(|fault| fault.render(expression))?;
    let answer = shown(value, decimals, base)?;
    Ok(Answer { unit: program.unit, ..answer })
}

fn shown(value: Found, decimals: u32, base: u32) -> Result<Answer, String> {
    match value {
        Found::Exact(x) if base == 10 => Ok(exact_answer(&x, decimals as usize)),
        Found::Exact(x) if x.is_int() => {
            let (sign, n) =
                (if x.is_negative() { "-" } else { "" }, x.numerator().clone().unsigned_abs());
            let value = format!("{sign}{}", n.in_radix(base as u8));
            Ok(Answer { value, exact: true, fraction: None, unit: None })
        }
        Found::Rounded(value) if base == 10 => {
            Ok(Answer { value, exact: false, fraction: None, unit: None })
        }
        _ => Err(format!(
            "base {base} is for whole numbers, and the result is not known to be one; use floor(...) or round(...)"
        )),
    }
}

fn exact_answer(x: &RBig, decimals: usize) -> Answer {
    let decimal = decimal(x, decimals, Style::of(x));
    let value = if decimal.exact { decimal.shortest() } else { decimal.padded() };
    let short = digits_of_bits(size(x) as f64) < MAX_FRACTION as f64;
    let fraction = (!x.is_int() && short).then(|| x.to_string());
    Answer { value, exact: decimal.exact, fraction, unit: None }
}

/// A result whose digits are known.
enum Found {
    Exact(RBig),
    Rounded(String),
}

/// A result at one precision.
enum Attempt {
    Settled(Found),
    /// The bounds do not round to the same digits.
    Rough(Interval),
}

fn evaluate(steps: &[Step], decimals: usize) -> Result<Found, Fault> {
    // Bits for the digits asked for, and some that the operations on the way will lose.
    let wanted = decimals * 10 / 3 + 64;
    let mut effort = Effort { precision: wanted, budget: Budget::new() };
    let mut latest = attempt(steps, decimals, &mut effort);
    for _ in 1..ATTEMPTS {
        let needed = match &latest {
            Ok(Attempt::Rough(interval)) => wanted + interval.magnitude().max(0) as usize,
            Err(Fault { wrong: Wrong::Undecided(_), .. }) => 0,
            Ok(Attempt::Settled(_)) | Err(_) => break,
        };
        let enough = needed <= effort.precision;
        effort.precision = (2 * effort.precision).max(needed);
        match attempt(steps, decimals, &mut effort) {
            // The work went into telling what cannot be told, so that is the thing to say.
            Err(Fault { wrong: Wrong::Exhausted(_), .. }) if enough => break,
            next => latest = next,
        }
    }
    match latest? {
        Attempt::Settled(found) => Ok(found),
        // Zero gets no digits of its own, however close the bounds come to it; what can be told is
        // that all the decimals asked for are zeros.
        Attempt::Rough(interval) => match round_alike(&interval, decimals, |_| Style::Plain) {
            Some(text) => Ok(Found::Rounded(text)),
            None => Err(Fault::new(
                steps.last().map_or(Span { start: 0, end: 0 }, Step::span),
                format!(
                    "the result is too close to halfway between two numbers of {decimals} decimals \
                     to be rounded; ask for another number of digits"
                ),
            )),
        },
    }
}

fn attempt(steps: &[Step], decimals: usize, effort: &mut Effort) -> Result<Attempt, Fault> {
    Ok(match run(steps, effort)? {
        Value::Exact(x) => Attempt::Settled(Found::Exact(x)),
        Value::Angle { near: interval, .. } | Value::Near(interval) => {
            match round_alike(&interval, decimals, Style::of) {
                Some(text) => Attempt::Settled(Found::Rounded(text)),
                None => Attempt::Rough(interval),
            }
        }
    })
}

fn run(steps: &[Step], effort: &mut Effort) -> Result<Value, Fault> {
    let mut stack: Vec<Value> = Vec::new();
    for step in steps {
        let value = match step {
            Step::Push(number, _) => number.clone().into(),
            Step::Apply { operation, arity, span } => {
                let arguments = stack.split_off(stack.len() - arity);
                operation(&arguments, effort).map_err(|wrong| Fault { span: *span, wrong })?
            }
        };
        stack.push(value);
    }
    Ok(stack.pop().expect("the parser leaves one value"))
}

/// The digits that both bounds round to, if they are the same.
fn round_alike(bounds: &Interval, decimals: usize, style: fn(&RBig) -> Style) -> Option<String> {
    let (lo, hi) = bounds.bounds();
    let padded = |bound| decimal(bound, decimals, style(bound)).padded();
    let (lo, hi) = (padded(&lo), padded(&hi));
    (lo == hi).then_some(lo)
}

#[cfg(test)]
mod counts;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod python;
#[cfg(test)]
mod tests;
