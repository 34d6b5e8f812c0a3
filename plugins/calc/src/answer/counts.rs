//! Ratios that may count turns or radians, and temperatures within other units: none is converted by a silent guess, and each
//! hint is taken and right.

use super::*;

fn value(expression: &str) -> Result<String, String> {
    answer(expression, Some(2), None).map(|answer| answer.value)
}

#[test]
fn a_hint_about_turns_is_taken_and_right() {
    // The expression, its unit, what the hint tells to write behind the expression, and the value with that.
    for (expression, unit, hint, expected) in [
        ("60 km/h / (2 * pi * 0.3 m)", "rpm", "* turn", "530.52"),
        ("60 km/h / (pi * 0.6 m)", "rpm", "* turn", "530.52"),
        ("60 km/h / pi / (0.6 m)", "rpm", "* turn", "530.52"),
        ("60 km/h / (0.6 m) / pi", "rpm", "* turn", "530.52"),
        ("60 km/h / (tau * 0.3 m)", "rpm", "* turn", "530.52"),
        ("1 / (pi * 0.6 m) * 60 km/h", "rpm", "* turn", "530.52"),
        ("100 m/min / (pi * 10 mm)", "rpm", "* turn", "3183.10"),
        ("60 km/h / (pi * 0.6 m)", "deg/s", "* turn", "3183.10"),
        ("314.159265 / s / (2 * pi)", "rpm", "* turn", "3000.00"),
        ("10 km / (pi * 0.6 m)", "turn", "* turn", "5305.16"),
        ("10 km / (pi * 0.6 m)", "deg", "* turn", "1909859.32"),
        ("10 km / (pi * 0.6 m)", "rad", "* turn", "33333.33"),
        ("1 km / (2.1 m)", "turns", "* turn", "476.19"),
        ("42.195 km / (2 * pi * 33 cm)", "turns", "* turn", "20350.13"),
        ("30 km/h * 1 h / (pi * 70 cm)", "turns", "* turn", "13641.85"),
        ("3 m / (2 * pi * 1 m)", "turn", "* turn", "0.48"),
        ("3000 / (1 min) * 10 s", "turn", "* turn", "500"),
        ("3000 / (1 min) * 10 s", "deg", "* turn", "180000"),
        ("3000 / min * 10 s", "turn", "* rad", "79.58"),
        ("50 Hz * 2 s", "turn", "* turn", "100"),
        ("60 km/h / (0.3 m)", "rpm", "* rad", "530.52"),
        ("(3 m) / (4 m)", "deg", "* rad", "42.97"),
        ("sqrt((3 m) / (4 m))", "deg", "* rad", "49.62"),
        ("max((3 m) / (4 m), 1)", "deg", "* rad", "57.30"),
        ("((3 m) / (4 m))^2", "deg", "* rad", "32.23"),
    ] {
        let message = value(&format!("{expression} to {unit}")).unwrap_err();
        assert!(message.contains(&format!("`{hint}`")), "{expression}: {message}");
        let hinted = format!("{expression} {hint} to {unit}");
        assert_eq!(value(&hinted).as_deref(), Ok(expected), "{hinted}");
    }
    for (expression, part, hinted, expected) in [
        ("(3 m) / (4 m) to deg", "atan(...)", "atan((3 m) / (4 m)) to deg", "36.87"),
        ("sin(50 Hz * 5 ms)", "write `* turn`", "sin(50 Hz * 5 ms * turn)", "1"),
        ("3000 rpm / (2 * pi) to Hz", "3000 rpm to Hz", "3000 rpm to Hz", "50"),
        (
            "turn * 60 km/h / (2 * pi * 0.3 m) to rpm",
            "60 km/h / (pi * 0.6 m) * turn to rpm",
            "60 km/h / (pi * 0.6 m) * turn to rpm",
            "530.52",
        ),
    ] {
        let message = value(expression).unwrap_err();
        assert!(message.contains(part), "{expression}: {message}");
        assert_eq!(value(hinted).as_deref(), Ok(expected), "{hinted}");
    }
}

