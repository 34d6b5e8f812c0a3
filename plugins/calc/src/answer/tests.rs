//! The results of expressions, end to end. `~` marks a rounded value.

use super::*;

fn found(expression: &str, digits: u32, base: u32) -> String {
    match answer(expression, Some(digits), Some(base)) {
        Ok(Answer { value, exact: true, .. }) => value,
        Ok(Answer { value, fraction: None, .. }) => format!("~{value}"),
        Ok(Answer { value, fraction: Some(fraction), .. }) => format!("~{value} = {fraction}"),
        Err(message) => message,
    }
}

fn check(expression: &str, expected: &str) {
    assert_eq!(found(expression, 20, 10), expected, "{expression}");
}

#[test]
fn decimals_are_exact() {
    check("0.1 + 0.2", "0.3");
    check("1.10 * 3", "3.3");
    check("1/3*3", "1");
    check("1/3", "~0.33333333333333333333 = 1/3");
    check("-2/3", "~-0.66666666666666666667 = -2/3");
    check("0.1^20", "1e-20");
    check("1e-50 * 3", "3e-50");
    check("100_000 / 8", "12500");
    check("1e22 + 1 - 1e22", "1");
}

#[test]
fn operators_bind_as_in_mathematics() {
    check("2 + 3 * 4", "14");
    check("(2 + 3) * 4", "20");
    check("7 - 2 - 1", "4");
    check("2^3^2", "512");
    check("2**3", "8");
    check("-2^2", "-4");
    check("2^-2", "0.25");
    check("2^-1^2", "0.5");
    check("--3", "3");
    check("(3!)!", "720");
    check("-3!", "-6");
    check("2^3!", "64");
    check("7 % 3", "1");
    check("-7 % 3", "2");
    check("7 % -3", "-2");
    check("7.5 % 2", "1.5");
}

#[test]
fn whole_numbers_have_no_limit_that_matters() {
    check("2^100", "1267650600228229401496703205376");
    check("30!", "265252859812191058636308480000000");
    check("0xff + 0b101 + 0o17", "275");
    check("20! / 18!", "380");
    check("choose(52, 5)", "2598960");
    check("choose(3, 5)", "0");
    check("gcd(48, -180, 30)", "6");
    check("lcm(4, 6, 10)", "60");
    check("powmod(3, 10^30, 10^9 + 7)", "965115194");
    check("powmod(-2, 3, 7)", "6");
    check("bitand(12, 10) + bitor(12, 10) + bitxor(12, 10)", "28");
    check("shl(1, 70)", "1180591620717411303424");
    check("shr(-1, 1)", "-1");
}

#[test]
fn rounding_follows_the_rules_it_names() {
    check("floor(-2.5)", "-3");
    check("ceil(-2.5)", "-2");
    check("trunc(-2.5)", "-2");
    check("round(-2.5)", "-3");
    check("round(2.345, 2)", "2.35");
    check("round(1234, -2)", "1200");
    check("abs(-1/4) + sign(-3)", "-0.75");
    check("min(3, 1/3, 2)", "~0.33333333333333333333 = 1/3");
    check("max(3, pi, 2)", "~3.14159265358979323846");
    check("sum(0.1, 0.2, 0.3)", "0.6");
    check("mean(1, 2, 4)", "~2.33333333333333333333 = 7/3");
    check("floor(exp(10))", "22026");
    check("floor(log10(1000!)) + 1", "2568");
}

#[test]
fn rational_values_of_functions_are_exact() {
    check("sqrt(0.25)", "0.5");
    check("sqrt(2^200)", "1267650600228229401496703205376");
    check("cbrt(-27)", "-3");
    check("root(32, 5)", "2");
    check("8^(2/3)", "4");
    check("4^-0.5", "0.5");
    check("log2(1/8)", "-3");
    check("log10(1e30)", "30");
    check("log(81, 3)", "4");
    check("sin(0) + cos(0) + exp(0) + ln(1)", "2");
    check("0^0", "1");
    check("1^(10^30)", "1");
    check("(-1)^(10^30 + 1)", "-1");
}

