//! One table of the manifest while it is read: known keys only, values of the expected TOML type.
//!
//! serde is not used for this: its messages know neither the section nor an example, and its
//! complaint about an unknown key is a sentence, not a key that a nearer one could be found for.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Diagnostic, quote, quote_whole};
use super::keys::Section;

/// A value with its place.
pub(crate) type SpannedValue<'a> = &'a Spanned<DeValue<'a>>;
/// A text with its place.
pub(crate) type SpannedText<'a> = Spanned<&'a str>;

/// A table whose keys are all known.
pub(crate) struct Table<'a> {
    section: Section,
    table: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    /// Refuses the first key, in the order of the file, that `section` does not have.
    pub(crate) fn open(section: Section, table: &'a DeTable<'a>) -> Result<Self, Diagnostic> {
        let known = section.keys();
        let unknown = table.keys().filter(|key| !known.contains(&&**key.get_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            Some(key) => Err(refuse(section, key)),
            None => Ok(Self { section, table }),
        }
    }

    /// The value of `key`, of any type.
    pub(crate) fn get(&self, key: &str) -> Option<SpannedValue<'a>> {
        self.table.get(key)
    }

    /// The first of `keys` that stands in the table, in the order of the file.
    pub(crate) fn first_of(&self, keys: &[&'static str]) -> Option<Spanned<&'static str>> {
        let known = |name: &str| keys.iter().find(|key| **key == name);
        let there = self.table.keys().filter_map(|key| Some((known(key.get_ref())?, key.span())));
        let (key, span) = there.min_by_key(|(_, span)| span.start)?;
        Some(Spanned::new(span, *key))
    }

    /// The text of `key`; `example` is one, as a manifest writes it.
    pub(crate) fn text(
        &self,
        key: &str,
        example: &str,
    ) -> Result<Option<SpannedText<'a>>, Diagnostic> {
        let Some(value) = self.get(key) else { return Ok(None) };
        if let DeValue::String(text) = value.get_ref() {
            return Ok(Some(Spanned::new(value.span(), &**text)));
        }
        let help =
            unquoted(value.get_ref()).map(|text| format!("put it in quotes: `{key} = \"{text}\"`"));
        Err(self.wrong(key, &format!("text such as {example}"), value).maybe_help(help))
    }

    /// The switch of `key`.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Diagnostic> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let flag = value.get_ref().as_bool();
        flag.map(Some).ok_or_else(|| self.wrong(key, "`true` or `false`, without quotes", value))
    }

    /// The table of `key`, whatever its keys; `example` is one, as a manifest writes it.
    fn table(&self, key: &str, example: &str) -> Result<Option<&'a DeTable<'a>>, Diagnostic> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let table = value.get_ref().as_table();
        table
            .map(Some)
            .ok_or_else(|| self.wrong(key, &format!("a table such as `{example}`"), value))
    }

    /// The items of the list of `key`; `example` is the list, as a manifest writes it.
    pub(crate) fn items(
        &self,
        key: &str,
        example: &str,
    ) -> Result<&'a [Spanned<DeValue<'a>>], Diagnostic> {
        let Some(value) = self.get(key) else { return Ok(&[]) };
        let list = value.get_ref().as_array();
        list.map(|list| &list[..])
            .ok_or_else(|| self.wrong(key, &format!("a list such as `{example}`"), value))
    }

    /// The texts of the list of `key`; `example` is the list, as a manifest writes it.
    pub(crate) fn texts(
        &self,
        key: &str,
        example: &str,
    ) -> Result<Vec<SpannedText<'a>>, Diagnostic> {
        let texts = self.items(key, example)?.iter().map(|item| match item.get_ref() {
            DeValue::String(text) => Ok(Spanned::new(item.span(), &**text)),
            _ => Err(self.wrong(key, &format!("texts, as in `{example}`"), item)),
        });
        texts.collect()
    }

    /// The entries of the table of `key`, in the order of the file.
    pub(crate) fn entries(
        &self,
        key: &str,
        example: &str,
    ) -> Result<Vec<(SpannedText<'a>, SpannedValue<'a>)>, Diagnostic> {
        let entries = self.table(key, example)?.into_iter().flatten();
        let mut entries: Vec<_> = entries
            .map(|(key, value)| (Spanned::new(key.span(), &**key.get_ref()), value))
            .collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        Ok(entries)
    }

    /// A section of the manifest.
    pub(crate) fn section(&self, section: Section) -> Result<Option<Self>, Diagnostic> {
        let Some(value) = self.get(section.key()) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(table) => Self::open(section, table).map(Some),
            _ => Err(self.no_section(section, value)),
        }
    }

    /// A section that may stand any number of times, each with the place of its header.
    pub(crate) fn list(&self, section: Section) -> Result<Vec<Spanned<Self>>, Diagnostic> {
        let Some(value) = self.get(section.key()) else { return Ok(Vec::new()) };
        let list = value.get_ref().as_array();
        list.ok_or_else(|| {
            self.no_section(section, value).maybe_help(named_tables(section, value))
        })?
        .iter()
        .map(|item| match item.get_ref() {
            DeValue::Table(table) => {
                Self::open(section, table).map(|table| Spanned::new(item.span(), table))
            }
            _ => Err(self.no_section(section, item)),
        })
        .collect()
    }

    fn no_section(&self, section: Section, value: SpannedValue<'_>) -> Diagnostic {
        let expected = format!("a section that begins with the line `{}`", section.label());
        self.wrong(section.key(), &expected, value)
    }

    fn wrong(&self, key: &str, expected: &str, value: SpannedValue<'_>) -> Diagnostic {
        wrong(&self.section.place(key), expected, value)
    }
}

