//! The plugin `calc`: exact arithmetic from an expression. This file is what the host sees; the
//! modules below know nothing of it.
//!
//! Reading order: an expression becomes tokens (`token`), then steps (`parse`, with the names of
//! `function`), which `answer` runs on values (`value`) until the digits asked for are certain.

mod angle;
mod answer;
mod arithmetic;
mod bounds;
mod combinations;
mod decimal;
mod fault;
mod function;
mod interval;
mod kind;
mod parse;
mod power;
mod real;
mod root;
mod rounding;
mod several;
mod spread;
mod token;
mod unit;
mod value;
mod whole;

#[toolrack_sdk::plugin]
mod calc {
    use crate::answer::{self, Answer};
    use toolrack_sdk::Json;

    /// Computes an expression exactly: use it whenever a number has to be right, such as money, percentages,
    /// large integers, statistics or units. `0.1 + 0.2` is 0.3, `1/3` also a fraction, `2^1000` has all its
    /// digits; what is rounded is right to the last digit and says so.
    ///
    /// `+ - * / ^ !`, `%` or `mod` (remainder, with the divisor's sign), percent: `20% of 50`, `200 + 10%` is 220.
    /// Numbers: 1_000, 1.5e-3, 0xff. Constants: pi, tau, e. Functions: abs sign floor ceil trunc
    /// round(x, decimals) min max sum mean median geomean harmean stdev pstdev variance pvariance hypot gcd lcm
    /// factorial choose(n, k) perm(n, k) powmod(base, exponent, modulus) bitand bitor bitxor shl shr pow sqrt cbrt
    /// root(x, n) exp ln log2 log10 log(x, base) sin cos tan asin acos atan atan2(y, x) degrees radians; angles are in
    /// radians, or `sin(30 deg)`; beside one, a number with pi in it is of radians, while rpm, deg and turn have their 2 pi
    /// already. Units at the end: `5 ft 3 in to cm`, `72 °F to °C`, `100 km/h to m/s`.
    ///
    /// Example: `1999.99 * 1.19^10`.
    #[tool(title = "Calculate", read_only, idempotent, open_world = false)]
    pub fn evaluate(
        /// Such as `(0.1 + 0.2) * 2^100 / 3`.
        expression: &str,
        /// Most digits after the decimal point; default 30.
        #[schemars(range(max = 1000))]
        digits: Option<u32>,
        /// The base a whole result is shown in; default 10.
        #[schemars(range(min = 2, max = 36))]
        base: Option<u32>,
    ) -> Result<Json<Answer>, String> {
        answer::answer(expression, digits, base).map(Json)
    }
}
