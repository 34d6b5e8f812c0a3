//! A page as text: its title and what it says, as Markdown.
//!
//! Reading order: `parse` makes a tree of it, `streamed` completes that, `seen` takes away what nobody sees, `formulas`,
//! `controls` and `blocks` say in Markdown's words what has none of its own, `region` finds the main content.

mod blocks;
mod controls;
mod depth;
mod formulas;
mod grid;
mod headings;
mod lines;
mod numbers;
mod parse;
mod raw;
mod region;
mod roles;
mod seen;
mod streamed;

use dom_query::{Document as Tree, Matcher, NodeRef};

use crate::invisible::Cleaned;
use crate::load::Page;
use crate::media::Kind;
use crate::refresh::Refresh;
use crate::{charset, links};

use parse::Dialect;
use raw::Raw;
use seen::Hidden;

/// The part of a web page that is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Extract {
    /// without menus and side matter
    #[default]
    Main,
    /// with them
    All,
    /// the HTML as it came
    Source,
}

/// A page with less text than this may only be there to lead on.
pub const SHORT: usize = 1000;

/// A page as it is read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub title: Option<String>,
    pub text: String,
    /// Notes that a reader should have beforehand, a sentence each.
    pub notes: Vec<String>,
    /// The page to show in place of this one.
    pub refresh: Option<Refresh>,
}

/// Reads a page; of one in HTML only what `selector` finds, if there is one.
pub fn read(page: &Page, extract: Extract, selector: Option<&str>) -> Result<Document, String> {
    let text = charset::decode(&page.body, page.charset.as_deref(), page.kind != Kind::Text);
    let dialect = match page.kind {
        Kind::Html => Dialect::Html,
        Kind::Xhtml => Dialect::Xhtml,
        Kind::Text if selector.is_some() => {
            return Err(format!("{} is no web page, so leave out `selector`", page.url));
        }
        Kind::Text => return Ok(finished(Document { text, ..Document::default() })),
    };
    let tree = parse::parse(&text, dialect);
    let title = title(&tree);
    let (description, refresh) = (description(&tree), refresh(&tree, page));
    let mut document = match (extract, selector) {
        (Extract::Source, None) => Document { text, ..Document::default() },
        (Extract::Source, Some(selector)) => {
            let found = chosen(&tree, selector)?;
            let parts: Vec<_> = found.iter().map(|node| node.html().to_string()).collect();
            Document { text: parts.join("\n"), ..Document::default() }
        }
        (Extract::Main | Extract::All, _) => markdown(&tree, page, extract, selector)?,
    };
    if document.text.trim().is_empty() {
        document.text = description.unwrap_or_default();
    }
    let refresh = refresh
        .filter(|found| !found.is_scriptless || document.text.len() < SHORT)
        .map(|found| found.refresh);
    Ok(finished(Document { title, refresh, ..document }))
}

/// A page in Markdown.
fn markdown(
    tree: &Tree,
    page: &Page,
    extract: Extract,
    selector: Option<&str>,
) -> Result<Document, String> {
    let mut raw = Raw::default();
    // What says it is not to be seen, and goes.
    let base = links::base(tree, &page.url);
    streamed::settle(tree);
    tree.select("script:not([type^='math/tex']), style").remove();
    depth::flatten(tree);
    let chosen = selector.map(|selector| chosen(tree, selector)).transpose()?;
    for node in chosen.iter().flatten() {
        // What is asked for is seen, wherever it lies.
        for around in node.ancestors(None).iter().chain([node]) {
            around.remove_attrs(&["hidden", "style", "aria-hidden", "popover"]);
        }
    }
    roles::prepare(tree);
    formulas::settle(tree, &mut raw);
    let hidden = seen::settle(tree);
    controls::settle(tree, &mut raw);
    links::settle(tree, &base);
    let mut notes = Vec::new();
    let regions = match (chosen, extract) {
        (Some(nodes), _) => nodes,
        (None, Extract::Main) => {
            let found = region::find(tree);
            notes.extend(left_out(found.left_out, hidden));
            found.nodes
        }
        (None, Extract::All | Extract::Source) => {
            notes.extend(left_out(0, hidden));
            vec![tree.root()]
        }
    };
    blocks::settle(tree, &mut raw);
    let parts: Vec<_> = regions.iter().map(|node| written(node, &raw)).collect();
    Ok(Document { text: parts.join("\n\n"), notes, ..Document::default() })
}

