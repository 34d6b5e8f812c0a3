//! The command line as it is typed: commands, options, and what `--help` says of each.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::author::language::Lang;
use super::output::print::eprint;
use super::secret::command::SecretAction;
use super::token::TokenAction;
use super::usage::{help, tips};
use super::{compile, decide, health, logs, register, status};
use crate::mcp::{AllowedOrigin, HttpAddress, ServerName};
use crate::metrics::MetricsAddress;

#[derive(Parser)]
#[command(name = "toolrack", version, about = help::ABOUT, long_about = help::LONG_ABOUT, after_help = help::EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) invocation: Option<CliCommand>,

    #[command(flatten)]
    pub(super) global: Global,
}

/// They come after a command's own, under a heading, since most people need none of them.
#[derive(Args)]
#[command(next_help_heading = "Common options")]
pub(super) struct Global {
    /// Directory with plugins; may be given more than once, the first has precedence
    ///
    /// Without it, the variable TOOLRACK_PLUGINS counts (several directories separated as in PATH), and
    /// without that `plugins` in ~/.toolrack, or in the directory that TOOLRACK_HOME names. A `~` at the beginning is
    /// the home directory and `$NAME` a variable, whatever starts the server.
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) plugins: Vec<PathBuf>,

    /// Configuration to read in the place of config.toml in ~/.toolrack, or in the directory that TOOLRACK_HOME names
    ///
    /// Its keys count where no option of the command line says otherwise. The file of this machine's administrator,
    /// such as /etc/toolrack/config.toml, counts as well, and no option loosens its [policy].
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Serve only what the file toolrack.lock in its plugin directory accepts, to the last byte
    ///
    /// Without it, where there is such a file, new plugins, wider grants and changed definitions are held back,
    /// and other code is served. `toolrack approve` makes the file and accepts what is held back.
    #[arg(long, global = true)]
    pub(super) locked: bool,

    /// Compile every plugin anew; compiled code is neither read nor kept
    ///
    /// Otherwise compiled code is kept in `cache` in ~/.toolrack, or in the directory that
    /// TOOLRACK_HOME names, so that a plugin is compiled once and not at every start.
    #[arg(long, global = true)]
    pub(super) no_cache: bool,

    /// Form of the log on stderr
    ///
    /// The default is `human`.
    #[arg(long, global = true, value_name = "FORM")]
    pub(super) log_format: Option<LogFormat>,

    /// What is logged: off, error, warn, info, debug or trace, or a filter such as `plugin=debug,info`
    ///
    /// The default is `info` for serve and `warn` for other commands. The target `plugin` is what
    /// plugins write themselves.
    #[arg(long, global = true, value_name = "LEVEL", env = "TOOLRACK_LOG")]
    pub(super) log: Option<String>,
}

/// Options of `serve` that are not about clients that come over HTTP.
#[derive(Args, Default)]
pub(super) struct ServeFlags {
    /// Tools on one page of tools/list [default: all]
    #[arg(long, value_name = "N", value_parser = page_size)]
    pub(super) page_size: Option<NonZeroUsize>,
    /// Serve metrics for Prometheus at /metrics on this address: HOST:PORT, or a port of this machine
    #[arg(long, value_name = "ADDRESS")]
    pub(super) metrics: Option<MetricsAddress>,
    /// Write a line of JSON for each call that ends to this file, or to stderr: `stderr` or -
    #[arg(long, value_name = "FILE")]
    pub(super) audit: Option<PathBuf>,
    /// Keep the code that a plugin is first compiled to: slower calls, and no further work for the processors
    #[arg(long)]
    pub(super) no_optimize: bool,
}

