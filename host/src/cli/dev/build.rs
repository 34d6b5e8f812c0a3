//! A build as a child: started, listened to, ended; and the plugin that it has built, as cargo says, or in its place.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::super::author::language::Lang;
use super::super::output::print::eprintln;
use super::event::DevEvent;
use super::messages::{Artifact, Messages};
use crate::text::escape;

/// The bytes of cargo's messages that are read at most.
const MAX_CARGO_OUTPUT: u64 = 256 * 1024 * 1024;

/// The way in which a plugin is built.
#[derive(Clone, Debug)]
pub(super) enum Recipe {
    /// By cargo: the package, where there are several.
    Cargo(Option<String>),
    /// By the command of another language, which makes the plugin of this name.
    Command(Lang, String),
}

impl Recipe {
    /// The package that is meant, if one was named.
    pub(super) fn package(&self) -> Option<&str> {
        match self {
            Self::Cargo(package) => package.as_deref(),
            Self::Command(..) => None,
        }
    }
}

/// A build that runs. Dropping it ends the child and what that started.
pub(super) struct Build {
    child: Child,
}

impl Build {
    /// Starts to build in `root`. Errors go to stderr, as the author knows them; when the child has said all, there is
    /// an event.
    pub(super) fn start(
        root: &Path,
        recipe: &Recipe,
        events: Sender<DevEvent>,
    ) -> anyhow::Result<Self> {
        match recipe {
            Recipe::Cargo(package) => Self::cargo(root, package.as_deref(), events),
            Recipe::Command(lang, name) => Self::command(root, *lang, name, events),
        }
    }

    fn command(
        root: &Path,
        lang: Lang,
        name: &str,
        events: Sender<DevEvent>,
    ) -> anyhow::Result<Self> {
        if let Some(prepare) = lang.prepare().filter(|_| !lang.is_prepared(root)) {
            bail!("its tools are not installed; in its directory, run: {prepare}");
        }
        let mut command = lang.command(name, root);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        apart(&mut command);
        let line = lang.build(name);
        let mut child =
            command.spawn().with_context(|| format!("`{}` cannot be started", escape(&line)))?;
        let stdout = child.stdout.take();
        let build = Self { child };
        let artifact = Artifact {
            package: name.to_owned(),
            directory: root.to_owned(),
            wasm: root.join(format!("{name}.wasm")),
        };
        // It ends with the command's output.
        std::thread::Builder::new().name("build".into()).spawn(move || {
            let lines = stdout.map(|stdout| BufReader::new(stdout.take(MAX_CARGO_OUTPUT)).lines());
            for line in lines.into_iter().flatten().map_while(Result::ok) {
                eprintln!("{}", escape(&line));
            }
            // Nobody listens once the command is over.
            let _ = events.send(DevEvent::Built(Messages { artifacts: vec![artifact] }));
        })?;
        Ok(build)
    }

    fn cargo(root: &Path, package: Option<&str>, events: Sender<DevEvent>) -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(&cargo);
        command.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped());
        command.args(["build", "--release", "--target", "wasm32-wasip2"]);
        command.arg("--message-format=json-render-diagnostics");
        if let Some(package) = package {
            command.args(["--package", package]);
        }
        apart(&mut command);
        let shown = || format!("`{}` cannot be started", escape(&cargo.to_string_lossy()));
        let mut child = command.spawn().with_context(shown)?;
        let stdout = child.stdout.take();
        let build = Self { child };
        // It ends with cargo's output.
        std::thread::Builder::new().name("cargo".into()).spawn(move || {
            let mut messages = Messages::default();
            let lines = stdout.map(|stdout| BufReader::new(stdout.take(MAX_CARGO_OUTPUT)).lines());
            for line in lines.into_iter().flatten().map_while(Result::ok) {
                let Ok(message) = serde_json::from_str::<CargoMessage>(&line) else { continue };
                if message.reason == "build-finished" {
                    break;
                }
                messages.artifacts.extend(message.artifact());
            }
            // Nobody listens once the command is over.
            let _ = events.send(DevEvent::Built(messages));
        })?;
        Ok(build)
    }

    /// Waits for cargo's end, and returns its messages.
    pub(super) fn finish(mut self, messages: Messages) -> anyhow::Result<Messages> {
        // Some of it may have been built even so.
        if !self.child.wait()?.success() {
            bail!("the build failed");
        }
        Ok(messages)
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            end(&mut self.child);
            // Ended just now, so there is nothing to wait for and nothing to do about a failure.
            let _ = self.child.wait();
        }
    }
}

/// A line of cargo's, as far as it matters here.
#[derive(Deserialize)]
struct CargoMessage {
    reason: String,
    package_id: Option<String>,
    manifest_path: Option<PathBuf>,
    target: Option<CargoTarget>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct CargoTarget {
    crate_types: Vec<String>,
}

impl CargoMessage {
    fn artifact(self) -> Option<Artifact> {
        let is_plugin = self.target?.crate_types.iter().any(|kind| kind == "cdylib");
        let is_wasm = |path: &PathBuf| path.extension().is_some_and(|found| found == "wasm");
        let directory = self.manifest_path?.parent()?.to_owned();
        Some(Artifact {
            package: package_name(&self.package_id?)?.to_owned(),
            directory: directory.canonicalize().unwrap_or(directory),
            wasm: self.filenames.into_iter().filter(|_| is_plugin).find(is_wasm)?,
        })
    }
}

/// The name in a package id: `path+file:///a/name#0.1.0` or `...#name@0.1.0`; before cargo 1.77,
/// `name 0.1.0 (path+file:///a/name)`.
fn package_name(id: &str) -> Option<&str> {
    match id.split_once('#') {
        Some((_, fragment)) if fragment.contains('@') => fragment.split('@').next(),
        Some((source, _)) => source.rsplit('/').next(),
        None => id.split(' ').next(),
    }
}

/// A group of its own, so that ending it ends what it started; and ctrl-c reaches us alone.
#[cfg(unix)]
fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn apart(_command: &mut Command) {}

#[cfg(unix)]
fn end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // It may have ended meanwhile.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
fn end(child: &mut Child) {
    // It may have ended meanwhile.
    let _ = child.kill();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_package_is_in_its_id() {
        for id in
            ["path+file:///a/roman#0.1.0", "path+file:///b#roman@0.1.0", "roman 0.1.0 (path+b)"]
        {
            assert_eq!(package_name(id), Some("roman"));
        }
    }

    #[test]
    fn the_plugin_that_is_meant_is_found_or_asked_for() {
        let artifact = |name: &str| Artifact {
            package: name.into(),
            directory: Path::new("/w").join(name),
            wasm: "x.wasm".into(),
        };
        let check = |names: &[&str], root: &str, package, expected: Result<&str, &str>| {
            let messages =
                Messages { artifacts: names.iter().map(|name| artifact(name)).collect() };
            match (messages.artifact(Path::new(root), package), expected) {
                (Ok(found), Ok(name)) => assert_eq!(found, artifact(name)),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, expected) => panic!("{found:?} is not {expected:?}"),
            }
        };
        check(&["a"], "/w", None, Ok("a"));
        check(&["a", "b"], "/w/b", None, Ok("b"));
        check(&["a", "b"], "/w", Some("b"), Ok("b"));
        check(&["a", "b"], "/w", None, Err("several plugins, a, b"));
        check(&["a", "b"], "/w", Some("c"), Err("builds no plugin"));
        check(&[], "/w", None, Err("cdylib"));
    }
}
