//! The shipped tools on invented arguments that their own schemas accept: none crashes, none runs into its limits, and
//! each answer fits its output schema.
//!
//! Every run tries the same few hundred calls a tool; `cargo xtask test --long` ten thousand.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value, json};
use tempfile::TempDir;
use toolrack::tool::CallError;

use crate::repository::Git;
use crate::shipped::Shipped;
use crate::web::{Reply, Speech, Web};

const CALLS: usize = 200;
const LONG_CALLS: usize = 10_000;
/// How deep invented JSON goes where a schema allows anything.
const DEPTH: u32 = 4;

/// Texts that mean something to one tool or another, or that programs often get wrong.
const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "0",
    "-1",
    "1e400",
    "NaN",
    "0x1F",
    "null",
    "\u{0}",
    "\u{feff}a,b\r\n1,2\r\n",
    "a\r\nb\nc\r",
    "ä\u{301}\u{200d}",
    "\u{1f469}\u{200d}\u{1f4bb}",
    "\u{202e}abc",
    "(?m)^(\\w+)$",
    "(",
    "a{1000}",
    "$0${x}",
    "[1,[2,{\"a\":null}]]",
    "{\"a\":1e999}",
    "---\na: &x [*x]\n",
    "a = 2026-01-01\n",
    "<a>&amp;<b/></a>",
    "1/0",
    "gcd(0, 0)",
    "9^9^9",
    "2^-1",
    "log(0, 10)",
    "1,5",
    "50%",
    "2026-02-30",
    "2026-03-29T02:30",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "-9999-01-01",
    "now",
    "tomorrow",
    "14:30[Asia/Tokyo]",
    "Europe/Berlin",
    "Istanbul",
    "P1Y2M10DT2H30M",
    "-3 days",
    "sha256:00",
    "SGVsbG8",
    "====",
    "%zz",
    "48.85, 2.35",
    "91, 181",
    "London, UK",
    "/granted",
    "/granted/a.txt",
    "/granted/none/../a.txt",
    "a.txt",
    "/",
    "**/*",
    "[",
    "owner/name",
    "/..",
    "HEAD",
    "HEAD~1..HEAD",
    "{server}/page",
    "http://[::1",
    "file:///etc/passwd",
    ".a.b |= 5",
    ".[] | select(.a == $x)",
    "input",
    "limit(3; repeat(1))",
];

/// Replies of a server that keeps no promise.
const REPLIES: &[&str] = &[
    "{}",
    "[]",
    "null",
    "7",
    "\"text\"",
    "",
    "<html><title/><body><form>a<table><tr><td>b</form>",
    "[{}]",
    "[[]]",
    r#"{"items":[{}],"total_count":1.0,"incomplete_results":true}"#,
    r#"{"results":[{"name":null}]}"#,
    r#"{"message":"\u202eno","errors":[null,"x",{"a":1}]}"#,
    r#"{"current":{"time":7},"hourly":null,"list":[null]}"#,
    "{\"a\":",
    "\u{feff}[1]",
];

/// Arguments by a schema. What is not known of it is not invented, and the host will say so.
fn by_schema(schema: &Value) -> BoxedStrategy<Value> {
    let all = |key: &str| schema[key].as_array().cloned();
    if let Some(one) = schema.get("const") {
        return Just(one.clone()).boxed();
    }
    if let Some(choices) = all("enum") {
        return select(choices).boxed();
    }
    if let Some(ways) = all("anyOf").or_else(|| all("oneOf")) {
        return select(ways).prop_flat_map(|way| by_schema(&way)).boxed();
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.clone()],
        Value::Array(kinds) => {
            kinds.iter().filter_map(|kind| Some(kind.as_str()?.into())).collect()
        }
        _ => return anything(),
    };
    let schema = schema.clone();
    select(kinds).prop_flat_map(move |kind| of_kind(&kind, &schema)).boxed()
}

fn of_kind(kind: &str, schema: &Value) -> BoxedStrategy<Value> {
    match kind {
        "string" => texts(schema),
        "integer" => integers(schema),
        "number" => numbers(schema),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "array" => {
            let item = schema.get("items").map_or_else(anything, by_schema);
            let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
            let most = schema["maxItems"]
                .as_u64()
                .map_or(least + 4, |most| (most as usize).min(least + 4));
            proptest::collection::vec(item, least..=most).prop_map(Value::from).boxed()
        }
        "object" => objects(schema),
        _ => Just(Value::Null).boxed(),
    }
}

fn texts(schema: &Value) -> BoxedStrategy<Value> {
    let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX) as usize;
    // What its description quotes is an example, more often than not.
    let said = schema["description"].as_str().unwrap_or_default();
    let quoted: Vec<_> = said.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let known = TEXTS.iter().map(|text| (*text).to_owned()).chain(quoted.clone()).chain(quoted);
    let known: Vec<_> = known.collect();
    let long = (select(known.clone()), 1..20_000_usize).prop_map(|(text, times)| {
        text.chars().cycle().take(times.min(text.len() * times)).collect::<String>()
    });
    let several =
        proptest::collection::vec(select(known.clone()), 1..4).prop_map(|all| all.concat());
    prop_oneof![6 => select(known), 1 => any::<String>(), 1 => several, 1 => long]
        .prop_map(move |text| Value::from(text.chars().take(most).collect::<String>()))
        .boxed()
}

