//! Schemas that compiled under one host: another knows it, checks by them all the same, and takes no other
//! for them.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use tempfile::TempDir;

use crate::client::toolrack;
use crate::guest::Wat;
use crate::plugins::install;

const STRICT: &str = r#"{"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}}"#;
const WRONG: &str = r#"{"type":"object","properties":{"a":{"type":"nonsense"}}}"#;

/// A directory with one plugin, `a`, and the home of hosts that load it one after the other.
struct Served {
    plugins: TempDir,
    home: TempDir,
}

impl Served {
    fn new(manifest: &str, wat: &Wat<'_>) -> Self {
        let served = Self { plugins: TempDir::new().unwrap(), home: TempDir::new().unwrap() };
        install(served.plugins.path(), "a", manifest, &wat.build());
        served
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = toolrack();
        let (name, options) = arguments.split_first().unwrap();
        command.arg(name).arg("--plugins").arg(self.plugins.path()).args(options);
        command.env("TOOLRACK_HOME", self.home.path()).output().unwrap()
    }

    /// What a host that starts now says of a call with `arguments`.
    fn calls(&self, arguments: &str) -> String {
        let output = self.run(&["call", "a_run", arguments]);
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    }

    fn is_good(&self) -> bool {
        self.run(&["check"]).status.success()
    }

    /// What is known of schemas.
    fn known(&self) -> Vec<PathBuf> {
        let directory = self.home.path().join("cache");
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "passed")).collect()
    }
}

#[test]
fn arguments_are_checked_by_a_schema_that_is_known_as_by_a_new_one() {
    let served = Served::new("", &Wat { input_schema: STRICT, ..Wat::default() });
    let refused = served.calls(r#"{"a":"x"}"#);
    assert!(refused.contains(r#"`a` takes an integer; "x" was given"#), "{refused}");
    assert_eq!(served.known().len(), 1);
    assert_eq!(served.calls(r#"{"a":"x"}"#), refused);
    assert_eq!(served.calls("{}").matches("`a` is missing").count(), 1);
    assert!(served.calls(r#"{"a":1}"#).contains("ok"));
}

#[test]
fn answers_are_checked_by_a_schema_that_is_known() {
    let fields = r#"(data (i32.const 0) "{}")"#;
    let call = "(call $structured (i32.const 0) (i32.const 2))";
    let served =
        Served::new("", &Wat { output_schema: Some(STRICT), call, fields, ..Wat::default() });
    for _ in 0..2 {
        let refused = served.calls("{}");
        assert!(refused.contains("breaks its output schema"), "{refused}");
    }
}

#[test]
fn what_is_no_schema_is_refused_each_time() {
    let served = Served::new("", &Wat { input_schema: WRONG, ..Wat::default() });
    for _ in 0..3 {
        let output = served.run(&["check"]);
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(shown.contains("not valid JSON Schema"), "{shown}");
        assert_eq!(served.known(), Vec::<PathBuf>::new());
    }
}

#[test]
fn the_schema_of_a_hidden_tool_is_not_known() {
    let hidden = "[[tools]]\nname = \"run\"\nhidden = true\n";
    let served = Served::new(hidden, &Wat { input_schema: WRONG, ..Wat::default() });
    assert!(served.is_good());
    fs::write(served.plugins.path().join("a.toml"), "").unwrap();
    assert!(!served.is_good());
}

#[test]
fn what_is_known_cannot_be_planted() {
    let good = Served::new("", &Wat { input_schema: STRICT, ..Wat::default() });
    assert!(good.is_good());
    let [known] = &good.known()[..] else { panic!("{:?}", good.known()) };
    let whole = fs::read(known).unwrap();
    for planted in [&b""[..], &[0; 32], &whole[1..]] {
        fs::write(known, planted).unwrap();
        assert!(good.is_good());
        assert_eq!(fs::read(known).unwrap(), whole, "it is made anew");
    }
}
