//! An entry for a server: as toolrack writes it, and as it is found in a client's file.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::user_directories::find_program;
use crate::text::{escape, shell_word};

/// The variables of an entry that `register` decides. All others are the person's.
const DECIDED_VARIABLES: [&str; 2] = ["TOOLRACK_HOME", "TOOLRACK_PLUGINS"];

/// The variables in which an entry gives headers to a program that speaks HTTP for its client.
pub(super) const HEADER_VARIABLES: &str = "TOOLRACK_HTTP_";
/// The header of an entry that `register` decides. All others that it did not write are the person's.
const DECIDED_HEADER: &str = "Authorization";

/// The members that hold headers by their names.
const HEADER_MEMBERS: [&str; 3] = ["headers", "http_headers", "env_http_headers"];
/// The member by which Codex is told which variable holds a token.
pub(super) const TOKEN_VARIABLE: &str = "bearer_token_env_var";
/// The members that hold the URL of a server.
pub(super) const URL_MEMBERS: [&str; 3] = ["url", "httpUrl", "serverUrl"];
/// The members of an entry that `register` writes.
pub(super) const WRITTEN_MEMBERS: [&str; 11] = [
    "type",
    "command",
    "args",
    "env",
    "url",
    "httpUrl",
    "serverUrl",
    "headers",
    "http_headers",
    "env_http_headers",
    TOKEN_VARIABLE,
];

/// The path at which toolrack serves.
pub(super) const ENDPOINT: &str = "/mcp";
/// The program that speaks HTTP for a client which only starts programs.
pub(super) const REMOTE: &str = "mcp-remote";

/// A server, as a client is to start it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEntry {
    /// The program, absolute.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables that it gets besides what the client gives it.
    pub env: BTreeMap<String, String>,
}

/// The form in which a client writes an entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum EntryForm {
    /// Command, arguments and environment.
    Plain,
    /// With the transport as `type`.
    Typed,
}

/// The members of an entry in the order in which they are written.
pub(super) struct WrittenEntry {
    pub(super) members: Vec<(&'static str, Value)>,
    /// The URL that it reaches. `None` where it starts toolrack.
    pub(super) url: Option<String>,
}

/// One setting of an entry: the path to it, and its value. `None` where it is taken out.
pub(super) type Setting<'a> = (Vec<&'a str>, Option<Value>);

impl WrittenEntry {
    /// True if `found` is an entry for the same server, so that it is set and not replaced: toolrack as a program,
    /// whichever it is, or this URL.
    pub(super) fn is_for_server_of(&self, found: &FoundEntry) -> bool {
        let starts = self.members.iter().any(|(name, _)| *name == "command");
        match &self.url {
            None => found.is_toolrack(),
            Some(url) => found.remote_url() == Some(url) && found.command.is_some() == starts,
        }
    }

    /// True if `found` is for the same server and has all of these settings.
    pub(super) fn is_met_by(&self, found: &FoundEntry) -> bool {
        let is_set = |(path, value): &Setting<'_>| {
            let there = path.iter().try_fold(&found.value, |value, step| value.get(*step));
            there == value.as_ref()
        };
        self.is_for_server_of(found) && self.settings(found).iter().all(is_set)
    }

    /// True if `found` is for the same server, and setting it only adds to it: nothing that stands there goes, and nothing
    /// is put into its place.
    pub(super) fn only_adds_to(&self, found: &FoundEntry) -> bool {
        let is_added = |(path, value): &Setting<'_>| {
            let there = path.iter().try_fold(&found.value, |value, step| value.get(*step));
            match (there, value) {
                (None, _) => true,
                (Some(there), Some(wanted)) => there == wanted || is_longer(wanted, there),
                (Some(_), None) => false,
            }
        };
        self.is_for_server_of(found) && self.settings(found).iter().all(is_added)
    }

    /// Returns the settings with which an entry for the same server is as it is written here. Everything else in the
    /// entry is the person's, and stays.
    pub(super) fn settings<'a>(&'a self, found: &'a FoundEntry) -> Vec<Setting<'a>> {
        let mut settings: Vec<Setting<'a>> = Vec::new();
        for (member, value) in &self.members {
            match value.as_object() {
                Some(inner) => settings.extend(
                    inner.iter().map(|(name, value)| (vec![*member, name], Some(value.clone()))),
                ),
                None => settings.push((vec![member], Some(value.clone()))),
            }
        }
        let is_written = |path: &Vec<&str>| settings.iter().any(|(written, _)| written == path);
        let is_stale = |path: &Vec<&str>| {
            let is_respelled = |(written, _): &Setting<'_>| {
                HEADER_MEMBERS.contains(&path[0])
                    && written.len() == path.len()
                    && written[0] == path[0]
                    && written[path.len() - 1].eq_ignore_ascii_case(path[path.len() - 1])
            };
            !is_written(path) && (is_decided(path) || settings.iter().any(is_respelled))
        };
        let stale: Vec<_> = found.paths().into_iter().filter(is_stale).collect();
        settings.extend(stale.into_iter().map(|path| (path, None)));
        settings
    }
}

