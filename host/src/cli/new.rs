//! `toolrack new`: a plugin to begin with. The files it writes are templates beside this crate's sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::println;
use anyhow::{Context as _, bail};
use clap::ValueEnum;

use super::{NAME, paint};
use crate::name::PluginName;
use crate::text::escape;

/// What a plugin is written in.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Lang {
    /// A Rust library with toolrack-sdk: functions are tools
    Rust,
    /// A C program, built by clang with wasi-libc: its manifest declares the tools
    C,
    /// A Go program, built with GOOS=wasip1: its manifest declares the tools
    Go,
}

/// Where the SDK is found that a plugin depends on, if nothing else is said.
const SDK: &str = r#"{ git = "https://github.com/toolrack/toolrack" }"#;

/// A file of the new plugin.
struct File {
    path: String,
    text: String,
}

pub(super) fn run(directory: &Path, lang: Lang, sdk: Option<&Path>) -> anyhow::Result<ExitCode> {
    let shown = escape(&directory.to_string_lossy());
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = PluginName::new(name)
        .with_context(|| format!("`{shown}`: the directory's name is to name the plugin"))?;
    let sdk = match (lang, sdk) {
        (Lang::Rust, Some(path)) => by_path(path)?,
        (Lang::Rust, None) => SDK.into(),
        (_, Some(_)) => bail!("--sdk is for Rust: programs in other languages need no SDK"),
        (_, None) => String::new(),
    };
    if fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("`{shown}` is there already, and not empty; choose another name");
    }
    for file in files(name.as_str(), lang, &sdk) {
        let path = directory.join(file.path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        written
            .and_then(|()| fs::write(&path, file.text))
            .with_context(|| escape(&path.to_string_lossy()))?;
    }
    println!("made {} in {shown}", paint(NAME, &name));
    println!("\nGo on with:\n{}", next(&name, &shown, lang));
    Ok(ExitCode::SUCCESS)
}

/// A dependency on the SDK in this directory.
fn by_path(path: &Path) -> anyhow::Result<String> {
    let shown = escape(&path.to_string_lossy());
    let whole: PathBuf = path.canonicalize().with_context(|| shown.clone())?;
    if !whole.join("Cargo.toml").is_file() {
        bail!("`{shown}` holds no Cargo.toml; --sdk names the directory `plugin-sdk` of a clone");
    }
    // JSON's escapes are TOML's.
    Ok(format!("{{ path = {} }}", serde_json::Value::from(whole.to_string_lossy())))
}

fn files(name: &str, lang: Lang, sdk: &str) -> Vec<File> {
    let (limits, build) = (limits(lang), build(name, lang));
    let file = |path: &str, template: &str| {
        let text = template.replace("{name}", name).replace("{sdk}", sdk);
        let text = text.replace("{limits}", limits).replace("{build}", &build);
        File { path: path.replace("{name}", name), text }
    };
    match lang {
        Lang::Rust => vec![
            file("Cargo.toml", include_str!("../../templates/rust/Cargo.toml")),
            file("src/lib.rs", include_str!("../../templates/rust/lib.rs")),
            file("{name}.toml", include_str!("../../templates/rust/manifest.toml")),
            file(".gitignore", include_str!("../../templates/rust/gitignore")),
        ],
        Lang::C => vec![
            file("main.c", include_str!("../../templates/c/main.c")),
            file("{name}.toml", include_str!("../../templates/program.toml")),
            file(".gitignore", include_str!("../../templates/c/gitignore")),
        ],
        Lang::Go => vec![
            file("main.go", include_str!("../../templates/go/main.go")),
            file("go.mod", include_str!("../../templates/go/go.mod")),
            file("{name}.toml", include_str!("../../templates/program.toml")),
            file(".gitignore", include_str!("../../templates/go/gitignore")),
        ],
    }
}

/// How the Wasm is made.
fn build(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Rust => "cargo build --release --target wasm32-wasip2".into(),
        Lang::C => format!("clang --target=wasm32-wasi -O2 -o {name}.wasm main.c"),
        Lang::Go => format!("GOOS=wasip1 GOARCH=wasm go build -o {name}.wasm ."),
    }
}

/// What the language's own start needs.
fn limits(lang: Lang) -> &'static str {
    match lang {
        Lang::Rust | Lang::C => "",
        Lang::Go => "# Go's runtime and its garbage collector.\n[limits]\nmemory = \"128MiB\"\n\n",
    }
}

fn next(name: &PluginName, directory: &str, lang: Lang) -> String {
    let tool = name.as_str().replace('-', "_");
    let call = format!("toolrack call {tool}_count_words text='to be or not to be'");
    match lang {
        Lang::Rust => format!(
            "  cd {directory} && cargo test\n  rustup target add wasm32-wasip2\n  toolrack dev    # builds and \
             installs on every save\n  {call}"
        ),
        Lang::C | Lang::Go => {
            let build = build(name.as_str(), lang);
            format!("  cd {directory} && {build}\n  toolrack add {name}.toml\n  {call}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn every_template_has_a_good_manifest_and_nothing_left_to_fill_in() {
        for lang in Lang::value_variants() {
            let files = files("word-count", *lang, "\"0.1\"");
            for file in &files {
                for hole in ["{name}", "{sdk}", "{limits}", "{build}"] {
                    assert!(!file.text.contains(hole), "{hole} in {}", file.path);
                }
            }
            let manifest = files.iter().find(|file| file.path == "word-count.toml").expect("one");
            let read = Manifest::parse(&manifest.path, &manifest.text);
            let read = read.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.name.as_str(), "word-count");
            assert_eq!(read.tools.len(), usize::from(*lang != Lang::Rust));
        }
    }
}
