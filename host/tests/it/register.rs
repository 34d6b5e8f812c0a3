//! Entries in the files of MCP clients: written, found, refused, and taken out again to the last byte.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::machine::{Machine, write};

const CLIENTS: [&str; 10] = [
    "claude",
    "claude-desktop",
    "codex",
    "cursor",
    "gemini",
    "vscode",
    "vscode-insiders",
    "vscodium",
    "windsurf",
    "zed",
];
const OF_PROJECTS: [&str; 5] = ["claude", "codex", "cursor", "gemini", "vscode"];

/// The entry `toolrack` in a file without comments.
fn entry(file: &Path) -> Value {
    let text = fs::read_to_string(file).expect("readable");
    let text = text.trim_start_matches('\u{feff}');
    let whole: Value = match file.extension().is_some_and(|ending| ending == "toml") {
        true => toml::from_str(text).expect("TOML"),
        false => serde_json::from_str(text).expect("JSON"),
    };
    let keys = ["mcpServers", "servers", "context_servers", "mcp_servers"];
    let entry = keys.iter().find_map(|key| whole[*key].get("toolrack"));
    entry.cloned().unwrap_or_default()
}

#[test]
fn an_entry_names_what_the_configuration_asks_for() {
    let machine = Machine::new();
    let config = machine.path("toolrack/config.toml");
    write(&config, "plugins = [\"/tools\"]\n[http]\naddress = \"127.0.0.1:8787\"\n");
    let file = machine.file("cursor", &[]);
    machine.does(&["register", "cursor"]);
    // The server of a client speaks to that alone, and finds the directories where the configuration names them.
    assert_eq!(entry(&file)["args"], serde_json::json!(["serve", "--stdio"]));
    let other = machine.path("other.toml");
    write(&other, "");
    let other = other.to_str().expect("UTF-8");
    machine.does(&["unregister", "cursor"]);
    machine.does(&["--config", other, "register", "cursor"]);
    assert_eq!(entry(&file)["args"], serde_json::json!(["serve", "--stdio", "--config", other]));
}

