//! `cargo xtask fuzz`: invented input at the host's borders, for as long as one likes.
//!
//! libFuzzer follows what is executed and so finds ways in, but builds all of the host with its
//! instrumentation first. The tests' own driver changes seeds blindly, and takes the tests' build.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::{self, cargo_on, step};
use crate::places::Places;
use crate::tools::FUZZ;

/// How long each target is tried if nobody says so.
const MINUTES: f64 = 1.0;

struct Options<'a> {
    target: Option<&'a str>,
    seconds: u64,
    blind: bool,
    release: bool,
}

/// Fuzzes one target, or one after the other.
pub(crate) fn run(places: &Places, words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    let mut targets = targets(&places.root.join("fuzz/targets"))?;
    if let Some(name) = options.target {
        let all = targets.join(", ");
        targets.retain(|target| target == name);
        ensure!(!targets.is_empty(), "there is no target `{name}`; there are {all}");
    }
    if options.blind { blindly(places, &options) } else { guided(places, &options, &targets) }
}

impl<'a> Options<'a> {
    fn parse(words: &[&'a str]) -> Result<Self> {
        let mut options = Self { target: None, seconds: 0, blind: false, release: false };
        let mut minutes = MINUTES;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--minutes" => {
                    let number = words.next().and_then(|number| number.parse().ok());
                    minutes = number.context("`--minutes` wants a number, like 0.5")?;
                    ensure!(
                        minutes > 0.0 && minutes < 10_000.0,
                        "`--minutes {minutes}` is no time to fuzz"
                    );
                }
                "--blind" => options.blind = true,
                "--release" => options.release = true,
                option if option.starts_with('-') => bail!("there is no `{option}`"),
                target => options.target = Some(target),
            }
        }
        options.seconds = (minutes * 60.0).ceil() as u64;
        Ok(options)
    }
}

/// With the tests' driver. All targets at once, as many as there are processors.
fn blindly(places: &Places, options: &Options<'_>) -> Result<()> {
    step(&format!("fuzzing blindly, {} s a target", options.seconds));
    let mut tests = cargo_on(&places.host, &["test"], &["--package", "toolrack", "--lib"]);
    tests.args(crate::build::points());
    if options.release {
        tests.arg("--release");
    }
    let one = options.target.map(|target| format!("fuzz::tests::{target}"));
    tests.args(["--", "--nocapture"]);
    match &one {
        Some(test) => tests.args(["--exact", test]),
        None => tests.arg("fuzz::tests::"),
    };
    tests.env("TOOLRACK_FUZZ_SECONDS", options.seconds.to_string());
    command::run(
        &mut tests,
        "put the file it names into fuzz/corpus/NAME/: the tests then try it first",
    )
}

/// With libFuzzer, one target after the other.
fn guided(places: &Places, options: &Options<'_>, targets: &[String]) -> Result<()> {
    let program = FUZZ.program(places)?;
    let folder = places.target()?.join("fuzz");
    for target in targets {
        step(&format!("fuzzing {target} for {} s", options.seconds));
        let found = folder.join("corpus").join(target);
        let kept = places.root.join("fuzz/corpus").join(target);
        fs::create_dir_all(&found)?;
        let mut fuzz = std::process::Command::new(&program);
        fuzz.current_dir(&places.root).env("TOOLRACK_FUZZ_CORPUS", &found);
        // Nearly all of it is safe Rust: its own checks find more than a sanitizer, and cost less.
        fuzz.args(["run", "--sanitizer", "none", "--target-dir"]).arg(folder.join("build"));
        fuzz.arg(target).arg(&found);
        if kept.is_dir() {
            fuzz.arg(&kept);
        }
        fuzz.args(["--", "-timeout=30", "-rss_limit_mb=4096"]);
        fuzz.arg(format!("-max_total_time={}", options.seconds));
        command::run(
            &mut fuzz,
            "put the file it names into fuzz/corpus/NAME/: the tests then try it first",
        )?;
    }
    Ok(())
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
