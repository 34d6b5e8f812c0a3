//! The validator, given what it can be given: a schema that is bounded, a stack that is enough, a value that is counted.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::budget::ProblemSize;
use super::metered::{Metered, memory_of};
use super::{budget, cost, graph};

/// The largest compiled `pattern`, in bytes. With the number of patterns it bounds what a schema costs in memory.
const MAX_PATTERN: usize = 64 * 1024;
/// The size of a small compiled `pattern`, in bytes.
const SMALL_PATTERN: usize = 512;
/// The longest text that is searched with a small `pattern`, in bytes. Where the size of a pattern doubles, the text
/// halves: a search is linear in both, and takes less than half a second so.
const MAX_SEARCHED_TEXT: usize = 8 * 1024 * 1024;
/// The stack of a thread that compiles a schema, in bytes: several times what the deepest schema that passes needs, in a
/// build without optimization.
const COMPILE_STACK: usize = 32 * 1024 * 1024;

/// A compiled schema.
pub(crate) struct Checker {
    validator: Validator<Metered>,
    /// The longest text that may be searched with its patterns, in bytes.
    longest_text: usize,
}

impl Checker {
    /// Compiles `schema`, which is written in `draft`. An error says what is wrong with it.
    pub(crate) fn compile(schema: &Value, draft: Draft) -> Result<Self, String> {
        let compile = || {
            graph::taken_apart(schema, draft, cost::check)?;
            let validator = validator(schema, draft, MAX_PATTERN)?;
            let mut longest_text = usize::MAX;
            each_pattern(schema, &mut |pattern| {
                longest_text = longest_text.min(longest_searched(pattern));
            });
            Ok(Self { validator, longest_text })
        };
        std::thread::scope(|threads| {
            let thread =
                std::thread::Builder::new().name("schema".into()).stack_size(COMPILE_STACK);
            let thread = thread.spawn_scoped(threads, compile);
            let thread =
                thread.map_err(|error| format!("there is no thread to compile it: {error}"))?;
            thread.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause))
        })
    }

    /// True if `value` is what the schema asks for. To be called within the budget.
    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        budget::search_up_to(self.longest_text);
        self.validator.is_valid(value)
    }

    /// Returns the first `most` problems of `value` that count. To be called within the budget.
    pub(crate) fn problems<'v>(
        &'v self,
        value: &'v Value,
        most: usize,
        counts: impl Fn(&ValidationError<'_>) -> bool,
    ) -> Vec<ValidationError<'v>> {
        if self.is_valid(value) {
            return Vec::new();
        }
        let all = || self.validator.iter_errors(value).filter(&counts).take(most).collect();
        let first = || self.validator.validate(value).err().into_iter().filter(&counts).collect();
        let size = ProblemSize { value: memory_of(value), path: longest_path(value) };
        let found = budget::collecting(size, all).or_else(|| budget::collecting(size, first));
        found.unwrap_or_else(|| budget::end())
    }
}

fn validator(
    schema: &Value,
    draft: Draft,
    max_pattern: usize,
) -> Result<Validator<Metered>, String> {
    jsonschema::options_for::<Metered>()
        .with_draft(draft)
        // This is the linear engine: a pattern cannot be made to search for ever.
        .with_pattern_options(PatternOptions::regex().size_limit(max_pattern))
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Gives each pattern of `schema` to `take`.
fn each_pattern(schema: &Value, take: &mut impl FnMut(&str)) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| each_pattern(item, take)),
        Value::Object(members) => {
            for (keyword, member) in members {
                match (keyword.as_str(), member) {
                    ("pattern", Value::String(pattern)) => take(pattern),
                    ("patternProperties", Value::Object(patterns)) => {
                        patterns.keys().for_each(|pattern| take(pattern));
                    }
                    _ => {}
                }
                each_pattern(member, take);
            }
        }
        _ => {}
    }
}

/// The longest text that is searched with `pattern`, in bytes.
fn longest_searched(pattern: &str) -> usize {
    let schema = serde_json::json!({ "pattern": pattern });
    let fits = |size| validator(&schema, Draft::Draft202012, size).is_ok();
    let sizes = std::iter::successors(Some(SMALL_PATTERN), |size| Some(2 * size));
    let size = sizes.take_while(|size| *size < MAX_PATTERN).find(|size| fits(*size));
    MAX_SEARCHED_TEXT / (size.unwrap_or(MAX_PATTERN) / SMALL_PATTERN)
}

/// The length of the longest path within `value`, in bytes.
fn longest_path(value: &Value) -> usize {
    // An index has no more digits than this.
    const INDEX: usize = 8;
    match value {
        Value::Array(items) => INDEX + items.iter().map(longest_path).max().unwrap_or_default(),
        Value::Object(members) => members
            .iter()
            // Each byte of a name may be written as two.
            .map(|(name, member)| 1 + 2 * name.len() + longest_path(member))
            .max()
            .unwrap_or_default(),
        _ => 0,
    }
}
