//! Guests made of WIT and WAT: a core module with the bindings of any world.

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

/// What every such module has: a memory, and `cabi_realloc` that hands out all above 16 KiB.
const COMMON: &str = r#"
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 16384))
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
        (global.set $heap (i32.add (local.get $at) (local.get 3)))
        (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
            (then (if (i32.eq (i32.const -1) (memory.grow
                (i32.add (i32.const 1) (i32.div_u (local.get 3) (i32.const 65536)))))
                (then unreachable))))
        (local.get $at))
    (func $pair (param i32 i32) (result i32)
        (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))
        (i32.const 0))"#;

/// The component of the world `w` in `wit`, whose package is `t:t`. `fields` export its functions; they
/// have `$pair`, which makes of an address and a length what a list is returned as.
pub(crate) fn component(wit: &str, fields: &str) -> Vec<u8> {
    importing(wit, "", fields)
}

/// The same, with imports, which must come first in a module.
pub(crate) fn importing(wit: &str, imports: &str, fields: &str) -> Vec<u8> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let package = resolve.push_str("t.wit", &format!("package t:t;\n{wit}"));
    let package = package.unwrap_or_else(|error| panic!("{error:#}\n{wit}"));
    let world = resolve.select_world(&[package], Some("w")).expect("the world");
    let mut module = wat::parse_str(format!("(module {imports} {COMMON} {fields})")).expect("wat");
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("bindings");
    let encoder = ComponentEncoder::default().module(&module).expect("a module");
    encoder.validate(false).encode().unwrap_or_else(|error| panic!("{error:#}\n{wit}"))
}

/// A component whose function `echo` gives back a list of what `of` names, after `types`.
pub(crate) fn echo(types: &str, of: &str) -> Vec<u8> {
    let uses = match types {
        "" => "",
        _ => "use types.{t};",
    };
    let wit = format!(
        "interface types {{ {types} }}
        world w {{ {uses} export echo: func(x: list<{of}>) -> list<{of}>; }}"
    );
    component(
        &wit,
        r#"(func (export "echo") (param i32 i32) (result i32)
            (call $pair (local.get 0) (local.get 1)))"#,
    )
}

/// `component` with one more custom section.
pub(crate) fn with_section(mut component: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    let mut section = Vec::new();
    leb(&mut section, name.len());
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(data);
    component.push(0);
    leb(&mut component, section.len());
    component.extend(section);
    component
}

fn leb(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
