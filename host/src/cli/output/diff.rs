//! Two texts compared line by line, for a person to read. What the lines are is not known here.

/// Lines beyond which texts are not compared any more.
const MAX_COMPARED_LINES: usize = 1000;
/// Equal lines shown around what changed.
const AROUND: usize = 1;

/// A line of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffLine<'a> {
    /// In both.
    Same(&'a str),
    /// In the old text alone.
    Old(&'a str),
    /// In the new text alone.
    New(&'a str),
    /// Equal lines that are not shown.
    Gap,
}

/// Compares `old` with `new`: the lines that differ, with a few around them that are the same.
pub(crate) fn diff<'a>(old: &'a [String], new: &'a [String]) -> Vec<DiffLine<'a>> {
    let head = old.iter().zip(new).take_while(|(one, two)| one == two).count();
    let (rest_old, rest_new) = (&old[head..], &new[head..]);
    let tail = rest_old.iter().rev().zip(rest_new.iter().rev());
    let tail = tail.take_while(|(one, two)| one == two).count();
    let (middle_old, middle_new) =
        (&rest_old[..rest_old.len() - tail], &rest_new[..rest_new.len() - tail]);
    let mut lines: Vec<_> = old[..head].iter().map(|line| DiffLine::Same(line)).collect();
    if middle_old.len().max(middle_new.len()) > MAX_COMPARED_LINES {
        lines.extend(middle_old.iter().map(|line| DiffLine::Old(line)));
        lines.extend(middle_new.iter().map(|line| DiffLine::New(line)));
    } else {
        lines.extend(middle(middle_old, middle_new));
    }
    lines.extend(rest_old[rest_old.len() - tail..].iter().map(|line| DiffLine::Same(line)));
    with_gaps(&lines)
}

/// By the longest common subsequence.
fn middle<'a>(old: &'a [String], new: &'a [String]) -> Vec<DiffLine<'a>> {
    let width = new.len() + 1;
    let mut common = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(DiffLine::Same(&old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]
        {
            lines.push(DiffLine::Old(&old[i]));
            i += 1;
        } else {
            lines.push(DiffLine::New(&new[j]));
            j += 1;
        }
    }
    lines
}

fn with_gaps<'a>(lines: &[DiffLine<'a>]) -> Vec<DiffLine<'a>> {
    let changed = |at: usize| !matches!(lines[at], DiffLine::Same(_));
    let is_near =
        |at: usize| (at.saturating_sub(AROUND)..=(at + AROUND).min(lines.len() - 1)).any(changed);
    let mut shown = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if is_near(at) {
            shown.push(*line);
        } else if shown.last() != Some(&DiffLine::Gap) {
            shown.push(DiffLine::Gap);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A letter is a line.
    #[track_caller]
    fn check(old: &str, new: &str, expected: &str) {
        let lines = |text: &str| text.chars().map(|c| c.to_string()).collect::<Vec<_>>();
        let (old, new) = (lines(old), lines(new));
        let shown = diff(&old, &new).into_iter().map(|line| match line {
            DiffLine::Same(text) => format!(" {text}"),
            DiffLine::Old(text) => format!("-{text}"),
            DiffLine::New(text) => format!("+{text}"),
            DiffLine::Gap => "~".into(),
        });
        assert_eq!(shown.collect::<String>(), expected);
    }

    #[test]
    fn what_changed_is_shown_with_a_little_of_what_stayed() {
        check("", "", "");
        check("abc", "abc", "~");
        check("abc", "axc", " a-b+x c");
        check("abcdefg", "abcxefg", "~ c-d+x e~");
        check("abc", "", "-a-b-c");
        check("", "ab", "+a+b");
        check("abcd", "acbd", " a-b c+b d");
        check("abab", "baba", "-a b~ b+a");
    }
}