impl Serialize for WrittenEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.members.iter().map(|(name, value)| (name, value)))
    }
}

/// True if both are lists, and `wanted` begins with all that is `there`.
fn is_longer(wanted: &Value, there: &Value) -> bool {
    let lists = wanted.as_array().zip(there.as_array());
    lists.is_some_and(|(wanted, there)| wanted.starts_with(there))
}

/// True if `register` decides the setting at `path`, also where it writes none.
fn is_decided(path: &[&str]) -> bool {
    match path {
        ["env", name] => DECIDED_VARIABLES.contains(name) || name.starts_with(HEADER_VARIABLES),
        [member, name] => {
            HEADER_MEMBERS.contains(member) && name.eq_ignore_ascii_case(DECIDED_HEADER)
        }
        [member] => *member == TOKEN_VARIABLE,
        _ => false,
    }
}

/// An entry that stands in a client's file, whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundEntry {
    /// The program that it starts. `None` for a server that is reached by URL.
    pub command: Option<String>,
    /// The program's arguments.
    pub args: Vec<String>,
    /// The program's variables, besides those that the client gives it.
    pub env: BTreeMap<String, String>,
    /// The URL at which the server is reached. `None` for a program.
    pub url: Option<String>,
    /// True if the client is told not to start it.
    pub is_disabled: bool,
    /// The names of what `register` does not write: switches of the client, variables. The values may be secret.
    pub additions: Vec<String>,
    /// All of it.
    pub(super) value: Value,
}

impl ServerEntry {
    pub(super) fn written(&self, form: EntryForm) -> WrittenEntry {
        let mut members = match form {
            EntryForm::Plain => Vec::new(),
            EntryForm::Typed => vec![("type", json!("stdio"))],
        };
        members.push(("command", json!(self.command)));
        members.push(("args", json!(self.args)));
        if !self.env.is_empty() {
            members.push(("env", json!(self.env)));
        }
        WrittenEntry { members, url: None }
    }

    /// Returns the command line that it starts.
    #[must_use]
    pub fn command_line(&self) -> String {
        command_line(&self.command, &self.args, &self.env)
    }
}

impl FoundEntry {
    /// Reads an entry, whatever it is.
    pub(super) fn from_value(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let texts =
            |value: &Value| value.as_array().into_iter().flatten().filter_map(text).collect();
        let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let env = members(&value["env"]);
        let mut additions: Vec<_> = paths(value)
            .into_iter()
            .filter(|path| match path[..] {
                [member, _] => !is_decided(path) && WRITTEN_MEMBERS.contains(&member),
                [member] => !WRITTEN_MEMBERS.contains(&member),
                _ => false,
            })
            .map(|path| path.join("."))
            .collect();
        let args: Vec<String> = texts(&value["args"]);
        if !are_written(&args) && remote_argument(&args).is_none() {
            additions.push("args".into());
        }
        Self {
            command: text(&value["command"]),
            args,
            env: env
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
                .collect(),
            url: URL_MEMBERS.iter().find_map(|key| text(&value[*key])),
            is_disabled: value["disabled"] == true || value["enabled"] == false,
            additions,
            value: value.clone(),
        }
    }

    /// Returns the URL at which it reaches a server, by itself or by a program that speaks HTTP for the client.
    #[must_use]
    pub fn remote_url(&self) -> Option<&str> {
        match self.command {
            Some(_) => remote_argument(&self.args),
            None => self.url.as_deref(),
        }
    }

    /// Describes the server that it reaches, without what may be secret in a URL.
    #[must_use]
    pub fn remote_words(&self) -> String {
        format!("the server at {}", without_secrets(self.remote_url().unwrap_or_default()))
    }

