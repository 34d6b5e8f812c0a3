//! A limit's value: a number, a size or a duration, inside the limit's range.
//!
//! The ranges themselves are not known here.

use toml::de::DeValue;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section;
use super::super::syntax::table::{SpannedValue, wrong};
use super::notation::{Notation, UnitError, grouped};
use super::rate::{EXPECTED_RATE, RATE, Rate, RateError, suggest};
use super::rules::{LimitRule, Measure, RESULT_CACHE_RULE};
use super::units::{Bytes, SIZE_NOTATION, TIMES, parse_duration};

/// The amount that `value` gives to the limit.
pub(crate) fn read(
    section: Section,
    rule: &LimitRule,
    value: SpannedValue<'_>,
) -> Result<u64, Diagnostic> {
    let place = section.place(rule.key);
    let (amount, written) = match (rule.measure, value.get_ref()) {
        (Measure::Count | Measure::Size, DeValue::Integer(number)) => {
            // Negative and beyond 64 bits: outside of every range.
            (u64::from_str_radix(number.as_str(), number.radix()).ok(), number.to_string())
        }
        (Measure::Size, DeValue::String(text)) => {
            let size: Bytes = text.parse().map_err(|error| misspelt(&place, value, &error))?;
            (Some(size.get()), text.to_string())
        }
        (Measure::Time, DeValue::String(text)) => {
            let time = parse_duration(text).map_err(|error| misspelt(&place, value, &error))?;
            (u64::try_from(time.as_millis()).ok(), text.to_string())
        }
        (Measure::Count, found) => return Err(no_count(&place, rule, value, found)),
        (Measure::Size, found) => return Err(no_unit(&place, value, found, &SIZE_NOTATION)),
        (Measure::Time, found) => return Err(no_unit(&place, value, found, &TIMES)),
    };
    let allowed = amount.filter(|amount| (rule.min..=rule.max).contains(amount));
    allowed.ok_or_else(|| outside(section, rule, value, &written))
}

fn outside(
    section: Section,
    rule: &LimitRule,
    value: SpannedValue<'_>,
    written: &str,
) -> Diagnostic {
    let [min, default, max] = [rule.min, rule.default, rule.max].map(|amount| rule.show(amount));
    let place = section.place(rule.key);
    let message = format!("{place}: expected {min} to {max}, found {}", quote(written));
    Diagnostic::new(value.span(), message).help(match section {
        Section::PolicyLimits => format!(
            "it is the most that a manifest may ask for of {}; without the key that is {max}",
            rule.about
        ),
        Section::Tool => format!("it says {}; without the key none is", rule.about),
        Section::Policy | Section::Serve if rule.key != RESULT_CACHE_RULE.key => {
            format!("it limits {}; without the key there is no such limit", rule.about)
        }
        _ => format!("it limits {}; without the key it is {default}", rule.about),
    })
}

fn misspelt(place: &str, value: SpannedValue<'_>, error: &UnitError) -> Diagnostic {
    let suggestion = error.suggestion().map(|text| format!("did you mean \"{text}\"?"));
    wrong(place, error.expected(), value).maybe_help(suggestion)
}

fn no_unit(
    place: &str,
    value: SpannedValue<'_>,
    found: &DeValue<'_>,
    notation: &Notation,
) -> Diagnostic {
    let suggestion = match found {
        DeValue::Integer(number) => notation.suggest(&number.to_string()),
        DeValue::Float(number) => notation.suggest(number.as_str()),
        _ => None,
    };
    let help = suggestion.map(|text| format!("did you mean \"{text}\"?"));
    wrong(place, notation.expected, value).maybe_help(help)
}

fn no_count(
    place: &str,
    rule: &LimitRule,
    value: SpannedValue<'_>,
    found: &DeValue<'_>,
) -> Diagnostic {
    let number = match found {
        DeValue::String(text) => text.replace(['_', ',', ' '], "").parse::<f64>().ok(),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
        _ => None,
    };
    // Beyond 2^53 a float no longer holds every whole number.
    let whole = number.filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number));
    let help = whole.map(|number| format!("did you mean {}?", grouped(number as u64)));
    let expected = format!("a whole number such as {}", grouped(rule.default));
    wrong(place, &expected, value).maybe_help(help)
}

/// The rate of `value` in `section`, which stands under `key`, if there is one.
pub(crate) fn rate(
    section: Section,
    key: &str,
    value: Option<SpannedValue<'_>>,
) -> Result<Option<Rate>, Diagnostic> {
    let Some(value) = value else { return Ok(None) };
    let place = section.place(key);
    let DeValue::String(text) = value.get_ref() else {
        let help = match value.get_ref() {
            DeValue::Integer(number) => suggest(&format!("{number}/min")),
            _ => None,
        };
        return Err(wrong(&place, EXPECTED_RATE, value).maybe_help(help));
    };
    text.parse().map(Some).map_err(|error| match error {
        RateError::Form => wrong(&place, EXPECTED_RATE, value).maybe_help(suggest(text)),
        RateError::Range => {
            let message = format!("{place}: {error}, found {}", quote(text));
            Diagnostic::new(value.span(), message)
                .help(format!("it limits {}; without the key there is no such limit", RATE.about))
        }
    })
}
