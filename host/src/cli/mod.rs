//! The command line: arguments to commands, outcomes to exit codes. The only place that prints for
//! people.

mod compile;
mod output;
mod logs;
mod token;
mod secret;
mod usage;
mod setup;
mod call;
mod author;
mod status;
mod look;
mod approve;
mod register;
mod install;
mod decide;
mod arguments;
mod doctor;
mod dev;
mod logger;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use approve::ReviewForm;
use arguments::{CliCommand, Command, Global, HttpArguments, LogFormat};
use install::lockfile_update::Approval;
use output::consent::Consent;
use output::print::{
    DIM, ERROR, GOOD, NAME, NO_DIRECTORY, Unwritten, counted, eprintln, paint, print_json, shown,
};
use setup::Setup;

use crate::home::Home;
use crate::install::LocalFiles;
use crate::lockfile::LockPolicy;
use crate::protected::Protected;
use crate::reload::Optimizing;
use crate::sandbox::Compiler;
use crate::serve::{self, Options};
use crate::status::ServerFiles;
use crate::suggestion::{CommandName, name_directories, name_home};
use crate::text::escape;
use crate::typed_path;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = arguments::parse();
    let command = match cli.invocation {
        None => {
            Command::Serve { page_size: None, no_optimize: false, http: HttpArguments::default() }
        }
        Some(CliCommand::Command(command)) => command,
        // Before there is a log: it answers to another toolrack.
        Some(CliCommand::Compile(arguments)) => {
            return compile::run(&arguments).unwrap_or_else(|error| fail(&error));
        }
    };
    let home = Home::from_environment();
    let serves = matches!(command, Command::Serve { .. });
    // What `doctor` finds in the files of secrets is a finding of its own.
    let usual = match command {
        Command::Serve { .. } => "info",
        Command::Doctor { .. } => "warn,toolrack::secret::lookup=off",
        _ => "warn",
    };
    let level = cli.global.log.as_deref().unwrap_or(usual);
    let places = home.as_ref().filter(|_| serves).map(|home| logger::ServerPlaces {
        plugins: ServerFiles::own(home.run()),
        kept: home.log(),
    });
    // Kept to the end: dropping it writes what is still queued.
    let _log = match logger::start(cli.global.log_format, level, places) {
        Ok(log) => log,
        Err(error) => return fail(&error),
    };
    let run = || {
        let setup = set_up(cli.global, home)?;
        name_directories(&directories_to_name(&setup, serves));
        name_home(home_to_name(&setup, serves));
        run(command, setup)
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(ran) => ran.unwrap_or_else(|error| fail(&error)),
        Err(why) if why.is::<Unwritten>() => ExitCode::from(2),
        Err(panic) => resume_unwind(panic),
    }
}

/// Returns the setup that the options of the command line and the environment ask for.
fn set_up(global: Global, home: Option<Home>) -> anyhow::Result<Setup> {
    let plugins = plugin_directories(global.plugins, home.as_ref())?;
    let protected = Protected::new(&plugins, home.as_ref());
    let cache = home.as_ref().filter(|_| !global.no_cache).map(Home::cache);
    let compiler = cache.into_iter().fold(Compiler::in_children(), Compiler::with_cache);
    let locking = if global.locked { LockPolicy::Required } else { LockPolicy::Followed };
    Ok(Setup { plugins, compiler, locking, protected, home })
}

