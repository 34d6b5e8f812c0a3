//! The names of files in lists of checksums, and which of them means a file here.

use super::Entry;

/// Most names that a message shows.
pub const SHOWN: usize = 10;

/// The entries of the file called `name`: exactly so, or else by the last part, where that means one file alone.
pub fn called<'a>(named: &[&'a Entry], name: &str) -> Result<Vec<&'a Entry>, String> {
    let wanted = plain(name);
    let those = |is_it: &dyn Fn(&str) -> bool| -> Vec<&'a Entry> {
        let is_it =
            |entry: &&&Entry| entry.name.as_deref().is_some_and(|known| is_it(&plain(known)));
        named.iter().filter(is_it).copied().collect()
    };
    let exact = those(&|known| known == wanted);
    if !exact.is_empty() {
        return Ok(exact);
    }
    let mut alike = those(&|known| base(known) == base(&wanted) && may_be(known, &wanted));
    // Of `a.iso` and `sub/a.iso`, `/downloads/a.iso` is the first, and `/downloads/sub/a.iso` the second.
    let ends =
        alike.iter().filter_map(|entry| entry.plain_name()).filter(|known| is_end(&wanted, known));
    if let Some(longest) = ends.max_by_key(String::len) {
        alike.retain(|entry| entry.plain_name().as_ref() == Some(&longest));
    }
    let Some(first) = alike.first() else {
        return Err(not_listed(name, &shown(named)));
    };
    if alike.iter().any(|entry| entry.plain_name() != first.plain_name()) {
        return Err(format!(
            "`expected` does not list `{name}` but several files of that last part; say which as `name`: {}",
            shown(&alike)
        ));
    }
    Ok(alike)
}

/// Says that a list has other files alone.
pub fn not_listed(name: &str, others: &str) -> String {
    format!(
        "`expected` does not list `{name}`; it lists {others}; if one of those is this file, give its name there as `name`"
    )
}

/// True if two names with the same last part may mean one file: one is the end of the other, or one says where the file
/// is on this machine and not where it is in the list.
fn may_be(known: &str, wanted: &str) -> bool {
    let is_absolute = wanted.starts_with('/') || wanted.get(1..3) == Some(":/");
    is_absolute || is_end(known, wanted) || is_end(wanted, known)
}

/// True if a path ends with all parts of another.
fn is_end(long: &str, end: &str) -> bool {
    long.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Without `./` in front, with the separator of Unix.
pub fn plain(name: &str) -> String {
    let name = name.replace('\\', "/");
    let mut rest = name.as_str();
    while let Some(less) = rest.strip_prefix("./") {
        rest = less.trim_start_matches('/');
    }
    rest.to_owned()
}

/// The first names of a list, as messages show them.
pub fn shown(entries: &[&Entry]) -> String {
    let names = entries.iter().filter_map(|entry| entry.name.as_deref());
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if entries.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The last part of a path.
pub fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name of a file, unless it stands for none: for stdin, or for what a checksum is called.
pub fn file(name: &str) -> Option<String> {
    let name = without_around(name);
    let last = name.rsplit(' ').next().unwrap_or(name).to_ascii_lowercase();
    let is_none = matches!(name, "" | "-" | "stdin")
        || matches!(
            &*last,
            "checksum" | "digest" | "file" | "sha2" | "sha-2" | "fingerprint" | "hash" | "sum"
        );
    (!is_none).then(|| name.to_string())
}

/// A name without what people write around one: `a.iso =`, `checksum for a.iso`, `- a.iso`, `(a.iso)`, `"a.iso"`.
fn without_around(name: &str) -> &str {
    const BEFORE: [&str; 8] = ["checksum ", "digest ", "hash ", "sum ", "for ", "of ", "- ", "is "];
    const BEHIND: [&str; 5] = [" =", " ->", " -", " is", ":"];
    const ENDS: [(char, char); 4] = [('(', ')'), ('"', '"'), ('`', '`'), ('\'', '\'')];
    let mut bare = name.trim();
    loop {
        let words = BEFORE.iter().find_map(|word| bare.strip_prefix(word));
        let signs = BEHIND.iter().find_map(|word| bare.strip_suffix(word));
        let inner =
            ENDS.iter().find_map(|(open, close)| bare.strip_prefix(*open)?.strip_suffix(*close));
        match words.or(signs).or(inner) {
            Some(less) if !less.trim().is_empty() => bare = less.trim(),
            _ => return bare,
        }
    }
}
