//! The graph of the host's files: which file names what another defines, re-exports followed to where a thing is defined.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The longest chain of re-exports that is followed.
const MAX_HOPS: usize = 16;

/// The path of a module from the crate's root: `["catalog", "tool"]`.
type ModulePath = Vec<String>;

/// One module: a file, or a `mod` with a body in one.
#[derive(Default)]
struct Module {
    file: PathBuf,
    /// Its children, in the order in which it lists them.
    children: Vec<String>,
    definitions: BTreeSet<String>,
    /// What `use` binds: a name, and the path that it stands for.
    bindings: BTreeMap<String, Vec<String>>,
    /// The paths of `use path::*`.
    globs: Vec<Vec<String>>,
    /// All paths that its code names, `use` among them.
    named: BTreeSet<Vec<String>>,
}

/// All files of a crate with what each of them names.
pub(crate) struct FileGraph {
    modules: BTreeMap<ModulePath, Module>,
}

impl FileGraph {
    /// Reads the crate whose root is `lib.rs` in `source`. Modules that are built for tests alone are left out.
    pub(crate) fn read(source: &Path) -> Self {
        let mut graph = Self { modules: BTreeMap::new() };
        graph.read_file(Vec::new(), &source.join("lib.rs"), source);
        graph
    }

    fn read_file(&mut self, path: ModulePath, file: &Path, folder: &Path) {
        let text = fs::read_to_string(file).expect("a source file");
        let parsed = syn::parse_file(&text).expect("Rust");
        self.read_items(path, file, folder, &parsed.items);
    }

    fn read_items(&mut self, path: ModulePath, file: &Path, folder: &Path, items: &[syn::Item]) {
        let mut reader = ModuleReader::default();
        reader.module.file = file.to_owned();
        for item in items {
            if is_for_tests(item) {
                continue;
            }
            if let syn::Item::Mod(child) = item {
                let name = child.ident.to_string();
                reader.module.children.push(name.clone());
                let mut inside = path.clone();
                inside.push(name.clone());
                let below = folder.join(&name);
                if let Some((_, items)) = &child.content {
                    self.read_items(inside, file, &below, items);
                } else {
                    let flat = folder.join(format!("{name}.rs"));
                    let own = if flat.is_file() { flat } else { below.join("mod.rs") };
                    self.read_file(inside, &own, &below);
                }
            } else {
                reader.define(item);
                reader.visit_item(item);
            }
        }
        self.modules.insert(path, reader.module);
    }

    /// The files with those that each of them depends on.
    pub(crate) fn edges(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut edges = BTreeMap::<_, BTreeSet<_>>::new();
        for (path, module) in &self.modules {
            let below = edges.entry(module.file.as_path()).or_default();
            for named in &module.named {
                let found = self.find(path, named, MAX_HOPS);
                below.extend(found.filter(|file| *file != module.file));
            }
        }
        edges
    }

    /// The modules that stand in a folder's list before one that they depend on, where that does not depend on them. The
    /// crate's own list is one of layers, from the top.
    pub(crate) fn misplaced(&self) -> Vec<String> {
        let edges = self.edges();
        let files: BTreeMap<_, _> =
            self.modules.keys().map(|path| (path, self.files(path))).collect();
        let depends = |one: &ModulePath, on: &ModulePath| {
            files[one].iter().any(|file| edges[file].iter().any(|to| files[on].contains(to)))
        };
        let mut found = Vec::new();
        for (path, module) in &self.modules {
            let child = |name: &String| [path.clone(), vec![name.clone()]].concat();
            let children: Vec<_> = module.children.iter().map(child).collect();
            for (position, one) in children.iter().enumerate().filter(|_| !path.is_empty()) {
                let mut later = children[position + 1..].iter();
                if let Some(other) = later.find(|on| depends(one, on) && !depends(on, one)) {
                    found.push(format!("{} comes before {}", one.join("::"), other.join("::")));
                }
            }
        }
        found
    }

    /// The files of the module at `path` and of all below it.
    fn files(&self, path: &ModulePath) -> BTreeSet<&Path> {
        let below = self.modules.iter().filter(|(other, _)| other.starts_with(path));
        below.map(|(_, module)| module.file.as_path()).collect()
    }

