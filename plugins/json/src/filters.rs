//! The filters that jq has and jaq lacks, or answers otherwise. Those written in jq's language are in
//! `filters/prelude.jq`.

mod dates;
mod encodings;
mod exact;
mod numbers;
mod paths;
mod regex;
mod texts;

use crate::program::Types;
use crate::value::{Error, Kind, Outcome, Value};
use jaq_core::box_iter::box_once;
use jaq_core::load::parse::Def;
use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::{Cv, Exn, RunPtr, ValXs, load};
use jaq_json::Val;

/// A filter with what jq calls it and how many values it takes.
type Native = (&'static str, usize, RunPtr<Types>);

fn own_natives() -> Vec<Native> {
    [
        &basic()[..],
        &outward(),
        &dates::filters(),
        &encodings::filters(),
        &numbers::filters(),
        &regex::filters(),
        &texts::filters(),
    ]
    .concat()
}

/// The names of all filters with their numbers of arguments, such as `map/1`.
fn builtins() -> Value {
    let defined = definitions().into_iter().map(|def| (def.name, def.args.len()));
    let native = natives().map(|(name, arguments, _)| (name, arguments.len()));
    let public = defined.chain(native).filter(|(name, _)| !name.starts_with(['_', '@']));
    let names: std::collections::BTreeSet<String> =
        public.map(|(name, count)| format!("{name}/{count}")).collect();
    names.into_iter().map(Value::from).collect()
}

/// The natively written filters, those of jaq that stay among them.
pub fn natives() -> impl Iterator<Item = Fun<Types>> {
    let own = own_natives();
    let mut known: Vec<&str> = own.iter().map(|(name, ..)| *name).collect();
    known.extend(paths::NAMES);
    let others = jaq_core::funs()
        .chain(jaq_std::base_funs())
        .filter(move |(name, ..)| !known.contains(name));
    let inputs = jaq_std::input::funs::<Types>().into_vec().into_iter();
    let inputs = inputs.filter(|(name, ..)| *name == "inputs").map(|filter| run::<Types>(filter));
    let own = own.into_iter().map(|(name, values, filter)| run::<Types>((name, v(values), filter)));
    own.chain(paths::filters()).chain(inputs).chain(others)
}

/// Definitions of jaq whose natively written parts are not taken: the prelude has its own.
const UNUSED: [&str; 25] = [
    "test",
    "scan_",
    "match",
    "capture",
    "capture_of_match",
    "split",
    "splits",
    "sub",
    "gsub",
    "scan",
    "todate",
    "fromdate",
    "halt_error",
    "@sh",
    "@text",
    "@html",
    "@htmld",
    "@uri",
    "@urid",
    "@base64",
    "@base64d",
    "debug",
    "pow10",
    "gamma",
    "logb",
];

/// The filters written in jq's language.
pub fn definitions() -> Vec<Def<&'static str>> {
    // A definition goes before a native filter of its name, so what is written natively is taken out.
    let native: Vec<_> =
        own_natives().into_iter().map(|(name, values, _)| (name, values)).collect();
    let native = move |def: &Def<&str>| native.contains(&(def.name, def.args.len()));
    let of_paths = |def: &Def<&str>| paths::NAMES.contains(&def.name);
    let jaq = jaq_core::defs()
        .chain(jaq_std::defs())
        .filter(move |def| !native(def) && !of_paths(def) && !UNUSED.contains(&def.name));
    // It is checked by every test that runs a filter.
    let own =
        load::parse(include_str!("filters/prelude.jq"), |parser| parser.defs()).unwrap_or_default();
    let own = own.into_iter().map(|def| Def { body: crate::rewrite::rewrite(def.body, ""), ..def });
    jaq.chain(own).collect()
}

/// A filter of its input alone.
fn of<'a>(cv: Cv<'a, Types>, f: impl FnOnce(Value) -> Outcome) -> ValXs<'a, Value> {
    bome(f(cv.1))
}

fn basic() -> Vec<Native> {
    vec![
        ("builtins", 0, |cv| of(cv, |_| Ok(builtins()))),
        ("type", 0, |cv| of(cv, |value| Ok(Value::from(value.kind().name())))),
        ("length", 0, |cv| of(cv, |value| length(&value))),
        ("keys", 0, |cv| {
            of(cv, |value| {
                keys(value).map(|mut keys| {
                    keys.sort();
                    keys.into_iter().collect()
                })
            })
        }),
        ("keys_unsorted", 0, |cv| of(cv, |value| Ok(keys(value)?.into_iter().collect()))),
        ("has", 1, |cv| unary(cv, |value, key| value.has(&key).map(Value::from))),
        ("contains", 1, |cv| unary(cv, |value, part| value.contains(&part).map(Value::from))),
        ("bsearch", 1, |cv| unary(cv, |value, sought| bsearch(&value, &sought))),
        ("tojson", 0, |cv| of(cv, |value| Ok(Value::from(value.to_string())))),
        ("fromjson", 0, |cv| of(cv, fromjson)),
        ("error_empty", 0, |cv| box_once(Err(Exn::from(Error::new(cv.1))))),
        ("input", 0, |cv| {
            let mut inputs = cv.0.data().inputs;
            let next = inputs.next();
            let none = || Err("break".to_string());
            bome(next.unwrap_or_else(none).map_err(Error::str))
        }),
        ("halt_error", 1, |mut cv| {
            let code = cv.0.pop_var();
            let Some(number) = code.as_number() else {
                return bome(Err(Error::str("halt_error/1: number required")));
            };
            let said = cv.1.as_text().map_or_else(|| cv.1.to_string(), str::to_string);
            *cv.0.data().last_words.borrow_mut() = Some(said);
            #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
            box_once(Err(Exn::halt(number as i32)))
        }),
        ("sort", 0, |cv| {
            of(cv, |value| match value.0 {
                Val::Arr(items) => {
                    let mut items = (*items).clone();
                    items.sort();
                    Ok(Value(Val::Arr(items.into())))
                }
                other => Err(Value(other).error("cannot be sorted, as it is not an array")),
            })
        }),
    ]
}

