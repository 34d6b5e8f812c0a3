//! The inputs that invented input begins with: a few honest ones for each border.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::configuration::ABOVE;
use super::guest::{WASI, Wat};
use super::manifest::BETWEEN;
use super::noise::Noise;

/// Manifests: right and wrong ones of the tests, and one beside each of their local files.
pub(super) fn manifests() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let read = |folder: &Path| -> Vec<Vec<u8>> {
        let is_toml =
            |file: &PathBuf| file.extension().is_some_and(|extension| extension == "toml");
        let files = files(folder).into_iter().filter(is_toml);
        files.map(|file| fs::read(file).expect("a manifest")).collect()
    };
    let whole = fs::read(folder.join("good/full.toml")).expect("a manifest");
    let beside = |local: &Vec<u8>| [&whole[..], BETWEEN.as_bytes(), local].concat();
    let locals = read(&folder.join("local"));
    let mut seeds = [read(&folder), read(&folder.join("good"))].concat();
    seeds.extend(locals.iter().map(beside));
    seeds
}

/// Configurations, each with a manifest below.
pub(super) fn configurations() -> Vec<Vec<u8>> {
    let text = include_str!("../../../docs/configuration.md");
    let examples = text.split("```toml\n").skip(1);
    let examples: Vec<_> = examples.filter_map(|rest| rest.split("```").next()).collect();
    let with = |manifest: &[u8]| {
        let each = |example: &&str| [example.as_bytes(), ABOVE.as_bytes(), manifest].concat();
        examples.iter().map(each).collect::<Vec<_>>()
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let whole = fs::read(folder.join("good/full.toml")).expect("a manifest");
    let small = b"[limits]\nmemory = \"1MiB\"\n[grants]\nnetwork = [\"https://*\"]\n";
    [with(&whole), with(small)].concat()
}

/// Bytes of which each four mean something.
pub(super) fn random() -> Vec<Vec<u8>> {
    let mut noise = Noise(0x5eed);
    (1..64).map(|n| noise.bytes(4 * n)).collect()
}

/// Sessions of clients, old and new.
pub(super) fn sessions() -> Vec<Vec<u8>> {
    let request = |id, method: &str, params| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "c", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": 7,
    });
    let call =
        json!({ "name": "good_run", "arguments": { "text": "Hello", "n": [1, -2.5e3, null] } });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": 3, "reason": "late" } });
    let hello = |version: &str| {
        request(
            0,
            "initialize",
            json!({ "protocolVersion": version, "capabilities": {},
            "clientInfo": { "name": "c", "version": "1" } }),
        )
    };
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let old = [
        hello("2025-11-25"),
        ready.clone(),
        request(1, "tools/list", json!({})),
        request(2, "ping", json!({})),
        request(3, "tools/call", call.clone()),
        cancel.clone(),
    ];
    let batch = json!([
        request(4, "ping", json!({})),
        request(5, "tools/call", call.clone()),
        request(6, "no/such", json!({})),
        cancel,
    ]);
    let new = [
        request(0, "server/discover", json!({ "_meta": meta })),
        request(1, "tools/list", json!({ "_meta": meta })),
        request(2, "tools/call", json!({ "_meta": meta, "name": "good_run", "arguments": {} })),
        request(
            3,
            "subscriptions/listen",
            json!({ "_meta": meta,
            "notifications": { "toolsListChanged": true } }),
        ),
    ];
    let sessions = [&old[..], &[hello("2025-03-26"), ready, batch], &new];
    let stream = |size: u8, messages: &[serde_json::Value]| {
        let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
        [&[size], lines.as_bytes()].concat()
    };
    [0, 100, u8::MAX]
        .into_iter()
        .flat_map(|size| sessions.iter().map(move |session| stream(size, session)))
        .collect()
}

/// Grants, and the URLs of requests.
pub(super) fn network() -> Vec<Vec<u8>> {
    const GRANTS: &str = "https://api.example.com\nhttps://*.example.com\nhttp://127.0.0.1\n\
        http://10.1.0.0/16:81\nhttp://[fd00::/8]\nhttps://xn--mnchen-3ya.de:8443\nhttp://localhost:3000\n\
        http://0.0.0.0/0\nhttps://[::/0]\n";
    const URLS: [&str; 4] = [
        "https://api.example.com\nhttps://a.b.example.com.\nhttps://API.Example.COM:443\nhttps://example.com",
        "http://127.1\nhttp://0x7f.0.0.1\nhttp://[::ffff:127.0.0.1]\nhttp://2130706433:80\nhttp://127.0.0.1",
        "http://localhost:3000\nhttps://München.de:8443\nhttp://10.1.2.3:81\nhttp://[fd12::1]:80\nhttp://8.8.8.8",
        "https://u:p@api.example.com\nhttps://api.example.com:0\nhttps://[fe80::1%25eth0]\nhttps://[2002:7f00:1::]",
    ];
    let seeds = |grants: &'static str| {
        URLS.iter().map(move |urls| format!("{grants}\n{urls}").into_bytes())
    };
    seeds(GRANTS).chain(seeds("https://*\nhttp://*\nhttp://localhost:3000\n")).collect()
}

