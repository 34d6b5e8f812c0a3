//! The two files of one plugin, the manifest and the local file beside it, and how their names belong together.

/// The ending of a local file's name.
const SUFFIX: &str = ".local.toml";

/// One of a plugin's two files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceFile {
    /// The manifest: the author's.
    #[default]
    Manifest,
    /// The file beside it: the operator's.
    Local,
}

impl SourceFile {
    /// The file's name, where `manifest` is that of the manifest.
    pub(crate) fn file(self, manifest: &str) -> String {
        match self {
            Self::Manifest => manifest.to_owned(),
            Self::Local => local_of(manifest),
        }
    }
}

/// The name of the local file beside the manifest `name`.
#[must_use]
pub fn local_of(name: &str) -> String {
    format!("{}{SUFFIX}", name.strip_suffix(".toml").unwrap_or(name))
}

/// True if a file of this name is a local file, and never a manifest: in capitals, too, which some systems do not tell
/// apart.
#[must_use]
pub fn is_local(name: &str) -> bool {
    let start = name.len().checked_sub(SUFFIX.len());
    let end = start.and_then(|start| name.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(SUFFIX))
}

/// The name of the manifest that the local file `name` is about.
#[must_use]
pub fn manifest_of(name: &str) -> Option<String> {
    name.strip_suffix(SUFFIX).map(|stem| format!("{stem}.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_file_is_named_after_its_manifest() {
        assert_eq!(local_of("a/weather.toml"), "a/weather.local.toml");
        assert_eq!(manifest_of("weather.local.toml").as_deref(), Some("weather.toml"));
        assert_eq!(manifest_of("weather.toml"), None);
        assert!(is_local("weather.local.toml") && !is_local("local.toml"));
    }
}
