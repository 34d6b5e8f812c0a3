//! Files to the lines in them that match.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::Serialize;

use crate::pattern::Lines;
use crate::place::Place;
use crate::read::is_text;
use crate::walk::{self, Wanted, shown};

/// Bytes of one file that are searched, of a line that are searched, and of one that are shown.
const MAX_FILE: u64 = 16 * 1024 * 1024;
const MAX_LINE: u64 = 64 * 1024;
const MAX_SHOWN: usize = 300;

/// What a search found.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Found {
    matches: Vec<Match>,
    /// How many files were searched.
    files: usize,
    /// What was left out, and why; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A line that matches.
#[derive(Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Match {
    path: String,
    /// Counted from 1.
    line: u64,
    text: String,
}

/// Searches one file, or the wanted ones below a directory.
pub fn search(
    place: &Place,
    lines: &Lines,
    wanted: &Wanted,
    limit: usize,
) -> Result<Found, String> {
    let explain = |error: std::io::Error| place.explain(&error);
    let mut found = Found { matches: Vec::new(), files: 0, note: None };
    let mut unread = 0;
    let mut visit = |path: &Path| {
        match matches(path, lines, limit, &mut found.matches) {
            Ok(searched) => found.files += usize::from(searched),
            Err(_) => unread += 1,
        }
        // One more than is shown tells that there are more.
        found.matches.len() <= limit
    };
    let note = if std::fs::symlink_metadata(&place.path).map_err(explain)?.is_dir() {
        walk::files(place, wanted, &mut visit)?
    } else {
        File::open(&place.path).map_err(explain)?;
        visit(&place.path);
        None
    };
    let unread = (unread > 0).then(|| format!("{unread} files could not be read"));
    if found.matches.len() > limit {
        found.matches.truncate(limit);
        found.note = Some(format!(
            "only the first {limit} matches are shown; narrow it with `glob`, or raise `limit`"
        ));
    } else {
        found.note = note.or(unread);
    }
    Ok(found)
}

/// Adds the matches of one file, at most one more than `limit` in all. Says whether it is text.
fn matches(
    path: &Path,
    lines: &Lines,
    limit: usize,
    found: &mut Vec<Match>,
) -> std::io::Result<bool> {
    let mut file = BufReader::new(File::open(path)?.take(MAX_FILE));
    if !is_text(file.fill_buf()?) {
        return Ok(false);
    }
    let (mut bytes, mut line, mut begins) = (Vec::new(), 0, true);
    loop {
        bytes.clear();
        if file.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(true);
        }
        line += u64::from(begins);
        begins = bytes.ends_with(b"\n");
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        if lines.matches(text) {
            let cut = &text[..text.floor_char_boundary(MAX_SHOWN)];
            let text = if cut.len() < text.len() { format!("{cut}...") } else { cut.to_owned() };
            found.push(Match { path: shown(path), line, text });
            if found.len() > limit {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::pattern::Names;

    #[track_caller]
    fn check(pattern: &str, glob: Option<&str>, limit: usize, expected: &[&str]) -> Found {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/one.md"), "x\nfind me\r\nFIND\n").unwrap();
        fs::write(root.path().join("two.txt"), "find\nx\nfind").unwrap();
        fs::write(root.path().join("no.bin"), b"find\0").unwrap();
        let lines = Lines::parse(pattern, false, false).unwrap();
        let wanted = Wanted { names: glob.map(|glob| Names::parse(glob).unwrap()), hidden: false };
        let found = search(&Place { path: root.path().into() }, &lines, &wanted, limit).unwrap();
        let below = |found: &Match| {
            let path = Path::new(&found.path).strip_prefix(root.path()).unwrap().display();
            format!("{path}:{}:{}", found.line, found.text)
        };
        assert_eq!(found.matches.iter().map(below).collect::<Vec<_>>(), expected);
        found
    }

    #[test]
    fn lines_are_found_with_their_places() {
        let all = ["a/one.md:2:find me", "two.txt:1:find", "two.txt:3:find"];
        let found = check("find", None, 3, &all);
        assert_eq!((found.files, found.note), (2, None));
        let found = check("find", None, 2, &all[..2]);
        assert!(found.note.unwrap().contains("only the first 2"));
        check("find$", Some("*.txt"), 9, &all[1..]);
        check("(?i)^find", Some("**/*.md"), 9, &["a/one.md:2:find me", "a/one.md:3:FIND"]);
        check("nothing", None, 9, &[]);
    }

    #[test]
    fn one_file_is_searched_and_a_missing_one_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("{}\nfind\n", "y".repeat(100_000))).unwrap();
        let (lines, wanted) =
            (Lines::parse("find", true, false).unwrap(), Wanted { names: None, hidden: false });
        let found = search(&Place { path: file.path().into() }, &lines, &wanted, 9).unwrap();
        assert_eq!(found.matches[0].line, 2);
        let error = search(&Place { path: "/no/such".into() }, &lines, &wanted, 9).unwrap_err();
        assert!(error.contains("there is no `/no/such`"), "{error}");
    }
}
