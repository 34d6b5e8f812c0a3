//! The differences between two texts, line by line.

use crate::search::MAX_RESULT;
use similar::TextDiff;

/// The unified diff that turns `before` into `after`, with `context` lines around each change. Its
/// algorithm gives up on the shortest diff where finding it would take too long.
pub fn diff(
    before: &str,
    after: &str,
    context: usize,
    names: (&str, &str),
) -> Result<String, String> {
    if before == after {
        return Ok("the texts are the same".to_string());
    }
    if before.replace("\r\n", "\n") == after.replace("\r\n", "\n") {
        return Ok("the texts differ in line endings only (CRLF or LF)".to_string());
    }
    // A line ends with LF, as for diff and git; the crate's own lines end with a lone CR, too.
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let mut text = format!("--- {}\n+++ {}\n", names.0, names.1);
    for hunk in diff.unified_diff().context_radius(context).iter_hunks() {
        text.push_str(&format!("{}\n", hunk.header()));
        for change in hunk.iter_changes() {
            text.push_str(&format!("{}{}", change.tag(), change.value()));
            if !change.value().ends_with('\n') {
                text.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    if text.len() > MAX_RESULT {
        return Err(format!(
            "the diff is {} bytes long; the limit is {MAX_RESULT}: use less `context`, or compare in \
             parts",
            text.len()
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_carriage_return_ends_no_line() {
        let found = diff("a\rb\rc\nx\n", "a\rb\rc\ny\r\n", 1, ("a", "b"));
        assert_eq!(found.as_deref(), Ok("--- a\n+++ b\n@@ -1,2 +1,2 @@\n a\rb\rc\n-x\n+y\r\n"));
        let found = diff("1\r", "2\r", 0, ("a", "b")).unwrap();
        assert!(found.contains("-1\r\n\\ No newline at end of file\n+2\r\n\\ No"), "{found:?}");
        let found = diff("1\r2", "1\r3", 0, ("a", "b")).unwrap();
        assert!(found.contains("-1\r2\n\\ No newline at end of file\n+1\r3\n"), "{found:?}");
    }

    #[test]
    fn differences_are_shown_as_a_unified_diff() {
        let check = |before: &str, after: &str, context, expected: &str| {
            assert_eq!(diff(before, after, context, ("a", "b")).as_deref(), Ok(expected));
        };
        check("1\n2\n3\n", "1\nx\n3\n", 1, "--- a\n+++ b\n@@ -1,3 +1,3 @@\n 1\n-2\n+x\n 3\n");
        check("1\n2\n3\n", "1\nx\n3\n", 0, "--- a\n+++ b\n@@ -2 +2 @@\n-2\n+x\n");
        check("a", "a\n", 3, "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
        check("", "a\n", 3, "--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n");
        check("a\n", "a\n", 3, "the texts are the same");
        check("a\r\nb\n", "a\nb\n", 3, "the texts differ in line endings only (CRLF or LF)");
    }

    #[test]
    fn too_long_a_diff_is_refused() {
        let message = diff(&"a\n".repeat(100_000), &"b\n".repeat(100_000), 3, ("a", "b"));
        assert!(message.unwrap_err().contains("the limit is 80000"));
    }
}