fn run(command: Command, setup: Setup) -> anyhow::Result<ExitCode> {
    let run = setup.home.as_ref().map(Home::run);
    match command {
        Command::Serve { page_size, no_optimize, http } => {
            let stdio = http.stdio || http.http.is_none();
            if stdio {
                hint_at_terminal();
            }
            let Setup { plugins, compiler, locking, protected, home } = setup;
            let page = page_size;
            let optimizing = if no_optimize { Optimizing::Never } else { Optimizing::InBackground };
            let http = http.options();
            let options = Options {
                plugins,
                locking,
                optimizing,
                compiler,
                protected,
                page,
                stdio,
                http,
                home,
            };
            let served = serve::serve(options);
            served.map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::List { name: None, json } => look::list::run(setup, json),
        Command::List { name: Some(name), json } => look::list_tool::run(setup, &name, json),
        Command::Call { tool, arguments, json } => call::run(setup, &tool, &arguments, json),
        Command::Check { names, json } => look::check::run(setup, &names, json),
        Command::Inspect { file, json, manifest } => {
            let form = match (json, manifest) {
                (true, _) => look::inspect::ReportForm::Json,
                (_, true) => look::inspect::ReportForm::Manifest,
                _ => look::inspect::ReportForm::Words,
            };
            look::inspect::run(setup, &file, form)
        }
        Command::Add { sources, approve, yes } => {
            let approval = if approve { Approval::Now } else { Approval::Later };
            install::add::run(
                &sources,
                &setup,
                run.as_deref(),
                approval,
                Consent::of(yes || approve),
            )
        }
        Command::Approve { names, yes, full, json } => {
            let form = match (json, full) {
                (true, _) => ReviewForm::Json,
                (false, true) => ReviewForm::Full,
                (false, false) => ReviewForm::Summary,
            };
            approve::run(&names, setup, run.as_deref(), Consent::of(yes), form)
        }
        Command::Remove { names, purge } => {
            let decided = if purge { LocalFiles::Purge } else { LocalFiles::Keep };
            install::remove::run(&names, &setup, run.as_deref(), decided)
        }
        Command::Logs(arguments) => logs::run(&arguments, &setup.plugins, setup.home.as_ref()),
        Command::Grant { name, what } => {
            let change = what.change(&name);
            let change = change.map_err(|error| decide::of_plugin(&name, &setup, error))?;
            decide::run(&name, &change, &setup, run.as_deref())
        }
        Command::Revoke { name, kind, what } => {
            let options = decide::GrantOptions::default();
            let read = decide::kind(CommandName::Revoke, &name, &kind, what.as_deref(), &options);
            let (kind, rest) = read.map_err(|error| decide::of_plugin(&name, &setup, error))?;
            let change = decide::revoked(kind, rest.or(what.as_deref()))?;
            decide::run(&name, &change, &setup, run.as_deref())
        }
        Command::Set { name, key, value } => {
            let change = decide::set(&name, &key, value, &setup)?;
            decide::run(&name, &change, &setup, run.as_deref())
        }
        Command::Unset { name, key, what } => {
            let change = decide::unset(&name, &key, what.as_deref(), &setup)?;
            decide::run(&name, &change, &setup, run.as_deref())
        }
        Command::Pack { file, output } => author::pack::run(setup, &file, output.as_deref()),
        Command::New { directory, lang, sdk } => author::new::run(&directory, lang, sdk.as_deref()),
        Command::Dev { directory, package } => {
            dev::run(&directory, package, &setup, run.as_deref())
        }
        Command::Register(arguments) => register::register(arguments, &setup),
        Command::Unregister(arguments) => register::unregister(arguments, &setup),
        Command::Doctor { json } => doctor::run(setup, json),
        Command::Completions { shell } => usage::pages::completions(shell),
        Command::Man { directory } => usage::pages::man(directory.as_deref()),
        Command::Secret { action } => {
            secret::command::run(&action, &setup.plugins, setup.home.as_ref())
        }
        Command::Token { action } => token::run(action, setup.home.as_ref()),
        Command::Status { plugin, json } => {
            status::run(run.as_deref(), &setup.plugins, plugin.as_deref(), json)
        }
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("{} {error:#}", paint(ERROR, "error:"));
    ExitCode::from(2)
}

/// The directories, from the command line, the environment, or the default.
fn plugin_directories(given: Vec<PathBuf>, home: Option<&Home>) -> anyhow::Result<Vec<PathBuf>> {
    if !given.is_empty() {
        return given.into_iter().map(|path| expanded("--plugins", path)).collect();
    }
    match std::env::var_os("TOOLRACK_PLUGINS").filter(|value| !value.is_empty()) {
        Some(value) => {
            let given = std::env::split_paths(&value).filter(|p| !p.as_os_str().is_empty());
            given.map(|path| expanded("TOOLRACK_PLUGINS", path)).collect()
        }
        None => Ok(home.into_iter().map(Home::plugins).collect()),
    }
}

/// Returns the plugin directories that suggested commands have to name: none, where those of `setup` count by
/// themselves for a person. What starts a server has variables of its own.
fn directories_to_name(setup: &Setup, serves: bool) -> Vec<PathBuf> {
    let is_named = std::env::var_os("TOOLRACK_PLUGINS").is_some_and(|value| !value.is_empty());
    let persons = if serves { Home::of_user() } else { setup.home.clone() };
    let is_default = !is_named && persons.is_some_and(|home| setup.plugins == [home.plugins()]);
    if is_default { Vec::new() } else { setup.plugins.clone() }
}

/// Returns toolrack's own directory, if suggested commands have to name it: a server's is told by the client that starts it,
/// and no person's shell knows it. Windows has no such form of a command.
fn home_to_name(setup: &Setup, serves: bool) -> Option<&Path> {
    let home = setup.home.as_ref().filter(|_| serves && cfg!(unix)).map(Home::path)?;
    let is_default = Home::of_user().is_some_and(|own| own.path() == home);
    Some(home).filter(|_| !is_default)
}

/// A path that begins with `~` or `$NAME` in full: a client that starts the server is no shell, which would say so.
fn expanded(place: &str, path: PathBuf) -> anyhow::Result<PathBuf> {
    let Some(written) = path.to_str() else { return Ok(path) };
    typed_path::expanded(written).with_context(|| format!("{place}: `{}`", escape(written)))
}

fn hint_at_terminal() {
    use std::io::IsTerminal as _;
    if std::io::stdin().is_terminal() {
        eprintln!(
            "toolrack speaks MCP on stdin and stdout; an MCP client starts it. Try `{}`, or `toolrack --help`. End \
             with ctrl-d.",
            CommandName::List.alone()
        );
    }
}
