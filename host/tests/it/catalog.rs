//! Directories to a catalog: what is served, what is refused and why.

use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;
use toolrack::catalog::{Catalog, Refused};
use toolrack::host::Host;
use toolrack::lockfile::LockPolicy;
use toolrack::protected::Protected;
use toolrack::sandbox::Compiler;
use toolrack::tool::{CallError, Output};

use crate::guest::Wat;
use crate::plugins::{self, install};
use crate::wit;

fn load(directories: &[&Path]) -> Catalog {
    let host = Host::start(Compiler::in_process(), Protected::default(), Arc::default(), None)
        .expect("a host");
    let directories: Vec<_> = directories.iter().map(|path| path.to_path_buf()).collect();
    let mut loader = host.load(&directories, LockPolicy::Ignored);
    let catalog = host.guests().block_on(async {
        while loader.step().await {}
        loader.catalog()
    });
    host.stop();
    catalog
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog.tools().all().map(|tool| tool.name.as_str()).collect()
}

/// Loads `good` beside one more plugin, which must be refused for this reason, alone.
#[track_caller]
fn check_refused(manifest: &str, wat: &Wat<'_>, expected: &str) {
    let directory = plugins::good();
    install(directory.path(), "bad", manifest, &wat.build());
    let catalog = load(&[directory.path()]);
    assert_eq!(names(&catalog), ["good_other", "good_run"]);
    let reasons: Vec<_> = catalog.refusals().iter().map(|refusal| &*refusal.reason).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains(expected), "{reasons:?}");
    assert!(catalog.refusals()[0].file.ends_with("bad.toml"));
}

#[test]
fn a_plugin_that_breaks_a_rule_is_refused_alone() {
    let good = Wat::default();
    let wrong_pin = format!("[plugin]\nsha256 = \"{}\"", "0".repeat(64));
    check_refused(&wrong_pin, &good, "pins 0000");
    check_refused("[[tools]]\nname = \"walk\"", &good, "no tool `walk`");
    check_refused("[plugin]\nwasm = \"other.wasm\"", &Wat::default(), "`other.wasm` is missing");
    check_refused("", &Wat { tools: &[], ..Wat::default() }, "no tools");
    check_refused("", &Wat { tools: &["a", "a"], ..Wat::default() }, "listed twice");
    check_refused("", &Wat { tools: &["a b"], ..Wat::default() }, "bad name");
    check_refused("", &Wat { input_schema: "{", ..Wat::default() }, "not JSON");
    check_refused("", &Wat { input_schema: "{}", ..Wat::default() }, "\"type\": \"object\"");
    let bad_type = r#"{"type":"object","properties":{"a":{"type":"nonsense"}}}"#;
    check_refused("", &Wat { input_schema: bad_type, ..Wat::default() }, "not valid JSON Schema");
    let remote = r#"{"type":"object","$ref":"http://127.0.0.1:9/s"}"#;
    check_refused("", &Wat { input_schema: remote, ..Wat::default() }, "not valid JSON Schema");
    let deep = format!("{{\"type\":\"object\",\"a\":{}{}}}", "[".repeat(20), "]".repeat(20));
    check_refused("", &Wat { input_schema: &deep, ..Wat::default() }, "deeper than 16");
    let many: Vec<String> = (0..513).map(|n| format!("t{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check_refused("", &Wat { tools: &many, ..Wat::default() }, "513 tools");
}

#[test]
fn a_description_names_other_tools_as_clients_see_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let wasm = Wat { tools: &["get-it", "run"], ..Wat::default() }.build();
    let manifest = |prefix: &str, hidden: bool| {
        format!(
            "[plugin]\nprefix = \"{prefix}\"\n[[tools]]\nname = \"run\"\ndescription = \"After {{tool:get-it}}; not {{tool:no}}.\"\n\
             [[tools]]\nname = \"get-it\"\nhidden = {hidden}"
        )
    };
    for (prefix, hidden, expected) in [
        ("p", false, "After p_get_it; not {tool:no}."),
        ("", false, "After get_it; not {tool:no}."),
        ("p", true, "After p_get_it; not {tool:no}."),
    ] {
        install(directory.path(), "p", &manifest(prefix, hidden), &wasm);
        let catalog = load(&[directory.path()]);
        let run = catalog.tools().all().find(|tool| tool.spec.name == "run").expect("served");
        assert_eq!(run.spec.description, expected);
    }
}

#[test]
fn what_a_manifest_and_its_local_file_say_under_meta_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let wasm = Wat::default().build();
    let manifest = "[[tools]]\nname = \"run\"\nmeta = { b = [true], \"anthropic/maxResultSizeChars\" = 200_000 }";
    install(directory.path(), "p", manifest, &wasm);
    std::fs::write(
        directory.path().join("p.local.toml"),
        "[[tools]]\nname = \"run\"\nmeta = { d = \"mine\" }",
    )
    .expect("written");
    let catalog = load(&[directory.path()]);
    let run = catalog.tool("p_run").expect("served");
    let meta: serde_json::Value =
        serde_json::from_str(run.spec.meta.as_ref().expect("meta").get()).expect("JSON");
    let expected = serde_json::json!(
        { "b": [true], "anthropic/maxResultSizeChars": 200_000, "d": "mine" }
    );
    assert_eq!(meta, expected);
}

