//! The digest of all that a client is told of a tool: two tools that differ in a byte have two digests.

use crate::manifest::Sha256Digest;
use crate::name::ToolName;
use crate::tool::ToolSpec;

/// Returns the digest of all that a client is told of the tool that is called `name` in public.
#[must_use]
pub fn definition_digest(name: &ToolName, spec: &ToolSpec) -> Sha256Digest {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::value::RawValue;

    use super::*;
    use crate::tool::Annotations;

    #[test]
    fn whatever_a_client_is_told_makes_another_digest() {
        let raw = |text: &str| RawValue::from_string(text.into()).expect("JSON");
        let spec = || ToolSpec {
            name: "own".into(),
            title: Some("a".into()),
            description: "a".into(),
            input_schema: raw("{}"),
            output_schema: Some(raw("{}")),
            annotations: Annotations::default(),
            meta: Some(raw("{}")),
        };
        let name = |text: &str| ToolName::new(text).expect("a name");
        let annotations = Annotations { idempotent: Some(true), ..Annotations::default() };
        let told = [
            ("p_own", spec()),
            ("q_own", spec()),
            ("p_own", ToolSpec { title: Some("b".into()), ..spec() }),
            ("p_own", ToolSpec { title: None, ..spec() }),
            ("p_own", ToolSpec { description: "b".into(), ..spec() }),
            ("p_own", ToolSpec { input_schema: raw("{ }"), ..spec() }),
            ("p_own", ToolSpec { output_schema: Some(raw("{ }")), ..spec() }),
            ("p_own", ToolSpec { output_schema: None, ..spec() }),
            ("p_own", ToolSpec { annotations, ..spec() }),
            ("p_own", ToolSpec { meta: Some(raw("{ }")), ..spec() }),
            ("p_own", ToolSpec { meta: None, ..spec() }),
        ];
        let digests: BTreeSet<_> =
            told.iter().map(|(public, spec)| definition_digest(&name(public), spec)).collect();
        assert_eq!(digests.len(), told.len());
        // The plugin's own name for the tool is not told.
        let own = ToolSpec { name: "other".into(), ..spec() };
        assert_eq!(
            definition_digest(&name("p_own"), &own),
            definition_digest(&name("p_own"), &spec())
        );
    }
}
