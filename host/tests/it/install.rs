//! `toolrack add` and `toolrack remove`: what lies in the plugin directory afterwards, and what is said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::guest::Wat;
use crate::person::{Person, Ran};
use crate::plugins;
use crate::wit;

fn wasm(tools: &[&str]) -> Vec<u8> {
    Wat { tools, ..Wat::default() }.build()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The files of a directory with what is in them.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(directory) else { return BTreeMap::new() };
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        (entry.file_name().into_string().expect("UTF-8"), fs::read(entry.path()).expect("read"))
    };
    entries.map(read).collect()
}

impl Person {
    /// A directory with files that are not installed.
    fn source(&self, files: &[(&str, &[u8])]) -> PathBuf {
        let source = self.path("source");
        fs::create_dir_all(&source).expect("made");
        for (name, bytes) in files {
            fs::write(source.join(name), bytes).expect("written");
        }
        source
    }

    #[track_caller]
    fn adds(&self, source: &Path, expected: &[&str]) {
        let ran = self.run(&["add", path(source)]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        for part in expected {
            assert!(ran.out.contains(part), "no {part:?} in {}", ran.out);
        }
    }

    /// Adds in vain: nothing changes in the plugin directory.
    #[track_caller]
    fn cannot_add(&self, source: &Path, code: i32, expected: &[&str]) -> Ran {
        let before = files(&self.plugins());
        let ran = self.run(&["add", path(source)]);
        let said = format!("{}{}", ran.out, ran.err);
        assert_eq!(ran.code, code, "{said}");
        for part in expected {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
        assert_eq!(files(&self.plugins()), before, "{said}");
        ran
    }

    #[track_caller]
    fn removes(&self, names: &[&str], expected: &str) {
        let ran = self.run(&[&["remove"], names].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains(expected), "no {expected:?} in {}", ran.out);
    }

    #[track_caller]
    fn cannot_remove(&self, arguments: &[&str], expected: &[&str]) {
        let before = files(&self.plugins());
        let ran = self.run(&[&["remove"], arguments].concat());
        assert_eq!(ran.code, 2, "{}", ran.out);
        for part in expected {
            assert!(ran.err.contains(part), "no {part:?} in {}", ran.err);
        }
        assert_eq!(files(&self.plugins()), before);
    }
}

#[test]
fn a_wasm_alone_gets_an_empty_manifest_in_a_directory_that_is_made() {
    let person = Person::new();
    let source = person.source(&[("one.wasm", &wasm(&["run"]))]);
    let expected = [
        "ok one",
        "one_run",
        "limits a call: fuel 1_000_000_000",
        "an empty one is made",
        "it can reach no files, no network and no environment",
        "installed one, version ",
        "no running server serves it",
    ];
    person.adds(&source.join("one.wasm"), &expected);
    let expected =
        BTreeMap::from([("one.toml".into(), vec![]), ("one.wasm".into(), wasm(&["run"]))]);
    assert_eq!(files(&person.plugins()), expected);
    assert_eq!(person.run(&["check"]).code, 0);
    person.adds(&source.join("one.wasm"), &["unchanged one"]);
}

#[test]
fn a_wasm_brings_the_manifest_beside_it_and_a_manifest_its_wasm() {
    let config = b"[grants]\nconfig = { units = \"metric\" }\n".as_slice();
    for form in ["one.wasm", "one.toml"] {
        let person = Person::new();
        let source = person.source(&[("one.wasm", &wasm(&["run"])), ("one.toml", config)]);
        person.adds(&source.join(form), &["it is told: units = metric", "installed one"]);
        assert_eq!(files(&person.plugins())["one.toml"], config);
        assert_eq!(files(&person.plugins())["one.wasm"], wasm(&["run"]));
    }
}

#[test]
fn a_directory_brings_every_manifest_with_its_wasm() {
    let person = Person::new();
    let bytes = wasm(&["run"]);
    let source = person.source(&[
        ("one.toml", b""),
        ("one.wasm", &bytes),
        ("stray.wasm", &bytes),
        (".two.toml", b""),
        ("three.toml", b"[plugin]\nwasm = \"one.wasm\"\n"),
    ]);
    person.adds(&source, &["installed one", "installed three"]);
    let names: Vec<_> = files(&person.plugins()).into_keys().collect();
    assert_eq!(names, ["one.toml", "one.wasm", "three.toml"]);
}

/// What was changed in a manifest is lost with it, so it is told.
const REPLACED: &str = "installing it replaces another manifest";

#[test]
fn of_a_directory_fixtures_build_output_and_other_files_are_passed_over_and_named() {
    let person = Person::new();
    let root = person.path("repository");
    let put = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    put("Cargo.toml", b"[workspace]\n");
    put("plugins/one/one.toml", b"");
    put("plugins/one/one.wasm", &wasm(&["run"]));
    put("plugins/one/rustfmt.toml", b"max_width = 100\n");
    for name in
        ["target/release", "plugins/one/tests", "node_modules/x", ".git", "plugins/fixtures"]
    {
        put(&format!("{name}/bad.toml"), b"[plugin]\nbad = 1\n");
        put(&format!("{name}/bad.wasm"), b"");
    }
    let ran = person.run(&["add", path(&root)]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("installed one"), "{}", ran.out);
    let line = ran.out.lines().find(|line| line.starts_with("passed over ")).expect("a line");
    for name in [
        "Cargo.toml",
        "rustfmt.toml",
        "target",
        "one/tests",
        "node_modules",
        ".git",
        "plugins/fixtures",
    ] {
        assert!(line.contains(name.rsplit('/').next().unwrap()), "no {name} in {line}");
    }
    assert_eq!(files(&person.plugins()).len(), 2);
    // What is meant as a manifest is refused, not passed over.
    put("plugins/two/two.toml", b"[limits]\nmemroy = 1\n");
    let ran = person.run(&["add", path(&root)]);
    assert!(ran.code == 1 && ran.out.contains("two.toml"), "{}{}", ran.out, ran.err);
    // A directory with manifests of its own is taken as it is.
    put("three.toml", b"");
    put("three.wasm", &wasm(&["go"]));
    let ran = person.run(&["add", path(&root)]);
    assert!(ran.code == 0 && ran.out.contains("installed three"), "{}{}", ran.out, ran.err);
    assert!(!ran.out.contains("target"), "{}", ran.out);
}

#[test]
fn what_is_there_is_updated_and_the_installed_manifest_stays() {
    let person = Person::new();
    let source = person.source(&[("one.wasm", &wasm(&["run"]))]);
    person.adds(&source.join("one.wasm"), &["installed one"]);
    let own = b"[limits]\nfuel = 500_000\n";
    fs::write(person.plugins().join("one.toml"), own).unwrap();
    let source = person.source(&[("one.wasm", &wasm(&["run", "more"]))]);
    let expected = ["updated one from version ", "fuel 500_000", "is installed stays"];
    person.adds(&source.join("one.wasm"), &expected);
    assert_eq!(files(&person.plugins())["one.toml"], own);
    assert_eq!(files(&person.plugins())["one.wasm"], wasm(&["run", "more"]));
    let source = person
        .source(&[("one.toml", b"[plugin]\nwasm = \"new.wasm\"\n"), ("new.wasm", &wasm(&["run"]))]);
    let kept =
        format!("the old one is then kept as {}", path(&person.plugins().join("one.toml.bak")));
    person.adds(&source.join("one.toml"), &["updated one from version ", REPLACED, &kept]);
    let names: Vec<_> = files(&person.plugins()).into_keys().collect();
    assert_eq!(names, ["new.wasm", "one.toml", "one.toml.bak"], "nobody needs the old Wasm");
    assert_eq!(files(&person.plugins())["one.toml.bak"], own);
    let source = person.source(&[("new.wasm", &wasm(&["run", "more"]))]);
    person.adds(&source.join("new.wasm"), &["updated one from version "]);
    let source = person.source(&[("one.toml", b"[plugin]\nwasm = \"new.wasm\"\nprefix = \"p\"\n")]);
    person.adds(&source.join("one.toml"), &["as before with another manifest", "p_run", REPLACED]);
    let old = b"[plugin]\nwasm = \"new.wasm\"\n";
    let both = || {
        let files = files(&person.plugins());
        [files["one.toml.bak"].clone(), files["one.toml.bak2"].clone()]
    };
    assert_eq!(both(), [&own[..], old], "what a person wrote stays");
    person.adds(&source.join("one.toml"), &["unchanged"]);
    assert_eq!(both(), [&own[..], old]);
    assert_eq!(person.run(&["remove", "one"]).code, 0);
    assert!(files(&person.plugins()).contains_key("one.toml.bak"), "it is a person's");
}

#[test]
fn what_is_refused_changes_nothing_and_says_what_check_says() {
    let person = Person::new();
    let good = person.source(&[("good.wasm", &wasm(&["run"]))]);
    person.adds(&good.join("good.wasm"), &[]);
    let bytes = wasm(&["run"]);
    let source = person.path("source");
    let check = |files: &[(&str, &[u8])], form: &str, expected: &[&str]| {
        fs::remove_dir_all(&source).unwrap();
        person.source(files);
        let ran = person.cannot_add(&source.join(form), 1, expected);
        assert!(ran.err.contains("nothing was installed"), "{}", ran.err);
        let manifests: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".toml")).collect();
        if expected.iter().all(|part| !part.contains("install")) && !manifests.is_empty() {
            let checked = person.run(&["check", "--plugins", path(&source)]).out;
            let said = ran.out.lines().find(|line| line.contains(expected[0])).expect("a line");
            assert!(checked.contains(said), "not the words of check: {said}\n{checked}");
        }
    };
    let bad = b"[limits]\nmemroy = 1\n";
    check(
        &[("bad.toml", bad), ("bad.wasm", &bytes)],
        "bad.wasm",
        &["did you mean `memory`", "bad.toml:2:1"],
    );
    check(&[("no.toml", b"")], "no.toml", &["`no.wasm` is missing"]);
    check(&[("junk.toml", b""), ("junk.wasm", b"junk")], "junk.toml", &["`junk.wasm`"]);
    check(&[("junk.wasm", b"junk")], "junk.wasm", &["`junk.wasm`"]);
    let mixed: &[(&str, &[u8])] = &[("ok.toml", b""), ("ok.wasm", &bytes), ("no.toml", b"")];
    check(mixed, "", &["`no.wasm` is missing"]);
    let pinned = format!("[plugin]\nsha256 = \"{}\"\n", "0".repeat(64));
    check(
        &[("pin.toml", pinned.as_bytes()), ("pin.wasm", &bytes)],
        "pin.toml",
        &["has the SHA-256"],
    );
    let name = b"[plugin]\nname = \"good\"\n";
    check(
        &[("other.toml", name), ("other.wasm", &bytes)],
        "other.toml",
        &["another plugin of this name is installed: ", "good.toml"],
    );
    let prefix = b"[plugin]\nprefix = \"good\"\n";
    check(
        &[("late.toml", prefix), ("late.wasm", &bytes)],
        "late.toml",
        &["its tool `good_run` has the name of an installed one, of "],
    );
    let name = b"[plugin]\nname = \"stranger\"\n";
    check(
        &[("good.toml", name), ("good.wasm", &bytes)],
        "good.toml",
        &["is installed already and is the plugin `good`, not `stranger`"],
    );
    let wasm = b"[plugin]\nwasm = \"good.wasm\"\n";
    check(
        &[("thief.toml", wasm), ("good.wasm", &self::wasm(&["steal"]))],
        "thief.toml",
        &["belongs to the plugin `good`, which is installed as `good.toml`"],
    );
}

