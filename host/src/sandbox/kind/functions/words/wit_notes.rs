//! The doc comments of a `.wit` file, by the functions they stand before.
//!
//! Anybody may have written the file. It is parsed and never resolved, so that it need not bring the packages it speaks
//! of. This module does not know where the file comes from.

use std::collections::HashMap;

use wit_parser::{Function, SourceMap, UnresolvedPackage, UnresolvedPackageGroup};
use wit_parser::{ParseError, WorldItem, WorldKey};

use super::package_docs::fit;
use crate::text::{clip, escape};

/// The doc comments that a `.wit` file has for functions.
#[derive(Debug, Default)]
pub struct Notes(HashMap<FunctionPath, String>);

/// The place of a function: its interface, if it is in one, and its name.
type FunctionPath = (Option<String>, String);

/// The reason why a `.wit` file cannot be parsed, and the place of the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {reason}")]
pub struct NotesError {
    line: usize,
    column: usize,
    reason: String,
}

impl Notes {
    /// Reads the notes in `text`, a `.wit` file.
    pub fn parse(text: &[u8]) -> Result<Self, NotesError> {
        let text = std::str::from_utf8(text).map_err(|error| {
            let valid = std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default();
            let (line, column) = end_of(valid);
            NotesError { line, column, reason: "it is not UTF-8".into() }
        })?;
        let group = UnresolvedPackageGroup::parse("", text)
            .map_err(|(source, error)| NotesError::of(text, &source, &error))?;
        let mut notes = Self::default();
        // The file's own package comes first, and the first word counts.
        for package in std::iter::once(&group.main).chain(&group.nested) {
            notes.take(package);
        }
        Ok(notes)
    }

    /// True if there is no note on any function.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the note on the function `name` in `interface`, or at the world's top. Where this version of the
    /// interface has none, another version's is returned. `None` where there is no note.
    pub(crate) fn function(&self, interface: Option<&str>, name: &str) -> Option<String> {
        let at = |interface: Option<&str>| {
            self.0.get(&(interface.map(str::to_owned), name.to_owned())).cloned()
        };
        at(interface).or_else(|| at(Some(unversioned(interface?))))
    }

    fn take(&mut self, package: &UnresolvedPackage) {
        for (_, interface) in &package.interfaces {
            let Some(name) = &interface.name else { continue };
            let name = package.name.interface_id(name);
            for function in interface.functions.values() {
                self.note(Some(&name), function);
                self.note(Some(unversioned(&name)), function);
            }
        }
        for (_, world) in &package.worlds {
            for (key, item) in &world.exports {
                match (key, item) {
                    (WorldKey::Name(name), WorldItem::Interface { id, .. }) => {
                        let functions = package.interfaces.get(*id);
                        let functions =
                            functions.into_iter().flat_map(|own| own.functions.values());
                        functions.for_each(|function| self.note(Some(name), function));
                    }
                    (_, WorldItem::Function(function)) => self.note(None, function),
                    (WorldKey::Interface(_), WorldItem::Interface { .. })
                    | (_, WorldItem::Type { .. }) => {}
                }
            }
        }
    }

    fn note(&mut self, interface: Option<&str>, function: &Function) {
        if let Some(text) = function.docs.contents.as_deref().and_then(fit) {
            let place = (interface.map(str::to_owned), function.name.clone());
            self.0.entry(place).or_insert(text);
        }
    }
}

impl NotesError {
    fn of(text: &str, source: &SourceMap, error: &ParseError) -> Self {
        let place = source.resolve_span(error.kind().span());
        let before = place.and_then(|place| text.get(..place.range.start));
        let (line, column) = end_of(before.unwrap_or_default());
        // A hint on a second line names files of a package's directory, which there is none of.
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        let reason = escape(clip(reason, 400));
        Self { line, column, reason }
    }
}

/// Returns `local:calc/ops` for `local:calc/ops@0.1.0`.
fn unversioned(interface: &str) -> &str {
    interface.split_once('@').map_or(interface, |(name, _)| name)
}