#[test]
fn no_plugin_takes_more_than_its_share_of_tools() {
    let directory = tempfile::tempdir().expect("a directory");
    let tools: Vec<String> = (0..65).map(|n| format!("t{n:02}")).collect();
    let tools: Vec<&str> = tools.iter().map(String::as_str).collect();
    let wasm = Wat { tools: &tools, ..Wat::default() }.build();
    let hidden = "[[tools]]\nname = \"t00\"\nhidden = true";
    for (manifest, served) in
        [("", 0), (hidden, 64), ("[limits]\nmax_tools = 65", 65), ("[limits]\nmax_tools = 3", 0)]
    {
        install(directory.path(), "many", manifest, &wasm);
        let catalog = load(&[directory.path()]);
        assert_eq!(catalog.tools().len(), served, "{manifest}");
        let told = |refusal: &toolrack::catalog::Refusal| {
            refusal.reason.contains("allow more by `max_tools = 65` under [limits]")
        };
        assert_eq!(catalog.refusals().iter().any(told), served == 0, "{manifest}");
    }
}

#[test]
fn a_name_with_a_prefix_that_was_taken_back_is_the_only_tool_that_it_can_be() {
    let directory = tempfile::tempdir().expect("a directory");
    let wasm = |tools: &[&str]| Wat { tools, ..Wat::default() }.build();
    install(directory.path(), "weather", "", &wasm(&["current", "read"]));
    install(directory.path(), "notes", "", &wasm(&["read"]));
    let catalog = load(&[directory.path()]);
    let nearest = |name| catalog.nearest(name).map(ToString::to_string);
    assert_eq!(nearest("w_current").as_deref(), Some("weather_current"));
    assert_eq!(nearest("wthr_current").as_deref(), Some("weather_current"));
    assert_eq!(nearest("slow_current"), None, "another plugin may have had it");
    assert_eq!(nearest("wcurrent"), None);
}

#[test]
fn a_name_belongs_to_the_plugin_of_the_longest_prefix_whoever_comes_first() {
    let directory = tempfile::tempdir().expect("a directory");
    let wasm = |tools: &[&str]| Wat { tools, ..Wat::default() }.build();
    install(directory.path(), "my", "", &wasm(&["notes_read", "notes_write", "other"]));
    install(directory.path(), "my-notes", "", &wasm(&["read"]));
    // Without a prefix no name is its own.
    install(directory.path(), "a", "[plugin]\nprefix = \"\"", &wasm(&["my_other_one", "free"]));
    let catalog = load(&[directory.path()]);
    assert_eq!(names(&catalog), ["free", "my_notes_read", "my_other"]);
    let read = catalog.tool("my_notes_read").expect("served");
    assert_eq!(read.plugin.name.as_str(), "my-notes");
    let reasons: Vec<_> = catalog.refusals().iter().map(|refusal| &*refusal.reason).collect();
    for (tool, prefix) in
        [("my_other_one", "my_"), ("my_notes_read", "my_notes_"), ("my_notes_write", "my_notes_")]
    {
        let expected =
            format!("its tool `{tool}` is not served: names that begin with `{prefix}` belong to");
        assert!(reasons.iter().any(|reason| reason.starts_with(&expected)), "{reasons:?}");
    }
}

