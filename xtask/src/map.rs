//! `cargo xtask map`: each file of the host with the first sentence of what it says it is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::places::Places;

/// The widest name of a file that what it is stands beside.
const WIDTH: usize = 28;

/// Prints the map, folder by folder; of one folder of `host/src` where it is named.
pub(crate) fn run(places: &Places, folder: Option<&str>) -> Result<()> {
    let source = places.root.join("host/src");
    let start = folder.map_or_else(|| source.clone(), |folder| source.join(folder));
    print(&source, &start)
}

fn print(source: &Path, folder: &Path) -> Result<()> {
    let read =
        fs::read_dir(folder).with_context(|| format!("{} is no folder", folder.display()))?;
    let mut paths = read.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    println!("{}/", Path::new("host/src").join(folder.strip_prefix(source)?).display());
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        println!("  {name:WIDTH$} {}", what_it_is(&fs::read_to_string(file)?));
    }
    folders.iter().try_for_each(|folder| print(source, folder))
}

/// The first sentence of the comment at the beginning of a file.
fn what_it_is(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let paragraph: Vec<_> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |at| at + 1);
    paragraph[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_says_what_a_file_is() {
        let text = "//! Lines of `a.b`, cut\n//! from bytes. More of it.\n//!\n//! Else.\nuse x;\n";
        assert_eq!(what_it_is(text), "Lines of `a.b`, cut from bytes.");
        assert_eq!(what_it_is("use x;\n"), "");
    }
}
