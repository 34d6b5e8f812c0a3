//! The kind of thing that an answer is: by its server's word, else by its first bytes.

/// The way in which a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Html,
    Xhtml,
    /// Given as it is.
    Text,
}

/// The header `content-type`, in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// Such as `text/html`, in lower case; empty where nothing is said.
    pub name: String,
    pub charset: Option<String>,
}

/// Text that is not under `text/`.
const TEXTS: [&str; 14] = [
    "application/ecmascript",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/jsonl",
    "application/ndjson",
    "application/sql",
    "application/toml",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-sh",
    "application/x-yaml",
    "application/xml",
    "application/yaml",
];

impl Media {
    pub fn parse(header: &str) -> Self {
        let mut parts = header.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let charset = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let value = value.trim().trim_matches(['"', '\'']);
            key.trim().eq_ignore_ascii_case("charset").then(|| value.to_string())
        });
        Self { name, charset }
    }

    /// The way in which `body` is read. `None` where it is no text.
    pub fn kind(&self, body: &[u8]) -> Option<Kind> {
        match self.name.as_str() {
            "text/html" => Some(Kind::Html),
            "application/xhtml+xml" => Some(Kind::Xhtml),
            "application/xml" | "text/xml" if is_xhtml(body) => Some(Kind::Xhtml),
            "unknown/unknown" | "application/unknown" | "*/*" => unknown(body),
            name if !name.contains('/') => unknown(body),
            "application/octet-stream" | "binary/octet-stream" => sniff(body),
            name if name.starts_with("text/") || TEXTS.contains(&name) => Some(Kind::Text),
            name => {
                let (_, suffix) = name.rsplit_once('+')?;
                matches!(suffix, "json" | "xml" | "yaml").then_some(Kind::Text)
            }
        }
    }
}

/// The beginnings of HTML, by the standard for the sniffing of media types.
const HTML: [&str; 17] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<!--",
];

/// As browsers read what their server says nothing of.
fn unknown(body: &[u8]) -> Option<Kind> {
    let start = String::from_utf8_lossy(&body[..body.len().min(1024)]).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    let begins = |tag: &&str| {
        let behind = start.strip_prefix(*tag);
        behind
            .is_some_and(|rest| **tag == *"<!--" || rest.starts_with([' ', '>', '\n', '\t', '\r']))
    };
    match HTML.iter().any(begins) {
        true => Some(Kind::Html),
        false if start.starts_with("<?xml") && is_xhtml(body) => Some(Kind::Xhtml),
        false => sniff(body),
    }
}

/// True of XML whose outermost element is that of a web page.
fn is_xhtml(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(1024)]).to_ascii_lowercase();
    start.contains("<html") && start.contains("http://www.w3.org/1999/xhtml")
}

fn sniff(body: &[u8]) -> Option<Kind> {
    let start = &body[..body.len().min(1024)];
    let text = String::from_utf8_lossy(start);
    let text = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| text.starts_with(tag)) {
        return Some(Kind::Html);
    }
    let strange = |c: char| c == '\u{fffd}' || c.is_control() && !"\n\r\t\u{c}\u{1b}".contains(c);
    // The cut may have gone through a character.
    let strangers = text.chars().filter(|c| strange(*c)).count();
    (strangers <= 1).then_some(Kind::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_a_name_and_may_have_a_charset() {
        let check = |header: &str, name: &str, charset: Option<&str>| {
            let expected = Media { name: name.into(), charset: charset.map(Into::into) };
            assert_eq!(Media::parse(header), expected, "{header}");
        };
        check("text/html", "text/html", None);
        check("Text/HTML; q=1; Charset=\"Latin1\"", "text/html", Some("Latin1"));
        check("", "", None);
    }

    #[test]
    fn text_is_told_from_what_is_none() {
        let check = |header: &str, body: &[u8], expected: Option<Kind>| {
            assert_eq!(Media::parse(header).kind(body), expected, "{header} {body:?}");
        };
        check("text/html", b"", Some(Kind::Html));
        check("text/markdown", b"", Some(Kind::Text));
        check("application/json", b"", Some(Kind::Text));
        check("application/ld+json", b"", Some(Kind::Text));
        check("image/svg+xml", b"", Some(Kind::Text));
        check("application/pdf", b"%PDF", None);
        check("image/png", b"", None);
        check("", b"\xef\xbb\xbf \n<!DOCTYPE HTML>", Some(Kind::Html));
        for header in ["", "*/*", "html", "unknown/unknown", "; charset=utf-8"] {
            for html in
                ["<!-- a -->\n<p>b", "\n<!--a-->", "<p>x</p>", "<DIV class=a>", "<title>", "<b>"]
            {
                check(header, html.as_bytes(), Some(Kind::Html));
            }
        }
        check("", b"<abc>", Some(Kind::Text));
        check(
            "",
            b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>",
            Some(Kind::Xhtml),
        );
        check("", b"<?xml version='1.0'?><rss>", Some(Kind::Text));
        check("application/octet-stream", b"<!-- a --> # Title", Some(Kind::Text));
        check("application/octet-stream", b"fn main() {}\n", Some(Kind::Text));
        check("application/octet-stream", b"\x7fELF\x02\x01\x01\0\0\0", None);
    }
}
