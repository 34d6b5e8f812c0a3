//! A local file as a tree that keeps its comments and its order.

use toml_edit::{
    Array, ArrayOfTables, Decor, DocumentMut, Item, RawString, Table, TableLike, Value,
};

use super::super::grants::files::lies_in;
use super::list::{self, ListItem};
use super::{DecisionError, DecisionKey, NewGrant};
use crate::manifest::{GrantKind, GrantName};

/// A local file while it is edited. What it said when it was parsed was right.
#[derive(Default)]
pub(super) struct LocalDocument(DocumentMut);

impl LocalDocument {
    pub(super) fn parse(text: &str) -> Result<Self, DecisionError> {
        let parsed = text.parse::<DocumentMut>();
        parsed.map(Self).map_err(|error| DecisionError::Form(error.message().to_owned()))
    }

    /// Its text; empty if it says nothing at all.
    pub(super) fn text(&self) -> String {
        let text = self.0.to_string();
        if text.trim().is_empty() { String::new() } else { text }
    }

    /// Grants something, in place of what it grants there already.
    pub(super) fn grant(&mut self, grant: &NewGrant) {
        let item = grant.item();
        match grant {
            NewGrant::Files { at, .. } => {
                let name = GrantName::Files(at.as_str().into());
                list::put(self.list("files"), item, |entry| is_named(entry, &name));
            }
            NewGrant::Network(url) | NewGrant::Bound { url, .. } => {
                let name = GrantName::of_url(url);
                list::put(self.list("network"), item, |entry| {
                    name.as_ref().is_some_and(|name| is_named(entry, name))
                });
            }
            NewGrant::Secret(secret) => {
                list::put(self.list("secrets"), item, |entry| is_text(entry, secret));
            }
            NewGrant::Env(key, _) => self.put_in("env", key, item),
            NewGrant::Config(key, _) => self.put_in("config", key, item),
            NewGrant::Scratch(_) => {
                put_value(self.section("grants"), "scratch", item);
            }
        }
    }

    /// Forgets that the plugin is told this secret itself.
    pub(super) fn tell_no_more(&mut self, secret: &str) -> bool {
        self.remove_from("secrets", |entry| is_text(entry, secret))
    }

    /// Forgets that the manifest's grant of this name is taken away.
    pub(super) fn grant_again(&mut self, name: &GrantName) -> bool {
        self.remove_from("without", |entry| is_without(entry, name))
    }

    /// Takes away the grant of this name that the manifest gives.
    pub(super) fn take_away(&mut self, name: &GrantName) {
        let item = Value::from(name.to_string());
        list::put(self.list("without"), item, |entry| is_without(entry, name));
    }

    /// Keeps a directory of this machine from the plugin, wherever it would see it.
    pub(super) fn withhold(&mut self, path: &str) {
        list::put(self.list("without_paths"), path.into(), |entry| is_text(entry, path));
    }

    /// Forgets that this directory, or one in it, is kept from the plugin.
    pub(super) fn see_again(&mut self, path: &str) -> bool {
        self.remove_from(
            "without_paths",
            |entry| matches!(entry, ListItem::Text(text) if lies_in(text, path)),
        )
    }

    /// True if it takes away the grant of this name.
    pub(super) fn takes_away(&self, name: &GrantName) -> bool {
        let without = self.0.get("grants").and_then(|grants| grants.get("without")?.as_array());
        let mut names = without.into_iter().flatten().filter_map(Value::as_str);
        names.any(|text| matches!(GrantName::parse(text), Some(Ok(other)) if other == *name))
    }

    /// Forgets all that it grants of what this name reaches.
    pub(super) fn revoke(&mut self, name: &GrantName) {
        self.forget(name);
        if let GrantName::Network(scheme, host, port) = name {
            self.remove_from("network", |entry| {
                matches!(url_of(entry).and_then(GrantName::of_url),
                    Some(GrantName::Network(own_scheme, own, own_port))
                        if (own_scheme, own_port) == (*scheme, *port) && host.withholds(&own))
            });
        }
    }

