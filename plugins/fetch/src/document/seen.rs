//! The parts of a page that a person sees, or may see with a click. Parts that scripts would have to show first are left
//! out and counted, unless there is nearly nothing else.

use std::collections::{BTreeSet, HashSet};

use dom_query::{Document as Tree, NodeRef};

/// Elements that hold no text for people.
const NO_TEXT: &str = "script, style, link, meta, template, datalist, noembed, base";
/// Elements that may not be seen.
const DOUBTFUL: &str = "[hidden], [style], [aria-hidden], [popover], dialog";
/// With fewer characters than this to be seen, a page waits for its scripts to show the rest.
const MIN_SEEN: usize = 200;

/// The number of characters that are hidden, and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    LeftOut(usize),
    /// They are nearly all there is.
    Kept,
}

/// Takes away what nobody sees.
pub fn settle(tree: &Tree) -> Hidden {
    tree.select(NO_TEXT).remove();
    for other in tree.select("noscript").nodes() {
        // Its pictures are those of the page once more, or count visitors.
        if other.text().trim().is_empty() {
            other.remove_from_parent()
        } else {
            other.rename("div")
        }
    }
    let opened = opened(tree);
    let doubtful = tree.select(DOUBTFUL);
    let hidden: Vec<_> = doubtful.nodes().iter().filter(|node| is_hidden(node, &opened)).collect();
    let ids: HashSet<_> = hidden.iter().map(|node| node.id).collect();
    let is_outermost =
        |node: &&NodeRef<'_>| !node.ancestors_it(None).any(|ancestor| ids.contains(&ancestor.id));
    let outermost: Vec<_> = hidden.iter().copied().filter(is_outermost).collect();
    let all = tree.body().map_or(0, |body| body.normalized_char_count());
    let count: usize = outermost.iter().map(|node| node.normalized_char_count()).sum();
    let seen = all.saturating_sub(count);
    let result =
        if seen < MIN_SEEN && count > 2 * seen { Hidden::Kept } else { Hidden::LeftOut(count) };
    if let Hidden::LeftOut(_) = result {
        outermost.iter().for_each(|node| node.remove_from_parent());
    }
    doubtful.remove_attrs(&["hidden", "style", "aria-hidden", "popover"]);
    result
}

/// The ids of what a click opens.
fn opened(tree: &Tree) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for name in
        ["aria-controls", "data-target", "data-bs-target", "href", "popovertarget", "commandfor"]
    {
        for node in tree.select(&format!("[{name}]")).nodes() {
            let value = node.attr_or(name, "");
            if name == "href" && !value.starts_with('#') {
                continue;
            }
            ids.extend(value.split_whitespace().map(|id| id.trim_start_matches('#').to_owned()));
        }
    }
    ids
}

fn is_hidden(node: &NodeRef<'_>, opened: &BTreeSet<String>) -> bool {
    let is_off =
        node.attr("hidden").is_some_and(|value| !value.eq_ignore_ascii_case("until-found"))
            || node.has_attr("popover")
            || node.has_name("dialog") && !node.has_attr("open")
            || is_styled_away(&node.attr_or("style", ""));
    if !is_off {
        return node.attr_or("aria-hidden", "").eq_ignore_ascii_case("true") && is_ornament(node);
    }
    let by_id = node.attr("id").is_some_and(|id| opened.contains(&*id));
    let is_panel = matches!(&*node.attr_or("role", ""), "tabpanel" | "region");
    !by_id && !is_panel && !follows_switch(node)
}

/// True if what stands before an element is there to be clicked, such as the question before an answer.
fn follows_switch(node: &NodeRef<'_>) -> bool {
    let Some(before) = node.prev_element_sibling() else { return false };
    let is_switch = |node: &NodeRef<'_>| {
        node.has_name("button")
            || node.has_attr("aria-expanded")
            || node.attr_or("role", "").as_ref() == "button"
    };
    is_switch(&before) || before.element_children().iter().any(is_switch)
}

fn is_styled_away(style: &str) -> bool {
    style.to_ascii_lowercase().split(';').filter_map(|rule| rule.split_once(':')).any(
        |(key, value)| {
            let value = value.trim_start();
            match key.trim() {
                "display" => value.starts_with("none"),
                "visibility" => value.starts_with("hidden"),
                _ => false,
            }
        },
    )
}

/// True of a sign, and of the name that a font draws as an icon. What has more to say is seen, and only not read aloud.
fn is_ornament(node: &NodeRef<'_>) -> bool {
    let text = node.text();
    let is_icon = || {
        let class = node.attr_or("class", "").to_ascii_lowercase();
        node.has_name("i") || class.contains("icon") || class.contains("symbol")
    };
    let is_name = || text.trim().chars().all(|c| c.is_ascii_lowercase() || c == '_');
    !text.chars().any(char::is_alphanumeric) || is_icon() && is_name()
}
