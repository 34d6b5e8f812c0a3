//! Reading, writing and the two schemas, proved against each other over invented types and values.

use std::fmt::Write as _;

use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use wasmtime::component::Val;

use super::schema::{self, Way};
use super::types::form::Integer;
use super::types::shape::Shape;
use super::values::{read, write};
use crate::fuzz::{Seen, invented};

/// The most changes of a value.
const MAX_CHANGES: usize = 16;

/// Takes four bytes for a type, four for a value of it, and each four that follow for a change of that; the same
/// for text.
pub fn values(bytes: &[u8]) -> Seen {
    let mut chunks = bytes.chunks(4);
    let shape = invented(&shapes(), chunks.next().unwrap_or_default());
    let value = invented(&values_of(&shape), chunks.next().unwrap_or_default());
    let rest = bytes.get(8..).unwrap_or_default();
    let _ = read::value(&shape, &String::from_utf8_lossy(rest));
    let change = changes();
    let changes = chunks.take(MAX_CHANGES).map(|bytes| invented(&change, bytes)).collect();
    reads_back_and_fits_both_schemas(&shape, &value);
    read_exactly_what_the_schema_accepts(&shape, &value, changes)
}

fn shapes() -> impl Strategy<Value = Shape> {
    let names = || prop::collection::vec(".", 1..5).prop_map(|names| labels(names.len()));
    let leaf = prop_oneof![
        Just(Shape::Bool),
        prop::sample::select(Integer::ALL.to_vec()).prop_map(Shape::Integer),
        Just(Shape::F32),
        Just(Shape::F64),
        Just(Shape::Char),
        Just(Shape::String),
        Just(Shape::Bytes),
        names().prop_map(Shape::Enum),
        names().prop_map(Shape::Flags),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let some = || prop::option::of(inner.clone());
        prop_oneof![
            // `list<u8>` has a shape of its own.
            boxed().prop_map(|item| match *item {
                Shape::Integer(Integer::U8) => Shape::Bytes,
                _ => Shape::List(item),
            }),
            (keys(), boxed()).prop_map(|(key, value)| Shape::Map(Box::new(key), value)),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|shapes| Shape::Record(
                labels(shapes.len()).into_iter().zip(shapes).collect()
            )),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Shape::Tuple),
            prop::collection::vec(some(), 1..4).prop_map(|shapes| Shape::Variant(
                labels(shapes.len()).into_iter().zip(shapes).collect()
            )),
            boxed().prop_map(Shape::Option),
            boxed().prop_map(|inner| Shape::Option(Box::new(Shape::Option(inner)))),
            (some(), some())
                .prop_map(|(ok, err)| Shape::Result(ok.map(Box::new), err.map(Box::new))),
        ]
    })
}

/// Returns the types that WIT allows as the keys of maps.
fn keys() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Bool),
        prop::sample::select(Integer::ALL.to_vec()).prop_map(Shape::Integer),
        Just(Shape::Char),
        Just(Shape::String),
    ]
}

fn labels(count: usize) -> Vec<String> {
    // Names that mean something elsewhere must mean nothing here.
    ["tag", "val", "ok", "err", "a-b"][..count].iter().map(|&name| name.to_owned()).collect()
}

