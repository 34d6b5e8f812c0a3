//! Operators between two values.

use super::{POWER, PRODUCT, Parser, SUM, Step};
use crate::arithmetic;
use crate::fault::Fault;
use crate::function::Operation;
use crate::kind::{self, Kind};
use crate::power;
use crate::token::Token;
use crate::unit;

/// An operator, how tightly it binds, and what it computes.
pub(super) struct Infix {
    pub(super) binding: u8,
    /// The least binding strength of its right side.
    right: u8,
    operation: Operation,
    rule: Rule,
}

/// The way in which an operator combines units.
#[derive(Clone, Copy)]
enum Rule {
    /// With what it is where a percentage of the left side is meant.
    Sum(Operation),
    Alike,
    Product,
    Quotient,
    Power,
}

impl Parser<'_> {
    pub(super) fn infix(&self, left: &Kind) -> Option<Infix> {
        let infix =
            |binding, operation, rule| Some(Infix { binding, right: binding + 1, operation, rule });
        match self.peek() {
            Token::Sign('+') => infix(SUM, arithmetic::add, Rule::Sum(arithmetic::raise)),
            Token::Sign('-') => infix(SUM, arithmetic::sub, Rule::Sum(arithmetic::lower)),
            Token::Sign('*') => infix(PRODUCT, arithmetic::mul, Rule::Product),
            Token::Sign('/') => infix(PRODUCT, arithmetic::div, Rule::Quotient),
            Token::Sign('%') => infix(PRODUCT, arithmetic::rem, Rule::Alike),
            Token::Name(name) if name.eq_ignore_ascii_case("mod") => {
                infix(PRODUCT, arithmetic::rem, Rule::Alike)
            }
            Token::Name(name) if name.eq_ignore_ascii_case("of") && *left == Kind::Percent => {
                infix(PRODUCT, arithmetic::mul, Rule::Product)
            }
            // Powers group from the right: 2^3^2 is 2^9.
            Token::Sign('^') => Some(Infix {
                binding: POWER,
                right: POWER,
                operation: power::pow,
                rule: Rule::Power,
            }),
            _ => None,
        }
    }

    /// Takes the operator and its right side.
    pub(super) fn combine(&mut self, left: &Kind, infix: Infix) -> Result<Kind, Fault> {
        if self.is_of_divisor() {
            return Err(self.unexpected(
                "this `/` may be of the unit before it or divide the whole; write the divisor in parentheses, as in 10 km / (5 km/h)",
            ));
        }
        let (_, span) = self.take();
        let first = self.steps.len();
        let right = self.expression(infix.right)?;
        let (kind, operation) = match infix.rule {
            Rule::Sum(of_left) if right == Kind::Percent && *left != Kind::Percent => {
                (left.dimension().map(Kind::Of), of_left)
            }
            Rule::Sum(_) | Rule::Alike => (kind::alike(left, &right), infix.operation),
            Rule::Product => (kind::product(left, &right, 1), infix.operation),
            Rule::Quotient => (kind::product(left, &right, -1), infix.operation),
            Rule::Power => (self.power(left, &right, first), infix.operation),
        };
        self.apply(operation, 2, span);
        kind.map_err(|message| Fault::new(span, message))
    }

    /// True if what comes next is the `/` within the unit of a divisor, as in `10 km / 5 km/h`.
    fn is_of_divisor(&self) -> bool {
        let is_unit =
            |token: &Token| matches!(token, Token::Name(name) if unit::find(name).is_some());
        let place = self.span();
        let (behind, unit_place) = self.ahead(1);
        let mut before = self.tokens[..self.next].iter().rev();
        let last = before.next();
        let is_tight = last.is_some_and(|(_, before)| before.end == place.start)
            && unit_place.start == place.end;
        *self.peek() == Token::Sign('/')
            && is_tight
            && is_unit(behind)
            && last.is_some_and(|(token, _)| is_unit(token))
            && before.next().is_some_and(|(token, _)| matches!(token, Token::Number(_)))
            && before.next().is_some_and(|(token, _)| *token == Token::Sign('/'))
    }

    /// Of a value with a unit, the exponent has to be known: it is that of the unit, too.
    fn power(&self, left: &Kind, right: &Kind, first: usize) -> Result<Kind, String> {
        let exponent = match &self.steps[first..] {
            [Step::Push(number, _)] if number.is_int() => i32::try_from(number.numerator()).ok(),
            [Step::Push(number, _), Step::Apply { arity: 1, .. }] if number.is_int() => {
                i32::try_from(number.numerator()).ok().map(|n| -n)
            }
            _ => None,
        };
        match exponent {
            Some(exponent) if right.is_plain() => Ok(Kind::Of(left.dimension()?.power(exponent))),
            _ if left.is_plain() && right.is_plain() => Ok(Kind::PLAIN),
            _ => Err("the exponent of a value with a unit has to be a whole number".to_string()),
        }
    }
}
