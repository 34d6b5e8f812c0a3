//! The commands that people look for under other names, and where they are found.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::secret_places::{HIDDEN_VALUE, without_secrets};
use crate::token_shape::holds_token;

/// Words for a command, and the tip that each gets.
type Tip = (&'static [&'static str], &'static str);

const TIPS: [Tip; 20] = [
    (
        &["init", "create", "generate", "scaffold"],
        "`toolrack new DIRECTORY` begins a plugin; `toolrack register` makes clients start toolrack",
    ),
    (&["setup", "connect", "configure"], "`toolrack register` makes MCP clients start toolrack"),
    (&["disconnect", "unlink"], "`toolrack unregister` takes toolrack out of MCP clients"),
    (
        &["disable", "deactivate", "hide"],
        "`toolrack set NAME tools.TOOL.hidden true` hides a tool; `toolrack remove NAME` takes a plugin out, and keeps what you decided of it",
    ),
    (
        &["enable", "activate", "unhide"],
        "`toolrack unset NAME tools.TOOL.hidden` shows a tool again; `toolrack add PLUGIN` installs a plugin",
    ),
    (
        &["run", "exec", "invoke", "use"],
        "`toolrack call TOOL` calls a tool; `toolrack serve` serves MCP",
    ),
    (
        &["start", "server", "mcp", "up"],
        "`toolrack serve` serves MCP on stdin and stdout; MCP clients start it, once `toolrack register` has told them",
    ),
    (
        &["stop", "restart", "kill", "down", "reload", "refresh"],
        "a server starts and ends with its client, and follows the plugin directory by itself; `toolrack status` shows those that run",
    ),
    (
        &["test", "validate", "verify", "lint"],
        "`toolrack check` loads the plugins and says what is wrong; `toolrack call TOOL` tries a tool",
    ),
    (
        &["search", "find", "browse", "registry", "pull", "fetch", "download"],
        "there is no registry: download a plugin, and `toolrack add FILE` installs it; `toolrack list` shows the tools that there are",
    ),
    (
        &["config", "settings", "option", "options", "get"],
        "`toolrack check NAME` shows what is decided of a plugin; `toolrack set NAME KEY VALUE` decides a limit or the prefix, `toolrack grant NAME config KEY=VALUE` the plugin's configuration",
    ),
    (
        &["edit"],
        "`toolrack set`, `grant`, `revoke` and `unset` edit NAME.local.toml, your file beside a plugin's manifest",
    ),
    (
        &["allow", "permit", "permission", "permissions"],
        "`toolrack grant NAME KIND WHAT` lets a plugin reach something; `toolrack check NAME` shows what it may reach",
    ),
    (
        &["deny", "forbid", "block", "ungrant"],
        "`toolrack revoke NAME KIND WHAT` takes something away from a plugin",
    ),
    (
        &["show", "info", "describe", "view", "tools", "plugins"],
        "`toolrack list` shows tools, `toolrack list TOOL` one in full, `toolrack check NAME` a plugin, `toolrack inspect FILE` a Wasm file",
    ),
    (&["build", "watch"], "`toolrack dev` builds a plugin on every save and installs it"),
    (
        &["lock", "accept", "trust", "freeze", "diff"],
        "`toolrack approve` shows what differs from toolrack.lock, and accepts it",
    ),
    (
        &["ps", "top", "stats"],
        "`toolrack status` shows the servers that run; `toolrack doctor` looks at what usually goes wrong",
    ),
    (
        &["healthcheck", "ping", "probe", "livez", "readyz", "ready"],
        "`toolrack health` asks a server over HTTP whether it lives, with --ready whether clients are served",
    ),
    (
        &["login", "auth", "key", "password", "secrets", "env"],
        "`toolrack secret set NAME` keeps a secret; `toolrack grant NAME secret SECRET` lets a plugin have it",
    ),
];

/// Tips for the commands of `toolrack secret`.
const SECRET_TIPS: [Tip; 2] = [
    (
        &["get", "show", "print", "read", "cat"],
        "no value is ever shown; `toolrack secret list` says where each has its value",
    ),
    (
        &["add", "new", "create", "put", "store", "update", "edit"],
        "`toolrack secret set NAME` keeps a secret, in place of what was there",
    ),
];

