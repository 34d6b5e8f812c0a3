//! A computer with a home directory, a project and a PATH of its own, on which MCP clients keep their files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::client::toolrack;
use crate::person::Ran;

/// A computer without clients.
pub(crate) struct Machine(TempDir);

impl Machine {
    pub(crate) fn new() -> Self {
        let machine = Self(TempDir::new().expect("a directory"));
        for directory in ["home", "project", "bin"] {
            fs::create_dir(machine.path(directory)).expect("made");
        }
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = toolrack();
        for name in ["XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME"] {
            command.env_remove(name);
        }
        let home = self.path("home");
        command.env("HOME", &home).env("USERPROFILE", &home).env("APPDATA", home.join("AppData"));
        command.env("PATH", self.path("bin")).env("TOOLRACK_HOME", self.path("toolrack"));
        command.current_dir(self.path("project")).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } =
            self.command(arguments).output().expect("the binary");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: status.code().expect("a code"), out: text(stdout), err: text(stderr) }
    }

    #[track_caller]
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    #[track_caller]
    pub(crate) fn cannot(&self, arguments: &[&str], code: i32, parts: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
        for part in parts {
            assert!(ran.err.contains(part), "no {part:?} in {}", ran.err);
        }
        ran
    }

    /// The file of `client`, by what `register --print` says.
    pub(crate) fn file(&self, client: &str, more: &[&str]) -> PathBuf {
        let out = self.does(&[&["register", client, "--print"], more].concat());
        let first = out.lines().next().expect("a line");
        first.split_once(": ").expect("a title and a path").1.into()
    }

    /// Everything on this computer but what toolrack keeps for itself.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for directory in ["home", "project"] {
            add(&self.path(directory), &mut found);
        }
        found
    }
}

fn add(path: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(path).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            add(&path, found);
        } else {
            let bytes = fs::read(&path).expect("readable");
            found.insert(path, bytes);
        }
    }
}

/// Writes a file, with its directories.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(path, bytes).expect("written");
}
