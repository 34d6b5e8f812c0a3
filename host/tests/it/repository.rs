//! Repositories made and asked by git itself, which needs to be installed: nobody's configuration, and a clock that
//! goes on by an hour with each command.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

/// When the first command is run.
const BEGINNING: u64 = 1_700_000_000;

/// Git in one directory.
pub(crate) struct Git {
    directory: PathBuf,
    now: Cell<u64>,
}

impl Git {
    pub(crate) fn at(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), now: Cell::new(BEGINNING) }
    }

    /// What git prints, which has to succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let (good, text) = self.tried(arguments);
        assert!(good, "git {}: {text}", arguments.join(" "));
        text
    }

    /// True if git succeeds, and what it prints.
    pub(crate) fn tried(&self, arguments: &[&str]) -> (bool, String) {
        self.now.set(self.now.get() + 3_600);
        let date = format!("{} +0000", self.now.get());
        let mut command = Command::new("git");
        command.args([
            "-c",
            "core.quotePath=false",
            "-c",
            "protocol.file.allow=always",
            "--no-pager",
        ]);
        command.args(arguments).current_dir(&self.directory);
        let kept = ["PATH", "SYSTEMROOT", "TEMP", "TMP"].map(|name| (name, std::env::var_os(name)));
        command.env_clear();
        command.envs(kept.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada Lovelace");
            command.env(format!("GIT_{who}_EMAIL"), "ada@example.org");
            command.env(format!("GIT_{who}_DATE"), &date);
        }
        let output = command.output().expect("git, which has to be installed for this test");
        let text = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// What git finds wrong with the repository.
    pub(crate) fn faults(&self) -> String {
        let (good, text) =
            self.tried(&["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
        if good { String::new() } else { format!("  git fsck: {text}\n") }
    }
}