/// Puts the tip for a command that there is not in the place of clap's, which knows the letters alone.
///
/// An argument that may be a secret is not repeated: errors are kept by terminals, scripts and logs.
pub(crate) fn with_tip(mut error: clap::Error) -> clap::Error {
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    hide_values(&mut error, &usage);
    if error.kind() == ErrorKind::UnknownArgument {
        hide_value(&mut error, &usage);
        return error;
    }
    let ContextValue::String(word) =
        error.get(ContextKind::InvalidSubcommand).cloned().unwrap_or(ContextValue::None)
    else {
        return error;
    };
    let tips: &[Tip] = if usage.contains(" secret ") { &SECRET_TIPS } else { &TIPS };
    let word = word.to_lowercase();
    let tip = tips.iter().find(|(words, _)| words.contains(&word.as_str()));
    if let Some((_, tip)) = tip.filter(|_| error.kind() == ErrorKind::InvalidSubcommand) {
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(*tip)]);
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

/// The tip where a word stands behind what is granted.
pub(in crate::cli) const WORD_TOO_MANY: &str = "a value that holds blanks goes in quotes; a secret is granted by its name, and \
    `toolrack secret set NAME` asks for its value";

/// Puts three dots in the place of what may be a secret in the words that `error` repeats: what stands behind `=`, what
/// looks like one, and any value behind `toolrack secret`, which takes names alone.
fn hide_values(error: &mut clap::Error, usage: &str) {
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand]
    {
        let Some(ContextValue::String(word)) = error.get(kind).cloned() else { continue };
        let is_of_secret = usage.contains(" secret ")
            && kind != ContextKind::InvalidSubcommand
            && !word.starts_with('-')
            && error.kind() != ErrorKind::MissingRequiredArgument;
        // An argument of the command's own, such as `--file`, is named so.
        let is_own = kind == ContextKind::InvalidArg && error.kind() != ErrorKind::UnknownArgument;
        let shown = match word.split_once('=') {
            _ if is_own => continue,
            Some((name, value)) if !value.is_empty() => {
                format!("{}={HIDDEN_VALUE}", without_secrets(name))
            }
            _ if is_of_secret => HIDDEN_VALUE.into(),
            _ => without_secrets(&word),
        };
        if shown != word {
            error.insert(kind, ContextValue::String(shown));
        }
    }
}

