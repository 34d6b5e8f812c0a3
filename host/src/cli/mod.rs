//! The command line: arguments to commands, outcomes to exit codes. The only place that prints for
//! people.

mod compile;
mod output;
mod logs;
mod secret;
mod usage;
mod configured_files;
mod setup;
mod audit_options;
mod token;
mod call;
mod status;
mod http_files;
mod health;
mod look;
mod author;
mod approve;
mod register;
mod install;
mod decide;
mod arguments;
mod logger;
mod serving;
mod doctor;
mod dev;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use approve::ReviewForm;
use arguments::{
    CliCommand, Command, ConfigurationNeed, Global, HttpArguments, LogFormat, ServeFlags,
};
use clap::ValueEnum as _;
use configured_files::{ConfiguredFiles, LooseConfiguration};
use install::lockfile_update::Approval;
use output::consent::Consent;
use output::print::{
    DIM, ERROR, GOOD, NAME, NO_DIRECTORY, Unwritten, counted, eprintln, paint, print_json, shown,
};
use setup::{DirectoriesFrom, Setup};

use crate::configuration::{self, Configuration};
use crate::fs::stated::Stated;
use crate::home::Home;
use crate::install::LocalFiles;
use crate::lockfile::LockPolicy;
use crate::protected::Protected;
use crate::sandbox::Compiler;
use crate::serve;
use crate::status::ServerFiles;
use crate::suggestion::{CommandName, name_directories, name_home};
use crate::text::escape;
use crate::typed_path;

/// The exit code of an error.
const ERROR_CODE: u8 = 2;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = arguments::parse();
    let command = match cli.invocation {
        None => Command::Serve { flags: ServeFlags::default(), http: HttpArguments::default() },
        Some(CliCommand::Command(command)) => command,
        // Before there is a log: it answers to another toolrack.
        Some(CliCommand::Compile(arguments)) => {
            return compile::run(&arguments).unwrap_or_else(|error| fail(&error, ERROR_CODE));
        }
    };
    let home = Home::from_environment();
    let serves = matches!(command, Command::Serve { .. });
    // Who checks a container's health knows no other code.
    let code = if matches!(command, Command::Health(_)) { 1 } else { ERROR_CODE };
    let configuration = match configuration(cli.global.config.as_deref(), home.as_ref()) {
        Ok(configuration) => configuration,
        Err(error) => match command.configuration_need() {
            ConfigurationNeed::Needed => return fail(&error, code),
            ConfigurationNeed::Dispensable => {
                warn_of_configuration(&error);
                Configuration::default()
            }
            ConfigurationNeed::None => Configuration::default(),
        },
    };
    let configured = configuration.serve.log.as_ref().filter(|_| serves);
    // What `doctor` finds in the files of secrets is a finding of its own.
    let usual = match command {
        Command::Serve { .. } => "info",
        Command::Doctor { .. } => "warn,toolrack::secret::lookup=off",
        _ => "warn",
    };
    let level = cli.global.log.as_deref().or(configured.map(|stated| &*stated.value));
    let level = level.unwrap_or(usual);
    let places = home.as_ref().filter(|_| serves).map(|home| logger::ServerPlaces {
        plugins: ServerFiles::own(home.run()),
        kept: home.log(),
    });
    // Kept to the end: dropping it writes what is still queued.
    let _log = match logger::start(log_format(&cli.global, serves, &configuration), level, places) {
        Ok(log) => log,
        Err(error) => {
            let configured = configured.filter(|_| cli.global.log.is_none());
            let place = configured.map(|stated| format!("{}: `log`", stated.place));
            return fail(&place.into_iter().fold(error, anyhow::Error::context), code);
        }
    };
    let run = || {
        let setup = set_up(cli.global, home, configuration)?;
        name_directories(&directories_to_name(&setup, serves));
        name_home(home_to_name(&setup, serves));
        run(command, setup)
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(ran) => ran.unwrap_or_else(|error| fail(&error, code)),
        Err(why) if why.is::<Unwritten>() => ExitCode::from(code),
        Err(panic) => resume_unwind(panic),
    }
}

