//! The offer of a plugin: its tools under public names, with their schemas.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::super::bounds::MAX_PLUGIN_PATTERNS;
use super::super::error::PluginError;
use super::super::result_cache::CacheTerms;
use super::super::schema::compiled::Schema;
use super::super::schema::lenient::Reading;
use super::super::schema::repeated_arguments::{self, RepeatedArgument};
use super::definition::definition_digest;
use super::overrides::{self, Applied};
use super::references::{self, PublicNames};
use super::stated_needs;
use super::tool_names::ToolNames;
use crate::json;
use crate::manifest::{
    Manifest, ManifestError, Parameter, PluginKind, Rate, Requirement, Sha256Digest,
};
use crate::name::ToolName;
use crate::sandbox::Checks;
use crate::tool::{Listed, ToolSpec, UnfitTool};

/// A tool of a plugin before public names are settled.
pub(crate) struct PluginTool {
    pub(crate) name: ToolName,
    pub(crate) spec: ToolSpec,
    /// The digest of what a client is told of it.
    pub(crate) digest: Sha256Digest,
    /// The schema that arguments are read by.
    pub(crate) input: Arc<Schema>,
    /// The schema that answers are checked against. `None` if there is none, or if the sandbox wrote it itself: then
    /// the sandbox gives nothing else.
    pub(crate) output: Option<Arc<Schema>>,
    /// True if an error that the guest returns is one to the client.
    pub(crate) err_is_error: bool,
    /// The way in which its arguments are read.
    pub(crate) reading: Reading,
    /// The rate at which it may be called. `None` if it has no rate of its own.
    pub(crate) rate: Option<Rate>,
    /// The terms on which its answers are kept. `None` if they are not.
    pub(crate) cache: Option<CacheTerms>,
    /// The arguments that clients repeat in headers.
    pub(crate) repeated: Arc<[RepeatedArgument]>,
    /// The requirements without which it can only fail.
    pub(crate) requires: Vec<Requirement>,
}

/// The offer of a plugin once its manifest has been applied.
pub(crate) struct Offer {
    pub(crate) tools: Vec<PluginTool>,
    pub(crate) unfit: Vec<UnfitTool>,
    /// The tools that the local file speaks of and the plugin does not have, each with the message that says so.
    pub(crate) idle: Vec<(String, ManifestError)>,
    /// The names of the plugin's tools, hidden ones included.
    pub(crate) names: ToolNames,
}

/// Returns what is offered of `listed`. Schemas that `checks` know are compiled only when their tool is called.
pub(crate) fn offer(
    file: &str,
    manifest: &Manifest,
    kind: PluginKind,
    mut listed: Listed,
    checks: &Checks,
) -> Result<Offer, PluginError> {
    let own_names = listed.tools.iter().map(|spec| spec.name.clone());
    let public = |own: String| Some((own.clone(), ToolName::public(&manifest.prefix, &own).ok()?));
    let public_names: PublicNames = own_names.filter_map(public).collect();
    let mut stated = stated_needs::take(&mut listed)?;
    let Applied { returned, rates, mut cached, strict, mut requires, idle, names } =
        overrides::apply(file, manifest, kind, &mut listed)?;
    let written_elsewhere = !kind.host_writes_schemas();
    let schemas = written_elsewhere.then(|| digest_of_schemas(kind, &listed.tools));
    let known = schemas.is_some_and(|schemas| checks.has_passed(&schemas));
    let make: Make = if known { |text| Ok(Schema::known(text)) } else { Schema::compile };
    let mut tools = Vec::new();
    let mut patterns = 0;
    for mut spec in listed.tools {
        references::resolve(&mut spec, &public_names);
        let err_is_error = !returned.contains(&spec.name);
        let rate = rates.get(&spec.name).copied();
        let cache = cached.remove(&spec.name);
        let requires = requires.remove(&spec.name).or_else(|| stated.remove(&spec.name));
        let requires = requires.unwrap_or_default().into_iter();
        let requires = requires
            .map(|one| one.as_bound(&manifest.grants, manifest.replaced_bindings()))
            .collect();
        let reading = match strict.contains(&spec.name) {
            true => Reading::Strict,
            false => Reading::Lenient,
        };
        let tool = tool(manifest, kind, spec, make)
            .map(|tool| PluginTool { err_is_error, rate, cache, reading, requires, ..tool })
            .map_err(|error| declared(file, manifest, kind, error))?;
        let schemas = [&tool.input].into_iter().chain(&tool.output);
        patterns += schemas.map(|schema| schema.patterns()).sum::<usize>();
        if patterns > MAX_PLUGIN_PATTERNS {
            return Err(PluginError::TooManyPatterns);
        }
        if kind.manifest_declares_tools() && !known {
            check_defaults(file, manifest, &tool)?;
        }
        tools.push(tool);
    }
    if let Some(schemas) = schemas.filter(|_| !known) {
        checks.passed(&schemas);
    }
    let most = manifest.limits.max_tools;
    if tools.len() > most as usize {
        return Err(PluginError::TooManyTools { found: tools.len(), most });
    }
    Ok(Offer { tools, unfit: listed.unfit, idle, names })
}