fn end_of(text: &str) -> (usize, usize) {
    let last = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() + 1, last.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::check_text;

    const WIT: &str = "
        package local:calc@0.1.0;
        interface ops {
            use wasi:io/streams@0.2.0.{input-stream};
            /// Divides a by b,
            /// rounding down.
            divide: func(a: s32, b: s32) -> result<s32, string>;
            /** Reads. */
            read: func(source: borrow<input-stream>);
            /// A pen.
            resource pen { /// Writes.
                write: func(); }
            silent: func();
        }
        world calculator {
            import far:away/things;
            /// Taken, not given.
            import now: func() -> u64;
            export ops;
            /// At the top.
            export top: func();
            export mine: interface {
                /// The world's own.
                f: func();
            }
        }
        package other:pack@2.0.0 {
            interface ops {
                /// Another's.
                add: func();
            }
        }";

    #[track_caller]
    fn check(interface: Option<&str>, name: &str, expected: Option<&str>) {
        let notes = Notes::parse(WIT.as_bytes()).expect("good WIT");
        assert_eq!(notes.function(interface, name).as_deref(), expected);
    }

    #[test]
    fn the_first_word_counts() {
        let notes = Notes::parse(
            b"package a:b@1.0.0;
            interface c { /// Of the first.
                f: func(); }
            package a:b@2.0.0 { interface c { /// Of the second.
                f: func(); } }",
        );
        let notes = notes.expect("good WIT");
        for (interface, expected) in [
            ("a:b/c", "Of the first."),
            ("a:b/c@1.0.0", "Of the first."),
            ("a:b/c@2.0.0", "Of the second."),
        ] {
            assert_eq!(notes.function(Some(interface), "f").as_deref(), Some(expected));
        }
    }

    #[test]
    fn notes_are_found_by_interface_and_function() {
        let ops = Some("local:calc/ops@0.1.0");
        check(ops, "divide", Some("Divides a by b,\nrounding down."));
        check(ops, "read", Some("Reads."));
        check(ops, "silent", None);
        check(ops, "add", None);
        check(Some("local:calc/ops@0.2.0"), "read", Some("Reads."));
        check(Some("local:calc/ops"), "read", Some("Reads."));
        check(Some("other:pack/ops@2.0.0"), "add", Some("Another's."));
        check(Some("other:pack/ops@2.0.0"), "divide", None);
        check(Some("mine"), "f", Some("The world's own."));
        check(None, "top", Some("At the top."));
        check(None, "now", None);
        check(None, "divide", None);
    }

    #[test]
    fn notes_are_fit_to_be_read() {
        let long =
            format!("package a:b; world w {{ /// {}\n export f: func(); }}", "long ".repeat(1000));
        let text = Notes::parse(long.as_bytes()).expect("good WIT").function(None, "f");
        assert_eq!(check_text(&text.expect("a text")), Ok(()));
    }

    #[track_caller]
    fn check_wrong(text: &[u8], expected: &str) {
        let error = Notes::parse(text).expect_err("bad WIT").to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains(['\n', '\u{1b}']), "{error}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        check_wrong(b"package a:b;\nworld w {\n  export f func();\n}", "3:12: expected ';'");
        check_wrong(b"package a:b;\nworld w { export f: func(x: thing); }", "2:29: ");
        check_wrong(b"package a:b;\ninterface i {}\ninterface i {}", "3:11: ");
        check_wrong(b"interface i {}", "1:1: no `package` header");
        check_wrong(b"", "1:1: ");
        check_wrong(b"package a:b;\nab\xff", "2:3: it is not UTF-8");
        check_wrong("package a:b; /// \u{202e}\n".as_bytes(), "1:");
        check_wrong(b"package a:b; \x1b[31m", "1:14: ");
        check_wrong(b"package a:b; /* ", "1:");
    }

    /// As large as a file may be, on a stack as small as a thread's: no answer is asked for but one.
    #[test]
    fn hostile_texts_end() {
        const SIZE: usize = 1024 * 1024;
        let fill = |text: &str| text.repeat(SIZE / text.len());
        let chain = |item: fn(usize) -> String| {
            let items = (1..).map(item).scan(0, |size, item| {
                *size += item.len();
                (*size < SIZE).then_some(item)
            });
            items.collect::<String>()
        };
        let types = chain(|n| format!("type a{n} = list<a{}>;", n - 1));
        let uses = chain(|n| format!("interface a{n} {{ use a{}.{{t}}; }}", n - 1));
        for text in [
            fill("package a:b{"),
            format!("package a:b; interface i {{ type t = {}", fill("list<")),
            format!("package a:b; interface i {{ type t = {}", fill("tuple<result<")),
            format!("package a:b; {}", fill("/*")),
            format!("package a:b; interface i {{ type a0 = u8; {types} }}"),
            format!("package a:b; interface a0 {{ type t = u8; }} {uses}"),
            format!("package a:b; {}", fill("@since(version = 1.0.0) ")),
            format!("package a:b; interface i {{ {}", fill("/// x\n")),
            fill("package a:b {} "),
        ] {
            let _ = Notes::parse(text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_text_ends_in_notes_or_an_error(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = (Notes::parse(text.as_bytes()), Notes::parse(&bytes));
        }

        #[test]
        fn any_part_of_wit_ends_in_notes_or_an_error(
            pieces in prop::collection::vec(prop::sample::select(WORDS), 0..40),
        ) {
            let text = format!("package a:b; {}", pieces.join(" "));
            let _ = Notes::parse(text.as_bytes());
        }
    }

    const WORDS: &[&str] = &[
        "interface",
        "world",
        "package",
        "i",
        "w",
        "x:y/z@1.0.0",
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        ";",
        ":",
        ",",
        ".",
        "=",
        "->",
        "use",
        "include",
        "import",
        "export",
        "func",
        "async",
        "resource",
        "type",
        "record",
        "variant",
        "list",
        "own",
        "borrow",
        "result",
        "static",
        "constructor",
        "_",
        "1",
        "t",
        "@since",
        "@unstable",
        "feature",
        "version",
        "///",
        "/*",
        "*/",
        "\n",
        "%",
        "map",
        "future",
        "as",
    ];
}
