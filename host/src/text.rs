//! The rules for text that people and models read, and the ways to show text that was not checked.
//!
//! Where the text comes from (a manifest, a guest, a request) is not known here.

use std::path::Path;

/// The longest title or description, in bytes.
pub const MAX_TEXT: usize = 2048;

/// The reason why a text is not fit to be read by people and models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text is longer than [`MAX_TEXT`].
    #[error("it is {0} bytes long, more than {MAX_TEXT}")]
    TooLong(usize),
    /// The text holds a character that [`forbidden_char`] finds.
    #[error("it holds U+{:04X}, a character that controls, reorders or hides text", u32::from(*.0))]
    Forbidden(char),
}

/// Returns `bytes` in hexadecimal digits.
#[must_use]
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the beginning of `text`, at most `max` bytes of it, that ends at a character.
#[must_use]
pub fn clip(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Returns `path` as it is shown to people and models, escaped.
#[must_use]
pub fn escape_path(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// Checks a title or a description.
pub fn check_text(text: &str) -> Result<(), TextError> {
    if text.len() > MAX_TEXT {
        return Err(TextError::TooLong(text.len()));
    }
    forbidden_char(text).map_or(Ok(()), |found| Err(TextError::Forbidden(found)))
}

/// The first character that lets a text look other than it reads: control, bidirectional,
/// zero-width. Line feeds and tabs are allowed.
#[must_use]
pub fn forbidden_char(text: &str) -> Option<char> {
    let mut before = None;
    text.chars().find(|&c| {
        let after_selector = before.replace(c).is_some_and(is_emoji_selector);
        match c {
            '\n' | '\t' => false,
            // One selector is how an emoji asks for its picture; a row of them is hidden data.
            c if is_emoji_selector(c) => after_selector,
            c => is_deceptive(c),
        }
    })
}

/// Joins clauses to one sentence: with a semicolon, but after a question with a blank.
#[must_use]
pub fn joined<T: AsRef<str>>(clauses: impl IntoIterator<Item = T>) -> String {
    clauses.into_iter().fold(String::new(), |mut sentence, clause| {
        match sentence.chars().last() {
            None => {}
            Some('?') => sentence.push(' '),
            Some(_) => sentence.push_str("; "),
        }
        sentence.push_str(clause.as_ref());
        sentence
    })
}

/// `text` on one line, safe for logs and terminals: what cannot be seen becomes an escape.
///
/// Backslashes stay as they are: the result is to be read, not to be turned back.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_deceptive(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// `json`, safe for logs and terminals, with the same value: what cannot be seen becomes an escape of JSON. A reviewer
/// sees what a model would read.
#[must_use]
pub fn escape_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // Controls stand between tokens only, where no escape can.
            '\n' | '\t' => shown.push(c),
            '\r' => shown.push(' '),
            c if is_deceptive(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => shown.push(c),
        }
    }
    shown
}

/// `text` as one word of a command that a person is told to type: no shell finds anything in it to act upon. What
/// cannot be seen becomes an escape, and then the word is another: nothing hidden is typed.
#[must_use]
pub fn shell_word(text: &str) -> String {
    word_for(cfg!(windows), &escape(text))
}

/// Writes `text` as one word: on Windows by the rules of PowerShell and, as far as they go, of `cmd`.
fn word_for(is_windows: bool, text: &str) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || "_-./:@%+,=".contains(c) || (is_windows && c == '\\');
    // Some shells look a word up that begins so.
    if !text.is_empty() && !text.starts_with(['=', '@', '%']) && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if !is_windows {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    if text.contains(['"', '$', '`', '%', '\u{201c}', '\u{201d}', '\u{201e}']) {
        // PowerShell takes these for single quotes too.
        let is_quote = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
        let double = |c: char| if is_quote(c) { format!("{c}{c}") } else { c.to_string() };
        return format!("'{}'", text.chars().map(double).collect::<String>());
    }
    format!("\"{text}\"")
}

