//! Reads tokens by precedence (a Pratt parser) and writes the steps of a stack machine. Knows the
//! grammar; what an operation computes is not known here.
//!
//! Steps instead of a tree: a chain of a thousand additions is then no deeper than one, and nothing
//! but parentheses, signs and powers can nest.

mod call;
mod conversion;
mod infix;
mod postfix;
mod root;

use crate::arithmetic;
use crate::fault::{Fault, Span};
use crate::function::Operation;
use crate::kind::Kind;
use crate::token::{Token, tokens};
use dashu_ratio::RBig;

/// One step: push a value, or replace the topmost `arity` values with the operation's result.
#[derive(Debug)]
pub enum Step {
    Push(RBig, Span),
    Apply { operation: Operation, arity: usize, span: Span },
}

impl Step {
    pub fn span(&self) -> Span {
        let (Step::Push(_, span) | Step::Apply { span, .. }) = self;
        *span
    }
}

/// The meaning of an expression.
#[derive(Debug)]
pub struct Program {
    pub steps: Vec<Step>,
    /// The unit of the result, where it has one.
    pub unit: Option<String>,
}

/// Deepest nesting: the parser calls itself, and the sandbox's stack is small.
const MAX_DEPTH: usize = 200;

/// The binding strengths of operators; a sign before a value binds tighter than `*` and looser than
/// `^`, so that `-2^2` is -4.
const SUM: u8 = 1;
const PRODUCT: u8 = 2;
const SIGN: u8 = 3;
const POWER: u8 = 4;

/// The steps that compute `source`.
pub fn parse(source: &str) -> Result<Program, Fault> {
    let mut parser = Parser {
        source,
        tokens: tokens(source)?,
        next: 0,
        steps: Vec::new(),
        depth: 0,
        call_end: None,
    };
    let kind = parser.expression(0)?;
    let unit = parser.conversion(kind)?;
    match parser.peek() {
        Token::End => Ok(Program { steps: parser.steps, unit }),
        Token::Sign(')') => {
            Err(parser.unexpected("this `)` closes nothing; expected an operator or the end"))
        }
        Token::Sign(',') => Err(parser.unexpected(
            "expected an operator or the end, found `,`; write thousands as 1000 or 1_000",
        )),
        _ => Err(parser.expected("an operator or the end")),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<(Token, Span)>,
    next: usize,
    steps: Vec<Step>,
    depth: usize,
    /// The token behind the last function's closing parenthesis.
    call_end: Option<usize>,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }

    /// The token `further` after the next one; past the end there is only the end.
    fn ahead(&self, further: usize) -> &(Token, Span) {
        &self.tokens[(self.next + further).min(self.tokens.len() - 1)]
    }

    fn span(&self) -> Span {
        self.tokens[self.next].1
    }

    /// Takes the next token; `End` stays where it is.
    fn take(&mut self) -> (Token, Span) {
        let taken = self.tokens[self.next].clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        taken
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let found = *self.peek() == Token::Sign(sign);
        if found {
            self.take();
        }
        found
    }

    fn apply(&mut self, operation: Operation, arity: usize, span: Span) {
        self.steps.push(Step::Apply { operation, arity, span });
    }

    /// An operand and all operators after it that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Kind, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.unexpected(&format!("nested more than {MAX_DEPTH} deep")));
        }
        let mut kind = self.operand()?;
        loop {
            if let Some(changed) = self.postfix(&kind, least)? {
                kind = changed;
                continue;
            }
            match self.infix(&kind) {
                Some(infix) if infix.binding >= least => kind = self.combine(&kind, infix)?,
                _ => break,
            }
        }
        self.depth -= 1;
        Ok(kind)
    }

    fn operand(&mut self) -> Result<Kind, Fault> {
        match self.peek().clone() {
            Token::Number(number) => {
                let (_, span) = self.take();
                self.steps.push(Step::Push(number, span));
                Ok(Kind::PLAIN)
            }
            Token::Sign('(') => {
                let (_, open) = self.take();
                let kind = self.expression(0)?;
                self.close(open)?;
                Ok(kind.enclosed())
            }
            Token::Sign('-') => {
                let (_, span) = self.take();
                let kind = self.expression(SIGN)?;
                self.apply(arithmetic::neg, 1, span);
                Ok(kind)
            }
            Token::Sign('+') => {
                self.take();
                self.expression(SIGN)
            }
            Token::Sign(sign) if root::degree(sign).is_some() => self.root(),
            Token::Name(name) => {
                let (_, span) = self.take();
                self.name(&name, span)
            }
            Token::Sign(_) | Token::Raised(_) | Token::End => {
                Err(self.expected("a number, a name, `(` or a sign"))
            }
        }
    }

    fn close(&mut self, open: Span) -> Result<(), Fault> {
        match self.peek() {
            Token::Sign(')') => {
                self.take();
                Ok(())
            }
            Token::End => Err(Fault::new(open, "this `(` is never closed")),
            _ => Err(self.expected("an operator, `,` or `)`")),
        }
    }

    fn expected(&self, what: &str) -> Fault {
        let found = match self.peek() {
            Token::End => "the end".to_string(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Raised(_) => "a power".to_string(),
            Token::Name(name) => {
                let shown: String = name.chars().take(40).collect();
                match advice(&name.to_ascii_lowercase()) {
                    Some(advice) => format!("`{shown}`; write {advice}"),
                    None => format!("`{shown}`, which is no unit; is a `*` missing?"),
                }
            }
            Token::Number(_) => match self.next.checked_sub(1).map(|last| &self.tokens[last].0) {
                Some(Token::Name(name)) if name == "C" => {
                    "a number; combinations are written choose(n, k)".to_string()
                }
                _ => "a number".to_string(),
            },
        };
        self.unexpected(&format!("expected {what}, found {found}"))
    }

    fn unexpected(&self, message: &str) -> Fault {
        Fault::new(self.span(), message)
    }
}

/// Returns what to write for a word that stands where an operator does.
fn advice(word: &str) -> Option<&'static str> {
    Some(match word {
        "ncr" | "choose" => "choose(n, k)",
        "npr" | "perm" | "p" => "perm(n, k)",
        "percent" => "`%`, as in 5% of 20",
        "x" | "times" => "`*`",
        "plus" => "`+`",
        "minus" => "`-`",
        "over" => "`/`",
        "of" => "the percentage in parentheses, as in 2 * (10% of 50)",
        "year" | "years" | "month" | "months" => "days, as no year and no month has one length",
        "ton" | "tons" => "t, or 2000 lb for a short ton and 2240 lb for a long one",
        "fl" => "floz for a US fluid ounce",
        _ => return None,
    })
}