#[test]
fn other_values_are_right_to_the_last_digit() {
    // Computed with mpmath at 60 digits.
    check("sqrt(2)", "~1.41421356237309504880");
    check("cbrt(2)", "~1.25992104989487316477");
    check("2^0.5", "~1.41421356237309504880");
    check("pi", "~3.14159265358979323846");
    check("e", "~2.71828182845904523536");
    check("exp(1/3)", "~1.39561242508608952863");
    check("exp(-40)", "~4.24835425529158899533e-18");
    check("ln(2)", "~0.69314718055994530942");
    check("log10(2)", "~0.30102999566398119521");
    check("log(10, 7)", "~1.18329466245493832682");
    check("sin(1)", "~0.84147098480789650665");
    check("sin(10^30)", "~-0.09011690191213805803");
    check("cos(1)", "~0.54030230586813971740");
    check("tan(1)", "~1.55740772465490223051");
    check("asin(0.5)", "~0.52359877559829887308");
    check("asin(1)", "~1.57079632679489661923");
    check("acos(-1)", "~3.14159265358979323846");
    check("atan(1)", "~0.78539816339744830962");
    check("\u{3c0} + 0*\u{3c4}", "~3.14159265358979323846");
    check("atan2(1, 2)", "~0.46364760900080611621");
    check("atan2(1, -2)", "~2.67794504458898712225");
    check("atan2(-1, -2)", "~-2.67794504458898712225");
    check("atan2(0, -1)", "~3.14159265358979323846");
    check("atan2(-3, 0) to deg", "-90");
    check("atan2(1, -1) to deg", "135");
    check("nCr(5, 2) + comb(5, 2) + binomial(5, 2) + nPr(5, 2)", "50");
    check("(-2)^3 + pi^2", "~1.86960440108935861883");
    check("(-pi)^3", "~-31.00627668029982017548");
    // What floating point gets wrong: Ramanujan's almost-integer, and cancellation.
    check("exp(pi * sqrt(163)) - 262537412640768744", "~-7.49927402801814311121e-13");
    check("sqrt(10^40 + 1) - 10^20", "~5.00000000000000000000e-21");
}

#[test]
fn what_cannot_be_told_is_said() {
    // Zero in truth, but no precision can show it; all digits asked for are still right.
    check("sqrt(2)^2 - 2", "~0.00000000000000000000");
    check(
        "1 / (sqrt(2)^2 - 2)",
        "position 3: cannot tell whether this divides by zero: the divisor is closer to it than \
         can be computed\n  1 / (sqrt(2)^2 - 2)\n    ^",
    );
    check(
        "floor(sqrt(2)^2)",
        "position 1: cannot tell which way to round: the value is closer to the border than can \
         be computed\n  floor(sqrt(2)^2)\n  ^^^^^",
    );
}

#[test]
fn a_whole_result_is_shown_in_other_bases() {
    let check = |expression, base, expected: &str| {
        assert_eq!(found(expression, 20, base), expected, "{expression}");
    };
    check("255", 16, "ff");
    check("-255", 2, "-11111111");
    check("35", 36, "z");
    check(
        "1/3",
        16,
        "base 16 is for whole numbers, and the result is not known to be one; use floor(...) or round(...)",
    );
    check("1", 1, "`base` is 1; expected 2 to 36");
}

#[test]
fn too_much_is_refused_before_the_work() {
    let check = |expression: &str, reason: &str| {
        let message = answer(expression, None, None).unwrap_err();
        assert!(message.contains(reason), "{expression}: {message}");
    };
    check(
        "9^9^9",
        "this would have about 369,693,100 digits; the limit is 100,000; for the remainder",
    );
    check("10^9!", "this would have about 362,880 digits");
    check("(10^9)!", "this would have about 8,565,705,5");
    check("(10^30)!", "has far more than");
    check("2^10^30", "this would have about 3.0e29 digits");
    check("2^-10^9", "this would have about 301,029,996 digits");
    check("choose(10^9, 5*10^8)", "digits");
    check("99^50000 * 99^50000", "digits");
    check("1e100000 * 10", "digits");
    check("exp(10^6)", "this would have about 434,295 digits");
    check("exp(exp(20))", "digits");
    check("pi^(10^6)", "this would have about 497,150 digits");
    check("sin(10^2000)", "the angle is too large");
    check("shl(1, 10^7)", "needs a whole number from 0 to 332193");
    check("powmod(3, 10^20000, 7^9999)", "costs too much work");
    check(&"(".repeat(1000), "nested more than 200 deep");
    check(&"-".repeat(1000), "nested more than 200 deep");
    check(&format!("1{}", "^1".repeat(1000)), "nested more than 200 deep");
}

