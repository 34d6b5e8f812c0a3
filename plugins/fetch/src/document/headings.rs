//! Headings as Markdown has them: on one line.

use dom_query::{Document as Tree, NodeRef};

/// Elements that stand apart within a heading.
const BLOCKS: [&str; 16] = [
    "address", "article", "center", "div", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "main", "p", "section",
];
/// Elements that no line holds.
const LARGE: [&str; 8] = ["blockquote", "dl", "figure", "hr", "ol", "pre", "table", "ul"];
/// A heading with more text than this was not closed where it ends.
const MAX_HEADING: usize = 200;

/// Writes each heading on one line, and leaves no sign of one that has no text.
pub fn settle(tree: &Tree) {
    for node in tree.select("h1, h2, h3, h4, h5, h6").nodes() {
        if is_heading(node) {
            join(node);
        }
    }
}

fn join(heading: &NodeRef<'_>) {
    let inner = heading.descendants();
    if heading.text().trim().is_empty() && !inner.iter().any(|node| node.has_name("img")) {
        return heading.rename("div");
    }
    let is_short = heading.normalized_char_count() <= MAX_HEADING;
    if is_short {
        inner.iter().filter(|node| node.has_name("br")).for_each(part);
    }
    if !begins_with_block(heading) {
        return;
    }
    // Its sign would stand alone, and the text below it.
    match is_short && !inner.iter().any(|node| is_any(node, &LARGE)) {
        true => inner.iter().filter(|node| is_any(node, &BLOCKS)).for_each(part),
        false => heading.rename("div"),
    }
}

/// True if the first text of an element stands on a line of its own.
fn begins_with_block(node: &NodeRef<'_>) -> bool {
    let mut first = first_shown(node);
    while let Some(node) = first {
        if is_any(&node, &BLOCKS) || is_any(&node, &LARGE) {
            return true;
        }
        first = first_shown(&node);
    }
    false
}

/// Makes text of a block, apart from its neighbours.
fn part(block: &NodeRef<'_>) {
    block.rename("span");
    if block.prev_sibling().is_some() {
        block.insert_before(&block.tree.new_text(" "));
    }
    if block.next_sibling().is_some() {
        block.insert_after(&block.tree.new_text(" "));
    }
}

/// The first thing that an element shows: a text or an element.
pub fn first_shown<'a>(node: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let is_shown = |child: &NodeRef<'_>| {
        child.is_element() || child.is_text() && !child.text().trim().is_empty()
    };
    node.children().into_iter().find(is_shown)
}

fn is_heading(node: &NodeRef<'_>) -> bool {
    is_any(node, &["h1", "h2", "h3", "h4", "h5", "h6"])
}

fn is_any(node: &NodeRef<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| node.has_name(name))
}