fn written(node: &NodeRef<'_>, raw: &Raw) -> String {
    // A table or a list has to be written itself, and what it stands in not.
    let around = match &*node.node_name().unwrap_or_default() {
        "" | "html" | "body" | "main" => return raw.fill(&node.md(None)).trim().to_owned(),
        "li" => "ul",
        "tr" | "thead" | "tbody" | "tfoot" => "table",
        _ => "div",
    };
    let (holder, outer) = (node.tree.new_element(around), node.tree.new_element("div"));
    holder.append_child(node);
    outer.append_child(&holder);
    raw.fill(&outer.md(None)).trim().to_owned()
}

/// The outermost elements that a selector finds.
fn chosen<'a>(tree: &'a Tree, selector: &str) -> Result<Vec<NodeRef<'a>>, String> {
    let matcher = Matcher::new(selector).map_err(|_| {
        format!("`selector` is `{selector}`; write one of CSS, such as `#content p.note`")
    })?;
    let found = tree.select_matcher(&matcher);
    let is_inner = |node: &NodeRef<'_>| {
        node.ancestors_it(None)
            .any(|ancestor| found.nodes().iter().any(|other| other.id == ancestor.id))
    };
    let outermost: Vec<_> = found.nodes().iter().filter(|node| !is_inner(node)).copied().collect();
    if outermost.is_empty() {
        return Err(format!(
            "`selector` is `{selector}`, and no element of the page is such; read it with `extract` = `source` to see its elements"
        ));
    }
    Ok(outermost)
}

/// The title of the page, which is not that of a drawing in it.
fn title(tree: &Tree) -> Option<String> {
    let titles = tree.select("title");
    let is_drawing =
        |node: &NodeRef<'_>| node.ancestors_it(None).any(|around| around.has_name("svg"));
    one_line(&titles.nodes().iter().find(|node| !is_drawing(node))?.text())
}

/// The page's description of itself.
fn description(tree: &Tree) -> Option<String> {
    let said = tree
        .select_single("meta[name=description], meta[property='og:description']")
        .attr("content")?;
    one_line(&said)
}

/// Notes on the parts of the page that are not in the text.
fn left_out(around: usize, hidden: Hidden) -> Vec<String> {
    let mut notes = Vec::new();
    if around > 0 {
        notes.push(format!(
            "{around} characters around the main content are left out; `extract` = `all` gives them."
        ));
    }
    match hidden {
        Hidden::Kept => notes.push("scripts would show this text, and are not run.".into()),
        Hidden::LeftOut(0) => {}
        Hidden::LeftOut(count) => notes.push(format!(
            "{count} characters that the page hides are left out; `extract` = `source` has them."
        )),
    }
    notes
}

/// A refresh, and whether it is for browsers that run no scripts.
struct Found {
    refresh: Refresh,
    is_scriptless: bool,
}

/// The page that this one leads on to.
fn refresh(tree: &Tree, page: &Page) -> Option<Found> {
    let of_header = page.refresh.clone().map(|refresh| Found { refresh, is_scriptless: false });
    let base = links::base(tree, &page.url);
    let of_meta = |meta: &NodeRef<'_>| {
        let is_refresh = meta.attr_or("http-equiv", "").eq_ignore_ascii_case("refresh");
        let refresh = Refresh::parse(&meta.attr("content").filter(|_| is_refresh)?, &base)?;
        let is_scriptless = meta.ancestors_it(None).any(|ancestor| ancestor.has_name("noscript"));
        Some(Found { refresh, is_scriptless })
    };
    of_header.or_else(|| tree.select("meta[http-equiv]").nodes().iter().find_map(of_meta))
}

/// The document without what nobody sees.
fn finished(document: Document) -> Document {
    let cleaned = Cleaned::of(&document.text);
    let title = document.title.map(|title| Cleaned::of(&title).text);
    let mut notes = document.notes;
    notes.extend(cleaned.told());
    Document { title, text: cleaned.text, notes, ..document }
}

fn one_line(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
