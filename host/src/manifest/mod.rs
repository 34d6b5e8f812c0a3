//! A plugin's manifest: TOML text to checked values, or an error that shows the place.
//!
//! The only module that knows TOML. It reads no disk, environment or clock: whether the Wasm file
//! is there, and whether the plugin has the tools that the manifest names, is found out above.
//!
//! The text passes two stages: `raw` knows the keys and their TOML types, `resolve` what the
//! values mean, and what fails in either becomes a [`ManifestError`].

mod amount;
mod command;
mod config;
mod digest;
mod env;
mod error;
mod files;
mod grants;
mod host;
mod keys;
mod limits;
mod nearest;
mod network;
mod notation;
mod origin;
mod overrides;
mod place;
mod rate;
mod raw;
mod raw_grants;
mod resolve;
mod secret;
mod syntax;
mod table;
mod units;

use crate::name::PluginName;
use crate::tool::Annotations;

pub use command::{Argument, Command, Form, Group, Parameter, Piece, Shape, Template};
pub use digest::{DigestError, Sha256Digest};
pub use error::ManifestError;
pub use grants::{
    Access, BoundSecret, FileGrant, Grants, HostPattern, NetworkGrant, Scheme, SecretName,
    SecretNameError, SecretPlace,
};
#[cfg(any(test, fuzzing))]
pub(crate) use limits::LIMIT_RULES;
pub use limits::{Limits, grouped};
pub(crate) use nearest::nearest;
pub(crate) use network::OF_THE_HOST;
pub use notation::UnitError;
pub use place::Place;
pub use rate::{Rate, RateError};
pub use units::{Bytes, show_duration};

/// The largest manifest, in bytes.
pub const MAX_MANIFEST: usize = 64 * 1024;

/// What a manifest says, checked, with every default filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The plugin's name; by default the manifest's file name without `.toml`.
    pub name: PluginName,
    /// The Wasm file: a plain file name in the manifest's directory, ending in `.wasm`.
    pub wasm: Box<str>,
    /// What the Wasm file must hash to.
    pub sha256: Option<Sha256Digest>,
    /// What kind of plugin the Wasm file must be.
    pub kind: Option<Kind>,
    /// What the names of the tools begin with: empty, or in the form of a tool's name.
    pub prefix: Box<str>,
    /// What one call may spend.
    pub limits: Limits,
    /// What it may reach.
    pub grants: Grants,
    /// What the manifest says of single tools, in the order of the file; no name comes twice.
    pub tools: Vec<ToolOverride>,
}

/// The contract between host and guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub enum Kind {
    /// A component that exports `toolrack:plugin/tools`.
    Tools,
    /// Any other component: each function it exports is a tool.
    Functions,
    /// A WASI program: the manifest says which tools it has.
    Command,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tools, Self::Functions, Self::Command];

    /// Its name in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Functions => "functions",
            Self::Command => "command",
        }
    }
}

/// What a manifest says of one tool in place of the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOverride {
    /// The plugin's own name for the tool, without the public prefix.
    pub name: String,
    /// Replaces the name for people.
    pub title: Option<String>,
    /// Replaces what the plugin tells the model.
    pub description: Option<String>,
    /// The tool is neither listed nor called.
    pub hidden: bool,
    /// Claims that replace the plugin's.
    pub annotations: Annotations,
    /// How it is a run of a program. Says something of the kind `command` only.
    pub command: Command,
    /// Whether an error that the tool returns is one to the client. Only functions return errors.
    pub err_is_error: Option<bool>,
    /// True if arguments are taken as they are written, and not as their schema says where the meaning is beyond doubt.
    pub strict_arguments: bool,
    /// How often it is called.
    pub rate: Option<Rate>,
    /// Where the manifest names the tool, for an error that only the loaded plugin can show.
    pub place: Place,
}

impl Manifest {
    /// Reads the manifest `text` of `file`, the name that errors show (`weather.toml`).
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        let read = || {
            if text.len() > MAX_MANIFEST {
                return Err(too_large(text));
            }
            let document = syntax::parse(text)?;
            resolve::manifest(file, text, &raw::RawManifest::read(&document)?)
        };
        read().map_err(|fault| ManifestError::from_fault(file, text, fault))
    }
}

fn too_large(text: &str) -> error::Fault {
    let end = text.floor_char_boundary(MAX_MANIFEST);
    let (size, most) = (text.len(), Bytes::new(MAX_MANIFEST as u64));
    error::Fault::new(end..end, format!("the manifest has {size} bytes, more than {most}"))
        .help("a manifest only names, limits and grants; move long texts into the plugin")
}
