//! `toolrack inspect`: what a Wasm file is, what it would need, and which tools it would give.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};

use super::super::output::print::{eprintln, print, println};
use super::super::setup::Setup;
use super::super::{DIM, ERROR, NAME, paint, print_json};
use super::list::{parameters, summary};
use crate::catalog::first_tool;
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::host::Host;
use crate::json::readable;
use crate::manifest::{GrantKind, PluginKind, Sha256Digest};
use crate::name::{PluginName, ToolName};
use crate::reload::{MAX_WASM, MAX_WIT};
use crate::sandbox::{Guest, Notes, Wasm, listed_in};
use crate::suggestion::CommandName;
use crate::text::escape;
use crate::tool::{Listed, ToolSpec};

/// The form of the output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportForm {
    /// For people.
    Words,
    /// For programs.
    Json,
    /// A manifest to begin with.
    Manifest,
}

/// A file with what was found out.
struct Inspected {
    name: PluginName,
    /// The name of the file.
    file: String,
    kind: PluginKind,
    size: usize,
    digest: Sha256Digest,
    imports: Vec<String>,
    listed: Listed,
    /// The reason why it cannot be started. `None` where it can.
    misfit: Option<String>,
    /// The number of tools that its section lists, or what is wrong with the section.
    packed: Result<Option<usize>, String>,
}

pub(crate) fn run(setup: Setup, file: &Path, form: ReportForm) -> anyhow::Result<ExitCode> {
    let shown = escape(&file.to_string_lossy());
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    // Only a suggestion: a manifest may name a file that is called anything.
    let folded = stem.replace([' ', '.', '+'], "-");
    let name = PluginName::new(stem)
        .or_else(|_| PluginName::new(&folded))
        .or_else(|_| PluginName::new("plugin"))?;
    let bytes = read_at_most(file, MAX_WASM).map_err(|error| match error {
        ReadError::Missing => anyhow!("{shown}: there is no such file or directory"),
        error => anyhow!("{shown}: it {error}"),
    })?;
    let (size, digest) = (bytes.len(), Sha256Digest::of(&bytes));
    let packed = listed_in(&bytes).map_err(|error| error.to_string());
    let host = Host::start(setup.compiler, setup.protected, setup.policy, setup.home.as_ref())?;
    let guest = host.look_at(Wasm::of(bytes)).with_context(|| shown.clone())?;
    let misfit = guest.misfit();
    let notes = notes(file, guest.kind());
    let listed = match host.guests().block_on(guest.noted_tools(&notes)) {
        Ok(listed) => listed,
        // It cannot say what its tools are before it may start.
        Err(_) if misfit.is_some() => Listed::default(),
        Err(error) => bail!("{shown}: {error}"),
    };
    let inspected = Inspected {
        name,
        file: format!("{stem}.wasm"),
        kind: guest.kind(),
        size,
        digest,
        imports: imports(&guest),
        misfit,
        listed,
        packed,
    };
    match form {
        ReportForm::Words => inspected.print(file),
        ReportForm::Json => print_json(&inspected.report())?,
        ReportForm::Manifest => print!("{}", inspected.manifest()),
    }
    host.stop();
    Ok(ExitCode::SUCCESS)
}

/// Reads the `.wit` file beside it, if there is one and its kind uses it.
fn notes(file: &Path, kind: PluginKind) -> Notes {
    let beside = file.with_extension("wit");
    if !kind.has_interfaces() || !beside.exists() {
        return Notes::default();
    }
    let shown = escape(&beside.to_string_lossy());
    let notes = match read_at_most(&beside, MAX_WIT) {
        Ok(text) => Notes::parse(&text).map_err(|error| format!("{shown}:{error}")),
        Err(error) => Err(format!("{shown}: it {error}")),
    };
    notes.unwrap_or_else(|error| {
        eprintln!("{} {error}", paint(ERROR, "not described:"));
        Notes::default()
    })
}

/// In order.
fn imports(guest: &Guest) -> Vec<String> {
    let mut imports = guest.imports();
    imports.sort();
    imports
}

/// The grant under which an import reaches anything, and what it is then.
fn grant(import: &str) -> Option<(GrantKind, &'static str)> {
    let begins = |kind: &GrantKind| kind.interface().is_some_and(|name| import.starts_with(name));
    let kind = GrantKind::ALL.into_iter().find(begins)?;
    let words = match kind {
        // Its types alone send nothing.
        GrantKind::Network if !import.starts_with("wasi:http/outgoing-handler@") => return None,
        GrantKind::Network => "sends requests",
        GrantKind::Files => "sees directories, if it is granted some",
        GrantKind::Env => "sees variables, if it is granted some",
        GrantKind::Config => "reads its configuration",
        GrantKind::Scratch | GrantKind::Secret => return None,
    };
    Some((kind, words))
}

