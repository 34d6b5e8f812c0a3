//! The filters that begin with `@`.

use super::{Native, of};
use crate::value::{Kind, Outcome, Value};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jaq_json::Val;
use std::fmt::Write;

/// Takes text with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

pub fn filters() -> Vec<Native> {
    vec![
        ("@text", 0, |cv| of(cv, |value| Ok(Value::from(plain(&value))))),
        ("@json", 0, |cv| of(cv, |value| Ok(Value::from(value.to_string())))),
        ("@csv", 0, |cv| {
            of(cv, |row| {
                line(&row, "csv", ",", |text| format!("\"{}\"", text.replace('"', "\"\"")))
            })
        }),
        ("@tsv", 0, |cv| {
            of(cv, |row| {
                line(&row, "tsv", "\t", |text| {
                    text.replace('\\', "\\\\")
                        .replace('\t', "\\t")
                        .replace('\n', "\\n")
                        .replace('\r', "\\r")
                })
            })
        }),
        ("@html", 0, |cv| of(cv, |value| Ok(Value::from(html(&plain(&value)))))),
        ("@uri", 0, |cv| of(cv, |value| Ok(Value::from(uri(&plain(&value)))))),
        ("@urid", 0, |cv| of(cv, |value| decode_uri(&value))),
        ("@sh", 0, |cv| of(cv, |value| shell(&value))),
        ("@base64", 0, |cv| of(cv, |value| Ok(Value::from(BASE64.encode(plain(&value)))))),
        ("@base64d", 0, |cv| of(cv, |value| decode_base64(&value))),
        ("@base32", 0, |cv| of(cv, |value| Ok(Value::from(base32(plain(&value).as_bytes()))))),
        ("@base32d", 0, |cv| of(cv, |value| decode_base32(&value))),
    ]
}

fn plain(value: &Value) -> String {
    value.as_text().map_or_else(|| value.to_string(), str::to_string)
}

fn line(row: &Value, name: &str, separator: &str, quote: fn(&str) -> String) -> Outcome {
    let items = row
        .as_items()
        .ok_or_else(|| row.error(&format!("cannot be {name}-formatted, only an array can be")))?;
    let cell = |item: &Val| {
        let item = Value(item.clone());
        match item.kind() {
            Kind::Null => Ok(String::new()),
            Kind::Number if item.as_number().is_some_and(f64::is_nan) => Ok(String::new()),
            Kind::Boolean | Kind::Number => Ok(item.to_string()),
            Kind::String => Ok(quote(item.as_text().unwrap_or_default())),
            Kind::Array | Kind::Object => Err(item.error(&format!("is not valid in a {name} row"))),
        }
    };
    Ok(Value::from(items.iter().map(cell).collect::<Outcome<Vec<_>>>()?.join(separator)))
}

fn html(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn uri(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decode_uri(value: &Value) -> Outcome {
    let text = plain(value);
    let wrong = || value.error("is not a valid uri encoding");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = after.split_at_checked(2).ok_or_else(wrong)?;
            let digit =
                |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (high, low) =
                (digit(digits[0]).ok_or_else(wrong)?, digit(digits[1]).ok_or_else(wrong)?);
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map(Value::from).map_err(|_| wrong())
}

fn shell(value: &Value) -> Outcome {
    let one = |value: &Value| match value.kind() {
        Kind::String => {
            Ok(format!("'{}'", value.as_text().unwrap_or_default().replace('\'', "'\\''")))
        }
        Kind::Null | Kind::Boolean | Kind::Number => Ok(value.to_string()),
        Kind::Array | Kind::Object => Err(value.error("can not be escaped for shell")),
    };
    let words = match value.as_items() {
        Some(items) => {
            items.iter().map(|item| one(&Value(item.clone()))).collect::<Outcome<Vec<_>>>()?
        }
        None => vec![one(value)?],
    };
    Ok(Value::from(words.join(" ")))
}

fn decode_base64(value: &Value) -> Outcome {
    let text = plain(value);
    let data = text.trim_end_matches('=');
    let wrong = |_| value.error("is not valid base64 data");
    // The last letter alone holds no byte.
    let whole = if data.len() % 4 == 1 {
        &data[..data.len() - data.chars().next_back().map_or(0, char::len_utf8)]
    } else {
        data
    };
    let bytes = BASE64.decode(whole).map_err(wrong)?;
    if whole.len() < data.len() && !bytes.is_empty() {
        return Err(value.error("trailing base64 byte found"));
    }
    if whole.len() < data.len() {
        return Err(value.error("is not valid base64 data"));
    }
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}

fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let letters = (chunk.len() * 8).div_ceil(5);
        for at in 0..8 {
            let index = usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default();
            out.push(if at < letters { char::from(BASE32[index]) } else { '=' });
        }
    }
    out
}

fn decode_base32(value: &Value) -> Outcome {
    let text = plain(value);
    let (mut bits, mut held, mut bytes) = (0u32, 0, Vec::new());
    for letter in text.trim_end_matches('=').bytes() {
        let at = BASE32.iter().position(|known| *known == letter);
        let at = at.ok_or_else(|| value.error("is not valid base32 data"))?;
        bits = bits << 5 | u32::try_from(at).unwrap_or_default();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap_or_default());
        }
    }
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}
