//! Signs that keyboards have no key for: fractions as one character, powers above the line, degrees.

use super::Token;
use crate::fault::{Fault, Span};
use dashu_int::UBig;
use dashu_ratio::RBig;

const FRACTIONS: [(char, u8, u8); 18] = [
    ('½', 1, 2),
    ('⅓', 1, 3),
    ('⅔', 2, 3),
    ('¼', 1, 4),
    ('¾', 3, 4),
    ('⅕', 1, 5),
    ('⅖', 2, 5),
    ('⅗', 3, 5),
    ('⅘', 4, 5),
    ('⅙', 1, 6),
    ('⅚', 5, 6),
    ('⅐', 1, 7),
    ('⅛', 1, 8),
    ('⅜', 3, 8),
    ('⅝', 5, 8),
    ('⅞', 7, 8),
    ('⅑', 1, 9),
    ('⅒', 1, 10),
];

/// Most digits of a power above the line.
const MAX_RAISED: usize = 9;

/// The fraction that one character stands for.
pub fn fraction(c: char) -> Option<RBig> {
    let (_, over, under) = FRACTIONS.iter().find(|(sign, _, _)| *sign == c)?;
    Some(RBig::from_parts((*over).into(), UBig::from(*under)))
}

/// A whole number and the fraction behind it, such as `1½`.
pub fn mixed(source: &str, whole: RBig, part: RBig, span: Span, end: usize) -> Result<RBig, Fault> {
    let is_whole = source[span.start..span.end].bytes().all(|byte| byte.is_ascii_digit());
    if is_whole {
        return Ok(whole + part);
    }
    let message = "such a fraction stands alone or behind a whole number, as in 1½; write an operator between them";
    Err(Fault::new(Span { end, ..span }, message))
}

/// The power that a text begins with above the line, and its length; `None` in its place if it is no number.
pub fn exponent(rest: &str) -> Option<(Option<RBig>, usize)> {
    let length = rest.find(|c| plain(c).is_none()).unwrap_or(rest.len());
    if length == 0 {
        return None;
    }
    let digits: String = rest[..length].chars().filter_map(plain).collect();
    let number = digits.parse::<i64>().ok().filter(|_| digits.len() <= MAX_RAISED);
    Some((number.map(RBig::from), length))
}

pub fn odd_exponent(start: usize, length: usize) -> Fault {
    let message = format!("expected a whole number of at most {MAX_RAISED} digits above the line");
    Fault::new(Span { start, end: start + length }, message)
}

fn plain(raised: char) -> Option<char> {
    Some(match raised {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴'..='⁹' => char::from_digit(u32::from(raised) - u32::from('⁰'), 10)?,
        '⁻' => '-',
        '⁺' => '+',
        _ => return None,
    })
}

/// The name that a text begins with, and its length. A degree sign is part of one: in `20° C`, too.
pub fn name(rest: &str) -> (Token, usize) {
    let is_word =
        |c: char| (c.is_alphanumeric() || c == '_') && plain(c).is_none() && fraction(c).is_none();
    let mark = if rest.starts_with('°') { '°'.len_utf8() } else { 0 };
    let behind = rest[mark..].trim_start_matches(' ');
    let scale = behind.chars().next().filter(|c| mark > 0 && matches!(c, 'C' | 'F'));
    if let Some(scale) = scale.filter(|_| !behind[1..].starts_with(is_word)) {
        return (Token::Name(format!("°{scale}")), rest.len() - behind.len() + 1);
    }
    let length = rest[mark..].find(|c| !is_word(c)).map_or(rest.len(), |end| mark + end);
    (Token::Name(rest[..length].to_string()), length)
}

/// The call that `10C3` and `5P2` are meant as.
pub fn combination(text: &str) -> Option<String> {
    let (n, k) = text.split_once(['C', 'P'])?;
    let is_count = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let function = if text.contains('C') { "choose" } else { "perm" };
    (is_count(n) && is_count(k)).then(|| format!("{function}({n}, {k})"))
}
