//! TOML values as JSON.

use serde_json::{Map, Number, Value as Json};
use toml::de::DeValue;

use super::error::Diagnostic;
use super::table::{SpannedValue, wrong};

/// `value` as JSON; `place` names it in an error.
pub(crate) fn of(place: &str, value: SpannedValue<'_>) -> Result<Json, Diagnostic> {
    let no_json = |expected| wrong(place, expected, value);
    match value.get_ref() {
        DeValue::String(text) => Ok(Json::from(&**text)),
        DeValue::Boolean(flag) => Ok(Json::from(*flag)),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix());
            whole.map(Json::from).map_err(|_| no_json("a number of at most 64 bits"))
        }
        DeValue::Float(number) => {
            let number: Option<f64> = number.as_str().parse().ok();
            let finite = number.and_then(Number::from_f64);
            finite.map(Json::Number).ok_or_else(|| no_json("a number that JSON has"))
        }
        DeValue::Datetime(_) => Err(no_json("a value that JSON has").help("put it in quotes")),
        DeValue::Array(items) => items.iter().map(|item| of(place, item)).collect(),
        DeValue::Table(table) => {
            let members = table
                .iter()
                .map(|(key, value)| Ok((key.get_ref().clone().into_owned(), of(place, value)?)));
            members.collect::<Result<Map<_, _>, Diagnostic>>().map(Json::Object)
        }
    }
}
