//! An answer as services really give it: with each field in turn gone, null or of another number type. For tests.

use serde_json::Value;

/// The change made to one field of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Such as `$.user.login is null`.
    pub what: String,
    /// The whole answer with this change.
    pub answer: Value,
}

/// `answer` with each of its fields in turn removed, null, or written as another number type would.
#[must_use]
pub fn variants(answer: &Value) -> Vec<Change> {
    let mut places = Vec::new();
    collect(answer, &mut Vec::new(), &mut places);
    places.iter().flat_map(|place| of_place(answer, place)).collect()
}

type Place = Vec<String>;

fn collect(value: &Value, at: &mut Place, places: &mut Vec<Place>) {
    let mut visit = |name: String, member: &Value| {
        at.push(name);
        places.push(at.clone());
        collect(member, at, places);
        at.pop();
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| visit(name.clone(), member));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| visit(index.to_string(), item));
        }
        _ => {}
    }
}

fn of_place(answer: &Value, place: &[String]) -> Vec<Change> {
    let pointer: String = place
        .iter()
        .map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")))
        .collect();
    let now = answer.pointer(&pointer).cloned().unwrap_or_default();
    let put = |what: &str, value: Value| {
        let mut changed = answer.clone();
        *changed.pointer_mut(&pointer)? = value;
        Some(Change { what: format!("{pointer} is {what}"), answer: changed })
    };
    let number = now.as_f64();
    let all = [
        removed(answer, place, &pointer),
        put("null", Value::Null),
        number.and_then(|number| put("a float", Value::from(number))),
        number.and_then(|number| put("a text", Value::from(number.to_string()))),
        put(
            "of another type",
            if now.is_object() { Value::from("text") } else { serde_json::json!({}) },
        ),
    ];
    all.into_iter().flatten().collect()
}

fn removed(answer: &Value, place: &[String], pointer: &str) -> Option<Change> {
    let mut changed = answer.clone();
    let above = &pointer[..pointer.rfind('/')?];
    match changed.pointer_mut(above)? {
        Value::Object(members) => drop(members.remove(place.last()?)),
        Value::Array(items) => drop(items.remove(place.last()?.parse().ok()?)),
        _ => return None,
    }
    Some(Change { what: format!("{pointer} is gone"), answer: changed })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_field_is_changed_in_each_way() {
        let all = variants(&json!({ "a": [1], "b~/": "x" }));
        let found: Vec<_> = all.iter().map(|change| change.what.as_str()).collect();
        let expected = [
            "/a is gone",
            "/a is null",
            "/a is of another type",
            "/a/0 is gone",
            "/a/0 is null",
            "/a/0 is a float",
            "/a/0 is a text",
            "/a/0 is of another type",
            "/b~0~1 is gone",
            "/b~0~1 is null",
            "/b~0~1 is of another type",
        ];
        assert_eq!(found, expected);
        assert_eq!(all[5].answer, json!({ "a": [1.0], "b~/": "x" }));
        assert_eq!(all[8].answer, json!({ "a": [1] }));
    }
}