/// Options of `serve` for clients that come over HTTP.
#[derive(Args, Default)]
pub(super) struct HttpArguments {
    /// Serve MCP over HTTP at /mcp on this address: HOST:PORT, a port of this machine, or unix:PATH
    ///
    /// stdin and stdout are not served then, unless `--stdio` says so.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) http: Option<HttpAddress>,
    /// Serve the client at stdin and stdout: beside --http too, and alone whatever the configuration says of HTTP
    #[arg(long)]
    pub(super) stdio: bool,
    /// Serve HTTPS with the certificate in this file of PEM, with those that lead to its authority behind it
    #[arg(long, value_name = "FILE")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The key of the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    pub(super) tls_key: Option<PathBuf>,
    /// Let only clients in that show a certificate of an authority in this file of PEM
    #[arg(long, value_name = "FILE")]
    pub(super) client_ca: Option<PathBuf>,
    /// A further name that clients and collectors of metrics know the server by: a server of this machine is known as localhost, one for others by its addresses [repeatable]
    #[arg(long, value_name = "NAME")]
    pub(super) http_host: Vec<ServerName>,
    /// An origin whose pages may use the server, as in https://app.example; this machine's may anyway [repeatable]
    #[arg(long, value_name = "ORIGIN")]
    pub(super) allow_origin: Vec<AllowedOrigin>,
    /// Serve everybody who reaches the address, though other machines do
    #[arg(long)]
    pub(super) allow_unauthenticated: bool,
    /// Seconds that requests over HTTP have to end once a signal came [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = grace)]
    pub(super) grace: Option<u64>,
    /// Seconds for which everything is served on before that, while /readyz says 503, for a balancer to notice [default: 0]
    #[arg(long, value_name = "SECONDS", value_parser = grace)]
    pub(super) drain_delay: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum LogFormat {
    /// Text, in colour on a terminal
    Human,
    /// One JSON object a line
    Json,
}

#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub(super) enum CliCommand {
    #[command(flatten)]
    Command(Command),
    /// Compile one plugin from stdin to stdout; toolrack starts this, people do not
    #[command(hide = true)]
    Compile(compile::Arguments),
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Serve MCP on stdin and stdout (this is also what no command does)
    #[command(long_about = help::SERVE)]
    Serve {
        #[command(flatten)]
        flags: ServeFlags,
        #[command(flatten)]
        http: HttpArguments,
    },
    /// List the tools that would be served, or show one of them in full
    #[command(long_about = help::LIST, alias = "ls")]
    List {
        /// The public name of a tool, or a plugin's for its tools [default: all tools, a line each]
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Call one tool and print its answer
    #[command(long_about = help::CALL)]
    Call {
        /// The tool's public name, as `toolrack list` shows it
        tool: String,
        /// One JSON object, or KEY=VALUE pairs, where a value may be @FILE, or - for stdin
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
    #[command(long_about = help::ADD, aliases = ["install", "update", "upgrade"])]
    Add {
        /// A plugin's .wasm or .toml, or a directory that holds manifests
        #[arg(value_name = "PLUGIN", required = true)]
        sources: Vec<PathBuf>,
        /// Accept them in toolrack.lock, where the directory has one
        #[arg(long)]
        approve: bool,
        /// Install an update that asks for more than the installed version, without asking
        #[arg(long)]
        yes: bool,
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
        /// Show all that a model reads of new tools, not their first sentences alone
        #[arg(long, conflicts_with = "json")]
        full: bool,
        /// Print JSON; nobody is asked, so nothing is accepted without --yes
        #[arg(long)]
        json: bool,
    },
    /// Remove plugins
    #[command(long_about = help::REMOVE, aliases = ["uninstall", "delete", "rm"])]
    Remove {
        /// A plugin's name, as `toolrack check` shows it
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Remove what you decided of them (NAME.local.toml), too
        #[arg(long)]
        purge: bool,
    },
    /// Let a plugin reach something: a directory, a host, a secret
    #[command(long_about = help::GRANT)]
    Grant {
        /// The plugin's name, as `toolrack check` shows it
        name: String,
        #[command(flatten)]
        what: decide::GrantArguments,
    },
    /// Take something away that a plugin may reach
    #[command(long_about = help::REVOKE)]
    Revoke {
        /// The plugin's name, as `toolrack check` shows it
        name: String,
        /// files, network, secret, env, config or scratch
        kind: String,
        /// Which: where the plugin sees the directory, the URL, the name [default: all of that kind]
        what: Option<String>,
    },
    /// Decide a limit, the prefix, or what a tool says
    #[command(long_about = help::SET)]
    Set {
        /// The plugin's name, as `toolrack check` shows it
        name: String,
        /// prefix, ungranted, output_schemas, link_schemes, concurrent, limits.KEY or tools.TOOL.KEY
        key: String,
        /// Its value; it may stand behind the key, too: KEY=VALUE
        value: Option<String>,
    },
    /// Forget what was decided: the manifest says it again
    #[command(long_about = help::UNSET)]
    Unset {
        /// The plugin's name, as `toolrack check` shows it
        name: String,
        /// What was decided, as `toolrack check` names it
        key: String,
        /// The rest of it, where it is typed as `grant` and `set` take it
        #[arg(hide = true)]
        what: Option<String>,
    },
    /// Write a plugin's tools into its file, so that it is listed before it is compiled
    #[command(long_about = help::PACK)]
    Pack {
        /// The plugin's .wasm
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The file to write [default: FILE itself]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Compile plugins for other machines, such as into an image
    #[command(long_about = help::WARM)]
    Warm {
        /// The directory to write: one that is empty, or of a former `warm`
        #[arg(value_name = "DIRECTORY")]
        directory: PathBuf,
    },
    /// Begin a plugin: a directory that builds
    #[command(long_about = help::NEW)]
    New {
        /// The directory to make; its name is the plugin's
        #[arg(value_name = "DIRECTORY")]
        directory: PathBuf,
        /// What it is written in
        #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
        lang: Lang,
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
    Status(status::StatusArguments),
    /// Ask a server over HTTP whether it lives
    #[command(long_about = help::HEALTH)]
    Health(health::HealthArguments),
    /// Show what servers and their plugins logged
    #[command(long_about = help::LOGS)]
    Logs(logs::LogsArguments),
    /// Make MCP clients on this machine start this toolrack, or reach one over HTTP
    #[command(long_about = help::REGISTER)]
    Register(register::RegisterArguments),
    /// Take toolrack out of the files of MCP clients
    #[command(long_about = help::UNREGISTER)]
    Unregister(register::UnregisterArguments),
    /// Look at what usually goes wrong, and say what to do
    #[command(long_about = help::DOCTOR)]
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print completions for a shell
    #[command(long_about = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write those of all commands into a directory
    #[command(long_about = help::MAN)]
    Man {
        /// The directory, such as ~/.local/share/man/man1 [default: print one page]
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Keep secrets of plugins in the system's keyring
    #[command(long_about = help::SECRET)]
    Secret {
        #[command(subcommand)]
        action: SecretAction,
    },
    /// Make tokens for clients that come over HTTP
    #[command(long_about = help::TOKEN)]
    Token {
        #[command(subcommand)]
        action: TokenAction,
    },
    /// Validate plugin directories
    #[command(long_about = help::CHECK)]
    Check {
        /// Plugins [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    /// Returns what the command does where the configuration cannot be used.
    pub(super) fn configuration_need(&self) -> ConfigurationNeed {
        match self {
            Self::Completions { .. } | Self::Man { .. } => ConfigurationNeed::None,
            Self::Health(arguments) if arguments.names_all() => ConfigurationNeed::None,
            // A token that leaked is withdrawn and replaced at once, whatever else is wrong on the machine.
            Self::Token { .. } | Self::Status(_) | Self::Logs(_) | Self::Unregister(_) => {
                ConfigurationNeed::Dispensable
            }
            Self::Health(arguments) if arguments.names_place() => ConfigurationNeed::Dispensable,
            Self::Health(_)
            | Self::Serve { .. }
            | Self::List { .. }
            | Self::Call { .. }
            | Self::Check { .. }
            | Self::Inspect { .. }
            | Self::Add { .. }
            | Self::Approve { .. }
            | Self::Remove { .. }
            | Self::Grant { .. }
            | Self::Revoke { .. }
            | Self::Set { .. }
            | Self::Unset { .. }
            | Self::Pack { .. }
            | Self::Warm { .. }
            | Self::New { .. }
            | Self::Dev { .. }
            | Self::Register(_)
            | Self::Doctor { .. }
            | Self::Secret { .. } => ConfigurationNeed::Needed,
        }
    }
}

/// The need of a command for the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConfigurationNeed {
    /// It ends with an error where the configuration cannot be used.
    Needed,
    /// It tells what is wrong with the configuration, and goes on without.
    Dispensable,
    /// It asks for none.
    None,
}

/// The options that commands do not show, since they change nothing for them. They are taken all the same.
const HIDDEN_OPTIONS: &[(&str, &[&str])] = &[
    ("inspect", &["plugins", "locked"]),
    ("add", &["locked"]),
    ("approve", &["locked"]),
    ("dev", &["locked"]),
    ("remove", &["locked", "no_cache"]),
    ("pack", &["plugins", "locked"]),
    ("warm", &["no_cache"]),
    ("new", &["config", "plugins", "locked", "no_cache", "log_format", "log"]),
    ("status", &["config", "plugins", "locked", "no_cache"]),
    ("health", &["plugins", "locked", "no_cache", "log_format", "log"]),
    ("logs", &["config", "plugins", "locked", "no_cache", "log_format", "log"]),
    ("register", &["no_cache", "log_format", "log"]),
    ("unregister", &["config", "plugins", "locked", "no_cache", "log_format", "log"]),
    ("completions", &["config", "plugins", "locked", "no_cache", "log_format", "log"]),
    ("man", &["config", "plugins", "locked", "no_cache", "log_format", "log"]),
    ("secret", &["locked", "no_cache"]),
    ("grant", &["locked"]),
    ("revoke", &["locked"]),
    ("set", &["locked"]),
    ("unset", &["locked"]),
];

/// The command line as `--help`, completions and manual pages show it.
pub(super) fn command() -> clap::Command {
    let command = Cli::command();
    let common: Vec<_> =
        command.get_arguments().filter(|one| one.is_global_set()).cloned().collect();
    HIDDEN_OPTIONS.iter().fold(command, |command, (name, hidden)| {
        let hidden = common.iter().filter(|one| hidden.contains(&one.get_id().as_str()));
        // One of its own keeps a command from getting the common one.
        let hidden = hidden.map(|one| one.clone().hide(true));
        command.mut_subcommand(name, |command| command.args(hidden))
    })
}

/// Parses the command line. Ends the process where that is invalid, or asks for help.
pub(super) fn parse() -> Cli {
    let matches = command().try_get_matches();
    let read = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    read.unwrap_or_else(|error| {
        let error = with_usage(tips::with_tip(error));
        if !error.use_stderr() {
            // Help and the version.
            error.exit();
        }
        eprint!("{}", error.render().ansi());
        std::process::exit(error.exit_code());
    })
}

/// Puts the usage of the whole command in the place of clap's, which begins with options that were not typed.
fn with_usage(mut error: clap::Error) -> clap::Error {
    let Some(usage) = error.get(ContextKind::Usage).map(ToString::to_string) else { return error };
    if error.kind() == ErrorKind::UnknownArgument {
        let mut all = command();
        all.build();
        let mut found = &mut all;
        for word in usage.split_whitespace().skip_while(|word| *word != "toolrack").skip(1) {
            if found.find_subcommand(word).is_none() {
                break;
            }
            found = found.find_subcommand_mut(word).expect("a subcommand, as just found");
        }
        error.insert(ContextKind::Usage, ContextValue::StyledStr(found.render_usage()));
    }
    error
}

fn grace(text: &str) -> Result<u64, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| *seconds <= 3600);
    seconds.ok_or("expected a whole number of seconds, 3600 at most")
}

fn page_size(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "expected a whole number, 1 or more")
}

#[cfg(test)]
mod tests {
    use super::super::output::typed_words::VALUED_OPTIONS;
    use super::*;
    use crate::suggestion::CommandName;

    #[test]
    fn an_unknown_argument_is_told_with_the_usage_of_its_command() {
        for (words, expected) in [
            (
                &["grant", "files", "files", "./x", "--read"][..],
                "toolrack grant [OPTIONS] <NAME> <KIND> [WHAT]",
            ),
            (&["secret", "set", "K", "hunter2"], "toolrack secret set [OPTIONS] <NAME>"),
        ] {
            let words = std::iter::once(&"toolrack").chain(words);
            let error = command().try_get_matches_from(words).expect_err("wrong");
            let text = with_usage(error).to_string();
            assert!(text.contains(&format!("Usage: {expected}\n")), "{text}");
        }
    }

    #[test]
    fn every_option_that_takes_a_value_is_known_where_typed_words_are_judged() {
        let mut all_commands = command();
        all_commands.build();
        let mut found = std::collections::BTreeSet::new();
        for one in all(&all_commands) {
            let options = one.get_arguments().filter(|option| {
                option.get_num_args().is_some_and(|number| number.min_values() > 0)
            });
            for option in options {
                found.extend(option.get_long().map(|long| format!("--{long}")));
                found.extend(option.get_short().map(|short| format!("-{short}")));
            }
        }
        let known = VALUED_OPTIONS.map(str::to_owned);
        assert_eq!(found, known.into_iter().collect());
    }

    #[test]
    fn every_command_that_messages_suggest_is_one_and_takes_the_directories() {
        for name in CommandName::ALL {
            let mut found = &{
                let mut all = command();
                all.build();
                all
            };
            for word in name.words().split(' ') {
                found = found.find_subcommand(word).expect(word);
            }
            let options = found.get_arguments().filter_map(clap::Arg::get_long);
            assert!(options.into_iter().any(|long| long == "plugins"), "{name:?}");
        }
    }

    /// The narrowest terminal that breaks none of the examples.
    const TERMINAL_WIDTH: usize = 80;

    #[test]
    fn options_that_do_not_concern_a_command_are_taken_and_not_shown() {
        command().debug_assert();
        let mut all = command();
        all.build();
        for (name, hidden) in HIDDEN_OPTIONS {
            let one = all.find_subcommand(name).expect(name);
            for id in *hidden {
                let option = one.get_arguments().find(|option| option.get_id() == id);
                assert!(option.expect(id).is_hide_set(), "{name} shows {id}");
            }
        }
        let words = ["toolrack", "new", "roman", "--plugins", "a", "--log", "debug"];
        let matches = command().try_get_matches_from(words).expect("taken");
        let cli = Cli::from_arg_matches(&matches).expect("read");
        assert_eq!(cli.global.plugins, [PathBuf::from("a")]);
        let words = ["toolrack", "--plugins", "a", "secret", "list", "--json"];
        let matches = command().try_get_matches_from(words).expect("taken");
        let cli = Cli::from_arg_matches(&matches).expect("read");
        assert_eq!(cli.global.plugins, [PathBuf::from("a")]);
    }

    /// The examples of a help text, each with its further lines.
    fn examples(help: &str) -> Vec<String> {
        let shown = help.split("Examples:\n").nth(1).unwrap_or_default();
        let shown = shown.split("\n\n").next().unwrap_or_default();
        let wide = shown.lines().map(typed).find(|line| line.chars().count() > TERMINAL_WIDTH);
        assert_eq!(wide, None, "a terminal breaks it");
        shown.replace("\\\n", "").lines().map(str::to_owned).collect()
    }

    /// The part of an example that is typed: what follows three blanks is said of it.
    fn typed(example: &str) -> &str {
        let indent = example.len() - example.trim_start().len();
        let end = example[indent..].find("   ").map_or(example.len(), |at| indent + at);
        &example[..end]
    }

    fn all(command: &clap::Command) -> Vec<clap::Command> {
        let below = command.get_subcommands().flat_map(all);
        std::iter::once(command.clone()).chain(below).collect()
    }

    #[test]
    fn every_example_is_a_command_and_is_shown_on_its_line() {
        let mut count = 0;
        for one in all(&command()) {
            let texts = [one.get_long_about(), one.get_after_help()];
            for example in texts.into_iter().flatten().flat_map(|help| examples(&help.to_string()))
            {
                let own = typed(&example)
                    .split(['|', '&'])
                    .map(str::trim)
                    .find(|one| one.starts_with("toolrack"));
                // Another program's, such as `man`.
                let Some(own) = own else { continue };
                let words = own.split('>').next().unwrap_or_default();
                // What is between quotes is one argument, whatever it says.
                let words: Vec<_> = words
                    .split('\'')
                    .enumerate()
                    .flat_map(|(at, text)| match at % 2 {
                        0 => text.split_whitespace().collect(),
                        _ => vec![text],
                    })
                    .collect();
                let read = command().try_get_matches_from(words);
                read.unwrap_or_else(|error| panic!("{example}: {error}"));
                count += 1;
            }
        }
        assert!(count > 40, "{count}");
    }
}
