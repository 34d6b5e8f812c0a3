//! The plugin `calc`: exact arithmetic from an expression. This file is what the host sees; the
//! modules below know nothing of it.
//!
//! Reading order: an expression becomes tokens (`token`), then steps (`parse`, with the names of
//! `function`), which `answer` runs on values (`value`) until the digits asked for are certain.

mod answer;
mod arithmetic;
mod bounds;
mod combinations;
mod decimal;
mod fault;
mod function;
mod interval;
mod parse;
mod power;
mod real;
mod root;
mod rounding;
mod several;
mod token;
mod value;
mod whole;

#[toolrack_sdk::plugin]
mod calc {
    use crate::answer::{self, Answer};
    use toolrack_sdk::Json;

    /// Computes an arithmetic expression exactly: use it whenever a number has to be right, such as
    /// money, percentages, fractions, large integers, powers, factorials, roots or logarithms.
    /// Nothing is floating point: `0.1 + 0.2` is 0.3, `1/3` comes as a fraction and a decimal,
    /// `2^1000` with all its digits, and a rounded result is right to its last digit and says so.
    ///
    /// Operators: `+ - * / % ^ !` and parentheses; `%` is the remainder, with the sign of the
    /// divisor. Numbers: `12`, `1_000`, `1.5e-3`, `0xff`, `0b101`, `0o17`. Constants: pi, e.
    /// Functions: abs sign floor ceil trunc round(x, decimals) min max sum mean gcd lcm
    /// choose(n, k) powmod(base, exponent, modulus) bitand bitor bitxor shl shr sqrt cbrt root(x, n)
    /// exp ln log2 log10 log(x, base) sin cos tan asin acos atan (in radians).
    ///
    /// Example: `1999.99 * 1.19^10`.
    #[tool(title = "Calculate", read_only, idempotent, open_world = false)]
    pub fn evaluate(
        /// The expression, e.g. `(0.1 + 0.2) * 2^100 / 3`.
        expression: &str,
        /// Digits after the decimal point where the result does not end sooner; default 30.
        #[schemars(range(max = 1000))]
        digits: Option<u32>,
        /// The base a whole result is shown in, e.g. 16 for hexadecimal; default 10.
        #[schemars(range(min = 2, max = 36))]
        base: Option<u32>,
    ) -> Result<Json<Answer>, String> {
        answer::answer(expression, digits, base).map(Json)
    }
}