/// A function that makes a schema of a text, or says why the text is none.
type Make = fn(&RawValue) -> Result<Schema, String>;

/// Returns a tool as clients are told of it, with the schemas that it is checked by, which may be more.
fn tool(
    manifest: &Manifest,
    kind: PluginKind,
    mut spec: ToolSpec,
    make: Make,
) -> Result<PluginTool, PluginError> {
    let compile = |which, text| {
        make(text).map(Arc::new).map_err(|problem| PluginError::Schema {
            tool: spec.name.clone(),
            which,
            problem,
        })
    };
    let (input, output) = if kind.host_writes_schemas() {
        (Arc::new(Schema::known(&spec.input_schema)), None)
    } else {
        let output = spec.output_schema.as_deref().map(|text| compile("output", text));
        (compile("input", &spec.input_schema)?, output.transpose()?)
    };
    spec.output_schema.take_if(|_| !manifest.lists_output_schemas);
    let name = ToolName::public(&manifest.prefix, &spec.name)
        .map_err(|error| PluginError::Name { tool: spec.name.clone(), error })?;
    let digest = definition_digest(&name, &spec);
    let repeated = repeated_arguments::of(&spec.input_schema).map_err(|problem| {
        PluginError::Schema { tool: spec.name.clone(), which: "input", problem }
    })?;
    let (err_is_error, rate, reading) = (true, None, Reading::default());
    let requires = Vec::new();
    Ok(PluginTool {
        name,
        spec,
        digest,
        input,
        output,
        err_is_error,
        rate,
        cache: None,
        reading,
        repeated: repeated.into(),
        requires,
    })
}

/// Returns the digest that the schemas of these tools are known by, all together. The schemas of a program hold
/// defaults, which are checked too, so that a digest holds for one kind only.
fn digest_of_schemas(kind: PluginKind, tools: &[ToolSpec]) -> Sha256Digest {
    let texts: Vec<(&RawValue, Option<&RawValue>)> =
        tools.iter().map(|tool| (&*tool.input_schema, tool.output_schema.as_deref())).collect();
    // Texts of JSON are always JSON.
    Sha256Digest::of(&serde_json::to_vec(&(kind.name(), texts)).unwrap_or_default())
}

/// Checks that the defaults of a program's parameters are values that a caller could give.
fn check_defaults(file: &str, manifest: &Manifest, tool: &PluginTool) -> Result<(), ManifestError> {
    let declared = manifest.tools.iter().find(|declared| declared.name == tool.spec.name);
    let Some(declared) = declared else { return Ok(()) };
    for Parameter { name, default, .. } in &declared.command.parameters {
        // `null` stands for nothing.
        let Some(default) = default.as_deref().filter(|default| *default != "null") else {
            continue;
        };
        let value = json::value(default).unwrap_or_default();
        tool.input.check_member(name, value).map_err(|problem| {
            let message = format!(
                "`default` of the parameter `{name}` of `{}`: no caller could give this value: {problem}",
                declared.name
            );
            ManifestError::new(file, declared.place.clone(), message)
                .help("choose one that keeps what the parameter's schema says")
        })?;
    }
    Ok(())
}

/// Blames the manifest for a wrong schema of a program, since the manifest holds that schema.
fn declared(file: &str, manifest: &Manifest, kind: PluginKind, error: PluginError) -> PluginError {
    let PluginError::Schema { tool, which, problem } = &error else { return error };
    let place = manifest.tools.iter().find(|declared| declared.name == *tool);
    let Some(declared) = place.filter(|_| kind.manifest_declares_tools()) else { return error };
    let message = format!("the {which} schema of `{tool}` is not valid JSON Schema: {problem}");
    ManifestError::new(file, declared.place.clone(), message).into()
}
