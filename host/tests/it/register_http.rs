//! Entries for a server over HTTP in the files of MCP clients: each in the form that its client reads, and no token where
//! others read it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::machine::{Machine, write};

const URL: &str = "http://127.0.0.1:8787/mcp";
const TOKEN: &str = "trk_hunter2hunter2hunter2";

/// The entry `toolrack` in a file without comments.
fn entry(file: &Path) -> Value {
    let text = fs::read_to_string(file).expect("readable");
    let whole: Value = match file.extension().is_some_and(|ending| ending == "toml") {
        true => toml::from_str(&text).expect("TOML"),
        false => serde_json::from_str(&text).expect("JSON"),
    };
    let keys = ["mcpServers", "servers", "context_servers", "mcp_servers"];
    let entry = keys.iter().find_map(|key| whole[*key].get("toolrack"));
    entry.cloned().unwrap_or_default()
}

/// Each client with its entry: without a token, with one, and with the name of a variable.
fn forms() -> Vec<(&'static str, [Value; 3])> {
    let (text, shell, env) = (
        json!({ "Authorization": format!("Bearer {TOKEN}") }),
        json!({ "Authorization": "Bearer ${A_TOKEN}" }),
        json!({ "Authorization": "Bearer ${env:A_TOKEN}" }),
    );
    let with = |members: &Value, headers: &Value| {
        let mut members = members.clone();
        members["headers"] = headers.clone();
        members
    };
    let form = |members: Value, variable: &Value| {
        [members.clone(), with(&members, &text), with(&members, variable)]
    };
    let typed = json!({ "type": "http", "url": URL });
    let remote = |more: &[&str]| {
        let args = [&["-y", "mcp-remote", URL], more].concat();
        json!({ "command": "npx", "args": args })
    };
    let mut with_token = remote(&["--header", "Authorization:${TOOLRACK_HTTP_AUTHORIZATION}"]);
    with_token["env"] = json!({ "TOOLRACK_HTTP_AUTHORIZATION": format!("Bearer {TOKEN}") });
    let mut zed = form(json!({ "url": URL }), &shell);
    zed[2] = Value::Null;
    vec![
        ("claude", form(typed.clone(), &shell)),
        ("claude-desktop", [remote(&[]), with_token, Value::Null]),
        (
            "codex",
            [
                json!({ "url": URL }),
                json!({ "url": URL, "http_headers": text }),
                json!({ "url": URL, "bearer_token_env_var": "A_TOKEN" }),
            ],
        ),
        ("cursor", form(json!({ "url": URL }), &env)),
        ("gemini", form(json!({ "httpUrl": URL }), &shell)),
        ("vscode", form(typed.clone(), &env)),
        ("vscode-insiders", form(typed.clone(), &env)),
        ("vscodium", form(typed, &env)),
        ("windsurf", form(json!({ "serverUrl": URL }), &env)),
        ("zed", zed),
    ]
}

