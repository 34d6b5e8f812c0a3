//! Manifests as people write them: golden errors and complete values.
//!
//! `manifests/*.toml` are wrong, each with its error in `*.err`; `manifests/good/*.toml` are right.
//! `manifests/local/NAME.local.toml` are wrong local files, beside `NAME.toml` or, where there is none, beside `BASE`.
//! After a change of words, `BLESS=1 cargo test --test it manifests` rewrites the errors: read the diff.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toolrack::manifest::{
    Access, Bytes, Grants, Limits, MAX_MANIFEST, Manifest, ManifestError, PluginKind, SecretPlace,
    StdoutForm,
};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests").join(name)
}

/// The files in `folder` that end in `extension`, in order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of test manifests");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension() == Some(OsStr::new(extension)));
    files.sort();
    files
}

fn parse(file: &Path) -> Result<Manifest, ManifestError> {
    let name = file.file_name().and_then(OsStr::to_str).expect("a name in UTF-8");
    Manifest::parse(name, &fs::read_to_string(file).expect("a readable manifest"))
}

fn good(name: &str) -> Manifest {
    parse(&folder("good").join(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// What the local files of `manifests/local` lie beside.
const BASE: &str = r#"[grants]
files = [{ path = "~/notes", at = "/notes" }]
config = { units = "metric" }

[[tools]]
name = "get_weather"
"#;

#[test]
fn every_wrong_manifest_has_its_error() {
    check_golden(&files(&folder(""), "toml"), parse);
    for golden in files(&folder(""), "err") {
        assert!(golden.with_extension("toml").exists(), "{} has no manifest", golden.display());
    }
}

#[test]
fn every_wrong_local_file_has_its_error() {
    let mut wrong = files(&folder("local"), "toml");
    wrong.retain(|file| file.to_string_lossy().ends_with(".local.toml"));
    check_golden(&wrong, |file| {
        let name = file.file_name().and_then(OsStr::to_str).expect("a name in UTF-8");
        let name = name.replace(".local.toml", ".toml");
        let manifest = fs::read_to_string(file.with_file_name(&name));
        let manifest = manifest.unwrap_or_else(|_| BASE.into());
        let local = fs::read_to_string(file).expect("a readable file");
        Manifest::parse_with(&name, &manifest, Some(&local))
    });
}

/// Each of `wrong` has the error that its `.err` file says.
fn check_golden(wrong: &[PathBuf], parse: impl Fn(&Path) -> Result<Manifest, ManifestError>) {
    let bless = std::env::var_os("BLESS").is_some();
    assert!(!wrong.is_empty());
    let mut others = Vec::new();
    for file in wrong {
        let shown = file.display();
        let Err(error) = parse(file) else {
            others.push(format!("{shown} is accepted"));
            continue;
        };
        let golden = file.with_extension("err");
        let found = format!("{error}\n");
        if bless {
            fs::write(&golden, &found).expect("a writable folder");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if found != expected {
            others
                .push(format!("{shown}: BLESS=1 accepts the new text: {found}and not: {expected}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn a_default_is_as_long_as_it_has_characters() {
    for (default, fits) in [("ä", true), ("äb", true), ("äbc", false)] {
        let parameter = format!("{{ max_length = 2, default = \"{default}\" }}");
        let tool = "name = \"run\"\ndescription = \"Runs.\"\nargs = [\"{a}\"]";
        let text = format!("[[tools]]\n{tool}\nparameters = {{ a = {parameter} }}\n");
        assert_eq!(Manifest::parse("a.toml", &text).is_ok(), fits, "{default}");
    }
}

#[test]
fn every_key_is_read() {
    let manifest = good("full.toml");
    assert_eq!(manifest.name.as_str(), "weather-report");
    assert_eq!(&*manifest.wasm, "weather.wasm");
    let digest = manifest.sha256.expect("a digest").to_string();
    assert_eq!(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(manifest.kind, Some(PluginKind::Tools));
    assert_eq!(&*manifest.prefix, "weather");
    let schemes: Vec<_> = manifest.link_schemes.iter().map(|scheme| &**scheme).collect();
    assert_eq!(schemes, ["note", "x-weather+v1"]);
    let limits = Limits {
        fuel: 2_000_000_000,
        cpu: Duration::from_secs(5),
        memory: Bytes::new(128 << 20),
        most_memory: None,
        timeout: Duration::from_secs(60),
        output: Bytes::new(512 << 10),
        concurrency: 8,
        max_tools: 65,
        scratch_bytes: Bytes::new(2 << 30),
        scratch_entries: 200_000,
        crashes: 20,
        rate: Some("120/min".parse().expect("a rate")),
        concurrent: true,
    };
    assert_eq!(manifest.limits, limits);
    let config: Vec<_> =
        manifest.grants.config.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let expected = [
        ("days", "16"),
        ("factor", "1.50"),
        ("home city", "Zürich"),
        ("units", "metric"),
        ("verbose", "true"),
    ];
    assert_eq!(config, expected);
    let [weather, debug] = &manifest.tools[..] else { panic!("{:?}", manifest.tools) };
    assert_eq!((weather.name.as_str(), weather.title.as_deref()), ("get-weather", Some("Weather")));
    let description = "Tells the weather of a city.\n\nGive the city's name; \"Bern\" is one.";
    assert_eq!(weather.description.as_deref(), Some(description));
    assert_eq!((weather.hidden, weather.place.to_string().as_str()), (None, "28:8"));
    assert_eq!((debug.name.as_str(), debug.hidden), ("debug", Some(true)));
    assert_eq!((weather.rate, debug.rate), (None, Some("10/s".parse().expect("a rate"))));
}

#[test]
fn every_form_of_every_grant_is_read() {
    let grants = good("grants.toml").grants;
    let network: Vec<_> = grants.network.iter().map(ToString::to_string).collect();
    let expected = [
        "https://api.example.org",
        "https://*.example.org:8443",
        "http://127.0.0.1:8080",
        "http://192.168.0.0/16",
        "http://10.0.0.0/8:81",
        "https://[fd00::/8]",
        "https://xn--bcher-kva.example",
        "https://api.openweathermap.org",
        "https://api.github.com",
    ];
    assert_eq!(network, expected);
    let bound: Vec<_> = grants.network.iter().filter_map(|grant| grant.secret.as_ref()).collect();
    assert_eq!(bound[0].name.as_str(), "OPENWEATHER_API_KEY");
    assert_eq!(bound[0].place, SecretPlace::Query { name: "appid".into() });
    let header = SecretPlace::Header { name: "authorization".into(), before: "Bearer ".into() };
    assert_eq!((bound[1].name.as_str(), &bound[1].place), ("GITHUB_TOKEN", &header));
    let files: Vec<_> = grants.files.iter().map(|f| (&*f.path, &*f.at, f.access)).collect();
    let expected = [
        ("~/notes", "/notes", Access::Read),
        ("$MUSIC/new", "/music/new", Access::Write),
        ("$MUSIC", "/music/all", Access::Read),
    ];
    assert_eq!(files, expected);
    assert_eq!(grants.scratch.as_deref(), Some("/tmp"));
    let env: Vec<_> = grants.env.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(env, [("LANG", "C"), ("_empty", "")]);
    let secrets: Vec<_> = grants.secrets.iter().map(ToString::to_string).collect();
    assert_eq!(secrets, ["OPENWEATHER_API_KEY", "OTHER"]);
    assert_eq!(grants.config["units"], "metric");
}

#[test]
fn what_a_manifest_says_of_a_program_is_read() {
    let manifest = good("command.toml");
    assert_eq!(manifest.kind, Some(PluginKind::Command));
    let [search, whole, bare] = &manifest.tools[..] else { panic!("{:?}", manifest.tools) };
    let expected = concat!(
        r#"{"type":"object","properties":{"#,
        r#""pattern":{"description":"What to find.","maxLength":100,"pattern":"^.","type":"string"},"#,
        r#""any_case":{"type":"boolean"},"#,
        r#""context":{"default":2,"maximum":16,"minimum":0,"type":"integer"},"#,
        r#""order":{"enum":["up","down"],"type":"string"},"#,
        r#""more":{"items":{"enum":["x","y"],"type":"string"},"maxItems":3,"type":"array"},"#,
        r#""files":{"items":{"type":"string"},"type":"array"},"#,
        r#""language":{"type":"string"},"text":{"type":"string"}},"#,
        r#""required":["pattern","order","files"],"additionalProperties":false}"#,
    );
    assert_eq!(&*search.command.input_schema, expected);
    assert_eq!(search.command.output_schema.as_deref(), Some(r#"{"type":"object"}"#));
    assert_eq!(
        (&search.command.success[..], &search.command.output),
        (&[0, 1][..], &StdoutForm::Json)
    );
    let claims = search.annotations;
    assert_eq!(
        [claims.read_only, claims.destructive, claims.idempotent, claims.open_world],
        [Some(true), Some(false), Some(true), Some(false)]
    );
    let (key, place) = search.command.written.clone().expect("keys of a program");
    assert_eq!((key, place.line()), ("args", 9));
    // A schema that is given whole stays as it is written.
    let schema = r#"{"type": "object", "properties": {"z": {}, "a": {"type": "array"}}}"#;
    assert_eq!(&*whole.command.input_schema, schema);
    assert_eq!(whole.command.output, StdoutForm::Media("image/svg+xml".into()));
    assert_eq!((bare.command.written.is_none(), &bare.command.output), (true, &StdoutForm::Text));
    let nothing = r#"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#;
    assert_eq!(&*bare.command.input_schema, nothing);
}

#[test]
fn an_empty_manifest_is_all_defaults() {
    let manifest = good("empty.toml");
    assert_eq!(
        (manifest.name.as_str(), &*manifest.wasm, &*manifest.prefix),
        ("empty", "empty.wasm", "empty")
    );
    assert_eq!((manifest.kind, manifest.sha256), (None, None));
    assert_eq!(manifest.limits, Limits::default());
    assert_eq!(manifest.grants, Grants::default());
    assert!(manifest.tools.is_empty());
}

#[test]
fn inline_tables_and_dotted_keys_are_the_same_manifest() {
    let manifest = good("inline.toml");
    assert_eq!(&*manifest.prefix, "");
    assert_eq!(manifest.limits.memory, Bytes::new(128 << 10));
    assert_eq!(manifest.limits.timeout, Duration::from_millis(1500));
    assert_eq!(manifest.tools[0].description.as_deref(), Some("⚠️ Tells\tthe weather."));
    assert_eq!(manifest.grants.config["units"], "metric");
}

#[test]
fn a_hyphen_in_the_name_is_folded_in_the_prefix() {
    let manifest = Manifest::parse("my-plugin.toml", "").expect("a manifest");
    assert_eq!((manifest.name.as_str(), &*manifest.prefix), ("my-plugin", "my_plugin"));
}

#[test]
fn line_ends_and_byte_order_marks_of_windows_change_nothing() {
    let text = "\u{feff}[[tools]]\r\nname = \"a\"\r\ndescription = '''one\r\ntwo'''\r\n";
    let manifest = Manifest::parse("a.toml", text).expect("a manifest");
    assert_eq!(manifest.tools[0].description.as_deref(), Some("one\ntwo"));
    let error = Manifest::parse("a.toml", "\u{feff}# first\r\n[limit]\r\n").expect_err("unknown");
    assert_eq!((error.line(), error.column()), (2, 2));
    assert!(!error.to_string().contains(['\r', '\u{feff}']), "{error}");
}

#[test]
fn an_error_has_parts_and_a_form_for_logs() {
    let error = Manifest::parse("a.toml", "[limits]\nmemroy = 1").expect_err("unknown key");
    assert_eq!((error.line(), error.column()), (2, 1));
    assert_eq!(error.message(), "unknown key `memroy` in [limits]");
    assert_eq!(error.advice(), Some("did you mean `memory`?"));
    let line = "a.toml:2:1: unknown key `memroy` in [limits]; did you mean `memory`?";
    assert_eq!(error.one_line(), line);
}

#[test]
fn a_tool_that_the_plugin_lacks_is_shown_at_its_place() {
    let place = good("full.toml").tools[1].place.clone();
    let error = ManifestError::new("full.toml", place, "no such tool".into()).help("remove it");
    let shown = "full.toml:37:8: no such tool\n   |\n37 | name = \"debug\"\n   |        ^^^^^^^\n   = help: remove it";
    assert_eq!(error.to_string(), shown);
}

#[test]
fn a_manifest_has_a_size() {
    let fill = |size: usize| format!("#{}\n", "x".repeat(size - 2));
    assert!(Manifest::parse("a.toml", &fill(MAX_MANIFEST)).is_ok());
    let error = Manifest::parse("a.toml", &fill(MAX_MANIFEST + 1)).expect_err("too large");
    assert_eq!(error.message(), "the manifest has 65537 bytes, more than 64 KiB");
}

#[test]
fn deep_nesting_is_an_error() {
    let (deep, most) = (9000, MAX_MANIFEST / 2 - 8);
    for text in [
        format!("limits = {}1{}", "[".repeat(deep), "]".repeat(deep)),
        format!("limits = {}1{}", "{a=".repeat(deep), "}".repeat(deep)),
        format!("[{}a]", "a.".repeat(most)),
        format!("[[{}a]]", "a.".repeat(most)),
        format!("{}a = 1", "a.".repeat(most)),
        format!("limits = {}", "[".repeat(2 * most)),
    ] {
        assert!(Manifest::parse("a.toml", &text).is_err());
    }
}

#[test]
fn the_name_of_the_file_is_escaped() {
    let error = Manifest::parse("a\n\u{1b}[2J.toml", "").expect_err("no name");
    assert!(error.to_string().starts_with("a\\n\\u{1b}[2J.toml:1:1: "), "{error}");
}
