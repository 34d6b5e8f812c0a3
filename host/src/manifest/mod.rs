//! A plugin's manifest, with the local file beside it: TOML text to checked values, or an error that shows the place.
//!
//! The only module that knows TOML. It reads no disk, environment or clock: whether the Wasm file
//! is there, and whether the plugin has the tools that the manifest names, is found out above.
//!
//! The text passes two stages: `raw` knows the keys and their TOML types, `resolve` what the
//! values mean, and what fails in either becomes a [`ManifestError`]. Between the two, `merge` puts what the local file
//! says in place of what the manifest does.

mod amount;
mod command;
mod config;
mod config_keys;
mod digest;
mod edit;
mod env;
mod error;
mod files;
mod grant_name;
mod grants;
mod host;
mod json;
mod keys;
mod limits;
mod merge;
mod meta;
mod nearest;
mod network;
mod notation;
mod origin;
mod overrides;
mod plugin_kind;
mod rate;
mod raw;
mod raw_grants;
mod requires;
mod resolve;
mod secret;
mod source;
mod source_file;
mod source_span;
mod syntax;
mod table;
mod units;

use std::collections::BTreeMap;

use toml::de::DeTable;

use crate::name::PluginName;
use crate::tool::Annotations;
use error::Diagnostic;
use raw::RawManifest;
use source::SourceTexts;

pub use command::{
    Argument, Group, Parameter, ParameterShape, ProgramSpec, StdoutForm, Template, TemplatePiece,
};
pub use config::UnknownKey;
pub use config_keys::{ConfigValues, UnknownValue};
pub use digest::{DigestError, Sha256Digest};
pub use edit::{Decision, DecisionError, DecisionKey, DecisionKeyError, NewGrant, edited};
pub use error::ManifestError;
pub use grant_name::{GrantExample, GrantKind, GrantName};
pub(crate) use grants::is_within;
pub use grants::{
    Access, BoundSecret, FileGrant, Grants, HostPattern, NetworkGrant, Scheme, SecretName,
    SecretNameError, SecretPlace,
};
#[cfg(any(test, fuzzing))]
pub(crate) use limits::LIMIT_RULES;
pub use limits::{Limits, grouped};
pub use merge::Decisions;
pub(crate) use nearest::nearest;
pub(crate) use network::OF_THE_HOST;
pub use notation::UnitError;
pub use plugin_kind::PluginKind;
pub use rate::{Rate, RateError};
pub use requires::Requirement;
pub use source_file::{SourceFile, is_local, local_of, manifest_of};
pub use source_span::SourceSpan;
pub use units::{Bytes, show_duration};

/// The largest manifest, and the largest local file, in bytes.
pub const MAX_MANIFEST: usize = 64 * 1024;

/// The content of a manifest, checked, with every default filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The plugin's name; by default the manifest's file name without `.toml`.
    pub name: PluginName,
    /// The Wasm file: a plain file name in the manifest's directory, ending in `.wasm`.
    pub wasm: Box<str>,
    /// The digest that the Wasm file must have, if the manifest pins one.
    pub sha256: Option<Sha256Digest>,
    /// The kind of plugin that the Wasm file must be, if the manifest names one.
    pub kind: Option<PluginKind>,
    /// The prefix of the tools' names: empty, or in the form of a tool's name.
    pub prefix: Box<str>,
    /// True if tools are listed that can only fail for want of a grant or of a secret's value.
    pub lists_ungranted: bool,
    /// True if clients are told what the results of its tools look like.
    pub lists_output_schemas: bool,
    /// The limits of its calls.
    pub limits: Limits,
    /// The grants of the plugin.
    pub grants: Grants,
    /// The keys of its configuration that the plugin reads, as far as the manifest names them: under `config_keys`.
    pub config_keys: BTreeMap<String, ConfigValues>,
    /// The overrides of single tools, in the order of the files: those of the manifest, then those of the local
    /// file. In one file no name comes twice.
    pub tools: Vec<ToolOverride>,
    /// The decisions of the local file beside the manifest; `None` where there is no such file.
    pub decisions: Option<Decisions>,
}

