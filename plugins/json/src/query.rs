//! Runs a filter over inputs and writes what comes out, up to a bound.

use crate::program::{Shared, Types, compile};
use crate::read::{Format, values};
use jaq_core::{Ctx, Vars};
use jaq_json::{Num, Val, write};
use jaq_std::input::RcIter;

/// Longest result: what the host lets through, less room for the message around it.
const MAX_RESULT: usize = 250_000;

/// How inputs are taken and results written.
#[derive(Debug, Default)]
pub struct Options {
    /// Write strings as they are, without quotes and escapes.
    pub raw: bool,
    /// Take all inputs as one array.
    pub slurp: bool,
    /// Break results into indented lines.
    pub pretty: bool,
    /// What the input is written in.
    pub format: Format,
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
    let count = inputs.len();
    let inputs = RcIter::new(inputs.into_iter().map(Ok));
    let shared = Shared { lut: &filter.lut, inputs: &inputs };
    let mut results = Results { text: Vec::new(), count: 0 };
    for (number, input) in (&inputs).enumerate() {
        let context = Ctx::<Types>::new(shared.clone(), Vars::new(bound.clone()));
        for result in filter.id.run((context, input?)) {
            let result = match result.map_err(|exception| exception.get_err()) {
                Ok(result) => result,
                Err(Ok(error)) => {
                    let place =
                        if count > 1 { format!(" on input {}", number + 1) } else { String::new() };
                    let reason = shorten(&error.to_string());
                    return Err(format!(
                        "the filter failed{place}, after {}: {reason}",
                        results.so_far()
                    ));
                }
                // The filter called `halt`, which ends it, or fails it.
                Err(Err(exception)) => match exception.get_halt() {
                    Ok(0) | Err(_) => return results.finish(),
                    Ok(code) => {
                        return Err(format!(
                            "the filter halted with code {code}, after {}",
                            results.so_far()
                        ));
                    }
                },
            };
            results.push(&result, options)?;
        }
    }
    results.finish()
}

/// The results so far, as text.
struct Results {
    text: Vec<u8>,
    count: usize,
}

impl Results {
    fn push(&mut self, value: &Val, options: &Options) -> Result<(), String> {
        if self.count > 0 {
            self.text.push(b'\n');
        }
        self.count += 1;
        match value {
            Val::TStr(text) if options.raw => self.text.extend_from_slice(text),
            value => {
                if let Some(what) = not_json(value) {
                    return Err(format!(
                        "result {} holds {what}, which JSON cannot express",
                        self.count
                    ));
                }
                let indent = options.pretty.then(|| "  ".to_string());
                let style = write::Pp { indent, sep_space: options.pretty, ..Default::default() };
                write::write(&mut self.text, &style, 0, value)
                    .map_err(|error| error.to_string())?;
            }
        }
        if self.text.len() > MAX_RESULT {
            return Err(format!(
                "the results are longer than {MAX_RESULT} bytes after {}: select less, or take the \
                 first with `limit(10; ...)`",
                self.so_far()
            ));
        }
        Ok(())
    }

    fn so_far(&self) -> String {
        format!("{} result{}", self.count, if self.count == 1 { "" } else { "s" })
    }

    fn finish(self) -> Result<String, String> {
        String::from_utf8(self.text).map_err(|_| "a result is not UTF-8 text".to_string())
    }
}

/// What in `value` is beyond JSON: the filter language has a few such values.
fn not_json(value: &Val) -> Option<&'static str> {
    match value {
        Val::Num(Num::Float(number)) if number.is_nan() => Some("nan"),
        Val::Num(Num::Float(number)) if number.is_infinite() => Some("infinity"),
        Val::BStr(_) => Some("a byte string"),
        Val::Arr(items) => items.iter().find_map(not_json),
        Val::Obj(entries) => entries.iter().find_map(|(key, value)| match key {
            Val::TStr(_) => not_json(value),
            _ => Some("an object with a key that is no string"),
        }),
        Val::Null | Val::Bool(_) | Val::Num(_) | Val::TStr(_) => None,
    }
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
        let check = |filter: &str, input: Option<&str>, options: Options, expected: &str| {
            assert_eq!(
                run(filter, input, &options).as_deref(),
                Ok(expected),
                "{filter} {options:?}"
            );
        };
        check(
            ".[]",
            Some(r#"["a\n\"b\"", 1]"#),
            Options { raw: true, ..Default::default() },
            "a\n\"b\"\n1",
        );
        check("add", Some("1 2 3"), Options { slurp: true, ..Default::default() }, "6");
        check("length", Some(""), Options { slurp: true, ..Default::default() }, "0");
        check(
            ".",
            Some(r#"{"a":[1]}"#),
            Options { pretty: true, ..Default::default() },
            "{\n  \"a\": [\n    1\n  ]\n}",
        );
        check("[range(3)]", None, Options::default(), "[0,1,2]");
        check(".a", Some("a: 1"), Options { format: Format::Yaml, ..Default::default() }, "1");
        check(
            "toyaml",
            Some(r#"{"a":[1]}"#),
            Options { raw: true, ..Default::default() },
            "{a: [1]}",
        );
    }

    #[test]
    fn failures_say_what_failed() {
        let check = |filter: &str, input: &str, expected: &str| {
            let message = run(filter, Some(input), &Options::default()).unwrap_err();
            assert!(message.contains(expected), "{filter}: {message}");
        };
        check(".a", "[1]", "the filter failed, after 0 results: cannot index [1] with \"a\"");
        check("., .a", "{} 5", "the filter failed on input 2, after 3 results");
        check("error(\"no \\(.)\")", "7", "no 7");
        check("halt(3)", "1", "halted with code 3");
        check("nan", "1", "result 1 holds nan, which JSON cannot express");
        check("[1, {a: infinite}]", "1", "holds infinity");
        check("{(1|tostring): 2, (3): 4}", "1", "key that is no string");
        check("repeat(1)", "1", "longer than 250000 bytes after 125001 results: select less");
        check("[range(100000)] | .a", "1", "...");
        check(".", "{\"a\": }", "`input` is not valid JSON: line 1, column 7");
        check(".a |", "1", "`filter`: line 1, column 5");
    }
}
