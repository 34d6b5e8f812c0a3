//! `.gitattributes`: line ends, what is binary, and which files git would give to a program.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bstr::ByteSlice as _;
use gix_attributes::search::{MetadataCollection, Outcome};
use gix_attributes::{Search, StateRef};
use gix_glob::pattern::Case;

use crate::eol::TextAttribute;
use crate::file;

const NAMES: [&str; 7] =
    ["text", "crlf", "eol", "filter", "ident", "working-tree-encoding", "diff"];

pub struct Attributes {
    work: Option<PathBuf>,
    /// `info/attributes`, which comes last.
    info: PathBuf,
    known: RefCell<HashMap<Vec<u8>, Rc<Known>>>,
    /// The content that files of attributes will have, by their paths; those that go have none.
    coming: RefCell<HashMap<Vec<u8>, Vec<u8>>>,
}

/// The patterns that concern the files of one directory.
struct Known {
    search: Search,
    names: MetadataCollection,
}

/// The rules that hold for one file.
#[derive(Debug, PartialEq, Eq)]
pub struct Rules {
    pub text: TextAttribute,
    /// True for `crlf`.
    pub eol: Option<bool>,
    /// An attribute for which git would change the content: `filter=lfs`, `ident`, `working-tree-encoding=...`.
    pub changed_by: Option<String>,
    /// True for `diff`, false for `-diff`.
    pub diff: Option<bool>,
}

impl Attributes {
    pub fn new(work: Option<&Path>, info: &Path) -> Self {
        Self {
            work: work.map(Path::to_owned),
            info: info.to_owned(),
            known: RefCell::default(),
            coming: RefCell::default(),
        }
    }

    /// From now on, these files of attributes count as they will be, not as they are on the disk.
    pub fn expect(&self, files: HashMap<Vec<u8>, Vec<u8>>) {
        self.known.borrow_mut().clear();
        *self.coming.borrow_mut() = files;
    }

    pub fn of(&self, path: &[u8]) -> Rules {
        let directory =
            path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |end| &path[..end]);
        let known = self.known(directory);
        let mut outcome = Outcome::default();
        outcome.initialize_with_selection(&known.names, NAMES);
        known.search.pattern_matching_relative_path(
            path.as_bstr(),
            Case::Sensitive,
            Some(false),
            &mut outcome,
        );
        let mut rules =
            Rules { text: TextAttribute::Unspecified, eol: None, changed_by: None, diff: None };
        let mut legacy = TextAttribute::Unspecified;
        for found in outcome.iter_selected() {
            let (name, state) = (found.assignment.name.as_str(), found.assignment.state);
            match name {
                "text" => rules.text = text(state),
                "crlf" => legacy = text(state),
                "eol" => {
                    rules.eol = value(state).and_then(|value| match &value[..] {
                        "crlf" => Some(true),
                        "lf" => Some(false),
                        _ => None,
                    })
                }
                "diff" => rules.diff = flag(state),
                other => rules.changed_by = rules.changed_by.or_else(|| changing(other, state)),
            }
        }
        if rules.text == TextAttribute::Unspecified {
            rules.text = legacy;
        }
        rules
    }

    fn known(&self, directory: &[u8]) -> Rc<Known> {
        if let Some(known) = self.known.borrow().get(directory) {
            return known.clone();
        }
        let mut known = Known { search: Search::default(), names: MetadataCollection::default() };
        known.add(b"[attr]binary -diff -merge -text", Path::new("builtin"), true);
        if let Some(work) = &self.work {
            let ends =
                directory.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
            let ends = ends.chain((!directory.is_empty()).then_some(directory.len()));
            self.add(&mut known, work, b"");
            ends.for_each(|end| self.add(&mut known, work, &directory[..end]));
        }
        if let Ok(text) = file::small(&self.info) {
            known.add(&text, Path::new("/r/attributes"), true);
        }
        let known = Rc::new(known);
        self.known.borrow_mut().insert(directory.to_vec(), known.clone());
        known
    }

    fn add(&self, known: &mut Known, work: &Path, directory: &[u8]) {
        let Some(below) = crate::paths::native(directory) else { return };
        let path = work.join(below).join(".gitattributes");
        let coming = self.coming.borrow();
        let text = match coming.get(below.join(".gitattributes").as_os_str().as_encoded_bytes()) {
            Some(text) => Some(text.clone()),
            None if path.symlink_metadata().is_ok_and(|about| about.is_file()) => {
                file::small(&path).ok()
            }
            None => None,
        };
        if let Some(text) = text {
            known.add(
                &text,
                &Path::new(ROOT).join(below).join(".gitattributes"),
                directory.is_empty(),
            );
        }
    }
}

/// The place of the repository that patterns are told.
const ROOT: &str = "/r";

impl Known {
    fn add(&mut self, text: &[u8], source: &Path, macros: bool) {
        // Fails for no bytes: what cannot be read of them is passed over, as git does.
        let _ = self.search.add_patterns_buffer(
            text,
            source.to_owned(),
            Some(Path::new(ROOT)),
            &mut self.names,
            macros,
        );
    }
}

fn flag(state: StateRef<'_>) -> Option<bool> {
    match state {
        StateRef::Set | StateRef::Value(_) => Some(true),
        StateRef::Unset => Some(false),
        StateRef::Unspecified => None,
    }
}

fn value(state: StateRef<'_>) -> Option<String> {
    match state {
        StateRef::Value(value) => Some(value.as_bstr().to_string()),
        _ => None,
    }
}

fn text(state: StateRef<'_>) -> TextAttribute {
    match state {
        StateRef::Set => TextAttribute::Set,
        StateRef::Unset => TextAttribute::Unset,
        StateRef::Value(value) if value.as_bstr() == "auto" => TextAttribute::Auto,
        StateRef::Value(value) if value.as_bstr() == "input" => TextAttribute::Input,
        StateRef::Value(_) | StateRef::Unspecified => TextAttribute::Unspecified,
    }
}

fn changing(name: &str, state: StateRef<'_>) -> Option<String> {
    match (name, state) {
        ("ident", StateRef::Set) => Some("ident".into()),
        ("filter", StateRef::Value(value)) => Some(format!("filter={}", value.as_bstr())),
        ("working-tree-encoding", StateRef::Value(value))
            if !value.as_bstr().eq_ignore_ascii_case(b"utf-8") =>
        {
            Some(format!("working-tree-encoding={}", value.as_bstr()))
        }
        _ => None,
    }
}
