//! `[[tools]]` of a manifest and of the local file applied to what the plugin has: found by name, described, hidden.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::result_cache::CacheTerms;
use super::tool_names::ToolNames;
use crate::json;
use crate::manifest::{
    Grants, Manifest, ManifestError, PluginKind, Rate, Requirement, SourceFile, ToolOverride,
};
use crate::sandbox::corrected;
use crate::secret_places::without_secrets;
use crate::text::escape;
use crate::tool::{Annotations, Listed, ToolSpec};

/// The statements of a manifest about tools beyond how they are shown, by the plugin's own names.
pub(crate) struct Applied {
    /// The tools that return an error as their answer.
    pub(crate) returned: BTreeSet<String>,
    /// The tools whose arguments are taken as they are written.
    pub(crate) strict: BTreeSet<String>,
    /// The rates of the tools that have one of their own.
    pub(crate) rates: BTreeMap<String, Rate>,
    /// The terms on which answers of tools are kept.
    pub(crate) cached: BTreeMap<String, CacheTerms>,
    /// The requirements without which tools can only fail.
    pub(crate) requires: BTreeMap<String, Vec<Requirement>>,
    /// The tools that the local file speaks of and the plugin does not have, each with the message that says so.
    pub(crate) idle: Vec<(String, ManifestError)>,
    /// The names of the plugin's tools, hidden ones included.
    pub(crate) names: ToolNames,
}

/// Changes `listed` as `manifest` wants it shown.
pub(crate) fn apply(
    file: &str,
    manifest: &Manifest,
    kind: PluginKind,
    listed: &mut Listed,
) -> Result<Applied, ManifestError> {
    // Names are looked for among all tools, those that were hidden before included.
    let own = |tools: &[ToolSpec]| tools.iter().map(|spec| spec.name.clone()).collect();
    let names = ToolNames::new(own(&listed.tools), manifest, kind);
    let unfit = listed.unfit.iter().map(|unfit| unfit.name.clone()).collect();
    let unfit = ToolNames::new(unfit, manifest, kind);
    let Wishes { wishes, unserved, idle } = Wishes::of(file, manifest, &names, &unfit)?;
    // A hidden function need not be fit to be a tool.
    listed.unfit.retain(|unfit| !unserved.contains(&unfit.name));
    let mut applied = Applied {
        returned: BTreeSet::new(),
        strict: BTreeSet::new(),
        rates: BTreeMap::new(),
        cached: BTreeMap::new(),
        requires: BTreeMap::new(),
        idle,
        names,
    };
    let mut hidden = BTreeSet::new();
    for (name, wish) in wishes {
        check_kind(file, manifest, kind, &wish)?;
        if wish.hidden == Some(true) {
            hidden.insert(name.clone());
        }
        if wish.err_is_error == Some(false) {
            applied.returned.insert(name.clone());
        }
        if wish.strict_arguments == Some(true) {
            applied.strict.insert(name.clone());
        }
        applied.rates.extend(wish.rate.map(|rate| (name.clone(), rate)));
        applied
            .cached
            .extend(cache_terms(file, manifest, &wish)?.map(|terms| (name.clone(), terms)));
        if let Some(spec) = listed.tools.iter_mut().find(|spec| spec.name == name) {
            say(spec, &wish, &manifest.grants);
        }
        if !wish.requires.is_empty() {
            applied.requires.insert(name, wish.requires);
        }
    }
    listed.tools.retain(|spec| !hidden.contains(&spec.name));
    Ok(applied)
}

/// The statements of both files about the tools of a plugin, by its own names.
#[derive(Default)]
struct Wishes {
    wishes: BTreeMap<String, ToolOverride>,
    /// The functions that are hidden though they cannot be tools.
    unserved: BTreeSet<String>,
    idle: Vec<(String, ManifestError)>,
}

impl Wishes {
    /// Brings together what is said of one tool under either of its names. What the local file says counts last:
    /// nothing that the manifest says, under whichever name, comes after it.
    fn of(
        file: &str,
        manifest: &Manifest,
        names: &ToolNames,
        unfit: &ToolNames,
    ) -> Result<Self, ManifestError> {
        let mut found = Self::default();
        let is_local = |wish: &&ToolOverride| wish.place.source_file() == SourceFile::Local;
        let (local, authors): (Vec<_>, Vec<_>) = manifest.tools.iter().partition(is_local);
        let mut first = BTreeMap::new();
        for wish in authors {
            match names.meant_by_author(&wish.name) {
                Some(own) => {
                    apart(file, &mut first, own, wish)?;
                    found.wishes.insert(own.to_owned(), wish.clone());
                }
                None => match unfit.meant_by_author(&wish.name) {
                    Some(own) if wish.hidden == Some(true) => {
                        found.unserved.insert(own.to_owned());
                    }
                    _ => return Err(unknown(file, wish, names.own())),
                },
            }
        }
        let mut first = BTreeMap::new();
        for wish in &local {
            let is_its =
                |own: &&str| *own == wish.name || !local.iter().any(|wish| wish.name == **own);
            let mut meant = names.meant_by_operator(&wish.name);
            if meant.len() > 1 {
                meant.retain(is_its);
            }
            if meant.is_empty() {
                let unserved = unfit.meant_by_operator(&wish.name);
                if wish.hidden == Some(true) && !unserved.is_empty() {
                    found.unserved.extend(unserved.into_iter().map(str::to_owned));
                    continue;
                }
                // A person decided it for another version: the plugin may have lost the tool since, or its prefix.
                found.idle.push((wish.name.clone(), unknown(file, wish, names.own())));
                if wish.hidden == Some(true) {
                    let before = names.meant_before(&wish.name).into_iter().map(str::to_owned);
                    before.for_each(|own| found.decide(own, wish));
                }
                continue;
            }
            for own in meant {
                apart(file, &mut first, own, wish)?;
                found.decide(own.to_owned(), wish);
            }
        }
        Ok(found)
    }

