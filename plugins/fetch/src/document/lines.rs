//! Lines of code: Markdown writes the text of `<pre>` alone, so what begins a line on the page becomes a line end in it.

use dom_query::NodeRef;

/// Elements that stand on lines of their own, in `<pre>` as well.
const BLOCKS: [&str; 12] =
    ["address", "article", "blockquote", "dd", "div", "dt", "li", "ol", "p", "section", "tr", "ul"];

/// Writes the lines of a `<pre>` as text, where elements make them.
pub fn settle(pre: &NodeRef<'_>) {
    let breaks = |node: &NodeRef<'_>| node.has_name("br") || is_block(node);
    if !pre.descendants_it().any(|node| breaks(&node)) {
        return;
    }
    let mut lines = Lines::default();
    lines.read(pre);
    // Its class may name the language.
    match pre.element_children().into_iter().find(|node| node.has_name("code")) {
        Some(code) => {
            pre.children()
                .iter()
                .filter(|node| node.id != code.id)
                .for_each(NodeRef::remove_from_parent);
            code.set_text(lines.text);
        }
        None => pre.set_text(lines.text),
    }
}

fn is_block(node: &NodeRef<'_>) -> bool {
    BLOCKS.iter().any(|name| node.has_name(name))
}

#[derive(Default)]
struct Lines {
    text: String,
    /// True if a block is over, so that what follows begins a line.
    is_over: bool,
}

impl Lines {
    fn read(&mut self, node: &NodeRef<'_>) {
        for child in node.children() {
            if child.is_text() {
                self.add(&child.text());
            } else if child.has_name("br") {
                self.add("\n");
            } else if is_block(&child) {
                self.end_line();
                self.read(&child);
                self.is_over = true;
            } else {
                self.read(&child);
            }
        }
    }

    fn add(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.is_over && !text.starts_with('\n') {
            self.end_line();
        }
        self.is_over = false;
        self.text.push_str(text);
    }

    fn end_line(&mut self) {
        self.is_over = false;
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use dom_query::Document as Tree;

    use super::*;

    #[test]
    fn what_begins_a_line_on_the_page_begins_one_in_the_text() {
        let check = |html: &str, expected: &str| {
            let tree = Tree::from(format!("<pre>{html}</pre>"));
            tree.select("pre").nodes().iter().for_each(settle);
            assert_eq!(tree.select("pre").text().to_string(), expected, "{html}");
        };
        check("a<br>b<br/>\nc", "a\nb\n\nc");
        check("<code><span>a</span><br><span>b</span></code>", "a\nb");
        check("<div>a</div><div>b</div>", "a\nb");
        check("<div>a</div>\n<div>b\n</div><div><br></div>c", "a\nb\n\nc");
        check("a<p>b</p>c", "a\nb\nc");
        check("<code>a</code><code>b</code>\nc", "ab\nc");
    }
}
