//! The files that a text names, in whatever form: for checksums whose own file the form does not tell.

use super::Entry;
use super::label::is_label;
use super::name::{base, plain};
use super::value::holds_one;

/// Keys whose value is the name of a file, even where that has no extension.
const KEYS: [&str; 4] = ["file", "filename", "file_name", "path"];

/// The ends of what is rather a site than a file.
const SITES: [&str; 7] = ["com", "dev", "edu", "gov", "io", "net", "org"];

/// The names of files in a text, the last parts of paths and addresses, each once; without the file called `wanted`,
/// and those of `entries`.
pub fn others(text: &str, wanted: Option<&str>, entries: &[Entry]) -> Vec<String> {
    let mut known: Vec<String> = entries.iter().filter_map(|entry| entry.name.clone()).collect();
    known.extend(wanted.map(str::to_string));
    let known: Vec<String> = known.iter().map(|name| base(&plain(name)).to_string()).collect();
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut line = line.trim().to_string();
        // A name may hold spaces, so the known ones are taken out whole.
        for name in &known {
            line = without(&line, name);
        }
        found.extend(named_by_key(&line));
        found.extend(of_line(&line).map(str::to_string));
    }
    found.retain(|name| !known.contains(name) && !holds_one(name));
    found.sort();
    found.dedup();
    found
}

/// True if a text names the file called `wanted`.
pub fn names(text: &str, wanted: &str) -> bool {
    let wanted = plain(wanted);
    text.lines().any(|line| without(line, base(&wanted)) != line)
}

/// A line without a name, where that is no part of a longer one.
pub fn without(line: &str, name: &str) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '~');
    let mut rest = String::new();
    let mut from = 0;
    for (at, _) in line.match_indices(name).filter(|_| !name.is_empty()) {
        let end = at + name.len();
        let before = line[..at].chars().next_back();
        let mut behind = line[end..].chars();
        let is_longer = match behind.next() {
            Some('.') => behind.next().is_some_and(is_of_name),
            next => next.is_some_and(is_of_name),
        };
        if at >= from && !is_longer && !before.is_some_and(|c| is_of_name(c) || c == '.') {
            rest.push_str(&line[from..at]);
            from = end;
        }
    }
    rest + &line[from..]
}

/// The words of a line that are names of files. In a comment, a name is one where it comes first, as in a heading, or where
/// the words before it say so: `# SHA256 of a.iso`. Others are what made the list, or what it is for.
fn of_line(line: &str) -> impl Iterator<Item = &str> {
    let bare = line.trim_start_matches(['#', ';', '/', ' ']);
    let is_comment = bare.len() < line.len() && !line.starts_with('/') || line.starts_with("//");
    let mut is_named = true;
    let mut behind_at = false;
    line.split_inclusive(|c: char| !is_part(c)).filter_map(move |word| {
        // What is behind `@` is a site, or a checksum.
        let is_site = std::mem::replace(&mut behind_at, word.ends_with('@'));
        let word = word.trim_end_matches(|c| !is_part(c));
        let is_passed = is_comment && !is_named;
        if !word.is_empty() {
            is_named = is_before_name(word);
        }
        (!is_site && !is_passed).then(|| file(word)).flatten()
    })
}

/// True if the word behind this one is what a checksum is of.
fn is_before_name(word: &str) -> bool {
    const WORDS: [&str; 9] =
        ["of", "for", "file", "image", "checksum", "checksums", "digest", "hash", "sum"];
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)) || is_label(word)
}

/// True if a character may stand in a path.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '~' | '%' | '/' | '\\')
}

/// The last part of a word, if that is the name of a file.
fn file(word: &str) -> Option<&str> {
    let word = word.trim_end_matches('.');
    let is_path = word.contains(['/', '\\']);
    // The name of a site alone, behind `https:`.
    if word.strip_prefix("//").is_some_and(|site| !site.contains('/')) {
        return None;
    }
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let (stem, extension) = name.rsplit_once('.')?;
    let letters = extension.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_known = matches!(extension, "7z" | "3gp");
    let is_extension = (1..=8).contains(&extension.len())
        && (is_known
            || !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let is_site = !is_path && SITES.contains(&extension);
    let is_abbreviated = matches!(name, "e.g" | "i.e");
    (is_extension && !stem.is_empty() && !is_site && !is_abbreviated).then_some(name)
}

/// The file that a line names by a key, as in `"file": "vmlinuz"` and `path = vmlinuz`.
fn named_by_key(line: &str) -> Vec<String> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let mut found = Vec::new();
    for (at, _) in line.match_indices([':', '=']) {
        let key = line[..at].trim_end_matches(is_around);
        let start =
            key.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |last| last + 1);
        let value = line[at + 1..].trim_start_matches(is_around);
        let end = value.find(|c: char| is_around(c) || matches!(c, ',' | ';' | '}' | ']' | '<'));
        let value = plain(&value[..end.unwrap_or(value.len())]);
        let name = base(&value);
        let is_key = KEYS.iter().any(|known| known.eq_ignore_ascii_case(&key[start..]));
        if is_key && !matches!(name, "" | "-" | "null" | "stdin") {
            found.push(name.to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_seen_in_any_form() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(others(text, Some("/dl/a.iso"), &[]), expected, "{text}");
        };
        check("{\"file\":\"a.iso\"}\n{\"file\":\"b.iso\"}", &["b.iso"]);
        check("[b.iso]\nSHA256=x", &["b.iso"]);
        check("b.iso@sha256:x", &["b.iso"]);
        check("# b.iso\nSHA256 = x", &["b.iso"]);
        check("# SHA256 of b.iso\nx", &["b.iso"]);
        check("# SHA256 of b.iso, release 1.0:\nx", &["b.iso"]);
        check("## checksums for dl/b.tar.gz\nx", &["b.tar.gz"]);
        check("; SHA256 (b.iso)\nx", &["b.iso"]);
        check("// sha256: b.iso\nx", &["b.iso"]);
        check("# b.iso 1.0\nx", &["b.iso"]);
        check("# SHA256 of a.iso and its size\nx", &[]);
        check("url = \"https://example.org/x/b-1.0.tar.gz?raw=1\"", &["b-1.0.tar.gz"]);
        check("C:\\dl\\b.iso, x-a.iso and a.iso.asc", &["a.iso.asc", "b.iso", "x-a.iso"]);
        check("file: vmlinuz\nsha256: x", &["vmlinuz"]);
        check("{\"path\": \"boot/vmlinuz\", \"url\": null}", &["vmlinuz"]);
        check("[a.iso](https://example.org/dl/a.iso): x; sub/a.iso.", &[]);
        for nothing in [
            "# made by sums.py on 1.2.2026",
            "# SHA256 checksums, see README.md and check with sums.py",
            "requests==2.0 --hash=sha256:x",
            "python:3.12@sha256:x, docker.io/library/nginx, v1.2.3-rc1",
            "See https://example.org or example.com, e.g. by mail to me@example.dk.",
            "Hash: SHA256\nVersion: 1.2.3",
            "{\"file\": null}",
        ] {
            check(nothing, &[]);
        }
        assert_eq!(others("my file.iso: sha256: x", Some("my file.iso"), &[]), [""; 0]);
        assert!(names("\"a.iso\": 1", "/dl/a.iso") && !names("a.iso.asc", "a.iso"));
    }
}
