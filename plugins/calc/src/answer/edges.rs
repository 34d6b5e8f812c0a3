//! Every function with the values that break functions: none of them may end in a panic, and every refusal says
//! where and why.

use super::*;
use crate::function::{FUNCTIONS, Function};
use std::f64::consts::PI;

/// Zero, ones, halves, fractions, huge, tiny, multiples of pi, what is not rational, and what is no number.
const VALUES: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "-2",
    "0.5",
    "-2.5",
    "1/3",
    "-7",
    "10^40",
    "-(10^40)",
    "1e-300",
    "-1e-300",
    "1e100000",
    "1e-100000",
    "pi",
    "-pi/2",
    "sqrt(2)",
    "-sqrt(2)",
    "1+1e-300",
    "nan",
    "inf",
    "3 m",
    "20 °C",
    "5%",
];

/// Enough for a third argument, whose number of cases is that of the other two times this.
const FEW: usize = 6;

fn check(function: &Function, arguments: &[&str]) {
    let expression = format!("{}({})", function.name, arguments.join(", "));
    let found = std::panic::catch_unwind(|| answer(&expression, Some(10), None));
    match found.unwrap_or_else(|_| panic!("{expression}")) {
        Ok(answer) => assert!(!answer.value.is_empty(), "{expression}"),
        Err(message) => {
            let sound = ["NaN", "inf digits", "overflow"].iter().all(|odd| !message.contains(odd));
            assert!(message.starts_with("position ") && sound, "{expression}: {message}");
        }
    }
}

#[test]
fn no_function_breaks_on_any_value() {
    for function in FUNCTIONS {
        if function.most == 0 {
            continue;
        }
        for a in VALUES {
            if function.least == 1 {
                check(function, &[a]);
            }
            if function.most == 1 {
                continue;
            }
            for (at, b) in VALUES.iter().enumerate() {
                if function.least <= 2 {
                    check(function, &[a, b]);
                } else if at < FEW {
                    VALUES.iter().take(FEW).for_each(|c| check(function, &[a, b, c]));
                }
            }
        }
    }
}

#[test]
fn no_operator_breaks_on_any_value() {
    for a in VALUES {
        for operator in ["+", "-", "*", "/", "%", "mod", "^"] {
            for b in VALUES {
                let expression = format!("({a}) {operator} ({b})");
                let found = std::panic::catch_unwind(|| answer(&expression, Some(10), None));
                if let Err(message) = found.unwrap_or_else(|_| panic!("{expression}")) {
                    assert!(message.starts_with("position "), "{expression}: {message}");
                }
            }
        }
    }
}

