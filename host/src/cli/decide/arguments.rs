//! The arguments of `grant`, `revoke`, `set` and `unset`, as a [`Decision`] of the plugin's local file.

use std::path::{Component, Path};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use super::foreign_path::GrantOptions;
use super::hints::{self, kind};
use crate::cli::setup::Setup;
use crate::cli::usage::tips;
use crate::install::installed;
use crate::manifest::{
    Decision, DecisionError, DecisionKey, GrantKind, GrantName, NewGrant, SecretName,
};
use crate::protected::Protected;
use crate::secret_places::{holds_secret, shown_origin, without_secrets};
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::{escape, joined};
use crate::typed_path;

/// What is granted. Its kind is no subcommand of clap's: plugins are called `files` and `secret`, too.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct GrantArguments {
    /// files, network, secret, env, config or scratch
    kind: String,
    /// The directory, the URL, the secret's name, KEY=VALUE; of scratch where the plugin sees it [default: /tmp]
    what: Option<String>,
    /// The value, where WHAT is the key of `env` or `config` alone
    #[arg(hide = true)]
    value: Option<String>,
    /// files: where the plugin sees the directory [default: / and the directory's name]
    #[arg(long, value_name = "PATH")]
    at: Option<String>,
    /// files: let it create, change and delete there, too
    #[arg(long)]
    write: bool,
    /// secret: put it into requests to this URL, which are granted with it; the plugin does not see it
    #[arg(long = "for", value_name = "URL")]
    url: Option<String>,
    /// secret: the header that it goes into [default: as it is granted already, else Authorization]
    #[arg(long, value_name = "NAME", conflicts_with = "query")]
    header: Option<String>,
    /// secret: what stands before it in the header [default: as it is granted already, else `Bearer ` in Authorization]
    #[arg(long, value_name = "TEXT", conflicts_with = "query")]
    before: Option<String>,
    /// secret: the parameter of the query that it goes into
    #[arg(long, value_name = "NAME")]
    query: Option<String>,
    /// secret: let requests go out without it while it has no value; `--optional=false` forbids them [default: as it is
    /// granted already]
    #[arg(long, value_name = "BOOL", require_equals = true, num_args = 0..=1, default_missing_value = "true")]
    optional: Option<bool>,
}

impl GrantArguments {
    /// The words behind the plugin's name.
    pub(in crate::cli) fn words(&self) -> (String, Option<String>) {
        (self.kind.clone(), self.what.clone())
    }

    /// The grant that is asked for.
    pub(in crate::cli) fn change(self, name: &str) -> anyhow::Result<Decision> {
        let options = self.options();
        let read = kind(CommandName::Grant, name, &self.kind, self.what.as_deref(), &options)?;
        let (kind, rest) = (read.0, read.1.map(str::to_owned));
        self.check_options(kind)?;
        self.check_binding(name, kind, rest.as_deref())?;
        let Self { kind: _, what, value, at, write, url, header, before, query, optional } = self;
        let (what, value) = match (rest, value) {
            (None, value) => (what, value),
            (rest, None) => (rest, what),
            (Some(_), Some(_)) => bail!("there is a word too many; {}", tips::WORD_TOO_MANY),
        };
        let what = match value {
            None => what,
            Some(value) => Some(entry(kind, what.unwrap_or_default(), &value)?),
        };
        let named = |words: &str| {
            let command = hints::example(name, kind);
            what.clone().ok_or_else(|| anyhow!("{words}, such as: {command}"))
        };
        Ok(Decision::Grant(match kind {
            GrantKind::Files => {
                let typed = named("say which directory")?;
                check_no_user("PATH", &typed)?;
                if let Some(hint) = hints::instead_of_path(name, &typed, at.as_deref(), write) {
                    bail!("PATH: {hint}");
                }
                check_no_url("PATH", &typed)?;
                let path = from_here(typed)?;
                let is_at_named = at.is_some();
                let at = at.map_or_else(|| seen_as(&path), Ok)?;
                NewGrant::Files { path, at, is_at_named, is_writable: write }
            }
            GrantKind::Network => NewGrant::Network(named("say where requests may go")?),
            GrantKind::Secret => {
                let secret = named("say which secret")?;
                match url {
                    Some(url) => NewGrant::Bound { url, secret, header, before, query, optional },
                    None => NewGrant::Secret(secret),
                }
            }
            GrantKind::Env => {
                let (key, value) = split(&named("say which variable")?)?;
                NewGrant::Env(key, value)
            }
            GrantKind::Config => {
                let (key, value) = split(&named("say which value")?)?;
                NewGrant::Config(key, value)
            }
            GrantKind::Scratch => NewGrant::Scratch(what.unwrap_or_else(|| "/tmp".into())),
        }))
    }

