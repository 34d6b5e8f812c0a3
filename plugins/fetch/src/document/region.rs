//! The main content of a page. All of it is given; text around it is counted, never lost unsaid.

use std::collections::{BTreeSet, HashSet};

use dom_query::{Document as Tree, NodeRef};
use dom_smoothie::{Config, Readability};

/// Elements that may stand around the content, by their names or roles. Each is looked at before it goes.
const AROUND: &str = "nav, aside, footer, dialog, [role=navigation], [role=search], [role=complementary], \
                      [role=contentinfo], [role=banner], [role=dialog], [role=alertdialog], [role=menu], [role=menubar]";
/// The share of the text, in hundredths, that an element called the main content has to hold to be that.
const NAMED_SHARE: usize = 50;
/// The same for one that only looks like it.
const LIKELY_SHARE: usize = 75;
/// A page with less text than this is given with what stands around it, unless that is little too.
const MIN_CONTENT: usize = 200;
/// The attribute that marks blocks while Readability looks for the content.
const MARK: &str = "data-toolrack";

/// The main content of a page.
pub struct Region<'a> {
    /// The elements that are given, in the page's order.
    pub nodes: Vec<NodeRef<'a>>,
    /// The number of characters of the page that lie elsewhere.
    pub left_out: usize,
}

/// Finds the main content. What stands around it is taken out of the tree.
pub fn find(tree: &Tree) -> Region<'_> {
    let Some(body) = tree.body() else { return Region { nodes: vec![tree.root()], left_out: 0 } };
    let all = size(&body);
    let landmark = only(tree, "main, [role=main]");
    let around = around(tree, landmark.as_ref());
    let removed: usize = around.iter().map(size).sum();
    let rest = all.saturating_sub(removed);
    if rest < MIN_CONTENT && removed > rest {
        return Region { nodes: vec![body], left_out: 0 };
    }
    around.iter().for_each(NodeRef::remove_from_parent);
    let holds = |node: &NodeRef<'_>, share: usize| size(node) * 100 >= rest * share;
    let named = landmark.filter(|node| holds(node, NAMED_SHARE));
    let likely = || only(tree, "article, [role=article]").filter(|node| holds(node, LIKELY_SHARE));
    let scored = || scored(tree).filter(|node| rest >= MIN_CONTENT && holds(node, LIKELY_SHARE));
    let node = named.or_else(likely).or_else(scored).unwrap_or(body);
    let nodes: Vec<_> = heading(tree, &node).into_iter().chain([node]).collect();
    let left_out = all.saturating_sub(nodes.iter().map(size).sum());
    Region { nodes, left_out }
}

fn size(node: &NodeRef<'_>) -> usize {
    node.normalized_char_count()
}

/// The one element that a selector finds, if it finds one.
fn only<'a>(tree: &'a Tree, selector: &str) -> Option<NodeRef<'a>> {
    match tree.select(selector).nodes() {
        [node] => Some(*node),
        _ => None,
    }
}

/// The page's heading with what belongs to it, where that stands outside the content.
fn heading<'a>(tree: &'a Tree, content: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let headings = tree.select("h1");
    if headings.nodes().iter().any(|heading| holds(content, heading)) {
        return None;
    }
    let heading = headings.nodes().first()?;
    let is_header = |node: &NodeRef<'_>| node.has_name("header") || node.has_name("hgroup");
    let header = heading.ancestors_it(None).find(|node| is_header(node) && !holds(node, content));
    Some(header.unwrap_or(*heading))
}

/// The elements around the content: lists of links, and all that a page with a landmark has outside it.
fn around<'a>(tree: &'a Tree, landmark: Option<&NodeRef<'a>>) -> Vec<NodeRef<'a>> {
    let mut found: Vec<NodeRef<'a>> = Vec::new();
    let mut ids = HashSet::new();
    for node in tree.select(AROUND).nodes() {
        let mut lines = node.ancestors_it(None);
        if lines.any(|ancestor| ids.contains(&ancestor.id))
            || landmark.is_some_and(|main| holds(node, main))
        {
            continue;
        }
        if is_around(node, landmark) {
            ids.insert(node.id);
            found.push(*node);
        }
    }
    found
}

fn holds(node: &NodeRef<'_>, inner: &NodeRef<'_>) -> bool {
    node.id == inner.id || inner.ancestors_it(None).any(|ancestor| ancestor.id == node.id)
}

fn is_around(node: &NodeRef<'_>, landmark: Option<&NodeRef<'_>>) -> bool {
    if node.has_name("article") || node.has_name("main") {
        return false;
    }
    let is_inside = match landmark {
        Some(main) => holds(main, node),
        None => node.ancestors_it(None).any(|ancestor| ancestor.has_name("article")),
    };
    match (is_inside, landmark) {
        (false, Some(_)) => true,
        (false, None) => is_links(node) || is_few_words(node),
        (true, _) => is_links(node),
    }
}

/// True if most of the text can be clicked.
fn is_links(node: &NodeRef<'_>) -> bool {
    let links = node.descendants_it().filter(|inner| inner.has_name("a"));
    let linked: usize = links.map(|link| size(&link)).sum();
    linked * 2 > size(node)
}

/// True of a few words on the edge of a page, such as who has the rights.
fn is_few_words(node: &NodeRef<'_>) -> bool {
    const FEW: usize = 160;
    !node.has_name("aside") && !node.has_name("dialog") && size(node) < FEW
}

/// The smallest element that holds all that Readability takes for the content.
fn scored(tree: &Tree) -> Option<NodeRef<'_>> {
    let blocks = tree.select("p, pre, li, td, dt, dd, h2, h3, h4, blockquote, figure, div:not(:has(div, p, ul, ol, table, h2, h3))");
    for (number, block) in blocks.nodes().iter().enumerate() {
        block.set_attr(MARK, &number.to_string());
    }
    let config = Config { disable_json_ld: true, ..Config::default() };
    let article = Readability::with_document(tree.clone(), None, Some(config)).ok()?.parse().ok();
    let content = article.map(|article| article.content.to_string()).unwrap_or_default();
    let start = format!("{MARK}=\"");
    let number = |rest: &str| rest.split('"').next().and_then(|id| id.parse::<usize>().ok());
    let chosen: BTreeSet<usize> = content.split(&start).skip(1).filter_map(number).collect();
    let nodes = chosen.iter().filter_map(|number| blocks.nodes().get(*number));
    let region = nodes.copied().reduce(|one, other| common(&one, &other));
    blocks.remove_attr(MARK);
    region.map(|region| whole(&region))
}

/// The list or the table that a part belongs to.
fn whole<'a>(node: &NodeRef<'a>) -> NodeRef<'a> {
    const PARTS: [&str; 9] = ["li", "tr", "td", "th", "thead", "tbody", "tfoot", "dt", "dd"];
    let is_part = |node: &NodeRef<'_>| PARTS.iter().any(|name| node.has_name(name));
    if !is_part(node) {
        return *node;
    }
    node.ancestors_it(None).find(|ancestor| !is_part(ancestor)).unwrap_or(*node)
}

/// The smallest element that holds both.
fn common<'a>(one: &NodeRef<'a>, other: &NodeRef<'a>) -> NodeRef<'a> {
    if holds(one, other) {
        return *one;
    }
    one.ancestors_it(None).find(|ancestor| holds(ancestor, other)).unwrap_or(*one)
}
