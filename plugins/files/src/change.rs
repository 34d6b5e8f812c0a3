//! Writing: whole files, and single passages.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};

use crate::place::Place;

/// The largest file that is edited, in bytes.
const MAX_EDITED: u64 = 8 * 1024 * 1024;

/// What to do where the file is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Leave it alone and say so.
    Create,
    /// Replace all of it.
    Overwrite,
    /// Add to its end.
    Append,
}

/// Writes `text` and says what was done.
pub fn write(place: &Place, text: &str, mode: Mode) -> Result<String, String> {
    let explain = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!(
            "`{}` is there already; use `edit` for a part of it, or mode `overwrite` or `append`",
            place.path.display()
        ),
        _ => place.explain(&error),
    };
    if let Some(parent) = place.path.parent() {
        fs::create_dir_all(parent).map_err(explain)?;
    }
    let mut options = OpenOptions::new();
    let done = match mode {
        Mode::Create => {
            options.write(true).create_new(true);
            "wrote"
        }
        Mode::Overwrite => {
            options.write(true).create(true).truncate(false);
            "wrote"
        }
        Mode::Append => {
            options.append(true).create(true);
            "added"
        }
    };
    let mut file = options.open(&place.path).map_err(explain)?;
    file.write_all(text.as_bytes()).map_err(explain)?;
    if mode == Mode::Overwrite {
        // Only now: of a call that is stopped midway, the old text is not all gone.
        file.set_len(text.len() as u64).map_err(explain)?;
    }
    Ok(format!("{done} {} bytes to {}", text.len(), place.path.display()))
}

/// Replaces the one passage `old` by `new`.
pub fn edit(place: &Place, old: &str, new: &str) -> Result<String, String> {
    let explain = |error: io::Error| place.explain(&error);
    if old.is_empty() {
        return Err("`old` is empty; quote the passage that is to change".into());
    }
    let mut bytes = Vec::new();
    let file = File::open(&place.path).map_err(explain)?;
    file.take(MAX_EDITED + 1).read_to_end(&mut bytes).map_err(explain)?;
    if bytes.len() as u64 > MAX_EDITED {
        return Err(format!("`{}` is larger than {MAX_EDITED} bytes", place.path.display()));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        format!("`{}` is not UTF-8 text, so it is not edited", place.path.display())
    })?;
    let line = match (text.find(old), text.matches(old).count()) {
        (Some(at), 1) => text[..at].matches('\n').count() + 1,
        (_, 0) => {
            return Err("`old` does not stand in the file; read it again and quote it exactly, spaces and line breaks included".into());
        }
        (_, count) => {
            return Err(format!(
                "`old` stands in the file {count} times; quote more of what is around it"
            ));
        }
    };
    write(place, &text.replacen(old, new, 1), Mode::Overwrite)?;
    Ok(format!("changed line {line} of {}", place.path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_if_that_is_said() {
        let root = tempfile::tempdir().unwrap();
        let place = Place { path: root.path().join("a/b.md") };
        let text = || fs::read_to_string(&place.path).unwrap();
        assert!(write(&place, "one", Mode::Create).unwrap().starts_with("wrote 3 bytes to "));
        assert!(write(&place, "two", Mode::Create).unwrap_err().contains("is there already"));
        assert_eq!(text(), "one");
        write(&place, "two", Mode::Append).unwrap();
        assert_eq!(text(), "onetwo");
        write(&place, "3", Mode::Overwrite).unwrap();
        assert_eq!(text(), "3");
    }

    #[test]
    fn a_passage_is_changed_if_there_is_just_one() {
        let root = tempfile::tempdir().unwrap();
        let place = Place { path: root.path().join("a.md") };
        fs::write(&place.path, "a b\na c\n").unwrap();
        assert!(edit(&place, "a c\n", "d").unwrap().starts_with("changed line 2 of"));
        assert_eq!(fs::read_to_string(&place.path).unwrap(), "a b\nd");
        for (old, part) in [("", "is empty"), ("x", "does not stand"), ("b\nx", "does not stand")] {
            let error = edit(&place, old, "y").unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        fs::write(&place.path, "a a").unwrap();
        assert!(edit(&place, "a", "b").unwrap_err().contains("2 times"));
        fs::write(&place.path, b"a\xff").unwrap();
        assert!(edit(&place, "a", "b").unwrap_err().contains("not UTF-8"));
        assert!(
            edit(&Place { path: "/no/such".into() }, "a", "b").unwrap_err().contains("there is no")
        );
    }
}