    /// Returns the options as a suggested command repeats them. What may be a secret is left out.
    fn options(&self) -> GrantOptions<'_> {
        let is_shown = |option: &str, value: &str| match option {
            "--for" => shown_origin(value) == value.len(),
            // The word for a scheme, and no value behind it.
            "--before" => !value.trim_end().contains(' ') && !holds_secret(value),
            _ => !holds_secret(value),
        };
        let binding = [
            ("--for", self.url.as_deref()),
            ("--header", self.header.as_deref()),
            ("--before", self.before.as_deref()),
            ("--query", self.query.as_deref()),
        ];
        let binding = binding.into_iter().filter_map(|(option, value)| Some((option, value?)));
        let binding = binding.filter(|(option, value)| is_shown(option, value)).collect();
        let optional = self.optional.map(|is_optional| match is_optional {
            true => "--optional",
            false => "--optional=false",
        });
        GrantOptions { at: self.at.as_deref(), is_writable: self.write, binding, optional }
    }

    /// Refuses an option of another kind.
    fn check_options(&self, own: GrantKind) -> anyhow::Result<()> {
        let options = [
            ("--at", self.at.is_some(), GrantKind::Files),
            ("--write", self.write, GrantKind::Files),
            ("--for", self.url.is_some(), GrantKind::Secret),
        ];
        let wrong = options.into_iter().find(|(_, is_given, kind)| *is_given && *kind != own);
        let Some((option, _, kind)) = wrong else { return Ok(()) };
        bail!("{option} goes with `{}`, not with `{}`", kind.name(), own.name())
    }
}

impl GrantArguments {
    /// Refuses a place in requests without the URL that they go to. `rest` is the secret's name where it stands behind the
    /// colon of the kind.
    fn check_binding(&self, name: &str, kind: GrantKind, rest: Option<&str>) -> anyhow::Result<()> {
        let options = self.options();
        let place = options.binding.first().map(|(option, _)| *option).or(options.optional);
        let Some(place) = place.filter(|_| self.url.is_none()) else { return Ok(()) };
        if kind != GrantKind::Secret {
            bail!("{place} goes with `{}`, not with `{}`", GrantKind::Secret.name(), kind.name());
        }
        let secret = rest.or(self.what.as_deref()).unwrap_or("SECRET");
        let secret = if SecretName::new(secret).is_ok() { secret } else { "SECRET" };
        let meant = CommandName::Grant.with([name, kind.name(), secret]).option("--for", "URL");
        let meant = options
            .binding
            .iter()
            .fold(meant, |meant, (option, value)| meant.option(option, *value));
        let meant = options.optional.into_iter().fold(meant, SuggestedCommand::flag);
        bail!("{place} is of requests to a URL; say to which, such as: {meant}")
    }
}

/// Returns the decision that takes away the grant of `kind` that `what` names, or all of them.
pub(in crate::cli) fn revoked(kind: GrantKind, what: Option<&str>) -> anyhow::Result<Decision> {
    // A plugin has one scratch directory.
    let what = what.filter(|_| kind != GrantKind::Scratch);
    let what = match what {
        // A directory may be named as `grant` takes it; a shell completes its name with a slash.
        Some(path) if kind == GrantKind::Files && !path.is_empty() => {
            check_no_user("WHAT", path)?;
            let path = hints::foreign(path).map_or_else(|| path.to_owned(), |meant| meant.path);
            if hints::is_of_another_system(&path) {
                bail!("WHAT: {}", hints::PATH_OF_WINDOWS);
            }
            check_no_url("WHAT", &path)?;
            let path = &*path;
            let path = typed_path::expanded(path).unwrap_or_else(|_| path.into());
            let path = path.to_string_lossy().into_owned();
            // Guest paths are written with `/` on every system.
            let path = if path.starts_with('/') { path } else { from_here(path)? };
            let trimmed = path.trim_end_matches('/');
            Some(if trimmed.is_empty() { path.clone() } else { trimmed.to_owned() })
        }
        // What it is set to does not matter, and may be typed as it was granted.
        Some(entry) if matches!(kind, GrantKind::Config | GrantKind::Env) => {
            Some(entry.split('=').next().unwrap_or_default().to_owned())
        }
        other => other.map(str::to_owned),
    };
    Ok(Decision::Revoke(GrantName::of_argument(kind, what.as_deref())?))
}

