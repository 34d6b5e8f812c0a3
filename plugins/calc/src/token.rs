//! Splits an expression into numbers, names and signs, each with its place. Numbers are read
//! exactly; how tokens combine is not known here.

mod written;

use crate::bounds::{MAX_BITS, MAX_DIGITS, grouped};
use crate::fault::{Fault, Span};
use dashu_base::BitTest;
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Number(RBig),
    /// A function, a constant, a unit or a word such as `mod`, as it is written.
    Name(String),
    /// An operator, a root, a parenthesis or a comma, in its one plain spelling.
    Sign(char),
    /// A power written above the line: `²`, `⁻³`.
    Raised(RBig),
    End,
}

/// Longest expression that is read: the work of reading stays small beside the sandbox's fuel.
const MAX_LENGTH: usize = 64 * 1024;

/// The tokens of `source`, closed by one `End`.
pub fn tokens(source: &str) -> Result<Vec<(Token, Span)>, Fault> {
    if source.len() > MAX_LENGTH {
        let (length, limit) = (grouped(source.len() as u64), grouped(MAX_LENGTH as u64));
        let message = format!("the expression is {length} bytes long; the limit is {limit}");
        return Err(Fault::new(Span { start: 0, end: 0 }, message));
    }
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(c) = source[start..].chars().next() {
        let rest = &source[start..];
        if c.is_whitespace() {
            start += c.len_utf8();
            continue;
        }
        let (token, length) = if c.is_ascii_digit() || c == '.' {
            let length = number_length(rest);
            (Token::Number(number(&rest[..length], start)?), length)
        } else if let Some(part) = written::fraction(c) {
            let end = start + c.len_utf8();
            let before = found.pop_if(|(token, _)| matches!(token, Token::Number(_)));
            let (number, from) = match before {
                Some((Token::Number(whole), span)) => {
                    (written::mixed(source, whole, part, span, end)?, span.start)
                }
                _ => (part, start),
            };
            start = from;
            (Token::Number(number), end - from)
        } else if let Some((exponent, length)) = written::exponent(rest) {
            (Token::Raised(exponent.ok_or_else(|| written::odd_exponent(start, length))?), length)
        } else if c.is_alphabetic() || c == '_' || c == '°' {
            written::name(rest)
        } else {
            sign(rest, c, start)?
        };
        found.push((token, Span { start, end: start + length }));
        start += length;
    }
    found.push((Token::End, Span { start, end: start }));
    Ok(found)
}

fn sign(rest: &str, c: char, start: usize) -> Result<(Token, usize), Fault> {
    let plain = match c {
        // What programmers type for a power.
        '*' if rest.starts_with("**") => return Ok((Token::Sign('^'), 2)),
        '/' if rest.starts_with("//") => {
            let length = rest.bytes().take_while(|byte| *byte == b'/').count();
            let span = Span { start, end: start + length };
            return Err(Fault::new(
                span,
                "`/` divides, and there is no other sign for it; whole parts are `floor(a / b)`",
            ));
        }
        '+' | '-' | '*' | '/' | '%' | '^' | '!' | '(' | ')' | ',' | '√' | '∛' | '∜' => c,
        '×' | '·' | '⋅' => '*',
        '÷' => '/',
        '−' => '-',
        _ => {
            let message =
                format!("expected a number, a name or one of + - * / % ^ ! ( ) , found `{c}`");
            let end = start + c.len_utf8();
            return Err(Fault::new(Span { start, end }, message));
        }
    };
    Ok((Token::Sign(plain), c.len_utf8()))
}

/// The length of the number that a text begins with: letters and digits run on, so that `12abc` is one bad number and not
/// two odd tokens, and the sign of an exponent belongs to it.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let prefixed = bytes[0] == b'0' && matches!(bytes.get(1), Some(b'x' | b'X'));
    let mut end = 0;
    while let Some(&b) = bytes.get(end) {
        let exponent_sign = end > 0
            && !prefixed
            && matches!(bytes[end - 1], b'e' | b'E')
            && matches!(b, b'+' | b'-')
            && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !(b.is_ascii_alphanumeric() || b == b'.' || b == b'_' || exponent_sign) {
            break;
        }
        end += 1;
    }
    end
}

