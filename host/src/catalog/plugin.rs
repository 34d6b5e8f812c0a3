//! One plugin made ready to serve: a checked manifest and its bytes become a guest with known tools.

use std::path::{MAIN_SEPARATOR, Path};
use std::sync::Arc;

use super::breaker::{Breaker, Paused};
use super::definition;
use super::overrides::{self, Applied};
use super::schema::Schema;
use super::wit::WitFile;
use super::{Refusal, Refused};
use crate::home::Home;
use crate::manifest::{Grants, Kind, Limits, Manifest, ManifestError, Rate, Sha256Digest};
use crate::name::{NameError, PluginName, ToolName};
use crate::sandbox::{CompileError, Declared, FolderError, Guest, ListError, Notes, Sandbox, Wasm};
use crate::secret::{PatientKeyring, Secrets};
use crate::tool::{CallError, Listed, ToolSpec, UnfitTool};

/// Patterns in the schemas of one plugin: each is compiled, and stays so.
const MAX_PATTERNS: usize = 256;

/// A plugin that can serve.
pub struct Plugin {
    /// Its name.
    pub name: PluginName,
    /// Its manifest's file, as shown to people.
    pub file: String,
    /// The SHA-256 of its Wasm: its version.
    pub digest: Sha256Digest,
    pub(super) guest: Guest,
    pub(super) breaker: Breaker,
    pub(super) tools: Vec<PluginTool>,
    /// What it has and cannot offer.
    pub(super) unfit: Vec<UnfitTool>,
    /// What is wrong with the `.wit` file beside its manifest.
    pub(super) unnoted: Option<Refusal>,
}

/// A tool of a plugin before public names are settled.
pub(super) struct PluginTool {
    pub(super) name: ToolName,
    pub(super) spec: ToolSpec,
    /// Of what a client is told of it.
    digest: Sha256Digest,
    /// What arguments and answers are checked against, unless the sandbox wrote the schema itself: then
    /// it takes nothing else, and gives nothing else.
    pub(super) input: Option<Arc<Schema>>,
    pub(super) output: Option<Arc<Schema>>,
    /// Whether an error that the guest returns is one to the client.
    pub(super) err_is_error: bool,
    /// How often it is called.
    pub(super) rate: Option<Rate>,
}

/// Why a manifest and its bytes are not served.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The bytes are not the pinned ones.
    #[error(
        "`{wasm}` has the SHA-256 {found}, and the manifest pins {pinned}; copy the right file, or change `sha256`"
    )]
    Pin {
        /// The Wasm file.
        wasm: Box<str>,
        /// What the manifest says.
        pinned: Sha256Digest,
        /// What the file has.
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
        /// Why not.
        error: CompileError,
    },
    /// It imports more than it is granted.
    #[error("`{wasm}`: {advice}")]
    NotGranted {
        /// The Wasm file.
        wasm: Box<str>,
        /// What is missing, and the lines to add.
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
        /// What it is.
        found: Kind,
        /// What the manifest says.
        stated: Kind,
    },
    /// A directory that it is granted cannot be had.
    #[error(transparent)]
    Folder(FolderError),
    /// The guest does not say what its tools are.
    #[error("`{wasm}`: {error}")]
    List {
        /// The Wasm file.
        wasm: Box<str>,
        /// Why not.
        error: ListError,
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
        /// What is wrong with it.
        problem: String,
    },
    /// The schemas together would take too much memory.
    #[error("the schemas of its tools hold more than {MAX_PATTERNS} patterns")]
    TooManyPatterns,
    /// Toolrack itself failed.
    #[error("loading it failed inside toolrack: {0}")]
    Inside(String),
    /// A tool's public name cannot be formed.
    #[error("its tool `{tool}` gets no public name: {error}")]
    Name {
        /// The tool.
        tool: String,
        /// Why not.
        error: NameError,
    },
    /// The manifest speaks of a tool that the plugin does not have.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
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
    fn undeclared(wasm: Box<str>, file: &str, manifest: &Manifest) -> Self {
        let shown = file.rsplit(MAIN_SEPARATOR).next().unwrap_or(file);
        Self::Undeclared { wasm, manifest: shown.to_owned(), lines: first_tool(&manifest.name) }
    }

    /// Whether the same files may load another time.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Compile { error, .. } => matches!(error, CompileError::Host(_)),
            Self::List { error: ListError::Call(error), .. } => matches!(error, CallError::Host(_)),
            Self::Folder(error) => error.is_passing(),
            Self::Inside(_) | Self::Unread(_) => true,
            _ => false,
        }
    }
}

