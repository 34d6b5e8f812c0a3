//! Reads tokens by precedence (a Pratt parser) and writes the steps of a stack machine. Knows the
//! grammar; what an operation computes is not known here.
//!
//! Steps instead of a tree: a chain of a thousand additions is then no deeper than one, and nothing
//! but parentheses, signs and powers can nest.

use crate::arithmetic;
use crate::combinations;
use crate::fault::{Fault, Span};
use crate::function::{self, Operation};
use crate::power;
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

/// Deepest nesting: the parser calls itself, and the sandbox's stack is small.
const MAX_DEPTH: usize = 200;

/// How tightly each operator binds; a sign before a value binds tighter than `*` and looser than
/// `^`, so that `-2^2` is -4.
const SUM: u8 = 1;
const PRODUCT: u8 = 2;
const SIGN: u8 = 3;
const POWER: u8 = 4;

/// The steps that compute `source`.
pub fn parse(source: &str) -> Result<Vec<Step>, Fault> {
    let mut parser = Parser { tokens: tokens(source)?, next: 0, steps: Vec::new(), depth: 0 };
    parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(parser.steps),
        Token::Sign(')') => {
            Err(parser.unexpected("this `)` closes nothing; expected an operator or the end"))
        }
        Token::Sign(',') => Err(parser.unexpected(
            "expected an operator or the end, found `,`; write thousands as 1000 or 1_000",
        )),
        _ => Err(parser.expected("an operator or the end")),
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    next: usize,
    steps: Vec<Step>,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
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
    fn expression(&mut self, least: u8) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.unexpected(&format!("nested more than {MAX_DEPTH} deep")));
        }
        self.operand()?;
        loop {
            let (binding, right, operation): (u8, u8, Operation) = match self.peek() {
                Token::Sign('+') => (SUM, SUM + 1, arithmetic::add),
                Token::Sign('-') => (SUM, SUM + 1, arithmetic::sub),
                Token::Sign('*') => (PRODUCT, PRODUCT + 1, arithmetic::mul),
                Token::Sign('/') => (PRODUCT, PRODUCT + 1, arithmetic::div),
                Token::Sign('%') => (PRODUCT, PRODUCT + 1, arithmetic::rem),
                // Powers group from the right: 2^3^2 is 2^9.
                Token::Sign('^') => (POWER, POWER, power::pow),
                Token::Sign('!') => {
                    let (_, span) = self.take();
                    self.apply(combinations::factorial, 1, span);
                    continue;
                }
                _ => break,
            };
            if binding < least {
                break;
            }
            let (_, span) = self.take();
            self.expression(right)?;
            self.apply(operation, 2, span);
        }
        self.depth -= 1;
        Ok(())
    }

    fn operand(&mut self) -> Result<(), Fault> {
        match self.peek().clone() {
            Token::Number(number) => {
                let (_, span) = self.take();
                self.steps.push(Step::Push(number, span));
                Ok(())
            }
            Token::Sign('(') => {
                let (_, open) = self.take();
                self.expression(0)?;
                self.close(open)
            }
            Token::Sign('-') => {
                let (_, span) = self.take();
                self.expression(SIGN)?;
                self.apply(arithmetic::neg, 1, span);
                Ok(())
            }
            Token::Sign('+') => {
                self.take();
                self.expression(SIGN)
            }
            Token::Name(name) => {
                let (_, span) = self.take();
                self.call(&name, span)
            }
            Token::Sign(_) | Token::End => Err(self.expected("a number, a name, `(` or a sign")),
        }
    }

    fn call(&mut self, name: &str, span: Span) -> Result<(), Fault> {
        let function = function::find(name).map_err(|message| Fault::new(span, message))?;
        let open = self.span();
        let mut arity = 0;
        if self.take_sign('(') && !self.take_sign(')') {
            loop {
                self.expression(0)?;
                arity += 1;
                if !self.take_sign(',') {
                    break;
                }
            }
            self.close(open)?;
        }
        let (least, most) = (function.least, function.most);
        if !(least..=most).contains(&arity) {
            let takes = match (least, most) {
                (0, 0) => "no arguments".to_string(),
                (1, 1) => "1 argument".to_string(),
                (_, usize::MAX) => format!("{least} or more arguments"),
                _ if least == most => format!("{least} arguments"),
                _ => format!("{least} to {most} arguments"),
            };
            let message = format!("`{name}` takes {takes} in parentheses, got {arity}");
            return Err(Fault::new(span, message));
        }
        self.apply(function.operation, arity, span);
        Ok(())
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
            Token::Name(_) => "a name; is a `*` missing?".to_string(),
            Token::Number(_) => "a number".to_string(),
        };
        self.unexpected(&format!("expected {what}, found {found}"))
    }

    fn unexpected(&self, message: &str) -> Fault {
        Fault::new(self.span(), message)
    }
}
