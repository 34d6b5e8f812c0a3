//! A jq filter from text to something that runs, or to an error that shows the place. Knows no
//! options and no output.

use crate::filters;
use crate::place::{mark, too_deep, too_many};
use crate::rewrite::rewrite;
use crate::value::Value;
use jaq_core::compile::Undefined;
use jaq_core::data::HasLut;
use jaq_core::load::lex::{Expect, Lexer, StrPart, Tok, Token};
use jaq_core::load::parse::{Def, Parser, Term};
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, DataT, Filter, Lut};
use jaq_std::input::{HasInputs, Inputs};
use std::cell::RefCell;

/// The types that filters of this plugin work with.
pub struct Types;

impl DataT for Types {
    type V<'a> = Value;
    type Data<'a> = Shared<'a>;
}

/// The state that all parts of a running filter share.
#[derive(Clone)]
pub struct Shared<'a> {
    /// The filter itself.
    pub lut: &'a Lut<Types>,
    /// The inputs still to come.
    pub inputs: Inputs<'a, Value>,
    /// The message of `halt_error`.
    pub last_words: &'a RefCell<Option<String>>,
}

impl<'a> HasLut<'a, Types> for Shared<'a> {
    fn lut(&self) -> &'a Lut<Types> {
        self.lut
    }
}

impl<'a> HasInputs<'a, Value> for Shared<'a> {
    fn inputs(&self) -> Inputs<'a, Value> {
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
    // As in jq.
    let code = if code.trim().is_empty() { "." } else { code };
    let fail = |at, message: &str| Err(format!("`filter`: {}", mark(code, at, message)));
    if code.len() > MAX_LENGTH {
        return Err(format!("`filter` is {} bytes long; the limit is {MAX_LENGTH}", code.len()));
    }
    if let Some(at) = too_deep(code, "([{", MAX_DEPTH) {
        return fail(at, &format!("nested more than {MAX_DEPTH} deep"));
    }
    if let Some(at) = too_many(code, "|,+-*/%", MAX_OPERATORS) {
        let hint = "pass long lists as `input` or in `variables`";
        return fail(at, &format!("more than {MAX_OPERATORS} operators and commas; {hint}"));
    }
    let term = match parse(code) {
        Ok(term) => rewrite(term, code),
        Err((at, message)) => return fail(at, &message),
    };
    // The filter is loaded as one definition more, since the main one cannot be changed before it is compiled.
    let main = Def { name: MAIN, args: Vec::new(), body: term };
    let definitions = filters::definitions().into_iter().chain([main]);
    let arena = Arena::default();
    let Ok(modules) = Loader::new(definitions).load(&arena, File { code: MAIN, path: () }) else {
        return fail(0, "cannot be read");
    };
    let compiler = Compiler::default()
        .with_funs(filters::natives())
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

/// The name of the filter among the definitions.
const MAIN: &str = "_main";

/// The tree of `code`, or where and what the first error is.
fn parse(code: &str) -> Result<Term<&str>, (usize, String)> {
    let unread = || (0, "cannot be read".to_string());
    let tokens = Lexer::new(code)
        .lex()
        .map_err(|errors| explain(code, load::Error::Lex(errors)).unwrap_or_else(unread))?;
    let tokens = joined(tokens, code);
    let term = Parser::new(&tokens).parse(|parser| parser.term());
    term.map_err(|errors| {
        let errors =
            errors.into_iter().map(|(expected, found)| (expected, Token::opt_as_str(found, code)));
        explain(code, load::Error::Parse(errors.collect())).unwrap_or_else(unread)
    })
}

/// The tokens with `.5` as one number: the lexer takes it for two.
fn joined<'a>(tokens: Vec<Token<&'a str>>, code: &'a str) -> Vec<Token<&'a str>> {
    let mut out: Vec<Token<&'a str>> = Vec::with_capacity(tokens.len());
    for Token(text, kind) in tokens {
        let kind = match kind {
            Tok::Block(inner) => Tok::Block(joined(inner, code)),
            Tok::Str(parts) => Tok::Str(
                parts
                    .into_iter()
                    .map(|part| match part {
                        StrPart::Term(token) => {
                            let mut inner = joined(vec![token], code);
                            inner.pop().map_or(StrPart::Char(' '), StrPart::Term)
                        }
                        StrPart::Str(_) | StrPart::Char(_) => part,
                    })
                    .collect(),
            ),
            Tok::Num
                if out
                    .last()
                    .is_some_and(|Token(before, _)| *before == "." && touches(before, text)) =>
            {
                out.pop();
                let at = offset(code, text);
                out.push(Token(&code[at - 1..at + text.len()], Tok::Num));
                continue;
            }
            other => other,
        };
        out.push(Token(text, kind));
    }
    out
}

/// True if `after` begins where `before` ends.
fn touches(before: &str, after: &str) -> bool {
    before.as_ptr() as usize + before.len() == after.as_ptr() as usize
}

/// The place of the first error, and the error.
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

/// The place where `part`, a slice of `code`, begins in it.
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
