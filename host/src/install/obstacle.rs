//! Files that are in the way of plugins on a shelf. Names of tools are compared when all are loaded.

use super::{Pair, PluginDirectory};
use crate::catalog::Refusal;
use crate::fs::bounded_read::read_at_most;
use crate::reload::MAX_WASM;
use crate::text::{escape, escape_path};

/// Returns a refusal for each plugin that would overwrite a file of another plugin.
#[must_use]
pub fn obstacles(pairs: &[Pair], shelf: &PluginDirectory) -> Vec<Refusal> {
    pairs.iter().filter_map(|pair| obstacle(pair, pairs, shelf)).collect()
}

fn obstacle(pair: &Pair, pairs: &[Pair], shelf: &PluginDirectory) -> Option<Refusal> {
    let file = escape_path(&pair.shown);
    let name = pair.manifest()?.name;
    if let Some(there) = shelf.entry(&pair.file)
        && !there.is_broken
        && there.name != name.as_str()
    {
        let reason = format!(
            "`{}` is installed already and is the plugin `{}`, not `{name}`; remove that first, or \
             rename the manifest",
            escape(&pair.file),
            escape(&there.name)
        );
        return Some(Refusal::plugin(file, reason));
    }
    let replaced = |file: &str| pairs.iter().any(|pair| pair.file == file);
    let mut others = shelf.entries().iter().filter(|entry| !replaced(&entry.file));
    let owner = others.find(|entry| entry.wasm == pair.wasm_file)?;
    let wasm = shelf.directory.join(&pair.wasm_file);
    if read_at_most(&wasm, MAX_WASM).ok() == pair.wasm {
        return None;
    }
    let reason = format!(
        "`{}` belongs to the plugin `{}`, which is installed as `{}`; rename the file",
        escape(&pair.wasm_file),
        escape(&owner.name),
        escape(&owner.file)
    );
    Some(Refusal::plugin(file, reason))
}
