//! The keys of the configuration as they are told: each with its value and its place.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::manifest::shown_lines;

/// The section of which every file counts.
const POLICY: &str = "policy.";

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
        let written = text.get(value.span()).unwrap_or_default();
        let shown = shown_lines(&format!("{} = {written}", name.get_ref()));
        let shown: Vec<_> = shown.iter().map(|line| line.trim()).collect();
        let shown = shown.join(" ");
        let value_shown = shown.split_once(" = ").map_or("", |(_, value)| value).to_owned();
        let start = name.span().start;
        found.push((start, StatedKey { key, value: value_shown, place: place(name.span()) }));
    }
}

/// The keys of both that count: of one that both set, the person's, and of the policy both.
pub(super) fn over(own: Vec<StatedKey>, administrators: Vec<StatedKey>) -> Vec<StatedKey> {
    let counts =
        |one: &StatedKey| one.key.starts_with(POLICY) || !own.iter().any(|own| own.key == one.key);
    let mut all: Vec<_> = administrators.into_iter().filter(counts).collect();
    all.extend(own);
    all
}
