//! A bound on what a schema may cost before the validator is given it.
//!
//! The validator builds a tree, in which a reference below `unevaluatedProperties` or `unevaluatedItems` stands for all
//! that it leads to, again each time. Twenty lines become a million parts so, or recurse until the stack ends. What is
//! applied to one and the same value is walked between two looks at the budget. Both are counted here, on the graph of
//! the schema, and what is too much is refused with its place.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::graph::{Application, SchemaGraph};

/// The most parts that a subschema may apply to one value, each counted once for each way that leads to it.
const MAX_WAYS: usize = 10_000;
/// The most such parts of all subschemas together.
const MAX_ALL_WAYS: usize = 200_000;
/// The most subschemas in a row that are applied to one value.
const MAX_SCHEMA_CHAIN: usize = 100;
/// The most parts that the validator builds of a schema.
const MAX_BUILT: usize = 20_000;
/// The most parts within parts that it builds.
const MAX_BUILT_DEPTH: usize = 200;
/// The references within references that the validator follows at once. The others wait until it is done.
const MAX_REFERENCES_AT_ONCE: usize = 8;

/// Checks that compiling the schema and validating with it are bounded. An error says where it is too much, what, and
/// what to do.
pub(super) fn check(graph: &SchemaGraph<'_>) -> Result<(), String> {
    check_ways(graph)?;
    BuildWalk::new(graph).check()
}

/// The parts that a subschema applies to one value.
#[derive(Clone, Copy)]
struct Reach {
    ways: usize,
    chain: usize,
}

/// Checks what subschemas apply to one and the same value.
fn check_ways(graph: &SchemaGraph<'_>) -> Result<(), String> {
    let mut reaches: Vec<Option<Reach>> = vec![None; graph.subschemas.len()];
    let mut is_open = vec![false; graph.subschemas.len()];
    let mut all = 0;
    for start in 0..graph.subschemas.len() {
        let mut stack = vec![start];
        while let Some(&at) = stack.last() {
            if reaches[at].is_some() {
                stack.pop();
                continue;
            }
            let applied = graph.subschemas[at].edges.iter().filter(|edge| edge.how.is_in_place());
            let unknown = applied.map(|edge| edge.to).filter(|to| reaches[*to].is_none());
            if std::mem::replace(&mut is_open[at], true) {
                let reach = reach(graph, &reaches, at)?;
                all += reach.ways;
                reaches[at] = Some(reach);
                stack.pop();
            } else {
                for to in unknown {
                    if is_open[to] {
                        return Err(circle(graph, to));
                    }
                    stack.push(to);
                }
            }
        }
    }
    if all > MAX_ALL_WAYS {
        return Err(format!(
            "its subschemas apply {all} parts to the values that they are for, all together; the most is {MAX_ALL_WAYS}: \
             have fewer references within references"
        ));
    }
    Ok(())
}

/// Adds up what the subschema at `at` applies, of which `reaches` knows the parts.
fn reach(graph: &SchemaGraph<'_>, reaches: &[Option<Reach>], at: usize) -> Result<Reach, String> {
    let subschema = &graph.subschemas[at];
    let mut reach = Reach { ways: weight(subschema.value), chain: 1 };
    for edge in subschema.edges.iter().filter(|edge| edge.how.is_in_place()) {
        // One that is not known is on the way here: a circle.
        let Some(inner) = reaches[edge.to] else { return Err(circle(graph, edge.to)) };
        reach.ways += inner.ways;
        reach.chain = reach.chain.max(1 + inner.chain);
    }
    if reach.ways > MAX_WAYS {
        return Err(format!(
            "{} applies {} parts to one value, each counted as often as a way leads to it; the most is {MAX_WAYS}: have \
             fewer references within `allOf`, `anyOf` and `oneOf`",
            place(graph, at),
            reach.ways
        ));
    }
    if reach.chain > MAX_SCHEMA_CHAIN {
        return Err(format!(
            "{} begins a chain of {} subschemas that are applied to one value; the most is {MAX_SCHEMA_CHAIN}: refer to \
             the last one",
            place(graph, at),
            reach.chain
        ));
    }
    Ok(reach)
}

/// The parts of a subschema that are looked at for one value.
fn weight(schema: &Value) -> usize {
    let names = |keyword: &str| match schema.get(keyword) {
        Some(Value::Object(members)) => members.len(),
        Some(Value::Array(items)) => items.len(),
        _ => 0,
    };
    1 + names("properties") + names("patternProperties") + names("required")
}