/// Tells of a configuration that cannot be used, for a command that goes on without it.
fn warn_of_configuration(error: &anyhow::Error) {
    eprintln!("{} {error:#}", paint(ERROR, "warning:"));
    eprintln!(
        "this command goes on as if there were no configuration; a server that runs keeps what it read when it started"
    );
}

/// Reads the configuration.
fn configuration(given: Option<&Path>, home: Option<&Home>) -> anyhow::Result<Configuration> {
    let given = given.map(|path| expanded("--config", path.to_owned())).transpose()?;
    Ok(configuration::load(given.as_deref(), home)?)
}

/// Returns the form of the log: that of the command line, or that of the configuration for a server.
fn log_format(global: &Global, serves: bool, configuration: &Configuration) -> LogFormat {
    let configured = configuration.serve.log_format.as_ref().filter(|_| serves);
    let configured = configured.and_then(|stated| LogFormat::from_str(&stated.value, false).ok());
    global.log_format.or(configured).unwrap_or(LogFormat::Human)
}

/// Returns the setup that the options of the command line, the environment and the configuration ask for.
fn set_up(
    global: Global,
    home: Option<Home>,
    configuration: Configuration,
) -> anyhow::Result<Setup> {
    let says = |stated: &Option<Stated<bool>>| stated.as_ref().map(|stated| stated.value);
    let (plugins, plugins_from) =
        plugin_directories(global.plugins, configuration.plugins.as_ref(), home.as_ref())?;
    let never = configuration.policy.directories.iter().map(|never| {
        let Stated { value, place } = never;
        let path = typed_path::expanded(value)
            .with_context(|| format!("{place}: `never_directories`: `{}`", escape(value)))?;
        Ok(Stated { value: path, place: place.clone() })
    });
    let never = never.collect::<anyhow::Result<_>>()?;
    let configured = ConfiguredFiles::new(global.config.as_deref(), home.as_ref(), &configuration);
    let protected = Protected::new(&plugins, home.as_ref())
        .and_never(never)
        .and_configuration(configured.paths());
    let is_cached = !global.no_cache && says(&configuration.cache) != Some(false);
    let cache = home.as_ref().filter(|_| is_cached).map(Home::cache);
    let warm = configuration.warm.as_ref().map(|Stated { value, place }| {
        typed_path::expanded(value).with_context(|| format!("{place}: `warm`: `{}`", escape(value)))
    });
    let compiler = cache.into_iter().fold(Compiler::in_children(), Compiler::with_cache);
    let compiler = warm.transpose()?.into_iter().fold(compiler, Compiler::with_warm);
    let policy = Arc::new(configuration.policy.clone());
    // Each of them can demand it, and none can lift what another demands.
    let is_locked =
        global.locked || says(&configuration.locked) == Some(true) || policy.locked.is_some();
    let locking = if is_locked { LockPolicy::Required } else { LockPolicy::Followed };
    let configuration = Arc::new(configuration);
    let config = global.config;
    Ok(Setup {
        plugins,
        plugins_from,
        compiler,
        locking,
        protected,
        policy,
        config,
        configuration,
        configured,
        home,
    })
}