#[test]
fn long_chains_are_not_deep() {
    assert_eq!(found(&vec!["1"; 30_000].join("+"), 0, 10), "30000");
    assert_eq!(found(&format!("max({})", vec!["7"; 30_000].join(",")), 0, 10), "7");
}

#[test]
fn what_mathematics_reads_otherwise_is_refused() {
    let refused = |expression: &str, part: &str| {
        let message = answer(expression, Some(10), None).expect_err(expression);
        assert!(message.contains(part), "{expression}: {message}");
    };
    for expression in ["5!!", "5! !", "3!!!", "2 * (1 + 2)!!"] {
        refused(expression, "`!!` may be the double factorial");
    }
    for expression in ["sin(30)\u{b0}", "sin(30) deg", "2 * cos(60) \u{b0} + 1", "abs(-30)\u{b0}"] {
        refused(expression, "behind a function's result");
    }
    check("sin(30\u{b0})", "0.5");
    check("cos(max(60, 30) * 1\u{b0})", "0.5");
    check("sin((abs(-30))\u{b0})", "0.5");
    check("sin((30)\u{b0})", "0.5");
    check("asin(0.5) to deg", "30");
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let check = |expression: &str, place: usize, reason: &str| {
        let message = answer(expression, None, None).unwrap_err();
        assert!(message.starts_with(&format!("position {place}: ")), "{expression}: {message}");
        assert!(message.contains(reason), "{expression}: {message}");
    };
    check("", 1, "expected a number, a name, `(` or a sign, found the end");
    check("1 + (2 * * 3)", 10, "found `*`");
    check("2 (3)", 3, "expected an operator or the end, found `(`");
    check("2 pi", 3, "is a `*` missing?");
    check("1,000 + 1", 2, "write thousands as 1000 or 1_000");
    check("(1 + 2", 1, "this `(` is never closed");
    check("1 + 2)", 6, "closes nothing");
    check("1 + sqr(2)", 5, "`sqr` is not known; the names are pi, tau, e, abs");
    check("sqrt 2", 1, "takes 1 argument in parentheses, got 0");
    check("log(2)", 1, "takes 2 arguments in parentheses, got 1");
    check("max()", 1, "takes 1 or more arguments");
    check("1 / (0.3 - 0.1 * 3)", 3, "this divides by zero");
    check("1 % 0", 3, "this divides by zero");
    check("0^-1", 2, "divides by zero");
    check("sqrt(-1)", 1, "not real");
    check("(-8)^(1/3)", 5, "use root(x, n)");
    check("ln(0)", 1, "needs a number above 0, got 0");
    check("asin(2)", 1, "needs a number from -1 to 1, got 2");
    check("2.5!", 4, "needs whole numbers, got 2.5");
    check("(-3)!", 5, "0 or more");
    check("gcd(1/3, 2)", 1, "gcd needs whole numbers, got 0.333333");
    check("bitand(pi, 2)", 1, "got about 3.141593");
}

#[test]
fn what_other_programs_know_is_refused_with_a_way_on() {
    let check = |expression: &str, part: &str| {
        let message = answer(expression, None, None).unwrap_err();
        assert!(message.contains(part), "{expression}: {message}");
    };
    check("7 // 2", "whole parts are `floor(a / b)`");
    check("7 /// 2", "whole parts are `floor(a / b)`");
    check("percentile(90, 1, 2, 3)", "of several definitions");
    check("atan2(0, 0)", "lies in no direction");
}

