//! A bound on how deep a tree is: what is done with one takes stack, and time, with its depth.

use dom_query::{Document as Tree, NodeRef};

/// The deepest nesting that is kept. No page for people comes near.
const MAX_DEPTH: usize = 128;

/// Leaves of whatever lies too deep its text alone.
pub fn flatten(tree: &Tree) {
    to(tree, MAX_DEPTH);
}

fn to(tree: &Tree, most: usize) {
    let mut at: NodeRef<'_> = tree.root();
    let mut depth = 0;
    loop {
        if depth == most && at.first_child().is_some() {
            at.set_text(text(&at));
        } else if let Some(child) = at.first_child() {
            at = child;
            depth += 1;
            continue;
        }
        // The next one in order: beside it, or beside what it lies in.
        loop {
            if depth == 0 {
                return;
            }
            if let Some(next) = at.next_sibling() {
                at = next;
                break;
            }
            let Some(parent) = at.parent() else { return };
            at = parent;
            depth -= 1;
        }
    }
}

/// The text of an element, its blocks kept apart.
fn text(node: &NodeRef<'_>) -> String {
    const INLINE: [&str; 16] = [
        "a", "abbr", "b", "cite", "code", "em", "font", "i", "mark", "small", "span", "strong",
        "sub", "sup", "tt", "u",
    ];
    let mut text = String::new();
    for inner in node.descendants_it() {
        if inner.is_text() {
            text.push_str(&inner.text());
        } else if inner.is_element() && !INLINE.iter().any(|name| inner.has_name(name)) {
            text.push(' ');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_is_too_deep_is_flattened() {
        let check = |most: usize, expected: &str| {
            let tree = Tree::from("<p>a<b>b<i>c<u>d</u></i></b>e<p>f<b>g</b>");
            to(&tree, most);
            assert_eq!(tree.select("body").inner_html().to_string(), expected, "{most}");
        };
        // Below the document, html and body.
        check(9, "<p>a<b>b<i>c<u>d</u></i></b>e</p><p>f<b>g</b></p>");
        check(5, "<p>a<b>b<i>cd</i></b>e</p><p>f<b>g</b></p>");
        check(4, "<p>a<b>bcd</b>e</p><p>f<b>g</b></p>");
        check(3, "<p>abcde</p><p>fg</p>");
        check(2, " abcde fg");
    }
}
