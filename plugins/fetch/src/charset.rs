//! Bytes to text: in the encoding that the answer or the document names, else by a good guess.
//!
//! The name in a document is found by the HTML Standard's "prescan a byte stream to determine its encoding".

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use toolrack_sdk::text;

/// The part of a document in which its encoding is looked for. Browsers look 1,024 bytes ahead, and begin anew when a later
/// `<meta>` says something else; this is enough for both.
const PRESCAN: usize = 64 * 1024;
/// The part of a document that a guess is made from.
const MAX_GUESSED: usize = 256 * 1024;

/// The text of `bytes`, which may be markup; `named` is what the header says. What does not fit the encoding is replaced.
pub fn decode(bytes: &[u8], named: Option<&str>, is_markup: bool) -> String {
    let known = |name: &&str| Encoding::for_label(name.trim().as_bytes()).is_some();
    if let Some(name) = named.filter(known) {
        return text::decode(bytes, Some(name));
    }
    let declared = || is_markup.then(|| prescan(&bytes[..bytes.len().min(PRESCAN)])).flatten();
    let encoding = declared().unwrap_or_else(|| guess(bytes));
    text::decode(bytes, Some(encoding.name()))
}

/// The encoding that the bytes are most likely in, as browsers guess it.
fn guess(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(MAX_GUESSED)], true);
    detector.guess(None, Utf8Detection::Allow)
}

/// The encoding by `<meta charset=...>`, its older form, or an XML declaration.
fn prescan(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<', 0, b'?', 0, b'x', 0, ..] => return Some(UTF_16LE),
        [0, b'<', 0, b'?', 0, b'x', ..] => return Some(UTF_16BE),
        _ if bytes.starts_with(b"<?xml") => {
            if let Some(encoding) = of_declaration(bytes) {
                return Some(encoding);
            }
        }
        _ => {}
    }
    let mut scan = Scan { bytes, at: 0 };
    while scan.at < bytes.len() {
        if let Some(encoding) = scan.step() {
            return Some(encoding);
        }
    }
    None
}

/// The encoding by an XML declaration.
fn of_declaration(bytes: &[u8]) -> Option<&'static Encoding> {
    let end = bytes.iter().position(|byte| *byte == b'>')?;
    let text = String::from_utf8_lossy(&bytes[..end]);
    let (_, after) = text.split_once("encoding")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    meant(after[1..].split(quote).next()?)
}

/// The encoding of a label that stands in the document itself. Who can write it in ASCII does not write UTF-16.
fn meant(label: &str) -> Option<&'static Encoding> {
    match Encoding::for_label(label.trim().as_bytes())? {
        encoding if encoding == UTF_16BE || encoding == UTF_16LE => Some(UTF_8),
        encoding if encoding == X_USER_DEFINED => Some(WINDOWS_1252),
        encoding => Some(encoding),
    }
}

/// A place in a document whose encoding is not known yet.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    /// Goes over the next comment, tag or byte.
    fn step(&mut self) -> Option<&'static Encoding> {
        let rest = &self.bytes[self.at..];
        let after_slash = rest.get(1).is_some_and(|byte| *byte == b'/');
        if rest.starts_with(b"<!--") {
            // The two dashes that open it may close it.
            self.at += find(&rest[2..], b"-->").map_or(rest.len(), |end| end + 5);
        } else if is_meta(rest) {
            self.at += 5;
            return self.meta();
        } else if rest[0] == b'<'
            && rest.get(1 + usize::from(after_slash)).is_some_and(u8::is_ascii_alphabetic)
        {
            let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
            self.at += rest.iter().position(is_end).unwrap_or(rest.len());
            while self.attribute().is_some() {}
        } else if rest[0] == b'<'
            && rest.get(1).is_some_and(|byte| matches!(byte, b'!' | b'/' | b'?'))
        {
            self.at += rest.iter().position(|byte| *byte == b'>').map_or(rest.len(), |end| end + 1);
        } else {
            self.at += 1;
        }
        None
    }

    /// The encoding by all attributes of a `<meta>` together.
    fn meta(&mut self) -> Option<&'static Encoding> {
        let (mut names, mut is_pragma, mut needs_pragma, mut charset) =
            (Vec::new(), false, false, None);
        while let Some((name, value)) = self.attribute() {
            if names.contains(&name) {
                continue;
            }
            match name.as_str() {
                "http-equiv" => is_pragma |= value == "content-type",
                "content" if charset.is_none() => {
                    charset = of_content(&value);
                    needs_pragma |= charset.is_some();
                }
                "charset" => (charset, needs_pragma) = (meant(&value), false),
                _ => {}
            }
            names.push(name);
        }
        charset.filter(|_| is_pragma || !needs_pragma)
    }

    /// The next attribute of a tag, its name and its value in lower case.
    fn attribute(&mut self) -> Option<(String, String)> {
        self.skip(|byte| byte.is_ascii_whitespace() || byte == b'/');
        if self.peek()? == b'>' {
            return None;
        }
        let start = self.at;
        // A name may begin with `=`.
        self.at += 1;
        self.skip(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'/' | b'>'));
        let name = lower(&self.bytes[start..self.at]);
        self.skip(|byte| byte.is_ascii_whitespace());
        if self.peek() != Some(b'=') {
            return Some((name, String::new()));
        }
        self.at += 1;
        self.skip(|byte| byte.is_ascii_whitespace());
        Some((name, self.value()))
    }

    fn value(&mut self) -> String {
        let quote = self.peek().filter(|byte| matches!(byte, b'"' | b'\''));
        let start = self.at + usize::from(quote.is_some());
        self.at = start;
        match quote {
            Some(quote) => self.skip(|byte| byte != quote),
            None => self.skip(|byte| !byte.is_ascii_whitespace() && byte != b'>'),
        }
        let value = lower(&self.bytes[start.min(self.at)..self.at]);
        self.at += usize::from(quote.is_some() && self.at < self.bytes.len());
        value
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip(&mut self, is_part: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&is_part) {
            self.at += 1;
        }
    }
}

