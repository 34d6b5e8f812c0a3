//! Entries in TOML, as tables of their own. One is added at the end of the file and cut where it stands; the rest stays
//! as it is, byte for byte.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use toml::Table;
use toml_edit::{Document, DocumentMut, Item, TableLike};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::entry::{FoundEntry, Setting, WrittenEntry};
use super::error::ConfigEditError;

/// A file's text with what was found in it.
pub(super) struct TomlText<'a> {
    text: &'a str,
    table: Table,
}

impl<'a> TomlText<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, ConfigEditError> {
        let table = toml::from_str(text).map_err(|error: toml::de::Error| {
            let start = error.span().unwrap_or_default().start;
            ConfigEditError::at(text, start, error.message().replace('\n', " "))
        })?;
        Ok(Self { text, table })
    }

    /// The entry `name` below `key`.
    pub(super) fn find(
        &self,
        key: &str,
        name: &str,
    ) -> Result<Option<FoundEntry>, ConfigEditError> {
        Ok(self.servers(key)?.and_then(|servers| servers.get(name)).map(found))
    }

    /// The names of all entries below `key`.
    pub(super) fn names(&self, key: &str) -> Result<Vec<String>, ConfigEditError> {
        Ok(self.servers(key)?.into_iter().flat_map(Table::keys).cloned().collect())
    }

    /// The number of comments in the file.
    pub(super) fn count_comments(&self) -> usize {
        let tokens = Source::new(self.text).lex();
        tokens.filter(|token| token.kind() == TokenKind::Comment).count()
    }

    /// The text with `entry` as `name` below `key`, in place of one of that name. One for the same server is not
    /// replaced but set: what else a person wrote in it stays.
    pub(super) fn insert(
        &self,
        key: &str,
        name: &str,
        entry: &WrittenEntry,
    ) -> Result<String, ConfigEditError> {
        if let Some(found) = self.find(key, name)?.filter(|found| entry.is_for_server_of(found)) {
            return self.set_all(key, name, &entry.settings(&found));
        }
        let text = self.remove(key, name)?;
        let newline = self.newline();
        let tables = BTreeMap::from([(key, BTreeMap::from([(name, entry)]))]);
        let tables =
            toml::to_string(&tables).map_err(|error| ConfigEditError::Form(error.to_string()))?;
        let gap = match &*text {
            "" => String::new(),
            text if text.ends_with('\n') => newline.to_owned(),
            _ => newline.repeat(2),
        };
        let new = format!("{text}{gap}{}", tables.replace('\n', newline));
        if self.differs_in(&new, key, name) {
            return Ok(new);
        }
        Err(ConfigEditError::Form(format!(
            "`{key}` is written in a form to which no table can be added; add these lines by hand in that form: {}",
            tables.trim_end().replace('\n', "; ")
        )))
    }

    /// The text with these settings in the entry `name` below `key`.
    fn set_all(
        &self,
        key: &str,
        name: &str,
        settings: &[Setting<'_>],
    ) -> Result<String, ConfigEditError> {
        let mut text = self.text.to_owned();
        for (path, value) in settings {
            let path = [&[key, name], &path[..]].concat();
            text = TomlText::parse(&text)?
                .set(&path, value.as_ref())?
                .ok_or_else(|| ConfigEditError::Form(by_hand(key, name)))?;
        }
        match self.differs_in(&text, key, name) {
            true => Ok(text),
            false => Err(ConfigEditError::Form(by_hand(key, name))),
        }
    }

    /// The text with one setting. `None` where it is written in a form that is not edited.
    fn set(&self, path: &[&str], value: Option<&Value>) -> Result<Option<String>, ConfigEditError> {
        let document = document(self.text)?;
        let Some((name, above)) = path.split_last() else { return Ok(None) };
        let mut table: &dyn TableLike = document.as_table();
        let mut item = document.as_item();
        for (at, step) in above.iter().enumerate() {
            let Some(below) = table.get(step) else {
                let nested = path[at + 1..].iter().rev();
                let nested = nested.fold(value.cloned(), |value, name| {
                    value.map(|value| Value::from_iter([(*name, value)]))
                });
                return self.set(&path[..=at], nested.as_ref());
            };
            let Some(below_table) = below.as_table_like() else { return Ok(None) };
            (item, table) = (below, below_table);
        }
        let written = value.map(toml_value).transpose()?;
        if value.is_none() && table.contains_key(name) && table.len() == 1 {
            return self.set(above, None);
        }
        let is_there = table.contains_key(name);
        if let Some(span) =
            item.span().filter(|_| item.is_inline_table() && is_there == value.is_none())
        {
            let inline = with_member(&self.text[span.clone()], name, value)?;
            return Ok(Some(format!(
                "{}{inline}{}",
                &self.text[..span.start],
                &self.text[span.end..]
            )));
        }
        Ok(match (table.get_key_value(name), written) {
            (Some((_, Item::Table(below))), None) => {
                let mut lines = Vec::new();
                let header = Some(below).filter(|below| !below.is_implicit() && !below.is_dotted());
                extents(below, header.and_then(|below| below.span()), &mut lines);
                Some(self.without(lines))
            }
            (Some((_, there)), Some(written)) => there.span().map(|there| {
                format!("{}{written}{}", &self.text[..there.start], &self.text[there.end..])
            }),
            (Some((key, there)), None) if !item.is_value() => {
                let lines = key.span().zip(there.span()).map(|(key, there)| key.start..there.end);
                lines.map(|lines| self.without(vec![lines]))
            }
            (None, Some(written)) => {
                let own = item.as_table().filter(|own| !own.is_implicit() && !own.is_dotted());
                let header = own.and_then(|own| own.span());
                header.map(|header| self.with_line(header.end, &format!("{name} = {written}")))
            }
            (None, None) => Some(self.text.to_owned()),
            (Some(_), None) => None,
        })
    }

    /// The text with one line more, below the line of this byte.
    fn with_line(&self, at: usize, line: &str) -> String {
        let newline = self.newline();
        match self.text[at..].find('\n') {
            Some(end) => {
                let (before, after) = self.text.split_at(at + end + 1);
                format!("{before}{line}{newline}{after}")
            }
            None => format!("{}{newline}{line}{newline}", self.text),
        }
    }

    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// The text without the entry `name` below `key`.
    pub(super) fn remove(&self, key: &str, name: &str) -> Result<String, ConfigEditError> {
        if self.find(key, name)?.is_none() {
            return Ok(self.text.to_owned());
        }
        let document = document(self.text)?;
        let mut lines = Vec::new();
        let servers = document.as_table().get(key).and_then(Item::as_table_like);
        if let Some((name, entry)) = servers.and_then(|servers| servers.get_key_value(name)) {
            match entry.as_table_like() {
                Some(table) if !entry.is_value() => {
                    let own = entry.as_table().filter(|own| !own.is_implicit() && !own.is_dotted());
                    extents(table, own.and_then(|own| own.span()), &mut lines);
                }
                _ => {
                    let end = entry.span().unwrap_or_default().end;
                    lines.extend(name.span().map(|name| name.start..end));
                }
            }
        }
        let new = self.without(lines);
        let is_gone =
            TomlText::parse(&new).is_ok_and(|new| matches!(new.find(key, name), Ok(None)));
        if is_gone && self.differs_in(&new, key, name) {
            return Ok(new);
        }
        Err(ConfigEditError::Form(by_hand(key, name)))
    }

    /// True if `new` says the same as this text, but for the entry `name` below `key`.
    fn differs_in(&self, new: &str, key: &str, name: &str) -> bool {
        TomlText::parse(new).is_ok_and(|new| {
            without_entry(&new.table, key, name) == without_entry(&self.table, key, name)
        })
    }

    fn servers(&self, key: &str) -> Result<Option<&Table>, ConfigEditError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(toml::Value::Table(servers)) => Ok(Some(servers)),
            Some(other) => {
                let found = other.type_str();
                Err(ConfigEditError::Form(format!(
                    "`{key}` is of the type {found}; expected a table"
                )))
            }
        }
    }

    /// The text without the lines of these pieces, and without the empty line above each.
    fn without(&self, mut pieces: Vec<Range<usize>>) -> String {
        pieces.sort_by_key(|piece| piece.start);
        let (mut result, mut done) = (String::with_capacity(self.text.len()), 0);
        for piece in pieces {
            let start = self.text[..piece.start].rfind('\n').map_or(0, |at| at + 1);
            let end =
                self.text[piece.end..].find('\n').map_or(self.text.len(), |at| piece.end + at + 1);
            if start < done {
                done = done.max(end);
                continue;
            }
            result.push_str(&self.text[done..start]);
            let kept = ["\r\n\r\n", "\n\n"].into_iter().find(|gap| result.ends_with(gap));
            if let Some(gap) = kept {
                result.truncate(result.len() - gap.len() / 2);
            }
            done = end;
        }
        result + &self.text[done..]
    }
}

