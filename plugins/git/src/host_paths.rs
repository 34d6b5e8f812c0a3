//! Paths as they are on the host's machine, which people write and git keeps, in the plugin's own names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

/// For each directory as the plugin sees it: its names on the host, of which one in the home directory begins with `~`.
type HostPaths = BTreeMap<PathBuf, Vec<String>>;

/// The path that the plugin sees, of one that is the host's.
pub fn seen(text: &str) -> Option<PathBuf> {
    seen_by(&toolrack_sdk::files::host_paths(), text)
}

/// True if the host is known to be Windows.
pub fn are_windows() -> bool {
    static KNOWN: LazyLock<bool> = LazyLock::new(|| {
        toolrack_sdk::files::host_paths().values().flatten().any(|host| is_windows(host))
    });
    *KNOWN
}

fn is_windows(host: &str) -> bool {
    host.as_bytes().get(1) == Some(&b':') || host.starts_with("\\\\") || host.starts_with("~\\")
}

fn seen_by(paths: &HostPaths, text: &str) -> Option<PathBuf> {
    let all = paths.iter().flat_map(|(at, hosts)| hosts.iter().map(move |host| (at, host)));
    let found = all.filter_map(|(at, host)| Some((host.len(), at, below(text, host)?)));
    let (_, at, below) = found.max_by_key(|(length, ..)| *length)?;
    Some(at.join(below))
}

/// The part of `text` behind `host`.
fn below(text: &str, host: &str) -> Option<String> {
    let windows = is_windows(host);
    let same = |path: &str| if windows { path.replace('\\', "/") } else { path.to_owned() };
    let (text, host) = (same(text), same(host));
    let host = host.trim_end_matches('/');
    let (begin, rest) = text.split_at_checked(host.len())?;
    let begins = if windows { begin.eq_ignore_ascii_case(host) } else { begin == host };
    let inside = rest.is_empty() || rest.starts_with('/');
    (begins && inside).then(|| rest.trim_start_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_host_is_one_of_the_plugins() {
        let paths = [
            ("/app", &["/home/ada/app", "/data/app", "~/app"][..]),
            ("/win", &["C:\\Users\\ada"]),
            ("/in", &["/home/ada/app/in"]),
        ];
        let named = |host: &[&str]| host.iter().map(ToString::to_string).collect();
        let paths: HostPaths =
            paths.into_iter().map(|(at, host)| (at.into(), named(host))).collect();
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
            assert_eq!(seen_by(&paths, text), seen.map(PathBuf::from), "{text}");
        }
    }
}
