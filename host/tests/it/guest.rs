//! Guests in WAT: a core module with the contract's bindings, as an SDK build for wasm32-wasip1 makes
//! it. No Wasm toolchain is needed, and the module takes the same way into the host as a real one.

use std::fmt::Write as _;
use std::sync::LazyLock;

use wit_component::StringEncoding;
use wit_parser::{Resolve, WorldId};

/// Where the memory image begins; below it a guest may scribble.
const IMAGE: u32 = 1024;
/// Where `cabi_realloc` begins to hand out memory.
const HEAP: u32 = 48 * 1024;

/// A guest to be.
pub(crate) struct Wat<'a> {
    /// The names of its tools. All do the same.
    pub(crate) tools: &'a [&'a str],
    /// The input schema of all of them.
    pub(crate) input_schema: &'a str,
    /// The output schema of all of them.
    pub(crate) output_schema: Option<&'a str>,
    /// The body of `call-tool`: it leaves the address of an answer. `$ok` is the answer "ok";
    /// `(call $text ptr len)` makes one of text; `(call $structured ptr len)` one of JSON.
    pub(crate) call: &'a str,
    /// The body of `list-tools`; `$list` is the address of the list of `tools`.
    pub(crate) list: &'a str,
    /// More fields of the module. Imports must come first, so they stand apart.
    pub(crate) imports: &'a str,
    pub(crate) fields: &'a str,
    /// The pages of its memory.
    pub(crate) pages: u32,
}

impl Default for Wat<'_> {
    fn default() -> Self {
        Self {
            tools: &["run"],
            input_schema: r#"{"type":"object"}"#,
            output_schema: None,
            call: "(global.get $ok)",
            list: "(global.get $list)",
            imports: "",
            fields: "",
            pages: 1,
        }
    }
}

/// The memory image: data with addresses that are known while it grows.
struct Image(Vec<u8>);

impl Image {
    fn here(&self) -> u32 {
        IMAGE + u32::try_from(self.0.len()).expect("small")
    }

    fn align(&mut self) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        self.here()
    }

    fn text(&mut self, text: &str) -> [u32; 2] {
        let at = self.here();
        self.0.extend_from_slice(text.as_bytes());
        [at, u32::try_from(text.len()).expect("small")]
    }

    fn words(&mut self, words: &[u32]) {
        self.0.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }
}

impl Wat<'_> {
    /// The module's bytes.
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut image = Image(Vec::new());
        let schema = image.text(self.input_schema);
        let output = self.output_schema.map(|text| image.text(text));
        let description = image.text("a tool made for a test");
        let names: Vec<_> = self.tools.iter().map(|name| image.text(name)).collect();
        let ok = image.text("ok");
        let first = image.align();
        for name in &names {
            image.words(name);
            image.words(&[0, 0, 0]);
            image.words(&description);
            image.words(&schema);
            image.words(&output.map_or([0, 0, 0], |[at, length]| [1, at, length]));
            image.words(&[0, 0]);
            image.words(&[0, 0, 0]);
        }
        let list = image.align();
        image.words(&[first, u32::try_from(names.len()).expect("few")]);
        let block = image.align();
        image.words(&[0, 0, ok[0], ok[1]]);
        image.0.resize(image.0.len() + 64, 0);
        let answer = image.align();
        image.words(&[0, block, 1, 0, 0, 0, 0, 0, 0]);
        let data = image.0.iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").expect("a string");
            text
        });
        let Self { call, list: list_body, imports, fields, pages, .. } = self;
        let wat = format!(
            r#"(module
            {imports}
            (memory (export "memory") {pages})
            (global $heap (mut i32) (i32.const {HEAP}))
            (global $list i32 (i32.const {list}))
            (global $ok i32 (i32.const {answer}))
            (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                (global.set $heap (i32.add (local.get $at) (local.get 3)))
                (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
                    (then (if (i32.eq (i32.const -1) (memory.grow
                        (i32.add (i32.const 1) (i32.div_u (local.get 3) (i32.const 65536)))))
                        (then unreachable))))
                (local.get $at))
            (func $text (param $ptr i32) (param $len i32) (result i32)
                (i32.store (i32.const {block_ptr}) (local.get $ptr))
                (i32.store (i32.const {block_len}) (local.get $len))
                (global.get $ok))
            (func $structured (param $ptr i32) (param $len i32) (result i32)
                (i32.store (i32.const {content_len}) (i32.const 0))
                (i32.store (i32.const {has_structured}) (i32.const 1))
                (i32.store (i32.const {structured_ptr}) (local.get $ptr))
                (i32.store (i32.const {structured_len}) (local.get $len))
                (global.get $ok))
            {fields}
            (func (export "toolrack:plugin/tools@0.1.0#list-tools") (result i32) {list_body})
            (func (export "toolrack:plugin/tools@0.1.0#call-tool")
                (param $name i32) (param $name_len i32)
                (param $arguments i32) (param $arguments_len i32) (result i32) {call})
            (data (i32.const {IMAGE}) "{data}"))"#,
            block_ptr = block + 8,
            block_len = block + 12,
            content_len = answer + 8,
            has_structured = answer + 12,
            structured_ptr = answer + 16,
            structured_len = answer + 20,
        );
        with_bindings(&wat)
    }
}