    /// Returns the URL at which it reaches a server, if no part of it may be secret.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.remote_url().filter(|url| without_secrets(url) == *url)
    }

    /// Returns the paths of all of its settings.
    fn paths(&self) -> Vec<Vec<&str>> {
        paths(&self.value)
    }

    /// True if it starts the program of `entry`.
    pub(super) fn starts_program_of(&self, entry: &ServerEntry) -> bool {
        self.command.as_ref().is_some_and(|command| is_program(command, &entry.command))
    }

    /// True if it starts what `entry` starts, in the same way. Variables that a person added change nothing of it.
    #[must_use]
    pub fn starts(&self, entry: &ServerEntry) -> bool {
        self.starts_program_of(entry)
            && self.args == entry.args
            && entry.env.iter().all(|(name, value)| self.env.get(name) == Some(value))
            && DECIDED_VARIABLES.iter().all(|name| self.env.get(*name) == entry.env.get(*name))
    }

    /// True if it starts some toolrack as a server.
    #[must_use]
    pub fn is_toolrack(&self) -> bool {
        let name = self.command.as_ref().and_then(|command| Path::new(command).file_stem());
        name.is_some_and(|name| name == "toolrack")
            && self.args.first().is_none_or(|first| first == "serve" || first.starts_with('-'))
    }

    /// Returns the entry that starts the program of `entry` in the way in which this one starts another: with its
    /// arguments and variables, but for those that `entry` states.
    #[must_use]
    pub fn moved_to(&self, entry: &ServerEntry) -> ServerEntry {
        let is_stated = entry.args != ["serve", STDIO];
        let mut args = if is_stated { entry.args.clone() } else { self.args.clone() };
        if !serves_stdio(&args) {
            let after = usize::from(args.first().is_some_and(|first| first == "serve"));
            args.insert(after, STDIO.to_owned());
        }
        let mut env = self.decided_env();
        env.extend(entry.env.clone());
        ServerEntry { command: entry.command.clone(), args, env }
    }

    /// True if it starts a toolrack that serves stdin and stdout only as long as no configuration says that HTTP is served.
    #[must_use]
    pub fn depends_on_configuration(&self) -> bool {
        self.is_toolrack() && !serves_stdio(&self.args)
    }

    /// True if it starts a toolrack by a path at which there is nothing any more.
    #[must_use]
    pub fn is_left_behind(&self) -> bool {
        let command = self.command.as_deref().map(Path::new);
        self.is_toolrack()
            && command.is_some_and(|command| {
                command.is_absolute()
                    && command
                        .symlink_metadata()
                        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
            })
    }

    /// Returns the variables that `register` decides.
    pub(super) fn decided_env(&self) -> BTreeMap<String, String> {
        let own = self.env.iter().filter(|(name, _)| DECIDED_VARIABLES.contains(&&***name));
        own.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The plugin directories that it names.
    pub fn plugin_directories(&self) -> impl Iterator<Item = &str> {
        let after = self.args.windows(2).filter(|two| two[0] == "--plugins").map(|two| &*two[1]);
        after.chain(self.args.iter().filter_map(|argument| argument.strip_prefix("--plugins=")))
    }

    /// Describes it on one line. Arguments and the values of variables may be secret: those of another program are left
    /// out, and so is all of a URL but its host.
    #[must_use]
    pub fn words(&self) -> String {
        match (&self.command, &self.url) {
            (Some(command), _) if self.is_toolrack() && are_written(&self.args) => {
                command_line(command, &self.args, &self.env)
            }
            (Some(command), _) if self.remote_url().is_some() => {
                format!("{} by {}", self.remote_words(), escape(command))
            }
            (Some(command), _) => {
                let hidden = match self.args.len() {
                    0 => String::new(),
                    1 => " and an argument".into(),
                    several => format!(" and {several} arguments"),
                };
                command_line(command, &[], &self.env) + &hidden
            }
            (None, Some(_)) => self.remote_words(),
            (None, None) => "an entry that starts nothing".into(),
        }
    }
}

/// Returns the paths of the settings of an entry: its members, and below each object the members of that.
fn paths(value: &Value) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    for (member, value) in value.as_object().into_iter().flatten() {
        found.push(vec![&**member]);
        let inner = value.as_object().into_iter().flatten();
        found.extend(inner.map(|(name, _)| vec![&**member, name]));
    }
    found
}

/// Returns the URL among the arguments of a program, if that is `mcp-remote`.
fn remote_argument(args: &[String]) -> Option<&str> {
    let is_remote = |argument: &String| {
        argument.strip_prefix(REMOTE).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
    };
    let after = args.iter().skip_while(|argument| !is_remote(argument)).skip(1);
    after.map(String::as_str).find(|argument| argument.starts_with("http"))
}

/// Returns `url` with its scheme, host and port, and with the path if that is the usual one: anything else may be a
/// password or a token.
fn without_secrets(url: &str) -> String {
    let parsed = url.parse::<http::Uri>().ok();
    let named = parsed.as_ref().and_then(|url| Some((url, url.scheme_str()?, url.host()?)));
    let Some((url, scheme, host)) = named else { return "a URL".into() };
    let port = url.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let path = match (url.path(), url.query()) {
        ("/", None) => "",
        (ENDPOINT, None) => ENDPOINT,
        _ => "/...",
    };
    format!("{}://{}{port}{path}", escape(scheme), escape(host))
}

/// True if `command`, which may be a name in the PATH, starts `program`.
fn is_program(command: &str, program: &str) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let found = || find_program(command).and_then(|found| real(&found));
    command == program
        || (!command.contains(['/', '\\'])
            && found().is_some_and(|found| real(Path::new(program)) == Some(found)))
}

