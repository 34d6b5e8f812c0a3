//! Characters that a person does not see and a model reads: taken out, and those told that may carry a message.

use std::collections::BTreeSet;

/// Text without what nobody sees.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    pub text: String,
    /// The number of characters taken out that no usual page has.
    pub strange: usize,
    /// The kinds of them, at most a few.
    kinds: BTreeSet<char>,
}

/// Kinds of characters that are told.
const MAX_KINDS: usize = 8;

impl Cleaned {
    pub fn of(text: &str) -> Self {
        let mut cleaned = Self { text: String::with_capacity(text.len()), ..Self::default() };
        let mut before = None;
        for c in text.chars() {
            match sight(c, before) {
                Sight::Seen => cleaned.text.push(c),
                Sight::Usual => {}
                Sight::Strange => cleaned.note(c),
            }
            before = Some(c);
        }
        cleaned
    }

    fn note(&mut self, c: char) {
        self.strange += 1;
        if self.kinds.len() < MAX_KINDS {
            self.kinds.insert(c);
        }
    }

    /// A note about the characters taken out.
    pub fn told(&self) -> Option<String> {
        let kinds: Vec<_> = self.kinds.iter().map(|c| format!("U+{:04X}", u32::from(*c))).collect();
        let (strange, kinds) = (self.strange, kinds.join(", "));
        (strange > 0)
            .then(|| format!("{strange} invisible characters were taken out, such as {kinds}."))
    }
}

enum Sight {
    Seen,
    /// Seen by nobody, and on many pages.
    Usual,
    Strange,
}

/// Tells whether a character is seen. `before` is the one before it.
fn sight(c: char, before: Option<char>) -> Sight {
    match c {
        // Hints where to break a word, marks of direction, and what is left of a byte order mark.
        '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2060}' | '\u{feff}' => {
            Sight::Usual
        }
        '\n' | '\t' | '\r' => Sight::Seen,
        '\u{c}' => Sight::Usual,
        // Orders that turn the text around, and those that do nothing.
        '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{2061}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}' => Sight::Strange,
        // Letters without a shape.
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' => Sight::Strange,
        // A variant of the character before it; more than one in a row hide bytes.
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => match before {
            Some(before) if !is_variant(before) && !before.is_whitespace() => Sight::Seen,
            _ => Sight::Strange,
        },
        '\u{e0000}'..='\u{e0fff}' => Sight::Strange,
        // Joiners are letters of some scripts and parts of emoji; alone in a row they are not.
        '\u{200c}' | '\u{200d}'
            if before.is_none_or(|before| matches!(before, '\u{200c}' | '\u{200d}')) =>
        {
            Sight::Strange
        }
        c if c.is_control() => Sight::Strange,
        _ => Sight::Seen,
    }
}

fn is_variant(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_taken_out() {
        let check = |text: &str, expected: &str, strange: usize| {
            let cleaned = Cleaned::of(text);
            assert_eq!((cleaned.text.as_str(), cleaned.strange), (expected, strange), "{text:?}");
        };
        check("a\tb\r\nü 日本 👍🏽", "a\tb\r\nü 日本 👍🏽", 0);
        check("Tea\u{ad}pot\u{200b}s\u{feff}", "Teapots", 0);
        check("\u{5e9}\u{200f}!", "\u{5e9}!", 0);
        check("a\u{202e}b\u{2066}c\u{2069}", "abc", 3);
        check("a\u{e0041}\u{e0042}", "a", 2);
        check("a\u{1b}[31mb\u{0}\u{9b}", "a[31mb", 3);
        check("\u{3164}a\u{34f}", "a", 2);
        check("\u{2764}\u{fe0f}", "\u{2764}\u{fe0f}", 0);
        check("x\u{fe01}\u{fe02}\u{e0101}", "x\u{fe01}", 2);
        check("\u{645}\u{200c}\u{627}", "\u{645}\u{200c}\u{627}", 0);
        check("a\u{200c}\u{200d}\u{200c}", "a\u{200c}", 2);
    }

    #[test]
    fn what_is_strange_is_told() {
        assert_eq!(Cleaned::of("a\u{200b}").told(), None);
        let told = Cleaned::of("\u{e0041}\u{202e}\u{202e}").told().unwrap();
        assert_eq!(told, "3 invisible characters were taken out, such as U+202E, U+E0041.");
    }
}
