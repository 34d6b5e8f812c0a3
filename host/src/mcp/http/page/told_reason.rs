//! Reasons as the page tells them: without the directories of the machine, which no client over HTTP is told.

/// Returns `reason`, which is about `file`, with each path shortened to its last part.
pub(crate) fn without_directories(file: &str, reason: &str) -> String {
    let directory = &file[..file.len() - file_name(file).len()];
    let text = match directory.is_empty() {
        true => reason.to_owned(),
        // It may be relative, or hold blanks: nothing else would tell that it is a path.
        false => reason.replace(directory, ""),
    };
    let mut told = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(next) = rest.chars().next() {
        let before = told.chars().last();
        if before.is_none_or(ends_a_word) && begins_path(rest) {
            let path = &rest[..path_length(rest, before)];
            told.push('…');
            if !file_name(path).is_empty() {
                told.push('/');
                told.push_str(file_name(path));
            }
            rest = &rest[path.len()..];
        } else {
            told.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    told
}

/// Returns the last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn ends_a_word(c: char) -> bool {
    c.is_whitespace() || "`'\"(=:,;[<".contains(c)
}

/// True if an absolute path begins here, of whatever system. The `//` of a URL begins none.
fn begins_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_part = |at: usize| {
        bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace() && !b"/`'\"".contains(byte))
    };
    match bytes {
        [b'/', ..] => is_part(1),
        [b'~', b'/' | b'\\', ..] | [b'\\', b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic() && is_part(3),
        _ => false,
    }
}

/// The bytes of the path that `text` begins with. In quotes it may hold blanks.
fn path_length(text: &str, before: Option<char>) -> usize {
    let quoted = before.filter(|quote| "'\"".contains(*quote)).and_then(|quote| text.find(quote));
    // The drive of a path has a colon of its own.
    let from = if text.as_bytes().get(1) == Some(&b':') { 2 } else { 0 };
    let ends = |c: char| c.is_whitespace() || "`'\"):,;]>".contains(c);
    quoted.unwrap_or_else(|| text[from..].find(ends).map_or(text.len(), |at| at + from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_files_and_no_directory() {
        for (file, reason, told) in [
            ("plug/calc.toml", "plug/calc.toml:16:1: unknown key", "calc.toml:16:1: unknown key"),
            ("/a b/calc.toml", "/a b/calc.toml:16:1: no", "calc.toml:16:1: no"),
            (
                "x.toml",
                "held back; `TOOLRACK_HOME=/home/ada/.rack toolrack approve x --plugins '/home/ada/my rack'` shows it",
                "held back; `TOOLRACK_HOME=…/.rack toolrack approve x --plugins '…/my rack'` shows it",
            ),
            ("x.toml", "`/srv/a/x.wasm` is missing", "`…/x.wasm` is missing"),
            ("x.toml", "`/srv/a/`: no", "`…`: no"),
            (
                "x.toml",
                r"C:\Users\Ada\x.wasm: no, \\host\share\y and ~/z",
                "…/x.wasm: no, …/y and …/z",
            ),
            (
                "x.toml",
                "https://api.example/v1 and a/b and 1 / 2 and / are none",
                "https://api.example/v1 and a/b and 1 / 2 and / are none",
            ),
            ("", "/é/ü", "…/ü"),
        ] {
            assert_eq!(without_directories(file, reason), told, "{reason}");
        }
    }
}
