//! The command that a person probably meant, where the one that was typed decides nothing.

use super::foreign_path::{ForeignPath, GrantOptions, is_of_windows};
use crate::cli::setup::Setup;
use crate::fs::bounded_read::read_at_most;
use crate::install::installed;
use crate::manifest::nearest;
use crate::manifest::{
    Decision, DecisionError, DecisionKey, GrantKind, MAX_MANIFEST, Manifest, NewGrant, Policy,
    SecretName, local_of,
};
use crate::secret_places::{holds_secret, is_secret_value, without_secrets};
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::escape;
use crate::token_shape::holds_token;
use crate::typed_path;

/// Returns the command that grants something of this kind to the plugin `name`, which is still to be added.
fn grant(name: &str, kind: GrantKind) -> SuggestedCommand {
    CommandName::Grant.with([name, kind.name()])
}

/// Returns a command that grants the plugin `name` something of this kind, as an example.
pub(super) fn example(name: &str, kind: GrantKind) -> SuggestedCommand {
    unseen(grant(name, kind).verbatim(kind.example().argument), kind)
}

/// Adds where a secret is put into requests to `command`, if it grants one: the plugin is not told a secret unless a
/// person wants that.
fn unseen(command: SuggestedCommand, kind: GrantKind) -> SuggestedCommand {
    if kind == GrantKind::Secret { command.option("--for", "URL") } else { command }
}

/// Reads a kind of grant, as `command` takes it behind the plugin's name, and what stands behind its colon: the name of a
/// grant is written so everywhere else.
pub(in crate::cli) fn kind<'a>(
    command: CommandName,
    name: &str,
    text: &'a str,
    what: Option<&str>,
    options: &GrantOptions<'_>,
) -> anyhow::Result<(GrantKind, Option<&'a str>)> {
    if let Some(kind) = named(text) {
        return Ok((kind, None));
    }
    if let Some((kind, rest)) = divided(text, ':') {
        return Ok((kind, Some(rest)));
    }
    let names = GrantKind::ALL.map(GrantKind::name);
    let near = nearest(text, names)
        .or_else(|| by_other_name(text))
        .map(|near| format!("; did you mean `{near}`?"));
    let meant = || {
        let (kind, what) = guessed(text)?;
        let meant = command.with([name, kind.name()]);
        let path = |what| foreign(what).unwrap_or_else(|| ForeignPath::plain(what));
        let bound = |meant| match &*options.binding {
            [] => unseen(meant, GrantKind::Secret),
            typed => {
                let add = |meant: SuggestedCommand, typed: &(&'static str, &str)| {
                    meant.option(typed.0, typed.1)
                };
                let meant = typed.iter().fold(meant, add);
                options.optional.into_iter().fold(meant, SuggestedCommand::flag)
            }
        };
        let is_grant = command == CommandName::Grant;
        let meant = match kind {
            GrantKind::Env | GrantKind::Config if is_grant && is_secret_entry(&what) => {
                let (key, _) = what.split_once('=')?;
                let secret = SecretName::new(key).ok()?;
                CommandName::SecretSet.with([secret.as_str()])
            }
            GrantKind::Files if is_grant => {
                path(&what).granted_by(meant, options.at, options.is_writable)
            }
            GrantKind::Files => meant.word(path(&what).path),
            GrantKind::Secret if is_grant => bound(meant.word(&what)),
            GrantKind::Network
            | GrantKind::Scratch
            | GrantKind::Env
            | GrantKind::Secret
            | GrantKind::Config => meant.word(&what),
        };
        Some(format!("; did you mean `{meant}`?"))
    };
    let is_key = || {
        let command = instead_of_grant(command, name, text, what)?;
        Some(format!("; did you mean `{command}`?"))
    };
    let advice = near.or_else(is_key).or_else(meant).unwrap_or_default();
    anyhow::bail!("KIND: expected one of {}{advice}", names.join(", "))
}

