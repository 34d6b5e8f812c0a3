//! One section of the configuration while it is read: its values, each with its place.

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::fs::stated::Stated;
use crate::manifest::syntax::error::{Diagnostic, quote};
use crate::manifest::syntax::keys::Section;
use crate::manifest::syntax::table::{SpannedText, SpannedValue, Table};
use crate::manifest::{LimitRule, Rate, read_amount, read_rate};
use crate::typed_path::{PathAuthor, UnanchoredPath};

/// The most items of a list.
const MAX_ITEMS: usize = 64;

/// A path that does not depend on the directory in which a program was started.
pub(super) fn path<P: Fn(Range<usize>) -> Arc<str>>(
    table: &SectionReader<'_, '_, P>,
    key: &str,
    text: &SpannedText<'_>,
) -> Result<Box<str>, Diagnostic> {
    let anchored = table.author.anchored(text.get_ref());
    anchored.map_err(|error| table.wrong(key, text, &error.to_string()))
}

/// The path of a file that holds a secret. The secret itself may stand in its place, so no error repeats it.
pub(super) fn secret_path<P: Fn(Range<usize>) -> Arc<str>>(
    table: &SectionReader<'_, '_, P>,
    key: &str,
    text: &SpannedText<'_>,
) -> Result<Box<str>, Diagnostic> {
    table.author.anchored(text.get_ref()).map_err(|problem| {
        let place = table.section.place(key);
        let problem = match problem {
            UnanchoredPath::Relative => {
                "expected the path of a file, absolute or one that begins with `~` or `$NAME`"
                    .into()
            }
            UnanchoredPath::Variable | UnanchoredPath::NoHome => problem.to_string(),
        };
        Diagnostic::new(text.span(), format!("{place}: {problem}")).secret()
    })
}

/// One section, and the places of its values.
pub(super) struct SectionReader<'t, 'p, P> {
    pub(super) table: Table<'t>,
    pub(super) section: Section,
    pub(super) author: PathAuthor,
    pub(super) place: &'p P,
}

impl<'t, P: Fn(Range<usize>) -> Arc<str>> SectionReader<'t, '_, P> {
    pub(super) fn section(&self, section: Section) -> Result<Option<Self>, Diagnostic> {
        let table = self.table.section(section)?;
        Ok(table.map(|table| Self { table, section, ..*self }))
    }

    pub(super) fn stated<T>(&self, value: T, span: Range<usize>) -> Stated<T> {
        Stated { value, place: (self.place)(span) }
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<Stated<bool>>, Diagnostic> {
        let flag = self.table.flag(key)?;
        Ok(flag.zip(self.table.get(key)).map(|(flag, value)| self.stated(flag, value.span())))
    }

    pub(super) fn text<T>(
        &self,
        key: &str,
        example: &str,
        read: impl Fn(&SpannedText<'t>) -> Result<T, Diagnostic>,
    ) -> Result<Option<Stated<T>>, Diagnostic> {
        let Some(text) = self.table.text(key, example)? else { return Ok(None) };
        Ok(Some(self.stated(read(&text)?, text.span())))
    }

    pub(super) fn list<T>(
        &self,
        key: &str,
        example: &str,
        read: impl Fn(&SpannedText<'t>) -> Result<T, Diagnostic>,
    ) -> Result<Option<Stated<Vec<T>>>, Diagnostic> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let texts = self.table.texts(key, &format!("{key} = {example}"))?;
        if let Some(one_more) = texts.get(MAX_ITEMS) {
            let message = format!("{}: expected at most {MAX_ITEMS}", self.section.place(key));
            return Err(Diagnostic::new(one_more.span(), message).help("remove some"));
        }
        let read: Vec<_> = texts.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Some(self.stated(read, value.span())))
    }

    pub(super) fn rate(&self, key: &str) -> Result<Option<Stated<Rate>>, Diagnostic> {
        let value = self.table.get(key);
        let rate = read_rate(self.section, key, value)?;
        Ok(rate.zip(value).map(|(rate, value)| self.stated(rate, value.span())))
    }

    pub(super) fn amount(&self, rule: &LimitRule) -> Result<Option<Stated<u64>>, Diagnostic> {
        let Some(value): Option<SpannedValue<'_>> = self.table.get(rule.key) else {
            return Ok(None);
        };
        Ok(Some(self.stated(read_amount(self.section, rule, value)?, value.span())))
    }

    pub(super) fn parsed<T: FromStr<Err = String>>(
        &self,
        key: &str,
        text: &SpannedText<'_>,
    ) -> Result<T, Diagnostic> {
        text.get_ref().parse().map_err(|error: String| self.wrong(key, text, &error))
    }

    pub(super) fn wrong(&self, key: &str, text: &SpannedText<'_>, problem: &str) -> Diagnostic {
        let place = self.section.place(key);
        let found = quote(text.get_ref());
        Diagnostic::new(text.span(), format!("{place}: {problem}, found {found}"))
    }
}
