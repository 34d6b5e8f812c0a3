//! The shipped plugins judged with their users' eyes: `plugins/NAME/acceptance.toml` holds requests as a model forms them
//! from the schemas alone, each with the right answer and where that comes from. This file says what stands there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::repository::Git;
use crate::shipped::{Answer, Shipped};
use crate::web::{Reply, Speech, Web};

/// The longest answer, in bytes: some 25,000 tokens, the most that clients take.
const MAX_ANSWER: usize = 100_000;

/// How many requests a plugin is judged by, at least.
const MIN_REQUESTS: usize = 20;

/// One plugin's `acceptance.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// The lines under `[grants]`. `{directory}` is a directory of the request's own, `{server}` its server.
    #[serde(default)]
    grants: String,
    /// The lines of the `.env` beside the manifest.
    #[serde(default)]
    secrets: String,
    /// How the repository is made that lies in the directory before each call.
    #[serde(default)]
    step: Vec<Step>,
    request: Vec<Request>,
}

/// Files that are written, and then arguments of git.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    write: BTreeMap<String, String>,
    #[serde(default)]
    git: Vec<Vec<String>>,
}

/// A request and what is right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// What the person wanted to know or to have done.
    asks: String,
    /// The tool's name within the plugin.
    tool: String,
    /// The arguments, as JSON.
    arguments: String,
    /// Where the right answer comes from: a program with its version, a definition, the server below.
    source: String,
    /// The whole text of the answer.
    text: Option<String>,
    /// Parts of the text of the answer.
    #[serde(default)]
    contains: Vec<String>,
    /// What must not stand in the text of the answer.
    #[serde(default)]
    lacks: Vec<String>,
    /// JSON that the structured content has: of objects, these members at least.
    structured: Option<String>,
    /// Parts of the error's text, where the call has to fail.
    #[serde(default)]
    error: Vec<String>,
    /// Files that lie in the directory before the call.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Files that lie in it after the call.
    #[serde(default)]
    leaves: BTreeMap<String, String>,
    /// What is not in it after the call.
    #[serde(default)]
    gone: Vec<String>,
    /// Arguments of git, run after the files are there; `git fsck` is run after the call.
    #[serde(default)]
    git: Vec<Vec<String>>,
    /// What git prints after the call, by its arguments.
    #[serde(default)]
    git_says: BTreeMap<String, String>,
    /// What the server answers; to anything else 404.
    #[serde(default)]
    server: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    /// The method and the target as they stand in the request's first line, such as `GET /users?page=1`.
    on: String,
    #[serde(default = "ok")]
    status: u16,
    /// Headers, each ending its line with `\r\n`; `{server}` is the server.
    #[serde(default)]
    headers: String,
    body: String,
    /// True if the body is bytes in hexadecimal digits, for what TOML cannot hold.
    #[serde(default)]
    hex: bool,
}

impl Route {
    fn reply(&self, server: &str) -> Reply {
        let bytes = || {
            let digits = self.body.split_whitespace().collect::<String>();
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits");
            (0..digits.len()).step_by(2).map(byte).collect::<Vec<_>>()
        };
        let body = if self.hex { bytes() } else { self.body.clone().into_bytes() };
        Reply::with(self.status, &self.headers.replace("{server}", server), body)
    }
}

fn ok() -> u16 {
    200
}

impl Acceptance {
    fn of(plugin: &str) -> Self {
        let file = folder().join(plugin).join("acceptance.toml");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{plugin}: {error}"));
        let read: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{plugin}: {error}"));
        assert!(read.request.len() >= MIN_REQUESTS, "{plugin}: {}", read.request.len());
        read
    }
}

impl Request {
    /// Calls the tool and says what of the answer is wrong.
    async fn tried(&self, shipped: &Shipped, plugin: &str, acceptance: &Acceptance) -> String {
        let directory = TempDir::new().unwrap();
        let git = Git::at(directory.path());
        for step in &acceptance.step {
            written(directory.path(), &step.write);
            run(&git, &step.git);
        }
        written(directory.path(), &self.files);
        run(&git, &self.git);
        let routes = |port: u16| {
            let server = format!("http://127.0.0.1:{port}");
            let routes = self.server.iter().map(|route| (route.on.clone(), route.reply(&server)));
            Reply::Routes(routes.collect())
        };
        let web = Web::start_at(Speech::Plain, routes).await;
        let server = format!("http://127.0.0.1:{}", web.port);
        let placed = |text: &str| {
            let directory = directory.path().display().to_string();
            text.replace("{directory}", &directory).replace("{server}", &server)
        };
        let served = shipped.granted(&placed(&acceptance.grants), &acceptance.secrets).await;
        let tool = format!("{plugin}_{}", self.tool);
        let answer = served.call_with(&tool, placed(&self.arguments)).await;
        let mut wrong = self.judged(&answer, &placed);
        for (name, right) in &self.leaves {
            let found = fs::read_to_string(directory.path().join(name));
            if found.as_ref().ok() != Some(right) {
                let _ = writeln!(wrong, "  {name} is {found:?}, not {right:?}");
            }
        }
        for name in self.gone.iter().filter(|name| directory.path().join(name).exists()) {
            let _ = writeln!(wrong, "  {name} is there");
        }
        self.asked(&git, &directory, &mut wrong);
        wrong
    }

