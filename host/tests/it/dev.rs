//! `toolrack dev` against the real binary, with a script in the place of cargo.

#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::json;

use crate::client::{HANG, read};
use crate::guest::{LOG, Wat};
use crate::person::{Person, eventually};

/// A running `toolrack dev` on a crate in the person's home.
pub(crate) struct Dev {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

fn wasm(tools: &[&str]) -> Vec<u8> {
    Wat { tools, ..Wat::default() }.build()
}

impl Person {
    pub(crate) fn crate_file(&self, name: &str) -> PathBuf {
        self.path("crate").join(name)
    }

    /// A crate that is built to `wasm`.
    pub(crate) fn has_crate(&self, wasm: &[u8]) {
        fs::create_dir_all(self.crate_file("src")).unwrap();
        fs::create_dir(self.crate_file("target")).unwrap();
        fs::write(self.crate_file("Cargo.toml"), "").unwrap();
        fs::write(self.crate_file("src/roman.wasm"), wasm).unwrap();
    }

    pub(crate) fn dev(&self) -> Dev {
        let mut command = self.command(&["dev"]);
        let mut child = command
            .arg(self.path("crate"))
            .env("CARGO", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dev/cargo"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let out = read(child.stdout.take().expect("its stdout"));
        let err = read(child.stderr.take().expect("its stderr"));
        Dev { child, out, err }
    }

    fn builds(&self) -> usize {
        fs::read_to_string(self.crate_file("target/builds")).unwrap_or_default().lines().count()
    }
}

impl Dev {
    /// Waits for a line that holds `part`.
    #[track_caller]
    pub(crate) fn says(&self, part: &str) -> String {
        find(&self.out, part)
    }

    #[track_caller]
    fn complains(&self, part: &str) -> String {
        find(&self.err, part)
    }

    /// Ends it as ctrl-c does.
    #[track_caller]
    pub(crate) fn ends(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // Only this child, and only if the test did not end it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn find(lines: &Receiver<String>, part: &str) -> String {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(HANG) {
            Ok(line) if line.contains(part) => return line,
            Ok(line) => seen.push(line),
            Err(error) => panic!("no {part:?} ({error}) in {seen:#?}"),
        }
    }
}

#[test]
fn every_save_is_built_and_installed_and_a_failure_leaves_the_version_before() {
    let person = Person::new();
    person.has_crate(&wasm(&["run"]));
    let dev = person.dev();
    dev.says("installed roman, version ");
    let line = dev.says("built in ");
    assert!(line.contains("no running server serves it; start one: toolrack serve"), "{line}");
    let installed = || fs::read(person.plugins().join("roman.wasm")).unwrap();
    assert!(installed().starts_with(&wasm(&["run"])), "packed, and else as it was built");
    assert_eq!(fs::read(person.plugins().join("roman.toml")).unwrap(), b"");
    fs::write(person.crate_file("broken"), "").unwrap();
    dev.complains("error: this is broken");
    dev.complains("the build failed; version ");
    let packed = installed();
    assert_ne!(packed, wasm(&["run"]));
    fs::remove_file(person.crate_file("broken")).unwrap();
    dev.says("unchanged roman");
    fs::write(person.crate_file("src/roman.wasm"), b"junk").unwrap();
    dev.says("refused ");
    dev.complains("nothing was installed");
    assert_eq!(installed(), packed);
    fs::write(person.crate_file("src/roman.wasm"), wasm(&["run", "more"])).unwrap();
    dev.says("updated roman from version ");
    assert!(installed().starts_with(&wasm(&["run", "more"])));
    dev.ends();
    let asked = fs::read_to_string(person.crate_file("target/builds")).unwrap();
    let expected =
        "build --release --target wasm32-wasip2 --message-format=json-render-diagnostics";
    assert_eq!(asked.lines().next(), Some(expected));
}

#[test]
fn the_crate_brings_its_manifest_and_messages_name_it() {
    let person = Person::new();
    person.has_crate(&wasm(&["run"]));
    let manifest = "[plugin]\nprefix = \"latin\"\n";
    fs::write(person.crate_file("toolrack.toml"), manifest).unwrap();
    let dev = person.dev();
    dev.says("installed roman");
    assert_eq!(fs::read_to_string(person.plugins().join("roman.toml")).unwrap(), manifest);
    dev.says("built in ");
    fs::write(person.crate_file("toolrack.toml"), "[plugin]\nprefx = 1\n").unwrap();
    dev.says("toolrack.toml:2:1");
    assert_eq!(fs::read_to_string(person.plugins().join("roman.toml")).unwrap(), manifest);
    dev.ends();
}

#[test]
fn a_new_crate_takes_no_name_of_an_installed_plugin() {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).unwrap();
    let manifest = "[plugin]\nprefix = \"\"\n";
    crate::plugins::install(&person.plugins(), "a", manifest, &wasm(&["roman_number"]));
    person.has_crate(&wasm(&["run"]));
    let dev = person.dev();
    let said = dev.says("it takes a name of an installed plugin");
    assert!(said.contains("`roman_number`") && said.contains("set another `prefix`"), "{said}");
    assert!(!person.plugins().join("roman.wasm").exists());
    dev.ends();
}

