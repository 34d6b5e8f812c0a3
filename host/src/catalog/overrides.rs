//! `[[tools]]` of a manifest applied to what the plugin has: found by name, renamed, described, hidden.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json;
use crate::manifest::{Kind, Manifest, ManifestError, Rate, Requirement, SourceFile, ToolOverride};
use crate::name::ToolName;
use crate::sandbox::corrected;
use crate::text::escape;
use crate::tool::{Annotations, Listed};

/// What a manifest says of tools beyond how they are shown, by the plugin's own names.
#[derive(Default)]
pub(super) struct Applied {
    /// Those that return an error as their answer.
    pub(super) returned: BTreeSet<String>,
    /// Those whose arguments are taken as they are written.
    pub(super) strict: BTreeSet<String>,
    /// How often they are called.
    pub(super) rates: BTreeMap<String, Rate>,
    /// What they can only fail without.
    pub(super) requires: BTreeMap<String, Vec<Requirement>>,
    /// Tools that the local file speaks of and the plugin does not have, and what to say of that.
    pub(super) idle: Vec<(String, ManifestError)>,
}

/// Changes `listed` as `manifest` wants it shown.
pub(super) fn apply(
    file: &str,
    manifest: &Manifest,
    kind: Kind,
    listed: &mut Listed,
) -> Result<Applied, ManifestError> {
    let mut applied = Applied::default();
    // Names are looked for among all tools, whichever were hidden before.
    let names: Vec<String> = listed.tools.iter().map(|spec| spec.name.clone()).collect();
    let unfit: Vec<String> = listed.unfit.iter().map(|unfit| unfit.name.clone()).collect();
    let mut hidden = BTreeSet::new();
    for wish in &manifest.tools {
        let meant = |names| meant(names, wish, &manifest.prefix, kind);
        let Some(name) = meant(&names) else {
            // What cannot be a tool need not be one.
            if let Some(name) = meant(&unfit).filter(|_| wish.hidden == Some(true)) {
                listed.unfit.retain(|unfit| unfit.name != *name);
                continue;
            }
            let unknown = unknown(file, wish, &names);
            // A person decided it for another version: the plugin may have lost the tool since.
            if wish.place.source_file() == SourceFile::Local {
                applied.idle.push((wish.name.clone(), unknown));
                continue;
            }
            return Err(unknown);
        };
        if let Some((key, place)) = wish.command.written.clone().filter(|_| kind != Kind::Command) {
            let (wasm, kind) = (&manifest.wasm, kind.name());
            let message = format!("`{key}` is for programs, and `{wasm}` is of the kind `{kind}`");
            let help = "remove it: the plugin itself says what its tools take and give";
            return Err(ManifestError::new(file, place, message).help(help));
        }
        match wish.hidden {
            Some(true) => _ = hidden.insert(name),
            Some(false) => _ = hidden.remove(name),
            None => {}
        }
        if wish.err_is_error == Some(false) {
            applied.returned.insert(name.clone());
        }
        match wish.strict_arguments {
            Some(true) => _ = applied.strict.insert(name.clone()),
            Some(false) => _ = applied.strict.remove(name),
            None => {}
        }
        if !wish.requires.is_empty() {
            applied.requires.insert(name.clone(), wish.requires.clone());
        }
        applied.rates.extend(wish.rate.map(|rate| (name.clone(), rate)));
        let Some(spec) = listed.tools.iter_mut().find(|spec| spec.name == *name) else { continue };
        if let Some(title) = &wish.title {
            spec.title = Some(title.clone());
        }
        if let Some(description) = &wish.description {
            spec.description.clone_from(description);
        }
        if !wish.meta.is_empty() {
            spec.meta = with_meta(spec.meta.as_deref(), &wish.meta);
        }
        let claimed = claimed(&wish.annotations, spec.annotations);
        spec.annotations = corrected(claimed, &manifest.grants);
    }
    listed.tools.retain(|spec| !hidden.contains(&spec.name));
    Ok(applied)
}

/// Which of `names` is meant: by the plugin's own name, or the one that a client sees, or, where the own
/// names begin with an interface, by that of the only function that is called so.
fn meant<'a>(
    names: &'a [String],
    wish: &ToolOverride,
    prefix: &str,
    kind: Kind,
) -> Option<&'a String> {
    let own = names.iter().find(|name| **name == wish.name);
    let public = |name: &&String| {
        ToolName::public(prefix, name).is_ok_and(|public| public.as_str() == wish.name)
    };
    let mut functions = names.iter().filter(|name| {
        // The name of a function holds no `_`.
        kind == Kind::Functions && name.rsplit('_').next() == Some(&wish.name)
    });
    own.or_else(|| names.iter().find(public)).or_else(|| {
        let only = functions.next();
        only.filter(|_| functions.next().is_none())
    })
}

/// What the manifest claims of a tool; where it says nothing, what the plugin claims.
fn claimed(wish: &Annotations, own: Annotations) -> Annotations {
    Annotations {
        read_only: wish.read_only.or(own.read_only),
        destructive: wish.destructive.or(own.destructive),
        idempotent: wish.idempotent.or(own.idempotent),
        open_world: wish.open_world.or(own.open_world),
    }
}

/// What the manifest says of a tool in place of what the plugin says under the same keys.
fn with_meta(own: Option<&RawValue>, wish: &Map<String, Value>) -> Option<Box<RawValue>> {
    let own = own.and_then(|own| json::value(own.get()).ok());
    let mut meta = own.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    meta.extend(wish.clone());
    // A map of texts is always JSON.
    serde_json::value::to_raw_value(&meta).ok()
}

fn unknown(file: &str, wish: &ToolOverride, names: &[String]) -> ManifestError {
    let known: Vec<_> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
    let message = format!("the plugin has no tool `{}`", escape(&wish.name));
    ManifestError::new(file, wish.place.clone(), message)
        .help(format!("its tools are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_manifest_says_under_meta_stands_beside_what_the_plugin_does() {
        let raw = |text: &str| RawValue::from_string(text.into()).expect("JSON");
        let wish = serde_json::json!({ "b": [true], "c": 3 });
        let wish = wish.as_object().expect("an object");
        for (own, expected) in [
            (Some(r#"{"a":1,"b":{"x":2}}"#), r#"{"a":1,"b":[true],"c":3}"#),
            (None, r#"{"b":[true],"c":3}"#),
        ] {
            let own = own.map(raw);
            let meta = with_meta(own.as_deref(), wish).expect("JSON");
            assert_eq!(meta.get(), expected);
        }
    }

    #[test]
    fn what_the_manifest_claims_counts_before_what_the_plugin_does() {
        let all = |claim| Annotations {
            read_only: claim,
            destructive: claim,
            idempotent: claim,
            open_world: claim,
        };
        for (wish, own, expected) in [
            (Some(true), Some(false), Some(true)),
            (Some(false), Some(true), Some(false)),
            (Some(false), None, Some(false)),
            (None, Some(true), Some(true)),
            (None, None, None),
        ] {
            assert_eq!(claimed(&all(wish), all(own)), all(expected));
        }
    }
}