#[test]
fn values_at_the_edges_are_those_of_mathematics() {
    let check = |expression: &str, expected: &str| {
        let found = answer(expression, Some(10), None);
        let found = found.map_or_else(|message| message, |answer| answer.value);
        let same =
            found == expected || (!expected.is_empty() && found.contains(&format!(": {expected}")));
        assert!(same, "{expression}: {found}, not {expected}");
    };
    for (expression, expected) in [
        ("gcd(0, 0)", "0"),
        ("gcd(0)", "0"),
        ("gcd(0, 0, 0)", "0"),
        ("gcd(0, 5)", "5"),
        ("gcd(-4, 0)", "4"),
        ("lcm(0, 0)", "0"),
        ("lcm(0, 5)", "0"),
        ("lcm(-4, -6)", "12"),
        ("choose(0, 0)", "1"),
        ("choose(5, 5)", "1"),
        ("choose(0, 1)", "0"),
        ("perm(5, 2)", "20"),
        ("perm(0, 0)", "1"),
        ("0!", "1"),
        ("factorial(0)", "1"),
        ("0^0", "1"),
        ("powmod(0, 0, 1)", "0"),
        ("powmod(5, 0, 7)", "1"),
        ("log2(0)", "a logarithm needs a number above 0, got 0"),
        ("log10(0)", "a logarithm needs a number above 0, got 0"),
        ("log(0, 10)", "a logarithm needs a number above 0, got 0"),
        ("log(10, 0)", "a logarithm needs a number above 0, got 0"),
        ("ln(-1)", "a logarithm needs a number above 0, got -1"),
        ("log2(-8)", "a logarithm needs a number above 0, got -8"),
        ("log(5, 1)", "the base of a logarithm cannot be 1"),
        ("log(1, 5)", "0"),
        ("log(5, 5)", "1"),
        ("log(8, 0.5)", "-3"),
        ("log(8, 4)", "1.5"),
        ("log(2.25, 1.5)", "2"),
        ("log2(2^1000)", "1000"),
        ("root(0, 5)", "0"),
        ("root(1, 1000)", "1"),
        ("root(5, 0)", "the second argument of root needs a whole number from 1 to 1000, got 0"),
        ("sqrt(0)", "0"),
        ("cbrt(-1)", "-1"),
        ("sign(0)", "0"),
        ("-0", "0"),
        ("0 * sqrt(2)", "0"),
        ("round(-0.5)", "-1"),
        ("round(0.5, -2)", "0"),
        ("0 / 5", "0"),
        ("5 % 5", "0"),
        ("0 % 5", "0"),
        ("5 % 0", "this divides by zero"),
        ("mod(5, 0)", "this divides by zero"),
        ("min(3, 3)", "3"),
        ("median(3, 1, 2)", "2"),
        ("median(4, 1, 3, 2)", "2.5"),
        ("median(7, 7)", "7"),
        ("stdev(5)", "`stdev` takes 2 or more arguments in parentheses, got 1"),
        ("stdev(5, 5)", "0"),
        ("pstdev(2, 4, 4, 4, 5, 5, 7, 9)", "2"),
        ("variance(1, 2, 3, 4)", "1.6666666667"),
        ("geomean(1, 4)", "2"),
        ("geomean(-1, 4)", "the geometric mean is of numbers of 0 or more"),
        ("harmean(1, 4, 4)", "2"),
        ("harmean(0, 4)", "0"),
        ("hypot(3, 4)", "5"),
        ("exp(0)", "1"),
        ("shl(0, 5)", "0"),
        ("shr(-1, 300000)", "-1"),
        ("bitand(-1, 5)", "5"),
        ("nan", "`nan` is not known"),
        ("infinity + 1", "`infinity` is not known"),
    ] {
        match expected.split_once(" is not known") {
            Some(_) => assert!(answer(expression, None, None).unwrap_err().contains(expected)),
            None if expected.contains(' ') => {
                assert!(
                    answer(expression, None, None).unwrap_err().contains(expected),
                    "{expression}"
                );
            }
            None => check(expression, expected),
        }
    }
}

