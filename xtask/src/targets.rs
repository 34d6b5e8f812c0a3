//! Targets of the Rust toolchain: which are there, and installing those that are not.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command;
use crate::places::Places;

/// What components are built for.
pub(crate) const COMPONENT: &str = "wasm32-wasip2";
/// The older target: a core module, which the host turns into a component.
pub(crate) const MODULE: &str = "wasm32-wasip1";

/// Installs what is missing, one after the other: two at once corrupt rustup's records.
pub(crate) fn install(places: &Places, targets: &[&str]) -> Result<()> {
    let library = library(places)?;
    for target in targets {
        if has(&library, target) {
            continue;
        }
        command::step(&format!("installing the Rust target {target}"));
        if !command::succeeds(Command::new("rustup").arg("--version")) {
            bail!(
                "the Rust target {target} is missing, and there is no rustup to install it\n  \
                 help: install Rust through https://rustup.rs, or the target through the system's \
                 package manager"
            );
        }
        // In the repository, so that rust-toolchain.toml chooses the toolchain.
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", target]).current_dir(&places.root);
        command::run(&mut rustup, "check the network connection and try again")?;
        if !has(&library, target) {
            bail!(
                "rustup reports success, but {target} is still missing in {}\n  help: is another \
                 Rust before rustup's on the PATH? see `which -a rustc`",
                library.display()
            );
        }
    }
    Ok(())
}

fn has(library: &Path, target: &str) -> bool {
    library.join(target).join("lib").is_dir()
}

/// Where the toolchain keeps its targets. The compiler itself is asked, because it need not be
/// rustup's.
fn library(places: &Places) -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(rustc);
    let sysroot = command::capture(rustc.args(["--print", "sysroot"]).current_dir(&places.root))
        .context("the Rust compiler does not say where it keeps its targets")?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib"))
}
