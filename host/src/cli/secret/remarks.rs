//! What is odd about the value of a secret that a person gives: mostly what a copy took along. Each of it can be meant,
//! so nothing is refused or changed.

use crate::manifest::SecretName;
use crate::text::forbidden_char;
use crate::typed_path;

/// The header that most secrets go into, as it is copied with them.
const HEADER: &str = "Authorization:";
/// The beginnings of a header's value that the host writes itself.
const SCHEMES: [&str; 6] = ["bearer ", "basic ", "token ", "bearer:", "basic:", "token:"];

/// Returns what is odd about the value of the secret `name`, each in a sentence without the value.
pub(crate) fn remarks(name: &str, value: &str) -> Vec<String> {
    let trimmed = value.trim();
    let mut found = Vec::new();
    if trimmed != value {
        found.push("it begins or ends with blanks, which are part of it".to_owned());
    }
    let is_quoted =
        |quote: char| trimmed.len() > 1 && trimmed.starts_with(quote) && trimmed.ends_with(quote);
    if ['"', '\'', '`'].into_iter().any(is_quoted) {
        found.push("it stands in quotation marks, which are part of it".to_owned());
    }
    let bare = trimmed.trim_start_matches(['"', '\'', '`']);
    let bare = match bare.split_at_checked(HEADER.len()) {
        Some((header, rest)) if header.eq_ignore_ascii_case(HEADER) => {
            found.push(format!(
                "it begins with `{HEADER}`, which a grant names: `grant ... --header`"
            ));
            rest.trim_start()
        }
        _ => bare,
    };
    if trimmed.starts_with('<') && trimmed.ends_with('>') {
        found.push("it stands in `<` and `>`, as what is to be replaced does".to_owned());
    }
    // A password may begin with a dollar sign; a variable of secrets is written in capitals.
    let is_variable = |word: &str| {
        SecretName::new(word).is_ok() && !word.bytes().any(|byte| byte.is_ascii_lowercase())
    };
    let inner = |open: &str, close: &str| trimmed.strip_prefix(open)?.strip_suffix(close);
    if inner("${{", "}}").or_else(|| inner("{{", "}}")).is_some() {
        found.push("it stands in `{{` and `}}`, as what a program is to replace does".to_owned());
    } else if inner("%", "%").is_some_and(is_variable)
        || trimmed.strip_prefix('$').is_some_and(is_variable)
        || inner("${", "}").is_some_and(|word| SecretName::new(word).is_ok())
    {
        found.push("it is the name of a variable, which no shell has replaced".to_owned());
    }
    if trimmed == name {
        found.push("it is the secret's own name".to_owned());
    }
    if trimmed.starts_with(['/', '~'])
        && typed_path::expanded(trimmed).is_ok_and(|path| path.is_file())
    {
        found.push("it is the path of a file, whose text is not read".to_owned());
    }
    let is_mask = |c: char| matches!(c, '*' | '•' | '…');
    if trimmed.contains('…') || trimmed.contains("...") || trimmed.chars().all(is_mask) {
        found.push("a part of it is left out, as where it is only shown".to_owned());
    }
    let lower: String = bare.chars().take(16).collect::<String>().to_ascii_lowercase();
    if let Some(scheme) = SCHEMES.into_iter().find(|scheme| lower.starts_with(scheme)) {
        found.push(format!(
            "it begins with `{}`, which a grant puts before it: `grant ... --before`",
            &bare[..scheme.len()]
        ));
    }
    let assigned = bare.strip_prefix("export ").unwrap_or(bare).strip_prefix(name);
    if assigned.is_some_and(|rest| rest.starts_with('=')) {
        found.push(format!("it begins with `{name}=`, which is part of it"));
    }
    // A key in PEM and a file of JSON have lines of their own.
    let has_lines = trimmed.starts_with("-----BEGIN ") || trimmed.starts_with('{');
    let lines = trimmed.lines().count();
    if lines > 1 && !has_lines {
        found.push(format!("it has {lines} lines, and no request takes it"));
    }
    if forbidden_char(&value.replace('\r', "")).is_some() {
        found.push("it holds a character that cannot be seen".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_copy_took_along_is_told_without_the_value() {
        for (value, expected) in [
            ("\"abcdefgh\"", &["quotation marks"][..]),
            ("'abcdefgh'", &["quotation marks"]),
            (" abcdefgh", &["blanks"]),
            ("abcdefgh\n", &["blanks"]),
            ("Bearer abcdefgh", &["begins with `Bearer `"]),
            ("bearer abcdefgh", &["begins with `bearer `"]),
            ("KEY=abcdefgh", &["begins with `KEY=`"]),
            ("export KEY=\"abcdefgh\"", &["begins with `KEY=`"]),
            ("abcdefgh\nijklmnop", &["2 lines"]),
            (" \"Bearer abcdefgh\"", &["blanks", "quotation marks", "begins with `Bearer `"]),
            ("abc\u{1b}[200~defgh", &["cannot be seen"]),
            ("\u{feff}abcdefgh", &["cannot be seen"]),
            ("abcdefgh\u{200b}", &["cannot be seen"]),
            ("Authorization: Bearer abcdefgh", &["`Authorization:`", "begins with `Bearer `"]),
            ("<abcdefgh>", &["to be replaced"]),
            ("`abcdefgh`", &["quotation marks"]),
            ("$GITHUB_TOKEN", &["name of a variable"]),
            ("${GITHUB_TOKEN}", &["name of a variable"]),
            ("${github_token}", &["name of a variable"]),
            ("${{ secrets.abc }}", &["a program is to replace"]),
            ("{{abc}}", &["a program is to replace"]),
            ("Bearer: abcdefgh", &["begins with `Bearer:`"]),
            ("abcd…efgh", &["left out"]),
            ("abcd...efgh", &["left out"]),
            ("********", &["left out"]),
            ("%GITHUB_TOKEN%", &["name of a variable"]),
            ("KEY", &["own name"]),
        ] {
            let found = remarks("KEY", value);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected) && !found.contains("abc"), "{found}");
            }
        }
    }

    #[test]
    fn a_path_is_told_where_a_file_lies() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().to_string_lossy();
        // One of Windows begins with a drive.
        let expected = usize::from(path.starts_with('/'));
        assert_eq!(remarks("KEY", &path).len(), expected);
        assert_eq!(remarks("KEY", &format!("{path}x")), [""; 0]);
    }

    #[test]
    fn nothing_is_said_of_a_value_as_it_should_be() {
        for value in [
            "ghp_0123456789abcdefghij",
            "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
            "{\n  \"type\": \"service_account\"\n}",
            "two words",
            "KEYS=1",
            "$ecret",
            "$Ecret1",
        ] {
            assert_eq!(remarks("KEY", value), [""; 0], "{value}");
        }
    }
}
