//! Problems of arguments in words that a model can act on: each with its place, what was given, and what would be
//! right.

use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::budget;
use super::problem_place::{self, alternatives, holder, in_words, meant, resolved};
use super::words::{MAX_SHOWN_VALUE, cut, listed, shown, words};
use crate::json::Step;
use crate::text::{clip, escape, joined, nearest};

/// The most problems that are told at once. More do not help.
pub(crate) const MAX_PROBLEMS: usize = 5;
/// The most arguments that are named where one is unknown or missing.
const MAX_NAMED_ARGUMENTS: usize = 30;
/// The most unknown names that are told of one object.
const MAX_UNKNOWN: usize = 3;
/// The longest description that is shown, in bytes.
const MAX_DESCRIPTION: usize = 120;
/// The longest explanation, in bytes.
const MAX_EXPLANATION: usize = 2000;

/// Explains why arguments do not fit `schema`.
pub(crate) fn explain(schema: &Value, errors: &[ValidationError<'_>]) -> String {
    let mut told = Explanation { schema, problems: Vec::new(), takes: Vec::new() };
    for error in errors.iter().flat_map(meant) {
        told.tell(error);
    }
    told.problems.truncate(MAX_PROBLEMS);
    let text = joined(told.problems.into_iter().chain(told.takes));
    let shown = clip(&text, MAX_EXPLANATION);
    let more = if shown.len() < text.len() { "..." } else { "" };
    escape(shown) + more
}

struct Explanation<'a> {
    schema: &'a Value,
    problems: Vec<String>,
    /// The members that objects take of which a name is unknown.
    takes: Vec<String>,
}

impl Explanation<'_> {
    /// Adds the problems that `error` comes to, unless there are enough: alternatives within alternatives are many.
    fn tell(&mut self, error: &ValidationError<'_>) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        // Putting one into words takes its time, and alternatives may all have the same.
        budget::spend(4096);
        let path = problem_place::path(error);
        let place = match &*in_words(&path) {
            "" => "it".into(),
            place => format!("`{place}`"),
        };
        let given = || shown(error.instance());
        let must = |what: String| format!("{place} must {what}; {} was given", given());
        let problem = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                return self.unknown(error, &path, unexpected);
            }
            ValidationErrorKind::Required { property } => {
                return self.missing(error, &path, property.as_str().unwrap_or_default());
            }
            ValidationErrorKind::Type { .. } => {
                let wanted = holder(self.schema, error).map(|schema| self.words(schema));
                let wanted = wanted.unwrap_or_else(|| "a value of another type".into());
                format!("{place} takes {wanted}; {} was given", given())
            }
            ValidationErrorKind::Enum { options } => {
                let options: Vec<&Value> = options.as_array().into_iter().flatten().collect();
                one_of(&place, &options, error.instance())
            }
            ValidationErrorKind::Constant { expected_value } => {
                one_of(&place, &[expected_value], error.instance())
            }
            ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
                return self.none_fits(&place, error);
            }
            ValidationErrorKind::Minimum { limit } => must(format!("be {limit} or more")),
            ValidationErrorKind::Maximum { limit } => must(format!("be {limit} or less")),
            ValidationErrorKind::ExclusiveMinimum { limit } => {
                must(format!("be more than {limit}"))
            }
            ValidationErrorKind::ExclusiveMaximum { limit } => {
                must(format!("be less than {limit}"))
            }
            ValidationErrorKind::MinLength { limit } => {
                format!("{place} must have {limit} characters or more")
            }
            ValidationErrorKind::MaxLength { limit } => {
                format!("{place} must have {limit} characters or fewer")
            }
            ValidationErrorKind::MinItems { limit } => {
                format!("{place} must have {limit} items or more")
            }
            ValidationErrorKind::MaxItems { limit } => {
                format!("{place} must have {limit} items or fewer")
            }
            ValidationErrorKind::Pattern { pattern } => {
                must(format!("match the pattern `{}`", cut(pattern, MAX_SHOWN_VALUE)))
            }
            _ => format!("{place}: {}", cut(&error.masked_with("the value").to_string(), 300)),
        };
        // Alternatives may have the same problem.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Names that an object does not take, each with the one that may be meant.
    fn unknown(&mut self, error: &ValidationError<'_>, path: &[Step], unexpected: &[String]) {
        let object = holder(self.schema, error);
        let given = |name: &str| error.instance().get(name).is_some();
        for name in unexpected.iter().take(MAX_UNKNOWN) {
            let known = object.into_iter().flat_map(names).filter(|known| !given(known));
            let near = nearest(name, known).map(|near| format!("; did you mean `{near}`?"));
            let name = cut(name, MAX_SHOWN_VALUE);
            let what = match &*in_words(path) {
                "" => format!("unknown argument `{name}`"),
                place => format!("unknown member `{name}` of `{place}`"),
            };
            self.problems.push(what + &near.unwrap_or_default());
        }
        self.takes(object, path);
    }

    fn missing(&mut self, error: &ValidationError<'_>, path: &[Step], name: &str) {
        let object = holder(self.schema, error);
        let member = object.and_then(|object| object.get("properties")?.get(name));
        let what = member.map(|member| {
            let about = match description(resolved(self.schema, member)) {
                Some(about) => format!(" ({about})"),
                None => String::new(),
            };
            format!(": {}{about}", self.words(member))
        });
        let path: Vec<_> = path.iter().cloned().chain([Step::Member(name.into())]).collect();
        let what = what.unwrap_or_default();
        self.problems.push(format!("`{}` is missing{what}", in_words(&path)));
    }

    /// Adds the members that an object takes, once.
    fn takes(&mut self, object: Option<&Value>, path: &[Step]) {
        let Some(object) = object else { return };
        let required: BTreeSet<&str> =
            object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let takes: Vec<_> = names(object)
            .take(MAX_NAMED_ARGUMENTS)
            .map(|name| {
                let words = self.words(&object["properties"][name]);
                let required = if required.contains(name) { ", required" } else { "" };
                format!("`{}` ({words}{required})", cut(name, MAX_SHOWN_VALUE))
            })
            .collect();
        let it = match &*in_words(path) {
            "" => "it takes".into(),
            place => format!("`{place}` takes"),
        };
        let takes = if takes.is_empty() { "nothing".into() } else { takes.join(", ") };
        let takes = format!("{it}: {takes}");
        if !self.takes.contains(&takes) {
            self.takes.push(takes);
        }
    }

    /// Tells that none of several alternatives fits: their values, or what is wrong by the one that comes closest.
    fn none_fits(&mut self, place: &str, error: &ValidationError<'_>) {
        let branches = alternatives(error).unwrap_or_default();
        if let Some(options) = constants(error, &branches) {
            return self.problems.push(one_of(place, &options, error.instance()));
        }
        let depth = |branch: &&&[ValidationError<'_>]| {
            branch.iter().map(|error| problem_place::path(error).len()).max().unwrap_or_default()
        };
        let own = problem_place::path(error).len();
        match branches.iter().max_by_key(depth) {
            // The closest alternative fits in its outline.
            Some(closest) if depth(&closest) > own => {
                for error in closest.iter().flat_map(meant).take(MAX_PROBLEMS) {
                    self.tell(error);
                }
            }
            Some(_) | None => {
                let wanted = holder(self.schema, error).map(|schema| self.words(schema));
                let wanted = wanted.unwrap_or_else(|| "a value of another form".into());
                let given = shown(error.instance());
                self.problems.push(format!("{place} takes {wanted}; {given} was given"));
            }
        }
    }

    /// Describes the values that a schema takes in a few words.
    fn words(&self, schema: &Value) -> String {
        words(self.schema, schema)
    }
}

