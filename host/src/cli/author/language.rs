//! The languages that plugins are written in, as far as this program knows how each is built.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::reload::is_manifest;

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// A Rust library with toolrack-sdk: functions are tools
    Rust,
    /// A C program, built by clang with wasi-libc: its manifest declares the tools
    C,
    /// A Go program, built with GOOS=wasip1: its manifest declares the tools
    Go,
    /// JavaScript by componentize-qjs: the functions of a .wit are tools
    #[value(alias = "javascript")]
    Js,
    /// Python by componentize-py: the functions of a .wit are tools
    Python,
    /// An AssemblyScript program: its manifest declares the tools
    Assemblyscript,
}

impl Lang {
    /// The language of the plugin in `directory`, by a file that its build needs.
    pub(crate) fn of(directory: &Path) -> Option<Self> {
        let signs = [
            ("Cargo.toml", Self::Rust),
            ("go.mod", Self::Go),
            ("package.json", Self::Js),
            ("app.py", Self::Python),
            ("main.c", Self::C),
        ];
        let sign = signs.into_iter().find(|(file, _)| directory.join(file).is_file());
        sign.map(|(_, lang)| lang)
    }

    /// The variables and words of the command that makes `NAME.wasm` in the plugin's directory.
    fn words(self, name: &str) -> (&'static [(&'static str, &'static str)], Vec<String>) {
        let wasm = format!("{name}.wasm");
        let line = match self {
            Self::Rust => "cargo build --release --target wasm32-wasip2".into(),
            Self::C => format!("clang --target=wasm32-wasi -O2 -o {wasm} main.c"),
            Self::Go => format!("go build -o {wasm} ."),
            Self::Js | Self::Assemblyscript => "npm run build".into(),
            Self::Python => format!(
                ".venv/bin/componentize-py -d {name}.wit -w tools componentize app -o {wasm}"
            ),
        };
        let variables: &[_] = match self {
            Self::Go => &[("GOOS", "wasip1"), ("GOARCH", "wasm")],
            Self::Rust | Self::C | Self::Js | Self::Python | Self::Assemblyscript => &[],
        };
        (variables, line.split(' ').map(str::to_owned).collect())
    }

    /// The command that makes `NAME.wasm`, as a person types it.
    pub(crate) fn build(self, name: &str) -> String {
        let (variables, words) = self.words(name);
        let variables = variables.iter().map(|(name, value)| format!("{name}={value}"));
        variables.chain(words).collect::<Vec<_>>().join(" ")
    }

    /// The same command, to be run in `directory`.
    pub(crate) fn command(self, name: &str, directory: &Path) -> Command {
        let (variables, words) = self.words(name);
        let program = match words[0].contains('/') {
            true => directory.join(&words[0]),
            false => PathBuf::from(&words[0]),
        };
        let mut command = Command::new(program);
        command.args(&words[1..]).envs(variables.iter().copied()).current_dir(directory);
        command
    }

    /// Returns the command that is run once before the first build: it installs the language's own tools for this
    /// directory.
    pub(crate) fn prepare(self) -> Option<&'static str> {
        match self {
            Self::Rust | Self::C | Self::Go => None,
            Self::Js | Self::Assemblyscript => Some("npm install"),
            Self::Python => {
                Some("python3 -m venv .venv && .venv/bin/pip install -r requirements.txt")
            }
        }
    }

    /// True if that was done in `directory`.
    pub(crate) fn is_prepared(self, directory: &Path) -> bool {
        match self {
            Self::Rust | Self::C | Self::Go => true,
            Self::Js | Self::Assemblyscript => directory.join("node_modules").is_dir(),
            Self::Python => directory.join(".venv").is_dir(),
        }
    }
}

/// The name of the plugin in `directory`, which is not built by cargo: that of its only manifest, or of the directory.
pub(crate) fn plugin_name(directory: &Path) -> Option<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut manifests =
        names.filter(|name| is_manifest(name) && name != "pyproject.toml").collect::<Vec<_>>();
    match (manifests.pop(), manifests.is_empty()) {
        (Some(only), true) => only.strip_suffix(".toml").map(str::to_owned),
        _ => directory.file_name()?.to_str().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_run_as_it_is_shown() {
        assert_eq!(Lang::Go.build("p"), "GOOS=wasip1 GOARCH=wasm go build -o p.wasm .");
        let command = Lang::Go.command("p", Path::new("/d"));
        assert_eq!(command.get_program(), "go");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["build", "-o", "p.wasm", "."]);
        assert_eq!(command.get_envs().count(), 2);
        let command = Lang::Python.command("p", Path::new("/d"));
        assert_eq!(command.get_program(), Path::new("/d/.venv/bin/componentize-py"));
    }

    #[test]
    fn the_language_and_the_name_are_those_of_the_files() {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("plugin");
        std::fs::create_dir(&directory).expect("made");
        let write = |name: &str| std::fs::write(directory.join(name), "").expect("written");
        assert_eq!(Lang::of(&directory), None);
        assert_eq!(plugin_name(&directory).as_deref(), Some("plugin"));
        write("app.py");
        write("words.toml");
        write("pyproject.toml");
        write("words.local.toml");
        assert_eq!(Lang::of(&directory), Some(Lang::Python));
        assert_eq!(plugin_name(&directory).as_deref(), Some("words"));
        write("more.toml");
        assert_eq!(plugin_name(&directory).as_deref(), Some("plugin"));
        write("Cargo.toml");
        assert_eq!(Lang::of(&directory), Some(Lang::Rust));
    }
}
