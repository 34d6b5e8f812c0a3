//! Numbers of list items that Markdown does not count by itself: backwards, and below zero.

use dom_query::{Document as Tree, NodeRef};

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
                // In a paragraph, or it would be one of its own.
                let first = item.first_element_child().filter(|child| child.has_name("p"));
                raw.prepend(&first.unwrap_or(*item), &format!("{number}. "));
            }
        } else if list.has_attr("reversed") {
            for (item, number) in items.iter().zip(numbers) {
                item.set_attr("value", &number.to_string());
            }
        }
    }
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
