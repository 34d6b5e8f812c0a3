//! Hex dumps, as xxd, `hexdump -C`, od and Wireshark write them: the digits of the bytes between the offsets and the
//! text. What may be such a dump and may be plain digits is refused; neither an offset nor a text becomes bytes.

use std::str::from_utf8;

/// What to do with a dump that cannot be read.
const PLAIN: &str = "give the bytes alone, without offsets and text";

/// The bases that offsets are written in: hexadecimal, octal, decimal.
const BASES: [u32; 3] = [16, 8, 10];

/// The digits of the bytes of a hex dump. `None` if `data` is none.
pub fn digits(data: &str) -> Result<Option<String>, String> {
    let lines = data.split(['\n', '\r']).enumerate().filter(|(_, line)| !line.trim().is_empty());
    let lines: Vec<Line> = lines.map(|(at, line)| Line::of(at + 1, line)).collect();
    let has_offsets = lines.iter().any(|line| line.offset.is_some() && !line.is_bare());
    match has_offsets {
        true => Dump { lines }.digits(),
        false if lines.iter().any(|line| line.bytes.has_text) => {
            lines.iter().map(|line| line.whole(&line.bytes)).collect::<Result<_, _>>().map(Some)
        }
        false => Ok(None),
    }
}

/// Digits of bytes, and what stands behind them.
#[derive(Default)]
struct Bytes {
    digits: String,
    /// The length of the first group, if all others are as long, or the last shorter.
    group: Option<usize>,
    /// True if a text behind them shows the same bytes.
    has_text: bool,
    /// True if nothing else stands there.
    is_whole: bool,
}

impl Bytes {
    fn of(text: &str) -> Bytes {
        // A gap may be within the bytes, and the text may hold gaps, or look like bytes.
        let gaps = text.match_indices("  ").map(|(at, _)| at);
        let tabs = text.match_indices('\t').map(|(at, _)| at);
        for at in gaps.chain(tabs) {
            let (bytes, shown) = (Bytes::plain(&text[..at]), &text[at..]);
            if bytes.is_whole && !bytes.digits.is_empty() && is_text_of(&bytes.digits, shown) {
                return Bytes { has_text: true, ..bytes };
            }
        }
        Bytes::plain(text)
    }

    fn plain(text: &str) -> Bytes {
        let groups: Vec<&str> = text.split_ascii_whitespace().collect();
        let is_bytes = |group: &&str| is_hex(group) && group.len().is_multiple_of(2);
        let length = groups.first().map_or(0, |first| first.len());
        let is_even = |(at, group): (usize, &&str)| {
            group.len() == length || at + 1 == groups.len() && group.len() < length
        };
        let group = groups.iter().enumerate().all(is_even).then_some(length);
        let is_whole = groups.iter().all(is_bytes);
        Bytes { digits: groups.concat(), group, has_text: false, is_whole }
    }
}

/// A line of what may be a dump.
struct Line<'a> {
    number: usize,
    text: &'a str,
    /// What it begins with, if that may be an offset.
    offset: Option<&'a str>,
    has_colon: bool,
    /// True if more than a space stands behind what it begins with.
    has_gap: bool,
    /// All of it.
    bytes: Bytes,
    /// What is behind the offset.
    behind: Bytes,
}

