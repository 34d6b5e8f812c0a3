//! Values as the validator reads them: each look at one is counted, and what it does at one go is done here, within the
//! budget.
//!
//! The validator takes any representation of JSON. This one is serde_json's with a meter in it, so that no keyword can
//! get round the budget: whatever it does, it does with what it reads here.

use std::borrow::Cow;
use std::cmp::Ordering;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object, cmp};
use serde_json::{Map, Number, Value};

use super::budget::{keep_name, keep_problem, spend, spend_search};

/// JSON that is counted while it is read.
pub(crate) struct Metered;

impl Json for Metered {
    type Node<'a> = &'a Value;
    type PreparedKey = String;
    type StringBuffer = Value;

    const ACYCLIC: bool = true;
    const KEYS_PER_LOOKUP: usize = 2;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(
        buffer: &mut Value,
        string: &str,
        f: impl FnOnce(Self::Node<'_>) -> T,
    ) -> T {
        spend_search(string);
        *buffer = Value::String(string.to_owned());
        f(buffer)
    }
}

impl<'a> Node<'a, Metered> for &'a Value {
    type Object = &'a Map<String, Value>;
    type Array = &'a [Value];
    type Number = &'a Number;

    fn as_object(&self) -> Option<Self::Object> {
        spend(0);
        Value::as_object(self)
    }

    fn as_array(&self) -> Option<Self::Array> {
        spend(0);
        Value::as_array(self).map(Vec::as_slice)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        let text = Value::as_str(self);
        spend_search(text.unwrap_or_default());
        text.map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<Self::Number> {
        spend(0);
        Value::as_number(self)
    }

    fn as_boolean(&self) -> Option<bool> {
        spend(0);
        Value::as_bool(self)
    }

    fn is_null(&self) -> bool {
        spend(0);
        Value::is_null(self)
    }

    fn json_type(&self) -> JsonType {
        spend(0);
        match self {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        order(self, expected).is_eq()
    }

    fn to_value(&self) -> Cow<'a, Value> {
        // This is asked for a problem that is kept.
        spend(0);
        keep_problem(|| memory_of(self));
        Cow::Borrowed(self)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        spend(0);
        Some(NodeIdentity::new(std::ptr::from_ref::<Value>(self).addr()))
    }
}

impl<'a> Object<'a, Metered> for &'a Map<String, Value> {
    type Node = &'a Value;
    type MemberName = &'a str;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        Map::len(self)
    }

    fn get(&self, key: &String) -> Option<&'a Value> {
        spend(0);
        Map::get(self, key)
    }

    fn members(&self) -> Members<'a> {
        Members(self.iter())
    }
}

/// The members of an object, one after the other.
pub(crate) struct Members<'a>(serde_json::map::Iter<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.0.next()?;
        spend_search(name);
        keep_name(name);
        Some((name, value))
    }
}

impl<'a> Array<'a, Metered> for &'a [Value] {
    type Node = &'a Value;
    type ElementsIter = Items<'a>;

    fn len(&self) -> usize {
        <[Value]>::len(self)
    }

    fn elements(&self) -> Items<'a> {
        Items(self.iter())
    }

    fn is_unique(&self) -> bool {
        let mut items: Vec<&Value> = self.iter().collect();
        items.sort_unstable_by(|a, b| order(a, b));
        items.windows(2).all(|two| order(two[0], two[1]).is_ne())
    }
}

/// The items of a list, one after the other.
pub(crate) struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'a> Iterator for Items<'a> {
    type Item = &'a Value;

    fn next(&mut self) -> Option<Self::Item> {
        spend(0);
        self.0.next()
    }
}