#[test]
fn each_client_gets_an_entry_in_its_file_and_loses_it_without_a_trace() {
    for client in CLIENTS {
        let machine = Machine::new();
        let before = machine.tree();
        let file = machine.file(client, &[]);
        assert!(file.starts_with(machine.path("home")), "{file:?}");
        assert_eq!(machine.tree(), before, "--print changes nothing");
        let out = machine.does(&["register", client]);
        assert!(out.contains(&format!("toolrack unregister {client}")), "{out}");
        let entry = entry(&file);
        assert_eq!(entry["command"], env!("CARGO_BIN_EXE_toolrack"), "{client}");
        assert_eq!(entry["args"], serde_json::json!(["serve", "--stdio"]), "{client}");
        assert_eq!(entry["env"]["TOOLRACK_HOME"], machine.path("toolrack").to_str().unwrap());
        let after = machine.tree();
        let again = machine.does(&["register", client]);
        assert!(again.starts_with("unchanged") && machine.tree() == after, "{again}");
        machine.does(&["unregister", client]);
        assert_eq!(machine.tree(), before, "{client}");
        let kept = fs::read_dir(machine.path("toolrack/clients")).expect("a directory").count();
        assert_eq!(kept, 0, "nothing is kept of {client}");
        let again = machine.does(&["unregister", client]);
        assert!(again.contains("has no entry `toolrack`"), "{again}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_are_where_clients_look_for_them() {
    let machine = Machine::new();
    for (client, variable, expected) in [
        ("claude", None, "home/.claude.json"),
        ("claude", Some("CLAUDE_CONFIG_DIR"), "other/.claude.json"),
        ("claude-desktop", None, "home/.config/Claude/claude_desktop_config.json"),
        ("claude-desktop", Some("XDG_CONFIG_HOME"), "other/Claude/claude_desktop_config.json"),
        ("codex", None, "home/.codex/config.toml"),
        ("codex", Some("CODEX_HOME"), "other/config.toml"),
        ("cursor", None, "home/.cursor/mcp.json"),
        ("gemini", None, "home/.gemini/settings.json"),
        ("gemini", Some("GEMINI_CLI_HOME"), "other/.gemini/settings.json"),
        ("vscode", None, "home/.config/Code/User/mcp.json"),
        ("vscode-insiders", None, "home/.config/Code - Insiders/User/mcp.json"),
        ("vscodium", None, "home/.config/VSCodium/User/mcp.json"),
        ("windsurf", None, "home/.codeium/windsurf/mcp_config.json"),
        ("zed", None, "home/.config/zed/settings.json"),
    ] {
        let mut command = machine.command(&["register", client, "--print"]);
        command.envs(variable.map(|variable| (variable, machine.path("other"))));
        let out = String::from_utf8(command.output().expect("the binary").stdout).expect("UTF-8");
        let expected = machine.path(expected);
        assert!(out.lines().next().expect("a line").ends_with(expected.to_str().unwrap()), "{out}");
    }
}

/// What a file may hold before, as JSON and as TOML.
fn states(client: &str) -> Vec<Vec<u8>> {
    let toml = |text: &str| text.as_bytes().to_vec();
    if client == "codex" {
        return vec![
            Vec::new(),
            toml("\n\n"),
            toml("model = \"m\""),
            toml("# mine\nmodel = \"m\" # why\n\n[mcp_servers.other]\ncommand = \"o\"\n# last\n"),
            toml("# mine\r\n[mcp_servers]\r\n# none\r\n\r\n[tui]\r\ntheme = 1\r\n"),
            toml("\u{feff}model = \"m\"\n"),
        ];
    }
    let key = match client {
        "vscode" => "servers",
        "zed" => "context_servers",
        _ => "mcpServers",
    };
    let mut states: Vec<_> = [
        "",
        "  \n",
        "{}",
        "{}\n",
        "{ \"a\": [1,  2] }",
        "{\n\t\"KEY\": {\n\t\t\"other\": {\"command\": \"o\"}\n\t},\n\t\"a\":   1\n}",
        "{\r\n    \"KEY\": {\r\n    }\r\n}\r\n",
        "\u{feff}{\n  \"a\": \"\\u00e4\",\n  \"KEY\": {}\n}\n",
    ]
    .map(|text| text.replace("KEY", key).into_bytes())
    .to_vec();
    if !client.starts_with("claude") {
        let commented = "// mine\n{\n  /* why */ \"a\": 1, // one\n  \"KEY\": {\n    \"other\": {}, // last\n  },\n}\n";
        states.extend([commented.replace("KEY", key).into_bytes(), b"// mine".to_vec()]);
    }
    states
}

#[test]
fn a_file_is_as_it_was_afterwards_whatever_it_was() {
    for client in CLIENTS {
        let machine = Machine::new();
        let file = machine.file(client, &[]);
        for state in states(client) {
            let shown = String::from_utf8_lossy(&state).into_owned();
            write(&file, &state);
            machine.does(&["register", client]);
            let with = String::from_utf8(fs::read(&file).expect("readable")).expect("UTF-8");
            assert!(with.contains("serve"), "{client}: {with}");
            for part in ["\u{feff}", "// mine", "# mine", "// last", "# last", "[1,  2]", "other"] {
                assert!(!shown.contains(part) || with.contains(part), "no {part:?} in {with}");
            }
            let ends = shown.contains('\r');
            assert!(!ends || with.lines().count() == with.matches("\r\n").count(), "{with:?}");
            machine.does(&["unregister", client]);
            assert_eq!(fs::read(&file).expect("readable"), state, "{client}: {shown:?}");
        }
    }
}

#[test]
fn what_others_write_meanwhile_stays() {
    let machine = Machine::new();
    let file = machine.file("claude", &[]);
    for (before, expected) in [
        (Some("{\"a\": 1}"), "{\n  \"a\": 1,\n  \"b\": 2\n}"),
        (
            Some("{\"a\": 1, \"mcpServers\": {}}"),
            "{\n  \"a\": 1,\n  \"mcpServers\": {},\n  \"b\": 2\n}",
        ),
        (None, "{\n  \"b\": 2\n}"),
    ] {
        let _ = fs::remove_file(&file);
        before.inspect(|before| write(&file, before));
        machine.does(&["register", "claude"]);
        // As Claude Code does, which writes its file anew.
        let mut whole: Value = serde_json::from_slice(&fs::read(&file).unwrap()).expect("JSON");
        whole["b"] = 2.into();
        write(&file, serde_json::to_string_pretty(&whole).unwrap());
        machine.does(&["unregister", "claude"]);
        let (now, expected) = (fs::read_to_string(&file).unwrap(), expected);
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(value(&now), value(expected), "{before:?}: {now}");
    }
}

#[test]
fn an_entry_of_a_toolrack_that_is_gone_is_corrected_and_keeps_what_was_added() {
    for (client, text) in [
        (
            "cursor",
            "{\"mcpServers\": {\"toolrack\": {\"command\": \"/gone/toolrack\", \"args\": [\"serve\", \"--plugins\", \"/srv\", \"--locked\"], \
             \"autoApprove\": [\"x\"], \"env\": {\"TOKEN\": \"value\"}}}}",
        ),
        (
            "codex",
            "[mcp_servers.toolrack]\ncommand = \"/gone/toolrack\" # mine\nargs = [\"serve\", \"--plugins\", \"/srv\", \"--locked\"]\nautoApprove = [\"x\"]\n\
             [mcp_servers.toolrack.env]\nTOKEN = \"value\"\n",
        ),
    ] {
        let machine = Machine::new();
        let file = machine.file(client, &[]);
        write(&file, text);
        let out = machine.does(&["register", client]);
        assert!(out.contains("serve --stdio --plugins /srv --locked"), "{out}");
        let now = entry(&file);
        assert_eq!(now["command"], env!("CARGO_BIN_EXE_toolrack"), "{client}");
        // What serves which directory, and how strictly, was not asked to be changed.
        let args = serde_json::json!(["serve", "--stdio", "--plugins", "/srv", "--locked"]);
        assert_eq!(now["args"], args, "{client}");
        assert_eq!((&now["autoApprove"][0], &now["env"]["TOKEN"]), (&"x".into(), &"value".into()));
        // Somebody else writes the file, so it cannot be put back whole.
        let held = fs::read_to_string(&file).unwrap() + "\n";
        write(&file, &held);
        let out = machine.does(&["unregister", client]);
        let comments = if client == "codex" { ", 1 comment" } else { "" };
        let told = format!("with it went autoApprove, env.TOKEN{comments}; the file as it was");
        assert!(out.contains(&told), "{out}");
        assert!(!out.contains("value"), "{out}");
        let kept = fs::read_dir(machine.path("toolrack/clients")).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            (path.extension().unwrap_or_default().to_owned(), fs::read_to_string(path).unwrap())
        });
        let removed = kept.filter(|(ending, _)| ending == "removed").map(|(_, text)| text);
        assert_eq!(removed.collect::<Vec<_>>(), [held.as_str()], "{client}");
        // Another one is kept beside it.
        write(&file, text.replace("TOKEN", "SECOND"));
        let out = machine.does(&["unregister", client]);
        assert!(
            out.contains(&format!("env.SECOND{comments}; the file as it was stands in "))
                && out.contains(".removed2"),
            "{out}"
        );
    }
}