#[test]
fn each_client_gets_the_entry_that_it_reads_and_loses_it_without_a_trace() {
    for (client, expected) in forms() {
        let machine = Machine::new();
        let token = machine.path("token");
        write(&token, format!("{TOKEN}\n"));
        let file = machine.file(client, &[]);
        let before = machine.tree();
        let options: [&[&str]; 3] =
            [&[], &["--token-file", token.to_str().unwrap()], &["--token-env", "A_TOKEN"]];
        for (options, expected) in options.iter().zip(expected) {
            let arguments = [&["register", client, "--http", URL], *options].concat();
            if expected.is_null() {
                machine.cannot(&arguments, 1, &["it reads no variable", "--token-file"]);
                continue;
            }
            let print = [&arguments[..], &["--print"]].concat();
            let shown = machine.does(&print);
            assert!(shown.contains(URL) && !shown.contains("hunter2"), "{shown}");
            assert_eq!(shown.contains("A_TOKEN"), options.contains(&"A_TOKEN"), "{shown}");
            let out = machine.does(&arguments);
            assert!(out.contains(&format!("it reaches {URL}")), "{out}");
            assert!(!out.contains("hunter2"), "{out}");
            assert_eq!(entry(&file), expected, "{client}");
            let after = machine.tree();
            let again = machine.does(&arguments);
            assert!(again.starts_with("unchanged") && machine.tree() == after, "{again}");
            let shown = machine.does(&["unregister", client, "--print"]);
            assert!(!shown.contains("hunter2"), "{shown}");
            machine.does(&["unregister", client]);
            assert_eq!(machine.tree(), before, "{client}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_token_in_a_file_that_everybody_reads_is_told_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    machine.file("cursor", &[]);
    let open = tempfile::TempDir::new().unwrap();
    let token = open.path().join("token");
    write(&token, TOKEN);
    let register = ["register", "cursor", "--http", URL, "--token-file", token.to_str().unwrap()];
    for (directory, file, is_told) in
        [(0o755, 0o644, true), (0o755, 0o600, false), (0o700, 0o644, false)]
    {
        fs::set_permissions(open.path(), fs::Permissions::from_mode(directory)).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(file)).unwrap();
        let ran = machine.run(&register);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let told = "every user of this machine can read the token in ";
        assert_eq!(ran.err.contains(told), is_told, "{directory:o} {file:o}: {}", ran.err);
    }
}

#[test]
fn what_a_person_added_stays_when_the_token_changes() {
    for (client, _) in forms() {
        let machine = Machine::new();
        let token = machine.path("token");
        write(&token, TOKEN);
        let file = machine.file(client, &[]);
        let with_token = ["--http", URL, "--token-file", token.to_str().unwrap()];
        machine.does(&[&["register", client], &with_token[..]].concat());
        let text = fs::read_to_string(&file).unwrap();
        let added = match client {
            "codex" => text.replace("url =", "enabled = false # mine\nurl ="),
            "claude-desktop" => text.replace("\"command\":", "\"disabled\": true, \"command\":"),
            _ => text
                .replace("\"headers\": {", "\"disabled\": true, \"headers\": {\"X-Mine\": \"1\","),
        };
        assert_ne!(added, text, "{client}");
        write(&file, &added);
        write(&token, "trk_other");
        let changed = [&["register", client], &with_token[..]].concat();
        machine.cannot(
            &changed,
            1,
            &["the server at http://127.0.0.1:8787/mcp", ", with other headers; --force"],
        );
        machine.does(&[&changed[..], &["--force"]].concat());
        let now = fs::read_to_string(&file).unwrap();
        assert_eq!(now, added.replace(TOKEN, "trk_other"), "{client}");
        // Without a token, the old one goes.
        machine.does(&["register", client, "--http", URL, "--force"]);
        let now = fs::read_to_string(&file).unwrap();
        assert!(!now.contains("trk_"), "{now}");
        assert!(now.contains("disabled") || now.contains("# mine"), "{now}");
        let out = machine.does(&["unregister", client]);
        assert!(out.contains("with it went "), "{out}");
    }
}

#[test]
fn an_entry_without_a_token_gets_one() {
    for (client, expected) in forms() {
        for (at, options) in
            [["--token-file", "../token"], ["--token-env", "A_TOKEN"]].iter().enumerate()
        {
            if expected[at + 1].is_null() {
                continue;
            }
            let machine = Machine::new();
            write(&machine.path("token"), TOKEN);
            let file = machine.file(client, &[]);
            let before = machine.tree();
            let register = ["register", client, "--http", URL];
            machine.does(&register);
            machine.does(&[&register[..], options].concat());
            assert_eq!(entry(&file), expected[at + 1], "{client}");
            // The other way, it would go.
            machine.cannot(&register, 1, &[", with other headers; --force"]);
            machine.does(&["unregister", client]);
            assert_eq!(machine.tree(), before, "{client}");
        }
    }
}

#[test]
fn a_token_that_got_into_no_file_is_named() {
    let machine = Machine::new();
    machine.does(&["register", "zed", "--http", "http://127.0.0.1:1/mcp"]);
    let token = machine.does(&["token", "add", "ada"]);
    write(&machine.path("token"), token);
    let register = ["register", "zed", "--http", URL, "--token-file", "../token"];
    let told = "the token ada got into no client's file";
    machine.cannot(&register, 1, &["--force", told, "`toolrack token remove ada` removes it"]);
    let ran = machine.run(&[&register[..], &["--force"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("ada"), "{}", ran.err);
    let mut command = machine.command(&["register", "zed", "--http", URL, "--token-file", "-"]);
    let output = command.stdin(Stdio::null()).output().expect("the binary");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("nothing came; a command before `|`"), "{told}");
}

#[test]
fn a_token_that_a_file_holds_is_not_told_as_lost() {
    let machine = Machine::new();
    write(&machine.path("token"), machine.does(&["token", "add", "shared"]));
    let with_token = ["--http", URL, "--token-file", "../token"];
    machine.does(&[&["register", "cursor"], &with_token[..]].concat());
    machine.does(&["register", "gemini", "--http", "http://127.0.0.1:1/mcp"]);
    for clients in [&["cursor", "gemini"][..], &["gemini"]] {
        let register = [&["register"], clients, &with_token].concat();
        let ran = machine.cannot(&register, 1, &["--force replaces it"]);
        assert!(!ran.err.contains("shared"), "{clients:?}: {}", ran.err);
    }
    machine.does(&["unregister", "cursor"]);
    let register = [&["register", "gemini"], &with_token[..]].concat();
    machine.cannot(&register, 1, &["the token shared got into no client's file; "]);
    // A file that cannot be read may hold it.
    write(&machine.file("zed", &[]), [0xff]);
    let told = "the token shared got into no client's file that can be read; ";
    machine.cannot(&register, 1, &[told]);
}

#[test]
fn a_token_is_named_on_every_way_out() {
    let machine = Machine::new();
    write(&machine.path("token"), machine.does(&["token", "add", "ada"]));
    let with_token = ["--http", URL, "--token-file", "../token"];
    for (more, code) in [
        (&["vscode", "--scope", "project"][..], 2),
        (&["cursor", "--header", "Authorization=x"], 2),
        (&["cursor", "--header", "X-A=1", "--header", "x-a=2"], 2),
        (&["zed", "--scope", "project"], 2),
        (&["cursor", "--print"], 0),
        (&[], 2),
    ] {
        let ran = machine.run(&[&["register"], &with_token[..], more].concat());
        assert_eq!(ran.code, code, "{more:?}: {}", ran.err);
        let told = "the token ada got into no client's file";
        assert!(ran.err.contains(told), "{more:?}: {}", ran.err);
    }
}

/// The commands of a page's blocks above `end` that write entries or tokens. The others serve until a signal comes, or need
/// what is built from a clone.
#[cfg(unix)]
fn commands_of(page: &str, end: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    let text = fs::read_to_string(path).expect("readable");
    let text = text.split(end).next().expect("a beginning");
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>());
    let begins = ["toolrack token", "toolrack register", "toolrack unregister"];
    lines.filter(|line| begins.iter().any(|begin| line.starts_with(begin))).collect()
}

#[test]
#[cfg(unix)]
fn the_commands_of_a_page_work_from_top_to_bottom() {
    // Below, README lists commands, each for itself.
    for (page, end) in [("docs/http.md", "\0"), ("README.md", "\n## Call tools from the shell\n")] {
        let machine = Machine::new();
        for client in [".cursor", ".claude", ".codex"] {
            fs::create_dir(machine.path("home").join(client)).expect("made");
        }
        let binary = Path::new(env!("CARGO_BIN_EXE_toolrack")).parent().expect("a directory");
        let commands = commands_of(page, end);
        let to_http = commands.iter().filter(|line| line.contains("--http")).count();
        assert!(to_http > 1, "{page}: {commands:?}");
        if page == "README.md" {
            let first = commands.first().expect("a command");
            assert!(!first.contains("--http"), "it begins with entries that start it: {first}");
        }
        for command in commands {
            let environment = machine.command(&[]);
            let mut shell = std::process::Command::new("/bin/sh");
            let variables = environment.get_envs();
            shell.envs(variables.filter_map(|(name, value)| Some((name, value?))));
            shell.env("PATH", binary).current_dir(machine.path("project"));
            let output = shell.args(["-c", &command]).output().expect("a shell");
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && !told.contains("error:"), "{command}: {told}");
        }
        let entry = entry(&machine.file("cursor", &["--force"]));
        assert_eq!(entry["url"], URL, "{page}: {entry}");
    }
}

#[test]
fn an_entry_changes_from_a_program_to_a_url_and_back_by_force_alone() {
    for (client, expected) in forms() {
        let machine = Machine::new();
        let file = machine.file(client, &[]);
        machine.does(&["register", client]);
        machine.cannot(&["register", client, "--http", URL], 1, &["is something else", "--force"]);
        machine.does(&["register", client, "--http", URL, "--force"]);
        assert_eq!(entry(&file), expected[0], "{client}");
        machine.cannot(&["register", client], 1, &["is something else", "--force"]);
        machine.does(&["register", client, "--force"]);
        let entry = entry(&file);
        assert_eq!(entry["args"], json!(["serve", "--stdio"]), "{client}");
        assert!(entry.get("url").is_none(), "{client}: {entry}");
        machine.does(&["unregister", client]);
        assert_eq!(machine.tree().len(), 0, "{client}");
    }
}

#[test]
fn other_headers_are_written_and_a_token_among_them_is_warned_of() {
    let machine = Machine::new();
    let file = machine.file("cursor", &[]);
    let register = ["register", "cursor", "--http", URL, "--force", "--header"];
    let ran = machine.run(&[&register[..], &["X-Team=blue"]].concat());
    assert_eq!((ran.code, &*ran.err), (0, ""), "{}", ran.out);
    assert_eq!(entry(&file)["headers"], json!({ "X-Team": "blue" }));
    for header in ["Authorization=Basic hunter2", "X-Key: ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"]
    {
        let ran = machine.run(&[&register[..], &[header]].concat());
        let (name, value) = header.split_once(['=', ':']).unwrap();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let told = format!("the value of {name} stands in the shell's history now; --token-file");
        assert!(ran.err.contains(&told) && !ran.err.contains(value.trim()), "{}", ran.err);
        assert_eq!(entry(&file)["headers"][name], value.trim());
    }
    let ran = machine.run(&["register", "claude-desktop", "--http", URL, "--header", "X-Team=a b"]);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{}", ran.out);
    let told = "it reaches http://127.0.0.1:8787/mcp by mcp-remote, which npx starts\n     npx was not found here; it comes with Node.js";
    assert!(ran.out.contains(told), "{}", ran.out);
    let entry = entry(&machine.file("claude-desktop", &["--force"]));
    assert_eq!(entry["env"], json!({ "TOOLRACK_HTTP_X_TEAM": "a b" }));
    let far = "http://tools.example/mcp";
    let warned = "requests to http:// show the token to whoever carries them";
    for (client, options, is_warned) in [
        ("zed", &["--header", "X-Team=blue"][..], false),
        ("cursor", &["--token-env", "A_TOKEN"], true),
        ("claude-desktop", &["--header", "Authorization=x"], true),
    ] {
        let ran = machine.run(&[&["register", client, "--http", far, "--force"], options].concat());
        assert_eq!((ran.code, ran.err.contains(warned)), (0, is_warned), "{}", ran.err);
    }
    assert_eq!(
        self::entry(&machine.file("claude-desktop", &["--force"]))["args"][3],
        "--allow-http"
    );
}

#[test]
fn a_projects_file_gets_no_token() {
    let machine = Machine::new();
    let token = machine.path("token");
    write(&token, TOKEN);
    let register = ["register", "vscode", "--scope", "project", "--http", URL];
    for options in [
        ["--token-file", token.to_str().unwrap()],
        ["--header", "authorization=Bearer hunter2"],
        ["--header", "X-Key=ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"],
        ["--header", "X-Api-Key=hunter2hunter2"],
        ["--header", "Cookie=session=hunter2"],
        ["--header", "Proxy-Authorization=Basic hunter2"],
        ["--header", "X-Key=${trk_hunter2hunter2hunter2}"],
    ] {
        let ran = machine.cannot(&[&register[..], &options].concat(), 2, &["--token-env"]);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
    for url in
        [format!("https://tools.example/{TOKEN}/mcp"), format!("https://{TOKEN}.tools.example/mcp")]
    {
        let in_url = ["register", "vscode", "--scope", "project", "--http", &url];
        let ran = machine.cannot(&in_url, 2, &["the URL seems to hold a token", "--token-env"]);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
    assert!(!machine.path("project/.vscode").exists());
    machine.does(&[&register[..], &["--header", "X-Key=${env:A_KEY}"]].concat());
    machine.does(&["unregister", "vscode", "--scope", "project"]);
    let out = machine.does(&[&register[..], &["--token-env", "A_TOKEN"]].concat());
    assert!(out.contains("it reads the token from A_TOKEN, which has to be set"), "{out}");
    let entry = entry(&machine.path("project/.vscode/mcp.json"));
    assert_eq!(entry["headers"]["Authorization"], "Bearer ${env:A_TOKEN}");
}

#[test]
#[cfg(unix)]
fn a_file_that_others_may_read_gets_no_token() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let machine = Machine::new();
    let token = machine.path("token");
    write(&token, TOKEN);
    let file = machine.file("cursor", &[]);
    let shared = machine.path("project/mcp.json");
    write(&shared, "{}");
    fs::create_dir_all(file.parent().expect("a directory")).expect("made");
    symlink(&shared, &file).expect("a link");
    let register = ["register", "cursor", "--http", URL];
    let with_token = [&register[..], &["--token-file", token.to_str().unwrap()]].concat();
    for mode in [0o644, 0o640, 0o604, 0o620] {
        fs::set_permissions(&shared, fs::Permissions::from_mode(mode)).expect("set");
        let told = format!("close it with `chmod 600 {}`", shared.display());
        machine.cannot(&with_token, 1, &["others may read it", &told]);
        let with_header = [&register[..], &["--header", "X-Key=hunter2"]].concat();
        machine.cannot(&with_header, 1, &["others may read it"]);
        for url in [
            format!("https://tools.example/{TOKEN}/mcp"),
            format!("https://{TOKEN}.tools.example/mcp"),
        ] {
            let in_url = ["register", "cursor", "--http", &*url];
            machine.cannot(&in_url, 1, &["others may read it"]);
        }
    }
    assert_eq!(fs::read_to_string(&shared).expect("read"), "{}");
    // A variable's name is no secret.
    machine.does(&[&register[..], &["--token-env", "A_TOKEN"]].concat());
    machine.does(&["unregister", "cursor"]);
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o600)).expect("set");
    machine.does(&with_token);
}

