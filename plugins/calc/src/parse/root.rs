//! Roots by their signs, and what multiplies without a sign: `2π`, `2√3`. The extent of both is taken only where it is
//! beyond doubt.

use super::{POWER, Parser};
use crate::arithmetic;
use crate::fault::{Fault, Span};
use crate::function::Operation;
use crate::kind::{self, Keeps, Kind};
use crate::root;
use crate::token::Token;
use crate::unit;

/// The degree of the root of a sign.
pub(super) fn degree(sign: char) -> Option<i32> {
    match sign {
        '√' => Some(2),
        '∛' => Some(3),
        '∜' => Some(4),
        _ => None,
    }
}

impl Parser<'_> {
    /// Takes roots and the one value under them.
    pub(super) fn root(&mut self) -> Result<Kind, Fault> {
        let mut roots: Vec<(i32, Span)> = Vec::new();
        while let Token::Sign(sign) = *self.peek()
            && let Some(degree) = degree(sign)
        {
            roots.push((degree, self.take().1));
        }
        if matches!(self.peek(), Token::Sign('-' | '+')) {
            return Err(self.unexpected("expected a number, a name or `(` under the root"));
        }
        let mut kind = self.operand()?;
        self.check_end_of_root()?;
        for (degree, span) in roots.into_iter().rev() {
            kind = kind::value("√", Keeps::Root(degree), &[kind])
                .map_err(|message| Fault::new(span, message))?;
            match degree {
                2 => self.apply(root::sqrt, 1, span),
                3 => self.apply(root::cbrt, 1, span),
                _ => (0..2).for_each(|_| self.apply(root::sqrt, 1, span)),
            }
        }
        Ok(kind)
    }

    /// Fails where it is in doubt whether what follows is under the root.
    fn check_end_of_root(&self) -> Result<(), Fault> {
        let is_unclear = match self.peek() {
            Token::Sign('!' | '%') | Token::Number(_) => true,
            Token::Sign(sign) => degree(*sign).is_some(),
            Token::Name(name) => {
                is_letter(name) || unit::find(name).is_some() && !self.is_conversion(&Kind::PLAIN)
            }
            // A power of a root is the root of the power.
            Token::Raised(_) | Token::End => false,
        };
        if is_unclear {
            return Err(self.unexpected(
                "this may be under the root or not; write the root as sqrt(...), with all that is under it in the parentheses",
            ));
        }
        Ok(())
    }

    /// Takes `π` or a root behind a number, which multiplies it.
    pub(super) fn factor(&mut self, kind: &Kind) -> Result<Kind, Fault> {
        let span = self.span();
        let signs = self.tokens[..self.next - 1].iter().rev();
        let before =
            signs.map(|(token, _)| token).find(|token| !matches!(token, Token::Sign('-' | '+')));
        let is_unclear = match before {
            Some(Token::Sign(sign)) => matches!(sign, '/' | '^' | '%') || degree(*sign).is_some(),
            Some(Token::Name(name)) => name.eq_ignore_ascii_case("mod"),
            _ => false,
        };
        if is_unclear {
            return Err(Fault::new(
                span,
                "this may multiply the number before it or the whole before that; write `*` and parentheses, as in 1/(2*π) or (1/2)*π",
            ));
        }
        let right = self.expression(POWER)?;
        self.apply(arithmetic::mul as Operation, 2, span);
        kind::product(kind, &right, 1).map_err(|message| Fault::new(span, message))
    }

    /// True if what comes next multiplies the number before it.
    pub(super) fn is_factor(&self) -> bool {
        let is_number = self.next > 0 && matches!(self.tokens[self.next - 1].0, Token::Number(_));
        is_number
            && match self.peek() {
                Token::Name(name) => is_letter(name),
                Token::Sign(sign) => degree(*sign).is_some(),
                _ => false,
            }
    }
}

fn is_letter(name: &str) -> bool {
    matches!(name, "π" | "τ")
}