fn integers(schema: &Value) -> BoxedStrategy<Value> {
    let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
    let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
    let edges =
        [least, least.saturating_add(1), 0, 1, 2, 10, 1 << 32, most.saturating_sub(1), most];
    let edges: Vec<_> = edges.into_iter().filter(|edge| (least..=most).contains(edge)).collect();
    let written = |number: i64| match number.unsigned_abs() < 1 << 50 {
        // It is the same integer.
        true if number % 3 == 0 => json!(number as f64),
        _ => json!(number),
    };
    prop_oneof![
        select(edges),
        least..=most,
        (least..=most).prop_map(move |n| (n % 100).clamp(least, most))
    ]
    .prop_map(written)
    .boxed()
}

fn numbers(schema: &Value) -> BoxedStrategy<Value> {
    let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
    let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
    let edges = [least, 0.0, -0.0, 1.0, -1.0, 0.1, 1e-300, 1e300, most];
    let edges: Vec<_> = edges.into_iter().filter(|edge| (least..=most).contains(edge)).collect();
    prop_oneof![select(edges), (-1e3..1e3_f64).prop_map(move |n| n.clamp(least, most))]
        .prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number))
        .boxed()
}

fn objects(schema: &Value) -> BoxedStrategy<Value> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let members: Vec<_> = properties
        .iter()
        .map(|(name, schema)| {
            let value = by_schema(schema);
            let value = match required.contains(&json!(name)) {
                true => value.prop_map(Some).boxed(),
                false => proptest::option::weighted(0.4, value).boxed(),
            };
            (Just(name.clone()), value)
        })
        .collect();
    let free = match &schema["additionalProperties"] {
        Value::Bool(false) => Just(BTreeMap::new()).boxed(),
        Value::Null if !properties.is_empty() => Just(BTreeMap::new()).boxed(),
        Value::Object(of) => named(by_schema(&Value::Object(of.clone()))),
        _ => named(anything()),
    };
    (members, free)
        .prop_map(|(members, free)| {
            let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
            Value::Object(free.into_iter().chain(members).collect::<Map<_, _>>())
        })
        .boxed()
}

fn named(value: BoxedStrategy<Value>) -> BoxedStrategy<BTreeMap<String, Value>> {
    proptest::collection::btree_map("[a-z]{1,3}", value, 0..3).boxed()
}

fn anything() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        select(TEXTS).prop_map(Value::from),
    ];
    leaf.prop_recursive(DEPTH, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            named(inner).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

/// A reply that follows from the request alone.
fn unreliable(head: &str) -> Reply {
    let sum =
        head.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let body = REPLIES[sum % REPLIES.len()];
    let types =
        ["application/json", "text/html; charset=utf-16", "text/plain", "image/png", "nonsense"];
    let headers = format!("content-type: {}\r\n", types[sum / 7 % types.len()]);
    Reply::with([200, 200, 200, 201, 204, 403, 404, 422, 500][sum / 11 % 9], &headers, body)
}

/// What a plugin is granted here.
fn grants(plugin: &str, directory: &str, server: &str) -> (String, &'static str) {
    let files =
        format!("files = [{{ path = '{directory}', at = \"/granted\", access = \"write\" }}]");
    let endpoint = format!("config = {{ endpoint = \"{server}\" }}");
    match plugin {
        "weather" => (format!("network = [\"{server}\"]\n{endpoint}"), ""),
        "github" => {
            let bound =
                "secret = \"GITHUB_TOKEN\", header = \"Authorization\", before = \"Bearer \"";
            (
                format!("network = [{{ url = \"{server}\", {bound} }}]\n{endpoint}"),
                "GITHUB_TOKEN=github_pat_11ABCDEFG0",
            )
        }
        "fetch" => (format!("network = [\"{server}\"]"), ""),
        _ => (files, ""),
    }
}

async fn try_all(plugin: &'static str) {
    let is_long = std::env::var_os("TOOLRACK_TEST_LONG").is_some();
    let calls = if is_long { LONG_CALLS } else { CALLS };
    let shipped = Shipped::new(plugin);
    let web = Web::start(Speech::Plain, Reply::Each(unreliable)).await;
    let server = format!("http://127.0.0.1:{}", web.port);
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("a.txt"), "one\r\ntwo\n").unwrap();
    if plugin == "git" {
        let git = Git::at(directory.path());
        git.run(&["init", "-q", "-b", "a"]);
        git.run(&["add", "."]);
        git.run(&["commit", "-qm", "a"]);
    }
    let (grants, secrets) = grants(plugin, &directory.path().display().to_string(), &server);
    let served = shipped.granted(&grants, secrets).await;
    for tool in served.tools() {
        let schema = serde_json::from_str(tool.spec.input_schema.get()).expect("JSON");
        let strategy = by_schema(&schema);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let mut read = 0;
        for _ in 0..calls {
            let arguments =
                strategy.new_tree(&mut runner).expect("arguments").current().to_string();
            let arguments = arguments.replace("{server}", &server);
            let raw = RawValue::from_string(arguments.clone()).expect("JSON");
            match tool.call(&raw, None).await.outcome {
                Ok(_) | Err(CallError::Failed(_)) => read += 1,
                Err(CallError::InvalidArguments(_)) => {}
                Err(error) => {
                    let shown = &arguments[..arguments.floor_char_boundary(500)];
                    panic!("{} {shown}: {error}", tool.name)
                }
            }
        }
        assert!(read > 0, "{}: nothing was ever read", tool.name);
    }
}

/// A test for each plugin.
macro_rules! tried {
    ($($plugin:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $plugin() {
            try_all(stringify!($plugin)).await;
        }
    )*};
}

tried! { calc fetch files git github hash hello json text time weather }
