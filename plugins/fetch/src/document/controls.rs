//! Elements that are no text in HTML and show some: buttons, fields, drawings, films, frames.

use dom_query::{Document as Tree, NodeId, NodeRef};

use super::raw::Raw;

/// The options of a list that are given.
const MAX_OPTIONS: usize = 40;

/// Leaves the text of each control, or a link to what it shows.
pub fn settle(tree: &Tree, raw: &mut Raw) {
    for select in tree.select("select").nodes() {
        let options = options(select, raw);
        select.rename("span");
        select.set_text(options);
    }
    for input in tree.select("input").nodes() {
        field(input, raw);
    }
    for area in tree.select("textarea").nodes() {
        area.rename(if area.text().trim().is_empty() { "span" } else { "pre" });
    }
    for button in tree.select("button").nodes() {
        settle_button(button);
    }
    for drawing in tree.select("svg").nodes() {
        let labels = drawing
            .descendants_it()
            .filter(|node| node.has_name("text") || node.has_name("foreignObject"));
        let labels: Vec<_> =
            labels.map(|label| words(&label.text())).filter(|label| !label.is_empty()).collect();
        match labels.is_empty() {
            true => say(drawing, &drawing.attr_or("aria-label", "")),
            false => say(drawing, &labels.join(" ")),
        }
    }
    for link in tree.select("area[href]").nodes() {
        link.rename("a");
        link.set_text(link.attr_or("alt", ""));
    }
    tree.select("canvas, object, map").rename("div");
    for film in tree.select("video, audio, iframe, frame, embed").nodes() {
        show(film);
    }
}

/// The options, of which those that a form would send are marked as boxes are.
fn options(select: &NodeRef<'_>, raw: &mut Raw) -> String {
    let options: Vec<_> = select.descendants_it().filter(|node| node.has_name("option")).collect();
    let chosen = chosen(select, &options);
    let mut texts = Vec::new();
    for option in &options {
        let label = words(&option.attr_or("label", ""));
        let text = if label.is_empty() { words(&option.text()) } else { label };
        if !text.is_empty() {
            let mark = if chosen.contains(&option.id) { raw.mark("[x] ") } else { String::new() };
            texts.push(mark + &text);
        }
    }
    let more = texts.len().saturating_sub(MAX_OPTIONS);
    let shown = texts[..texts.len() - more].join(" / ");
    match (shown.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(" ({shown}) "),
        (false, more) => format!(" ({shown} / and {more} more) "),
    }
}

/// The options that are chosen: of a list that takes one, the last that says so, or else the first that can be.
fn chosen(select: &NodeRef<'_>, options: &[NodeRef<'_>]) -> Vec<NodeId> {
    let selected: Vec<_> = options
        .iter()
        .filter(|option| option.has_attr("selected"))
        .map(|option| option.id)
        .collect();
    if select.has_attr("multiple") {
        return selected;
    }
    let shows_one = select.attr_or("size", "1").trim().parse::<u32>().unwrap_or(1) <= 1;
    let is_off = |option: &NodeRef<'_>| {
        let group = option.parent().filter(|parent| parent.has_name("optgroup"));
        option.has_attr("disabled") || group.is_some_and(|group| group.has_attr("disabled"))
    };
    let first = options.iter().find(|option| shows_one && !is_off(option));
    selected.last().copied().or(first.map(|option| option.id)).into_iter().collect()
}

fn field(input: &NodeRef<'_>, raw: &mut Raw) {
    let is_checked = input.has_attr("checked");
    let value = words(&input.attr_or("value", ""));
    match input.attr_or("type", "text").to_ascii_lowercase().as_str() {
        "checkbox" | "radio" => raw.replace(input, if is_checked { "[x] " } else { "[ ] " }),
        "hidden" | "password" | "file" | "color" | "range" => input.remove_from_parent(),
        "image" => say(input, &input.attr_or("alt", "")),
        _ => say(input, &value),
    }
}

/// A button that opens something is a line of its own, such as a question; others stand apart from their neighbours.
fn settle_button(button: &NodeRef<'_>) {
    let opens = button.has_attr("aria-expanded") || button.has_attr("aria-controls");
    let is_before = |node: &NodeRef<'_>| {
        ["div", "section", "p", "ul", "ol", "dl"].iter().any(|name| node.has_name(name))
    };
    if words(&button.text()).is_empty() {
        let label = button.attr_or("aria-label", "");
        // The name of an icon is no text of the page.
        if !button.descendants_it().any(|node| node.has_name("img")) {
            return if opens { say(button, &label) } else { button.remove_from_parent() };
        }
    }
    let is_line = opens || button.next_element_sibling().is_some_and(|next| is_before(&next));
    if is_line && !is_in_heading(button) {
        button.rename("p");
    } else {
        button.rename("span");
        button.insert_before(&button.tree.new_text(" "));
        button.insert_after(&button.tree.new_text(" "));
    }
    button.remove_all_attrs();
}

fn is_in_heading(node: &NodeRef<'_>) -> bool {
    let is_heading = |node: &NodeRef<'_>| {
        ["h1", "h2", "h3", "h4", "h5", "h6"].iter().any(|name| node.has_name(name))
    };
    node.ancestors_it(Some(3)).any(|ancestor| is_heading(&ancestor))
}

/// A link to what is shown, with its name.
fn show(film: &NodeRef<'_>) {
    let inner = film
        .descendants_it()
        .find(|node| node.has_attr("src"))
        .and_then(|source| source.attr("src"));
    let source = film.attr("src").or(inner).unwrap_or_default();
    let is_tiny = |name: &str| matches!(&*film.attr_or(name, ""), "0" | "1" | "0px" | "1px");
    if source.trim().is_empty()
        || source.starts_with("about:")
        || is_tiny("width")
        || is_tiny("height")
    {
        return film.remove_from_parent();
    }
    let kind = film.node_name().unwrap_or_default();
    let name = [film.attr("title"), film.attr("aria-label"), film.attr("name")];
    let name = name.into_iter().flatten().map(|name| words(&name)).find(|name| !name.is_empty());
    let name = name
        .unwrap_or_else(|| if kind.ends_with("frame") { "frame".into() } else { kind.to_string() });
    film.remove_all_attrs();
    film.rename("a");
    film.set_attr("href", &source);
    film.set_text(name);
    film.wrap_html("<p></p>");
}

/// Leaves of an element these words, apart from their neighbours.
fn say(node: &NodeRef<'_>, text: &str) {
    let text = words(text);
    if text.is_empty() {
        return node.remove_from_parent();
    }
    let span = node.tree.new_element("span");
    span.set_text(format!(" {text} "));
    node.replace_with(&span);
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
