//! The requirements without which tools can only fail, as the plugin itself states them: the SDK writes them into the
//! tools' `_meta`, where no client sees them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::error::PluginError;
use crate::json;
use crate::manifest::Requirement;
use crate::tool::{Listed, ToolSpec};

/// The member of `_meta`: a list of texts, as `requires` in `[[tools]]` has them.
const REQUIRES_KEY: &str = "toolrack/requires";

/// Takes that member out of all tools, and returns the requirements by the tools' own names.
pub(crate) fn take(listed: &mut Listed) -> Result<BTreeMap<String, Vec<Requirement>>, PluginError> {
    let mut all = BTreeMap::new();
    for spec in &mut listed.tools {
        let needs = of_one(spec)
            .map_err(|problem| PluginError::Requires { tool: spec.name.clone(), problem })?;
        if !needs.is_empty() {
            all.insert(spec.name.clone(), needs);
        }
    }
    Ok(all)
}

fn of_one(spec: &mut ToolSpec) -> Result<Vec<Requirement>, String> {
    let Some(meta) = spec.meta.as_ref().filter(|meta| meta.get().contains(REQUIRES_KEY)) else {
        return Ok(Vec::new());
    };
    let value = json::value(meta.get()).map_err(|error| error.to_string())?;
    let Value::Object(mut meta) = value else { return Ok(Vec::new()) };
    let Some(needs) = meta.remove(REQUIRES_KEY) else { return Ok(Vec::new()) };
    spec.meta = text(meta);
    let expected = || format!("expected a list of texts such as [\"files:write\"], found {needs}");
    let texts = needs.as_array().ok_or_else(expected)?.iter().map(|need| need.as_str());
    let texts = texts.collect::<Option<Vec<_>>>().ok_or_else(expected)?;
    Requirement::parse_all(&texts)
}

fn text(meta: Map<String, Value>) -> Option<Box<serde_json::value::RawValue>> {
    let is_left = !meta.is_empty();
    is_left.then(|| serde_json::value::to_raw_value(&meta).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::tool::Annotations;

    fn listed(meta: &str) -> Listed {
        let raw = |text: &str| RawValue::from_string(text.into()).expect("JSON");
        Listed::all(vec![ToolSpec {
            name: "a".into(),
            title: None,
            description: "a".into(),
            input_schema: raw("{}"),
            output_schema: None,
            annotations: Annotations::default(),
            meta: Some(raw(meta)),
        }])
    }

    #[test]
    fn needs_are_taken_out_of_meta_and_the_rest_stays() {
        let mut plugin = listed(r#"{"toolrack/requires":["files:write","secret:KEY"],"b":1.50}"#);
        let needs = take(&mut plugin).expect("needs");
        let needs: Vec<_> = needs["a"].iter().map(ToString::to_string).collect();
        assert_eq!(needs, ["files:write", "secret:KEY"]);
        assert_eq!(plugin.tools[0].meta.as_ref().map(|meta| meta.get()), Some(r#"{"b":1.5}"#));
        let mut alone = listed(r#"{"toolrack/requires":[]}"#);
        assert!(take(&mut alone).expect("none").is_empty() && alone.tools[0].meta.is_none());
        for (wrong, part) in [
            (r#"{"toolrack/requires":"files"}"#, "expected a list of texts"),
            (r#"{"toolrack/requires":[7]}"#, "expected a list of texts"),
            (r#"{"toolrack/requires":["fils"]}"#, "did you mean \"files\"?"),
            (r#"{"toolrack/requires":["config:a b\n"]}"#, "config"),
        ] {
            let error = take(&mut listed(wrong)).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| error.contains(part)), "{error:?}");
        }
    }
}