/// The filters that say something to others, and those for other formats.
fn outward() -> Vec<Native> {
    vec![
        ("debug", 0, |cv| {
            toolrack_sdk::log::debug(format_args!("{}", cv.1));
            bome(Ok(cv.1))
        }),
        ("stderr", 0, |cv| {
            toolrack_sdk::log::info(cv.1.as_text().unwrap_or(&cv.1.to_string()));
            bome(Ok(cv.1))
        }),
        ("_format_rows", 1, |cv| unary(cv, |value, format| read_text(&value, &format))),
        ("toyaml", 0, |cv| of(cv, |value| written(crate::format::yaml::write(&value.0)))),
        ("totoml", 0, |cv| of(cv, |value| written(crate::format::toml::write(&value.0)))),
        ("toxml", 0, |cv| of(cv, |value| written(crate::format::xml::write(&value.0)))),
    ]
}

fn written(text: Result<String, crate::format::Fault>) -> Outcome {
    text.map(Value::from).map_err(|fault| Error::str(fault.message))
}

/// The values of a text in another format, as an array.
fn read_text(value: &Value, format: &Value) -> Outcome {
    use crate::format::Format;
    let Some(text) = value.as_text() else {
        return Err(value.error("cannot be read, as it is not a string"));
    };
    let array = |values: Vec<Val>| values.into_iter().map(Value).collect();
    if let Some([_, separator]) = format.as_items() {
        let separator = Value(separator.clone());
        let named = text_of(&separator, "is no separator, as it is not a string")?;
        return crate::format::rows(text, named).map(array).map_err(Error::str);
    }
    let format = match format.as_text() {
        Some("yaml") => Format::Yaml,
        Some("toml") => Format::Toml,
        Some("xml") => Format::Xml,
        Some("tsv") => Format::Tsv,
        _ => Format::Csv,
    };
    format.read(text).map(array).map_err(Error::str)
}

fn length(value: &Value) -> Outcome {
    Ok(match &value.0 {
        Val::Null => Value::from(0usize),
        Val::Bool(_) => return Err(value.error("has no length")),
        Val::Num(_) if value.as_number().is_some_and(|number| number < 0.0) => {
            return -value.clone();
        }
        Val::Num(_) => value.clone(),
        Val::TStr(_) | Val::BStr(_) => {
            Value::from(value.as_text().unwrap_or_default().chars().count())
        }
        Val::Arr(items) => Value::from(items.len()),
        Val::Obj(entries) => Value::from(entries.len()),
    })
}

fn keys(value: Value) -> Outcome<Vec<Value>> {
    match value.0 {
        Val::Arr(items) => Ok((0..items.len()).map(Value::from).collect()),
        Val::Obj(entries) => Ok(entries.keys().cloned().map(Value).collect()),
        other => Err(Value(other).error("has no keys")),
    }
}

fn bsearch(value: &Value, sought: &Value) -> Outcome {
    let items = value.as_items().ok_or_else(|| value.error("cannot be searched from"))?;
    let found = items.binary_search(&sought.0);
    Ok(found.map_or_else(|at| Value(Val::from(-1 - at.cast_signed())), Value::from))
}

fn fromjson(value: Value) -> Outcome {
    let Some(text) = value.as_text() else {
        return Err(value.error("only strings can be parsed"));
    };
    if text == "nan" {
        return Ok(Value::float(f64::NAN));
    }
    let wrong = |why: &str| Error::str(format_args!("{why} (while parsing '{text}')"));
    let mut read = crate::format::json::read(text).map_err(|fault| wrong(&fault.message))?;
    match (read.pop(), read.is_empty()) {
        (Some(only), true) => Ok(Value(only)),
        (None, _) => Err(wrong("Expected JSON value")),
        (Some(_), false) => Err(wrong("Unexpected extra JSON values")),
    }
}

/// The text of a value that has to be one.
fn text_of<'a>(value: &'a Value, what: &str) -> Outcome<&'a str> {
    match value.kind() {
        Kind::String => Ok(value.as_text().unwrap_or_default()),
        _ => Err(value.error(what)),
    }
}