/// Returns how a table of tables is written as a list of them.
fn named_tables(section: Section, value: SpannedValue<'_>) -> Option<String> {
    let table = value.get_ref().as_table()?;
    let (name, _) = table.iter().find(|(_, one)| one.get_ref().is_table())?;
    let name = name.get_ref();
    let label = section.label();
    Some(format!(
        "begin it with two lines, `{label}` and {}",
        quote_whole(&format!("name = {name:?}"))
    ))
}

/// Keys that people write secrets to, though they take names.
const SECRETIVE: [&str; 5] = ["`secret`", "`secrets`", "`header`", "`query`", "`before`"];

/// A value that is not what `place` takes.
pub(crate) fn wrong(place: &str, expected: &str, value: SpannedValue<'_>) -> Diagnostic {
    let found = describe(value.get_ref());
    let fault = Diagnostic::new(value.span(), format!("{place}: expected {expected}")).found(found);
    if SECRETIVE.iter().any(|key| place.starts_with(key)) { fault.secret() } else { fault }
}

fn refuse(section: Section, key: &Spanned<Cow<'_, str>>) -> Diagnostic {
    let (span, name) = (key.span(), &**key.get_ref());
    if section.is_authors(name) {
        let message = format!(
            "{} in {} says what the plugin is, and that is for its author to say",
            quote(name),
            section.label()
        );
        let help = format!("write it in the manifest; in the local file, {}", section.takes());
        return Diagnostic::new(span, message).help(help);
    }
    Diagnostic::new(span, format!("unknown key {} in {}", quote(name), section.label()))
        .help(section.advice(name))
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {}", quote(text)),
        DeValue::Integer(number) => format!("the number {}", quote(&number.to_string())),
        DeValue::Float(number) => format!("the number {}", quote(number.as_str())),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(time) => format!("the date `{time}`"),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// Returns the value as text, where it was most likely meant as text but lacks the quotes.
fn unquoted(value: &DeValue<'_>) -> Option<String> {
    let text = match value {
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.as_str().into(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::String(_) | DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Table(_) => {
            return None;
        }
    };
    (text.len() <= 64).then_some(text)
}