    /// The file that defines what `named` means in the module `from`. `None` for what another crate defines, and for a
    /// module itself.
    fn find(&self, from: &ModulePath, named: &[String], hops: usize) -> Option<&Path> {
        let hops = hops.checked_sub(1)?;
        let mut at = from.clone();
        for (position, name) in named.iter().enumerate() {
            match name.as_str() {
                "crate" if position == 0 => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                name => {
                    at.push(name.to_owned());
                    if self.modules.contains_key(&at) {
                        continue;
                    }
                    at.pop();
                    return self.find_in(&at, name, &named[position + 1..], hops);
                }
            }
        }
        None
    }

    fn find_in(&self, at: &ModulePath, name: &str, rest: &[String], hops: usize) -> Option<&Path> {
        let module = self.modules.get(at)?;
        if module.definitions.contains(name) {
            return Some(&module.file);
        }
        if let Some(bound) = module.bindings.get(name) {
            if bound.first().is_some_and(|first| first == name) && bound.len() == 1 {
                return None;
            }
            let full: Vec<_> = bound.iter().chain(rest).cloned().collect();
            return self.find(at, &full, hops);
        }
        module.globs.iter().find_map(|glob| {
            let full: Vec<_> =
                glob.iter().cloned().chain([name.to_owned()]).chain(rest.iter().cloned()).collect();
            self.find(at, &full, hops)
        })
    }
}

/// Collects what one module defines, binds and names.
#[derive(Default)]
struct ModuleReader {
    module: Module,
}

impl ModuleReader {
    fn define(&mut self, item: &syn::Item) {
        let name = match item {
            syn::Item::Const(item) => &item.ident,
            syn::Item::Enum(item) => &item.ident,
            syn::Item::Fn(item) => &item.sig.ident,
            syn::Item::Static(item) => &item.ident,
            syn::Item::Struct(item) => &item.ident,
            syn::Item::Trait(item) => &item.ident,
            syn::Item::Type(item) => &item.ident,
            syn::Item::Union(item) => &item.ident,
            syn::Item::Macro(syn::ItemMacro { ident: Some(ident), .. }) => ident,
            _ => return,
        };
        self.module.definitions.insert(name.to_string());
    }

    fn bind(&mut self, tree: &syn::UseTree, before: &[String]) {
        let joined = |name: &syn::Ident| {
            let mut path = before.to_vec();
            path.push(name.to_string());
            path
        };
        match tree {
            syn::UseTree::Path(path) => self.bind(&path.tree, &joined(&path.ident)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                let bound = before.last().cloned().unwrap_or_default();
                self.module.bindings.insert(bound, before.to_vec());
            }
            syn::UseTree::Name(name) => {
                let path = joined(&name.ident);
                self.module.named.insert(path.clone());
                self.module.bindings.insert(name.ident.to_string(), path);
            }
            syn::UseTree::Rename(rename) => {
                let path = joined(&rename.ident);
                self.module.named.insert(path.clone());
                self.module.bindings.insert(rename.rename.to_string(), path);
            }
            syn::UseTree::Glob(_) => self.module.globs.push(before.to_vec()),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.bind(tree, before);
                }
            }
        }
    }

    /// Paths in what a macro is given: names with `::` between them.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.take(&mut path);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                other => {
                    self.take(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.scan(group.stream());
                    }
                }
            }
        }
        self.take(&mut path);
    }

    fn take(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.module.named.insert(std::mem::take(path));
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for ModuleReader {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.bind(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.module.named.insert(names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.scan(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

fn is_for_tests(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                let text = list.tokens.to_string();
                ["test", "any (test , fuzzing)", "all (test , unix)"].contains(&text.as_str())
            })
    })
}

/// The circles of a graph: sets of files, each of which depends on itself through the others.
pub(crate) fn circles<'a>(
    edges: &BTreeMap<&'a Path, BTreeSet<&'a Path>>,
) -> Vec<BTreeSet<&'a Path>> {
    let reached: BTreeMap<_, _> = edges.keys().map(|file| (*file, reach(edges, file))).collect();
    let mut found = BTreeSet::new();
    for (file, below) in &reached {
        if below.contains(file) {
            let circle: BTreeSet<_> =
                below.iter().copied().filter(|other| reached[other].contains(file)).collect();
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

/// The files that `from` depends on, by whatever way. `from` itself is among them where it is in a circle.
fn reach<'a>(edges: &BTreeMap<&'a Path, BTreeSet<&'a Path>>, from: &Path) -> BTreeSet<&'a Path> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<_> = edges.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = waiting.pop() {
        if found.insert(file) {
            waiting.extend(edges.get(file).into_iter().flatten());
        }
    }
    found
}
