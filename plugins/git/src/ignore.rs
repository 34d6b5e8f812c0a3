//! `.gitignore` and `info/exclude`. The file that the user's own configuration names is not seen here.

use std::path::Path;

use bstr::ByteSlice as _;
use gix_glob::pattern::Case;
use gix_ignore::Search;
use gix_ignore::search::Ignore;

use crate::file;
use crate::repository::Repository;

/// The place of the repository that patterns are told.
const ROOT: &str = "/r";

/// The patterns that concern one directory, which change as a walk goes down and up.
pub struct Ignored {
    search: Search,
}

impl Ignored {
    pub fn new(repository: &Repository) -> Self {
        let mut ignored = Self { search: Search::default() };
        let exclude = file::small(&repository.common.join("info/exclude")).unwrap_or_default();
        ignored.add(&exclude, &Path::new(ROOT).join("exclude"));
        ignored
    }

    /// Goes down into a directory.
    pub fn enter(&mut self, work: &Path, directory: &Path) {
        let path = work.join(directory).join(".gitignore");
        let is_file = path.symlink_metadata().is_ok_and(|about| about.is_file());
        let text = if is_file { file::small(&path).unwrap_or_default() } else { Vec::new() };
        self.add(&text, &Path::new(ROOT).join(directory).join(".gitignore"));
    }

    /// Goes up again.
    pub fn leave(&mut self) {
        self.search.patterns.pop();
    }

    pub fn contains(&self, path: &[u8], is_directory: bool) -> bool {
        let found = self.search.pattern_matching_relative_path(
            path.as_bstr(),
            Some(is_directory),
            Case::Sensitive,
        );
        found.is_some_and(|found| !found.pattern.is_negative())
    }

    fn add(&mut self, text: &[u8], source: &Path) {
        // Fails for no bytes: what cannot be read of them is passed over, as git does.
        let _ =
            self.search.add_patterns_buffer(text, source, Some(Path::new(ROOT)), Ignore::default());
    }
}

impl Ignored {
    /// True if the path or a directory above it is ignored.
    pub fn covers(repository: &Repository, path: &[u8]) -> Result<bool, String> {
        let (work, mut ignored) = (repository.work()?, Self::new(repository));
        ignored.enter(work, Path::new(""));
        for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            if ignored.contains(&path[..end], true) {
                return Ok(true);
            }
            if let Some(directory) = crate::paths::native(&path[..end]) {
                ignored.enter(work, directory);
            }
        }
        let about = crate::worktree::about(repository, path)?;
        Ok(ignored.contains(path, about.is_some_and(|about| about.is_dir())))
    }
}
