//! The page to show next by a page or its header, by the HTML Standard's declarative refresh. Follows nothing.

use url::Url;

/// A page to show in place of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// After how many seconds.
    pub delay: u64,
    pub target: Url,
}

impl Refresh {
    /// Reads a header `Refresh`, or the `content` of its `<meta>`. `None` if it stays on the page `base`.
    pub fn parse(text: &str, base: &Url) -> Option<Self> {
        let text = text.trim_start();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        if digits == 0 && !text.starts_with('.') {
            return None;
        }
        let delay = if digits == 0 { 0 } else { text[..digits].parse().unwrap_or(u64::MAX) };
        let rest = text[digits..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        if !rest.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, ';' | ',')) {
            return None;
        }
        let rest = rest.trim_start();
        let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start();
        let mut target = base.join(unquoted(without_name(rest))).ok()?;
        target.set_fragment(None);
        let mut here = base.clone();
        here.set_fragment(None);
        (!rest.is_empty() && target != here).then_some(Self { delay, target })
    }
}

/// The part behind `url=`, where that stands.
fn without_name(text: &str) -> &str {
    let has_name = text.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("url"));
    let value = has_name.then(|| text[3..].trim_start().strip_prefix('=')).flatten();
    value.map_or(text, str::trim_start)
}

fn unquoted(text: &str) -> &str {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split(quote).next().unwrap_or_default(),
        _ => text.trim_end(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_is_read_as_a_browser_does() {
        let base = Url::parse("https://a.example/b/c?d").unwrap();
        let check = |text: &str, expected: Option<(u64, &str)>| {
            let found = Refresh::parse(text, &base);
            let found = found.as_ref().map(|refresh| (refresh.delay, refresh.target.as_str()));
            assert_eq!(found, expected, "{text}");
        };
        for text in
            ["0;URL=/t", "0; url = '/t'", " 0 , uRl=\"/t\" x", "0 /t", "0.5;/t#part", ".9;url=/t "]
        {
            check(text, Some((0, "https://a.example/t")));
        }
        check("30;url=https://b.example/", Some((30, "https://b.example/")));
        check("99999999999999999999999;url=e", Some((u64::MAX, "https://a.example/b/e")));
        check("0;url", Some((0, "https://a.example/b/url")));
        for text in ["", "30", "5;", "x;url=/t", "0x;url=/t", "5;url=c?d#part", "0;url=https://["] {
            check(text, None);
        }
    }
}