/// The value that a key of the plugin `name` gets.
pub(in crate::cli) fn set(
    name: &str,
    key: &str,
    value: Option<String>,
    setup: &Setup,
) -> anyhow::Result<Decision> {
    let (key, value) = match (value, key.split_once('=')) {
        (Some(value), _) => (key, value),
        (None, Some((key, value))) => (key, value.to_owned()),
        (None, None) => bail!("{}", without_value(name, key, setup)?),
    };
    let is_secret = hints::named(name) == Some(GrantKind::Secret);
    if is_secret && SecretName::new(key).is_ok() && installed(name, &setup.plugins).is_err() {
        bail!(
            "there is no plugin `{name}`; did you mean `{}`?",
            CommandName::SecretSet.with([key])
        );
    }
    if let Some(hint) = hints::instead_of_set(name, key, &value) {
        bail!("{hint}");
    }
    Ok(Decision::Set(parsed(name, key, &value, setup)?, value))
}

/// Reads a key that gets `value`, or says which command probably gives it one.
fn parsed(name: &str, key: &str, value: &str, setup: &Setup) -> anyhow::Result<DecisionKey> {
    DecisionKey::parse(key).map_err(|error| match hints::of_config(name, key, value, setup) {
        Some(hint) => anyhow!("{hint}"),
        None => error.into(),
    })
}

/// Asks for the value of `key`.
fn without_value(name: &str, key: &str, setup: &Setup) -> anyhow::Result<String> {
    if let Some(hint) = hints::instead_of_set(name, key, "VALUE") {
        return Ok(hint);
    }
    let example = parsed(name, key, "VALUE", setup)?.example();
    let shown = escape(key);
    Ok(match example {
        Some(value) => {
            let set = CommandName::Set.with([name, key, &value]);
            format!("say the value of `{shown}`, such as: {set}")
        }
        None => format!(
            "the value of `{shown}` is a table, which only a hand can write into the local file"
        ),
    })
}

/// Returns KEY=VALUE of a key and a value that were typed apart. A third word is not repeated: it may be a secret.
fn entry(kind: GrantKind, key: String, value: &str) -> anyhow::Result<String> {
    match kind {
        GrantKind::Env | GrantKind::Config if !key.contains('=') => Ok(format!("{key}={value}")),
        GrantKind::Network
        | GrantKind::Files
        | GrantKind::Scratch
        | GrantKind::Env
        | GrantKind::Secret
        | GrantKind::Config => bail!("there is a word too many; {}", tips::WORD_TOO_MANY),
    }
}

/// Returns the name of a decision that may be typed in two words: as `grant` takes a kind and what is granted, and as the
/// local file has a section and a key. Behind a key that has a value stands that, which does not matter.
fn key_of(key: &str, what: Option<&str>) -> String {
    const SECTIONS: [&str; 4] = ["limits", "tools", "plugin", "grants"];
    match what {
        Some(what) => match hints::named(key) {
            Some(kind) => format!("{}:{what}", kind.name()),
            None if SECTIONS.contains(&key) => format!("{key}.{what}"),
            None => key.into(),
        },
        None => key.into(),
    }
}

