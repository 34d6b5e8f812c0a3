//! ARCHITECTURE.md is short and names no path that is not there; its layers are those of the imports. Every source file of
//! the host says what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::file_graph::{FileGraph, circles};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

fn map() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md")
}

/// The largest map that somebody reads, in bytes.
const MAX_MAP: usize = 20 * 1024;

/// The most files that lie directly in one folder.
const MAX_FILES: usize = 15;

#[test]
fn every_source_file_begins_with_what_it_is() {
    let source = root().join("host/src");
    let begins = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("a source file");
        text.strip_prefix("//! ")
            .is_some_and(|rest| rest.lines().next().is_some_and(|line| line.len() > 3))
    };
    let silent: Vec<_> = files(&source).into_iter().filter(|file| !begins(file)).collect();
    assert!(silent.is_empty(), "`cargo xtask map` has nothing to say of {silent:#?}");
    assert!(
        map().len() <= MAX_MAP,
        "ARCHITECTURE.md has {} bytes, more than {MAX_MAP}",
        map().len()
    );
}

#[test]
fn imports_point_down_only() {
    let layers = layers(&map());
    let source = root().join("host/src");
    let for_tests = for_tests(&source);
    let mut wrong = BTreeSet::new();
    let (mut modules, mut imports) = (BTreeSet::new(), 0);
    for file in files(&source) {
        let place = file.strip_prefix(&source).expect("below").with_extension("");
        if for_tests.iter().any(|module| place.starts_with(module)) {
            continue;
        }
        let parts: Vec<_> = place.iter().map(|part| part.to_str().expect("text")).collect();
        let own = parts[0];
        modules.insert(own.to_owned());
        let depth = parts.iter().filter(|part| **part != "mod").count();
        for line in served(&fs::read_to_string(&file).expect("a source file")) {
            if line.contains(&"super::".repeat(depth)) {
                wrong.insert(format!("{}: `super` leaves {own}: {line}", shown(&place)));
            }
            for other in line.split("crate::").skip(1) {
                let end = other.find(|c: char| c != '_' && !c.is_alphanumeric());
                let other = &other[..end.unwrap_or(other.len())];
                imports += 1;
                // Of a place that is unknown it is not known that it is below.
                let is_below = matches!(
                    (layers.get(own), layers.get(other)),
                    (Some(above), Some(below)) if above < below
                );
                if other != own && !is_below {
                    wrong.insert(format!("{}: {own} sees `{other}`: {line}", shown(&place)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the layers of ARCHITECTURE.md:\n{wrong:#?}");
    assert!(imports > 200, "only {imports} imports were found: is this test still looking?");
    modules.remove("lib");
    assert_eq!(modules, layers.into_keys().collect(), "modules of lib.rs, and those in the layers");
}

#[test]
fn no_file_depends_on_itself_by_way_of_others() {
    let source = root().join("host/src");
    let graph = FileGraph::read(&source);
    let edges = graph.edges();
    let count: usize = edges.values().map(BTreeSet::len).sum();
    assert!(edges.len() > 300 && count > 1500, "{count} edges: is this test still looking?");
    let name = |file: &Path| shown(file.strip_prefix(&source).expect("below"));
    let mut ways = Vec::new();
    for circle in circles(&edges) {
        ways.extend(circle.iter().map(|file| {
            let within = edges[file].intersection(&circle).map(|to| name(to)).collect::<Vec<_>>();
            format!("{} depends on {}", name(file), within.join(", "))
        }));
    }
    assert!(ways.is_empty(), "circles of files: {ways:#?}");
}

#[test]
fn a_folder_lists_its_lowest_file_first() {
    let misplaced = FileGraph::read(&root().join("host/src")).misplaced();
    assert!(misplaced.is_empty(), "{misplaced:#?}");
}

#[test]
fn a_folder_holds_few_files() {
    let mut files_of = BTreeMap::<PathBuf, usize>::new();
    for file in files(&root().join("host/src")) {
        *files_of.entry(file.parent().expect("a folder").to_owned()).or_default() += 1;
    }
    files_of.retain(|_, count| *count > MAX_FILES);
    assert!(files_of.is_empty(), "more than {MAX_FILES} files: {files_of:#?}");
}

/// The modules in the block of the layers, each with its row from the top.
fn layers(map: &str) -> BTreeMap<String, usize> {
    let section = map.split("## The layers of the host").nth(1).expect("the section");
    let block = section.split("```").nth(1).expect("the block");
    let mut layers = BTreeMap::new();
    for (row, line) in block.lines().filter(|line| !line.is_empty()).enumerate() {
        let (names, about) = line.split_once("  ").expect("two columns");
        assert!(about.trim().len() > 3, "no words for {names}");
        for name in names.split([',', '|']) {
            let before = layers.insert(name.trim().to_owned(), row);
            assert!(before.is_none(), "{name} has two places");
        }
    }
    layers
}

/// The modules that are built for tests or fuzzers alone: they see what is above them too.
fn for_tests(source: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in files(source) {
        let inside = match file.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") => file.parent().expect("a folder").to_owned(),
            _ => file.with_extension(""),
        };
        let text = fs::read_to_string(&file).expect("a source file");
        for (attribute, line) in text.lines().zip(text.lines().skip(1)) {
            let module = line.split("mod ").nth(1).and_then(|name| name.strip_suffix(';'));
            if let Some(module) = module.filter(|_| is_of_tests(attribute)) {
                found.push(inside.join(module).strip_prefix(source).expect("below").to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "no module is of tests: is this test still looking?");
    found
}

fn is_of_tests(attribute: &str) -> bool {
    ["#[cfg(test)]", "#[cfg(any(test, fuzzing))]", "#[cfg(all(test, unix))]"].contains(&attribute)
}

/// The lines of code that is served: without comments, and without the tests at the end.
fn served(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().collect::<Vec<_>>();
    let mut pairs = lines.windows(2);
    let tests = pairs.position(|two| is_of_tests(two[0]) && two[1].starts_with("mod tests {"));
    let end = tests.unwrap_or(lines.len());
    lines.into_iter().take(end).map(|line| line.split("//").next().unwrap_or_default().trim())
}

#[test]
fn no_code_compares_kinds_of_plugins() {
    let source = root().join("host/src");
    let (mut asked, mut compared) = (0, Vec::new());
    for file in files(&source) {
        for line in served(&fs::read_to_string(&file).expect("a source file")) {
            asked += usize::from(line.contains("manifest_declares_tools()"));
            if ["== PluginKind::", "!= PluginKind::"].iter().any(|words| line.contains(words)) {
                compared.push(format!("{}: {line}", shown(&file)));
            }
        }
    }
    assert!(asked > 4, "only {asked} ask for a property: is this test still looking?");
    assert!(compared.is_empty(), "ask for a property of the kind: {compared:#?}");
}

/// The files that write commands as text, and why they do.
const WRITTEN_COMMANDS: [(&str, &str); 2] = [
    ("cli/usage/help.rs", "examples, which name no directory that is in use"),
    (
        "cli/usage/tips.rs",
        "tips on arguments that could not be read, so that no directory is known yet",
    ),
];

#[test]
fn a_command_is_suggested_through_one_door() {
    let source = root().join("host/src");
    let names = "add|approve|call|check|completions|dev|doctor|grant|health|inspect|list|logs|man|new|pack|register|remove|revoke|\
        secret|serve|set|status|unregister|unset|warm";
    let names: BTreeSet<_> = names.split('|').collect();
    let is_command = |text: &str| {
        let mut starts = text.match_indices("toolrack ");
        starts.any(|(at, program)| {
            let rest = text[at + program.len()..].trim_start();
            let name = rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
            names.contains(name) || (text[..at].ends_with('`') && rest.starts_with('{'))
        })
    };
    let (mut literals, mut written) = (0, BTreeMap::<String, Vec<String>>::new());
    for file in files(&source) {
        let text = fs::read_to_string(&file).expect("a source file");
        let mut found = Vec::new();
        texts(text.parse().expect("tokens"), &mut found);
        literals += found.len();
        found.retain(|text| is_command(text));
        if !found.is_empty() {
            written.insert(shown(file.strip_prefix(&source).expect("below")), found);
        }
    }
    assert!(literals > 3000, "only {literals} texts were found: is this test still looking?");
    for (file, why) in WRITTEN_COMMANDS {
        assert!(written.remove(file).is_some(), "{file} writes no command, though it may: {why}");
    }
    assert!(written.is_empty(), "build these with `SuggestedCommand`: {written:#?}");
}

#[test]
fn what_a_command_says_on_stderr_goes_through_one_door() {
    let source = root().join("host/src/cli");
    let (mut saying, mut wrong) = (0, Vec::new());
    for file in files(&source) {
        let place = shown(file.strip_prefix(&source).expect("below"));
        let text = fs::read_to_string(&file).expect("a source file");
        let code: Vec<_> = served(&text).collect();
        let code = code.join(" ");
        let says = ["eprintln!(", "eprint!("].iter().any(|name| code.contains(name));
        let is_door = place == "output/print.rs";
        saying += usize::from(says && !is_door);
        let imports = code.split("use ").skip(1).any(|rest| {
            let path = rest.split(';').next().unwrap_or_default();
            path.contains("print::") && path.contains("eprint")
        });
        // The log is no answer to what was typed.
        let is_log = place.starts_with("logger/");
        if (says && !imports || code.contains("::stderr()")) && !is_door && !is_log {
            wrong.push(place);
        }
    }
    assert!(saying > 10, "only {saying} files say something: is this test still looking?");
    assert!(wrong.is_empty(), "a secret that was typed may be repeated: {wrong:?}");
}

/// Adds the string literals of code that is served: those of comments and of tests are left out.
fn texts(tokens: TokenStream, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut is_test = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if let Some(TokenTree::Punct(inner)) = tokens.peek()
                    && inner.as_char() == '!'
                {
                    tokens.next();
                }
                let Some(TokenTree::Group(attribute)) = tokens.next() else { continue };
                let attribute = attribute.stream();
                let words = attribute.to_string().replace(' ', "");
                is_test |= words.starts_with("cfg(") && words.contains("test");
                if !words.starts_with("doc=") {
                    texts(attribute, found);
                }
            }
            TokenTree::Group(group) => {
                let is_body = group.delimiter() == Delimiter::Brace;
                if !(is_test && is_body) {
                    texts(group.stream(), found);
                }
                is_test &= !is_body;
            }
            TokenTree::Punct(punct) => is_test &= punct.as_char() != ';',
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    found.push(text.value());
                }
            }
            TokenTree::Ident(_) => {}
        }
    }
}

/// A word that begins a definition of a type. `type` alone may also stand in an implementation, indented.
const TYPES: [&str; 4] = ["struct ", "enum ", "trait ", "union "];

#[test]
fn no_type_and_no_constant_has_the_name_of_another() {
    let source = root().join("host/src");
    let mut definitions = BTreeMap::<String, BTreeSet<String>>::new();
    for file in files(&source) {
        let place = shown(file.strip_prefix(&source).expect("below"));
        let text = fs::read_to_string(&file).expect("a source file");
        for name in text.lines().take(served(&text).count()).filter_map(defined) {
            definitions.entry(name.to_owned()).or_default().insert(place.clone());
        }
    }
    assert!(
        definitions.len() > 900,
        "only {} were found: is this test still looking?",
        definitions.len()
    );
    // Two definitions in one file are for two systems.
    definitions.retain(|_, files| files.len() > 1);
    assert!(definitions.is_empty(), "one name stands for several things: {definitions:#?}");
}

/// The name of the type or constant that a line begins to define. `None` for one that belongs to a type.
fn defined(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line =
        line.strip_prefix("pub(").and_then(|rest| Some(rest.split_once(") ")?.1)).unwrap_or(line);
    let of_module = ["type ", "const ", "static "].iter().find_map(|word| line.strip_prefix(word));
    let anywhere = TYPES.into_iter().find_map(|word| line.trim_start().strip_prefix(word));
    let rest = of_module.or(anywhere)?;
    let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| name.starts_with(char::is_uppercase))
}

#[test]
fn the_picture_shows_layers_that_are_there() {
    let picture = fs::read_to_string(root().join("docs/architecture.svg")).expect("the picture");
    // A room of the host is a box with its name behind it.
    let rooms: Vec<_> = picture.split("class=\"room\"").skip(1).collect();
    assert_eq!(rooms.len(), 4);
    for room in rooms {
        let name = room.split("</text>").next().and_then(|text| text.rsplit('>').next());
        let name = name.expect("a name");
        let folder = root().join("host/src").join(name);
        assert!(folder.is_dir(), "the picture shows `{name}`, which is no layer");
    }
}

#[test]
fn every_path_that_is_named_exists() {
    let map = map();
    // Every second piece between backticks is code; blocks of code have their own lines.
    let named: BTreeSet<&str> = map
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|text| is_path(text))
        .collect();
    assert!(named.len() > 50, "only {} paths were found: is this test still looking?", named.len());
    let gone: Vec<_> = named.iter().filter(|path| !root().join(path).exists()).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names what is not there: {gone:?}");
}

/// A path from the root: it has a slash, and ends in one or in a file's extension. A method of the
/// protocol, such as `tools/list`, does neither.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    match text.rsplit_once('/') {
        Some((_, last)) => {
            text.chars().all(plain)
                && (last.is_empty() || last.contains('.') || text.starts_with('.'))
        }
        None => false,
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// A path as the map writes it on every system.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