#[test]
fn turns_that_are_told_are_taken() {
    for (expression, expected) in [
        ("60 km/h / (2 * pi * 0.3 m / turn) to rpm", "530.52"),
        ("60 km/h / (pi * 0.6 m) * turn to Hz", "8.84"),
        ("60 km/h / (pi * 0.6 m) to Hz", "8.84"),
        ("2 * pi * 0.3 m / turn * 300 rpm to m/s", "9.42"),
        ("2 * pi * 500 N m / turn * 3000 rpm to kW", "157.08"),
        // Plain numbers are of radians, and so are an arc by its radius and a phase with its 2 pi.
        ("0.75 to deg", "42.97"),
        ("3 m / (2 m) to rad", "1.50"),
        ("2 * pi * (3 m) / (4 m) to deg", "270"),
        ("2 * pi * 50 Hz * 5 ms to deg", "90"),
        ("sin(2 * pi * 50 Hz * 5 ms)", "1"),
    ] {
        let found = value(expression).map(|value| match value.parse::<f64>() {
            Ok(number) => format!("{number:.2}"),
            Err(_) => value,
        });
        let expected = format!("{:.2}", expected.parse::<f64>().unwrap());
        assert_eq!(found, Ok(expected), "{expression}");
    }
    for expression in [
        "50 Hz / (2 * pi) * turn to rpm",
        "5 kW / (2 * pi * 0.3 m) / (3000 rpm / rad) to N",
        "60 km/h / (pi * 0.6 m) * turn * 2 * pi to rad/s",
    ] {
        assert!(value(expression).is_err(), "{expression}");
    }
}

#[test]
fn a_temperature_in_another_unit_is_a_difference() {
    for (expression, expected, unit) in [
        ("8.314 J/K", "8.31", "m^2 kg s^-2 K^-1"),
        ("8.314 J/K * 300 K to kJ", "2.49", "kJ"),
        ("4184 J/(kg K) * 1 kg * 80 K to kWh", "0.09", "kWh"),
        ("4184 J/(kg °C) * 1 kg * 80 K to kJ", "334.72", "kJ"),
        ("1 BTU/(lb °F) to kJ/(kg K)", "4.19", "kJ/(kg K)"),
        ("5.67e-8 W/(m^2 K^4) * 1 m^2 * (300 K)^4 to W", "459.27", "W"),
        ("300 K * 2", "600", "K"),
        ("10 K + 5 K", "15", "K"),
        ("300 K to °C", "26.85", "°C"),
        ("12 K/min to K/h", "720", "K/h"),
    ] {
        let found = answer(expression, Some(2), None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (found.value.as_str(), found.unit.as_deref()),
            (expected, Some(unit)),
            "{expression}"
        );
    }
    for (expression, part) in [
        ("300 K * 2 to °C", "write `to K` here"),
        ("20 °C + 5 K", "a difference is written in K"),
        ("4184 J/(kg K) * 1 kg * 80 °C", "a difference is written in K"),
        ("4184 J/(kg C)", "a difference is written in K"),
        ("5 m to °C", "this is no temperature"),
    ] {
        let message = value(expression).unwrap_err();
        assert!(message.contains(part), "{expression}: {message}");
    }
}

#[test]
fn a_span_has_as_many_parts_as_it_needs() {
    for (expression, expected) in [
        ("2 h 15 min 30 s to s", "8130"),
        ("1 d 2 h 15 min 30 s to s", "94530"),
        ("2 yd 1 ft 3 in to in", "87"),
        ("20 deg 30 arcmin 15 arcsec * 2400 to deg", "49210"),
        ("2 h 15 min 30 s * 2 to s", "16260"),
        ("4 h - 2 h 15 min 30 s to s", "6270"),
    ] {
        assert_eq!(value(expression).as_deref(), Ok(expected), "{expression}");
    }
    for expression in ["2 h 15 min 30", "2 h 15 min 30 kg", "2 h 15 min 30 s^2"] {
        assert!(value(expression).is_err(), "{expression}");
    }
}

#[test]
fn a_word_that_is_no_unit_is_told_what_to_write() {
    for (expression, part) in [
        ("2 * 10% of 50", "2 * (10% of 50)"),
        ("12 fl oz to mL", "write floz"),
        ("1 ton to kg", "2000 lb"),
        ("1 year to d", "days"),
    ] {
        let message = value(expression).unwrap_err();
        assert!(message.contains(part), "{expression}: {message}");
    }
    assert_eq!(value("2 * (10% of 50)").as_deref(), Ok("10"));
}