/// Returns the kind that goes by another word elsewhere.
fn by_other_name(text: &str) -> Option<&'static str> {
    const WORDS: [(GrantKind, &[&str]); 6] = [
        (
            GrantKind::Network,
            &["net", "url", "host", "http", "https", "web", "internet", "origin", "domain"],
        ),
        (
            GrantKind::Files,
            &[
                "directory",
                "directories",
                "dir",
                "folder",
                "path",
                "fs",
                "filesystem",
                "read",
                "write",
                "ro",
                "rw",
            ],
        ),
        (GrantKind::Scratch, &["tmp", "temp", "temporary"]),
        (GrantKind::Env, &["environment", "variable", "variables", "var"]),
        (GrantKind::Secret, &["token", "key", "password", "credential", "auth"]),
        (GrantKind::Config, &["configuration", "setting", "settings", "option"]),
    ];
    let word = text.to_ascii_lowercase();
    let found = WORDS.into_iter().find(|(_, words)| words.contains(&&*word));
    found.map(|(kind, _)| kind.name())
}

/// Returns the command that decides the key `text`, where that is none of a grant but one that is set.
fn instead_of_grant(
    command: CommandName,
    name: &str,
    text: &str,
    what: Option<&str>,
) -> Option<SuggestedCommand> {
    let key = match DecisionKey::parse(text) {
        Ok(key) => key,
        Err(error) => DecisionKey::parse(error.near()?).ok()?,
    };
    let word = key.to_string();
    if command == CommandName::Revoke {
        return Some(CommandName::Unset.with([name, &word]));
    }
    let value = what.filter(|value| !holds_token(value)).map(str::to_owned);
    Some(CommandName::Set.with([name, &word, &value.or_else(|| key.example())?]))
}

/// Divides `text` at the first `sign` into a kind of grant and what is granted. `None` if no kind stands before it.
fn divided(text: &str, sign: char) -> Option<(GrantKind, &str)> {
    let (word, rest) = text.split_once(sign)?;
    Some((named(word)?, rest)).filter(|(_, rest)| !rest.is_empty())
}

/// True if `entry` gives a key a value that is a secret.
fn is_secret_entry(entry: &str) -> bool {
    entry.split_once('=').is_some_and(|(key, value)| is_secret_value(key, value))
}

pub(super) fn named(text: &str) -> Option<GrantKind> {
    let word = if text == "secrets" { "secret" } else { text };
    GrantKind::ALL.into_iter().find(|kind| kind.name() == word)
}

/// Guesses the kind of a grant that was typed without it, by what it is.
fn guessed(text: &str) -> Option<(GrantKind, String)> {
    if holds_secret(text) {
        return None;
    }
    if let Some((kind, rest)) = divided(text, '.').or_else(|| divided(text, '=')) {
        return Some((kind, rest.to_owned()));
    }
    let is_path = text.starts_with(['~', '/', '.', '$']) || text.contains(['\\', '/']);
    let is_capital = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
    };
    let kind = match text.split_once('=') {
        _ if text.contains("://") => GrantKind::Network,
        Some((key, _)) if is_capital(key) => GrantKind::Env,
        Some(_) => GrantKind::Config,
        None if is_path => GrantKind::Files,
        None if text.contains('.') => return Some((GrantKind::Network, format!("https://{text}"))),
        None if is_capital(text) && SecretName::new(text).is_ok() => GrantKind::Secret,
        None => return None,
    };
    Some((kind, text.to_owned()))
}

/// Says which command decides `key` where that is a grant.
pub(super) fn instead_of_set(name: &str, key: &str, value: &str) -> Option<String> {
    let within = key.strip_prefix("grants.").unwrap_or(key);
    let (word, rest) = within.split_once([':', '.']).unwrap_or((within, ""));
    let kind = named(word)?;
    let typed = match kind {
        // What is not shown cannot be typed.
        GrantKind::Config | GrantKind::Env if is_secret_value(rest, value) => None,
        GrantKind::Config | GrantKind::Env if !rest.is_empty() => Some(format!("{rest}={value}")),
        GrantKind::Config | GrantKind::Env => value.contains('=').then(|| value.to_owned()),
        GrantKind::Secret => SecretName::new(value).is_ok().then(|| value.to_owned()),
        GrantKind::Network => value.contains("://").then(|| value.to_owned()),
        GrantKind::Files | GrantKind::Scratch => {
            value.starts_with(['/', '~', '.', '$']).then(|| value.to_owned())
        }
    };
    let command = match typed {
        Some(typed) => unseen(grant(name, kind).word(typed), kind),
        None => example(name, kind),
    };
    let shown = escape(&without_secrets(key));
    Some(format!("`{shown}` is a grant; `{command}` decides of it"))
}

