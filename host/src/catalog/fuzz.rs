//! Any text as a plugin's schema, and any value against it: it ends, soon, with words that can be shown.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::schema::compiled::Schema;
use super::schema::lenient::Reading;
use crate::fuzz::{Seen, invented};
use crate::sandbox::{self, Side};
use crate::text::forbidden_char;

/// The longest time that an input may take: the budget's half a second, on a machine that is busy.
const SOON: Duration = Duration::from_secs(10);
/// The most members or items of an invented schema or value at one place.
const MAX_INVENTED: usize = 3;

/// Takes the last line of `bytes` for a value, and what is before it for a schema.
pub fn schema(bytes: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(bytes);
    let Some((schema, value)) = text.trim_end().rsplit_once('\n') else { return Seen::Refused };
    check(schema, serde_json::from_str(value).ok())
}

/// Checks a value against a schema, both invented by a grammar: references in every form, to all that they may lead to, and
/// the keywords that go through what others apply.
pub fn references(bytes: &[u8]) -> Seen {
    let (schema, value) = invented(&(prop_oneof![webs(), towers()], values()), bytes);
    check(&schema.to_string(), Some(value))
}

fn check(schema: &str, value: Option<Value>) -> Seen {
    // The sandbox passes only texts that a plugin may give for a schema.
    let Ok(raw) = sandbox::schema(Side::Output, schema) else { return Seen::Refused };
    let begun = Instant::now();
    let compiled = Schema::compile(&raw);
    assert!(begun.elapsed() < SOON, "compiling took {:?}", begun.elapsed());
    let compiled = match compiled {
        Ok(compiled) => compiled,
        Err(refused) => {
            assert!(forbidden_char(&refused).is_none(), "{refused:?}");
            return Seen::Refused;
        }
    };
    let Some(value) = value else { return Seen::Accepted };
    let begun = Instant::now();
    let checked = compiled.check_here(&value);
    let read = compiled.read_here(&value, &value.to_string(), Reading::Lenient);
    assert!(begun.elapsed() < SOON, "checking took {:?}", begun.elapsed());
    for problem in [checked.err(), read.err()].into_iter().flatten() {
        assert!(forbidden_char(&problem).is_none(), "{problem:?}");
    }
    Seen::Accepted
}

/// Schemas of a few definitions that refer to each other as they like.
fn webs() -> impl Strategy<Value = Value> {
    let definitions = prop::collection::vec(subschema(), 1..6);
    (dialect(), definitions, subschema()).prop_map(|(dialect, definitions, root)| {
        let named = definitions.into_iter().enumerate();
        let named = named.map(|(at, definition)| (format!("d{at}"), definition));
        let (mut root, named) = (object(root), Value::from_iter(named));
        root["$defs"] = named;
        root["$id"] = json!("http://here/");
        root["$anchor"] = json!("a");
        root["$dynamicAnchor"] = json!("n");
        if let Some(dialect) = dialect {
            root["$schema"] = json!(dialect);
        }
        root
    })
}

/// Schemas of many definitions, each of which applies the next one, in one way for all of them.
fn towers() -> impl Strategy<Value = Value> {
    let level = (subschema(), 1..4_usize, select(vec!["allOf", "anyOf", "oneOf", "$ref", "parts"]));
    (level, 1..120_usize, unevaluated(), subschema()).prop_map(
        |((beside, times, how), levels, mut root, leaf)| {
            let level = |at: usize| {
                let next = json!({ "$ref": format!("#/$defs/d{}", at + 1) });
                let mut level = object(beside.clone());
                match how {
                    "$ref" => level["$ref"] = next["$ref"].clone(),
                    "parts" => {
                        level["additionalProperties"] = json!({ "allOf": vec![next; times] })
                    }
                    how => level[how] = json!(vec![next; times]),
                }
                (format!("d{at}"), level)
            };
            let all = (0..levels).map(level).chain([(format!("d{levels}"), leaf)]);
            root["$defs"] = Value::from_iter(all);
            root["$ref"] = json!("#/$defs/d0");
            root
        },
    )
}

fn dialect() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![
        None,
        Some("https://json-schema.org/draft/2020-12/schema"),
        Some("https://json-schema.org/draft/2019-09/schema"),
        Some("http://json-schema.org/draft-07/schema#"),
        Some("http://json-schema.org/draft-04/schema#"),
    ])
}

