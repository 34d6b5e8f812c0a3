//! This program, and the clients' entries that start it, another one, or nothing.

use std::iter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::examined::Examined;
use super::finding::Finding;
use crate::cli::arguments;
use crate::cli::register::{registration, removes_local};
use crate::cli::shown;
use crate::clients::{
    CLIENTS, Client, ClientFile, EntryAnswer, EntryToken, FoundEntry, OwnServers, Registration,
    STDIO, Scope, ServerEntry, ServerUrl, find_program,
};
use crate::fs::others_rights::everybody_reaches;
use crate::home::Home;
use crate::status::servers;
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::{escape, shell_word};
use crate::tokens::{Token, TokenFile, now, with_text};
use crate::typed_path;

const CLIENTS_TOPIC: &str = "clients";
/// The seconds within which each server has looked for new tokens.
const TOKEN_PICKUP: u64 = 3;
/// The time after which a server that refuses a new token is asked again.
const NEXT_TRY: Duration = Duration::from_millis(600);

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
            let ours: Vec<_> = ours.collect();
            let judged =
                ours.iter().map(|(name, found)| judge(target, name, found, entry, examined));
            judged.chain(judge_file(target, &ours)).collect()
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
    let what = described(target, name);
    if let Some(url) = found.remote_url() {
        return judge_remote(target, name, (url, found), examined);
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

/// Returns the words for an entry: its client, its name and its file.
fn described(target: &ClientFile, name: &str) -> String {
    let file = escape(&target.file.to_string_lossy());
    format!("{}, `{}` in {file}", target.client.title, escape(name))
}

/// An entry that reaches a server over HTTP. Only one of this machine is looked for, and only where the user's own file names
/// it: a project may come from anybody, and is no reason to ask services of this machine for anything.
fn judge_remote(
    target: &ClientFile,
    name: &str,
    (url, found): (&str, &FoundEntry),
    examined: &Examined,
) -> Finding {
    let (what, there) = (described(target, name), found.remote_words());
    if let Some(program) = found.command.as_deref().filter(|name| find_program(name).is_none()) {
        let text = format!("{what} reaches {there} by {}, which is not found", escape(program));
        return Finding::wrong(CLIENTS_TOPIC, text, "install it; npx comes with Node.js");
    }
    if found.is_disabled {
        let text = format!("{what} is switched off there");
        return Finding::note(CLIENTS_TOPIC, text, "switch it on");
    }
    let asked = ServerUrl::in_entry(url);
    let is_own = target.scope == Scope::User;
    if let Some(port) = asked.as_ref().ok().filter(|_| is_own).and_then(ServerUrl::silent_port) {
        let text = format!("{what} reaches {there}, where nothing listens on port {port}");
        let serve = CommandName::Serve.alone().option("--http", port.to_string());
        return Finding::wrong(CLIENTS_TOPIC, text, format!("`{serve}` serves there"));
    }
    let token = EntryToken::of(found, |name| std::env::var(name).ok());
    let kept = counting(&token, examined.home.as_ref());
    let answer = match asked {
        Err(why) => EntryAnswer::CannotBeAsked(why),
        Ok(_) if !is_own => EntryAnswer::NotAsked("a project's file names it".into()),
        Ok(url) => answer(&url, &token, kept.as_ref(), &own_servers(examined)),
    };
    let mends = match &token {
        token if token.lacks_bearer() => {
            "write `Bearer` and a space before the token in that header".to_owned()
        }
        _ if kept.is_some() => {
            "it counts where TOOLRACK_HOME is as here; start the server so, or make a token with the server's own".into()
        }
        EntryToken::FromVariable { name, .. } => {
            let add = CommandName::TokenAdd.alone().verbatim("NAME");
            format!("`{add}` makes another; set {name} to it where the client is started")
        }
        _ => gives_token(target, name, found),
    };
    judge_answer((&what, &there), answer, &token, mends)
}

/// Returns the servers of the examined home that run, and the certificate of one.
fn own_servers(examined: &Examined) -> OwnServers {
    let running = examined.home.as_ref().and_then(|home| servers(&home.run()).ok());
    let running = running.into_iter().flatten();
    let urls = running.filter_map(|server| server.status()?.address.clone()).collect();
    OwnServers { urls, certificate: examined.certificate.clone() }
}

/// Returns which of the tokens that servers of `home` take this is. `None` if it is none of them.
fn counting(token: &EntryToken, home: Option<&Home>) -> Option<Token> {
    let tokens = TokenFile::of(home?).read().ok()?;
    with_text(&tokens, token.text()?).cloned()
}

/// Returns the answer of the server at `url`. One that refuses a token which is new among those that are `kept` is asked again
/// until it has looked for new tokens.
fn answer(
    url: &ServerUrl,
    token: &EntryToken,
    kept: Option<&Token>,
    own: &OwnServers,
) -> EntryAnswer {
    let is_new = || kept.is_some_and(|token| now().saturating_sub(token.created) <= TOKEN_PICKUP);
    loop {
        let is_last = !is_new();
        let answer = url.answer(token, own);
        if is_last || !matches!(answer, EntryAnswer::RefusesToken(_)) {
            return answer;
        }
        std::thread::sleep(NEXT_TRY);
    }
}

/// The answer of the server `there` to the entry `what`, which sends `token`. `mends` says how it gets one that counts.
fn judge_answer(
    (what, there): (&str, &str),
    answer: EntryAnswer,
    token: &EntryToken,
    mends: String,
) -> Finding {
    const SHOWN_BY_CLIENT: &str = "the client shows whether it connects";
    let reaches = format!("{what} reaches {there}");
    let wrong = |text: String, advice: String| Finding::wrong(CLIENTS_TOPIC, text, advice);
    let note = |text: String, advice: String| Finding::note(CLIENTS_TOPIC, text, advice);
    match (answer, token) {
        (EntryAnswer::Welcome, _) => Finding::ok(CLIENTS_TOPIC, reaches),
        (EntryAnswer::NotAsked(why) | EntryAnswer::CannotBeAsked(why), _) => note(
            format!("{what} names {there}, which was not asked: {why}"),
            SHOWN_BY_CLIENT.into(),
        ),
        (EntryAnswer::NamesIssuer, EntryToken::Absent) => Finding::ok(
            CLIENTS_TOPIC,
            format!("{reaches}, which wants an access token and says where to get one"),
        ),
        (EntryAnswer::WantsToken, EntryToken::Absent) => {
            wrong(format!("{reaches}, which wants a token (401), and the entry has none"), mends)
        }
        (EntryAnswer::WantsToken | EntryAnswer::NamesIssuer, EntryToken::Unset(name)) => note(
            format!(
                "{reaches}, which wants a token (401); the entry's is the value of {name}, which is not set in this shell, \
                 so it was not tried"
            ),
            format!("set {name} to a token where the client is started"),
        ),
        (EntryAnswer::RefusesToken(said), EntryToken::FromVariable { name, .. }) => wrong(
            format!("{reaches}, which refuses the token that {name} holds here (401){said}"),
            mends,
        ),
        (EntryAnswer::RefusesToken(said), _) => {
            wrong(format!("{reaches}, which refuses the entry's token (401){said}"), mends)
        }
        (EntryAnswer::WantsToken | EntryAnswer::NamesIssuer, EntryToken::Hidden) => note(
            format!("{reaches}, which wants a token (401); it was not tried with the entry's"),
            SHOWN_BY_CLIENT.into(),
        ),
        (EntryAnswer::WantsToken | EntryAnswer::NamesIssuer, _) => note(
            format!(
                "{reaches}, which wants a token (401) and does not show that it is a toolrack, so it was not sent the entry's"
            ),
            format!("`{}` shows which servers of yours run", CommandName::Status.alone()),
        ),
        (EntryAnswer::Refused(said), _) => wrong(
            format!("{reaches}, which serves no client of that URL: {said}"),
            "mend the URL in the entry, which ends in /mcp for toolrack; or the server, whose log says more"
                .into(),
        ),
        (EntryAnswer::Unreachable(why), _) => wrong(
            format!("{reaches}, where no client gets an answer: {why}"),
            "mend the URL in the entry: https:// is for a server with TLS, http:// for one without"
                .into(),
        ),
        (EntryAnswer::Unclear(why), _) => note(
            format!(
                "{reaches}, of which it was not found out whether it serves this client: {why}"
            ),
            SHOWN_BY_CLIENT.into(),
        ),
    }
}

/// Returns the advice by which an entry gets a token.
fn gives_token(target: &ClientFile, name: &str, found: &FoundEntry) -> String {
    let add = CommandName::TokenAdd.alone().verbatim("NAME");
    let Some(url) = found.public_url().filter(|_| target.scope == Scope::User) else {
        return format!("`{add}` makes one; `register` writes it with --token-file");
    };
    let register = command(target, name).in_directories([""; 0]).option("--http", url);
    let register = register.option("--token-file", "-").flag("--force");
    format!("`{add} | {register}` makes one and writes it")
}

/// A client's file that holds the token of an entry, and that everybody on this machine can read.
fn judge_file(target: &ClientFile, ours: &[(&String, &FoundEntry)]) -> Option<Finding> {
    let holds_token = |(_, found): &&(&String, &FoundEntry)| {
        let url = found.remote_url().and_then(|url| ServerUrl::in_entry(url).ok());
        matches!(EntryToken::of(found, |_| None), EntryToken::Written(_))
            || url.is_some_and(|url| url.holds_token())
    };
    let (name, _) = ours.iter().find(holds_token)?;
    everybody_reaches(&target.file).then(|| {
        let (title, path) = (target.client.title, target.file.to_string_lossy());
        Finding::wrong(
            CLIENTS_TOPIC,
            format!(
                "{title}, `{}` in {}: it holds a token, and everybody on this machine can read the file",
                escape(name),
                escape(&path)
            ),
            format!(
                "`chmod go-rwx {}` takes that away; then replace the token, which may have been read",
                shell_word(&path)
            ),
        )
    })
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
