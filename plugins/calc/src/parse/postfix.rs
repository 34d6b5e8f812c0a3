//! Signs that stand after a value: `!`, the percent sign, and units.

use super::{POWER, Parser, Step};
use crate::arithmetic;
use crate::combinations;
use crate::fault::{Fault, Span};
use crate::kind::{self, Kind};
use crate::power;
use crate::token::Token;
use crate::unit::{self, Dimension, Unit};
use dashu_int::UBig;
use dashu_ratio::RBig;

impl Parser<'_> {
    /// Takes one sign or unit after a value, and gives what the value is then.
    pub(super) fn postfix(&mut self, kind: &Kind, least: u8) -> Result<Option<Kind>, Fault> {
        if self.is_factor() {
            return self.factor(kind).map(Some);
        }
        match self.peek().clone() {
            Token::Raised(exponent) => self.above(kind, exponent).map(Some),
            Token::Sign('!') => {
                let (_, span) = self.take();
                if *self.peek() == Token::Sign('!') {
                    let span = Span { end: self.span().end, ..span };
                    return Err(Fault::new(
                        span,
                        "`!!` may be the double factorial or the factorial of a factorial; write (3!)! for the latter, \
                         and the double factorial as its product, 5 * 3 * 1",
                    ));
                }
                self.apply(combinations::factorial, 1, span);
                self.plain(kind, "`!`", span).map(Some)
            }
            Token::Sign('%') if self.is_percent()? => {
                let (_, span) = self.take();
                self.steps.push(Step::Push(RBig::from(UBig::from(100u8)), span));
                self.apply(arithmetic::div, 2, span);
                self.plain(kind, "`%`", span)?;
                Ok(Some(Kind::Percent))
            }
            // In `10^3 m` the unit is that of the power.
            Token::Name(name) if least < POWER && !self.is_conversion(kind) => {
                match unit::find(&name) {
                    Some(unit) => self.with_unit(kind, unit).map(Some),
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// Raises the value to a power written above the line.
    fn above(&mut self, kind: &Kind, exponent: RBig) -> Result<Kind, Fault> {
        let (_, span) = self.take();
        let whole = i32::try_from(exponent.numerator()).unwrap_or(i32::MAX);
        let raised = kind.dimension().map(|dimension| Kind::Of(dimension.power(whole)));
        self.steps.push(Step::Push(exponent, span));
        self.apply(power::pow, 2, span);
        raised.map_err(|message| Fault::new(span, message))
    }

    fn plain(&self, kind: &Kind, what: &str, span: Span) -> Result<Kind, Fault> {
        if kind.is_plain() {
            return Ok(Kind::PLAIN);
        }
        Err(Fault::new(
            span,
            format!("{what} takes a number without a unit, got one {}", kind.shown()),
        ))
    }

    /// True if the `%` that comes next is a percent sign, and not the remainder. Before a sign only the
    /// spaces tell: `5% + 3` and `5 % -3`.
    fn is_percent(&self) -> Result<bool, Fault> {
        let (after, place) = self.ahead(1);
        match after {
            Token::Number(_) | Token::Sign('(' | '√' | '∛' | '∜') => Ok(false),
            // In `7 % mod(5, 3)` it is the function.
            Token::Name(name) if self.ahead(2).0 == Token::Sign('(') => {
                Ok(name.eq_ignore_ascii_case("of"))
            }
            Token::Name(name) => Ok(["of", "mod", "to", "in", "as"]
                .iter()
                .any(|word| name.eq_ignore_ascii_case(word))),
            Token::Sign('+' | '-') => {
                let percent = self.span();
                let before = percent.start > self.tokens[self.next - 1].1.end;
                let behind = place.start > percent.end;
                let sign_is_apart = self.ahead(2).1.start > place.end;
                match (before, behind) {
                    (false, _) if self.is_percentage(2) => Ok(true),
                    (false, true) if sign_is_apart => Ok(true),
                    (true, true) if !sign_is_apart => Ok(false),
                    _ => Err(self.unexpected(
                        "this `%` can be percent or the remainder; write a percentage in parentheses, as in (5%) - 3, and the \
                         remainder with mod, as in 5 mod (-3)",
                    )),
                }
            }
            Token::Sign(_) | Token::Raised(_) | Token::End => Ok(true),
        }
    }

    /// True if a percentage stands so many tokens ahead: of a remainder, nobody takes one.
    fn is_percentage(&self, ahead: usize) -> bool {
        let is_value =
            |token: &Token| matches!(token, Token::Number(_) | Token::Name(_) | Token::Sign('('));
        matches!(self.ahead(ahead).0, Token::Number(_))
            && self.ahead(ahead + 1).0 == Token::Sign('%')
            && !is_value(&self.ahead(ahead + 2).0)
    }

    /// The value times the unit that comes next. `5 ft 3 in` is a sum.
    fn with_unit(&mut self, kind: &Kind, unit: Unit) -> Result<Kind, Fault> {
        let is_result = self.call_end == Some(self.next);
        let (_, span) = self.take();
        let is_of_turn = unit.pi && unit.dimension == Dimension::ANGLE;
        if is_of_turn && is_result {
            return Err(Fault::new(
                span,
                "this unit of angles stands behind a function's result; write it behind the argument, as in sin(30°), \
                 convert a result with `to deg`, or put the function into parentheses, as in (abs(-30))°",
            ));
        }
        if is_of_turn && self.is_part_of_fraction() {
            return Err(Fault::new(
                span,
                "this unit may be of the fraction or of the number under it; write (1/2)° or 1/(2°)",
            ));
        }
        let is_power = matches!(self.peek(), Token::Sign('^') | Token::Raised(_));
        if unit.zero.is_some() && kind.is_plain() && !is_power {
            return Ok(Kind::Reading(unit));
        }
        let unit = self.difference(unit, span)?;
        let unit = self.raised(unit)?;
        let dimension = unit.dimension;
        self.push_unit(unit, span);
        self.apply(arithmetic::mul, 2, span);
        let whole = kind::product(kind, &Kind::Of(dimension), 1);
        let whole = whole.map_err(|message| Fault::new(span, message))?;
        let mut whole = whole;
        while let (Token::Number(number), true) = (self.peek().clone(), kind.is_plain()) {
            whole = self.smaller_part(&whole, number)?;
        }
        Ok(whole)
    }

    /// True if the unit that was taken stands behind two numbers with `/` between, as in `1/2°`.
    fn is_part_of_fraction(&self) -> bool {
        let before = self.next.checked_sub(4).map(|start| &self.tokens[start..self.next - 1]);
        matches!(
            before,
            Some([(Token::Number(_), _), (Token::Sign('/'), _), (Token::Number(_), _)])
        )
    }

    fn smaller_part(&mut self, whole: &Kind, number: RBig) -> Result<Kind, Fault> {
        let (_, span) = self.take();
        self.steps.push(Step::Push(number, span));
        let unit = match self.peek() {
            Token::Name(name) => unit::find(name).filter(|unit| unit.zero.is_none()),
            _ => None,
        };
        let Some(unit) = unit else {
            return Err(Fault::new(span, "expected an operator, or a unit after this number"));
        };
        let (_, name) = self.take();
        if matches!(self.peek(), Token::Sign('^') | Token::Raised(_)) {
            return Err(self.unexpected(
                "this power may be of the last unit or of the whole; write (5 ft 3 in)^2 for that of the whole",
            ));
        }
        let part = Kind::Of(unit.dimension);
        self.push_unit(unit, name);
        self.apply(arithmetic::mul, 2, name);
        self.apply(arithmetic::add, 2, name);
        kind::alike(whole, &part).map_err(|message| Fault::new(name, message))
    }

    /// A unit where a value stands is one of it.
    pub(super) fn unit_alone(&mut self, unit: Unit, span: Span) -> Result<Kind, Fault> {
        let unit = self.difference(unit, span)?;
        let unit = self.raised(unit)?;
        let kind = Kind::Of(unit.dimension);
        self.push_unit(unit, span);
        Ok(kind)
    }

    /// The unit of a difference where a temperature's unit is a part of another, as in `J/(kg K)` and `W/(m² °C)`.
    fn difference(&self, unit: Unit, span: Span) -> Result<Unit, Fault> {
        let is_letter =
            unit.zero.is_some() && matches!(&self.source[span.start..span.end], "C" | "F");
        if is_letter {
            return Err(Fault::new(
                span,
                "expected a number before a temperature's unit; a difference is written in K",
            ));
        }
        Ok(unit.of_difference())
    }

    /// The unit with the power after it: `5 km^2` and `5 km²` are of square kilometres.
    fn raised(&mut self, unit: Unit) -> Result<Unit, Fault> {
        let (number, span, taken) = match self.peek().clone() {
            Token::Raised(number) => (number, self.span(), 1),
            Token::Sign('^') => {
                let negative = self.ahead(1).0 == Token::Sign('-');
                let (Token::Number(number), span) = self.ahead(1 + usize::from(negative)).clone()
                else {
                    return Err(self.unexpected("expected a whole number after `^` of a unit"));
                };
                (if negative { -number } else { number }, span, 2 + usize::from(negative))
            }
            _ => return Ok(unit),
        };
        let exponent = if number.is_int() { i32::try_from(number.numerator()).ok() } else { None };
        let raised = exponent.and_then(|exponent| unit.raised(exponent));
        let raised = raised.ok_or_else(|| {
            Fault::new(
                span,
                "expected a whole number up to 9 after `^` of a unit of length or the like",
            )
        })?;
        self.next += taken;
        Ok(raised)
    }

    pub(super) fn push_unit(&mut self, unit: Unit, span: Span) {
        self.steps.push(Step::Push(unit.factor, span));
        if unit.pi {
            self.apply(crate::angle::pi, 0, span);
            self.apply(arithmetic::mul, 2, span);
        }
    }
}
