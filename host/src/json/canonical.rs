//! Arguments of a call in one spelling, so that those which mean the same are known to be the same: by the cache of answers and
//! by the digest in the audit log.
//!
//! Members stand in order and strings are written alike, as in RFC 8785. Numbers stay as they were written: a tool may
//! tell `1` from `1.0`, and read more digits than a double holds.

use super::value::value;

/// A value of a JSON text, of which only the objects are put in order. It is built whole before any of it is written, so that
/// each byte is copied once, however deep it lies.
enum ReadJson<'a> {
    /// A number or a word, as it stands there.
    Word(&'a str),
    /// A string, with its escapes resolved.
    Text(String),
    Items(Vec<Self>),
    Members(Vec<(String, Self)>),
}

/// `text`, a JSON object, in the one spelling, with `defaults` for the members that it lacks. `None` where it is no object, or
/// is not read here: it nests too deep, or has a key twice.
pub(crate) fn canonical(text: &str, defaults: &[(Box<str>, Box<str>)]) -> Option<String> {
    // From here on it is JSON, and nests no deeper than 128 levels.
    value(text).ok().filter(serde_json::Value::is_object)?;
    let mut members = JsonScanner { rest: text }.members()?;
    for (name, value) in defaults {
        if !members.iter().any(|(own, _)| **own == **name) {
            members.push((name.to_string(), JsonScanner { rest: value }.value()?));
        }
    }
    members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let mut written = Vec::with_capacity(text.len());
    ReadJson::Members(members).write(&mut written)?;
    String::from_utf8(written).ok()
}

impl ReadJson<'_> {
    fn write(&self, to: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Word(word) => to.extend_from_slice(word.as_bytes()),
            Self::Text(text) => serde_json::to_writer(to, text).ok()?,
            Self::Items(items) => {
                to.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    to.extend((at > 0).then_some(b','));
                    item.write(to)?;
                }
                to.push(b']');
            }
            Self::Members(members) => {
                to.push(b'{');
                for (at, (name, value)) in members.iter().enumerate() {
                    to.extend((at > 0).then_some(b','));
                    serde_json::to_writer(&mut *to, name).ok()?;
                    to.push(b':');
                    value.write(to)?;
                }
                to.push(b'}');
            }
        }
        Some(())
    }
}

/// The rest of a text that is JSON.
struct JsonScanner<'a> {
    rest: &'a str,
}

impl<'a> JsonScanner<'a> {
    /// Takes a value, with the members of its objects in order.
    fn value(&mut self) -> Option<ReadJson<'a>> {
        self.rest = self.rest.trim_start();
        match self.rest.as_bytes().first()? {
            b'{' => {
                let mut members = self.members()?;
                members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
                Some(ReadJson::Members(members))
            }
            b'[' => self.items(),
            b'"' => self.string().map(ReadJson::Text),
            _ => {
                let is_end = |c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace();
                let (word, rest) =
                    self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
                self.rest = rest;
                Some(ReadJson::Word(word))
            }
        }
    }

    /// Takes an object, and returns its members.
    fn members(&mut self) -> Option<Vec<(String, ReadJson<'a>)>> {
        self.take('{')?;
        let mut members = Vec::new();
        while self.take('}').is_none() {
            if !members.is_empty() {
                self.take(',')?;
            }
            let name = self.string()?;
            self.take(':')?;
            members.push((name, self.value()?));
        }
        Some(members)
    }

    fn items(&mut self) -> Option<ReadJson<'a>> {
        self.take('[')?;
        let mut items = Vec::new();
        while self.take(']').is_none() {
            if !items.is_empty() {
                self.take(',')?;
            }
            items.push(self.value()?);
        }
        Some(ReadJson::Items(items))
    }

    /// Takes a string, and returns what it stands for.
    fn string(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        let mut is_escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        })?;
        let (text, rest) = self.rest.split_at_checked(end + 2)?;
        self.rest = rest;
        serde_json::from_str(text).ok()
    }

    /// Takes this character, if it is the next after blanks.
    fn take(&mut self, wanted: char) -> Option<()> {
        self.rest = self.rest.trim_start();
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(canonical(text, &[]).as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn what_means_the_same_is_written_alike() {
        check(" { } ", "{}");
        check(
            r#"{"b" : 1 , "a":[ 1 , {"d":null,"c":true} ,[ ]]}"#,
            r#"{"a":[1,{"c":true,"d":null},[]],"b":1}"#,
        );
        check(r#"{"a":"\u0041\/\"\\"}"#, r#"{"a":"A/\"\\"}"#);
        check(r#"{"\u0061":"}],"}"#, r#"{"a":"}],"}"#);
        check(r#"{"é":"\u00e9\n"}"#, r#"{"é":"é\n"}"#);
    }

    #[test]
    fn numbers_that_a_tool_may_tell_apart_stay_apart() {
        let one =
            |number: &str| canonical(&format!(r#"{{"n":{number}}}"#), &[]).expect("an object");
        let numbers = [
            "1",
            "1.0",
            "1e0",
            "-0",
            "0",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            "0.1",
            "0.10",
        ];
        for (at, number) in numbers.iter().enumerate() {
            for other in &numbers[at + 1..] {
                assert_ne!(one(number), one(other));
            }
        }
    }

    #[test]
    fn defaults_stand_in_for_members_that_lack() {
        let defaults = [("b".into(), "[1, 2]".into()), ("a".into(), "\"x\"".into())];
        let with = |text| canonical(text, &defaults);
        assert_eq!(with("{}").as_deref(), Some(r#"{"a":"x","b":[1,2]}"#));
        assert_eq!(with(r#"{"a":null}"#).as_deref(), Some(r#"{"a":null,"b":[1,2]}"#));
        for text in ["", "[]", "1", "{", r#"{"a":1,"a":2}"#, "{\"a\":1}x"] {
            assert_eq!(canonical(text, &defaults), None, "{text}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_the_same_value_however_it_was_written(value in json()) {
            let value = serde_json::json!({ "arguments": value });
            let (plain, pretty) =
                (value.to_string(), serde_json::to_string_pretty(&value).expect("JSON"));
            let one = canonical(&plain, &[]).expect("an object");
            prop_assert_eq!(canonical(&pretty, &[]), Some(one.clone()));
            prop_assert_eq!(super::super::value::value(&one).expect("JSON"), value);
            prop_assert_eq!(canonical(&one, &[]), Some(one));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            _ = canonical(&text, &[]);
            _ = JsonScanner { rest: &text }.value();
        }
    }
}
