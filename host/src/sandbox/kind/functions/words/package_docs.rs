//! The doc comments that a component brings along in its section `package-docs`.
//!
//! They are the plugin's own words and no more: docs that do not decode count as absent.

use serde_json::Value;
use wasmparser::{Parser, Payload};

use crate::text::{MAX_TEXT, clip, forbidden_char};

/// The section. Its first byte is the version of its form; JSON follows.
const SECTION: &str = "package-docs";
/// The largest section that is read, in bytes.
const MAX_SECTION: usize = 1024 * 1024;

/// The doc comments that a component has for its functions.
#[derive(Debug, Default)]
pub(crate) struct Docs(Value);

impl Docs {
    /// Reads the docs in `wasm`, a component.
    pub(crate) fn of(wasm: &[u8]) -> Self {
        let sections = Parser::new(0).parse_all(wasm).map_while(Result::ok);
        let mut found = sections.filter_map(|payload| match payload {
            Payload::CustomSection(section) if section.name() == SECTION => decoded(section.data()),
            _ => None,
        });
        found.next().map(Self).unwrap_or_default()
    }

    /// Returns the docs of the function `name` in `interface`, or at the world's top. `None` where there are none that
    /// can be shown.
    pub(crate) fn function(&self, interface: Option<&str>, name: &str) -> Option<String> {
        let worlds = self.0.get("worlds").and_then(Value::as_object);
        let worlds = || worlds.into_iter().flat_map(|worlds| worlds.values());
        let function = |functions: Option<&Value>| readable(functions?.get(name)?);
        match interface {
            None => worlds().find_map(|world| {
                function(world.get("func_exports")).or_else(|| function(world.get("funcs")))
            }),
            Some(interface) => {
                // `local:calc/ops@0.1.0` is `ops` in its package; one of the world's own has no package.
                let own = interface.rsplit('/').next().unwrap_or(interface);
                let own = own.split('@').next().unwrap_or(own);
                let within =
                    |interfaces: Option<&Value>| function(interfaces?.get(own)?.get("funcs"));
                within(self.0.get("interfaces")).or_else(|| {
                    worlds().find_map(|world| {
                        within(world.get("interface_exports"))
                            .or_else(|| within(world.get("interfaces")))
                    })
                })
            }
        }
    }
}

fn decoded(section: &[u8]) -> Option<Value> {
    let json = match section {
        _ if section.len() > MAX_SECTION => return None,
        [b'{', ..] => section,
        [_version, json @ ..] => json,
        [] => return None,
    };
    let text = std::str::from_utf8(json).ok()?;
    crate::json::value(text).ok().filter(Value::is_object)
}

/// The docs of one function: text, or an object that has it.
fn readable(function: &Value) -> Option<String> {
    let text = function.as_str().or_else(|| function.get("docs")?.as_str())?;
    fit(text)
}

/// `text` as a description: none if it is empty or hides something, and cut where it is too long.
pub(crate) fn fit(text: &str) -> Option<String> {
    const MORE: &str = " ...";
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() || forbidden_char(text).is_some() {
        return None;
    }
    if text.len() <= MAX_TEXT {
        return Some(text.to_owned());
    }
    Some(format!("{}{MORE}", clip(text, MAX_TEXT - MORE.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::check_text;

    const DOCS: &str = r#"{
        "worlds": {
            "w": { "func_exports": { "top": { "docs": "At the top." }, "old": "In the old form." },
                "interface_exports": { "own": { "funcs": { "f": { "docs": "The world's own." } } } } }
        },
        "interfaces": { "ops": { "funcs": { "add": { "docs": "Adds." }, "hidden": { "docs": "a\u202eb" } } } }
    }"#;

    fn component(section: &[u8]) -> Vec<u8> {
        let escaped: String = section.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let component = format!(r#"(component (@custom "package-docs" "{escaped}"))"#);
        wat::parse_str(component).expect("wat")
    }

    #[track_caller]
    fn check(interface: Option<&str>, name: &str, expected: Option<&str>) {
        let docs = Docs::of(&component(&[&[1], DOCS.as_bytes()].concat()));
        assert_eq!(docs.function(interface, name).as_deref(), expected);
    }

    #[test]
    fn docs_are_found_by_interface_and_function() {
        check(None, "top", Some("At the top."));
        check(None, "old", Some("In the old form."));
        check(None, "add", None);
        check(Some("local:calc/ops@0.1.0"), "add", Some("Adds."));
        check(Some("local:calc/ops"), "add", Some("Adds."));
        check(Some("local:calc/others"), "add", None);
        check(Some("own"), "f", Some("The world's own."));
    }

    #[test]
    fn docs_that_hide_something_are_none() {
        check(Some("local:calc/ops"), "hidden", None);
    }

    #[test]
    fn docs_that_do_not_decode_are_none() {
        for section in [&b""[..], b"\x01", b"\x01{", b"\x01[]", b"\x01\xff", b"{\"worlds\": 7}"] {
            assert_eq!(Docs::of(&component(section)).function(None, "top"), None);
        }
        assert_eq!(Docs::of(b"\0asm\x0d").function(None, "top"), None);
    }

    #[test]
    fn long_docs_are_cut() {
        let cut = fit(&"é".repeat(MAX_TEXT)).expect("a text");
        assert!(cut.ends_with("é ..."), "{cut}");
        assert_eq!(check_text(&cut), Ok(()));
    }
}
