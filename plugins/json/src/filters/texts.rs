//! Filters of strings.

use super::{Native, of, text_of};
use crate::value::{Error, Kind, Outcome, Value};
use jaq_core::native::unary;
use jaq_json::Val;

pub fn filters() -> Vec<Native> {
    [ends(), of_characters()].concat()
}

fn ends() -> Vec<Native> {
    vec![
        ("startswith", 1, |cv| {
            unary(cv, |text, part| {
                begins(&text, &part, "startswith", |text, part| text.starts_with(part))
            })
        }),
        ("endswith", 1, |cv| {
            unary(cv, |text, part| {
                begins(&text, &part, "endswith", |text, part| text.ends_with(part))
            })
        }),
        ("ltrimstr", 1, |cv| {
            unary(cv, |text, part| {
                cut(text, &part, "startswith", |text, part| text.strip_prefix(part))
            })
        }),
        ("rtrimstr", 1, |cv| {
            unary(cv, |text, part| {
                cut(text, &part, "endswith", |text, part| text.strip_suffix(part))
            })
        }),
        ("trim", 0, |cv| of(cv, |text| trim(&text, |text| text.trim_matches(char::is_whitespace)))),
        ("ltrim", 0, |cv| {
            of(cv, |text| trim(&text, |text| text.trim_start_matches(char::is_whitespace)))
        }),
        ("rtrim", 0, |cv| {
            of(cv, |text| trim(&text, |text| text.trim_end_matches(char::is_whitespace)))
        }),
    ]
}

fn of_characters() -> Vec<Native> {
    vec![
        ("split", 1, |cv| {
            unary(cv, |text, separator| match (text.kind(), separator.kind()) {
                (Kind::String, Kind::String) => Ok(text.split(&separator)),
                _ => Err(Error::str("split input and separator must be strings")),
            })
        }),
        ("_strindices", 1, |cv| unary(cv, |text, part| indices(&text, &part))),
        ("explode", 0, |cv| {
            of(cv, |text| match text.as_text() {
                Some(text) => {
                    Ok(text.chars().map(|c| Value::from(u32::from(c) as usize)).collect())
                }
                None => Err(text.error("cannot be exploded, as it is not a string")),
            })
        }),
        ("implode", 0, |cv| of(cv, |codes| implode(&codes))),
        ("ascii_downcase", 0, |cv| of(cv, |text| recased(&text, str::to_ascii_lowercase))),
        ("ascii_upcase", 0, |cv| of(cv, |text| recased(&text, str::to_ascii_uppercase))),
        ("utf8bytelength", 0, |cv| {
            of(cv, |text| {
                text_of(&text, "only strings have UTF-8 byte length")
                    .map(|text| Value::from(text.len()))
            })
        }),
    ]
}

fn both<'a>(text: &'a Value, part: &'a Value, name: &str) -> Outcome<(&'a str, &'a str)> {
    match (text.as_text(), part.as_text()) {
        (Some(text), Some(part)) => Ok((text, part)),
        _ => Err(Error::str(format_args!("{name}() requires string inputs"))),
    }
}

fn begins(text: &Value, part: &Value, name: &str, is: fn(&str, &str) -> bool) -> Outcome {
    both(text, part, name).map(|(text, part)| Value::from(is(text, part)))
}

fn cut(
    text: Value,
    part: &Value,
    name: &str,
    strip: for<'a> fn(&'a str, &str) -> Option<&'a str>,
) -> Outcome {
    let (whole, part) = both(&text, part, name)?;
    Ok(strip(whole, part).map_or_else(|| text.clone(), Value::from))
}

fn trim(text: &Value, cut: fn(&str) -> &str) -> Outcome {
    let text = text.as_text().ok_or_else(|| Error::str("trim input must be a string"))?;
    Ok(Value::from(cut(text)))
}

fn recased(text: &Value, recase: fn(&str) -> String) -> Outcome {
    text_of(text, "cannot be exploded, as it is not a string").map(|text| Value::from(recase(text)))
}

/// The places where `part` begins in `text`, in characters.
fn indices(text: &Value, part: &Value) -> Outcome {
    let whole = text_of(text, "cannot be searched, as it is not a string")?;
    let part = text_of(part, "is not a string")?;
    if part.is_empty() {
        return Ok(Value::null());
    }
    let starts = whole.char_indices().enumerate();
    Ok(starts
        .filter(|(_, (at, _))| whole[*at..].starts_with(part))
        .map(|(index, _)| Value::from(index))
        .collect())
}

fn implode(codes: &Value) -> Outcome {
    let codes = codes.as_items().ok_or_else(|| Error::str("implode input must be an array"))?;
    let character = |code: &Val| match Value(code.clone()).as_number() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        Some(number) if !number.is_nan() => Ok(if number < 0.0 {
            char::REPLACEMENT_CHARACTER
        } else {
            char::from_u32(number as u32).unwrap_or(char::REPLACEMENT_CHARACTER)
        }),
        _ => {
            Err(Value(code.clone())
                .error("can't be imploded, unicode codepoint needs to be numeric"))
        }
    };
    Ok(Value::from(codes.iter().map(character).collect::<Outcome<String>>()?))
}
