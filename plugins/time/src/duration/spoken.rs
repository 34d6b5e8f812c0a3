//! Durations as people say them: `1.5 days`, `3 days and 2 hours`, `a quarter`, `twenty-five minutes ago`.

use super::number::{ONE, digits, number};
use super::sum::{Sum, Unit};
use crate::decimal::decimal;
use jiff::Span;

/// The half of one, in billionths.
const HALF: i128 = ONE / 2;

/// Forward or back in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Direction {
    Later,
    Earlier,
}

impl Direction {
    pub fn sign(self) -> i8 {
        match self {
            Direction::Later => 1,
            Direction::Earlier => -1,
        }
    }
}

/// The direction of a text in lower case, and the text without the word that says so. `None` if several do.
pub fn directed(lower: &str) -> Option<(Direction, &str)> {
    use Direction::{Earlier, Later};
    let starts = [
        ("in ", Later),
        ("plus ", Later),
        ("+", Later),
        ("minus ", Earlier),
        ("-", Earlier),
        ("\u{2212}", Earlier),
    ];
    let ends = [
        (" ago", Earlier),
        (" earlier", Earlier),
        (" before", Earlier),
        (" later", Later),
        (" after", Later),
    ];
    let front = starts.iter().find_map(|(word, way)| Some((*way, lower.strip_prefix(word)?)));
    let back = ends.iter().find_map(|(word, way)| Some((*way, lower.strip_suffix(word)?)));
    match (front, back) {
        (Some(_), Some(_)) => None,
        (Some((way, text)), None) | (None, Some((way, text))) => Some((way, text.trim())),
        (None, None) => Some((Later, lower)),
    }
}

/// The duration that words in lower case say.
pub fn parse(text: &str) -> Result<Span, String> {
    let lower = text.replace(',', " , ");
    let (way, body) = directed(lower.trim()).ok_or("its direction is said twice")?;
    let sign = i128::from(way.sign());
    let words: Vec<&str> = body.split_whitespace().collect();
    let (mut sum, mut rest) = (Sum::default(), &words[..]);
    loop {
        rest = part(rest, sign, &mut sum)?;
        rest = match rest {
            [] => return sum.span(),
            [",", "and", behind @ ..] | ["," | "and", behind @ ..] => behind,
            rest => rest,
        };
    }
}

/// A number of units, and the words behind them.
type Counted<'a> = (i128, &'a str, &'a [&'a str]);