/// The text and the emoji variation selector.
fn is_emoji_selector(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// Controls, line and paragraph separators, interlinear marks, and all that Unicode calls
/// `Default_Ignorable_Code_Point` (every bidirectional control is among them), but for the two
/// emoji selectors.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The one of `known` that was most likely meant by `name`.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing long names takes its time, and a long name is no slip of the pen.
    const MAX_COMPARED_NAME: usize = 60;
    let known =
        known.filter(|known| name.len() <= MAX_COMPARED_NAME && known.len() <= MAX_COMPARED_NAME);
    let like = |known: &str| {
        let (name, known) = (name.to_lowercase(), known.to_lowercase());
        let contains = known.len() > 2 && name.contains(&known);
        let is_part = name.len() > 2 && known.contains(&name);
        strsim::jaro_winkler(&name, &known).max(if contains || is_part { 0.8 } else { 0.0 })
    };
    let likely = known.map(|known| (like(known), known)).filter(|(likeness, _)| *likeness >= 0.8);
    likely.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, forbidden: Option<char>, escaped: &str) {
        assert_eq!(forbidden_char(text), forbidden, "{text:?}");
        assert_eq!(escape(text), escaped, "{text:?}");
    }

    #[test]
    fn honest_text_passes_unchanged() {
        for text in ["", "Straße 東京 😀 ⚠\u{fe0f} العربية עברית", "a \\ b", "नमस्ते", "\u{a0}"]
        {
            check(text, None, text);
        }
    }

    #[test]
    fn lines_and_tabs_are_allowed_and_shown_on_one_line() {
        check("a\n\tb", None, "a\\n\\tb");
    }

    #[test]
    fn deceptive_text_is_found_and_escaped() {
        check("a\u{202e}b", Some('\u{202e}'), "a\\u{202e}b");
        check("a\u{200b}b", Some('\u{200b}'), "a\\u{200b}b");
        check("\u{2066}x\u{2069}", Some('\u{2066}'), "\\u{2066}x\\u{2069}");
        check("\u{1b}[31mred", Some('\u{1b}'), "\\u{1b}[31mred");
        check("over\rwrite", Some('\r'), "over\\rwrite");
        check("c1\u{9b}31m", Some('\u{9b}'), "c1\\u{9b}31m");
        check("\u{e0041}", Some('\u{e0041}'), "\\u{e0041}");
        check("\0\u{7f}", Some('\0'), "\\u{0}\\u{7f}");
        check("two\u{2028}lines", Some('\u{2028}'), "two\\u{2028}lines");
    }

    #[test]
    fn data_hidden_in_variation_selectors_is_found() {
        assert_eq!(forbidden_char("⚠\u{fe0f}"), None);
        assert_eq!(forbidden_char("⚠\u{fe0f}\u{fe0e}\u{fe0f}"), Some('\u{fe0e}'));
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        for (json, expected) in [
            ("\"Straße ⚠\u{fe0f}\"", "\"Straße ⚠\u{fe0f}\""),
            ("{\r\n\t\"a\": [1.50]}", "{ \n\t\"a\": [1.50]}"),
            ("[\"\u{9b}31m\u{202e}\u{e0041}\"]", r#"["\u009b31m\u202e\udb40\udc41"]"#),
            ("{\"\\\\\u{200b}\": \"\\u001b\"}", r#"{"\\\u200b": "\u001b"}"#),
        ] {
            let shown = escape_json(json);
            assert_eq!(shown, expected);
            let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).expect("JSON");
            assert_eq!(value(&shown), value(json), "{shown}");
        }
    }

    #[test]
    fn a_word_of_a_command_is_one_word_to_a_shell() {
        for (text, unix, windows) in [
            ("units=metric", "units=metric", "units=metric"),
            ("https://a.example:8443", "https://a.example:8443", "https://a.example:8443"),
            ("https://*.a", "'https://*.a'", "\"https://*.a\""),
            ("", "''", "\"\""),
            ("a b", "'a b'", "\"a b\""),
            ("$(touch x)=V", "'$(touch x)=V'", "'$(touch x)=V'"),
            ("a'; ls #", r"'a'\''; ls #'", "\"a'; ls #\""),
            ("$a'b", r"'$a'\''b'", "'$a''b'"),
            ("~/x", "'~/x'", "\"~/x\""),
            ("`x`", "'`x`'", "'`x`'"),
            ("=ls", "'=ls'", "\"=ls\""),
            ("C:\\my", r"'C:\my'", r"C:\my"),
        ] {
            assert_eq!(word_for(false, text), unix);
            assert_eq!(word_for(true, text), windows);
        }
        assert_eq!(word_for(false, &escape("a\n\u{202e}b")), r"'a\n\u{202e}b'");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for text in
            ["a'b\"c", "$(x) `y` $HOME", "~", "*", "!!", "a\\", "-n x", "#", "ü €", ";&|<>()"]
        {
            let script = format!("printf %s {}", shell_word(text));
            let ran = std::process::Command::new("sh").args(["-c", &script]).output().expect("run");
            assert_eq!(String::from_utf8_lossy(&ran.stdout), text);
        }
    }

    #[test]
    fn a_description_has_a_size() {
        assert_eq!(check_text(&"x".repeat(MAX_TEXT)), Ok(()));
        assert_eq!(check_text(&"x".repeat(MAX_TEXT + 1)), Err(TextError::TooLong(MAX_TEXT + 1)));
        let error = check_text("a\u{202e}").expect_err("forbidden").to_string();
        assert_eq!(error, "it holds U+202E, a character that controls, reorders or hides text");
    }
}