/// A value of `shape`, as the guest would give it.
fn values_of(shape: &Shape) -> BoxedStrategy<Val> {
    let boxed = |shape: &Option<Box<Shape>>| match shape {
        Some(shape) => values_of(shape).prop_map(|value| Some(Box::new(value))).boxed(),
        None => Just(None).boxed(),
    };
    match shape {
        Shape::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Shape::Integer(integer) => integers(*integer),
        Shape::F32 => floats().prop_map(|value| Val::Float32(value as f32)).boxed(),
        Shape::F64 => floats().prop_map(Val::Float64).boxed(),
        Shape::Char => any::<char>().prop_map(Val::Char).boxed(),
        Shape::String => any::<String>().prop_map(Val::String).boxed(),
        Shape::Bytes => {
            prop::collection::vec(any::<u8>().prop_map(Val::U8), 0..5).prop_map(Val::List).boxed()
        }
        Shape::List(item) => {
            prop::collection::vec(values_of(item), 0..4).prop_map(Val::List).boxed()
        }
        Shape::Map(key, value) => prop::collection::vec((values_of(key), values_of(value)), 0..3)
            .prop_map(Val::Map)
            .boxed(),
        Shape::Record(fields) => {
            let names: Vec<_> = fields.iter().map(|(name, _)| name.clone()).collect();
            let values: Vec<_> = fields.iter().map(|(_, shape)| values_of(shape)).collect();
            values
                .prop_map(move |values| Val::Record(names.iter().cloned().zip(values).collect()))
                .boxed()
        }
        Shape::Tuple(shapes) => {
            shapes.iter().map(values_of).collect::<Vec<_>>().prop_map(Val::Tuple).boxed()
        }
        Shape::Variant(cases) => {
            let case = |(name, payload): &(String, Option<Shape>)| {
                let (name, payload) = (name.clone(), boxed(&payload.clone().map(Box::new)));
                payload.prop_map(move |payload| Val::Variant(name.clone(), payload)).boxed()
            };
            prop::strategy::Union::new(cases.iter().map(case)).boxed()
        }
        Shape::Enum(names) => prop::sample::select(names.clone()).prop_map(Val::Enum).boxed(),
        Shape::Option(some) => prop::option::of(values_of(some))
            .prop_map(|value| Val::Option(value.map(Box::new)))
            .boxed(),
        Shape::Result(ok, err) => prop_oneof![
            boxed(ok).prop_map(|value| Val::Result(Ok(value))),
            boxed(err).prop_map(|value| Val::Result(Err(value))),
        ]
        .boxed(),
        Shape::Flags(names) => {
            prop::sample::subsequence(names.clone(), 0..=names.len()).prop_map(Val::Flags).boxed()
        }
    }
}

fn integers(integer: Integer) -> BoxedStrategy<Val> {
    let (min, max) = integer.range();
    let value = prop_oneof![Just(min), Just(max), min..=max];
    // The value is in the type's range, so that no cast cuts it.
    value
        .prop_map(move |value| match integer {
            Integer::S8 => Val::S8(value as i8),
            Integer::U8 => Val::U8(value as u8),
            Integer::S16 => Val::S16(value as i16),
            Integer::U16 => Val::U16(value as u16),
            Integer::S32 => Val::S32(value as i32),
            Integer::U32 => Val::U32(value as u32),
            Integer::S64 => Val::S64(value as i64),
            Integer::U64 => Val::U64(value as u64),
        })
        .boxed()
}

fn floats() -> impl Strategy<Value = f64> {
    use prop::num::f64;
    let any = f64::NORMAL | f64::SUBNORMAL | f64::ZERO | f64::POSITIVE | f64::NEGATIVE;
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, f32::MAX.into(), f32::MIN.into()];
    prop_oneof![any, prop::sample::select(odd.to_vec())]
}

/// Any JSON of the kind that schemas here speak of.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::sample::select(vec![
            json!(-1),
            json!(0),
            json!(256),
            json!(1.0),
            json!(-0.0),
            json!(0.5),
            json!(1e10),
            json!(4e38),
            json!(18446744073709551616.0),
            json!(9223372036854775808.0),
            json!(-9223372036854775808.0),
            json!(1e300),
            json!("NaN"),
            json!("-Infinity"),
            json!("inf"),
            json!("Inf"),
            json!(""),
            json!("é"),
            json!("AA=="),
            json!("AB=="),
            json!("AAA="),
            json!("AAAA"),
            json!("AA"),
            json!("tag"),
            json!("a-b"),
            json!("some"),
        ]),
        any::<String>().prop_map(Value::from),
    ];
    let key = || prop::sample::select(vec!["tag", "val", "ok", "err", "a-b", "key", "value"]);
    leaf.prop_recursive(2, 8, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..3).prop_map(|members| {
                let members = members.into_iter().map(|(key, value)| (key.to_owned(), value));
                Value::from(Map::from_iter(members))
            }),
        ]
    })
}

