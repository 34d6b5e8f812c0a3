//! Manifests and directories that are wrong: what is wrong is told with its place, and everything else serves.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;

use crate::bench::{Bench, Seen};
use crate::case::cases;
use crate::guest::Wat;
use crate::plugins::install;

cases! {
    "Manifests and directories";
    "bad TOML" => bad_toml, ":1:8: not valid TOML: unclosed table, expected `]`";
    "a manifest that is not UTF-8" => not_utf8, "the manifest is not UTF-8: byte 17 is wrong; save it as UTF-8";
    "a key of the wrong type" => wrong_type, ":2:8: `fuel` in [limits]: expected a whole number such as 1_000_000_000, found the text `much`";
    "an unknown key" => unknown_key, ":2:1: unknown key `fule` in [limits]; did you mean `fuel`?";
    "a limit out of range" => out_of_range, ":2:10: `memory` in [limits]: expected 64 KiB to 1 GiB, found `4GiB`; it limits all memories and tables together; without the key it is 64 MiB";
    "two plugins of one name" => two_of_one_name, ": another plugin is named `good` already: …";
    "Wasm that is missing" => wasm_missing, "`bad.wasm` is missing; build it or copy it beside the manifest, or name the right file with `wasm`";
    "Wasm outside the directory" => wasm_outside, ":2:8: `wasm` in [plugin]: expected the name of a file, such as \"weather.wasm\", without a path, found `../../etc/passwd`; the file lies in the manifest's directory";
    "Wasm that cannot be read" => wasm_unreadable, "`bad.wasm` cannot be read: Permission denied (os error 13)";
    "a digest that does not match" => wrong_digest, "`bad.wasm` has the SHA-256 …, and the manifest pins …; copy the right file, or change `sha256`";
    "a manifest of 1 MiB" => huge_manifest, "the manifest is larger than 64 KiB";
    "names with a newline, an escape and no UTF-8" => odd_names, ".toml:1:1: the file's name is to name the plugin, but `a\\nb` is not a name: expected a letter or `_`, then letters, digits, `_` or `-`, at most 48 characters; rename the file, or write `name = \"...\"` under [plugin]";
    "links in a circle" => circles, "`bad.wasm` cannot be read: Too many levels of symbolic links (os error 40)";
    "300 plugins" => three_hundred, "256 are served, and each other is refused with the number";
    "520 tools" => too_many_tools, "at most 512 are served, and the plugin that is one too many is refused";
    "a bidirectional character in a description" => bidirectional, ":3:17: `description` in [[tools]]: it holds U+202E, a character that controls, reorders or hides text; remove it: what people read must be what the model reads";
    "a zero-width character in a title" => zero_width, ":3:11: `title` in [[tools]]: it holds U+200B, a character that controls, reorders or hides text; remove it: what people read must be what the model reads";
    "a control character in a tool's description" => control, ":3:15: `description` in [[tools]]: it holds U+001B, a character that controls, reorders or hides text; remove it: what people read must be what the model reads";
    "a directory that is not there" => no_directory, "there is no such directory; create it and copy plugins into it, or use `toolrack add FILE`";
    "a file in place of the directory" => file_for_directory, "the directory cannot be read: Not a directory (os error 20)";
    "a directory that cannot be read" => unreadable_directory, "the directory cannot be read: Permission denied (os error 13)";
}

/// A server with one plugin more; what its log says of `bad.toml`.
fn told(fill: impl FnOnce(&Path)) -> Seen {
    let mut bench = Bench::with(fill);
    let line = bench.client.logs("bad.toml");
    assert_eq!(bench.client.tools(), ["good_other", "good_run"]);
    let (_, reason) = line.split_once("bad.toml").unwrap();
    bench.after(reason.trim_start_matches(": "))
}

fn manifest(text: &str) -> Seen {
    told(|path| install(path, "bad", text, &Wat::default().build()))
}

fn bad_toml() -> Seen {
    manifest("[limits\nfuel = \u{1b}[2J")
}

fn not_utf8() -> Seen {
    told(|path| {
        install(path, "bad", "", &Wat::default().build());
        fs::write(path.join("bad.toml"), b"[plugin]\nname = \"\xff\xfe\"").unwrap();
    })
}

fn wrong_type() -> Seen {
    manifest("[limits]\nfuel = \"much\"")
}

fn unknown_key() -> Seen {
    manifest("[limits]\nfule = 1")
}

fn out_of_range() -> Seen {
    manifest("[limits]\nmemory = \"4GiB\"")
}

