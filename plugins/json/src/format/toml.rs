//! TOML: tables, with dates and times as texts.

use super::{Fault, text};
use jaq_json::{Num, Val};
use toml::{Table, Value};

/// Reads the one table that `source` is.
pub fn read(source: &str) -> Result<Vec<Val>, Fault> {
    let table: Table = source.parse().map_err(|error: toml::de::Error| Fault {
        at: error.span().map(|span| span.start),
        message: error.message().replace('\n', ", "),
    })?;
    Ok(vec![value(Value::Table(table))])
}

fn value(found: Value) -> Val {
    match found {
        Value::String(string) => text(string),
        Value::Integer(number) => Val::Num(Num::from_integral(number)),
        Value::Float(number) => Val::from(number),
        Value::Boolean(is) => Val::from(is),
        Value::Datetime(when) => text(when.to_string()),
        Value::Array(items) => items.into_iter().map(value).collect(),
        Value::Table(table) => {
            Val::obj(table.into_iter().map(|(key, item)| (text(key), value(item))).collect())
        }
    }
}

/// Writes an object as a table.
pub fn write(value: &Val) -> Result<String, Fault> {
    let wrong = |message: String| Fault { at: None, message };
    let Val::Obj(_) = value else {
        return Err(wrong(format!(
            "a TOML text is a table, so it is made of an object, not of {}",
            short(value)
        )));
    };
    let table = told(value, &mut String::new()).map_err(wrong)?;
    toml::to_string_pretty(&table).map_err(|error| wrong(error.to_string()))
}

/// `found` as TOML; `path` says where it stands.
fn told(found: &Val, path: &mut String) -> Result<Value, String> {
    let place = |path: &str| if path.is_empty() { ".".to_string() } else { path.to_string() };
    match found {
        Val::Null => Err(format!(
            "TOML has no null, found at `{}`; take it out with `del({0})`",
            place(path)
        )),
        Val::Bool(is) => Ok(Value::Boolean(*is)),
        Val::Num(number) => number_of(number).ok_or_else(|| {
            format!("TOML's integers end at 64 bits; {number} at `{}` is beyond", place(path))
        }),
        Val::TStr(bytes) | Val::BStr(bytes) => {
            Ok(Value::String(String::from_utf8_lossy(bytes).into_owned()))
        }
        Val::Arr(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| below(item, path, &format!("[{index}]")))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        Val::Obj(entries) => {
            let mut table = Table::new();
            for (key, item) in entries.iter() {
                let step = format!("[{key}]");
                table.insert(super::plain(key), below(item, path, &step)?);
            }
            Ok(Value::Table(table))
        }
    }
}

fn below(found: &Val, path: &mut String, step: &str) -> Result<Value, String> {
    let length = path.len();
    if path.is_empty() {
        path.push('.');
    }
    path.push_str(step);
    let value = told(found, path)?;
    path.truncate(length);
    Ok(value)
}

fn number_of(number: &Num) -> Option<Value> {
    match number {
        Num::Int(_) | Num::BigInt(_) => number.to_string().parse().ok().map(Value::Integer),
        Num::Float(number) => Some(Value::Float(*number)),
        Num::Dec(digits) => digits.parse().ok().map(Value::Float),
    }
}

fn short(value: &Val) -> String {
    value.to_string().chars().take(40).collect()
}
