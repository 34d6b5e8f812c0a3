//! Names that a reader takes for one: with another space, another way to compose a letter, other capitals.

use std::path::Path;

use toolrack_sdk::files;
use unicode_normalization::UnicodeNormalization as _;

/// The words beside "there is no such file": which directory on the way is missing, or which name is there that
/// looks like the one that is not.
pub fn missing(path: &Path) -> Option<String> {
    // Above what is granted nothing can be seen either.
    let missing = path.ancestors().take_while(|part| part.symlink_metadata().is_err()).last()?;
    let name = missing.file_name()?.to_str()?;
    if let Some(other) = other(missing.parent()?, name, folded) {
        return Some(format!(
            "; there is `{}`, whose name differs only in spaces, capitals or how letters are composed. As JSON it is {}",
            missing.with_file_name(&other).display(),
            as_json(&other),
        ));
    }
    (missing != path).then(|| format!(": there is not even `{}`", missing.display()))
}

/// A note about a name that looks the same as that of a new file.
pub fn beside(path: &Path) -> Option<String> {
    let other = other(path.parent()?, path.file_name()?.to_str()?, drawn)?;
    Some(format!("; beside it there is a file whose name looks the same: {}", as_json(&other)))
}

/// Another name in the directory that `fold` takes for the same.
fn other(directory: &Path, name: &str, fold: fn(&str) -> String) -> Option<String> {
    let wanted = fold(name);
    let mut names = files::entries(directory).ok()?.entries.into_iter().map(|entry| entry.name);
    names.find(|other| other != name && fold(other) == wanted)
}

/// As it is drawn: composed letters are one, and so are all spaces, hyphens and quotes.
fn drawn(name: &str) -> String {
    let plain = |letter: char| match letter {
        letter if letter.is_whitespace() => Some(' '),
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{ad}' => None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2018}' | '\u{2019}' | '\u{2032}' => Some('\''),
        '\u{201c}' | '\u{201d}' | '\u{2033}' => Some('"'),
        letter => Some(letter),
    };
    name.nfkc().filter_map(plain).collect()
}

/// Besides, without capitals and outer spaces.
fn folded(name: &str) -> String {
    drawn(name).trim().to_lowercase().nfkc().collect()
}

/// With every character that is not plain as its code point, so that it can be copied.
fn as_json(name: &str) -> String {
    let mut text = String::from("\"");
    for letter in name.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            ' '..='~' => text.push(letter),
            letter => {
                let mut units = [0; 2];
                let units = letter.encode_utf16(&mut units);
                text.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_the_missing_one_is_told() {
        let root = tempfile::tempdir().unwrap();
        let check = |there: &str, wanted: &str, part: Option<&str>| {
            let file = root.path().join(there);
            std::fs::write(&file, "").unwrap();
            let hint = missing(&root.path().join(wanted));
            match part {
                Some(part) => assert!(
                    hint.as_ref().is_some_and(|hint| hint.contains(part)),
                    "{wanted}: {hint:?}"
                ),
                None => assert_eq!(hint, None, "{wanted}"),
            }
            std::fs::remove_file(file).unwrap();
        };
        check("Shot 9.41\u{202f}AM.png", "Shot 9.41 AM.png", Some("\"Shot 9.41\\u202fAM.png\""));
        check("cafe\u{301}.md", "caf\u{e9}.md", Some("\"cafe\\u0301.md\""));
        check("caf\u{e9}.md", "cafe\u{301}.md", Some("\"caf\\u00e9.md\""));
        check("README.md", "readme.md", Some("README.md"));
        check("trail ", "trail", Some("\"trail \""));
        check(
            "it\u{2019}s \u{2013} a\u{1f600}",
            "it's - a\u{1f600}",
            Some("\\u2013 a\\ud83d\\ude00\""),
        );
        check("a.md", "b.md", None);
        let hint = missing(&root.path().join("no/such/file")).unwrap();
        assert!(hint.contains("not even") && hint.contains("/no`"), "{hint}");
    }

    #[test]
    fn a_new_file_that_looks_like_another_is_told() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("cafe\u{301}.md"), "").unwrap();
        assert!(beside(&root.path().join("caf\u{e9}.md")).unwrap().contains("looks the same"));
        assert_eq!(beside(&root.path().join("cafe\u{301}.md")), None);
        assert_eq!(beside(&root.path().join("CAFE\u{301}.md")), None);
    }
}
