//! This program, and the clients' entries that start it, another one, or nothing.

use std::iter;
use std::path::{Path, PathBuf};

use super::examined::Examined;
use super::finding::Finding;
use crate::cli::arguments;
use crate::cli::register::{registration, removes_local};
use crate::cli::shown;
use crate::clients::{
    CLIENTS, Client, ClientFile, FoundEntry, Registration, STDIO, Scope, ServerEntry, ServerUrl,
    TokenlessAnswer, find_program,
};
use crate::home::Home;
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::escape;
use crate::typed_path;

const CLIENTS_TOPIC: &str = "clients";

/// Finds which program this is, and whether a shell finds another one.
pub(super) fn check_program(examined: &Examined) -> Vec<Finding> {
    const PROGRAM_TOPIC: &str = "program";
    let entry = match &examined.entry {
        Ok(entry) => entry,
        Err(error) => return vec![Finding::wrong(PROGRAM_TOPIC, format!("{error:#}"), "")],
    };
    let this = format!("toolrack {} at {}", env!("CARGO_PKG_VERSION"), escape(&entry.command));
    let mut findings = vec![Finding::ok(PROGRAM_TOPIC, this)];
    if let Some(other) = find_program("toolrack").filter(|other| !is_same(other, &entry.command)) {
        let text = format!("a shell starts another one: {}", escape(&other.to_string_lossy()));
        findings.push(Finding::note(
            PROGRAM_TOPIC,
            text,
            "change the PATH, or remove one of the two",
        ));
    }
    findings
}

pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    let (Ok(entry), Ok(registration)) = (&examined.entry, registration(examined.home.as_ref()))
    else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for scope in [Scope::User, Scope::Project] {
        for client in CLIENTS {
            let target = registration.target(client, scope);
            if let Some(target) = target.filter(|target| !is_users(target, &registration)) {
                findings.extend(look(&registration, &target, entry, examined));
            }
        }
    }
    for client in CLIENTS {
        findings.extend(check_local_scope(&registration, client, entry, examined));
    }
    if findings.is_empty() {
        let text = "none on this machine starts toolrack";
        let is_any = CLIENTS.iter().any(|client| registration.is_installed(client));
        let advice = match is_any {
            true => format!("`{}` makes them do so", CommandName::Register.alone()),
            false => format!(
                "none is found; `{}` writes the entry of one all the same",
                CommandName::Register.with(["CLIENT"])
            ),
        };
        findings.push(Finding::note(CLIENTS_TOPIC, text, advice));
    }
    findings
}

/// Finds what counts in this directory before the entries of all scopes, and is not this program.
fn check_local_scope(
    registration: &Registration,
    client: &'static Client,
    entry: &ServerEntry,
    examined: &Examined,
) -> Vec<Finding> {
    // A file that cannot be read was told with its entries.
    let Ok(local) = registration.local_scope(client) else { return Vec::new() };
    let title = client.title;
    let ours = |name: &str, found: &FoundEntry| name == "toolrack" || found.is_toolrack();
    let entries = local.entries.iter().filter(|(name, found)| ours(name, found));
    let others = entries.filter_map(|(name, found)| {
        let what = format!("{title}, `{}` for this directory alone", escape(name));
        let is_this =
            found.command.as_ref().is_some_and(|command| is_same(command, &entry.command))
                && is_same_list(&directories(found, examined.home.as_ref()), &examined.directories);
        let advice =
            format!("it counts before other entries; `{}` removes it", removes_local(name));
        (!is_this).then(|| {
            Finding::wrong(CLIENTS_TOPIC, format!("{what}, starts {}", found.words()), advice)
        })
    });
    let disabled = local.disabled.iter().filter(|name| *name == "toolrack").map(|name| {
        let text = format!("{title}: `{name}` is switched off in this directory");
        Finding::note(CLIENTS_TOPIC, text, "`/mcp` in a session switches it on")
    });
    others.chain(disabled).collect()
}

/// True if it is a project's file that is the user's, as where the home directory is the project: it was looked at.
fn is_users(target: &ClientFile, registration: &Registration) -> bool {
    let user = registration.target(target.client, Scope::User);
    target.scope == Scope::Project && user.is_some_and(|user| is_same(user.file, &target.file))
}

