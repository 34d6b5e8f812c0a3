//! The subschemas of a schema and what each applies, with references resolved as the validator resolves them.

use std::collections::HashMap;

use jsonschema::{Draft, ReferencingError, Registry};
use percent_encoding::percent_decode_str;
use referencing::{Resolved, Resolver};
use serde_json::{Map, Value};

/// The most subschemas of a schema, each counted once for each base that its references are resolved against.
const MAX_SUBSCHEMAS: usize = 20_000;
/// The most schemas with a name of their own (`$id`) within one that refers. What a dynamic reference leads to depends on
/// the way through them, and each way is compiled.
const MAX_EMBEDDED: usize = 5;
/// The base of a schema without a name, as the validator has it.
const NO_BASE: &str = "json-schema:///";

/// A schema that is taken apart.
pub(crate) struct SchemaGraph<'s> {
    /// The first one is the whole schema.
    pub(crate) subschemas: Vec<Subschema<'s>>,
}

/// A part of a schema that is a schema.
pub(crate) struct Subschema<'s> {
    pub(crate) value: &'s Value,
    pub(crate) edges: Vec<Edge>,
}

/// A subschema that another one applies.
#[derive(Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) how: Application,
    /// The place of the applied one in the graph.
    pub(crate) to: usize,
}

/// The way in which a subschema is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Application {
    /// By a reference, to the same value.
    Reference,
    /// By `allOf`, `anyOf` or `oneOf`, to the same value.
    Branch,
    /// By `if`, to the same value.
    Condition,
    /// By `then`, `else` or `dependentSchemas`, to the same value.
    Outcome,
    /// By `not` or `dependencies`, to the same value.
    Other,
    /// To members that `unevaluatedProperties` has to know of.
    Members,
    /// To the members that nothing else evaluates.
    UnevaluatedMembers,
    /// To items that `unevaluatedItems` has to know of.
    Items,
    /// To the items that nothing else evaluates.
    UnevaluatedItems,
    /// To other parts of the value.
    Parts,
}

impl Application {
    /// True if the subschema is applied to the same value.
    pub(crate) fn is_in_place(self) -> bool {
        match self {
            Self::Reference | Self::Branch | Self::Condition | Self::Outcome | Self::Other => true,
            Self::Members
            | Self::UnevaluatedMembers
            | Self::Items
            | Self::UnevaluatedItems
            | Self::Parts => false,
        }
    }
}

/// The place where a subschema was found, and what its references are resolved against.
#[derive(Clone)]
struct Found<'s> {
    value: &'s Value,
    resolver: Resolver<'s>,
    draft: Draft,
}

struct Builder<'s> {
    found: Vec<Found<'s>>,
    ids: HashMap<(usize, String), usize>,
    /// The subschemas that a dynamic reference may lead to, by the name of their anchor.
    anchored: Vec<(&'s str, Found<'s>)>,
}