fn circle(graph: &SchemaGraph<'_>, at: usize) -> String {
    format!(
        "{} is applied to the same value by what it applies, in a circle that no value ends; take a reference out of it",
        place(graph, at)
    )
}

/// The subschema at `at` in words: by the pointer to it.
fn place(graph: &SchemaGraph<'_>, at: usize) -> String {
    let (root, wanted) = (graph.subschemas[0].value, graph.subschemas[at].value);
    match pointer(root, wanted) {
        Some(pointer) if pointer.is_empty() => "its root".into(),
        Some(pointer) => format!("`#{pointer}`"),
        None => "a schema that it refers to".into(),
    }
}

fn pointer(within: &Value, wanted: &Value) -> Option<String> {
    if std::ptr::eq(within, wanted) {
        return Some(String::new());
    }
    let below = |step: &str, inner| Some(format!("/{step}{}", pointer(inner, wanted)?));
    match within {
        Value::Object(members) => members
            .iter()
            .find_map(|(name, inner)| below(&name.replace('~', "~0").replace('/', "~1"), inner)),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, inner)| below(&at.to_string(), inner))
        }
        _ => None,
    }
}

/// The way in which the validator goes through a schema while it builds, without building.
struct BuildWalk<'g> {
    graph: &'g SchemaGraph<'g>,
    built: usize,
    depth: usize,
    /// The places that are known: each by the place that it lies in, and the subschema there. The validator remembers
    /// what it built at a place.
    places: HashMap<(usize, usize), usize>,
    done: HashSet<(usize, usize)>,
    referred: HashSet<usize>,
    waiting: VecDeque<usize>,
    references: usize,
    /// The subschemas whose members, and whose items, are being collected.
    open: [Vec<usize>; 2],
}

/// The children that are collected of a subschema, and of all that it applies, for a keyword that takes what nothing else evaluates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Collected {
    Members = 0,
    Items = 1,
}

/// The place of what references lead to.
const REFERRED: usize = usize::MAX;

impl<'g> BuildWalk<'g> {
    fn new(graph: &'g SchemaGraph<'g>) -> Self {
        Self {
            graph,
            built: 0,
            depth: 0,
            places: HashMap::new(),
            done: HashSet::new(),
            referred: HashSet::new(),
            waiting: VecDeque::new(),
            references: 0,
            open: [Vec::new(), Vec::new()],
        }
    }

    fn check(mut self) -> Result<(), String> {
        let root = self.place(REFERRED, 0);
        self.node(0, root)?;
        while let Some(target) = self.waiting.pop_front() {
            let place = self.place(REFERRED, target);
            self.node(target, place)?;
        }
        Ok(())
    }

    fn place(&mut self, within: usize, at: usize) -> usize {
        let next = self.places.len();
        *self.places.entry((within, at)).or_insert(next)
    }

    /// Goes one part deeper, and back.
    fn within(
        &mut self,
        at: usize,
        go: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.built += weight(self.graph.subschemas[at].value);
        self.depth += 1;
        let problem = match (self.built > MAX_BUILT, self.depth > MAX_BUILT_DEPTH) {
            (true, _) => format!("more than {MAX_BUILT} parts"),
            (_, true) => format!("parts that nest deeper than {MAX_BUILT_DEPTH} levels"),
            (false, false) => {
                go(self)?;
                self.depth -= 1;
                return Ok(());
            }
        };
        Err(format!(
            "its `unevaluatedProperties` and `unevaluatedItems` make it {problem} at {}, since each looks through all that \
             is applied beside it; have fewer of them, or fewer references beside and below them",
            place(self.graph, at)
        ))
    }

    /// Goes through what is built of a subschema.
    fn node(&mut self, at: usize, place: usize) -> Result<(), String> {
        if !self.done.insert((place, at)) {
            return Ok(());
        }
        self.within(at, |build| {
            let graph = build.graph;
            let edges = &graph.subschemas[at].edges;
            for edge in edges {
                if edge.how == Application::Reference {
                    build.reference(edge.to)?;
                } else {
                    let inner = build.place(place, edge.to);
                    build.node(edge.to, inner)?;
                }
            }
            if edges.iter().any(|edge| edge.how == Application::UnevaluatedMembers) {
                build.collect(Collected::Members, at, place)?;
            }
            if edges.iter().any(|edge| edge.how == Application::UnevaluatedItems) {
                build.collect(Collected::Items, at, place)?;
            }
            Ok(())
        })
    }