/// The text of an inline table with the member `name` of this value, or without it.
fn with_member(inline: &str, name: &str, value: Option<&Value>) -> Result<String, ConfigEditError> {
    const BEFORE: &str = "table = ";
    let form = |error: toml_edit::TomlError| ConfigEditError::Form(error.message().to_owned());
    let mut document = format!("{BEFORE}{inline}").parse::<DocumentMut>().map_err(form)?;
    if let Some(table) = document["table"].as_inline_table_mut() {
        // The blank before the brace goes behind whichever value is the last.
        let last = table.iter_mut().last();
        let blank = last.and_then(|(_, last)| last.decor().suffix().cloned()).unwrap_or_default();
        table.iter_mut().for_each(|(_, value)| value.decor_mut().set_suffix(""));
        match value {
            None => _ = table.remove(name),
            Some(value) => {
                let value = toml_value(value)?.parse::<toml_edit::Value>().map_err(form)?;
                table.insert(name, value.decorated(" ", ""));
            }
        }
        if let Some((_, last)) = table.iter_mut().last() {
            last.decor_mut().set_suffix(blank);
        }
    }
    let text = document.to_string();
    Ok(text.trim_end().strip_prefix(BEFORE).unwrap_or_default().to_owned())
}

fn document(text: &str) -> Result<Document<&str>, ConfigEditError> {
    Document::parse(text).map_err(|error| ConfigEditError::Form(error.message().replace('\n', " ")))
}

