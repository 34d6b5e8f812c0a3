//! Exit codes of preview 1 modules.
//!
//! WASI's adapter knows success and failure only: whatever a program exits with becomes 1. So the one
//! import that exits does not go to the adapter but to `exit-with-code` of `wasi:cli/exit`, which keeps
//! the code.

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
use wasmparser::{BinaryReader, BinaryReaderError, Imports, Parser, Payload};
use wit_component::StringEncoding;
use wit_parser::Resolve;

const FROM: [&str; 2] = [WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, "proc_exit"];
const TO: [&str; 2] = ["wasi:cli/exit@0.2.12", "exit-with-code"];
const EXIT_WIT: &str = "
    package wasi:cli@0.2.12;
    interface exit { exit-with-code: func(status-code: u8); }
    world exits { import exit; }";

/// `module` with its exits redirected, if it has any.
pub(super) fn redirected(module: &[u8]) -> Result<Vec<u8>, String> {
    let imports = imports(module).map_err(|error| error.to_string())?;
    let Some(mut redirected) = imports else { return Ok(module.to_vec()) };
    let mut resolve = Resolve::default();
    let package = resolve.push_str("exits.wit", EXIT_WIT).map_err(|error| format!("{error:#}"))?;
    let world = resolve.select_world(&[package], None).map_err(|error| format!("{error:#}"))?;
    wit_component::embed_component_metadata(&mut redirected, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    Ok(redirected)
}

/// `module` with other names in its imports.
fn imports(module: &[u8]) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let mut section_start = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ImportSection(imports) = payload {
            let section = imports.range();
            let (mut body, mut done) = (Vec::new(), section.start);
            for import in imports {
                let Imports::Single(at, import) = import? else { continue };
                if [import.module, import.name] == FROM {
                    body.extend_from_slice(&module[done..at]);
                    TO.iter().for_each(|name| text(&mut body, name));
                    let mut names = BinaryReader::new(&module[at..], at);
                    names.skip_string()?;
                    names.skip_string()?;
                    done = names.original_position();
                }
            }
            if done == section.start {
                return Ok(None);
            }
            body.extend_from_slice(&module[done..section.end]);
            let mut redirected = module[..section_start].to_vec();
            redirected.push(2);
            number(&mut redirected, body.len());
            redirected.append(&mut body);
            redirected.extend_from_slice(&module[section.end..]);
            return Ok(Some(redirected));
        }
        section_start = match payload {
            Payload::Version { range, .. } => range.end,
            other => other.as_section().map_or(section_start, |(_, range)| range.end),
        };
    }
    Ok(None)
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

/// LEB128.
fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