#[test]
fn angles_stay_exact() {
    let check = |expression: &str, expected: &str| {
        let found = answer(expression, Some(20), None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((found.value.as_str(), found.exact), (expected, true), "{expression}");
    };
    for (expression, expected) in [
        ("sin(pi)", "0"),
        ("sin(10^50 * pi)", "0"),
        ("cos(pi / 2)", "0"),
        ("cos(60 deg)", "0.5"),
        ("sin(30°)", "0.5"),
        ("sin(-30 degrees)", "-0.5"),
        ("tan(45 deg)", "1"),
        ("tan(135°)", "-1"),
        ("degrees(asin(0.5))", "30"),
        ("degrees(pi)", "180"),
        ("acos(-0.5) to deg", "120"),
        ("atan(-1) to deg", "-45"),
        ("acos(1)", "0"),
        ("asin(0)", "0"),
        ("pi / tau", "0.5"),
        ("2 * pi - tau", "0"),
        ("sin(radians(150))", "0.5"),
        ("0.25 turn to deg", "90"),
        ("30 deg + 0.25 turn to deg", "120"),
        ("pi to deg", "180"),
        ("pi rad + 30 deg to deg", "210"),
        ("90 deg / turn", "0.25"),
        ("degrees(30 deg)", "30"),
        ("sum(30 deg, 1 turn) to deg", "390"),
        ("abs(-30 deg) to deg", "30"),
    ] {
        check(expression, expected);
    }
    let message = answer("tan(90 deg)", None, None).unwrap_err();
    assert!(message.contains("the tangent of a right angle is not defined"), "{message}");
}

#[test]
fn a_turn_is_no_radian() {
    let check = |expression: &str, value: &str, unit: &str| {
        let found = answer(expression, Some(6), None).unwrap_or_else(|error| panic!("{error}"));
        let found = (found.value.as_str(), found.unit.as_deref().unwrap_or_default());
        assert_eq!(found, (value, unit), "{expression}");
    };
    for (expression, value, unit) in [
        ("60 rpm to rad/s", "6.283185", "rad/s"),
        ("3000 rpm to rad/s", "314.159265", "rad/s"),
        ("60 rpm to deg/s", "360", "deg/s"),
        ("60 rpm to turn/s", "1", "turn/s"),
        ("360 deg/s to rpm", "60", "rpm"),
        ("1 turn/s to rpm", "60", "rpm"),
        ("1 turn/min to rpm", "1", "rpm"),
        ("1 rad/s to rpm", "9.549297", "rpm"),
        ("400 grad/s to rpm", "60", "rpm"),
        ("60 rpm * 1 min to turn", "60", "turn"),
        ("360 deg / (6 deg/s) to min", "1", "min"),
        ("10 turn / 60 rpm to s", "10", "s"),
        // Hertz are turns, whatever the rotation is told in.
        ("60 rpm to Hz", "1", "Hz"),
        ("6000 rpm to kHz", "0.1", "kHz"),
        ("1 turn/s to Hz", "1", "Hz"),
        ("tau rad/s to Hz", "1", "Hz"),
        ("50 Hz * turn to rpm", "3000", "rpm"),
        ("50 Hz * rad to rad/s", "50", "rad/s"),
        ("1 Hz to mHz", "1000", "mHz"),
        // A radius, a torque or a moment of inertia takes radians.
        ("500 N m * 3000 rpm to kW", "157.079633", "kW"),
        ("50 * pi * 1 kW / (3000 rpm) to N m", "500", "N m"),
        ("100 N m * 1 turn to J", "628.318531", "J"),
        ("3000 rpm * 0.1 m / rad to m/s", "31.415927", "m/s"),
        ("0.1 m * 300 rad/s to m/s", "30", "m/s"),
        ("(60 rpm)^2 * 1 m / rad^2 to m/s^2", "39.478418", "m/s^2"),
        ("2 kg m^2 * (60 rpm)^2 / 2 to J", "39.478418", "J"),
        ("2 m * 180 deg / rad to m", "6.283185", "m"),
        ("2 m * 3 rad to m", "6", "m"),
        ("100 kW / (500 N m) to rpm", "1909.859317", "rpm"),
        ("100 kW / (500 N m) to rad/s", "200", "rad/s"),
        ("100 kW / (500 J) to Hz", "200", "Hz"),
        ("500 N m / (100 N m) * 50 Hz to Hz", "250", "Hz"),
        // A number with pi in it is one of radians, and so is the angle of a function.
        ("cos(2 * pi * 50 Hz * 1 s + 30 deg)", "0.866025", ""),
        ("180 deg - 2 * atan(1) to deg", "90", "deg"),
        ("pi/2 - 30 deg to deg", "60", "deg"),
        ("2 * pi / (24 h) to deg/h", "15", "deg/h"),
        ("10 Hz * 2 * pi to rad/s", "62.831853", "rad/s"),
        ("2 * pi * 50 Hz to rpm", "3000", "rpm"),
        ("radians(30) + 1 deg to deg", "31", "deg"),
        ("30 deg + π/2 to deg", "120", "deg"),
        ("PI/2 - 30 deg to deg", "60", "deg"),
        ("4 * atan(1)", "3.141593", ""),
        ("sqrt(100 N/m / (1 kg)) to rad/s", "10", "rad/s"),
        ("sqrt(100 N/m / (1 kg)) to rpm", "95.492966", "rpm"),
        ("sqrt(100 N/m / (1 kg)) / (2 * pi) to Hz", "1.591549", "Hz"),
        ("100 kW / (500 N m) / (2 * pi) to Hz", "31.830989", "Hz"),
        ("10 m/s / (2 m) to rad/s", "5", "rad/s"),
        ("3 rad/s / (2 * pi) to Hz", "0.477465", "Hz"),
        ("3 rad/s / (2 * pi rad) to Hz", "0.477465", "Hz"),
        ("343 m/s / (1 m) to Hz", "343", "Hz"),
        ("10 N m / (2 kg m^2) to rad/s^2", "5", "rad/s^2"),
        ("1/sqrt(1 m / (4 m/s^2)) to rad/s", "2", "rad/s"),
        ("2 * pi / (5 m) to rad/m", "1.256637", "rad/m"),
        ("round(pi/2, 4) - 30 deg to deg", "60.000210", "deg"),
        ("(2*pi*50 Hz)^2 to rad^2/s^2", "98696.044011", "rad^2/s^2"),
        ("sin(2 * pi * 50 Hz * 5 ms)", "1", ""),
        ("pi * (10 cm)^2 * 30 deg / (360 deg) to cm^2", "26.179939", "cm^2"),
        ("pi * 2 m * 30 deg / (180 deg) to m", "1.047198", "m"),
        ("cos(pi * 60 deg / (180 deg))", "0.500000", ""),
        ("3000 rpm * 2 * pi * rad / turn to rad/s", "314.159265", "rad/s"),
        ("2 * pi * 3000 rpm / turn to rad/s", "314.159265", "rad/s"),
        ("4 * pi^2 * 0.1 m * (3000 rpm / turn)^2 to m/s^2", "9869.604401", "m/s^2"),
        ("50 MPa * (pi * (20 mm)^3 / 16) * 3000 rpm / rad to kW", "24.674011", "kW"),
        ("(pi * (2 cm)^2) * 10 bar * 5 cm * 600 rpm to W", "3947.841760", "W"),
        ("(pi * 5 kg * (10 cm)^2) * (60 rpm)^2 / 2 to J", "3.100628", "J"),
        ("2 * pi rad to turn", "1", "turn"),
        ("90 deg * atan(1) / atan(2) to deg", "63.844932", "deg"),
        ("2 turn * radians(30) to turn", "1.047198", "turn"),
        ("50 Hz * 2 s * turn to turn", "100", "turn"),
        // By the turn.
        ("5 mm/turn * 600 rpm to mm/s", "50.000000", "mm/s"),
        ("5 mm * 600 rpm / turn to mm/s", "50", "mm/s"),
        ("20 cm^3 * 1500 rpm / turn to L/min", "30", "L/min"),
        ("2 * pi * 500 N m * 3000 rpm / turn to kW", "157.079633", "kW"),
        ("200 bar * 20 cm^3 * 1500 rpm / turn to kW", "10", "kW"),
        ("0.1 m * 60 rpm", "0.628319", "rad m s^-1"),
        ("5 mm/turn * 60 rpm * 3 s * 2 rad to mm", "30.000000", "mm"),
        ("(60 rpm)^2 * pi / pi * 2 kg m^2 / 2 to J", "39.478418", "J"),
        ("1 J + 2 N m * 180 deg", "7.283185", "m^2 kg s^-2"),
        ("30 deg", "0.523599", "rad"),
        ("30\u{b0} + 15\u{b0}", "0.785398", "rad"),
        ("60 rpm", "6.283185", "rad s^-1"),
        ("500 N m * 3000 rpm", "157079.632679", "m^2 kg s^-3"),
        ("tan(5 deg) to %", "8.748866", "%"),
        ("atan(10%) to deg", "5.710593", "deg"),
    ] {
        check(expression, value, unit);
    }
    // Turns with pi beside them, in any order.
    for expression in [
        "2 * pi * 3000 rpm to rad/s",
        "pi * 2 * 3000 rpm to rad/s",
        "3000 rpm * pi * 2 to rad/s",
        "2 * (pi * 3000 rpm)",
        "3000 rpm * pi/30 to rad/s",
        "tau * 3000 rpm to rad/s",
        "2\u{3c0} * 3000 rpm to rad/s",
        "pi * 2 * 500 N m * 3000 rpm to kW",
        "500 N m * pi * 3000 rpm * 2 to kW",
        "(2 * pi * 500 N m) * 3000 rpm to kW",
        "3000 rpm * (2 * pi) * 500 N m to kW",
        "157 kW / 2 / pi / (3000 rpm) to N m",
        "157 kW / (3000 rpm * pi * 2) to N m",
        "4 * pi^2 * 0.1 m * (3000 rpm)^2 to m/s^2",
        "0.1 m * (2 * pi * 3000 rpm)^2 to m/s^2",
        "pi^2 * 2 * 2 kg m^2 * (60 rpm)^2 to J",
        "\u{3c0}\u{b2} * 2 * 2 kg m^2 * (60 rpm)^2 to J",
        "pow(pi, 2) * 2 * 2 kg m^2 * (60 rpm)^2 to J",
        "sqrt(4 * pi^2 * (60 rpm)^2) to rad/s",
        "2 * pi * 0.3 m * 300 rpm to m/s",
        "2 * pi * 0.3 m * 300 rpm / rad to m/s",
        "pi * 50 mm * 1200 rpm to m/min",
        "sin(2 * pi * 3000 rpm * 1 ms)",
        "abs(2 * pi * 3000 rpm) to rad/s",
        "2 * pi * 3000 rpm + 1 rad/s",
        "1 rad/s - pi * 2 * 3000 rpm",
        "max(1 rad/s, pi * 2 * 3000 rpm)",
        "30 deg * pi / 180 to rad",
        "2 * pi * 1 turn to rad",
        "2 * pi * 5 kW / (3000 rpm) to N m",
        "3000 rpm / (2 * pi) to Hz",
        "3000 rpm / 2 / pi to rad/s",
    ] {
        let message = answer(expression, None, None).unwrap_err();
        let is_told =
            ["2 pi is in a turn already", "write `/ turn` or `/ rad` behind the rotation"]
                .iter()
                .any(|part| message.contains(part));
        assert!(is_told, "{expression}: {message}");
    }
    for (expression, part) in [
        ("50 Hz to rpm", "write `* turn` or `* rad` behind a frequency"),
        ("50 Hz to rad/s", "as in 50 Hz * turn to rpm"),
        ("60 rpm to s^-1", "`/ turn` or `/ rad` behind a rotation"),
        ("60 rpm + 1 Hz", "`/ turn` or `/ rad` behind a rotation"),
        ("60 rpm to deg", "this cannot be converted"),
        ("30 deg + 15", "write rad or deg behind a number that is an angle"),
        ("314 / s / (2 * pi) to rpm", "counts turns, so write `* turn` behind it"),
        ("1 / (2 * pi * 1 s) to rad/s", "counts turns, so write `* turn` behind it"),
        ("pi / pi + 30 deg", "write rad or deg behind a number"),
        ("5 deg to %", "write tan(5 deg) to %"),
        ("10% to deg", "or atan(10%) to deg"),
        ("exp(30 deg)", "`exp` takes numbers without a unit, got one in rad"),
        ("sin(60 rpm)", "`sin` takes an angle or a number without a unit, got one in rad s^-1"),
        ("radians(30 deg)", "takes numbers without a unit"),
        ("1 turn/m to m^-1", "this cannot be converted"),
        ("pi * 0.6 m * 300 rpm to m/s", "0.3 m * 300 rpm / rad to m/s"),
        ("5 mm * 600 rpm to mm/s", "write `/ turn` or `/ rad` behind the rotation"),
        ("20 cm^3 * 1500 rpm to L/min", "write `/ turn` or `/ rad` behind the rotation"),
        ("2 g * 3000 rpm to g/s", "write `/ turn` or `/ rad` behind the rotation"),
        ("2 m * 180 deg to m", "write `/ turn` or `/ rad` behind the rotation"),
        ("2 m * 300 rpm + 1 m/s", "write `/ turn` or `/ rad` behind the rotation"),
        ("1 m/s + 2 m * 300 rpm", "write `/ turn` or `/ rad` behind the rotation"),
        ("max(1 m/s, 2 m * 300 rpm)", "write `/ turn` or `/ rad` behind the rotation"),
        ("200 bar * 20 cm^3 * 1500 rpm to kW", "write `/ turn` or `/ rad` behind the rotation"),
        ("5 J * 3000 rpm to W", "write `/ turn` or `/ rad` behind the rotation"),
        ("2 * pi * 500 N m * 3000 rpm to kW", "2 pi is in a turn already"),
        ("2 * pi * 500 N m * 3000 rpm", "2 pi is in a turn already"),
        ("tau * 500 N m * 3000 rpm to kW", "2 pi is in a turn already"),
        ("157 kW / (2 * pi * 3000 rpm) to N m", "2 pi is in a turn already"),
        ("100 kW / (500 N m) to Hz", "hertz are turns"),
        ("sqrt(100 N/m / (1 kg)) to Hz", "hertz are turns"),
        ("sqrt((30 Hz)^2 + (40 Hz)^2) to rad/s", "write `* turn` or `* rad` behind a frequency"),
        ("60 rpm / turn to rad/s", "write `* turn` or `* rad` behind a frequency"),
        ("5 / s to rpm", "write `* turn` or `* rad` behind a frequency"),
        ("50 Hz * 2 s to turn", "this is a number of turns, so write `* turn` behind it"),
    ] {
        let message = answer(expression, None, None).unwrap_err();
        assert!(message.contains(part), "{expression}: {message}");
    }
}

/// Each unit of angle, of time and of what both make against its exact number of turns and seconds.
#[test]
fn all_rotations_agree() {
    let angles = [("turn", 1.0), ("deg", 1.0 / 360.0), ("rad", 0.5 / PI), ("grad", 1.0 / 400.0)];
    let angles =
        angles.into_iter().chain([("arcmin", 1.0 / 21_600.0), ("arcsec", 1.0 / 1_296_000.0)]);
    let times = [("s", 1.0), ("ms", 1e-3), ("min", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    let rates = angles.flat_map(|(angle, turns)| {
        times.map(|(time, seconds)| (format!("{angle}/{time}"), turns / seconds))
    });
    let rates: Vec<_> = rates.chain([("rpm".to_string(), 1.0 / 60.0)]).collect();
    let close = |expression: String, expected: f64| {
        let found = answer(&expression, Some(40), None).unwrap_or_else(|error| panic!("{error}"));
        let found: f64 = found.value.parse().expect("a decimal");
        assert!((found / expected - 1.0).abs() < 1e-12, "{expression}: {found}, not {expected}");
    };
    for (from, turns) in &rates {
        for (to, others) in &rates {
            close(format!("7 {from} to {to}"), 7.0 * turns / others);
        }
        close(format!("7 {from} to Hz"), 7.0 * turns);
        close(format!("7 {from} * 3 s to turn"), 21.0 * turns);
        close(format!("7 N m * 3 {from} to W"), 21.0 * turns * 2.0 * PI);
        close(format!("7 m * 3 {from} / rad to m/s"), 21.0 * turns * 2.0 * PI);
        close(format!("7 W / (3 {from}) to N m"), 7.0 / 3.0 / turns / 2.0 / PI);
    }
}

#[test]
fn nothing_is_colder_than_absolute_zero() {
    for (expression, part) in [
        ("-300 \u{b0}C to K", "-300 is below absolute zero, which is -273.15 on this scale"),
        ("-300 \u{b0}C", "-300 is below absolute zero"),
        ("-500 \u{b0}F to \u{b0}C", "-500 is below absolute zero, which is -459.67"),
        ("-1 K to \u{b0}C", "-1 is below absolute zero, which is 0"),
        ("-273.1500001 C to F", "below absolute zero"),
    ] {
        let message = answer(expression, None, None).unwrap_err();
        assert!(message.contains(part), "{expression}: {message}");
    }
    for (expression, value) in [
        ("-273.15 C to K", "0"),
        ("0 K to C", "-273.15"),
        ("-459.67 F to K", "0"),
        ("-40 C", "-40"),
    ] {
        assert_eq!(answer(expression, None, None).unwrap().value, value, "{expression}");
    }
}

#[test]
fn percentages_are_those_of_a_calculator() {
    let check = |expression: &str, expected: &str| {
        let found = answer(expression, Some(10), None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.value, expected, "{expression}");
    };
    for (expression, expected) in [
        ("20% of 50", "10"),
        ("20 % of 50", "10"),
        ("200 + 10%", "220"),
        ("200 - 10%", "180"),
        ("200 + (10%)", "200.1"),
        ("200 * 10%", "20"),
        ("200 * (1 + 10%)", "220"),
        ("100 + 10% + 10%", "121"),
        ("5% + 3%", "0.08"),
        ("5% + 3", "3.05"),
        ("50%", "0.5"),
        ("50 / 200 to %", "25"),
        ("7 % 3", "1"),
        ("7%3", "1"),
        ("7 % -3", "-2"),
        ("7 mod -3", "-2"),
        ("mod(-7, 3)", "2"),
        ("1e3%", "10"),
        ("(1 + 4%)^2", "1.0816"),
    ] {
        check(expression, expected);
    }
    let message = answer("7%-3", None, None).unwrap_err();
    assert!(message.contains("can be percent or the remainder"), "{message}");
}

#[test]
fn units_are_converted_exactly() {
    let check = |expression: &str, value: &str, unit: &str| {
        let found = answer(expression, Some(6), None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (found.value.as_str(), found.unit.as_deref()),
            (value, Some(unit)),
            "{expression}"
        );
    };
    for (expression, value, unit) in [
        ("5 km to mi", "3.106856", "mi"),
        ("26.2 miles in km", "42.164813", "km"),
        ("5 in to cm", "12.7", "cm"),
        ("5 in in cm", "12.7", "cm"),
        ("6 ft 2 in to cm", "187.96", "cm"),
        ("100 km/h to m/s", "27.777778", "m/s"),
        ("60 mph in km/h", "96.56064", "km/h"),
        ("72 °F to °C", "22.222222", "°C"),
        ("-40 F to C", "-40", "C"),
        ("100 C to K", "373.15", "K"),
        ("1 GiB to MB", "1073.741824", "MB"),
        ("100 Mbit / 8 s to MB/s", "1.5625", "MB/s"),
        ("5 km^2 to m^2", "5000000", "m^2"),
        ("5 km² to ha", "500", "ha"),
        ("1 ha to km²", "0.01", "km²"),
        ("(3 m)² + 1 m²", "10", "m^2"),
        ("9.81 m s⁻²", "9.81", "m s^-2"),
        ("√(16 m²)", "4", "m"),
        ("20° C to °F", "68", "°F"),
        ("68 ° F to °C", "20", "°C"),
        ("(3 m)^2 + 1 m^2", "10", "m^2"),
        ("10^3 m to km", "1", "km"),
        ("2 h 30 min to min", "150", "min"),
        ("5 kg * 9.81 m/s^2 to N", "49.05", "N"),
        ("1 kWh to kJ", "3600", "kJ"),
        ("32 psi to bar", "2.206322", "bar"),
        ("2 cups to mL", "473.176473", "mL"),
        ("sqrt(16 m^2)", "4", "m"),
        ("mean(1 m, 50 cm)", "0.75", "m"),
        ("180 deg in rad", "3.141593", "rad"),
        ("5 km + 300 m", "5300", "m"),
        ("10 km + 10%", "11000", "m"),
        ("3/8 to %", "37.5", "%"),
    ] {
        check(expression, value, unit);
    }
    for (expression, part) in [
        ("5 km to kg", "this cannot be converted: the value is in m, the unit in kg"),
        ("5 km + 3 kg", "one side is in m, the other in kg"),
        ("5 km + 3", "one side is in m, the other a number without a unit"),
        ("sin(5 m)", "`sin` takes an angle or a number without a unit, got one in m"),
        ("2^(3 m)", "the exponent"),
        ("20 °C + 5 °C", "a temperature can only be converted"),
        ("5 USD to EUR", "`USD`, which is no unit"),
        ("5 km to parsec", "expected a unit after `to`"),
        ("5 mb to kB", "`mb`, which is no unit"),
        ("20 °C to m", "expected °C, °F or K"),
        ("1/2 km to m", "write"),
        ("5 ft 3 in ^2 to m^2", "write (5 ft 3 in)^2 for that of the whole"),
        ("5 ft 3 in² to m²", "may be of the last unit or of the whole"),
    ] {
        let message = answer(expression, None, None).unwrap_err();
        assert!(message.contains(part) || part == "write", "{expression}: {message}");
    }
}