/// Says which command sets `key` where that is one of the plugin's configuration.
pub(super) fn of_config(name: &str, key: &str, value: &str, setup: &Setup) -> Option<String> {
    let (directory, file) = installed(name, &setup.plugins).ok()?;
    let text = read_at_most(&directory.join(&file), MAX_MANIFEST).ok()?;
    let manifest = Manifest::of_files(&file, &text, None, &Policy::default()).ok()?;
    let known = manifest.config_keys.keys().chain(manifest.grants.config.keys());
    let near = nearest(key, known.map(String::as_str))?;
    let command = grant(name, GrantKind::Config).word(format!("{near}={value}"));
    Some(match near == key {
        true => format!("`{near}` is a key of the plugin's configuration; `{command}` sets it"),
        false => {
            let key = escape(&without_secrets(key));
            format!("there is no key `{key}`; did you mean `{command}`?")
        }
    })
}

/// Says which of the decisions about the plugin `name` is probably meant by `key`, which names none: one without what
/// stands before its colon or its dot, or a slip, or all that begin so.
pub(super) fn of_decided(name: &str, key: &str, setup: &Setup) -> Option<String> {
    let decided = decided(name, setup)?;
    let is_meant = |one: &&String| {
        let begins = one.strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', ':']));
        begins || one.split_once([':', '.']).is_some_and(|(_, rest)| rest == key)
    };
    let meant: Vec<_> = decided.iter().filter(is_meant).map(String::as_str).collect();
    let rests = || decided.iter().filter_map(|one| Some((one.split_once([':', '.'])?.1, one)));
    let near = || {
        let near = nearest(key, rests().map(|(rest, _)| rest))?;
        rests().find_map(|(rest, one)| (rest == near).then_some(one.as_str()))
    };
    let command = |one: &str| format!("`{}`", CommandName::Unset.with([name, one]));
    match &*meant {
        [] => near().map(|one| format!("did you mean {}?", command(one))),
        [one] => Some(format!("did you mean {}?", command(one))),
        several => {
            let commands: Vec<_> = several.iter().map(|one| command(one)).collect();
            Some(format!("did you mean {}?", commands.join(" or ")))
        }
    }
}

/// The names of what the local file of the plugin `name` decides. `None` where its files cannot be read.
fn decided(name: &str, setup: &Setup) -> Option<Vec<String>> {
    let decisions = manifest(name, setup)?.decisions?;
    let taken = decisions.taken.iter().chain(&decisions.idle).map(ToString::to_string);
    Some(decisions.set.into_iter().chain(taken).collect())
}

/// The manifest of the plugin `name` with its local file. `None` where they cannot be read.
fn manifest(name: &str, setup: &Setup) -> Option<Manifest> {
    let (directory, file) = installed(name, &setup.plugins).ok()?;
    let read = |file: &str| read_at_most(&directory.join(file), MAX_MANIFEST).ok();
    let local = read(&local_of(&file));
    Manifest::of_files(&file, &read(&file)?, local.as_deref(), &Policy::default()).ok()
}