fn run(command: Command, setup: Setup) -> anyhow::Result<ExitCode> {
    let run = setup.home.as_ref().map(Home::run);
    match command {
        Command::Serve { flags, http } => {
            let flagged = serving::flagged_files(&flags, &http);
            let configured = setup.configured.clone().and(flagged);
            for LooseConfiguration { problem, advice } in configured.loose() {
                tracing::warn!("{problem}; {advice}");
            }
            let options = serving::options(&flags, http, setup)?;
            if options.stdio {
                hint_at_terminal();
            }
            let served = serve::serve(options);
            served.map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::List { name: None, json } => look::list::run(setup, json),
        Command::List { name: Some(name), json } => look::list_tool::run(setup, &name, json),
        Command::Call { tool, arguments, json } => call::run(setup, &tool, &arguments, json),
        Command::Check { names, json } => {
            // Who asks about some plugins asks about nothing else.
            let unusable = match names.is_empty() {
                true => serving::problems(&setup.configuration, setup.home.as_ref()),
                false => Vec::new(),
            };
            look::check::run(setup, &names, &unusable, json)
        }
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
            let (kind, typed) = what.words();
            let typed = decide::TypedGrant {
                command: CommandName::Grant,
                name: &name,
                kind: &kind,
                what: typed.as_deref(),
            };
            let change = what.change(&name).map_err(|error| typed.explain(&setup, error))?;
            decide::run(&name, &change, &setup, run.as_deref())
        }
        Command::Revoke { name, kind, what } => {
            let options = decide::GrantOptions::default();
            let command = CommandName::Revoke;
            let read = decide::kind(command, &name, &kind, what.as_deref(), &options);
            let typed =
                decide::TypedGrant { command, name: &name, kind: &kind, what: what.as_deref() };
            let (kind, rest) = read.map_err(|error| typed.explain(&setup, error))?;
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
        Command::Warm { directory } => author::warm::run(setup, &directory),
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
        Command::Token { action } => {
            token::run(action, setup.home.as_ref(), &setup.configuration.serve)
        }
        Command::Health(arguments) => health::run(arguments, &setup.configuration),
        Command::Status(arguments) => status::run(&arguments, run.as_deref(), &setup.plugins),
    }
}

fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("{} {error:#}", paint(ERROR, "error:"));
    ExitCode::from(code)
}

/// The directories, from the command line, the environment, the configuration, or the default.
fn plugin_directories(
    given: Vec<PathBuf>,
    configured: Option<&Stated<Vec<Box<str>>>>,
    home: Option<&Home>,
) -> anyhow::Result<(Vec<PathBuf>, DirectoriesFrom)> {
    let all = |place: &str, paths: Vec<PathBuf>| {
        paths.into_iter().map(|path| expanded(place, path)).collect::<anyhow::Result<_>>()
    };
    if !given.is_empty() {
        return Ok((all("--plugins", given)?, DirectoriesFrom::Option));
    }
    if let Some(value) = std::env::var_os("TOOLRACK_PLUGINS").filter(|value| !value.is_empty()) {
        let given = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
        return Ok((all("TOOLRACK_PLUGINS", given.collect())?, DirectoriesFrom::Variable));
    }
    if let Some(Stated { value, place }) = configured {
        let written = value.iter().map(|path| PathBuf::from(&**path));
        let written = all(&format!("{place}: `plugins`"), written.collect())?;
        return Ok((written, DirectoriesFrom::Configuration));
    }
    Ok((home.into_iter().map(Home::plugins).collect(), DirectoriesFrom::Default))
}

/// Returns the plugin directories that suggested commands have to name: none, where those of `setup` count by
/// themselves for a person. What starts a server has variables of its own.
fn directories_to_name(setup: &Setup, serves: bool) -> Vec<PathBuf> {
    let persons = if serves { Home::of_user() } else { setup.home.clone() };
    let is_default = match setup.plugins_from {
        DirectoriesFrom::Variable => false,
        // A person's shell reads the same file, unless a server was given another.
        DirectoriesFrom::Configuration => {
            let home = setup.home.as_ref().map(Home::path);
            setup.config.is_none() && persons.as_ref().map(Home::path) == home
        }
        // A command without the option looks at the default, unless something else names directories.
        DirectoriesFrom::Option | DirectoriesFrom::Default => {
            let is_named =
                std::env::var_os("TOOLRACK_PLUGINS").is_some_and(|value| !value.is_empty());
            !is_named
                && setup.configuration.plugins.is_none()
                && persons.is_some_and(|home| setup.plugins == [home.plugins()])
        }
    };
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
