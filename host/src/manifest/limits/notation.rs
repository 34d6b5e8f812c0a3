//! A number with a unit, as one text: reading it, guessing what a slip means, writing it.
//!
//! The units themselves are not known here.

/// A text that is not a size or not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct UnitError {
    expected: &'static str,
    suggestion: Option<String>,
}

/// The units of one measure.
pub(crate) struct Notation {
    /// The expected form, with an example and all units.
    pub(crate) expected: &'static str,
    /// The largest first; the last is worth 1.
    pub(crate) units: &'static [NotationUnit],
}

/// One unit.
pub(crate) struct NotationUnit {
    pub(crate) name: &'static str,
    pub(crate) worth: u64,
    /// The spellings that people use for it, in lower case.
    pub(crate) slips: &'static [&'static str],
}

impl Notation {
    /// Reads a number, at most one space, a unit. A number that is too large for any limit becomes
    /// the largest number there is, so that the limit's own check refuses it.
    pub(crate) fn parse(&self, text: &str) -> Result<u64, UnitError> {
        let wrong = || UnitError { expected: self.expected, suggestion: self.suggest(text) };
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, name) = text.split_at(digits);
        let name = name.strip_prefix(' ').unwrap_or(name);
        let unit = self.units.iter().find(|unit| unit.name == name).ok_or_else(wrong)?;
        if count.is_empty() {
            return Err(wrong());
        }
        Ok(count.parse().unwrap_or(u64::MAX).saturating_mul(unit.worth))
    }

    /// `text` written correctly, if it is a number with something like a unit.
    pub(crate) fn suggest(&self, text: &str) -> Option<String> {
        let text = text.trim().to_lowercase();
        let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let name = text[number.len()..].trim();
        let unit = self.units.iter().find(|unit| unit.slips.contains(&name))?;
        let amount = number.replace('_', "").parse::<f64>().ok()? * unit.worth as f64;
        // Beyond 2^53 a float no longer holds every whole number.
        let whole = amount.fract() == 0.0 && (0.0..9e15).contains(&amount);
        whole.then(|| self.split(amount as u64)).map(|(count, name)| format!("{count}{name}"))
    }

    /// `amount` in the largest unit that divides it.
    pub(crate) fn split(&self, amount: u64) -> (u64, &'static str) {
        let smallest = &self.units[self.units.len() - 1];
        let fits = |unit: &&NotationUnit| amount >= unit.worth && amount.is_multiple_of(unit.worth);
        let unit = self.units.iter().find(fits).unwrap_or(smallest);
        (amount / unit.worth, unit.name)
    }
}

impl UnitError {
    /// Returns the expected form: `a size such as "64MiB" (B, KiB, MiB, GiB)`.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }

    /// Returns the most likely meaning of the text, written correctly.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

/// A whole number as TOML groups it: `1_000_000`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}
