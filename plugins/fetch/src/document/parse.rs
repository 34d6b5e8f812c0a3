//! Text to a tree, by a browser's rules: HTML by the HTML Standard, and XHTML with its own way to close an element.

use std::cell::Cell;

use dom_query::{Document as Tree, NodeId};
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink as _};

/// The syntax of a document's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Html,
    /// An element without content may be written `<title/>`, and `<![CDATA[` begins text.
    Xhtml,
}

/// Elements that HTML has no end tag for.
const VOID: [&str; 19] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img",
    "input", "keygen", "link", "meta", "param", "source", "track", "wbr",
];
/// Elements that take all that follows as their text, up to their end tag. Nobody who writes `<title/>` means that.
const SWALLOWING: [&str; 7] =
    ["title", "textarea", "iframe", "noembed", "noframes", "xmp", "style"];
/// The part of a document in which it says that it is XHTML.
const HEAD: usize = 1024;

/// The tree of a document. Scripts are not run, so `<noscript>` is for us.
pub fn parse(text: &str, dialect: Dialect) -> Tree {
    let dialect = if is_xhtml(text) { Dialect::Xhtml } else { dialect };
    let options = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let builder = TreeBuilder::new(Tree::default(), options);
    let closing = Closing { builder, dialect, is_foreign: Cell::new(false) };
    let tokenizer = Tokenizer::new(closing, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(text));
    // It stops at scripts and the like, which nobody runs.
    while !input.is_empty() {
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    tokenizer.sink.builder.sink.finish()
}

/// True if the text says that it is XHTML, whatever its server says.
fn is_xhtml(text: &str) -> bool {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at < HEAD).last().unwrap_or(0);
    let head = text[..end].trim_start();
    head.starts_with("<?xml")
        || head.contains("//DTD XHTML")
        || head.contains("http://www.w3.org/1999/xhtml")
}

/// Hands tokens on, with an end tag after each element that closed itself.
struct Closing {
    builder: TreeBuilder<NodeId, Tree>,
    dialect: Dialect,
    /// True if the token that is handed on lies in SVG or MathML, which close themselves in HTML, too.
    is_foreign: Cell<bool>,
}

impl Closing {
    fn is_closed(&self, tag: &Tag) -> bool {
        let name = &*tag.name;
        if tag.kind != TagKind::StartTag || !tag.self_closing || self.is_foreign.get() {
            return false;
        }
        let has_source = || tag.attrs.iter().any(|attribute| &*attribute.name.local == "src");
        match self.dialect {
            Dialect::Xhtml => !VOID.contains(&name) && !matches!(name, "svg" | "math"),
            Dialect::Html => SWALLOWING.contains(&name) || name == "script" && has_source(),
        }
    }
}

impl TokenSink for Closing {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        self.is_foreign.set(self.builder.adjusted_current_node_present_but_not_in_html_namespace());
        let end = match &token {
            Token::TagToken(tag) if self.is_closed(tag) => {
                Tag { kind: TagKind::EndTag, self_closing: false, attrs: Vec::new(), ..tag.clone() }
            }
            _ => return self.builder.process_token(token, line),
        };
        // What the tokenizer would be told to swallow is over with the end tag.
        let _ = self.builder.process_token(token, line);
        let _ = self.builder.process_token(Token::TagToken(end), line);
        TokenSinkResult::Continue
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.dialect == Dialect::Xhtml
            || self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_closes_itself_swallows_nothing() {
        let check = |dialect: Dialect, html: &str, expected: &str| {
            let tree = parse(html, dialect);
            assert_eq!(tree.select("body").inner_html().to_string(), expected, "{html}");
        };
        let xhtml = "<html xmlns='http://www.w3.org/1999/xhtml'>";
        check(Dialect::Html, "<title/><script src=a.js /><p>a", "<p>a</p>");
        check(
            Dialect::Html,
            "<iframe src=a /><textarea/>b",
            "<iframe src=\"a\"></iframe><textarea></textarea>b",
        );
        check(Dialect::Html, "<script />go()</script>a", "a");
        check(Dialect::Html, "<div/>a<div>b</div>", "<div>a<div>b</div></div>");
        check(Dialect::Xhtml, "<title/><script/><p/><div/>a<br/>b", "<p></p><div></div>a<br>b");
        check(Dialect::Xhtml, "<p><![CDATA[a <b> c]]></p>", "<p>a &lt;b&gt; c</p>");
        check(
            Dialect::Xhtml,
            "<svg><g><g/><path/></g></svg>a",
            "<svg><g><g></g><path></path></g></svg>a",
        );
        check(
            Dialect::Html,
            &format!("{xhtml}<head><title/></head><a id='b'/>c"),
            "<a id=\"b\"></a>c",
        );
        check(
            Dialect::Html,
            "<svg><title/><text>a</text></svg>",
            "<svg><title></title><text>a</text></svg>",
        );
    }
}