/// Takes `schema` apart, which is written in `draft`, and gives the result to `look`. An error says which part is wrong.
pub(crate) fn taken_apart<T>(
    schema: &Value,
    draft: Draft,
    look: impl FnOnce(&SchemaGraph<'_>) -> Result<T, String>,
) -> Result<T, String> {
    check_references(schema)?;
    let resource = draft.create_resource_ref(schema);
    let base = resource.id().unwrap_or(NO_BASE);
    let unresolved = |error: ReferencingError| error.to_string();
    let registry = Registry::new().draft(draft).add(base, resource).map_err(unresolved)?;
    let registry = registry.prepare().map_err(unresolved)?;
    let uri = jsonschema::uri::from_str(base).map_err(unresolved)?;
    let root = Found { value: schema, resolver: registry.resolver(uri), draft };
    let mut builder = Builder { found: Vec::new(), ids: HashMap::new(), anchored: Vec::new() };
    let mut embedded = 0;
    builder.anchor(&root, &mut embedded);
    if embedded > MAX_EMBEDDED && refers(schema) {
        return Err(format!(
            "it holds {embedded} schemas with an `$id` of their own, and references; the most is {MAX_EMBEDDED}: refer to \
             them by `#/$defs/NAME` instead"
        ));
    }
    look(&builder.build(root)?)
}

impl<'s> Builder<'s> {
    /// Collects what dynamic references may lead to, and counts the embedded schemas.
    fn anchor(&mut self, found: &Found<'s>, embedded: &mut usize) {
        match found.value {
            Value::Object(members) => {
                if let Some(Value::String(name)) = members.get("$dynamicAnchor") {
                    self.anchored.push((name, found.clone()));
                }
                if members.get("$recursiveAnchor") == Some(&Value::Bool(true)) {
                    self.anchored.push(("", found.clone()));
                }
                for member in members.values() {
                    let inner = found.inner(member);
                    *embedded += usize::from(inner.is_embedded());
                    self.anchor(&inner, embedded);
                }
            }
            Value::Array(items) => {
                for item in items {
                    let inner = found.inner(item);
                    *embedded += usize::from(inner.is_embedded());
                    self.anchor(&inner, embedded);
                }
            }
            _ => {}
        }
    }

    fn build(mut self, root: Found<'s>) -> Result<SchemaGraph<'s>, String> {
        self.id(root);
        let mut subschemas = Vec::new();
        while let Some(found) = self.found.get(subschemas.len()).cloned() {
            if self.found.len() > MAX_SUBSCHEMAS {
                return Err(format!("it has more than {MAX_SUBSCHEMAS} subschemas"));
            }
            let edges = self.applied(&found);
            subschemas.push(Subschema { value: found.value, edges });
        }
        Ok(SchemaGraph { subschemas })
    }

    /// Returns the place of a subschema in the graph.
    fn id(&mut self, found: Found<'s>) -> usize {
        let key = (std::ptr::from_ref(found.value).addr(), found.resolver.base_uri().to_string());
        let next = self.found.len();
        let id = *self.ids.entry(key).or_insert(next);
        if id == next {
            self.found.push(found);
        }
        id
    }

    fn applied(&mut self, found: &Found<'s>) -> Vec<Edge> {
        let Value::Object(members) = found.value else { return Vec::new() };
        let alone = matches!(found.draft, Draft::Draft4 | Draft::Draft6 | Draft::Draft7);
        // In these dialects a reference stands alone, whatever is beside it.
        let only = members.get_key_value("$ref").filter(|_| alone);
        let mut edges = Vec::new();
        for (keyword, value) in only.into_iter().chain(members.iter().filter(|_| only.is_none())) {
            self.apply(found, keyword, value, &mut edges);
        }
        edges
    }

    fn apply(&mut self, found: &Found<'s>, keyword: &str, value: &'s Value, edges: &mut Vec<Edge>) {
        if let (true, Value::String(to)) = (REFERENCES.contains(&keyword), value) {
            for target in self.targets(found, keyword, to) {
                edges.push(Edge { how: Application::Reference, to: self.id(target) });
            }
            return;
        }
        let Some((how, holds)) = applies(keyword) else { return };
        let inner: Vec<&Value> = match (holds, value) {
            (Holds::Schemas, Value::Array(items)) => items.iter().collect(),
            (Holds::Names, Value::Object(schemas)) => schemas.values().collect(),
            (Holds::Names, _) => Vec::new(),
            (Holds::Schemas, schema) => vec![schema],
        };
        for inner in inner.into_iter().filter(|inner| inner.is_object() || inner.is_boolean()) {
            edges.push(Edge { how, to: self.id(found.inner(inner)) });
        }
    }

    /// The subschemas that a reference may lead to. One that leads nowhere does not compile.
    fn targets(&self, found: &Found<'s>, keyword: &str, to: &str) -> Vec<Found<'s>> {
        let name = to.rsplit_once('#').map(|(_, name)| name);
        let named = |wanted: &str| {
            let anchored = self.anchored.iter().filter(move |(name, _)| *name == wanted);
            anchored.map(|(_, found)| found.clone()).collect::<Vec<_>>()
        };
        let (looked_up, mut targets) = match keyword {
            "$recursiveRef" => ("#", named("")),
            _ => (to, name.filter(|name| !name.is_empty()).map_or_else(Vec::new, named)),
        };
        if let Ok(resolved) = found.resolver.lookup(looked_up) {
            targets.push(Found::resolved(resolved));
        }
        targets
    }
}

impl<'s> Found<'s> {
    fn inner(&self, value: &'s Value) -> Self {
        let draft = self.draft.detect(value);
        let resolver = self.resolver.in_subresource(draft.create_resource_ref(value));
        // A name that cannot be resolved does not compile.
        let resolver = resolver.unwrap_or_else(|_| self.resolver.clone());
        Self { value, resolver, draft }
    }

    fn resolved(resolved: Resolved<'s>) -> Self {
        let (value, resolver, draft) = resolved.into_inner();
        Self { value, resolver, draft: draft.detect(value) }
    }

    fn is_embedded(&self) -> bool {
        self.draft.create_resource_ref(self.value).id().is_some()
    }
}

/// The form in which subschemas stand below a keyword.
#[derive(Clone, Copy)]
enum Holds {
    /// One, or a list of them.
    Schemas,
    /// By name.
    Names,
}

/// The way in which `keyword` applies what stands below it. `None` if it applies nothing.
fn applies(keyword: &str) -> Option<(Application, Holds)> {
    Some(match keyword {
        "allOf" | "anyOf" | "oneOf" => (Application::Branch, Holds::Schemas),
        "if" => (Application::Condition, Holds::Schemas),
        "then" | "else" => (Application::Outcome, Holds::Schemas),
        "dependentSchemas" => (Application::Outcome, Holds::Names),
        "not" => (Application::Other, Holds::Schemas),
        "dependencies" => (Application::Other, Holds::Names),
        "additionalProperties" => (Application::Members, Holds::Schemas),
        "patternProperties" => (Application::Members, Holds::Names),
        "unevaluatedProperties" => (Application::UnevaluatedMembers, Holds::Schemas),
        "contains" => (Application::Items, Holds::Schemas),
        "unevaluatedItems" => (Application::UnevaluatedItems, Holds::Schemas),
        "items" | "prefixItems" | "additionalItems" | "propertyNames" | "contentSchema" => {
            (Application::Parts, Holds::Schemas)
        }
        "properties" => (Application::Parts, Holds::Names),
        _ => return None,
    })
}

const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

fn refers(schema: &Value) -> bool {
    match schema {
        Value::Array(items) => items.iter().any(refers),
        Value::Object(members) => members.iter().any(|(keyword, member)| {
            (REFERENCES.contains(&keyword.as_str()) && member.is_string()) || refers(member)
        }),
        _ => false,
    }
}

/// Says which reference makes data a schema.
fn check_references(schema: &Value) -> Result<(), String> {
    let members = match schema {
        Value::Object(members) => members,
        // Of no keyword that there is, but a reference may lead into any.
        Value::Array(items) => return items.iter().try_for_each(check_references),
        _ => return Ok(()),
    };
    members.iter().try_for_each(|(key, member)| match (KeywordValue::below(key), member) {
        (KeywordValue::Data, _) => Ok(()),
        (KeywordValue::Names, Value::Object(schemas)) => check_members(schemas),
        (_, Value::String(to)) if REFERENCES.contains(&key.as_str()) && leads_into_data(to) => {
            Err(format!("`{key}` leads to {to}, which is data and no schema"))
        }
        (_, member) => check_references(member),
    })
}

fn check_members(schemas: &Map<String, Value>) -> Result<(), String> {
    schemas.values().try_for_each(check_references)
}

/// The kind of value that stands below a keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeywordValue {
    /// Plain data, which must stay as it is.
    Data,
    /// Schemas by name.
    Names,
    /// A schema, several, or something that a reference makes one.
    Schema,
}

impl KeywordValue {
    fn below(keyword: &str) -> Self {
        match keyword {
            "$vocabulary" | "const" | "default" | "dependentRequired" | "enum" | "examples" => {
                Self::Data
            }
            "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties"
            | "properties" => Self::Names,
            _ => Self::Schema,
        }
    }
}

/// True if a reference leads into data, whatever schema its pointer begins in.
fn leads_into_data(to: &str) -> bool {
    let Some((_, pointer)) = to.split_once('#') else { return false };
    let mut place = KeywordValue::Schema;
    for step in percent_decode_str(pointer).decode_utf8_lossy().split('/').skip(1) {
        place = match place {
            KeywordValue::Names => KeywordValue::Schema,
            KeywordValue::Schema | KeywordValue::Data => {
                KeywordValue::below(&step.replace("~1", "/").replace("~0", "~"))
            }
        };
        if place == KeywordValue::Data {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_reference_leads_to_data() {
        for keyword in REFERENCES {
            for (to, leads) in [
                ("#/$defs/a", false),
                ("#/properties/const", false),
                ("#anchor", false),
                ("#/const", true),
                ("#/$defs/a/enum/0", true),
                ("#/%65num/0", true),
                ("#/$defs/a/default", true),
            ] {
                let schema = json!({ "properties": { "p": { keyword: to } } });
                assert_eq!(check_references(&schema).is_err(), leads, "{keyword} {to}");
            }
        }
    }
}
