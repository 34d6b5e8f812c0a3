//! The repository's own configuration. Nothing else is read: no include, no file of the user or the system,
//! and no program that it names is ever run.

use std::path::Path;

use gix_config::File;
use gix_config::file::Metadata;
use gix_config::file::init::Options;

use crate::file;

pub struct Config {
    files: Vec<File>,
}

/// The change of line ends where no attribute says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCrlf {
    No,
    Input,
    Yes,
}

impl Config {
    /// `config`, and `config.worktree` where an extension asks for that.
    pub fn read(common: &Path, own: &Path) -> Result<Self, String> {
        let mut config = Self { files: vec![parsed(&common.join("config"))?] };
        config.check()?;
        if config.is("extensions.worktreeConfig", false) {
            config.files.push(parsed(&own.join("config.worktree"))?);
        }
        Ok(config)
    }

    pub fn text(&self, key: &str) -> Option<String> {
        let value = self.files.iter().rev().find_map(|file| file.string(key))?;
        Some(value.to_string())
    }

    pub fn is(&self, key: &str, otherwise: bool) -> bool {
        let read = self.files.iter().rev().find_map(|file| file.boolean(key).ok().flatten());
        read.unwrap_or(otherwise)
    }

    pub fn auto_crlf(&self) -> AutoCrlf {
        match self.text("core.autocrlf") {
            Some(text) if text.eq_ignore_ascii_case("input") => AutoCrlf::Input,
            _ if self.is("core.autocrlf", false) => AutoCrlf::Yes,
            _ => AutoCrlf::No,
        }
    }

    /// Fails for formats that are not understood here, as git does.
    fn check(&self) -> Result<(), String> {
        let version = self.text("core.repositoryformatversion").unwrap_or_default();
        if !matches!(&version[..], "" | "0" | "1") {
            return Err(format!(
                "the repository's format is version `{version}`; 0 and 1 are understood"
            ));
        }
        if let Some(format) = self.text("extensions.objectFormat").filter(|format| format != "sha1")
        {
            return Err(format!(
                "the repository uses the object format `{format}`; only `sha1` is understood"
            ));
        }
        if let Some(storage) =
            self.text("extensions.refStorage").filter(|storage| storage != "files")
        {
            return Err(format!(
                "the repository keeps its refs as `{storage}`; only `files` is understood"
            ));
        }
        if version == "1" {
            for section in self.files[0].sections_by_name("extensions").into_iter().flatten() {
                for name in section.body().value_names() {
                    let name = name.to_string();
                    if !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                        return Err(format!(
                            "the repository has the extension `{name}`, which is not understood"
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Extensions that change nothing of what is read and written here, or are checked above.
const KNOWN: &[&str] = &[
    "noop",
    "objectFormat",
    "partialClone",
    "preciousObjects",
    "refStorage",
    "relativeWorktrees",
    "worktreeConfig",
];

fn parsed(path: &Path) -> Result<File, String> {
    let bytes = file::if_there(path)?.unwrap_or_default();
    File::from_bytes_no_includes(&bytes, Metadata::default(), Options::default())
        .map_err(|error| format!("`{}`: {error}", path.display()))
}
