//! Plugins of the kind `command`: WASI programs in WAT, run with what a call and its manifest give.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use toolrack::home::Home;
use toolrack::manifest::{Limits, Manifest};
use toolrack::sandbox::{
    CompileError, Compiler, Guest, ListError, ProgramDeclarations, Sandbox, Wasm,
};
use toolrack::tool::{CallError, Content, Output};

static SANDBOX: LazyLock<Arc<Sandbox>> =
    LazyLock::new(|| Arc::new(Sandbox::new(Compiler::in_process()).expect("a sandbox")));

/// WASI preview 1, a buffer at 4096, `$say` (text to stdout or stderr), `$args` and `$environ` (each
/// ends in a NUL, to stdout), `$cat` (stdin to stdout). Texts lie where `fields` put them.
const PRELUDE: &str = r#"
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get"
        (func $env_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $env_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 4)
    (func $say (param $to i32) (param $at i32) (param $length i32)
        (loop $more
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $length))
            (if (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8))
                (then unreachable))
            (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
            (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 8))))
            (br_if $more (local.get $length))))
    (func $args
        (drop (call $args_sizes (i32.const 0) (i32.const 4)))
        (drop (call $args_get (i32.const 65536) (i32.const 4096)))
        (call $say (i32.const 1) (i32.const 4096) (i32.load (i32.const 4))))
    (func $environ
        (drop (call $env_sizes (i32.const 0) (i32.const 4)))
        (drop (call $env_get (i32.const 65536) (i32.const 4096)))
        (call $say (i32.const 1) (i32.const 4096) (i32.load (i32.const 4))))
    (func $cat
        (loop $more
            (i32.store (i32.const 0) (i32.const 4096))
            (i32.store (i32.const 4) (i32.const 1000))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (if (i32.load (i32.const 8)) (then
                (call $say (i32.const 1) (i32.const 4096) (i32.load (i32.const 8)))
                (br $more)))))"#;

