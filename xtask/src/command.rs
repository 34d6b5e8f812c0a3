//! Running other programs: each says what it is for, and a failure says what to do.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Prints the one line that says what happens next.
pub(crate) fn step(what: &str) {
    // Beside cargo's own messages, on the same stream, so that they stay in order.
    eprintln!("==> {what}");
}

/// The cargo that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// [`cargo`] on the workspace with this Cargo.toml: `on` comes right after the subcommand.
pub(crate) fn cargo_on(manifest: &Path, subcommand: &[&str], rest: &[&str]) -> Command {
    let mut command = cargo(subcommand);
    command.arg("--manifest-path").arg(manifest).args(rest);
    command
}

/// Runs to the end; what it prints is shown. `advice` is what to do when it fails.
pub(crate) fn run(command: &mut Command, advice: &str) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("`{}` failed ({status})\n  help: {advice}", show(command));
    }
    Ok(())
}

/// Runs to the end and gives what it prints.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("`{}` failed ({}); its message stands above", show(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed no text", show(command)))
}

/// Whether it runs and succeeds, silently.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`: is it installed and on the PATH?", show(command))
}

/// The command as a person would type it.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
