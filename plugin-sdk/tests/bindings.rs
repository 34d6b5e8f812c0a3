//! The committed bindings are what wit-bindgen makes of `wit/plugin.wit`. `BLESS=1` rewrites them.
//!
//! Committing them spares every author the build of wit-bindgen's generator: this test is the only
//! place that needs it.

use std::path::Path;

use wit_bindgen_core::{Files, WorldGenerator, wit_parser::Resolve};
use wit_bindgen_rust::Opts;

fn generate(root: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(root.join("wit")).expect("the contract parses");
    let world = resolve.select_world(&[package], Some("plugin")).expect("the world exists");
    let mut files = Files::default();
    Opts {
        format: true,
        pub_export_macro: true,
        export_macro_name: Some("export".into()),
        // `export!` is expanded in the author's crate, which knows the SDK and nothing below it.
        default_bindings_module: Some("::toolrack_sdk::__private::bindings".into()),
        runtime_path: Some("::toolrack_sdk::__private::rt".into()),
        ..Opts::default()
    }
    .build()
    .generate(&mut resolve, world, &mut files)
    .expect("wit-bindgen accepts the contract");
    let (_, text) = files.iter().next().expect("wit-bindgen writes one file");
    String::from_utf8(text.to_vec()).expect("wit-bindgen writes UTF-8")
}

#[test]
fn bindings_match_the_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = root.join("src/bindings.rs");
    let fresh = generate(root);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&committed, &fresh).expect("the bindings can be written");
    }
    let old = std::fs::read_to_string(&committed).unwrap_or_default();
    assert!(old == fresh, "src/bindings.rs is not what wit/plugin.wit says; run with BLESS=1");
}