/// A change of one place of a value: another value there, a member more or less, or two items swapped.
#[derive(Clone, Debug)]
enum ValueMutation {
    Replace(Value),
    Remove(Index),
    Add(&'static str, Value),
    Swap(Index, Index),
}

fn changes() -> impl Strategy<Value = (Index, ValueMutation)> {
    let key = prop::sample::select(vec!["tag", "val", "ok", "err", "a-b", "more"]);
    let change = prop_oneof![
        3 => anything().prop_map(ValueMutation::Replace),
        2 => any::<Index>().prop_map(ValueMutation::Remove),
        1 => (key, anything()).prop_map(|(key, value)| ValueMutation::Add(key, value)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(one, two)| ValueMutation::Swap(one, two)),
    ];
    (any::<Index>(), change)
}

fn changed(mut value: Value, (at, change): (Index, ValueMutation)) -> Value {
    let mut places = Vec::new();
    pointers(&value, String::new(), &mut places);
    let place = value.pointer_mut(&places[at.index(places.len())]).expect("a place");
    match (change, place) {
        (ValueMutation::Replace(other), place) => *place = other,
        (ValueMutation::Remove(at), Value::Array(items)) if !items.is_empty() => {
            items.remove(at.index(items.len()));
        }
        (ValueMutation::Remove(at), Value::Object(members)) if !members.is_empty() => {
            let key = members.keys().nth(at.index(members.len())).cloned().expect("a key");
            members.remove(&key);
        }
        (ValueMutation::Add(_, more), Value::Array(items)) => items.push(more),
        (ValueMutation::Add(key, more), Value::Object(members)) => {
            members.insert(key.into(), more);
        }
        (ValueMutation::Swap(one, two), Value::Array(items)) if !items.is_empty() => {
            let (one, two) = (one.index(items.len()), two.index(items.len()));
            items.swap(one, two);
        }
        _ => {}
    }
    value
}

fn pointers(value: &Value, at: String, places: &mut Vec<String>) {
    let below = |name: &str| {
        let mut at = at.clone();
        write!(at, "/{}", name.replace('~', "~0").replace('/', "~1")).expect("written");
        at
    };
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, item)| pointers(item, below(&n.to_string()), places)),
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| pointers(member, below(name), places));
        }
        _ => {}
    }
    places.push(at);
}

fn validator(shape: &Shape, way: Way) -> Validator {
    let schema = schema::value(shape, way).expect("a schema");
    jsonschema::draft202012::new(&serde_json::from_str(&schema).expect("JSON")).expect("a schema")
}

fn written(value: &Val) -> String {
    write::json(value, usize::MAX).expect("written")
}

#[cfg(test)]
fn typed_values() -> impl Strategy<Value = (Shape, Val)> {
    shapes().prop_flat_map(|shape| {
        let values = values_of(&shape);
        (Just(shape), values)
    })
}

#[cfg(test)]
fn changed_values() -> impl Strategy<Value = (Shape, Val, Vec<(Index, ValueMutation)>)> {
    let changes = prop::collection::vec(changes(), 1..4);
    (typed_values(), changes).prop_map(|((shape, value), changes)| (shape, value, changes))
}

fn reads_back_and_fits_both_schemas(shape: &Shape, value: &Val) {
    let text = written(value);
    assert_eq!(read::value(shape, &text).as_ref(), Ok(value), "{shape} {text}");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    assert!(validator(shape, Way::Out).is_valid(&json), "out: {shape} {text}");
    assert!(validator(shape, Way::In).is_valid(&json), "in: {shape} {text}");
}

fn read_exactly_what_the_schema_accepts(
    shape: &Shape,
    value: &Val,
    changes: Vec<(Index, ValueMutation)>,
) -> Seen {
    let value: Value = serde_json::from_str(&written(value)).expect("JSON");
    let value = changes.into_iter().fold(value, changed);
    let accepts = validator(shape, Way::In).is_valid(&value);
    let read = read::value(shape, &value.to_string());
    assert_eq!(accepts, read.is_ok(), "{shape} {value}: {read:?}");
    let Ok(read) = read else { return Seen::Refused };
    // A value that can be written in several ways goes out in one.
    let text = written(&read);
    let json = serde_json::from_str(&text).expect("JSON");
    assert!(validator(shape, Way::Out).is_valid(&json), "out: {shape} {text}");
    assert_eq!(read::value(shape, &text).as_ref(), Ok(&read), "{shape} {text}");
    Seen::Accepted
}

#[cfg(test)]
proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_written_reads_back_the_same_and_fits_both_schemas((shape, value) in typed_values()) {
        reads_back_and_fits_both_schemas(&shape, &value);
    }

    #[test]
    fn the_schema_accepts_exactly_what_can_be_read((shape, value, changes) in changed_values()) {
        read_exactly_what_the_schema_accepts(&shape, &value, changes);
    }

    #[test]
    fn any_text_is_read_or_refused(shape in shapes(), text in ".{0,40}") {
        let _ = read::value(&shape, &text);
    }
}
