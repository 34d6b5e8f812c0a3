//! Runs a filter over inputs. How results are written is not known here.

use crate::format::Format;
use crate::program::{Shared, Types, compile};
use crate::results::{Results, Style};
use crate::value::Value;
use jaq_core::{Ctx, Exn, Vars};
use jaq_json::{Map, Val};
use jaq_std::input::RcIter;
use std::cell::{Cell, RefCell};

/// The way in which inputs are taken and results written.
#[derive(Debug, Default)]
pub struct Options {
    /// The file that the input was read from. `None` if it stood among the arguments.
    pub path: Option<String>,
    /// The format of the input.
    pub format: Format,
    /// Take all inputs as one array.
    pub slurp: bool,
    pub style: Style,
}

/// The results of `filter` for the values in `input`, one a line. Without input it runs once, on
/// null.
pub fn query(
    filter: &str,
    input: Option<&str>,
    variables: Vec<(String, Val)>,
    options: &Options,
) -> Result<String, String> {
    let environment = ("$ENV".to_string(), Val::obj(Map::default()));
    let variables = variables.into_iter().chain([environment]);
    let (names, bound): (Vec<String>, Vec<Value>) =
        variables.map(|(name, value)| (name, Value(value))).unzip();
    let filter = compile(filter, &names)?;
    let inputs = match input.map(|text| options.format.read(text)).transpose().map_err(|error| {
        match &options.path {
            None => format!("`input` is {error}"),
            Some(path) => format!("`{path}` is {error}{}", options.format.hint(path)),
        }
    })? {
        None => vec![Val::Null],
        Some(all) if options.slurp => vec![all.into_iter().collect()],
        Some(all) => all,
    };
    // The filter itself can take inputs, so they are counted where they are taken.
    let (count, taken) = (inputs.len(), Cell::new(0));
    let inputs = inputs.into_iter().inspect(|_| taken.set(taken.get() + 1));
    let inputs = RcIter::new(inputs.map(|input| Ok(Value(input))));
    let last_words = RefCell::new(None);
    let shared = Shared { lut: &filter.lut, inputs: &inputs, last_words: &last_words };
    let mut results = Results::default();
    for input in &inputs {
        let context = Ctx::<Types>::new(shared.clone(), Vars::new(bound.clone()));
        for result in filter.id.run((context, input?)) {
            let reason = match result.map_err(Exn::get_err) {
                Ok(result) => {
                    results.push(&result.0, options.style)?;
                    continue;
                }
                Err(Ok(error)) => format!("failed: {}", shorten(&said(error.into_val()))),
                Err(Err(exception)) => match exception.get_halt() {
                    Ok(0) | Err(_) => return results.finish(),
                    Ok(code) => halted(code, last_words.take()),
                },
            };
            let place =
                if count > 1 { format!("on input {}, ", taken.get()) } else { String::new() };
            return Err(format!("{place}after {}, the filter {reason}", results.so_far()));
        }
    }
    results.finish()
}

fn halted(code: i32, said: Option<String>) -> String {
    match said {
        Some(said) => format!("halted with code {code}: {}", shorten(&said)),
        None => format!("halted with code {code}"),
    }
}