/// A value of a setting on one line.
fn toml_value(value: &Value) -> Result<String, ConfigEditError> {
    let value =
        toml::Value::try_from(value).map_err(|error| ConfigEditError::Form(error.to_string()))?;
    Ok(value.to_string())
}

/// Where a table and the tables below it stand: each from its header to its last value.
fn extents(table: &dyn TableLike, header: Option<Range<usize>>, found: &mut Vec<Range<usize>>) {
    let mut values = Vec::new();
    for (_, item) in table.iter() {
        match item {
            Item::Table(below) => {
                let is_headless = below.is_implicit() || below.is_dotted();
                extents(below, below.span().filter(|_| !is_headless), found);
            }
            Item::ArrayOfTables(tables) => {
                tables.iter().for_each(|below| extents(below, below.span(), found));
            }
            Item::Value(_) | Item::None => values.extend(item.span()),
        }
    }
    match header {
        Some(header) => {
            let end = values.iter().map(|value| value.end).max();
            found.push(header.start..end.unwrap_or_default().max(header.end));
        }
        None => found.extend(values),
    }
}

fn without_entry(table: &Table, key: &str, name: &str) -> Table {
    let mut table = table.clone();
    if let Some(toml::Value::Table(servers)) = table.get_mut(key) {
        servers.remove(name);
        if servers.is_empty() {
            table.remove(key);
        }
    }
    table
}

fn by_hand(key: &str, name: &str) -> String {
    format!("`{name}` below `{key}` is written in a form that is not edited; remove it by hand")
}

