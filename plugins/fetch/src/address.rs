//! The address that a caller wrote, as a URL.

use url::Url;

/// The URL that is meant. Without a scheme it is one of https.
pub fn read(text: &str) -> Result<Url, String> {
    // What was copied out of HTML or Markdown has its ampersands escaped.
    let text = text.trim().replace("&amp;", "&");
    let whole = if text.contains("://") { text.clone() } else { format!("https://{text}") };
    let refuse = |why: &str| Err(format!("`{text}` cannot be read: {why}"));
    match Url::parse(&whole) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            refuse("write a URL that begins with https:// or http://")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            refuse("leave out the user before the host")
        }
        Ok(mut url) => {
            url.set_fragment(None);
            Ok(url)
        }
        Err(error) => {
            refuse(&format!("{error}; write a whole URL such as `https://example.org/page`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_as_a_browser_does() {
        let check = |text: &str, expected: &str| {
            assert_eq!(read(text).unwrap().as_str(), expected, "{text}");
        };
        check(" https://a.example/x?a=1&amp;b=2#part ", "https://a.example/x?a=1&b=2");
        check("a.example/x", "https://a.example/x");
        check("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC");
        check("http://127.0.0.1:8080", "http://127.0.0.1:8080/");
    }

    #[test]
    fn what_cannot_be_fetched_is_refused() {
        for (text, part) in [
            ("", "write a whole URL"),
            ("https://", "write a whole URL"),
            ("a page", "write a whole URL"),
            ("ftp://a.example/x", "begins with https://"),
            ("https://me:secret@a.example", "leave out the user"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
