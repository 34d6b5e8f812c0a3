//! Content that a page carries beside its place, for a browser to put there: React's streamed parts, shadow roots, frames
//! whose document is an attribute.

use std::collections::BTreeMap;

use dom_query::{Document as Tree, NodeRef};

/// Frames within frames that are opened.
const MAX_FRAMES: usize = 20;

/// Puts everything where a browser would.
pub fn settle(tree: &Tree) {
    for frame in tree.select("iframe[srcdoc]").nodes().iter().take(MAX_FRAMES) {
        let html = frame.attr_or("srcdoc", "");
        frame.rename("div");
        frame.remove_all_attrs();
        frame.set_html(html);
    }
    let has_frames = tree.select("frame").exists();
    for other in tree.select("noframes").nodes() {
        // Its markup is text to the parser, which knows frames.
        let html = if has_frames { String::new() } else { other.text().to_string() };
        other.rename("div");
        other.set_html(html);
    }
    for template in tree.select("template[shadowrootmode], template[shadowroot]").nodes() {
        template.remove_all_attrs();
        let html = template.html();
        let inner =
            html.strip_prefix("<template>").and_then(|html| html.strip_suffix("</template>"));
        template.replace_with_html(format!("<div>{}</div>", inner.unwrap_or_default()));
    }
    let moves = moves(tree);
    let hidden = tree.select("[hidden][id]");
    // The last ones lie deepest: a part may hold the place of another.
    for part in hidden.nodes() {
        let id = part.attr_or("id", "").to_string();
        let place = moves.get(&id).and_then(|place| by_id(tree, place));
        match place {
            Some(place) => put(part, &place),
            None if id.contains("S:") && is_template_near(tree) => part.remove_attr("hidden"),
            None => {}
        }
    }
}

/// The parts and the places that they go to, by the scripts: `$RC("B:0","S:0")` or `$RS("S:0","P:0")`.
fn moves(tree: &Tree) -> BTreeMap<String, String> {
    let mut moves = BTreeMap::new();
    for script in tree.select("script:not([src])").nodes() {
        let text = script.text();
        for (call, order) in
            [("$RC(", Order::PlaceFirst), ("$RR(", Order::PlaceFirst), ("$RS(", Order::PartFirst)]
        {
            for arguments in text.split(call).skip(1) {
                let mut quoted = arguments.split(['"', '\'']);
                let (Some(first), Some(second)) = (quoted.nth(1), quoted.nth(1)) else { continue };
                let (part, place) = match order {
                    Order::PlaceFirst => (second, first),
                    Order::PartFirst => (first, second),
                };
                moves.insert(part.to_owned(), place.to_owned());
            }
        }
    }
    moves
}

enum Order {
    PlaceFirst,
    PartFirst,
}

fn by_id<'a>(tree: &'a Tree, id: &str) -> Option<NodeRef<'a>> {
    tree.select("template[id]")
        .nodes()
        .iter()
        .find(|node| node.attr_or("id", "").as_ref() == id)
        .copied()
}

fn is_template_near(tree: &Tree) -> bool {
    tree.select("template[id]").exists()
}

/// Moves a part to its place, and takes away what stood there for as long as it was missing.
fn put(part: &NodeRef<'_>, place: &NodeRef<'_>) {
    let is_inside = place.ancestors_it(None).any(|ancestor| ancestor.id == part.id);
    if is_inside {
        return part.remove_attr("hidden");
    }
    let is_boundary = place.prev_sibling().is_some_and(|before| comment(&before).starts_with("$?"));
    if is_boundary {
        remove_fallback(place);
    }
    if let Some(first) = part.first_child() {
        place.insert_siblings_before(&first);
    }
    place.remove_from_parent();
    part.remove_from_parent();
}

/// Removes what follows a place up to the comment that closes it.
fn remove_fallback(place: &NodeRef<'_>) {
    let mut open = 0;
    while let Some(next) = place.next_sibling() {
        let comment = comment(&next);
        if comment.starts_with("/$") {
            if open == 0 {
                return;
            }
            open -= 1;
        } else if comment.starts_with('$') {
            open += 1;
        }
        next.remove_from_parent();
    }
}

fn comment(node: &NodeRef<'_>) -> String {
    match node.is_comment() {
        true => node.html().trim_start_matches("<!--").trim_end_matches("-->").to_owned(),
        false => String::new(),
    }
}