/// A preview 1 program with this `_start` and these fields.
fn program(start: &str, fields: &str) -> Vec<u8> {
    let wat = format!("(module {PRELUDE} {fields} (func (export \"_start\") {start}))");
    wat::parse_str(&wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// A program that writes `text` to stdout and `errors` to stderr, and exits with `code`.
fn saying(text: &str, errors: &str, code: i32) -> Vec<u8> {
    let data =
        |text: &str| -> String { text.bytes().map(|byte| format!("\\{byte:02x}")).collect() };
    let fields = format!(
        r#"(data (i32.const 70000) "{}") (data (i32.const 140000) "{}")"#,
        data(text),
        data(errors)
    );
    let say = |to, at, text: &str| match text.len() {
        0 => String::new(),
        length => format!("(call $say (i32.const {to}) (i32.const {at}) (i32.const {length}))"),
    };
    let start = format!(
        "{} {} (call $exit (i32.const {code}))",
        say(1, 70_000, text),
        say(2, 140_000, errors)
    );
    program(&start, &fields)
}

/// A component that runs to the end with this body of `run`, which leaves 0 for success; `$exit` takes
/// a code.
fn component(body: &str) -> Vec<u8> {
    let wat = format!(
        r#"(component
            (import "wasi:cli/exit@0.2.12" (instance $exit
                (export "exit-with-code" (func (param "status-code" u8)))))
            (core func $exit (canon lower (func $exit "exit-with-code")))
            (core module $main
                (import "host" "exit" (func $exit (param i32)))
                (func (export "run") (result i32) {body}))
            (core instance $made (instantiate $main
                (with "host" (instance (export "exit" (func $exit))))))
            (func $run (result (result)) (canon lift (core func $made "run")))
            (instance $program (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $program)))"#
    );
    wat::parse_str(&wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

const PLAIN: &str = "[[tools]]\nname = \"run\"\ndescription = \"Runs.\"\n";

async fn load(wasm: &[u8], manifest: &str) -> Result<Guest, CompileError> {
    load_in(SANDBOX.clone(), wasm, manifest).await
}

async fn load_in(
    sandbox: Arc<Sandbox>,
    wasm: &[u8],
    manifest: &str,
) -> Result<Guest, CompileError> {
    let manifest = Manifest::parse("prog.toml", manifest).unwrap_or_else(|e| panic!("{e}"));
    let limits = Limits { fuel: manifest.limits.fuel.min(50_000_000), ..manifest.limits.clone() };
    let guest =
        crate::compiling::guest(sandbox, Wasm::of(wasm), limits, manifest.grants.clone()).await?;
    Ok(guest.declaring(ProgramDeclarations::of(&manifest)))
}

async fn call(wasm: &[u8], manifest: &str, arguments: &str) -> Result<Output, CallError> {
    let guest = load(wasm, manifest).await.unwrap_or_else(|error| panic!("{error}"));
    guest.call("run", arguments, None).await.outcome
}

/// What a program answers that takes nothing.
async fn run(wasm: &[u8], keys: &str) -> Result<Output, CallError> {
    call(wasm, &format!("{PLAIN}{keys}"), "{}").await
}

async fn text(wasm: &[u8], keys: &str) -> String {
    match &run(wasm, keys).await.expect("an answer").content[..] {
        [Content::Text(text)] => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// The texts of a failure.
async fn failure(wasm: &[u8], keys: &str) -> String {
    let Err(CallError::Failed(output)) = run(wasm, keys).await else { panic!("no failure") };
    let text = |block| match block {
        Content::Text(text) => text,
        other => panic!("{other:?}"),
    };
    output.content.into_iter().map(text).collect::<Vec<_>>().join("\n--\n")
}

async fn error(wasm: &[u8], keys: &str) -> String {
    run(wasm, keys).await.expect_err("an error").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_arguments_variables_and_stdin() {
    let manifest = "[grants]\nenv = { LANG = \"C\", HOME = \"/\" }\n[[tools]]\nname = \"run\"
        description = \"Runs.\"\nargs = [\"-v\", \"{a}\"]\nstdin = \"<{a}>\"\nenv = { LANG = \"{b}\" }
        parameters = { a = \"string\", b = \"string\" }";
    let arguments = r#"{"a": "x; $(y) 'z' \"\n", "b": "de"}"#;
    for (start, expected) in [
        ("(call $args)", "prog\0-v\0x; $(y) 'z' \"\n\0"),
        ("(call $environ)", "HOME=/\0LANG=de\0"),
        ("(call $cat)", "<x; $(y) 'z' \"\n>"),
    ] {
        let output = call(&program(start, ""), manifest, arguments).await.expect("an answer");
        assert_eq!(output.content, [Content::Text(expected.into())], "{start}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_stdin_arrives_whole_and_an_absent_one_is_empty() {
    let manifest = format!("{PLAIN}stdin = \"{{a}}\"\nparameters = {{ a = \"string?\" }}");
    let cat = program("(call $cat)", "");
    let large = "0123456789".repeat(20_000);
    let output =
        call(&cat, &manifest, &format!("{{\"a\": \"{large}\"}}")).await.expect("an answer");
    assert_eq!(output.content, [Content::Text(large)]);
    let output = call(&cat, &manifest, "{}").await.expect("an answer");
    assert_eq!(output.content, [Content::Text("(no output)".into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_from_an_earlier_call() {
    // A counter in memory: each run starts at zero.
    let start = "(i32.store8 (i32.const 70000) (i32.add (i32.const 48) (global.get $n)))
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (call $say (i32.const 1) (i32.const 70000) (i32.const 1))";
    let guest = load(&program(start, "(global $n (mut i32) (i32.const 0))"), PLAIN).await.unwrap();
    for _ in 0..3 {
        let output = guest.call("run", "{}", None).await.outcome.expect("an answer");
        assert_eq!(output.content, [Content::Text("0".into())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_is_the_programs_own() {
    for code in [1, 7, 126, 255] {
        let expected =
            format!("the program failed with exit code {code} and wrote nothing to stderr");
        let module = program(&format!("(call $exit (i32.const {code}))"), "");
        assert_eq!(failure(&module, "").await, expected);
        let component = component(&format!("(call $exit (i32.const {code})) unreachable"));
        assert_eq!(failure(&component, "").await, expected);
    }
    assert_eq!(text(&program("(call $exit (i32.const 0))", ""), "").await, "(no output)");
    assert_eq!(text(&program("", ""), "").await, "(no output)");
    assert_eq!(text(&component("(call $exit (i32.const 0)) unreachable"), "").await, "(no output)");
    assert_eq!(text(&component("(i32.const 0)"), "").await, "(no output)");
    assert!(failure(&component("(i32.const 1)"), "").await.contains("exit code 1 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_says_which_exit_codes_are_success() {
    let silent = saying("", "", 1);
    assert_eq!(text(&silent, "success = [0, 1]").await, "(no output, exit code 1)");
    assert_eq!(text(&saying("found", "", 1), "success = [0, 1]").await, "found");
    assert!(failure(&saying("", "", 2), "success = [0, 1]").await.contains("exit code 2"));
    assert!(failure(&saying("", "", 0), "success = [1]").await.contains("exit code 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_while_the_module_starts_counts_too() {
    let wasm = program("unreachable", "(func $first (call $exit (i32.const 9))) (start $first)");
    assert!(failure(&wasm, "").await.contains("exit code 9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_carries_stderr_without_colours_and_stdout() {
    let wasm = saying("half\n", "\u{1b}[1;31merror\u{1b}[0m: no\u{7} such\r\nfile ä\n\n", 2);
    let expected =
        "the program failed with exit code 2:\nerror: no such\nfile ä\n--\nits stdout:\nhalf";
    assert_eq!(failure(&wasm, "").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_shows_the_end_of_much_and_keeps_the_output_limit() {
    let long = format!("first{}last", "x".repeat(40_000));
    let shown = failure(&saying(&long, &long, 2), "").await;
    assert!(shown.len() < 17_000 && !shown.contains("first"), "{}", shown.len());
    assert_eq!(shown.matches("last").count(), 2);
    let small = format!("{PLAIN}[limits]\noutput = \"1KiB\"");
    let short = format!("first{}last", "x".repeat(900));
    let outcome = call(&saying(&short, &long, 2), &small, "{}").await;
    assert!(matches!(outcome, Err(CallError::Failed(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stdout_becomes_what_the_manifest_says_it_is() {
    let output = |keys: &'static str, stdout: &'static str| async move {
        run(&saying(stdout, "ignored", 0), keys).await
    };
    let json = output("output = \"json\"", "{\n \"a\": 1.50 }\n").await.expect("JSON");
    assert_eq!(json.structured.expect("structured").get(), "{  \"a\": 1.50 }");
    for (keys, check) in [
        ("output = \"image/png\"", "Image(Media { data: [80, 78], mime_type: \"image/png\" })"),
        ("output = \"audio/wav\"", "Audio(Media { data: [80, 78], mime_type: \"audio/wav\" })"),
        (
            "output = \"text/csv\"",
            "TextResource { uri: \"toolrack:prog/stdout\", mime_type: Some(\"text/csv\"), text: \"PN\" }",
        ),
        (
            "output = \"application/zip\"",
            "BlobResource { uri: \"toolrack:prog/stdout\", mime_type: Some(\"application/zip\"), data: [80, 78] }",
        ),
    ] {
        let found = output(keys, "PN").await.expect("an answer").content;
        assert_eq!(format!("{found:?}"), format!("[{check}]"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stdout_that_is_not_what_it_should_be_is_told() {
    let latin = program(
        "(call $say (i32.const 1) (i32.const 70000) (i32.const 3))",
        r#"(data (i32.const 70000) "ab\e4")"#,
    );
    let broken = error(&latin, "").await;
    assert!(broken.contains("not text in UTF-8 (see byte 2)"), "{broken}");
    assert!(broken.contains("application/octet-stream"), "{broken}");
    let blob = run(&latin, "output = \"application/octet-stream\"").await.expect("bytes");
    assert!(matches!(&blob.content[..], [Content::BlobResource { data, .. }] if data == b"ab\xe4"));
    let not_json = error(&saying("{} {}", "", 0), "output = \"json\"").await;
    assert!(not_json.contains("stdout is not one JSON value"), "{not_json}");
    let empty = error(&saying("", "", 0), "output = \"json\"").await;
    assert!(empty.contains("stdout is not one JSON value"), "{empty}");
}

const ENDLESS: &str =
    "(loop $l (call $say (i32.const 1) (i32.const 70000) (i32.const 60000)) (br $l))";

#[tokio::test(flavor = "multi_thread")]
async fn endless_output_ends_at_the_output_limit() {
    let said = error(&program(ENDLESS, ""), "[limits]\noutput = \"300KiB\"").await;
    assert!(said.contains("output limit of 300 KiB (`output` under [limits]"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_errors_end_at_the_log_limit() {
    let said = error(&program(&ENDLESS.replace("i32.const 1)", "i32.const 2)"), ""), "").await;
    assert!(said.contains("log limit of 1 MiB"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_keeps_the_limits_of_every_guest() {
    let spin = program("(loop $l (br $l))", "");
    assert!(error(&spin, "").await.contains("fuel"));
    let grow = program(
        "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
        "",
    );
    assert!(error(&grow, "").await.contains("memory limit of 64 MiB"));
    let trap = error(&program("unreachable", ""), "").await;
    assert!(trap.contains("the plugin crashed"), "{trap}");
    let started = std::time::Instant::now();
    let slow = "[limits]\ntimeout = \"100ms\"\nfuel = 1_000_000_000_000";
    let manifest = Manifest::parse("a.toml", &format!("{PLAIN}{slow}")).expect("a manifest");
    let guest = crate::compiling::guest(
        SANDBOX.clone(),
        Wasm::of(&spin[..]),
        manifest.limits.clone(),
        manifest.grants.clone(),
    );
    let guest = guest.await.expect("a guest").declaring(ProgramDeclarations::of(&manifest));
    let said = guest.call("run", "{}", None).await.outcome.expect_err("stopped").to_string();
    assert!(said.contains("timeout of 100ms"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_tells_the_last_words() {
    let wasm = program(
        "(call $say (i32.const 2) (i32.const 70000) (i32.const 5)) unreachable",
        r#"(data (i32.const 70000) "oops!")"#,
    );
    assert!(error(&wasm, "").await.contains("its last words were: oops!"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_starts_too_large_is_refused_with_the_limit_to_raise() {
    let wasm =
        wat::parse_str(r#"(module (memory (export "memory") 2000) (func (export "_start")))"#);
    let wasm = wasm.expect("wat");
    let said = load(&wasm, PLAIN).await.err().expect("refused").to_string();
    assert!(said.contains("125 MiB") && said.contains("limit of 64 MiB"), "{said}");
    assert!(said.contains("`memory = \"128MiB\"` under [limits]"), "{said}");
    assert_eq!(text(&wasm, "[limits]\nmemory = \"128MiB\"").await, "(no output)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_for_want_of_memory_names_the_limit() {
    let wasm = program("(drop (memory.grow (i32.const 2000))) (call $exit (i32.const 3))", "");
    let expected = "the program failed with exit code 3; it was refused more memory than its limit of 64 MiB \
        (`memory` under [limits]) and wrote nothing to stderr";
    assert_eq!(failure(&wasm, "").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_program_here_can_import_is_named_with_what_to_do() {
    for (import, memory, expected) in [
        (r#"(import "wasi_unstable" "fd_write" (func))"#, "", "WASI preview 0"),
        (r#"(import "env" "memory" (memory 1 1 shared))"#, "-", "without threads"),
        (r#"(import "wasi" "thread-spawn" (func))"#, "", "without threads"),
        (r#"(import "env" "emscripten_memcpy_js" (func))"#, "", "Emscripten"),
        (
            r#"(import "env" "helper" (func))"#,
            "",
            "`env.helper`, a function that nothing here provides",
        ),
        (r#"(import "wasix_32v1" "proc_fork" (func))"#, "", "WASIX"),
        (r#"(import "gojs" "runtime.wasmExit" (func))"#, "", "GOOS=wasip1"),
        (r#"(import "wbg" "x" (func))"#, "", "wasm-bindgen"),
        (r#"(import "wasi_snapshot_preview1" "sock_open" (func))"#, "", "preview 1 does not have"),
        (r#"(import "a\1b[2J" "x" (func))"#, "", r"`a\u{1b}[2J.x`, which no WASI host provides"),
    ] {
        let memory = if memory.is_empty() { r#"(memory (export "memory") 1)"# } else { "" };
        let wat = format!(r#"(module {import} {memory} (func (export "_start")))"#);
        let wasm = wat::parse_str(&wat).unwrap_or_else(|error| panic!("{error}"));
        let said = load(&wasm, PLAIN).await.err().expect("refused").to_string();
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
    let later = component("(i32.const 0)");
    let at = later.windows(13).position(|bytes| bytes == b"cli/run@0.2.0").expect("its export");
    let mut later = later;
    later[at + 10] = b'3';
    let said = load(&later, PLAIN).await.err().expect("refused").to_string();
    assert!(said.contains("`wasi:cli/run@0.3.0`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_no_program_can_be_given_never_reach_it() {
    let manifest = format!("{PLAIN}args = [\"{{a}}\"]\nparameters = {{ a = \"string\" }}");
    let guest = load(&program("(call $args)", ""), &manifest).await.unwrap();
    let ended = guest.call("run", r#"{"a": "--help"}"#, None).await;
    let said = ended.outcome.expect_err("refused");
    assert!(matches!(said, CallError::InvalidArguments(_)), "{said}");
    assert!(said.to_string().contains("`a` begins with `-`"), "{said}");
    assert_eq!(ended.usage.fuel, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_without_a_description_is_shown_at_its_place() {
    let guest = load(&program("", ""), "\n[[tools]]\nname = \"run\"").await.unwrap();
    let Err(ListError::Declared(error)) = guest.tools().await else { panic!("listed") };
    assert_eq!(
        (error.place.line(), &*error.message),
        (3, "the tool `run` has no `description`, and its program says none")
    );
}

/// Makes the file `f` anew in the first directory, says how that went ("0": well), and does `then`.
fn making_a_file(then: &str) -> Vec<u8> {
    let start = format!(
        "(i32.store8 (i32.const 70001) (i32.add (i32.const 48) (call $open (i32.const 3) (i32.const 0)
            (i32.const 70000) (i32.const 1) (i32.const 5) (i64.const -1) (i64.const -1) (i32.const 0)
            (i32.const 70008))))
        (call $say (i32.const 1) (i32.const 70001) (i32.const 1)) {then}"
    );
    program(&start, r#"(data (i32.const 70000) "f")"#)
}

/// The directories of calls below `root`.
fn left(root: &Path) -> usize {
    let own = fs::read_dir(root).expect("made").map(|entry| entry.expect("an entry").path());
    own.filter(|path| path.is_dir()).map(|path| fs::read_dir(path).expect("there").count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_has_a_scratch_directory_of_its_own_that_is_removed() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = Home::at(directory.path().to_owned());
    let root = home.scratch();
    let sandbox = Sandbox::new(Compiler::in_process()).expect("a sandbox");
    let sandbox = Arc::new(sandbox.at_home(&home));
    let manifest = format!("{PLAIN}[grants]\nscratch = \"/tmp\"");
    let guest = load_in(sandbox.clone(), &making_a_file(""), &manifest).await.expect("a guest");
    for _ in 0..2 {
        let output = guest.call("run", "{}", None).await.outcome.expect("an answer");
        assert_eq!(output.content, [Content::Text("0".into())]);
        assert_eq!(left(&root), 0);
    }
    // A call that is stopped leaves nothing either.
    let endless = load_in(sandbox.clone(), &making_a_file("(loop $l (br $l))"), &manifest).await;
    endless.expect("a guest").call("run", "{}", None).await.outcome.expect_err("stopped");
    assert_eq!(left(&root), 0);
    // Nor does one that is dropped.
    let patient = format!("{manifest}\n[limits]\nfuel = 1_000_000_000_000\ncpu = \"5m\"");
    let patient = Manifest::parse("a.toml", &patient).expect("a manifest");
    let wasm = making_a_file("(loop $l (br $l))");
    let guest = crate::compiling::guest(
        sandbox.clone(),
        Wasm::of(wasm),
        patient.limits.clone(),
        patient.grants.clone(),
    );
    let guest = guest.await.expect("a guest").declaring(ProgramDeclarations::of(&patient));
    let call = guest.call("run", "{}", None);
    tokio::select! {
        _ = call => panic!("it ended"),
        () = async { while left(&root) == 0 { tokio::task::yield_now().await } } => {}
    }
    while left(&root) > 0 {
        tokio::task::yield_now().await;
    }
    drop((guest, sandbox));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grant_there_is_no_scratch_directory() {
    // 8: there is no such descriptor.
    assert_eq!(text(&making_a_file(""), "").await, "8");
    let manifest = format!("{PLAIN}[grants]\nscratch = \"/tmp\"");
    let refused = load(&making_a_file(""), &manifest).await.err().expect("refused").to_string();
    assert!(refused.contains("set TOOLRACK_HOME"), "{refused}");
}