/// A core module with the contract's bindings embedded.
pub(crate) fn with_bindings(wat: &str) -> Vec<u8> {
    static CONTRACT: LazyLock<(Resolve, WorldId)> = LazyLock::new(|| {
        let mut resolve = Resolve::default();
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin-sdk/wit");
        let (package, _) = resolve.push_dir(directory).expect("the contract");
        let world = resolve.select_world(&[package], Some("plugin")).expect("its world");
        (resolve, world)
    });
    let mut module = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
    let (resolve, world) = &*CONTRACT;
    wit_component::embed_component_metadata(&mut module, resolve, *world, StringEncoding::UTF8)
        .expect("bindings");
    module
}

/// The import of the host's `log`, as `$log`.
pub(crate) const LOG: &str =
    r#"(import "toolrack:plugin/host@0.1.0" "log" (func $log (param i32 i32 i32)))"#;

/// The import of the host's `progress`, as `$progress`: value, total, message.
pub(crate) const PROGRESS: &str = r#"(import "toolrack:plugin/host@0.1.0" "progress"
    (func $progress (param f64 i32 f64 i32 i32 i32)))"#;

/// WASI preview 1: `$write` to a descriptor, `$poll`, `$random`, `$exit`.
pub(crate) const WASI: &str = r#"
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get"
        (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;

/// Sleeps for about `milliseconds`; needs [`WASI`].
pub(crate) fn sleep(milliseconds: u64) -> String {
    let nanoseconds = milliseconds * 1_000_000;
    // A subscription to the monotonic clock, relative.
    format!(
        "(i64.store (i32.const 0) (i64.const 0)) (i32.store8 (i32.const 8) (i32.const 0))
        (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const {nanoseconds}))
        (i64.store (i32.const 32) (i64.const 0)) (i32.store16 (i32.const 40) (i32.const 0))
        (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))"
    )
}

/// WASI preview 1 on files: `$open`, `$write`, `$read`, `$close`, `$truncate`, `$times`, `$mkdir`,
/// `$symlink`, `$readlink`, `$rename`, `$link`, `$unlink`, `$rmdir`, `$list`, and `$environ`.
pub(crate) const FILES: &str = r#"
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_filestat_set_size"
        (func $truncate (param i32 i64) (result i32)))
    (import "wasi_snapshot_preview1" "fd_filestat_set_times"
        (func $times_of (param i32 i64 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_filestat_set_times"
        (func $times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_create_directory"
        (func $mkdir (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_symlink"
        (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_readlink"
        (func $readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_rename"
        (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_link"
        (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_unlink_file"
        (func $unlink (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_remove_directory"
        (func $rmdir (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))"#;

/// A component whose function `run` hands a string of 16 MiB from one part of it to another for ever, in these encodings:
/// hardly any fuel, and all of it in the runtime. Where it is not `heavy`, it returns at once. A component with a stream
/// runs on the engine for concurrency.
pub(crate) fn transcoding(from: &str, to: &str, concurrent: bool) -> Vec<u8> {
    let bytes = 16 * 1024 * 1024;
    // A string is as many code units.
    let length = if from == "utf8" { bytes } else { bytes / 2 };
    let stream = if concurrent { "(type (stream u8))" } else { "" };
    let component = format!(
        r#"(component {stream}
        (component $callee
            (core module $m (memory (export "memory") 514)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
                (func (export "f") (param i32 i32)))
            (core instance $i (instantiate $m))
            (func (export "f") (param "s" string) (canon lift (core func $i "f")
                (memory (core memory $i "memory")) (realloc (core func $i "realloc")) string-encoding={to})))
        (component $caller
            (import "f" (func $f (param "s" string)))
            (core module $libc (memory (export "memory") 257))
            (core instance $libc (instantiate $libc))
            (core func $lowered
                (canon lower (func $f) (memory (core memory $libc "memory")) string-encoding={from}))
            (core module $m
                (import "" "f" (func $f (param i32 i32))) (import "" "memory" (memory 257))
                (func (export "run") (param i32) (result i32)
                    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
                    (loop $l (call $f (i32.const 0) (i32.const {length})) (br $l)) (i32.const 0)))
            (core instance $i (instantiate $m (with "" (instance
                (export "f" (func $lowered)) (export "memory" (memory $libc "memory"))))))
            (func (export "run") (param "heavy" u32) (result u32) (canon lift (core func $i "run"))))
        (instance $c (instantiate $callee))
        (instance $d (instantiate $caller (with "f" (func $c "f"))))
        (export "run" (func $d "run")))"#
    );
    wat::parse_str(&component).unwrap_or_else(|error| panic!("{error}\n{component}"))
}