    /// Forgets what it grants under this name. `false` if that is nothing.
    pub(super) fn forget(&mut self, name: &GrantName) -> bool {
        match name {
            GrantName::Every(kind) => self.forget_all(*kind),
            GrantName::Network(..) => self.remove_from("network", |entry| is_named(entry, name)),
            GrantName::Files(_) => self.remove_from("files", |entry| is_named(entry, name)),
            GrantName::Env(key) => self.remove_in("env", key),
            GrantName::Config(key) => self.remove_in("config", key),
            GrantName::Secret(secret) => {
                let unbound = self.unbind(|text| text == secret.as_str());
                self.tell_no_more(secret.as_str()) || unbound
            }
        }
    }

    /// Gives `key` a value.
    pub(super) fn set(&mut self, key: &DecisionKey, value: Value) {
        match key {
            DecisionKey::Plugin(key) => put_value(self.section("plugin"), key, value),
            DecisionKey::Limit(key) => put_value(self.section("limits"), key, value),
            DecisionKey::Tool { name, others, key } => {
                self.rename_tool(others, name);
                self.set_of_tool(name, key, value);
            }
            // A grant is no value: `grant` takes its parts.
            DecisionKey::Grant(_) => {}
        }
    }

    /// Forgets a decision. `false` if there is none.
    pub(super) fn unset(&mut self, key: &DecisionKey) -> bool {
        match key {
            DecisionKey::Plugin(key) => self.remove_key("plugin", key),
            DecisionKey::Limit(key) => self.remove_key("limits", key),
            DecisionKey::Tool { name, others, key } => {
                self.rename_tool(others, name);
                self.unset_of_tool(name, key)
            }
            DecisionKey::Grant(name) => {
                let was_taken = self.grant_again(name);
                // All of a kind is only ever taken away.
                let is_one = !matches!(name, GrantName::Every(kind) if *kind != GrantKind::Scratch);
                (is_one && self.forget(name)) || was_taken
            }
        }
    }

    fn forget_all(&mut self, kind: GrantKind) -> bool {
        match kind {
            GrantKind::Network => self.empty("network"),
            GrantKind::Files => self.empty("files"),
            GrantKind::Scratch => self.remove_key("grants", "scratch"),
            GrantKind::Env => self.remove_key("grants", "env"),
            GrantKind::Config => self.remove_key("grants", "config"),
            GrantKind::Secret => {
                let unbound = self.unbind(|_| true);
                self.empty("secrets") || unbound
            }
        }
    }

    /// Takes secrets out of the requests that it grants.
    fn unbind(&mut self, is_it: impl Fn(&str) -> bool) -> bool {
        let mut is_any = false;
        let Some(network) = self.existing("grants").and_then(|grants| grants.get_mut("network"))
        else {
            return false;
        };
        list::each(network, |entry| {
            let ListItem::Table(table) = entry else { return };
            if table.get("secret").and_then(Item::as_str).is_some_and(&is_it) {
                for key in ["secret", "header", "before", "query", "optional"] {
                    table.remove(key);
                }
                is_any = true;
            }
        });
        is_any
    }

    /// The section of this name, made if it is missing.
    fn section(&mut self, name: &str) -> &mut dyn TableLike {
        let above = self.above_new(name);
        let section = self.0.entry(name).or_insert_with(|| {
            let mut table = Table::new();
            table.decor_mut().set_prefix(above);
            Item::Table(table)
        });
        if section.as_table_like().is_none() {
            // Never so in a file that was read: the section is one.
            *section = Item::Table(Table::new());
        }
        section.as_table_like_mut().unwrap_or_else(|| unreachable!("it was just made one"))
    }

    /// Returns the text to put above a section of this name, if it is made now: for the first section, the
    /// comment that the file begins with.
    fn above_new(&mut self, name: &str) -> String {
        if !self.0.as_table().is_empty() {
            return if self.0.contains_key(name) { String::new() } else { "\n".into() };
        }
        let mut above = self.0.trailing().as_str().unwrap_or_default().to_owned();
        self.0.set_trailing("");
        if !above.is_empty() && !above.ends_with('\n') {
            above.push('\n');
        }
        above
    }