fn look(
    registration: &Registration,
    target: &ClientFile,
    entry: &ServerEntry,
    examined: &Examined,
) -> Vec<Finding> {
    match registration.entries(target) {
        Err(error) => {
            vec![Finding::wrong(CLIENTS_TOPIC, format!("{}: {error}", target.client.title), "")]
        }
        Ok(entries) => {
            let ours =
                entries.iter().filter(|(name, found)| *name == "toolrack" || found.is_toolrack());
            ours.map(|(name, found)| judge(target, name, found, entry, examined)).collect()
        }
    }
}

fn judge(
    target: &ClientFile,
    name: &str,
    found: &FoundEntry,
    entry: &ServerEntry,
    examined: &Examined,
) -> Finding {
    let file = escape(&target.file.to_string_lossy());
    let what = format!("{}, `{}` in {file}", target.client.title, escape(name));
    if let Some(url) = found.remote_url() {
        return judge_remote(target.scope, &what, url, found);
    }
    let keeps_all_else = found.is_left_behind() || found.depends_on_configuration();
    let advice = match keeps_all_else {
        // That keeps all else.
        true => format!("`{}` corrects it", command(target, name).in_directories([""; 0])),
        false => {
            let kept = command(target, name).flag("--force");
            format!("`{}` corrects it", kept.in_directories(named_directories(found)))
        }
    };
    let Some(command) = found.command.as_deref() else {
        return Finding::note(CLIENTS_TOPIC, format!("{what}: {}", found.words()), advice);
    };
    let path = Path::new(command);
    let program = if path.is_absolute() { Some(path.to_owned()) } else { find_program(command) };
    let Some(program) = program.filter(|program| program.is_file()) else {
        let text = format!("{what} starts {}, which is missing", escape(command));
        return Finding::wrong(CLIENTS_TOPIC, text, advice);
    };
    if !is_same(&program, &entry.command) {
        let text = format!("{what} starts another program: {}", found.words());
        return Finding::wrong(CLIENTS_TOPIC, text, advice);
    }
    if !is_server(&found.args) {
        let text = format!("{what} starts this program, but not as a server");
        let advice = format!("`{}` corrects it", anew(target, name));
        return Finding::wrong(CLIENTS_TOPIC, text, advice);
    }
    let served = directories(found, examined.home.as_ref());
    if !is_same_list(&served, &examined.directories) {
        return judge_other(&what, &served, &examined.directories, &anew(target, name));
    }
    if found.is_disabled {
        return Finding::note(
            CLIENTS_TOPIC,
            format!("{what} is switched off there"),
            "switch it on",
        );
    }
    if found.depends_on_configuration() {
        let text = format!(
            "{what} starts this program without {STDIO}: once the configuration has an `address` under [http], that is what it serves, and not this client"
        );
        return Finding::note(CLIENTS_TOPIC, text, advice);
    }
    Finding::ok(CLIENTS_TOPIC, format!("{what} starts this program"))
}

/// An entry that reaches a server over HTTP. Only one of this machine is looked for, and only where the user's own file names
/// it: a project may come from anybody, and is no reason to ask services of this machine for anything.
fn judge_remote(scope: Scope, what: &str, url: &str, found: &FoundEntry) -> Finding {
    let there = found.remote_words();
    if let Some(program) = found.command.as_deref().filter(|name| find_program(name).is_none()) {
        let text = format!("{what} reaches {there} by {}, which is not found", escape(program));
        return Finding::wrong(CLIENTS_TOPIC, text, "install it; npx comes with Node.js");
    }
    if found.is_disabled {
        let text = format!("{what} is switched off there");
        return Finding::note(CLIENTS_TOPIC, text, "switch it on");
    }
    let url = url.parse::<ServerUrl>().ok().filter(|_| scope == Scope::User);
    if let Some(port) = url.as_ref().and_then(ServerUrl::silent_port) {
        let text = format!("{what} reaches {there}, where nothing listens on port {port}");
        let serve = CommandName::Serve.alone().option("--http", port.to_string());
        return Finding::wrong(CLIENTS_TOPIC, text, format!("`{serve}` serves there"));
    }
    let answer = url.filter(|_| !found.sends_token()).and_then(|url| url.answer_without_token());
    match answer {
        Some(TokenlessAnswer::WantsToken) => Finding::wrong(
            CLIENTS_TOPIC,
            format!("{what} reaches {there}, which wants a token (401), and the entry has none"),
            format!(
                "`{}` makes one; `register` writes it with --token-file",
                CommandName::TokenAdd.alone().verbatim("NAME")
            ),
        ),
        Some(TokenlessAnswer::NamesIssuer) => Finding::ok(
            CLIENTS_TOPIC,
            format!(
                "{what} reaches {there}, which wants an access token and says where to get one"
            ),
        ),
        Some(TokenlessAnswer::Other) | None => {
            Finding::ok(CLIENTS_TOPIC, format!("{what} reaches {there}"))
        }
    }
}