fn two_of_one_name() -> Seen {
    let mut bench = Bench::with(|path| {
        install(path, "zbad", "[plugin]\nname = \"good\"", &Wat::default().build());
    });
    let line = bench.client.logs("zbad.toml");
    assert_eq!(bench.client.tools(), ["good_other", "good_run"]);
    bench.after(line.split_once("zbad.toml").unwrap().1)
}

fn wasm_missing() -> Seen {
    told(|path| fs::write(path.join("bad.toml"), "").unwrap())
}

fn wasm_outside() -> Seen {
    manifest("[plugin]\nwasm = \"../../etc/passwd\"")
}

fn wasm_unreadable() -> Seen {
    if fs::File::open("/proc/1/mem").is_ok() || is_root() {
        return Seen::NotHere("a file that its own user cannot read: root reads every file".into());
    }
    told(|path| {
        install(path, "bad", "", &Wat::default().build());
        fs::set_permissions(path.join("bad.wasm"), fs::Permissions::from_mode(0o0)).unwrap();
    })
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn wrong_digest() -> Seen {
    manifest(&format!("[plugin]\nsha256 = \"{}\"", "0".repeat(64)))
}

fn huge_manifest() -> Seen {
    manifest(&"# nothing\n".repeat(1 << 17))
}

fn odd_names() -> Seen {
    let wasm = Wat::default().build();
    let mut bench = Bench::with(|path| {
        for name in [&b"a\nb"[..], b"a\x1b[2Jb", b"a\xffb", b"-", b"a b", b"\xe2\x80\xaebad"] {
            let name = OsStr::from_bytes(name);
            for (ending, bytes) in [(".toml", &b""[..]), (".wasm", &wasm)] {
                let mut file = name.to_owned();
                file.push(ending);
                fs::write(path.join(file), bytes).unwrap();
            }
        }
    });
    let line = bench.client.logs("a\\nb");
    let (_, reason) = line.split_once("a\\nb").unwrap();
    bench.after(reason)
}

fn circles() -> Seen {
    told(|path| {
        symlink("bad.wasm", path.join("bad.wasm")).unwrap();
        fs::write(path.join("bad.toml"), "").unwrap();
        symlink(path, path.join("round")).unwrap();
        symlink("b.toml", path.join("c.toml")).unwrap();
        symlink("c.toml", path.join("b.toml")).unwrap();
    })
}

fn three_hundred() -> Seen {
    let wasm = Wat::default().build();
    let mut bench = Bench::with(|path| {
        for number in 0..300 {
            install(path, &format!("p{number:03}"), "", &wasm);
        }
    });
    let tools = bench.client.tools();
    assert_eq!(tools.len(), 2 + 255, "{tools:?}");
    bench.client.logs("256");
    bench.marks();
    bench.after("256 are served, and each other is refused with the number")
}

fn too_many_tools() -> Seen {
    let names: Vec<_> = (0..52).map(|number| format!("t{number}")).collect();
    let tools: Vec<_> = names.iter().map(String::as_str).collect();
    let wasm = Wat { tools: &tools, ..Wat::default() }.build();
    let mut bench = Bench::with(|path| {
        for number in 0..10 {
            install(path, &format!("p{number}"), "", &wasm);
        }
    });
    let tools = bench.client.tools();
    assert!(tools.len() <= 512 && tools.len() > 2 + 8 * 52, "{}", tools.len());
    bench.client.logs("512");
    bench.after("at most 512 are served, and the plugin that is one too many is refused")
}

fn described(key: &str, text: &str) -> Seen {
    manifest(&format!("[[tools]]\nname = \"run\"\n{key} = \"{text}\""))
}

fn bidirectional() -> Seen {
    described("description", "a\u{202e}b")
}

fn zero_width() -> Seen {
    described("title", "a\u{200b}b")
}

fn control() -> Seen {
    described("description", "a\\u001b[2Jb")
}

/// A second directory that is wrong, beside a good one.
fn beside_good(make: impl FnOnce(&Path)) -> Seen {
    let root = TempDir::new().unwrap();
    let other = root.path().join("other");
    make(&other);
    let mut command = crate::client::toolrack();
    command.env("TOOLRACK_LOG", "info");
    let mut bench = Bench::of_two(&mut command, &other);
    let line = bench.client.logs("/other");
    let (_, reason) = line.split_once("/other").unwrap();
    bench.after(reason.trim_start_matches([':', '`', ' ']))
}

fn no_directory() -> Seen {
    beside_good(|_| {})
}

fn file_for_directory() -> Seen {
    beside_good(|path| fs::write(path, "").unwrap())
}

fn unreadable_directory() -> Seen {
    if is_root() {
        return Seen::NotHere(
            "a directory that its own user cannot read: root reads them all".into(),
        );
    }
    beside_good(|path| {
        fs::create_dir(path).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
    })
}
