//! What a plugin offers: its tools under public names, with their schemas compiled.

use std::sync::Arc;

use super::definition;
use super::error::PluginError;
use super::overrides::{self, Applied};
use super::schema::Schema;
use crate::manifest::{Kind, Manifest, ManifestError, Rate, Sha256Digest};
use crate::name::ToolName;
use crate::tool::{Listed, ToolSpec, UnfitTool};

/// Patterns in the schemas of one plugin: each is compiled, and stays so.
pub(super) const MAX_PATTERNS: usize = 256;

/// A tool of a plugin before public names are settled.
pub(super) struct PluginTool {
    pub(super) name: ToolName,
    pub(super) spec: ToolSpec,
    /// Of what a client is told of it.
    pub(super) digest: Sha256Digest,
    /// What arguments and answers are checked against, unless the sandbox wrote the schema itself: then
    /// it takes nothing else, and gives nothing else.
    pub(super) input: Option<Arc<Schema>>,
    pub(super) output: Option<Arc<Schema>>,
    /// Whether an error that the guest returns is one to the client.
    pub(super) err_is_error: bool,
    /// How often it is called.
    pub(super) rate: Option<Rate>,
}

/// What a plugin offers once its manifest has been asked.
pub(super) struct Offer {
    pub(super) tools: Vec<PluginTool>,
    pub(super) unfit: Vec<UnfitTool>,
}

pub(super) fn offer(
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