/// The value of a number in a table of this crate.
pub fn exact(text: &str) -> RBig {
    number(text, 0).expect("a number in a table is one")
}

fn number(text: &str, start: usize) -> Result<RBig, Fault> {
    let span = Span { start, end: start + text.len() };
    let bad = |message: &str| Fault::new(span, message);
    let plain = text.replace('_', "").to_ascii_lowercase();
    for (prefix, radix, what) in [
        ("0x", 16, "expected hexadecimal digits after `0x`"),
        ("0b", 2, "expected binary digits after `0b`"),
        ("0o", 8, "expected octal digits after `0o`"),
    ] {
        if let Some(digits) = plain.strip_prefix(prefix) {
            return Ok(UBig::from_str_radix(digits, radix).map_err(|_| bad(what))?.into());
        }
    }
    if let Some(call) = written::combination(text) {
        return Err(bad(&format!("this is no number; write {call}")));
    }
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, decimals].concat();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad(
            "this is not a number; expected digits as in `12`, `1.5`, `2e-3` or `0xff`, and an \
             operator before any name",
        ));
    }
    let limit = MAX_DIGITS as i64;
    let exponent: i64 = match exponent.parse() {
        Ok(exponent) if (-limit..=limit).contains(&exponent) => exponent,
        _ => {
            let limit = grouped(limit as u64);
            return Err(bad(&format!(
                "expected an exponent between -{limit} and {limit} after `e`"
            )));
        }
    };
    let digits = IBig::from_str_radix(&digits, 10).map_err(|_| bad("this is not a number"))?;
    let shift = exponent - decimals.len() as i64;
    if digits.bit_len() > MAX_BITS || shift.unsigned_abs() > MAX_DIGITS as u64 {
        let limit = grouped(MAX_DIGITS as u64);
        return Err(bad(&format!("expected a number of at most {limit} digits")));
    }
    let power = UBig::from(10u8).pow(shift.unsigned_abs() as usize);
    Ok(if shift < 0 {
        RBig::from_parts(digits, power)
    } else {
        RBig::from(digits * IBig::from(power))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        let check = |source: &str, expected: &str| {
            let (token, _) = tokens(source).unwrap().remove(0);
            let Token::Number(number) = token else { panic!("{source}: {token:?}") };
            assert_eq!(number.to_string(), expected, "{source}");
        };
        check("12", "12");
        check("1_000", "1000");
        check("0.1", "1/10");
        check(".5", "1/2");
        check("5.", "5");
        check("1.5e3", "1500");
        check("2E-3", "1/500");
        check("0xFF", "255");
        check("0xe+1", "14");
        check("0b1011", "11");
        check("0o17", "15");
        check("½", "1/2");
        check("1½", "3/2");
        check("3 ⅓", "10/3");
    }

    #[test]
    fn signs_have_one_spelling() {
        let check = |source: &str, expected: char| {
            assert_eq!(tokens(source).unwrap()[0].0, Token::Sign(expected), "{source}");
        };
        check("**", '^');
        check("×", '*');
        check("÷", '/');
        check("−", '-');
    }

    #[test]
    fn a_bad_token_is_shown_where_it_is() {
        let check = |source: &str, place, part: &str| {
            let fault = tokens(source).unwrap_err();
            assert_eq!((fault.span.start, fault.span.end), place, "{source}");
            assert!(fault.render(source).contains(part), "{}", fault.render(source));
        };
        check("1 + $2", (4, 5), "found `$`");
        check("2pi", (0, 3), "not a number");
        check("1.5½", (0, 5), "behind a whole number");
        check("½½", (0, 4), "behind a whole number");
        check("2⁻", (1, 4), "a whole number");
        check("10C3", (0, 4), "write choose(10, 3)");
        check("5P2", (0, 3), "write perm(5, 2)");
        check("1.2.3", (0, 5), "not a number");
        check("1 + .", (4, 5), "not a number");
        check("0xg1", (0, 4), "hexadecimal");
        check("0b", (0, 2), "binary");
        check("1e1000000", (0, 9), "between -100,000 and 100,000");
        check("1e", (0, 2), "exponent");
        check(&"1".repeat(70_000), (0, 0), "limit is 65,536");
    }
}
