//! Pages as there are on the web, and as there should be none, and how they are read.

use super::*;
use crate::media::Media;
use encoding_rs::Encoding;
use serde::Deserialize;
use url::Url;

/// A page of `fixtures/pages.toml`, which says what these are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    name: String,
    html: String,
    #[serde(default = "html")]
    media: String,
    charset: Option<String>,
    #[serde(default)]
    extract: Extract,
    selector: Option<String>,
    #[serde(default)]
    has: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
    whole: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixtures {
    page: Vec<Fixture>,
}

fn html() -> String {
    "text/html".into()
}

impl Fixture {
    fn bytes(&self) -> Vec<u8> {
        match self.charset.as_deref() {
            None => self.html.clone().into(),
            // There is no encoder for it.
            Some("UTF-16LE") => self.html.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Some(label) => {
                Encoding::for_label(label.as_bytes()).unwrap().encode(&self.html).0.into_owned()
            }
        }
    }

    /// The faults in how it is read.
    fn wrong(&self) -> String {
        let body = self.bytes();
        let kind = Media::parse(&self.media).kind(&body).unwrap();
        let page = Page { body, ..Page::new(url(), kind, "") };
        let text = read(&page, self.extract, self.selector.as_deref()).unwrap().text;
        let mut wrong: Vec<_> = self
            .has
            .iter()
            .filter(|part| !text.contains(*part))
            .map(|part| format!("  lost {part:?}"))
            .collect();
        wrong.extend(
            self.lacks
                .iter()
                .filter(|part| text.contains(*part))
                .map(|part| format!("  has {part:?}")),
        );
        if self.whole.as_ref().is_some_and(|whole| *whole != text) {
            wrong.push("  differs".into());
        }
        if wrong.is_empty() {
            String::new()
        } else {
            format!("{}\n{}\n{text}\n\n", self.name, wrong.join("\n"))
        }
    }
}

