//! A plugin's manifest, with the local file beside it: TOML text to checked values, or an error that shows the place.
//!
//! The only module that knows TOML. It reads no disk, environment or clock: whether the Wasm file
//! is there, and whether the plugin has the tools that the manifest names, is found out above.
//!
//! The text passes two stages: `raw` knows the keys and their TOML types, `resolve` what the
//! values mean, and what fails in either becomes a [`ManifestError`]. Between the two, `merge` puts what the local file
//! says in place of what the manifest does.

mod digest;
mod limits;
pub(crate) mod syntax;
mod grants;
mod meta;
mod command;
mod raw;
mod plugin_kind;
mod tool_override;
mod overrides;
mod merge;
mod plugin_manifest;
mod policy;
mod resolve;
mod parse;
mod edit;

pub use command::{
    Argument, Group, Parameter, ParameterShape, ProgramSpec, StdoutForm, Template, TemplatePiece,
};
pub use digest::{DigestError, Sha256Digest};
pub use edit::{Decision, DecisionError, DecisionKey, DecisionKeyError, NewGrant, edited};
pub use grants::config::UnknownKey;
pub use grants::config_keys::{ConfigValues, UnknownValue};
pub use grants::files::{Access, FileGrant};
pub use grants::grant::{Effects, Grant};
pub use grants::host::HostPattern;
pub(crate) use grants::host::{embedded_v4, is_within};
pub use grants::kind::{GrantExample, GrantKind};
pub use grants::name::GrantName;
pub(crate) use grants::network::OF_THE_HOST;
pub use grants::network::{BoundSecret, NetworkGrant, SecretPlace};
pub use grants::origin::Scheme;
pub use grants::requires::Requirement;
pub use grants::secret::{SecretName, SecretNameError};
pub use grants::set::Grants;
pub(crate) use limits::amount::{rate as read_rate, read as read_amount};
pub use limits::notation::{UnitError, grouped};
pub use limits::rate::{Rate, RateError};
#[cfg(any(test, fuzzing))]
pub(crate) use limits::rules::LIMIT_RULES;
pub use limits::rules::Limits;
pub(crate) use limits::rules::{
    AUDIT_FILES_RULE, AUDIT_SIZE_RULE, CLIENT_CALLS_RULE, DRAIN_DELAY_RULE, GRACE_RULE, LimitRule,
    PAGE_SIZE_RULE, REDIS_TIMEOUT_RULE, RESULT_CACHE_RULE,
};
pub(crate) use limits::units::parse_duration;
pub use limits::units::{Bytes, show_duration};
pub use merge::Decisions;
pub use parse::MAX_MANIFEST;
pub(crate) use parse::document;
pub use plugin_kind::PluginKind;
pub use plugin_manifest::Manifest;
pub use policy::Policy;
pub use resolve::is_scheme;
pub use syntax::error::ManifestError;
pub(crate) use syntax::hidden_values::shown_lines;
pub(crate) use syntax::nearest::nearest;
pub use syntax::source_file::{SourceFile, is_local, local_of, manifest_of};
pub use syntax::source_span::SourceSpan;
pub use tool_override::{CacheLifetime, CacheScope, ToolOverride};
