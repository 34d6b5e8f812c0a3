//! Tables as Markdown has them: each row with as many cells as the others, each cell on one line.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use dom_query::{NodeId, NodeRef, Selection};

/// The most columns that one cell may span; HTML allows a thousand, and nobody writes so many.
const MAX_SPAN: usize = 100;
/// The columns behind which a cell spans one alone.
const MAX_WIDTH: usize = 1_000;
/// The most cells that are added to a table.
const MAX_ADDED: usize = 10_000;
/// The most places that cells fill in the rows below their own.
const MAX_HELD: usize = 100_000;
/// The longest text, and the most bytes of HTML, that each row of a cell that spans several has.
const MAX_REPEATED: usize = 100;
const MAX_MARKUP: usize = 500;
/// The elements without which the text of a cell alone means something else, or runs together.
const MEANT: &str = "sup, sub, br, p, div, li, pre, math, img, del, s, tr";

/// Gives each row of a table the same cells, and each cell one line; false if that takes too many.
pub fn settle(table: &NodeRef<'_>) -> bool {
    let inner = table.descendants();
    inner.iter().filter(|node| node.has_name("pre")).for_each(join_lines);
    // They stand at the end wherever they are written.
    for foot in table.element_children().iter().filter(|node| node.has_name("tfoot")) {
        foot.remove_from_parent();
        table.append_child(foot);
    }
    let rows: Vec<_> = table.descendants().into_iter().filter(|row| row.has_name("tr")).collect();
    let mut grid = Grid::default();
    let Some(placed) = rows.iter().map(|row| grid.place(row)).collect::<Option<Vec<_>>>() else {
        return false;
    };
    // Columns in which no cell begins have no width: a cell that spans a thousand means all that there are.
    let columns: Vec<usize> = grid.begun.into_iter().collect();
    let mut room = MAX_ADDED;
    rows.iter().zip(&placed).all(|(row, slots)| write(row, slots, &columns, &mut room))
}

/// Lines of code in a cell: each is code of its own.
fn join_lines(pre: &NodeRef<'_>) {
    let text = pre.text();
    pre.set_text("");
    pre.rename("div");
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (block, code) = (pre.tree.new_element("div"), pre.tree.new_element("code"));
        code.set_text(line);
        block.append_child(&code);
        pre.append_child(&block);
    }
}

fn cells<'a>(row: &NodeRef<'a>) -> Vec<NodeRef<'a>> {
    let is_cell = |node: &NodeRef<'_>| node.has_name("td") || node.has_name("th");
    row.element_children().into_iter().filter(is_cell).collect()
}

/// The content of a column of a row.
enum Slot<'a> {
    /// A cell of the row itself.
    Own(NodeRef<'a>),
    /// The content of a cell that began in a row before, as HTML.
    Held(Rc<str>),
}

/// The cells that fill their columns in the rows below the one that they begin in, as HTML's table model has them.
#[derive(Default)]
struct Grid {
    /// The number of further rows that a cell spans in a column, and their content there.
    below: BTreeMap<usize, (usize, Rc<str>)>,
    /// The columns in which a cell begins.
    begun: BTreeSet<usize>,
    /// The row group that the rows so far are in: no cell spans beyond it.
    group: Option<NodeId>,
    held: usize,
}

impl Grid {
    /// Returns the content of the columns of the next row. `None` if that is too much.
    fn place<'a>(&mut self, row: &NodeRef<'a>) -> Option<BTreeMap<usize, Slot<'a>>> {
        let group = row.parent().map(|parent| parent.id);
        if self.group != group {
            self.below.clear();
            self.group = group;
        }
        let mut slots: BTreeMap<_, _> = self
            .below
            .iter()
            .map(|(column, (_, html))| (*column, Slot::Held(Rc::clone(html))))
            .collect();
        self.held += slots.len();
        self.below.values_mut().for_each(|(rows, _)| *rows -= 1);
        let mut column = 0;
        for cell in cells(row) {
            while matches!(slots.get(&column), Some(Slot::Held(_))) {
                column += 1;
            }
            self.begin(&cell, column);
            let most = if column < MAX_WIDTH { MAX_SPAN } else { 1 };
            let across = span(&cell, "colspan", most);
            slots.insert(column, Slot::Own(cell));
            column += across;
        }
        self.below.retain(|_, (rows, _)| *rows > 0);
        (self.held <= MAX_HELD).then_some(slots)
    }

    /// Leaves the columns of a cell to the rows that it spans.
    fn begin(&mut self, cell: &NodeRef<'_>, column: usize) {
        self.begun.insert(column);
        let down = span(cell, "rowspan", usize::MAX) - 1;
        if down == 0 {
            return;
        }
        let most = if column < MAX_WIDTH { MAX_SPAN } else { 1 };
        let (content, nothing): (Rc<str>, Rc<str>) = (repeated(cell).into(), "".into());
        for step in 0..span(cell, "colspan", most) {
            let html = Rc::clone(if step == 0 { &content } else { &nothing });
            // Where it overlaps one that is already there, both have the column for as long as they last.
            let (rows, _) = self.below.entry(column + step).or_insert((down, html));
            *rows = down.max(*rows);
        }
    }
}

