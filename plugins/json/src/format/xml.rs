//! XML: an element is `{"t": name, "a": {attribute: value}, "c": [content]}`, with `a` and `c` only where there
//! are any. Content is texts, elements, `{"comment": text}` and `{"pi": {"target": name, "content": text}}`.
//! Names keep the prefix that they are written with.

use super::{Fault, MAX_DEPTH, plain, text};
use jaq_json::{Map, Val};
use roxmltree::{Document, Node, NodeType, ParsingOptions};
use std::fmt::Write;

/// Reads the root element. What stands around it (declaration, comments) is left out.
pub fn read(source: &str) -> Result<Vec<Val>, Fault> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(source, options).map_err(|error| {
        let at = error.pos();
        let message = error.to_string();
        // The place is told apart, in its own way.
        let message = message.split(" at ").next().unwrap_or_default().to_string();
        Fault { at: Some(super::offset(source, at.row as usize, at.col as usize)), message }
    })?;
    Ok(vec![element(document.root_element(), source, 0)?])
}

fn element(node: Node<'_, '_>, source: &str, depth: usize) -> Result<Val, Fault> {
    if depth > MAX_DEPTH {
        let message = format!("nested more than {MAX_DEPTH} deep");
        return Err(Fault { at: Some(node.range().start), message });
    }
    let mut parts = Map::default();
    parts.insert(text("t"), text(name(node, source)));
    let attributes = attributes(node, source);
    if !attributes.is_empty() {
        parts.insert(text("a"), Val::obj(attributes));
    }
    let content: Result<Vec<Val>, Fault> =
        node.children().map(|child| part(child, source, depth)).collect();
    let content = content?;
    if !content.is_empty() {
        parts.insert(text("c"), Val::Arr(content.into()));
    }
    Ok(Val::obj(parts))
}

fn part(node: Node<'_, '_>, source: &str, depth: usize) -> Result<Val, Fault> {
    let said = node.text().unwrap_or_default();
    Ok(match node.node_type() {
        NodeType::Text => text(said),
        NodeType::Comment => object([("comment", text(said))]),
        NodeType::PI => {
            let pi = node.pi().map(|pi| (pi.target, pi.value.unwrap_or_default()));
            let (target, content) = pi.unwrap_or_default();
            object([("pi", object([("target", text(target)), ("content", text(content))]))])
        }
        NodeType::Element | NodeType::Root => element(node, source, depth + 1)?,
    })
}

fn object<const N: usize>(entries: [(&str, Val); N]) -> Val {
    Val::obj(entries.into_iter().map(|(key, value)| (text(key), value)).collect())
}

/// The name with its prefix. An element that comes out of an entity has no text of its own, and no prefix.
fn name<'a>(node: Node<'_, 'a>, source: &'a str) -> String {
    let local = node.tag_name().name();
    let written = source[node.range()].strip_prefix('<').unwrap_or_default();
    let end =
        written.find(|c: char| c.is_whitespace() || "/>".contains(c)).unwrap_or(written.len());
    match written[..end].rsplit_once(':') {
        Some((prefix, last)) if last == local => format!("{prefix}:{local}"),
        _ => local.to_string(),
    }
}

/// The attributes, those that declare namespaces among them.
fn attributes(node: Node<'_, '_>, source: &str) -> Map {
    let above = node.parent_element();
    let declared = node.namespaces().filter(|namespace| {
        let outer = above.and_then(|above| above.lookup_namespace_uri(namespace.name()));
        outer != Some(namespace.uri()) && namespace.name() != Some("xml")
    });
    let declared = declared.map(|namespace| {
        let name = namespace.name().map_or("xmlns".to_string(), |name| format!("xmlns:{name}"));
        (text(name), text(namespace.uri()))
    });
    let others = node.attributes().map(|attribute| {
        let written = &source[attribute.range_qname()];
        let name = if written.ends_with(attribute.name()) { written } else { attribute.name() };
        (text(name), text(attribute.value()))
    });
    declared.chain(others).collect()
}

