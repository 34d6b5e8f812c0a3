//! Files to the lines in them that match.

use std::collections::VecDeque;
use std::path::Path;

use serde::Serialize;

use crate::lines::{self, Opened};
use crate::pattern::Pattern;
use crate::place::Place;
use crate::walk::{self, MAX_DEPTH, Wanted, shown, weight};

/// Bytes of one file that are searched, of a line that are searched at once, of one that are shown, and of an answer.
const MAX_FILE: usize = 64 * 1024 * 1024;
const MAX_LINE: usize = 64 * 1024;
const MAX_SHOWN: usize = 300;
const MAX_ANSWER: usize = 60_000;
/// The bytes that a match takes beside its texts.
const MATCH: usize = 40;

/// The result of a search.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct Found {
    matches: Vec<Match>,
    // How many files were searched.
    files: usize,
    // What was left out, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

// A line that matches.
#[derive(Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Match {
    path: String,
    line: u64,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    before: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
}

/// The extent to which matches are shown.
pub struct Extent {
    /// Matches.
    pub limit: usize,
    /// Lines before and after each.
    pub context: usize,
}

/// Searches one file, or the wanted ones below a directory.
pub fn search(
    place: &Place,
    pattern: &Pattern,
    wanted: &Wanted,
    extent: &Extent,
) -> Result<Found, String> {
    let explain = |error: std::io::Error| place.explain(&error);
    let mut search = Search {
        pattern,
        extent,
        found: Found::default(),
        size: 0,
        more: false,
        unread: 0,
        wide: 0,
        cut: 0,
    };
    let note = if std::fs::metadata(&place.path).map_err(explain)?.is_dir() {
        let is_file = |kind| kind == toolrack_sdk::files::Kind::File;
        walk::walk(place, wanted, MAX_DEPTH, |found| {
            if is_file(found.kind) {
                match search.file(&found.path) {
                    Ok(Searched::Wide) => search.wide += 1,
                    Ok(Searched::Text | Searched::Other) => {}
                    Err(_) => search.unread += 1,
                }
            }
            !search.more
        })?
    } else {
        match search.file(&place.path).map_err(explain)? {
            Searched::Text => None,
            Searched::Wide => Some(format!("{WIDE}, and was not searched; convert it to UTF-8")),
            Searched::Other => Some("it is no text file, and was not searched".to_owned()),
        }
    };
    Ok(search.found(note))
}

/// What a file was that was to be searched.
enum Searched {
    Text,
    /// Text in UTF-16 or UTF-32 whose byte order is not told.
    Wide,
    Other,
}

const WIDE: &str = "it seems to be UTF-16 or UTF-32 text without a byte order mark";

struct Search<'a> {
    pattern: &'a Pattern,
    extent: &'a Extent,
    found: Found,
    size: usize,
    /// True if there is more than is shown.
    more: bool,
    unread: usize,
    /// Files of text in UTF-16 or UTF-32 without a byte order mark, among several.
    wide: usize,
    cut: usize,
}