#[test]
fn what_is_no_save_builds_nothing_and_a_new_directory_is_watched() {
    let person = Person::new();
    person.has_crate(&wasm(&["run"]));
    let dev = person.dev();
    dev.says("built in ");
    for name in ["target/deep", "Cargo.lock", ".hidden", "src/lib.rs~"] {
        fs::write(person.crate_file(name), "").unwrap();
    }
    fs::create_dir(person.crate_file("src/deep")).unwrap();
    dev.says("unchanged roman");
    assert_eq!(person.builds(), 2);
    fs::write(person.crate_file("src/deep/mod.rs"), "").unwrap();
    dev.says("unchanged roman");
    assert_eq!(person.builds(), 3);
    dev.ends();
}

#[test]
fn a_save_during_a_build_is_built_after_it() {
    let person = Person::new();
    person.has_crate(&wasm(&["run"]));
    fs::write(person.crate_file("target/slow"), "").unwrap();
    let dev = person.dev();
    eventually("the build", || (person.builds() == 1).then_some(()));
    fs::write(person.crate_file("src/lib.rs"), "").unwrap();
    fs::remove_file(person.crate_file("target/slow")).unwrap();
    dev.says("installed roman");
    dev.says("unchanged roman");
    assert_eq!(person.builds(), 2);
    dev.ends();
}

#[test]
fn the_end_takes_cargo_along() {
    let person = Person::new();
    person.has_crate(&wasm(&["run"]));
    fs::write(person.crate_file("hangs"), "").unwrap();
    let dev = person.dev();
    let pid = eventually("the build", || {
        let pid = fs::read_to_string(person.crate_file("target/pid")).ok()?;
        pid.ends_with('\n').then(|| pid.trim().to_owned())
    });
    dev.ends();
    let lives = Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().unwrap();
    assert!(!lives.success(), "cargo goes on");
}

#[test]
fn what_the_plugin_writes_in_a_server_is_shown() {
    let person = Person::new();
    let logs = Wat {
        call: "(call $log (i32.const 2) (i32.const 200) (i32.const 11)) (global.get $ok)",
        imports: LOG,
        fields: r#"(data (i32.const 200) "be\1b[31mware")"#,
        ..Wat::default()
    };
    person.has_crate(&logs.build());
    fs::create_dir(person.plugins()).unwrap();
    crate::plugins::install(&person.plugins(), "roman", "", &logs.build());
    let mut server = person.serve(&person.plugins());
    person.status_when(|status| status[0]["state"] == "serving");
    let dev = person.dev();
    dev.says("updated roman");
    server.request("tools/call", json!({ "name": "roman_run" }));
    let line = dev.says("ware");
    assert_eq!(line, "warn roman_run be\\u{1b}[31mware");
    dev.ends();
    let log = person.path("run").join(format!("{}.log", server.pid()));
    assert!(log.exists());
    server.end();
    assert!(!log.exists());
}

#[test]
fn what_holds_no_plugin_is_an_error() {
    let person = Person::new();
    let ran = person.run(&["dev", person.path("").to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("it holds no plugin that can be built"), "{}", ran.err);
}

/// A directory with these files, and programs on the PATH that do what these scripts say.
fn other_language(person: &Person, files: &[&str], program: &str, script: &str) -> Command {
    use std::os::unix::fs::PermissionsExt as _;
    let (plugin, bin) = (person.path("words"), person.path("bin"));
    fs::create_dir_all(&plugin).unwrap();
    fs::create_dir_all(&bin).unwrap();
    for file in files {
        fs::create_dir_all(plugin.join(file).parent().unwrap()).unwrap();
        fs::write(plugin.join(file), "").unwrap();
    }
    let program = bin.join(program);
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = person.command(&["dev"]);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    command.arg(&plugin).env("PATH", path).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn plugins_in_other_languages_are_built_by_their_own_tools() {
    // Each script makes the Wasm that lies beside the sources, and counts.
    let script = "cp source.bin words.wasm && echo built >> .builds && echo says something";
    for (files, program) in [
        (&["go.mod", "main.go", "words.toml"][..], "go"),
        (&["package.json", "tools.js", "words.toml", "node_modules/x"], "npm"),
        (&["main.c", "words.toml"], "clang"),
    ] {
        let person = Person::new();
        let mut command = other_language(&person, files, program, script);
        let source = person.path("words").join("source.bin");
        fs::write(&source, wasm(&["run"])).unwrap();
        let mut child = command.spawn().unwrap();
        let out = read(child.stdout.take().unwrap());
        let err = read(child.stderr.take().unwrap());
        let dev = Dev { child, out, err };
        dev.says("installed words, version ");
        dev.complains("says something");
        dev.says("built in ");
        fs::write(&source, wasm(&["run", "more"])).unwrap();
        dev.says("updated words");
        dev.says("built in ");
        let builds = fs::read_to_string(person.path("words").join(".builds")).unwrap();
        assert_eq!(builds.lines().count(), 2, "{program}: what it makes is no save");
        dev.ends();
    }
}

#[test]
fn a_build_whose_tools_are_missing_says_how_to_get_them() {
    let person = Person::new();
    let mut command = other_language(&person, &["package.json", "words.toml"], "npm", "exit 1");
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("its tools are not installed") && told.contains("npm install"), "{told}");
    let empty = person.path("empty");
    fs::create_dir_all(&empty).unwrap();
    let ran = person.run(&["dev", empty.to_str().unwrap()]);
    assert!(
        ran.code == 2 && ran.err.contains("it holds no plugin that can be built"),
        "{}",
        ran.err
    );
}
