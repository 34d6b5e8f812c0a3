//! A bound on what validation may cost.
//!
//! A schema is the plugin's and may be hostile: a few lines of `$ref` make a validator run for ever, or
//! recurse until the stack ends. Every subschema therefore gets one more keyword, which counts steps
//! and looks at the stack, and ends the validation when either is spent.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use jsonschema::{Keyword, ValidationError};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The keyword. No schema can mean it by chance.
pub(crate) const KEYWORD: &str = "toolrack:budget";

/// Subschemas that one validation may apply. A megabyte of small items needs half of it.
const MAX_STEPS: u32 = 1_000_000;
/// The longest time that one validation may take, checked before each step.
const MAX_VALIDATION_TIME: Duration = Duration::from_millis(500);
/// Bytes of stack that one validation may use: a quarter of what a thread has.
const MAX_VALIDATION_STACK: usize = 512 * 1024;

thread_local! {
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
}

#[derive(Clone, Copy)]
struct Left {
    steps: u32,
    until: Instant,
    /// The address of something on the stack when the validation began.
    stack: usize,
}

/// The sign that a validation was ended because its budget was spent.
#[derive(Debug)]
pub(crate) struct BudgetSpent;

/// Runs `validate` within the budget.
pub(crate) fn within<T>(validate: impl FnOnce() -> T) -> Result<T, BudgetSpent> {
    let until = Instant::now() + MAX_VALIDATION_TIME;
    LEFT.set(Some(Left { steps: MAX_STEPS, until, stack: stack_address() }));
    // The validator keeps no state between validations that an unwound one could leave broken.
    match catch_unwind(AssertUnwindSafe(validate)) {
        Ok(value) => Ok(value),
        Err(cause) if cause.is::<BudgetSpent>() => Err(BudgetSpent),
        Err(cause) => resume_unwind(cause),
    }
}

/// Puts the keyword into every subschema of `schema`; or says which reference would get round it.
pub(crate) fn insert(schema: &mut Value) -> Result<(), String> {
    let members = match schema {
        Value::Object(members) => members,
        // Of no keyword that there is, but a reference may lead into any.
        Value::Array(items) => return items.iter_mut().try_for_each(insert),
        _ => return Ok(()),
    };
    for (key, member) in members.iter_mut() {
        match (KeywordValue::below(key), member) {
            (KeywordValue::Data, _) => {}
            (KeywordValue::Names, Value::Object(schemas)) => {
                schemas.values_mut().try_for_each(insert)?
            }
            (_, Value::String(to)) if REFERENCES.contains(&key.as_str()) => {
                if leads_into_data(to) {
                    return Err(format!("`{key}` leads to {to}, which is data and no schema"));
                }
            }
            (_, member) => insert(member)?,
        }
    }
    members.insert(KEYWORD.into(), Value::Bool(true));
    Ok(())
}

const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// The kind of value that stands below a keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeywordValue {
    /// Plain data, which must stay as it is.
    Data,
    /// Schemas by name.
    Names,
    /// A schema, several, or something that a reference makes one.
    Schema,
}

impl KeywordValue {
    fn below(keyword: &str) -> Self {
        match keyword {
            "$vocabulary" | "const" | "default" | "dependentRequired" | "enum" | "examples" => {
                Self::Data
            }
            "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties"
            | "properties" => Self::Names,
            _ => Self::Schema,
        }
    }
}

/// True if a reference leads to a place without the keyword, whatever schema its pointer begins in.
fn leads_into_data(to: &str) -> bool {
    let Some((_, pointer)) = to.split_once('#') else { return false };
    let mut place = KeywordValue::Schema;
    for step in percent_decode_str(pointer).decode_utf8_lossy().split('/').skip(1) {
        place = match place {
            KeywordValue::Names => KeywordValue::Schema,
            KeywordValue::Schema | KeywordValue::Data => {
                KeywordValue::below(&step.replace("~1", "/").replace("~0", "~"))
            }
        };
        if place == KeywordValue::Data {
            return true;
        }
    }
    false
}

/// Makes the check that the keyword stands for in a schema.
pub(crate) fn keyword<'a>(
    _parent: &'a Map<String, Value>,
    _value: &'a Value,
    _place: jsonschema::paths::Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    Ok(Box::new(Budget))
}

struct Budget;

impl<'i> Keyword<'i> for Budget {
    fn validate(&self, _instance: &'i Value) -> Result<(), ValidationError<'i>> {
        spend();
        Ok(())
    }

    fn is_valid(&self, _instance: &'i Value) -> bool {
        spend();
        true
    }
}

fn spend() {
    let Some(mut left) = LEFT.get() else { return };
    let deep = left.stack.abs_diff(stack_address()) > MAX_VALIDATION_STACK;
    if left.steps == 0 || deep || Instant::now() > left.until {
        // This is not a panic: nothing is wrong here, and no message is due.
        resume_unwind(Box::new(BudgetSpent));
    }
    left.steps -= 1;
    LEFT.set(Some(left));
}

#[inline(never)]
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_reference_leads_to_where_nothing_is_counted() {
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            for (to, leads) in [
                ("#/$defs/a", false),
                ("#/properties/const", false),
                ("#anchor", false),
                ("#/const", true),
                ("#/$defs/a/enum/0", true),
                ("#/%65num/0", true),
                ("#/$defs/a/default", true),
            ] {
                let mut schema = json!({ "properties": { "p": { keyword: to } } });
                assert_eq!(insert(&mut schema).is_err(), leads, "{keyword} {to}");
            }
        }
    }
}