/// The decision that does not stand any more.
pub(in crate::cli) fn unset(
    name: &str,
    key: &str,
    what: Option<&str>,
    setup: &Setup,
) -> anyhow::Result<Decision> {
    let key = &*key_of(key, what);
    // What it is set to does not matter, and may be typed as it was set.
    let typed = match key.split_once('=') {
        Some((key, _)) if !key.starts_with("network") => key,
        _ => key,
    };
    // A directory may be named as `grant` takes it.
    let typed = match typed.split_once(':') {
        Some((kind, path)) if kind == GrantKind::Files.name() && !path.starts_with('/') => {
            check_no_user("KEY", path)?;
            let path = hints::foreign(path).map_or_else(|| path.to_owned(), |meant| meant.path);
            let path = from_here(path)?;
            let path = typed_path::expanded(&path).unwrap_or_else(|_| path.into());
            format!("{kind}:{}", path.to_string_lossy())
        }
        _ => typed.to_owned(),
    };
    let read = DecisionKey::of_decision(&typed).map_err(|error| match error {
        DecisionError::DecisionKey(error) => {
            if let Err(unknown) = installed(name, &setup.plugins) {
                return unknown.into();
            }
            let near = hints::of_decided(name, &typed, setup)
                .or_else(|| Some(format!("did you mean `{}`?", error.near()?)));
            let known = format!("`{}` shows what is decided", CommandName::Check.with([name]));
            let words = joined(near.into_iter().chain([known]));
            let shown = escape(&without_secrets(&typed));
            anyhow!("`{shown}` is nothing that is decided; {words}")
        }
        other => other.into(),
    });
    Ok(Decision::Unset(read?))
}

/// Refuses a URL in the place of a directory. It is not repeated: it may hold a password.
fn check_no_url(place: &str, path: &str) -> anyhow::Result<()> {
    if !path.contains("://") || hints::lies_there(path) {
        return Ok(());
    }
    bail!(
        "{place}: expected a directory of this machine, found a URL; mount what is there and grant that directory, or grant \
         requests with `network`"
    )
}

/// Refuses the address of another machine, with or without a password, in the place of a directory.
fn check_no_user(place: &str, path: &str) -> anyhow::Result<()> {
    if !typed_path::names_user(path) || hints::lies_there(path) {
        return Ok(());
    }
    bail!(
        "{place}: expected a directory of this machine, found an address; mount what is there and grant that directory"
    )
}

/// A path as the local file takes it: one that is seen from here becomes absolute.
fn from_here(path: String) -> anyhow::Result<String> {
    let is_whole = path.starts_with(['~', '$']) || Path::new(&path).is_absolute();
    if is_whole || path.is_empty() {
        return Ok(path);
    }
    let here = std::path::absolute(&path)?;
    // A grant is written without `..`; where links lead is only known by looking.
    let is_above = here.components().any(|part| part == Component::ParentDir);
    let here = if is_above { here.canonicalize().with_context(|| escape(&path))? } else { here };
    let shown = escape(&here.to_string_lossy());
    here.into_os_string().into_string().map_err(|_| anyhow!("{shown}: its name is not UTF-8"))
}

/// Returns the path at which a plugin sees a directory that is granted without `--at`.
fn seen_as(path: &str) -> anyhow::Result<String> {
    let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    if name.is_empty() || name.starts_with(['~', '$', '.']) {
        // Of a directory that is never granted, no place is asked for.
        let real = typed_path::expanded(path).ok().and_then(|path| path.canonicalize().ok());
        if let Some(Err(forbidden)) = real.map(|real| Protected::default().check(&real)) {
            bail!("{}: {forbidden}", escape(path));
        }
        bail!("say where the plugin sees it, such as --at /notes");
    }
    Ok(format!("/{name}"))
}