#[test]
fn comments_that_go_with_an_entry_are_told_and_kept() {
    for (client, before, comment) in [
        ("cursor", "{}\n", "\"serve\" // mine: \"no comment\"\n /* two */"),
        ("cursor", "", "\"serve\" // one\n // two\n"),
        ("codex", "# first\na = \"# none\"\n", "\"serve\" # one\n  # two\n"),
    ] {
        let machine = Machine::new();
        let file = machine.file(client, &[]);
        if !before.is_empty() {
            write(&file, before);
        }
        machine.does(&["register", client]);
        let text = fs::read_to_string(&file).unwrap();
        let commented = text.replace("\"serve\"", comment);
        write(&file, &commented);
        let out = machine.does(&["unregister", client]);
        assert!(out.contains("with it went 2 comments; the file as it was stands in "), "{out}");
        let kept = out.lines().find_map(|line| line.split_once("stands in ")).expect("a path").1;
        assert_eq!(fs::read_to_string(kept).unwrap(), commented, "{client}");
        // An entry that is corrected loses those in its arguments alone, where these change.
        let moved =
            commented.replace("\"command\": \"", "\"command\": \"/gone/toolrack\", \"x\": \"");
        let moved = moved.replace("command = \"", "command = \"/gone/toolrack\"\nx = \"");
        write(&file, &moved);
        let out = machine.does(&["register", client, "--plugins", "there"]);
        assert!(out.contains("went 2 comments"), "{out}");
        let kept = out.lines().find_map(|line| line.split_once("stands in ")).expect("a path").1;
        assert_eq!(fs::read_to_string(kept).unwrap(), moved, "{client}");
    }
}