impl Inspected {
    fn print(&self, file: &Path) {
        let shown = escape(&file.to_string_lossy());
        println!("{}  {}", paint(NAME, shown), what(self.kind));
        println!("     {}", paint(DIM, format!("{} bytes, SHA-256 {}", self.size, self.digest)));
        for import in &self.imports {
            let Some((kind, words)) = grant(import) else { continue };
            let key = kind.name();
            println!("     {words} ({}): `{key}` under [grants]", paint(DIM, escape(import)));
        }
        if self.imports.iter().any(|import| import.starts_with("wasi:sockets/")) {
            println!(
                "     asks for sockets, which no plugin gets: it sees them refused ({})",
                paint(DIM, "wasi:sockets")
            );
        }
        if self.kind.is_asked() {
            match &self.packed {
                Ok(Some(1)) => println!("     packed: its section lists 1 tool"),
                Ok(Some(tools)) => println!("     packed: its section lists {tools} tools"),
                Ok(None) => println!(
                    "     not packed: a first start compiles it before it lists its tools ({})",
                    paint(DIM, CommandName::Pack.with([file.to_string_lossy()]))
                ),
                Err(problem) => println!("     {} {problem}", paint(ERROR, "not packed:")),
            }
        }
        if let Some(misfit) = &self.misfit {
            println!("     {} {misfit}", paint(ERROR, "it does not fit:"));
        }
        for spec in &self.listed.tools {
            println!("{}  {}", paint(NAME, self.public(spec)), summary(&spec.description));
            println!("     {}", paint(DIM, parameters(spec)));
        }
        for unfit in &self.listed.unfit {
            println!("{} {} {}", paint(ERROR, "no tool:"), unfit.name, unfit.reason);
        }
        if self.kind.manifest_declares_tools() {
            println!("     its tools are what a manifest declares");
        }
        println!(
            "\nA manifest to begin with: {}",
            CommandName::Inspect.with([file.to_string_lossy()]).flag("--manifest")
        );
    }

    /// The name that a client would see.
    fn public(&self, spec: &ToolSpec) -> String {
        let prefix = self.name.as_str().replace('-', "_");
        ToolName::public(&prefix, &spec.name)
            .map_or_else(|_| escape(&spec.name), |name| name.to_string())
    }

    fn report(&self) -> Value {
        let imports = self.imports.iter().map(
            |import| json!({ "name": import, "grant": grant(import).map(|(kind, _)| kind.name()) }),
        );
        let tools = self.listed.tools.iter().map(|spec| {
            json!({
                "name": self.public(spec),
                "description": spec.description,
                "inputSchema": readable(&spec.input_schema),
                "outputSchema": spec.output_schema.as_deref().map(readable),
            })
        });
        let unfit = self.listed.unfit.iter();
        let unfit = unfit.map(|unfit| json!({ "name": unfit.name, "reason": unfit.reason }));
        json!({
            "kind": self.kind.name(),
            "bytes": self.size,
            "sha256": self.digest.to_string(),
            "imports": imports.collect::<Vec<_>>(),
            "tools": tools.collect::<Vec<_>>(),
            "unfit": unfit.collect::<Vec<_>>(),
            "misfit": self.misfit,
            "packed": self.packed.as_ref().is_ok_and(Option::is_some),
        })
    }

    /// Returns a manifest to begin with, with the values that can be known filled in.
    fn manifest(&self) -> String {
        let Self { name, file, kind, .. } = self;
        let mut text =
            format!("# {name}: its manifest. Beside it lies {}.\n\n[plugin]\n", escape(file));
        // The manifest's own file has its name, or that of the Wasm.
        if *file != format!("{name}.wasm") {
            let wasm = Value::from(file.as_str());
            text += &format!("name = \"{name}\"\nwasm = {}\n", wasm.to_string().trim());
        }
        text += &format!("kind = \"{}\"\n", kind.name());
        let kinds = self.imports.iter().filter_map(|import| Some(grant(import)?.0));
        let kinds: Vec<_> = kinds.collect();
        let is_asked = |kind: &GrantKind| kinds.contains(kind);
        let lines: Vec<_> = GrantKind::ALL.into_iter().filter(is_asked).collect();
        if !lines.is_empty() {
            text += "\n# What it may use, if you grant it:\n# [grants]\n";
            lines.iter().for_each(|kind| text += &format!("# {}\n", kind.example().line));
        }
        if kind.manifest_declares_tools() {
            return text + &format!("\n{}\n", first_tool(name));
        }
        for spec in &self.listed.tools {
            let quoted = |text: &str| Value::from(text).to_string();
            let (name, words) = (quoted(&spec.name), quoted(&summary(&spec.description)));
            text += &format!("\n# [[tools]]\n# name = {name}\n# description = {words}\n");
        }
        text
    }
}

fn what(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Tools => "a plugin made for toolrack (kind `tools`)",
        PluginKind::Functions => "a component whose functions are tools (kind `functions`)",
        PluginKind::Command => "a WASI program (kind `command`)",
    }
}