/// The memory that a copy of `value` takes, in bytes.
pub(crate) fn memory_of(value: &Value) -> usize {
    const MEMBER: usize = 96;
    spend(0);
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(memory_of).sum(),
            Value::Object(members) => {
                members.iter().map(|(name, member)| MEMBER + name.len() + memory_of(member)).sum()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

/// Orders values so that those are equal which JSON Schema calls equal: `1` and `1.0`, and objects in any order.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            spend(0);
            order_of_numbers(a, b)
        }
        (Value::String(a), Value::String(b)) => {
            spend(a.len().min(b.len()));
            a.cmp(b)
        }
        (Value::Array(a), Value::Array(b)) => {
            spend(0);
            let items = || a.iter().zip(b).map(|(a, b)| order(a, b));
            a.len().cmp(&b.len()).then_with(|| first_difference(items()))
        }
        (Value::Object(a), Value::Object(b)) => {
            spend(0);
            a.len().cmp(&b.len()).then_with(|| order_of_members(a, b))
        }
        (a, b) => {
            spend(0);
            rank(a).cmp(&rank(b))
        }
    }
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Orders objects with as many members: by their names, then by the values of these.
fn order_of_members(a: &Map<String, Value>, b: &Map<String, Value>) -> Ordering {
    let (a, b) = (sorted(a), sorted(b));
    let members = a.iter().zip(&b);
    let names = members.clone().map(|((a, _), (b, _))| {
        spend(a.len().min(b.len()));
        a.cmp(b)
    });
    first_difference(names)
        .then_with(|| first_difference(members.map(|((_, a), (_, b))| order(a, b))))
}

fn sorted(members: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut members: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value)).collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}

/// Orders numbers as [`cmp::equal_numbers`] compares them: whole numbers are equal however they are written.
fn order_of_numbers(a: &Number, b: &Number) -> Ordering {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) if cmp::equal_numbers(a, b) => Ordering::Equal,
        (None, None) => {
            let number = |it: &Number| it.as_f64().unwrap_or(f64::NAN);
            number(a).total_cmp(&number(b))
        }
    }
}

/// Returns the whole number that `number` is. `None` if it has a fraction, or is too large to be equal to an integer.
fn whole(number: &Number) -> Option<i128> {
    if let Some(whole) = number.as_i128() {
        return Some(whole);
    }
    let value = number.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within these bounds")]
    (value.fract() == 0.0 && value.abs() < 1e38).then_some(value as i128)
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    }
}

#[cfg(test)]
mod tests {
    use jsonschema::json::unique;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Values of which many are equal.
    fn values() -> impl Strategy<Value = Value> {
        let large = "[123456789012345678901234567890,1e30,1e40,-1e40,18446744073709551615,1.8446744073709552e19]";
        let mut leaves = json!([null, false, true, 0, -0.0, 1, 1.0, -1, 0.5, "", "a", "1"]);
        let large: Value = serde_json::from_str(large).expect("JSON");
        for list in [
            json!([i64::MIN, -9.223_372_036_854_776e18, i64::MAX, 9.223_372_036_854_776e18]),
            large,
        ] {
            leaves.as_array_mut().expect("a list").extend(list.as_array().expect("a list").clone());
        }
        let leaves = leaves.as_array().expect("a list").clone();
        proptest::sample::select(leaves).prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[ab]", inner, 0..3).prop_map(Value::from_iter),
            ]
        })
    }

    #[test]
    fn items_that_look_alike_are_compared_few_times() {
        // Lists of nothing but lists: 4,862 of them, each with 9 pairs of brackets.
        let mut lists = vec![vec![json!([])]];
        for pairs in 1..10 {
            let shapes = (0..pairs).flat_map(|inside| {
                let after = &lists[pairs - 1 - inside];
                lists[inside]
                    .iter()
                    .flat_map(move |first| after.iter().map(move |rest| (first, rest)))
            });
            let joined = shapes.map(|(first, rest)| {
                let rest = rest.as_array().expect("a list").iter().cloned();
                Value::from_iter(std::iter::once(first.clone()).chain(rest))
            });
            lists.push(joined.collect());
        }
        let items = &lists[9][..];
        let steps = super::super::budget::steps_of(|| assert!(Array::<Metered>::is_unique(&items)));
        assert!((1_000..2_000_000).contains(&steps), "{steps} steps for {} items", items.len());
    }

    proptest! {
        #[test]
        fn values_are_equal_and_unique_as_the_validator_says(
            items in prop::collection::vec(values(), 0..24)
        ) {
            for (a, b) in items.iter().zip(items.iter().skip(1)) {
                prop_assert_eq!(order(a, b).is_eq(), cmp::equal(a, b), "{} {}", a, b);
                prop_assert_eq!(order(a, b), order(b, a).reverse());
            }
            let slice = &items[..];
            prop_assert_eq!(Array::<Metered>::is_unique(&slice), unique::is_unique(slice));
        }
    }
}