impl Plugin {
    /// Compiles `wasm` and asks it for its tools, in a tokio runtime. Listing is limited like a call;
    /// what keeps a thread busy gets a blocking one. Of functions `wit` tells more, if there is one.
    pub async fn load(
        sandbox: Arc<Sandbox>,
        file: String,
        manifest: Manifest,
        wasm: Wasm,
        wit: Option<WitFile>,
    ) -> Result<Self, PluginError> {
        let name = manifest.wasm.clone();
        let digest = wasm.digest;
        if let Some(pinned) = manifest.sha256.filter(|pinned| *pinned != digest) {
            return Err(PluginError::Pin { wasm: name, pinned, found: digest });
        }
        let (limits, grants) = (manifest.limits.clone(), manifest.grants.clone());
        let guest = Guest::compile(sandbox, wasm, limits, grants).await;
        let guest = guest.map_err(|error| match error {
            CompileError::Unread(reason) => PluginError::Unread(reason),
            CompileError::Folder(error) => PluginError::Folder(error),
            CompileError::NotGranted(error) => PluginError::NotGranted {
                wasm: name.clone(),
                advice: error.advice(file.rsplit(MAIN_SEPARATOR).next().unwrap_or(&file)),
            },
            error => PluginError::Compile { wasm: name.clone(), error },
        })?;
        let found = guest.kind();
        if let Some(stated) = manifest.kind.filter(|stated| *stated != found) {
            return Err(PluginError::Kind { wasm: name, found, stated });
        }
        // `file` is the manifest's path as people see it, which differs from the path itself only where
        // that holds characters that hide; no `.env` is found beside such a one.
        let beside = Path::new(&file).parent();
        let secrets = Secrets::of(beside, Home::from_environment().as_ref());
        let guest = guest.with_secrets(secrets.with_keyring(PatientKeyring::of_system()));
        let guest = guest.declaring(Declared::of(&manifest));
        let wit = wit.filter(|_| found == Kind::Functions);
        let (notes, unnoted) = noted(wit).await?;
        let listed = guest.noted_tools(&notes).await.map_err(|error| match error {
            ListError::Declared(error) => {
                ManifestError::new(&file, error.place, error.message).help(error.help).into()
            }
            ListError::Unread(reason) => PluginError::Unread(reason),
            error => PluginError::List { wasm: name.clone(), error },
        })?;
        match (listed.tools.is_empty(), found) {
            (false, _) => {}
            (true, Kind::Command) => return Err(PluginError::undeclared(name, &file, &manifest)),
            (true, Kind::Tools | Kind::Functions) => return Err(PluginError::NoTools(name)),
        }
        let (place, plugin) = (file.clone(), manifest.name.clone());
        // A large schema takes its time.
        let offer = guest.aside(move || offer(&place, &manifest, found, listed)).await;
        let Offer { tools, unfit } =
            offer.map_err(|error| PluginError::Inside(error.to_string()))??;
        guest.rest();
        let breaker = Breaker::new(plugin.clone(), guest.limits().crashes);
        Ok(Self { name: plugin, file, digest, guest, breaker, tools, unfit, unnoted })
    }

