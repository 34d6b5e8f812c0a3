//! Filters of numbers that keep integers of any size, where a float cannot hold them. Knows no float's function; where
//! nothing here answers, that one does.

use crate::value::{Value, as_float};
use jaq_json::{Num, Val};
use std::cmp::Ordering;

/// Answers for the arguments of a filter. `None` if a float is as exact.
pub type Exact = fn(&[Value]) -> Option<Value>;

/// The first of the integers that not every float next to it is one apart from.
const BEYOND_FLOATS: f64 = 9_007_199_254_740_992.0;

/// Returns what `exact` answers where `float`, or what it was made of, is too large for floats to tell integers apart.
pub fn answer(arguments: &[Value], float: f64, exact: Exact) -> Value {
    let is_large = |number: f64| number.abs() >= BEYOND_FLOATS;
    let numbers = arguments.iter().filter_map(Value::as_number);
    let is_needed = is_large(float) || numbers.into_iter().any(is_large);
    let exact = is_needed.then(|| exact(arguments)).flatten();
    exact.unwrap_or_else(|| Value::float(float))
}

/// The function of this module for a filter. `None` if its answers are no integers by their nature.
pub fn of(name: &str) -> Option<Exact> {
    Some(match name {
        "floor" => |all| rounded(all, |part, _| part.is_negative && !part.is_whole),
        "ceil" => |all| rounded(all, |part, _| !part.is_negative && !part.is_whole),
        "trunc" => |all| rounded(all, |_, _| false),
        "round" => |all| rounded(all, |part, _| part.half.is_ge()),
        "rint" => {
            |all| rounded(all, |part, is_odd| part.half.is_gt() || part.half.is_eq() && is_odd)
        }
        "fabs" => |all| if is_negative(&all[0]) { negated(&all[0]) } else { integer(&all[0]) },
        "sqrt" => |all| root(&all[0], 2),
        "cbrt" => |all| root(&all[0], 3),
        "pow" => power,
        "ldexp" => |all| scaled(&all[0], &all[1]),
        "fma" => |all| {
            (integer(&all[0])? * integer(&all[1])?)
                .ok()
                .zip(integer(&all[2]))
                .and_then(|(product, more)| (product + more).ok())
        },
        "fmin" => |all| chosen(all, Ordering::Less),
        "fmax" => |all| chosen(all, Ordering::Greater),
        "fdim" => difference,
        "copysign" => |all| match is_negative(&all[0]) == is_negative(&all[1]) {
            true => integer(&all[0]),
            false => negated(&all[0]),
        },
        "fmod" => |all| rest(&all[0], &all[1]),
        "remainder" => nearest_rest,
        _ => return None,
    })
}

fn integer(value: &Value) -> Option<Value> {
    matches!(value.0, Val::Num(Num::Int(_) | Num::BigInt(_))).then(|| value.clone())
}

fn negated(value: &Value) -> Option<Value> {
    (-integer(value)?).ok()
}

fn is_negative(value: &Value) -> bool {
    value.as_number().is_some_and(f64::is_sign_negative)
}

fn is_odd(value: &Value) -> bool {
    rest(value, &Value::from(2_isize)).and_then(|rest| rest.as_number()) != Some(0.0)
}

/// What a number has behind its point.
struct Fraction {
    is_negative: bool,
    /// Compares it with a half.
    half: Ordering,
    is_whole: bool,
}

/// The number without what is behind its point, one further from zero where `is_further` says so of that and of
/// the number being odd.
fn rounded(all: &[Value], is_further: fn(&Fraction, bool) -> bool) -> Option<Value> {
    let Val::Num(Num::Dec(digits)) = &all[0].0 else { return integer(&all[0]) };
    let (whole, behind) = digits.split_once('.')?;
    let whole = Value(Val::Num(Num::from_str_radix(whole, 10)?));
    if !behind.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let behind = behind.trim_end_matches('0');
    let fraction = Fraction {
        is_negative: digits.starts_with('-'),
        half: behind.cmp("5"),
        is_whole: behind.is_empty(),
    };
    let one = Value::from(if fraction.is_negative { -1_isize } else { 1 });
    match is_further(&fraction, is_odd(&whole)) {
        true => (whole + one).ok(),
        false => Some(whole),
    }
}