/// Writes elements and their content.
pub fn write(value: &Val) -> Result<String, Fault> {
    let mut out = String::new();
    write_part(&mut out, value).map_err(|message| Fault { at: None, message })?;
    Ok(out)
}

fn write_part(out: &mut String, value: &Val) -> Result<(), String> {
    match value {
        Val::Null => Ok(()),
        Val::TStr(_) | Val::BStr(_) | Val::Bool(_) | Val::Num(_) => {
            write_text(out, &plain(value), "")
        }
        Val::Arr(parts) => parts.iter().try_for_each(|part| write_part(out, part)),
        Val::Obj(entries) => {
            let get = |key: &str| entries.get(&text(key));
            match (get("t"), get("comment"), get("cdata"), get("pi"), entries.len()) {
                (Some(name), ..) => write_element(out, name, entries),
                (_, Some(said), _, _, 1) => write_comment(out, &plain(said)),
                (_, _, Some(said), _, 1) => write_text(out, &plain(said), ""),
                (_, _, _, Some(Val::Obj(pi)), 1) => write_instruction(out, pi),
                _ => Err(format!(
                    "an element of XML is written {{t: \"name\", a: {{attribute: \"value\"}}, c: [content]}}, found {}",
                    value.to_string().chars().take(60).collect::<String>()
                )),
            }
        }
    }
}

fn write_element(out: &mut String, name: &Val, entries: &Map) -> Result<(), String> {
    let name = checked_name(name)?;
    let _ = write!(out, "<{name}");
    for (key, value) in entries {
        match (plain(key).as_str(), value) {
            ("t" | "c", _) | ("a", Val::Null) => {}
            ("a", Val::Obj(attributes)) => {
                for (key, value) in attributes.iter() {
                    let _ = write!(out, " {}=\"", checked_name(key)?);
                    write_text(out, &plain(value), "\"\t\n")?;
                    out.push('"');
                }
            }
            (key, _) => return Err(format!("an element of XML has `t`, `a` and `c`, not `{key}`")),
        }
    }
    match entries.get(&text("c")) {
        None | Some(Val::Null) => out.push_str("/>"),
        Some(content) => {
            out.push('>');
            write_part(out, content)?;
            let _ = write!(out, "</{name}>");
        }
    }
    Ok(())
}

fn write_comment(out: &mut String, said: &str) -> Result<(), String> {
    if said.contains("--") || said.ends_with('-') {
        return Err(format!("a comment of XML holds no `--`: `{said}`"));
    }
    said.chars().try_for_each(allowed)?;
    let _ = write!(out, "<!--{said}-->");
    Ok(())
}

fn write_instruction(out: &mut String, pi: &Map) -> Result<(), String> {
    let target = checked_name(pi.get(&text("target")).unwrap_or(&Val::Null))?;
    let content = pi.get(&text("content")).map(plain).unwrap_or_default();
    if content.contains("?>") {
        return Err(format!("a processing instruction of XML holds no `?>`: `{content}`"));
    }
    content.chars().try_for_each(allowed)?;
    let space = if content.is_empty() { "" } else { " " };
    let _ = write!(out, "<?{target}{space}{content}?>");
    Ok(())
}

/// Writes `said` with references for what would end it, for `\r`, which readers change, and for `also`.
fn write_text(out: &mut String, said: &str, also: &str) -> Result<(), String> {
    for c in said.chars() {
        allowed(c)?;
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if also.contains(c) => out.push_str("&quot;"),
            c if c == '\r' || also.contains(c) => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Ok(())
}

fn allowed(c: char) -> Result<(), String> {
    match c {
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
            Ok(())
        }
        c => Err(format!("XML cannot hold the character U+{:04X}", u32::from(c))),
    }
}

fn checked_name(name: &Val) -> Result<String, String> {
    let shown = plain(name);
    let first = shown.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':');
    let rest = shown.chars().all(|c| c.is_alphanumeric() || "_:.-·".contains(c));
    if first && rest { Ok(shown) } else { Err(format!("`{shown}` is no name of XML")) }
}