/// The values that alternatives take, if each takes one value or one of several.
fn constants<'e>(
    error: &ValidationError<'_>,
    branches: &[&'e [ValidationError<'_>]],
) -> Option<Vec<&'e Value>> {
    let mut options = Vec::new();
    for branch in branches {
        let constant = branch.iter().find_map(|own| match own.kind() {
            _ if own.instance_path() != error.instance_path() => None,
            ValidationErrorKind::Constant { expected_value } => Some(vec![&**expected_value]),
            ValidationErrorKind::Enum { options } => Some(options.as_array()?.iter().collect()),
            _ => None,
        });
        options.extend(constant?);
    }
    (!options.is_empty()).then_some(options)
}

/// The options of a value that is to be one of several: of an enumeration, or of alternatives that are values.
pub(crate) fn options<'e>(error: &'e ValidationError<'_>) -> Option<Vec<&'e Value>> {
    match error.kind() {
        ValidationErrorKind::Enum { options } => Some(options.as_array()?.iter().collect()),
        ValidationErrorKind::Constant { expected_value } => Some(vec![expected_value]),
        _ => constants(error, &alternatives(error)?),
    }
}

fn one_of(place: &str, options: &[&Value], given: &Value) -> String {
    let near = given.as_str().and_then(|given| {
        let options = options.iter().filter_map(|option| option.as_str());
        nearest(given, options).map(|near| format!("; did you mean {}?", shown(&near.into())))
    });
    let takes = match options {
        [only] => shown(only),
        several => format!("one of {}", listed(several)),
    };
    format!("{place} takes {takes}; {} was given{}", shown(given), near.unwrap_or_default())
}

fn names(object: &Value) -> impl Iterator<Item = &str> {
    object["properties"]
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys())
        .map(String::as_str)
}

