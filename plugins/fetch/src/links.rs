//! The links and pictures of a document, made to be read outside it.

use dom_query::{Document, NodeRef};
use url::Url;

/// The address that the links of a document begin at: that of its first `<base>`, if that can be fetched.
pub fn base(document: &Document, page: &Url) -> Url {
    let base = document.select_single("base[href]").attr("href");
    base.and_then(|href| page.join(href.trim()).ok())
        .filter(|base| matches!(base.scheme(), "http" | "https"))
        .unwrap_or_else(|| page.clone())
}

/// Makes links absolute. Those that lead nowhere outside the page become text; pictures without words
/// or without an address of their own go.
pub fn settle(document: &Document, base: &Url) {
    for link in document.select("a[href]").nodes() {
        let href = link.attr_or("href", "");
        match target(base, &href) {
            Some(url) => {
                link.set_attr("href", &url);
                name(link);
                link.remove_attr("title");
            }
            None if is_mark(link) => link.remove_from_parent(),
            None => {
                link.rename("span");
                // Its class may say `header`, and mean that it is one's.
                link.remove_all_attrs();
            }
        }
    }
    for image in document.select("img").nodes() {
        let source = image.attr("src").filter(|source| !source.starts_with("data:"));
        let source = source.or_else(|| image.attr("data-src"));
        let described = image.attr("alt").is_some_and(|alt| !alt.trim().is_empty());
        match source.and_then(|source| base.join(&source).ok()) {
            Some(url) if described => {
                image.set_attr("src", url.as_str());
                image.remove_attr("title");
            }
            _ => image.remove_from_parent(),
        }
    }
}

/// Gives a link that shows nothing the name that it is read aloud by, and keeps apart the words of the blocks in it.
fn name(link: &NodeRef<'_>) {
    if link.text().trim().is_empty() && !link.descendants_it().any(|inner| inner.has_name("img")) {
        let label = [link.attr("aria-label"), link.attr("title")]
            .into_iter()
            .flatten()
            .find(|name| !name.trim().is_empty());
        if let Some(label) = label {
            link.set_text(label);
        }
        return;
    }
    const BLOCKS: [&str; 15] = [
        "address",
        "article",
        "dd",
        "div",
        "dt",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "header",
        "li",
        "p",
        "section",
    ];
    let inner = link.descendants();
    for block in inner.iter().filter(|node| BLOCKS.iter().any(|name| node.has_name(name))) {
        block.insert_before(&link.tree.new_text(" "));
        block.insert_after(&link.tree.new_text(" "));
    }
}

/// The whole URL of a link that leads somewhere.
fn target(base: &Url, href: &str) -> Option<String> {
    let href = href.trim();
    if href.is_empty() || href.starts_with('#') {
        return None;
    }
    let url = base.join(href).ok()?;
    matches!(url.scheme(), "http" | "https" | "mailto" | "tel").then(|| url.into())
}

/// True if a link is a mark beside a heading to be linked to, such as `§`.
fn is_mark(link: &NodeRef<'_>) -> bool {
    let text = link.text();
    let text = text.trim();
    text.chars().count() <= 1 && !text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_pictures_can_be_followed_from_anywhere() {
        let check = |html: &str, expected: &str| {
            let document = Document::from(html);
            settle(&document, &base(&document, &Url::parse("https://a.example/b/c?d").unwrap()));
            assert_eq!(document.md(None).trim(), expected, "{html}");
        };
        check("<a href=../x title=z>y</a>", "[y](https://a.example/x)");
        check("<base href=/z/><a href=x>y</a>", "[y](https://a.example/z/x)");
        check(
            "<base href='https://b.example/z/'><base href=/no/><a href=x>y</a>",
            "[y](https://b.example/z/x)",
        );
        check("<base target=_top><base href=z/><a href=x>y</a>", "[y](https://a.example/b/z/x)");
        check("<base href='javascript:go()'><a href=x>y</a>", "[y](https://a.example/b/x)");
        check("<base href='data:text/html,z'><a href=x>y</a>", "[y](https://a.example/b/x)");
        check("<a href='//b.example'>y</a>", "[y](https://b.example/)");
        check("<a href=mailto:me@a.example>y</a>", "[y](mailto:me@a.example)");
        check("<a href=#part>y</a> <a href='javascript:go()'>z</a>", "y z");
        check("<h2><a href=#part>§</a>Part</h2>", "## Part");
        check("<a href='https://['>y</a>", "y");
        check("<img src=p.png alt=Plan><img src=spacer.gif>", "![Plan](https://a.example/b/p.png)");
        check("<img src='data:x' data-src=p.png alt=Plan>", "![Plan](https://a.example/b/p.png)");
    }
}
