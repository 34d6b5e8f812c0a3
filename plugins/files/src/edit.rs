//! Passages of a text replaced by others, with the text's own line ends and its byte order mark. Touches no file.

use serde::Deserialize;
use similar::TextDiff;

use crate::lines::is_of_cr;

/// Bytes of a difference that is shown.
const MAX_DIFF: usize = 20_000;
const MARK: char = '\u{feff}';

// One passage and what takes its place. Plain comments: the schema says it once, beside these.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    pub old: String,
    pub new: String,
    /// Wherever it stands, not just once.
    #[serde(default)]
    pub all: bool,
}

/// A text that is edited.
pub struct Edited {
    /// As in the file.
    pub text: String,
    /// The lines where the changes begin, counted from 1.
    pub lines: Vec<usize>,
    /// The change, as `diff -u` shows it.
    pub diff: String,
}

/// Makes the changes one after the other, or none of them.
pub fn edit(text: &str, edits: &[Edit]) -> Result<Edited, String> {
    let mut edited = Text::new(text);
    let before = edited.body.clone();
    let mut lines = Vec::new();
    for (number, edit) in edits.iter().enumerate() {
        let place = if edits.len() > 1 { format!("edit {}: ", number + 1) } else { String::new() };
        let found = edited
            .replace(edit)
            .map_err(|problem| format!("{place}{problem}; nothing is changed"))?;
        lines.extend(found);
    }
    let diff = diff(&before, &edited.body);
    Ok(Edited { text: edited.with_ends(), lines, diff })
}

/// A text with `\n` for each of its line ends, which are remembered.
struct Text {
    mark: bool,
    body: String,
    ends: Ends,
}

/// The line ends of a file.
enum Ends {
    /// All alike.
    Same(&'static str),
    /// For each line whether it ends in CRLF; a new one ends as the line before it.
    Mixed(Vec<bool>),
}

impl Ends {
    /// A text with `\n` for each line end.
    fn plain(&self, text: &str) -> String {
        match self {
            Ends::Same("\r") => plain(text).replace('\r', "\n"),
            Ends::Same(_) | Ends::Mixed(_) => plain(text),
        }
    }
}

impl Text {
    fn new(text: &str) -> Self {
        let (mark, text) = text.strip_prefix(MARK).map_or((false, text), |text| (true, text));
        let crlf = text.matches("\r\n").count();
        let ends = match text.matches('\n').count() {
            0 if is_of_cr(text.as_bytes()) => Ends::Same("\r"),
            _ if crlf == 0 => Ends::Same("\n"),
            all if all == crlf => Ends::Same("\r\n"),
            _ => {
                Ends::Mixed(text.split_inclusive('\n').map(|line| line.ends_with("\r\n")).collect())
            }
        };
        let body = ends.plain(text);
        Self { mark, body, ends }
    }

    /// Makes one change, and says in which lines it begins.
    fn replace(&mut self, edit: &Edit) -> Result<Vec<usize>, String> {
        let old = self.ends.plain(edit.old.trim_start_matches(MARK));
        let new = self.ends.plain(&edit.new);
        if old.is_empty() {
            return Err("`old` is empty; quote the passage that is to change".into());
        }
        if old == new {
            return Err("`old` and `new` are the same".into());
        }
        let found: Vec<usize> = match edit.all {
            true => self.body.match_indices(&old).map(|(at, _)| at).collect(),
            false => starts(&self.body, &old),
        };
        match found.len() {
            0 => return Err(self.missing(&old)),
            1 => {}
            _ if edit.all => {}
            count => {
                let lines: Vec<_> =
                    found.iter().take(10).map(|at| self.line(*at).to_string()).collect();
                return Err(format!(
                    "`old` stands in the file {count} times (lines {}); quote more of what is around it, or set `all`",
                    lines.join(", ")
                ));
            }
        }
        let lines = found.iter().map(|at| self.line(*at)).collect();
        for at in found.into_iter().rev() {
            self.put(at, &old, &new);
        }
        Ok(lines)
    }

    fn put(&mut self, at: usize, old: &str, new: &str) {
        let line = self.line(at) - 1;
        if let Ends::Mixed(ends) = &mut self.ends {
            let (gone, come) = (old.matches('\n').count(), new.matches('\n').count());
            let end = ends.get(line).copied().unwrap_or_default();
            let new = (0..come).map(|number| if number < gone { ends[line + number] } else { end });
            let new: Vec<_> = new.collect();
            ends.splice(line..line + gone, new);
        }
        self.body.replace_range(at..at + old.len(), new);
    }

    fn line(&self, at: usize) -> usize {
        self.body[..at].matches('\n').count() + 1
    }

    fn with_ends(&self) -> String {
        let mut text = String::from(if self.mark { "\u{feff}" } else { "" });
        match &self.ends {
            Ends::Same("\n") => text.push_str(&self.body),
            Ends::Same(end) => text.push_str(&self.body.replace('\n', end)),
            Ends::Mixed(ends) => {
                for (number, line) in self.body.split_inclusive('\n').enumerate() {
                    match (line.strip_suffix('\n'), ends.get(number)) {
                        (Some(line), Some(true)) => text.extend([line, "\r\n"]),
                        _ => text.push_str(line),
                    }
                }
            }
        }
        text
    }

