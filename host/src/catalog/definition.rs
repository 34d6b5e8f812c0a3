//! What a client is told of a tool, as one digest: two that differ in a byte differ.

use crate::manifest::Sha256Digest;
use crate::name::ToolName;
use crate::tool::ToolSpec;

/// The digest of the tool that is called `name` in public.
pub(super) fn digest(name: &ToolName, spec: &ToolSpec) -> Sha256Digest {
    let ToolSpec { name: _, title, description, input_schema, output_schema, annotations, meta } =
        spec;
    let told = (
        name.as_str(),
        title,
        description,
        input_schema.get(),
        output_schema.as_ref().map(|raw| raw.get()),
        annotations,
        meta.as_ref().map(|raw| raw.get()),
    );
    // Texts and switches are always JSON.
    Sha256Digest::of(&serde_json::to_vec(&told).unwrap_or_default())
}
