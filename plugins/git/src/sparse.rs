//! Files that the index has and the disk shall not have: those that a sparse checkout leaves out.

use std::path::Path;

use bstr::ByteSlice as _;
use gix_glob::pattern::Case;
use gix_ignore::Search;
use gix_ignore::search::Ignore;

use crate::file;
use crate::repository::Repository;

/// The place of the repository that patterns are told.
const ROOT: &str = "/r";

/// The patterns of `info/sparse-checkout`, where they hold.
pub struct Sparse(Option<Search>);

impl Sparse {
    pub fn read(repository: &Repository) -> Result<Self, String> {
        if !repository.config.is("core.sparseCheckout", false) {
            return Ok(Self(None));
        }
        Ok(Self(
            file::if_there(&repository.own.join("info/sparse-checkout"))?.map(|text| parsed(&text)),
        ))
    }

    /// True if a file that is new in the index stays off the disk.
    pub fn leaves_out(&self, path: &[u8]) -> bool {
        let Some(search) = &self.0 else { return false };
        let matching = |path: &[u8], is_directory| {
            search
                .pattern_matching_relative_path(path.as_bstr(), Some(is_directory), Case::Sensitive)
                .map(|found| found.pattern.is_negative())
        };
        let ends = path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/');
        let above = ends.map(|(end, _)| (&path[..end], true));
        std::iter::once((path, false))
            .chain(above)
            .find_map(|(path, is_directory)| matching(path, is_directory))
            .unwrap_or(true)
    }
}

fn parsed(text: &[u8]) -> Search {
    let mut search = Search::default();
    let source = Path::new(ROOT).join("sparse-checkout");
    // Fails for no bytes: what cannot be read of them is passed over, as git does.
    let _ = search.add_patterns_buffer(text, source, Some(Path::new(ROOT)), Ignore::default());
    search
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_decides_for_a_file_or_the_nearest_directory() {
        let cone = Sparse(Some(parsed(b"/*\n!/*/\n/s/\n/a/\n!/a/*/\n/a/b/\n")));
        for (path, out) in [
            ("top", false),
            ("s/one", false),
            ("s/deep/one", false),
            ("t/two", true),
            ("t/s/two", true),
            ("a/x", false),
            ("a/b/x", false),
            ("a/c/x", true),
        ] {
            assert_eq!(cone.leaves_out(path.as_bytes()), out, "{path}");
        }
        let free = Sparse(Some(parsed(b"*.md\n!secret.md\n")));
        for (path, out) in
            [("a.md", false), ("d/a.md", false), ("d/secret.md", true), ("a.rs", true)]
        {
            assert_eq!(free.leaves_out(path.as_bytes()), out, "{path}");
        }
        assert!(!Sparse(None).leaves_out(b"any"));
    }
}
