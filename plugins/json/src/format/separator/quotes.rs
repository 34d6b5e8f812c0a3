//! Quotes that do not begin a field as CSV has them, such as `said "a, b"`, ` "a, b"` or `\u{201c}a, b\u{201d}`. A separator within them parts
//! what belongs together.

/// Quotes of a row so far.
#[derive(Default)]
pub struct Quotes {
    /// The byte of a quote that begins something.
    open: Option<usize>,
    /// True if a separator came after it.
    is_parted: bool,
}

impl Quotes {
    /// The first such quote that is parted by a separator and closed in the same row.
    pub fn torn(source: &str, separator: u8) -> Option<usize> {
        let bytes = source.as_bytes();
        let (mut quotes, mut is_quoted, mut is_start) = (Self::default(), false, true);
        for (at, char) in source.char_indices() {
            let is_separator = char == char::from(separator);
            match char {
                // A field in quotes by the rules, in which two stand for one: the state is right behind both.
                '"' if is_quoted || is_start => is_quoted = !is_quoted,
                _ if is_quoted => {}
                '\n' | '\r' => quotes = Self::default(),
                _ if is_separator => quotes.is_parted = quotes.open.is_some(),
                _ => {
                    let before = at.checked_sub(1).map(|before| bytes[before]);
                    let behind = bytes.get(at + char.len_utf8()).copied();
                    if quotes.closes(char, behind, separator) {
                        if quotes.is_parted {
                            return quotes.open;
                        }
                        quotes = Self::default();
                    } else if quotes.open.is_none() && opens(char, before, behind, is_start) {
                        quotes.open = Some(at);
                    }
                }
            }
            is_start = !is_quoted && (is_separator || matches!(char, '\n' | '\r'));
        }
        None
    }

    /// True if a character ends what a quote began.
    fn closes(&self, char: char, behind: Option<u8>, separator: u8) -> bool {
        let is_end = behind.is_none_or(|byte| byte == separator || b" .;:!?)\r\n".contains(&byte));
        self.open.is_some() && is_end && matches!(char, '"' | '\'' | '\u{201c}' | '\u{201d}')
    }
}

/// True if a character begins something in quotes. An apostrophe does only where it begins a field.
fn opens(char: char, before: Option<u8>, behind: Option<u8>, is_start: bool) -> bool {
    let is_text_behind = behind.is_some_and(|byte| !byte.is_ascii_whitespace());
    match char {
        '"' => before == Some(b' ') && is_text_behind,
        '\'' => is_start && is_text_behind,
        '\u{201c}' | '\u{201e}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_within_quotes_that_begin_no_field_is_seen() {
        for (text, expected) in [
            (" \"Doe, John\"\n", Some(1)),
            ("name\nsaid \"a, b\"\n", Some(10)),
            ("a,x \"b, c\" d,e\n", Some(4)),
            ("1, \"Doe, John\", 5\n", Some(3)),
            ("'Doe, John',5", Some(0)),
            ("\u{201c}Doe, John\u{201d}", Some(0)),
            ("\u{201e}Doe, John\u{201c}", Some(0)),
            ("\"Doe, John\",\"Roe, \"\"Jane\"\"\"\n", None),
            ("\"a\n \"\"b, c\"\" d\",e\n", None),
            ("5'9\" tall,6'1\" tall\n", None),
            ("a \"b\",c \"d\"\n", None),
            ("say \"a,\nb\"\n", None),
            ("'tis,'twas\n", None),
            ("O'Brien,d'Arc\n", None),
            ("rock 'n' roll, 'n' more\n", None),
            ("\"\",x\n", None),
            ("", None),
        ] {
            assert_eq!(Quotes::torn(text, b','), expected, "{text}");
        }
        assert_eq!(Quotes::torn("x \"a; b\";c", b';'), Some(2));
        assert_eq!(Quotes::torn("x \"a, b\";c", b';'), None);
    }
}