    /// Removes a section that says nothing any more. A comment above it stays at the beginning of a file that
    /// has no other section; elsewhere, and with a comment behind it, the section stays.
    fn remove_section(&mut self, name: &str) {
        let decor = self.0.get(name).and_then(Item::as_table).map(Table::decor);
        let text = |raw: Option<&RawString>| {
            raw.and_then(RawString::as_str).unwrap_or_default().to_owned()
        };
        let (above, behind) = decor.map_or((String::new(), String::new()), |decor| {
            (text(decor.prefix()), text(decor.suffix()))
        });
        let is_only = self.0.as_table().len() == 1;
        if behind.contains('#') || (above.contains('#') && !is_only) {
            return;
        }
        self.0.remove(name);
        if above.contains('#') {
            self.put_first(&above);
        }
    }

    /// Puts a comment into a file that says nothing else.
    fn put_first(&mut self, comment: &str) {
        let rest = self.0.trailing().as_str().unwrap_or_default().to_owned();
        self.0.set_trailing(format!("{comment}{rest}"));
    }

    fn existing(&mut self, name: &str) -> Option<&mut dyn TableLike> {
        self.0.get_mut(name)?.as_table_like_mut()
    }

    /// The list of this name under `[grants]`, made if it is missing.
    fn list(&mut self, key: &str) -> &mut Item {
        let grants = self.section("grants");
        if !grants.contains_key(key) {
            grants.insert(key, Item::Value(Value::Array(Array::new())));
        }
        grants.get_mut(key).unwrap_or_else(|| unreachable!("it was just put there"))
    }

