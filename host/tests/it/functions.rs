//! Components that know nothing of tools: their functions called through the canonical ABI.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::Value;
use toolrack::manifest::{Bytes, Grants, HostPattern, Limits, NetworkGrant, PluginKind, Scheme};
use toolrack::sandbox::{CompileError, Compiler, Guest, Sandbox, Wasm};
use toolrack::tool::{CallError, Listed, Output};

use crate::wit::{component, echo, importing, with_section};

static SANDBOX: LazyLock<Arc<Sandbox>> =
    LazyLock::new(|| Arc::new(Sandbox::new(Compiler::in_process()).expect("a sandbox")));

async fn compile(wasm: &[u8]) -> Result<Guest, CompileError> {
    let timeout = Duration::from_secs(20);
    let limits = Limits { fuel: 50_000_000, timeout, concurrent: true, ..Limits::default() };
    crate::compiling::guest(SANDBOX.clone(), Wasm::of(wasm), limits, Grants::default()).await
}

async fn guest(wasm: &[u8]) -> Guest {
    compile(wasm).await.expect("a guest")
}

async fn list(wasm: &[u8]) -> Listed {
    guest(wasm).await.tools().await.expect("tools")
}

async fn call(wasm: &[u8], tool: &str, arguments: &str) -> Result<Output, CallError> {
    guest(wasm).await.call(tool, arguments, None).await.outcome
}

fn structured(output: Output) -> String {
    output.structured.expect("structured content").get().to_owned()
}

