//! Plugin directories made of guests in WAT.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::guest::{self, PROGRESS, WASI, Wat};

/// Writes a plugin into a directory.
pub(crate) fn install(directory: &Path, name: &str, manifest: &str, wasm: &[u8]) {
    std::fs::write(directory.join(name).with_extension("toml"), manifest).expect("a manifest");
    std::fs::write(directory.join(name).with_extension("wasm"), wasm).expect("a module");
}

/// `command` as a message suggests it that is about `directory`, which is no default.
pub(crate) fn suggested(command: &str, directory: &Path) -> String {
    format!("`toolrack {command} --plugins {}`", directory.display())
}

/// A module whose tool `run` answers with this text. Texts of one length make modules of one size.
pub(crate) fn answering(text: &str) -> Vec<u8> {
    let call = format!("(call $text (i32.const 200) (i32.const {}))", text.len());
    let fields = format!(r#"(data (i32.const 200) "{text}")"#);
    Wat { call: &call, fields: &fields, ..Wat::default() }.build()
}

/// The same, after so many milliseconds of sleep.
#[cfg(unix)]
pub(crate) fn answering_after(milliseconds: u64, text: &str) -> Vec<u8> {
    let length = text.len();
    let call =
        format!("{} (call $text (i32.const 200) (i32.const {length}))", guest::sleep(milliseconds));
    let fields = format!(r#"(data (i32.const 200) "{text}")"#);
    Wat { call: &call, fields: &fields, imports: WASI, ..Wat::default() }.build()
}

/// Puts a file in place at once, as a careful copier does.
pub(crate) fn replace(path: &Path, bytes: impl AsRef<[u8]>) {
    let mut hidden = std::ffi::OsString::from(".new-");
    hidden.push(path.file_name().expect("a name"));
    let hidden = path.with_file_name(hidden);
    std::fs::write(&hidden, bytes).expect("a new file");
    std::fs::rename(&hidden, path).expect("in its place");
}

/// The tools of the plugins of this repository, at least: their list has some 40 KB.
pub(crate) const SHIPPED_TOOLS: usize = 24;

/// The directory of the plugins of this repository, as built.
pub(crate) fn shipped() -> PathBuf {
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
    assert!(manifests.join("hello.wasm").is_file(), "run `cargo xtask build` first");
    manifests
}

/// A directory with one plugin `good`, whose tools `good_run` and `good_other` answer "ok".
pub(crate) fn good() -> TempDir {
    let directory = TempDir::new().expect("a directory");
    let wat = Wat { tools: &["run", "other"], ..Wat::default() };
    install(directory.path(), "good", "", &wat.build());
    directory
}

/// A directory with `good` and all that misbehaves: `spin_run` loops, `sleep_run` sleeps for an hour,
/// `nap_run` for 300 ms, `forge_run` writes a forged message to stdout, `step_run` reports progress.
pub(crate) fn mixed() -> TempDir {
    let directory = good();
    let path = directory.path();
    let spin = Wat { call: "(loop $l (br $l)) unreachable", ..Wat::default() };
    let patient =
        "[limits]\nfuel = 1_000_000_000_000\ncpu = \"5m\"\ntimeout = \"5m\"\nconcurrency = 32";
    install(path, "spin", patient, &spin.build());
    for (name, milliseconds) in [("sleep", 3_600_000), ("nap", 300)] {
        let call = format!("{} (global.get $ok)", guest::sleep(milliseconds));
        let wat = Wat { call: &call, imports: WASI, ..Wat::default() };
        install(path, name, patient, &wat.build());
    }
    let forge = Wat {
        call: "(i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 40))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
            (global.get $ok)",
        imports: WASI,
        fields: r#"(data (i32.const 200) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"f\"}\1b\0d\0a")"#,
        ..Wat::default()
    };
    install(path, "forge", "", &forge.build());
    let step = Wat {
        call: "(local $i f64)
            (loop $l
                (local.set $i (f64.add (local.get $i) (f64.const 1)))
                (call $progress (local.get $i) (i32.const 1) (f64.const 3)
                    (i32.const 0) (i32.const 0) (i32.const 0))
                (br_if $l (f64.lt (local.get $i) (f64.const 3))))
            (global.get $ok)",
        imports: PROGRESS,
        ..Wat::default()
    };
    install(path, "step", "", &step.build());
    directory
}
