use super::*;

fn place(root: &tempfile::TempDir, name: &str) -> Place {
    Place::from(&*root.path().join(name))
}

#[test]
fn a_file_is_replaced_only_if_that_is_said() {
    let root = tempfile::tempdir().unwrap();
    let place = place(&root, "a/b.md");
    let text = || fs::read_to_string(&place.path).unwrap();
    assert!(write(&place, Some("one"), Mode::Create).unwrap().starts_with("wrote 3 bytes to "));
    assert!(write(&place, Some("two"), Mode::Create).unwrap_err().contains("is there already"));
    assert_eq!(text(), "one");
    write(&place, Some("two"), Mode::Append).unwrap();
    assert_eq!(text(), "onetwo");
    write(&place, Some("3"), Mode::Overwrite).unwrap();
    assert_eq!(text(), "3");
    assert!(write(&place, None, Mode::Create).unwrap_err().contains("`text` is missing"));
    assert!(write(&place, Some(""), Mode::Directory).unwrap_err().contains("no `text`"));
    assert!(write(&place, None, Mode::Directory).is_err());
}

#[test]
fn what_is_added_fits_the_encoding_and_line_ends_of_the_file() {
    let root = tempfile::tempdir().unwrap();
    let place = place(&root, "a");
    let check = |old: &[u8], text: &str, expected: Result<&[u8], &str>| {
        fs::write(&place.path, old).unwrap();
        let done = write(&place, Some(text), Mode::Append);
        let bytes = fs::read(&place.path).unwrap();
        match (done, expected) {
            (Ok(_), Ok(right)) => assert_eq!(bytes, right, "{old:?}"),
            (Err(error), Err(part)) => {
                assert!(error.contains(part), "{error}");
                assert_eq!(bytes, old);
            }
            (done, _) => panic!("{old:?}: {done:?}"),
        }
    };
    check(b"one\r\n", "two\nthree\r\n", Ok(b"one\r\ntwo\r\nthree\r\n"));
    check(b"one\r\n1\n", "two\n", Ok(b"one\r\n1\ntwo\n"));
    check(b"one\n", "two\r\n", Ok(b"one\ntwo\r\n"));
    check(b"one\rtwo\r", "three\nfour\r\n", Ok(b"one\rtwo\rthree\rfour\r"));
    check(b"one\rtwo\n", "three\n", Ok(b"one\rtwo\nthree\n"));
    check(b"", "two\n", Ok(b"two\n"));
    check(b"\xff\xfea\0", "b", Err("is UTF-16 text"));
    check(b"\xfe\xff\0a", "b", Err("is UTF-16 text"));
    check(b"a\0\n\0", "b", Err("is UTF-16 or UTF-32 text, or no text"));
    check(b"\0a\0\n", "b", Err("is UTF-16 or UTF-32 text, or no text"));
    check(b"a\0\0\0", "b", Err("is UTF-16 or UTF-32 text, or no text"));
    check(b"\0\0\xfe\xff\0\0\0a", "b", Err("is UTF-16 or UTF-32 text, or no text"));
    check(b"\x89PNG\r\n\0", "b", Err("is UTF-16 or UTF-32 text, or no text"));
    check(b"\x2d\x4e\x87\x65", "b", Err("is not UTF-8 text"));
    check(b"\x1b$B$\"\x1b(B\n", "\u{3042}", Err("is ISO-2022 text"));
    check(b"\x1b[1mbold\x1b[0m\n", "\u{3042}", Ok("\x1b[1mbold\x1b[0m\n\u{3042}".as_bytes()));
    check(b"caf\xe9\n", "th\u{e9}\n", Err("is not UTF-8 text"));
    check(b"caf\xe9\n", "the\n", Ok(b"caf\xe9\nthe\n"));
    check("caf\u{e9}\n".as_bytes(), "\u{e9}", Ok("caf\u{e9}\n\u{e9}".as_bytes()));
    let error = write(&Place::from(root.path()), Some("x"), Mode::Append).unwrap_err();
    assert!(error.contains("directory"), "{error}");
    fs::write(&place.path, "a\r\n").unwrap();
    let said = write(&place, Some("b\n"), Mode::Append).unwrap();
    assert!(said.starts_with("added 3 bytes") && said.contains("CRLF"), "{said}");
    assert!(!said.contains("no line end"), "{said}");
    for (old, is_told) in [("a", true), ("", false), ("a\n", false), ("a\r\nb", true)] {
        fs::write(&place.path, old).unwrap();
        let said = write(&place, Some("c\n"), Mode::Append).unwrap();
        assert_eq!(said.contains("right behind its last line"), is_told, "{old:?}: {said}");
    }
    let error = write(&Place::from(root.path()), Some("x"), Mode::Create).unwrap_err();
    assert!(error.contains("is a directory; name a file in it"), "{error}");
}