    /// Says why `old` was not found: most often for spaces.
    fn missing(&self, old: &str) -> String {
        const READ: &str = "`old` does not stand in the file";
        let wanted: Vec<_> = old.lines().map(seen).filter(|line| !line.is_empty()).collect();
        let lines: Vec<_> = self.body.lines().map(seen).collect();
        let first = wanted.first().and_then(|wanted| lines.iter().position(|line| line == wanted));
        let Some(first) = first else {
            return format!(
                "{READ}; read it again and quote it exactly, spaces and line breaks included"
            );
        };
        let line = self.body.lines().nth(first).unwrap_or_default();
        let quoted = old.lines().find(|line| !seen(line).is_empty()).unwrap_or_default();
        if line.contains(quoted) {
            return format!(
                "{READ} as a whole, though line {} is its first: {line:?}. What follows differs",
                first + 1
            );
        }
        format!(
            "{READ}, but line {} differs only in spaces, quotes or dashes: {line:?}. Quote it so",
            first + 1
        )
    }
}

pub fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A line as it looks: one space for all, plain quotes and dashes.
fn seen(line: &str) -> String {
    let look = |letter: char| match letter {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' => '-',
        letter => letter,
    };
    let words: Vec<_> = line.split_whitespace().collect();
    words.join(" ").chars().map(look).collect()
}

/// The places where `old` begins, also where one overlaps another.
fn starts(text: &str, old: &str) -> Vec<usize> {
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = text[from..].find(old) {
        found.push(from + at);
        from += at + old.chars().next().map_or(1, char::len_utf8);
    }
    found
}

/// The difference in the form of `diff -u`, without names.
pub fn diff(before: &str, after: &str) -> String {
    // A line ends with LF, as for diff and git; the crate's own lines end with a lone CR, too.
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let text = diff.unified_diff().context_radius(3).to_string();
    if text.len() <= MAX_DIFF {
        return text;
    }
    let end = text[..text.floor_char_boundary(MAX_DIFF)].rfind('\n').unwrap_or_default();
    format!("{}\n(the rest of the difference is not shown)\n", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(old: &str, new: &str) -> Edit {
        Edit { old: old.into(), new: new.into(), all: false }
    }

    #[track_caller]
    fn check(text: &str, edits: &[Edit], expected: Result<&str, &str>) {
        match (edit(text, edits), expected) {
            (Ok(edited), Ok(expected)) => assert_eq!(edited.text, expected),
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (Ok(edited), Err(_)) => panic!("{}", edited.text),
            (Err(error), Ok(_)) => panic!("{error}"),
        }
    }

    #[test]
    fn a_passage_is_changed_if_there_is_just_one() {
        check("a b\na c\n", &[one("a c\n", "d")], Ok("a b\nd"));
        check("a b", &[one("", "y")], Err("is empty"));
        check("a b", &[one("x", "y")], Err("does not stand"));
        check("a b", &[one("a", "a")], Err("the same"));
        check("a\nb\na", &[one("a", "b")], Err("2 times (lines 1, 3)"));
        check("aaa", &[one("aa", "b")], Err("2 times"));
        check("aaa", &[Edit { all: true, ..one("a", "bb") }], Ok("bbbbbb"));
        check("a b", &[one("a", "x"), one("x b", "y")], Ok("y"));
        check("a b", &[one("a", "x"), one("a", "y")], Err("edit 2: `old` does not stand"));
    }

    #[test]
    fn line_ends_and_the_mark_of_the_file_stay() {
        check("one\r\ntwo\r\n", &[one("one\ntwo", "1\n2\n3")], Ok("1\r\n2\r\n3\r\n"));
        check("one\r\ntwo\r\n", &[one("one\r\ntwo", "1\r\n2")], Ok("1\r\n2\r\n"));
        check("one\r\ntwo\r\n", &[one("two", "2\n3")], Ok("one\r\n2\r\n3\r\n"));
        check("one\ntwo\n", &[one("one\r\ntwo", "1\r\n2")], Ok("1\n2\n"));
        check("\u{feff}one\r\n", &[one("one", "1")], Ok("\u{feff}1\r\n"));
        check("\u{feff}one\n", &[one("\u{feff}one", "1")], Ok("\u{feff}1\n"));
        check("a\r\nb\nc\r\n", &[one("b\nc", "x\ny\nz")], Ok("a\r\nx\ny\nz\r\n"));
        check("a\r\nb\nc\r\n", &[one("a\nb\nc\n", "")], Ok(""));
        check("a\r\nb\nc", &[one("a\n", "1\n2\n")], Ok("1\r\n2\r\nb\nc"));
        check("old\rmac", &[one("mac", "x")], Ok("old\rx"));
        check("a\rb\rc\r", &[one("b", "x\ny")], Ok("a\rx\ry\rc\r"));
        check("a\rb\rc\r", &[one("a\r\nb", "x\ry")], Ok("x\ry\rc\r"));
        check("a\rb\nc\n", &[one("c", "x\ny")], Ok("a\rb\nx\ny\n"));
        let edited = edit("a\rb\rc\r", &[one("b", "x")]).unwrap();
        assert_eq!((edited.lines, &*edited.diff), (vec![2], "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"));
    }

    #[test]
    fn what_differs_only_in_spaces_is_shown() {
        check(
            "\tlet x = 1;\n",
            &[one("    let x = 1;", "y")],
            Err("line 1 differs only in spaces"),
        );
        check("it\u{2019}s\n", &[one("it's", "y")], Err("\"it\u{2019}s\""));
        check("a\nb\n", &[one("a\nc", "y")], Err("line 1 is its first"));
    }

    #[test]
    fn the_difference_is_that_of_diff() {
        let edited = edit("1\r\n2\r\n3\r\n", &[one("2", "two")]).unwrap();
        assert_eq!((edited.lines, &*edited.diff), (vec![2], "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n"));
        assert!(diff("", &"x\n".repeat(50_000)).len() < MAX_DIFF + 100);
    }
}
