//! The reasons why a manifest and its bytes are not served, in words.

use std::path::MAIN_SEPARATOR;

use super::bounds::{MAX_PLUGIN_PATTERNS, MAX_TOOLS};
use crate::manifest::{
    Decisions, GrantName, Manifest, ManifestError, PluginKind, Sha256Digest, local_of,
};
use crate::name::{NameError, PluginName};
use crate::sandbox::{CompileError, FolderError, ListError};

/// The reason why a manifest and its bytes are not served.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The bytes are not the pinned ones.
    #[error(
        "`{wasm}` has the SHA-256 {found}, and the manifest pins {pinned}; copy the right file, or change `sha256`"
    )]
    Pin {
        /// The Wasm file.
        wasm: Box<str>,
        /// The digest that the manifest pins.
        pinned: Sha256Digest,
        /// The digest that the file has.
        found: Sha256Digest,
    },
    /// The bytes could not be had.
    #[error("{0}")]
    Unread(String),
    /// The bytes do not become a guest.
    #[error("`{wasm}`: {error}")]
    Compile {
        /// The Wasm file.
        wasm: Box<str>,
        /// The reason why the bytes do not become a guest.
        error: CompileError,
    },
    /// It imports more than it is granted.
    #[error("`{wasm}`: {advice}")]
    NotGranted {
        /// The Wasm file.
        wasm: Box<str>,
        /// The text that names what is missing, and what to do.
        advice: String,
    },
    /// It is not what the manifest says.
    #[error(
        "`{wasm}` is of the kind `{}`, and the manifest says `{}`; copy the right file, or change `kind`",
        found.name(), stated.name()
    )]
    Kind {
        /// The Wasm file.
        wasm: Box<str>,
        /// The kind that the Wasm file is of.
        found: PluginKind,
        /// The kind that the manifest states.
        stated: PluginKind,
    },
    /// A directory that it is granted cannot be had.
    #[error("{}{error}", .local.as_ref().map(|local| format!("{local}: ")).unwrap_or_default())]
    Folder {
        /// The local file, if that grants it.
        local: Option<String>,
        /// The fault of the directory.
        error: FolderError,
    },
    /// The guest does not say what its tools are.
    #[error("`{wasm}`: {error}")]
    List {
        /// The Wasm file.
        wasm: Box<str>,
        /// The reason why the guest does not say it.
        error: ListError,
    },
    /// Its code is not what its file says.
    #[error("`{wasm}`: {problem}")]
    Disagrees {
        /// The Wasm file.
        wasm: Box<str>,
        /// The difference, in words.
        problem: String,
    },
    /// It has nothing to serve.
    #[error("`{0}`: it offers no tools")]
    NoTools(Box<str>),
    /// It is a program, and nothing says what its tools are.
    #[error(
        "`{wasm}` is a WASI program, and its tools are what {manifest} declares: none yet; add, and change \
         to what the program takes:\n\n{lines}"
    )]
    Undeclared {
        /// The Wasm file.
        wasm: Box<str>,
        /// The manifest.
        manifest: String,
        /// A first tool, to begin with.
        lines: String,
    },
    /// A schema does not compile.
    #[error("its tool `{tool}` has an {which} schema that is not valid JSON Schema: {problem}")]
    Schema {
        /// The tool.
        tool: String,
        /// `input` or `output`.
        which: &'static str,
        /// The fault of the schema.
        problem: String,
    },
    /// The plugin says that a tool requires something that cannot be required.
    #[error("its tool `{tool}` says what it requires: {problem}")]
    Requires {
        /// The tool.
        tool: String,
        /// The fault of the requirement.
        problem: String,
    },
    /// The schemas together would take too much memory.
    #[error("the schemas of its tools hold more than {MAX_PLUGIN_PATTERNS} patterns")]
    TooManyPatterns,
    /// It would take more than its share of the tools that are served.
    #[error(
        "it offers {found} tools; the most is {most}; {}hide some by `hidden = true` in [[tools]]",
        if *found <= MAX_TOOLS { format!("allow more by `max_tools = {found}` under [limits], or ") } else { String::new() }
    )]
    TooManyTools {
        /// The number of its tools, without hidden ones.
        found: usize,
        /// The most that it may have.
        most: u32,
    },
    /// Toolrack itself failed.
    #[error("loading it failed inside toolrack: {0}")]
    Inside(String),
    /// A tool's public name cannot be formed.
    #[error("its tool `{tool}` gets no public name: {error}")]
    Name {
        /// The tool.
        tool: String,
        /// The reason why the name cannot be formed.
        error: NameError,
    },
    /// The manifest speaks of a tool that the plugin does not have.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// The file that grants the directory which `error` is of: the manifest `file`, or the local file beside it.