#[test]
fn a_newcomer_takes_no_names_of_an_installed_plugin_by_a_longer_prefix() {
    let person = Person::new();
    let from = person.path("from");
    fs::create_dir_all(&from).unwrap();
    fs::write(from.join("my.toml"), "").unwrap();
    fs::write(from.join("my.wasm"), wasm(&["notes_read"])).unwrap();
    let ran = person.run(&["add", path(&from.join("my.toml"))]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    fs::write(from.join("my-notes.toml"), "").unwrap();
    fs::write(from.join("my-notes.wasm"), wasm(&["list"])).unwrap();
    let ran = person.run(&["add", path(&from.join("my-notes.toml"))]);
    let told = ran.out + &ran.err;
    assert!(ran.code != 0 && told.contains("nothing was installed"), "{told}");
    for expected in [
        "its tool `my_notes_read` is not served: names that begin with `my_notes_` belong to",
        "`toolrack set my tools.notes_read.hidden true` leaves it out",
        "--yes installs it, and so does another `prefix`",
    ] {
        assert!(told.contains(expected), "no {expected:?} in {told}");
    }
    assert!(!told.contains("gives it back"), "{told}");
    assert!(!person.plugins().join("my-notes.toml").exists());
    // With consent it is as if the files had been copied, and so it is told everywhere.
    let ran = person.run(&["add", "--yes", path(&from.join("my-notes.toml"))]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let check = person.run(&["check"]);
    for expected in [
        "no tools served my ",
        "partly served",
        "2 plugins with 1 tool served, 0 refused, 1 tool not served",
        "`toolrack set my-notes prefix my_notes2` gives it back",
    ] {
        assert!(check.out.contains(expected), "no {expected:?} in {}", check.out);
    }
    assert!(check.code == 1 && !check.out.contains("refused /"), "{}", check.out);
    assert!(person.run(&["list"]).err.contains("1 tool not served"));
    let mut client = person.serve(&person.plugins());
    client.logs("partly served: ");
    person.status_when(|status| status[0]["state"] == "serving");
    let status = person.run(&["status"]).out;
    assert!(status.contains("partly served") && !status.contains("refused"), "{status}");
    drop(client);
    for words in [["set", "my-notes", "prefix", "my_notes2"], ["unset", "my-notes", "prefix", ""]] {
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let ran = person.run(&words);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert_eq!(person.run(&["check"]).code, i32::from(words[0] == "unset"));
    }
    person.run(&["set", "my", "tools.notes_read.hidden", "true"]);
    assert_eq!(person.run(&["check"]).code, 0);
}

#[test]
fn a_newcomer_whose_tool_gives_way_is_installed_as_if_it_were_copied() {
    let person = Person::new();
    let from = person.source(&[("my-notes.toml", b""), ("my-notes.wasm", &wasm(&["read"]))]);
    person.adds(&from.join("my-notes.toml"), &["installed my-notes"]);
    let from = person.source(&[("my.toml", b""), ("my.wasm", &wasm(&["notes_read", "other"]))]);
    let expected = ["partly served", "`my_notes_read` is not served", "installed my"];
    person.adds(&from.join("my.toml"), &expected);
    assert!(person.run(&["list"]).out.contains("my_other"));
}

#[test]
fn a_decision_of_one_of_two_plugins_that_prefixes_divide_is_taken() {
    let person = Person::new();
    fs::create_dir(person.plugins()).unwrap();
    for (name, tools) in [("my", &["notes_read", "other"][..]), ("my-notes", &["read"])] {
        let file = |suffix| person.plugins().join(name).with_extension(suffix);
        fs::write(file("toml"), "").unwrap();
        fs::write(file("wasm"), wasm(tools)).unwrap();
    }
    for name in ["my", "my-notes"] {
        for words in [["set", name, "limits.cpu", "3s"].as_slice(), &["unset", name, "limits.cpu"]]
        {
            let ran = person.run(words);
            let told = format!("{words:?}: {}{}", ran.out, ran.err);
            assert!(ran.code == 0 && !told.contains("not served"), "{told}");
        }
    }
    // The update of a plugin that was there is taken, too.
    let source = person.source(&[("my.toml", b""), ("my.wasm", &wasm(&["notes_read", "more"]))]);
    person.adds(&source.join("my.toml"), &["updated my"]);
}

#[test]
fn two_plugins_at_once_are_not_installed_with_one_wasm_that_is_two() {
    let person = Person::new();
    let manifest = "[plugin]\nwasm = \"x.wasm\"\n";
    let (one, two) = (person.path("one"), person.path("two"));
    let make = |directory: &Path, name: &str, bytes: &[u8]| {
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join(name), manifest).unwrap();
        fs::write(directory.join("x.wasm"), bytes).unwrap();
    };
    make(&one, "a.toml", &wasm(&["run"]));
    make(&two, "b.toml", &wasm(&["other"]));
    let ran = person.run(&["add", path(&one), path(&two)]);
    assert!(ran.code == 2 && ran.err.contains("installed as `x.wasm`"), "{}", ran.err);
    assert_eq!(files(&person.plugins()), BTreeMap::new());
    // The same bytes are one file for both.
    make(&two, "b.toml", &wasm(&["run"]));
    let ran = person.run(&["add", path(&one), path(&two)]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let names: Vec<_> = files(&person.plugins()).into_keys().collect();
    assert_eq!(names, ["a.toml", "b.toml", "x.wasm"]);
}

#[test]
fn a_manifest_that_is_broken_is_replaced_whatever_it_names() {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).unwrap();
    plugins::install(&person.plugins(), "p", "what is this", b"");
    let manifest = b"[plugin]\nname = \"another\"\n";
    let source = person.source(&[("p.toml", manifest), ("p.wasm", &wasm(&["run"]))]);
    person.adds(&source.join("p.toml"), &["another"]);
    assert_eq!(files(&person.plugins())["p.toml"], manifest);
    assert_eq!(files(&person.plugins())["p.toml.bak"], b"what is this");
}

/// A Wasm with so many tools.
fn numbered(tools: usize) -> Vec<u8> {
    let names: Vec<_> = (0..tools).map(|at| format!("t{at}")).collect();
    wasm(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The limit of a plugin that has very many tools.
const MANY: &str = "[limits]\nmax_tools = 512\n";

/// So many plugins in the directory, all of one Wasm.
fn fill(person: &Person, count: usize, bytes: &[u8]) {
    fs::create_dir(person.plugins()).unwrap();
    fs::write(person.plugins().join("shared.wasm"), bytes).unwrap();
    for at in 0..count {
        let manifest = person.plugins().join(format!("p{at:03}.toml"));
        fs::write(manifest, format!("[plugin]\nwasm = \"shared.wasm\"\n{MANY}")).unwrap();
    }
}

#[test]
fn a_plugin_that_there_is_no_room_for_is_refused_and_one_that_takes_its_own_place_is_not() {
    let person = Person::new();
    fill(&person, 256, &wasm(&["run"]));
    let source = person.source(&[("p007.wasm", &wasm(&["other"])), ("p007.toml", b"")]);
    person.adds(&source.join("p007.toml"), &["updated p007"]);
    // In the order of names it would be served, and another would not.
    let source = person.source(&[("aaa.wasm", &wasm(&["run"]))]);
    let expected = ["aaa.toml", "more plugins than the 256 that are served"];
    person.cannot_add(&source.join("aaa.wasm"), 1, &expected);
    person.removes(&["p008"], "p008.toml");
    person.adds(&source.join("aaa.wasm"), &["installed aaa"]);
}

#[test]
fn tools_that_there_is_no_room_for_are_refused() {
    let (fits, large) = (numbered(256), numbered(257));
    let person = Person::new();
    fill(&person, 1, &fits);
    let many = MANY.as_bytes();
    let files =
        [("fits.wasm", &*fits), ("fits.toml", many), ("large.wasm", &large), ("large.toml", many)];
    let source = person.source(&files);
    let expected = ["large.toml", "more than the 512 that are served"];
    person.cannot_add(&source.join("large.wasm"), 1, &expected);
    person.adds(&source.join("fits.wasm"), &["installed fits"]);
}

#[test]
fn where_there_are_too_many_tools_already_a_plugin_can_still_be_updated() {
    let person = Person::new();
    fill(&person, 3, &numbered(200));
    let files = [("p001.wasm", &*numbered(199)), ("p001.toml", MANY.as_bytes())];
    let source = person.source(&files);
    person.adds(&source.join("p001.toml"), &["updated p001"]);
}

#[test]
fn what_is_no_plugin_or_cannot_be_written_is_an_error() {
    let person = Person::new();
    let bytes = wasm(&["run"]);
    let source = person.source(&[
        ("one.wasm", &bytes),
        ("text.txt", b""),
        (".hidden.toml", b""),
        ("other.wasm", &bytes),
        ("other.toml", b"[plugin]\nwasm = \"else.wasm\"\n"),
    ]);
    fs::create_dir(person.path("empty")).unwrap();
    person.cannot_add(&source.join("gone.wasm"), 2, &["gone.wasm: there is no such file"]);
    person.cannot_add(&source.join("text.txt"), 2, &["expected a plugin's .wasm or .toml"]);
    person.cannot_add(&source.join(".hidden.toml"), 2, &["never served"]);
    person.cannot_add(&source.join("other.wasm"), 2, &["beside it names `else.wasm`"]);
    person.cannot_add(&person.path("empty"), 2, &["it holds no manifest"]);
    // A file where the directory should be stands in the way of everybody, root included.
    fs::write(person.plugins(), "").unwrap();
    person.cannot_add(&source.join("one.wasm"), 2, &["error:"]);
}

#[test]
#[cfg(unix)]
fn a_directory_that_is_read_only_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let person = Person::new();
    let source = person.source(&[("one.wasm", &wasm(&["run"]))]);
    fs::create_dir(person.plugins()).unwrap();
    fs::set_permissions(person.plugins(), fs::Permissions::from_mode(0o555)).unwrap();
    // Root writes wherever it likes.
    if fs::write(person.plugins().join("probe"), "").is_err() {
        person.cannot_add(&source.join("one.wasm"), 2, &["one.wasm: it cannot be written"]);
    }
}

#[test]
fn servers_that_follow_are_named() {
    let person = Person::new();
    let source = person.source(&[("one.wasm", &wasm(&["run"]))]);
    fs::create_dir(person.plugins()).unwrap();
    let server = person.serve(&person.plugins());
    person.status_when(|status| status[0]["state"] == "serving");
    let follows = format!("server {} follows by itself", server.pid());
    person.adds(&source.join("one.wasm"), &[&follows]);
    person.removes(&["one"], &follows);
}

#[test]
fn a_plugin_is_removed_by_its_name_with_its_wasm() {
    let person = Person::new();
    let plugins = person.plugins();
    fs::create_dir(&plugins).unwrap();
    plugins::install(&plugins, "one", "", b"");
    plugins::install(&plugins, "file", "[plugin]\nname = \"named\"\n", b"");
    plugins::install(&plugins, "broken", "what is this", b"");
    fs::write(plugins.join("one.toml.toml"), "what is this").unwrap();
    fs::write(plugins.join("one.toml.wasm"), "").unwrap();
    fs::write(plugins.join("shares.toml"), "[plugin]\nwasm = \"one.wasm\"\n").unwrap();
    fs::write(plugins.join("alone.toml"), "").unwrap();
    person.removes(&["named"], "file.toml and file.wasm are gone");
    person.removes(&["broken"], "broken.toml and broken.wasm are gone");
    person.removes(&["one.toml"], "one.toml.toml and one.toml.wasm are gone");
    person.removes(&["alone"], "it had no Wasm there");
    person.removes(&["one"], "one.wasm stays, because shares.toml names it too");
    person.cannot_remove(&["shares", "share"], &["did you mean `shares`? installed are shares"]);
    person.removes(&["shares", "shares"], "shares.toml and one.wasm are gone");
    assert!(files(&plugins).is_empty());
    person.cannot_remove(&["one"], &["there is no plugin `one`; no plugin is installed"]);
}

#[test]
fn a_wit_file_is_installed_and_removed_with_its_manifest() {
    let wasm = wit::component("world w { export tick: func(); }", r#"(func (export "tick"))"#);
    let notes = b"package t:t;\nworld w {\n/// Ticks.\nexport tick: func();\n}".as_slice();
    for (form, brought) in [("t.toml", true), ("t.wasm", true), ("t.wasm", false)] {
        let person = Person::new();
        let source = person.source(&[("t.wasm", &wasm), ("t.wit", notes)]);
        if brought {
            fs::write(source.join("t.toml"), "").expect("written");
        }
        person.adds(&source.join(form), &["installed t"]);
        assert_eq!(files(&person.plugins())["t.wit"], notes);
        assert!(person.run(&["list"]).out.contains("Ticks."));
        person.adds(&source.join(form), &["unchanged t"]);
        fs::write(source.join("t.wit"), "package t:t; world {").expect("written");
        person.adds(&source.join(form), &["t.wit:1:20: ", "updated t"]);
        let place = Path::new("plugins").join("t.wit");
        assert!(person.run(&["check"]).out.contains(&format!("{}:1:20: ", place.display())));
        fs::remove_file(source.join("t.wit")).expect("removed");
        if brought {
            person.adds(&source.join(form), &["updated t"]);
            assert!(!files(&person.plugins()).contains_key("t.wit"));
            fs::write(person.plugins().join("t.wit"), notes).expect("written");
        } else {
            person.adds(&source.join(form), &["unchanged t"]);
        }
        person.removes(&["t"], "t.toml, t.wit and t.wasm are gone");
        assert!(files(&person.plugins()).is_empty());
    }
}

#[test]
fn a_name_that_is_not_one_plugin_removes_nothing() {
    let person = Person::new();
    let (one, two) = (person.path("one"), person.path("two"));
    for directory in [&one, &two] {
        fs::create_dir(directory).unwrap();
        plugins::install(directory, "same", "", b"");
    }
    plugins::install(&one, "again", "[plugin]\nname = \"twice\"\n", b"");
    plugins::install(&one, "twice", "", b"");
    let both = ["--plugins", path(&one), "--plugins", path(&two)];
    person.cannot_remove(
        &[&["same"], &both[..]].concat(),
        &["several plugin directories", "--plugins"],
    );
    person.cannot_remove(&[&["twice"], &both[..]].concat(), &["again.toml, twice.toml"]);
    assert_eq!((files(&one).len(), files(&two).len()), (6, 2));
    person.removes(&["same", "--plugins", path(&two)], "removed same");
    assert_eq!((files(&one).len(), files(&two).len()), (6, 0));
}

#[test]
fn a_directory_that_has_a_name_twice_is_told_once() {
    let person = Person::new();
    let (one, two) = (person.path("one"), person.path("two"));
    for (directory, file) in [(&one, "a"), (&one, "b"), (&two, "c")] {
        fs::create_dir_all(directory).unwrap();
        plugins::install(directory, file, "[plugin]\nname = \"same\"\n", b"");
    }
    let told = format!("in several plugin directories: {}, {};", path(&one), path(&two));
    person.cannot_remove(&["same", "--plugins", path(&one), "--plugins", path(&two)], &[&told]);
}

#[test]
#[cfg(unix)]
fn of_a_link_the_link_is_removed() {
    let person = Person::new();
    let source = person.source(&[("one.toml", b""), ("one.wasm", b"")]);
    fs::create_dir(person.plugins()).unwrap();
    for file in ["one.toml", "one.wasm"] {
        std::os::unix::fs::symlink(source.join(file), person.plugins().join(file)).unwrap();
    }
    person.removes(&["one"], "removed one");
    assert_eq!((files(&person.plugins()).len(), files(&source).len()), (0, 2));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_plugins_directory_is_not_copied() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let person = Person::new();
    let source = person.source(&[("one.toml", b""), ("one.wasm", &wasm(&["run"]))]);
    let private = person.path("private");
    fs::write(&private, "a key").unwrap();
    symlink(&private, source.join("one.wit")).unwrap();
    let ran = person.run(&["add", source.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.out.contains("outside of the plugin's directory"), "{}", ran.out);
    assert!(!person.plugins().join("one.wit").exists());
    // A manifest that is the user's alone has a copy that is, too.
    fs::remove_file(source.join("one.wit")).unwrap();
    person.adds(&source, &["installed one"]);
    let installed = person.plugins().join("one.toml");
    fs::set_permissions(&installed, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(source.join("one.toml"), "# other\n").unwrap();
    person.adds(&source, &[REPLACED]);
    let mode = |name: &str| fs::metadata(person.plugins().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("one.toml.bak") & 0o777, 0o600);
}

#[test]
fn a_file_that_cannot_be_removed_is_named_with_the_reason() {
    let person = Person::new();
    let source = person.source(&[("one.wasm", &wasm(&["run"]))]);
    person.adds(&source.join("one.wasm"), &["installed one"]);
    let file = person.plugins().join("one.wasm");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let ran = person.run(&["remove", "one"]);
    let told = format!("error: {}: it cannot be removed: ", file.display());
    assert!(ran.code == 2 && ran.err.starts_with(&told), "{}", ran.err);
}

#[test]
fn an_address_or_a_path_in_place_of_what_is_meant_gets_the_right_command() {
    let person = Person::new();
    let source = person.source(&[("calc.wasm", &wasm(&["run"])), ("calc.toml", b"")]);
    person.adds(&source, &["installed calc"]);
    let manifest = source.join("calc.toml");
    let beside = plugins::suggested("check calc", &source);
    for (arguments, expected) in [
        (&["add", "file:///srv/x.wasm"][..], "name the path itself: /srv/x.wasm"),
        (&["add", "file://localhost/srv/x.wasm"], "name the path itself: /srv/x.wasm"),
        (&["add", "https://example.org/x.wasm"], "download it first"),
        (&["check", path(&manifest)], &beside),
        (&["check", "calc.toml"], "`toolrack check calc`"),
        (&["check", "calc.local.toml"], "`toolrack check calc`"),
        (&["list", "calk"], "did you mean the plugin `calc`?"),
        (&["list", "calc.toml"], "did you mean the plugin `calc`?"),
        (&["list", "calc.local.toml"], "did you mean the plugin `calc`?"),
        (&["disable", "calc"], "`toolrack remove NAME`"),
        (&["secret", "get", "A"], "no value is ever shown"),
    ] {
        let ran = person.run(arguments);
        assert!(ran.code == 2 && ran.err.contains(expected), "no {expected:?} in {}", ran.err);
    }
    assert!(person.run(&["ls"]).out.contains("calc_run"));
}