/// The keys of one tool that a manifest sets in place of the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOverride {
    /// The tool as the file names it: by the plugin's own name, without the public prefix, or by the public one.
    pub name: String,
    /// Replaces the name for people.
    pub title: Option<String>,
    /// Replaces what the plugin tells the model.
    pub description: Option<String>,
    /// `Some(true)` if the tool is neither listed nor called.
    pub hidden: Option<bool>,
    /// Claims that replace the plugin's.
    pub annotations: Annotations,
    /// The description of the program's run. It has content for the kind `command` only.
    pub command: ProgramSpec,
    /// True if an error that the tool returns is an error to the client; `None` where the file does
    /// not say. Only functions return errors.
    pub err_is_error: Option<bool>,
    /// `Some(true)` if arguments are taken as they are written, and not as their schema says where the meaning
    /// is beyond doubt.
    pub strict_arguments: Option<bool>,
    /// The members of `_meta` that clients are told, beside what the plugin says.
    pub meta: serde_json::Map<String, serde_json::Value>,
    /// The rate at which the tool may be called, if the file limits it.
    pub rate: Option<Rate>,
    /// The requirements without which the tool can only fail.
    pub requires: Vec<Requirement>,
    /// The place where the file names the tool, for an error that only the loaded plugin can show.
    pub place: SourceSpan,
}

impl Manifest {
    /// Reads the manifest `text` of `file`, the name that errors show (`weather.toml`).
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        Self::parse_with(file, text, None)
    }

    /// Reads the manifest from the bytes of the files; an error says in words what is wrong with
    /// them.
    pub fn of_files(file: &str, bytes: &[u8], local: Option<&[u8]>) -> Result<Self, String> {
        let text = utf8(bytes, "the manifest")?;
        let local = local.map(|bytes| utf8(bytes, "the local file")).transpose()?;
        Self::parse_with(file, text, local).map_err(|error| error.to_string())
    }

    /// Reads the manifest with the text of the local file beside it. An error in that text names the local
    /// file.
    pub fn parse_with(file: &str, text: &str, local: Option<&str>) -> Result<Self, ManifestError> {
        let source = SourceTexts { manifest: text, local };
        parse(file, source).map_err(|fault| ManifestError::from_fault(file, source, fault))
    }
}

fn utf8<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str, String> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        format!("{what} is not UTF-8: byte {valid} is wrong; save it as UTF-8")
    })
}

/// The manifest is checked by itself first, and so is the local file: neither mends the other.
fn parse(file: &str, source: SourceTexts<'_>) -> Result<Manifest, Diagnostic> {
    let tree = document(source.manifest, "the manifest")?;
    let raw = RawManifest::read(&tree, &keys::MANIFEST_SECTIONS)?;
    let manifest = resolve::manifest(file, source, &raw)?;
    let Some(text) = source.local else { return Ok(manifest) };
    let base = source.base();
    let tree = document(text, "the local file").map_err(|fault| fault.moved(base))?;
    let tree = syntax::moved(tree, base);
    let local = RawManifest::read(&tree, &keys::LOCAL_SECTIONS)?;
    resolve::local(source, &local)?;
    let (merged, mut decisions) = merge::merge(raw, local)?;
    let own_prefix = manifest.prefix;
    let mut manifest = resolve::manifest(file, source, &merged)?;
    merge::narrow(&mut manifest.grants, &mut decisions);
    let replaced_prefix = Some(own_prefix).filter(|own| *own != manifest.prefix);
    Ok(Manifest { decisions: Some(Decisions { replaced_prefix, ..decisions }), ..manifest })
}

fn document<'a>(text: &'a str, what: &str) -> Result<DeTable<'a>, Diagnostic> {
    if text.len() <= MAX_MANIFEST {
        return syntax::parse(text);
    }
    let end = text.floor_char_boundary(MAX_MANIFEST);
    let (size, most) = (text.len(), Bytes::new(MAX_MANIFEST as u64));
    Err(Diagnostic::new(end..end, format!("{what} has {size} bytes, more than {most}"))
        .help("a manifest only names, limits and grants; move long texts into the plugin"))
}