fn split(entry: &str) -> anyhow::Result<(String, String)> {
    let (key, value) = entry.split_once('=').ok_or_else(|| {
        anyhow!("KEY=VALUE: expected a name, `=` and a value, found `{}`", escape(entry))
    })?;
    // Blanks around the sign are none of the value; neither are quotes behind them, which are TOML's.
    let value = if key.ends_with(' ') { unquoted(value.trim_start()) } else { value };
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// `value` without the quotes that stand around it, if no other is in it.
fn unquoted(value: &str) -> &str {
    let within = |quote| {
        value.strip_prefix(quote)?.strip_suffix(quote).filter(|within| !within.contains(quote))
    };
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(kind: GrantKind, what: &str) -> GrantArguments {
        let what = Some(what.to_owned());
        GrantArguments {
            kind: kind.name().into(),
            what,
            value: None,
            at: None,
            write: false,
            url: None,
            header: None,
            before: None,
            query: None,
            optional: None,
        }
    }

    #[test]
    fn what_is_not_said_follows_from_what_is() {
        let files = |path: &str| what(GrantKind::Files, path);
        for (path, at) in [("~/my notes/", "/my notes"), ("/srv/x", "/x"), ("$D/y", "/y")] {
            let change = files(path).change("w").expect("a change");
            let expected = NewGrant::Files {
                path: path.into(),
                at: at.into(),
                is_at_named: false,
                is_writable: false,
            };
            assert_eq!(change, Decision::Grant(expected));
        }
        for path in ["~user", "$D"] {
            files(path).change("w").expect_err("no name");
        }
        for path in ["/", "//"] {
            let error = files(path).change("w").expect_err("refused").to_string();
            assert!(error.contains("is never granted"), "{error}");
        }
        let here = files("somewhere").change("w").expect("a change");
        let Decision::Grant(NewGrant::Files { path, .. }) = here else { panic!("{here:?}") };
        assert!(Path::new(&path).is_absolute() && path.ends_with("somewhere"), "{path}");
    }

    #[test]
    fn a_place_in_requests_needs_their_url() {
        let arguments = what(GrantKind::Secret, "TOKEN");
        let arguments = GrantArguments { header: Some("X-Key".into()), ..arguments };
        let error = arguments.change("w").expect_err("refused").to_string();
        let meant = "toolrack grant w secret TOKEN --for URL --header X-Key";
        assert!(error.contains(meant), "{error}");
        let arguments = what(GrantKind::Network, "https://a.example");
        let arguments = GrantArguments { optional: Some(true), ..arguments };
        let error = arguments.change("w").expect_err("refused").to_string();
        assert_eq!(error, "--optional goes with `secret`, not with `network`");
    }

    #[test]
    fn quotes_of_toml_are_none_of_the_value() {
        for (typed, value) in [
            ("k = \"v\"", "v"),
            ("k = 'v w'", "v w"),
            ("k = v", "v"),
            ("k=\"v\"", "\"v\""),
            ("k = \"", "\""),
            ("k = \"a\" or \"b\"", "\"a\" or \"b\""),
        ] {
            let (_, read) = split(typed).expect("a value");
            assert_eq!(read, value, "{typed}");
        }
    }

    #[test]
    fn a_word_too_many_is_a_value_or_is_not_repeated() {
        let two = |kind, key: &str, value: &str| {
            GrantArguments { value: Some(value.into()), ..what(kind, key) }.change("w")
        };
        let units = two(GrantKind::Config, "units", "imperial").expect("a change");
        assert_eq!(units, Decision::Grant(NewGrant::Config("units".into(), "imperial".into())));
        let lang = two(GrantKind::Env, "LANG", "C").expect("a change");
        assert_eq!(lang, Decision::Grant(NewGrant::Env("LANG".into(), "C".into())));
        for (kind, key, tip) in [
            (GrantKind::Secret, "T", "`toolrack secret set NAME`"),
            (GrantKind::Files, "~/my", "goes in quotes"),
            (GrantKind::Config, "city=New", "goes in quotes"),
        ] {
            let error = two(kind, key, "hunter2").expect_err("refused").to_string();
            assert!(error.contains(tip) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_decision_is_named_in_one_word_or_in_two() {
        for (key, what, expected) in [
            ("limits.cpu", None, "limits.cpu"),
            ("limits", Some("cpu"), "limits.cpu"),
            ("tools", Some("now.hidden"), "tools.now.hidden"),
            ("config", Some("units"), "config:units"),
            ("secrets", Some("K"), "secret:K"),
            ("limits.cpu", Some("3s"), "limits.cpu"),
        ] {
            assert_eq!(key_of(key, what), expected);
        }
    }

    #[test]
    fn an_option_of_another_kind_is_refused() {
        let what = GrantArguments { write: true, ..what(GrantKind::Network, "https://a.example") };
        let error = what.change("w").expect_err("refused").to_string();
        assert_eq!(error, "--write goes with `files`, not with `network`");
    }
}
