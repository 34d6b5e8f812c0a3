//! `toolrack new`: a plugin to begin with. The files it writes are templates beside this crate's sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::super::output::print::println;
use super::super::{NAME, paint};
use super::language::Lang;
use crate::fs::bounded_read::read_at_most;
use crate::name::PluginName;
use crate::suggestion::CommandName;
use crate::text::{escape, shell_word};
use anyhow::{Context as _, bail};

/// Where the SDK is found that a plugin depends on, if nothing else is said.
const SDK: &str = r#"{ git = "https://github.com/toolrack/toolrack" }"#;
/// The bytes that are read of a crate's manifest to see whether it is the SDK's.
const MAX_CARGO: usize = 64 * 1024;

/// The manifest of a program, and of a component with functions of its own, which its WIT describes.
const PROGRAM: &str = include_str!("../../../templates/program.toml");
const FUNCTIONS: &str = include_str!("../../../templates/functions.toml");
const FUNCTIONS_WIT: &str = include_str!("../../../templates/functions.wit");

/// A file of the new plugin.
struct File {
    path: String,
    text: String,
}

pub(crate) fn run(directory: &Path, lang: Lang, sdk: Option<&Path>) -> anyhow::Result<ExitCode> {
    let shown = escape(&directory.to_string_lossy());
    // `.` has a name too, but does not say it.
    let whole = match directory.file_name() {
        Some(_) => directory.to_owned(),
        None => directory.canonicalize().with_context(|| shown.clone())?,
    };
    let name = whole.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = PluginName::new(name)
        .with_context(|| format!("`{shown}`: the directory's name is to name the plugin"))?;
    let sdk = match (lang, sdk) {
        (Lang::Rust, Some(path)) => by_path(path)?,
        (Lang::Rust, None) => SDK.into(),
        (_, Some(_)) => bail!("--sdk is for Rust: plugins in other languages need no SDK"),
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
    if sdk == SDK {
        println!("\nThe SDK is fetched from its repository; --sdk DIR takes it from a clone.");
    }
    Ok(ExitCode::SUCCESS)
}

/// A dependency on the SDK in this directory.
fn by_path(path: &Path) -> anyhow::Result<String> {
    let shown = escape(&path.to_string_lossy());
    let whole: PathBuf = path.canonicalize().with_context(|| shown.clone())?;
    let manifest = read_at_most(&whole.join("Cargo.toml"), MAX_CARGO).unwrap_or_default();
    let mut lines = manifest.split(|byte| *byte == b'\n');
    if !lines.any(|line| line.trim_ascii_end() == b"name = \"toolrack-sdk\"") {
        bail!("`{shown}` is not toolrack-sdk; --sdk names the directory `plugin-sdk` of a clone");
    }
    // JSON's escapes are TOML's.
    Ok(format!("{{ path = {} }}", serde_json::Value::from(whole.to_string_lossy())))
}

fn files(name: &str, lang: Lang, sdk: &str) -> Vec<File> {
    let (limits, build) = (limits(lang), lang.build(name));
    let file = |path: &str, template: &str| {
        let text = template.replace("{name}", name).replace("{sdk}", sdk);
        let text = text.replace("{limits}", limits).replace("{build}", &build);
        File { path: path.replace("{name}", name), text }
    };
    match lang {
        Lang::Rust => vec![
            file("Cargo.toml", include_str!("../../../templates/rust/Cargo.toml")),
            file("src/lib.rs", include_str!("../../../templates/rust/lib.rs")),
            file("{name}.toml", include_str!("../../../templates/rust/manifest.toml")),
            file(".gitignore", include_str!("../../../templates/rust/gitignore")),
        ],
        Lang::C => vec![
            file("main.c", include_str!("../../../templates/c/main.c")),
            file("{name}.toml", PROGRAM),
            file(".gitignore", include_str!("../../../templates/c/gitignore")),
        ],
        Lang::Go => vec![
            file("main.go", include_str!("../../../templates/go/main.go")),
            file("go.mod", include_str!("../../../templates/go/go.mod")),
            file("{name}.toml", PROGRAM),
            file(".gitignore", include_str!("../../../templates/go/gitignore")),
        ],
        Lang::Js => vec![
            file("tools.js", include_str!("../../../templates/js/tools.js")),
            file("package.json", include_str!("../../../templates/js/package.json")),
            file("{name}.wit", FUNCTIONS_WIT),
            file("{name}.toml", FUNCTIONS),
            file(".gitignore", include_str!("../../../templates/js/gitignore")),
        ],
        Lang::Python => vec![
            file("app.py", include_str!("../../../templates/python/app.py")),
            file("requirements.txt", include_str!("../../../templates/python/requirements.txt")),
            file("{name}.wit", FUNCTIONS_WIT),
            file("{name}.toml", FUNCTIONS),
            file(".gitignore", include_str!("../../../templates/python/gitignore")),
        ],
        Lang::Assemblyscript => vec![
            file("main.ts", include_str!("../../../templates/assemblyscript/main.ts")),
            file("package.json", include_str!("../../../templates/assemblyscript/package.json")),
            file("{name}.toml", PROGRAM),
            file(".gitignore", include_str!("../../../templates/assemblyscript/gitignore")),
        ],
    }
}

/// Returns the limits that the language's runtime needs to start.
fn limits(lang: Lang) -> &'static str {
    match lang {
        Lang::Rust | Lang::C | Lang::Js | Lang::Python | Lang::Assemblyscript => "",
        Lang::Go => "# Go's runtime and its garbage collector.\n[limits]\nmemory = \"128MiB\"\n\n",
    }
}

fn next(name: &PluginName, directory: &str, lang: Lang) -> String {
    let tool = name.as_str().replace('-', "_");
    let tool = format!("{tool}_count_words");
    let call = CommandName::Call.with([tool.as_str(), "text=to be or not to be"]).to_string();
    let is_here = Path::new(directory) == Path::new(".");
    let enter = (!is_here).then(|| format!("cd {}", shell_word(directory)));
    match lang {
        Lang::Rust => format!(
            "  {}cargo test\n  rustup target add wasm32-wasip2\n  {}    # builds and \
             installs on every save; leave it running, and in another terminal:\n  {call}",
            enter.map(|enter| enter + " && ").unwrap_or_default(),
            CommandName::Dev.alone()
        ),
        Lang::C | Lang::Go | Lang::Js | Lang::Python | Lang::Assemblyscript => {
            let build = lang.build(name.as_str());
            let add = CommandName::Add.with([format!("{name}.toml")]).to_string();
            let lines = [enter.as_deref(), lang.prepare(), Some(&build), Some(&add), Some(&call)];
            lines
                .into_iter()
                .flatten()
                .map(|line| format!("  {line}"))
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

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
            let program =
                files.iter().all(|file| !file.path.ends_with(".wit")) && *lang != Lang::Rust;
            assert_eq!(read.tools.len(), usize::from(program));
        }
    }
}
