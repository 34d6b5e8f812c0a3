//! The symbolic links on the way to a file.

use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links on the way to one file: more lead in a circle.
const MAX_LINKS: usize = 32;

/// The links on the way to a file, and where it ends.
pub(crate) struct LinkChain {
    /// The links, each with the directory that it stands in, which is named without links. Those of the system, in
    /// the root, are not among them.
    pub(crate) links: Vec<(PathBuf, OsString)>,
    /// The place where it ends, named without links. `None` if it goes in a circle.
    pub(crate) end: Option<PathBuf>,
}

/// The way to `path`, as far as it is there. Blocks.
pub(crate) fn link_chain(path: &Path) -> LinkChain {
    let (mut at, mut links, mut met) = (PathBuf::new(), Vec::new(), 0);
    let mut ahead: Vec<PathBuf> = vec![path.into()];
    if path.is_relative() {
        ahead.extend(std::env::current_dir());
    }
    // The last is the next; each is a path from there on.
    while let Some(next) = ahead.pop() {
        let mut parts = next.components();
        let Some(part) = parts.next() else { continue };
        let rest = parts.as_path();
        if rest != Path::new("") {
            ahead.push(rest.into());
        }
        let Component::Normal(name) = part else {
            match part {
                Component::ParentDir => _ = at.pop(),
                other => at.push(other),
            }
            continue;
        };
        match fs::read_link(at.join(name)) {
            Ok(target) if met < MAX_LINKS => {
                met += 1;
                if at.parent().is_some() {
                    links.push((at.clone(), name.to_owned()));
                }
                ahead.push(target);
            }
            Ok(_) => return LinkChain { links, end: None },
            // The name is no link, or not there.
            Err(_) => at.push(name),
        }
    }
    LinkChain { links, end: Some(at) }
}
