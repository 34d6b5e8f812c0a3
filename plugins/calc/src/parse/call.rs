//! Names where a value stands: functions with their arguments, constants, and units on their own as in `km / h`.

use super::Parser;
use crate::fault::{Fault, Span};
use crate::function::{self, Function};
use crate::kind::{self, Kind};
use crate::token::Token;
use crate::unit;

impl Parser<'_> {
    pub(super) fn name(&mut self, name: &str, span: Span) -> Result<Kind, Fault> {
        let called = *self.peek() == Token::Sign('(');
        match (function::known(name), unit::find(name)) {
            (Some(function), _) if called || function.most == 0 => self.call(function, span),
            // `60 / min` is of a minute: the function would have an argument.
            (_, Some(unit)) if called && unit.zero.is_some() => Err(Fault::new(
                span,
                format!("`{name}` is no function; combinations are written choose(n, k)"),
            )),
            (_, Some(unit)) => self.unit_alone(unit, span),
            (Some(function), None) => self.call(function, span),
            (None, None) => match function::find(name) {
                Ok(function) => self.call(function, span),
                Err(message) => Err(Fault::new(span, message)),
            },
        }
    }

    fn call(&mut self, function: &Function, span: Span) -> Result<Kind, Fault> {
        let open = self.span();
        let mut arguments = Vec::new();
        if self.take_sign('(') && !self.take_sign(')') {
            loop {
                arguments.push(self.expression(0)?);
                if !self.take_sign(',') {
                    break;
                }
            }
            self.close(open)?;
        }
        let end = (self.next > 0 && self.tokens[self.next - 1].0 == Token::Sign(')'))
            .then_some(self.next);
        let (least, most, name) = (function.least, function.most, function.name);
        if !(least..=most).contains(&arguments.len()) {
            let takes = match (least, most) {
                (0, 0) => "no arguments".to_string(),
                (1, 1) => "1 argument".to_string(),
                (_, usize::MAX) => format!("{least} or more arguments"),
                _ if least == most => format!("{least} arguments"),
                _ => format!("{least} to {most} arguments"),
            };
            let given = arguments.len();
            let message = format!("`{name}` takes {takes} in parentheses, got {given}");
            return Err(Fault::new(span, message));
        }
        let kind = kind::value(name, function.keeps, &arguments);
        self.apply(function.operation, arguments.len(), span);
        self.call_end = end;
        kind.map_err(|message| Fault::new(span, message))
    }
}
