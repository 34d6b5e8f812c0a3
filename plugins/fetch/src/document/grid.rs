//! Tables as Markdown has them: each row with as many cells as the others, each cell on one line.

use std::collections::BTreeSet;

use dom_query::NodeRef;

/// The most columns that one cell may span; HTML allows a thousand, and nobody writes so many.
const MAX_SPAN: usize = 100;
/// The columns behind which a cell spans one alone.
const MAX_WIDTH: usize = 1_000;
/// The most cells that are added to a table.
const MAX_ADDED: usize = 10_000;
/// The longest text that each row of a cell that spans several has.
const MAX_REPEATED: usize = 100;

/// Gives each row of a table the same cells, and each cell one line; false if that takes too many.
pub fn settle(table: &NodeRef<'_>) -> bool {
    let inner = table.descendants();
    inner.iter().filter(|node| node.has_name("pre")).for_each(join_lines);
    let rows: Vec<_> = inner.into_iter().filter(|node| node.has_name("tr")).collect();
    narrow(&rows);
    let mut grid = Grid::default();
    rows.iter().for_each(|row| grid.fill(row));
    let width = rows.iter().map(|row| cells(row).len()).max().unwrap_or_default();
    rows.iter().for_each(|row| grid.widen(row, width));
    grid.added < MAX_ADDED
}

/// Lets each cell span only columns in which a cell begins: others have no width, and a cell that spans a thousand means
/// all that there are.
fn narrow(rows: &[NodeRef<'_>]) {
    let (mut begun, mut spans) = (BTreeSet::new(), Vec::new());
    // How many more rows the cells so far span in each column.
    let mut below: Vec<usize> = Vec::new();
    for row in rows {
        let mut column = 0;
        for cell in cells(row) {
            while let Some(rows) = below.get_mut(column).filter(|rows| **rows > 0) {
                *rows -= 1;
                column += 1;
            }
            let most = if column < MAX_WIDTH { MAX_SPAN } else { 1 };
            let end = column + span(&cell, "colspan", most);
            below.resize(below.len().max(end), 0);
            below[column..end].fill(span(&cell, "rowspan", usize::MAX) - 1);
            begun.insert(column);
            spans.push((cell, column..end));
            column = end;
        }
        let rest = below.get_mut(column..).unwrap_or_default();
        rest.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
    }
    for (cell, columns) in spans {
        if columns.len() > 1 {
            cell.set_attr("colspan", &begun.range(columns).count().to_string());
        }
    }
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

/// What the rows so far leave to the next ones.
#[derive(Default)]
struct Grid {
    /// For each column how many more rows its cell spans, and what these have there.
    below: Vec<(usize, String)>,
    added: usize,
}

impl Grid {
    /// Adds the cells that a row lacks since others span into it.
    fn fill(&mut self, row: &NodeRef<'_>) {
        let mut column = 0;
        for cell in cells(row) {
            while let Some(text) = self.next_below(column) {
                self.add(&cell, &text, true);
                column += 1;
            }
            let (across, down) =
                (span(&cell, "colspan", MAX_SPAN), span(&cell, "rowspan", usize::MAX));
            // Its columns have cells of their own now.
            cell.remove_attr("colspan");
            for step in 0..across {
                let text = if step == 0 { repeated(&cell) } else { String::new() };
                self.leave(column + step, down - 1, text);
            }
            for _ in 1..across {
                self.add(&cell, "", false);
            }
            column += across;
        }
        let Some(mut last) = cells(row).pop() else {
            self.below.iter_mut().for_each(|(rows, _)| *rows = rows.saturating_sub(1));
            return row.remove_from_parent();
        };
        while let Some(text) = self.next_below(column) {
            last = self.add(&last, &text, false).unwrap_or(last);
            column += 1;
        }
    }

    /// What a cell of a row before has in this column.
    fn next_below(&mut self, column: usize) -> Option<String> {
        let (rows, text) = self.below.get_mut(column).filter(|(rows, _)| *rows > 0)?;
        *rows -= 1;
        Some(text.clone())
    }

    fn leave(&mut self, column: usize, rows: usize, text: String) {
        if self.below.len() <= column {
            self.below.resize(column + 1, (0, String::new()));
        }
        self.below[column] = (rows, text);
    }

    /// Adds a cell like another one, before or after it.
    fn add<'a>(
        &mut self,
        beside: &NodeRef<'a>,
        text: &str,
        is_before: bool,
    ) -> Option<NodeRef<'a>> {
        if self.added == MAX_ADDED {
            return None;
        }
        self.added += 1;
        let cell = beside.tree.new_element(if beside.has_name("th") { "th" } else { "td" });
        if !text.is_empty() {
            cell.set_text(text);
        }
        if is_before {
            beside.insert_before(&cell)
        } else {
            beside.insert_after(&cell)
        }
        Some(cell)
    }

    /// Adds empty cells at the end of a row.
    fn widen(&mut self, row: &NodeRef<'_>, width: usize) {
        let cells = cells(row);
        if let Some(last) = cells.last() {
            for _ in cells.len()..width {
                self.add(last, "", false);
            }
        }
    }
}

fn span(cell: &NodeRef<'_>, name: &str, most: usize) -> usize {
    let value = cell.attr_or(name, "1");
    let value = value.trim();
    match value.parse() {
        // The rest of the rows.
        Ok(0) if name == "rowspan" => most,
        Ok(count) => most.min(count).max(1),
        Err(_) if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => most,
        Err(_) => 1,
    }
}

fn repeated(cell: &NodeRef<'_>) -> String {
    let text = cell.text();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= MAX_REPEATED { text } else { String::new() }
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