pub(super) fn place_of(file: &str, decisions: Option<&Decisions>, error: &FolderError) -> String {
    if is_decided(decisions, error) { local_of(file) } else { file.to_owned() }
}

/// True if the local file grants the directory.
pub(super) fn is_decided(decisions: Option<&Decisions>, error: &FolderError) -> bool {
    let name = GrantName::Files(error.at.clone()).to_string();
    decisions.is_some_and(|decisions| decisions.set.contains(&name))
}

/// The name of a file as it is shown, without its directory.
pub(super) fn file_name(file: &str) -> String {
    file.rsplit(MAIN_SEPARATOR).next().unwrap_or(file).to_owned()
}

/// The lines that make a program a tool, to begin with.
#[must_use]
pub fn first_tool(name: &PluginName) -> String {
    format!(
        "[[tools]]\nname = \"run\"\ndescription = \"What {name} does, in words for a model.\"\n\
        args = [\"--\", \"{{arguments...}}\"]\nparameters = {{ arguments = \"string[]\" }}"
    )
}

impl PluginError {
    /// The reason why the Wasm file `wasm` of the plugin that `file` describes has no code.
    pub(super) fn compile(
        wasm: &str,
        file: &str,
        decisions: Option<&Decisions>,
        error: CompileError,
    ) -> Self {
        match error {
            CompileError::Unread(reason) => Self::Unread(reason),
            CompileError::Folder(error) => {
                let local = is_decided(decisions, &error).then(|| file_name(&local_of(file)));
                Self::Folder { local, error }
            }
            CompileError::NotGranted(error) => {
                let taken = decisions.map_or(&[][..], |decisions| &decisions.taken);
                Self::NotGranted {
                    wasm: wasm.into(),
                    advice: error.advice(&file_name(file), taken),
                }
            }
            error @ (CompileError::Refused(_)
            | CompileError::Capped(_)
            | CompileError::Host(_)
            | CompileError::Abandoned) => Self::Compile { wasm: wasm.into(), error },
        }
    }

    /// The reason why it does not say what its tools are.
    pub(super) fn list(wasm: &str, file: &str, error: ListError) -> Self {
        match error {
            ListError::Declared(error) => {
                ManifestError::new(file, error.place, error.message).help(error.help).into()
            }
            ListError::Unread(reason) => Self::Unread(reason),
            error @ (ListError::Call(_) | ListError::Tool(_) | ListError::Section(_)) => {
                Self::List { wasm: wasm.into(), error }
            }
        }
    }

    pub(super) fn undeclared(wasm: Box<str>, file: &str, manifest: &Manifest) -> Self {
        Self::Undeclared { wasm, manifest: file_name(file), lines: first_tool(&manifest.name) }
    }

    /// True if the same files may load another time.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Compile { error, .. } => error.may_pass(),
            Self::List { error, .. } => error.may_pass(),
            Self::Folder { error, .. } => error.may_pass(),
            Self::Inside(_) | Self::Unread(_) => true,
            Self::Disagrees { .. }
            | Self::Pin { .. }
            | Self::NotGranted { .. }
            | Self::Kind { .. }
            | Self::NoTools(_)
            | Self::Undeclared { .. }
            | Self::Schema { .. }
            | Self::Requires { .. }
            | Self::TooManyPatterns
            | Self::TooManyTools { .. }
            | Self::Name { .. }
            | Self::Manifest(_) => false,
        }
    }
}