/// Warns of a token in a place that is no secret's: it stands in clear in the local file.
pub(super) fn kept_in_clear(name: &str, change: &Decision, setup: &Setup) -> Option<String> {
    let Decision::Grant(NewGrant::Env(key, value) | NewGrant::Config(key, value)) = change else {
        return None;
    };
    let secret =
        SecretName::new(key).map_or_else(|_| "API_TOKEN".to_owned(), |name| name.to_string());
    let is_variable = matches!(change, Decision::Grant(NewGrant::Env(..)));
    let kind = if is_variable { GrantKind::Env } else { GrantKind::Config };
    let unset = CommandName::Unset.with([name, &format!("{}:{key}", kind.name())]);
    let granted = manifest(name, setup).map(|manifest| manifest.grants).unwrap_or_default();
    let is_granted = granted.secret_names().any(|own| own.as_str() == secret);
    let (key, key_typed) = (escape(key), key);
    let rest = match is_granted {
        true => format!("; the secret {secret} is granted already"),
        false => format!(
            ", and `{}`, which puts it into requests to that URL, unseen by the plugin; without `--for`, the plugin is told it",
            grant(name, GrantKind::Secret).word(&secret).option("--for", "URL")
        ),
    };
    is_secret_value(key_typed, value).then(|| {
        format!(
            "the value of `{key}` looks like a secret, and whoever reads the local file reads it; to make it one: `{unset}`, \
             `{}`, which asks for the value (without a keyring: with --file){rest}",
            CommandName::SecretSet.with([&secret])
        )
    })
}

/// Warns of a secret that the plugin is told now, though its manifest keeps it from the plugin.
pub(super) fn told_though_bound(name: &str, change: &Decision, setup: &Setup) -> Option<String> {
    let Decision::Grant(NewGrant::Secret(secret)) = change else { return None };
    let manifest = manifest(name, setup)?;
    let mut bound = manifest.grants.network.iter().chain(manifest.replaced_bindings());
    let url = bound
        .find(|grant| grant.secret.as_ref().is_some_and(|bound| bound.name.as_str() == secret))?;
    let unset = CommandName::Unset.with([name, &format!("secret:{secret}")]);
    let bind = grant(name, GrantKind::Secret).word(secret).option("--for", url.to_string());
    Some(format!(
        "the plugin is told {} itself now, which its manifest keeps from it; `{unset}` takes that back; `{bind}` does, too, and \
         puts it into requests alone",
        escape(secret)
    ))
}

/// The words of a `grant` or `revoke`, in their order.
pub(in crate::cli) struct TypedGrant<'a> {
    pub(in crate::cli) command: CommandName,
    pub(in crate::cli) name: &'a str,
    pub(in crate::cli) kind: &'a str,
    pub(in crate::cli) what: Option<&'a str>,
}

impl TypedGrant<'_> {
    /// Returns the error where there is no plugin of this name, which `error` was told of, or else `error`.
    pub(in crate::cli) fn explain(&self, setup: &Setup, error: anyhow::Error) -> anyhow::Error {
        let Err(unknown) = installed(self.name, &setup.plugins) else { return error };
        self.swapped(setup).map_or_else(
            || unknown.into(),
            |meant| anyhow::anyhow!("the plugin comes before the kind; did you mean `{meant}`?"),
        )
    }

    /// Returns the command in which the plugin comes before the kind, if they were typed the other way round.
    fn swapped(&self, setup: &Setup) -> Option<SuggestedCommand> {
        let kind = named(self.name)?;
        installed(self.kind, &setup.plugins).ok()?;
        let meant = self.command.with([self.kind, kind.name()]);
        match self.what {
            Some(what) if holds_secret(what) || is_secret_entry(what) => None,
            Some(what) if self.command == CommandName::Grant => {
                Some(unseen(meant.word(what), kind))
            }
            Some(what) => Some(meant.word(what)),
            None => Some(meant),
        }
    }
}

/// The most entries of a directory that are looked at for a near name.
const MAX_ENTRIES: usize = 2000;

