//! Files to blocks that a model reads.

use std::io::Read as _;

use toolrack_sdk::Content;

use crate::lines::{self, Opened, TextFile};
use crate::place::{Place, Places};
use crate::walk::counted;

/// Bytes of text in one answer, of a picture, and files at once.
const MAX_TEXT: usize = 60_000;
const MAX_PICTURE: u64 = 180 * 1024;
const MAX_FILES: usize = 50;

/// Lines.
#[derive(Clone, Copy, Debug)]
pub enum Range {
    /// From a line and a character in it, both counted from 1, so many lines.
    From(u64, u64, u64),
    /// So many at the end.
    Last(u64),
}

impl Range {
    pub fn parse(
        from_line: Option<u64>,
        from_column: Option<u64>,
        lines: Option<u64>,
        last: Option<u64>,
    ) -> Result<Self, String> {
        let first = from_line.unwrap_or(1);
        match (from_line.or(from_column), lines, last) {
            (None, None, Some(last)) => Ok(Self::Last(last)),
            (.., None) => {
                Ok(Self::From(first, from_column.unwrap_or(1), lines.unwrap_or(u64::MAX)))
            }
            _ => {
                Err("`last` counts from the end: give it alone, or `from_line` and `lines`".into())
            }
        }
    }
}

/// Reads the files at `path` and `paths`. Of several, each has a heading, and one that cannot be read says why.
pub fn read(
    places: &Places,
    path: Option<&str>,
    paths: &[String],
    range: Range,
) -> Result<Vec<Content>, String> {
    let all: Vec<&str> = path.into_iter().chain(paths.iter().map(String::as_str)).collect();
    match &all[..] {
        [] => Err("no file is named; give `path`, or `paths` for several".into()),
        [path] => one(&places.find(path)?, range, MAX_TEXT),
        _ if all.len() > MAX_FILES => {
            Err(format!("`paths` names {} files; read at most {MAX_FILES} at once", all.len()))
        }
        _ => several(places, &all, range),
    }
}

fn several(places: &Places, all: &[&str], range: Range) -> Result<Vec<Content>, String> {
    let (mut blocks, mut room, mut failed) = (Vec::new(), MAX_TEXT, 0);
    for (number, path) in all.iter().enumerate() {
        // What is not needed by one is left to those after it.
        let share = (room / (all.len() - number)).max(1_000);
        let found = places.find(path).and_then(|place| one(&place, range, share));
        let found = found.unwrap_or_else(|error| {
            failed += 1;
            vec![Content::text(format!("(error) {error}"))]
        });
        room = room.saturating_sub(found.iter().map(length).sum());
        blocks.push(Content::text(format!("==> {path} <==")));
        blocks.extend(found);
    }
    if failed < all.len() {
        return Ok(blocks);
    }
    let errors = blocks.iter().filter_map(|block| match block {
        Content::Text(text) => text.strip_prefix("(error) "),
        _ => None,
    });
    Err(errors.collect::<Vec<_>>().join("\n"))
}

fn length(block: &Content) -> usize {
    if let Content::Text(text) = block { text.len() } else { 0 }
}

/// The text of those lines of one file, or a picture.
fn one(place: &Place, range: Range, room: usize) -> Result<Vec<Content>, String> {
    let explain = |error: std::io::Error| place.explain(&error);
    if std::fs::metadata(&place.path).map_err(explain)?.is_dir() {
        return Err(format!(
            "`{}` is a directory; `list` shows what is in it",
            place.path.display()
        ));
    }
    match lines::open(&place.path).map_err(explain)? {
        Opened::Text(file) => match range {
            Range::From(first, column, count) => from(place, file, (first, column), count, room),
            Range::Last(count) => last(place, file, count, room),
        },
        Opened::Picture(kind, file) => {
            let mut bytes = Vec::new();
            file.take(MAX_PICTURE + 1).read_to_end(&mut bytes).map_err(explain)?;
            if bytes.len() as u64 > MAX_PICTURE {
                return Err(format!(
                    "`{}` is a picture ({kind}) of more than {MAX_PICTURE} bytes; at most that can be shown",
                    place.path.display()
                ));
            }
            Ok(vec![Content::image(kind, bytes)])
        }
        Opened::Other { .. } => Err(format!(
            "`{}` is no text file: it holds bytes of another kind. `list` with its path tells its size",
            place.path.display()
        )),
    }
}