impl<'a> Line<'a> {
    fn of(number: usize, text: &'a str) -> Line<'a> {
        const LEAST: usize = 4;
        const MOST: usize = 16;
        let trimmed = text.trim_start();
        let end = trimmed.find(|c: char| c.is_ascii_whitespace()).unwrap_or(trimmed.len());
        let (first, rest) = trimmed.split_at(end);
        let bare = first.strip_suffix(':').unwrap_or(first);
        let bare = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")).unwrap_or(bare);
        let has_colon = first.ends_with(':');
        let behind = Bytes::of(rest.trim_start());
        // Groups of one length are plain digits, of which the first is none apart.
        let is_apart = has_colon
            || rest.trim().is_empty()
            || behind.group.is_some_and(|group| group != bare.len());
        let is_offset = is_hex(bare) && (LEAST..=MOST).contains(&bare.len()) && is_apart;
        let has_gap = rest.starts_with("  ") || rest.starts_with('\t');
        let offset = is_offset.then_some(bare);
        Line { number, text, offset, has_colon, has_gap, bytes: Bytes::of(trimmed), behind }
    }

    /// True if there are no bytes: the offset of the end.
    fn is_bare(&self) -> bool {
        self.behind.digits.is_empty()
    }

    /// True if its groups are plain digits, of which the last may be shorter. The six digits that od writes with `-Ax`, alone
    /// before a single space, may be an offset.
    fn is_of_groups(&self) -> bool {
        const OF_OD: usize = 6;
        self.bytes.is_whole && self.bytes.group.is_some_and(|group| group != OF_OD)
    }

    /// The digits of what has to be bytes.
    fn whole(&self, bytes: &Bytes) -> Result<String, String> {
        match bytes.is_whole {
            true => Ok(bytes.digits.clone()),
            false => {
                let (number, text) = (self.number, self.text.trim());
                Err(format!(
                    "line {number}: `{text}` is not a line of a hex dump whose text shows its bytes; {PLAIN}"
                ))
            }
        }
    }
}

/// Lines of which one begins with an offset.
struct Dump<'a> {
    lines: Vec<Line<'a>>,
}

