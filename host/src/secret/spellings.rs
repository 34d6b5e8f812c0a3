//! The spellings of a text: percent-encoded, with the escapes of JSON or HTML, as a form has it, or any mixture of
//! these; base64 with line breaks in it.

/// The fit between the beginning of some bytes and some texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// So many of the bytes spell all of this text. Where there are several lengths, this is the longest.
    Whole(FoundText, usize),
    /// All of them spell the beginning of a text of so many bytes: what follows decides.
    Begun(usize),
    /// They do neither.
    Not,
}

impl Fit {
    fn begun(longest: usize) -> Self {
        if longest > 0 { Self::Begun(longest) } else { Self::Not }
    }

    /// The one of the longer text; of texts as long as each other, this one. What may have begun takes precedence over a
    /// shorter text that is whole, until that is known.
    pub(super) fn or(self, other: Self) -> Self {
        let length = |fit: Self| match fit {
            Self::Whole(found, _) => found.length,
            Self::Begun(length) => length,
            Self::Not => 0,
        };
        if length(other) > length(self) { other } else { self }
    }
}

/// The longest run of backslashes before an escaped character: JSON within JSON within JSON.
const MAX_BACKSLASHES: usize = 7;
/// The longest reference to a character in HTML, from `&` on.
const MAX_REFERENCE: usize = 12;

/// The parts of the longest line break: `\r` and `\n`.
const MAX_BREAK: usize = 2;

/// Characters that are escaped by a letter behind a backslash.
const LETTERS: [(char, u8); 9] = [
    ('"', b'"'),
    ('\'', b'\''),
    ('/', b'/'),
    ('\\', b'\\'),
    ('\n', b'n'),
    ('\r', b'r'),
    ('\t', b't'),
    ('\u{8}', b'b'),
    ('\u{c}', b'f'),
];

/// HTML's names for characters that programs escape.
const HTML_ENTITIES: [(&str, char); 6] =
    [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", '\u{a0}')];

/// Texts that are looked for together, a character at a time: what they begin with in common is looked at once, however
/// many they are.
pub(super) struct Spellings {
    /// The first is the root.
    nodes: Vec<Node>,
    /// True if line breaks may stand between the characters of a text, as in base64.
    may_break: bool,
}

/// The characters up to here, which some texts begin with.
#[derive(Default)]
struct Node {
    /// In the order of their characters.
    next: Vec<(char, usize)>,
    /// The text that ends here, if one does.
    text: Option<FoundText>,
    /// The length of the longest text that begins so, in bytes.
    longest: usize,
}

/// A text that was found: its place among those that were added, and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FoundText {
    pub(super) place: usize,
    pub(super) length: usize,
}

impl Spellings {
    /// No texts yet.
    pub(super) fn new(may_break: bool) -> Self {
        Self { nodes: vec![Node::default()], may_break }
    }

    /// Adds a text, to be told of by its `place`. Of equal ones the first is told of.
    pub(super) fn add(&mut self, text: &str, place: usize) {
        let mut at = 0;
        for character in text.chars() {
            let free = self.nodes.len();
            let node = &mut self.nodes[at];
            node.longest = node.longest.max(text.len());
            at = match node.next.binary_search_by_key(&character, |(next, _)| *next) {
                Ok(known) => node.next[known].1,
                Err(before) => {
                    node.next.insert(before, (character, free));
                    self.nodes.push(Node::default());
                    free
                }
            };
        }
        let last = &mut self.nodes[at];
        last.longest = last.longest.max(text.len());
        last.text.get_or_insert(FoundText { place, length: text.len() });
    }