fn is_meta(rest: &[u8]) -> bool {
    rest.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"<meta"))
        && rest.get(5).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'/')
}

/// The encoding by the `content` of a `<meta http-equiv=content-type>`, such as `text/html; charset=gbk`.
fn of_content(content: &str) -> Option<&'static Encoding> {
    let mut rest = content;
    loop {
        rest = rest[rest.find("charset")? + "charset".len()..].trim_start();
        if let Some(value) = rest.strip_prefix('=') {
            let value = value.trim_start();
            let label = match value.chars().next()? {
                quote @ ('"' | '\'') => value[1..].split_once(quote)?.0,
                _ => value.split(|c: char| c.is_ascii_whitespace() || c == ';').next()?,
            };
            return meant(label);
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_say_the_encoding_counts() {
        let check = |bytes: &[u8], named: Option<&str>, expected: &str| {
            assert_eq!(decode(bytes, named, true), expected);
        };
        check("ü".as_bytes(), None, "ü");
        check(b"\xfc", None, "ü");
        check(b"\xfc", Some("iso-8859-1"), "ü");
        check(b"\x82\xa0", Some("Shift_JIS"), "あ");
        check(b"\xff\xfe\xfc\0", Some("iso-8859-1"), "ü");
        check("ü".as_bytes(), Some("no such"), "ü");
        check(
            b"<?xml version='1.0' encoding = 'latin1'?>\xfc",
            None,
            "<?xml version='1.0' encoding = 'latin1'?>ü",
        );
        check(b"<\0?\0x\0m\0l\0?\0>\0\xfc\0", None, "<?xml?>ü");
        // Said, and not kept.
        check(b"a\xfcb", Some("utf-8"), "a\u{fffd}b");
        assert_eq!(decode(b"<meta charset=gbk>\xc3\xa9", None, false), "<meta charset=gbk>é");
    }

    #[test]
    fn a_document_names_its_encoding_as_the_standard_reads_it() {
        let check = |html: &str, expected: Option<&str>| {
            let found = prescan(html.as_bytes()).map(Encoding::name);
            assert_eq!(found, expected, "{html}");
        };
        check("<meta charset=gbk>", Some("GBK"));
        check("<META CHARSET = \"Shift_JIS\" >", Some("Shift_JIS"));
        check("<meta\n charset\n=\n'euc-kr'/>", Some("EUC-KR"));
        check("<meta/charset=big5>", Some("Big5"));
        check("<meta charset=utf-16>", Some("UTF-8"));
        check("<meta charset=x-user-defined>", Some("windows-1252"));
        check(
            "<meta http-equiv='Content-Type' content='text/html; charset=koi8-r'>",
            Some("KOI8-R"),
        );
        check(
            "<meta content=\"text/html; charset = 'koi8-r'\" http-equiv=content-type>",
            Some("KOI8-R"),
        );
        check("<meta content='text/html; charset=koi8-r'>", None);
        check("<meta content='charsetcharset=gbk' http-equiv=content-type>", Some("GBK"));
        check("<meta charset=nonsense><meta charset=gbk>", Some("GBK"));
        check("<meta charset=gbk charset=big5>", Some("GBK"));
        check("<metadata charset=gbk>", None);
        check("<!-- <meta charset=gbk> --><meta charset=big5>", Some("Big5"));
        check("<!--><meta charset=gbk>", Some("GBK"));
        check("<p title='<meta charset=gbk>'><meta charset=big5>", Some("Big5"));
        check("</p a='>'><meta charset=big5>", Some("Big5"));
        check("<?php > <!x> </ <meta charset=gbk>", None);
        check("<?php > <!x> <meta charset=gbk>", Some("GBK"));
        check("<", None);
        check("", None);
        check(&format!("<title>{}</title><meta charset=gbk>", "x".repeat(2000)), Some("GBK"));
    }

    #[test]
    fn what_nobody_names_is_guessed() {
        let check = |encoding: &'static Encoding, text: &str| {
            let (bytes, ..) = encoding.encode(text);
            assert_eq!(decode(&bytes, None, true), text, "{}", encoding.name());
        };
        check(encoding_rs::SHIFT_JIS, "これは日本語の文章です。お茶を飲みましょう。");
        check(encoding_rs::WINDOWS_1251, "Чай заваривают три минуты, не дольше.");
        check(encoding_rs::EUC_KR, "차는 삼 분 동안 우려냅니다.");
        check(WINDOWS_1252, "Le thé infuse trois minutes, pas plus ; servir très chaud.");
    }
}
