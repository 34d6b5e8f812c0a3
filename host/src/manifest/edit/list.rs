//! A list of a local file while it is edited: items come and go, comments stay with what they are about.
//!
//! TOML has two forms for a list of tables, `files = [{ ... }]` and `[[grants.files]]`. The meaning of the
//! items is not known here.

use toml_edit::{Array, InlineTable, Item, RawString, TableLike, Value};

/// An item of a list.
pub(super) enum ListItem<'a> {
    Text(&'a str),
    Table(&'a mut dyn TableLike),
}

/// Puts `new` in place of the first item that `is_it`, or else at the end.
pub(super) fn put(list: &mut Item, mut new: Value, is_it: impl Fn(&ListItem<'_>) -> bool) {
    if let Some(tables) = list.as_array_of_tables_mut() {
        let Value::InlineTable(new) = new else { return };
        let at = tables.iter_mut().position(|table| is_it(&ListItem::Table(table)));
        match at.and_then(|at| tables.get_mut(at)) {
            Some(table) => {
                table.clear();
                table.extend(new);
            }
            None => tables.push(new.into_table()),
        }
        return;
    }
    let Some(array) = list.as_array_mut() else { return };
    let at = array.iter_mut().position(|value| entry(value).is_some_and(|entry| is_it(&entry)));
    match at {
        Some(at) => {
            if let Some(old) = array.get(at) {
                *new.decor_mut() = old.decor().clone();
            }
            array.replace_formatted(at, new);
        }
        None => push(array, new),
    }
}

/// Removes the items that `is_it`. `false` if there are none.
pub(super) fn remove(list: &mut Item, is_it: impl Fn(&ListItem<'_>) -> bool) -> bool {
    if let Some(tables) = list.as_array_of_tables_mut() {
        let before = tables.len();
        let meant: Vec<_> = tables.iter_mut().map(|table| is_it(&ListItem::Table(table))).collect();
        for (at, _) in meant.iter().enumerate().rev().filter(|(_, is_meant)| **is_meant) {
            tables.remove(at);
        }
        return tables.len() < before;
    }
    let Some(array) = list.as_array_mut() else { return false };
    let meant: Vec<_> =
        array.iter_mut().map(|value| entry(value).is_some_and(|entry| is_it(&entry))).collect();
    for (at, _) in meant.iter().enumerate().rev().filter(|(_, is_meant)| **is_meant) {
        take_out(array, at);
    }
    meant.contains(&true)
}

/// Does `change` to every item.
pub(super) fn each(list: &mut Item, mut change: impl FnMut(&mut ListItem<'_>)) {
    if let Some(tables) = list.as_array_of_tables_mut() {
        tables.iter_mut().for_each(|table| change(&mut ListItem::Table(table)));
    } else if let Some(array) = list.as_array_mut() {
        for value in array.iter_mut() {
            let before = value.as_inline_table().map(InlineTable::len);
            entry(value).iter_mut().for_each(&mut change);
            // An inline table that has lost keys is formatted as if it had never had them.
            if let Some(table) = value.as_inline_table_mut()
                && before != Some(table.len())
            {
                table.fmt();
            }
        }
    }
}

/// True if nothing is left of a list, no comment either.
pub(super) fn is_bare(list: &Item) -> bool {
    match list {
        Item::ArrayOfTables(tables) => tables.is_empty(),
        Item::Value(Value::Array(array)) => {
            array.is_empty() && !array.trailing().as_str().is_some_and(|text| text.contains('#'))
        }
        Item::None | Item::Value(_) | Item::Table(_) => false,
    }
}

fn entry(value: &mut Value) -> Option<ListItem<'_>> {
    match value {
        Value::String(text) => Some(ListItem::Text(text.value())),
        Value::InlineTable(table) => Some(ListItem::Table(table)),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => None,
    }
}

/// Adds an item in the form of those before it.
fn push(array: &mut Array, mut new: Value) {
    let Some(last) = array.len().checked_sub(1).and_then(|last| array.get_mut(last)) else {
        if array.trailing().as_str().is_none_or(|text| text.trim().is_empty()) {
            array.set_trailing("");
        }
        array.push_formatted(new);
        return;
    };
    let (before, after) = (text(last.decor().prefix()), text(last.decor().suffix()));
    // Without a comma at the end, what follows the last item is its own; with one, the list's.
    let follows = if array.trailing_comma() { text(Some(array.trailing())) } else { after };
    let trailing = text(Some(array.trailing()));
    let last = array.len() - 1;
    let indent = before.rsplit_once('\n').map(|(_, indent)| indent.to_owned());
    let Some(indent) = indent.or_else(|| follows.contains('\n').then(|| "  ".to_owned())) else {
        new.decor_mut().set_prefix(" ");
        array.push_formatted(new);
        return;
    };
    let (comment, rest) = follows.split_once('\n').unwrap_or((&follows, ""));
    new.decor_mut().set_prefix(format!("{comment}\n{indent}"));
    let rest = format!("\n{rest}");
    if array.trailing_comma() {
        array.set_trailing(rest);
    } else {
        if let Some(last) = array.get_mut(last) {
            last.decor_mut().set_suffix("");
        }
        new.decor_mut().set_suffix(if trailing.contains('\n') { "" } else { &rest });
    }
    array.push_formatted(new);
}

/// Removes an item with the comments above it and behind it; the comment behind the item before stays.
fn take_out(array: &mut Array, at: usize) {
    let removed = array.remove(at);
    let before = text(removed.decor().prefix());
    let kept = before.split_once('\n').map_or(&*before, |(kept, _)| kept);
    if let Some(next) = array.get_mut(at) {
        let own = text(next.decor().prefix());
        let own = own.split_once('\n').map(|(_, rest)| format!("\n{rest}")).unwrap_or_default();
        next.decor_mut().set_prefix(format!("{kept}{own}"));
        return;
    }
    let own = format!("{}{}", text(removed.decor().suffix()), text(Some(array.trailing())));
    let own = own.split_once('\n').map(|(_, rest)| format!("\n{rest}")).unwrap_or_default();
    let kept = if kept.contains('#') { kept } else { "" };
    array.set_trailing(format!("{kept}{own}"));
    if array.is_empty() {
        array.set_trailing_comma(false);
    }
}

fn text(raw: Option<&RawString>) -> String {
    raw.and_then(RawString::as_str).unwrap_or_default().to_owned()
}