    /// Decides whether `bytes` begin with a spelling of one of the texts: of the longest that fits or may have begun. With
    /// `is_end`, no more bytes come, so that a spelling is whole or not there.
    pub(super) fn fit(&self, bytes: &[u8], is_end: bool) -> Fit {
        let (ends, begun, whole) = (Ends::default(), 0, None);
        let mut walk = Walk { nodes: &self.nodes, bytes, ends, begun, whole };
        let (mut reached, mut further) = (Vec::new(), Vec::new());
        // Most bytes begin nothing, which is known after this, without a list.
        walk.step(0, 0, &mut reached);
        while !reached.is_empty() {
            for (node, from) in reached.drain(..) {
                walk.step(node, from, &mut further);
                let after = if self.may_break { after_break(bytes, from) } else { from };
                if after > from {
                    walk.step(node, after, &mut further);
                }
            }
            std::mem::swap(&mut reached, &mut further);
        }
        // A longer spelling may be on its way.
        let begun = if is_end { Fit::Not } else { Fit::begun(walk.begun) };
        begun.or(walk.whole.map_or(Fit::Not, |(found, end)| Fit::Whole(found, end)))
    }
}

impl Drop for Spellings {
    fn drop(&mut self) {
        for (character, _) in self.nodes.iter_mut().flat_map(|node| &mut node.next) {
            *character = '\0';
        }
        // They are never read again, so the compiler could leave the filling out.
        std::hint::black_box(&self.nodes);
    }
}

/// The state of one decision.
struct Walk<'a> {
    nodes: &'a [Node],
    bytes: &'a [u8],
    ends: Ends,
    /// The length of the longest text that may have begun; 0 if none has.
    begun: usize,
    /// The longest text that is whole, and the last place at which it ends.
    whole: Option<(FoundText, usize)>,
}

impl Walk<'_> {
    /// Adds to `reached` the nodes behind `node`, with the places up to which one more character reaches.
    fn step(&mut self, node: usize, from: usize, reached: &mut Vec<(usize, usize)>) {
        let next = &self.nodes[node].next;
        match characters_at(self.bytes, from) {
            None => {
                next.iter().for_each(|&(character, node)| self.take(character, node, from, reached))
            }
            Some(few) => {
                for character in few.into_iter().flatten() {
                    if let Ok(known) = next.binary_search_by_key(&character, |(next, _)| *next) {
                        self.take(character, next[known].1, from, reached);
                    }
                }
            }
        }
    }

    /// Adds `node`, which `character` leads to, to `reached`, if the bytes spell it there.
    fn take(
        &mut self,
        character: char,
        node: usize,
        from: usize,
        reached: &mut Vec<(usize, usize)>,
    ) {
        character_ends(character, self.bytes, from, &mut self.ends);
        let Node { text, longest, .. } = &self.nodes[node];
        if std::mem::take(&mut self.ends.begun) {
            self.begun = self.begun.max(*longest);
        }
        for end in self.ends.found.drain(..) {
            if let Some(text) = text {
                let rank = |(found, end): (FoundText, usize)| (found.length, end);
                if self.whole.is_none_or(|whole| rank(whole) < rank((*text, end))) {
                    self.whole = Some((*text, end));
                }
            }
            if !reached.contains(&(node, end)) {
                reached.push((node, end));
            }
        }
    }
}

/// The characters of which a spelling may begin at `from`, each once: a few, or `None` for any.
fn characters_at(bytes: &[u8], from: usize) -> Option<[Option<char>; 2]> {
    let rest = bytes.get(from..)?;
    let first = char::from(*rest.first()?);
    let spelled = match first {
        '%' => encoded_character(&rest[1..])?,
        '+' => Some(' '),
        '&' => referred_character(&rest[1..])?,
        '\\' => escaped_character(rest)?,
        '\0'..='\x7f' => None,
        _ => return None,
    };
    Some([Some(first), spelled.filter(|spelled| *spelled != first)])
}

/// The character behind `%`: none, or, where the first of several bytes is there or it is cut off, any.
fn encoded_character(hex: &[u8]) -> Option<Option<char>> {
    let hex = hex.get(..2)?;
    let value = hex_value(hex).and_then(char::from_u32);
    if value.is_some_and(|value| !value.is_ascii()) { None } else { Some(value) }
}

/// The character that HTML refers to behind `&`: none, or, where that is cut off, any.
fn referred_character(rest: &[u8]) -> Option<Option<char>> {
    let word = reference(rest)?;
    Some(referred(word).and_then(char::from_u32))
}

