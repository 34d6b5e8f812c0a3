//! Guests that want what they were not granted: each attempt ends in a refusal that the guest is told, and
//! nothing outside is read or changed.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;
use tempfile::TempDir;

use crate::answers::refused_file;
use crate::bench::{Bench, Seen, called, text_of};
use crate::case::cases;
use crate::client::toolrack;
use crate::guest::{FILES, Wat};
use crate::plugins::install;

cases! {
    "Escapes";
    "paths: `..`, absolute, through links out, with a trailing slash" => paths,
        "each is refused, and what lies outside is as it was";
    "a write, a rename and a hard link on a read grant" => write_on_a_read_grant,
        "each is refused, and the directory is as it was";
    "a file opened until there are no more handles, and never closed" => handles,
        "the host has all of its descriptors again";
    "a file opened without any grant" => no_grant, "…unreachable…";
    "a grant of the plugin directory" => grant_of_the_plugin_directory, ": the grant of the files in `…` cannot be given: it is the plugin directory …; a plugin could change what it is granted";
    "a grant of the cache" => grant_of_the_cache, ": the grant of the files in `…` cannot be given: it lies in toolrack's own directory …; a plugin could change what runs";
    "a grant of `/`" => grant_of_the_root, "the grant of the files in `/` cannot be given: the whole file system is never granted; name a directory in it";
    "the environment of the host" => environment, "ok";
    "requests to look-alikes, user-info, other ports and schemes, and to this machine in every spelling"
        => requests, "each is refused by the grants; no server is reached";
    "a socket" => sockets, "`bad.wasm`: it cannot be linked: component imports instance `wasi:sockets/raw@0.2.0`, but a matching implementation was not found in the linker: instance export `socket` has the wrong type: resource implementation is missing";
}

/// How WASI says no: `perm`, `notcapable`, `rofs`, `acces`, `badf`, `notdir`, `isdir`, `noent`, `loop`, `xdev`.
const NO: [u32; 10] = [63, 76, 69, 2, 8, 54, 31, 44, 32, 75];

/// A guest that answers with how each of these calls ended, two digits each.
fn script(calls: &[String], texts: &str) -> Vec<u8> {
    let body: String = calls
        .iter()
        .enumerate()
        .map(|(at, call)| {
            let place = 40_000 + 2 * at;
            format!(
                "(local.set $ended {call})
                (i32.store8 (i32.const {place})
                    (i32.add (i32.const 48) (i32.div_u (local.get $ended) (i32.const 10))))
                (i32.store8 (i32.const {})
                    (i32.add (i32.const 48) (i32.rem_u (local.get $ended) (i32.const 10))))",
                place + 1
            )
        })
        .collect();
    let call = format!(
        "(local $ended i32) {body} (call $text (i32.const 40000) (i32.const {}))",
        2 * calls.len()
    );
    let fields = format!(r#"(data (i32.const 33000) "{texts}")"#);
    Wat { call: &call, imports: FILES, fields: &fields, ..Wat::default() }.build()
}

/// Texts beside each other, and a call for each that opens it: to read, or to create and write.
fn opens(paths: &[&str], creates: u32, rights: u32) -> (Vec<String>, String) {
    let mut texts = String::new();
    let mut calls = Vec::new();
    for path in paths {
        let at = 33_000 + texts.len();
        texts += path;
        calls.push(format!(
            "(call $open (i32.const 3) (i32.const 1) (i32.const {at}) (i32.const {})
                (i32.const {creates}) (i64.const {rights}) (i64.const {rights}) (i32.const 0)
                (i32.const 512))",
            path.len()
        ));
    }
    (calls, texts)
}

fn ended(text: &str) -> Vec<u32> {
    let digits: Vec<_> = text.chars().map(|digit| digit.to_digit(10).expect("a digit")).collect();
    digits.chunks(2).map(|pair| 10 * pair[0] + pair[1]).collect()
}

/// A directory that is granted, beside one that is not.
struct Ground(TempDir);

