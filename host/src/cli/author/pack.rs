//! `toolrack pack`: a plugin's file with a section that lists its tools.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};

use super::super::output::print::println;
use super::super::setup::Setup;
use super::super::{GOOD, NAME, paint};
use crate::fs::atomic_write::Unfinished;
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::host::Host;
use crate::manifest::{Bytes, Manifest, Sha256Digest};
use crate::reload::MAX_WASM;
use crate::sandbox::{PackError, Packed, Wasm};
use crate::text::escape;

/// Packs `file` in place, or to `output`.
pub(crate) fn run(setup: Setup, file: &Path, output: Option<&Path>) -> anyhow::Result<ExitCode> {
    let shown = escape(&file.to_string_lossy());
    if file.extension().is_some_and(|ending| ending == "toml") {
        let wasm = escape(&file.with_extension("wasm").to_string_lossy());
        bail!("{shown}: it is a manifest; name the plugin's Wasm, such as {wasm}");
    }
    let bytes = read_at_most(file, MAX_WASM).map_err(|error| match error {
        ReadError::Missing => anyhow!("{shown}: there is no such file or directory"),
        error => anyhow!("{shown}: it {error}"),
    })?;
    let target = output.unwrap_or(file);
    let target_shown = escape(&target.to_string_lossy());
    let before = output.is_none().then(|| bytes.clone());
    let Packed { bytes, tools } = packed(&setup, bytes).with_context(|| shown.clone())?;
    if bytes.len() > MAX_WASM {
        bail!("{shown}: with its tools it would be larger than {}", Bytes::new(MAX_WASM as u64));
    }
    if before.is_some_and(|before| read_at_most(file, MAX_WASM).ok() != Some(before)) {
        bail!("{shown}: it changed while it was packed; pack it again");
    }
    write(target, &bytes).with_context(|| format!("{target_shown}: it cannot be written"))?;
    let listed = match tools {
        1 => "its section lists 1 tool".into(),
        more => format!("its section lists {more} tools"),
    };
    println!("{} {}: {listed}", paint(GOOD, "ok"), paint(NAME, target_shown));
    tell_pin(target, &bytes);
    Ok(ExitCode::SUCCESS)
}

/// Says so where the manifest beside `target` pins other bytes than these.
fn tell_pin(target: &Path, bytes: &[u8]) {
    let path = target.with_extension("toml");
    let shown = escape(&path.to_string_lossy());
    let manifest =
        read_at_most(&path, MAX_WASM).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let manifest = manifest.and_then(|text| Manifest::parse(&shown, &text).ok());
    let digest = Sha256Digest::of(bytes);
    if manifest.and_then(|manifest| manifest.sha256).is_some_and(|pinned| pinned != digest) {
        println!("     {shown} pins other bytes; write there: sha256 = \"{digest}\"");
    }
}

/// `wasm` with the section. Asking it for its tools takes its code, which is kept for what is made.
pub(crate) fn packed(setup: &Setup, wasm: Vec<u8>) -> anyhow::Result<Packed> {
    let Setup { compiler, protected, policy, home, .. } = setup.clone();
    let host = Host::start(compiler, protected, policy, home.as_ref())?;
    let packed = host
        .look_at(Wasm::of(wasm))
        .map_err(anyhow::Error::from)
        .and_then(|guest| Ok::<_, anyhow::Error>(host.guests().block_on(guest.packed())?));
    host.stop();
    packed
}

/// The same, or `wasm` as it is where it gets no section: what is wrong with it is told by those who check it.
pub(crate) fn packed_if_possible(setup: &Setup, wasm: Vec<u8>) -> Vec<u8> {
    match packed(setup, wasm.clone()) {
        Ok(packed) => packed.bytes,
        Err(error) => {
            if !matches!(error.downcast_ref(), Some(PackError::Kind(_))) {
                tracing::debug!("the plugin gets no section with its tools: {error:#}");
            }
            wasm
        }
    }
}

/// Puts `bytes` in the place of the file `target`, or makes it. A link goes on leading where it leads, and the permissions
/// stay.
fn write(target: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let there = match fs::metadata(target) {
        Ok(found) if found.is_file() => Some(fs::canonicalize(target)?),
        Ok(_) => bail!("it is no regular file"),
        Err(_) if target.is_symlink() => bail!("it is a link that leads nowhere"),
        Err(_) => None,
    };
    let path = there.as_deref().unwrap_or(target);
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let name = path.file_name().and_then(|name| name.to_str());
    let unfinished = Unfinished::write(directory, name.context("its name is not UTF-8")?, bytes)?;
    if let Some(there) = &there {
        unfinished.permits_as(&fs::metadata(there)?)?;
    }
    unfinished.finish()?;
    Ok(())
}