/// Warns that a directory is granted that there is not, beside one whose name is nearly the same.
pub(super) fn near_directory(name: &str, change: &Decision) -> Option<String> {
    let Decision::Grant(NewGrant::Files { path, at, .. }) = change else { return None };
    let whole = typed_path::expanded(path).ok().filter(|path| !path.exists())?;
    let typed = whole.file_name()?.to_str()?;
    let entries = whole.parent()?.read_dir().ok()?.take(MAX_ENTRIES).flatten();
    let directories = entries.filter(|entry| entry.path().is_dir());
    let names: Vec<_> =
        directories.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = nearest(typed, names.iter().map(String::as_str))?;
    let begins = path.trim_end_matches(['/', '\\']).strip_suffix(typed)?;
    let meant = grant(name, GrantKind::Files).word(format!("{begins}{near}"));
    let unset = CommandName::Unset.with([name, &format!("files:{at}")]);
    Some(format!(
        "there is no directory {}; did you mean `{meant}`? `{unset}` takes this one out",
        escape(path)
    ))
}

/// Says why the directory that `typed` names is most likely not meant as it was typed, and what to type. `name` is the
/// plugin's; `at` and `is_writable` were typed as options.
pub(super) fn instead_of_path(
    name: &str,
    typed: &str,
    at: Option<&str>,
    is_writable: bool,
) -> Option<String> {
    let begins_path = |part: &str| part.starts_with(['/', '~', '.', '$']);
    if typed.contains(',') && typed.split(',').all(begins_path) && !lies_there(typed) {
        return Some("expected one directory, found several; grant each by itself".into());
    }
    let path = foreign(typed);
    let place = at.and_then(ForeignPath::read);
    let bare = path.as_ref().map_or(typed, |path| &path.path);
    if is_of_another_system(bare) {
        return Some(PATH_OF_WINDOWS.into());
    }
    let problem = path.as_ref().or(place.as_ref())?.problem.clone();
    let meant = path.unwrap_or_else(|| ForeignPath::plain(typed));
    let is_writable = is_writable || place.as_ref().is_some_and(|place| place.is_writable);
    let at = place.as_ref().map(|place| &*place.path).or(at);
    let command = meant.granted_by(grant(name, GrantKind::Files), at, is_writable);
    Some(format!("{problem}; did you mean `{command}`?"))
}

pub(super) const PATH_OF_WINDOWS: &str = "a path of Windows is none on this machine";

/// True if `path` is one of Windows, this is another system, and nothing lies there by that name.
pub(super) fn is_of_another_system(path: &str) -> bool {
    !cfg!(windows) && is_of_windows(path) && !lies_there(path)
}

/// Reads `typed` as a directory that other programs take so. `None` if it may be a path, or one lies there.
pub(super) fn foreign(typed: &str) -> Option<ForeignPath> {
    ForeignPath::read(typed).filter(|_| !lies_there(typed))
}

/// True if something lies at `path`.
pub(super) fn lies_there(path: &str) -> bool {
    typed_path::expanded(path).is_ok_and(|path| path.exists())
}