    /// Asks git what became of the repository, if there is one.
    fn asked(&self, git: &Git, directory: &TempDir, wrong: &mut String) {
        if directory.path().join(".git/objects").is_dir() {
            wrong.push_str(&git.faults());
        }
        for (arguments, right) in &self.git_says {
            let arguments: Vec<_> = arguments.split(' ').collect();
            let (_, found) = git.tried(&arguments);
            if found != *right {
                let _ =
                    writeln!(wrong, "  git {} gave {found:?}, not {right:?}", arguments.join(" "));
            }
        }
    }

    fn judged(&self, answer: &Answer, placed: &impl Fn(&str) -> String) -> String {
        let mut wrong = String::new();
        let (text, parts) = match answer {
            Ok((text, structured)) if self.error.is_empty() => {
                if let Some(right) = &self.structured {
                    let right = serde_json::from_str(&placed(right)).expect("JSON");
                    let found = structured.clone().unwrap_or_default();
                    if !has(&found, &right) {
                        let _ = writeln!(wrong, "  gave {found}\n  not  {right}");
                    }
                }
                (text, &self.contains)
            }
            Err(text) if !self.error.is_empty() => (text, &self.error),
            other => return format!("  gave {other:?}\n"),
        };
        if text.len() > MAX_ANSWER {
            let _ = writeln!(wrong, "  the answer is {} bytes long", text.len());
        }
        if let Some(right) = self.text.as_deref().map(placed).filter(|right| right != text) {
            let _ = writeln!(wrong, "  gave {text:?}\n  not  {right:?}");
        }
        for part in parts.iter().filter(|part| !text.contains(&placed(part))) {
            let _ = writeln!(wrong, "  {part:?} is not in {text:?}");
        }
        for part in self.lacks.iter().filter(|part| text.contains(&placed(part))) {
            let _ = writeln!(wrong, "  {part:?} is in {text:?}");
        }
        wrong
    }
}

fn written(directory: &Path, files: &BTreeMap<String, String>) {
    for (name, text) in files {
        let file = directory.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

/// Runs git with each of these; what fails, such as a merge with conflicts, is part of how a repository comes about.
fn run(git: &Git, commands: &[Vec<String>]) {
    for arguments in commands {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let (good, text) = git.tried(&arguments);
        assert!(good || arguments[0] == "merge", "git {}: {text}", arguments.join(" "));
    }
}

/// True if `found` is `right`; of objects, if it has the members of `right`.
fn has(found: &Value, right: &Value) -> bool {
    match (found, right) {
        (Value::Object(found), Value::Object(right)) => {
            right.iter().all(|(key, right)| found.get(key).is_some_and(|found| has(found, right)))
        }
        (Value::Array(found), Value::Array(right)) => {
            found.len() == right.len()
                && found.iter().zip(right).all(|(found, right)| has(found, right))
        }
        _ => found == right,
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins")
}

async fn judge(plugin: &'static str) {
    let (shipped, acceptance) = (Shipped::new(plugin), Acceptance::of(plugin));
    let mut report = String::new();
    for request in &acceptance.request {
        let wrong = request.tried(&shipped, plugin, &acceptance).await;
        if !wrong.is_empty() {
            let Request { asks, tool, arguments, source, .. } = request;
            let _ = write!(report, "{asks}\n  {tool} {arguments}\n{wrong}  by {source}\n");
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// A test for each plugin that is judged.
macro_rules! judged {
    ($($plugin:ident)*) => {
        mod judged {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $plugin() {
                super::judge(stringify!($plugin)).await;
            })*
        }

        const JUDGED: &[&str] = &[$(stringify!($plugin)),*];
    };
}

judged! {
    calc
    fetch
    files
    git
    github
    hash
    json
    text
    time
    weather
}

#[test]
fn each_plugin_that_has_requests_is_judged() {
    let with_requests = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let with_requests = with_requests.filter(|entry| entry.path().join("acceptance.toml").exists());
    let mut names: Vec<_> = with_requests.map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, JUDGED);
}