/// The message of an error: its text, or the value that it was raised with.
fn said(error: Value) -> String {
    match error.as_text() {
        Some(text) => text.to_string(),
        None => format!("{error} (not a string)"),
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
pub mod tests {
    use super::*;

    /// The results of `filter` for one input; where it fails, those that it made before, and why it failed.
    pub fn outputs(filter: &str, input: &str) -> Result<Vec<Value>, (Vec<Value>, String)> {
        let before = |why| (Vec::new(), why);
        let filter = compile(filter, &["$ENV".to_string()]).map_err(before)?;
        let inputs = Format::Json.read(input).map_err(before)?;
        let inputs = RcIter::new(inputs.into_iter().map(|input| Ok(Value(input))));
        let last_words = RefCell::new(None);
        let shared = Shared { lut: &filter.lut, inputs: &inputs, last_words: &last_words };
        let mut found = Vec::new();
        let environment = Value(Val::obj(Map::default()));
        for input in &inputs {
            let context = Ctx::<Types>::new(shared.clone(), Vars::new([environment.clone()]));
            for result in filter.id.run((context, input.map_err(before)?)) {
                match result.map_err(Exn::get_err) {
                    Ok(result) => found.push(result),
                    Err(Ok(error)) => return Err((found, error.to_string())),
                    Err(Err(_)) => return Ok(found),
                }
            }
        }
        Ok(found)
    }

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
        check(
            "., (.[0] == 0), .[1] + 0",
            "[-0,-0,{\"-0\": \"a,-0\"},-0.5,1e-0]",
            "[-0,-0,{\"-0\":\"a,-0\"},-0.5,1]\ntrue\n0",
        );
        check("[fromcsv(\";\")]", r#""a;b,c\n1,5;\"x;y\"""#, r#"[["a","b,c"],["1,5","x;y"]]"#);
        check("try fromcsv(\"ab\") catch .[:20]", "\"a\"", "\"\\\"ab\\\" parts no fields\"");
        check("@base64, ([1, .] | @csv)", "\"hi\"", "\"aGk=\"\n\"1,\\\"hi\\\"\"");
        // Digits beyond a float's precision survive.
        check(".", "100000000000000000000000000000001", "100000000000000000000000000000001");
        check(".[0]", "[3.14159265358979323846264]", "3.14159265358979323846264");
    }

    #[test]
    fn answers_are_those_of_jq() {
        let check = |filter: &str, input: &str, expected: &str| {
            let found = run(filter, Some(input), &Options::default());
            assert_eq!(found.as_deref(), Ok(expected), "{filter}");
        };
        check(".a.b |= 5", "{}", r#"{"a":{"b":5}}"#);
        check("join(\",\")", r#"["a",1,null,true]"#, r#""a,1,,true""#);
        check("@base64d", r#""eyJzdWIiOiIxMjM0In0""#, r#""{\"sub\":\"1234\"}""#);
        check(".[length/2]", "[1,2,3,4]", "3");
        let parsed = "strptime(\"%Y-%m-%dT%H:%M:%S%z\")";
        // jq reads the offset and goes by the clock time, here as well.
        check(&format!("{parsed}|mktime"), r#""2020-10-15T17:30:00-0400""#, "1602783000");
        check("INDEX(.id)", r#"[{"id":1}]"#, r#"{"1":{"id":1}}"#);
        check("IN(1,2)", "2", "true");
        check("[tostream]", r#"{"a":[1]}"#, r#"[[["a",0],1],[["a",0]],[["a"]]]"#);
        check("fromstream(tostream)", r#"{"a":[1,{"b":2}]}"#, r#"{"a":[1,{"b":2}]}"#);
        check("[1|truncate_stream([[0],1],[[1,0],2],[[1,0]],[[1]])]", "1", "[[[0],2],[[0]]]");
        check("@base32, (@base32|@base32d)", r#""hi""#, "\"NBUQ====\"\n\"hi\"");
        check("(.[] | select(. >= 2)) |= empty", "[1,5,3,0,7]", "[1,0]");
        check("[(1,2) + (10,20)]", "1", "[11,12,21,22]");
        check("{a: 1} | .b += 2 | .c //= 3", "1", r#"{"a":1,"b":2,"c":3}"#);
        check("first(.[] | select(. > 1)) = 9", "[1,2,3]", "[1,9,3]");
        check(
            "nan, infinite, -infinite, 3.0, 1.5 + 1.5, 1e1000",
            "1",
            "null\n1.7976931348623157e+308\n-1.7976931348623157e+308\n3.0\n3\n1E+1000",
        );
        check(
            r#"test("b$"), test("^b"), test("a$"), test("[$]"), test("\\$")"#,
            r#""a\nb\n""#,
            "true\nfalse\nfalse\nfalse\nfalse",
        );
        check("$__loc__.line, ($ENV | length), input_filename", "1", "1\n0\nnull");
        check("\n $__loc__", "1", r#"{"file":"<top-level>","line":2}"#);
        check(
            "test(\"(?<=a)b\"), gsub(\"(?<x>[a-z])\"; \"<\\(.x)>\")",
            r#""ab""#,
            "true\n\"<a><b>\"",
        );
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
        check("toyaml", Some(r#"{"a":[1]}"#), &raw, "a:\n  - 1");
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
        check(
            ".a",
            "[1]",
            "after 0 results, the filter failed: Cannot index array with string (\"a\")",
        );
        check("., .a", "{} 5", "on input 2, after 3 results, the filter failed: ");
        check("input | .a", "1 2", "on input 2, after 0 results, the filter failed: ");
        check("error(\"no \\(.)\")", "7", "no 7");
        check("halt(3)", "1", "halted with code 3");
        check("\"m\" | halt_error", "1", "halted with code 5: m");
        check("error({a: 1})", "1", "failed: {\"a\":1} (not a string)");
        check("{(1|tostring): 2, (3): 4}", "1", "Object keys must be strings");
        check("repeat(1)", "1", "longer than 80000 bytes");
        check("[range(100000)] | tojson | error", "1", "...");
        check(".", "{\"a\": }", "`input` is not valid JSON: line 1, column 7");
        check(".a |", "1", "`filter`: line 1, column 5");
    }
}
