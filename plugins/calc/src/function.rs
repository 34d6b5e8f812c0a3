//! The names an expression may use: one table of functions and constants, each with the number of
//! its arguments and what computes it.

use crate::fault::Wrong;
use crate::kind::Keeps;
use crate::value::{Effort, Value};
use crate::{angle, arithmetic, combinations, power, real, root, rounding, several, spread, whole};

/// A function that computes a value from as many arguments as its entry allows.
pub type Operation = fn(&[Value], &mut Effort) -> Result<Value, Wrong>;

/// A name with the least and most arguments it takes; a constant takes none.
pub struct Function {
    pub name: &'static str,
    pub least: usize,
    pub most: usize,
    pub keeps: Keeps,
    pub operation: Operation,
}

const fn function(name: &'static str, arguments: (usize, usize), operation: Operation) -> Function {
    Function { name, least: arguments.0, most: arguments.1, keeps: Keeps::Nothing, operation }
}

const fn with_unit(
    name: &'static str,
    arguments: (usize, usize),
    operation: Operation,
) -> Function {
    Function { keeps: Keeps::Unit, ..function(name, arguments, operation) }
}

const fn of_angle(name: &'static str, operation: Operation) -> Function {
    Function { keeps: Keeps::Angle, ..function(name, ONE, operation) }
}

const fn of_root(name: &'static str, degree: i32, operation: Operation) -> Function {
    Function { keeps: Keeps::Root(degree), ..function(name, ONE, operation) }
}

const NONE: (usize, usize) = (0, 0);
const ONE: (usize, usize) = (1, 1);
const TWO: (usize, usize) = (2, 2);
const THREE: (usize, usize) = (3, 3);
const ANY: (usize, usize) = (1, usize::MAX);
const SAMPLE: (usize, usize) = (2, usize::MAX);

pub const FUNCTIONS: &[Function] = &[
    function("pi", NONE, angle::pi),
    function("tau", NONE, angle::tau),
    function("e", NONE, real::e),
    with_unit("abs", ONE, rounding::abs),
    function("sign", ONE, rounding::sign),
    function("floor", ONE, rounding::floor),
    function("ceil", ONE, rounding::ceil),
    function("trunc", ONE, rounding::trunc),
    function("round", (1, 2), rounding::round),
    with_unit("mod", TWO, arithmetic::rem),
    with_unit("min", ANY, several::min),
    with_unit("max", ANY, several::max),
    with_unit("sum", ANY, several::sum),
    with_unit("mean", ANY, several::mean),
    with_unit("median", ANY, spread::median),
    function("geomean", ANY, spread::geometric_mean),
    function("harmean", ANY, spread::harmonic_mean),
    with_unit("stdev", SAMPLE, spread::deviation),
    with_unit("pstdev", ANY, spread::population_deviation),
    function("variance", SAMPLE, spread::variance),
    function("pvariance", ANY, spread::population_variance),
    function("gcd", ANY, several::gcd),
    function("lcm", ANY, several::lcm),
    function("factorial", ONE, combinations::factorial),
    function("choose", TWO, combinations::choose),
    function("perm", TWO, combinations::permutations),
    function("powmod", THREE, whole::powmod),
    function("bitand", TWO, whole::bitand),
    function("bitor", TWO, whole::bitor),
    function("bitxor", TWO, whole::bitxor),
    function("shl", TWO, whole::shift_left),
    function("shr", TWO, whole::shift_right),
    function("pow", TWO, power::pow),
    of_root("sqrt", 2, root::sqrt),
    of_root("cbrt", 3, root::cbrt),
    function("root", TWO, root::root),
    with_unit("hypot", ANY, spread::hypotenuse),
    function("exp", ONE, real::exp),
    function("ln", ONE, real::ln),
    function("log2", ONE, real::binary_logarithm),
    function("log10", ONE, real::decimal_logarithm),
    function("log", TWO, real::log),
    of_angle("sin", angle::sin),
    of_angle("cos", angle::cos),
    of_angle("tan", angle::tan),
    function("asin", ONE, angle::asin),
    function("acos", ONE, angle::acos),
    function("atan", ONE, angle::atan),
    function("atan2", TWO, angle::atan2),
    of_angle("degrees", angle::degrees),
    function("radians", ONE, angle::radians),
];

/// Other names that people write, and what they stand for.
const ALIASES: [(&str, &str); 6] = [
    ("\u{3c0}", "pi"),
    ("\u{3c4}", "tau"),
    ("ncr", "choose"),
    ("comb", "choose"),
    ("binomial", "choose"),
    ("npr", "perm"),
];

/// Names of what has several definitions, with what to write.
const UNSURE: [(&str, &str); 4] = [
    ("P", "of several meanings: permutations are perm(n, k)"),
    (
        "percentile",
        "of several definitions: sort the values and take the one that yours names; the 50th is `median`",
    ),
    (
        "quantile",
        "of several definitions: sort the values and take the one that yours names; the half is `median`",
    ),
    (
        "quartile",
        "of several definitions: sort the values and take the one that yours names; the second is `median`",
    ),
];

/// The entry for `name`, in any case.
pub fn known(name: &str) -> Option<&'static Function> {
    let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    let name = alias.map_or(name, |(_, meant)| meant);
    FUNCTIONS.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// The same, or the text that says which names there are.
pub fn find(name: &str) -> Result<&'static Function, String> {
    known(name).ok_or_else(|| {
        if let Some((name, what)) = UNSURE.iter().find(|(odd, _)| odd.eq_ignore_ascii_case(name)) {
            return format!("`{name}` is not known, as it is {what}");
        }
        let known: Vec<&str> = FUNCTIONS.iter().map(|known| known.name).collect();
        // A name may be as long as the expression.
        let shown: String = name.chars().take(40).collect();
        format!("`{shown}` is not known; the names are {}", known.join(", "))
    })
}
