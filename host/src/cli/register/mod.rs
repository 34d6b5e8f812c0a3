//! `toolrack register` and `toolrack unregister`: this program into the files of MCP clients and out of them.

mod http;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use self::http::HttpEntryArguments;
use super::approve::print_lines;
use super::output::diff::diff;
use super::output::print::{counted, eprintln, println};
use super::setup::{DirectoriesFrom, Setup};
use super::{DIM, ERROR, GOOD, NAME, paint};
use crate::clients::{
    CLIENTS, Client, ClientError, ClientFile, ClientToken, Foreign, HttpEntry, PlannedEdit,
    Registration, STDIO, Scope, ServerEntry, TextPlace, UserDirectories, WantedEntry, client,
    find_program,
};
use crate::fs::file_lock::FileLock;
use crate::home::Home;
use crate::lockfile::LockPolicy;
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::{escape, shell_word};
use crate::tokens::{TokenFile, with_text};

/// The longest name of an entry: clients put it before the names of tools.
const MAX_ENTRY_NAME: usize = 32;

#[derive(Args)]
pub(super) struct RegisterArguments {
    /// Clients [default: all that are found on this machine]
    #[arg(value_name = "CLIENT", value_parser = client_parser())]
    clients: Vec<&'static Client>,
    #[command(flatten)]
    http: HttpEntryArguments,
    #[command(flatten)]
    entry: EntryArguments,
    /// Replace an entry of that name that is something else
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
pub(super) struct UnregisterArguments {
    /// Clients [default: all that have the entry]
    #[arg(value_name = "CLIENT", value_parser = client_parser())]
    clients: Vec<&'static Client>,
    #[command(flatten)]
    entry: EntryArguments,
    /// Remove an entry of that name that does not start toolrack
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
struct EntryArguments {
    /// For you in all projects, or for everybody who works on the project in the current directory
    #[arg(long, value_name = "SCOPE", default_value = "user")]
    scope: ScopeArgument,
    /// Name of the entry
    #[arg(long, value_name = "NAME", default_value = "toolrack", value_parser = entry_name)]
    name: String,
    /// Show what would change in which file, and change nothing
    #[arg(long)]
    print: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ScopeArgument {
    User,
    Project,
}

impl From<ScopeArgument> for Scope {
    fn from(scope: ScopeArgument) -> Self {
        match scope {
            ScopeArgument::User => Self::User,
            ScopeArgument::Project => Self::Project,
        }
    }
}

pub(super) fn register(
    mut arguments: RegisterArguments,
    setup: &Setup,
) -> anyhow::Result<ExitCode> {
    let token = arguments.http.take_token()?;
    let outcome = write_entries(arguments, token.clone(), setup);
    // It was shown once, and maybe to this command alone.
    if let Some(ClientToken::Text(text)) = token {
        tell_unused_token(&text, setup);
    }
    outcome
}

fn write_entries(
    arguments: RegisterArguments,
    token: Option<ClientToken>,
    setup: &Setup,
) -> anyhow::Result<ExitCode> {
    let RegisterArguments { clients, http, entry: wanted, force } = arguments;
    let entry = match http.entry(token, wanted.scope.into())? {
        Some(server) => WantedEntry::Http(server),
        None => WantedEntry::Program(server_entry(setup)?),
    };
    let session = RegisterRun::new(wanted, foreign(force), setup)?;
    let starts_program = matches!(entry, WantedEntry::Program(_));
    for missing in missing_directories(setup).iter().filter(|_| starts_program) {
        eprintln!(
            "{} {missing}: there is no such directory yet; the server serves nothing from it until it is made",
            paint(ERROR, "warning:")
        );
    }
    let is_named = !clients.is_empty();
    let clients = if is_named { clients } else { session.installed()? };
    let mut done = Vec::new();
    let mut is_refused = false;
    let titles: Vec<_> = clients.iter().map(|client| client.title).collect();
    let mut targets = Vec::new();
    for client in clients {
        targets.extend(session.target(client, is_named)?.map(|target| (client, target)));
    }
    ensure!(
        !targets.is_empty(),
        "none of the clients that were found ({}) has a file for one project; leave out --scope project",
        titles.join(", ")
    );
    for (client, target) in targets {
        match session.register(target, &entry) {
            Ok(ClientOutcome::Done) => done.push(client),
            Ok(ClientOutcome::Unchanged | ClientOutcome::Shown) => {}
            Err(error) => {
                eprintln!("{} {}: {error}", paint(ERROR, "error:"), client.title);
                is_refused = true;
            }
        }
    }
    if !done.is_empty() {
        if starts_program && serves_nothing(setup) {
            let add = CommandName::Add.with(["FILE"]);
            println!("no plugin is installed yet: `{add}` installs one");
        }
        println!("undo it with `{}`", session.undo(&done));
    }
    Ok(if is_refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

pub(super) fn unregister(
    arguments: UnregisterArguments,
    setup: &Setup,
) -> anyhow::Result<ExitCode> {
    let UnregisterArguments { clients, entry: wanted, force } = arguments;
    let session = RegisterRun::new(wanted, foreign(force), setup)?;
    let is_named = !clients.is_empty();
    let clients = if is_named { clients } else { CLIENTS.iter().collect() };
    let (mut is_anything_there, mut is_done, mut is_refused) = (false, false, false);
    for client in clients {
        let Some(target) = session.target(client, is_named)? else { continue };
        match session.unregister(target) {
            Ok(ClientOutcome::Unchanged) if !is_named => {}
            Ok(ClientOutcome::Unchanged) => {
                println!("unchanged {}: it has no entry `{}`", client.title, session.wanted.name);
            }
            Ok(outcome) => {
                is_anything_there = true;
                is_done |= matches!(outcome, ClientOutcome::Done);
            }
            Err(error) => {
                eprintln!("{} {}: {error}", paint(ERROR, "error:"), client.title);
                is_refused = true;
            }
        }
    }
    if is_done {
        println!("a session that runs keeps its tools until it ends");
    }
    if !is_anything_there && !is_named && !is_refused {
        println!("nothing to do: no client has an entry `{}`", session.wanted.name);
    }
    Ok(if is_refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The request, and the files in which it is carried out.
struct RegisterRun {
    wanted: EntryArguments,
    foreign: Foreign,
    registration: Registration,
    /// Held until the last file is written. `None` where nothing is.
    _lock: Option<FileLock>,
}

/// The outcome for one client.
enum ClientOutcome {
    Done,
    Unchanged,
    Shown,
}

impl RegisterRun {
    fn new(wanted: EntryArguments, foreign: Foreign, setup: &Setup) -> anyhow::Result<Self> {
        let registration = registration(setup.home.as_ref())?;
        let lock = (!wanted.print).then(|| registration.lock()).transpose()?;
        Ok(Self { wanted, foreign, registration, _lock: lock })
    }

    fn scope(&self) -> Scope {
        self.wanted.scope.into()
    }

    fn installed(&self) -> anyhow::Result<Vec<&'static Client>> {
        let is_there = |client: &&Client| self.registration.is_installed(client);
        let found: Vec<_> = CLIENTS.iter().filter(is_there).collect();
        if found.is_empty() {
            let known: Vec<_> = CLIENTS.iter().map(|client| client.name).collect();
            bail!("no client was found on this machine; name one of {}", known.join(", "));
        }
        Ok(found)
    }

    /// The file of `client`. `None` where it has none in this scope and was not asked for by name.
    fn target(
        &self,
        client: &'static Client,
        is_named: bool,
    ) -> anyhow::Result<Option<ClientFile>> {
        let target = self.registration.target(client, self.scope());
        ensure!(
            target.is_some() || !is_named,
            "{} has no file of its own for one project; leave out --scope project{}",
            client.title,
            if client.name.starts_with("vscod") {
                ", or name `vscode`, whose file it reads"
            } else {
                ""
            }
        );
        Ok(target)
    }

    fn register(
        &self,
        target: ClientFile,
        entry: &WantedEntry,
    ) -> Result<ClientOutcome, ClientError> {
        let (client, file, name) = (target.client, target.file.clone(), &self.wanted.name);
        let change = self.registration.register(target, name, entry, self.foreign)?;
        let (title, path) = (paint(NAME, client.title), shown(&file));
        let Some(change) = change else {
            println!("unchanged {title}: {path} has this entry already");
            if self.scope() == Scope::User {
                self.warn_of_local_entry(client);
            }
            return Ok(ClientOutcome::Unchanged);
        };
        if self.wanted.print {
            return Ok(print_change(client, &change));
        }
        let kept = self.registration.apply(&change)?;
        println!("{} {name} with {title}, in {path}", paint(GOOD, "registered"));
        print_lost(&change, kept.as_deref());
        println!("     {}", paint(DIM, change.effect.unwrap_or_default()));
        if let WantedEntry::Http(server) = entry {
            print_needs(client, server);
        }
        println!("     {}", client.pickup);
        if self.scope() == Scope::User {
            self.warn_of_local_entry(client);
        }
        if self.scope() == Scope::Project && !client.project_pickup.is_empty() {
            println!("     {}", client.project_pickup);
        }
        Ok(ClientOutcome::Done)
    }

    fn unregister(&self, target: ClientFile) -> Result<ClientOutcome, ClientError> {
        let (client, file, name) = (target.client, target.file.clone(), &self.wanted.name);
        let change = self.registration.unregister(target, name, self.foreign)?;
        let Some(change) = change else { return Ok(ClientOutcome::Unchanged) };
        if self.wanted.print {
            return Ok(print_change(client, &change));
        }
        let kept = self.registration.apply(&change)?;
        let title = paint(NAME, client.title);
        let (verb, path) = (paint(GOOD, "unregistered"), shown(&file));
        if change.removes_file() {
            println!("{verb} {name} from {title}: {path}, which toolrack had made, is gone");
        } else {
            println!("{verb} {name} from {title}, in {path}");
        }
        if change.leaves_backup {
            let backup = shown(&self.registration.backup(&change));
            println!("     the entry that it had replaced stands in {backup}");
        }
        if change.restores {
            println!("     the entry that it had replaced is back");
        }
        print_lost(&change, kept.as_deref());
        self.warn_of_local_entry(client);
        Ok(ClientOutcome::Done)
    }

    /// Says which entry of this name counts in this directory all the same.
    fn warn_of_local_entry(&self, client: &'static Client) {
        let Ok(local) = self.registration.local_scope(client) else { return };
        if local.entries.contains_key(&self.wanted.name) {
            let (title, command) = (client.title, removes_local(&self.wanted.name));
            println!(
                "     {title} still has one of its own for this directory; `{command}` removes it"
            );
        }
    }

    /// The command that takes back what was done with `clients`.
    fn undo(&self, clients: &[&Client]) -> SuggestedCommand {
        let mut command = CommandName::Unregister.with(clients.iter().map(|client| client.name));
        if self.scope() == Scope::Project {
            command = command.option("--scope", "project");
        }
        if self.wanted.name != "toolrack" {
            command = command.option("--name", &self.wanted.name);
        }
        command
    }
}

/// Returns the command by which Claude Code removes an entry of its local scope.
pub(super) fn removes_local(name: &str) -> String {
    format!("claude mcp remove --scope local {}", shell_word(name))
}

/// The registration of this user in the current directory.
pub(super) fn registration(home: Option<&Home>) -> anyhow::Result<Registration> {
    const NO_USER_HOME: &str = "there is no home directory; set HOME";
    let directories = UserDirectories::from_environment().context(NO_USER_HOME)?;
    let project = std::env::current_dir().context("the current directory cannot be used")?;
    let home = Home::at(std::path::absolute(home.context(NO_USER_HOME)?.path())?);
    Ok(Registration::new(directories, project, &home))
}

/// Returns the entry for clients: this program, with the configuration that decide here what is served.
pub(super) fn server_entry(setup: &Setup) -> anyhow::Result<ServerEntry> {
    let program = std::env::current_exe().context("the path of this program is not known")?;
    ensure!(
        program.is_file(),
        "{}: this program was moved or replaced; start it anew",
        shown(&program)
    );
    // A client's server speaks on stdin and stdout, whatever the configuration says of HTTP, now or later.
    let mut args = vec!["serve".to_owned(), STDIO.to_owned()];
    if let Some(config) = &setup.config {
        args.extend(["--config".to_owned(), absolute(config)?]);
    }
    let is_default = match setup.plugins_from {
        DirectoriesFrom::Configuration => true,
        DirectoriesFrom::Option | DirectoriesFrom::Variable | DirectoriesFrom::Default => {
            setup.configuration.plugins.is_none()
                && setup.home.as_ref().is_some_and(|home| setup.plugins == [home.plugins()])
        }
    };
    if !is_default {
        for directory in &setup.plugins {
            args.extend(["--plugins".to_owned(), absolute(directory)?]);
        }
    }
    if setup.locking == LockPolicy::Required {
        args.push("--locked".to_owned());
    }
    let mut env = BTreeMap::new();
    // A client that is started from a desktop does not see the variables of this shell.
    if let Some(home) = std::env::var_os("TOOLRACK_HOME").filter(|home| !home.is_empty()) {
        env.insert("TOOLRACK_HOME".to_owned(), absolute(Path::new(&home))?);
    }
    Ok(ServerEntry { command: absolute(&program)?, args, env })
}

/// The plugin directories that were named and are not there. The one in toolrack's home is made by `toolrack add`.
fn missing_directories(setup: &Setup) -> Vec<String> {
    let own = setup.home.as_ref().map(Home::plugins);
    let named = setup.plugins.iter().filter(|directory| Some(*directory) != own.as_ref());
    named.filter(|directory| !directory.is_dir()).map(|directory| shown(directory)).collect()
}

/// True if plugins lie in toolrack's own directory alone, and that is not made yet: `toolrack add` makes it.
fn serves_nothing(setup: &Setup) -> bool {
    let own = setup.home.as_ref().map(Home::plugins);
    setup.plugins.iter().all(|directory| Some(directory) == own.as_ref() && !directory.is_dir())
}

fn absolute(path: &Path) -> anyhow::Result<String> {
    let path = std::path::absolute(path).with_context(|| shown(path))?;
    let text = path.to_str().map(str::to_owned);
    text.with_context(|| {
        format!("{}: clients' files are UTF-8, and this path is not", shown(&path))
    })
}

/// Says what a person had written that went with an edit, where the file as it was is `kept`.
fn print_lost(change: &PlannedEdit, kept: Option<&Path>) {
    let Some(kept) = kept else { return };
    let comments = (change.lost_comments > 0).then(|| counted(change.lost_comments, "comment"));
    let names = change.additions.iter().map(|name| escape(name)).chain(comments);
    let names = names.collect::<Vec<_>>().join(", ");
    println!("     with it went {names}; the file as it was stands in {}", shown(kept));
}

/// Says what a client needs to reach the server.
fn print_needs(client: &Client, server: &HttpEntry) {
    if let Some(ClientToken::Variable(name)) = &server.token {
        println!("     it reads the token from {name}, which has to be set where it is started");
    }
    if client.needs_remote() && find_program("npx").is_none() {
        println!("     npx was not found here; it comes with Node.js");
    }
}

/// Tells the name of a token of this machine's servers that stands in no client's file.
fn tell_unused_token(text: &str, setup: &Setup) {
    // Tokens that cannot be read are told of by the commands that need them.
    let tokens = setup.home.as_ref().and_then(|home| TokenFile::of(home).read().ok());
    let tokens = tokens.unwrap_or_default();
    let (Some(token), Ok(registration)) =
        (with_text(&tokens, text), registration(setup.home.as_ref()))
    else {
        return;
    };
    let files = match registration.place_of(text) {
        TextPlace::File => return,
        TextPlace::Nowhere => "no client's file",
        TextPlace::Unknown => "no client's file that can be read",
    };
    let remove = CommandName::TokenRemove.with([token.name.to_string()]);
    eprintln!(
        "the token {} got into {files}; if you have not kept it elsewhere, `{remove}` removes it",
        token.name
    );
}

fn print_change(client: &Client, change: &PlannedEdit) -> ClientOutcome {
    let (before, after) = change.texts();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (title, path) = (paint(NAME, client.title), shown(change.path()));
    if change.removes_file() {
        println!("{title}: {path} would be removed");
    } else {
        println!("{title}: {path}");
        print_lines(&diff(&lines(&before), &lines(&after)), |line| change.shown(line));
    }
    ClientOutcome::Shown
}

fn foreign(is_forced: bool) -> Foreign {
    if is_forced { Foreign::Overruled } else { Foreign::Kept }
}

fn client_parser() -> impl TypedValueParser<Value = &'static Client> {
    let value = |client: &'static Client| PossibleValue::new(client.name).help(client.title);
    let known = PossibleValuesParser::new(CLIENTS.iter().map(value));
    known.try_map(|name| client(&name).ok_or("no such client"))
}

fn entry_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || text.len() > MAX_ENTRY_NAME || !text.chars().all(is_plain) {
        return Err(format!("expected 1 to {MAX_ENTRY_NAME} letters, digits, `-` or `_`"));
    }
    Ok(text.to_owned())
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