#[test]
fn signs_that_have_no_key_are_read() {
    let check = |expression: &str, expected: &str| {
        assert_eq!(found(expression, 12, 10), expected, "{expression}");
    };
    check("½", "0.5");
    check("1½ + ¼", "1.75");
    check("3 ⅓", "~3.333333333333 = 10/3");
    check("-1½", "-1.5");
    check("2²", "4");
    check("-2²", "-4");
    check("2³²", "4294967296");
    check("10⁻³", "0.001");
    check("3!²", "36");
    check("2²!", "24");
    check("2^3²", "512");
    check("(1 + 2)²", "9");
    check("π²", "~9.869604401089");
    check("5%²", "0.0025");
    check("2π", "~6.283185307180");
    check("2π²", "~19.739208802179");
    check("-2π^2", "~-19.739208802179");
    check("3*2π/3", "~6.283185307180");
    check("5-2π", "~-1.283185307180");
    check("sin(2π/4)", "1");
    check("√2", "~1.414213562373");
    check("√√16", "2");
    check("2√9", "6");
    check("√(3² + 4²)", "5");
    check("√9²", "9");
    check("∛27 + ∜16", "5");
    check("√sin(90°)", "1");
    check("7 % √9", "1");
}

#[test]
fn signs_that_may_reach_further_are_refused() {
    for (expression, part) in [
        ("1/2π", "(1/2)*π"),
        ("1/-2π", "(1/2)*π"),
        ("2^2π", "(1/2)*π"),
        ("7 mod 2π", "(1/2)*π"),
        ("6/2√9", "(1/2)*π"),
        ("√2π", "sqrt(...)"),
        ("√9!", "sqrt(...)"),
        ("√4%", "sqrt(...)"),
        ("√16 m²", "sqrt(...)"),
        ("√2√3", "sqrt(...)"),
        ("√-4", "under the root"),
        ("√", "expected a number"),
        ("²", "found a power"),
        ("2²3", "found a number"),
        ("1/2°", "(1/2)° or 1/(2°)"),
        ("sin(1/2 deg)", "(1/2)° or 1/(2°)"),
        ("5 nCr 2", "write choose(n, k)"),
        ("5 npr 2", "write perm(n, k)"),
        ("5 C 2", "choose(n, k)"),
        ("C(5, 2)", "choose(n, k)"),
        ("P(5, 2)", "perm(n, k)"),
        ("5 percent of 20", "`%`, as in 5% of 20"),
    ] {
        let message = answer(expression, None, None).unwrap_err();
        assert!(message.contains(part), "{expression}: {message}");
    }
    let deep = answer(&"√".repeat(20_000), None, None).unwrap_err();
    assert!(deep.contains("expected a number"), "{deep}");
}

#[test]
fn a_unit_with_a_slash_behind_a_divisor_is_asked_for() {
    for expression in ["10 km / 5 km/h", "1 TB / 10 MB/s", "1 GB / 100 Mbit/s to s", "10 km/5 km/h"]
    {
        let message = answer(expression, None, None).unwrap_err();
        assert!(message.contains("write the divisor in parentheses"), "{expression}: {message}");
    }
    check("10 km / (5 km/h) to h", "2");
    check("10 m/s / 2 s", "5");
    check("100 km/h * 2 h to km", "200");
    check("12 km / 2 / 3 km", "2");
    check("10 m / 2 s / s", "5");
}

#[test]
fn what_is_close_to_nothing_has_powers() {
    check("(0 / (11.4 - pi))^4", "0");
    check("(0 * pi)^2 + 0 * sqrt(2)", "0");
    check("(0 * pi)^0", "1");
    assert!(answer("(0 * pi)^-1", None, None).unwrap_err().contains("divides by zero"));
}

#[test]
fn percentages_of_percentages_are_told_from_remainders() {
    check("10%+5%", "0.15");
    check("10% + 5%", "0.15");
    check("50%-20%", "0.3");
    check("100+10%+10%", "121");
    check("100 + 10% + 10%", "121");
    let message = answer("10%+5%3", None, None).unwrap_err();
    assert!(message.contains("can be percent or the remainder"), "{message}");
}