/// Takes an argument out of `error` that may be a secret, and says where a secret goes or what else was meant.
fn hide_value(error: &mut clap::Error, usage: &str) {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg).cloned() else {
        return;
    };
    let (sets, grants) = (usage.contains(" secret set "), usage.contains(" grant "));
    let may_be_secret = (!argument.starts_with('-') && (sets || grants)) || holds_token(&argument);
    // `status` takes a plugin's name by an option.
    let plugin = usage.contains(" status ") && !argument.starts_with('-') && !may_be_secret;
    let tip = match (sets, grants) {
        _ if plugin => Some("`toolrack status --plugin NAME` shows one plugin"),
        (true, _) => Some("a secret's value is no argument: it is asked for, or read from stdin"),
        (_, true) if argument == "--read" => {
            Some("a directory is granted to be read alone unless `--write` is said")
        }
        (_, true) if may_be_secret => Some(WORD_TOO_MANY),
        (_, true) if error.get(ContextKind::SuggestedArg).is_none() => Some(
            "a value is granted as KEY=VALUE without dashes, such as `toolrack grant weather config units=metric`",
        ),
        _ if usage.contains("toolrack set ") && !may_be_secret => Some(
            "a key is one word and its value another, in quotes if it holds blanks: `limits.cpu 3s`, `title 'My tool'`",
        ),
        _ if usage.contains(" unset ") && !may_be_secret => Some(
            "what was decided is one word, as `toolrack check NAME` shows it: `files:/notes`, `limits.cpu`",
        ),
        _ if usage.contains(" call ") && argument.starts_with("--") && !may_be_secret => Some(
            "an argument of a tool is written KEY=VALUE without dashes, such as `toolrack call hello_greet name=Ada`",
        ),
        _ if usage.contains(" revoke ") && !may_be_secret => {
            Some("one thing is taken away at a time")
        }
        _ => None,
    };
    if may_be_secret {
        error.remove(ContextKind::InvalidArg);
    }
    if let Some(tip) = tip {
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::arguments::command;
    use super::*;

    #[test]
    fn a_word_has_one_tip_and_is_no_command() {
        let mut all = command();
        all.build();
        let secret = all.find_subcommand("secret").expect("a command");
        for (tips, command) in [(&TIPS[..], &all), (&SECRET_TIPS[..], secret)] {
            let words: Vec<_> = tips.iter().flat_map(|(words, _)| words.iter()).collect();
            for word in &words {
                assert_eq!(words.iter().filter(|other| other == &word).count(), 1, "{word}");
                assert!(command.find_subcommand(word).is_none(), "{word} is a command");
            }
        }
    }

    #[test]
    fn tips_name_commands_that_there_are() {
        let mut all = command();
        all.build();
        for (_, tip) in TIPS.iter().chain(&SECRET_TIPS) {
            let commands = tip.split("`toolrack ").skip(1);
            let names = commands.map(|rest| rest.split([' ', '`']).next().unwrap_or_default());
            for name in names {
                assert!(all.find_subcommand(name).is_some(), "{name}: {tip}");
            }
        }
    }

    #[test]
    fn the_tip_takes_the_place_of_the_nearest_letters() {
        for (words, part, other) in [
            (&["toolrack", "disable", "x"][..], "`toolrack remove NAME`", "install"),
            (&["toolrack", "Start"], "`toolrack serve`", "status'"),
            (&["toolrack", "secret", "get", "X"], "no value is ever shown", "'set'"),
            (&["toolrack", "lst"], "'list'", "`toolrack"),
        ] {
            let error = command().try_get_matches_from(words).expect_err("no such command");
            let text = with_tip(error).to_string();
            assert!(text.contains(part) && !text.contains(other), "{text}");
        }
    }

    #[test]
    fn an_argument_that_may_be_a_secret_is_not_repeated() {
        let token = "ghp_0123456789abcdefghij0123456789abcdef";
        for (typed, is_repeated, tip) in [
            (&["secret", "set", "T", token][..], false, "it is asked for, or read from stdin"),
            (&["secret", "set", "T", "hunter2", "--file"], false, "it is asked for"),
            (
                &["grant", "github", "secret", "T", token, token],
                false,
                "`toolrack secret set NAME`",
            ),
            (&["grant", "v", "files", "~/my", "own", "notes", "--write"], false, "goes in quotes"),
            (&["grant", "v", "config", "--units"], true, "config units=metric`"),
            (&["unset", "v", "files", "~/x", "--hard"], true, "`files:/notes`"),
            (&["revoke", "github", "secret", "T", token], false, ""),
            (&["status", "weather"], true, "`toolrack status --plugin NAME`"),
            (&["remove", "a", "--hard"], true, ""),
            (&["call", "hello_greet", "--hard", "x"], true, "without dashes, such as"),
            (&["grant", "v", "files", "~/x", "--read"], true, "unless `--write` is said"),
        ] {
            let words = std::iter::once(&"toolrack").chain(typed);
            let told = with_tip(command().try_get_matches_from(words).expect_err("wrong"));
            let told = told.to_string();
            let wrong = typed
                .iter()
                .rfind(|word| word.starts_with("--h") || **word == "--read" || **word == "--units");
            let wrong = wrong.unwrap_or(
                typed
                    .iter()
                    .skip(1)
                    .find(|word| [token, "hunter2", "notes", "weather"].contains(word))
                    .unwrap_or(&token),
            );
            assert_eq!(told.contains(wrong), is_repeated, "{told}");
            assert!(told.contains(tip) && !told.contains("'--header'"), "{told}");
        }
    }
}
