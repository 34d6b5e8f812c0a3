//! Files that are no plugin, or a hostile one.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::answers::refused_file;
use crate::bench::{Bench, Seen};
use crate::case::cases;
use crate::guest::Wat;
use crate::plugins::install;

cases! {
    "Files in place of plugins";
    "an empty file" => empty, "`bad.wasm`: the file is empty; copy it again";
    "a module cut in the middle" => truncated, "`bad.wasm`: the WebAssembly is damaged: unexpected end-of-file (at offset …); build or copy it again";
    "garbage behind the magic number" => garbage, "`bad.wasm`: the WebAssembly is damaged: malformed section id (at offset 0x8); build or copy it again";
    "an ELF program" => elf, "`bad.wasm`: this is a native or precompiled program (ELF), not WebAssembly; build the plugin with `cargo build --release --target wasm32-wasip2`";
    "an artefact that wasmtime precompiled" => precompiled, "`bad.wasm`: this is a native or precompiled program (ELF), not WebAssembly; build the plugin with `cargo build --release --target wasm32-wasip2`";
    "text with a terminal's escape in it" => text, "`bad.wasm`: this is an unknown kind of file, not WebAssembly; build the plugin with `cargo build --release --target wasm32-wasip2`";
    "33 MiB" => too_large, "`bad.wasm` is larger than 32 MiB";
    "10 GiB with nothing in them" => sparse, "`bad.wasm` is larger than 32 MiB";
    "a directory" => directory, "`bad.wasm` is a directory, not a file";
    "a pipe that nobody writes to" => pipe, "`bad.wasm` is a pipe, socket or device, not a file";
    "a core module that is no program" => no_program, "`bad.wasm`: this is a core module without component bindings, and no program either: it exports no `_start`; ask who made it for a component or a WASI program, or, if it is yours, write the plugin with toolrack-sdk, or a program with `main`, and build it for wasm32-wasip2 or wasm32-wasip1";
    "a component that imports what is not granted" => ungranted_import, "`bad.wasm`: it imports `wasi:http/outgoing-handler@0.2.0` and is granted no network; if it may use it, add to bad.toml, with what it needs in place of the example:";
    "a module that takes long to compile, beside a good plugin" => compile_bomb,
        "it is served when it is compiled; nobody waits for it";
    "a module with every byte changed in turn, 64 at a time" => flipped,
        "each is refused or serves; nothing else changes";
}

fn empty() -> Seen {
    refused_file("", b"")
}

fn truncated() -> Seen {
    let wasm = Wat::default().build();
    refused_file("", &wasm[..wasm.len() / 2])
}

fn garbage() -> Seen {
    refused_file("", b"\0asm\x01\0\0\0\xff\xff\xff\xff\xff\x1b[2J")
}

fn elf() -> Seen {
    let mut start = fs::read(env!("CARGO_BIN_EXE_toolrack")).unwrap();
    start.truncate(1 << 20);
    refused_file("", &start)
}

fn precompiled() -> Seen {
    // The start of the ELF file that `Component::serialize` makes: machine and flags of wasmtime.
    let mut start = b"\x7fELF\x02\x01\x01\xc8".to_vec();
    start.resize(4096, 0);
    refused_file("", &start)
}

fn text() -> Seen {
    refused_file("", b"(module)\n\x1b[2J")
}

fn too_large() -> Seen {
    let mut wasm = Wat::default().build();
    wasm.resize(33 << 20, 0);
    refused_file("", &wasm)
}

/// Serves a directory in which `make` makes `bad.wasm`; what the log says of it.
fn made(make: impl FnOnce(&Path)) -> Seen {
    let mut bench = Bench::with(|path| {
        fs::write(path.join("bad.toml"), "").unwrap();
        make(&path.join("bad.wasm"));
    });
    let line = bench.client.logs("bad.toml");
    assert_eq!(bench.client.tools(), ["good_other", "good_run"]);
    let (_, reason) = line.split_once("bad.toml").unwrap();
    bench.after(reason.trim_start_matches(": "))
}

fn sparse() -> Seen {
    made(|path| File::create(path).unwrap().set_len(10 << 30).unwrap())
}

fn directory() -> Seen {
    made(|path| fs::create_dir(path).unwrap())
}

fn pipe() -> Seen {
    made(|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()))
}

fn no_program() -> Seen {
    refused_file("", &wat::parse_str("(module (func (export \"f\")))").unwrap())
}

fn ungranted_import() -> Seen {
    let wat = r#"(component
        (import "wasi:http/outgoing-handler@0.2.0" (instance))
        (core module $code (func (export "f")))
        (core instance $made (instantiate $code))
        (func (export "f") (canon lift (core func $made "f"))))"#;
    refused_file("", &wat::parse_str(wat).unwrap())
}

/// One function of very many locals and branches: what compilers are slow at.
fn compile_bomb() -> Seen {
    let branches = "(if (local.get 0) (then (local.set 1 (i32.mul (local.get 1) (local.get 0)))))"
        .repeat(6_000);
    let fields = format!("(func $bomb (param i32) (local i32) {branches})");
    let wat = Wat { fields: &fields, ..Wat::default() };
    let mut bench = Bench::with(|_| {});
    install(bench.path(), "bad", "", &wat.build());
    let started = Instant::now();
    while !bench.client.tools().contains(&"bad_run".to_owned()) {
        bench.is_prompt();
        assert!(started.elapsed().as_secs() < 50, "it neither serves nor is refused");
    }
    bench.after("it is served when it is compiled; nobody waits for it")
}

fn flipped() -> Seen {
    let wasm = Wat::default().build();
    let bench = Bench::with(|path| {
        for number in 0..24 {
            let mut damaged = wasm.clone();
            for at in (8 + number..wasm.len()).step_by(64 * 24) {
                damaged[at] ^= 0x55;
            }
            install(path, &format!("bad{number}"), "", &damaged);
        }
    });
    bench.after("each is refused or serves; nothing else changes")
}
