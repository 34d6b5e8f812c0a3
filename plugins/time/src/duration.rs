//! Durations as people and programs write them.

mod iso;
mod number;
mod spoken;
mod sum;

use jiff::Span;

/// Longest text that is looked at: nothing that is a duration is longer.
const MAX_LENGTH: usize = 200;

pub use spoken::{Direction, directed};

/// The duration that `text` names, in words or in ISO 8601.
pub fn parse(text: &str) -> Result<Span, String> {
    let text = text.trim();
    let shown: String = text.chars().take(MAX_LENGTH).collect();
    read(text).map_err(|reason| {
        format!(
            "`{shown}` is not a duration: {reason}; expected for example `3 months`, `1 year 2 days`, \
             `-90 minutes` or `P1Y2M3DT4H`"
        )
    })
}

/// The whole number that a text in lower case is, in digits or words.
pub fn whole(lower: &str) -> Option<i64> {
    let words: Vec<&str> = lower.split_whitespace().collect();
    match number::number(&words)? {
        (count, []) if count % number::ONE == 0 => i64::try_from(count / number::ONE).ok(),
        _ => None,
    }
}

fn read(text: &str) -> Result<Span, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("it is {} bytes long", text.len()));
    }
    if text.is_empty() {
        return Err("it is empty".to_string());
    }
    let is_spoken = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("plus "));
    if !is_spoken && text.trim_start_matches(['-', '+']).starts_with(['P', 'p']) {
        return text.parse().or_else(|_| iso::parse(text));
    }
    if let Some(number) = thousands(text) {
        let plain = number.replace(',', "");
        let point = number.replacen(',', ".", 1);
        let or = if point.contains(',') { String::new() } else { format!(" or `{point}`") };
        return Err(format!(
            "`{number}` may have commas between thousands or a decimal comma; write `{plain}`{or}"
        ));
    }
    if has_bare_m(text) {
        return Err("`M` may be months or minutes; write `months` or `minutes`".to_string());
    }
    let lower = text.to_lowercase();
    lower.parse().or_else(|_| spoken::parse(&lower))
}

/// The first number with three digits behind a comma, which may part thousands. In ISO 8601 it is a decimal comma.
fn thousands(text: &str) -> Option<&str> {
    let numbers = text.split(|c: char| !c.is_ascii_digit() && c != ',');
    let mut numbers = numbers.map(|number| number.trim_matches(','));
    numbers.find(|number| number.split(',').skip(1).any(|digits| digits.len() == 3))
}

/// True if an `M` stands for a unit, and no hours before it tell which.
fn has_bare_m(text: &str) -> bool {
    let letters = |c: char| c.is_alphabetic();
    let mut units = text.split(|c| !letters(c)).filter(|unit| !unit.is_empty());
    let mut before = "";
    units.any(|unit| {
        let is_bare = unit == "M" && !before.eq_ignore_ascii_case("h");
        before = unit;
        is_bare
    })
}

#[cfg(test)]
mod tests;
