//! An entry for a server: as toolrack writes it, and as it is found in a client's file.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::user_directories::find_program;
use crate::text::{escape, shell_word};

/// The variables of an entry that `register` decides. All others are the person's.
const DECIDED_VARIABLES: [&str; 2] = ["TOOLRACK_HOME", "TOOLRACK_PLUGINS"];

/// The members of an entry that `register` writes.
pub(super) const WRITTEN_MEMBERS: [&str; 4] = ["type", "command", "args", "env"];

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
#[derive(Serialize)]
pub(super) struct WrittenEntry<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    transport: Option<&'static str>,
    command: &'a str,
    args: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    env: &'a BTreeMap<String, String>,
}

/// One setting of an entry: the path to it, and its value. `None` where it is taken out.
pub(super) type Setting<'a> = (Vec<&'a str>, Option<Value>);

impl WrittenEntry<'_> {
    /// Returns the settings of an entry of toolrack's with which it starts this server. Everything else in the entry is
    /// the person's, and stays.
    pub(super) fn settings<'a>(&'a self, found: &FoundEntry) -> Vec<Setting<'a>> {
        let transport = self.transport.map(|transport| (vec!["type"], Some(json!(transport))));
        let mut settings: Vec<Setting<'a>> = transport.into_iter().collect();
        settings.push((vec!["command"], Some(json!(self.command))));
        settings.push((vec!["args"], Some(json!(self.args))));
        let env = self.env.iter().map(|(name, value)| (vec!["env", name], Some(json!(value))));
        settings.extend(env);
        let is_stale = |name: &&str| found.env.contains_key(*name) && !self.env.contains_key(*name);
        let stale = DECIDED_VARIABLES.into_iter().filter(is_stale);
        settings.extend(stale.map(|name| (vec!["env", name], None)));
        settings
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
}

impl ServerEntry {
    pub(super) fn written(&self, form: EntryForm) -> WrittenEntry<'_> {
        let transport = match form {
            EntryForm::Plain => None,
            EntryForm::Typed => Some("stdio"),
        };
        let Self { command, args, env } = self;
        WrittenEntry { transport, command, args, env }
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
        let variables = env.keys().filter(|name| !DECIDED_VARIABLES.contains(&&***name));
        let switches = members(value).into_iter().map(|(name, _)| name);
        let switches = switches.filter(|name| !WRITTEN_MEMBERS.contains(&&**name));
        let mut additions: Vec<_> =
            switches.chain(variables.map(|name| format!("env.{name}"))).collect();
        let args: Vec<String> = texts(&value["args"]);
        if !are_written(&args) {
            additions.push("args".into());
        }
        Self {
            command: text(&value["command"]),
            args,
            env: env
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
                .collect(),
            url: ["url", "httpUrl", "serverUrl"].iter().find_map(|key| text(&value[*key])),
            is_disabled: value["disabled"] == true || value["enabled"] == false,
            additions,
        }
    }

    /// True if it starts what `entry` starts, in the same way. Variables that a person added change nothing of it.
    #[must_use]
    pub fn starts(&self, entry: &ServerEntry) -> bool {
        self.command.as_ref().is_some_and(|command| is_program(command, &entry.command))
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
        let is_stated = entry.args != ["serve"];
        let args = if is_stated { &entry.args } else { &self.args };
        let mut env = self.decided_env();
        env.extend(entry.env.clone());
        ServerEntry { command: entry.command.clone(), args: args.clone(), env }
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
            (Some(command), _) => {
                let hidden = match self.args.len() {
                    0 => String::new(),
                    1 => " and an argument".into(),
                    several => format!(" and {several} arguments"),
                };
                command_line(command, &[], &self.env) + &hidden
            }
            (None, Some(url)) => format!("the server at {}", host_of(url)),
            (None, None) => "an entry that starts nothing".into(),
        }
    }
}

/// Returns the scheme and the host of `url`, which may hold a password or a token anywhere else.
fn host_of(url: &str) -> String {
    let parsed = url.parse::<http::Uri>().ok();
    let named = parsed.as_ref().and_then(|url| Some((url.scheme_str()?, url.host()?)));
    named.map_or_else(
        || "a URL".into(),
        |(scheme, host)| format!("{}://{}", escape(scheme), escape(host)),
    )
}

/// True if `command`, which may be a name in the PATH, starts `program`.
fn is_program(command: &str, program: &str) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let found = || find_program(command).and_then(|found| real(&found));
    command == program
        || (!command.contains(['/', '\\'])
            && found().is_some_and(|found| real(Path::new(program)) == Some(found)))
}

/// True if `register` writes such arguments itself.
pub(super) fn are_written(args: &[String]) -> bool {
    let mut args = args.iter().map(String::as_str);
    while let Some(argument) = args.next() {
        match argument {
            "serve" | "--locked" => {}
            "--plugins" => _ = args.next(),
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
                "the server at https://example.org",
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