/// The character behind backslashes: none, or, where it takes two units or is cut off, any.
fn escaped_character(rest: &[u8]) -> Option<Option<char>> {
    let run = rest.iter().take(MAX_BACKSLASHES + 1).take_while(|byte| **byte == b'\\').count();
    let hex = |digits: &[u8]| hex_value(digits).map(char::from_u32);
    match &rest[run..] {
        [] => None,
        _ if run > MAX_BACKSLASHES => Some(None),
        [b'u', digits @ ..] => match hex(digits.get(..4)?) {
            Some(None) => None,
            Some(character) => Some(character),
            None => Some(None),
        },
        [b'x', digits @ ..] => Some(hex(digits.get(..2)?).flatten()),
        [letter, ..] => Some(LETTERS.iter().find(|(_, known)| known == letter).map(|(it, _)| *it)),
    }
}

/// The offsets at which spellings of one character end.
#[derive(Default)]
struct Ends {
    found: Vec<usize>,
    /// True if the bytes end within one.
    begun: bool,
}

impl Ends {
    fn add(&mut self, end: Option<usize>, bytes: &[u8]) {
        match end {
            Some(end) if end > bytes.len() => self.begun = true,
            Some(end) if !self.found.contains(&end) => self.found.push(end),
            Some(_) | None => {}
        }
    }
}

/// Adds the ends of all spellings of `character` that begin at `from`; an end beyond the bytes says that the bytes end
/// within a spelling.
fn character_ends(character: char, bytes: &[u8], from: usize, ends: &mut Ends) {
    let Some(&first) = bytes.get(from) else {
        ends.begun = true;
        return;
    };
    ends.add(literal_end(character, bytes, from, false), bytes);
    match first {
        b'%' => ends.add(literal_end(character, bytes, from, true), bytes),
        b'+' if character == ' ' => ends.add(Some(from + 1), bytes),
        b'\\' => escape_ends(character, bytes, from, ends),
        b'&' => reference_end(character, bytes, from, ends),
        _ => {}
    }
}

/// The character in UTF-8, where each byte may also be `%XX`; all of them, if it is `encoded`.
fn literal_end(character: char, bytes: &[u8], from: usize, encoded: bool) -> Option<usize> {
    let mut utf8 = [0; 4];
    let mut at = from;
    for &byte in character.encode_utf8(&mut utf8).as_bytes() {
        at = match bytes.get(at..).unwrap_or_default() {
            [] => return Some(bytes.len() + 1),
            [b'%', hex @ ..] if encoded => match hex {
                [high, low, ..] if hex_value(&[*high, *low]) == Some(byte.into()) => at + 3,
                [_, _, ..] => return None,
                _ => return Some(bytes.len() + 1),
            },
            [first, ..] if *first == byte => at + 1,
            _ => return None,
        };
    }
    Some(at)
}

/// The character behind backslashes, as JSON and many languages write it.
fn escape_ends(character: char, bytes: &[u8], from: usize, ends: &mut Ends) {
    // A longer run is none of ours: counting it to its end at each of its bytes would cost its square.
    let run = bytes[from..].iter().take(MAX_BACKSLASHES + 1);
    let run = run.take_while(|byte| **byte == b'\\').count();
    if character == '\\' {
        // One, two of JSON, four of JSON within JSON: one is literal.
        for escaped in [2, 4].into_iter().filter(|escaped| *escaped <= run) {
            ends.add(Some(from + escaped), bytes);
        }
        ends.begun |= from + run == bytes.len() && run < 4;
    }
    if run > MAX_BACKSLASHES {
        return;
    }
    let after = &bytes[from + run..];
    let letter = LETTERS.iter().find(|(known, _)| *known == character).map(|(_, letter)| *letter);
    match after {
        [] => ends.begun = true,
        [first, ..] if Some(*first) == letter => ends.add(Some(from + run + 1), bytes),
        [b'u', ..] => {
            ends.add(units_end(character, bytes, from + run, &bytes[from..from + run]), bytes)
        }
        [b'x', hex @ ..] => {
            let is_it = |hex: &[u8]| hex_value(hex) == Some(character.into());
            match hex.get(..2) {
                Some(hex) if is_it(hex) => ends.add(Some(from + run + 3), bytes),
                Some(_) => {}
                None => ends.begun = true,
            }
        }
        _ => {}
    }
}