#[test]
fn a_token_is_read_from_stdin() {
    let machine = Machine::new();
    let file = machine.file("zed", &[]);
    let mut command = machine.command(&["register", "zed", "--http", URL, "--token-file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("started");
    child.stdin.take().expect("piped").write_all(TOKEN.as_bytes()).expect("read");
    assert!(child.wait().expect("ended").success());
    assert_eq!(entry(&file)["headers"]["Authorization"], format!("Bearer {TOKEN}"));
}

#[test]
fn what_is_asked_for_wrongly_is_told_and_changes_nothing() {
    let machine = Machine::new();
    write(machine.path("project/words").as_path(), "two words");
    for (options, code, part) in [
        (&["--http", "8787"][..], 2, "expected a URL with a path"),
        (&["--http", "http://127.0.0.1:8787"], 2, "toolrack serves at http://127.0.0.1:8787/mcp"),
        (&["--http", "http://a:hunter2@b/mcp"], 2, "no user and no password"),
        (&["--token-env", "A_TOKEN"], 2, "--http"),
        (&["--http", URL, "--token-env", "hunter2-2"], 2, "expected the name of a variable"),
        (&["--http", URL, "--token-env", TOKEN], 2, "a variable in capitals"),
        (&["--http", URL, "--token-env", "hunter2"], 2, "a variable in capitals"),
        (&["--http", URL, "--header", "hunter2"], 2, "expected NAME=VALUE"),
        (&["--http", URL, "--header", "X-A=hunter2\u{e4}"], 2, "printable ASCII"),
        (&["--http", URL, "--plugins", "p"], 2, "cannot be used with"),
        (&["--http", URL, "--locked"], 2, "cannot be used with"),
        (&["--http", URL, "--token-file", "words"], 2, "expected a token on one line"),
        (&["--http", URL, "--token-file", "nowhere"], 2, "--token-file"),
        (&["--http", URL, "--token-env", "A", "--token-file", "words"], 2, "cannot be used with"),
        (
            &["--http", URL, "--token-env", "A", "--header", "Authorization=hunter2"],
            2,
            "leave out one of the two",
        ),
    ] {
        let ran = machine.cannot(&[&["register", "cursor"], options].concat(), code, &[part]);
        assert!(!ran.err.contains("hunter2"), "{options:?}: {}", ran.err);
    }
    assert_eq!(machine.tree().len(), 1);
}

#[test]
fn doctor_looks_for_a_server_of_this_machine() {
    let machine = Machine::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let url = format!("http://127.0.0.1:{port}/mcp");
    machine.does(&["register", "cursor", "--http", &url]);
    let out = machine.run(&["doctor"]).out;
    let told = format!("reaches the server at {url}, of which it was not found out whether");
    assert!(out.contains(&told) && out.contains("no answer came within 1s"), "{out}");
    drop(listener);
    let out = machine.run(&["doctor"]).out;
    let told = format!("reaches the server at {url}, where nothing listens on port {port}");
    assert!(out.contains(&told), "{out}");
    assert!(out.contains(&format!("`toolrack serve --http {port}` serves there")), "{out}");
}

#[test]
fn doctor_tells_that_it_did_not_ask() {
    let machine = Machine::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let own = listener.local_addr().expect("an address");
    let with_query = format!("http://{own}/mcp?team=blue");
    let project = ["--scope", "project"];
    for (url, options, why) in [
        (&*format!("http://{own}/mcp"), &project[..], "a project's file names it"),
        ("http://nosuch.example/mcp", &project, "a project's file names it"),
        ("http://nosuch.example/mcp", &[], "it is of another machine"),
        (&with_query, &[], "expected a URL with a path and no query"),
    ] {
        let written = url.split('?').next().unwrap();
        let register = ["register", "cursor", "--force", "--http", written];
        machine.does(&[&register[..], options].concat());
        let file = machine.file("cursor", &[&["--force"], options].concat());
        write(&file, fs::read_to_string(&file).unwrap().replace(written, url));
        let out = machine.run(&["doctor"]).out;
        let line = out.lines().find(|line| line.contains("which was not asked")).unwrap_or(&out);
        assert!(line.starts_with("note") && line.contains(why), "{url}: {out}");
        assert!(!out.contains("reaches"), "{out}");
        assert!(listener.accept().is_err(), "it was asked");
        machine.does(&[&["unregister", "cursor"], options].concat());
    }
}

/// The health that a toolrack tells.
const HEALTH: &str = r#"{"status":"ok","time":"2026-01-01T00:00:00Z","version":"0.1.0","uptimeSeconds":1,"catalog":null,"plugins":{"serving":0,"loading":0,"refused":0},"tools":0,"statistics":{"calls":0,"errors":0,"cancelled":0,"running":0,"waiting":0}}"#;

/// A server of this machine that answers `/health` with the first and the requests behind each other with the rest of
/// `answers`. Returns its URL, and the requests.
fn answering(health: String, answers: &[&str]) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    let mut answers: Vec<String> = answers.iter().rev().map(ToString::to_string).collect();
    let asked = std::thread::spawn(move || {
        let mut asked = String::new();
        while !answers.is_empty() {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut bytes = [0; 1024];
            let read = stream.read(&mut bytes).unwrap_or_default();
            let request = String::from_utf8_lossy(&bytes[..read]);
            asked += &request;
            // A connection without a request only looks whether something listens.
            let answer = match request.starts_with("GET /health ") {
                true => Some(health.clone()),
                false if request.is_empty() => None,
                false => answers.pop(),
            };
            let _ = answer.map(|answer| stream.write_all(answer.as_bytes()));
        }
        asked
    });
    (url, asked)
}

/// An answer of this status and with these headers, whose body is `body`.
fn http_answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn doctor_tells_what_a_server_answers_an_entry_without_a_token() {
    let json = "Content-Type: application/json";
    for (head, body, level, told) in [
        (
            "401 Unauthorized\r\nWWW-Authenticate: Bearer",
            "",
            "wrong",
            "which wants a token (401), and the entry has none; `toolrack token add NAME | toolrack register cursor --http ",
        ),
        (
            "401 Unauthorized\r\nWWW-Authenticate: Bearer resource_metadata=\"http://x\"",
            "",
            "ok",
            "which wants an access token and says where to get one",
        ),
        (&format!("400 Bad Request\r\n{json}"), "{}", "ok", "/mcp\n"),
        ("405 Method Not Allowed", "", "ok", "/mcp\n"),
        ("200 OK\r\nContent-Type: text/event-stream", "", "ok", "/mcp\n"),
        (
            "200 OK\r\nContent-Type: text/plain",
            "ok\n",
            "wrong",
            "it answers 200, and no stream of MCP; mend the URL",
        ),
        (&format!("200 OK\r\n{json}"), "{}", "wrong", "it answers 200, and no stream of MCP"),
        (
            "400 Bad Request",
            "HTTPS is spoken on this port\n",
            "wrong",
            "serves no client of that URL: it answers 400: HTTPS is spoken on this port",
        ),
        (
            &format!("403 Forbidden\r\n{json}"),
            r#"{"error":{"code":-1,"message":"the host is none"}}"#,
            "wrong",
            "it answers 403: the host is none",
        ),
        (
            &format!("404 Not Found\r\n{json}"),
            r#"{"error":"x","error_description":"nothing is here"}"#,
            "wrong",
            "it answers 404: nothing is here",
        ),
        ("503 Busy", "", "note", "not found out whether it serves this client: it answers 503"),
    ] {
        let machine = Machine::new();
        let (url, asked) = answering(String::new(), &[&http_answer(head, body)]);
        machine.does(&["register", "cursor", "--http", &url, "--force"]);
        let out = machine.run(&["doctor"]).out;
        let asked = asked.join().expect("asked");
        assert!(!asked.to_ascii_lowercase().contains("authorization"), "{asked}");
        let line = out.split_inclusive('\n').find(|line| line.contains(&url)).unwrap_or(&out);
        assert!(line.starts_with(level) && line.contains(told), "{head}: {out}");
    }
    let machine = Machine::new();
    let (url, asked) = answering(String::new(), &["SSH-2.0-x\r\n"]);
    machine.does(&["register", "cursor", "--http", &url]);
    let out = machine.run(&["doctor"]).out;
    asked.join().expect("asked");
    assert!(out.contains("where no client gets an answer: what it answers is no HTTP"), "{out}");
    // The path is left out.
    let nothing_here = http_answer("404 Not Found", "nothing is here; MCP is served at /mcp");
    for path in ["", "/"] {
        let machine = Machine::new();
        let (url, asked) = answering(String::new(), &[&nothing_here]);
        machine.does(&["register", "cursor", "--http", &url]);
        let file = machine.file("cursor", &["--force"]);
        let text = fs::read_to_string(&file).unwrap();
        write(&file, text.replace("/mcp\"", &format!("{path}\"")));
        let out = machine.run(&["doctor"]).out;
        assert!(asked.join().expect("asked").starts_with("GET / "), "{out}");
        let line = out.lines().find(|line| line.contains("reaches")).unwrap_or(&out);
        let told = "it answers 404: nothing is here; MCP is served at /mcp; mend the URL";
        assert!(line.starts_with("wrong") && line.contains(told), "{out}");
    }
}

/// The answer of a toolrack to `/health`.
fn health() -> String {
    http_answer("200 OK\r\nContent-Type: application/json", HEALTH)
}

#[test]
fn doctor_shows_a_token_to_no_other_program() {
    let wants = http_answer("401 Unauthorized", "");
    for health in [
        String::new(),
        http_answer("200 OK", "ok\n"),
        http_answer("200 OK\r\nContent-Type: application/json", "{}"),
        http_answer("404 Not Found", HEALTH),
    ] {
        let machine = Machine::new();
        write(&machine.path("token"), TOKEN);
        let (url, asked) = answering(health, &[&wants]);
        machine.does(&["register", "cursor", "--http", &url, "--token-file", "../token"]);
        let out = machine.run(&["doctor"]).out;
        let asked = asked.join().expect("asked").to_ascii_lowercase();
        assert!(asked.contains("get /mcp ") && !asked.contains("hunter2"), "{asked}");
        let line = out.split_inclusive('\n').find(|line| line.contains(&url)).unwrap_or(&out);
        let told = "does not show that it is a toolrack, so it was not sent the entry's; `toolrack status`";
        assert!(line.starts_with("note") && line.contains(told), "{out}");
    }
}

#[test]
fn doctor_repeats_why_a_server_refuses_a_token() {
    let refused =
        http_answer("401 Unauthorized", "the header is to be `Authorization: Bearer TOKEN`");
    for (before, told) in [
        ("Bearer ", "TOKEN`; `toolrack token add NAME | toolrack register cursor"),
        ("", "TOKEN`; write `Bearer` and a space before the token in that header"),
    ] {
        let machine = Machine::new();
        write(&machine.path("token"), TOKEN);
        let (url, asked) = answering(health(), &[&refused]);
        machine.does(&["register", "cursor", "--http", &url, "--token-file", "../token"]);
        let file = machine.file("cursor", &["--force"]);
        write(&file, fs::read_to_string(&file).unwrap().replace("Bearer ", before));
        let out = machine.run(&["doctor"]).out;
        asked.join().expect("asked");
        let line = out.split_inclusive('\n').find(|line| line.contains(&url)).unwrap_or(&out);
        let all = format!(
            "refuses the entry's token (401): the header is to be `Authorization: Bearer {told}"
        );
        assert!(line.starts_with("wrong") && line.contains(&all), "{out}");
    }
}

#[test]
fn doctor_waits_until_a_server_has_looked_for_a_new_token() {
    let refused = http_answer("401 Unauthorized", "it is none of this server's");
    let welcomed = http_answer("400 Bad Request\r\nContent-Type: application/json", "{}");
    for (answers, level, told) in [
        (&[&*refused, &welcomed][..], "ok", "/mcp\n"),
        (&[&*refused; 20][..], "wrong", "it counts where TOOLRACK_HOME is as here"),
    ] {
        let machine = Machine::new();
        let (url, _) = answering(health(), answers);
        write(&machine.path("token"), machine.does(&["token", "add", "ada"]));
        machine.does(&["register", "cursor", "--http", &url, "--token-file", "../token"]);
        let out = machine.run(&["doctor"]).out;
        let line = out.split_inclusive('\n').find(|line| line.contains(&url)).unwrap_or(&out);
        assert!(line.starts_with(level) && line.contains(told), "{out}");
    }
}

#[test]
fn doctor_tries_an_entry_with_its_own_token() {
    for (client, _) in forms() {
        let variable = ["--token-env", "A_TOKEN"];
        let refused = http_answer("401 Unauthorized", "");
        let welcomed = http_answer("400 Bad Request\r\nContent-Type: application/json", "{}");
        for (options, value, answer, level, told) in [
            (
                ["--token-file", "../token"],
                None,
                &refused,
                "wrong",
                "refuses the entry's token (401)",
            ),
            (["--token-file", "../token"], None, &welcomed, "ok", "/mcp\n"),
            (variable, Some(TOKEN), &refused, "wrong", "refuses the token that A_TOKEN holds here"),
            (variable, Some(TOKEN), &welcomed, "ok", "/mcp\n"),
            (variable, None, &refused, "note", "A_TOKEN, which is not set in this shell"),
        ] {
            let machine = Machine::new();
            write(&machine.path("token"), TOKEN);
            let (url, asked) = answering(health(), &[answer]);
            let register = [&["register", client, "--http", &url], &options[..]].concat();
            if machine.run(&register).code != 0 {
                // It reads no variable.
                assert!(matches!(client, "claude-desktop" | "zed") && options == variable);
                continue;
            }
            if client == "claude-desktop" {
                write(&machine.path("bin/npx"), "");
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt as _;
                    let mode = fs::Permissions::from_mode(0o755);
                    fs::set_permissions(machine.path("bin/npx"), mode).expect("set");
                }
            }
            let mut command = machine.command(&["doctor"]);
            command.envs(value.map(|value| ("A_TOKEN", value)));
            let output = command.output().expect("the binary");
            let out = String::from_utf8(output.stdout).expect("UTF-8");
            let asked = asked.join().expect("asked").to_ascii_lowercase();
            let sent = format!("authorization: bearer {TOKEN}");
            let is_sent = options != variable || value.is_some();
            assert_eq!(asked.contains(&sent), is_sent, "{client}: {asked}");
            let line = out.split_inclusive('\n').find(|line| line.contains(&url)).unwrap_or(&out);
            assert!(line.starts_with(level) && line.contains(told), "{client}: {out}");
            assert!(!out.contains("hunter2"), "{out}");
        }
    }
}

