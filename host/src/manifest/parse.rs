//! The text of a manifest, and of the local file beside it, to checked values.

use std::path::MAIN_SEPARATOR;

use toml::de::DeTable;

use super::limits::units::Bytes;
use super::merge::{self, Decisions};
use super::plugin_manifest::Manifest;
use super::policy::Policy;
use super::raw::RawManifest;
use super::resolve;
use super::syntax::error::{Diagnostic, ManifestError};
use super::syntax::source::SourceTexts;
use super::syntax::source_file::local_of;
use super::syntax::{keys, tree};
use crate::text::escape;

/// The largest manifest, and the largest local file, in bytes.
pub const MAX_MANIFEST: usize = 64 * 1024;

impl Manifest {
    /// Reads the manifest `text` of `file`, the name that errors show (`weather.toml`).
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        Self::parse_with(file, text, None)
    }

    /// Reads the manifest from the bytes of the files, and gives it what the policy lets it have; an error says in words
    /// what is wrong with them.
    pub fn of_files(
        file: &str,
        bytes: &[u8],
        local: Option<&[u8]>,
        policy: &Policy,
    ) -> Result<Self, String> {
        let text = utf8(bytes, "the manifest")?;
        let own = local_of(file.rsplit(MAIN_SEPARATOR).next().unwrap_or(file));
        let what = format!("the local file {}", escape(&own));
        let local = local.map(|bytes| utf8(bytes, &what)).transpose()?;
        Self::parse_under(file, text, local, policy).map_err(|error| error.to_string())
    }

    /// Reads the manifest with the text of the local file beside it. An error in that text names the local
    /// file.
    pub fn parse_with(file: &str, text: &str, local: Option<&str>) -> Result<Self, ManifestError> {
        Self::parse_under(file, text, local, &Policy::default())
    }

    /// Reads both texts, and gives the manifest what the policy lets it have.
    pub fn parse_under(
        file: &str,
        text: &str,
        local: Option<&str>,
        policy: &Policy,
    ) -> Result<Self, ManifestError> {
        let source = SourceTexts { manifest: text, local };
        parse(file, source, policy).map_err(|fault| ManifestError::from_fault(file, source, fault))
    }
}

fn utf8<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str, String> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        format!("{what} is not UTF-8: byte {valid} is wrong; save it as UTF-8")
    })
}

/// The manifest is checked by itself first, and so is the local file: neither mends the other.
fn parse(file: &str, source: SourceTexts<'_>, policy: &Policy) -> Result<Manifest, Diagnostic> {
    let tree = document(source.manifest, "the manifest")?;
    let raw = RawManifest::read(&tree, &keys::MANIFEST_SECTIONS)?;
    let Some(text) = source.local else { return resolve::manifest(file, source, &raw, policy) };
    // Only both together have to be what the policy allows.
    let manifest = resolve::manifest(file, source, &raw, &Policy::default())?;
    let base = source.base();
    let tree = document(text, "the local file").map_err(|fault| fault.moved(base))?;
    let tree = tree::moved(tree, base);
    let local = RawManifest::read(&tree, &keys::LOCAL_SECTIONS)?;
    resolve::local(source, &local)?;
    let (merged, mut decisions) = merge::merge(raw, local)?;
    let (own_prefix, own_network) = (manifest.prefix, manifest.grants.network);
    let mut manifest = resolve::manifest(file, source, &merged, policy)?;
    merge::narrow(&mut manifest.grants, &mut decisions);
    let replaced_prefix = Some(own_prefix).filter(|own| *own != manifest.prefix);
    let mut replaced_bindings = own_network;
    replaced_bindings.retain(|own| own.secret.is_some() && !manifest.grants.network.contains(own));
    let decisions = Decisions { replaced_prefix, replaced_bindings, ..decisions };
    Ok(Manifest { decisions: Some(decisions), ..manifest })
}

/// The tables of `text`, the file that is `what` in words.
pub(crate) fn document<'a>(text: &'a str, what: &str) -> Result<DeTable<'a>, Diagnostic> {
    if text.len() <= MAX_MANIFEST {
        return tree::parse(text);
    }
    let end = text.floor_char_boundary(MAX_MANIFEST);
    let (size, most) = (text.len(), Bytes::new(MAX_MANIFEST as u64));
    Err(Diagnostic::new(end..end, format!("{what} has {size} bytes, more than {most}"))
        .help("a manifest only names, limits and grants; move long texts into the plugin"))
}
