//! A page as text: its title and what it says, as Markdown.

use dom_query::{Document as Tree, NodeRef};
use dom_smoothie::{Config, Readability, TextMode};

use crate::load::Page;
use crate::media::Kind;
use crate::{charset, links};

/// What of a web page is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Extract {
    /// The main content as Markdown, as a browser's reader view shows it.
    #[default]
    Main,
    /// The whole page as Markdown, with its menus and side matter.
    All,
    /// The HTML as it came.
    Source,
}

/// What is read of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Document {
    pub title: Option<String>,
    pub text: String,
}

/// What nobody reads, whatever is wanted.
const UNSEEN: &str = "script, style, noscript, template, svg, canvas, object, embed, iframe, [hidden], \
                      [aria-hidden=true], input, button, select, textarea";
/// What stands around the content.
const AROUND: &str = "nav, aside, footer, form, dialog, [role=navigation], [role=search]";

/// The deepest nesting that is kept: what is done with a tree takes stack, and time, with its depth. No
/// page for people comes near.
const MAX_DEPTH: usize = 128;
/// The share of all text that the main content has at least; less is a list of teasers, or a mistake.
const MIN_SHARE: usize = 10;
/// Below this many bytes, what was found is as likely a footnote.
const MIN_CONTENT: usize = 200;

pub fn read(page: Page, extract: Extract) -> Document {
    let text = charset::decode(&page.body, page.charset.as_deref());
    if page.kind == Kind::Text || extract == Extract::Source {
        return Document { title: None, text };
    }
    let tree = Tree::from(text.replace(is_invisible, ""));
    let title = one_line(&tree.select_single("title").text());
    flatten(&tree, MAX_DEPTH);
    tree.select(UNSEEN).remove();
    links::settle(&tree, &page.url);
    match extract {
        Extract::Main => main(&tree, title),
        Extract::All | Extract::Source => Document { title, text: tree.md(None).into() },
    }
}

/// The main content, or all but what stands around it where there is none to be found.
fn main(tree: &Tree, title: Option<String>) -> Document {
    tree.select(AROUND).remove();
    let content = content(tree.clone());
    let rest: String = tree.md(None).into();
    let enough = |found: &Document| {
        found.text.len() >= (rest.len() / MIN_SHARE).max(MIN_CONTENT.min(rest.len()))
    };
    match content.filter(enough) {
        Some(found) => Document { title: found.title.or(title), ..found },
        None => Document { title, text: rest },
    }
}

/// What a reader view shows.
fn content(tree: Tree) -> Option<Document> {
    let config = Config {
        // The names of languages stand in the classes of code.
        keep_classes: true,
        disable_json_ld: true,
        text_mode: TextMode::Markdown,
        ..Config::default()
    };
    let article = Readability::with_document(tree, None, Some(config)).ok()?.parse().ok()?;
    Some(Document { title: one_line(&article.title), text: article.text_content.into() })
}

fn one_line(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// What a person does not see and a model would: hints where to break a word, and letters that only
/// look like nothing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Leaves of whatever lies deeper than this its text alone.
fn flatten(tree: &Tree, most: usize) {
    let mut at: NodeRef<'_> = tree.root();
    let mut depth = 0;
    loop {
        if depth == most && at.first_child().is_some() {
            at.set_text(at.text());
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

#[cfg(test)]
mod tests;
