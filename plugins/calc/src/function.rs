//! The names an expression may use: one table of functions and constants, each with the number of
//! its arguments and what computes it.

use crate::fault::Wrong;
use crate::value::{Effort, Value};
use crate::{combinations, real, root, rounding, several, whole};

/// What computes a value from as many arguments as its entry allows.
pub type Operation = fn(&[Value], &mut Effort) -> Result<Value, Wrong>;

/// A name with the least and most arguments it takes; a constant takes none.
pub struct Function {
    pub name: &'static str,
    pub least: usize,
    pub most: usize,
    pub operation: Operation,
}

const fn function(name: &'static str, arguments: (usize, usize), operation: Operation) -> Function {
    Function { name, least: arguments.0, most: arguments.1, operation }
}

const NONE: (usize, usize) = (0, 0);
const ONE: (usize, usize) = (1, 1);
const TWO: (usize, usize) = (2, 2);
const THREE: (usize, usize) = (3, 3);
const ANY: (usize, usize) = (1, usize::MAX);

const FUNCTIONS: &[Function] = &[
    function("pi", NONE, real::pi),
    function("e", NONE, real::e),
    function("abs", ONE, rounding::abs),
    function("sign", ONE, rounding::sign),
    function("floor", ONE, rounding::floor),
    function("ceil", ONE, rounding::ceil),
    function("trunc", ONE, rounding::trunc),
    function("round", (1, 2), rounding::round),
    function("min", ANY, several::min),
    function("max", ANY, several::max),
    function("sum", ANY, several::sum),
    function("mean", ANY, several::mean),
    function("gcd", ANY, several::gcd),
    function("lcm", ANY, several::lcm),
    function("choose", TWO, combinations::choose),
    function("powmod", THREE, whole::powmod),
    function("bitand", TWO, whole::bitand),
    function("bitor", TWO, whole::bitor),
    function("bitxor", TWO, whole::bitxor),
    function("shl", TWO, whole::shift_left),
    function("shr", TWO, whole::shift_right),
    function("sqrt", ONE, root::sqrt),
    function("cbrt", ONE, root::cbrt),
    function("root", TWO, root::root),
    function("exp", ONE, real::exp),
    function("ln", ONE, real::ln),
    function("log2", ONE, real::log2),
    function("log10", ONE, real::log10),
    function("log", TWO, real::log),
    function("sin", ONE, real::sin),
    function("cos", ONE, real::cos),
    function("tan", ONE, real::tan),
    function("asin", ONE, real::asin),
    function("acos", ONE, real::acos),
    function("atan", ONE, real::atan),
];

/// The entry for `name`, or the text that says which names there are.
pub fn find(name: &str) -> Result<&'static Function, String> {
    FUNCTIONS.iter().find(|known| known.name == name).ok_or_else(|| {
        let known: Vec<&str> = FUNCTIONS.iter().map(|known| known.name).collect();
        // A name may be as long as the expression.
        let shown: String = name.chars().take(40).collect();
        format!("`{shown}` is not known; the names are {}", known.join(", "))
    })
}
