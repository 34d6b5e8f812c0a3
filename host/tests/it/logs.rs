//! `toolrack logs`: what servers wrote, after they have ended.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::guest::{LOG, Wat};
use crate::person::{Person, eventually};
use crate::plugins;

/// A plugin whose calls log the text `said it` as a warning.
fn talkative() -> Vec<u8> {
    let call = "(call $log (i32.const 2) (i32.const 200) (i32.const 7)) (global.get $ok)";
    Wat { call, imports: LOG, fields: r#"(data (i32.const 200) "said it")"#, ..Wat::default() }
        .build()
}

#[test]
fn what_ended_servers_and_their_plugins_wrote_is_shown() {
    let (person, good) = (Person::new(), plugins::good());
    plugins::install(good.path(), "talks", "", &talkative());
    assert_eq!(person.run(&["logs"]).out, "nothing was logged\n");
    let mut server = person.serve(good.path());
    assert_eq!(server.text("talks_run"), "ok");
    assert_eq!(server.text("good_run"), "ok");
    let pid = server.pid();
    server.end();
    let all = person.run(&["logs"]).out;
    assert!(all.contains("serving") && all.contains(&format!("[{pid}] ")), "{all}");
    let of_plugin = person.run(&["logs", "talks"]).out;
    assert!(of_plugin.lines().all(|line| line.contains("talks")), "{of_plugin}");
    assert!(of_plugin.contains("WARN") && of_plugin.contains("talks_run: said it"), "{of_plugin}");
    let one = person.run(&["logs", "-n", "1", "--json"]).out;
    let line: Value = serde_json::from_str(&one).expect("one JSON line");
    assert_eq!(line["pid"], pid);
    fs::create_dir_all(person.plugins()).unwrap();
    plugins::install(&person.plugins(), "quiet", "", &talkative());
    assert_eq!(person.run(&["logs", "quiet"]).out, "nothing was logged of quiet\n");
    let nobody = person.run(&["logs", "quite"]);
    assert!(nobody.code == 2 && nobody.err.contains("did you mean `quiet`?"), "{}", nobody.err);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(person.path("log")), 0o700);
        assert_eq!(mode(person.path("log").join("toolrack.log")), 0o600);
    }
}

#[test]
fn what_a_server_says_of_a_plugin_is_found_by_its_name() {
    let (person, good) = (Person::new(), plugins::good());
    // A plugin is known by its name, and one that was never served by its file's.
    plugins::install(good.path(), "file", "[plugin]\nname = \"talks\"\n", &talkative());
    plugins::install(good.path(), "broken", "[limits]\nfule = 1\n", &talkative());
    let mut server = person.serve(good.path());
    server.logs("fule");
    fs::write(good.path().join("file.local.toml"), "[limits]\nmemroy = 1\n").unwrap();
    server.logs("memroy");
    server.end();
    for (name, expected, of_another) in
        [("talks", "unknown key `memroy`", "fule"), ("broken", "unknown key `fule`", "memroy")]
    {
        let told = person.run(&["logs", name]).out;
        assert!(told.contains(expected) && !told.contains(of_another), "{told}");
    }
}

#[test]
fn what_is_written_is_followed() {
    let (person, good) = (Person::new(), plugins::good());
    plugins::install(good.path(), "talks", "", &talkative());
    let mut follows = person.command(&["logs", "-f", "talks"]);
    let mut follows = follows.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follows.stdout.take().unwrap()).lines();
    let mut server = person.serve(good.path());
    assert_eq!(server.text("talks_run"), "ok");
    let said = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("said it")));
    assert!(said.is_some());
    follows.kill().unwrap();
    follows.wait().unwrap();
}

#[test]
fn a_server_whose_log_cannot_be_kept_serves_and_says_so() {
    let (person, good) = (Person::new(), plugins::good());
    fs::create_dir_all(person.path("")).unwrap();
    fs::write(person.path("log"), "in its place").unwrap();
    let mut server = person.serve(good.path());
    assert_eq!(server.text("good_run"), "ok");
    let told = server.logs("the log is not kept on disk");
    assert!(told.contains("it is not a directory"), "{told}");
    eventually("the file stays", || fs::read(person.path("log")).ok());
}
