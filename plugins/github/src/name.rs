//! The repository that is meant.

use std::fmt;

use toolrack_sdk::http;

/// A repository by its owner and name, as they stand in URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// Reads `owner/name`, or a URL that leads there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse =
            || format!("`{text}` is no repository; write `owner/name`, such as `rust-lang/rust`");
        let whole = text.trim();
        // `git@github.com:owner/name.git`, a URL, or one without its scheme.
        let of_url = whole
            .split_once("://")
            .map(|(_, rest)| rest.split_once('/').map_or("", |(_, path)| path))
            .or_else(|| whole.strip_prefix("git@")?.split_once(':').map(|(_, path)| path))
            .or_else(|| whole.strip_prefix("github.com/"))
            .map(|path| path.split(['?', '#']).next().unwrap_or_default());
        let short = of_url.unwrap_or(whole);
        let mut parts = short.trim_matches('/').split('/');
        let (owner, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_url = of_url.is_some();
        let name = if is_url { name.strip_suffix(".git").unwrap_or(name) } else { name };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let good = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
        // A URL may lead further, to an issue or a file.
        if !good(owner) || !good(name) || (!is_url && parts.next().is_some()) {
            return Err(refuse());
        }
        Ok(Self { owner: owner.into(), name: name.into() })
    }

    /// The beginning of all that the API has below it.
    pub fn path(&self) -> String {
        format!("/repos/{}/{}", self.owner, self.name)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// The path of a file as it stands in a URL.
pub fn encoded(path: &str) -> Result<String, String> {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Err(format!(
            "`{path}` is no path in a repository; write it from the root, without `..`"
        ));
    }
    Ok(parts.into_iter().map(http::encode).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_owner_and_name() {
        for text in [
            "rust-lang/rust",
            " rust-lang/rust ",
            "https://github.com/rust-lang/rust",
            "https://github.com/rust-lang/rust.git",
            "https://github.com/rust-lang/rust/issues/1",
            "https://github.com/rust-lang/rust?tab=readme-ov-file#readme",
            "git@github.com:rust-lang/rust.git",
            "ssh://git@github.com/rust-lang/rust.git",
            "github.com/rust-lang/rust",
        ] {
            let repository = Repository::parse(text).unwrap();
            assert_eq!(repository.path(), "/repos/rust-lang/rust", "{text}");
        }
        assert_eq!(Repository::parse("a/b.git").unwrap().to_string(), "a/b.git");
        for text in ["", "rust", "a/b/c", "a/..", "../b", "a b/c", "a/b?c", "https://github.com/a"]
        {
            assert!(Repository::parse(text).unwrap_err().contains("write `owner/name`"), "{text}");
        }
    }

    #[test]
    fn a_path_stays_in_its_repository() {
        assert_eq!(encoded("/src//a b#.rs/").unwrap(), "src/a%20b%23.rs");
        assert_eq!(encoded("").unwrap(), "");
        assert!(encoded("a/../../b").is_err());
    }
}
