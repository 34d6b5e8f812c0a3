//! Elements that Markdown has no word for, as those it has: nothing that stands apart on a page runs together.

use dom_query::{Document as Tree, NodeRef};

use super::raw::Raw;
use super::{grid, headings, lines, numbers, roles};

/// Elements that begin a line of their own, and are no blocks of Markdown.
const BLOCKS: &str = "address, aside, center, dd, details, dialog, dl, fieldset, figcaption, figure, footer, form, header, \
                      hgroup, main, nav, optgroup, search, noscript, map, frameset, noframes, slot, picture + p";
/// Text whose spaces and line ends count.
const WRITTEN: &str = "xmp, listing, plaintext";
/// A table with more text than this in one cell is there for its places.
const MAX_CELL: usize = 600;

pub fn settle(tree: &Tree, raw: &mut Raw) {
    tree.select(WRITTEN).rename("pre");
    tree.select("pre").nodes().iter().for_each(lines::settle);
    roles::settle(tree);
    unfold_tables(tree, raw);
    for node in tree.select("dt, summary, legend").nodes() {
        node.rename("p");
        if !node.descendants_it().any(|inner| is_strong(&inner)) {
            embolden(node);
        }
    }
    headings::settle(tree);
    for node in tree.select("menu, dir").nodes() {
        node.rename("ul");
    }
    numbers::settle(tree, raw);
    tree.select(BLOCKS).rename("div");
    tree.select("kbd, samp, tt").rename("code");
    for node in tree.select("q").nodes() {
        node.prepend_child(&tree.tree.new_text("\u{201c}"));
        node.append_child(&tree.tree.new_text("\u{201d}"));
    }
    for node in tree.select("del, s, strike").nodes() {
        if !node.text().trim().is_empty() {
            raw.prepend(node, "~~");
            raw.append(node, "~~");
        }
    }
    for node in tree.select("sup, sub").nodes() {
        raise(node);
    }
    tree.select("a[href]").nodes().iter().for_each(|link| raw.keep_ampersands(link, "href"));
    tree.select("img[src]").nodes().iter().for_each(|image| raw.keep_ampersands(image, "src"));
    for node in tree.select("rt").nodes() {
        let is_wrapped = node.prev_element_sibling().is_some_and(|before| before.has_name("rp"));
        if !is_wrapped {
            node.set_text(format!("({})", node.text().trim()));
        }
    }
}

fn is_strong(node: &NodeRef<'_>) -> bool {
    ["b", "strong", "code", "h1", "h2", "h3", "h4", "h5", "h6", "p", "div"]
        .iter()
        .any(|name| node.has_name(name))
}

fn embolden(node: &NodeRef<'_>) {
    if node.text().trim().is_empty() {
        return;
    }
    let strong = node.tree.new_element("strong");
    for child in node.children() {
        strong.append_child(&child);
    }
    node.append_child(&strong);
}

/// Tables whose cells hold what Markdown's cannot become blocks, one after another; those that lie where Markdown has none
/// become lines.
fn unfold_tables(tree: &Tree, raw: &mut Raw) {
    for table in tree.select("table").nodes() {
        if is_layout(table) || !grid::settle(table) {
            let inner = table.descendants();
            let parts: Vec<_> =
                inner.iter().filter(|node| is_table_part(node) && belongs(node, table)).collect();
            parts.iter().for_each(|part| part.rename("div"));
            table.rename("div");
            continue;
        }
        if let Some(caption) = table.element_children().iter().find(|node| node.has_name("caption"))
        {
            caption.rename("p");
            table.insert_before(caption);
        }
        let around: Vec<_> = table.ancestors_it(None).collect();
        if around.iter().any(|node| node.has_name("a") && node.has_attr("href")) {
            write_rows(table, raw, "span");
        } else if around.iter().any(|node| node.has_name("li")) {
            write_rows(table, raw, "li");
        }
    }
}

