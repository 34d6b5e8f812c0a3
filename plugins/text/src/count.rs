//! The length of a text, in every sense that people mean.

use crate::forms;
use unicode_segmentation::UnicodeSegmentation;

#[derive(Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Counts {
    /// Of a file as it lies on disk, else in UTF-8.
    pub bytes: u64,
    /// Code points.
    pub characters: usize,
    /// What a reader sees as one character.
    pub graphemes: usize,
    pub words: usize,
    /// A line break at the end begins no further one.
    pub lines: usize,
    /// Of `part`, without overlaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurrences: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The sizes of `text`, and how often `part` occurs in it.
pub fn count(text: &str, part: Option<&str>) -> Result<Counts, String> {
    if part == Some("") {
        return Err("`part` is empty: it would occur between any two characters".to_string());
    }
    let occurrences = part.map(|part| text.matches(part).count());
    let in_text = |text: &str, part: &str| text.matches(part).count();
    let note = part.filter(|_| occurrences == Some(0));
    let note = note.and_then(|part| forms::note(text, part, in_text));
    let words = text.chars().any(is_unspaced).then(|| UNSPACED.to_string());
    let notes: Vec<String> = [note, words].into_iter().flatten().collect();
    Ok(Counts {
        bytes: text.len() as u64,
        characters: text.chars().count(),
        graphemes: text.graphemes(true).count(),
        words: text.unicode_words().count(),
        lines: text.lines().count(),
        occurrences,
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    })
}

const UNSPACED: &str = "`words` is no count of words where those have no spaces between them, as in Chinese, Japanese, Thai, Lao, Khmer \
                        and Burmese: they are not told apart";

/// True of a character in a script whose words have no spaces between them: Thai and Lao, Burmese, Khmer, hiragana and
/// katakana, Han.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_is_what_people_mean_by_it() {
        let check = |text: &str, bytes, characters, graphemes, words, lines| {
            let expected = Counts {
                bytes,
                characters,
                graphemes,
                words,
                lines,
                occurrences: None,
                note: None,
            };
            assert_eq!(count(text, None), Ok(expected), "{text:?}");
        };
        check("", 0, 0, 0, 0, 0);
        check("Hello, world!", 13, 13, 13, 2, 1);
        check("can't stop\n", 11, 11, 11, 2, 1);
        check("a\r\n\r\nb", 6, 6, 4, 2, 3);
        check("e\u{301}", 3, 2, 1, 1, 1);
        check("👩‍👩‍👧 🇩🇪", 27, 8, 3, 0, 1);
    }

    #[test]
    fn words_that_are_not_told_apart_are_noted() {
        for text in [
            "\u{e44}\u{e17}\u{e22}",
            "\u{65e5}\u{672c}\u{8a9e}",
            "\u{306e}",
            "\u{30ab}\u{30bf}",
            "a \u{1781}",
        ] {
            let found = count(text, None).unwrap();
            assert!(found.note.is_some_and(|note| note.contains("are not told apart")), "{text}");
        }
        for text in ["\u{d55c}\u{ae00} word", "\u{433}\u{440}", "a\u{301}", ""] {
            assert_eq!(count(text, None).unwrap().note, None, "{text}");
        }
    }

    #[test]
    fn occurrences_do_not_overlap() {
        let check = |text: &str, part: &str, expected| {
            assert_eq!(count(text, Some(part)).unwrap().occurrences, Some(expected), "{part}");
        };
        check("strawberry", "r", 3);
        check("aaaa", "aa", 2);
        check("a.b", ".", 1);
        check("abc", "x", 0);
        assert!(count("a", Some("")).is_err());
    }
}
