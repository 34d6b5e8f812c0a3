//! Durations by ISO 8601 whose last part has a fraction, such as `P0.5Y` and `P1.5D`.

use super::sum::{Sum, Unit};
use crate::decimal::decimal;
use jiff::Span;

/// The duration, in which the units come in their order and each once.
pub fn parse(text: &str) -> Result<Span, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut rest = rest.strip_prefix(['P', 'p']).unwrap_or_default();
    let (mut sum, mut order, mut is_whole) = (Sum::default(), "YMWDThms", true);
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix(['T', 't']) {
            order = order.split_once('T').ok_or_else(|| odd(rest))?.1;
            // A `T` with nothing behind it says nothing.
            rest = Some(behind).filter(|behind| !behind.is_empty()).ok_or_else(|| odd("T"))?;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(|| odd(rest))?;
        let (number, behind) = rest.split_at(end);
        let (letter, behind) = behind.split_at(1);
        let count = decimal(&number.replace(',', "."), 9).filter(|count| *count >= 0);
        let (count, unit, later) = count
            .zip(unit(letter, order))
            .map(|(count, (unit, later))| (count, unit, later))
            .filter(|_| is_whole)
            .ok_or_else(|| odd(rest))?;
        sum.add(sign * count, unit)?;
        (order, rest, is_whole) = (later, behind, !number.contains(['.', ',']));
    }
    match text.ends_with(|c: char| c.is_ascii_alphabetic() && !c.eq_ignore_ascii_case(&'P')) {
        true => sum.span(),
        false => Err("nothing follows `P`".to_string()),
    }
}

/// The unit of a letter among those that may still come, and those that may come after it.
fn unit<'a>(letter: &str, order: &'a str) -> Option<(Unit, &'a str)> {
    let letter = match order.contains('T') {
        true => letter.to_ascii_uppercase(),
        false => letter.to_ascii_lowercase(),
    };
    let at = order.find(&*letter).filter(|at| !order[..*at].contains('T'))?;
    let name = match &*letter {
        "M" => "month",
        "m" => "minute",
        other => &other.to_ascii_lowercase(),
    };
    Some((Unit::of(name)?, &order[at + 1..]))
}

fn odd(rest: &str) -> String {
    format!(
        "`{rest}` does not go on with it; ISO 8601 has numbers with Y, M, W, D, and behind a `T` with H, M, S, in this order, \
         the last with a fraction perhaps"
    )
}