/// The character as `uXXXX`, or as two of these with the same backslashes between them.
fn units_end(character: char, bytes: &[u8], from: usize, backslashes: &[u8]) -> Option<usize> {
    let mut units = [0; 2];
    let mut at = from;
    for (number, &mut unit) in character.encode_utf16(&mut units).iter_mut().enumerate() {
        let before = if number == 0 { &[][..] } else { backslashes };
        for &expected in before.iter().chain(b"u") {
            match bytes.get(at) {
                None => return Some(bytes.len() + 1),
                Some(found) if *found == expected => at += 1,
                Some(_) => return None,
            }
        }
        match bytes.get(at..at + 4) {
            None => return Some(bytes.len() + 1),
            Some(hex) if hex_value(hex) == Some(unit.into()) => at += 4,
            Some(_) => return None,
        }
    }
    Some(at)
}

/// The character as HTML refers to it: `&lt;`, `&#60;`, `&#x3c;`, also without the semicolon.
fn reference_end(character: char, bytes: &[u8], from: usize, ends: &mut Ends) {
    let rest = &bytes[from + 1..];
    let Some(word) = reference(rest) else {
        ends.begun = true;
        // Without a semicolon it may end where the bytes do.
        return match referred(rest) {
            Some(number) if number == u32::from(character) => ends.add(Some(bytes.len()), bytes),
            _ => {}
        };
    };
    if referred(word) == Some(character.into()) {
        let semicolon = usize::from(rest.get(word.len()) == Some(&b';'));
        ends.add(Some(from + 1 + word.len() + semicolon), bytes);
    }
}

/// The word behind `&`, which may refer to a character. `None` if it is cut off.
fn reference(rest: &[u8]) -> Option<&[u8]> {
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let length = rest.iter().take(MAX_REFERENCE).take_while(|byte| is_of_it(byte)).count();
    (length < rest.len() || length == MAX_REFERENCE).then(|| &rest[..length])
}

/// The number of the character that a word of HTML refers to.
fn referred(word: &[u8]) -> Option<u32> {
    let word = std::str::from_utf8(word).ok()?;
    let Some(number) = word.strip_prefix('#') else {
        let named = HTML_ENTITIES.iter().find(|(name, _)| *name == word);
        return named.map(|(_, character)| u32::from(*character));
    };
    match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => number.parse().ok(),
    }
}

/// Returns the end of the line break that begins at `from`, also of one that is escaped.
fn after_break(bytes: &[u8], from: usize) -> usize {
    let breaks = [&b"\r"[..], b"\n", b"\\r", b"\\n", b"%0D", b"%0A", b"%0d", b"%0a"];
    let mut at = from;
    for _ in 0..MAX_BREAK {
        let rest = bytes.get(at..).unwrap_or_default();
        match breaks.into_iter().find(|one| rest.starts_with(one)) {
            Some(one) => at += one.len(),
            None => break,
        }
    }
    at
}