impl Search<'_> {
    /// Adds the matches of one file, if it is text.
    fn file(&mut self, path: &Path) -> std::io::Result<Searched> {
        let mut file = match lines::open(path)? {
            Opened::Text(file) => file,
            Opened::Other { is_wide: true } => return Ok(Searched::Wide),
            Opened::Picture(..) | Opened::Other { is_wide: false } => return Ok(Searched::Other),
        };
        self.found.files += 1;
        let (mut buffer, mut before) = (Vec::new(), VecDeque::new());
        let (mut line, mut begins, mut read) = (0, true, 0);
        // Matches whose lines after are still to come.
        let mut open = self.found.matches.len();
        while let Some(next) = file.next(MAX_LINE, &mut buffer)? {
            line += u64::from(begins);
            begins = next.is_whole;
            read += next.text.len();
            if read > MAX_FILE {
                self.cut += 1;
                break;
            }
            let text = next.without_end();
            let at = self.pattern.find(text);
            if self.extent.context > 0 {
                open = self.after(open, text);
            }
            if let Some(at) = at
                && !self.take(path, line, window(text, at), &before)
            {
                break;
            }
            if self.extent.context > 0 {
                before.push_back(window(text, 0));
                if before.len() > self.extent.context {
                    before.pop_front();
                }
            } else {
                open = self.found.matches.len();
            }
        }
        Ok(Searched::Text)
    }

    /// Gives a line to the matches from `open` on that want it, and says which of them is the first to want another.
    fn after(&mut self, mut open: usize, text: &str) -> usize {
        let shown = window(text, 0);
        for found in &mut self.found.matches[open..] {
            if found.after.len() < self.extent.context {
                self.size += weight(&shown) + 3;
                found.after.push(shown.clone());
            }
        }
        while self
            .found
            .matches
            .get(open)
            .is_some_and(|found| found.after.len() == self.extent.context)
        {
            open += 1;
        }
        open
    }

    /// Adds a match, if there is room for it.
    fn take(&mut self, path: &Path, line: u64, text: String, before: &VecDeque<String>) -> bool {
        if self.found.matches.len() == self.extent.limit || self.size > MAX_ANSWER {
            self.more = true;
            return false;
        }
        let found = Match {
            path: shown(path),
            line,
            text,
            before: before.iter().cloned().collect(),
            after: Vec::new(),
        };
        let texts: usize = found.before.iter().map(|line| weight(line) + 3).sum();
        self.size += MATCH + weight(&found.path) + weight(&found.text) + texts;
        self.found.matches.push(found);
        true
    }

    fn found(self, note: Option<String>) -> Found {
        let shown = self.found.matches.len();
        let notes = [
            self.more.then(|| format!("only the first {shown} matches are shown: narrow it with `glob`, or raise `limit` (to 1000)")),
            (self.unread > 0).then(|| format!("{} could not be read", walk::counted(self.unread as u64, "file", "files"))),
            (self.wide > 0).then(|| format!(
                "{} that may be UTF-16 or UTF-32 text without a byte order mark not searched",
                walk::counted(self.wide as u64, "file", "files")
            )),
            (self.cut > 0).then(|| format!(
                "of {} only the first {MAX_FILE} bytes were searched",
                walk::counted(self.cut as u64, "file", "files")
            )),
            note,
        ];
        let notes: Vec<_> = notes.into_iter().flatten().collect();
        Found { note: (!notes.is_empty()).then(|| notes.join("; ")), ..self.found }
    }
}

