//! The keys of the configuration as they are told: each with its value and its place.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::manifest::shown_lines;

/// The section of which every file counts.
const POLICY: &str = "policy.";
/// The sections that count as a whole.
const WHOLE_SECTIONS: [&str; 2] = ["auth.", "redis."];

/// A key that a file of the configuration sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedKey {
    /// The key with its sections, as in `policy.limits.memory`.
    pub key: String,
    /// The value as it is written, on one line.
    pub value: String,
    /// The place as messages write it: `FILE:LINE`.
    pub place: Arc<str>,
}

/// All keys of a document, in the order of its text.
pub(super) fn all(
    document: &DeTable<'_>,
    text: &str,
    place: &impl Fn(Range<usize>) -> Arc<str>,
) -> Vec<StatedKey> {
    let mut found = Vec::new();
    collect(document, "", text, place, &mut found);
    found.sort_by_key(|(start, _)| *start);
    found.into_iter().map(|(_, key)| key).collect()
}

fn collect(
    table: &DeTable<'_>,
    within: &str,
    text: &str,
    place: &impl Fn(Range<usize>) -> Arc<str>,
    found: &mut Vec<(usize, StatedKey)>,
) {
    for (name, value) in table {
        let key = format!("{within}{}", name.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            collect(inner, &format!("{key}."), text, place, found);
            continue;
        }
        if let Some(tables) = tables(value.get_ref()) {
            for (at, inner) in tables.enumerate() {
                collect(inner, &format!("{key}[{}].", at + 1), text, place, found);
            }
            continue;
        }
        let written = text.get(value.span()).unwrap_or_default();
        let shown = shown_lines(&format!("{} = {written}", name.get_ref()));
        let shown: Vec<_> = shown.iter().map(|line| line.trim()).collect();
        let shown = shown.join(" ");
        let value_shown = shown.split_once(" = ").map_or("", |(_, value)| value).to_owned();
        let start = name.span().start;
        found.push((start, StatedKey { key, value: value_shown, place: place(name.span()) }));
    }
}

/// The tables of a list of tables. `None` if it is none.
fn tables<'a>(value: &'a DeValue<'a>) -> Option<impl Iterator<Item = &'a DeTable<'a>>> {
    let list = value.as_array()?;
    let is_one = !list.is_empty() && list.iter().all(|item| item.get_ref().is_table());
    is_one.then(|| list.iter().filter_map(|item| item.get_ref().as_table()))
}

/// The keys of both that count: of one that both set, the person's, and of the policy both.
pub(super) fn over(own: Vec<StatedKey>, administrators: Vec<StatedKey>) -> Vec<StatedKey> {
    let is_taken = |one: &StatedKey| {
        let of_one = |section: &&str| one.key.starts_with(section);
        let section = WHOLE_SECTIONS.iter().copied().find(of_one);
        own.iter().any(|own| {
            own.key == one.key || section.is_some_and(|section| own.key.starts_with(section))
        })
    };
    let counts = |one: &StatedKey| one.key.starts_with(POLICY) || !is_taken(one);
    let mut all: Vec<_> = administrators.into_iter().filter(counts).collect();
    all.extend(own);
    all
}