/// Puts the command that takes a grant away in the place of its name, where `error` is that there is no such grant.
pub(super) fn with_command(name: &str, error: anyhow::Error) -> anyhow::Error {
    let Some(DecisionError::NotGranted { name: typed, granted }) = error.downcast_ref() else {
        return error;
    };
    let typed = typed.to_string();
    let granted: Vec<_> = granted.iter().map(ToString::to_string).collect();
    let near = nearest(&typed, granted.iter().map(String::as_str));
    let Some((kind, what)) = near.and_then(|near| near.split_once(':')) else { return error };
    let revoke = CommandName::Revoke.with([name, kind, what]);
    anyhow::anyhow!("`{typed}` is not granted; did you mean `{revoke}`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_name_and_guessed_by_what_is_granted() {
        let none = GrantOptions::default();
        for (typed, expected) in [
            ("secrets", (GrantKind::Secret, None)),
            ("files:~/notes", (GrantKind::Files, Some("~/notes"))),
            ("network:https://a.example", (GrantKind::Network, Some("https://a.example"))),
            ("config:units=imperial", (GrantKind::Config, Some("units=imperial"))),
            ("secret:API_TOKEN", (GrantKind::Secret, Some("API_TOKEN"))),
        ] {
            let read = kind(CommandName::Grant, "w", typed, None, &none).expect("a kind");
            assert_eq!(read, expected, "{typed}");
        }
        for (typed, expected) in [
            ("file", "did you mean `files`?"),
            ("net", "did you mean `network`?"),
            ("URL", "did you mean `network`?"),
            ("directory", "did you mean `files`?"),
            ("token", "did you mean `secret`?"),
            ("~/mine", "`toolrack grant w files '~/mine'`"),
            ("./mine", "`toolrack grant w files ./mine`"),
            ("/no/mine:/m:rw", "`toolrack grant w files /no/mine --at /m --write`"),
            ("https://a.example", "`toolrack grant w network https://a.example`"),
            ("a.example", "`toolrack grant w network https://a.example`"),
            ("units=metric", "`toolrack grant w config units=metric`"),
            ("LANG=C", "`toolrack grant w env LANG=C`"),
            ("API_TOKEN", "`toolrack grant w secret API_TOKEN --for URL`"),
            ("files=~/mine", "`toolrack grant w files '~/mine'`"),
            ("config.units=metric", "`toolrack grant w config units=metric`"),
            ("secret=API_TOKEN", "`toolrack grant w secret API_TOKEN --for URL`"),
            ("API_TOKEN=hunter2", "`toolrack secret set API_TOKEN`"),
        ] {
            let error =
                kind(CommandName::Grant, "w", typed, None, &none).expect_err("no kind").to_string();
            assert!(error.contains(expected), "{typed}: {error}");
        }
        for (command, typed, what, expected) in [
            (CommandName::Grant, "limits.cpu", Some("1s"), "`toolrack set w limits.cpu 1s`"),
            (CommandName::Grant, "cpu", Some("1s"), "`toolrack set w limits.cpu 1s`"),
            (
                CommandName::Grant,
                "tools.now.hidden",
                None,
                "`toolrack set w tools.now.hidden true`",
            ),
            (CommandName::Revoke, "limits.cpu", None, "`toolrack unset w limits.cpu`"),
        ] {
            let error = kind(command, "w", typed, what, &none).expect_err("no kind").to_string();
            assert!(error.contains(expected), "{typed}: {error}");
        }
        let token = "ghp_0123456789abcdefghij0123456789abcdef";
        let error =
            kind(CommandName::Grant, "w", token, None, &none).expect_err("no kind").to_string();
        assert!(!error.contains("ghp_"), "{error}");
        let options = GrantOptions {
            at: Some("/n"),
            is_writable: true,
            binding: vec![("--for", "https://a.example"), ("--header", "X-Key")],
            optional: Some("--optional=false"),
        };
        for (typed, expected) in [
            ("~/mine", "`toolrack grant w files '~/mine' --at /n --write`"),
            ("/no/mine:/m", "`toolrack grant w files /no/mine --at /n --write`"),
            (
                "API_TOKEN",
                "`toolrack grant w secret API_TOKEN --for https://a.example --header X-Key --optional=false`",
            ),
        ] {
            let error = kind(CommandName::Grant, "w", typed, None, &options).expect_err("no kind");
            assert!(error.to_string().contains(expected), "{typed}: {error}");
        }
    }

    #[test]
    fn a_grant_is_no_key_that_is_set() {
        for (key, value, expected) in [
            ("files./notes", "true", "toolrack grant w files ~/notes --at /notes"),
            ("files", "/srv/notes", "toolrack grant w files /srv/notes"),
            ("config.delete", "true", "toolrack grant w config delete=true"),
            ("grants.config.delete", "true", "toolrack grant w config delete=true"),
            ("config", "delete=true", "toolrack grant w config delete=true"),
            ("network", "https://a.example", "toolrack grant w network https://a.example"),
            ("secret", "ghp_0123456789", "toolrack grant w secret API_TOKEN --for URL"),
        ] {
            let hint = instead_of_set("w", key, value).expect("a grant");
            assert!(hint.contains(expected), "{hint}");
        }
        assert_eq!(instead_of_set("w", "prefix", "x"), None);
    }
}