fn from(
    place: &Place,
    mut file: TextFile,
    (first, column): (u64, u64),
    count: u64,
    room: usize,
) -> Result<Vec<Content>, String> {
    let end = first.saturating_add(count);
    let (mut text, mut line, mut buffer, mut guessed) = (String::new(), 1, Vec::new(), 0);
    // Characters of the first line that are left out.
    let mut skipped = 0;
    while line < end {
        let read = file.next(room + 1, &mut buffer).map_err(|error| place.explain(&error))?;
        let Some(read) = read else { break };
        if line >= first {
            let skip = if line == first { column.saturating_sub(1) - skipped } else { 0 };
            let (count, shown) = without(&read.text, skip);
            skipped += count;
            guessed += u64::from(read.is_guessed);
            if text.len() + shown.len() > room {
                let stop = if line == first { Stop::Within(shown) } else { Stop::Before };
                return Ok(parts(text, stop, (first, skipped + 1), line, room, guessed));
            }
            text.push_str(shown);
            if read.is_whole && line == first && text.is_empty() && column > 1 {
                let length = skipped - u64::from(read.is_ended());
                let length = counted(length, "character", "characters");
                return Err(format!("line {line} of `{}` has {length}", place.path.display()));
            }
        }
        line += u64::from(read.is_whole);
    }
    match text.is_empty() {
        false => Ok(with_note(text, guessed_note(guessed))),
        true if line == 1 && skipped == 0 => Ok(vec![Content::text("(the file is empty)")]),
        true => {
            Err(format!("`{}` has {}", place.path.display(), counted(line - 1, "line", "lines")))
        }
    }
}

/// A text without its first characters, and how many those are.
fn without(text: &str, count: u64) -> (u64, &str) {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    match text.char_indices().nth(count) {
        Some((at, _)) => (count as u64, &text[at..]),
        None => (text.chars().count() as u64, ""),
    }
}

/// The end of a text that does not fit.
enum Stop<'a> {
    /// The rest of the first line, from here on.
    Within(&'a str),
    /// A line behind it.
    Before,
}

/// The part of a text that fits, and where to go on.
fn parts(
    mut text: String,
    stop: Stop<'_>,
    (first, column): (u64, u64),
    line: u64,
    room: usize,
    guessed: u64,
) -> Vec<Content> {
    let guessed = guessed_note(guessed).map_or_else(String::new, |note| format!("; {note}"));
    let note = match stop {
        Stop::Within(next) => {
            text.push_str(&next[..next.floor_char_boundary(room - text.len())]);
            let go_on = column + text.chars().count() as u64;
            format!(
                "line {line} is longer than this{guessed}; go on with from_line = {line}, from_column = {go_on}, or behind it \
                 with from_line = {}",
                line + 1
            )
        }
        Stop::Before => {
            format!("lines {first} to {}{guessed}; go on with from_line = {line}", line - 1)
        }
    };
    with_note(text, Some(note))
}

fn last(
    place: &Place,
    mut file: TextFile,
    count: u64,
    room: usize,
) -> Result<Vec<Content>, String> {
    let explain = |error: std::io::Error| place.explain(&error);
    // As much as is shown, and what may stand before its first whole line.
    let is_cut = file.is_plain && file.size > room as u64;
    if is_cut {
        file.skip_to_last(&place.path, room as u64).map_err(explain)?;
    }
    let (mut all, mut buffer, mut guessed) = (std::collections::VecDeque::new(), Vec::new(), 0);
    let (mut size, mut dropped) = (0, u64::from(is_cut));
    let mut begins = is_cut;
    while let Some(line) = file.next(room + 1, &mut buffer).map_err(explain)? {
        // It may have begun before.
        if std::mem::take(&mut begins) && line.is_whole && line.is_ended() {
            continue;
        }
        size += line.text.len();
        guessed += u64::from(line.is_guessed);
        all.push_back(line.text.into_owned());
        while all.len() as u64 > count || (size > room && all.len() > 1) {
            dropped += u64::from((all.len() as u64) <= count);
            size -= all.pop_front().map_or(0, |line| line.len());
        }
    }
    if all.is_empty() {
        return Ok(vec![Content::text("(the file is empty)")]);
    }
    let shown = all.len() as u64;
    let short = (dropped > 0 && shown < count).then(|| {
        format!(
            "only the last {shown} lines fit into one answer; read what is before with from_line"
        )
    });
    Ok(with_note(all.into_iter().collect(), short.or(guessed_note(guessed))))
}