/// Gives a row a cell for each column; false if there is no room for so many. A row without cells of its own is left out.
fn write(
    row: &NodeRef<'_>,
    slots: &BTreeMap<usize, Slot<'_>>,
    columns: &[usize],
    room: &mut usize,
) -> bool {
    let Some(first) = cells(row).into_iter().next() else {
        row.remove_from_parent();
        return true;
    };
    let name = if first.has_name("th") { "th" } else { "td" };
    for column in columns {
        match slots.get(column) {
            Some(Slot::Own(cell)) => {
                cell.remove_attr("colspan");
                // Behind those that were added.
                cell.remove_from_parent();
                row.append_child(cell);
            }
            held => {
                let Some(less) = room.checked_sub(1) else { return false };
                *room = less;
                let cell = row.tree.new_element(name);
                if let Some(Slot::Held(html)) = held {
                    cell.set_html(&**html);
                }
                row.append_child(&cell);
            }
        }
    }
    true
}

/// Returns the number of columns or rows that a cell spans, by HTML's rules for non-negative integers: `2px` is two.
fn span(cell: &NodeRef<'_>, name: &str, most: usize) -> usize {
    let value = cell.attr_or(name, "1");
    let value = value.trim_start_matches([' ', '\t', '\n', '\x0c', '\r']);
    let value = value.strip_prefix('+').unwrap_or(value);
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    match value[..end].parse() {
        // The rest of the row group.
        Ok(0) if name == "rowspan" => most,
        Ok(count) => most.min(count).max(1),
        Err(_) if end > 0 => most,
        Err(_) => 1,
    }
}