fn description(schema: &Value) -> Option<String> {
    let text = schema["description"].as_str()?;
    let first = text.lines().next()?.trim();
    (!first.is_empty()).then(|| cut(first, MAX_DESCRIPTION))
}

#[cfg(test)]
mod tests {
    use super::super::compiled;
    use super::super::lenient::Reading;

    const SCHEMA: &str = r##"{
        "type": "object",
        "$defs": { "zone": { "type": "string", "description": "An IANA zone.\nSuch as Europe/Berlin." } },
        "properties": {
            "zone": { "$ref": "#/$defs/zone" },
            "count": { "type": ["integer", "null"], "minimum": 1 },
            "unit": { "enum": ["celsius", "fahrenheit"] },
            "sort": { "anyOf": [{ "const": "up" }, { "const": "down" }, { "type": "null" }] },
            "to": { "type": "array", "items": { "type": "string" }, "maxItems": 2 },
            "filter": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": { "name": { "type": "string" } },
                        "required": ["name"],
                        "additionalProperties": false
                    },
                    { "type": "null" }
                ]
            },
            "when": { "oneOf": [{ "type": "integer" }, { "type": "string", "pattern": "^\\d+$" }] }
        },
        "required": ["zone"],
        "additionalProperties": false
    }"##;
    const TAKES: &str = "it takes: `count` (an integer), `filter` (an object), \
        `sort` (\"up\" or \"down\"), `to` (a list, each item a string), \
        `unit` (one of \"celsius\", \"fahrenheit\"), `when` (an integer or a string), \
        `zone` (a string, required)";

    #[track_caller]
    fn check(arguments: &str, expected: &str) {
        let told = compiled::read(SCHEMA, arguments, Reading::Lenient).expect_err("refused");
        assert_eq!(told, expected.replace("TAKES", TAKES), "{arguments}");
    }

    #[test]
    fn each_problem_says_what_was_given_and_what_would_be_right() {
        for (arguments, expected) in [
            (
                r#"{"timezone":"UTC"}"#,
                "unknown argument `timezone`; did you mean `zone`? \
                 `zone` is missing: a string (An IANA zone.); TAKES",
            ),
            (r#"{"zone":"UTC","qqq":1}"#, "unknown argument `qqq`; TAKES"),
            ("{}", "`zone` is missing: a string (An IANA zone.)"),
            (r#"{"zone":7}"#, "`zone` takes a string; 7 was given"),
            (r#"{"zone":"UTC","count":"ten"}"#, r#"`count` takes an integer; "ten" was given"#),
            (r#"{"zone":"UTC","count":0}"#, "`count` must be 1 or more; 0 was given"),
            (
                r#"{"zone":"UTC","unit":"farenheit"}"#,
                r#"`unit` takes one of "celsius", "fahrenheit"; "farenheit" was given; did you mean "fahrenheit"?"#,
            ),
            (
                r#"{"zone":"UTC","sort":"left"}"#,
                r#"`sort` takes one of "up", "down"; "left" was given"#,
            ),
            (r#"{"zone":"UTC","to":["a","b","c"]}"#, "`to` must have 2 items or fewer"),
            (r#"{"zone":"UTC","to":["a",3]}"#, "`to[1]` takes a string; 3 was given"),
            (
                r#"{"zone":"UTC","filter":{"nam":"x"}}"#,
                "unknown member `nam` of `filter`; did you mean `name`? `filter.name` is missing: a string; \
                 `filter` takes: `name` (a string, required)",
            ),
            (r#"{"zone":"UTC","filter":7}"#, "`filter` takes an object; 7 was given"),
            (
                r#"{"zone":"UTC","when":true}"#,
                "`when` takes an integer or a string; true was given",
            ),
            ("[]", "it takes an object; a list was given"),
        ] {
            check(arguments, expected);
        }
    }

    #[test]
    fn what_is_hostile_is_short_and_on_one_line() {
        let long = "x".repeat(100_000);
        let told = compiled::read(
            SCHEMA,
            &format!(r#"{{"zone":"UTC","{long}":1,"\n\u202e":2,"unit":"{long}"}}"#),
            Reading::Lenient,
        );
        let told = told.expect_err("refused");
        assert!(told.len() < 2100 && !told.contains(['\n', '\u{202e}']), "{told}");
        let options: Vec<_> = (0..1000).map(|n| format!("\"option {n}\"")).collect();
        let schema = format!(r#"{{"properties":{{"a":{{"enum":[{}]}}}}}}"#, options.join(","));
        let told = compiled::read(&schema, r#"{"a":"?"}"#, Reading::Lenient).expect_err("refused");
        assert!(told.contains("\"option 19\", 980 more; \"?\" was given"), "{told}");
    }
}