fn guessed_note(lines: u64) -> Option<String> {
    (lines > 0).then(|| {
        let not_utf8 = counted(lines, "line is not UTF-8 and is", "lines are not UTF-8 and are");
        format!("{not_utf8} shown as Windows-1252")
    })
}

fn with_note(text: String, note: Option<String>) -> Vec<Content> {
    std::iter::once(text).chain(note).map(Content::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(bytes: &[u8], range: Range) -> Result<Vec<Content>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        one(&Place::from(file.path()), range, MAX_TEXT)
    }

    #[track_caller]
    fn check(text: &str, range: Range, expected: Result<&str, &str>) {
        match (reading(text.as_bytes(), range), expected) {
            (Ok(blocks), Ok(text)) => assert_eq!(blocks, [Content::text(text)]),
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn lines_are_counted_from_one_and_from_the_end() {
        check("a\nb\nc\n", Range::From(1, 1, u64::MAX), Ok("a\nb\nc\n"));
        check("a\nb\nc", Range::From(2, 1, 1), Ok("b\n"));
        check("a\nb\nc", Range::From(3, 1, 9), Ok("c"));
        check("a\nb\nc", Range::From(4, 1, 1), Err("has 3 lines"));
        check("a", Range::From(2, 1, 1), Err("has 1 line"));
        assert!(!reading(b"a", Range::From(2, 1, 1)).unwrap_err().contains("lines"));
        check("a\r\n\u{fc}b", Range::From(2, 1, 1), Ok("\u{fc}b"));
        check("a\rb\rc", Range::From(2, 1, 1), Ok("b\r"));
        check("a\rb\rc", Range::From(4, 1, 1), Err("has 3 lines"));
        check("a\rb\rc\r", Range::Last(2), Ok("b\rc\r"));
        check("abc\rd", Range::From(1, 9, 1), Err("has 3 characters"));
        check("\u{feff}a\nb", Range::From(1, 1, 1), Ok("a\n"));
        check("", Range::From(1, 1, 1), Ok("(the file is empty)"));
        check("a\nb\nc\n", Range::Last(2), Ok("b\nc\n"));
        check("a\nb\nc", Range::Last(1), Ok("c"));
        check("a\nb\n", Range::Last(9), Ok("a\nb\n"));
        check("", Range::Last(9), Ok("(the file is empty)"));
        assert!(Range::parse(Some(1), None, None, Some(1)).is_err());
        assert!(Range::parse(None, Some(2), None, Some(1)).is_err());
    }

    #[test]
    fn a_long_file_comes_in_parts_that_fit_together() {
        let whole: String = (0..30_000).map(|line| format!("line {line}\n")).collect();
        let (mut read, mut first, mut parts) = (String::new(), 1, 0);
        loop {
            let blocks = reading(whole.as_bytes(), Range::From(first, 1, u64::MAX)).unwrap();
            let Content::Text(text) = &blocks[0] else { panic!("{blocks:?}") };
            assert!(text.len() <= MAX_TEXT);
            read.push_str(text);
            parts += 1;
            let Some(Content::Text(note)) = blocks.get(1) else { break };
            first = note.rsplit(' ').next().unwrap().parse().unwrap();
        }
        assert!(read == whole && parts > 1);
        let blocks = reading(whole.as_bytes(), Range::Last(20_000)).unwrap();
        let [Content::Text(text), Content::Text(note)] = &blocks[..] else { panic!("{blocks:?}") };
        assert!(
            whole.ends_with(&**text) && text.starts_with("line ") && text.len() > MAX_TEXT - 20
        );
        assert!(note.contains(&format!("only the last {} lines", text.lines().count())), "{note}");
        let blocks = reading(whole.as_bytes(), Range::Last(3)).unwrap();
        assert_eq!(blocks, [Content::text("line 29997\nline 29998\nline 29999\n")]);
    }

    #[test]
    fn a_line_longer_than_an_answer_is_cut_and_counted_once() {
        let text = format!("{}\nend\n", "x".repeat(3 * MAX_TEXT));
        let blocks = reading(text.as_bytes(), Range::From(1, 1, u64::MAX)).unwrap();
        assert_eq!(blocks[0], Content::text("x".repeat(MAX_TEXT)));
        assert_eq!(
            reading(text.as_bytes(), Range::From(2, 1, 1)).unwrap(),
            [Content::text("end\n")]
        );
    }

    #[test]
    fn a_long_line_comes_in_parts_that_fit_together() {
        let whole: String = (0..40_000).map(|n| format!("{n} \u{e9}\u{1f600} ")).collect();
        for text in [format!("{whole}\nend\n"), format!("a\n{whole}")] {
            let line = if text.starts_with('a') { 2 } else { 1 };
            let (mut read, mut column, mut parts) = (String::new(), 1, 0);
            loop {
                let blocks = reading(text.as_bytes(), Range::From(line, column, 1)).unwrap();
                let Content::Text(part) = &blocks[0] else { panic!("{blocks:?}") };
                assert!(part.len() <= MAX_TEXT);
                read.push_str(part);
                parts += 1;
                let Some(Content::Text(note)) = blocks.get(1) else { break };
                let next = note.split_once("from_column = ").unwrap().1;
                column = next.split(',').next().unwrap().parse().unwrap();
            }
            assert!(read.trim_end_matches('\n') == whole && parts > 5, "{parts}");
        }
        check("abc\nd\n", Range::From(1, 3, 2), Ok("c\nd\n"));
        check("a\nbcd", Range::From(2, 2, 9), Ok("cd"));
        check("abc", Range::From(1, 4, 1), Err("line 1 of"));
        check("abc", Range::From(1, 9, 1), Err("has 3 characters"));
        check("abc\nd", Range::From(1, 9, 1), Err("has 3 characters"));
        check("abc", Range::From(2, 9, 1), Err("has 1 line"));
    }

    #[test]
    fn what_is_no_text_is_a_picture_or_refused() {
        let (all, png) = (Range::From(1, 1, 1), [&[0x89][..], b"PNG\r\n\x1a\n\0\0"].concat());
        assert_eq!(reading(&png, all).unwrap(), [Content::image("image/png", png.clone())]);
        assert!(reading(b"a\0b", all).unwrap_err().contains("is no text file"));
        assert!(reading(&[0xc3, 0x28, 0xff, 0xfe], all).is_err());
        let blocks = reading(b"caf\xe9 au lait", all).unwrap();
        assert_eq!(blocks[0], Content::text("caf\u{e9} au lait"));
        assert!(format!("{blocks:?}").contains("Windows-1252"));
    }

    #[test]
    fn several_files_share_an_answer_and_each_error_is_told() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a"), "x\n".repeat(40_000)).unwrap();
        std::fs::write(root.path().join("b"), "small").unwrap();
        let places =
            Places { roots: vec![crate::place::Root { at: root.path().into(), host: Vec::new() }] };
        let paths = ["b".to_owned(), "none".to_owned()];
        let blocks = read(&places, Some("a"), &paths, Range::From(1, 1, u64::MAX)).unwrap();
        let texts: Vec<_> = blocks
            .iter()
            .map(|block| if let Content::Text(text) = block { text } else { "" })
            .collect();
        assert!(texts.iter().map(|text| text.len()).sum::<usize>() < MAX_TEXT + 1_000);
        assert!(texts.contains(&"==> b <==") && texts.contains(&"small"), "{texts:?}");
        assert!(texts.last().unwrap().contains("there is no"), "{texts:?}");
        let error =
            read(&places, None, &["none".into(), "nor".into()], Range::Last(1)).unwrap_err();
        assert_eq!(error.matches("there is no").count(), 2);
    }
}