impl Dump<'_> {
    fn digits(&self) -> Result<Option<String>, String> {
        let has_colon = self.lines.iter().any(|line| line.has_colon && line.offset.is_some());
        let has_text = self.lines.iter().any(|line| line.behind.has_text);
        let wrong = self.first_wrong();
        let is_padded = |line: &Line| line.offset.is_some_and(|offset| offset.starts_with('0'));
        let is_plain = match (&wrong, &self.lines[..]) {
            _ if has_colon || has_text => false,
            (None, [only]) if is_padded(only) && only.has_gap => false,
            (None, [only]) if only.is_of_groups() => true,
            (None, [only]) if is_padded(only) => {
                let offset = only.offset.unwrap_or_default();
                return Err(format!(
                    "`{offset}` may be the offset of a hex dump, or bytes; {PLAIN}, and where it is bytes, with no space behind it"
                ));
            }
            (None, [_]) => true,
            // Offsets begin in the first line, and groups of one length all through are plain.
            (Some(_), [first, ..]) if first.offset.is_none() && self.is_of_even_groups() => true,
            (None, _) => false,
            (Some(_), all) => all.iter().any(|line| line.offset.is_some() && !is_padded(line)),
        };
        if is_plain {
            return Ok(None);
        }
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let of_words =
            |line: &&Line| !has_colon && !line.behind.has_text && line.behind.group > Some(2);
        if let Some(line) = self.lines.iter().find(of_words) {
            let number = line.number;
            return Err(format!(
                "line {number}: these may be words, whose bytes od and hexdump write in the order of the machine; dump the file with \
                 `xxd` or `hexdump -C`"
            ));
        }
        self.lines.iter().map(|line| line.whole(&line.behind)).collect::<Result<_, _>>().map(Some)
    }

    /// True if all groups of all lines are as long as the first, but for the last of a line, which may be shorter; and if the
    /// second line does not begin with the offset at which the first would end.
    fn is_of_even_groups(&self) -> bool {
        let mut groups =
            self.lines.iter().map(|line| line.bytes.group.filter(|_| line.bytes.is_whole));
        let first = groups.next().flatten();
        let is_even = first.is_some() && groups.all(|group| group == first);
        let start =
            |line: &Line| u64::from_str_radix(line.text.split_ascii_whitespace().next()?, 16).ok();
        let goes_on = self.lines.windows(2).take(1).any(|pair| {
            let length = pair[0].behind.digits.len() as u64 / 2;
            let end = start(&pair[0]).and_then(|at| at.checked_add(length));
            end.is_some() && end == start(&pair[1])
        });
        is_even && !goes_on
    }

    /// What is wrong with the first line that does not go on where the one before ends.
    fn first_wrong(&self) -> Option<String> {
        let wrong = BASES.map(|base| self.first_wrong_in(base));
        let [hex, others @ ..] = wrong;
        if others.iter().any(Option::is_none) { None } else { hex }
    }

    fn first_wrong_in(&self, base: u32) -> Option<String> {
        let mut end = None;
        for line in &self.lines {
            let number = line.number;
            let Some(offset) = line.offset else {
                let what = match line.text.trim() {
                    "*" => {
                        "`*` stands for lines that are left out; dump the file with `xxd` or `hexdump -vC`"
                    }
                    _ => "no offset stands here, as in the other lines",
                };
                return Some(format!("line {number}: {what}, or {PLAIN}"));
            };
            let at = u64::from_str_radix(offset, base).ok();
            let is_next = at.is_some() && (end.is_none() || end == at);
            if !is_next {
                return Some(format!(
                    "line {number}: `{offset}` is not the offset at which the line before ends; {PLAIN}"
                ));
            }
            let length = line.behind.digits.len() as u64 / 2;
            end = at.and_then(|at| at.checked_add(length));
        }
        None
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// True if `shown` is how a dump shows the bytes: a dot, or a sign of its own, for what cannot be printed. Its ends may lack spaces.
fn is_text_of(digits: &str, shown: &str) -> bool {
    let bytes = digits.as_bytes().chunks(2);
    let byte =
        |pair: &[u8]| u8::from_str_radix(from_utf8(pair).unwrap_or_default(), 16).unwrap_or(0);
    let bytes: Vec<char> = bytes.map(|pair| char::from(byte(pair))).collect();
    let is_same = |bytes: &[char], shown: &str| {
        let is_shown = |(byte, shown): (&char, char)| match *byte {
            ' ' => matches!(shown, ' ' | '.'),
            '!'..='~' => *byte == shown,
            _ => shown == '.' || !shown.is_ascii(),
        };
        bytes.len() == shown.chars().count() && bytes.iter().zip(shown.chars()).all(is_shown)
    };
    let shown = shown.trim();
    let inner =
        |ends: [char; 2]| shown.strip_prefix(ends[0]).and_then(|rest| rest.strip_suffix(ends[1]));
    if [['|', '|'], ['>', '<']].into_iter().filter_map(inner).any(|shown| is_same(&bytes, shown)) {
        return true;
    }
    let start = bytes.iter().position(|byte| *byte != ' ').unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| *byte != ' ').map_or(start, |last| last + 1);
    is_same(&bytes, shown) || is_same(&bytes[start..end], shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_texts_are_no_bytes() {
        // xxd 2023, util-linux' hexdump 2.38, coreutils' od 9.1, Wireshark, tcpdump, Format-Hex.
        let text = "hello world, this is more\n";
        let expected: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        for dump in [
            "00000000: 6865 6c6c 6f20 776f 726c 642c 2074 6869  hello world, thi\n00000010: 7320 6973 206d 6f72 650a                 s is more.\n",
            "00000000: 6865 6c6c 6f20 776f 726c 642c 2074 6869\r\n00000010: 7320 6973 206d 6f72 650a\r\n",
            "00000000: 68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69  hello world, thi\n00000010: 73 20 69 73 20 6d 6f 72 65 0a                    s is more.",
            "00000000  68 65 6c 6c 6f 20 77 6f  72 6c 64 2c 20 74 68 69  |hello world, thi|\n00000010  73 20 69 73 20 6d 6f 72  65 0a                    |s is more.|\n0000001a\n",
            "00000000  68 65 6c 6c 6f 20 77 6f  72 6c 64 2c 20 74 68 69\n00000010  73 20 69 73 20 6d 6f 72  65 0a\n",
            "000000 68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69\n000010 73 20 69 73 20 6d 6f 72 65 0a\n00001a\n",
            "000000 68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69  >hello world, thi<\n000010 73 20 69 73 20 6d 6f 72 65 0a                    >s is more.<\n00001a\n",
            "0000000 68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69\n0000020 73 20 69 73 20 6d 6f 72 65 0a\n0000032\n",
            "0000000 68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69\n0000016 73 20 69 73 20 6d 6f 72 65 0a\n0000026\n",
            "0000   68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69   hello world, thi\n0010   73 20 69 73 20 6d 6f 72 65 0a                     s is more.\n",
            "\t0x0000:  6865 6c6c 6f20 776f 726c 642c 2074 6869  hello.world,.thi\n\t0x0010:  7320 6973 206d 6f72 650a                 s.is.more.\n",
            "00000000   68 65 6C 6C 6F 20 77 6F 72 6C 64 2C 20 74 68 69  hello world, thi\n00000010   73 20 69 73 20 6D 6F 72 65 0A                    s is more\u{fffd}",
            "68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69  hello world, thi\n73 20 69 73 20 6d 6f 72 65 0a                    s is more.\n",
        ] {
            let found = digits(dump).unwrap_or_else(|error| panic!("{dump}\n{error}"));
            assert_eq!(
                found.map(|found| found.to_lowercase()).as_deref(),
                Some(expected.as_str()),
                "{dump}"
            );
        }
        let check = |dump: &str, expected: &str| {
            assert_eq!(digits(dump), Ok(Some(expected.to_string())), "{dump}");
        };
        check("00000000: 6865 6c6c 6f0a", "68656c6c6f0a");
        check("00000000  68 65 6c 6c 6f 0a", "68656c6c6f0a");
        check("0000   68 65 6c 6c 6f", "68656c6c6f");
        check("00000000: 6865 6c6c\n00000004: 6f0a", "68656c6c6f0a");
        check("00000040: 6865 6c6c", "68656c6c");
        check("000000 68 65\n000002", "6865");
        // Texts that look like bytes, begin with spaces, or are nothing else.
        check("00000000: 6661 6365  face", "66616365");
        check("00000000: 6162  ab\n00000002: 63    c", "616263");
        check("00000000: 2020 61    a", "202061");
        check("00000000: 2020", "2020");
        check("00000000: 6120 6220  a b ", "61206220");
        check("66 61 63 65  face", "66616365");
        check("00000000  7c 41 7c                                          ||A||", "7c417c");
    }

    #[test]
    fn plain_digits_are_no_dump() {
        for data in [
            "",
            "68656c6c6f0a",
            "6865 6c6c 6f0a",
            "0000 6865 6c6c 6f0a",
            "00000000 68656c6c 6f0a0000",
            "68 65 6c 6c\n6f 0a\n",
            "68656c6c\n6f0a\n",
            "00000000\n00000001\n",
            "00000000 00000000\n00000000 0000",
            "0001 0203\n0405 06",
            "0001 02",
            "00000000 0000",
            "0001020304050607 08090a0b",
            "0001 0203 04",
            "66:6F 6f",
            "AA-BB-CC",
            "0x68 65",
            "0x68656c6c 6f",
            "550e8400 e29b 41d4 a716 446655440000",
            "deadbeef 01 02",
            "deadbeef 01 02\ncafebabe 03 04",
        ] {
            assert_eq!(digits(data), Ok(None), "{data}");
        }
    }

    #[test]
    fn what_may_be_either_is_refused() {
        for (data, part) in [
            (
                "000000 68 65 6c",
                "`000000` may be the offset of a hex dump, or bytes; give the bytes alone",
            ),
            ("000000 68", "`000000` may be the offset of a hex dump, or bytes"),
            ("00000000 68 65 6c", "`00000000` may be the offset of a hex dump, or bytes"),
            ("0000 68 65", "`0000` may be the offset of a hex dump, or bytes"),
            (
                "00000000: 6865 6c6c\n00000010: 6f0a",
                "line 2: `00000010` is not the offset at which the line before ends",
            ),
            ("0000 6865\n0002 6f", "line 1: no offset stands here"),
            ("68 65 6c\n0003 6f 0a", "line 1: no offset stands here"),
            ("00000000: 6865\n6f0a 6f0a", "line 2: no offset stands here"),
            (
                "00000000  00 00 00 00\n*\n00000010\n",
                "line 2: `*` stands for lines that are left out; dump the file with `xxd` or `hexdump -vC`",
            ),
            ("0000000 6568 6c6c 0a6f\n0000006\n", "line 1: these may be words"),
            (
                "00000000: 6c6c 6568  hell",
                "line 1: `00000000: 6c6c 6568  hell` is not a line of a hex dump",
            ),
            ("00000000: 6865 6c6  hel", "whose text shows its bytes"),
            ("0001 aa bb\n0002 cc dd", "line 2: `0002` is not the offset"),
        ] {
            let message = digits(data).expect_err(data);
            assert!(message.contains(part), "{data}: {message}");
        }
    }
}
