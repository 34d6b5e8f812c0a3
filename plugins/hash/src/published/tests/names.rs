use super::*;

#[test]
fn a_checksum_of_another_file_is_not_that_of_this() {
    let (sha1, other) = ("1".repeat(40), "0".repeat(64));
    for text in [
        "b.iso: sha256: {}",
        "{\"file\":\"b.iso\",\"sha256\":\"{}\"}",
        "{\"a.iso\":{\"sha256\":null},\"b.iso\":{\"sha256\":\"{}\"}}",
        "# b.iso\nSHA256 = {}",
        "# SHA256 of b.iso\n{}",
        "# SHA256 of b.iso, release 1.0:\n{}",
        "# checksums for b.iso\n{}",
        "# b.iso 1.0\n{}",
        "[b.iso]\nSHA256={}",
        "file: b.iso\nsha256: {}",
        "File: b.iso\nSHA256: {}",
        "sha256:{}:b.iso",
        "b.iso@sha256:{}",
        "b @ https://example.org/b.iso --hash=sha256:{}",
        "{ url = \"https://example.org/b.iso\", hash = \"sha256:{}\" }",
        "url = \"mirror://x/b.iso\";\nsha256 = \"{}\";",
        "$ sha256sum b.iso\n{}",
        "<file name=\"b.iso\"><hash type=\"sha256\">{}</hash></file>",
        "{\"path\": \"boot/vmlinuz\", \"sha256\": \"{}\"}",
        "| b.iso | sha256 | {} |",
        "The SHA256 of b.iso is {}.",
        "* SHA256: `{}` (b.iso)",
    ] {
        let text = text.replace("{}", HEX);
        let message = found(&text, Some("/dl/a.iso")).expect_err(&text);
        let is_told = message.contains("does not list `/dl/a.iso`; it lists")
            || message.contains("names several files in a form that is not read")
            || message.contains("of which file and algorithm");
        assert!(is_told, "{text}: {message}");
        // Of the file itself, or of one that nobody calls by name, it is the checksum.
        let own = text.replace("a.iso", "b.iso").replace("vmlinuz", "b.iso");
        for name in [Some("/dl/b.iso"), None] {
            match found(&own, name) {
                Ok(entries) => assert_eq!(entries[0].1, HEX, "{own}"),
                Err(message) => assert!(message.contains("of which file"), "{own}: {message}"),
            }
        }
    }
    for text in [
        format!("a.iso: sha256: {HEX}\nb.iso: SHA1: {sha1}\n"),
        format!("b.iso: SHA1: {sha1}\na.iso: sha256: {HEX}\n"),
    ] {
        let entries = found(&text, Some("/dl/a.iso")).unwrap();
        let right = (Some(Algorithm::Sha256), HEX.to_string(), Some("a.iso".to_string()));
        assert_eq!(entries, [right], "{text}");
    }
    for text in [
        format!(
            "{{\"file\":\"a.iso\",\"sha256\":\"{HEX}\"}}\n{{\"file\":\"b.iso\",\"sha1\":\"{sha1}\"}}\n"
        ),
        format!("* SHA256: `{HEX}` (a.iso)\n* SHA1: `{sha1}` (b.iso)\n"),
        format!("# a.iso\nSHA256 = {HEX}\n# b.iso\nSHA1 = {sha1}\n"),
        format!("[a.iso]\nSHA256={HEX}\n[b.iso]\nSHA1={sha1}\n"),
        format!("{HEX}  a.iso\n# b.iso\nsha1: {sha1}\n"),
    ] {
        for name in [Some("/dl/a.iso"), Some("b.iso"), None] {
            found(&text, name).expect_err(&text);
        }
    }
    // What stands there of sites, versions and programs is no file.
    for text in [
        format!("# made by sums.py\nsha256: {HEX}"),
        format!("The SHA-256 on https://example.org is {HEX}."),
        format!("requests==2.0 --hash=sha256:{HEX}"),
        format!("python:3.12@sha256:{HEX}"),
        format!("\"my a.iso\", sha256 \"{HEX}\""),
    ] {
        assert_eq!(found(&text, Some("/dl/my a.iso")).unwrap()[0].1, HEX, "{text}");
    }
    assert!(found(&format!("b.iso: sha256: {other}\nSHA3-256: {HEX}"), Some("b.iso")).is_err());
    // The caller knows that it is the same file.
    let pinned = format!("b.iso@sha256:{HEX}");
    assert_eq!(read(&pinned, Wanted::Name("b.iso")).unwrap().entries[0].bytes.len(), 32);
}