fn hex_value(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The fit between the bytes and one text.
    #[derive(Debug, PartialEq)]
    enum One {
        Whole(usize),
        Begun,
        Not,
    }

    fn fit(text: &str, may_break: bool, bytes: &[u8], is_end: bool) -> One {
        let mut spellings = Spellings::new(may_break);
        spellings.add(text, 0);
        match spellings.fit(bytes, is_end) {
            Fit::Whole(_, end) => One::Whole(end),
            Fit::Begun(_) => One::Begun,
            Fit::Not => One::Not,
        }
    }

    /// All of each spelling is one, and each beginning of it is begun.
    #[track_caller]
    fn check(text: &str, spellings: &[&str]) {
        for spelling in spellings {
            let whole = [spelling.as_bytes(), b"~"].concat();
            assert_eq!(fit(text, false, &whole, true), One::Whole(spelling.len()), "{spelling}");
            for end in 0..spelling.len() {
                let found = fit(text, false, &spelling.as_bytes()[..end], false);
                assert!(
                    matches!(found, One::Begun | One::Whole(_)),
                    "{spelling} cut at {end}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn each_usual_spelling_fits() {
        check(
            "hunter2",
            &["hunter2", "h%75nter2", "h\\u0075nter2", "h\\\\u0075nter2", "h&#117;nter2"],
        );
        check(
            "b\u{e4}r<x",
            &[
                "b\u{e4}r<x",
                "b\\u00e4r\\u003cx",
                "b\\u00E4r&lt;x",
                "b%C3%a4r%3Cx",
                "b&#xe4;r&#60;x",
            ],
        );
        check("a/b c", &["a\\/b c", "a%2Fb+c", "a\\u002fb%20c", "a&#x2F;b&#32;c"]);
        check("q\"r\\s", &["q\"r\\s", "q\\\"r\\\\s", "q\\\\\\\"r\\\\\\\\s", "q&quot;r\\s"]);
        check(
            "\u{1f600}x",
            &[
                "\u{1f600}x",
                "\\ud83d\\ude00x",
                "\\\\uD83D\\\\uDE00x",
                "&#128512;x",
                "%F0%9F%98%80x",
            ],
        );
        check("1&2", &["1&2", "1&amp;2", "1%262"]);
        check("5%6", &["5%6", "5%256"]);
        check("l\nm", &["l\nm", "l\\nm", "l%0Am", "l\\u000am", "l\\x0am"]);
    }

    proptest! {
        #[test]
        fn any_mixture_of_spellings_fits_among_other_texts(
            text in "[ -~\u{e9}\u{1f600}\n]{6,20}",
            other in "[ -~]{6,20}",
            ways in proptest::collection::vec(0..5_usize, 20),
        ) {
            let mut spellings = Spellings::new(false);
            spellings.add(&other, 1);
            spellings.add(&text, 0);
            let json = |character: char| {
                let quoted = serde_json::Value::from(character.to_string()).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            };
            let spelled: String = text.chars().zip(ways).map(|(character, way)| {
                let mut utf8 = [0; 4];
                let percent = |byte: &u8| format!("%{byte:02x}");
                match way {
                    0 => character.to_string(),
                    1 => character.encode_utf8(&mut utf8).as_bytes().iter().map(percent).collect(),
                    2 => format!("&#{};", u32::from(character)),
                    3 => {
                        let mut units = [0; 2];
                        let units = character.encode_utf16(&mut units).iter();
                        units.map(|unit| format!("\\u{unit:04X}")).collect()
                    }
                    _ => json(character),
                }
            }).collect();
            let fit = spellings.fit(format!("{spelled}~").as_bytes(), true);
            // A longer one, where both fit.
            let is_found = matches!(fit, Fit::Whole(found, end) if found.place == 1 || end >= spelled.len());
            prop_assert!(is_found, "{} is {:?}", spelled, fit);
        }
    }

    #[test]
    fn what_only_looks_so_does_not_fit() {
        for other in
            ["hunter3", "h%76nter2", "hunte%", "h\\u0076nter2", "h&#118;nter2", "hunter", "\\"]
        {
            let whole = [other.as_bytes(), b"~~~~~~~~~~~~~~"].concat();
            assert_eq!(fit("hunter2", false, &whole, false), One::Not, "{other}");
        }
        let many = "\\".repeat(10_000);
        assert_eq!(fit("x\\\\\\\\\\\\y", false, many.as_bytes(), true), One::Not);
        assert_eq!(fit("x", false, many.as_bytes(), false), One::Not);
    }

    #[test]
    fn base64_fits_with_line_breaks() {
        for spelling in
            ["c3dvcmRmaXNo", "c3dv\r\ncmRm\naXNo", "c3dv\\ncmRmaXNo", "c3dvcm%0D%0ARmaXNo"]
        {
            let whole = format!("{spelling}=");
            assert_eq!(
                fit("c3dvcmRmaXNo", true, whole.as_bytes(), false),
                One::Whole(spelling.len())
            );
        }
        assert_eq!(fit("c3dv", false, b"c3\ndv=", true), One::Not);
    }
}
