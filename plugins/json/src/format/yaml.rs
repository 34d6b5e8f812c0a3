//! YAML 1.2 with its core schema: `no`, `on` and `yes` are texts. Merge keys (`<<`) are those of YAML 1.1.

use super::{Fault, MAX_DEPTH, int, text};
use jaq_json::{Map, Num, Val};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use std::borrow::Cow;
use std::collections::HashMap;

/// Reads the documents of `source`, each a value. A tag of an application (`!Ref`) leaves its value as it is.
pub fn read(source: &str) -> Result<Vec<Val>, Fault> {
    let (parser, anchors) = (Parser::new_from_str(source), HashMap::new());
    let mut reader = Reader { source, parser, anchors, depth: 0 };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            (Event::DocumentStart(_), _) => {
                let first = reader.next()?;
                documents.push(reader.node(first)?);
            }
            (Event::StreamEnd, _) => return Ok(documents),
            _ => {}
        }
    }
}

struct Reader<'a> {
    source: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Val>,
    depth: usize,
}

type Found<'a> = (Event<'a>, Span);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Found<'a>, Fault> {
        match self.parser.next_event() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => Err(self.refused(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn refused(&self, error: &ScanError) -> Fault {
        self.fault(*error.marker(), error.info())
    }

    fn fault(&self, at: Marker, message: impl Into<String>) -> Fault {
        let at = self.source.char_indices().nth(at.index()).map_or(self.source.len(), |(at, _)| at);
        Fault { at: Some(at), message: message.into() }
    }

    /// The value that begins with `first`.
    fn node(&mut self, first: Found<'a>) -> Result<Val, Fault> {
        let (event, span) = first;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault(span.start, format!("nested more than {MAX_DEPTH} deep")));
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar(text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(anchor, _) => (self.sequence()?, anchor),
            Event::MappingStart(anchor, _) => (self.mapping()?, anchor),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                (
                    known.ok_or_else(|| {
                        self.fault(span.start, "the anchor is not defined before")
                    })?,
                    0,
                )
            }
            _ => return Err(self.fault(span.start, "there is no value")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        self.depth -= 1;
        Ok(value)
    }

    fn sequence(&mut self) -> Result<Val, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Val::Arr(items.into())),
                first => items.push(self.node(first)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Val, Fault> {
        let (mut entries, mut merged) = (Map::default(), Vec::new());
        loop {
            let (event, span) = self.next()?;
            if let Event::MappingEnd = event {
                break;
            }
            let merges = is_merge(&event);
            let key = self.node((event, span))?;
            let first = self.next()?;
            let value = self.node(first)?;
            if merges {
                merged.extend(self.parents(value, span)?);
            } else if entries.insert(text(written(&key)), value).is_some() {
                let message = format!("the key `{}` stands twice", written(&key));
                return Err(self.fault(span.start, message));
            }
        }
        for (key, value) in merged.iter().flat_map(|parent| parent.iter()) {
            entries.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Ok(Val::obj(entries))
    }

    /// The mappings that a merge key names; an earlier one goes before.
    fn parents(&self, value: Val, span: Span) -> Result<Vec<Map>, Fault> {
        let wrong = || self.fault(span.start, "`<<` takes a mapping or a list of mappings");
        let mapping = |value: &Val| match value {
            Val::Obj(entries) => Ok((**entries).clone()),
            _ => Err(wrong()),
        };
        match &value {
            Val::Arr(items) => items.iter().map(mapping).collect(),
            value => Ok(vec![mapping(value)?]),
        }
    }

    fn scalar(
        &self,
        scalar: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Val, Fault> {
        let plain = style == ScalarStyle::Plain;
        let core = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
        let resolved = resolve(&scalar);
        let fits = match (core, &resolved) {
            (Some("str" | "timestamp"), _) => return Ok(text(scalar)),
            (Some("binary"), _) => {
                return Ok(text(scalar.split_whitespace().collect::<String>()));
            }
            (Some("null"), Some(Val::Null)) | (Some("bool"), Some(Val::Bool(_))) => true,
            (Some("int"), Some(Val::Num(number))) => !matches!(number, Num::Dec(_) | Num::Float(_)),
            (Some("float"), Some(Val::Num(_))) => true,
            (Some("null" | "bool" | "int" | "float"), _) => false,
            (Some(_) | None, _) => {
                let unspecific =
                    tag.is_some_and(|tag| format!("{}{}", tag.handle, tag.suffix) == "!");
                let resolved = resolved.filter(|_| plain && !unspecific);
                return Ok(resolved.unwrap_or_else(|| text(scalar)));
            }
        };
        match resolved {
            Some(value) if fits => Ok(value),
            _ => {
                let kind = core.unwrap_or_default();
                Err(self.fault(span.start, format!("`{scalar}` is not of the type `!!{kind}`")))
            }
        }
    }
}

fn is_merge(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

/// The text of a key: JSON has no others.
fn written(key: &Val) -> String {
    match key {
        Val::TStr(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        key => key.to_string(),
    }
}

/// The value of plain text that is no string by the core schema.
fn resolve(plain: &str) -> Option<Val> {
    match plain {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Val::Null),
        "true" | "True" | "TRUE" => return Some(Val::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Val::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Some(Val::from(f64::NAN)),
        _ => {}
    }
    let (sign, digits) = match plain.strip_prefix(['+', '-']) {
        Some(rest) if plain.starts_with('-') => ("-", rest),
        Some(rest) => ("", rest),
        None => ("", plain),
    };
    match digits {
        ".inf" | ".Inf" | ".INF" if sign == "-" => return Some(Val::from(f64::NEG_INFINITY)),
        ".inf" | ".Inf" | ".INF" => return Some(Val::from(f64::INFINITY)),
        _ => {}
    }
    let radix = |prefix, radix| {
        let digits = plain.strip_prefix(prefix).filter(|rest| !rest.starts_with('+'))?;
        Num::from_str_radix(digits, radix).filter(|_| !digits.starts_with('-'))
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(Val::Num(number));
    }
    let lower = plain.strip_prefix("0x").map(str::to_ascii_lowercase);
    if let Some(number) = lower.and_then(|digits| Num::from_str_radix(&digits, 16)) {
        return Some(Val::Num(number)).filter(|_| !plain[2..].starts_with(['+', '-']));
    }
    number(sign, digits)
}

/// A decimal number, its digits kept as JSON writes them.
fn number(sign: &str, digits: &str) -> Option<Val> {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent_digits = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    let valid = all_digits(whole)
        && fraction.is_none_or(all_digits)
        && exponent_digits.is_none_or(|digits| !digits.is_empty() && all_digits(digits))
        && !(whole.is_empty() && fraction.is_none_or(str::is_empty));
    if !valid {
        return None;
    }
    if fraction.is_none() && exponent.is_none() {
        return int(&format!("{sign}{whole}"));
    }
    let whole =
        Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    let fraction = fraction.filter(|text| !text.is_empty()).map(|text| format!(".{text}"));
    let exponent = exponent.map(|text| format!("e{text}")).unwrap_or_default();
    let shown = format!("{sign}{whole}{}{exponent}", fraction.unwrap_or_default());
    Some(Val::Num(Num::Dec(shown.into())))
}

/// Writes `value` in block style.
pub fn write(value: &Val) -> Result<String, Fault> {
    let mut out = String::new();
    write_node(&mut out, value, 0);
    Ok(out)
}

fn write_node(out: &mut String, value: &Val, indent: usize) {
    let line = |out: &mut String, indent: usize| {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
    };
    match value {
        Val::Arr(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    line(out, indent);
                }
                out.push_str("- ");
                write_node(out, item, indent + 2);
            }
        }
        Val::Obj(entries) if !entries.is_empty() => {
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    line(out, indent);
                }
                write_text(out, &written(key));
                out.push(':');
                if is_nested(item) {
                    line(out, indent + 2)
                } else {
                    out.push(' ')
                }
                write_node(out, item, indent + 2);
            }
        }
        Val::TStr(bytes) | Val::BStr(bytes) => write_text(out, &String::from_utf8_lossy(bytes)),
        Val::Num(Num::Float(number)) if number.is_nan() => out.push_str(".nan"),
        Val::Num(Num::Float(f64::INFINITY)) => out.push_str(".inf"),
        Val::Num(Num::Float(f64::NEG_INFINITY)) => out.push_str("-.inf"),
        value => out.push_str(&value.to_string()),
    }
}

fn is_nested(value: &Val) -> bool {
    match value {
        Val::Arr(items) => !items.is_empty(),
        Val::Obj(entries) => !entries.is_empty(),
        Val::Null | Val::Bool(_) | Val::Num(_) | Val::BStr(_) | Val::TStr(_) => false,
    }
}

/// Writes a text without quotes where no reader of YAML 1.1 or 1.2 takes it for anything else.
fn write_text(out: &mut String, text: &str) {
    const WORDS: [&str; 10] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan"];
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || "_ ./-".contains(c));
    let word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if first && rest && !word && !text.ends_with(' ') {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\0'..'\u{20}'
            | '\u{7f}'..'\u{a0}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
