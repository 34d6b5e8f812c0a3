//! Paths as people and clients write them, in the plugin's own names: the host's, those that begin in the one directory, and
//! those that no file is called by.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{host_paths, roots};

/// The path that the plugin sees, of one that a caller wrote: its own, the host's where it may know that, or one that begins in
/// the only directory there is.
///
/// # Errors
///
/// If it holds what belongs to no path, such as quotes, and no file is called so. The sentence says what to write.
pub fn seen(text: &str) -> Result<PathBuf, String> {
    seen_in(text, &roots(), &host_paths())
}

fn seen_in(text: &str, roots: &[PathBuf], hosts: &HostPaths) -> Result<PathBuf, String> {
    let given = Path::new(text);
    let is_own = roots.iter().any(|root| root != Path::new("/") && given.starts_with(root));
    let path = match (of_host(hosts, text), roots) {
        _ if is_own => given.to_path_buf(),
        (Some(path), _) => path,
        (None, [root]) if given.is_relative() && !text.is_empty() => root.join(given),
        (None, _) => given.to_path_buf(),
    };
    match slip(text, roots, hosts) {
        Some(sentence) if path.symlink_metadata().is_err() => Err(sentence),
        _ => Ok(path),
    }
}

/// For each directory as the plugin sees it: its names on the host.
type HostPaths = BTreeMap<PathBuf, Vec<String>>;

/// The path that the plugin sees, of one that is the host's. `None` if it lies in none of these directories.
pub fn of_host(hosts: &HostPaths, text: &str) -> Option<PathBuf> {
    let all = hosts.iter().flat_map(|(at, hosts)| hosts.iter().map(move |host| (at, host)));
    let found = all.filter_map(|(at, host)| Some((host.len(), at, below(text, host)?)));
    let (_, at, below) = found.max_by_key(|(length, ..)| *length)?;
    Some(at.join(below))
}

/// True if a name of a directory on the host is one of Windows.
pub fn is_of_windows(host: &str) -> bool {
    is_drive(host) || host.starts_with("\\\\") || host.starts_with("~\\")
}

fn is_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// The part of `text` behind `host`.
fn below(text: &str, host: &str) -> Option<String> {
    let windows = is_of_windows(host);
    let same = |path: &str| if windows { path.replace('\\', "/") } else { path.to_owned() };
    let (text, host) = (same(text), same(host));
    let host = host.trim_end_matches('/');
    let (begin, rest) = text.split_at_checked(host.len())?;
    let begins = if windows { begin.eq_ignore_ascii_case(host) } else { begin == host };
    let inside = rest.is_empty() || rest.starts_with('/');
    (begins && inside).then(|| rest.trim_start_matches('/').to_owned())
}

/// Says what a path holds that nobody means as a part of a name, and what to write: an address, a variable, a drive, quotes,
/// spaces around it, or a line break. `None` of any other path; where something is called so, that is meant all the same.
pub fn slip(text: &str, roots: &[PathBuf], hosts: &HostPaths) -> Option<String> {
    let mut meant = text.to_owned();
    let mut whats = Vec::new();
    while let Some((what, better)) = better(&meant) {
        if !whats.contains(&what) {
            whats.push(what);
        }
        meant = better;
    }
    let granted = || {
        let roots: Vec<_> = roots.iter().map(|root| format!("`{}`", root.display())).collect();
        match roots.is_empty() {
            true => "nothing: no directory is granted".to_owned(),
            false => roots.join(", "),
        }
    };
    let known = of_host(hosts, &meant);
    if is_drive(&meant) && meant[2..].starts_with(['/', '\\']) && known.is_none() {
        whats.push("a drive of Windows, which is not in a directory that is granted");
    } else if meant.chars().any(char::is_control) {
        whats.push("a line break or another control character");
    } else if !whats.is_empty() {
        let path = known.map_or(meant.clone(), |path| path.display().to_string());
        if !path.starts_with(['$', '%', '~']) {
            return Some(told(text, &whats) + &format!("; write `{path}`"));
        }
    }
    (!whats.is_empty()).then(|| {
        told(text, &whats) + &format!("; write a path that begins with one of {}", granted())
    })
}

fn told(text: &str, whats: &[&str]) -> String {
    let mut told = format!(
        "`{}` holds ",
        text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'")
    );
    let _ = write!(told, "{}", whats.join(" and "));
    told
}

/// The text that a path holds around its name, and the path without that.
fn better(text: &str) -> Option<(&'static str, String)> {
    let trimmed = text.trim();
    if trimmed != text {
        let breaks = text.contains(['\n', '\r']);
        let what = if breaks { "a line break around it" } else { "a space around it" };
        return Some((what, trimmed.to_owned()));
    }
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)) {
            return Some(("quotes around it", inner.to_owned()));
        }
    }
    let is_address = text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    if is_address {
        let rest = &text[5..];
        let path = match rest.strip_prefix("//") {
            // The name of the machine ends at the path.
            Some(rest) => rest.find('/').map_or("/", |start| &rest[start..]),
            None => rest,
        };
        let path = decoded(path);
        // `/C:/x` is of Windows.
        let path = path.strip_prefix('/').filter(|path| is_drive(path)).unwrap_or(&path);
        return Some(("`file:`, which begins an address", path.to_owned()));
    }
    let home = ["$HOME", "${HOME}", "%USERPROFILE%", "$env:USERPROFILE"];
    let below = home.iter().find_map(|home| text.strip_prefix(home));
    let below = below.filter(|below| below.is_empty() || below.starts_with(['/', '\\']));
    below.map(|below| ("a variable, which nobody fills in here", format!("~{below}"))).or_else(
        || {
            let first = text.split(['/', '\\']).next()?;
            let is_name = |name: &str| {
                !name.is_empty()
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            };
            let name = first
                .strip_prefix('$')
                .map(|name| name.trim_start_matches('{').trim_end_matches('}'));
            let name = name.or_else(|| first.strip_prefix('%')?.strip_suffix('%'));
            // What the variable is, nobody knows; what is behind it stays.
            let is_variable = name.is_some_and(is_name) && text.len() > first.len();
            is_variable.then(|| {
                ("a variable, which nobody fills in here", format!("~{}", &text[first.len()..]))
            })
        },
    )
}