/// The option by which a server speaks on stdin and stdout, whatever the configuration says of HTTP.
pub(crate) const STDIO: &str = "--stdio";

/// True if these arguments say by themselves what is served.
fn serves_stdio(args: &[String]) -> bool {
    args.iter().any(|argument| argument == STDIO || argument.starts_with("--http"))
}

/// True if `register` writes such arguments itself.
pub(super) fn are_written(args: &[String]) -> bool {
    let mut args = args.iter().map(String::as_str);
    while let Some(argument) = args.next() {
        match argument {
            "serve" | STDIO | "--locked" => {}
            "--plugins" | "--config" => _ = args.next(),
            other if other.starts_with("--plugins=") => {}
            _ => return false,
        }
    }
    true
}

fn command_line(command: &str, args: &[String], env: &BTreeMap<String, String>) -> String {
    let words = std::iter::once(command).chain(args.iter().map(String::as_str)).map(shell_word);
    let line = words.collect::<Vec<_>>().join(" ");
    if env.is_empty() {
        return line;
    }
    let names: Vec<_> = env.keys().map(|name| escape(name)).collect();
    format!("{line} (with {} set)", names.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_says_what_it_is_without_values_of_variables() {
        for (value, expected, is_toolrack) in [
            (json!({ "command": "/bin/toolrack", "args": ["serve"] }), "/bin/toolrack serve", true),
            (
                json!({ "command": "toolrack.exe", "args": ["--plugins", "a b"] }),
                if cfg!(windows) {
                    "toolrack.exe --plugins \"a b\""
                } else {
                    "toolrack.exe --plugins 'a b'"
                },
                true,
            ),
            (json!({ "command": "toolrack", "args": ["call"] }), "toolrack and an argument", false),
            (
                json!({ "command": "npx", "args": ["--token", "hunter2"], "env": { "K": "x" } }),
                "npx (with K set) and 2 arguments",
                false,
            ),
            (
                json!({ "url": "https://u:hunter2@example.org:8443/hunter2?key=hunter2" }),
                "the server at https://example.org:8443/...",
                false,
            ),
            (
                json!({ "url": "http://127.0.0.1:8787/mcp" }),
                "the server at http://127.0.0.1:8787/mcp",
                false,
            ),
            (json!({ "url": "hunter2" }), "the server at a URL", false),
            (json!({ "command": "npx", "env": { "KEY": "secret" } }), "npx (with KEY set)", false),
            (json!({ "url": "https://example.org" }), "the server at https://example.org", false),
            (json!(7), "an entry that starts nothing", false),
        ] {
            let found = FoundEntry::from_value(&value);
            assert_eq!((&*found.words(), found.is_toolrack()), (expected, is_toolrack));
        }
    }

    #[test]
    fn an_entry_is_known_by_what_register_decides() {
        let env = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let home = ("TOOLRACK_HOME", "/h");
        for (there, wanted, starts) in [
            (&[("KEY", "1")][..], &[][..], true),
            (&[home, ("KEY", "1")], &[home], true),
            (&[home], &[], false),
            (&[("TOOLRACK_PLUGINS", "/p")], &[], false),
            (&[], &[home], false),
            (&[("TOOLRACK_HOME", "/other")], &[home], false),
        ] {
            let command = Some("/t".to_owned());
            let found = FoundEntry { command, env: env(there), ..FoundEntry::default() };
            let entry = ServerEntry { command: "/t".into(), args: Vec::new(), env: env(wanted) };
            assert_eq!(found.starts(&entry), starts, "{there:?} {wanted:?}");
        }
    }

    #[test]
    fn what_a_person_added_is_named_and_its_value_is_not() {
        let value = json!({
            "type": "stdio", "command": "/t", "args": [], "disabled": true,
            "env": { "TOOLRACK_HOME": "/h", "TOKEN": "secret", "N": 7 },
        });
        assert_eq!(FoundEntry::from_value(&value).additions, ["disabled", "env.N", "env.TOKEN"]);
        assert_eq!(FoundEntry::from_value(&json!({ "command": "/t" })).additions, [""; 0]);
        let with = |args: &[&str]| {
            FoundEntry::from_value(&json!({ "command": "/t", "args": args })).additions
        };
        assert_eq!(with(&["serve", "--plugins", "/a", "--locked", "--plugins=/b"]), [""; 0]);
        assert_eq!(with(&["serve", "--page-size", "5"]), ["args"]);
    }

    #[test]
    fn plugin_directories_are_found_in_both_forms() {
        let args = ["serve", "--plugins", "/a", "--plugins=/b", "--plugins"].map(str::to_owned);
        let found = FoundEntry { args: args.to_vec(), ..FoundEntry::default() };
        assert_eq!(found.plugin_directories().collect::<Vec<_>>(), ["/a", "/b"]);
    }
}
