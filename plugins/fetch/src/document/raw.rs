//! Markdown that is ready, kept out of the tree: a place in the text stands for it until all is written.

use dom_query::NodeRef;

/// The first of the characters that stand for a piece; the Unicode Standard gives them no meaning.
const FIRST: u32 = 0x10_0000;
/// As many as there are such characters.
const MOST: usize = 0xFFFE;

/// Pieces of ready Markdown.
#[derive(Debug, Default)]
pub struct Raw(Vec<String>);

impl Raw {
    /// Puts `markdown` in the place of an element.
    pub fn replace(&mut self, node: &NodeRef<'_>, markdown: &str) {
        let mark = self.mark(markdown);
        let text = node.tree.new_element("span");
        text.set_text(mark);
        node.replace_with(&text);
    }

    /// Puts `markdown` before what an element holds.
    pub fn prepend(&mut self, node: &NodeRef<'_>, markdown: &str) {
        node.prepend_child(&node.tree.new_text(self.mark(markdown)));
    }

    /// Puts `markdown` after what an element holds.
    pub fn append(&mut self, node: &NodeRef<'_>, markdown: &str) {
        node.append_child(&node.tree.new_text(self.mark(markdown)));
    }

    /// Keeps the ampersands of an address from being escaped, but where that would make them another character's name.
    pub fn keep_ampersands(&mut self, node: &NodeRef<'_>, name: &str) {
        let Some(address) = node.attr(name).filter(|address| address.contains('&')) else { return };
        let mut parts = address.split('&');
        let mut kept = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '#'));
            let is_name = end.is_some_and(|end| part[end..].starts_with(';'));
            kept.push_str(&if is_name { "&".to_owned() } else { self.mark("&") });
            kept.push_str(part);
        }
        node.set_attr(name, &kept);
    }

    /// The text that stands for `markdown`.
    pub fn mark(&mut self, markdown: &str) -> String {
        if self.0.len() == MOST {
            return markdown.to_owned();
        }
        let known = self.0.iter().rev().take(8).position(|piece| piece == markdown);
        let index = known.map_or(self.0.len(), |back| self.0.len() - 1 - back);
        if index == self.0.len() {
            self.0.push(markdown.to_owned());
        }
        let number = FIRST + u32::try_from(index).unwrap_or_default();
        char::from_u32(number).map(String::from).unwrap_or_default()
    }

    /// The text with its pieces. What only looks like one is dropped.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        for c in text.chars() {
            match u32::from(c).checked_sub(FIRST) {
                None => filled.push(c),
                Some(index) => {
                    let piece = usize::try_from(index).ok().and_then(|index| self.0.get(index));
                    filled.push_str(piece.map_or("", String::as_str));
                }
            }
        }
        filled
    }
}