/// Writes each row of a table as one line of its cells: as an item of a list where `name` is one, else as text.
fn write_rows(table: &NodeRef<'_>, raw: &mut Raw, name: &str) {
    let mut is_behind_row = false;
    for part in table.descendants() {
        if part.has_name("td") || part.has_name("th") {
            let is_first = part.prev_element_sibling().is_none();
            part.rename("span");
            if !is_first {
                raw.prepend(&part, " | ");
            }
        } else if part.has_name("tr") {
            part.rename(name);
            // Rows are the items of one list, whatever groups they were in.
            part.remove_from_parent();
            if std::mem::replace(&mut is_behind_row, true) && name != "li" {
                table.append_child(&table.tree.new_text(" "));
            }
            table.append_child(&part);
        } else if !part.is_text() && is_block(&part) {
            part.rename("span");
            part.insert_after(&part.tree.new_text(" "));
        }
    }
    let groups = table.element_children();
    groups.iter().filter(|node| is_table_part(node)).for_each(NodeRef::remove_from_parent);
    table.rename(if name == "li" { "ul" } else { "span" });
}

/// True if an element stands on lines of its own.
fn is_block(node: &NodeRef<'_>) -> bool {
    ["br", "dd", "div", "dl", "dt", "li", "ol", "p", "section", "ul"]
        .iter()
        .any(|name| node.has_name(name))
}

fn is_table_part(node: &NodeRef<'_>) -> bool {
    ["caption", "thead", "tbody", "tfoot", "tr", "td", "th"].iter().any(|name| node.has_name(name))
}

/// True if the table is the nearest one around a part.
fn belongs(part: &NodeRef<'_>, table: &NodeRef<'_>) -> bool {
    part.ancestors_it(None)
        .find(|ancestor| ancestor.has_name("table"))
        .is_some_and(|nearest| nearest.id == table.id)
}

fn is_layout(table: &NodeRef<'_>) -> bool {
    if matches!(&*table.attr_or("role", ""), "presentation" | "none") {
        return true;
    }
    let (mut cells, mut has_code) = (0, false);
    for node in table.descendants_it() {
        let is_block = ["table", "h1", "h2", "h3", "blockquote", "form"]
            .iter()
            .any(|name| node.has_name(name));
        if is_block {
            return true;
        }
        has_code |= node.has_name("pre");
        if node.has_name("td") || node.has_name("th") {
            cells += 1;
            if node.normalized_char_count() > MAX_CELL {
                return true;
            }
        }
    }
    // One row holds the numbers of lines beside the lines.
    let rows = || table.descendants_it().filter(|node| node.has_name("tr")).count();
    cells < 2 || has_code && rows() < 2
}

/// Writes a number or a word that stands higher or lower so that it cannot be taken for a part of what it stands at.
fn raise(node: &NodeRef<'_>) {
    let text = node.text();
    let text = text.trim();
    let is_note = node.descendants_it().any(|inner| inner.has_name("a"));
    if text.is_empty() || is_note || !text.chars().any(char::is_alphanumeric) {
        return;
    }
    let is_up = node.has_name("sup");
    // The ends of ordinals and of marks are read as well without.
    if is_up && text.chars().all(|c| c.is_alphabetic()) && text.chars().count() > 1 {
        return;
    }
    let table = if is_up { HIGH } else { LOW };
    let shifted: Option<String> = text.chars().map(|c| shift(c, table)).collect();
    let sign = if is_up { '^' } else { '_' };
    let written = match shifted {
        Some(shifted) => shifted,
        None if text.chars().count() == 1 => format!("{sign}{text}"),
        None => format!("{sign}({text})"),
    };
    node.set_text(written);
}

const PLAIN: &str = "0123456789+-=()n";
const HIGH: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ";
const LOW: &str = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙ";

fn shift(c: char, table: &str) -> Option<char> {
    let c = if c == '\u{2212}' { '-' } else { c };
    PLAIN.chars().position(|plain| plain == c).and_then(|at| table.chars().nth(at))
}