impl Ground {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        for (file, text) in [("in/kept", "kept"), ("out/secret", "hunter2")] {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        symlink("../out", root.path().join("in/link")).unwrap();
        symlink(root.path().join("out/secret"), root.path().join("in/straight")).unwrap();
        symlink("link/secret", root.path().join("in/round")).unwrap();
        Self(root)
    }

    fn manifest(&self, access: &str) -> String {
        let path = self.0.path().join("in");
        format!(
            "[grants]\nfiles = [{{ path = \"{}\", at = \"/d\", access = \"{access}\" }}]",
            path.display()
        )
    }

    fn assert_unchanged(&self) {
        for (directory, names) in
            [("in", &["kept", "link", "round", "straight"][..]), ("out", &["secret"])]
        {
            let mut found: Vec<_> = fs::read_dir(self.0.path().join(directory))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            assert_eq!(found, names);
        }
        assert_eq!(fs::read_to_string(self.0.path().join("in/kept")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(self.0.path().join("out/secret")).unwrap(), "hunter2");
    }
}

fn attempts(ground: &Ground, access: &str, wasm: &[u8], seen: &str) -> Seen {
    let manifest = ground.manifest(access);
    let mut bench = Bench::with(|path| install(path, "bad", &manifest, wasm));
    let answer = bench.client.text("bad_run");
    bench.marks();
    for ended in ended(&answer) {
        assert!(NO.contains(&ended), "{answer}");
    }
    assert_eq!(bench.client.text("bad_run"), answer);
    ground.assert_unchanged();
    bench.after(seen)
}

fn paths() -> Seen {
    let ground = Ground::new();
    let outside = ground.0.path().join("out/secret").display().to_string();
    let names = [
        "../out/secret",
        "./../out/secret",
        "x/../../out/secret",
        "/etc/passwd",
        &outside,
        "link/secret",
        "link/",
        "straight",
        "round",
        "kept/",
        "kept/../../out/secret",
        "..",
        "",
        "/proc/self/environ",
        "//etc/passwd",
        "link/../../out/secret",
    ];
    let (mut calls, texts) = opens(&names, 0, 2);
    calls.extend(opens(&names, 1, 64).0);
    let seen = "each is refused, and what lies outside is as it was";
    attempts(&ground, "write", &script(&calls, &texts), seen)
}

fn write_on_a_read_grant() -> Seen {
    let ground = Ground::new();
    let (mut calls, texts) = opens(&["new", "kept"], 1, 64);
    let [new, kept] = ["(i32.const 33000) (i32.const 3)", "(i32.const 33003) (i32.const 4)"];
    let one = "(i32.const 3)";
    calls.push(format!("(call $rename {one} {kept} {one} {new})"));
    calls.push(format!("(call $link {one} (i32.const 0) {kept} {one} {new})"));
    calls.push(format!("(call $symlink {kept} {one} {new})"));
    calls.push(format!("(call $mkdir {one} {new})"));
    calls.push(format!("(call $unlink {one} {kept})"));
    let seen = "each is refused, and the directory is as it was";
    attempts(&ground, "read", &script(&calls, &texts), seen)
}

fn handles() -> Seen {
    let ground = Ground::new();
    let (calls, texts) = opens(&["kept"], 0, 2);
    let call = format!("(loop $l (br_if $l (i32.eqz {}))) (global.get $ok)", calls[0]);
    let fields = format!(r#"(data (i32.const 33000) "{texts}")"#);
    let wat = Wat { call: &call, imports: FILES, fields: &fields, ..Wat::default() };
    let manifest = ground.manifest("read");
    let mut bench = Bench::with(|path| install(path, "bad", &manifest, &wat.build()));
    let first = bench.client.text("bad_run");
    bench.marks();
    for _ in 0..3 {
        assert_eq!(bench.client.text("bad_run"), first);
    }
    ground.assert_unchanged();
    bench.after("the host has all of its descriptors again")
}

fn no_grant() -> Seen {
    let (calls, texts) = opens(&["etc/passwd"], 0, 2);
    let call = format!("(if {} (then unreachable)) (global.get $ok)", calls[0]);
    let fields = format!(r#"(data (i32.const 33000) "{texts}")"#);
    called("", &Wat { call: &call, imports: FILES, fields: &fields, ..Wat::default() })
}

fn granted(path: &str) -> String {
    format!("[grants]\nfiles = [{{ path = \"{path}\", at = \"/d\", access = \"write\" }}]")
}

fn grant_of_the_plugin_directory() -> Seen {
    let mut bench = Bench::with(|path| {
        install(path, "bad", &granted(&path.display().to_string()), &Wat::default().build());
    });
    let line = bench.client.logs("bad.toml");
    assert_eq!(bench.client.tools(), ["good_other", "good_run"]);
    bench.after(line.split_once("bad.toml").unwrap().1)
}

fn grant_of_the_cache() -> Seen {
    let home = TempDir::new().unwrap();
    let cache = home.path().join("cache").display().to_string();
    let mut bench = Bench::of(toolrack().env("TOOLRACK_HOME", home.path()), |path| {
        install(path, "bad", &granted(&cache), &Wat::default().build());
    });
    let line = bench.client.logs("bad.toml");
    bench.after(line.split_once("bad.toml").unwrap().1)
}

fn grant_of_the_root() -> Seen {
    refused_file(&granted("/"), &Wat::default().build())
}

/// The guest is told its environment: of what it was not granted, nothing is there.
fn environment() -> Seen {
    let call = "(i32.store (i32.const 512) (i32.const 0)) (drop (call $environ (i32.const 512)
        (i32.const 600))) (if (i32.load8_u (i32.const 600)) (then unreachable)) (global.get $ok)";
    called("", &Wat { call, imports: FILES, ..Wat::default() })
}

/// The plugin `fetch`, as it is shipped, allowed to ask one server that is not there.
fn requests() -> Seen {
    let manifests = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests");
    let Ok(wasm) = fs::read(format!("{manifests}/fetch.wasm")) else {
        panic!("run `cargo xtask build` first");
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let manifest = "[grants]\nnetwork = [\"https://example.invalid\"]";
    let mut bench = Bench::with(|path| install(path, "fetch", manifest, &wasm));
    let tool = bench.client.tools().into_iter().find(|tool| tool.starts_with("fetch")).unwrap();
    let urls = [
        "http://127.0.0.1",
        "http://127.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://0177.0.0.1",
        "http://0",
        "http://localhost",
        "http://LOCALHOST.",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:7f00:1]",
        "http://169.254.169.254",
        "http://10.0.0.1",
        "http://[fe80::1]",
        "https://example.invalid@127.0.0.1",
        "https://127.0.0.1#@example.invalid",
        "https://example.invalid.evil.example",
        "https://exаmple.invalid",
        "http://example.invalid",
        "https://example.invalid:4430",
    ];
    let mut number = 0;
    for url in urls {
        let spelled = if url.matches(':').count() > 1 && !url.contains('[') {
            url.to_owned()
        } else {
            match url.split_once('#') {
                Some((before, after)) => format!("{before}:{port}/#{after}"),
                None => format!("{url}:{port}/"),
            }
        };
        number += 1;
        bench.client.send(&json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": { "name": tool, "arguments": { "url": spelled } } }));
        let response = bench.client.response(&json!(number));
        assert_eq!(response["result"]["isError"], true, "{spelled}: {response}");
        assert!(!text_of(&response).is_empty());
    }
    bench.marks();
    assert!(listener.accept().is_err(), "a server was reached");
    bench.after("each is refused by the grants; no server is reached")
}

fn sockets() -> Seen {
    let wat = r#"(component
        (import "wasi:sockets/raw@0.2.0" (instance (export "socket" (type (sub resource)))))
        (instance $tools)
        (export "toolrack:plugin/tools@0.1.0" (instance $tools)))"#;
    refused_file("", &wat::parse_str(wat).unwrap())
}