    /// What it may reach.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        self.guest.grants()
    }

    /// Its tools as a client is told of them, whether or not another plugin has their names, each with the
    /// digest of that.
    pub fn definitions(&self) -> impl Iterator<Item = (&ToolName, &ToolSpec, Sha256Digest)> {
        self.tools.iter().map(|tool| (&tool.name, &tool.spec, tool.digest))
    }

    /// How it is left alone, if it is because it keeps crashing.
    #[must_use]
    pub fn paused(&self) -> Option<Paused> {
        self.breaker.paused()
    }

    /// What it has and cannot offer.
    #[must_use]
    pub fn unfit(&self) -> &[UnfitTool] {
        &self.unfit
    }

    /// What is wrong with the `.wit` file beside its manifest, which does it no harm.
    #[must_use]
    pub fn unnoted(&self) -> Option<&Refusal> {
        self.unnoted.as_ref()
    }

    /// The limits of one call.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.guest.limits()
    }
}

/// What `wit` says, or what is wrong with it.
async fn noted(wit: Option<WitFile>) -> Result<(Notes, Option<Refusal>), PluginError> {
    let Some(wit) = wit else { return Ok((Notes::default(), None)) };
    let file = wit.file.clone();
    let notes = tokio::task::spawn_blocking(move || wit.notes()).await;
    // Whatever a parser falls over does the plugin no harm.
    let notes =
        notes.unwrap_or_else(|_| Ok(Err(format!("{file}: reading it failed inside toolrack"))));
    Ok(match notes.map_err(PluginError::Unread)? {
        Ok(notes) => (notes, None),
        Err(reason) => (Notes::default(), Some(Refusal { file, refused: Refused::Notes, reason })),
    })
}

/// What a plugin offers once its manifest has been asked.
struct Offer {
    tools: Vec<PluginTool>,
    unfit: Vec<UnfitTool>,
}

fn offer(
    file: &str,
    manifest: &Manifest,
    kind: Kind,
    mut listed: Listed,
) -> Result<Offer, PluginError> {
    let Applied { returned, rates } = overrides::apply(file, manifest, kind, &mut listed)?;
    let mut tools = Vec::new();
    let mut patterns = 0;
    for spec in listed.tools {
        let err_is_error = !returned.contains(&spec.name);
        let rate = rates.get(&spec.name).copied();
        let tool = tool(&manifest.prefix, kind, spec, err_is_error)
            .map(|tool| PluginTool { rate, ..tool })
            .map_err(|error| declared(file, manifest, kind, error))?;
        let schemas = tool.input.iter().chain(&tool.output);
        patterns += schemas.map(|schema| schema.patterns).sum::<usize>();
        if patterns > MAX_PATTERNS {
            return Err(PluginError::TooManyPatterns);
        }
        tools.push(tool);
    }
    Ok(Offer { tools, unfit: listed.unfit })
}

fn tool(
    prefix: &str,
    kind: Kind,
    spec: ToolSpec,
    err_is_error: bool,
) -> Result<PluginTool, PluginError> {
    let compile = |which, text| {
        Schema::compile(text).map(Arc::new).map_err(|problem| PluginError::Schema {
            tool: spec.name.clone(),
            which,
            problem,
        })
    };
    let (input, output) = match kind {
        Kind::Tools | Kind::Command => {
            let output = spec.output_schema.as_deref().map(|text| compile("output", text));
            (Some(compile("input", &spec.input_schema)?), output.transpose()?)
        }
        Kind::Functions => (None, None),
    };
    let name = ToolName::public(prefix, &spec.name)
        .map_err(|error| PluginError::Name { tool: spec.name.clone(), error })?;
    let digest = definition::digest(&name, &spec);
    Ok(PluginTool { name, spec, digest, input, output, err_is_error, rate: None })
}

/// A schema of a program is the manifest's, so that is where it is wrong.
fn declared(file: &str, manifest: &Manifest, kind: Kind, error: PluginError) -> PluginError {
    let PluginError::Schema { tool, which, problem } = &error else { return error };
    let place = manifest.tools.iter().find(|declared| declared.name == *tool);
    let Some(declared) = place.filter(|_| kind == Kind::Command) else { return error };
    let message = format!("the {which} schema of `{tool}` is not valid JSON Schema: {problem}");
    ManifestError::new(file, declared.place.clone(), message).into()
}
