//! Runs a filter over inputs. How results are written is not known here.

use crate::program::{Shared, Types, compile};
use crate::read::{Format, values};
use crate::results::{Results, Style};
use jaq_core::{Ctx, Exn, Vars};
use jaq_json::Val;
use jaq_std::input::RcIter;
use std::cell::Cell;

/// How inputs are taken and results written.
#[derive(Debug, Default)]
pub struct Options {
    /// What the input is written in.
    pub format: Format,
    /// Take all inputs as one array.
    pub slurp: bool,
    pub style: Style,
}

/// What `filter` makes of the values in `input`, one result a line. Without input it runs once, on
/// null.
pub fn query(
    filter: &str,
    input: Option<&str>,
    variables: Vec<(String, Val)>,
    options: &Options,
) -> Result<String, String> {
    let (names, bound): (Vec<String>, Vec<Val>) = variables.into_iter().unzip();
    let filter = compile(filter, &names)?;
    let inputs = match input.map(|text| values(text, options.format, "input")).transpose()? {
        None => vec![Val::Null],
        Some(all) if options.slurp => vec![all.into_iter().collect()],
        Some(all) => all,
    };
    // The filter itself can take inputs, so they are counted where they are taken.
    let (count, taken) = (inputs.len(), Cell::new(0));
    let inputs = inputs.into_iter().inspect(|_| taken.set(taken.get() + 1));
    let inputs = RcIter::new(inputs.map(Ok));
    let shared = Shared { lut: &filter.lut, inputs: &inputs };
    let mut results = Results::default();
    for input in &inputs {
        let context = Ctx::<Types>::new(shared.clone(), Vars::new(bound.clone()));
        for result in filter.id.run((context, input?)) {
            let reason = match result.map_err(Exn::get_err) {
                Ok(result) => {
                    results.push(&result, options.style)?;
                    continue;
                }
                Err(Ok(error)) => format!("failed: {}", shorten(&error.to_string())),
                Err(Err(exception)) => match exception.get_halt() {
                    Ok(0) | Err(_) => return results.finish(),
                    Ok(code) => format!("halted with code {code}"),
                },
            };
            let place =
                if count > 1 { format!("on input {}, ", taken.get()) } else { String::new() };
            return Err(format!("{place}after {}, the filter {reason}", results.so_far()));
        }
    }
    results.finish()
}

/// An error may quote a whole input.
fn shorten(text: &str) -> String {
    const MOST: usize = 500;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(filter: &str, input: Option<&str>, options: &Options) -> Result<String, String> {
        let variables = vec![("$who".to_string(), Val::from("Ada".to_string()))];
        query(filter, input, variables, options)
    }

    #[test]
    fn filters_query_and_reshape() {
        let check = |filter: &str, input: &str, expected: &str| {
            let found = run(filter, Some(input), &Options::default());
            assert_eq!(found.as_deref(), Ok(expected), "{filter}");
        };
        check(".a.b", r#"{"a":{"b":[1,2]}}"#, "[1,2]");
        check(
            ".[] | select(.n > 1) | .name",
            r#"[{"n":1,"name":"x"},{"n":2,"name":"y"}]"#,
            r#""y""#,
        );
        check("map({(.k): .v}) | add", r#"[{"k":"a","v":1},{"k":"b","v":2}]"#, r#"{"a":1,"b":2}"#);
        check(
            "group_by(.t) | map({t: .[0].t, n: length})",
            r#"[{"t":1},{"t":2},{"t":1}]"#,
            r#"[{"t":1,"n":2},{"t":2,"n":1}]"#,
        );
        check("1, 2", "null", "1\n2");
        check(". + 1", "1 2\n3", "2\n3\n4");
        check("[., input]", "1 2 3 4", "[1,2]\n[3,4]");
        check("empty", "null", "");
        check(".[0], halt, 5", "[1]", "1");
        check("\"Hello \\($who)\"", "null", "\"Hello Ada\"");
        check("test(\"^a.c$\")", "\"abc\"", "true");
        check("fromdateiso8601", "\"2026-03-29T12:30:00Z\"", "1774787400");
        check("@base64, ([1, .] | @csv)", "\"hi\"", "\"aGk=\"\n\"1,\\\"hi\\\"\"");
        // Digits beyond a float's precision survive.
        check(".", "100000000000000000000000000000001", "100000000000000000000000000000001");
        check(".[0]", "[3.14159265358979323846264]", "3.14159265358979323846264");
    }

    #[test]
    fn options_change_what_goes_in_and_out() {
        let check = |filter: &str, input: Option<&str>, options: &Options, expected: &str| {
            let found = run(filter, input, options);
            assert_eq!(found.as_deref(), Ok(expected), "{filter} {options:?}");
        };
        let raw = Options { style: Style { raw: true, pretty: false }, ..Options::default() };
        let pretty = Options { style: Style { raw: false, pretty: true }, ..Options::default() };
        let slurp = Options { slurp: true, ..Options::default() };
        let yaml = Options { format: Format::Yaml, ..Options::default() };
        check(".[]", Some(r#"["a\n\"b\"", 1, {"c":"d"}]"#), &raw, "a\n\"b\"\n1\n{\"c\":\"d\"}");
        check("toyaml", Some(r#"{"a":[1]}"#), &raw, "{a: [1]}");
        check(".", Some(r#"{"a":[1]}"#), &pretty, "{\n  \"a\": [\n    1\n  ]\n}");
        check("add", Some("1 2 3"), &slurp, "6");
        check("length", Some(""), &slurp, "0");
        check(".a", Some("a: 1"), &yaml, "1");
        check("[range(3)]", None, &Options::default(), "[0,1,2]");
    }

    #[test]
    fn failures_say_what_failed() {
        let check = |filter: &str, input: &str, expected: &str| {
            let message = run(filter, Some(input), &Options::default()).unwrap_err();
            assert!(message.contains(expected), "{filter}: {message}");
        };
        check(".a", "[1]", "after 0 results, the filter failed: cannot index [1] with \"a\"");
        check("., .a", "{} 5", "on input 2, after 3 results, the filter failed: ");
        check("input | .a", "1 2", "on input 2, after 0 results, the filter failed: ");
        check("error(\"no \\(.)\")", "7", "no 7");
        check("halt(3)", "1", "halted with code 3");
        check("nan", "1", "result 1 holds nan, which JSON cannot express");
        check("[1, {a: infinite}]", "1", "holds infinity");
        check("{(1|tostring): 2, (3): 4}", "1", "key that is no string");
        check("repeat(1)", "1", "longer than 250000 bytes at result 125001: select less");
        check("[range(100000)] | .a", "1", "...");
        check(".", "{\"a\": }", "`input` is not valid JSON: line 1, column 7");
        check(".a |", "1", "`filter`: line 1, column 5");
    }
}