/// Adds the first part of a duration, such as `2 hours` or `an hour and a half`, and gives the words behind it.
fn part<'a>(words: &'a [&'a str], sign: i128, sum: &mut Sum) -> Result<&'a [&'a str], String> {
    if let [word, after @ ..] = words
        && let Some((number, unit, smaller)) = clock(word)
        && let (Some(count), Some(unit), Some(more)) =
            (decimal(number, 9), Unit::of(unit), decimal(smaller.0, 9))
    {
        sum.add(sign * count, unit)?;
        sum.add(sign * more, smaller.1)?;
        return Ok(after);
    }
    let (mut count, name, mut after) = counted(words).ok_or_else(|| no_count(words))?;
    let mut unit =
        Unit::of(name).ok_or_else(|| format!("`{name}` is no unit of time that is known here"))?;
    if name == "quarter" && count != ONE {
        return Err(
            "`quarter` may be of the year or of an hour; write `quarters`, or in months or minutes"
                .to_string(),
        );
    }
    if let (Unit::Months(3), ["of", "a" | "an", whole, behind @ ..]) = (unit, after) {
        let whole = Unit::of(whole)
            .ok_or_else(|| format!("`{whole}` is no unit of time that is known here"))?;
        (count, unit, after) = (count / 4, whole, behind);
    } else if unit == Unit::Months(3) && sum.is_short() {
        return Err(UNCLEAR_QUARTER.to_string());
    }
    if let [",", "and", behind @ ..] | ["and", behind @ ..] = after {
        let of_unit = fraction(behind).filter(|(_, behind)| {
            behind.first().is_none_or(|word| *word != "of" && Unit::of(word).is_none())
        });
        if let Some((more, behind)) = of_unit {
            (count, after) = (count + more, behind);
        } else if let ["1" | "2" | "3", "quarter" | "quarters", behind @ ..] = behind
            && !matches!(unit, Unit::Months(_))
            && behind.first() != Some(&"of")
        {
            return Err(UNCLEAR_QUARTER.to_string());
        }
    }
    sum.add(sign * count, unit)?;
    Ok(after)
}

const UNCLEAR_QUARTER: &str =
    "a quarter in it may be of the year or of the unit before; write it in months or minutes";

/// Says what is wrong where a number of units should stand.
fn no_count(words: &[&str]) -> String {
    match (words, number(words)) {
        ([], _) => "it ends where a number and a unit should stand".to_string(),
        (_, Some((_, []))) => format!("no unit follows `{}`", words.join(" ")),
        ([word, ..], _) => format!("`{word}` is no number that is understood here"),
    }
}

/// The number and the unit that the first words say.
fn counted<'a>(words: &'a [&'a str]) -> Option<Counted<'a>> {
    match words {
        ["half", "a" | "an", unit, after @ ..]
        | ["half", "of", "a" | "an", unit, after @ ..]
        | ["half" | "half-a" | "half-an", unit, after @ ..]
        | ["a", "half", unit, after @ ..] => return Some((HALF, unit, after)),
        ["a" | "an" | "one", "quarter", after @ ..] => {
            let of_unit = after.split_first().filter(|(unit, _)| Unit::of(unit).is_some());
            return match of_unit {
                Some((unit, after)) => Some((HALF / 2, unit, after)),
                None => Some((ONE, "quarter", after)),
            };
        }
        _ => {}
    }
    if let Some((part, [unit, after @ ..])) = fraction(words)
        && Unit::of(unit).is_some()
    {
        return Some((part, unit, after));
    }
    match number(words) {
        Some((count, ["and", behind @ ..])) => {
            let (more, behind) = fraction(behind)?;
            let (unit, behind) = behind.split_first()?;
            Some((count + more, unit, behind))
        }
        Some((count, [unit, after @ ..])) => Some((count, unit, after)),
        Some((_, [])) => None,
        // `5min`
        None => {
            let (word, after) = words.split_first()?;
            let end = word.find(|c: char| c.is_alphabetic())?;
            Some((digits(&word[..end])?, &word[end..], after))
        }
    }
}

/// The part of one that the first words say, in billionths, and the words behind it.
fn fraction<'a>(words: &'a [&'a str]) -> Option<(i128, &'a [&'a str])> {
    match words {
        ["a" | "an" | "one", "half", behind @ ..] | ["one-half" | "a-half", behind @ ..] => {
            Some((HALF, behind))
        }
        ["a" | "an" | "one", "quarter", behind @ ..]
        | ["a-quarter" | "one-quarter", behind @ ..] => Some((HALF / 2, behind)),
        ["two", "quarters", behind @ ..] => Some((HALF, behind)),
        ["three", "quarters" | "quarter", behind @ ..]
        | ["three-quarters" | "three-quarter", behind @ ..] => Some((HALF / 2 * 3, behind)),
        _ => None,
    }
}

/// The parts of `1h30` and `5m30`: the number behind the unit is of the next smaller one.
fn clock(word: &str) -> Option<(&str, &str, (&str, Unit))> {
    let at = word.find(['h', 'm'])?;
    let (number, unit, behind) = (&word[..at], &word[at..=at], &word[at + 1..]);
    let is_part = behind.len() == 2 && behind.parse::<u8>().is_ok_and(|count| count < 60);
    let is_whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let smaller = Unit::of(if unit == "h" { "m" } else { "s" })?;
    (is_part && is_whole).then_some((number, unit, (behind, smaller)))
}