/// The root of an integer that is a power of one.
fn root(value: &Value, degree: u32) -> Option<Value> {
    let Val::Num(number) = integer(value)?.0 else { return None };
    let root = match number {
        Num::BigInt(number) if degree % 2 == 1 || as_float(&Num::BigInt(number.clone())) > 0.0 => {
            Num::big_int(number.nth_root(degree))
        }
        // The float is less than one off.
        Num::Int(_) => {
            let number = value.as_number()?;
            let root = if degree == 2 { number.sqrt() } else { number.cbrt() };
            #[expect(clippy::cast_possible_truncation, reason = "it is smaller than the number")]
            Num::Int(root.round() as isize)
        }
        Num::BigInt(_) | Num::Float(_) | Num::Dec(_) => return None,
    };
    let root = Value(Val::Num(root));
    let again = (1..degree).try_fold(root.clone(), |product, _| (product * root.clone()).ok())?;
    (again == *value).then_some(root)
}

/// An integer to the power of one that is not negative, up to what floats can hold roughly.
fn power(all: &[Value]) -> Option<Value> {
    let (base, exponent) = (integer(&all[0])?, integer(&all[1])?.as_number()?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    let mut exponent = (0.0..BEYOND_FLOATS).contains(&exponent).then_some(exponent as u64)?;
    if !base.as_number()?.powf(all[1].as_number()?).is_finite() {
        return None;
    }
    let (mut square, mut product) = (base, Value::from(1_isize));
    while exponent > 0 {
        if exponent % 2 == 1 {
            product = (product * square.clone()).ok()?;
        }
        exponent /= 2;
        if exponent > 0 {
            square = (square.clone() * square).ok()?;
        }
    }
    Some(product)
}

/// `number` by a power of two, where that is an integer.
fn scaled(number: &Value, exponent: &Value) -> Option<Value> {
    let two = |exponent: Value| power(&[Value::from(2_isize), exponent]);
    match is_negative(exponent) {
        true => (integer(number)? / two(negated(exponent)?)?).ok(),
        false => (integer(number)? * two(integer(exponent)?)?).ok(),
    }
}

/// The number that comes first in `order`; one that is none counts for nothing.
fn chosen(all: &[Value], order: Ordering) -> Option<Value> {
    let is_number = |value: &&Value| value.as_number().is_some_and(|number| !number.is_nan());
    let better = |best, value: &Value| match best {
        Some(best) if value.cmp(&best) != order => Some(best),
        _ => Some(value.clone()),
    };
    all.iter().filter(is_number).fold(None, better)
}

fn difference(all: &[Value]) -> Option<Value> {
    let (left, right) = (integer(&all[0])?, integer(&all[1])?);
    match left > right {
        true => (left - right).ok(),
        false => Some(Value::from(0_isize)),
    }
}

/// What is left of a division, with the sign of the dividend.
fn rest(dividend: &Value, divisor: &Value) -> Option<Value> {
    (integer(dividend)? % integer(divisor)?).ok()
}

/// What is left of a division whose quotient is the nearest integer, an even one of two.
fn nearest_rest(all: &[Value]) -> Option<Value> {
    let (dividend, divisor) = (integer(&all[0])?, integer(&all[1])?);
    let size =
        |value: &Value| if is_negative(value) { negated(value) } else { Some(value.clone()) };
    let rest = rest(&dividend, &divisor)?;
    let (twice, whole) = ((size(&rest)? + size(&rest)?).ok()?, size(&divisor)?);
    let quotient = ((dividend - rest.clone()).ok()? / divisor).ok()?;
    if twice < whole || twice == whole && !is_odd(&quotient) {
        return Some(rest);
    }
    if is_negative(&rest) { (rest + whole).ok() } else { (rest - whole).ok() }
}

#[cfg(test)]
mod tests {
    use crate::query::{Options, query};

    #[track_caller]
    fn check(filter: &str, input: &str, expected: &str) {
        let found = query(filter, Some(input), Vec::new(), &Options::default());
        assert_eq!(found.as_deref(), Ok(expected), "{filter} of {input}");
    }

    /// What is behind 2^53, and something of thirty digits.
    const LARGE: [&str; 2] = ["9007199254740993", "123456789012345678901234567891"];

    #[test]
    fn integers_of_any_size_stay_whole() {
        for number in LARGE {
            for filter in [
                "floor",
                "ceil",
                "round",
                "trunc",
                "rint",
                "nearbyint",
                "fabs",
                "abs",
                "length",
                "modf[1]",
                "pow(.; 1)",
                "pow(.; 2) | sqrt",
                "pow(.; 3) | cbrt",
                "-pow(-.; 3) | cbrt",
                "ldexp(.; 0)",
                "ldexp(.; 70) | ldexp(.; -70)",
                "scalb(.; 0)",
                "scalbln(.; 0)",
                "fma(.; 1; 0)",
                "fma(1; .; 0)",
                "fma(1; 1; . - 1)",
                "fmin(.; 1e300)",
                "fmax(1.5; .)",
                "fmin(.; . + 1)",
                "fmax(. - 1; .)",
                "fmin(nan; .)",
                "fdim(.; 0)",
                "fdim(. + 1; 1)",
                "copysign(.; 1)",
                "-copysign(.; -1.5)",
                "fmod(.; . + 1)",
                "-fmod(-.; . + 1)",
                "remainder(.; . * 3)",
                "drem(.; . * 3)",
                "-remainder(. * 2; . * 3)",
                ". * . / .",
                ". * 7 / 7",
                ". % (. + 1)",
                "(. * 10 + 3) % (. * 10) + . - 3",
                "[.] | add",
                "[.] | min",
                "[.] | max",
                "[.] | sort[0]",
                "[.] | unique[0]",
                "[., 1] | max_by(.)",
                "tostring | tonumber",
                "tojson | fromjson",
                "[range(.; . + 1)][0]",
                "[limit(1; repeat(.))][0]",
                "toyaml | fromyaml",
                "[.] | @csv | fromcsv[0]",
                "[.] | @json | fromjson[0]",
                "-(-.)",
                "{a: .} | to_entries[0].value",
                "[.] | flatten[0]",
                "if . % 2 == 1 then . else 0 end",
            ] {
                check(filter, number, number);
            }
            let negative = format!("-{number}");
            for filter in [
                "floor",
                "ceil",
                "round",
                "trunc",
                "rint",
                "modf[1]",
                "copysign(.; -1)",
                "pow(.; 1)",
            ] {
                check(filter, &negative, &negative);
            }
            check("fabs, length, abs", &negative, &[number; 3].join("\n"));
        }
    }

    /// By Python 3.11's integers and decimals.
    #[test]
    fn what_floats_cannot_hold_is_exact() {
        check("pow(3; 40)", "null", "12157665459056928801");
        check("pow(-3; 41)", "null", "-36472996377170786403");
        check("pow(10; 30) + 1", "null", "1000000000000000000000000000001");
        check("fma(3037000501; 3037000501; 2)", "null", "9223372043074251003");
        check("ldexp(9007199254740993; 3)", "null", "72057594037927944");
        check("fmod(123456789012345678901234567891; 9007199254740993)", "null", "5581632220124344");
        check(
            "remainder(123456789012345678901234567891; 9007199254740993)",
            "null",
            "-3425567034616649",
        );
        check("123456789012345678901234567891 % 10.5", "null", "1");
        check("9007199254740993 % -10.0", "null", "3");
        check(
            "floor, ceil, round, trunc, rint",
            "9007199254740993.5",
            "9007199254740993\n9007199254740994\n9007199254740994\n9007199254740993\n9007199254740994",
        );
        check(
            "floor, ceil, round, trunc, rint",
            "-9007199254740992.50",
            "-9007199254740993\n-9007199254740992\n-9007199254740993\n-9007199254740992\n-9007199254740992",
        );
        check(
            "floor, round",
            "123456789012345678901234567890.49",
            &["123456789012345678901234567890"; 2].join("\n"),
        );
    }

    #[test]
    fn what_floats_can_hold_is_as_in_jq() {
        check("floor, round", "-0.5", "-1\n-1");
        check("ceil", "-0.5", "-0");
        check(
            "pow(2; 0.5), pow(2; -1), pow(2; 10), pow(0; 0)",
            "null",
            "1.4142135623730951\n0.5\n1024\n1",
        );
        check("fmod(-4; 2), fmod(5; 0), sqrt", "2", "-0\nnull\n1.4142135623730951");
        check("pow(10; 400) == infinite", "null", "true");
        check("[(infinite, -infinite) % (1, -1, infinite)]", "null", "[0,0,0,0,0,-1]");
        check("floor", "1e300", "1e+300");
        check("7 / 2, 6 / 3, 5 % 3.9, 5 % infinite", "null", "3.5\n2\n2\n5");
    }
}