    fn reference(&mut self, to: usize) -> Result<(), String> {
        if !self.referred.insert(to) {
            return Ok(());
        }
        if self.references == MAX_REFERENCES_AT_ONCE {
            self.waiting.push_back(to);
            return Ok(());
        }
        self.references += 1;
        let place = self.place(REFERRED, to);
        self.node(to, place)?;
        self.references -= 1;
        Ok(())
    }

    /// Goes through what is built of a subschema to know what it evaluates.
    fn collect(&mut self, what: Collected, at: usize, place: usize) -> Result<(), String> {
        self.open[what as usize].push(at);
        self.within(at, |build| {
            let graph = build.graph;
            for edge in &graph.subschemas[at].edges {
                let inner = build.place(place, edge.to);
                match edge.how {
                    // One that is being collected is not begun anew.
                    Application::Reference if build.open[what as usize].contains(&edge.to) => {}
                    Application::Reference => build.collect(what, edge.to, place)?,
                    Application::Outcome => build.collect(what, edge.to, inner)?,
                    Application::Branch | Application::Condition => {
                        build.node(edge.to, inner)?;
                        build.collect(what, edge.to, inner)?;
                    }
                    Application::Members | Application::UnevaluatedMembers
                        if what == Collected::Members =>
                    {
                        build.node(edge.to, inner)?;
                    }
                    Application::Items | Application::UnevaluatedItems
                        if what == Collected::Items =>
                    {
                        build.node(edge.to, inner)?;
                    }
                    Application::Members
                    | Application::UnevaluatedMembers
                    | Application::Items
                    | Application::UnevaluatedItems
                    | Application::Other
                    | Application::Parts => {}
                }
            }
            Ok(())
        })?;
        self.open[what as usize].pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::super::compiled::{Schema, doubling};

    #[track_caller]
    fn check(schema: &str, expected: &str) {
        let raw = RawValue::from_string(schema.into()).expect("JSON");
        match Schema::compile(&raw) {
            Ok(_) => assert_eq!("", expected, "{schema}"),
            Err(refused) if expected.is_empty() => panic!("{refused}: {schema}"),
            Err(refused) => assert!(refused.contains(expected), "{refused}"),
        }
    }

    /// A chain of so many references.
    fn chain(links: usize, rest: &str) -> String {
        let links: String = (1..links)
            .map(|at| format!(r##""{at}":{{"$ref":"#/$defs/{}"}},"##, at + 1))
            .chain([format!(r#""{links}":{{}}"#)])
            .collect();
        format!(r##"{{"$defs":{{{links}}},"$ref":"#/$defs/1"{rest}}}"##)
    }

    #[test]
    fn chains_of_references_are_short() {
        for rest in ["", r#","unevaluatedProperties":false"#, r#","unevaluatedItems":false"#] {
            check(&chain(99, rest), "");
            check(&chain(100, rest), "its root begins a chain of 101 subschemas");
            check(&chain(900, rest), "`#/$defs/800` begins a chain of 101 subschemas");
        }
    }

    #[test]
    fn ways_to_one_value_are_few() {
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for rest in ["", r#","unevaluatedProperties":false"#, r#","unevaluatedItems":{}"#] {
                let defs = doubling(keyword, 40, r#"{"type":"object"}"#);
                check(
                    &format!(r##"{{"$defs":{{{defs}}},"$ref":"#/$defs/d0"{rest}}}"##),
                    "`#/$defs/d28` applies 16381 parts to one value",
                );
            }
        }
        // The names of members count, wherever they are referred to from.
        let names: Vec<_> = (0..2400).map(|n| format!(r#""n{n}":true"#)).collect();
        let leaf = format!(r#"{{"properties":{{{}}}}}"#, names.join(","));
        check(&format!(r#"{{"$defs":{{{}}}}}"#, doubling("allOf", 9, &leaf)), "");
        let defs = doubling("allOf", 9, &leaf);
        let used = format!(r##"{{"$defs":{{{defs}}},"items":{{"not":{{"$ref":"#/$defs/d0"}}}}}}"##);
        check(&used, "`#/$defs/d6` applies 19229 parts to one value");
        let parts: Vec<_> =
            (0..100).map(|n| format!(r##""p{n}":{{"$ref":"#/$defs/d8"}}"##)).collect();
        let defs = doubling("anyOf", 9, &leaf);
        let many = format!(r#"{{"$defs":{{{defs}}},"properties":{{{}}}}}"#, parts.join(","));
        check(&many, "all together; the most is 200000");
    }

    #[test]
    fn circles_that_no_value_ends_are_refused() {
        for circle in [
            r##"{"$ref":"#"}"##,
            r##"{"allOf":[{"$ref":"#"}]}"##,
            r##"{"not":{"if":{"$ref":"#/not"}}}"##,
            r##"{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"anyOf":[{"$ref":"#/%24defs/a"}]}},
                "properties":{"x":{"$ref":"#/$defs/a"}}}"##,
            r##"{"$dynamicAnchor":"a","allOf":[{"$dynamicRef":"#a"}]}"##,
            r##"{"$anchor":"a","oneOf":[{"$ref":"#a"}]}"##,
            r##"{"$schema":"https://json-schema.org/draft/2019-09/schema","then":{"$recursiveRef":"#"}}"##,
            r##"{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":{"$ref":"#"}}}"##,
            r##"{"dependentSchemas":{"a":{"else":{"$ref":"#"}}}}"##,
            r##"{"$id":"http://here/","items":{"$id":"sub","oneOf":[{"$ref":"http://here/sub"}]}}"##,
        ] {
            check(circle, "in a circle that no value ends; take a reference out of it");
        }
        for tree in [
            r##"{"properties":{"left":{"$ref":"#"}},"items":{"allOf":[{"$ref":"#"}]}}"##,
            r##"{"$dynamicAnchor":"n","properties":{"c":{"items":{"$dynamicRef":"#n"}}},"unevaluatedProperties":false}"##,
            // Beside a reference nothing counts in this dialect.
            r##"{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{}},
                "$ref":"#/definitions/a","allOf":[{"$ref":"#"}]}"##,
            r##"{"allOf":[{"properties":{"c":{"$ref":"#","unevaluatedProperties":false}}}],"unevaluatedProperties":false}"##,
        ] {
            check(tree, "");
        }
    }

    #[test]
    fn what_unevaluated_keywords_look_through_is_bounded_across_levels() {
        let levels: String = (0..40)
            .map(|at| {
                let next = format!(r##"{{"$ref":"#/$defs/{}"}}"##, at + 1);
                format!(
                    r#""{at}":{{"additionalProperties":{{"unevaluatedProperties":false,"allOf":[{next},{next}]}}}},"#
                )
            })
            .collect();
        let schema = format!(
            r##"{{"$defs":{{{levels}"40":{{}}}},"allOf":[{{"$ref":"#/$defs/0"}}],"unevaluatedProperties":false}}"##
        );
        check(&schema, "make it more than 20000 parts");
        let levels: String = (0..90)
            .map(|at| {
                let next = at + 1;
                format!(
                    r##""{at}":{{"contains":{{"$ref":"#/$defs/{next}","unevaluatedItems":false}}}},"##
                )
            })
            .collect();
        let deep = format!(
            r##"{{"$defs":{{{levels}"90":{{}}}},"$ref":"#/$defs/0","unevaluatedItems":false}}"##
        );
        check(&deep, "make it parts that nest deeper than 200 levels");
    }

    #[test]
    fn the_deepest_schema_compiles_and_checks_within_its_stack() {
        let levels: String = (0..64)
            .map(|at| {
                let next = at + 1;
                format!(
                    r##""{at}":{{"additionalProperties":{{"$ref":"#/$defs/{next}","unevaluatedProperties":false}}}},"##
                )
            })
            .collect();
        let deep = format!(
            r##"{{"$defs":{{{levels}"64":{{}}}},"$ref":"#/$defs/0","unevaluatedProperties":false}}"##
        );
        check(&deep, "");
    }

    #[test]
    fn embedded_schemas_are_few_where_references_lead_to_them() {
        let embedded = |refers: &str| {
            let schemas: Vec<_> =
                (0..6).map(|n| format!(r#""{n}":{{"$id":"http://h/{n}"}}"#)).collect();
            format!(r#"{{"$id":"http://h/","$defs":{{{}}}{refers}}}"#, schemas.join(","))
        };
        check(&embedded(""), "");
        check(&embedded(r#","items":{"$ref":"http://h/0"}"#), "the most is 5");
    }
}