/// The text with each `%20` as what it stands for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(paths: &[(&str, &[&str])]) -> HostPaths {
        let named = |host: &[&str]| host.iter().map(ToString::to_string).collect();
        paths.iter().map(|(at, host)| (PathBuf::from(at), named(host))).collect()
    }

    #[test]
    fn a_path_of_the_host_is_one_of_the_plugins() {
        let paths = hosts(&[
            ("/app", &["/home/ada/app", "/data/app", "~/app"]),
            ("/win", &["C:\\Users\\ada"]),
            ("/in", &["/home/ada/app/in"]),
        ]);
        for (text, seen) in [
            ("/home/ada/app", Some("/app")),
            ("/home/ada/app/src/a.rs", Some("/app/src/a.rs")),
            ("/data/app/x", Some("/app/x")),
            ("~/app/x", Some("/app/x")),
            ("~/apps", None),
            ("/home/ada/app/in/x", Some("/in/x")),
            ("c:/users/Ada/Repo", Some("/win/Repo")),
            ("/home/ada/application", None),
            ("/home", None),
            ("", None),
        ] {
            assert_eq!(of_host(&paths, text), seen.map(PathBuf::from), "{text}");
        }
    }

    #[test]
    fn a_path_that_nobody_means_is_refused_with_what_is_meant() {
        let hosts = hosts(&[("/d", &["/home/ada/d", "~/d"])]);
        let roots = [PathBuf::from("/d")];
        let check = |text: &str, parts: &[&str]| {
            let sentence = seen_in(text, &roots, &hosts).expect_err(text);
            assert!(parts.iter().all(|part| sentence.contains(part)), "{text}: {sentence}");
            // What it tells to write is taken.
            if let Some((_, meant)) = sentence.split_once("; write `") {
                let meant = meant.split('`').next().unwrap_or_default();
                assert!(seen_in(meant, &roots, &hosts).is_ok(), "{meant}");
            }
        };
        check("file:///d/x.txt", &["`file:`, which begins an address", "write `/d/x.txt`"]);
        check("file://localhost/d/a%20b.txt", &["write `/d/a b.txt`"]);
        check("FILE:/d/x.txt", &["write `/d/x.txt`"]);
        check("file:///home/ada/d/x", &["write `/d/x`"]);
        check("file:///C:/d/x", &["a drive of Windows", "one of `/d`"]);
        check("$HOME/d/x.txt", &["a variable", "write `/d/x.txt`"]);
        check("${HOME}/x.txt", &["a variable", "begins with one of `/d`"]);
        check("%USERPROFILE%\\x.txt", &["a variable", "begins with one of `/d`"]);
        check("$XDG_DATA_HOME/x", &["a variable", "begins with one of `/d`"]);
        check("C:\\x.txt", &["a drive of Windows", "begins with one of `/d`"]);
        check("\"/d/n.txt\"", &["`\"/d/n.txt\"` holds quotes around it; write `/d/n.txt`"]);
        check("'/d/n.txt'", &["write `/d/n.txt`"]);
        check("`n.txt`", &["write `n.txt`"]);
        check(" /d/lead.txt", &["a space around it; write `/d/lead.txt`"]);
        check("/d/o.txt ", &["write `/d/o.txt`"]);
        check("/d/o.txt\n", &["`/d/o.txt\\n` holds a line break around it; write `/d/o.txt`"]);
        check(" \"file:///d/o.txt\"\n", &["address; write `/d/o.txt`"]);
        check("/d/a\nb.txt", &["a line break or another control character"]);
        for (text, path) in [
            ("/d/x.txt", "/d/x.txt"),
            ("x.txt", "/d/x.txt"),
            ("a b.txt", "/d/a b.txt"),
            ("$x.txt", "/d/$x.txt"),
            ("a$HOME/x", "/d/a$HOME/x"),
            ("100%", "/d/100%"),
            ("it's.txt", "/d/it's.txt"),
            ("a:b", "/d/a:b"),
            ("profile:x", "/d/profile:x"),
            ("~/d/x", "/d/x"),
            ("/home/ada/d/x", "/d/x"),
            ("/etc/passwd", "/etc/passwd"),
        ] {
            assert_eq!(seen_in(text, &roots, &hosts).as_deref(), Ok(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn what_is_called_so_is_meant() {
        let directory = std::env::temp_dir().join(format!("sdk-written-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::write(directory.join("'a' "), "").expect("a directory");
        let roots = [directory.clone()];
        let found = seen_in("'a' ", &roots, &HostPaths::new());
        assert_eq!(found, Ok(directory.join("'a' ")));
        std::fs::remove_dir_all(directory).expect("a directory");
    }
}