/// An entry that serves other directories than those that are examined, which may be meant so.
fn judge_other(
    what: &str,
    served: &[PathBuf],
    examined: &[PathBuf],
    command: &SuggestedCommand,
) -> Finding {
    let missing: Vec<_> = served.iter().filter(|directory| !directory.is_dir()).cloned().collect();
    if served.is_empty() || !missing.is_empty() {
        let text = match &missing[..] {
            [] => format!("{what} serves no directory"),
            missing => format!("{what} serves {}, which is missing", shown(missing)),
        };
        let advice = format!("`{command}` corrects it");
        return Finding::wrong(CLIENTS_TOPIC, text, advice);
    }
    let text = format!("{what} serves {}, not {}", shown(served), shown(examined));
    let advice = format!("if that is not meant, `{command}` makes it serve {}", shown(examined));
    Finding::note(CLIENTS_TOPIC, text, advice)
}

/// The command that corrects the entry.
fn command(target: &ClientFile, name: &str) -> SuggestedCommand {
    let command = CommandName::Register.with([target.client.name]);
    let command = match target.scope {
        Scope::User => command,
        Scope::Project => command.option("--scope", "project"),
    };
    if name == "toolrack" { command } else { command.option("--name", name) }
}

/// The command that writes the entry anew, so that it serves the directories that are examined.
fn anew(target: &ClientFile, name: &str) -> SuggestedCommand {
    command(target, name).flag("--force")
}

/// True if a client that starts this program with `arguments` starts a server.
fn is_server(arguments: &[String]) -> bool {
    let words = iter::once("toolrack").chain(arguments.iter().map(String::as_str));
    let read = arguments::command().try_get_matches_from(words);
    read.is_ok_and(|read| read.subcommand_name().is_none_or(|name| name == "serve"))
}

/// Returns the directories that an entry names.
fn named_directories(found: &FoundEntry) -> Vec<PathBuf> {
    let in_full = |path: &str| typed_path::expanded(path).unwrap_or_else(|_| path.into());
    found.plugin_directories().map(in_full).collect()
}

/// Returns the directories that the server of an entry would serve.
fn directories(found: &FoundEntry, home: Option<&Home>) -> Vec<PathBuf> {
    let named = named_directories(found);
    if !named.is_empty() {
        return named;
    }
    let own = found.env.get("TOOLRACK_HOME").map(|home| Home::at(home.into()).plugins());
    let default = || std::env::home_dir().map(|home| home.join(".toolrack/plugins"));
    // Where this command was told of another home, the client was not.
    let usual = match std::env::var_os("TOOLRACK_HOME") {
        Some(_) => default(),
        None => home.map(Home::plugins),
    };
    own.or(usual).into_iter().collect()
}

fn is_same_list(some: &[PathBuf], others: &[PathBuf]) -> bool {
    let mut pairs = some.iter().zip(others);
    some.len() == others.len() && pairs.all(|(one, other)| is_same(one, other))
}

/// True if both are the same file or directory, whatever it is called.
fn is_same(one: impl AsRef<Path>, other: impl AsRef<Path>) -> bool {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    real(one.as_ref()) == real(other.as_ref())
}
