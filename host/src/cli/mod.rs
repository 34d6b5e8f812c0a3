//! The command line: arguments to commands, outcomes to exit codes. The only place that prints for
//! people.

mod add;
mod approve;
mod call;
mod check;
mod compile;
mod dev;
mod diff;
mod grants;
mod help;
mod inspect;
mod list;
mod load;
mod locked;
mod log;
mod new;
mod remove;
mod secret;
mod served;
mod status;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{eprintln, println};
use approve::Consent;
use clap::{Args, Parser, Subcommand, ValueEnum};
use locked::Approval;

use crate::home::Home;
use crate::lock::Locking;
use crate::protected::Protected;
use crate::sandbox::Compiler;
use crate::serve::{self, Options};
use crate::status::Place;

#[derive(Parser)]
#[command(name = "toolrack", version, about = help::ABOUT, long_about = help::LONG_ABOUT, after_help = help::EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    invocation: Option<Invocation>,

    #[command(flatten)]
    global: Global,
}

#[derive(Args)]
struct Global {
    /// Directory with plugins; may be given more than once, the first has precedence
    ///
    /// Without it, the variable TOOLRACK_PLUGINS counts (several directories separated as in PATH), and
    /// without that `plugins` in ~/.toolrack, or in the directory that TOOLRACK_HOME names.
    #[arg(long, global = true, value_name = "DIR")]
    plugins: Vec<PathBuf>,

    /// Serve only what the file toolrack.lock in its plugin directory accepts, to the last byte
    ///
    /// Without it, where there is such a file, new plugins, wider grants and changed definitions are held back,
    /// and other code is served. `toolrack approve` makes the file and accepts what is held back.
    #[arg(long, global = true)]
    locked: bool,

    /// Compile every plugin anew; compiled code is neither read nor kept
    ///
    /// Otherwise compiled code is kept in `cache` in ~/.toolrack, or in the directory that
    /// TOOLRACK_HOME names, so that a plugin is compiled once and not at every start.
    #[arg(long, global = true)]
    no_cache: bool,

    /// Form of the log on stderr
    #[arg(long, global = true, value_name = "FORM", default_value = "human")]
    log_format: LogFormat,

    /// What is logged: error, warn, info, debug or trace, or a filter such as `plugin=debug,info`
    ///
    /// The default is `info` for serve and `warn` for other commands. The target `plugin` is what
    /// plugins write themselves.
    #[arg(long, global = true, value_name = "LEVEL", env = "TOOLRACK_LOG")]
    log: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// Text, in colour on a terminal
    Human,
    /// One JSON object a line
    Json,
}

#[derive(Subcommand)]
enum Invocation {
    #[command(flatten)]
    Command(Command),
    /// Compile one plugin from stdin to stdout; toolrack starts this, people do not
    #[command(hide = true)]
    Compile(compile::Arguments),
}

