//! Answers of web APIs, read leniently: any field may be absent, null or of another type, and then it is simply not there.
//!
//! What a field means is not known here. Plugins whose data comes from a service share this, so that none of them fails as a
//! whole because one field is not as its documentation says.

mod variants;

use serde_json::Value;
use toolrack_sdk::http::{Error, Response};

pub use variants::{Change, variants};

/// The JSON of one answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer(Value);

/// A place in an answer, where something may stand or nothing. Null is nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a>(Option<&'a Value>);

impl Answer {
    /// The body of a response.
    ///
    /// # Errors
    ///
    /// In words that follow the service and a colon, if it is no JSON or did not arrive.
    pub fn read(response: Response) -> Result<Self, String> {
        let text = response.text().map_err(|error: Error| error.to_string())?;
        Self::parse(&text).map_err(|found| format!("it answers with {found}; try again later"))
    }

    /// The JSON in `text`, or what else it is.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err("an empty body in place of JSON".into());
        }
        if text.starts_with('<') {
            return Err(match title(text) {
                Some(title) => format!("an HTML page in place of JSON, `{title}`"),
                None => "an HTML page in place of JSON".into(),
            });
        }
        serde_json::from_str(text).map(Self).map_err(|error| {
            let start: String = text.chars().take(60).collect();
            format!("what is not JSON ({error}), beginning with {start:?}")
        })
    }

    /// The whole.
    #[must_use]
    pub fn root(&self) -> Field<'_> {
        Field(Some(&self.0).filter(|value| !value.is_null()))
    }

    /// The value at `path`: names of members, with dots between them.
    #[must_use]
    pub fn at(&self, path: &str) -> Field<'_> {
        self.root().at(path)
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl<'a> Field<'a> {
    /// The place below it at `path`: names of members, with dots between them.
    #[must_use]
    pub fn at(self, path: &str) -> Self {
        let mut steps = path.split('.');
        let found = self.0.and_then(|value| steps.try_fold(value, |value, name| value.get(name)));
        Self(found.filter(|value| !value.is_null()))
    }

    /// True if anything stands there.
    #[must_use]
    pub fn exists(self) -> bool {
        self.0.is_some()
    }

    /// The text there, unless it is empty; a number as it is written.
    #[must_use]
    pub fn text(self) -> Option<String> {
        match self.0? {
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The number there, also where it stands in a text.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        let number = match self.0? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number: &f64| number.is_finite())
    }

    /// The integer there, also where it is written as `1.0` or stands in a text.
    #[must_use]
    pub fn integer(self) -> Option<i64> {
        /// From here on, floats skip integers.
        const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
        let exact = match self.0? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let whole = || self.number().filter(|number| number.fract() == 0.0);
        #[allow(clippy::cast_possible_truncation, reason = "it is whole, and exact")]
        exact.or_else(|| {
            whole().filter(|number| number.abs() <= MAX_EXACT).map(|number| number as i64)
        })
    }

    /// The count there: an integer that is not negative.
    #[must_use]
    pub fn count(self) -> Option<u64> {
        self.integer()?.try_into().ok()
    }

    /// The switch there, also where it is written as 0 or 1 or stands in a text.
    #[must_use]
    pub fn flag(self) -> Option<bool> {
        match self.0? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text == "true" || text == "false" => Some(text == "true"),
            _ => match self.integer()? {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            },
        }
    }

    /// The items of the list there, nulls too, so that lists stay side by side; none where there is no list.
    pub fn items(self) -> impl Iterator<Item = Field<'a>> {
        let items = self.0.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().map(|item| Field(Some(item).filter(|item| !item.is_null())))
    }

    /// The item at `index` of the list there.
    #[must_use]
    pub fn item(self, index: usize) -> Self {
        Self(self.0.and_then(|list| list.get(index)).filter(|item| !item.is_null()))
    }

    /// True if a list stands there.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.0.is_some_and(Value::is_array)
    }

    /// True if an object stands there.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.0.is_some_and(Value::is_object)
    }
}

/// The title of an HTML page.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let length = lower.get(start..)?.find('<')?;
    let title = page.get(start..start + length)?.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(title.chars().take(80).collect::<String>()).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_what_it_is_read_as_or_nothing() {
        let answer = Answer::from(json!({
            "a": { "b": "text", "blank": " ", "null": null },
            "whole": 3.0, "large": 9_007_199_254_740_993_i64, "part": 1.5, "said": "7", "minus": -1,
            "on": true, "one": 1, "off": "false", "list": [1, null, "x"],
        }));
        let at = |path| answer.at(path);
        assert_eq!(at("a.b").text().as_deref(), Some("text"));
        assert_eq!(at("said").text().as_deref(), Some("7"));
        for path in ["a.blank", "a.null", "a.b.c", "none", "a", "list", "on"] {
            assert_eq!(at(path).text(), None, "{path}");
        }
        assert_eq!((at("whole").integer(), at("said").integer()), (Some(3), Some(7)));
        assert_eq!(at("large").integer(), Some(9_007_199_254_740_993));
        assert_eq!((at("part").integer(), at("part").number()), (None, Some(1.5)));
        assert_eq!((at("minus").count(), at("minus").integer()), (None, Some(-1)));
        assert_eq!(
            (at("on").flag(), at("one").flag(), at("off").flag()),
            (Some(true), Some(true), Some(false))
        );
        assert_eq!(at("a.b").flag(), None);
        assert_eq!(
            at("list").items().map(Field::integer).collect::<Vec<_>>(),
            [Some(1), None, None]
        );
        assert_eq!((at("list").item(0).integer(), at("list").item(9).exists()), (Some(1), false));
        assert!(!at("a.null").exists() && at("a").is_object() && at("list").is_list());
        assert_eq!(at("a").items().count(), 0);
        assert!(!Answer::default().root().exists());
    }

    #[test]
    fn a_body_that_is_no_json_says_what_it_is() {
        let check = |body: &str, expected: &str| {
            let told = Answer::read(Response::new(200, body)).expect_err(body);
            assert!(told.starts_with(&format!("it answers with {expected}")), "{told}");
        };
        check("", "an empty body in place of JSON");
        check(" \n", "an empty body");
        check("<!DOCTYPE html><Title>Log\n in</title>", "an HTML page in place of JSON, `Log in`");
        check("<html>", "an HTML page in place of JSON");
        check("<title", "an HTML page");
        check("{\"a\":", "what is not JSON (EOF");
        check("oops é", "what is not JSON (");
        assert!(Answer::read(Response::new(200, "\u{feff}{}")).is_ok());
    }
}
