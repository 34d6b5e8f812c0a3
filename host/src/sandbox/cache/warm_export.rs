//! The export of a cache for other machines: files, and a list that names them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use super::directory::Cache;
use super::warm_list::{MADE_FOR, MAX_WARM_LIST, WARM_LIST, entry, made_for};
use crate::fs::bounded_read::read_at_most;
use crate::manifest::Sha256Digest;

/// The size of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WarmWritten {
    /// The files, without the list.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Writes what `cache` has, but for what only saves time while compiling, into the directory `to`, and its list last.
pub(crate) fn write(cache: &Cache, to: &Path) -> io::Result<WarmWritten> {
    let mut written = WarmWritten::default();
    let mut list = Vec::new();
    let mut put = |name: String, content: &[u8]| {
        fs::write(to.join(&name), content)?;
        written.files += 1;
        written.bytes += content.len() as u64;
        list.push(format!("{}  {name}\n", Sha256Digest::of(content)));
        Ok(())
    };
    cache.each_warm(&mut put)?;
    put(MADE_FOR.to_owned(), made_for(cache.settings()).as_bytes())?;
    list.sort_unstable();
    fs::write(to.join(WARM_LIST), list.concat())?;
    Ok(written)
}

/// Removes the files that the list in `directory` names, and the list. Where others are there, it removes none, and returns
/// their number.
pub(crate) fn clear(directory: &Path) -> io::Result<usize> {
    let text = read_at_most(&directory.join(WARM_LIST), MAX_WARM_LIST).unwrap_or_default();
    let listed = text.split(|byte| *byte == b'\n').filter_map(entry).map(|(name, _)| name);
    let own: BTreeSet<_> = listed.chain([WARM_LIST]).collect();
    let found: Vec<_> = fs::read_dir(directory)?.collect::<io::Result<_>>()?;
    let is_other = |name: &OsString| name.to_str().is_none_or(|name| !own.contains(name));
    let others = found.iter().filter(|found| is_other(&found.file_name())).count();
    if others == 0 {
        found.iter().try_for_each(|found| fs::remove_file(found.path()))?;
    }
    Ok(others)
}

#[cfg(test)]
mod tests {
    use super::super::super::engine::setup::Tier;
    use super::super::directory::CacheEntry;
    use super::*;
    use crate::manifest::Bytes;

    const WASM: &[u8] = b"wasm";

    fn cache(directory: &Path, settings: &str, warm: Option<&Path>) -> Cache {
        let cache = Cache::open(directory, settings, Bytes::new(1 << 20)).expect("a cache");
        cache.with_warm(warm)
    }

    #[test]
    fn what_one_cache_has_another_reads_by_the_list_alone() {
        let root = tempfile::tempdir().expect("a directory");
        let [made, warm, own] = ["made", "warm", "own"].map(|name| root.path().join(name));
        fs::create_dir(&warm).expect("a directory");
        let wasm = Sha256Digest::of(WASM);
        let code = CacheEntry::Code(&wasm, Tier::Optimized);
        let baseline = CacheEntry::Code(&wasm, Tier::Baseline);
        let source = cache(&made, "one", None);
        source.keep(code, b"code");
        source.keep(baseline, b"slow code");
        assert_eq!(write(&source, &warm).expect("written").files, 2);
        let list = warm.join(WARM_LIST);
        let read = |settings| cache(&own, settings, Some(&list)).read(code);
        assert_eq!(read("one").as_deref(), Some(&b"code"[..]));
        assert!(cache(&own, "one", Some(&list)).has_code(&wasm));
        assert_eq!(cache(&own, "one", Some(&list)).read(baseline), None);
        assert_eq!(read("two"), None, "another build");
        let file = fs::read_dir(&warm).expect("listed").flatten();
        let file =
            file.map(|file| file.path()).find(|path| path.extension() == Some("cwasm".as_ref()));
        fs::write(file.expect("code"), b"evil").expect("changed");
        assert_eq!(read("one"), None, "another content");
        assert_eq!(clear(&warm).expect("cleared"), 0);
        assert_eq!(fs::read_dir(&warm).expect("listed").count(), 0);
    }

    #[test]
    fn a_directory_with_other_files_is_told_of() {
        let root = tempfile::tempdir().expect("a directory");
        fs::write(root.path().join("notes"), "").expect("written");
        assert_eq!(clear(root.path()).expect("looked"), 1);
        assert!(root.path().join("notes").exists());
    }
}