#[derive(Subcommand)]
enum Command {
    /// Serve MCP on stdin and stdout (this is also what no command does)
    #[command(long_about = help::SERVE)]
    Serve {
        /// Tools on one page of tools/list [default: all]
        #[arg(long, value_name = "N")]
        page_size: Option<NonZeroUsize>,
    },
    /// List the tools that would be served
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Call one tool and print its answer
    #[command(long_about = help::CALL)]
    Call {
        /// The tool's public name, as `toolrack list` shows it
        tool: String,
        /// One JSON object, or KEY=VALUE pairs
        #[arg(value_name = "ARGUMENT")]
        arguments: Vec<String>,
        /// Print the whole MCP result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what any Wasm file is, what it would need, and which tools it would give
    #[command(long_about = help::INSPECT)]
    Inspect {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON, with the schemas of the tools
        #[arg(long, conflicts_with = "manifest")]
        json: bool,
        /// Print a manifest to begin with
        #[arg(long)]
        manifest: bool,
    },
    /// Install plugins, after checking them
    #[command(long_about = help::ADD)]
    Add {
        /// A plugin's .wasm or .toml, or a directory that holds manifests
        #[arg(value_name = "PLUGIN", required = true)]
        sources: Vec<PathBuf>,
        /// Accept them in toolrack.lock, where the directory has one
        #[arg(long)]
        approve: bool,
    },
    /// Show what differs from toolrack.lock, and accept it
    #[command(long_about = help::APPROVE)]
    Approve {
        /// Plugins [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Accept without asking
        #[arg(long)]
        yes: bool,
        /// Print JSON; nobody is asked, so nothing is accepted without --yes
        #[arg(long)]
        json: bool,
    },
    /// Remove plugins
    #[command(long_about = help::REMOVE)]
    Remove {
        /// A plugin's name, as `toolrack check` shows it
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
    /// Begin a plugin: a directory that builds
    #[command(long_about = help::NEW)]
    New {
        /// The directory to make; its name is the plugin's
        #[arg(value_name = "DIRECTORY")]
        directory: PathBuf,
        /// What it is written in
        #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
        lang: new::Lang,
        /// The SDK's directory, `plugin-sdk` of a clone [default: the repository]
        #[arg(long, value_name = "DIR")]
        sdk: Option<PathBuf>,
    },
    /// Build a plugin's crate on every save and install it
    #[command(long_about = help::DEV)]
    Dev {
        /// The directory of the plugin's crate
        #[arg(value_name = "CRATE", default_value = ".")]
        directory: PathBuf,
        /// The package, where a workspace has several plugins
        #[arg(long, value_name = "NAME")]
        package: Option<String>,
    },
    /// Show what running servers serve
    #[command(long_about = help::STATUS)]
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep secrets of plugins in the system's keyring
    #[command(long_about = help::SECRET)]
    Secret {
        #[command(subcommand)]
        action: secret::Action,
    },
    /// Validate plugin directories
    #[command(long_about = help::CHECK)]
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What every command that loads plugins needs.
#[derive(Clone)]
struct Setup {
    plugins: Vec<PathBuf>,
    compiler: Compiler,
    /// How strictly locks are kept to.
    locking: Locking,
    /// What no plugin sees, wherever it is loaded from.
    protected: Protected,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = match cli.invocation {
        None => Command::Serve { page_size: None },
        Some(Invocation::Command(command)) => command,
        // Before there is a log: it answers to another toolrack.
        Some(Invocation::Compile(arguments)) => {
            return compile::run(&arguments).unwrap_or_else(|error| fail(&error));
        }
    };
    let home = Home::from_environment();
    let plugins = plugin_directories(cli.global.plugins, home.as_ref());
    let protected = Protected::new(&plugins, home.as_ref());
    let run = home.as_ref().map(Home::run);
    let cache = home.filter(|_| !cli.global.no_cache).map(|home| home.cache());
    let compiler = cache.into_iter().fold(Compiler::in_children(), Compiler::with_cache);
    let locking = if cli.global.locked { Locking::Required } else { Locking::Followed };
    let setup = Setup { plugins, compiler, locking, protected };
    let serves = matches!(command, Command::Serve { .. });
    let level = cli.global.log.as_deref().unwrap_or(if serves { "info" } else { "warn" });
    let place = run.clone().filter(|_| serves).map(Place::own);
    // Kept to the end: dropping it writes what is still queued.
    let _log = match log::start(cli.global.log_format, level, place) {
        Ok(log) => log,
        Err(error) => return fail(&error),
    };
    let outcome = match command {
        Command::Serve { page_size } => {
            hint_at_terminal();
            let Setup { plugins, compiler, locking, protected } = setup;
            let page = page_size;
            let served = serve::serve(Options { plugins, locking, compiler, protected, page, run });
            served.map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::List { json } => list::run(setup, json),
        Command::Call { tool, arguments, json } => call::run(setup, &tool, &arguments, json),
        Command::Check { json } => check::run(setup, json),
        Command::Inspect { file, json, manifest } => {
            let form = match (json, manifest) {
                (true, _) => inspect::Form::Json,
                (_, true) => inspect::Form::Manifest,
                _ => inspect::Form::Words,
            };
            inspect::run(setup, &file, form)
        }
        Command::Add { sources, approve } => {
            let approval = if approve { Approval::Now } else { Approval::Later };
            add::run(&sources, &setup, run.as_deref(), approval)
        }
        Command::Approve { names, yes, json } => {
            let consent = if yes { Consent::Given } else { Consent::Asked };
            approve::run(&names, setup, run.as_deref(), consent, json)
        }
        Command::Remove { names } => remove::run(&names, &setup.plugins, run.as_deref()),
        Command::New { directory, lang, sdk } => new::run(&directory, lang, sdk.as_deref()),
        Command::Dev { directory, package } => {
            dev::run(&directory, package, &setup, run.as_deref())
        }
        Command::Secret { action } => secret::run(&action, &setup.plugins),
        Command::Status { json } => status::run(run.as_deref(), &setup.plugins, json),
    };
    outcome.unwrap_or_else(|error| fail(&error))
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("{} {error:#}", paint(ERROR, "error:"));
    ExitCode::from(2)
}

/// The directories, from the command line, the environment, or the default.
fn plugin_directories(given: Vec<PathBuf>, home: Option<&Home>) -> Vec<PathBuf> {
    if !given.is_empty() {
        return given;
    }
    match std::env::var_os("TOOLRACK_PLUGINS").filter(|value| !value.is_empty()) {
        Some(value) => {
            std::env::split_paths(&value).filter(|p| !p.as_os_str().is_empty()).collect()
        }
        None => home.into_iter().map(Home::plugins).collect(),
    }
}

fn hint_at_terminal() {
    use std::io::IsTerminal as _;
    if std::io::stdin().is_terminal() {
        eprintln!(
            "toolrack speaks MCP on stdin and stdout; an MCP client starts it. Try `toolrack list`, or \
             `toolrack --help`. End with ctrl-d."
        );
    }
}

const ERROR: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
const GOOD: anstyle::Style = anstyle::AnsiColor::Green.on_default();
const NAME: anstyle::Style = anstyle::Style::new().bold();
const DIM: anstyle::Style = anstyle::Style::new().dimmed();

/// Coloured text; [`anstream`] takes the colour out where nobody sees it.
fn paint(style: anstyle::Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A number of things: `1 plugin`, `2 plugins`.
fn counted<N: std::fmt::Display + PartialEq + From<u8>>(number: N, thing: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
