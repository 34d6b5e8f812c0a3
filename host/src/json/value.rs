//! JSON text read as a value, in one way for guests, files and clients.
//!
//! serde_json's own [`Value`] gives a meaning to some keys (`$serde_json::private::RawValue`) with which text can nest
//! deeper than it is read, and takes the last of two equal keys, where another reader may take the first. Here a key is
//! a key, and an object that has one twice is refused: what is checked is what everybody reads.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The value that `text` stands for. It nests no deeper than 128 levels.
pub(crate) fn value(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).map(|PlainValue(value)| value)
}

/// The members of the object that `raw` is, by their names, each as it was written.
pub(crate) fn members(raw: &RawValue) -> Result<BTreeMap<String, &RawValue>, serde_json::Error> {
    serde_json::from_str(raw.get()).map(|RawMembers(members)| members)
}

/// A change of one value within JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The member is left out.
    Remove,
    /// This JSON takes its place.
    Replace(String),
    /// It becomes the only item of a list.
    Wrap,
    /// Its JSON becomes a string.
    Quote,
}

/// A step from a value into one that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// To the member of this name.
    Member(String),
    /// To the item at this place.
    Item(usize),
}

/// `raw` with the value at `path` changed and everything else as it was written. `None` where there is no such value.
pub(crate) fn edited(raw: &RawValue, path: &[Step], edit: &Edit) -> Option<String> {
    match path {
        [] => match edit {
            Edit::Remove => None,
            Edit::Replace(with) => Some(with.clone()),
            Edit::Wrap => Some(format!("[{}]", raw.get())),
            Edit::Quote => serde_json::to_string(raw.get()).ok(),
        },
        [Step::Member(name), rest @ ..] => {
            let members = members(raw).ok()?;
            let own = *members.get(name)?;
            let is_gone = rest.is_empty() && *edit == Edit::Remove;
            let own = if is_gone { String::new() } else { edited(own, rest, edit)? };
            let kept = members.iter().filter(|(key, _)| !is_gone || *key != name);
            let kept = kept.map(|(key, value)| {
                let value = if key == name { &own } else { value.get() };
                Some(format!("{}:{value}", serde_json::to_string(key).ok()?))
            });
            Some(format!("{{{}}}", kept.collect::<Option<Vec<_>>>()?.join(",")))
        }
        [Step::Item(at), rest @ ..] => {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
            let own = edited(items.get(*at)?, rest, edit)?;
            let items = items.iter().enumerate();
            let items: Vec<_> =
                items.map(|(place, item)| if place == *at { &*own } else { item.get() }).collect();
            Some(format!("[{}]", items.join(",")))
        }
    }
}

/// JSON to be shown, its members in order. What cannot be read so, as a number that is too large, is shown as text.
pub(crate) fn readable(raw: &RawValue) -> Value {
    value(raw.get()).unwrap_or_else(|_| Value::String(raw.get().to_owned()))
}