#[test]
fn of_many_tools_that_are_not_served_the_first_twenty_are_named_and_the_others_counted() {
    for (count, further) in [(20, None), (21, Some(1)), (25, Some(5))] {
        let directory = tempfile::tempdir().expect("a directory");
        let tools: Vec<String> = (0..count).map(|n| format!("t{n:02}")).collect();
        let tools: Vec<&str> = tools.iter().map(String::as_str).collect();
        let wasm = Wat { tools: &tools, ..Wat::default() }.build();
        for name in ["one", "two"] {
            install(directory.path(), name, "[plugin]\nprefix = \"\"", &wasm);
        }
        let catalog = load(&[directory.path()]);
        assert_eq!(names(&catalog), tools);
        let refused: Vec<_> = catalog.refusals().iter().map(|one| &one.refused).collect();
        let named = refused.iter().filter(|one| matches!(one, Refused::Feature(..))).count();
        let counted = refused.iter().find_map(|one| match one {
            Refused::Further(count) => Some(*count),
            _ => None,
        });
        assert_eq!(
            (named, counted, refused.len()),
            (20, further, 20 + usize::from(further.is_some()))
        );
    }
}

/// Loads one program with this manifest: its tools, or why it is refused.
fn load_program(manifest: &str) -> (Catalog, String) {
    let directory = tempfile::TempDir::new().unwrap();
    let wasm = wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#);
    install(directory.path(), "prog", manifest, &wasm.unwrap());
    let catalog = load(&[directory.path()]);
    let reasons: Vec<_> = catalog.refusals().iter().map(|refusal| &*refusal.reason).collect();
    let reasons = reasons.join("\n");
    (catalog, reasons)
}

#[test]
fn the_tools_of_a_program_are_what_its_manifest_declares() {
    let (catalog, refused) = load_program(
        "[plugin]\nkind = \"command\"\n[grants]\nfiles = [{ path = \"/etc\", at = \"/a\", access = \"write\" }]
        [[tools]]\nname = \"look\"\ntitle = \"Look\"\ndescription = \"Looks.\"\nread_only = true
        [[tools]]\nname = \"change\"\ndescription = \"Changes.\"\nidempotent = true
        [[tools]]\nname = \"other\"\ndescription = \"Other.\"\nhidden = true",
    );
    assert_eq!((names(&catalog), &*refused), (vec!["prog_change", "prog_look"], ""));
    let spec = &catalog.tool("prog_look").unwrap().spec;
    assert_eq!((spec.title.as_deref(), &*spec.description), (Some("Look"), "Looks."));
    let claims = |name: &str| catalog.tool(name).unwrap().spec.annotations;
    assert_eq!(claims("prog_look").read_only, Some(true));
    let change = claims("prog_change");
    assert_eq!((change.read_only, change.idempotent), (Some(false), Some(true)));
    // No grant lets this one change anything, whatever is claimed.
    let tool = "[[tools]]\nname = \"a\"\ndescription = \"A.\"\n";
    let (catalog, _) = load_program(&format!("{tool}read_only = false\ndestructive = true"));
    let claims = catalog.tool("prog_a").unwrap().spec.annotations;
    assert_eq!(
        (claims.read_only, claims.destructive, claims.open_world),
        (Some(true), None, Some(false))
    );
}