fn found(value: &toml::Value) -> FoundEntry {
    FoundEntry::from_value(&serde_json::to_value(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::ServerEntry;
    use crate::clients::entry::EntryForm;

    const ENTRY: &str = "[servers.t]\ncommand = \"/t\"\nargs = [\"serve\"]\n";

    fn inserted(text: &str, env: &[(&str, &str)]) -> Result<String, ConfigEditError> {
        let args = vec!["serve".to_owned()];
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let entry = ServerEntry { command: "/t".into(), args, env: env.collect() };
        TomlText::parse(text)?.insert("servers", "t", &entry.written(EntryForm::Plain))
    }

    fn removed(text: &str) -> Result<String, ConfigEditError> {
        TomlText::parse(text)?.remove("servers", "t")
    }

    #[test]
    fn a_table_is_added_at_the_end_and_cut_again() {
        for text in [
            "",
            "# mine\nmodel = \"m\" # why\n",
            "[servers.a]\ncommand = \"a\"\n# the last word\n",
            "a = 1\r\n\r\n[servers]\r\n# none\r\n",
        ] {
            let with = inserted(text, &[]).expect("TOML");
            let newline = if text.contains('\r') { "\r\n" } else { "\n" };
            let gap = if text.is_empty() { "" } else { newline };
            assert_eq!(with, format!("{text}{gap}{}", ENTRY.replace('\n', newline)));
            assert_eq!(removed(&with).expect("TOML"), text);
        }
        let with = inserted("a = 1", &[("HOME", "/h")]).expect("TOML");
        assert_eq!(with, format!("a = 1\n\n{ENTRY}\n[servers.t.env]\nHOME = \"/h\"\n"));
        assert_eq!(removed(&with).expect("TOML"), "a = 1\n");
    }

    #[test]
    fn what_stands_around_an_entry_stays_whatever_its_place_and_form() {
        for (text, expected) in [
            (
                "[servers.t]\n# of t\nargs = [\n  \"a\",\n]\n\n# of b\n[servers.b]\n",
                "\n# of b\n[servers.b]\n",
            ),
            ("[servers.t.env]\nA = \"1\"\n[servers.b]\n[servers.t]\n", "[servers.b]\n"),
            ("[servers]\nt = { command = \"x\" } # t\na = 1\n", "[servers]\na = 1\n"),
            ("[servers]\nt.command = \"x\"\nt.args = []\na = 1\n", "[servers]\na = 1\n"),
        ] {
            assert_eq!(removed(text).expect("TOML"), expected);
        }
    }

    #[test]
    fn in_an_entry_of_toolracks_everything_that_a_person_wrote_stays() {
        let before = "# mine\n[servers.t]\ncommand = \"/old/toolrack\" # moved\nargs = [\n  \"serve\",\n]\nenabled = false   # while I look\n\n[servers.t.env]\nTOOLRACK_HOME = \"/h\"\nKEY = \"abc\"\n\n[servers.t.tools.files_write]\napproval_mode = \"prompt\"\n";
        let after = "# mine\n[servers.t]\ncommand = \"/t\" # moved\nargs = [\"serve\"]\nenabled = false   # while I look\n\n[servers.t.env]\nKEY = \"abc\"\n\n[servers.t.tools.files_write]\napproval_mode = \"prompt\"\n";
        for newline in ["\n", "\r\n"] {
            let [before, after] = [before, after].map(|text| text.replace('\n', newline));
            assert_eq!(inserted(&before, &[]).expect("TOML"), after);
        }
        let added = inserted("[servers.t]\ncommand = \"toolrack\"", &[("TOOLRACK_HOME", "/h")]);
        assert_eq!(
            added.expect("TOML"),
            "[servers.t]\nenv = { TOOLRACK_HOME = \"/h\" }\nargs = [\"serve\"]\ncommand = \"/t\""
        );
        // The last variable takes its table with it.
        let last = "[servers.t]\ncommand = \"toolrack\"\nargs = []\n\n[servers.t.env]\nTOOLRACK_HOME = \"/h\"\n";
        assert_eq!(inserted(last, &[]).expect("TOML"), ENTRY);
        // A table on one line takes values, more and fewer of them.
        let inline = "[servers]\nt = { command = \"toolrack\", args = [], enabled = false } # t\n";
        let set = inline.replace("\"toolrack\"", "\"/t\"").replace("[]", "[\"serve\"]");
        assert_eq!(inserted(inline, &[]).expect("TOML"), set);
        let more = set.replace("false }", "false, env = { TOOLRACK_HOME = \"/h\" } }");
        assert_eq!(inserted(inline, &[("TOOLRACK_HOME", "/h")]).expect("TOML"), more);
        let env = "[servers.t]\ncommand = \"toolrack\"\nargs = []\nenv = { KEY = \"a\", TOOLRACK_HOME = \"/h\" } # e\n";
        let fewer =
            "[servers.t]\ncommand = \"/t\"\nargs = [\"serve\"]\nenv = { KEY = \"a\" } # e\n";
        assert_eq!(inserted(env, &[]).expect("TOML"), fewer);
        let other = env.replace("\"/h\"", "\"/i\"");
        let again = inserted(&other, &[("TOOLRACK_HOME", "/j")]).expect("TOML");
        assert!(again.contains("env = { KEY = \"a\", TOOLRACK_HOME = \"/j\" } # e"), "{again}");
    }

    #[test]
    fn what_cannot_be_edited_is_told() {
        let place = inserted("a = 1\nb =\n", &[]).expect_err("refused");
        assert!(matches!(place, ConfigEditError::At { line: 2, .. }), "{place:?}");
        for (text, part) in [
            ("servers = 1\n", "`servers` is of the type integer"),
            ("servers = { a = {} }\n", "add these lines by hand"),
        ] {
            let error = inserted(text, &[]).expect_err("refused").to_string();
            assert!(error.contains(part), "{error}");
        }
        let error = removed("servers = { t = {}, a = {} }\n").expect_err("refused").to_string();
        assert!(error.contains("by hand"), "{error}");
    }
}