#[test]
#[cfg(unix)]
fn doctor_tells_of_a_token_that_everybody_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    // Everybody gets to it where the directories above are open, too.
    let machine = Machine::new();
    write(&machine.path("token"), TOKEN);
    let file = machine.file("cursor", &[]);
    let far = "https://tools.example/mcp";
    machine.does(&["register", "cursor", "--http", far, "--token-file", "../token"]);
    let told =
        format!("everybody on this machine can read the file; `chmod go-rwx {}`", file.display());
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    };
    let above: Vec<_> = file.ancestors().skip(1).take(3).collect();
    for (of_file, of_home, is_told) in
        [(0o600, 0o755, false), (0o644, 0o755, true), (0o644, 0o700, false)]
    {
        mode(&file, of_file);
        above.iter().for_each(|directory| mode(directory, of_home));
        let out = machine.run(&["doctor"]).out;
        assert_eq!(out.contains(&told), is_told, "{of_file:o} {of_home:o}: {out}");
        assert!(!out.contains("hunter2"), "{out}");
    }
    mode(&file, 0o644);
    above.iter().for_each(|directory| mode(directory, 0o755));
    machine.does(&["register", "cursor", "--http", far, "--token-env", "A_TOKEN", "--force"]);
    assert!(!machine.run(&["doctor"]).out.contains("can read the file"));
}

#[test]
fn headers_of_which_one_would_be_lost_are_refused() {
    let machine = Machine::new();
    for (headers, told) in [
        (["X-A=1", "x-a=2"], "`x-a` is given twice"),
        (["X-A=1", "X_A=2"], "`X-A` and `X_A` are one variable"),
    ] {
        let [one, two] = headers;
        let command = ["register", "cursor", "--http", URL, "--header", one, "--header", two];
        machine.cannot(&command, 2, &[told]);
    }
}