#[test]
fn a_program_without_tools_is_refused_with_a_manifest_that_loads() {
    let (catalog, refused) = load_program("");
    assert!(names(&catalog).is_empty());
    assert!(
        refused.contains("is a WASI program, and its tools are what prog.toml declares"),
        "{refused}"
    );
    let (_, lines) = refused.split_once("\n\n").expect("lines to add");
    let (catalog, refused) = load_program(lines);
    assert_eq!((names(&catalog), &*refused), (vec!["prog_run"], ""));
}

#[test]
fn what_is_wrong_with_a_programs_tools_is_shown_at_its_place() {
    for (keys, expected) in [
        ("", "2:8: the tool `a` has no `description`"),
        (
            "description = \"A.\"\nargs = [\"{x}\"]\nparameters = { x = { pattern = \"(\" } }",
            "2:8: the input schema of `a` is not valid JSON Schema: ",
        ),
        (
            "description = \"A.\"\nargs = [\"{x}\", \"{y}\"]\n\
             parameters = { x = { pattern = \"^a+$\", default = \"b\" }, y = \"string\" }",
            "2:8: `default` of the parameter `x` of `a`: no caller could give this value: at `/x`: ",
        ),
        (
            "description = \"A.\"\nargs = [\"{x}\"]\n\
             parameters = { x = { type = \"string[]\", pattern = \"^a+$\", default = [\"a\", \"b\"] } }",
            "no caller could give this value: at `/x/1`: ",
        ),
        (
            "description = \"A.\"\ninput_schema = {}",
            "2:8: the tool `a` has an input schema that lacks `\"type\": \"object\"`",
        ),
    ] {
        let (catalog, refused) = load_program(&format!("[[tools]]\nname = \"a\"\n{keys}"));
        assert!(names(&catalog).is_empty());
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn a_default_that_callers_could_give_is_served() {
    let schema = r##"{"type":"object","required":["y"],"properties":{"x":{"$ref":"#/$defs/x","default":"aa"},
        "y":{"type":"string","default":null}},"$defs":{"x":{"pattern":"^a+$"}}}"##;
    // Where `y` is something else, `x` may be anything.
    let conditional = r#"{"type":"object","properties":{"x":{"type":"string","default":"b"},"y":{"type":"string"}},
        "if":{"properties":{"y":{"const":"a"}}},"then":{"properties":{"x":{"pattern":"^a+$"}}}}"#;
    for keys in [
        "parameters = { x = { pattern = \"^a+$\", default = \"aa\" }, y = \"string\" }",
        &format!("input_schema = '''{schema}'''"),
        &format!("input_schema = '''{conditional}'''"),
    ] {
        let tool = "[[tools]]\nname = \"a\"\ndescription = \"A.\"\nargs = [\"{x}\", \"{y}\"]";
        let (catalog, refused) = load_program(&format!("{tool}\n{keys}"));
        assert_eq!((names(&catalog), &*refused), (vec!["prog_a"], ""));
    }
}

#[test]
fn what_only_a_program_has_is_refused_of_other_kinds() {
    let keys = "[[tools]]\nname = \"run\"\nstdin = \"x\"\nargs = [\"-v\"]";
    check_refused(
        keys,
        &Wat::default(),
        "3:1: `stdin` is for programs, and `bad.wasm` is of the kind `tools`",
    );
    check_refused("[plugin]\nkind = \"command\"", &Wat::default(), "is of the kind `tools`");
}

#[test]
fn of_two_tools_with_one_name_the_first_stays() {
    let directory = plugins::good();
    let wat = Wat { tools: &["run", "more"], ..Wat::default() };
    install(directory.path(), "later", "[plugin]\nprefix = \"good\"", &wat.build());
    let catalog = load(&[directory.path()]);
    assert_eq!(names(&catalog), ["good_more", "good_other", "good_run"]);
    assert_eq!(catalog.tool("good_run").unwrap().plugin.name.as_str(), "good");
    assert!(catalog.refusals()[0].reason.contains("`good_run` is not served"));
}

#[test]
fn the_first_directory_has_precedence() {
    let (one, two) = (plugins::good(), plugins::good());
    let catalog = load(&[one.path(), two.path()]);
    assert_eq!(names(&catalog), ["good_other", "good_run"]);
    assert!(catalog.refusals()[0].reason.contains("named `good` already"));
}

