//! One file to blocks that a model reads.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

use toolrack_sdk::Content;

use crate::place::Place;

/// Bytes of text in one answer, and of a picture.
const MAX_TEXT: usize = 100_000;
const MAX_PICTURE: u64 = 180 * 1024;
/// Bytes at the beginning of a file that tell what it is.
const HEAD: usize = 8 * 1024;

/// Lines, counted from 1.
pub struct Range {
    pub first: u64,
    pub count: u64,
}

/// The text of those lines, or a picture.
pub fn read(place: &Place, range: Range) -> Result<Vec<Content>, String> {
    let explain = |error: std::io::Error| place.explain(&error);
    let mut file = File::open(&place.path).map_err(explain)?;
    let about = file.metadata().map_err(explain)?;
    if about.is_dir() {
        return Err(format!(
            "`{}` is a directory; `list` shows what is in it",
            place.path.display()
        ));
    }
    let mut head = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(explain)?;
    file.seek(SeekFrom::Start(0)).map_err(explain)?;
    let size = about.len();
    if let Some(kind) = picture(&head) {
        if size > MAX_PICTURE {
            return Err(format!(
                "it is a picture ({kind}) of {size} bytes; at most {MAX_PICTURE} can be shown"
            ));
        }
        let mut bytes = Vec::new();
        file.take(MAX_PICTURE).read_to_end(&mut bytes).map_err(explain)?;
        return Ok(vec![Content::image(kind, bytes)]);
    }
    if !is_text(&head) {
        return Err(format!(
            "`{}` is no text file: it has {size} bytes of another kind",
            place.path.display()
        ));
    }
    text(place, BufReader::new(file), &range)
}

fn text(place: &Place, mut file: BufReader<File>, range: &Range) -> Result<Vec<Content>, String> {
    let end = range.first.saturating_add(range.count);
    let (mut text, mut line) = (Vec::new(), 1);
    while line < end {
        let before = text.len();
        // A line that is longer than an answer is cut: the next part begins within it.
        let room = (MAX_TEXT + 1) as u64;
        let read = file.by_ref().take(room).read_until(b'\n', &mut text);
        if read.map_err(|error| place.explain(&error))? == 0 {
            break;
        }
        let is_whole = text.ends_with(b"\n") || text.len() - before < room as usize;
        if line < range.first {
            text.clear();
        } else if text.len() > MAX_TEXT {
            if before == 0 {
                text.truncate(MAX_TEXT);
                return Ok(parts(
                    text,
                    format!(
                        "line {line} is longer than this; the rest of it is not shown. Go on with from_line = {}",
                        line + 1
                    ),
                ));
            }
            text.truncate(before);
            return Ok(parts(
                text,
                format!("lines {} to {}; go on with from_line = {line}", range.first, line - 1),
            ));
        }
        line += u64::from(is_whole);
    }
    match text.is_empty() {
        false => Ok(vec![Content::text(String::from_utf8_lossy(&text))]),
        true if line == 1 => Ok(vec![Content::text("(the file is empty)")]),
        true => Err(format!("the file has {} lines", line - 1)),
    }
}

fn parts(text: Vec<u8>, note: String) -> Vec<Content> {
    vec![Content::text(String::from_utf8_lossy(&text)), Content::text(note)]
}

/// Whether a file that begins so is text.
pub fn is_text(head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        _ if head.contains(&0) => false,
        Ok(_) => true,
        // Cut within a character, or in an old encoding: mostly letters.
        Err(error) if error.error_len().is_none() => true,
        Err(_) => head.iter().filter(|byte| byte.is_ascii()).count() * 10 >= head.len() * 7,
    }
}

fn picture(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(bytes: &[u8], first: u64, count: u64) -> Result<Vec<Content>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        read(&Place { path: file.path().into() }, Range { first, count })
    }

    #[track_caller]
    fn check(text: &str, first: u64, count: u64, expected: Result<&str, &str>) {
        match (reading(text.as_bytes(), first, count), expected) {
            (Ok(blocks), Ok(text)) => assert_eq!(blocks, [Content::text(text)]),
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn lines_are_counted_from_one() {
        check("a\nb\nc\n", 1, u64::MAX, Ok("a\nb\nc\n"));
        check("a\nb\nc", 2, 1, Ok("b\n"));
        check("a\nb\nc", 3, 9, Ok("c"));
        check("a\nb\nc", 4, 1, Err("the file has 3 lines"));
        check("a\r\nüb", 2, 1, Ok("üb"));
        check("", 1, 1, Ok("(the file is empty)"));
    }

    #[test]
    fn a_long_file_comes_in_parts_that_fit_together() {
        let whole: String = (0..30_000).map(|line| format!("line {line}\n")).collect();
        let (mut read, mut first, mut parts) = (String::new(), 1, 0);
        loop {
            let blocks = reading(whole.as_bytes(), first, u64::MAX).unwrap();
            let Content::Text(text) = &blocks[0] else { panic!("{blocks:?}") };
            assert!(text.len() <= MAX_TEXT);
            read.push_str(text);
            parts += 1;
            let Some(Content::Text(note)) = blocks.get(1) else { break };
            first = note.rsplit(' ').next().unwrap().parse().unwrap();
        }
        assert!(read == whole && parts > 1);
    }

    #[test]
    fn a_line_longer_than_an_answer_is_cut_and_counted_once() {
        let text = format!("{}\nend\n", "x".repeat(3 * MAX_TEXT));
        let blocks = reading(text.as_bytes(), 1, u64::MAX).unwrap();
        assert_eq!(blocks[0], Content::text("x".repeat(MAX_TEXT)));
        assert_eq!(reading(text.as_bytes(), 2, 1).unwrap(), [Content::text("end\n")]);
    }

    #[test]
    fn what_is_no_text_is_a_picture_or_refused() {
        let png = [&[0x89][..], b"PNG\r\n\x1a\n\0\0"].concat();
        assert_eq!(reading(&png, 1, 1).unwrap(), [Content::image("image/png", png.clone())]);
        assert!(reading(b"a\0b", 1, 1).unwrap_err().contains("is no text file"));
        assert!(reading(&[0xc3, 0x28, 0xff, 0xfe], 1, 1).is_err());
        assert_eq!(
            reading(b"caf\xe9 au lait", 1, 1).unwrap(),
            [Content::text("caf\u{fffd} au lait")]
        );
    }
}