/// The part of a line that is shown: all, or the text around `at`.
fn window(line: &str, at: usize) -> String {
    if line.len() <= MAX_SHOWN {
        return line.to_owned();
    }
    let begin = if at < MAX_SHOWN / 2 { 0 } else { line.floor_char_boundary(at - MAX_SHOWN / 4) };
    let end = line.floor_char_boundary((begin + MAX_SHOWN).min(line.len()));
    let (before, after) =
        (if begin > 0 { "..." } else { "" }, if end < line.len() { "..." } else { "" });
    format!("{before}{}{after}", &line[begin..end])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, glob: Option<&str>, extent: Extent, expected: &[&str]) -> Found {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/one.md"), "\u{feff}x\r\nfind me\r\nFIND\r\n").unwrap();
        fs::write(root.path().join("two.txt"), "find\nx\nfind").unwrap();
        fs::write(root.path().join("no.bin"), b"find\0").unwrap();
        let pattern = Pattern::parse(pattern, false, false).unwrap();
        let wanted = Wanted::parse(glob, &[], false).unwrap();
        let found = search(&Place::from(root.path()), &pattern, &wanted, &extent).unwrap();
        let below = |found: &Match| {
            let path = Path::new(&found.path).strip_prefix(root.path()).unwrap().display();
            let context = if extent.context > 0 {
                format!(" {:?} {:?}", found.before, found.after)
            } else {
                String::new()
            };
            format!("{path}:{}:{}{context}", found.line, found.text)
        };
        assert_eq!(found.matches.iter().map(below).collect::<Vec<_>>(), expected);
        found
    }

    const fn first(limit: usize) -> Extent {
        Extent { limit, context: 0 }
    }

    #[test]
    fn lines_are_found_with_their_places() {
        let all = ["a/one.md:2:find me", "two.txt:1:find", "two.txt:3:find"];
        let found = check("find", None, first(3), &all);
        assert_eq!((found.files, found.note), (2, None));
        let found = check("find", None, first(2), &all[..2]);
        assert!(found.note.unwrap().contains("only the first 2"));
        check("find$", Some("*.txt"), first(9), &all[1..]);
        check("(?i)^find", Some("**/*.md"), first(9), &["a/one.md:2:find me", "a/one.md:3:FIND"]);
        check("^x$", None, first(9), &["a/one.md:1:x", "two.txt:2:x"]);
        check("nothing", None, first(9), &[]);
    }

    #[test]
    fn lines_that_end_with_cr_are_found_as_they_are_read_and_edited() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "a,b\r1,2\r3,4\r").unwrap();
        let place = Place::from(file.path());
        let found = |pattern: &str| {
            let pattern = Pattern::parse(pattern, false, false).unwrap();
            let found = search(&place, &pattern, &Wanted::default(), &first(9)).unwrap();
            found.matches.into_iter().map(|found| (found.line, found.text)).collect::<Vec<_>>()
        };
        assert_eq!(found("^1,2$"), [(2, "1,2".to_owned())]);
        assert_eq!(found(","), [(1, "a,b".to_owned()), (2, "1,2".into()), (3, "3,4".into())]);
    }

    #[test]
    fn lines_around_a_match_are_shown() {
        let context = Extent { limit: 9, context: 1 };
        let all = [
            "a/one.md:2:find me [\"x\"] [\"FIND\"]",
            "two.txt:1:find [] [\"x\"]",
            "two.txt:3:find [\"x\"] []",
        ];
        check("find", None, context, &all);
        let context = Extent { limit: 9, context: 2 };
        check(
            "find|FIND",
            Some("**/*.md"),
            context,
            &["a/one.md:2:find me [\"x\"] [\"FIND\"]", "a/one.md:3:FIND [\"x\", \"find me\"] []"],
        );
    }

    #[test]
    fn what_is_found_fits_into_an_answer_however_it_is_escaped() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("{}\n", "\u{1}\"".repeat(200)).repeat(2_000)).unwrap();
        let pattern = Pattern::parse("\"", true, false).unwrap();
        let extent = Extent { limit: 1_000, context: 20 };
        let found =
            search(&Place::from(file.path()), &pattern, &Wanted::default(), &extent).unwrap();
        let texts = |found: &Match| {
            found.before.iter().chain(&found.after).map(|line| weight(line)).sum::<usize>()
        };
        let size: usize =
            found.matches.iter().map(|found| weight(&found.text) + texts(found)).sum();
        assert!(size < 3 * MAX_ANSWER && size > MAX_ANSWER / 2, "{size}");
    }

    #[test]
    fn one_file_is_searched_and_a_missing_one_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(
            file.path(),
            format!("{}\u{e9}find{}\nfind\n", "y".repeat(100_000), "z".repeat(9_000)),
        )
        .unwrap();
        let pattern = Pattern::parse("find", true, false).unwrap();
        let found =
            search(&Place::from(file.path()), &pattern, &Wanted::default(), &first(9)).unwrap();
        assert_eq!(found.matches[1].line, 2);
        let text = &found.matches[0].text;
        assert!(text.contains("\u{e9}find") && text.len() < 320, "{text}");
        let error =
            search(&Place::from(Path::new("/no/such")), &pattern, &Wanted::default(), &first(9))
                .unwrap_err();
        assert!(error.contains("there is no `/no/such`"), "{error}");
        fs::write(file.path(), b"find\0").unwrap();
        let found =
            search(&Place::from(file.path()), &pattern, &Wanted::default(), &first(9)).unwrap();
        assert!(found.note.unwrap().contains("no text file"));
        let wide: Vec<u8> = "find\nme\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("wide.txt"), wide).unwrap();
        fs::write(root.path().join("no.bin"), b"find\0").unwrap();
        let of = |path: &Path| {
            search(&Place::from(path), &pattern, &Wanted::default(), &first(9)).unwrap()
        };
        let note = of(&root.path().join("wide.txt")).note.unwrap();
        assert!(note.starts_with("it seems to be UTF-16"), "{note}");
        let note = of(root.path()).note.unwrap();
        assert_eq!(
            note,
            "1 file that may be UTF-16 or UTF-32 text without a byte order mark not searched"
        );
    }
}