#[test]
fn a_manifest_renames_describes_and_hides() {
    let directory = plugins::good();
    let manifest = "[plugin]\nprefix = \"\"\n[[tools]]\nname = \"other\"\nhidden = true\n\
        [[tools]]\nname = \"run\"\ntitle = \"Run\"\ndescription = \"Runs.\"";
    std::fs::write(directory.path().join("good.toml"), manifest).unwrap();
    let catalog = load(&[directory.path()]);
    assert_eq!(names(&catalog), ["run"]);
    let spec = &catalog.tool("run").unwrap().spec;
    assert_eq!((spec.title.as_deref(), &*spec.description), (Some("Run"), "Runs."));
}

#[test]
fn files_that_are_no_plugins_are_named_with_their_kind() {
    let directory = plugins::good();
    let path = directory.path();
    install(path, "elf", "", b"\x7fELF");
    install(path, "empty", "", b"");
    std::fs::write(path.join("folder.toml"), "").unwrap();
    std::fs::create_dir(path.join("folder.wasm")).unwrap();
    std::fs::write(path.join("latin.toml"), b"name = \"\xe4\"").unwrap();
    std::fs::write(path.join(".hidden.toml"), "nonsense").unwrap();
    std::fs::write(path.join("notes.txt"), "nonsense").unwrap();
    let sparse = std::fs::File::create(path.join("sparse.wasm")).unwrap();
    sparse.set_len(10 << 30).unwrap();
    std::fs::write(path.join("sparse.toml"), "").unwrap();
    let catalog = load(&[path]);
    assert_eq!(names(&catalog), ["good_other", "good_run"]);
    let reasons: Vec<_> = catalog.refusals().iter().map(|refusal| &*refusal.reason).collect();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    for expected in ["(ELF)", "empty", "a directory, not a file", "not UTF-8", "larger than"] {
        assert!(reasons.iter().any(|reason| reason.contains(expected)), "{expected}: {reasons:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_does_not_block() {
    let directory = plugins::good();
    for name in ["fifo.toml", "other.wasm"] {
        let made =
            std::process::Command::new("mkfifo").arg(directory.path().join(name)).status().unwrap();
        assert!(made.success());
    }
    std::fs::write(directory.path().join("other.toml"), "").unwrap();
    let catalog = load(&[directory.path()]);
    assert_eq!(catalog.plugins().len(), 1);
    assert!(catalog.refusals().iter().all(|refusal| refusal.reason.contains("a pipe")));
}

#[test]
fn answers_are_checked_against_the_output_schema() {
    let directory = plugins::good();
    let schema = Some(r#"{"type":"object","required":["a"]}"#);
    for (name, json) in [("right", r#"{\"a\":1}"#), ("wrong", r#"{\"b\":1}"#), ("nojson", "{\\\"a")]
    {
        let fields = format!(r#"(data (i32.const 200) "{json}")"#);
        let length = json.replace('\\', "").len();
        let call = format!("(call $structured (i32.const 200) (i32.const {length}))");
        let wat = Wat { output_schema: schema, call: &call, fields: &fields, ..Wat::default() };
        install(directory.path(), name, "", &wat.build());
    }
    let silent = Wat { output_schema: schema, ..Wat::default() };
    install(directory.path(), "silent", "", &silent.build());
    let catalog = load(&[directory.path()]);
    assert!(catalog.refusals().is_empty(), "{:?}", catalog.refusals());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    let call = |name: &str| {
        let tool = catalog.tool(name).unwrap();
        let arguments = serde_json::value::RawValue::from_string("{}".into()).unwrap();
        let outcome = runtime.block_on(tool.call(&arguments, None)).outcome;
        outcome.map(|output| output.structured.unwrap().get().to_owned()).map_err(|e| e.to_string())
    };
    assert_eq!(call("right_run").unwrap(), r#"{"a":1}"#);
    assert!(call("wrong_run").unwrap_err().contains("\"a\" is a required property"));
    assert!(call("nojson_run").unwrap_err().contains("not valid JSON"));
    assert!(call("silent_run").unwrap_err().contains("no structured content"));
}

#[test]
fn what_results_look_like_can_be_left_out_of_the_list_and_is_checked_all_the_same() {
    let directory = plugins::good();
    let schema = Some(r#"{"type":"object","required":["a"]}"#);
    let wat = Wat { output_schema: schema, ..Wat::default() };
    install(directory.path(), "shown", "", &wat.build());
    install(directory.path(), "hidden", "[plugin]\noutput_schemas = \"hide\"", &wat.build());
    let catalog = load(&[directory.path()]);
    let listed = |name: &str| catalog.tool(name).unwrap().spec.output_schema.is_some();
    assert_eq!((listed("shown_run"), listed("hidden_run")), (true, false));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    let arguments = serde_json::value::RawValue::from_string("{}".into()).unwrap();
    let call = catalog.tool("hidden_run").unwrap().call(&arguments, None);
    let error = runtime.block_on(call).outcome.unwrap_err().to_string();
    assert!(error.contains("no structured content"), "{error}");
}

/// A directory with one plugin `calc`: a component with functions, of which one is no tool.
fn functions(manifest: &str) -> (tempfile::TempDir, Catalog) {
    let directory = tempfile::TempDir::new().expect("a directory");
    let wasm = wit::importing(
        "interface ops {
            resource pen;
            get-pen: func() -> pen;
            divide: func(a: s32, b: s32) -> result<s32>;
        }
        world w { export ops; export get-answer: func() -> u64; }",
        r#"(import "[export]t:t/ops" "[resource-new]pen" (func $new (param i32) (result i32)))"#,
        r#"(func (export "t:t/ops#get-pen") (result i32) (call $new (i32.const 1)))
        (func (export "t:t/ops#divide") (param i32 i32) (result i32)
            (i32.store (i32.const 0) (i32.eqz (local.get 1)))
            (i32.const 0))
        (func (export "get-answer") (result i64) (i64.const 42))"#,
    );
    install(directory.path(), "calc", manifest, &wasm);
    let catalog = load(&[directory.path()]);
    (directory, catalog)
}

#[test]
fn functions_of_a_component_are_tools_and_what_is_none_is_told() {
    let (_directory, catalog) = functions("");
    assert_eq!(names(&catalog), ["calc_get_answer", "calc_t_t_ops_divide"]);
    let [refusal] = catalog.refusals() else { panic!("{:?}", catalog.refusals()) };
    assert_eq!(refusal.refused, Refused::Function("t_t_ops_get-pen".into()));
    assert_eq!(
        refusal.reason,
        "its function `t_t_ops_get-pen` is no tool: it takes or gives a resource, which JSON cannot \
         carry; `hidden = true` in its [[tools]] silences this"
    );
}

#[test]
fn a_function_is_meant_by_any_of_its_names() {
    for name in ["t_t_ops_divide", "calc_t_t_ops_divide", "divide"] {
        let manifest = format!("[[tools]]\nname = \"{name}\"\ndescription = \"Divides.\"");
        let (_directory, catalog) = functions(&manifest);
        let tool = catalog.tool("calc_t_t_ops_divide").expect("the tool");
        assert_eq!(tool.spec.description, "Divides.");
    }
    let (_directory, catalog) = functions("[[tools]]\nname = \"get-pen\"\nhidden = true");
    assert!(catalog.refusals().is_empty(), "{:?}", catalog.refusals());
    let (_directory, catalog) = functions("[[tools]]\nname = \"multiply\"");
    let reason = &catalog.refusals()[0].reason;
    assert!(reason.contains("the plugin has no tool `multiply`"), "{reason}");
}

/// What stands at `calc_t_t_ops_divide`, with this `.wit` file beside a manifest.
fn described(manifest: &str, section: Option<&str>, wit: &[u8]) -> (String, Catalog) {
    let (directory, _) = functions(manifest);
    let path = directory.path().join("calc.wasm");
    if let Some(docs) = section {
        let wasm = std::fs::read(&path).expect("the component");
        let data = [b"\x01", docs.as_bytes()].concat();
        std::fs::write(&path, wit::with_section(wasm, "package-docs", &data)).expect("written");
    }
    std::fs::write(directory.path().join("calc.wit"), wit).expect("written");
    let catalog = load(&[directory.path()]);
    let tool = catalog.tool("calc_t_t_ops_divide").expect("the tool");
    (tool.spec.description.clone(), catalog)
}

const NOTES: &[u8] =
    b"package t:t; interface ops { /// Divides, says the file.\n divide: func(a: s32, b: s32); }";

#[test]
fn a_function_is_described_by_the_manifest_its_component_a_file_or_its_types() {
    let manifest = "[[tools]]\nname = \"divide\"\ndescription = \"Divides, says the manifest.\"";
    let docs = r#"{"interfaces":{"ops":{"funcs":{"divide":{"docs":"Divides, says it."}}}}}"#;
    assert_eq!(described(manifest, Some(docs), NOTES).0, "Divides, says the manifest.");
    assert_eq!(described("", Some(docs), NOTES).0, "Divides, says it.");
    assert_eq!(described("", None, NOTES).0, "Divides, says the file.");
    let (sentence, catalog) = described("", None, b"package t:t;");
    assert!(sentence.starts_with("Calls the function `divide("), "{sentence}");
    assert!(!catalog.refusals().iter().any(|refusal| refusal.refused == Refused::Notes));
}

#[test]
fn a_wit_file_that_cannot_be_used_is_told_and_refuses_nothing() {
    let large = vec![b' '; 1024 * 1024 + 1];
    let hidden = "package t:t; interface ops { /// \u{ad}\n divide: func(); }";
    for (wit, expected) in [
        (&b"package t:t;\ninterface ops { divide func(); }"[..], "calc.wit:2:24: expected ':'"),
        (b"package t:t;\n\xff", "calc.wit:2:1: it is not UTF-8"),
        (&large, "calc.wit: it is larger than 1 MiB"),
    ] {
        let (sentence, catalog) = described("", None, wit);
        assert!(sentence.starts_with("Calls the function `divide("), "{sentence}");
        assert_eq!(names(&catalog), ["calc_get_answer", "calc_t_t_ops_divide"]);
        let told: Vec<_> =
            catalog.refusals().iter().filter(|one| one.refused == Refused::Notes).collect();
        let [told] = &*told else { panic!("{told:?}") };
        assert!(told.one_line().contains(expected), "{}", told.one_line());
    }
    let (sentence, _) = described("", None, hidden.as_bytes());
    assert!(sentence.starts_with("Calls the function `divide("), "{sentence}");
}

#[test]
fn without_a_prefix_names_are_those_of_other_hosts() {
    let (_directory, catalog) = functions("[plugin]\nprefix = \"\"");
    assert_eq!(names(&catalog), ["get_answer", "t_t_ops_divide"]);
}

#[test]
fn an_error_is_one_unless_the_manifest_says_it_is_an_answer() {
    let outcome = |manifest: &str| {
        let (_directory, catalog) = functions(manifest);
        let tool = catalog.tool("calc_t_t_ops_divide").expect("the tool").clone();
        let host = Host::start(Compiler::in_process(), Protected::default(), Arc::default(), None)
            .expect("a host");
        let arguments = serde_json::from_str::<&RawValue>(r#"{"a":1,"b":0}"#).expect("JSON");
        let ended = host.guests().block_on(tool.call(arguments, None));
        host.stop();
        ended.outcome
    };
    let json = |output: Output| output.structured.expect("JSON").get().to_owned();
    let err = r#"{"result":{"err":null}}"#;
    match outcome("") {
        Err(CallError::Failed(output)) => assert_eq!(json(output), err),
        other => panic!("{other:?}"),
    }
    let manifest = "[[tools]]\nname = \"divide\"\nerr_is_error = false";
    assert_eq!(json(outcome(manifest).expect("an answer")), err);
}
