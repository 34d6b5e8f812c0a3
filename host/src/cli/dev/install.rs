//! Installation of the built plugin, through the same steps as `toolrack add`.

use anyhow::Context as _;

use super::super::author::pack::packed_if_possible;
use super::super::install::add::{Checked, failed, look, target};
use super::super::install::installed::Installed;
use super::messages::Artifact;
use crate::cli::setup::Setup;
use crate::fs::bounded_read::read_at_most;
use crate::install::{DirectoryLock, ManifestSource, OldManifest, Pair, PluginDirectory};
use crate::reload::MAX_WASM;
use crate::status::now_ms;
use crate::text::escape;

/// The outcome of installing.
pub(super) enum InstallOutcome {
    /// It is in place; when its files were put there, in milliseconds since 1970.
    Installed(Box<Installed>, u64),
    /// It is not fit to be served, and that was said.
    Refused,
}

/// Checks and installs `artifact` into the first plugin directory.
pub(super) fn install(artifact: &Artifact, setup: &Setup) -> anyhow::Result<InstallOutcome> {
    let installed = (|| {
        // Nobody else changes the directory between what is checked and what is put in place.
        let _held = DirectoryLock::take(setup.home.as_ref(), target(&setup.plugins)?)?;
        let shelf = look(target(&setup.plugins)?)?;
        let check = |pack: &dyn Fn(Vec<u8>) -> Vec<u8>, shelf: PluginDirectory| {
            Checked::new(vec![pair(artifact, &shelf, pack)?], shelf, setup)
        };
        let packed = check(&|wasm| packed_if_possible(setup, wasm), shelf);
        // Its tools may follow from what it is granted, which packing does not know: then it is listed by its code.
        let checked = packed.or_else(|_| check(&|wasm| wasm, look(target(&setup.plugins)?)?))?;
        let checked = checked.without_taken_names()?;
        let placed = now_ms();
        let installed =
            checked.install(OldManifest::Dropped)?.pop().context("nothing was built")?;
        Ok(InstallOutcome::Installed(Box::new(installed), placed))
    })();
    installed.or_else(|error| failed(error).map(|_refused| InstallOutcome::Refused))
}

/// The component, packed, with its manifest: `NAME.toml` or `toolrack.toml` in the crate, else the installed one,
/// else an empty one.
fn pair(
    artifact: &Artifact,
    shelf: &PluginDirectory,
    pack: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> anyhow::Result<Pair> {
    let shown = || escape(&artifact.wasm.to_string_lossy());
    let wasm = read_at_most(&artifact.wasm, MAX_WASM);
    let wasm = wasm.map_err(|error| anyhow::anyhow!("{}: it {error}", shown()))?;
    let wasm = pack(wasm);
    let stem =
        artifact.wasm.file_stem().and_then(|stem| stem.to_str()).context("it has no name")?;
    for name in [artifact.package.as_str(), stem] {
        let path = artifact.directory.join(format!("{name}.toml"));
        // On a system that folds case, a package named `Cargo` must not bring its Cargo.toml.
        if path.is_file() && !name.eq_ignore_ascii_case("cargo") {
            let file = format!("{name}.toml");
            return Ok(Pair::of_text(file, &path, wasm, ManifestSource::Brought, shelf)?);
        }
    }
    let path = artifact.directory.join("toolrack.toml");
    if path.is_file() {
        return Ok(Pair::of_text(
            format!("{stem}.toml"),
            &path,
            wasm,
            ManifestSource::Brought,
            shelf,
        )?);
    }
    Ok(Pair::of_bytes(stem, wasm, &artifact.directory, shelf)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_the_packages_or_the_files_and_never_cargos() {
        let root = tempfile::tempdir().expect("a directory");
        let shelf = PluginDirectory::look(&root.path().join("plugins")).expect("readable");
        let at = |name: &str| root.path().join(name);
        std::fs::write(at("built.wasm"), "").expect("written");
        for (made, package, expected) in [
            ("Cargo.toml", "Cargo", "built.toml"),
            ("toolrack.toml", "Cargo", "built.toml"),
            ("built.toml", "own", "built.toml"),
            ("own.toml", "own", "own.toml"),
        ] {
            std::fs::write(at(made), "").expect("written");
            let artifact = Artifact {
                package: package.into(),
                directory: root.path().to_owned(),
                wasm: at("built.wasm"),
            };
            let pair = pair(&artifact, &shelf, |wasm| wasm).expect("a pair");
            assert_eq!(pair.file, expected, "{made}");
        }
    }
}