    fn remove_from(&mut self, key: &str, is_it: impl Fn(&ListItem<'_>) -> bool) -> bool {
        let list = self.existing("grants").and_then(|grants| grants.get_mut(key));
        let Some(list) = list else { return false };
        let is_removed = list::remove(list, is_it);
        if is_removed && list::is_bare(list) {
            self.remove_key("grants", key);
        }
        is_removed
    }

    /// Takes all out of a list; the list, too, if no comment is left in it.
    fn empty(&mut self, key: &str) -> bool {
        let list = self.existing("grants").and_then(|grants| grants.get_mut(key));
        let Some(list) = list else { return false };
        let is_any = list::remove(list, |_| true);
        if list::is_bare(list) {
            return self.remove_key("grants", key);
        }
        is_any
    }

    /// Removes a key; its section, too, if nothing is left of that.
    fn remove_key(&mut self, section: &str, key: &str) -> bool {
        let Some(table) = self.existing(section) else { return false };
        let is_removed = table.remove(key).is_some();
        if is_removed && table.is_empty() {
            self.remove_section(section);
        }
        is_removed
    }

    /// Puts a key into a table of `[grants]`.
    fn put_in(&mut self, table: &str, key: &str, value: Value) {
        let grants = self.section("grants");
        if !grants.contains_key(table) {
            grants.insert(table, Item::Value(Value::InlineTable(toml_edit::InlineTable::new())));
        }
        let Some(entries) = grants.get_mut(table) else { return };
        // What follows the last entry of an inline table follows the new one.
        let last = entries.as_inline_table_mut().filter(|own| !own.contains_key(key));
        let last = last.and_then(|own| own.iter_mut().last());
        let mut value = value;
        if let Some((_, last)) = last {
            let suffix = last.decor().suffix().and_then(RawString::as_str).unwrap_or_default();
            let (before, after) = (" ", suffix.to_owned());
            last.decor_mut().set_suffix("");
            *value.decor_mut() = Decor::new(before, after);
        }
        if let Some(entries) = entries.as_table_like_mut() {
            put_value(entries, key, value);
        }
    }

    fn remove_in(&mut self, table: &str, key: &str) -> bool {
        let Some(grants) = self.existing("grants") else { return false };
        let Some(entries) = grants.get_mut(table).and_then(Item::as_table_like_mut) else {
            return false;
        };
        let is_removed = entries.remove(key).is_some();
        if is_removed && entries.is_empty() {
            self.remove_key("grants", table);
        }
        is_removed
    }

    /// Names a tool as the plugin does itself, so that what is decided of it holds under any prefix.
    fn rename_tool(&mut self, others: &[Box<str>], own: &str) {
        let Some(tools) = self.0.get_mut("tools") else { return };
        list::each(tools, |entry| {
            if let ListItem::Table(table) = entry
                && let Some(name) = table.get("name").and_then(Item::as_str)
                && others.iter().any(|other| **other == *name)
            {
                put_value(*table, "name", own.into());
            }
        });
    }

    fn set_of_tool(&mut self, name: &str, key: &str, value: Value) {
        let above = self.above_new("tools");
        let above =
            if above.is_empty() && self.0.contains_key("tools") { "\n".into() } else { above };
        let tools =
            self.0.entry("tools").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let mut value = Some(value);
        list::each(tools, |entry| {
            if let ListItem::Table(table) = entry
                && table.get("name").and_then(Item::as_str) == Some(name)
                && let Some(value) = value.take()
            {
                put_value(*table, key, value);
            }
        });
        let Some(value) = value else { return };
        match tools {
            Item::ArrayOfTables(tables) => {
                let mut table = Table::new();
                table.decor_mut().set_prefix(above);
                table.insert("name", Item::Value(name.into()));
                table.insert(key, Item::Value(value));
                tables.push(table);
            }
            other => {
                let mut table = toml_edit::InlineTable::new();
                table.insert("name", name.into());
                table.insert(key, value);
                list::put(other, Value::InlineTable(table), |_| false);
            }
        }
    }

    fn unset_of_tool(&mut self, name: &str, key: &str) -> bool {
        let is_only = self.0.as_table().len() == 1;
        let Some(tools) = self.0.get_mut("tools") else { return false };
        let first = tools.as_array_of_tables().and_then(|tables| tables.get(0));
        let above =
            first.and_then(|table| table.decor().prefix()?.as_str()).unwrap_or_default().to_owned();
        let mut is_removed = false;
        let is_it = |table: &dyn TableLike| table.get("name").and_then(Item::as_str) == Some(name);
        list::each(tools, |entry| {
            if let ListItem::Table(table) = entry
                && is_it(*table)
            {
                is_removed |= table.remove(key).is_some();
            }
        });
        // Of a tool that nothing is decided of any more, its name alone says nothing.
        if is_removed {
            list::remove(
                tools,
                |entry| matches!(entry, ListItem::Table(table) if is_it(*table) && table.len() == 1),
            );
            if list::is_bare(tools) {
                self.0.remove("tools");
                if is_only && above.contains('#') {
                    self.put_first(&above);
                }
            }
        }
        is_removed
    }
}

/// Gives `key` a value; the comment behind the old one stays.
fn put_value(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => _ = table.insert(key, Item::Value(value)),
    }
}

/// The URL of an item of `network`.
fn url_of<'a>(entry: &'a ListItem<'_>) -> Option<&'a str> {
    match entry {
        ListItem::Text(text) => Some(text),
        ListItem::Table(table) => table.get("url").and_then(Item::as_str),
    }
}

/// True if the grant `entry` has this name.
fn is_named(entry: &ListItem<'_>, name: &GrantName) -> bool {
    let get = |key: &str| match entry {
        ListItem::Text(text) => Some(*text),
        ListItem::Table(table) => table.get(key).and_then(Item::as_str),
    };
    match name {
        GrantName::Files(at) => get("at") == Some(&**at),
        GrantName::Network(..) => {
            get("url").and_then(GrantName::of_url).is_some_and(|other| other == *name)
        }
        GrantName::Every(_) | GrantName::Env(_) | GrantName::Secret(_) | GrantName::Config(_) => {
            false
        }
    }
}

/// True if the item `entry` is this text.
fn is_text(entry: &ListItem<'_>, expected: &str) -> bool {
    matches!(entry, ListItem::Text(text) if *text == expected)
}

/// True if `entry` of `without` is this name, however it is written.
fn is_without(entry: &ListItem<'_>, name: &GrantName) -> bool {
    let ListItem::Text(text) = entry else { return false };
    matches!(GrantName::parse(text), Some(Ok(other)) if other == *name)
}