/// A value whose keys are only keys.
struct PlainValue(Value);

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = PlainValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<PlainValue, E> {
        Ok(PlainValue(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<PlainValue, E> {
        Ok(PlainValue(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<PlainValue, E> {
        Ok(PlainValue(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<PlainValue, E> {
        Ok(PlainValue(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<PlainValue, E> {
        Ok(PlainValue(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<PlainValue, E> {
        Ok(PlainValue(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<PlainValue, E> {
        Ok(PlainValue(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<PlainValue, A::Error> {
        let mut values = Vec::new();
        while let Some(PlainValue(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(PlainValue(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<PlainValue, A::Error> {
        let mut values = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if values.contains_key(&key) {
                return Err(stands_twice(&key));
            }
            let PlainValue(value) = members.next_value()?;
            values.insert(key, value);
        }
        Ok(PlainValue(values.into()))
    }
}

fn stands_twice<E: Error>(key: &str) -> E {
    let shown = crate::text::escape(&key[..key.floor_char_boundary(80)]);
    E::custom(format!("the key `{shown}` stands twice in one object"))
}

/// The members of an object, not read themselves.
struct RawMembers<'a>(BTreeMap<String, &'a RawValue>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = RawMembers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<RawMembers<'de>, A::Error> {
        let mut values = BTreeMap::new();
        while let Some(key) = members.next_key::<String>()? {
            if values.contains_key(&key) {
                return Err(stands_twice(&key));
            }
            let value = members.next_value()?;
            values.insert(key, value);
        }
        Ok(RawMembers(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_serde_json_makes_of_it() {
        for text in [
            "null",
            "true",
            "-0",
            "0",
            "18446744073709551615",
            "-9223372036854775808",
            "1e3",
            "1.5",
            "-0.0",
            "36893488147419103232",
            r#""a\u00e9\ud83d\ude00\"""#,
            "[]",
            "{}",
            r#"{"b":[1,{"a":null}],"a":"x"}"#,
        ] {
            let expected: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(value(text).expect("JSON"), expected, "{text}");
        }
        for text in ["", "{", "[1,]", "nul", "1e400", r#""\ud800""#, "{} {}"] {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_key_has_a_meaning() {
        for key in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            let found = value(&format!(r#"{{"{key}":"5"}}"#)).expect("JSON");
            assert_eq!(found.as_object().and_then(|it| it.get(key)), Some(&Value::from("5")));
        }
        // Each level is a string that stands for the next: read as that, enough of them would end the process.
        let mut text = String::from("1");
        for _ in 0..100 {
            let inner = text.replace('\\', r"\u005c").replace('"', r"\u0022");
            text = format!(r#"{{"$serde_json::private::RawValue":"{inner}"}}"#);
        }
        assert!(value(&text).expect("JSON").is_object());
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"c":2,"\u0061":3}}]"#] {
            let error = value(text).expect_err("refused").to_string();
            assert!(error.starts_with("the key `a` stands twice in one object"), "{error}");
        }
        let raw = RawValue::from_string(r#"{"a":1,"\u0061":1}"#.into()).expect("JSON");
        let error = members(&raw).expect_err("refused").to_string();
        assert!(error.starts_with("the key `a` stands twice in one object"), "{error}");
    }

    #[test]
    fn an_edit_changes_one_value_and_leaves_the_rest_as_it_was_written() {
        let text = r#"{"a":[1.0,{"b":null,"c":18446744073709551617}],"d":"x"}"#;
        let raw = RawValue::from_string(text.into()).expect("JSON");
        let member = |name: &str| Step::Member(name.into());
        let inner = |name| [member("a"), Step::Item(1), member(name)];
        let inner_list = r#"[1.0,{"b":null,"c":18446744073709551617}]"#;
        for (path, edit, expected) in [
            (
                &inner("b")[..],
                Edit::Remove,
                Some(r#"{"a":[1.0,{"c":18446744073709551617}],"d":"x"}"#.to_owned()),
            ),
            (
                &inner("c")[..],
                Edit::Wrap,
                Some(r#"{"a":[1.0,{"b":null,"c":[18446744073709551617]}],"d":"x"}"#.to_owned()),
            ),
            (
                &[member("a"), Step::Item(0)],
                Edit::Replace("{}".into()),
                Some(r#"{"a":[{},{"b":null,"c":18446744073709551617}],"d":"x"}"#.to_owned()),
            ),
            (&[member("d")], Edit::Remove, Some(format!(r#"{{"a":{inner_list}}}"#))),
            (&[member("d")], Edit::Quote, Some(format!(r#"{{"a":{inner_list},"d":"\"x\""}}"#))),
            (&[member("e")], Edit::Remove, None),
            (&[Step::Item(0)], Edit::Wrap, None),
        ] {
            assert_eq!(edited(&raw, path, &edit), expected, "{path:?} {edit:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(value(&("[".repeat(127) + &"]".repeat(127))).is_ok());
        assert!(value(&("[".repeat(200_000) + &"]".repeat(200_000))).is_err());
    }
}
