//! Numbers as people write them before a unit: `2.5`, `2 1/2`, `1½`, `twenty-five`, `a hundred and twenty`. They are
//! counted in billionths.

use crate::decimal::decimal;

/// One, in billionths.
pub const ONE: i128 = 1_000_000_000;

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] =
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The number that the first words are, and the words behind it.
pub fn number<'a>(words: &'a [&'a str]) -> Option<(i128, &'a [&'a str])> {
    let (first, behind) = words.split_first()?;
    let Some(count) = digits(first) else { return in_words(words) };
    match behind.split_first() {
        // Of `2 1/2 hours`.
        Some((part, behind)) if is_whole(first) => match written_fraction(part) {
            Some(part) => Some((count + part, behind)),
            None => Some((count, &words[1..])),
        },
        _ => Some((count, behind)),
    }
}

/// The number that one word is, in digits.
pub fn digits(word: &str) -> Option<i128> {
    let (whole, sign) = match word.char_indices().next_back() {
        Some((at, last)) if vulgar(last).is_some() => (&word[..at], &word[at..]),
        _ => (word, ""),
    };
    match (whole, sign) {
        ("", sign) => written_fraction(sign),
        (whole, "") if whole.contains('/') => written_fraction(whole),
        (whole, _) if whole.starts_with('-') => None,
        (whole, "") => decimal(whole, 9),
        (whole, sign) if is_whole(whole) => Some(decimal(whole, 9)? + written_fraction(sign)?),
        _ => None,
    }
}

fn is_whole(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// `1/2` and `½`, where billionths can hold it.
fn written_fraction(word: &str) -> Option<i128> {
    let mut chars = word.chars();
    let (over, under) = match (chars.next().and_then(vulgar), chars.next()) {
        (Some(fraction), None) => fraction,
        _ => {
            let (over, under) = word.split_once(['/', '\u{2044}'])?;
            let part = |text: &str| is_whole(text).then(|| text.parse::<i128>().ok()).flatten();
            (part(over)?, part(under)?)
        }
    };
    let is_part = 0 < over && over < under && under <= 1_000;
    (is_part && ONE * over % under == 0).then(|| ONE * over / under)
}

fn vulgar(char: char) -> Option<(i128, i128)> {
    Some(match char {
        '½' => (1, 2),
        '¼' => (1, 4),
        '¾' => (3, 4),
        '⅕' => (1, 5),
        '⅖' => (2, 5),
        '⅗' => (3, 5),
        '⅘' => (4, 5),
        '⅛' => (1, 8),
        '⅜' => (3, 8),
        '⅝' => (5, 8),
        '⅞' => (7, 8),
        _ => return None,
    })
}

/// A whole number below a million in words.
fn in_words<'a>(words: &'a [&'a str]) -> Option<(i128, &'a [&'a str])> {
    let (first, behind) = words.split_first()?;
    let is_article = matches!(*first, "a" | "an");
    let scale = behind.first().copied().filter(|_| is_article);
    if is_article && !matches!(scale, Some("hundred" | "thousand" | "dozen")) {
        return Some((ONE, behind));
    }
    let mut count = Count::default();
    let mut taken = 0;
    if is_article {
        (count.below, count.has_any, taken) = (1, true, 1);
    }
    while let Some(word) = words.get(taken) {
        let is_joined = *word == "and"
            && count.is_round
            && words.get(taken + 1).is_some_and(|next| below_hundred(next).is_some());
        if !is_joined && !count.take(word) {
            break;
        }
        taken += 1;
    }
    count.has_any.then(|| (ONE * (count.thousands + count.below), &words[taken..]))
}

/// The meaning of the words of a number so far.
#[derive(Default)]
struct Count {
    thousands: i128,
    /// The part behind the thousands.
    below: i128,
    has_any: bool,
    /// True if the last word was `hundred` or `thousand`.
    is_round: bool,
}

impl Count {
    /// Takes a word; false if it does not go on with the number.
    fn take(&mut self, word: &str) -> bool {
        let fits = match (word, below_hundred(word)) {
            // Of `twenty five`, or at the start, or behind a hundred.
            (_, Some(unit @ 1..10)) if self.below % 100 >= 20 && self.below % 10 == 0 => {
                self.below += unit;
                true
            }
            (_, Some(count)) if !self.has_any || self.is_round => {
                self.below += count;
                true
            }
            ("hundred", None) if (1..10).contains(&self.below) => {
                self.below *= 100;
                true
            }
            ("thousand", None) if self.thousands == 0 && self.below > 0 => {
                (self.thousands, self.below) = (self.below * 1_000, 0);
                true
            }
            ("dozen", None) if self.thousands == 0 && (1..100).contains(&self.below) => {
                self.below *= 12;
                true
            }
            _ => false,
        };
        if fits {
            self.has_any = true;
            self.is_round = matches!(word, "hundred" | "thousand");
        }
        fits
    }
}

/// `seven`, `seventeen`, `seventy` and `seventy-seven`.
fn below_hundred(word: &str) -> Option<i128> {
    let place = |names: &[&str], word: &str| names.iter().position(|name| *name == word);
    if let Some(count) = place(&SMALL, word) {
        return i128::try_from(count).ok();
    }
    let (ten, unit) = word.split_once('-').unwrap_or((word, ""));
    let tens = i128::try_from(place(&TENS, ten)?).ok()? * 10 + 20;
    match place(&SMALL[..10], unit) {
        None if unit.is_empty() => Some(tens).filter(|_| !word.contains('-')),
        None | Some(0) => None,
        Some(unit) => Some(tens + i128::try_from(unit).ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_said() {
        let check = |text: &str, expected: Option<(i128, &str)>| {
            let words: Vec<&str> = text.split(' ').collect();
            let found = number(&words).map(|(count, rest)| (count, rest.join(" ")));
            let expected =
                expected.map(|(thousandths, rest)| (thousandths * ONE / 1_000, rest.to_string()));
            assert_eq!(found, expected, "{text}");
        };
        check("2.5 h", Some((2_500, "h")));
        check("2 1/2 h", Some((2_500, "h")));
        check("2½ h", Some((2_500, "h")));
        check("2 ¾ h", Some((2_750, "h")));
        check("½ h", Some((500, "h")));
        check("3/8", Some((375, "")));
        check("a day", Some((1_000, "day")));
        check("ninety minutes", Some((90_000, "minutes")));
        check("twenty-five", Some((25_000, "")));
        check("twenty five days", Some((25_000, "days")));
        check("a hundred and twenty days", Some((120_000, "days")));
        check("two hundred fifty-six", Some((256_000, "")));
        check("three thousand and five", Some((3_005_000, "")));
        check("ninety-nine thousand nine hundred and ninety-nine", Some((99_999_000, "")));
        check("a dozen hours", Some((12_000, "hours")));
        check("a hundred and a half", Some((100_000, "and a half")));
        check("one and twenty", Some((1_000, "and twenty")));
        check("one two", Some((1_000, "two")));
        check("twenty eleven", Some((20_000, "eleven")));
        for text in [
            "-2 h",
            "1/3 h",
            "2/1 h",
            "1/0",
            "2.5½",
            "½½",
            "",
            "hundred",
            "and",
            "twenty-",
            "twenty-zero",
            "½2",
            "-½",
            "1//2",
        ] {
            check(text, None);
        }
        check("2.5 1/2", Some((2_500, "1/2")));
    }
}
