//! What `toolrack new` makes: built and called as its reader would, one language after the other.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::command::{self, cargo, step};
use crate::places::Places;
use crate::targets::COMPONENT;

/// Succeeds where clang finds a C library for WASI.
const C: &str = "clang-14 --target=wasm32-wasi -include stdio.h -x c -fsyntax-only /dev/null";
const CALL: [&str; 3] = ["call", "word_count_count_words", "text=to be or not to be"];

/// Makes, builds and calls a plugin in each language whose compiler is here. `host` is the binary.
pub(crate) fn run(places: &Places, host: &Path) -> Result<()> {
    let stage = places.target()?.join("new");
    let languages = [("rust", "cargo --version"), ("go", "go version"), ("c", C)];
    for (lang, compiler) in languages {
        let mut words = compiler.split(' ');
        let mut compiler = Command::new(words.next().unwrap_or_default());
        if !command::succeeds(compiler.args(words)) {
            step(&format!("NOT testing a new plugin in {lang}: its compiler is not here"));
            continue;
        }
        step(&format!("testing a new plugin in {lang}"));
        let _ = fs::remove_dir_all(&stage);
        let (plugins, directory) = (stage.join("plugins"), stage.join("word-count"));
        fs::create_dir_all(&plugins)?;
        let mut new = Command::new(host);
        new.arg("new").arg(&directory).args(["--lang", lang]);
        if lang == "rust" {
            new.arg("--sdk").arg(places.root.join("plugin-sdk"));
        }
        command::run(&mut new, "the message above says why")?;
        build(places, lang, &directory)?;
        for file in ["word-count.toml", "word-count.wasm"] {
            fs::copy(directory.join(file), plugins.join(file))?;
        }
        let mut call = Command::new(host);
        let answer = command::capture(call.args(CALL).arg("--plugins").arg(&plugins))?;
        ensure!(answer.contains('6'), "a new plugin in {lang} answered: {answer}");
    }
    Ok(())
}

/// Builds as the template tells its reader to.
fn build(places: &Places, lang: &str, directory: &Path) -> Result<()> {
    let advice = "the compiler's message above names the place";
    let wasm = directory.join("word-count.wasm");
    match lang {
        "rust" => {
            // The versions and the artefacts of our own plugins: nothing is fetched or built anew.
            fs::copy(places.plugins.with_extension("lock"), directory.join("Cargo.lock"))?;
            let target = places.plugins.with_file_name("target");
            let mut build = cargo(&["build", "--release", "--target", COMPONENT]);
            build.current_dir(directory).env("CARGO_TARGET_DIR", &target);
            command::run(&mut build, advice)?;
            fs::copy(target.join(COMPONENT).join("release/word_count.wasm"), wasm)?;
            Ok(())
        }
        "go" => {
            let mut build = Command::new("go");
            build.args(["build", "-o", "word-count.wasm", "."]).current_dir(directory);
            command::run(build.env("GOOS", "wasip1").env("GOARCH", "wasm"), advice)
        }
        _ => {
            let mut build = Command::new("clang-14");
            build.args(["--target=wasm32-wasi", "-O2", "-o", "word-count.wasm", "main.c"]);
            command::run(build.current_dir(directory), advice)
        }
    }
}
