//! A bound on what validation may cost.
//!
//! A schema is the plugin's and may be hostile: a few lines of `$ref` make a validator run for ever, or
//! recurse until the stack ends. Every subschema therefore gets one more keyword, which counts steps
//! and looks at the stack, and ends the validation when either is spent.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

/// The keyword. No schema can mean it by chance.
pub(super) const KEYWORD: &str = "toolrack:budget";

/// Subschemas that one validation may apply. A megabyte of small items needs half of it.
const MAX_STEPS: u32 = 1_000_000;
/// How long one validation may take, looked at before each step.
const MAX_TIME: Duration = Duration::from_millis(500);
/// Bytes of stack that one validation may use: a quarter of what a thread has.
const MAX_STACK: usize = 512 * 1024;

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

/// The validation was ended.
#[derive(Debug)]
pub(super) struct Spent;

/// Runs `validate` within the budget.
pub(super) fn within<T>(validate: impl FnOnce() -> T) -> Result<T, Spent> {
    let until = Instant::now() + MAX_TIME;
    LEFT.set(Some(Left { steps: MAX_STEPS, until, stack: stack_address() }));
    // The validator keeps no state between validations that an unwound one could leave broken.
    match catch_unwind(AssertUnwindSafe(validate)) {
        Ok(value) => Ok(value),
        Err(cause) if cause.is::<Spent>() => Err(Spent),
        Err(cause) => resume_unwind(cause),
    }
}

/// Puts the keyword into every subschema of `schema`.
pub(super) fn insert(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    for (key, member) in members.iter_mut() {
        match (key.as_str(), member) {
            // Plain data.
            (
                "$vocabulary" | "const" | "default" | "dependentRequired" | "enum" | "examples",
                _,
            ) => {}
            // Schemas by name.
            (
                "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties"
                | "properties",
                Value::Object(schemas),
            ) => schemas.values_mut().for_each(insert),
            (_, Value::Array(items)) => items.iter_mut().for_each(insert),
            (_, member) => insert(member),
        }
    }
    members.insert(KEYWORD.into(), Value::Bool(true));
}

/// The keyword's part in a schema.
pub(super) fn keyword<'a>(
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
    let deep = left.stack.abs_diff(stack_address()) > MAX_STACK;
    if left.steps == 0 || deep || Instant::now() > left.until {
        // Not a panic: nothing is wrong here, and no message is due.
        resume_unwind(Box::new(Spent));
    }
    left.steps -= 1;
    LEFT.set(Some(left));
}

#[inline(never)]
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}
