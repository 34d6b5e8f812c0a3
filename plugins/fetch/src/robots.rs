//! The paths that a site's `robots.txt` allows, by RFC 9309. Fetches nothing.

/// The most bytes read of the file; a crawler has to read this much at least.
pub const MAX_SIZE: usize = 500 * 1024;

/// True if `text` lets the crawler that calls itself `agent` read `path`, which may have a query.
pub fn allows(text: &str, agent: &str, path: &str) -> bool {
    let mut best: Option<(usize, bool)> = None;
    for rule in rules(text, agent) {
        if !matches(&encoded(rule.pattern), path) {
            continue;
        }
        // The longest pattern counts, and of two that are equally long the one that allows.
        let this = (rule.pattern.len(), rule.allows);
        best = best.max(Some(this));
    }
    best.is_none_or(|(_, allows)| allows)
}

/// A pattern in the form that paths of URLs have, where only ASCII stands.
fn encoded(pattern: &str) -> String {
    let mut encoded = String::with_capacity(pattern.len());
    for byte in pattern.bytes() {
        match byte {
            b'!'..=b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

struct Rule<'a> {
    pattern: &'a str,
    allows: bool,
}

/// The rules for an agent: those of all its groups together, or else those for everybody.
fn rules<'a>(text: &'a str, agent: &str) -> Vec<Rule<'a>> {
    let (mut own, mut common) = (Vec::new(), Vec::new());
    let (mut is_own, mut is_common, mut has_own) = (false, false, false);
    let mut in_names = false;
    for (key, value) in text.trim_start_matches('\u{feff}').lines().filter_map(pair) {
        if key.eq_ignore_ascii_case("user-agent") {
            if !in_names {
                (is_own, is_common) = (false, false);
            }
            in_names = true;
            is_common |= value == "*";
            is_own |= product(value).eq_ignore_ascii_case(agent);
            has_own |= is_own;
            continue;
        }
        let allows = key.eq_ignore_ascii_case("allow");
        if !allows && !key.eq_ignore_ascii_case("disallow") {
            continue;
        }
        in_names = false;
        if value.is_empty() {
            continue;
        }
        let rule = || Rule { pattern: value, allows };
        if is_own {
            own.push(rule());
        }
        if is_common {
            common.push(rule());
        }
    }
    if has_own { own } else { common }
}

fn pair(line: &str) -> Option<(&str, &str)> {
    let line = line.split('#').next()?;
    let (key, value) = line.split_once(':')?;
    Some((key.trim(), value.trim()))
}

/// The name in front of a version, such as `toolrack-fetch` of `toolrack-fetch/1.0`.
pub fn product(agent: &str) -> &str {
    let end = agent.find(|c: char| !c.is_ascii_alphabetic() && !matches!(c, '-' | '_'));
    &agent[..end.unwrap_or(agent.len())]
}

/// True if a pattern with its `*` and its `$` at the end matches the beginning of a path. The work is bounded by the
/// product of their lengths.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, is_whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
    }
    match (last, is_whole) {
        (None, true) => rest.is_empty(),
        (None, false) => true,
        (Some(part), true) => rest.ends_with(part),
        (Some(part), false) => rest.contains(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_with_the_name_counts_before_the_one_for_all() {
        let text = "\u{feff}User-agent: *\nDisallow: /\n\nuser-agent: Other\nUser-Agent: Toolrack-Fetch/9 # us\n\
                    Sitemap: x\nDisallow: /private\nAllow: /private/open\n\nUser-agent: toolrack-fetch\nDisallow: /more";
        let check = |agent: &str, path: &str, expected: bool| {
            assert_eq!(allows(text, agent, path), expected, "{agent} {path}");
        };
        check("toolrack-fetch", "/", true);
        check("toolrack-fetch", "/private", false);
        check("toolrack-fetch", "/private/open/x", true);
        check("toolrack-fetch", "/more", false);
        check("other", "/more", true);
        check("somebody", "/x", false);
        assert!(!allows("User-agent: *\nDisallow: /\u{fc}", "a", "/%C3%BC"));
        assert!(allows("", "a", "/"));
        assert!(allows("User-agent: *\nDisallow:", "a", "/x"));
        assert!(allows("<html>no: file</html>", "a", "/x"));
        assert!(allows("Disallow: /", "a", "/x"));
    }

    #[test]
    fn patterns_are_those_of_the_standard() {
        let check = |pattern: &str, path: &str, expected: bool| {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        };
        check("/fish", "/fish/salmon", true);
        check("/fish", "/Fish", false);
        check("/fish*", "/fish", true);
        check("/*.php$", "/a/b.php", true);
        check("/*.php$", "/a.php?x", false);
        check("/a$", "/a", true);
        check("/a$", "/ab", false);
        check("/a*b*c", "/axbxxc", true);
        check("/a*b*c", "/axcxb", false);
        check("/a*a$", "/a", false);
        check("*", "/", true);
        check("$", "/", false);
        // Of two as long, the one that allows.
        assert!(allows("User-agent: *\nDisallow: /a\nAllow: /a", "x", "/a"));
        assert!(!allows("User-agent: *\nAllow: /a\nDisallow: /a/b", "x", "/a/b"));
    }

    #[test]
    fn an_agent_is_known_by_its_product() {
        assert_eq!(product("toolrack-fetch/0.1.0 (+https://a.example)"), "toolrack-fetch");
        assert_eq!(product("*"), "");
    }
}