/// Sends `value` through a component and back.
async fn check_echo(types: &str, of: &str, value: &str, expected: &str) {
    let output = call(&echo(types, of), "echo", &format!(r#"{{"x":[{value}]}}"#)).await;
    let output = output.unwrap_or_else(|error| panic!("{of} {value}: {error}"));
    assert_eq!(structured(output), format!(r#"{{"result":[{expected}]}}"#), "{of}");
}

async fn check_same(types: &str, of: &str, value: &str) {
    check_echo(types, of, value, value).await;
}

async fn check_wrong(types: &str, of: &str, value: &str, expected: &str) {
    let outcome = call(&echo(types, of), "echo", &format!(r#"{{"x":[{value}]}}"#)).await;
    let Err(CallError::InvalidArguments(problem)) = outcome else { panic!("{of}: {outcome:?}") };
    assert!(problem.contains(expected), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn integers_are_exact_to_the_last_digit() {
    check_same("", "u8", "0,255").await;
    check_same("", "s8", "-128,127").await;
    check_same("", "u16", "0,65535").await;
    check_same("", "s16", "-32768,32767").await;
    check_same("", "u32", "0,4294967295").await;
    check_same("", "s32", "-2147483648,2147483647").await;
    check_same("", "u64", "0,18446744073709551615").await;
    check_same("", "s64", "-9223372036854775808,9223372036854775807").await;
    check_echo("", "s64", "9007199254740993.0,-1e3", "9007199254740993,-1000").await;
    check_wrong(
        "",
        "u16",
        "1,-1",
        "at `/x/1`: expected a whole number from 0 to 65535, found `-1`",
    )
    .await;
    check_wrong("", "s8", "128", "from -128 to 127").await;
    check_wrong("", "u64", "18446744073709551616", "18446744073709551615").await;
    check_wrong("", "s64", "0.5", "found `0.5`").await;
    check_wrong("", "s32", r#""1""#, "found the string \"1\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floats_need_not_be_numbers_of_json() {
    check_same("", "f64", r#"0.1,-0.0,1e+300,"NaN","inf","-inf""#).await;
    check_echo("", "f64", r#"1,"Infinity","-Infinity""#, r#"1.0,"inf","-inf""#).await;
    check_echo("", "f32", "0.1", "0.10000000149011612").await;
    check_wrong("", "f32", "1e39", "32 bits").await;
    check_wrong("", "f64", r#""infinite""#, "expected a number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_cross_whole() {
    check_same("", "char", r#""a","é","😀""#).await;
    check_same("", "string", r#""","tab\t \"quoted\" \\ 東京 😀""#).await;
    check_same("", "bool", "true,false").await;
    check_wrong("", "char", r#""""#, "one character").await;
    check_wrong("", "char", r#""ab""#, "one character").await;
    check_wrong("", "string", "7", "expected a string, found `7`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_come_as_base64_too() {
    check_echo("", "list<u8>", r#""AAECAw==",[4,5],"""#, "[0,1,2,3],[4,5],[]").await;
    check_wrong("", "list<u8>", r#""AAE""#, "base64 with padding").await;
    check_wrong("", "list<u8>", "[256]", "at `/x/0/0`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn composed_types_cross_in_their_forms() {
    let record = "record t { a: u32, b: option<string> }";
    check_echo(record, "t", r#"{"a":1,"b":"x"},{"a":2}"#, r#"{"a":1,"b":"x"},{"a":2,"b":null}"#)
        .await;
    check_wrong(record, "t", r#"{"b":"x"}"#, "at `/x/0`: `a` is required: u32").await;
    check_wrong(record, "t", r#"{"a":1,"c":2}"#, "`c` is unknown; expected `a`, `b`").await;
    check_same("", "tuple<u8, string>", r#"[1,"x"]"#).await;
    check_wrong("", "tuple<u8, string>", "[1]", "expected 2 items").await;
    check_wrong("", "tuple<u8>", "[1,2]", "expected 1 items").await;
    let variant = "variant t { none, some-number(u32), maybe(option<u8>) }";
    check_same(variant, "t", r#"{"tag":"none"},{"tag":"some-number","val":7}"#).await;
    check_echo(
        variant,
        "t",
        r#"{"tag":"maybe"},{"tag":"none","val":null}"#,
        r#"{"tag":"maybe","val":null},{"tag":"none"}"#,
    )
    .await;
    check_wrong(
        variant,
        "t",
        r#"{"tag":"other"}"#,
        "at `/x/0/tag`: expected one of `none`, `some-number`, `maybe`",
    )
    .await;
    check_wrong(variant, "t", r#"{"tag":"some-number"}"#, "`val` is required").await;
    check_same("enum t { red, dark-green }", "t", r#""red","dark-green""#).await;
    check_wrong("enum t { red }", "t", r#""blue""#, "expected one of `red`, found `blue`").await;
    check_same("", "option<u8>", "null,1").await;
    check_same("", "result<u8, string>", r#"{"ok":1},{"err":"no"}"#).await;
    check_same("", "result", r#"{"ok":null},{"err":null}"#).await;
    check_wrong("", "result<u8>", r#"{"ok":1,"err":null}"#, "either").await;
    let flags = "flags t { read, write, run-it }";
    check_echo(
        flags,
        "t",
        r#"["run-it","read"],{"write":true,"read":false},{}"#,
        r#"["read","run-it"],["write"],[]"#,
    )
    .await;
    check_wrong(flags, "t", r#"["delete"]"#, "found `delete`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_options_are_told_apart() {
    let of = "option<option<u8>>";
    check_same("", of, r#"null,{"tag":"some","val":null},{"tag":"some","val":7}"#).await;
    check_wrong("", of, "7", "expected an object").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn maps_come_as_objects_where_keys_are_texts() {
    check_echo(
        "",
        "map<string, u8>",
        r#"{"a":1},[{"key":"b","value":2}]"#,
        r#"[{"key":"a","value":1}],[{"key":"b","value":2}]"#,
    )
    .await;
    check_same("", "map<u8, string>", r#"[{"key":1,"value":"x"}]"#).await;
    check_wrong("", "map<u8, string>", r#"[{"key":1}]"#, "at `/x/0/0`: `value` is required").await;
}

const CALC: &str = "
    interface ops {
        add: func(a: s32, b: s32) -> s32;
        divide: func(a: s32, b: s32) -> result<s32, string>;
        tick: func();
    }
    world w { export ops; export get-answer: func() -> u64; }";

fn calc() -> Vec<u8> {
    component(
        CALC,
        r#"(func (export "t:t/ops#add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1)))
        (func (export "t:t/ops#divide") (param i32 i32) (result i32)
            (if (i32.eqz (local.get 1)) (then
                (i32.store (i32.const 0) (i32.const 1))
                (i32.store (i32.const 4) (i32.const 64)) (i32.store (i32.const 8) (i32.const 9))
                (return (i32.const 0))))
            (i32.store (i32.const 0) (i32.const 0))
            (i32.store (i32.const 4) (i32.div_s (local.get 0) (local.get 1)))
            (i32.const 0))
        (func (export "t:t/ops#tick"))
        (func (export "get-answer") (result i64) (i64.const 42))
        (data (i32.const 64) "by zero!!")"#,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_tools_with_names_schemas_and_sentences() {
    assert_eq!(guest(&calc()).await.kind(), PluginKind::Functions);
    let listed = list(&calc()).await;
    assert_eq!(listed.unfit, []);
    let names: Vec<_> = listed.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["get-answer", "t_t_ops_add", "t_t_ops_divide", "t_t_ops_tick"]);
    let add = &listed.tools[1];
    assert_eq!(add.description, "Calls the function `add(a: s32, b: s32) -> s32` of `t:t/ops`.");
    assert_eq!(
        add.input_schema.get(),
        r#"{"type":"object","properties":{"a":{"type":"integer","minimum":-2147483648,"maximum":2147483647},"b":{"type":"integer","minimum":-2147483648,"maximum":2147483647}},"required":["a","b"],"additionalProperties":false}"#
    );
    let output = add.output_schema.as_ref().expect("a schema").get();
    assert_eq!(
        output,
        r#"{"type":"object","properties":{"result":{"type":"integer","minimum":-2147483648,"maximum":2147483647}},"required":["result"],"additionalProperties":false}"#
    );
    assert_eq!(add.annotations.read_only, Some(true));
    assert!(listed.tools[3].output_schema.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_structured_and_errors_are_failures() {
    let add = call(&calc(), "t_t_ops_add", r#"{"b":2,"a":40}"#).await.expect("an answer");
    assert_eq!(structured(add), r#"{"result":42}"#);
    let answer = call(&calc(), "get-answer", "{}").await.expect("an answer");
    assert_eq!(structured(answer), r#"{"result":42}"#);
    let divided = call(&calc(), "t_t_ops_divide", r#"{"a":84,"b":2}"#).await.expect("an answer");
    assert_eq!(structured(divided), r#"{"result":{"ok":42}}"#);
    let failed = call(&calc(), "t_t_ops_divide", r#"{"a":84,"b":0}"#).await;
    let Err(CallError::Failed(output)) = failed else { panic!("{failed:?}") };
    assert_eq!(structured(output), r#"{"result":{"err":"by zero!!"}}"#);
    let nothing = call(&calc(), "t_t_ops_tick", "{}").await.expect("an answer");
    assert!(nothing.structured.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_do_not_fit_are_told_where() {
    for (arguments, expected) in [
        ("{}", "at the top: `a` is required: s32"),
        (r#"{"a":1,"b":2,"c":3}"#, "at the top: `c` is unknown; expected `a`, `b`"),
        (r#"{"a":1,"b":null}"#, "at `/b`: expected a whole number"),
        (r#"{"a":1,"bb":2}"#, "at the top: `b` is required"),
        ("[]", "at the top: expected an object, found a list"),
    ] {
        let outcome = call(&calc(), "t_t_ops_add", arguments).await;
        let Err(CallError::InvalidArguments(problem)) = outcome else { panic!("{outcome:?}") };
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn docs_in_the_component_describe_its_tools() {
    let docs = br#"{"worlds":{"w":{"func_exports":{"get-answer":{"docs":"The answer."}}}},
        "interfaces":{"ops":{"funcs":{"add":{"docs":"Adds two numbers."}}}}}"#;
    let documented = with_section(calc(), "package-docs", &[&[1], &docs[..]].concat());
    let descriptions = |listed: Listed| -> Vec<String> {
        listed.tools.into_iter().map(|tool| tool.description).collect()
    };
    let found = descriptions(list(&documented).await);
    assert_eq!(found[0], "The answer.");
    assert_eq!(found[1], "Adds two numbers.");
    assert!(found[2].starts_with("Calls the function `divide("), "{}", found[2]);
    let damaged = with_section(calc(), "package-docs", b"\x01{damaged");
    assert_eq!(descriptions(list(&damaged).await), descriptions(list(&calc()).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_json_cannot_carry_refuses_one_function_alone() {
    let wit = "
        interface counters {
            resource counter { constructor(start: u32); get: func() -> u32; }
            open: func() -> counter;
            plain: func() -> u32;
        }
        world w { export counters; }";
    let wasm = importing(
        wit,
        r#"(import "[export]t:t/counters" "[resource-new]counter" (func $new (param i32) (result i32)))"#,
        r#"        (func (export "t:t/counters#[constructor]counter") (param i32) (result i32)
            (call $new (local.get 0)))
        (func (export "t:t/counters#[method]counter.get") (param i32) (result i32) (local.get 0))
        (func (export "t:t/counters#open") (result i32) (call $new (i32.const 1)))
        (func (export "t:t/counters#plain") (result i32) (i32.const 7))"#,
    );
    let listed = list(&wasm).await;
    let names: Vec<_> = listed.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["t_t_counters_plain"]);
    let unfit: Vec<_> = listed.unfit.iter().map(|unfit| (&*unfit.name, &*unfit.reason)).collect();
    let belongs = "belongs to a resource, which lives no longer than one call";
    assert_eq!(
        unfit,
        [
            ("t_t_counters__constructor_counter", belongs),
            ("t_t_counters__method_counter_get", belongs),
            ("t_t_counters_open", "takes or gives a resource, which JSON cannot carry"),
        ]
    );
}

async fn assert_refused(wasm: &[u8], expected: &str) {
    match compile(wasm).await {
        Err(CompileError::Refused(reason)) => assert!(reason.contains(expected), "{reason}"),
        other => panic!("{:?}", other.map(|_| "a guest")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_without_a_tool_is_refused_and_says_why() {
    assert_refused(&wat::parse_str("(component)").unwrap(), "component without tools").await;
    let only = importing(
        "interface i { resource r; open: func() -> r; } world w { export i; }",
        r#"(import "[export]t:t/i" "[resource-new]r" (func $new (param i32) (result i32)))"#,
        r#"        (func (export "t:t/i#open") (result i32) (call $new (i32.const 1)))"#,
    );
    assert_refused(
        &only,
        "none of its functions can be a tool: `t_t_i_open` takes or gives a resource",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_exports_too_much_is_refused() {
    for (count, expected) in [
        (513, "it exports 513 functions; the most is 512"),
        (20_001, "it exports too much to look at"),
    ] {
        let exports: String =
            (0..count).map(|at| format!("(export \"f{at}\" (func $f))\n")).collect();
        let text = format!(
            r#"(component
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f")))
                {exports})"#
        );
        assert_refused(&wat::parse_str(text).unwrap(), expected).await;
    }
}

/// Python's interpreter, for one, imports all of `wasi:sockets` whatever the plugin does.
#[tokio::test(flavor = "multi_thread")]
async fn functions_read_the_configuration_that_is_granted_and_nothing_else() {
    let wit = "
        package wasi:config@0.2.0-rc.1 {
            interface store {
                variant error { upstream(string), io(string) }
                get: func(key: string) -> result<option<string>, error>;
            }
        }
        world w {
            import wasi:config/store@0.2.0-rc.1;
            export read: func(key: string) -> option<string>;
        }";
    let wasm = importing(
        wit,
        r#"(import "wasi:config/store@0.2.0-rc.1" "get" (func $get (param i32 i32 i32)))"#,
        // The answer begins behind the tag of the result, which no error has.
        r#"(func (export "read") (param i32 i32) (result i32)
            (call $get (local.get 0) (local.get 1) (i32.const 0))
            (if (i32.load8_u (i32.const 0)) (then unreachable))
            (i32.const 4))"#,
    );
    let config = [("units".to_owned(), "metric".to_owned())].into();
    let grants = Grants { config, ..Grants::default() };
    let guest =
        crate::compiling::guest(SANDBOX.clone(), Wasm::of(wasm), Limits::default(), grants).await;
    let guest = guest.expect("a guest");
    for (key, expected) in [("units", r#"{"result":"metric"}"#), ("other", r#"{"result":null}"#)] {
        let ended = guest.call("read", &format!(r#"{{"key":"{key}"}}"#), None).await;
        assert_eq!(structured(ended.outcome.expect("an answer")), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_may_be_imported_and_are_refused_to_whoever_asks() {
    let wit = "
        package wasi:sockets@0.2.0 {
            interface network {
                enum error-code {
                    unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
                    concurrency-conflict, not-in-progress, would-block, invalid-state,
                    new-socket-limit, address-not-bindable, address-in-use, remote-unreachable,
                    connection-refused, connection-reset, connection-aborted, datagram-too-large,
                    name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
                }
                enum ip-address-family { ipv4, ipv6 }
                type ipv4-address = tuple<u8, u8, u8, u8>;
                type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
                variant ip-address { ipv4(ipv4-address), ipv6(ipv6-address) }
                resource network;
            }
            interface instance-network {
                use network.{network};
                instance-network: func() -> network;
            }
            interface ip-name-lookup {
                use network.{network, error-code, ip-address};
                resource resolve-address-stream;
                resolve-addresses: func(network: borrow<network>, name: string)
                    -> result<resolve-address-stream, error-code>;
            }
            interface tcp { resource tcp-socket; }
            interface udp { resource udp-socket; }
            interface tcp-create-socket {
                use network.{error-code, ip-address-family};
                use tcp.{tcp-socket};
                create-tcp-socket: func(address-family: ip-address-family)
                    -> result<tcp-socket, error-code>;
            }
            interface udp-create-socket {
                use network.{error-code, ip-address-family};
                use udp.{udp-socket};
                create-udp-socket: func(address-family: ip-address-family)
                    -> result<udp-socket, error-code>;
            }
        }
        world w {
            use wasi:sockets/network@0.2.0.{error-code};
            import wasi:sockets/tcp-create-socket@0.2.0;
            import wasi:sockets/udp-create-socket@0.2.0;
            import wasi:sockets/instance-network@0.2.0;
            import wasi:sockets/ip-name-lookup@0.2.0;
            export name: func() -> result<_, error-code>;
            export tcp: func() -> result<_, error-code>;
            export udp: func() -> result<_, error-code>;
        }";
    let wasm = importing(
        wit,
        r#"(import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket"
                (func $tcp (param i32 i32)))
            (import "wasi:sockets/udp-create-socket@0.2.0" "create-udp-socket"
                (func $udp (param i32 i32)))
            (import "wasi:sockets/instance-network@0.2.0" "instance-network"
                (func $network (result i32)))
            (import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses"
                (func $resolve (param i32 i32 i32 i32)))"#,
        // What comes back is the tag at 0 and the error at 4; what goes out has it at 1.
        r#"(func $moved (result i32)
            (i32.store8 (i32.const 1) (i32.load8_u (i32.const 4))) (i32.const 0))
        (data (i32.const 64) "localhost")
        (func (export "name") (result i32)
            (call $resolve (call $network) (i32.const 64) (i32.const 9) (i32.const 0))
            (call $moved))
        (func (export "tcp") (result i32) (call $tcp (i32.const 0) (i32.const 0)) (call $moved))
        (func (export "udp") (result i32) (call $udp (i32.const 1) (i32.const 0)) (call $moved))"#,
    );
    let refused = [
        ("tcp", "access-denied"),
        ("udp", "access-denied"),
        // Without a look-up: that of `localhost` would succeed.
        ("name", "permanent-resolver-failure"),
    ];
    for (tool, error) in refused {
        let Err(CallError::Failed(output)) = call(&wasm, tool, "{}").await else {
            panic!("{tool} did not fail")
        };
        let expected = format!(r#"{{"result":{{"err":"{error}"}}}}"#);
        assert_eq!(structured(output), expected, "{tool}");
    }
}

/// Types whose tree doubles with each level.
fn doubling(levels: usize) -> String {
    let mut types = "record t0 { a: u8 }".to_owned();
    for level in 1..=levels {
        let below = level - 1;
        types += &format!(" record t{level} {{ a: t{below}, b: t{below} }}");
    }
    format!("{types} type t = t{levels};")
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_are_huge_or_deep_refuse_their_function() {
    assert_refused(&echo(&doubling(13), "t"), "too large to describe").await;
    let deep = format!("{}u8{}", "list<".repeat(20), ">".repeat(20));
    assert_refused(&echo("", &deep), "nest deeper than 16 levels").await;
    let many: Vec<String> = (0..3000).map(|n| format!("case-number-{n}")).collect();
    let many = format!("enum t {{ {} }}", many.join(", "));
    assert_refused(&echo(&many, "t"), "too large to describe").await;
    check_same(&doubling(3), "t", r#"{"a":{"a":{"a":{"a":1},"b":{"a":2}},"b":{"a":{"a":3},"b":{"a":4}}},"b":{"a":{"a":{"a":5},"b":{"a":6}},"b":{"a":{"a":7},"b":{"a":8}}}}"#).await;
}

/// A component whose function `f` gives a `result` by this body.
fn giving(result: &str, body: &str) -> Vec<u8> {
    let wit = format!("world w {{ export f: func() -> {result}; }}");
    component(&wit, &format!(r#"(func (export "f") (result i32) {body})"#))
}

async fn check_crash(result: &str, body: &str, expected: &str) {
    let outcome = call(&giving(result, body), "f", "{}").await;
    let error = outcome.expect_err("an error").to_string();
    assert!(error.contains(expected), "{result}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_of_a_guest_are_crashes() {
    check_crash("list<u32>", "(call $pair (i32.const 0) (i32.const 0x3fffffff))", "out of bounds")
        .await;
    check_crash("list<u32>", "(call $pair (i32.const 2) (i32.const 1))", "not aligned").await;
    check_crash("string", "(call $pair (i32.const -8) (i32.const 64))", "out of bounds").await;
    check_crash("list<u8>", "(i32.const 65532)", "out of bounds").await;
    check_crash("char", "(i32.const 0xd800)", "char").await;
    check_crash(
        "option<list<u8>>",
        "(i32.store (i32.const 0) (i32.const 7)) (i32.const 0)",
        "discriminant",
    )
    .await;
    check_crash(
        "string",
        "(i32.store8 (i32.const 64) (i32.const 0xff)) (call $pair (i32.const 64) (i32.const 1))",
        "utf-8",
    )
    .await;
    check_crash("u32", "unreachable", "unreachable").await;
    check_crash("u32", "(loop $l (br $l)) (i32.const 0)", "fuel").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_answer_ends_at_the_output_limit() {
    let fill = "(memory.grow (i32.const 900)) drop (call $pair (i32.const 0) (i32.const 50000000))";
    check_crash("list<u8>", fill, "output limit of 256 KiB").await;
    check_crash("string", fill, "output limit of 256 KiB").await;
    // Each of these bytes is six in JSON.
    let controls = "(call $pair (i32.const 1024) (i32.const 60000))";
    check_crash("string", controls, "output limit of 256 KiB").await;
    // Values take far more memory than their JSON, which alone counts: once as it is, and once as text.
    let pair = |bytes: u32| {
        format!(
            "(drop (memory.grow (i32.const 3))) (call $pair (i32.const 1024) (i32.const {bytes}))"
        )
    };
    check_crash("list<u8>", &pair(66_000), "output limit of 256 KiB").await;
    let fits = &pair(65_000);
    let output = call(&giving("list<u8>", fits), "f", "{}").await.expect("an answer");
    let value: Value = serde_json::from_str(&structured(output)).unwrap();
    assert_eq!(value["result"].as_array().map(Vec::len), Some(65_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_would_take_the_memory_of_the_host_are_refused() {
    let fields: Vec<String> = (0..300).map(|n| format!("a{n}: option<u8>")).collect();
    let record = format!("record t {{ {} }}", fields.join(", "));
    let many = vec!["{}"; 20_000].join(",");
    check_wrong(&record, "t", &many, "too many to hand over").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_count_against_the_memory_of_the_guest() {
    let bytes = "A".repeat(1_000_000);
    let limits = Limits { memory: Bytes::new(256 * 1024), ..Limits::default() };
    let wasm = Wasm::of(echo("", "list<u8>"));
    let guest =
        crate::compiling::guest(SANDBOX.clone(), wasm, limits, Grants::default()).await.unwrap();
    let outcome = guest.call("echo", &format!(r#"{{"x":["{bytes}"]}}"#), None).await.outcome;
    let error = outcome.expect_err("an error").to_string();
    assert!(error.contains("memory limit of 256 KiB"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn helpers_and_standard_interfaces_are_no_tools() {
    let wit = "
        world w {
            export exports: interface { init: func(app-name: string) -> result; other: func(); }
            export init: func();
            export run: func() -> u32;
        }";
    let wasm = component(
        wit,
        r#"(func (export "exports#init") (param i32 i32) (result i32) (i32.const 0))
        (func (export "exports#other"))
        (func (export "init"))
        (func (export "run") (result i32) (i32.const 1))"#,
    );
    let listed = list(&wasm).await;
    let names: Vec<_> = listed.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["exports_other", "run"]);
    assert_eq!(listed.unfit, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_is_known_by_its_parameters() {
    let wit = "
        world w {
            export init: func(shim: string, script: string);
            export run: func() -> u32;
        }";
    let wasm = component(
        wit,
        r#"(func (export "init") (param i32 i32 i32 i32))
        (func (export "run") (result i32) (i32.const 1))"#,
    );
    let names: Vec<_> = list(&wasm).await.tools.into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["run"]);
    // Somebody's own.
    let own = wit.replace("shim: string, script: string", "name: string, value: string");
    let wasm = component(
        &own,
        r#"(func (export "init") (param i32 i32 i32 i32))
        (func (export "run") (result i32) (i32.const 1))"#,
    );
    let mut names: Vec<_> = list(&wasm).await.tools.into_iter().map(|tool| tool.name).collect();
    names.sort();
    assert_eq!(names, ["init", "run"]);
}

/// Asynchronous functions beside others, and one that takes a stream.
const TASKS: &str = r#"(component
    (core func $return (canon task.return (result u32)))
    (core module $m
        (import "" "return" (func $return (param i32)))
        (func (export "plain") (result i32) (i32.const 7))
        (func (export "later") (param i32) (result i32)
            (call $return (i32.add (local.get 0) (i32.const 1))) (i32.const 0))
        (func (export "never") (result i32) (loop $l (br $l)) unreachable)
        (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
        (func (export "pipe") (param i32)))
    (core instance $i (instantiate $m (with "" (instance (export "return" (func $return))))))
    (func (export "plain") (result u32) (canon lift (core func $i "plain")))
    (func (export "later") async (param "x" u32) (result u32)
        (canon lift (core func $i "later") async (callback (func $i "callback"))))
    (func (export "never") async (result u32)
        (canon lift (core func $i "never") async (callback (func $i "callback"))))
    (type $stream (stream u8))
    (func (export "pipe") (param "s" $stream) (canon lift (core func $i "pipe"))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn asynchronous_functions_are_tools_and_one_with_a_stream_is_refused_alone() {
    let wasm = wat::parse_str(TASKS).expect("a component");
    let listed = list(&wasm).await;
    let names: Vec<_> = listed.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["later", "never", "plain"]);
    let unfit: Vec<_> = listed.unfit.iter().map(|unfit| format!("{unfit:?}")).collect();
    assert!(unfit.len() == 1 && unfit[0].contains("a stream"), "{unfit:?}");
    let later = call(&wasm, "later", r#"{"x":41}"#).await.expect("an answer");
    assert_eq!(structured(later), r#"{"result":42}"#);
    let plain = call(&wasm, "plain", "{}").await.expect("an answer");
    assert_eq!(structured(plain), r#"{"result":7}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn asynchronous_functions_have_the_limits_of_all() {
    let wasm = wat::parse_str(TASKS).expect("a component");
    let hour = Duration::from_secs(3600);
    let roomy = Limits {
        fuel: u64::MAX / 2,
        cpu: hour,
        timeout: hour,
        concurrent: true,
        ..Limits::default()
    };
    let soon = Duration::from_millis(200);
    for (limits, hit) in [
        (Limits { fuel: 1_000_000, ..roomy.clone() }, "fuel"),
        (Limits { cpu: soon, ..roomy.clone() }, "processor-time"),
        (Limits { timeout: soon, ..roomy.clone() }, "timeout"),
    ] {
        let guest =
            crate::compiling::guest(SANDBOX.clone(), Wasm::of(&*wasm), limits, Grants::default());
        let ended = guest.await.expect("a guest").call("never", "{}", None).await;
        let error = ended.outcome.expect_err("it has no end").to_string();
        assert!(error.contains(hit), "{hit}: {error}");
    }
}

/// A component whose one function returns at once, and that makes so many instances of a module of so many globals first.
fn of_globals(concurrent: bool, globals: usize, instances: usize) -> Vec<u8> {
    let stream = if concurrent { "(type (stream u8))" } else { "" };
    let global = "(global i32 (i32.const 7))".repeat(globals);
    let instance = "(core instance (instantiate $m))".repeat(instances);
    let component = format!(
        r#"(component {stream}
            (core module $f (func (export "f"))) (core instance $i (instantiate $f))
            (func (export "f") (canon lift (core func $i "f")))
            (core module $m {global}) {instance})"#
    );
    wat::parse_str(&component).expect("a component")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_runtime_keeps_for_instances_is_bounded_on_both_engines() {
    for concurrent in [false, true] {
        let modest = of_globals(concurrent, 1_000, 100);
        assert!(call(&modest, "f", "{}").await.is_ok(), "{concurrent}");
        for (globals, instances) in [(1_000_000, 4), (100_000, 100), (30_000, 200)] {
            let wasm = of_globals(concurrent, globals, instances);
            let what = format!("{globals} globals, {instances} times, concurrent: {concurrent}");
            let refused = compile(&wasm).await.err();
            let refused = refused.unwrap_or_else(|| panic!("{what}: it is taken")).to_string();
            assert!(refused.contains("instance"), "{what}: {refused:.300}");
        }
    }
}

/// A component whose functions set a part of a request to a text of so many letters. They tell whether that fails.
const PARTS: &str = r#"(component
    (import "wasi:http/types@0.2.0" (instance $http
        (export "fields" (type $fields (sub resource)))
        (export "outgoing-request" (type $request (sub resource)))
        (type $named-method (variant (case "get") (case "head") (case "post") (case "put")
            (case "delete") (case "connect") (case "options") (case "trace") (case "patch")
            (case "other" string)))
        (export "method" (type $method (eq $named-method)))
        (type $named-scheme (variant (case "HTTP") (case "HTTPS") (case "other" string)))
        (export "scheme" (type $scheme (eq $named-scheme)))
        (export "[constructor]fields" (func (result (own $fields))))
        (export "[constructor]outgoing-request"
            (func (param "headers" (own $fields)) (result (own $request))))
        (export "[method]outgoing-request.set-method"
            (func (param "self" (borrow $request)) (param "method" $method) (result (result))))
        (export "[method]outgoing-request.set-scheme"
            (func (param "self" (borrow $request)) (param "scheme" (option $scheme))
                (result (result))))
        (export "[method]outgoing-request.set-authority"
            (func (param "self" (borrow $request)) (param "authority" (option string))
                (result (result))))
        (export "[method]outgoing-request.set-path-with-query"
            (func (param "self" (borrow $request)) (param "path-with-query" (option string))
                (result (result))))))
    (core module $libc (memory (export "memory") 2)
        (data (i32.const 0) "/")
        (func $start (memory.fill (i32.const 1) (i32.const 97) (i32.const 131071)))
        (start $start))
    (core instance $libc (instantiate $libc))
    (alias core export $libc "memory" (core memory $memory))
    (core func $fields (canon lower (func $http "[constructor]fields")))
    (core func $request (canon lower (func $http "[constructor]outgoing-request")))
    (core func $method (canon lower (func $http "[method]outgoing-request.set-method")
        (memory $memory)))
    (core func $scheme (canon lower (func $http "[method]outgoing-request.set-scheme")
        (memory $memory)))
    (core func $authority (canon lower (func $http "[method]outgoing-request.set-authority")
        (memory $memory)))
    (core func $path (canon lower (func $http "[method]outgoing-request.set-path-with-query")
        (memory $memory)))
    (core module $m
        (import "" "fields" (func $fields (result i32)))
        (import "" "request" (func $request (param i32) (result i32)))
        (import "" "method" (func $method (param i32 i32 i32 i32) (result i32)))
        (import "" "scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
        (import "" "authority" (func $authority (param i32 i32 i32 i32) (result i32)))
        (import "" "path" (func $path (param i32 i32 i32 i32) (result i32)))
        (func $new (result i32) (call $request (call $fields)))
        (func (export "method") (param i32) (result i32)
            (call $method (call $new) (i32.const 9) (i32.const 1) (local.get 0)))
        (func (export "scheme") (param i32) (result i32)
            (call $scheme (call $new) (i32.const 1) (i32.const 2) (i32.const 1) (local.get 0)))
        (func (export "authority") (param i32) (result i32)
            (call $authority (call $new) (i32.const 1) (i32.const 1) (local.get 0)))
        (func (export "path") (param i32) (result i32)
            (call $path (call $new) (i32.const 1) (i32.const 0) (local.get 0))))
    (core instance $i (instantiate $m (with "" (instance
        (export "fields" (func $fields)) (export "request" (func $request))
        (export "method" (func $method)) (export "scheme" (func $scheme))
        (export "authority" (func $authority)) (export "path" (func $path))))))
    (func (export "method") (param "length" u32) (result u32) (canon lift (core func $i "method")))
    (func (export "scheme") (param "length" u32) (result u32) (canon lift (core func $i "scheme")))
    (func (export "authority") (param "length" u32) (result u32)
        (canon lift (core func $i "authority")))
    (func (export "path") (param "length" u32) (result u32) (canon lift (core func $i "path"))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_request_that_the_host_keeps_are_bounded() {
    let network =
        vec![NetworkGrant::plain(Scheme::Http, HostPattern::Name("a.example".into()), 80)];
    let grants = Grants { network, ..Grants::default() };
    let wasm = Wasm::of(wat::parse_str(PARTS).expect("a component"));
    let guest = crate::compiling::guest(SANDBOX.clone(), wasm, Limits::default(), grants);
    let guest = guest.await.expect("a guest");
    let most = 8 * 1024;
    // The longest scheme that its parser takes is shorter than the bound.
    for (part, most) in [("method", most), ("scheme", 64), ("authority", most), ("path", most)] {
        for (length, fails) in [(10, 0), (most, 0), (most + 1, 1), (100_000, 1)] {
            let output = guest.call(part, &format!(r#"{{"length":{length}}}"#), None).await.outcome;
            let found = structured(output.unwrap_or_else(|error| panic!("{part}: {error}")));
            assert_eq!(found, format!(r#"{{"result":{fails}}}"#), "{part} of {length} bytes");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_toolchain_needs_is_refused_when_it_is_compiled() {
    let of = |module: &str| {
        let component = format!(
            r#"(component (core module $m {module} (func (export "f")))
                (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))"#
        );
        wat::parse_str(component).expect("a component")
    };
    let swizzle = "(i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))";
    for (module, refused) in
        [("(memory i64 1)", "memory64"), (&*format!("(func (drop {swizzle}))"), "relaxed SIMD")]
    {
        let error = compile(&of(module)).await.err().expect("refused").to_string();
        assert!(error.contains(refused), "{module}: {error}");
    }
    for module in [
        "(memory 1) (memory 1)",
        "(func (drop (i8x16.swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))))",
    ] {
        assert!(compile(&of(module)).await.is_ok(), "{module}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_asks_for_the_younger_engine_gets_it_only_if_it_may() {
    let wasm = wat::parse_str(TASKS).expect("a component");
    for (concurrent, refused) in [(false, true), (true, false)] {
        let limits = Limits { concurrent, ..Limits::default() };
        let guest =
            crate::compiling::guest(SANDBOX.clone(), Wasm::of(&*wasm), limits, Grants::default());
        let guest = guest.await.map(drop).map_err(|error| error.to_string());
        assert_eq!(guest.is_err(), refused, "{guest:?}");
        if let Err(error) = guest {
            assert!(error.contains("`concurrent = true` under [plugin]"), "{error}");
        }
    }
}
