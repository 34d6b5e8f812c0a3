//! Tables, headings and pictures that are made of other elements, whose roles say what they are.

use std::collections::BTreeMap;

use dom_query::{Document as Tree, NodeRef};

/// Elements that are tables by their role.
const TABLES: &str = "[role=table], [role=grid], [role=treegrid]";
/// The roles of what is in them, with the elements of a table that they are.
const PARTS: [(&str, &str); 6] = [
    ("rowgroup", "tbody"),
    ("row", "tr"),
    ("cell", "td"),
    ("gridcell", "td"),
    ("columnheader", "th"),
    ("rowheader", "th"),
];

/// Writes each role as the code here asks for it, and gives pictures the names that other elements have for them.
pub fn prepare(tree: &Tree) {
    for node in tree.select("[role]").nodes() {
        // Of several, the first is meant by who knows it.
        let role = node.attr_or("role", "").to_ascii_lowercase();
        node.set_attr("role", role.split_ascii_whitespace().next().unwrap_or_default());
    }
    let pictures = tree.select("[role=img][aria-labelledby], svg[aria-labelledby]");
    if !pictures.exists() {
        return;
    }
    let mut texts = BTreeMap::new();
    for node in tree.select("[id]").nodes() {
        texts.entry(node.attr_or("id", "").to_string()).or_insert(*node);
    }
    for picture in pictures.nodes() {
        let ids = picture.attr_or("aria-labelledby", "");
        let named = ids.split_whitespace().filter_map(|id| texts.get(id));
        let names: Vec<_> = named.map(|node| node.text().trim().to_owned()).collect();
        if names.iter().any(|name| !name.is_empty()) {
            picture.set_attr("aria-label", names.join(" ").trim());
        }
    }
}

/// Makes of elements what they are by their roles.
pub fn settle(tree: &Tree) {
    settle_tables(tree);
    for heading in tree.select("[role=heading]").nodes() {
        let is_block = ["div", "p", "section"].iter().any(|name| heading.has_name(name));
        if is_block {
            let level = heading.attr_or("aria-level", "2");
            let level = level.trim().parse::<u8>().ok().filter(|level| (1..=6).contains(level));
            heading.rename(&format!("h{}", level.unwrap_or(2)));
        }
    }
    for picture in tree.select("[role=img][aria-label]").nodes() {
        let is_text = ["div", "span", "i", "p"].iter().any(|name| picture.has_name(name));
        let is_empty = picture.text().trim().is_empty()
            && !picture.descendants_it().any(|inner| inner.has_name("img"));
        if is_text && is_empty {
            picture.set_text(picture.attr_or("aria-label", ""));
        }
    }
}

/// Makes tables of them where each cell lies in a row, and blocks of their cells where not: no two run together.
fn settle_tables(tree: &Tree) {
    for table in tree.select(TABLES).nodes().iter().filter(|node| !node.has_name("table")) {
        let inner = table.descendants();
        let parts: Vec<_> = inner.iter().filter_map(|node| Some((node, part(node)?))).collect();
        if parts.is_empty() {
            continue;
        }
        let is_whole = parts.iter().all(|(node, name)| stands_right(node, name, table));
        for (node, name) in parts {
            if is_whole {
                for side in ["colspan", "rowspan"] {
                    if let Some(span) = node.attr(&format!("aria-{side}")) {
                        node.set_attr(side, &span);
                    }
                }
            }
            node.rename(if is_whole { name } else { "div" });
        }
        table.rename(if is_whole { "table" } else { "div" });
    }
}

/// The element of a table that a node is by its role, and not by its name.
fn part(node: &NodeRef<'_>) -> Option<&'static str> {
    let is_named =
        ["tbody", "thead", "tfoot", "tr", "td", "th"].iter().any(|name| node.has_name(name));
    let role = node.attr("role").filter(|_| !is_named)?;
    PARTS.iter().find(|(known, _)| *known == &*role).map(|(_, name)| *name)
}

/// True if a part is where that part of a table has to be.
fn stands_right(node: &NodeRef<'_>, name: &str, table: &NodeRef<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let is_table = parent.id == table.id;
    match name {
        "tbody" => is_table,
        "tr" => is_table || part(&parent) == Some("tbody"),
        _ => part(&parent) == Some("tr"),
    }
}
