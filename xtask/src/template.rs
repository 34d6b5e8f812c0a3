//! What `toolrack new` makes in Rust: built and called as its reader would.
//!
//! The other languages need toolchains of their own; `tests/clients/languages.py` installs and tries them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::command::{self, cargo, step};
use crate::places::Places;
use crate::targets::COMPONENT;

const CALL: [&str; 3] = ["call", "word_count_count_words", "text=to be or not to be"];

/// Makes, builds and calls a plugin. `host` is the binary.
pub(crate) fn run(places: &Places, host: &Path) -> Result<()> {
    step("testing a new plugin in Rust");
    step(
        "NOT testing new plugins in other languages: tests/clients/run does, with their toolchains",
    );
    let stage = places.target()?.join("new");
    let _ = fs::remove_dir_all(&stage);
    let (plugins, directory) = (stage.join("plugins"), stage.join("word-count"));
    fs::create_dir_all(&plugins)?;
    let mut new = Command::new(host);
    new.arg("new").arg(&directory).arg("--sdk").arg(places.root.join("plugin-sdk"));
    command::run(&mut new, "the message above says why")?;
    // The versions and the artefacts of our own plugins: nothing is fetched or built anew.
    fs::copy(places.plugins.with_extension("lock"), directory.join("Cargo.lock"))?;
    let target = places.plugins.with_file_name("target");
    let mut build = cargo(&["build", "--release", "--target", COMPONENT]);
    build.current_dir(&directory).env("CARGO_TARGET_DIR", &target);
    command::run(&mut build, "the compiler's message above names the place")?;
    let built = target.join(COMPONENT).join("release/word_count.wasm");
    fs::copy(built, plugins.join("word-count.wasm"))?;
    fs::copy(directory.join("word-count.toml"), plugins.join("word-count.toml"))?;
    let mut call = Command::new(host);
    let answer = command::capture(call.args(CALL).arg("--plugins").arg(&plugins))?;
    ensure!(answer.contains('6'), "a new plugin in Rust answered: {answer}");
    Ok(())
}