#[test]
fn a_plugin_directory_that_is_not_there_is_told() {
    let machine = Machine::new();
    let told = "nowhere: there is no such directory yet";
    let ran = machine.run(&["register", "cursor", "--plugins", "nowhere"]);
    assert!(ran.code == 0 && ran.err.contains(told), "{}", ran.err);
    fs::create_dir(machine.path("project/nowhere")).unwrap();
    let ran = machine.run(&["register", "codex", "--plugins", "nowhere"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let ran = machine.run(&["register", "gemini"]);
    assert_eq!((ran.code, &*ran.err), (0, ""), "add makes the one in the home");
    let told = "no plugin is installed yet: `toolrack add FILE` installs one";
    assert!(ran.out.contains(told), "{}", ran.out);
}

#[test]
fn an_entry_of_the_local_scope_is_told() {
    let machine = Machine::new();
    let file = machine.file("claude", &[]);
    let project = machine.path("project").canonicalize().unwrap();
    let entry = serde_json::json!({ "toolrack": { "command": "/old/toolrack" } });
    let projects = serde_json::json!({ project.to_str().unwrap(): { "mcpServers": entry } });
    write(&file, serde_json::json!({ "projects": projects }).to_string());
    let told = "Claude Code still has one of its own for this directory; `claude mcp remove --scope local toolrack`";
    for command in ["register", "unregister"] {
        let out = machine.does(&[command, "claude"]);
        assert!(out.contains(told), "{command}: {out}");
    }
}

#[test]
fn an_entry_that_somebody_removed_by_hand_leaves_nothing_to_undo() {
    let machine = Machine::new();
    let file = machine.file("cursor", &[]);
    write(&file, "{ \"old\": 1 }");
    machine.does(&["register", "cursor"]);
    let new = "{ \"new\": 2 }";
    write(&file, new);
    machine.does(&["register", "cursor"]);
    machine.does(&["unregister", "cursor"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), new);
}

#[test]
fn two_names_in_one_file_do_not_hinder_each_other() {
    let machine = Machine::new();
    for client in ["cursor", "codex"] {
        let file = machine.file(client, &[]);
        for order in [["one", "two"], ["two", "one"]] {
            write(&file, "");
            for name in ["one", "two"] {
                machine.does(&["register", client, "--name", name]);
            }
            for name in order {
                let out = machine.does(&["unregister", "--name", name]);
                assert!(out.contains(&format!("unregistered {name}")), "{out}");
            }
            assert!(matches!(fs::read_to_string(&file).unwrap().trim(), "" | "{}"));
        }
    }
}

#[test]
fn what_cannot_be_understood_is_left_alone_and_costs_no_other_client() {
    let machine = Machine::new();
    for (client, text, place) in [
        ("claude", "{\n  \"a\" 1\n}", ":2:7: expected colon"),
        ("claude-desktop", "{\n  // mine\n}", ":2:3: comments are not allowed"),
        ("codex", "a = 1\nb = \n", ":2:5: "),
        ("gemini", "{\"mcpServers\": []}", ":1:16: `mcpServers` is a list; expected an object"),
        (
            "vscode",
            "{\"servers\": {\"toolrack\": 1, \"toolrack\": 2}}",
            "`toolrack` is there twice",
        ),
        ("zed", "{} {}", "more than one"),
    ] {
        let file = machine.file(client, &[]);
        write(&file, text);
        let place =
            format!("{}{place}", if place.starts_with(':') { file.to_str().unwrap() } else { "" });
        machine.cannot(&["register", client, "cursor"], 1, &[&place, "it was left as it is"]);
        machine.cannot(&["unregister", client], 1, &[&place]);
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        let out = machine.does(&["unregister", "cursor"]);
        assert!(out.contains("unregistered toolrack from Cursor"), "{out}");
    }
    let file = machine.file("windsurf", &[]);
    write(&file, b"\xff\xfe{\0}\0");
    machine.cannot(&["register", "windsurf"], 1, &["it is not UTF-8 text"]);
}

#[test]
fn another_entry_of_the_name_is_refused_and_comes_back_after_force() {
    let machine = Machine::new();
    // An earlier version that still lies there may be meant.
    let old_toolrack = machine.path("old/toolrack");
    write(&old_toolrack, "");
    let old_toolrack = old_toolrack.to_str().unwrap();
    for (client, text, found) in [
        (
            "cursor",
            "{\"mcpServers\": {\"toolrack\": {\"command\": \"npx\", \"args\": [\"a b\"]}}}",
            if cfg!(windows) { "npx \"a b\"" } else { "npx and an argument" },
        ),
        (
            "codex",
            "[mcp_servers.toolrack]\nurl = \"https://example.org\"\n",
            "the server at https://example.org",
        ),
        (
            "vscode",
            &format!(
                "{{\"servers\": {{\"toolrack\": {{\"command\": {:?}, \"args\": [\"serve\"]}}}}}}",
                old_toolrack
            ),
            &format!("{old_toolrack} serve"),
        ),
    ] {
        let file = machine.file(client, &["--force"]);
        write(&file, text);
        machine.cannot(&["register", client], 1, &[found, "--force"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        if client != "vscode" {
            machine.cannot(&["unregister", client], 1, &[found, "--force"]);
        }
        machine.does(&["register", client, "--force"]);
        assert_eq!(entry(&file)["args"][0], "serve");
        let out = machine.does(&["unregister", client]);
        assert!(out.contains("the entry that it had replaced is back"), "{out}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "it comes back");
        machine.does(&["unregister", client, "--force"]);
        assert_eq!(entry(&file), Value::Null);
    }
}

#[test]
fn an_entry_serves_what_is_served_here() {
    let machine = Machine::new();
    let file = machine.file("cursor", &[]);
    let project = machine.path("project");
    for (arguments, expected) in [
        (
            &["--plugins", "mine", "--plugins", "/all"][..],
            vec![
                "--plugins".to_owned(),
                project.join("mine").to_str().unwrap().to_owned(),
                "--plugins".into(),
                "/all".into(),
            ],
        ),
        (&["--locked"], vec!["--locked".to_owned()]),
    ] {
        let arguments = [&["register", "cursor", "--force"], arguments].concat();
        machine.does(&arguments);
        let args = entry(&file)["args"].as_array().cloned().expect("a list");
        let args: Vec<_> =
            args.iter().skip(2).map(|text| text.as_str().unwrap().to_owned()).collect();
        assert_eq!(args, expected);
    }
    let mut command = machine.command(&["register", "cursor", "--force"]);
    let ran =
        command.env("TOOLRACK_PLUGINS", "/named").env_remove("TOOLRACK_HOME").output().unwrap();
    assert!(ran.status.success());
    let entry = entry(&file);
    assert_eq!(entry["args"], serde_json::json!(["serve", "--stdio", "--plugins", "/named"]));
    assert_eq!(entry.get("env"), None);
}

#[test]
fn a_project_without_a_client_that_has_a_file_for_it_is_refused() {
    let machine = Machine::new();
    fs::create_dir_all(machine.path("home/.config/zed")).unwrap();
    let register = ["register", "--scope", "project"];
    machine.cannot(&register, 2, &["(Zed) has a file for one project", "--scope project"]);
}

#[test]
fn without_names_all_clients_that_are_there_are_meant() {
    let machine = Machine::new();
    machine.cannot(&["register"], 2, &["no client was found", "claude-desktop"]);
    assert!(machine.does(&["unregister"]).contains("nothing to do"));
    fs::create_dir(machine.path("home/.codex")).unwrap();
    let program = if cfg!(windows) { "bin/gemini.cmd" } else { "bin/gemini" };
    write(&machine.path(program), "");
    let before = machine.tree();
    let out = machine.does(&["register"]);
    assert!(out.contains("with Codex") && out.contains("with Gemini CLI"), "{out}");
    assert!(out.contains("undo it with `toolrack unregister codex gemini`"), "{out}");
    assert_eq!(out.matches("registered toolrack").count(), 2, "{out}");
    assert_eq!(machine.does(&["unregister"]).matches("unregistered toolrack").count(), 2);
    assert_eq!(machine.tree(), before);
}

#[test]
fn a_project_has_files_of_its_own() {
    let machine = Machine::new();
    let before = machine.tree();
    for client in OF_PROJECTS {
        let file = machine.file(client, &["--scope", "project"]);
        assert!(file.starts_with(machine.path("project")), "{file:?}");
        let out = machine.does(&["register", client, "--scope", "project"]);
        assert!(out.contains(&format!("toolrack unregister {client} --scope project")), "{out}");
        assert_eq!(entry(&file)["args"][0], "serve", "{client}");
    }
    machine.does(&["unregister"]);
    machine.does(&["unregister", "--scope", "project"]);
    assert_eq!(machine.tree(), before);
    for client in CLIENTS.iter().filter(|client| !OF_PROJECTS.contains(client)) {
        let arguments = ["register", client, "--scope", "project"];
        machine.cannot(&arguments, 2, &["has no file of its own for one project"]);
    }
}

#[test]
fn what_would_change_is_shown() {
    let machine = Machine::new();
    let file = machine.file("cursor", &[]);
    write(&file, "{\n  \"a\": 1\n}\n");
    let out = machine.does(&["register", "cursor", "--print"]);
    // What is not toolrack's may be a secret.
    assert!(out.contains("-   \"...\": ...\n"), "{out}");
    assert!(out.contains("+     \"toolrack\": {"), "{out}");
    machine.does(&["register", "cursor"]);
    let out = machine.does(&["unregister", "cursor", "--print"]);
    assert!(out.contains("-     \"toolrack\": {"), "{out}");
}

#[test]
fn what_others_wrote_into_a_file_is_not_shown() {
    const SECRET: &str = "hunter2";
    let foreign = [
        r#"{"command":"x","args":["--token","hunter2"],"env":{"K":"hunter2"}}"#,
        r#"{"url":"https://u:hunter2@h.example/mcp?key=hunter2"}"#,
    ];
    for entry in foreign {
        for text in [
            format!(r#"{{"mcpServers":{{"gh":{entry},"toolrack":{entry}}}}}"#),
            format!(r#"{{"mcpServers":{{"gh":{entry}}}}}"#),
            format!("{{\n\"mcpServers\": {{\n\"toolrack\": {entry}\n}},\n\"pw\": \"hunter2\" }}\n"),
            format!("{{\n\"mcpServers\": {{\n\"gh\": {entry} }},\n\"pw\": \"hunter2\" }}\n"),
        ] {
            let machine = Machine::new();
            write(&machine.file("cursor", &[]), &text);
            for arguments in [
                &["doctor"][..],
                &["register", "cursor", "--print"],
                &["register", "cursor", "--print", "--force"],
                &["unregister", "cursor"],
                &["unregister", "cursor", "--print", "--force"],
                &["register", "cursor"],
            ] {
                let ran = machine.command(arguments).output().expect("it runs");
                let said = [ran.stdout, ran.stderr]
                    .map(|text| String::from_utf8_lossy(&text).into_owned());
                assert!(!said.concat().contains(SECRET), "{arguments:?} {}", said.concat());
                assert!(!said.concat().is_empty(), "{arguments:?}");
            }
        }
    }
}

#[test]
fn a_name_is_plain() {
    let machine = Machine::new();
    for name in ["", "a b", "a.b", "ä", "a-name-that-is-much-longer-than-any"] {
        machine.cannot(&["register", "cursor", "--name", name], 2, &["letters, digits"]);
    }
    machine.cannot(&["register", "emacs"], 2, &["claude-desktop", "windsurf"]);
}

#[cfg(unix)]
#[test]
fn links_permissions_and_read_only_files_are_respected() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let machine = Machine::new();
    let file = machine.file("cursor", &[]);
    let target = machine.path("project/dotfiles.json");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    symlink(&target, &file).unwrap();
    machine.cannot(&["register", "cursor"], 1, &["it is a link to", "dotfiles.json"]);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    for wanted in [0o600, 0o664] {
        write(&target, "{ }");
        fs::set_permissions(&target, fs::Permissions::from_mode(wanted)).unwrap();
        machine.does(&["register", "cursor"]);
        assert!(file.is_symlink() && mode(&target) == wanted);
        assert_eq!(entry(&target)["args"][0], "serve");
        machine.does(&["unregister", "cursor"]);
        assert_eq!((fs::read(&target).unwrap(), mode(&target)), (b"{ }".to_vec(), wanted));
    }
    fs::set_permissions(&target, fs::Permissions::from_mode(0o444)).unwrap();
    machine.cannot(&["register", "cursor"], 1, &["it is read-only"]);
    assert_eq!(fs::read(&target).unwrap(), b"{ }");
    // Clients keep keys in their files.
    machine.does(&["register", "claude"]);
    assert_eq!(mode(&machine.path("home/.claude.json")), 0o600);
    let kept = fs::read_dir(machine.path("toolrack/clients")).unwrap();
    let modes: Vec<_> = kept.map(|entry| mode(&entry.unwrap().path())).collect();
    assert!(modes.len() == 2 && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    machine.cannot(&["register", "cursor"], 1, &["it is a directory, not a file"]);
}

#[cfg(unix)]
#[test]
fn without_a_private_place_for_the_backup_nothing_is_changed() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let file = machine.file("cursor", &[]);
    write(&file, "{ }");
    let records = machine.path("toolrack/clients");
    fs::create_dir_all(&records).unwrap();
    fs::set_permissions(&records, fs::Permissions::from_mode(0o777)).unwrap();
    machine.cannot(&["register", "cursor"], 1, &["cannot be kept", "others can write into it"]);
    assert_eq!(fs::read(&file).unwrap(), b"{ }");
}

#[test]
fn registrations_at_once_all_stand() {
    let machine = Machine::new();
    let names = ["t1", "t2", "t3", "t4"];
    std::thread::scope(|scope| {
        for name in names {
            let machine = &machine;
            scope.spawn(move || machine.does(&["register", "cursor", "--name", name]));
        }
    });
    let text = fs::read_to_string(machine.path("home").join(".cursor/mcp.json")).unwrap();
    for name in names {
        assert!(text.contains(&format!("\"{name}\"")), "no {name} in {text}");
    }
}

#[test]
fn doctor_names_an_entry_that_starts_no_server_and_a_command_that_keeps_the_directory() {
    let machine = Machine::new();
    let file = machine.file("cursor", &[]);
    machine.does(&["register", "cursor"]);
    let program = entry(&file)["command"].clone();
    for args in [r#"["check"]"#, r#"["serve","--plugin","/x"]"#] {
        write(
            &file,
            format!(r#"{{"mcpServers":{{"toolrack":{{"command":{program},"args":{args}}}}}}}"#),
        );
        let ran = machine.command(&["doctor"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(said.contains("but not as a server"), "{said}");
    }
    write(
        &file,
        format!(r#"{{"mcpServers":{{"toolrack":{{"command":{program},"args":["serve"]}}}}}}"#),
    );
    fs::create_dir_all(machine.path("home/.toolrack/plugins")).expect("made");
    let other = machine.path("other");
    fs::create_dir_all(&other).expect("made");
    let other = other.to_str().expect("UTF-8");
    let ran = machine.command(&["doctor", "--plugins", other]).output().expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains(&format!("register cursor --force --plugins {other}")), "{said}");
}
