//! A plugin's manifest, with the local file beside it: TOML text to checked values, or an error that shows the place.
//!
//! The only module that knows TOML. It reads no disk, environment or clock: whether the Wasm file
//! is there, and whether the plugin has the tools that the manifest names, is found out above.
//!
//! The text passes two stages: `raw` knows the keys and their TOML types, `resolve` what the
//! values mean, and what fails in either becomes a [`ManifestError`]. Between the two, `merge` puts what the local file
//! says in place of what the manifest does.

mod nearest;
mod notation;
mod source_file;
mod source_span;
mod source;
mod error;
mod digest;
mod units;
mod rate;
mod limits;
mod keys;
mod table;
mod syntax;
mod json;
mod readable;
mod amount;
mod host;
mod origin;
mod secret;
mod env;
mod config;
mod config_keys;
mod files;
mod network;
mod grant_name;
mod grants;
mod raw_grants;
mod requires;
mod meta;
mod command;
mod raw;
mod plugin_kind;
mod tool_override;
mod overrides;
mod merge;
mod plugin_manifest;
mod resolve;
mod parse;
mod edit;

pub use command::{
    Argument, Group, Parameter, ParameterShape, ProgramSpec, StdoutForm, Template, TemplatePiece,
};
pub use config::UnknownKey;
pub use config_keys::{ConfigValues, UnknownValue};
pub use digest::{DigestError, Sha256Digest};
pub use edit::{Decision, DecisionError, DecisionKey, DecisionKeyError, NewGrant, edited};
pub use error::ManifestError;
pub use files::{Access, FileGrant};
pub use grant_name::{GrantExample, GrantKind, GrantName};
pub use grants::Grants;
pub use host::HostPattern;
pub(crate) use host::is_within;
#[cfg(any(test, fuzzing))]
pub(crate) use limits::LIMIT_RULES;
pub use limits::Limits;
pub use merge::Decisions;
pub(crate) use nearest::nearest;
pub(crate) use network::OF_THE_HOST;
pub use network::{BoundSecret, NetworkGrant, SecretPlace};
pub use notation::{UnitError, grouped};
pub use origin::Scheme;
pub use parse::MAX_MANIFEST;
pub use plugin_kind::PluginKind;
pub use plugin_manifest::Manifest;
pub use rate::{Rate, RateError};
pub use requires::Requirement;
pub use secret::{SecretName, SecretNameError};
pub use source_file::{SourceFile, is_local, local_of, manifest_of};
pub use source_span::SourceSpan;
pub use tool_override::ToolOverride;
pub use units::{Bytes, show_duration};