#[test]
fn pages_built_like_real_ones_are_read_whole() {
    let fixtures: Fixtures = toml::from_str(include_str!("../../fixtures/pages.toml")).unwrap();
    let wrong: String = fixtures.page.iter().map(Fixture::wrong).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn cells_of_a_table_that_is_too_uneven_stay_apart() {
    let html =
        format!("<table><tr>{}{}</table>", "<td>a".repeat(100), "<tr><td>b<td>c".repeat(200));
    let text = text(&html, Extract::All);
    assert!(text.contains("b\n\nc\n\nb"), "{text}");
}

fn url() -> Url {
    Url::parse("https://a.example/b/").unwrap()
}

fn page(html: &str) -> Page {
    Page::new(url(), Kind::Html, html)
}

fn text(html: &str, extract: Extract) -> String {
    read(&page(html), extract, None).unwrap().text.trim().to_string()
}

const ARTICLE: &str = r#"<!DOCTYPE html><html><head><title> Tea
 | A site</title><style>p { color: red }</style></head><body>
<nav><ul><li><a href="/">Home</a><li><a href="/shop">Shop</a></ul></nav>
<div class="cookie-banner">We value your privacy</div>
<main><article><h1>How to make tea</h1>
<p>Boil fresh water, and warm the pot with a little of it; tea wants water that has just boiled, so
have everything ready before it does, and <a href="../pots#round">choose a pot</a> that holds it all.</p>
<script>track("reader")</script>
<p>Take one spoon of leaves for each cup, and another one for the pot, pour the water over them, and wait
for three minutes, or five if you like it strong, but never longer, since it turns bitter.</p>
<ol><li>Boil<li>Pour<li>Wait</ol>
<pre><code class="language-rust">let tea = pot.pour();</code></pre>
<table><tr><th>Kind<th>Minutes<tr><td>green<td>2<tr><td>black<td>4</table>
</article></main>
<aside>Read also: ten secrets of coffee</aside><footer>All rights reserved</footer></body></html>"#;

#[test]
fn an_article_is_given_without_what_stands_around_it() {
    let document = read(&page(ARTICLE), Extract::Main, None).unwrap();
    assert_eq!(document.title.as_deref(), Some("Tea | A site"));
    let text = document.text;
    for part in [
        "Boil fresh water",
        "[choose a pot](https://a.example/pots#round)",
        "1. Boil",
        "```rust\nlet tea = pot.pour();\n```",
        "| green | 2 |",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    for part in ["Shop", "track", "color", "secrets", "rights"] {
        assert!(!text.contains(part), "{part} is in {text}");
    }
}

#[test]
fn the_rest_is_there_for_who_asks() {
    let all = text(ARTICLE, Extract::All);
    for part in ["[Shop](https://a.example/shop)", "Boil fresh water", "secrets", "rights"] {
        assert!(all.contains(part), "{part} is not in {all}");
    }
    assert!(!all.contains("track"), "{all}");
    assert_eq!(text(ARTICLE, Extract::Source), ARTICLE);
}

#[test]
fn a_page_that_is_no_article_is_given_whole() {
    let links = (0..40).map(|n| format!("<li><a href=/{n}>Entry {n}</a></li>")).collect::<String>();
    let html = format!("<title>List</title><nav>Menu</nav><div><ul>{links}</ul></div><p>End.</p>");
    let text = text(&html, Extract::Main);
    assert!(text.contains("- [Entry 39](https://a.example/39)"), "{text}");
    assert!(!text.contains("Menu"), "{text}");
}

#[test]
fn headings_that_link_to_themselves_are_kept() {
    let filler = "It is said, and it is true, that tea wants time. ".repeat(20);
    let html = format!(
        "<main><h2><a class=header href=#a>Pots</a></h2><p>{filler}</p>\
         <h3>Cups<a href=#b>¶</a></h3><p>{filler}</p></main>"
    );
    let text = text(&html, Extract::Main);
    assert!(text.contains("## Pots\n") && text.contains("### Cups\n"), "{text}");
}

#[test]
fn items_of_lists_have_the_numbers_that_the_page_shows() {
    let check =
        |html: &str, expected: &str| assert_eq!(text(html, Extract::All), expected, "{html}");
    check("<ol><li>a<li>b</ol>", "1. a\n2. b");
    check("<ol start=5><li>a<li value=9>b<li>c</ol>", "5. a\n9. b\n10. c");
    check("<ol reversed><li>x<li>y<li>z</ol>", "3. x\n2. y\n1. z");
    check("<ol reversed start=10><li>x<li>y</ol>", "10. x\n9. y");
    check("<ol reversed><li>x<li value=7>y<li>z</ol>", "3. x\n7. y\n6. z");
    check("<ol start=0><li>x<li>y</ol>", "0. x\n1. y");
    check("<ol start=-2><li>x<li><p>y</p></ol>", "- -2. x\n- -1. y");
    check(
        "<ol start=-5><li>First step: install<p>Use apt.</p></li>",
        "- -5. First step: install\n  Use apt.",
    );
    check(
        "<ol start=-1><li> <div><p>a</p></div><p>b</p><li><b>c</b></ol>",
        "- -1. a\n\n  b\n\n- 0. **c**",
    );
    check("<ol reversed start=1><li>x<li>y<li>z</ol>", "- 1. x\n- 0. y\n- -1. z");
    check("<ol reversed><li hidden>w<li>x<li>y<ol><li>a</ol></ol>", "2. x\n1. y\n    1. a");
    check("<ol start=x reversed><li>x<li>y</ol>", "2. x\n1. y");
}

#[test]
fn what_a_page_shows_by_its_roles_is_there() {
    let check =
        |html: &str, expected: &str| assert_eq!(text(html, Extract::All), expected, "{html}");
    check("<select><option>a<option selected>b<option>c</select>", "(a / [x] b / c)");
    check("<select><option>a<option>b</select>", "([x] a / b)");
    check("<select><option selected>a<option selected>b</select>", "(a / [x] b)");
    check("<select><option disabled>a<option>b</select>", "(a / [x] b)");
    check("<select><optgroup disabled><option>a</optgroup><option>b</select>", "(a / [x] b)");
    check("<select size=2><option>a<option>b</select>", "(a / b)");
    check(
        "<select multiple><option>a<option selected>b<option selected>c</select>",
        "(a / [x] b / [x] c)",
    );
    check("<select><option label=A>x<option label=B selected></option></select>", "(A / [x] B)");
    check("<h2></h2><p>a</p><h3> <b></b></h3>", "a");
    check("<h2><img src=/x alt=y></h2>", "## ![y](https://a.example/x)");
    check("<div role=heading aria-level=3>T</div><p>a</p>", "### T\n\na");
    check("<div role=heading>T</div>", "## T");
    check("<div role=HEADING aria-level=3>T</div>", "### T");
    check("<div role='heading note'>T</div>", "## T");
    for inner in ["div", "p", "h2", "section", "span"] {
        let html = format!("<div role=heading aria-level=3> <{inner}>T</{inner}></div><p>a</p>");
        check(&html, "### T\n\na");
    }
    check("<h2><div>a</div><div>b</div></h2>", "## a b");
    check("<h2><a href=/x><div>T</div></a></h2>", "## [ T ](https://a.example/x)");
    check("<h2>a<br>b</h2>", "## a b");
    check("<h2>a<p>b</p></h2>", "## a\n\nb");
    check("<div role=heading><ul><li>a</ul></div>", "- a");
    check("<h4 role=heading>T</h4>", "#### T");
    check("<p>a <span role=img aria-label='Four stars'></span></p>", "a Four stars");
    check("<p>a <span role=IMG aria-label='Four stars'> <i></i></span></p>", "a Four stars");
    check(
        "<p>what it has: <span role=img aria-labelledby='x y'></span><b hidden id=x>Four</b><b hidden id=y>stars</b>",
        "what it has: Four stars",
    );
    check("<p>a <svg aria-label='Four stars'><path/></svg></p>", "a Four stars");
    check(
        "<p>a <svg role=img aria-labelledby=x><title id=x>Stars</title><path/></svg></p>",
        "a Stars",
    );
    check("<p>a <svg aria-label=Chart><text>Hall A</text></svg></p>", "a Hall A");
    check("<p>a <span role=img aria-label=Party>\u{1f389}</span></p>", "a \u{1f389}");
}

#[test]
fn addresses_are_written_as_they_can_be_opened() {
    let check =
        |html: &str, expected: &str| assert_eq!(text(html, Extract::All), expected, "{html}");
    check("<a href='/q?a=1&amp;b=2&c=3'>l & m</a>", "[l & m](https://a.example/q?a=1&b=2&c=3)");
    check("<img src='/p?a=1&b=2' alt=x>", "![x](https://a.example/p?a=1&b=2)");
    check("<a href='/q?a=1&amp;copy;=2'>l</a>", "[l](https://a.example/q?a=1&amp;copy;=2)");
    check("<a href='/q?a=1&amp;copy=2'>l</a>", "[l](https://a.example/q?a=1&copy=2)");
}

#[test]
fn what_nobody_sees_is_not_read() {
    let hidden = "<p>Tea\u{200b}pot\u{e0041}\u{e0042}</p><p hidden>a</p><p aria-hidden=true>→</p>";
    assert_eq!(text(hidden, Extract::Main), "Teapot");
    assert_eq!(text(hidden, Extract::All), "Teapot");
}

#[test]
fn garbage_and_deep_nesting_give_their_text() {
    let check = |html: &str, expected: &str| assert_eq!(text(html, Extract::Main), expected);
    check("", "");
    check("<", "\\<");
    check("<p>a<b>b</p>c</b></div></html>d", "a**b**\n\n**c**d");
    check("<!-- <p>a</p>", "");
    check("<script>alert(1)", "");
    check("\0<p>a\0b", "ab");
    for depth in [300, 3_000] {
        for tag in ["div", "blockquote", "ul><li", "b", "table><tr><td", "span"] {
            let html = format!("{}deep", format!("<{tag}>").repeat(depth));
            assert!(text(&html, Extract::Main).contains("deep"), "{tag} {depth}");
        }
    }
}

#[test]
fn cells_of_a_table_stay_apart_where_markdown_has_no_table() {
    let check =
        |html: &str, expected: &str| assert_eq!(text(html, Extract::All), expected, "{html}");
    let table = "<table><tr><th>A<th>B<tbody><tr><td>1<td><p>2</p><p>3</p></table>";
    check(&format!("<ul><li>a{table}</ul>"), "- a\n    - A | B\n    - 1 | 2 3");
    check(&format!("<ul><li><div>a{table}</div></ul>"), "- a\n    - A | B\n    - 1 | 2 3");
    check("<ul><li><table><tr><td>1</td><td>2</td></tr></table></li></ul>", "-\n    - 1 | 2");
    check(
        "<ol><li>a<table><caption>C<tr><td>1<td>2</table><li>b</ol>",
        "1. a\n   C\n\n    - 1 | 2\n\n2. b",
    );
    check(
        "<ul><li>a<table><tr><td>1<td>2<tfoot><tr><td>3<td>4</table></ul>",
        "- a\n    - 1 | 2\n    - 3 | 4",
    );
    check(
        "<a href=/x><table><tr><td>1<td>2<tr><td>3<td>4</table></a>",
        "[1 | 2 3 | 4](https://a.example/x)",
    );
    check(
        "<a name=x><table><tr><th>A<th>B<tr><td>1<td>2</table></a>",
        "| A | B |\n| - | - |\n| 1 | 2 |",
    );
    check(
        "<p><b>x<table><tr><th>A<th>B<tr><td>1<td>2</table></b></p>",
        "**x\n\n\n| A | B |\n| - | - |\n| 1 | 2 |\n\n**",
    );
}