fn reference() -> impl Strategy<Value = Value> {
    let to = select(vec![
        "#/$defs/d0",
        "#/$defs/d1",
        "#/$defs/d2",
        "#/%24defs/d3",
        "http://here/#/$defs/d4",
        "#/$defs/d1/not",
        "#/$defs/d0/allOf/0",
        "#",
        "",
        "#a",
        "#n",
        "http://here/",
        "e",
        "#/properties/a",
        "#/$defs/none",
    ]);
    (select(vec!["$ref", "$ref", "$ref", "$dynamicRef", "$recursiveRef"]), to)
        .prop_map(|(keyword, to)| json!({ keyword: to }))
}

fn unevaluated() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({ "unevaluatedProperties": false }),
        json!({ "unevaluatedItems": { "type": "string" } }),
        json!({ "unevaluatedProperties": {}, "unevaluatedItems": false }),
    ])
}

fn subschema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        reference(),
        unevaluated(),
        any::<bool>().prop_map(Value::from),
        select(vec!["object", "array", "string", "integer"])
            .prop_map(|kind| json!({ "type": kind })),
        small_value().prop_map(|value| json!({ "const": value })),
        prop::collection::vec(small_value(), 1..20).prop_map(|values| json!({ "enum": values })),
        select(vec![
            json!({ "uniqueItems": true }),
            json!({ "pattern": "^(a|b)*c", "maxLength": 5 }),
            json!({ "patternProperties": { "a[ab]{40}c": {} } }),
            json!({ "required": ["a", "b"], "minProperties": 1 }),
            json!({ "multipleOf": 1e-300, "minItems": 2 }),
            json!({ "$id": "e", "$recursiveAnchor": true }),
        ]),
    ];
    leaf.prop_recursive(4, 24, MAX_INVENTED as u32, |inner| {
        let one = select(vec![
            "not",
            "if",
            "then",
            "else",
            "additionalProperties",
            "items",
            "contains",
            "propertyNames",
            "unevaluatedProperties",
            "unevaluatedItems",
        ]);
        let list = select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]);
        let named = select(vec!["properties", "dependentSchemas", "patternProperties"]);
        let keyword = prop_oneof![
            (one, inner.clone()).prop_map(|(keyword, inner)| json!({ keyword: inner })),
            (list, prop::collection::vec(inner.clone(), 1..=MAX_INVENTED))
                .prop_map(|(keyword, inner)| json!({ keyword: inner })),
            (named, prop::collection::btree_map("[abc]", inner.clone(), 1..=MAX_INVENTED))
                .prop_map(|(keyword, inner)| json!({ keyword: inner })),
        ];
        (prop::collection::vec(keyword, 1..=MAX_INVENTED), inner).prop_map(|(keywords, beside)| {
            let mut joined = object(beside);
            for keyword in keywords {
                let members = keyword.as_object().cloned().unwrap_or_default();
                joined.as_object_mut().expect("an object").extend(members);
            }
            joined
        })
    })
}

/// Returns a schema to which keywords can be added.
fn object(schema: Value) -> Value {
    if schema.is_object() { schema } else { json!({ "allOf": [schema] }) }
}

fn small_value() -> impl Strategy<Value = Value> {
    let leaf = select(vec![
        json!(null),
        json!(1),
        json!(1.0),
        json!(-0.5),
        json!("a"),
        json!("abc"),
        json!([]),
    ]);
    leaf.prop_recursive(3, 12, MAX_INVENTED as u32, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..=MAX_INVENTED).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..=MAX_INVENTED)
                .prop_map(Value::from_iter),
        ]
    })
}

/// Values, small ones and large ones.
fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => small_value(),
        1 => (small_value(), 0..20_000_usize).prop_map(|(item, times)| json!(vec![item; times])),
        1 => (small_value(), 0..5_000_usize).prop_map(|(member, times)| {
            Value::from_iter((0..times).map(|at| (format!("a{at}"), member.clone())))
        }),
        1 => (0..200_000_usize).prop_map(|length| json!({ "a": "ab".repeat(length) })),
    ]
}