    fn decide(&mut self, own: String, wish: &ToolOverride) {
        let both = match self.wishes.remove(&own) {
            Some(authors) => authors.with_local(wish),
            None => wish.clone(),
        };
        self.wishes.insert(own, both);
    }
}

/// Refuses a second block about one tool in one file, whichever name it goes by.
fn apart<'a>(
    file: &str,
    first: &mut BTreeMap<String, &'a ToolOverride>,
    own: &str,
    wish: &'a ToolOverride,
) -> Result<(), ManifestError> {
    let Some(other) = first.insert(own.to_owned(), wish) else { return Ok(()) };
    let message = format!(
        "the tool `{own}` has a second [[tools]], as `{}`; the first is on line {}",
        wish.name,
        other.place.line()
    );
    let help = format!("merge the two under `{own}`, the plugin's own name");
    Err(ManifestError::new(file, wish.place.clone(), message).help(help))
}

/// Refuses what only a program's tool can be told.
fn check_kind(
    file: &str,
    manifest: &Manifest,
    kind: PluginKind,
    wish: &ToolOverride,
) -> Result<(), ManifestError> {
    let written = wish.command.written.clone().filter(|_| !kind.manifest_declares_tools());
    let Some((key, place)) = written else { return Ok(()) };
    let (wasm, kind) = (&manifest.wasm, kind.name());
    let message = format!("`{key}` is for programs, and `{wasm}` is of the kind `{kind}`");
    let help = "remove it: the plugin itself says what its tools take and give";
    Err(ManifestError::new(file, place, message).help(help))
}

/// The terms on which the answers of a tool are kept. `None` if they are not. A tool that may change something is to do so
/// each time that it is called.
fn cache_terms(
    file: &str,
    manifest: &Manifest,
    wish: &ToolOverride,
) -> Result<Option<CacheTerms>, ManifestError> {
    let Some(cache) = wish.cache.as_ref().filter(|cache| !cache.time.is_zero()) else {
        return Ok(None);
    };
    let changing = manifest.grants.iter().filter(|grant| grant.effects().changes);
    let changing: BTreeSet<_> = changing.map(|grant| grant.kind().name()).collect();
    if !changing.is_empty() {
        let kinds: Vec<_> = changing.into_iter().map(|kind| format!("`{kind}`")).collect();
        let kinds = kinds.join(" and ");
        let message = format!(
            "the answers of `{}` cannot be kept: by its grants of {kinds}, the plugin may change something when it is called",
            wish.name
        );
        let help = "remove `cache`, or set it to \"0s\" in the local file; only tools of plugins that can change nothing \
            keep answers";
        return Err(ManifestError::new(file, cache.place.clone(), message).help(help));
    }
    let defaults = wish.command.parameters.iter().filter_map(|parameter| {
        let default = parameter.default.clone()?;
        Some((parameter.name.clone(), default))
    });
    let (lifetime, defaults) = (cache.time, defaults.collect());
    Ok(Some(CacheTerms { lifetime, scope: wish.cache_scope.unwrap_or_default(), defaults }))
}

/// Changes what a client is told of a tool.
fn say(spec: &mut ToolSpec, wish: &ToolOverride, grants: &Grants) {
    if let Some(title) = &wish.title {
        spec.title = Some(title.clone());
    }
    if let Some(description) = &wish.description {
        spec.description.clone_from(description);
    }
    if !wish.meta.is_empty() {
        spec.meta = with_meta(spec.meta.as_deref(), &wish.meta);
    }
    spec.annotations = corrected(claimed(&wish.annotations, spec.annotations), grants);
}

/// Returns the claims of the manifest about a tool; where it says nothing, those of the plugin.
fn claimed(wish: &Annotations, own: Annotations) -> Annotations {
    Annotations {
        read_only: wish.read_only.or(own.read_only),
        destructive: wish.destructive.or(own.destructive),
        idempotent: wish.idempotent.or(own.idempotent),
        open_world: wish.open_world.or(own.open_world),
    }
}

/// Returns the plugin's `_meta` with the manifest's values in place of the plugin's under the same keys.
fn with_meta(own: Option<&RawValue>, wish: &Map<String, Value>) -> Option<Box<RawValue>> {
    let own = own.and_then(|own| json::value(own.get()).ok());
    let mut meta = own.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    meta.extend(wish.clone());
    // A map of texts is always JSON.
    serde_json::value::to_raw_value(&meta).ok()
}

fn unknown(file: &str, wish: &ToolOverride, names: &[String]) -> ManifestError {
    let known: Vec<_> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
    let message = format!("the plugin has no tool `{}`", escape(&without_secrets(&wish.name)));
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
