//! The check of what a plugin's answer points to and holds: clients open links and show media without asking anybody.

use std::collections::BTreeSet;

use crate::manifest::is_scheme;
use crate::text::{escape, forbidden_char};
use crate::tool::{Content, Output};

/// The schemes that a link may have in every plugin's answer.
const USUAL_SCHEMES: [&str; 2] = ["http", "https"];
/// The most characters of a problem that are told.
const MAX_TOLD_CHARS: usize = 80;

/// Checks the blocks of an answer: links go where a client may go, and media are what they are called. `schemes` are
/// those of links that the manifest names beside `http` and `https`.
pub(super) fn check(output: &Output, schemes: &BTreeSet<Box<str>>) -> Result<(), String> {
    output.content.iter().try_for_each(|block| match block {
        Content::Text(_) => Ok(()),
        Content::Image(media) => media_of("image/", &media.mime_type),
        Content::Audio(media) => media_of("audio/", &media.mime_type),
        Content::ResourceLink(link) => {
            let scheme = scheme(&link.uri)?;
            let is_usual = USUAL_SCHEMES.contains(&&*scheme);
            if !is_usual && !schemes.contains(&*scheme) {
                return Err(format!(
                    "it links to `{}`: links go to http and https, and to the schemes that the manifest names in \
                     `link_schemes` under [plugin]",
                    told(&link.uri)
                ));
            }
            link.mime_type.as_deref().map_or(Ok(()), media_type)
        }
        Content::TextResource { uri, mime_type, .. }
        | Content::BlobResource { uri, mime_type, .. } => {
            scheme(uri)?;
            mime_type.as_deref().map_or(Ok(()), media_type)
        }
    })
}

/// The scheme of a URI, in lower case.
fn scheme(uri: &str) -> Result<String, String> {
    // No URI holds what a browser would pass over, a terminal obey, or a person not see.
    let is_written = |c: char| c.is_ascii_graphic() || (!c.is_ascii() && !c.is_whitespace());
    let is_text = forbidden_char(uri).is_none() && uri.chars().all(is_written);
    let found = uri.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let found = found.filter(|scheme| is_text && is_scheme(scheme));
    found.ok_or_else(|| {
        format!("a resource of it has `{}` as its address, which is no URI", told(uri))
    })
}

fn media_of(kind: &str, media: &str) -> Result<(), String> {
    media_type(media)?;
    if media.to_ascii_lowercase().starts_with(kind) {
        return Ok(());
    }
    let kind = kind.trim_end_matches('/');
    Err(format!(
        "it gives `{}` as {kind}: the media type of one begins with `{kind}/`",
        told(media)
    ))
}

/// Checks the form of a media type: `text/html`, `text/plain; charset=utf-8` (RFC 9110).
fn media_type(text: &str) -> Result<(), String> {
    let is_token = |text: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        !text.is_empty() && text.chars().all(is_part)
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let has_form = essence
        .trim_end_matches(' ')
        .split_once('/')
        .is_some_and(|(kind, part)| is_token(kind) && is_token(part));
    if has_form && parameters.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Ok(());
    }
    Err(format!("it has `{}` as a media type, which is none", told(text)))
}

fn told(text: &str) -> String {
    escape(&text.chars().take(MAX_TOLD_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::{Media, ResourceLink};

    fn link(uri: &str) -> Content {
        Content::ResourceLink(ResourceLink {
            uri: uri.into(),
            name: "name".into(),
            title: None,
            description: None,
            mime_type: None,
            size: None,
        })
    }

    fn checked(block: Content) -> Result<(), String> {
        let schemes = BTreeSet::from(["note".into()]);
        check(&Output { content: vec![block], ..Output::default() }, &schemes)
    }

    #[test]
    fn links_go_where_the_manifest_says_or_to_the_web() {
        for uri in
            ["https://a.example/b?c#d", "HTTP://a.example", "note://1", "https://ä.example/ü"]
        {
            assert_eq!(checked(link(uri)), Ok(()), "{uri}");
        }
        for uri in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,<p>",
            "notes://1",
            "",
            "https",
            "/etc/passwd",
            "//a.example",
            "https://a.example/\r\nb",
            "https://a.example/\u{1b}[2J",
            "https://a.example/\u{202e}gpj.exe",
            "https://a.example/\u{2003}b",
            "ht tp://a.example",
            "1http://a.example",
            ":a",
        ] {
            assert!(checked(link(uri)).is_err(), "{uri:?}");
        }
        let told = checked(link("javascript:alert(1)")).expect_err("refused");
        assert!(
            told.contains("`javascript:alert(1)`") && told.contains("`link_schemes`"),
            "{told}"
        );
    }

    #[test]
    fn media_are_what_they_are_called() {
        let media = |mime_type: &str| Media { data: vec![], mime_type: mime_type.into() };
        for mime_type in ["image/png", "IMAGE/svg+xml", "image/png; a=\"b c\""] {
            assert_eq!(checked(Content::Image(media(mime_type))), Ok(()), "{mime_type}");
        }
        for mime_type in [
            "",
            "text/html",
            "image",
            "image/",
            "image/a b",
            "image/png\n",
            "image/png; \u{7}",
            "audio/wav",
        ] {
            assert!(checked(Content::Image(media(mime_type))).is_err(), "{mime_type:?}");
        }
        assert_eq!(checked(Content::Audio(media("audio/wav"))), Ok(()));
        assert!(checked(Content::Audio(media("image/png"))).is_err());
        let resource = |uri: &str, mime_type: &str| Content::TextResource {
            uri: uri.into(),
            mime_type: Some(mime_type.into()),
            text: String::new(),
        };
        assert_eq!(checked(resource("toolrack:prog/stdout", "text/csv")), Ok(()));
        assert!(checked(resource("", "text/csv")).is_err());
        assert!(checked(resource("a:b", "csv")).is_err());
    }
}
