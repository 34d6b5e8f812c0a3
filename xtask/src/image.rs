//! `cargo xtask image`: everything that the image of a container holds, in the folders that it has there.
//!
//! It knows no engine: deploy/Containerfile copies what lies here.

use std::env::consts::ARCH;
use std::fs::{self, Permissions};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::build;
use crate::command::{self, cargo_on, step};
use crate::places::Places;
use crate::supply;
use crate::targets;

/// The licences of Toolrack.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Builds what `words` ask for and lays it out in `target/image/files`.
pub(crate) fn run(places: &Places, words: &[&str]) -> Result<()> {
    let (options, profile): (&[&str], _) = match words {
        [] => (&["--release"], "release"),
        ["--dev"] => (&[], "debug"),
        _ => bail!("`cargo xtask image` takes nothing but `--dev`"),
    };
    let triple = format!("{ARCH}-unknown-linux-musl");
    targets::install(places, &[&triple])?;
    build::plugins(places)?;
    step(&format!("building the host for {triple}"));
    let mut host =
        cargo_on(&places.host, &["build"], &["--package", "toolrack", "--target", &triple]);
    command::run(
        host.args(options),
        "the compiler's message above names the place; where it wants `musl-gcc`, Debian has it in the package musl-tools",
    )?;
    let host = places.target()?.join(&triple).join(profile).join("toolrack");
    build::pack(places, &host)?;
    let bill = supply::sbom(places, Some(&triple))?;
    let files = places.target()?.join("image/files");
    lay_out(places, &host, &bill, &files)
        .with_context(|| format!("the files in {} cannot be laid out", files.display()))?;
    step(&format!("done: what deploy/Containerfile copies is in {}", files.display()));
    Ok(())
}

/// Lays out the files of the image: `base` has what every image holds, `plugins` the plugins of this repository.
fn lay_out(places: &Places, host: &Path, bill: &Path, files: &Path) -> Result<()> {
    if files.exists() {
        fs::remove_dir_all(files)?;
    }
    let (base, plugins) = (files.join("base"), files.join("plugins"));
    let programs = base.join("usr/local/bin");
    copy(host, &programs, 0o755)?;
    // A program that is not optimised has five times the size with what debuggers read.
    let mut strip = Command::new("strip");
    command::run(strip.arg(programs.join("toolrack")), "Debian has it in the package binutils")?;
    let documents = base.join("usr/share/doc/toolrack");
    copy(bill, &documents, 0o644)?;
    for licence in LICENCES {
        copy(&places.root.join(licence), &documents, 0o644)?;
    }
    copy(&places.root.join("deploy/image/config.toml"), &base.join("etc/toolrack"), 0o644)?;
    // Any user may be the one that the container runs as. What one keeps, no other can take away.
    directory(&base.join("var/lib/toolrack"), 0o1777)?;
    directory(&base.join("plugins"), 0o755)?;
    directory(&plugins, 0o755)?;
    // What a person has decided of them, in NAME.local.toml and toolrack.lock, is no part.
    for plugin in &places.workspace()?.plugins {
        let manifest = places.manifests.join(format!("{}.toml", plugin.name));
        if manifest.exists() {
            copy(&manifest, &plugins, 0o644)?;
            copy(&manifest.with_extension("wasm"), &plugins, 0o644)?;
        }
    }
    Ok(())
}

/// Copies `file` into the directory `into`, with these rights.
fn copy(file: &Path, into: &Path, mode: u32) -> Result<()> {
    directory(into, 0o755)?;
    let name = file.file_name().context("a file without a name")?;
    let copied = into.join(name);
    fs::copy(file, &copied).with_context(|| format!("cannot copy {}", file.display()))?;
    permit(&copied, mode)
}

/// Makes a directory with these rights, and those above it with rights by which everybody gets to it.
fn directory(path: &Path, mode: u32) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        directory(parent, 0o755)?;
    }
    fs::create_dir(path)?;
    permit(path, mode)
}

#[cfg(unix)]
fn permit(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
}

/// Other systems build no images of Linux.
#[cfg(not(unix))]
fn permit(path: &Path, _: u32) -> Result<()> {
    bail!("{}: files of an image are made on Linux alone", path.display())
}
