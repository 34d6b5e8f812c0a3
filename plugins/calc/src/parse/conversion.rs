//! The end of an expression: `to` and the unit that the result is wanted in.

use super::{Parser, Step};
use crate::fault::{Fault, Span};
use crate::kind::{self, Kind};
use crate::token::Token;
use crate::unit::{self, Dimension, Unit};
use crate::{angle, arithmetic, rounding};
use dashu_int::UBig;
use dashu_ratio::RBig;

const SLOPE: &str = "a slope is no angle; write tan(5 deg) to %, or atan(10%) to deg";

impl Parser<'_> {
    /// True if `to` comes next, or an `in` or `as` that means it; after a bare number `in` is an inch.
    pub(super) fn is_conversion(&self, kind: &Kind) -> bool {
        let Token::Name(name) = self.peek() else { return false };
        match name.to_ascii_lowercase().as_str() {
            "to" | "as" => true,
            "in" => {
                let bare = self.next > 0
                    && matches!(self.tokens[self.next - 1].0, Token::Number(_) | Token::Sign(')'));
                !(kind.is_plain() && bare) || self.ahead(1).0 == Token::Sign('%')
            }
            _ => false,
        }
    }

    /// Converts the value if that is asked for, and gives the name of its unit.
    pub(super) fn conversion(&mut self, kind: Kind) -> Result<Option<String>, Fault> {
        if !self.is_conversion(&kind) {
            if let Kind::Reading(unit) = &kind {
                self.check_reading(unit);
            }
            let told = kind.dimension().map_or(Dimension::NONE, Dimension::without_angle);
            self.check_turns(&kind, told, self.last())?;
            return Ok(match kind {
                Kind::Of(dimension) => Some(dimension.name()).filter(|name| !name.is_empty()),
                Kind::Percent => None,
                Kind::Reading(_) => Some(self.source[self.last().start..].trim().to_string()),
            });
        }
        let (_, word) = self.take();
        let start = self.span().start;
        match (&kind, self.peek().clone()) {
            (Kind::Reading(from), Token::Name(name)) => match unit::find(&name) {
                Some(to) if to.zero.is_some() => {
                    let (_, span) = self.take();
                    self.check_reading(from);
                    self.on_scale(from, &to, span);
                }
                _ => return Err(self.unexpected("expected °C, °F or K after `to`")),
            },
            (_, Token::Sign('%')) if kind.is_plain() => {
                let (_, span) = self.take();
                self.step(arithmetic::mul, RBig::from(UBig::from(100u8)), span);
            }
            (Kind::Of(angle), Token::Sign('%')) if *angle == Dimension::ANGLE => {
                return Err(self.unexpected(SLOPE));
            }
            _ => self.in_unit(&kind, word)?,
        }
        let end = self.tokens[self.next - 1].1.end;
        Ok(Some(self.source[start..end].to_string()))
    }

    fn in_unit(&mut self, kind: &Kind, word: Span) -> Result<(), Fault> {
        if !matches!(self.peek(), Token::Name(name) if unit::find(name).is_some()) {
            let shown = "expected a unit after `to`, such as km, lb, MiB, m/s, °F or deg";
            return Err(self.unexpected(shown));
        }
        let start = self.next;
        let is_scale = matches!(self.peek(), Token::Name(name) if unit::find(name).is_some_and(|unit| unit.zero.is_some() && !unit.is_absolute()));
        if is_scale {
            let is_difference = kind.dimension() == Ok(Dimension::TEMPERATURE);
            let message = match is_difference {
                true => {
                    "this is reckoned in K; write `to K` here, and convert a reading alone, as in 300 K to °C"
                }
                false => "this is no temperature; °C and °F alone are units of a reading",
            };
            return Err(self.unexpected(message));
        }
        let to = self.expression(0)?;
        self.apply(arithmetic::div, 2, word);
        let dimensions = kind.dimension().and_then(|kind| Ok((kind, to.dimension()?)));
        let (have, want) = dimensions.map_err(|message| Fault::new(word, message))?;
        // Hertz alone are turns: nobody means radians by them, as one may by 1/s.
        if (have, want) == (Dimension::ROTATION, Dimension::FREQUENCY) && self.next == start + 1 {
            // Radians that were divided by 2 pi are turns already.
            if have.are_turns_of_radians() {
                return Ok(());
            }
            self.check_turns(kind, want, word)?;
            self.apply(angle::tau, 0, word);
            self.apply(arithmetic::div, 2, word);
            return Ok(());
        }
        if have.is_bare_rotation() && want == Dimension::FREQUENCY && self.next == start + 1 {
            return Err(Fault::new(
                word,
                "a power by a torque is in radians by the second, and hertz are turns; write `to rpm`, `to turn/s` or `to rad/s` \
                 without a factor of 2 pi",
            ));
        }
        let is_number = *kind != Kind::Percent && have.is_number_of(want);
        if !have.fits(want) && !is_number {
            let advice = match (kind, want) {
                (Kind::Percent, angle) if angle == Dimension::ANGLE => format!("; {SLOPE}"),
                _ => kind::advice(have, want).to_string(),
            };
            let advice = match advice.as_str() {
                "" => "; a fraction of a unit is written (1/2) km",
                advice => advice,
            };
            let message = format!(
                "this cannot be converted: the value is {}, the unit {}{advice}",
                kind.shown(),
                to.shown()
            );
            return Err(Fault::new(word, message));
        }
        self.check_turns(kind, want, word)
    }

    /// Refuses 2 pi beside turns that are radians already: in its place in a formula by the powers of both, and anywhere in an
    /// expression by how it is written.
    fn check_turns(&self, kind: &Kind, want: Dimension, span: Span) -> Result<(), Fault> {
        let loses_turns = matches!(kind, Kind::Of(have) if have.loses_turns(want));
        let checked = match loses_turns && self.has_two_pi() {
            true => Err(kind::PI_TWICE.to_string()),
            false => kind.check_turns(),
        };
        checked.map_err(|message| Fault::new(span, message))
    }

    /// True if the expression has 2 pi in it, as in `2 * pi * 500 N m * 3000 rpm`.
    fn has_two_pi(&self) -> bool {
        let is = |token: &Token, names: [&str; 2]| matches!(token, Token::Name(name) if names.iter().any(|known| name.eq_ignore_ascii_case(known)));
        let two = Token::Number(RBig::from(UBig::from(2u8)));
        self.tokens.iter().enumerate().any(|(place, (token, _))| {
            let is_exponent = place > 0 && self.tokens[place - 1].0 == Token::Sign('^');
            let mut behind = self.tokens[place + 1..].iter().map(|(token, _)| token);
            let behind = behind.find(|token| **token != Token::Sign('*'));
            is(token, ["tau", "τ"])
                || *token == two
                    && !is_exponent
                    && behind.is_some_and(|token| is(token, ["pi", "π"]))
        })
    }

    /// Refuses a temperature below absolute zero when it is known.
    fn check_reading(&mut self, scale: &Unit) {
        let span = self.last();
        let zero = scale.zero.clone().unwrap_or(RBig::ZERO);
        self.step(rounding::possible, -zero, span);
    }

    /// From one temperature scale to another: (x + zero) * factor / factor - zero.
    fn on_scale(&mut self, from: &Unit, to: &Unit, span: Span) {
        let zero = |unit: &Unit| unit.zero.clone().unwrap_or(RBig::ZERO);
        self.step(arithmetic::add, zero(from), span);
        self.step(arithmetic::mul, &from.factor / &to.factor, span);
        self.step(arithmetic::sub, zero(to), span);
    }

    fn step(&mut self, operation: crate::function::Operation, number: RBig, span: Span) {
        self.steps.push(Step::Push(number, span));
        self.apply(operation, 2, span);
    }

    fn last(&self) -> Span {
        self.tokens[self.next.saturating_sub(1)].1
    }
}