/// Schemas, each with a value on a line of its own.
pub(super) fn schemas() -> Vec<Vec<u8>> {
    const ALL: [&str; 6] = [
        r#"{"type":"object","required":["text"],"additionalProperties":false,"properties":{"text":{"type":
            "string","minLength":1,"pattern":"^[a-z]+$"},"n":{"type":"integer","minimum":0,"multipleOf":2}}}
{"text":"abc","n":4}"#,
        r##"{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},"b":{"type":["null","array"],
            "items":{"$ref":"#/$defs/a"},"uniqueItems":true}},"$ref":"#/$defs/a","default":{"x":1}}
[[null],[]]"##,
        r##"{"$id":"http://here/","$dynamicAnchor":"t","properties":{"l":{"$dynamicRef":"#t"},"r":{"$ref":
            "http://here/"}},"unevaluatedProperties":false}
{"l":{"l":{}},"r":{}}"##,
        r#"{"if":{"const":1},"then":{"enum":[1,"1",null,{"a":[]}]},"else":{"not":{"oneOf":[{"type":"string"},
            {"maxItems":2,"prefixItems":[{"type":"number"}],"contains":{},"minContains":2}]}}}
[1,2,3]"#,
        r#"{"patternProperties":{"^x-":{"format":"date-time"}},"dependentRequired":{"a":["b"]},"dependentSchemas":
            {"a":{"propertyNames":{"maxLength":3}}},"minProperties":1,"exclusiveMaximum":1e300}
{"x-a":"2026-01-01T00:00:00Z","a":1,"b":2}"#,
        r##"{"anyOf":[{"$ref":"#/anyOf/1"},{"$anchor":"q","contentEncoding":"base64"},{"$ref":"#q"},true,false]}
"AA==""##,
    ];
    ALL.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A guest of the tests whose file lists its tools.
fn packed(wasm: &[u8]) -> Vec<u8> {
    const CONTENT: &str = r#"{"version":1,"tools":[{"name":"run","description":"a tool made for a test",
        "inputSchema":{"type":"object"}}]}"#;
    const SEED_SECTION: &str = "toolrack:listing";
    let length = u8::try_from(1 + SEED_SECTION.len() + CONTENT.len()).expect("small");
    // Two bytes of a length, as LEB128.
    let head = [0, length | 0x80, 1, u8::try_from(SEED_SECTION.len()).expect("small")];
    [wasm, &head, SEED_SECTION.as_bytes(), CONTENT.as_bytes()].concat()
}

/// Files of every kind of plugin, and of none.
pub(super) fn components() -> Vec<Vec<u8>> {
    let wat = |text: &str| wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let spins = Wat { call: "(loop $l (br $l)) unreachable", ..Wat::default() };
    let asks = Wat { imports: WASI, ..Wat::default() };
    let function = r#"(component
        (core module $m (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
        (core instance $i (instantiate $m))
        (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))"#;
    let echo = r#"(component
        (core module $m (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "f") (param i32 i32) (result i32)
                (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0)))
        (core instance $i (instantiate $m))
        (type $r (record (field "a" string) (field "b" (option u8))))
        (export $named "r" (type $r))
        (func (export "f") (param "x" (list string)) (result (list string))
            (canon lift (core func $i "f") (memory $i "memory") (realloc (func $i "realloc")))))"#;
    let program = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 3))))"#;
    vec![
        packed(&Wat::default().build()),
        Wat::default().build(),
        spins.build(),
        asks.build(),
        wat(function),
        wat(echo),
        wat(program),
        wat("(module)"),
        wat("(component)"),
    ]
}

/// The bytes that may be put where code or a key was.
pub(super) fn cached() -> Vec<Vec<u8>> {
    let mut noise = Noise(0x5eed);
    let mut seeds: Vec<_> =
        (0..4).flat_map(|how| [vec![how], vec![how, 40, 0], vec![how, 40, 1]]).collect();
    seeds.extend((0..4).map(|how| [vec![how], noise.bytes(32)].concat()));
    seeds.push([vec![0], noise.bytes(200)].concat());
    seeds
}

/// The inputs that were once of interest, a file each, in the repository.
#[cfg(test)]
pub(super) fn kept(target: &str) -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target))
}

/// The files in `folder`, in order; none where it is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}
