//! A jq filter from text to something that runs, or to an error that shows the place. Knows no
//! options and no output.

use crate::place::{mark, too_deep, too_many};
use jaq_core::compile::Undefined;
use jaq_core::data::HasLut;
use jaq_core::load::lex::Expect;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, DataT, Filter, Lut};
use jaq_json::Val;
use jaq_std::input::{HasInputs, Inputs};

/// The types that filters of this plugin work with.
pub struct Types;

impl DataT for Types {
    type V<'a> = Val;
    type Data<'a> = Shared<'a>;
}

/// What all parts of a running filter share: itself, and the inputs still to come.
#[derive(Clone)]
pub struct Shared<'a> {
    pub lut: &'a Lut<Types>,
    pub inputs: Inputs<'a, Val>,
}

impl<'a> HasLut<'a, Types> for Shared<'a> {
    fn lut(&self) -> &'a Lut<Types> {
        self.lut
    }
}

impl<'a> HasInputs<'a, Val> for Shared<'a> {
    fn inputs(&self) -> Inputs<'a, Val> {
        self.inputs
    }
}

/// Longest filter, deepest nesting and most operators in it: what reads and runs it calls itself for
/// each, and the sandbox's stack is small.
const MAX_LENGTH: usize = 16 * 1024;
const MAX_DEPTH: usize = 128;
const MAX_OPERATORS: usize = 500;

/// Compiles `code`; `variables` are the names of global variables, each with its `$`.
pub fn compile(code: &str, variables: &[String]) -> Result<Filter<Types>, String> {
    let fail = |at, message: &str| Err(format!("`filter`: {}", mark(code, at, message)));
    if code.len() > MAX_LENGTH {
        return Err(format!("`filter` is {} bytes long; the limit is {MAX_LENGTH}", code.len()));
    }
    if let Some(at) = too_deep(code, "([{", MAX_DEPTH) {
        return fail(at, &format!("nested more than {MAX_DEPTH} deep"));
    }
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    if let Some(at) = too_many(code, "|,+-*/%", MAX_OPERATORS) {
        let hint = "pass long lists as `input` or in `variables`";
        return fail(at, &format!("more than {MAX_OPERATORS} operators and commas; {hint}"));
    }
    let inputs = jaq_std::input::funs().into_vec().into_iter().map(jaq_core::native::run);
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(inputs);
    let functions = functions.chain(jaq_json::funs()).chain(jaq_fmts::funs());
    let arena = Arena::default();
    let modules = match Loader::new(definitions).load(&arena, File { code, path: () }) {
        Ok(modules) => modules,
        Err(errors) => {
            let first = errors.into_iter().find_map(|(_, error)| explain(code, error));
            let (at, message) = first.unwrap_or((0, "cannot be read".to_string()));
            return fail(at, &message);
        }
    };
    let compiler = Compiler::default()
        .with_funs(functions)
        .with_global_vars(variables.iter().map(String::as_str));
    compiler.compile(modules).or_else(|errors| {
        let first = errors.into_iter().flat_map(|(_, errors)| errors).next();
        let (at, message) = match first {
            Some((name, Undefined::Filter(arity))) => {
                (offset(code, name), format!("there is no filter {name}/{arity}"))
            }
            Some((name, kind)) => {
                (offset(code, name), format!("there is no {} {name}", kind.as_str()))
            }
            None => (0, "cannot be compiled".to_string()),
        };
        fail(at, &message)
    })
}

/// Where and what the first error is.
fn explain(code: &str, error: load::Error<&str>) -> Option<(usize, String)> {
    let found = |text: &str| match text.chars().next() {
        None => "the end".to_string(),
        Some(_) => format!("`{}`", text.chars().take(20).collect::<String>()),
    };
    let (expected, text) = match error {
        load::Error::Io(errors) => {
            let (path, reason) = errors.into_iter().next()?;
            return Some((offset(code, path), reason));
        }
        load::Error::Lex(errors) => match errors.into_iter().next()? {
            (Expect::Delim(open), _) => {
                return Some((offset(code, open), format!("this `{open}` is never closed")));
            }
            (expected, text) => (expected.as_str(), text),
        },
        load::Error::Parse(errors) => {
            let (expected, text) = errors.into_iter().next()?;
            (expected.as_str(), text)
        }
    };
    Some((offset(code, text), format!("expected {expected}, found {}", found(text))))
}

/// Where `part`, a slice of `code`, begins in it.
fn offset(code: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(code.as_ptr() as usize).min(code.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_shown_where_it_is_wrong() {
        let check = |code: &str, expected: &str| {
            let message = compile(code, &["$known".to_string()]).err().unwrap_or_default();
            assert!(message.starts_with(&format!("`filter`: {expected}")), "{code}: {message}");
        };
        check(".a | | .b", "line 1, column 6: expected term, found `|`");
        check(".a |", "line 1, column 5: expected term, found the end");
        check("map(.a", "line 1, column 4: this `(` is never closed");
        check(".a\n| frobnicate(1)", "line 2, column 3: there is no filter frobnicate/1");
        check("$known + $unknown", "line 1, column 10: there is no variable $unknown");
        check("include \"a\"; .", "line 1, column ");
        check(&"1|".repeat(1000), "line 1, column 1002: more than 500 operators and commas");
        check(&"(".repeat(1000), "line 1, column 129: nested more than 128 deep");
    }
}
