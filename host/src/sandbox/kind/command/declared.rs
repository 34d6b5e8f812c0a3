//! The tools of a program, as its manifest declares them.

use crate::manifest::{Grants, Manifest, SourceFile, SourceSpan, ToolOverride};
use crate::tool::{Annotations, ToolSpec};

use super::super::contract::{self, Side};

/// The declarations of a manifest that only a program needs.
#[derive(Clone, Debug, Default)]
pub struct ProgramDeclarations {
    /// The plugin's name: the program's own, as it sees it.
    pub(super) name: Box<str>,
    /// Its tools.
    pub(super) tools: Vec<ToolOverride>,
}

/// A tool that the manifest declares and that cannot be served.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct DeclaredError {
    /// The place at which the manifest names the tool.
    pub place: SourceSpan,
    /// The problem, in words.
    pub message: String,
    /// The advice on what to do about it.
    pub help: String,
}

impl ProgramDeclarations {
    /// Returns the declarations of `manifest`.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        // A local file decides of tools; it declares none.
        let declared = |tool: &&ToolOverride| tool.place.source_file() == SourceFile::Manifest;
        let tools = manifest.tools.iter().filter(declared).cloned().collect();
        Self { name: manifest.name.as_str().into(), tools }
    }
}

/// The tools as a client is to see them.
pub(crate) fn list(
    declared: &ProgramDeclarations,
    grants: &Grants,
) -> Result<Vec<ToolSpec>, DeclaredError> {
    declared.tools.iter().map(|tool| spec(grants, tool)).collect()
}

fn spec(grants: &Grants, tool: &ToolOverride) -> Result<ToolSpec, DeclaredError> {
    let wrong = |message: String, help: &str| DeclaredError {
        place: tool.place.clone(),
        message: format!("the tool `{}` {message}", tool.name),
        help: help.into(),
    };
    let Some(description) = tool.description.clone() else {
        let message = "has no `description`, and its program says none".into();
        return Err(wrong(message, "tell the model what it does: `description = \"...\"`"));
    };
    let schema = |side, text: &str| {
        contract::schema(side, text)
            .map_err(|problem| wrong(problem, "write a smaller one, or `parameters` instead"))
    };
    let command = &tool.command;
    let output = command.output_schema.as_deref();
    Ok(ToolSpec {
        name: tool.name.clone(),
        title: tool.title.clone(),
        description,
        input_schema: schema(Side::Input, &command.input_schema)?,
        output_schema: output.map(|text| schema(Side::Output, text)).transpose()?,
        annotations: contract::corrected(Annotations::default(), grants),
        meta: None,
    })
}
