//! The command line: arguments to commands, outcomes to exit codes. The only place that prints for
//! people.

mod call;
mod check;
mod compile;
mod list;
mod load;
mod log;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{eprintln, println};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::home::Home;
use crate::sandbox::Compiler;
use crate::serve::{self, Options};

const ABOUT: &str = "One MCP server, many sandboxed WebAssembly tools";

const LONG_ABOUT: &str = "\
One MCP server, many sandboxed WebAssembly tools.

Each plugin is two files in a plugin directory: a manifest (NAME.toml) and its WebAssembly \
(NAME.wasm). Register `toolrack serve` once with your MCP client; install tools by copying files.";

const EXAMPLES: &str = "\
Examples:
  toolrack check                               what would be served, and what is refused and why
  toolrack list                                the tools, as a client sees them
  toolrack call calc_evaluate expression=2^64  call a tool from the shell
  toolrack serve --plugins ./manifests         speak MCP on stdin and stdout

Register with Claude Code:
  claude mcp add --scope user toolrack -- toolrack serve

Exit codes: 0 success; 1 a tool failed or a plugin was refused; 2 the command line is wrong.";

const SERVE_HELP: &str = "\
Speaks MCP on stdin and stdout, one JSON message a line, until stdin ends or a signal comes. An MCP \
client starts this command; logs go to stderr.

Try it by hand:
  printf '%s\\n' \\
    '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"me\",\"version\":\"0\"}}}' \\
    '{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}' | toolrack serve";

const CALL_HELP: &str = "\
Calls one tool as an MCP client would, in the same sandbox with the same limits, and prints its answer.

Arguments are one JSON object, or KEY=VALUE pairs that are read by the tool's input schema: a string \
where it wants a string, JSON where it wants anything else.

Examples:
  toolrack call hello_greet name=Ada
  toolrack call calc_evaluate '{\"expression\": \"0.1 + 0.2\"}'
  toolrack call --json time_now";

const CHECK_HELP: &str = "\
Loads every plugin as `serve` would and says what would be served, with which limits, and what is \
refused and why. Exits with 1 if anything is refused.";

#[derive(Parser)]
#[command(name = "toolrack", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXAMPLES)]
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
    #[command(long_about = SERVE_HELP)]
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
    #[command(long_about = CALL_HELP)]
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
    /// Validate plugin directories
    #[command(long_about = CHECK_HELP)]
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What every command that loads plugins needs.
struct Setup {
    plugins: Vec<PathBuf>,
    compiler: Compiler,
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
    let cache = home.filter(|_| !cli.global.no_cache).map(|home| home.cache());
    let compiler = cache.into_iter().fold(Compiler::in_children(), Compiler::with_cache);
    let setup = Setup { plugins, compiler };
    let default_level = match command {
        Command::Serve { .. } => "info",
        Command::List { .. } | Command::Call { .. } | Command::Check { .. } => "warn",
    };
    let level = cli.global.log.as_deref().unwrap_or(default_level);
    // Kept to the end: dropping it writes what is still queued.
    let _log = match log::start(cli.global.log_format, level) {
        Ok(guard) => guard,
        Err(error) => return fail(&error),
    };
    let outcome = match command {
        Command::Serve { page_size } => {
            hint_at_terminal();
            let Setup { plugins, compiler } = setup;
            let served = serve::serve(Options { plugins, compiler, page: page_size });
            served.map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::List { json } => list::run(setup, json),
        Command::Call { tool, arguments, json } => call::run(setup, &tool, &arguments, json),
        Command::Check { json } => check::run(setup, json),
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

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