#[test]
fn a_file_in_place_of_a_directory_is_named() {
    let root = tempfile::tempdir().unwrap();
    let (file, below) = (place(&root, "a.iso"), place(&root, "a.iso/x"));
    fs::write(&file.path, "x").unwrap();
    let change = [Edit { old: "a".into(), new: "b".into(), all: false }];
    for error in [
        write(&below, Some("x"), Mode::Create).unwrap_err(),
        write(&below, Some("x"), Mode::Append).unwrap_err(),
        write(&place(&root, "a.iso/x/y"), Some("x"), Mode::Overwrite).unwrap_err(),
        write(&below, None, Mode::Directory).unwrap_err(),
        edit(&below, &change, false).unwrap_err(),
        rename(&place(&root, "a.iso"), &place(&root, "a.iso/x")).unwrap_err(),
    ] {
        assert!(error.contains("a.iso` is no directory") || error.contains("lies in"), "{error}");
    }
    let error = write(&file, None, Mode::Directory).unwrap_err();
    assert!(error.contains("no directory"), "{error}");
}

#[test]
fn an_edit_is_made_whole_or_only_shown() {
    let root = tempfile::tempdir().unwrap();
    let place = place(&root, "a.md");
    fs::write(&place.path, "one\r\ntwo\r\n").unwrap();
    let change = |old: &str, new: &str| [Edit { old: old.into(), new: new.into(), all: false }];
    let shown = edit(&place, &change("one\ntwo", "1\n2"), true).unwrap();
    assert!(
        shown.contains("would change line 1 of") && shown.contains("-one\n-two\n+1\n+2"),
        "{shown}"
    );
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "one\r\ntwo\r\n");
    edit(&place, &change("one\ntwo", "1\n2"), false).unwrap();
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "1\r\n2\r\n");
    for bytes in
        [&b"a\xff"[..], b"a\0\n\0", b"\0a\0\n", b"a\0\0\0", b"\xff\xfea\0", b"\x1b$Ba\x1b(B"]
    {
        fs::write(&place.path, bytes).unwrap();
        let error = edit(&place, &change("a", "b"), false).unwrap_err();
        assert!(error.contains("so it is not edited"), "{error}");
        assert_eq!(fs::read(&place.path).unwrap(), bytes);
    }
    assert!(edit(&place, &[], false).unwrap_err().contains("`edits`"));
}

#[test]
fn a_move_replaces_nothing_that_comes_meanwhile() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        write(&place(&root, name), Some(name), Mode::Create).unwrap();
    }
    let (a, b) = (place(&root, "a"), place(&root, "b"));
    assert!(relink(&a, &b).unwrap_err().contains("is there already"));
    assert_eq!(relink(&a, &place(&root, "none/a")), Ok(false));
    assert_eq!(relink(&a, &place(&root, "c")), Ok(true));
    assert!(!a.path.exists() && fs::read_to_string(root.path().join("c")).unwrap() == "a");
    assert_eq!(fs::read_to_string(&b.path).unwrap(), "b");
}

#[test]
fn nothing_is_replaced_by_moving() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b", "d/e"] {
        write(&place(&root, name), Some(name), Mode::Create).unwrap();
    }
    rename(&place(&root, "a"), &place(&root, "new/a")).unwrap();
    assert_eq!(fs::read_to_string(root.path().join("new/a")).unwrap(), "a");
    assert!(
        rename(&place(&root, "b"), &place(&root, "new/a"))
            .unwrap_err()
            .contains("is there already")
    );
    assert!(rename(&place(&root, "b"), &place(&root, "d")).unwrap_err().contains("d/b`"));
    assert!(rename(&place(&root, "d"), &place(&root, "d/f")).unwrap_err().contains("lies in"));
    assert!(rename(&place(&root, "none"), &place(&root, "x")).unwrap_err().contains("there is no"));
    rename(&place(&root, "d"), &place(&root, "f")).unwrap();
    assert!(root.path().join("f/e").exists() && root.path().join("b").exists());
}

#[test]
fn a_directory_is_removed_with_what_is_in_it_only_if_that_is_said() {
    let root = tempfile::tempdir().unwrap();
    write(&place(&root, "d/e/f"), Some("x"), Mode::Create).unwrap();
    write(&place(&root, "a"), Some("x"), Mode::Create).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(root.path().join("a"), root.path().join("d/link")).unwrap();
    let places =
        Places { roots: vec![crate::place::Root { at: root.path().into(), host: Vec::new() }] };
    assert!(remove(&places, &place(&root, "d"), false).unwrap_err().contains("`recursive`"));
    assert!(remove(&places, &place(&root, ""), true).unwrap_err().contains("granted itself"));
    assert!(remove(&places, &place(&root, "d"), true).unwrap().contains("entries in it"));
    assert!(root.path().join("a").exists() && !root.path().join("d").exists());
    remove(&places, &place(&root, "a"), false).unwrap();
    assert!(remove(&places, &place(&root, "a"), false).unwrap_err().contains("there is no"));
}