/// The content of a cell for the rows below its own, as HTML: as it is, or its text where that says the same.
fn repeated(cell: &NodeRef<'_>) -> String {
    let text = cell.text();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > MAX_REPEATED {
        return String::new();
    }
    let html = cell.inner_html();
    if html.len() <= MAX_MARKUP {
        return html.to_string();
    }
    let is_plain = Selection::from(*cell).select(MEANT).is_empty();
    if is_plain { escaped(&text) } else { String::new() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use dom_query::Document as Tree;

    use super::*;

    fn check(html: &str, expected: &str) {
        let tree = Tree::from(format!("<table>{html}</table>"));
        assert!(tree.select("table").nodes().iter().all(settle));
        assert_eq!(tree.md(None).trim(), expected, "{html}");
    }

    #[test]
    fn a_cell_that_spans_several_is_one_in_each_row() {
        check(
            "<tr><th colspan=2>Info<tr><td>Name<td>Ada",
            "| Info |  |\n| ---- | - |\n| Name | Ada |",
        );
        check(
            "<thead><tr><th>A<th>B<tbody><tr><td rowspan=2>x<td>1<tr><td>2<tr><td>y<td>3",
            "| A | B |\n| - | - |\n| x | 1 |\n| x | 2 |\n| y | 3 |",
        );
        check(
            "<tr><th>A<th>B<th>C<tr><td>1<td rowspan=0>x<td>2<tr><td>3<td>4<tr><td>5<td>6",
            "| A | B | C |\n| - | - | - |\n| 1 | x | 2 |\n| 3 | x | 4 |\n| 5 | x | 6 |",
        );
        check(
            "<tr><th>A<th>B<tr><td rowspan=2 colspan=2>x<tr><tr><td>1<td rowspan=2>2<tr><td>3",
            "| A | B |\n| - | - |\n| x |  |\n| 1 | 2 |\n| 3 | 2 |",
        );
    }

    #[test]
    fn a_cell_that_spans_rows_keeps_its_column_in_each() {
        check(
            "<tr><th>Time<th>Mon<th>Tue</tr><tr><td>9<td>Math<td rowspan=2>Art</tr><tr><td>10</tr><tr><td>11<td>Bio<td>PE</tr>",
            "| Time | Mon | Tue |\n| ---- | --- | --- |\n| 9 | Math | Art |\n| 10 |  | Art |\n| 11 | Bio | PE |",
        );
        check(
            "<tr><th>A<th>B<th>C<tr><td>1<td>2<td rowspan=2>x<tr><td colspan=2>w<tr><td>3<td>4<td>5",
            "| A | B | C |\n| - | - | - |\n| 1 | 2 | x |\n| w |  | x |\n| 3 | 4 | 5 |",
        );
        check(
            "<tr><th>A<th>B<th>C<tr><td>1<td>2<td rowspan=2>x<tr><td colspan=3>w<tr><td>3<td>4<td>5",
            "| A | B | C |\n| - | - | - |\n| 1 | 2 | x |\n| w |  | x |\n| 3 | 4 | 5 |",
        );
    }

    #[test]
    fn a_cell_means_the_same_in_each_row() {
        let rows = |cell: &str| format!("<tr><th>A<th>B<tr><td rowspan=2>{cell}<td>1<tr><td>2");
        let long = "x".repeat(MAX_MARKUP);
        for (cell, first, below) in [
            ("<b>a</b> & <i>b</i>".to_string(), "**a** & *b*", "**a** & *b*"),
            ("<p>one<p>two".to_string(), "one<br>two", "one<br>two"),
            ("a &lt;b&gt; *c*".to_string(), "a \\<b> \\*c\\*", "a \\<b> \\*c\\*"),
            (format!("<a class={long} href=/x>a &lt; b</a>"), "[a \\< b](/x)", "a \\< b"),
            (format!("<i class={long}></i>one<br>two"), "one  <br>two", ""),
        ] {
            check(&rows(&cell), &format!("| A | B |\n| - | - |\n| {first} | 1 |\n| {below} | 2 |"));
        }
    }

    #[test]
    fn a_cell_spans_no_more_rows_than_its_group_has() {
        for rows in ["3", "0", "65534"] {
            check(
                &format!(
                    "<thead><tr><th>A<th>B<tbody><tr><td rowspan={rows}>x<td>1<tr><td>2<tbody><tr><td>y<td>3"
                ),
                "| A | B |\n| - | - |\n| x | 1 |\n| x | 2 |\n| y | 3 |",
            );
        }
        check(
            "<thead><tr><th rowspan=2>A<th>B<tbody><tr><td>x<td>1",
            "| A | B |\n| - | - |\n| x | 1 |",
        );
    }

    #[test]
    fn a_span_is_read_to_its_first_character_that_is_no_digit() {
        check(
            "<tr><th>A<th>B<tr><td rowspan=2px>x<td>1<tr><td>2<tr><td colspan=2.7>y",
            "| A | B |\n| - | - |\n| x | 1 |\n| x | 2 |\n| y |  |",
        );
        check(
            "<tr><td colspan=' +2.7'>a<td>b<tr><td>1<td>2<td>3",
            "|   |   |   |\n| - | - | - |\n| a |  | b |\n| 1 | 2 | 3 |",
        );
    }

    #[test]
    fn a_foot_stands_at_the_end() {
        check(
            "<thead><tr><th>A<th>B<tfoot><tr><td>sum<td>3<tbody><tr><td>x<td>1<tr><td>y<td>2",
            "| A | B |\n| - | - |\n| x | 1 |\n| y | 2 |\n| sum | 3 |",
        );
    }

    #[test]
    fn rows_have_as_many_cells_as_the_longest() {
        check("<tr><td>a<tr><td>b<td>c", "|   |   |\n| - | - |\n| a |  |\n| b | c |");
        check("<tr><th>A<th>B<tr><td>b", "| A | B |\n| - | - |\n| b |  |");
    }

    #[test]
    fn a_cell_spans_no_more_columns_than_there_are() {
        check(
            "<tr><th>A<th>B<tr><td colspan=1000>all<tr><td>1<td colspan=50>2",
            "| A | B |\n| - | - |\n| all |  |\n| 1 | 2 |",
        );
        check(
            "<tr><td colspan=1000>a<td>b<tr><td>1<td>2<td>3",
            "|   |   |   |   |\n| - | - | - | - |\n| a |  |  | b |\n| 1 | 2 | 3 |  |",
        );
        check("<tr><td colspan=1000>a<td>b", "|   |   |\n| - | - |\n| a | b |");
    }

    #[test]
    fn spans_without_measure_end() {
        let many =
            "<td rowspan=99999999999999999999 colspan=4000000000>a<td colspan=-1>b<td rowspan=x>c";
        let html = format!("<table>{}</table>", format!("<tr>{many}").repeat(300));
        let tree = Tree::from(html);
        assert!(!tree.select("table").nodes().iter().all(settle));
        assert!(tree.md(None).len() < 200_000);
    }

    #[test]
    fn code_in_a_cell_stays_in_its_line() {
        check(
            "<tr><th>A<th>B<tr><td>c<td><pre>x\n y</pre>",
            "| A | B |\n| - | - |\n| c | `x`<br>` y` |",
        );
    }
}