#[test]
fn names_are_read_as_people_write_them() {
    for text in [
        "a.iso = {}",
        "a.iso -> {}",
        "{} (a.iso)",
        "{} - a.iso",
        "SHA256 checksum for a.iso: {}",
        "SHA256 checksum of a.iso: {}",
        "SHA256 for a.iso: {}",
        "a.iso - SHA256: {}",
        "- a.iso: {}",
        "- a.iso SHA256: {}",
        "SHA256 of a.iso is {}",
        "me@host:~$ sha256sum a.iso\n{}  a.iso",
        "$ sha256sum a.iso\n{}  a.iso",
        "{}, a.iso",
        "{},a.iso",
        "{}; a.iso",
        "a.iso, {}",
        "{} 5 a.iso",
        "{}      5 a.iso",
        "DIST a.iso 5 SHA256 {}",
    ] {
        let text = text.replace("{}", HEX);
        let entries = found(&text, Some("/dl/a.iso"));
        let entries = entries.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((&*entries[0].1, entries[0].2.as_deref()), (HEX, Some("a.iso")), "{text}");
        let message = found(&text, Some("/dl/b.iso")).expect_err(&text);
        assert!(message.contains("it lists `a.iso`"), "{text}: {message}");
    }
    for (text, name) in [
        ("{}\t5 a.iso", "5 a.iso"),
        ("{} 01 - Song.mp3", "01 - Song.mp3"),
        ("{} 2026 report.pdf", "2026 report.pdf"),
    ] {
        let entries = found(&text.replace("{}", HEX), Some(name)).unwrap();
        assert_eq!(entries[0].2.as_deref(), Some(name), "{text}");
    }
    // A name keeps what belongs to it.
    for name in ["a (1).iso", "for.iso", "(a).iso", "a-", "of-a.iso", "\"a\".iso", "5 a.iso"] {
        let entries = found(&format!("{HEX}  {name}"), Some(name)).unwrap();
        assert_eq!(entries[0].2.as_deref(), Some(name));
    }
}

#[test]
fn a_size_beside_a_checksum_is_of_its_file() {
    let other = "1".repeat(64);
    let check = |text: &str, name: &str, expected: Option<u64>| {
        let text = text.replace("{}", HEX).replace("OTHER", &other);
        let found =
            read(&text, Wanted::Path(name)).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(found.entries.iter().all(|entry| entry.size == expected), "{text}: {found:?}");
        found.unread_size
    };
    for text in [
        "| File | Size | SHA256 |\n|---|---|---|\n| a.iso | 7 | {} |",
        "filename: a.iso\nsize: 7\nsha256: {}",
        "a.iso (7 bytes)\nSHA256: {}",
        "DIST a.iso 7 SHA256 {}",
        "{} 7 a.iso",
        "{}\t7\ta.iso",
        "sha256:{} 7 bytes",
        "SHA256 (a.iso) = {}\nSIZE (a.iso) = 7\nSHA256 (b.iso) = OTHER\nSIZE (b.iso) = 9",
        "{}       7 a.iso\nOTHER       9 b.iso",
    ] {
        assert_eq!(check(text, "/dl/a.iso", Some(7)), None, "{text}");
    }
    let unread = check("a.iso, 7 MB\nSHA256: {}", "/dl/a.iso", None);
    assert_eq!(unread.as_deref(), Some("a.iso, 7 MB"));
    for text in ["{}", "sha256:{}", "{}  a.iso", "{}  a.iso\nOTHER  size 9"] {
        assert_eq!(check(text, "a.iso", None), None, "{text}");
    }
}
