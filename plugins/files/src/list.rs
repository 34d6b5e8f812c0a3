//! Listings: the directories that may be used, the entries of one or a whole tree, one entry alone.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::Serialize;
use toolrack_sdk::files::{self, Kind as FileKind};

use crate::place::{Place, Places};
use crate::walk::{self, Found, MAX_DEPTH, Wanted, shown, weight};

/// Bytes of one answer.
const MAX_ANSWER: usize = 60_000;
/// The bytes that an entry takes beside its path.
const ENTRY: usize = 60;

/// The content of a directory.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct Listing {
    // The directory, as the host names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    host_path: Option<String>,
    entries: Vec<Entry>,
    // What was left out, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

// One entry.
#[derive(Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Entry {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_path: Option<String>,
    kind: Kind,
    // In bytes; of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    // When it was changed, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    // Where a link leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    File,
    Directory,
    Link,
    Device,
    Pipe,
}

impl From<FileKind> for Kind {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::File => Self::File,
            FileKind::Directory => Self::Directory,
            FileKind::Link => Self::Link,
            FileKind::Device => Self::Device,
            FileKind::Pipe => Self::Pipe,
        }
    }
}

/// The extent to which a directory is shown.
pub struct Extent {
    /// Levels; all of them where there is a glob, else one, if nothing is said.
    pub depth: Option<usize>,
    /// Entries.
    pub limit: usize,
    /// True if the date and a link's target are shown.
    pub details: bool,
}

/// The directories that may be used.
pub fn roots(places: &Places) -> Result<Listing, String> {
    if places.roots.is_empty() {
        return Err("no directory is granted; whoever runs the server may grant one: \
             toolrack grant files files DIRECTORY"
            .into());
    }
    let entry = |root: &crate::place::Root| Entry {
        host_path: root.host.first().cloned(),
        ..entry(&root.at, Kind::Directory, false)
    };
    Ok(Listing { entries: places.roots.iter().map(entry).collect(), ..Listing::default() })
}

/// The entries of a directory or of the tree below it, or what a file is.
pub fn list(place: &Place, wanted: &Wanted, extent: &Extent) -> Result<Listing, String> {
    let about = fs::symlink_metadata(&place.path).map_err(|error| place.explain(&error))?;
    if !fs::metadata(&place.path).map_or(about.is_dir(), |about| about.is_dir()) {
        return one(place);
    }
    let depth = extent.depth.unwrap_or(if wanted.glob.is_some() { MAX_DEPTH } else { 1 });
    let (mut entries, mut size, mut more) = (Vec::new(), 0, false);
    let note = walk::walk(place, wanted, depth.min(MAX_DEPTH), |found: &Found| {
        more = entries.len() == extent.limit || size > MAX_ANSWER;
        if !more {
            let entry = entry(&found.path, found.kind.into(), extent.details);
            size += ENTRY + weight(&entry.path) + entry.target.as_deref().map_or(0, weight);
            entries.push(entry);
        }
        !more
    })?;
    let more = more.then(|| {
        format!("only the first {} are shown: narrow it with `glob` or `exclude`, or raise `limit` (to 1000)", entries.len())
    });
    let note = [more, note].into_iter().flatten().collect::<Vec<_>>().join("; ");
    Ok(Listing { host_path: place.host.clone(), entries, note: (!note.is_empty()).then_some(note) })
}

/// Lists a place that is no directory.
fn one(place: &Place) -> Result<Listing, String> {
    let beside = place
        .path
        .parent()
        .map(files::entries)
        .transpose()
        .map_err(|error| place.explain(&error))?;
    let beside = beside.map(|found| found.entries).unwrap_or_default();
    let own = beside.into_iter().find(|entry| place.path.ends_with(&entry.name));
    let kind = own.map_or(Kind::File, |entry| entry.kind.into());
    Ok(Listing {
        host_path: place.host.clone(),
        entries: vec![entry(&place.path, kind, true)],
        note: None,
    })
}

fn entry(path: &Path, kind: Kind, details: bool) -> Entry {
    let about = (details || kind == Kind::File).then(|| fs::symlink_metadata(path).ok()).flatten();
    let seconds = about.as_ref().filter(|_| details).and_then(|about| about.modified().ok());
    let seconds = seconds.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let target = (details && kind == Kind::Link).then(|| fs::read_link(path).ok()).flatten();
    Entry {
        path: shown(path),
        host_path: None,
        kind,
        size: about.filter(|_| kind == Kind::File).map(|about| about.len()),
        modified: seconds.map(|since| date(since.as_secs())),
        target: target.map(|target| shown(&target)),
    }
}

/// Seconds since 1970 as RFC 3339 writes them: years of the Gregorian calendar that begin in March, so that the day
/// which some years have more is the last.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + later;
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Extent = Extent { depth: None, limit: 10, details: false };

    #[cfg(unix)]
    #[test]
    fn a_directory_is_listed_with_sizes_and_a_file_with_its_date() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/c.md"), "123").unwrap();
        fs::write(root.path().join("b.md"), "12345").unwrap();
        std::os::unix::fs::symlink("a", root.path().join("l")).unwrap();
        let place = Place::from(root.path());
        let check = |extent: Extent, expected: &[&str]| {
            let listing = list(&place, &Wanted::default(), &extent).unwrap();
            let below = |entry: &Entry| {
                let path = Path::new(&entry.path).strip_prefix(root.path()).unwrap();
                let target = entry.target.clone().unwrap_or_default();
                format!(
                    "{} {:?} {:?} {target}",
                    path.display(),
                    entry.kind,
                    entry.size.unwrap_or(0)
                )
            };
            assert_eq!(listing.entries.iter().map(below).collect::<Vec<_>>(), expected);
            listing.note
        };
        let all = ["a Directory 0 ", "b.md File 5 ", "l Link 0 "];
        assert_eq!(check(PLAIN, &all), None);
        assert!(
            check(Extent { limit: 2, ..PLAIN }, &all[..2]).unwrap().contains("only the first 2")
        );
        let tree = ["a Directory 0 ", "a/c.md File 3 ", "b.md File 5 ", "l Link 0 a"];
        check(Extent { depth: Some(2), details: true, ..PLAIN }, &tree);
        let file =
            list(&Place::from(&*root.path().join("b.md")), &Wanted::default(), &PLAIN).unwrap();
        assert_eq!((file.entries.len(), file.entries[0].size), (1, Some(5)));
        assert!(file.entries[0].modified.as_ref().unwrap().starts_with("20"));
    }

    #[test]
    fn a_long_listing_ends_within_an_answer() {
        let root = tempfile::tempdir().unwrap();
        for number in 0..400 {
            fs::write(root.path().join(format!("{number:03}{}", "x".repeat(200))), "").unwrap();
        }
        let listing =
            list(&Place::from(root.path()), &Wanted::default(), &Extent { limit: 1_000, ..PLAIN })
                .unwrap();
        let size: usize = listing.entries.iter().map(|entry| entry.path.len()).sum();
        assert!(size < 2 * MAX_ANSWER && listing.note.unwrap().contains("only the first"));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        // By GNU date 9.1: `date -u -d @N +%FT%TZ`.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(date(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn without_a_grant_there_is_nothing() {
        assert!(
            roots(&Places { roots: Vec::new() })
                .unwrap_err()
                .contains("toolrack grant files files")
        );
    }
}
