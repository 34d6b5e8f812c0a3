//! Numbers of list items that Markdown does not count by itself: backwards, and below zero.

use dom_query::{Document as Tree, NodeRef};

use super::headings::first_shown;
use super::raw::Raw;

/// Gives each item of such a list its number.
pub fn settle(tree: &Tree, raw: &mut Raw) {
    for list in tree.select("ol").nodes() {
        let items: Vec<NodeRef<'_>> =
            list.element_children().into_iter().filter(|node| node.has_name("li")).collect();
        let numbers = numbers(list, &items);
        if numbers.iter().any(|number| *number < 0) {
            list.rename("ul");
            for (item, number) in items.iter().zip(numbers) {
                raw.prepend(&first_line(*item), &format!("{number}. "));
            }
        } else if list.has_attr("reversed") {
            for (item, number) in items.iter().zip(numbers) {
                item.set_attr("value", &number.to_string());
            }
        }
    }
}

/// The element that holds the first line of an item: a text in front of that would be a paragraph of its own.
fn first_line(item: NodeRef<'_>) -> NodeRef<'_> {
    const HOLD: [&str; 6] = ["article", "div", "header", "main", "p", "section"];
    let mut line = item;
    while let Some(first) = first_shown(&line)
        && HOLD.iter().any(|name| first.has_name(name))
    {
        line = first;
    }
    line
}

/// The number of each item, as HTML counts them.
fn numbers(list: &NodeRef<'_>, items: &[NodeRef<'_>]) -> Vec<i64> {
    let is_reversed = list.has_attr("reversed");
    let first = if is_reversed { i64::try_from(items.len()).unwrap_or(1) } else { 1 };
    let step = if is_reversed { -1 } else { 1 };
    let mut next = whole(list, "start").unwrap_or(first);
    let number = |item: &NodeRef<'_>| {
        let number = whole(item, "value").unwrap_or(next);
        next = number + step;
        number
    };
    items.iter().map(number).collect()
}

/// The whole number that an attribute begins with.
fn whole(node: &NodeRef<'_>, name: &str) -> Option<i64> {
    let value = node.attr(name)?;
    let value = value.trim_start_matches([' ', '\t', '\n', '\x0c', '\r']);
    let value = value.strip_prefix('+').unwrap_or(value);
    let digits = value.strip_prefix('-').unwrap_or(value);
    let end = value.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    // What is beyond all lists has no number that anybody reads.
    value[..end].parse::<i32>().ok().map(i64::from)
}
