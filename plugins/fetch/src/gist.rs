//! The message of an error page, in a few words.

use dom_query::Document as Tree;

/// Elements that say nothing of the error.
const AROUND: &str = "head, script, style, template, noscript, svg, nav, footer, aside, form, [hidden], [role=navigation]";
/// Elements that stand in a line of text.
const INLINE: [&str; 12] =
    ["a", "abbr", "b", "code", "em", "i", "mark", "small", "span", "strong", "u", "wbr"];

/// The text of a page, its blocks kept apart.
pub fn of(html: &str) -> String {
    let tree = Tree::from(html);
    tree.select(AROUND).remove();
    let mut text = String::new();
    for node in tree.root().descendants_it() {
        if node.is_text() {
            text.push_str(&node.text());
        } else if node.is_element() && !INLINE.iter().any(|name| node.has_name(name)) {
            text.push(' ');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_without_what_is_around() {
        let check = |html: &str, expected: &str| {
            assert_eq!(of(html).split_whitespace().collect::<Vec<_>>().join(" "), expected);
        };
        check(
            "<title>404</title><h1>Not here</h1><p>Moved to <b>/n</b>ew</p>",
            "Not here Moved to /new",
        );
        check("<nav><a href=/>Home</a></nav><style>p{}</style>Gone<script>go()</script>", "Gone");
        check("", "");
    }
}
